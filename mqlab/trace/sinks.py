"""Where an engine puts finished rows, block by block.

A sink takes blocks of :data:`~mqlab.trace.schema.EVENT` and :data:`~mqlab.trace.schema.FATE` rows while a run
goes on, and at its close hands out row sources. :class:`MemorySink` keeps them, :class:`ParquetSink` writes
them to two files as they come (so memory does not grow with the run), :class:`NullSink` forgets them.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mqlab.trace.parquet import ParquetRows, ParquetSink
from mqlab.trace.schema import EVENT, FATE, Level, Rows, RowSource

__all__ = ["MemorySink", "NullSink", "ParquetRows", "ParquetSink", "Sink"]


class Sink(Protocol):
    """Takes the rows of a run. A block may be reused by the engine once the call has returned."""

    def events(self, block: NDArray[np.void]) -> None:
        """Take EVENT rows, in order."""
        ...

    def fates(self, block: NDArray[np.void]) -> None:
        """Take FATE rows, in order."""
        ...

    def close(self) -> tuple[RowSource | None, RowSource | None]:
        """End the run; give (fates, events) to read back, None for what the level does not keep."""
        ...


class NullSink:
    """Forgets every row: for runs at level ``counts`` and for benchmarks."""

    def events(self, block: NDArray[np.void]) -> None:
        """Forget the rows."""

    def fates(self, block: NDArray[np.void]) -> None:
        """Forget the rows."""

    def close(self) -> tuple[RowSource | None, RowSource | None]:
        """Give nothing to read back."""
        return None, None


class MemorySink:
    """Keeps the rows of a level in memory.

    Examples
    --------
    >>> sink = MemorySink("fates")
    >>> sink.fates(np.zeros(2, FATE))
    >>> fates, events = sink.close()
    >>> len(fates), events
    (2, None)
    """

    def __init__(self, level: Level = "events") -> None:
        self.level: Level = level
        self._events: list[NDArray[np.void]] = []
        self._fates: list[NDArray[np.void]] = []

    def events(self, block: NDArray[np.void]) -> None:
        """Keep a copy of the block if the level keeps events."""
        if self.level == "events":
            self._events.append(block.copy())

    def fates(self, block: NDArray[np.void]) -> None:
        """Keep a copy of the block if the level keeps fates."""
        if self.level != "counts":
            self._fates.append(block.copy())

    def close(self) -> tuple[RowSource | None, RowSource | None]:
        """Give the rows kept."""
        fates = Rows(_joined(self._fates, FATE)) if self.level != "counts" else None
        events = Rows(_joined(self._events, EVENT)) if self.level == "events" else None
        return fates, events


def _joined(blocks: list[NDArray[np.void]], dtype: np.dtype[np.void]) -> NDArray[np.void]:
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype)
