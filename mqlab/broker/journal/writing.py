"""The journal: what a broker must not forget, appended, made safe in groups, and cut off behind when it is settled.

    queues, topics, topology ── append ──► buffer ── writer thread: one frame, one sync ──► segment
                                                             └── then: all who wait for a confirm

Whoever changes something appends a record and goes on; a thread writes what has gathered meanwhile as one frame and, by
policy, syncs it once for all (group commit). While it does, the next group gathers.

Records that belong together are appended within :meth:`Journal.together`: the writer does not take the buffer before
everybody who is in there is out again, so they stand in one frame, which counts as a whole or not at all.

A segment that has grown to its size is synced, and a new one begins with all that has a name (queues, exchanges,
bindings). So the oldest segment can go as soon as no message in it is left. Where garbage outweighs what is left, that
is appended again, and then the segment goes. Only the oldest ever goes, so a settlement is never lost before what it
settles.

Locks: the journal's own is a leaf, taken for a few steps; nobody waits for the disk while holding a queue's lock.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from mqlab.broker.errors import JournalError, JournalFailed, PublishersBlocked
from mqlab.broker.journal import format as form
from mqlab.broker.journal.disks import Disk
from mqlab.broker.journal.policies import Exposure, SyncPolicy
from mqlab.broker.journal.reading import Recovered, read_journal
from mqlab.broker.journal.records import STREAMS, Records, Segment
from mqlab.broker.waiting import ThreadWaiter

__all__ = ["SEGMENT_BYTES", "Journal"]

SEGMENT_BYTES = 1 << 24
BUFFER_BYTES_MAX = 1 << 26
SPARSE = 4
"""A segment is sparse when less than one part in so many of it is left."""

NEVER = 1 << 62
"""Stands for a record that was not taken any more."""

Rewrite = Callable[[int], None]
Told = Callable[[bool], object]


class _Batch(NamedTuple):
    """What the writer takes at once."""

    records: bytes
    appended: int
    copies: int
    doomed: list[int]
    """Segments that can go when this is safe."""
    following: list[bytes] | None
    """How the next segment begins, if this one is full."""
    closing: bool


class Journal(Records):
    """An open journal. What it knew is in ``recovered``; whoever takes that over says so with :meth:`adopt`.

    Parameters
    ----------
    disk
        Where it lies.
    policy
        When it syncs.
    segment_bytes
        How large a segment may grow before the next begins.
    """

    def __init__(self, disk: Disk, policy: SyncPolicy, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.disk, self.policy, self.segment_bytes = disk, policy, segment_bytes
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._gate = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        self._buffer: list[bytes] = []
        self._buffered_bytes = 0
        self._groups, self._gated, self._idle = 0, False, False
        self._mine = threading.local()
        self._appended = self._written = self._synced = 0
        self._waiting: deque[tuple[int, Told]] = deque()
        self._closing = self._clean = False
        self._failure: JournalFailed | None = None
        self._failed_ns = self._victim = 0
        self.rewriters: list[Rewrite] = []
        disk.lock()
        try:
            self.recovered: Recovered | None = read_journal(disk)
            self._copies = self._copies_written = self._copies_synced = self.recovered.copies
            self._names = {
                key: form.set_record(json.loads(key), value) for key, value in self.recovered.names.items()
            }
            self._segments = {number: Segment(size) for number, size in self.recovered.segments.items()}
            self._streams: int = max(self.recovered.names.get(form.key_of(STREAMS), 0), *self.recovered.streams, 0)
            self._begin(self.recovered)
        except BaseException as error:
            disk.unlock()
            if isinstance(error, OSError):
                raise JournalError(f"the journal in {disk.folder} cannot be read: {error}", "see to the disk") from None
            raise
        self._thread = threading.Thread(target=self._run, name="mqlab-journal", daemon=True)
        self._thread.start()

    def _begin(self, found: Recovered) -> None:
        """Mend the end, and say on disk that a broker is at work."""
        if found.torn_segment is not None:
            self.disk.remove(form.segment_name(found.torn_segment))
            self.disk.sync_folder()
        if not self._segments:
            self._segments[found.torn_segment or 1] = Segment()
        self._number = max(self._segments)
        segment = self._segments[self._number]
        self._file = self.disk.open(form.segment_name(self._number))
        if found.cut is not None and found.torn_segment is None:
            self._file.cut(found.cut.offset)
        self._sync_begun_ns = time.monotonic_ns()
        self._file.sync()
        self._synced_to = segment.size_bytes
        records = form.MARK_ALL.pack(form.OPENED, time.time_ns())
        if not segment.size_bytes:
            self._write_head(self._number, [*self._names.values(), records])
            return
        frame = form.frame_of(records, self._number, self._copies, self._synced_to)
        self._file.write(frame)
        segment.size_bytes += len(frame)
        self._sync()

    # appending

    def _append(self, record: bytes) -> None:
        """Append a record. The lock is held."""
        if self._failure is not None or self._closing:
            self._mine.last = NEVER
            return
        self._buffer.append(record)
        self._buffered_bytes += len(record)
        self._appended += 1
        self._mine.last = self._appended
        if self._idle:
            self._idle = False
            self._work.notify()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Have all records appended within stand in one frame. Enter it before taking any queue's lock."""
        if getattr(self._mine, "deep", False):
            yield
            return
        with self._lock:
            while self._gated:
                self._gate.wait()
            self._groups += 1
        self._mine.deep = True
        try:
            yield
        finally:
            self._mine.deep = False
            with self._lock:
                self._groups -= 1
                if self._gated and not self._groups:
                    self._gate.notify_all()

    # waiting

    def when_safe(self, tell: Told) -> None:
        """Call ``tell`` once all that was appended so far is as safe as the policy asks, with whether it is.

        It is called in the writer's thread, or at once if there is nothing to wait for.
        """
        with self._lock:
            if self._failure is None and self._safe < self._appended:
                self._waiting.append((self._appended, tell))
                return
            fine = getattr(self._mine, "last", 0) <= self._safe
        tell(fine)

    def wait_until_safe(self) -> None:
        """Wait for that; no lock may be held.

        Raises
        ------
        JournalFailed
            The disk refused to take it.
        """
        self.check_may_wait()
        waiter = ThreadWaiter()
        self.when_safe(lambda _fine: waiter.wake())
        waiter.lock.acquire()
        self.check()

    def check_may_wait(self) -> None:
        """Raise if the writer itself would wait for the writer."""
        if threading.current_thread() is self._thread:
            raise JournalError("whoever is told of a confirm cannot wait for others there", "wait in another thread")

    def check(self) -> None:
        """Raise :class:`JournalFailed` if the disk has refused something."""
        if self._failure is not None:
            raise JournalFailed(self._failure.what, self._failure.mend)

    def wait_for_room(self) -> None:
        """Stop a publisher here while much more is appended than the disk takes. No lock may be held."""
        self.check()
        if self._buffered_bytes <= BUFFER_BYTES_MAX or threading.current_thread() is self._thread:
            return
        import asyncio

        if asyncio._get_running_loop() is not None:
            raise PublishersBlocked("the disk is slower than the publishers", "await confirms, or publish less at once")
        with self._lock:
            while self._buffered_bytes > BUFFER_BYTES_MAX and self._failure is None and not self._closing:
                self._room.wait()
        self.check()

    @property
    def _safe(self) -> int:
        return self._synced if self.policy.is_always else self._written

    def exposure(self) -> Exposure:
        """Say what a power cut at this moment could take."""
        with self._lock:
            since_ns = (self._failed_ns or time.monotonic_ns()) - self._sync_begun_ns
            return Exposure(self.policy, self._copies_written, self._copies_synced, since_ns)

    def size_bytes(self) -> int:
        """Say how large it is on disk."""
        with self._lock:
            return sum(segment.size_bytes for segment in self._segments.values())

    def segments(self) -> list[int]:
        """List the numbers of its segments, oldest first."""
        with self._lock:
            return list(self._segments)

    # the writer

    def _run(self) -> None:
        closed = False
        while not closed:
            with self._lock:
                closed = self._wait_for_work()
                taken = self._take(closed)
            try:
                self._write(taken)
            except Exception as error:
                self._fail(error)
            self._tell()
            self._find_victim()

    def _wait_for_work(self) -> bool:
        """Wait until there is something to write or to sync; say whether this is the end. The lock is held."""
        every_ns = self.policy.every_ns
        while not self._buffer and not self._closing:
            left_s: float | None = None
            if every_ns > 0 and self._synced < self._written and self._failure is None:
                left_s = (self._sync_begun_ns + every_ns - time.monotonic_ns()) / 1e9
                if left_s <= 0:
                    break
            self._idle = True
            self._work.wait(left_s)
            self._idle = False
        return self._closing

    def _take(self, closing: bool) -> _Batch:
        """Take what has gathered, when nobody is in the middle of something. The lock is held."""
        self._gated = True
        while self._groups:
            self._gate.wait()
        self._gated = False
        self._gate.notify_all()
        if closing and self._clean:
            self._buffer.append(form.MARK_ALL.pack(form.CLOSED, time.time_ns()))
        records = b"".join(self._buffer)
        self._buffer.clear()
        self._buffered_bytes = 0
        self._room.notify_all()
        doomed: list[int] = []
        for number, segment in self._segments.items():
            if segment.live or number == self._number:
                break
            doomed.append(number)
        following: list[bytes] | None = None
        grown = self._segments[self._number].size_bytes + len(records)
        if grown >= self.segment_bytes and not closing and self._failure is None:
            self._number += 1
            self._segments[self._number] = Segment()
            following = list(self._names.values())
        return _Batch(records, self._appended, self._copies, doomed, following, closing)

    def _write(self, batch: _Batch) -> None:
        if self._failure is not None:
            return
        records, appended, copies, doomed, following, closing = batch
        number = self._number - (following is not None)
        if records:
            frame = form.frame_of(records, number, copies, self._synced_to)
            self._file.write(frame)
            with self._lock:
                self._segments[number].size_bytes += len(frame)
                self._written, self._copies_written = appended, copies
        if self._is_sync_due(bool(records)) or doomed or following is not None or closing:
            self._sync()
        if following is not None:
            self._file.close()
            self._file = self.disk.open(form.segment_name(self._number))
            self._write_head(self._number, following)
        for old in doomed:
            self.disk.remove(form.segment_name(old))
            self.disk.sync_folder()
            with self._lock:
                del self._segments[old]

    def _is_sync_due(self, written: bool) -> bool:
        every_ns = self.policy.every_ns
        if every_ns <= 0:
            return every_ns == 0 and written
        return self._synced < self._written and time.monotonic_ns() - self._sync_begun_ns >= every_ns

    def _sync(self) -> None:
        begun_ns = time.monotonic_ns()
        self._file.sync()
        with self._lock:
            self._sync_begun_ns = begun_ns
            self._synced, self._copies_synced = self._written, self._copies_written
            self._synced_to = next(reversed(self._segments.values())).size_bytes

    def _write_head(self, number: int, records: list[bytes]) -> None:
        """Begin a segment with all that has a name, and make sure that it is there."""
        head = form.head_of(number)
        self._file.write(head + form.frame_of(b"".join(records), number, self._copies_written, len(head)))
        size_bytes = len(head) + form.FRAME.size + sum(map(len, records))
        self._file.sync()
        self.disk.sync_folder()
        with self._lock:
            self._segments[number].size_bytes = self._synced_to = size_bytes

    def _fail(self, error: Exception) -> None:
        """Remember that the disk failed. What it did with the data is unknown, so it is not asked again."""
        with self._lock:
            self._failed_ns = time.monotonic_ns()
            self._failure = JournalFailed(
                f"the journal in {self.disk.folder} takes no more: {error}",
                "what was confirmed is safe; see to the disk and start the broker again",
            )
            self._room.notify_all()

    def _tell(self) -> None:
        """Tell all who wait for what is safe now."""
        while True:
            with self._lock:
                fine = bool(self._waiting) and self._waiting[0][0] <= self._safe
                if not self._waiting or not (fine or self._failure is not None):
                    return
                tell = self._waiting.popleft()[1]
            try:
                tell(fine)
            except Exception:
                hook = threading.excepthook
                hook(threading.ExceptHookArgs((*sys.exc_info(), self._thread)))

    def _find_victim(self) -> None:
        """Have what is left of the oldest segment appended again, if there is too much garbage."""
        with self._lock:
            oldest = next(iter(self._segments))
            old = self._segments[oldest]
            if oldest in (self._number, self._victim) or not old.live or self._failure or self._closing:
                return
            behind = [segment for number, segment in self._segments.items() if number != self._number]
            size = sum(segment.size_bytes for segment in behind)
            live = sum(segment.live_bytes for segment in behind)
            if old.live_bytes * SPARSE >= old.size_bytes and size < 2 * live + 2 * self.segment_bytes:
                return
            self._victim = oldest
        for rewrite in self.rewriters:
            rewrite(oldest)

    def close(self, clean: bool = True) -> None:
        """Write and sync what is left, say on disk that the end was in order (``clean``), and let the folder go."""
        with self._lock:
            if self._closing:
                return
            self._closing, self._clean = True, clean
            self._work.notify()
            self._room.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()
        self._file.close()
        self.disk.unlock()
