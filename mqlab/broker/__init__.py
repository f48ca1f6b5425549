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
    ConcurrentUse,
    ConsumerCancelled,
    CorruptJournal,
    IllegalGeneration,
    JournalError,
    JournalFailed,
    JournalLocked,
    NotAssigned,
    NotFound,
    NotStorable,
    OffsetOutOfRange,
    PreconditionFailed,
    PublishersBlocked,
    PublishRefused,
    RebalanceInProgress,
    ReceiveTimeout,
    ResourceLocked,
    TransactionRefused,
    UnknownDelivery,
    UnknownFormat,
    UnknownMember,
)
from mqlab.broker.log.members import Member
from mqlab.broker.log.options import MemberOptions, TopicOptions
from mqlab.broker.log.readers import Reader
from mqlab.broker.log.records import Place, Record
from mqlab.broker.log.statistics import GroupStats, TopicStats
from mqlab.broker.log.topics import Topic
from mqlab.broker.messages import Confirmation, Death, Delivery, Envelope, Properties, Returned
from mqlab.broker.monitor import Monitor
from mqlab.broker.options import QueueOptions
from mqlab.broker.statistics import ConsumerStats, QueueStats, Rates
from mqlab.broker.tasks import AsyncChannel, AsyncConnection
from mqlab.broker.workers import Worker
from mqlab.model import DeadLetter

__all__ = [
    "AccessRefused", "AsyncChannel", "AsyncConnection", "Broker", "BrokerClosed", "BrokerError", "Channel",
    "ChannelClosed", "Clock", "ConcurrentUse", "Confirmation", "Connection", "Consumer", "ConsumerCancelled",
    "ConsumerStats", "CorruptJournal", "DeadLetter", "Death", "Delivery", "Envelope", "GroupStats",
    "IllegalGeneration", "JournalError", "JournalFailed", "JournalLocked", "ManualClock", "Member", "MemberOptions",
    "Monitor", "NotAssigned", "NotFound", "NotStorable", "OffsetOutOfRange", "Place", "PreconditionFailed",
    "Properties", "PublishRefused", "PublishersBlocked", "QueueOptions", "QueueStats", "Rates", "Reader", "RealClock",
    "RebalanceInProgress", "ReceiveTimeout", "Record", "ResourceLocked", "Returned", "Topic", "TopicOptions",
    "TopicStats", "TransactionRefused", "UnknownDelivery", "UnknownFormat", "UnknownMember", "Worker",
]  # fmt: skip
