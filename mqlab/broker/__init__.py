"""A real message broker inside the process: exchanges, queues, channels and consumers for threads and tasks.

It keeps the rules of the simulated RabbitMQ, with Python objects as bodies, and it is quick. What it holds lives as
long as the :class:`Broker`. ``docs/broker.md`` tells how to use it.

Examples
--------
>>> from mqlab.broker import Broker, Properties
>>> broker = Broker()
>>> channel = broker.connect().channel()
>>> channel.declare_exchange("shop", "topic")
>>> channel.declare_queue("invoices")
'invoices'
>>> channel.bind("invoices", "shop", "order.*.paid")
>>> channel.publish({"total": 12}, "order.7.paid", "shop", Properties(correlation_id="7"))
>>> paid = []
>>> worker = channel.subscribe("invoices", lambda order: (paid.append(order.body["total"]), order.ack()), prefetch=10)
>>> broker.close(timeout_s=10), paid
(True, [12])
"""

from __future__ import annotations

from mqlab.broker.brokers import Broker
from mqlab.broker.channels import Channel
from mqlab.broker.clock import Clock, ManualClock, RealClock
from mqlab.broker.connections import Connection
from mqlab.broker.consumers import Consumer
from mqlab.broker.errors import (
    AccessRefused,
    BrokerClosed,
    BrokerError,
    ChannelClosed,
    ConsumerCancelled,
    NotFound,
    PreconditionFailed,
    PublishersBlocked,
    ReceiveTimeout,
    ResourceLocked,
    UnknownDelivery,
)
from mqlab.broker.messages import Confirmation, Death, Delivery, Envelope, Properties, Returned
from mqlab.broker.options import QueueOptions
from mqlab.broker.statistics import QueueStats, Rates
from mqlab.broker.workers import Worker
from mqlab.model import DeadLetter

__all__ = [
    "AccessRefused", "Broker", "BrokerClosed", "BrokerError", "Channel", "ChannelClosed", "Clock", "Confirmation",
    "Connection", "Consumer", "ConsumerCancelled", "DeadLetter", "Death", "Delivery", "Envelope", "ManualClock",
    "NotFound", "PreconditionFailed", "Properties", "PublishersBlocked", "QueueOptions", "QueueStats", "Rates",
    "RealClock", "ReceiveTimeout", "ResourceLocked", "Returned", "UnknownDelivery", "Worker",
]  # fmt: skip
