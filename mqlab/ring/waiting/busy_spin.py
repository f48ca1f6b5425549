"""Never let go of the core: the shortest latency, if every thread has a core for itself."""

from __future__ import annotations

from mqlab.ring.waiting.base import Waiting

__all__ = ["BusySpin"]


class BusySpin(Waiting):
    """Spin with the processor's pause hint; come back to Python some 30 times a second, for Ctrl-C."""

    spins = 1 << 17
