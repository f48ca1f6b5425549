"""Visibility time-outs (SQS's word): who has held a delivery too long loses it to whoever asks next.

A delivery is lent until a time. The queue keeps a heap of these times and one alarm, for the earliest. An entry that is
not true any more, because the delivery was settled or its time moved, is found out when its turn comes, or when there
are many of them; so acknowledging costs nothing here.
"""

from __future__ import annotations

import heapq
from contextlib import suppress
from typing import TYPE_CHECKING

from mqlab.broker.errors import PreconditionFailed
from mqlab.broker.lines import Place

if TYPE_CHECKING:
    from mqlab.broker.messages import Delivery
    from mqlab.broker.queues import Queue

__all__ = ["Leases"]


CLEAN_MIN = 256
"""Entries from which on those that are not true any more are looked for."""


class Leases:
    """Until when the deliveries of one queue are lent; its lock is held, but for the alarm."""

    __slots__ = ("_alarm_ns", "_count", "_heap", "_most", "_queue")

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._heap: list[tuple[int, int, Delivery]] = []
        self._count = 0
        self._alarm_ns = -1
        self._most = CLEAN_MIN

    def lend(self, delivery: Delivery, timeout_ns: int) -> None:
        """Lend a delivery for a time from now on."""
        place = delivery.place
        if not isinstance(place, Place):
            raise PreconditionFailed(
                f"delivery {delivery.tag} was made when queue `{self._queue.name}` had no visibility time-out",
                "declare the queue with visibility_timeout_ns, or fetch with visibility_timeout_s",
            )
        clock = self._queue.host.broker.clock
        place.lent_until_ns = clock.now_ns() + timeout_ns
        self._count += 1
        heapq.heappush(self._heap, (place.lent_until_ns, self._count, delivery))
        if len(self._heap) > self._most:
            self._heap = [each for each in self._heap if _is_lent(each[2], each[0])]
            heapq.heapify(self._heap)
            self._most = max(CLEAN_MIN, 2 * len(self._heap))
        self._set_alarm()

    def _set_alarm(self) -> None:
        if self._heap and not 0 <= self._alarm_ns <= self._heap[0][0]:
            at_ns = self._alarm_ns = self._heap[0][0]
            self._queue.host.broker.clock.call_at(at_ns, lambda: self._look(at_ns))

    def _look(self, at_ns: int) -> None:
        """Take back what was lent for too long."""
        queue, broker = self._queue, self._queue.host.broker
        late: list[Delivery] = []
        with queue.lock:
            if self._alarm_ns != at_ns:
                return
            self._alarm_ns = -1
            now_ns = broker.clock.now_ns()
            while self._heap and self._heap[0][0] <= now_ns:
                until_ns, _, delivery = heapq.heappop(self._heap)
                if _is_lent(delivery, until_ns) and delivery.taker.unacked.pop(delivery.tag, None) is not None:
                    late.append(delivery)
            self._set_alarm()
        for delivery in late:
            inbox = delivery.taker.unread
            if inbox is not None:
                with suppress(ValueError):  # it was received
                    inbox.remove(delivery)
            delivery.taker.channel.give_back((delivery,))


def _is_lent(delivery: Delivery, until_ns: int) -> bool:
    """Say whether a delivery is unsettled and lent until that time."""
    place = delivery.place
    if not isinstance(place, Place) or place.lent_until_ns != until_ns:
        return False
    return delivery.taker.unacked.get(delivery.tag) is delivery
