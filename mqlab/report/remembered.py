"""Rows that are read once: a report looks at the same columns and messages again and again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mqlab.trace.schema import RowSource, Trace

__all__ = ["Remembered", "remembering"]


class Remembered:
    """A row source that keeps every column and message it has read, for as long as it lives.

    Examples
    --------
    >>> from mqlab.trace.schema import EVENT, Rows
    >>> rows = Remembered(Rows(np.zeros(3, EVENT)))
    >>> rows.column("kind") is rows.column("kind"), len(rows)
    (True, 3)
    """

    def __init__(self, source: RowSource) -> None:
        self._source = source
        self._columns: dict[str, NDArray[Any]] = {}
        self._messages: dict[int, NDArray[np.void]] = {}

    def __len__(self) -> int:
        return len(self._source)

    def column(self, name: str) -> NDArray[Any]:
        """One column, in row order."""
        if name not in self._columns:
            self._columns[name] = self._source.column(name)
        return self._columns[name]

    def of_message(self, message: int) -> NDArray[np.void]:
        """All rows of one message, in order."""
        if message not in self._messages:
            self._messages[message] = self._source.of_message(message)
        return self._messages[message]

    def between(self, start_ns: int, stop_ns: int) -> NDArray[np.void]:
        """All rows with start_ns ≤ time_ns < stop_ns, in order."""
        return self._source.between(start_ns, stop_ns)


def remembering(trace: Trace) -> Trace:
    """Give the same trace, with rows that are read once."""
    return replace(
        trace,
        fates=None if trace.fates is None else Remembered(trace.fates),
        events=None if trace.events is None else Remembered(trace.events),
    )
