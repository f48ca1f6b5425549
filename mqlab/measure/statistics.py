"""Confidence in simulated means: Student's t over replications, and batch means for one long run.

Source: A. M. Law, Simulation Modeling and Analysis, chapters 4 and 9; the distribution function is
Abramowitz and Stegun 26.7.3 and 26.7.4, exact for whole degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

__all__ = ["Interval", "batch_means", "mean_interval", "student_cdf", "student_quantile"]

NEARLY_NORMAL = 2_000
"""From so many degrees of freedom on, an expansion around the normal quantile is good to ten digits."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and how far the true one may be off."""

    mean: float
    half_width: float
    """NaN with fewer than two values."""
    confidence: float
    count: int
    """How many values (replications or batches)."""

    @property
    def low(self) -> float:
        """The lower end."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """The upper end."""
        return self.mean + self.half_width

    def covers(self, value: float) -> bool:
        """Whether a value lies within."""
        return self.low <= value <= self.high


def student_cdf(t: float, degrees: int) -> float:
    """Give the probability that Student's t with whole ``degrees`` of freedom is at most ``t``.

    Examples
    --------
    >>> round(student_cdf(2.015, 5), 4)
    0.95
    """
    angle = math.atan(t / math.sqrt(degrees))
    cosine2 = math.cos(angle) ** 2
    odd = degrees % 2
    # The finite series 1 + (2/3)cos² + (2·4/3·5)cos⁴ … (odd) or 1 + (1/2)cos² + (1·3/2·4)cos⁴ … (even)
    term, total = 1.0, 0.0
    for k in range((degrees - odd) // 2):
        total += term
        term *= cosine2 * (2 * k + 1 + odd) / (2 * k + 2 + odd)
    if odd:
        inner = 2 / math.pi * (angle + math.sin(angle) * math.cos(angle) * total)
    else:
        inner = math.sin(angle) * total
    return 0.5 + inner / 2


def student_quantile(probability: float, degrees: int) -> float:
    """Give the value that Student's t stays below with a probability.

    Raises
    ------
    ValueError
        The probability is not inside (0, 1), or degrees are fewer than 1.

    Examples
    --------
    >>> round(student_quantile(0.975, 9), 4)
    2.2622
    """
    if not 0 < probability < 1 or degrees < 1:
        raise ValueError(f"no quantile for probability {probability} and {degrees} degrees of freedom")
    if probability < 0.5:
        return -student_quantile(1 - probability, degrees)
    z = NormalDist().inv_cdf(probability)
    if degrees >= NEARLY_NORMAL:  # Abramowitz and Stegun 26.7.5
        first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
        return z + first / degrees + second / degrees**2
    low, high = 0.0, 1.0
    while student_cdf(high, degrees) < probability:
        low, high = high, high * 2
    for _ in range(80):
        middle = (low + high) / 2
        if student_cdf(middle, degrees) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def mean_interval(values: Sequence[float] | NDArray[np.float64], *, confidence: float = 0.95) -> Interval:
    """Estimate a mean from independent values, such as one figure from each of several runs with other seeds.

    Raises
    ------
    ValueError
        There are no values.

    Examples
    --------
    >>> interval = mean_interval([9.0, 10.0, 11.0])
    >>> interval.mean, round(interval.half_width, 3)
    (10.0, 2.484)
    """
    array = np.asarray(values, np.float64)
    if not len(array):
        raise ValueError("no values, no mean")
    count = len(array)
    if count == 1:
        return Interval(float(array[0]), math.nan, confidence, 1)
    spread = float(array.std(ddof=1)) / math.sqrt(count)
    half = student_quantile(0.5 + confidence / 2, count - 1) * spread
    return Interval(float(array.mean()), half, confidence, count)


def batch_means(
    values: Sequence[float] | NDArray[np.float64], *, batches: int = 20, confidence: float = 0.95
) -> Interval:
    """Estimate a mean from one long run whose neighbouring values depend on each other.

    The run is cut into ``batches`` of equal length, whose means are nearly independent if batches are
    long; what does not fill a batch is left out at the beginning, where the run is farthest from its
    steady state.

    Raises
    ------
    ValueError
        There are fewer than two values a batch, or fewer than two batches.

    Examples
    --------
    >>> batch_means([1.0, 3.0] * 50, batches=10).mean
    2.0
    """
    array = np.asarray(values, np.float64)
    length = len(array) // batches if batches >= 2 else 0
    if length < 2:
        raise ValueError(f"{len(array)} values are too few for {batches} batches (at least 2 of 2)")
    means = array[len(array) - length * batches :].reshape(batches, length).mean(axis=1)
    return mean_interval(means, confidence=confidence)
