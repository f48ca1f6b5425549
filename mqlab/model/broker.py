"""The broker: exchanges, bindings, queues, disks and nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mqlab.model.shapes import Distribution

__all__ = ["Binding", "DeadLetter", "Disk", "Exchange", "Memory", "Node", "Queue"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """An exchange; the default exchange "" is always there (type direct, every queue bound by its own name)."""

    name: str
    kind: Literal["direct", "fanout", "topic", "headers"]
    durable: bool = True
    alternate: str = ""
    """The exchange that gets what no binding of this one matches; "": none."""
    vhost: str = "/"


@dataclass(frozen=True, slots=True)
class Binding:
    """Messages that ``exchange`` matches go to ``queue``, or to another exchange (``to_exchange``).

    A direct exchange wants an equal ``key``, a topic exchange takes it as a pattern, a headers exchange goes by
    ``headers`` (a value of None: present, whatever its value) and ``match``.
    """

    exchange: str
    queue: str
    key: str
    to_exchange: str = ""
    headers: tuple[tuple[str, str | None], ...] = ()
    match: Literal["all", "any", "all-with-x", "any-with-x"] = "all"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Where a queue sends what dies in it.

    To ``exchange`` ("": the default one), under the message's own routing key unless ``routing_key`` says otherwise.
    """

    exchange: str
    routing_key: str | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue. ``max_length`` counts ready messages and ``max_bytes`` their bytes, -1 means unbounded.

    ``overflow``: drop-head (the oldest ready message is dropped) · reject-publish (the newest is refused, the
    producer is told no if it asked for confirms) · reject-publish-dlx (so too, and it is dead-lettered) ·
    drop-newest (the newest is dropped silently, as a full UDP buffer would).
    """

    name: str
    node: str
    durable: bool
    max_length: int = -1
    overflow: Literal["drop-head", "reject-publish", "reject-publish-dlx", "drop-newest"] = "drop-head"
    vhost: str = "/"
    exclusive: bool = False
    """It belongs to the connection of its only consumer and is deleted with it."""
    auto_delete: bool = False
    """It is deleted when its last consumer is gone."""
    expires_ns: int = 0
    """It is deleted when it had no consumer for so long; 0: never."""
    replicas: tuple[str, ...] = ()
    """Nodes that hold a replica, the first leader first; () means that the queue lives on ``node`` alone."""
    election: Distribution | None = None
    """How long a follower waits, once it knows that the leader is gone, before it asks for votes."""
    suspect_ns: int = 0
    """How long a leader's machine must be silent before the others take it for dead."""
    max_bytes: int = -1
    ttl_ns: int = -1
    """How long a message may stand in it; -1: as long as it must."""
    max_priority: int = 0
    """Levels above 0 that it tells apart; 0: none, it is a plain queue."""
    dead_letter: DeadLetter | None = None
    single_active_consumer: bool = False
    """One consumer is served; the next in order of registration follows when its connection ends."""
    mode: Literal["default", "lazy"] = "default"
    """lazy: what is ready stands on the disk and costs no memory."""
    delivery_limit: int = -1
    """How often a message may come back; what comes back once more is dropped or dead-lettered. -1: no limit."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A broker's disk: one flush at a time.

    A flush starts ``group_commit_ns`` after the first waiting write (at once if a flush has just ended and
    more has come) and covers all that waits by then; it takes ``fsync`` + bytes / ``bandwidth_bytes_per_s``
    (0: unlimited).

    A disk that lies returns from an fsync while the data are still in the drive's cache, for another ``lies_ns``
    (0: it tells the truth; -1: for ever).
    """

    fsync: Distribution
    bandwidth_bytes_per_s: float
    group_commit_ns: int
    lies_ns: int = 0
    seek_ns: int = 0
    """What a read costs before its first byte comes; only lazy queues read."""


@dataclass(frozen=True, slots=True)
class Memory:
    """A broker's memory: it looks at what it holds every ``check_ns``; above ``limit_bytes`` publishers are blocked."""

    limit_bytes: int
    check_ns: int


@dataclass(frozen=True, slots=True)
class Node:
    """A broker. Its CPU serves one thing at a time: ``publish_ns`` a message in, ``deliver_ns`` a message out.

    A packet that acknowledges, for one delivery or for several, costs it ``ack_ns``; what it says holds at once.

    Opening a connection costs it ``connect_ns``. It lets in ``connections_max`` at most (-1: as many as come), and
    gives up on one that is not open ``handshake_timeout_ns`` after its first packet (0: never); the work it has put
    into it by then, and puts into it later, is in vain.
    """

    name: str
    publish_ns: int
    deliver_ns: int
    disk: Disk
    memory: Memory | None = None
    connect_ns: int = 0
    connections_max: int = -1
    handshake_timeout_ns: int = 0
    network_ns: int = 0
    """What a packet takes from here to another node."""
    ack_ns: int = 0
    network_loss: float = 0.0
    """How likely it is that a packet to another node must be sent again (TCP: it comes later)."""
    rack: str = ""
    """Where it stands: replicas are spread over racks, and a fault may take a whole one."""
