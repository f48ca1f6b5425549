"""Histograms of durations: which bucket a value falls into, and quantiles read back from the counts.

Values below 256 ns have a bucket each; above, every octave is cut into 128 buckets of equal width (as in HDR
histograms). A bucket is at most 1/128 of its values wide, so its middle is off by less than 0.4 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mqlab.trace.schema import HISTOGRAM_BITS, Counters

__all__ = ["BUCKETS", "QUANTILES", "bucket_bounds", "bucket_of", "buckets_of", "describe", "quantile"]

EXACT = 1 << HISTOGRAM_BITS
STEPS = EXACT >> 1
BUCKETS = EXACT + (63 - HISTOGRAM_BITS) * STEPS
"""How many buckets there are: enough for every int64."""

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
"""The quantiles a summary gives, by name."""


def bucket_of(value: int) -> int:
    """Find the bucket of a duration in nanoseconds.

    Raises
    ------
    ValueError
        The value is negative or beyond int64.

    Examples
    --------
    >>> bucket_of(255), bucket_of(256), bucket_of(257), bucket_of(258)
    (255, 256, 256, 257)
    """
    if not 0 <= value < 1 << 63:
        raise ValueError(f"{value} has no bucket")
    if value < EXACT:
        return int(value)
    octave = int(value).bit_length() - 1
    return EXACT + (octave - HISTOGRAM_BITS) * STEPS + (int(value) >> (octave - HISTOGRAM_BITS + 1)) - STEPS


def buckets_of(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find the buckets of many durations (int64, none negative).

    Examples
    --------
    >>> buckets_of(np.array([255, 256, 258])).tolist()
    [255, 256, 257]
    """
    values = np.asarray(values, np.int64)
    octave = np.minimum(np.frexp(values.astype(np.float64))[1].astype(np.int64) - 1, 62)
    octave -= (values >> np.maximum(octave, 0)) == 0  # rounding to float64 may have reached the next octave
    shift = np.maximum(octave - HISTOGRAM_BITS + 1, 1)
    coarse = EXACT + (shift - 1) * STEPS + (values >> shift) - STEPS
    return np.where(values < EXACT, values, coarse)


def bucket_bounds(bucket: int) -> tuple[int, int]:
    """Give the values of a bucket: from the first (included) to the second (excluded), in nanoseconds.

    Raises
    ------
    ValueError
        There is no such bucket.

    Examples
    --------
    >>> bucket_bounds(7), bucket_bounds(256), bucket_bounds(BUCKETS - 1)[1] == 2**63
    ((7, 8), (256, 258), True)
    """
    if not 0 <= bucket < BUCKETS:
        raise ValueError(f"there is no bucket {bucket}")
    if bucket < EXACT:
        return int(bucket), int(bucket) + 1
    octaves, step = divmod(int(bucket) - EXACT, STEPS)
    width = 1 << (octaves + 1)
    return (STEPS + step) * width, (STEPS + step + 1) * width


def quantile(
    counts: NDArray[np.int64], q: float, *, least: int | None = None, most: int | None = None
) -> int | None:
    """Read a quantile from a histogram: the middle of the bucket of the value that has rank ⌈q·n⌉.

    Parameters
    ----------
    counts
        Counts per bucket.
    q
        From 0 to 1.
    least, most
        The smallest and the largest value, if known; the answer is clipped to them.

    Returns
    -------
    int or None
        Nanoseconds, off by less than 0.4 %; None if nothing was counted.

    Raises
    ------
    ValueError
        ``q`` is not between 0 and 1.

    Examples
    --------
    >>> counts = np.bincount(buckets_of(np.array([10, 20, 30, 40_000])), minlength=BUCKETS)
    >>> quantile(counts, 0.5), quantile(counts, 0.99), quantile(counts, 0.99, most=40_000)
    (20, 40063, 40000)
    """
    if not 0 <= q <= 1:
        raise ValueError(f"the quantile {q} is not between 0 and 1")
    return _read(np.cumsum(counts), q, least, most)


def _read(running: NDArray[np.int64], q: float, least: int | None, most: int | None) -> int | None:
    """Read a quantile from counts added up."""
    total = int(running[-1]) if len(running) else 0
    if total == 0:
        return None
    rank = max(1, math.ceil(round(q * total, 6)))  # 0.999 · 1000 is 999, whatever floats say
    low, high = bucket_bounds(int(np.searchsorted(running, rank)))
    value = low + (high - low - 1) // 2
    if most is not None:
        value = min(value, most)
    return value if least is None else max(value, least)


def describe(counters: Counters, stage: str) -> dict[str, int | float | None]:
    """Describe one stage: count, mean, p50, p90, p99, p999 and max, in ns; None where nothing was counted.

    Examples
    --------
    >>> describe(trace.counters, "latency")["p99"]                                     # doctest: +SKIP
    12345678
    """
    moments: Mapping[str, Any] = counters.moments
    count, total, least, most = moments.get(stage, (0, 0.0, -1, -1))
    if count == 0:
        return {"count": 0, "mean": None, **dict.fromkeys(QUANTILES), "max": None}
    running = np.cumsum(counters.histograms[stage])
    found = {name: _read(running, q, int(least), int(most)) for name, q in QUANTILES.items()}
    return {"count": int(count), "mean": float(total) / int(count), **found, "max": int(most)}
