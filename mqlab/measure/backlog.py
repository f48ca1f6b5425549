"""Backlog: copies that stand in queues or wait for their acknowledgement, as the time series show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mqlab.trace.schema import Trace

__all__ = ["Peak", "backlog", "drain_ns", "peak"]


@dataclass(frozen=True, slots=True)
class Peak:
    """The largest backlog at the end of a bin, and when it was first reached."""

    count: int
    time_ns: int


def backlog(trace: Trace) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the backlog over time: (ends of the bins in ns, ready + unacknowledged copies of all queues then).

    Examples
    --------
    >>> times_ns, copies = backlog(trace)                                               # doctest: +SKIP
    """
    series = trace.counters.series
    copies = series["ready"].astype(np.int64) + series["unacked"].astype(np.int64)
    ends = (np.arange(len(copies), dtype=np.int64) + 1) * trace.counters.bin_ns
    return np.minimum(ends, trace.duration_ns), copies


def peak(trace: Trace) -> Peak:
    """Find the largest backlog (as seen at the ends of bins)."""
    times, copies = backlog(trace)
    if not len(copies):
        return Peak(0, 0)
    place = int(copies.argmax())
    return Peak(int(copies[place]), int(times[place]))


def drain_ns(trace: Trace, *, since_ns: int | None = None) -> int | None:
    """Tell how long the queues took to become empty, and stay so, after a moment.

    Parameters
    ----------
    since_ns
        The moment; when producers stopped, unless given.

    Returns
    -------
    int or None
        Nanoseconds, to the precision of a bin; 0 if nothing stood there; None if they never became empty
        for good.
    """
    since_ns = trace.producing_ns if since_ns is None else since_ns
    times, copies = backlog(trace)
    if not len(copies) or copies[-1] > 0:
        return None if len(copies) else 0
    filled = np.flatnonzero((copies > 0) & (times >= since_ns))
    if not len(filled):
        return 0
    return int(times[filled[-1] + 1]) - since_ns
