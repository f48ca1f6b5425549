"""Arrivals whose times are known beforehand: bursts, and what was recorded. Members take the messages in turn."""

from __future__ import annotations

from mqlab.core.codes import ARRIVALS_BURST
from mqlab.core.records import producers, recorded, sources
from mqlab.jit import State, kernel

__all__ = ["next_known", "recorded_key", "recorded_size"]


@kernel
def _row(s: State, producer: int, sequence: int) -> int:
    """Find the record of a producer's message."""
    p = producers(s, producer)
    return int(sources(s, p["source"])["first"] + p["first"] + sequence * p["step"])


@kernel
def next_known(s: State, producer: int) -> int:
    """Look up when the next message is due."""
    p = producers(s, producer)
    n = p["sequence"]
    if p["arrivals"] != ARRIVALS_BURST:
        return p["start"] + int(recorded(s, _row(s, producer, n))["time"])
    source = sources(s, p["source"])
    place = p["first"] + n * p["step"]
    of = source["of"]
    burst = place // of
    within = int(float(place - burst * of) * float(source["over"]) / float(of))
    return p["start"] + burst * source["every"] + within


@kernel
def recorded_key(s: State, producer: int, sequence: int) -> int:
    """Look up the business key of a message."""
    return int(recorded(s, _row(s, producer, sequence))["key"])


@kernel
def recorded_size(s: State, producer: int, sequence: int) -> int:
    """Look up the size of a message."""
    return int(recorded(s, _row(s, producer, sequence))["size"])
