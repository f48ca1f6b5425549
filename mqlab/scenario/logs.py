"""The grammar of log systems: topics, the cluster, and which words of the others mean something there."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from mqlab.scenario.fields import Count, Duration, Flag, Leaf, PositiveDuration, Texts, choice
from mqlab.scenario.hardware import HardwareSpec
from mqlab.scenario.mapping import Spec, later

__all__ = ["LOG_CONSUMER", "LOG_PRODUCER", "Acks", "ClusterSpec", "Commit", "Isolation", "Partitioner",
           "TopicSpec"]  # fmt: skip


class TopicSpec(Spec):
    """A topic."""

    reserved: ClassVar = {
        **later("retention", "segment", "compact", "cleanup", "flush", "compression", "preferred_leader"),
        "min_insync_replicas": ("`min_insync_replicas` is called `min_insync` here", "write `min_insync: 2`"),
        "unclean_leader_election": (
            "`unclean_leader_election` is called `unclean_election` here", "write `unclean_election: true`",
        ),
    }  # fmt: skip
    partitions: Count | None = None
    ensemble: Count | None = None
    write_quorum: Count | None = None
    ack_quorum: Count | None = None
    deduplication: Flag | None = None
    replicas: Count | None = None
    min_insync: Count | None = None
    unclean_election: Flag | None = None


class ClusterSpec(Spec):
    """What holds for all nodes of a log system."""

    controller: Annotated[Literal["quorum", "zookeeper"], choice("quorum", "zookeeper")] | None = None
    controllers: Texts | None = None
    failover: Duration | None = None
    election: Duration | None = None
    preferred_leader: Duration | None = None
    truncation: Annotated[Literal["epoch", "high_watermark"], choice("epoch", "high_watermark")] | None = None
    session: PositiveDuration | None = None
    journal_sync: Flag | None = None
    group_commit: Duration | None = None
    bookie_timeout: PositiveDuration | None = None
    failover_delay: Duration | None = None
    cursor_flush: PositiveDuration | None = None
    cache: Duration | None = None
    replica_lag_max: PositiveDuration | None = None
    writeback: Duration | None = None
    hardware: HardwareSpec | None = None


def _acks(value: Any) -> Any:
    written = choice("0", "1", "all").parse
    return written(value if isinstance(value, bool) else str(value))


Acks = Annotated[Literal["0", "1", "all"], Leaf(_acks, {"enum": [0, 1, "all"]})]
Commit = Annotated[Literal["auto", "before", "after"], choice("auto", "before", "after")]

Isolation = Annotated[Literal["read_uncommitted", "read_committed"], choice("read_uncommitted", "read_committed")]
Partitioner = Annotated[Literal["sticky", "round-robin"], choice("sticky", "round-robin")]

LOG_PRODUCER: Final = (
    "acks", "linger", "batch_size", "idempotence", "max_in_flight", "request_timeout", "delivery_timeout",
    "retry_backoff", "buffer_memory", "machine", "compression", "partitioner", "max_request",
)  # fmt: skip
"""Fields of a producer that only log systems know."""
LOG_CONSUMER: Final = ("topic", "commit", "commit_interval", "max_poll", "fetch_max", "machine", "isolation")
"""Fields of a consumer that only log systems know."""
