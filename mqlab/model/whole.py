"""The model as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from mqlab.model.broker import Binding, Exchange, Node, Queue
from mqlab.model.clients import ConsumerGroup, ProducerGroup
from mqlab.model.faults import Fault, RandomFaults
from mqlab.model.ledger import Ledgers
from mqlab.model.log import Cluster, Topic

__all__ = ["Model", "has_alarms"]


@dataclass(frozen=True, slots=True)
class Model:
    """Everything an engine needs, and nothing else."""

    name: str
    system: str
    seed: int
    duration_ns: int
    """Producers stop here."""
    drain_ns: int
    """Consumers go on this much longer; the run ends at duration_ns + drain_ns."""
    warmup_ns: int
    """Measures ignore messages created before, and time-weighted means start here."""
    nodes: tuple[Node, ...]
    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]
    producers: tuple[ProducerGroup, ...]
    consumers: tuple[ConsumerGroup, ...]
    faults: tuple[Fault, ...] = ()
    random_faults: tuple[RandomFaults, ...] = ()
    topics: tuple[Topic, ...] = ()
    """Of a log system; it has no queues then."""
    cluster: Cluster | None = None
    """What holds for all nodes of a log system."""
    ledgers: Ledgers | None = None
    """Of a log system whose brokers keep nothing: its bookies."""

    @property
    def end_ns(self) -> int:
        """When the run ends."""
        return self.duration_ns + self.drain_ns


def has_alarms(model: Model) -> bool:
    """Say whether a node may become short of memory or disk, so that publishers are blocked."""
    return any(node.memory for node in model.nodes) or any(fault.kind == "disk_full" for fault in model.faults)
