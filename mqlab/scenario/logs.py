"""The grammar of log systems: topics, the cluster, and which words of the others mean something there."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BeforeValidator, Field

from mqlab.scenario.fields import Count, Duration, Flag, Leaf, PositiveDuration, Texts, choice, parse_name
from mqlab.scenario.hardware import HardwareSpec
from mqlab.scenario.mapping import Spec, check_list, later
from mqlab.units import UnitError, parse_count

__all__ = [
    "LOG_CONSUMER", "LOG_PRODUCER", "Acks", "ClusterSpec", "Commit", "Isolation", "Partitioner", "Reset", "SeekSteps",
    "TopicNames", "TopicSpec",
]  # fmt: skip


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
    rebalance_delay: Duration | None = None
    group_session_min: PositiveDuration | None = None
    group_session_max: PositiveDuration | None = None


def _acks(value: Any) -> Any:
    written = choice("0", "1", "all").parse
    return written(value if isinstance(value, bool) else str(value))


Acks = Annotated[Literal["0", "1", "all"], Leaf(_acks, {"enum": [0, 1, "all"]})]
Commit = Annotated[
    Literal["auto", "before", "after", "transaction"], choice("auto", "before", "after", "transaction")
]
Reset = Annotated[Literal["latest", "earliest", "none"], choice("latest", "earliest", "none")]


def _goal(value: Any) -> int | str:
    return value if value in ("beginning", "end") else parse_count(value, 0, 2**53, "`beginning`, `end`, or an offset")


class SeekSpec(Spec):
    """All members of a group go to an offset of each partition that they read."""

    at: Duration = Field(examples=["10 s"])
    to: Annotated[int | str, Leaf(_goal, {"type": ["integer", "string"]})] = Field(examples=["beginning"])


SeekSteps = Annotated[list[SeekSpec], BeforeValidator(check_list("`- {at: 10 s, to: beginning}`", 100))]


def _topics(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise UnitError("the list names no topic", "write for instance `topic: orders`")
    if len(listed) > 1000:
        raise UnitError(f"the list has {len(listed)} entries", "use at most 1000")
    return tuple(dict.fromkeys(parse_name(name) for name in listed))


TopicNames = Annotated[
    tuple[str, ...], Leaf(_topics, {"type": ["string", "array"], "description": "a topic, or several"}, many=True)
]

Isolation = Annotated[Literal["read_uncommitted", "read_committed"], choice("read_uncommitted", "read_committed")]
Partitioner = Annotated[Literal["sticky", "round-robin"], choice("sticky", "round-robin")]

LOG_PRODUCER: Final = (
    "acks", "linger", "batch_size", "idempotence", "max_in_flight", "request_timeout", "delivery_timeout",
    "retry_backoff", "buffer_memory", "machine", "compression", "partitioner", "max_request",
)  # fmt: skip
"""Fields of a producer that only log systems know."""
LOG_CONSUMER: Final = (
    "topic", "commit", "commit_interval", "max_poll", "fetch_max", "fetch_min", "fetch_wait", "session", "heartbeat",
    "poll_limit", "assignor", "reset", "static", "start", "seek", "machine", "isolation",
)  # fmt: skip
"""Fields of a consumer that only log systems know."""
