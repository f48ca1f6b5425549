"""The machine: the records of one run, kept alive, grown and drained by Python while kernels work on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mqlab.core import codes
from mqlab.core.build import Built
from mqlab.core.loop import advance
from mqlab.core.records import ARRAYS
from mqlab.errors import EngineError
from mqlab.jit import JIT, handle_of

__all__ = ["BUDGET", "Machine"]

_NEVER = 2**62
Drain = Callable[[NDArray[Any]], None]

BUDGET = 1_000_000 if JIT else 10_000
"""Events between two looks at the clock: a fraction of a second."""

_GROWING = {"copies": "copy_fresh", "deliveries": "delivery_fresh", "heap": "heap_n", "outbox": "outbox_n"}
_FULL = {
    # array: (field that says when it is full, headroom of one event in units of run["room"])
    "copies": ("copies_full", 1), "deliveries": ("deliveries_full", 1), "heap": ("heap_full", 1),
    "outbox": ("outbox_full", 1), "event_rows": ("events_full", 8), "fate_rows": ("fates_full", 2),
}  # fmt: skip
_BESIDE = {"copies": "extras"}
"""Arrays with a record beside each record of another, where the model needs them."""
_DRAINED = {"event_rows": "event_n", "fate_rows": "fate_n"}


class Machine:
    """Runs kernels over the records of one model.

    What it runs is said by attributes, so that another program (:mod:`mqlab.core.log`) has another kind of machine.

    Parameters
    ----------
    built
        The records, from :func:`mqlab.core.build.build`.
    drain_events, drain_fates
        Called with a block of finished rows whenever one is full; the block is reused afterwards.
    """

    layout: tuple[tuple[str, np.dtype[Any]], ...] = ARRAYS
    growing: Mapping[str, str] = _GROWING
    full: Mapping[str, tuple[str, int]] = _FULL
    beside: Mapping[str, str] = _BESIDE
    spare: Mapping[str, int] = {}
    program: Callable[[Any, int, int], int] = staticmethod(advance)

    def __init__(self, built: Built, drain_events: Drain, drain_fates: Drain) -> None:
        self.built = built
        self._names = [name for name, _ in self.layout]
        self._arrays: list[NDArray[Any]] = [built.arrays[name] for name in self._names]
        self._directory = np.zeros(2 * len(self.layout), np.int64)
        self._drains = {"event_rows": drain_events, "fate_rows": drain_fates}
        self._handle = handle_of(self._arrays, self._directory)
        self.run = built.arrays["runs"][0]
        self._note_sizes()

    def array(self, name: str) -> NDArray[Any]:
        """Get the records called ``name`` as they are now."""
        return self._arrays[self._names.index(name)]

    def _double(self, name: str) -> None:
        self._grow(name)
        beside = self.beside.get(name)
        while beside:
            if len(self.array(beside)) > 1:
                self._grow(beside)
            beside = self.beside.get(beside)
        self._handle = handle_of(self._arrays, self._directory)
        self._note_sizes()

    def _grow(self, name: str) -> None:
        array = self.array(name)
        bigger = np.zeros(2 * len(array), array.dtype)
        bigger[: len(array)] = array
        self._arrays[self._names.index(name)] = bigger

    def _note_sizes(self) -> None:
        room, level = int(self.run["room"]), int(self.run["level"])
        kept = {"event_rows": level >= codes.LEVEL_EVENTS, "fate_rows": level >= codes.LEVEL_FATES}
        for name, (field, rooms) in self.full.items():
            headroom = rooms * room + self.spare.get(name, 0)
            self.run[field] = len(self.array(name)) - headroom if kept.get(name, True) else _NEVER
        self.run["bins"] = len(self.array("series"))

    def advance(self, horizon_ns: int) -> int:
        """Let events happen before ``horizon_ns``; return R_REACHED, R_OUTSIDE or R_PAUSE of the codes.

        Raises
        ------
        EngineError
            If the world asked for something that does not exist.
        """
        while True:
            reason = self._call(horizon_ns)
            if reason == codes.R_ROOM:
                self._make_room()
            elif reason == codes.R_BAD_COMMAND:
                raise EngineError("the world asked for something that does not exist (a stale or unknown handle)")
            else:
                return reason

    def _call(self, horizon_ns: int) -> int:
        if JIT:
            return int(self.program(self._handle, horizon_ns, BUDGET))
        with np.errstate(over="ignore"):  # interpreted, numpy would report each wrap of unsigned mixing
            return int(self.program(self._handle, horizon_ns, BUDGET))

    def _make_room(self) -> None:
        """Drain finished rows, and double whatever is short of headroom."""
        for name in _DRAINED:
            self.drain(name)
        for name, used in self.growing.items():
            if int(self.run[used]) > int(self.run[self.full[name][0]]):
                self._double(name)

    def drain(self, name: str) -> None:
        """Hand the finished rows of a block to whoever wants them."""
        used = _DRAINED[name]
        n = int(self.run[used])
        if n:
            self._drains[name](self.array(name)[:n])
            self.run[used] = 0

    def command(self, time_ns: int, kind: int, a: int, b: int = 0, c: int = 0) -> None:
        """Put a command of the world into the inbox; it is executed first thing at the next advance."""
        n = int(self.run["inbox_n"])
        if n == len(self.array("inbox")):
            self._double("inbox")
        self.array("inbox")[n] = (time_ns, kind, a, b, c)
        self.run["inbox_n"] = n + 1

    def stops(self) -> list[tuple[int, int, int, int, int]]:
        """Take the stops for the world: (reason, entity, handle, serial, detail)."""
        n = int(self.run["outbox_n"])
        taken: list[tuple[int, int, int, int, int]] = self.array("outbox")[:n].tolist()
        self.run["outbox_n"] = 0
        return taken

    def finish(self, end_ns: int) -> None:
        """End the run at ``end_ns``: whatever is still alive gets its row, and all rows are drained."""
        self.run["now"] = end_ns
        self.run["finishing"] = 1
        self.run["cursor"] = 0
        self.advance(end_ns)
        for name in _DRAINED:
            self.drain(name)
