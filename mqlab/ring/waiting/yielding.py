"""Spin a little, then let other threads have the core: short latency as long as there are cores enough."""

from __future__ import annotations

from mqlab.ring.waiting.base import Waiting

__all__ = ["Yielding"]


class Yielding(Waiting):
    """Spin 100 times, then give way (``sched_yield``) up to 10,000 times before Python has a look."""

    spins = 100
    yields = 10_000
