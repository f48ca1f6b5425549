"""The ring's memory: where each sequence stands, and arrays that begin on a line of the cache.

A sequence is one int64 in a *cell* of its own, 128 bytes wide: two cache lines of x86-64 (which fetches them in
pairs), one of Apple's arm64. No two threads ever write to the same line unless they mean the same sequence.

    cell   0        1      2         3      4         5 …
           cursor   halt   sleepers  room   claimed   sequences of the readers
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "CELLS_MAX", "CLAIMED", "CURSOR", "FIRST_FREE", "HALT", "LINE", "ROOM", "SLEEPERS", "Cells", "aligned", "new_cells",
]  # fmt: skip

Cells = np.ndarray[Any, np.dtype[np.int64]]

LINE = 16
"""int64 words in a cell."""

CURSOR = 0 * LINE
"""One producer: the last published sequence. Many: the last claimed one."""

HALT = 1 * LINE
"""1 once the ring is halted."""

SLEEPERS = 2 * LINE
"""How many threads sleep until somebody wakes them (the wait strategy ``blocking`` only)."""

ROOM = 3 * LINE
"""The slowest reader's sequence as producers saw it last: a hint that is never too high."""

CLAIMED = 4 * LINE
"""One producer: the last claimed sequence."""

FIRST_FREE = 5 * LINE
CELLS_MAX = 256

_LINE_BYTES = 128


def aligned(length: int, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Make an array of zeros that begins at a multiple of 128 bytes."""
    memory = np.zeros(length * dtype.itemsize + _LINE_BYTES, np.uint8)
    start = -memory.ctypes.data % _LINE_BYTES
    return memory[start : start + length * dtype.itemsize].view(dtype)


def new_cells() -> Cells:
    """Make all cells of a ring; sequences begin before the first record, at -1."""
    cells = aligned(CELLS_MAX * LINE, np.dtype(np.int64))
    cells[::LINE] = -1
    cells[HALT] = cells[SLEEPERS] = 0
    return cells
