"""The figures of a queue at one moment, and the rates between two."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqlab.broker.consumers import Consumer
    from mqlab.broker.queues import Queue

__all__ = ["ConsumerStats", "QueueStats", "Rates"]


@dataclass(frozen=True, slots=True)
class Rates:
    """What happened in a second, on average."""

    published_per_s: float
    delivered_per_s: float
    acked_per_s: float
    redelivered_per_s: float
    expired_per_s: float


@dataclass(frozen=True, slots=True)
class ConsumerStats:
    """One consumer of a queue."""

    tag: str
    unacked: int
    room: int | None
    """How many more it may hold; None: no bound."""
    priority: int


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Figures of a queue since it was declared, and what is in it at ``at_ns``.

    Each copy it took is in exactly one place: ``published == ready + unacked + acked + expired + dropped + discarded +
    deleted``.

    Examples
    --------
    >>> from mqlab import Broker
    >>> channel = Broker().connect().channel()
    >>> channel.declare_queue("q")
    'q'
    >>> channel.publish_many("abc", "q")
    >>> channel.get("q").body, channel.stats("q").ready, channel.stats("q").unacked
    ('a', 2, 1)
    """

    name: str
    at_ns: int
    ready: int
    unacked: int
    consumers: int
    published: int
    delivered: int
    redelivered: int
    acked: int
    returned: int
    """Deliveries that went back to their places."""
    expired: int
    dropped: int
    """Thrown out because the queue was full."""
    discarded: int
    """Rejected by a consumer, or back too often."""
    deleted: int
    """Purged, or gone with the queue."""
    refused: int
    """Never taken: the queue was full and told the publisher no."""
    type: str = "Shared"
    """In Pulsar's words: Shared, Exclusive (somebody has it for itself), Failover (a single active consumer)."""
    each_consumer: tuple[ConsumerStats, ...] = ()

    @classmethod
    def of(cls, queue: Queue) -> QueueStats:
        """Read the figures of a queue."""
        with queue.lock:
            return cls(
                name=queue.name,
                at_ns=queue.host.broker.clock.now_ns(),
                ready=queue.ready,
                unacked=queue.unacked,
                consumers=len(queue.consumers),
                published=queue.out - queue.base + len(queue.fifo),
                delivered=queue.delivered,
                redelivered=queue.redelivered,
                acked=queue.acked,
                returned=queue.returned,
                expired=queue.expired,
                dropped=queue.dropped,
                discarded=queue.rejected + queue.too_often,
                deleted=queue.deleted_messages,
                refused=queue.refused,
                type=_type_of(queue),
                each_consumer=tuple(
                    ConsumerStats(each.tag, each.held, _room_of(each), each.priority) for each in queue.consumers
                ),
            )

    @property
    def is_conserved(self) -> bool:
        """Whether every copy is in exactly one place."""
        gone = self.acked + self.expired + self.dropped + self.discarded + self.deleted
        return self.published == self.ready + self.unacked + gone

    def rates_since(self, earlier: QueueStats) -> Rates:
        """Say what happened in a second since ``earlier``; all 0 if no time has passed."""
        span_s = (self.at_ns - earlier.at_ns) / 1e9

        def rate(now: int, before: int) -> float:
            return (now - before) / span_s if span_s > 0 else 0.0

        return Rates(
            rate(self.published, earlier.published),
            rate(self.delivered, earlier.delivered),
            rate(self.acked, earlier.acked),
            rate(self.redelivered, earlier.redelivered),
            rate(self.expired, earlier.expired),
        )


def _room_of(consumer: Consumer) -> int | None:
    return None if consumer.limit == sys.maxsize else consumer.limit - consumer.held


def _type_of(queue: Queue) -> str:
    if any(each.exclusive for each in queue.consumers):
        return "Exclusive"
    return "Failover" if queue.options.single_active_consumer else "Shared"
