"""The line in which ready messages of a queue with rules of its own stand: by priority, then in the order they came.

A plain queue needs none of this: it has a deque (:mod:`mqlab.broker.queues`).
"""

from __future__ import annotations

import heapq

from mqlab.broker.messages import Message

__all__ = ["Line", "Place"]


class Place:
    """One copy in a line, and what its queue remembers of it; it keeps all of it when it comes back."""

    __slots__ = (
        "expires_ns", "lent_until_ns", "level", "message", "position", "returns", "segment", "size_bytes",
        "stored_bytes",
    )  # fmt: skip

    def __init__(self, message: Message, position: int, level: int, size_bytes: int, expires_ns: int | None) -> None:
        self.message, self.position, self.level = message, position, level
        self.size_bytes, self.expires_ns, self.returns = size_bytes, expires_ns, 0
        self.lent_until_ns = -1
        self.segment = self.stored_bytes = 0
        """Where it stands in the journal, if it does, and what it takes there."""


class Line:
    """Copies by priority and position; what comes back finds its old place, for positions never change."""

    __slots__ = ("_heap", "size_bytes")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Place]] = []
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._heap)

    def join(self, place: Place) -> None:
        """Put a copy where it belongs."""
        heapq.heappush(self._heap, (-place.level, place.position, place))
        self.size_bytes += place.size_bytes

    def fill(self, places: list[Place]) -> None:
        """Begin with copies that stood in it before."""
        self._heap = [(-place.level, place.position, place) for place in places]
        heapq.heapify(self._heap)
        self.size_bytes = sum(place.size_bytes for place in places)

    def join_behind(self, places: list[Place]) -> None:
        """Put copies of level 0 behind all that stand in it: what is larger than all in a heap may be appended."""
        self._heap.extend([(0, place.position, place) for place in places])

    def first(self) -> Place | None:
        """Look at the head."""
        return self._heap[0][2] if self._heap else None

    def take(self) -> Place:
        """Take the head."""
        place = heapq.heappop(self._heap)[2]
        self.size_bytes -= place.size_bytes
        return place
