"""Spin, give way, then sleep for moments: next to no load while nothing comes, up to 0.2 ms late when it does."""

from __future__ import annotations

import time
from collections.abc import Callable

from mqlab.ring.cells import Cells
from mqlab.ring.waiting.base import Waiting

__all__ = ["Sleeping"]

_MOMENT_S = 100e-6


class Sleeping(Waiting):
    """Spin 100 times, give way 100 times, then sleep 0.1 ms at a time."""

    spins = 100
    yields = 100

    def rest(self, cells: Cells, ready: Callable[[], bool], timeout_s: float | None = None) -> None:
        """Sleep for a moment."""
        time.sleep(_MOMENT_S)
