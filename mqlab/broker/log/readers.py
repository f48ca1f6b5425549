"""Somebody who reads partitions: positions, polls, seeks; alone, or as a member of a group.

A poll takes what is there after each position, in turns over the partitions, up to a number of records. If nothing is
there it leaves one waiter with all its partitions, looks once more, and waits; whoever appends wakes it. A task of an
event loop waits for a future in the same way, so nothing here keeps a thread.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING

from mqlab.broker.errors import BrokerError, ConcurrentUse, ConsumerCancelled, NotAssigned, OffsetOutOfRange
from mqlab.broker.log.partitions import Partition
from mqlab.broker.log.records import Record
from mqlab.broker.waiting import TaskWaiter, ThreadWaiter, Waiter

if TYPE_CHECKING:
    from mqlab.broker.connections import Connection
    from mqlab.broker.log.registry import Topics

__all__ = ["POLL_MAX", "Reader"]

POLL_MAX = 500
"""Records of a poll, unless it says otherwise (Kafka: max.poll.records)."""


class Reader:
    """Reads partitions without a group; made by :meth:`Topic.read`. One thread or task at a time uses it.

    Examples
    --------
    >>> from mqlab import Broker
    >>> prices = Broker().topic("prices")
    >>> _ = prices.publish("early")
    >>> reader = prices.read()
    >>> _ = prices.publish("late")
    >>> [record.body for record in reader.poll()]
    ['late']
    >>> reader.seek(0, 0)
    >>> [record.body for record in reader.poll()]
    ['early', 'late']
    """

    def __init__(self, topics: Topics, connection: Connection | None, names: tuple[str, ...], reset: str) -> None:
        self.topics, self.connection, self.names, self.reset = topics, connection, names, reset
        self.ended: BrokerError | None = None
        self.skipped = 0
        """Records that retention took before this reader came to them."""
        self.received = 0
        self._positions: dict[Partition, int] = {}
        self._order: list[Partition] = []
        self._waiter: Waiter | None = None
        self._busy = threading.Lock()
        self._clock = topics.host.broker.clock

    # what it has

    def assign(self, partitions: Iterable[Partition]) -> None:
        """Read these partitions, each from where ``reset`` says."""
        self._positions |= {each: self._first_position(each) for each in partitions}
        self._order = list(self._positions)

    def _first_position(self, partition: Partition) -> int:
        return partition.start if self.reset == "earliest" else partition.end

    @property
    def assignment(self) -> list[tuple[str, int]]:
        """The partitions it reads: (topic, partition)."""
        return sorted((each.topic.name, each.number) for each in self._positions)

    def position(self, partition: int, topic: str = "") -> int:
        """Say which offset comes next."""
        return self._positions[self._find(partition, topic)]

    def lag(self) -> dict[tuple[str, int], int]:
        """Say how many records each partition has beyond the position."""
        return {(each.topic.name, each.number): each.end - at for each, at in dict(self._positions).items()}

    def _find(self, number: int, topic: str) -> Partition:
        for each in self._positions:
            if each.number == number and topic in ("", each.topic.name):
                return each
        has = ", ".join(f"{name}/{each}" for name, each in self.assignment) or "none"
        raise NotAssigned(
            f"this reader has no partition {f'{topic}/' if topic else ''}{number}", f"it has {has}; poll to get yours"
        )

    # seeking

    def seek(self, partition: int, offset: int, topic: str = "") -> None:
        """Read on from an offset.

        Raises
        ------
        NotAssigned
            It does not read this partition.
        OffsetOutOfRange
            The offset is below the oldest record that is kept, or above the end.
        """
        found = self._find(partition, topic)
        if not found.start <= offset <= found.end:
            raise self._out_of_range(found, offset)
        self._positions[found] = offset

    def seek_to_beginning(self) -> None:
        """Read everything that is kept."""
        for each in self._positions:
            self._positions[each] = each.start

    def seek_to_end(self) -> None:
        """Read only what comes from now on."""
        for each in self._positions:
            self._positions[each] = each.end

    def seek_to_time(self, time_ns: int) -> None:
        """Read what was appended at a time of the broker's clock or later."""
        for each in self._positions:
            self._positions[each] = each.offset_at(time_ns)

    @staticmethod
    def _out_of_range(partition: Partition, offset: int) -> OffsetOutOfRange:
        return OffsetOutOfRange(
            f"offset {offset} of {partition.topic.name}/{partition.number} is out of range",
            f"it has {partition.start} to {partition.end}; seek there, or give reset='earliest' or 'latest'",
        )

    # polling

    def poll(self, maximum: int = POLL_MAX, timeout_s: float | None = 0) -> list[Record]:
        """Take what is there, or wait for it.

        Parameters
        ----------
        maximum
            Records at most.
        timeout_s
            How long to wait for the first of them; 0: not at all, None: until some come.

        Returns
        -------
        list of Record
            In order within each partition; empty if nothing came in time.

        Raises
        ------
        ConsumerCancelled
            The reader was closed.
        ConcurrentUse
            Another thread or task polls this reader.
        """
        with self._alone(maximum):
            until_ns = self._until(timeout_s)
            while True:
                found = self._take(maximum)
                if found or timeout_s == 0:
                    return found
                waiter = ThreadWaiter()
                try:
                    if self._must_wait(waiter) and not self._clock.acquire(waiter.lock, until_ns):
                        return self._take(maximum)
                finally:
                    self._stop_waiting(waiter)

    async def fetch(self, maximum: int = POLL_MAX, timeout_s: float | None = None) -> list[Record]:
        """Do as :meth:`poll` in a task, without keeping the event loop."""
        with self._alone(maximum):
            until_ns = self._until(timeout_s)
            while True:
                found = self._take(maximum)
                if found or timeout_s == 0:
                    return found
                waiter = TaskWaiter()
                try:
                    if self._must_wait(waiter) and not await self._clock.wait(waiter.future, until_ns):
                        return self._take(maximum)
                finally:
                    self._stop_waiting(waiter)

    def __iter__(self) -> Iterator[Record]:
        """Read record by record until the reader is closed."""
        while self.ended is None:
            try:
                yield from self.poll(timeout_s=None)
            except BrokerError:
                if self.ended is None:
                    raise

    async def __aiter__(self) -> AsyncIterator[Record]:
        """Await record by record until the reader is closed."""
        while self.ended is None:
            try:
                records = await self.fetch()
            except BrokerError:
                if self.ended is None:
                    raise
                return
            for record in records:
                yield record

    def _until(self, timeout_s: float | None) -> int | None:
        return None if timeout_s is None else self._clock.now_ns() + round(timeout_s * 1e9)

    def _take(self, maximum: int) -> list[Record]:
        """Take what can be had at once."""
        self._check_open()
        self._refresh()
        found: list[Record] = []
        order = self._order
        for _ in range(len(order)):
            partition = order.pop(0)
            order.append(partition)
            at = self._positions[partition]
            if at == partition.end:
                continue
            if not partition.start <= at <= partition.end:
                at = self._come_back(partition, at)
            records = partition.read(at, maximum - len(found))
            if not records:
                continue
            if records[0].offset > at:  # retention was quicker
                self.skipped += records[0].offset - at
            self._positions[partition] = records[-1].offset + 1
            self._note(partition, records[0].offset, records[-1].offset + 1)
            found += records
            if len(found) >= maximum:
                break
        self.received += len(found)
        return found

    def _come_back(self, partition: Partition, at: int) -> int:
        """Find a position in place of one that is not kept any more."""
        if self.reset == "none":
            raise self._out_of_range(partition, at)
        first = self._first_position(partition)
        self.skipped += max(0, first - at)
        self._positions[partition] = first
        return first

    def _refresh(self) -> None:
        """See what has changed besides records; a member of a group has more to do here."""

    def _note(self, partition: Partition, first: int, end: int) -> None:
        """Remember what was handed out."""

    def _has_news(self) -> bool:
        return self.ended is not None or any(at != each.end for each, at in self._positions.items())

    def _must_wait(self, waiter: Waiter) -> bool:
        """Leave a waiter everywhere, then look again: whatever comes after that look finds it."""
        self._waiter = waiter
        for each in self._order:
            each.wake_at_next(waiter)
        return not self._has_news()

    def _stop_waiting(self, waiter: Waiter) -> None:
        self._waiter = None
        for each in self._order:
            each.forget(waiter)

    def wake(self) -> None:
        """Have it look again, if it waits."""
        waiter = self._waiter
        if waiter is not None:
            waiter.wake()

    def _alone(self, maximum: int = 1) -> _Alone:
        if maximum < 1:
            raise ValueError(f"maximum is {maximum}; ask for 1 record or more")
        return _Alone(self._busy)

    def _check_open(self) -> None:
        if self.ended is not None:
            raise type(self.ended)(self.ended.what, self.ended.mend)

    # the end

    def close(self) -> None:
        """End it; who waits in a poll is told so."""
        self.end(ConsumerCancelled("this reader was closed", "make another with topic.read() or topic.join()"))

    def drop(self) -> None:
        """Lose it, as if its process had crashed."""
        self.end(ConsumerCancelled("this reader was lost", "make another with topic.read() or topic.join()"))

    def end(self, why: BrokerError) -> bool:
        """Let it read no more; False if it has ended before."""
        if not self.topics.forget(self):
            return False
        self.ended = why
        self.wake()
        return True

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Alone:
    """Refuses a second thread or task where one is at work."""

    __slots__ = ("_busy",)

    def __init__(self, busy: threading.Lock) -> None:
        self._busy = busy

    def __enter__(self) -> None:
        if not self._busy.acquire(blocking=False):
            raise ConcurrentUse("somebody else polls this reader now", "give each thread or task a reader of its own")

    def __exit__(self, *_: object) -> None:
        self._busy.release()
