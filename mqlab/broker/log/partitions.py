"""A partition: records in the order they came, each at its offset for good, in segments that retention drops whole.

    start                                                   end
    │ segment │ segment │ segment │ active segment ──►        │  append
    └ dropped first     └ a reader is at an offset and takes what follows

Reading takes nothing away; who reads remembers how far. The lock is held for appending, dropping and copying a slice.
Who waits for records leaves a waiter, which the next append wakes; it looks once more after it has left it, so no
wake-up gets lost.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any

from mqlab.broker.log.records import Key, Record, Stamp
from mqlab.broker.messages import weight_of
from mqlab.broker.waiting import Waiter

if TYPE_CHECKING:
    from mqlab.broker.log.durable import PartitionLog
    from mqlab.broker.log.topics import Topic

__all__ = ["Partition"]

_new = tuple.__new__


class Segment:
    """Records from ``base`` on, field by field: so a record that is kept costs no object of its own."""

    __slots__ = ("base", "bodies", "keys", "size_bytes", "stamps")

    def __init__(self, base: int) -> None:
        self.base, self.size_bytes = base, 0
        self.bodies: list[Any] = []
        self.keys: list[Key] = []
        self.stamps: list[Stamp] = []


def _base_of(segment: Segment) -> int:
    return segment.base


class Partition:
    """One log of a topic."""

    __slots__ = (
        "_alarmed", "_segments", "_waiters", "_weighs", "dropped", "end", "lock", "log", "number", "size_bytes",
        "topic",
    )  # fmt: skip

    def __init__(self, topic: Topic, number: int) -> None:
        self.topic, self.number = topic, number
        self.lock = threading.Lock()
        self.end = 0
        """Offset of the next record."""
        self.dropped = 0
        """Records that retention has taken."""
        self.size_bytes = 0
        self._segments = [Segment(0)]
        self._waiters: dict[Waiter, None] = {}
        self._weighs = topic.options.retention_bytes >= 0 or topic.host.broker.memory is not None
        self._alarmed = False
        self.log: PartitionLog | None = None
        """Its part in the journal, if its topic is durable and there is one."""

    @property
    def start(self) -> int:
        """Offset of the oldest record that is kept."""
        return self._segments[0].base

    # in

    def append(self, bodies: Sequence[Any], keys: Sequence[Key], headers: Mapping[str, str]) -> int:
        """Put records at the end, wake whoever waits for them, and return the offset of the first."""
        most = self.topic.options.segment_records
        with self.lock:
            first = self.end
            stamp = Stamp(self.topic.host.broker.clock.now_ns(), headers)
            done, how_many = 0, len(bodies)
            while done < how_many:
                segment = self._segments[-1]
                room = most - len(segment.bodies)
                if room <= 0:
                    segment = Segment(self.end)
                    self._segments.append(segment)
                    room = most
                part, upto = bodies[done : done + room], min(how_many, done + room)
                segment.bodies.extend(part)
                segment.keys.extend(keys[done:upto])
                segment.stamps.extend(repeat(stamp, upto - done))
                self.end += upto - done
                done = upto
                if self._weighs:
                    self._weigh(segment, part)
            if self.log is not None:
                self.log.put(first, bodies, keys, stamp)
            freed = self._hold_to_limits(stamp.time_ns)
            waiters, self._waiters = self._waiters, {}
        for waiter in waiters:
            waiter.wake()
        self._free(freed)
        return first

    def _weigh(self, segment: Segment, bodies: Sequence[Any]) -> None:
        size_bytes = sum(map(weight_of, bodies))
        segment.size_bytes += size_bytes
        self.size_bytes += size_bytes
        memory = self.topic.host.broker.memory
        if memory is not None:
            memory.hold(size_bytes)

    def _free(self, size_bytes: int) -> None:
        memory = self.topic.host.broker.memory
        if memory is not None and size_bytes:
            memory.free(size_bytes)

    # out

    def read(self, offset: int, maximum: int) -> list[Record]:
        """Copy records from an offset on; the caller has seen that it is between start and end."""
        found: list[Record] = []
        with self.lock:
            segments = self._segments
            at = max(0, bisect_right(segments, offset, key=_base_of) - 1)
            while len(found) < maximum and at < len(segments):
                segment = segments[at]
                low = max(0, offset - segment.base)
                high = low + maximum - len(found)
                bodies = segment.bodies[low:high]
                base = segment.base + low
                fields = zip(
                    repeat(self.topic.name), repeat(self.number), range(base, base + len(bodies)),
                    segment.keys[low:high], bodies, segment.stamps[low:high], strict=False,
                )  # fmt: skip
                found += map(_new, repeat(Record), fields)
                at += 1
        return found

    def offset_at(self, time_ns: int) -> int:
        """Find the first record that was appended at ``time_ns`` or later; the end if there is none."""
        with self.lock:
            for segment in self._segments:
                if segment.stamps and segment.stamps[-1].time_ns >= time_ns:
                    return segment.base + bisect_left(segment.stamps, time_ns, key=lambda stamp: stamp.time_ns)
            return self.end

    def wake_at_next(self, waiter: Waiter) -> None:
        """Wake somebody, once, when something is appended."""
        with self.lock:
            self._waiters[waiter] = None

    def forget(self, waiter: Waiter) -> None:
        """Take back what :meth:`wake_at_next` promised."""
        with self.lock:
            self._waiters.pop(waiter, None)

    # kept by the journal

    def columns(self, first: int, count: int) -> tuple[list[Any], list[Key], list[Stamp]]:
        """Copy bodies, keys and stamps from an offset on. The lock is held."""
        bodies: list[Any] = []
        keys: list[Key] = []
        stamps: list[Stamp] = []
        for segment in self._segments:
            low, high = max(0, first - segment.base), first + count - segment.base
            if high > 0:
                bodies += segment.bodies[low:high]
                keys += segment.keys[low:high]
                stamps += segment.stamps[low:high]
        return bodies, keys, stamps

    def begin_at(self, offset: int) -> None:
        """Begin with an offset, because what stood before is gone. Nobody uses it yet."""
        self._segments = [Segment(offset)]
        self.end = self.dropped = offset

    def hold(self, body: Any, key: Key, stamp: Stamp) -> None:
        """Hold a record that was found again. Nobody uses it yet."""
        segment = self._segments[-1]
        if len(segment.bodies) >= self.topic.options.segment_records:
            segment = Segment(self.end)
            self._segments.append(segment)
        segment.bodies.append(body)
        segment.keys.append(key)
        segment.stamps.append(stamp)
        self.end += 1
        if self._weighs:
            self._weigh(segment, (body,))

    def look_at_age(self) -> None:
        """Drop what is too old by now."""
        with self.lock:
            freed = self._hold_to_limits(self.topic.host.broker.clock.now_ns())
        self._free(freed)

    # retention

    def _hold_to_limits(self, now_ns: int) -> int:
        """Drop segments that are too old or too much, and say how many bytes that frees. The lock is held."""
        options, segments = self.topic.options, self._segments
        freed, start = 0, self.start
        if options.retention_bytes >= 0:
            while len(segments) > 1 and self.size_bytes - segments[0].size_bytes >= options.retention_bytes:
                freed += self._drop_first()
        if options.retention_ns >= 0:
            while segments[0].stamps and segments[0].stamps[-1].time_ns + options.retention_ns <= now_ns:
                if len(segments) == 1:
                    segments.append(Segment(self.end))
                freed += self._drop_first()
            self._set_alarm()
        if self.log is not None and self.start > start:
            self.log.cut(self.start)
        return freed

    def _drop_first(self) -> int:
        segment = self._segments.pop(0)
        self.dropped += len(segment.bodies)
        self.size_bytes -= segment.size_bytes
        return segment.size_bytes

    def _set_alarm(self) -> None:
        """See to it that somebody looks when the first segment has become too old."""
        first = self._segments[0]
        if self._alarmed or not first.stamps:
            return
        self._alarmed = True

        def look() -> None:
            self._alarmed = False
            self.look_at_age()

        clock = self.topic.host.broker.clock
        clock.call_at(first.stamps[-1].time_ns + self.topic.options.retention_ns, look)
