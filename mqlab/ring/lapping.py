"""A ring that waits for nobody: one writer, any number of readers, and who is too slow knows exactly what it lost.

The writer says how far it is *about* to write (``intent``), writes, and says how far it has written (``cursor``). A
reader copies what lies between its own place and the cursor, and only then looks at the intent: what the writer may
have begun to overwrite meanwhile, everything up to ``intent - size``, is thrown away and counted as lost. So what is
returned was whole when it was copied, and its records follow each other without a gap.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from mqlab.ring.atomics import acquire_fence, load_acquire, load_relaxed, release_fence, store_relaxed, store_release
from mqlab.ring.cells import LINE, aligned
from mqlab.ring.compiling import announced, kernel
from mqlab.ring.errors import BadRing, SecondProducer
from mqlab.ring.shape import checked_dtype, checked_size

__all__ = ["LappingReader", "LappingRing", "Read"]

_CURSOR, _INTENT = 0, LINE


@kernel
def put(cells: Any, memory: Any, given: Any) -> None:
    """Write the records ``given`` after the last one; both are arrays of bytes, a row for each record."""
    size, count = len(memory), len(given)
    last = load_relaxed(cells, _CURSOR)
    store_relaxed(cells, _INTENT, last + count)
    release_fence()  # the intent is seen before any byte of the records
    for i in range(count):
        place = (last + 1 + i) & (size - 1)
        for k in range(memory.shape[1]):
            memory[place, k] = given[i, k]
    store_release(cells, _CURSOR, last + count)


@kernel
def take(cells: Any, memory: Any, wanted: int, into: Any) -> tuple[int, int]:
    """Copy the records from ``wanted`` on into ``into``; give the first sequence that is whole, and the last."""
    size = len(memory)
    cursor = load_acquire(cells, _CURSOR)
    first = max(wanted, cursor - size + 1)
    last = min(cursor, first + len(into) - 1)
    for i in range(last - first + 1):
        place = (first + i) & (size - 1)
        for k in range(memory.shape[1]):
            into[i, k] = memory[place, k]
    acquire_fence()  # every byte is read before the intent is
    return max(first, load_relaxed(cells, _INTENT) - size + 1), last


@dataclass(frozen=True, slots=True)
class Read:
    """What one read brought: copies of records, the first one's sequence, and how many were lost before it."""

    records: Any
    first: int
    lost: int

    def __len__(self) -> int:
        return len(self.records)


class LappingRing:
    """A broadcast ring: its one writer never waits, and overwrites what slow readers have not read yet.

    Parameters
    ----------
    dtype
        A structured dtype without Python objects.
    size
        How many records it holds: a power of two.

    Raises
    ------
    BadRing
        The size is no power of two, or the dtype has no named fields or holds objects.

    Examples
    --------
    >>> from mqlab.ring import LappingRing
    >>> ring = LappingRing([("price", "i8")], 4)
    >>> reader = ring.reader()
    >>> for price in range(10):
    ...     ring.write(price=price)
    >>> read = reader.read()
    >>> read.lost, read.records["price"].tolist()
    (6, [6, 7, 8, 9])
    """

    def __init__(self, dtype: Any, size: int) -> None:
        self.dtype, self.size = checked_dtype(dtype), checked_size(size)
        self.cells = aligned(2 * LINE, np.dtype(np.int64))
        self.cells[_CURSOR] = self.cells[_INTENT] = -1
        self.memory = aligned(self.size * self.dtype.itemsize, np.dtype(np.uint8)).reshape(self.size, -1)
        self._writer: int | None = None
        with announced("the lapping ring's kernels"):
            take(self.cells, self.memory, 0, self.memory[:0].copy())

    @property
    def cursor(self) -> int:
        """The last record written; -1 before the first."""
        return int(self.cells[_CURSOR])

    def write(self, **fields: Any) -> None:
        """Write one record; fields that are not named are 0.

        Raises
        ------
        BadRing
            There is no such field.
        SecondProducer
            Another thread has written before.
        """
        record = np.zeros(1, self.dtype)
        for field, value in fields.items():
            if field not in (self.dtype.names or ()):
                raise BadRing(f"no field {field!r}", mend=f"the fields are {', '.join(self.dtype.names or ())}")
            record[field] = value
        self.write_many(record)

    def write_many(self, records: Any) -> None:
        """Write an array of records of this ring's dtype, in strides of at most half the ring."""
        given = np.ascontiguousarray(records)
        if given.dtype != self.dtype or given.ndim != 1:
            raise BadRing(f"records of dtype {given.dtype}", mend=f"give an array of records of {self.dtype}")
        this = threading.get_ident()
        if self._writer is None:
            self._writer = this
        elif self._writer != this:
            raise SecondProducer("a second thread writes to a lapping ring", mend="let one thread write for all")
        if not len(given):
            return
        rows = given.view(np.uint8).reshape(len(given), -1)
        stride = max(1, self.size // 2)
        for start in range(0, len(rows), stride):
            put(self.cells, self.memory, rows[start : start + stride])

    def reader(self, *, from_start: bool = False) -> LappingReader:
        """Join as a reader: from what comes next, or ``from_start`` from the very first record, lost ones counted."""
        return LappingReader(self, 0 if from_start else int(load_acquire_of(self.cells)) + 1)


@kernel
def load_acquire_of(cells: Any) -> int:
    """Read the cursor, so that what it says is written can be read."""
    return load_acquire(cells, _CURSOR)


class LappingReader:
    """One reader's place in a :class:`LappingRing`; made by :meth:`LappingRing.reader`, used by one thread.

    Attributes
    ----------
    next
        The sequence it reads next.
    lost
        How many records were overwritten before it came.
    """

    def __init__(self, ring: LappingRing, start: int) -> None:
        self.next, self.lost = start, 0
        self._ring = ring

    def read(self, limit: int | None = None) -> Read:
        """Copy what was written since the last read, at most ``limit`` records; say how many were lost before them.

        Raises
        ------
        BadRing
            ``limit`` is below 1.
        """
        ring = self._ring
        if limit is not None and limit < 1:
            raise BadRing(f"a read of at most {limit} records", mend="limit must be 1 or more")
        waiting = max(0, int(load_acquire_of(ring.cells)) - self.next + 1)
        into = np.empty(min(waiting, limit or ring.size, ring.size), ring.dtype)
        rows = into.view(np.uint8).reshape(len(into), ring.dtype.itemsize)
        first, last = take(ring.cells, ring.memory, self.next, rows)
        return self._account(int(first), int(last), into)

    def _account(self, first: int, last: int, into: Any) -> Read:
        """Keep what is whole, count what is lost."""
        begun = last - len(into) + 1
        lost = max(0, first - self.next)
        whole = into[first - begun :] if first <= last else into[:0]
        self.lost += lost
        self.next = max(self.next + lost, last + 1)
        return Read(whole, first, lost)
