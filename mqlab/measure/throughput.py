"""Throughput while it lasts: what is processed between the end of warm-up and the moment when producers stop."""

from __future__ import annotations

import numpy as np

from mqlab.trace.schema import Trace

__all__ = ["middle_rate_per_s", "sustained_per_s"]


def sustained_per_s(trace: Trace, what: str = "processed") -> float | None:
    """Count what is processed (or another series that counts) per second while producers produce, warm-up left out.

    It comes from the time series, so the window is cut to whole bins. None if no bin fits into it. The plain ratio
    ``throughput_per_s.processed`` also divides by the drain, in which nothing new comes.

    Examples
    --------
    >>> sustained_per_s(trace)                                                          # doctest: +SKIP
    7899.4
    """
    bin_ns = trace.counters.bin_ns
    first, last = -(-trace.warmup_ns // bin_ns), trace.producing_ns // bin_ns
    if last <= first:
        return None
    done = trace.counters.series[what][first:last].sum()
    return float(done) / ((last - first) * bin_ns / 1e9)


def middle_rate_per_s(trace: Trace, what: str) -> float | None:
    """Rate of the middle four fifths of ``what`` (a name of :data:`mqlab.trace.schema.SERIES` that counts).

    From the moment when a tenth of them had happened to that when nine tenths had, taken from the time series and put
    in between its bins; so neither beginning nor end of a run counts. None if hardly anything happened.

    Examples
    --------
    >>> middle_rate_per_s(trace, "confirmed")                                           # doctest: +SKIP
    812345.6
    """
    done = np.concatenate([[0], np.cumsum(trace.counters.series[what])])
    total = int(done[-1])
    if total < 10:
        return None
    ends = np.arange(len(done)) * float(trace.counters.bin_ns)
    first, last = np.interp([0.1 * total, 0.9 * total], done, ends)
    return None if last <= first else 0.8 * total / ((last - first) / 1e9)
