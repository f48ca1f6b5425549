"""What the ring asks of a wait strategy."""

from __future__ import annotations

from collections.abc import Callable

from mqlab.ring.cells import Cells

__all__ = ["Waiting"]


class Waiting:
    """Spin ``spins`` times, give way ``yields`` times, then rest; and again.

    ``wakes`` says that resting threads must be woken: who stores a sequence then looks whether somebody sleeps.
    """

    spins = 0
    yields = 0
    wakes = False

    def rest(self, cells: Cells, ready: Callable[[], bool], timeout_s: float | None = None) -> None:
        """Wait in Python for a while, at most until ``ready``."""

    def wake(self) -> None:
        """Wake every thread that rests."""
