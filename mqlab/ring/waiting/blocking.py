"""Sleep until woken: no load while nothing comes, and the right choice with fewer cores than threads."""

from __future__ import annotations

import threading
from collections.abc import Callable

from mqlab.ring.cells import Cells
from mqlab.ring.kernels import halted, sleepers_add
from mqlab.ring.waiting.base import Waiting

__all__ = ["Blocking"]


class Blocking(Waiting):
    """Spin 100 times, then sleep on a condition variable."""

    spins = 100
    wakes = True

    def __init__(self) -> None:
        self._changed = threading.Condition()

    def rest(self, cells: Cells, ready: Callable[[], bool], timeout_s: float | None = None) -> None:
        """Sleep until somebody stores a sequence.

        Counted first, looked once more after that, and all with the lock in hand, which ``wake`` needs as well: what
        is stored before the count is seen by the look, what is stored after it wakes.
        """
        with self._changed:
            sleepers_add(cells, 1)
            try:
                if not ready() and not halted(cells):
                    self._changed.wait(timeout_s)
            finally:
                sleepers_add(cells, -1)

    def wake(self) -> None:
        """Wake every thread that sleeps."""
        with self._changed:
            self._changed.notify_all()
