"""The figures of a topic and its groups at one moment, and the rates between two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqlab.broker.log.groups import Group
    from mqlab.broker.log.topics import Topic

__all__ = ["GroupStats", "MemberStats", "PartitionStats", "TopicRates", "TopicStats", "topic_stats"]


@dataclass(frozen=True, slots=True)
class PartitionStats:
    """One partition: it keeps the offsets from ``start`` up to, not including, ``end``."""

    partition: int
    start: int
    end: int
    size_bytes: int
    """What its records weigh; 0 where nothing asks (no limit of bytes)."""


@dataclass(frozen=True, slots=True)
class MemberStats:
    """One member of a group."""

    name: str
    partitions: tuple[int, ...]
    """Of this topic."""
    received: int
    skipped: int
    """Records that retention took before it came to them."""


@dataclass(frozen=True, slots=True)
class GroupStats:
    """One group on this topic."""

    name: str
    state: str
    generation: int
    assignor: str
    members: tuple[MemberStats, ...]
    committed: dict[int, int]
    """By partition: the next offset to read."""
    lag: dict[int, int]
    """By partition: records beyond what is committed."""
    delivered: int
    """Records handed out, of all its topics."""
    redelivered: int
    """Those among them that had been handed out before."""

    @property
    def backlog(self) -> int:
        """Records beyond what is committed, in all partitions."""
        return sum(self.lag.values())


@dataclass(frozen=True, slots=True)
class TopicRates:
    """What happened in a second, on average."""

    published_per_s: float
    delivered_per_s: dict[str, float]
    """By group."""
    redelivered_per_s: dict[str, float]
    """By group."""


@dataclass(frozen=True, slots=True)
class TopicStats:
    """Figures of a topic since it was made, and what is in it at ``at_ns``.

    Examples
    --------
    >>> from mqlab import Broker
    >>> orders = Broker().topic("orders", partitions=2)
    >>> member = orders.join("billing", reset="earliest", auto_commit=False)
    >>> _ = orders.publish_many("abc", partition=1)
    >>> [record.body for record in member.poll(2)], member.commit()[("orders", 1)]
    (['a', 'b'], 2)
    >>> stats = orders.stats()
    >>> stats.published, stats.groups["billing"].lag, stats.groups["billing"].backlog
    (3, {0: 0, 1: 1}, 1)
    """

    name: str
    at_ns: int
    partitions: tuple[PartitionStats, ...]
    groups: dict[str, GroupStats]
    published: int
    kept: int
    dropped: int
    """Taken by retention."""

    @property
    def is_conserved(self) -> bool:
        """Whether every record is kept or was dropped."""
        return self.published == self.kept + self.dropped

    def rates_since(self, earlier: TopicStats) -> TopicRates:
        """Say what happened in a second since ``earlier``; all 0 if no time has passed."""
        span_s = (self.at_ns - earlier.at_ns) / 1e9

        def rate(now: int, before: int) -> float:
            return (now - before) / span_s if span_s > 0 else 0.0

        def of_groups(figure: str) -> dict[str, float]:
            return {
                name: rate(getattr(group, figure), getattr(earlier.groups.get(name), figure, 0))
                for name, group in self.groups.items()
            }

        return TopicRates(rate(self.published, earlier.published), of_groups("delivered"), of_groups("redelivered"))


def topic_stats(topic: Topic) -> TopicStats:
    """Read the figures of a topic."""
    partitions = []
    dropped = 0
    for each in topic.partitions:
        with each.lock:
            partitions.append(PartitionStats(each.number, each.start, each.end, each.size_bytes))
            dropped += each.dropped
    readers = [group for group in list(topic.host.topics.groups.values()) if topic.name in group.names]
    return TopicStats(
        name=topic.name,
        at_ns=topic.host.broker.clock.now_ns(),
        partitions=tuple(partitions),
        groups={group.name: _of_group(group, topic) for group in readers},
        published=sum(each.end for each in partitions),
        kept=sum(each.end - each.start for each in partitions),
        dropped=dropped,
    )


def _of_group(group: Group, topic: Topic) -> GroupStats:
    with group.lock:
        members = tuple(
            MemberStats(
                each.id,
                tuple(number for name, number in group.assignment.get(each.id, ()) if name == topic.name),
                each.received,
                each.skipped,
            )
            for each in group.members.values()
        )
        committed = {number: at for (name, number), at in sorted(group.committed.items()) if name == topic.name}
        return GroupStats(
            name=group.name,
            state=group.state,
            generation=group.generation,
            assignor=group.assignor_name,
            members=members,
            committed=committed,
            lag={each.number: group.lag_of(each) for each in topic.partitions},
            delivered=group.delivered,
            redelivered=group.redelivered,
        )
