"""The model: a scenario resolved against its system. Frozen, no defaults left open, no I/O.

An engine gets one of these and nothing else. All times are int64 nanoseconds, sizes are bytes, rates are per
second; names end in their unit. Collections are tuples in the order in which the scenario names them, and
everything refers to everything else by name, so a model can be printed, compared and hashed.
"""

from __future__ import annotations

from mqlab.model.broker import Binding, DeadLetter, Disk, Exchange, Memory, Node, Queue
from mqlab.model.clients import (
    Backoff,
    Buffer,
    Bursts,
    Confirm,
    Connection,
    ConsumerGroup,
    Contention,
    Destination,
    Exceptions,
    Link,
    LinkSide,
    Message,
    ProducerGroup,
    Retry,
    Transactions,
    entity_name,
)
from mqlab.model.consuming import Acks, Inventory, Recall, Scale
from mqlab.model.faults import Fault, FaultKind, RandomFaults
from mqlab.model.hardware import Disks, Hardware, Layout, Machine, Processor
from mqlab.model.ledger import Ledgers, Quorum, Subscribing
from mqlab.model.log import Batching, Cluster, LogTransactions, Polling, Seek, Topic
from mqlab.model.modulation import time_shares
from mqlab.model.requests import ExpectsRecord, Record, Reply, Request
from mqlab.model.shapes import Arrivals, Distribution, Keys, Phase, Recording, Step
from mqlab.model.subscriptions import subscriptions_of
from mqlab.model.whole import Model, has_alarms

__all__ = [
    "Acks", "Arrivals", "Backoff", "Batching", "Binding", "Buffer", "Bursts", "Cluster", "Confirm", "Connection",
    "ConsumerGroup", "Contention", "DeadLetter", "Destination", "Disk", "Disks", "Distribution", "Exceptions",
    "Exchange", "ExpectsRecord", "Fault", "FaultKind", "Hardware", "Inventory", "Keys", "Layout", "Ledgers", "Link",
    "LinkSide", "LogTransactions", "Machine", "Memory", "Message", "Model", "Node", "Phase", "Polling", "Processor",
    "ProducerGroup", "Queue", "Quorum", "RandomFaults", "Recall", "Record", "Recording", "Reply", "Request", "Retry",
    "Scale", "Seek", "Step", "Subscribing", "Topic", "Transactions", "entity_name", "has_alarms", "subscriptions_of",
    "time_shares",
]  # fmt: skip
