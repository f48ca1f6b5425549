"""Consumers with threads of their own: a handler that sees every record, and pools whose workers share them.

A stage owns one sequence for each of its threads. Who comes after it waits for all of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mqlab.ring import kernels, loops
from mqlab.ring.compiling import is_compiled
from mqlab.ring.errors import HandlerFailed

if TYPE_CHECKING:
    from mqlab.ring.buffer import RingBuffer

__all__ = ["Stage"]

Handler = Callable[..., Any]


class Stage:
    """One or several handlers and their threads. Made by :meth:`RingBuffer.handle` and :meth:`RingBuffer.workers`."""

    def __init__(
        self, ring: RingBuffer, name: str, handlers: list[Handler], places: tuple[int, ...], gates: Any, *,
        after: tuple[Any, ...], by_marks: bool, work: int | None, batches: bool, limit: int, states: list[Any],
    ) -> None:  # fmt: skip
        self.name, self.places, self.after = name, places, after
        self._ring, self._handlers, self._gates, self._by_marks = ring, handlers, gates, by_marks
        self._work, self._batches, self._limit, self._states = work, batches, limit, states
        self._threads: list[threading.Thread] = []
        self._bodies: list[Callable[[Any], None]] = []

    @property
    def sequence(self) -> int:
        """Every record up to this one is handled; -1 before the first."""
        return kernels.least(self._ring.cells, np.array(self.places))

    def compile(self) -> None:
        """Compile the loops around handlers marked ``@compiled``."""
        self._bodies = [self._body(*each) for each in zip(self._handlers, self.places, self._states, strict=True)]

    def start(self) -> None:
        """Start the threads."""
        for number, body in enumerate(self._bodies):
            name = self.name if len(self._bodies) == 1 else f"{self.name}[{number}]"
            thread = threading.Thread(target=self._run, args=(name, body), name=f"ring-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until the threads have ended (all but the caller's own, should a handler close its ring)."""
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout_s)

    def _run(self, name: str, turn: Callable[[Any], None]) -> None:
        """Take turns until the ring is halted: work while there is some, then wake, then rest."""
        ring = self._ring
        own = np.full(16, -1, np.int64)
        try:
            while not kernels.halted(ring.cells):
                turn(own)
        except BaseException as error:  # whatever a handler raises comes out of close()
            failed = HandlerFailed(name, int(own[0]), error)
            failed.__cause__ = error
            ring.fail(failed)

    def _body(self, handler: Handler, place: int, state: Any) -> Callable[[Any], None]:
        make = self._compiled if is_compiled(handler) else self._interpreted
        step = make(handler, place, state)
        ring, waiting = self._ring, self._ring.waiting

        def turn(own: Any) -> None:
            before = self._progress(place)
            step(own)
            if self._progress(place) != before:
                ring.stored()
            else:
                waiting.rest(ring.cells, lambda: self._available(place, own))

        return turn

    def _progress(self, place: int) -> int:
        return int(self._ring.cells[place])

    def _wanted(self, place: int, own: Any) -> int:
        return self._progress(place) + 1 if self._work is None else int(own[1])

    def _look(self, wanted: int, limit: int, spins: int, yields: int) -> int:
        ring = self._ring
        if self._by_marks:
            return int(kernels.await_marks(ring.cells, ring.marks, wanted, limit, spins, yields))
        return int(min(kernels.await_least(ring.cells, self._gates, wanted, spins, yields), wanted + limit - 1))

    def _available(self, place: int, own: Any) -> bool:
        wanted = self._wanted(place, own)
        return self._look(wanted, 1, 0, 0) >= wanted

    def _compiled(self, handler: Handler, place: int, state: Any) -> Callable[[Any], None]:
        ring, waiting = self._ring, self._ring.waiting
        pool = self._work is not None
        loop = loops.handler_loop_of(handler, batches=self._batches, takes_state=state is not None, pool=pool)
        known = np.zeros(1, np.int64) if state is None else state
        common = (ring.cells, ring.marks, ring.records, self._gates)
        pace = (waiting.spins, waiting.yields, waiting.wakes)
        arguments: tuple[Any, ...]
        if self._work is None:
            arguments = (*common, place, self._by_marks, self._limit, *pace)
        else:
            arguments = (*common, place, self._work, self._by_marks, *pace)
        loops.compile_for(loop, (*arguments, np.zeros(16, np.int64), known))
        return lambda own: loop(*arguments, own, known)

    def _interpreted(self, handler: Handler, place: int, state: Any) -> Callable[[Any], None]:
        ring, waiting = self._ring, self._ring.waiting
        extra = () if state is None else (state,)
        how = self._in_batches if self._batches else self._one_by_one

        def step(own: Any) -> None:
            if self._work is None:
                wanted, limit = self._progress(place) + 1, self._limit
            else:
                wanted, limit = loops.take_turn(ring.cells, self._work, place, own), 1
            last = self._look(wanted, limit, waiting.spins, waiting.yields)
            if last < wanted or kernels.halted(ring.cells):
                return
            how(handler, wanted, last, own, extra)
            if self._work is None:
                kernels.advance(ring.cells, place, last)
            else:
                own[1] = -1
                loops.take_turn(ring.cells, self._work, place, own)

        return step

    def _one_by_one(self, handler: Handler, first: int, last: int, own: Any, extra: tuple[Any, ...]) -> None:
        records, mask = self._ring.records, self._ring.mask
        for sequence in range(first, last + 1):
            own[0] = sequence
            handler(records[sequence & mask], sequence, sequence == last, *extra)

    def _in_batches(self, handler: Handler, first: int, last: int, own: Any, extra: tuple[Any, ...]) -> None:
        for start, part in self._ring.parts(first, last):
            own[0] = start
            handler(part, start, *extra)
