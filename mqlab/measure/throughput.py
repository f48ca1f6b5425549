"""Throughput while it lasts: what is processed between the end of warm-up and the moment when producers stop."""

from __future__ import annotations

from mqlab.trace.schema import Trace

__all__ = ["sustained_per_s"]


def sustained_per_s(trace: Trace) -> float | None:
    """Count what is processed per second while producers produce, warm-up left out.

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
    done = trace.counters.series["processed"][first:last].sum()
    return float(done) / ((last - first) * bin_ns / 1e9)
