"""Atomics under the GIL: one bytecode reads or writes a cell, and a lock makes one step of what takes several."""

from __future__ import annotations

import threading
import time
from typing import Any

__all__ = [
    "acquire_fence", "compare_swap", "fence", "fetch_add", "give_way", "load_acquire", "load_relaxed", "pause",
    "release_fence", "store_relaxed", "store_release",
]  # fmt: skip

_one_step = threading.Lock()


def load_acquire(cells: Any, i: int) -> int:
    """Read a cell."""
    return int(cells[i])


def store_release(cells: Any, i: int, value: int) -> None:
    """Write a cell."""
    with _one_step:  # or a write might fall between the two halves of a fetch_add
        cells[i] = value


load_relaxed = load_acquire
store_relaxed = store_release


def fetch_add(cells: Any, i: int, amount: int) -> int:
    """Add to a cell; return what was there."""
    with _one_step:
        before = int(cells[i])
        cells[i] = before + amount
    return before


def compare_swap(cells: Any, i: int, expected: int, value: int) -> bool:
    """Write a cell if it holds what is expected."""
    with _one_step:
        if int(cells[i]) != expected:
            return False
        cells[i] = value
    return True


def fence() -> None:
    """Do nothing: threads that share the GIL see each other's writes in order."""


acquire_fence = release_fence = fence


def give_way() -> None:
    """Let go of the GIL."""
    time.sleep(0)


pause = give_way
