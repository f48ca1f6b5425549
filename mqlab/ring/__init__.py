"""A lock-free ring buffer between threads, after the LMAX Disruptor, over numpy memory.

:class:`RingBuffer` waits for its slowest consumer and loses nothing; :class:`LappingRing` waits for nobody, and a slow
reader learns what it lost. Handlers are Python functions, or marked :func:`compiled` and then run without the GIL.
"""

from __future__ import annotations

from mqlab.ring.buffer import RingBuffer
from mqlab.ring.compiling import compiled
from mqlab.ring.errors import (
    AlreadyStarted,
    BadRing,
    HandlerFailed,
    NotClaimed,
    NotStarted,
    PastBarrier,
    RingHalted,
    SecondProducer,
)
from mqlab.ring.lapping import LappingReader, LappingRing, Read
from mqlab.ring.waiting import WAITING

__all__ = [
    "WAITING", "AlreadyStarted", "BadRing", "HandlerFailed", "LappingReader", "LappingRing", "NotClaimed", "NotStarted",
    "PastBarrier", "Read", "RingBuffer", "RingHalted", "SecondProducer", "compiled",
]  # fmt: skip
