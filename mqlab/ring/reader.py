"""One consumer's place in the ring: how far it has come, and how far it may go.

A reader waits at its barrier: the cursor, or the sequences of those it comes after. Everything up to there it may read
in one batch; then it moves its own sequence, and producers may use those slots again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mqlab.ring import kernels
from mqlab.ring.errors import NotStarted, PastBarrier

if TYPE_CHECKING:
    from mqlab.ring.buffer import RingBuffer

__all__ = ["Reader"]


class Reader:
    """Pulls records, at its own pace, in the thread of whoever calls. Made by :meth:`RingBuffer.reader`.

    Examples
    --------
    >>> from mqlab import RingBuffer
    >>> ring = RingBuffer([("price", "i8")], 8)
    >>> reader = ring.reader()
    >>> with ring:
    ...     ring.publish(price=7)
    ...     ring.publish(price=9)
    ...     [int(record["price"]) for record in reader.batch()]
    [7, 9]
    """

    def __init__(
        self, ring: RingBuffer, name: str, place: int, gates: Any, *, after: tuple[Any, ...], by_marks: bool
    ) -> None:
        self.name, self.after = name, after
        self._ring, self._place, self._gates, self._by_marks = ring, place, gates, by_marks
        self.places = (place,)

    @property
    def sequence(self) -> int:
        """The last record this reader is done with; -1 before the first."""
        return kernels.least(self._ring.cells, np.array([self._place]))

    def barrier(self, spins: int = 0, yields: int = 0, limit: int | None = None) -> int:
        """Tell up to which sequence this reader may read now."""
        ring, wanted = self._ring, self.sequence + 1
        most = len(ring.records) if limit is None else limit
        if self._by_marks:
            return kernels.await_marks(ring.cells, ring.marks, wanted, most, spins, yields)
        return min(kernels.await_least(ring.cells, self._gates, wanted, spins, yields), wanted + most - 1)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until there is something to read; tell whether there is.

        Raises
        ------
        RingHalted
            The ring was halted, and there is nothing left to read.
        """
        ring = self._ring
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            waiting = ring.waiting
            if self.barrier(waiting.spins, waiting.yields) > self.sequence:
                return True
            ring.check()
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            waiting.rest(ring.cells, self._is_ready, left)

    def _is_ready(self) -> bool:
        return self.barrier() > self.sequence

    def __getitem__(self, sequence: int) -> Any:
        """Look at one record between this reader's sequence and its barrier.

        Raises
        ------
        PastBarrier
            It may not be read yet, or was given back.
        """
        self._need_start()
        if sequence <= self.sequence:
            raise PastBarrier(
                f"reader {self.name!r} gave back sequence {sequence} already",
                mend=f"it may read from {self.sequence + 1}; call done() after the last use of a record",
            )
        barrier = self.barrier()
        if sequence > barrier:
            raise PastBarrier(
                f"reader {self.name!r} may read up to sequence {barrier}, not {sequence}",
                mend="wait() until its barrier has moved",
            )
        return self._ring.records[sequence & self._ring.mask]

    def done(self, sequence: int) -> None:
        """Give back every record up to ``sequence``.

        Raises
        ------
        PastBarrier
            The reader may not have read that far, or has come further already.
        """
        self._need_start()
        if not self.sequence <= sequence <= self.barrier():
            raise PastBarrier(
                f"reader {self.name!r} cannot be done with sequence {sequence}",
                mend=f"it has come to {self.sequence} and may read up to {self.barrier()}",
            )
        kernels.advance(self._ring.cells, self._place, sequence)
        self._ring.stored()

    def batch(self, limit: int | None = None) -> Iterator[Any]:
        """Read what is there now, record by record; give it all back at the end.

        A loop that is left early gives back only what it has come past.
        """
        self._need_start()
        last = self.barrier(limit=limit)
        done = self.sequence
        records, mask = self._ring.records, self._ring.mask
        try:
            for sequence in range(done + 1, last + 1):
                yield records[sequence & mask]
                done = sequence
        finally:
            if done > self.sequence:
                self.done(done)

    def _need_start(self) -> None:
        if not self._ring.started:
            raise NotStarted("the ring does not run yet", mend="start() it, or use it in `with ring:`")
