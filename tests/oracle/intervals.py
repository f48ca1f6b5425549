"""Confidence intervals over independent replications, wide enough that a false alarm is out of the question.

Every comparison uses the same two-sided level ALPHA. All oracle tests together make fewer than 1000, so the
chance that a *correct* simulation fails anywhere is below 1000 · 10⁻⁷ = 10⁻⁴ (Bonferroni) for one choice of
seeds. The seeds are 1, 2, 3 … and were not chosen. So that wide does not become blunt, tests also state how
wide an interval may be at most: an error of the simulation beyond that would be found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

ALPHA = 1e-7


@dataclass(frozen=True)
class Interval:
    """An estimate of a mean with its half-width at level ALPHA."""

    mean: float
    half_width: float

    def covers(self, value: float) -> bool:
        """Whether the value is inside."""
        return abs(value - self.mean) <= self.half_width


def of_mean(sample: Sequence[float]) -> Interval:
    """Student's interval for the mean of independent replications."""
    values = np.asarray(sample, dtype=float)
    spread = values.std(ddof=1) / np.sqrt(len(values))
    return Interval(float(values.mean()), float(stats.t.ppf(1 - ALPHA / 2, len(values) - 1) * spread))


def of_difference(one: Sequence[float], other: Sequence[float]) -> Interval:
    """Welch's interval for the difference of two means."""
    a, b = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    va, vb = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    if va + vb == 0.0:
        return Interval(float(a.mean() - b.mean()), 0.0)
    freedom = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    half = stats.t.ppf(1 - ALPHA / 2, freedom) * np.sqrt(va + vb)
    return Interval(float(a.mean() - b.mean()), float(half))


def assert_agrees(sample: Sequence[float], expected: float, *, within: float, what: str) -> None:
    """The mean of the replications agrees with ``expected``, give or take at most ``within`` of it."""
    interval = of_mean(sample)
    told = f"{what}: theory {expected:.6g}, simulated {interval.mean:.6g} ± {interval.half_width:.2g}"
    assert interval.half_width <= within * abs(expected), f"the test is blunt; {told}"
    assert interval.covers(expected), told
