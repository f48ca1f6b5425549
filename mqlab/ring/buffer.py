"""The ring buffer: memory, producers, the graph of its consumers, and its life from start to close."""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Literal

import numpy as np

from mqlab.ring import kernels
from mqlab.ring.cells import CELLS_MAX, CURSOR, FIRST_FREE, LINE, Cells, aligned, new_cells
from mqlab.ring.compiling import announced
from mqlab.ring.errors import AlreadyStarted, BadRing
from mqlab.ring.publisher import Publisher
from mqlab.ring.reader import Reader
from mqlab.ring.shape import checked_dtype, checked_size
from mqlab.ring.stages import Handler, Stage
from mqlab.ring.waiting import waiting

__all__ = ["RingBuffer"]

Upstream = Stage | Reader


class RingBuffer(Publisher):
    """A lock-free ring of records between threads: producers write, every stage of consumers sees every record.

    Parameters
    ----------
    dtype
        A structured dtype (or what numpy makes one of), without Python objects.
    size
        How many records it holds: a power of two.
    producers
        ``"one"`` thread publishes, or ``"many"`` do. One is quicker; a second thread is then refused.
    wait
        How threads wait: ``blocking``, ``sleeping``, ``yielding`` or ``busy-spin``, the lightest load first, the
        shortest latency last.

    Raises
    ------
    BadRing
        The size is no power of two, the dtype has no named fields or holds objects, an option is unknown.

    Notes
    -----
    A producer waits while the ring is full: while ``next - size`` is beyond the slowest consumer. The design is that of
    the LMAX Disruptor (Thompson and others, *Disruptor*, 2011). Handlers marked ``@compiled`` run without the GIL.

    Examples
    --------
    >>> from mqlab import RingBuffer
    >>> ring = RingBuffer([("price", "i8"), ("amount", "i4")], 1024)
    >>> seen = []
    >>> stage = ring.handle(lambda record, sequence, end: seen.append(int(record["price"])))
    >>> with ring:
    ...     for price in (3, 1, 2):
    ...         ring.publish(price=price, amount=1)
    >>> seen
    [3, 1, 2]
    """

    def __init__(
        self, dtype: Any, size: int, *, producers: Literal["one", "many"] = "one", wait: str = "blocking"
    ) -> None:
        if producers not in ("one", "many"):
            raise BadRing(f"producers is {producers!r}", mend='say "one" or "many"')
        super().__init__()
        self.dtype, self.size = checked_dtype(dtype), checked_size(size)
        self.mask = self.size - 1
        self._fields = self.dtype.names or ()
        self.many = producers == "many"
        self.waiting = waiting(wait)
        self.cells: Cells = new_cells()
        self.records = aligned(self.size, self.dtype)
        self.marks: Cells = aligned(self.size if self.many else 1, np.dtype(np.int64))
        self.marks[:] = -1
        self.gates: Cells = np.empty(0, np.int64)
        self.started = False
        self.stages: list[Stage] = []
        self._all: list[Upstream] = []
        self._next_place = FIRST_FREE
        self._closing = threading.Lock()

    # --- the graph -----

    def handle(
        self, handler: Handler, *, after: Upstream | Iterable[Upstream] = (), state: Any = None, batches: bool = False,
        limit: int | None = None, name: str | None = None,
    ) -> Stage:  # fmt: skip
        """Add a handler with a thread of its own, which sees every record.

        Parameters
        ----------
        handler
            Called as ``handler(record, sequence, end)``, ``end`` telling the last one of a batch; with ``batches`` as
            ``handler(batch, first)``, ``batch`` an array of records and ``first`` the first one's sequence. What it is
            given is the ring's own memory: it may write, for those who come after it, and must not keep it.
        after
            Stages and readers that must be done with a record first.
        state
            If given, one more argument of every call. Compiled handlers remember things in it: an array.
        batches
            Hand over many records at once.
        limit
            At most so many records are given back at once; a quarter of the ring unless said otherwise.
        name
            For messages; the handler's own if left out.

        Raises
        ------
        AlreadyStarted
            The ring runs.
        BadRing
            ``after`` names a stage of another ring, or ``limit`` is out of range.
        """
        return self._add([handler], after, [state], batches, limit, name, pool=False)

    def workers(
        self, handlers: Iterable[Handler], *, after: Upstream | Iterable[Upstream] = (),
        states: Iterable[Any] | None = None, name: str | None = None,
    ) -> Stage:  # fmt: skip
        """Add a pool: each record is seen by exactly one of these handlers, each in a thread of its own.

        Parameters are those of :meth:`handle`, with one state for each handler. Which worker gets which record is left
        to chance; records may be finished out of order.
        """
        each = list(handlers)
        known = [None] * len(each) if states is None else list(states)
        if not each or len(each) != len(known):
            raise BadRing(f"{len(each)} workers with {len(known)} states", mend="give at least one, a state for each")
        return self._add(each, after, known, False, 1, name or "workers", pool=True)

    def reader(self, *, after: Upstream | Iterable[Upstream] = (), name: str = "reader") -> Reader:
        """Add a consumer that pulls records itself; producers wait for it as for any other."""
        upstream, gates, by_marks = self._barrier(after)
        made = Reader(self, name, self._places(1)[0], gates, after=upstream, by_marks=by_marks)
        self._all.append(made)
        return made

    def _add(
        self, handlers: list[Handler], after: Upstream | Iterable[Upstream], states: list[Any], batches: bool,
        limit: int | None, name: str | None, *, pool: bool,
    ) -> Stage:  # fmt: skip
        upstream, gates, by_marks = self._barrier(after)
        most = max(1, self.size // 4) if limit is None else limit
        if not 1 <= most <= self.size:
            raise BadRing(f"limit is {most}", mend=f"it must lie between 1 and the ring's size, {self.size}")
        work = self._places(1)[0] if pool else None
        named = name or str(getattr(handlers[0], "__name__", "handler"))
        stage = Stage(
            self, named, handlers, self._places(len(handlers)), gates,
            after=upstream, by_marks=by_marks, work=work, batches=batches, limit=most, states=states,
        )  # fmt: skip
        self.stages.append(stage)
        self._all.append(stage)
        return stage

    def _barrier(self, after: Upstream | Iterable[Upstream]) -> tuple[tuple[Upstream, ...], Cells, bool]:
        if self.started:
            raise AlreadyStarted(
                "the ring runs, so its consumers are settled",
                mend="add handlers and readers before start(), or use a LappingRing, whose readers come and go",
            )
        upstream = (after,) if isinstance(after, (Stage, Reader)) else tuple(after)
        if any(each not in self._all for each in upstream):
            raise BadRing("`after` is not of this ring", mend="give what its handle(), workers() or reader() gave")
        places = [place for each in upstream for place in each.places]
        return upstream, np.array(places or [CURSOR], np.int64), self.many and not places

    def _places(self, count: int) -> tuple[int, ...]:
        first, self._next_place = self._next_place, self._next_place + count * LINE
        if self._next_place > CELLS_MAX * LINE:
            raise BadRing("too many consumers", mend=f"a ring has room for {CELLS_MAX - FIRST_FREE // LINE} sequences")
        return tuple(range(first, self._next_place, LINE))

    # --- life -----

    def start(self) -> RingBuffer:
        """Start the threads of all handlers.

        Raises
        ------
        AlreadyStarted
            It was started before.
        BadRing
            Nobody reads: a producer would have nobody to wait for.
        """
        if self.started:
            raise AlreadyStarted("the ring was started before", mend="build a new RingBuffer")
        if not self._all:
            raise BadRing("nobody reads this ring", mend="add handle(…), workers(…) or reader() before start()")
        followed = {id(each) for some in self._all for each in some.after}
        last = [place for each in self._all if id(each) not in followed for place in each.places]
        self.gates = np.array(last, np.int64)
        with announced("the ring's kernels and handlers"):
            for stage in self.stages:
                stage.compile()
        self.started = True
        _running.add(self)
        for stage in self.stages:
            stage.start()
        return self

    def published(self) -> int:
        """Give the last sequence published without a hole; -1 before the first."""
        if not self.many:
            return kernels.least(self.cells, np.array([CURSOR]))
        wanted = kernels.least(self.cells, self.gates) + 1
        return kernels.await_marks(self.cells, self.marks, wanted, self.size, 0, 0)

    def drain(self) -> None:
        """Wait until every handler has seen what was published before this call.

        Handlers that come after a reader are waited for only as far as the reader has come.

        Raises
        ------
        HandlerFailed
            A handler raised meanwhile.
        """
        target = self.published()
        for stage in self.stages:
            goal = self._goal(stage, target)
            gates = np.array(stage.places, np.int64)

            def reached(gates: Any = gates, goal: int = goal) -> bool:
                return kernels.least(self.cells, gates) >= goal

            while kernels.await_least(self.cells, gates, goal, self.waiting.spins, self.waiting.yields) < goal:
                self.check()
                self.waiting.rest(self.cells, reached)

    def _goal(self, consumer: Upstream, target: int) -> int:
        goals = [each.sequence if isinstance(each, Reader) else self._goal(each, target) for each in consumer.after]
        return min([target, *goals])

    def close(self, *, drain: bool = True) -> None:
        """Let the handlers finish what is published, stop them, wait for their threads, raise what one of them raised.

        Raises
        ------
        HandlerFailed
            A handler raised.
        """
        with self._closing:
            try:
                if self.started and drain and not kernels.halted(self.cells):
                    self.drain()
            finally:
                self.halt()
                for stage in self.stages:
                    stage.join()
                _running.discard(self)
        if drain and self._failure is not None:
            raise self._failure

    def __enter__(self) -> RingBuffer:
        return self if self.started else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(drain=kind is None)


_running: weakref.WeakSet[RingBuffer] = weakref.WeakSet()


@atexit.register
def _halt_all() -> None:
    """End what still runs before the interpreter takes the memory away from under compiled threads."""
    for ring in list(_running):
        ring.halt()
        for stage in ring.stages:
            stage.join(timeout_s=5.0)  # a handler that hangs must not keep the interpreter
