"""The log: topics and their replicas, how producers send batches, how consumers poll and commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mqlab.model.hardware import Hardware
from mqlab.model.ledger import Quorum

__all__ = ["Batching", "Cluster", "LogTransactions", "Polling", "Seek", "Topic"]


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: for each partition the nodes that hold a replica, the first leader first."""

    name: str
    partitions: tuple[tuple[str, ...], ...]
    min_insync: int = 1
    """With acks=all a leader refuses while fewer replicas than that are in sync."""
    unclean_election: bool = False
    """Whether a replica that is not in sync may lead when none that is in sync is left."""
    quorum: Quorum | None = None
    """How many bookies keep an entry; then each partition names its first owner only."""
    deduplicate: bool = False
    """Whether the broker drops what a producer has sent before (by its sequence)."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What holds for all nodes."""

    session_ns: int
    """How long a node must be silent before the controller takes it for dead."""
    lag_max_ns: int
    """A follower that was not at the end of its leader's log for so long is not in sync."""
    writeback_ns: int
    """How often the operating system writes back what is in the page cache; 0: never. Nothing else reaches a disk,
    unless ``hardware`` has some."""
    hardware: Hardware | None = None
    """None: bandwidths are without limit, and disks take no time."""
    controller: Literal["quorum", "zookeeper"] = "quorum"
    controllers: tuple[str, ...] = ()
    """Nodes that vote for the controller; none: machines of their own, which never fail."""
    failover_ns: int = 0
    """Until another controller has taken over; with zookeeper for each partition."""
    election_ns: int = 0
    """What the election of one partition's leader takes; one comes after the other."""
    preferred_leader_ns: int = 0
    """How often the first replica of each partition is made its leader again; 0: never."""
    truncation: Literal["epoch", "high_watermark"] = "epoch"
    """From where a follower cuts its log before it follows a new leader."""
    rebalance_delay_ns: int = 3_000_000_000
    """How long the first who join an empty consumer group wait for others."""


@dataclass(frozen=True, slots=True)
class LogTransactions:
    """A producer works in transactions of ``size`` records, or of those that came within ``after_ns`` (0: for ever).

    With probability ``rollback`` its application aborts one. The coordinator aborts what is open for ``timeout_ns``.
    ``ident`` is the transactional id ("": the producer's name); whoever begins with it fences whoever had it before.
    """

    size: int
    after_ns: int = 0
    rollback: float = 0.0
    timeout_ns: int = 60_000_000_000
    ident: str = ""


@dataclass(frozen=True, slots=True)
class Batching:
    """How a producer group sends to ``topic``: it collects records of a partition for ``linger_ns`` or ``batch_bytes``.

    ``acks``: 0 (nobody answers) · 1 (the leader has it) · all (every replica in sync has it). ``max_in_flight`` batches
    of a partition may be unanswered. A batch not acknowledged ``delivery_ns`` after its first record has failed.
    On the wire and on disk a record takes ``compression`` times its size. ``partitioner`` is for records without a key.
    """

    topic: str
    linger_ns: int
    batch_bytes: int
    acks: Literal["0", "1", "all"]
    idempotent: bool
    max_in_flight: int
    request_timeout_ns: int
    delivery_ns: int
    retry_ns: int
    buffer_bytes: int = 0
    """Of records that are not answered yet; while it is full the producer stands still. 0: without limit."""
    machine: str = ""
    """Who names the same one shares it; empty: each member has its own."""
    compression: float = 1.0
    partitioner: Literal["sticky", "round-robin"] = "sticky"
    transactions: LogTransactions | None = None
    made_by: str = ""
    """The consumer group that makes its records, one of each that it processes; they are one process. "": nobody."""


@dataclass(frozen=True, slots=True)
class Seek:
    """At ``at_ns`` all members of a group go to offset ``to`` of each partition they read (-1: beginning, -2: end)."""

    at_ns: int
    to: int


@dataclass(frozen=True, slots=True)
class Polling:
    """How a group reads: at most ``max_records`` a poll, committed as ``commit`` says.

    auto: what earlier polls gave, each ``interval_ns`` · before: what a poll gives, before the work on it begins ·
    after: when all of them are processed · transaction: with what its producer makes of them. One fetch brings at most
    ``fetch_bytes`` of a partition.
    """

    commit: Literal["auto", "before", "after", "transaction"]
    interval_ns: int
    max_records: int
    fetch_bytes: int
    machine: str = ""
    """As of a producer."""
    isolation: Literal["read_uncommitted", "read_committed"] = "read_uncommitted"
    """Whether it reads what transactions have written that are still open, or were aborted."""
    topics: tuple[str, ...] = ()
    """What it reads; empty: the one topic that its group names as ``queue``."""
    assignor: str = "range"
    """A name of :data:`mqlab.policies.assignors.ASSIGNORS`."""
    reset: Literal["latest", "earliest", "none"] = "latest"
    """Where it begins in a partition without an offset: at the end, at the beginning, or not at all (an error)."""
    session_ns: int = 45_000_000_000
    heartbeat_ns: int = 3_000_000_000
    """A member whose heartbeats are not heard for ``session_ns`` is thrown out."""
    poll_limit_ns: int = 300_000_000_000
    """A member that has not polled for longer leaves its group; a rebalance waits for nobody longer."""
    static: bool = False
    """Members have names that outlive a restart (group.instance.id): who is back in time has its partitions again."""
    fetch_min_bytes: int = 1
    fetch_wait_ns: int = 500_000_000
    """A fetch that finds fewer than ``fetch_min_bytes`` waits so long for more."""
    seeks: tuple[Seek, ...] = ()
