"""What producers do: claim slots, fill them, publish them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from mqlab.ring import kernels, producing
from mqlab.ring.cells import CLAIMED, CURSOR, HALT, ROOM, Cells
from mqlab.ring.claims import Claim
from mqlab.ring.errors import BadRing, NotClaimed, NotStarted, RingHalted, SecondProducer
from mqlab.ring.waiting import Waiting

__all__ = ["Publisher"]


class Publisher:
    """The producers' side of a :class:`~mqlab.ring.RingBuffer`, which gives it its memory."""

    dtype: np.dtype[Any]
    size: int
    mask: int
    many: bool
    started: bool
    waiting: Waiting
    cells: Cells
    marks: Cells
    records: np.ndarray[Any, Any]
    gates: Cells

    def __init__(self) -> None:
        self._producer: int | None = None
        self._failure: BaseException | None = None
        self._fields: tuple[str, ...] = ()
        self._room = -1

    def publish(self, **fields: Any) -> None:
        """Publish one record; fields that are not named are 0.

        Raises
        ------
        RingHalted, HandlerFailed
            The ring was halted, by its owner or by a handler that raised.
        """
        record = tuple([fields.pop(field, 0) for field in self._fields])
        if fields:
            raise BadRing(f"no field {min(fields)!r}", mend=f"the fields are {', '.join(self._fields)}")
        if self.many:
            with self.claim() as claim:
                self.records[claim.first & self.mask] = record
            return
        # The ordinary way of one producer, without a Claim in between: half the time.
        self._may_claim(1)
        self._need_no_claim()
        last = int(self.cells[CLAIMED]) + 1
        if last - self.size > self._room:
            self._await_room(last)
            self._room = int(self.cells[ROOM])
        self.records[last & self.mask] = record
        self.cells[CLAIMED] = last
        if kernels.advance_and_look(self.cells, CURSOR, last, self.waiting.wakes):
            self.waiting.wake()

    def publish_many(self, records: Any) -> None:
        """Publish an array of records of this ring's dtype, or a mapping from fields to columns."""
        if isinstance(records, Mapping):
            columns = records
            records = np.zeros(len(next(iter(columns.values()), ())), self.dtype)
            for field, column in columns.items():
                records[field] = column
        given = np.asarray(records)
        if given.dtype != self.dtype:
            raise BadRing(f"records of dtype {given.dtype}", mend=f"this ring holds {self.dtype}")
        most = max(1, self.size // 4)
        for start in range(0, len(given), most):
            piece = given[start : start + most]
            with self.claim(len(piece)) as claim:
                for first, part in self.parts(claim.first, claim.last):
                    part[:] = piece[first - claim.first : first - claim.first + len(part)]

    def claim(self, n: int = 1) -> Claim:
        """Claim the next ``n`` slots; waits until there is room.

        Raises
        ------
        BadRing
            ``n`` is below 1 or more than the ring can ever hold.
        NotStarted, RingHalted, HandlerFailed, SecondProducer
            The ring cannot be published to, or not by this thread.
        """
        self._may_claim(n)
        if self.many:
            last = kernels.claim(self.cells, n)
        else:
            last = int(self.cells[CLAIMED]) + n
        self._await_room(last)
        if not self.many:
            self.cells[CLAIMED] = last
        return Claim(self, last - n + 1, last)

    def try_claim(self, n: int = 1) -> Claim | None:
        """Claim the next ``n`` slots if there is room now; None otherwise."""
        self._may_claim(n)
        if self.many:
            last = int(kernels.try_claim(self.cells, self.gates, self.size, n))
            return Claim(self, last - n + 1, last) if last >= 0 else None
        last = int(self.cells[CLAIMED]) + n
        if not kernels.room(self.cells, self.gates, self.size, last, 0, 0):
            return None
        self.cells[CLAIMED] = last
        return Claim(self, last - n + 1, last)

    def produce(
        self, fill: Callable[..., Any], count: int, *, batch: int = 1, state: Any = None, batches: bool = False
    ) -> None:
        """Publish ``count`` records that a function fills, in claims of ``batch``.

        A compiled ``fill`` runs without the GIL, together with the claiming and publishing around it.

        Parameters
        ----------
        fill
            Called as ``fill(record, number)``, ``number`` counting this call's records from 0; with ``batches`` as
            ``fill(batch, number)`` with an array of records. One more argument if there is a ``state``.
        """
        self._may_claim(batch)
        if count < 0:
            raise BadRing(f"count is {count}", mend="give 0 or more")
        self._need_no_claim()
        producing.produce(self, fill, count, batch, state, batches=batches)

    def publish_claim(self, claim: Claim) -> None:
        """Let the readers see a claim's records; :meth:`Claim.publish` calls it."""
        if self.many:
            kernels.publish_marks(self.marks, claim.first, claim.last)
        else:
            cursor = int(self.cells[CURSOR])
            if claim.first != cursor + 1 or claim.last > self.cells[CLAIMED]:
                raise NotClaimed(
                    f"sequences {claim.first} to {claim.last} cannot be published after {cursor}",
                    mend="publish claims in the order in which they were made; giving one up gives up those after it",
                )
            kernels.advance(self.cells, CURSOR, claim.last)
        self.stored()

    def give_up_claim(self, claim: Claim) -> None:
        """Take a claim back, with everything claimed after it; with many producers that halts the ring."""
        if self.many:
            self.fail(RingHalted(f"sequences {claim.first} to {claim.last} were claimed and never published"))
        else:
            self.cells[CLAIMED] = min(int(self.cells[CLAIMED]), claim.first - 1)

    def _may_claim(self, n: int) -> None:
        if not self.started:
            raise NotStarted("the ring does not run yet", mend="start() it, or use it in `with ring:`")
        if self.cells[HALT]:
            self.check()
        if not 1 <= n <= self.size:
            raise BadRing(f"a claim of {n}", mend=f"between 1 and the ring's size, {self.size}, can be claimed at once")
        if not self.many:
            this = threading.get_ident()
            if self._producer is None:
                self._producer = this
            elif self._producer != this:
                raise SecondProducer(
                    "a second thread publishes to a ring of one producer", mend='build it with producers="many"'
                )

    def _need_no_claim(self) -> None:
        if not self.many and self.cells[CLAIMED] != self.cells[CURSOR]:
            raise NotClaimed(
                f"sequence {self.cells[CLAIMED] + 1} comes after a claim that is still open",
                mend="publish it, or give it up, first",
            )

    def _await_room(self, last: int) -> None:
        def ready() -> bool:
            return bool(kernels.room(self.cells, self.gates, self.size, last, 0, 0))

        wait = self.waiting
        while not kernels.room(self.cells, self.gates, self.size, last, wait.spins, wait.yields):
            self.check()
            wait.rest(self.cells, ready)



    def parts(self, first: int, last: int) -> Iterator[tuple[int, Any]]:
        """Give the records from ``first`` to ``last`` as one array, or two where the end of the memory lies between."""
        start = first & self.mask
        stop = start + last - first + 1
        yield first, self.records[start : min(stop, self.size)]
        if stop > self.size:
            yield first + self.size - start, self.records[: stop - self.size]

    def stored(self) -> None:
        """Wake whoever sleeps, after a sequence was stored."""
        if self.waiting.wakes and kernels.is_awaited(self.cells):
            self.waiting.wake()

    def halt(self) -> None:
        """Stop every thread at its next look; what was not handled by then stays unhandled."""
        kernels.raise_halt(self.cells)
        self.waiting.wake()

    def fail(self, error: BaseException) -> None:
        """Halt because of an error; the first one is told by whoever comes next."""
        if self._failure is None:
            self._failure = error
        self.halt()

    def check(self) -> None:
        """Raise what halted the ring, if it is halted.

        Raises
        ------
        HandlerFailed
            A handler raised.
        RingHalted
            It was halted otherwise.
        """
        if kernels.halted(self.cells):
            if self._failure is not None:
                raise self._failure
            raise RingHalted("the ring was halted; build a new one to go on")
