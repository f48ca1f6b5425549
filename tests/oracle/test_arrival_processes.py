"""Counts of arrivals against theory: piecewise Poisson, Markov-modulated Poisson, Hawkes.

Means and variances of the number of messages in windows, over independent runs under the seeds 1, 2, 3 … A comparison
of means is a Student interval at level 10⁻⁷ (see ``intervals.py``). A variance is compared through its sample of
squared deviations from the *theoretical* mean, whose mean is the variance if the theory is right; so the same interval
serves. Fewer than 20 comparisons: a false alarm has probability below 2 · 10⁻⁶.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.linalg import expm

from mqlab import engines
from mqlab.model import Arrivals, Phase, Step, time_shares

from .build import SECOND, broker_model, exponential
from .intervals import assert_agrees

RUNS = 400


@cache
def counts(arrivals: Arrivals, span_ns: int, bin_ns: int, members: int) -> np.ndarray:
    """Messages in each bin (columns) of each run (rows)."""
    model = broker_model(arrivals=replace(arrivals, stop_ns=span_ns), service=exponential(1e-6), duration_ns=span_ns,
                         drain_ns=SECOND, producers=members)  # fmt: skip
    engine, rows = engines.get("sim"), []
    for seed in range(1, RUNS + 1):
        trace = engine.run(model, seed=seed, level="fates")
        created = trace.fates.column("created_ns")
        rows.append(np.bincount(created // bin_ns, minlength=span_ns // bin_ns)[: span_ns // bin_ns])
    return np.array(rows)


def agrees(sample: np.ndarray, mean: float, variance: float, *, within: tuple[float, float], what: str) -> None:
    """Both moments of a count are those of the theory."""
    assert_agrees(sample.tolist(), mean, within=within[0], what=f"mean count, {what}")
    assert_agrees(((sample - mean) ** 2).tolist(), variance, within=within[1], what=f"variance of the count, {what}")


members = pytest.mark.parametrize("split", [1, 3])


# --- a rate in pieces ---

STEPS = ((0, 40.0), (SECOND, 0.0), (2 * SECOND, 160.0), (3 * SECOND, 90.0))
PIECES = Arrivals("piecewise", steps=tuple(Step(*step) for step in STEPS))


@members
def test_each_piece_is_poisson(split: int) -> None:
    """Mean and variance of a Poisson count are the area under the rate."""
    seen = counts(PIECES, 4 * SECOND, SECOND, split)
    assert seen[:, 1].max() == 0
    for piece, mean in ((0, 40.0), (2, 160.0), (3, 90.0)):
        agrees(seen[:, piece], mean, mean, within=(0.06, 0.45), what=f"piece {piece}")


# --- a Markov-modulated Poisson process ---

TWO = (Phase(30.0, SECOND // 2, (0.0, 1.0)), Phase(300.0, SECOND // 5, (1.0, 0.0)))
THREE = (
    Phase(10.0, SECOND // 4, (0.0, 0.7, 0.3)), Phase(120.0, SECOND // 5, (0.5, 0.0, 0.5)),
    Phase(400.0, SECOND // 10, (1.0, 0.0, 0.0)),
)  # fmt: skip


def mmpp2(phases: tuple[Phase, ...], t_s: float) -> tuple[float, float]:
    """Mean and variance of the count in a window of a stationary two-state process.

    With rates λ₁, λ₂ and rates r₁, r₂ of leaving the states, the index of dispersion for counts is

        I(t) = 1 + 2 (λ₁-λ₂)² r₁ r₂ / ((r₁+r₂)² (λ₁ r₂ + λ₂ r₁)) · (1 - (1 - e^-(r₁+r₂)t) / ((r₁+r₂)t))

    H. Heffes, D. Lucantoni: "A Markov modulated characterization of packetized voice and data traffic", IEEE Journal on
    Selected Areas in Communications 4 (1986).
    """
    (l1, l2), (r1, r2) = (p.rate_per_s for p in phases), (SECOND / p.stay_ns for p in phases)
    r = r1 + r2
    mean = (l1 * r2 + l2 * r1) / r * t_s
    index = 1 + 2 * (l1 - l2) ** 2 * r1 * r2 / (r**2 * (l1 * r2 + l2 * r1)) * (1 - (1 - np.exp(-r * t_s)) / (r * t_s))
    return float(mean), float(mean * index)


def mmpp(phases: tuple[Phase, ...], t_s: float) -> tuple[float, float]:
    """The same for any number of states: Var N = mean + 2 ∫ (t-u) (π Λ e^Qu Λ 1 - (π Λ 1)²) du.

    W. Fischer, K. Meier-Hellstern: "The Markov-modulated Poisson process (MMPP) cookbook", Performance Evaluation 18
    (1993).
    """
    q = np.array([[SECOND / p.stay_ns * (chance - float(i == j)) for j, chance in enumerate(p.following)]
                  for i, p in enumerate(phases)])  # fmt: skip
    rates, shares = np.array([p.rate_per_s for p in phases]), np.array(time_shares(phases))
    mean = float(shares @ rates)
    u = np.linspace(0.0, t_s, 2001)
    covariance = np.array([(shares * rates) @ expm(q * x) @ rates - mean**2 for x in u])
    return mean * t_s, mean * t_s + 2 * float(np.trapezoid((t_s - u) * covariance, u))


def test_the_two_formulas_agree_where_both_hold() -> None:
    for t_s in (0.05, 0.5, 2.0):
        assert mmpp(TWO, t_s) == pytest.approx(mmpp2(TWO, t_s), rel=1e-5)


@members
def test_counts_of_two_states(split: int) -> None:
    seen = counts(Arrivals("mmpp", phases=TWO), 2 * SECOND, SECOND // 2, split)
    for begin, end in ((0, 1), (3, 4), (0, 4)):
        mean, variance = mmpp2(TWO, (end - begin) / 2)
        agrees(seen[:, begin:end].sum(axis=1), mean, variance, within=(0.3, 0.6), what=f"half seconds {begin} to {end}")


def test_counts_of_three_states() -> None:
    seen = counts(Arrivals("mmpp", phases=THREE), 2 * SECOND, SECOND, 1)
    mean, variance = mmpp(THREE, 1.0)
    agrees(seen[:, 1], mean, variance, within=(0.3, 0.8), what="the second second")


# --- a self-exciting process ---

BASE, BRANCHING, DECAY_S = 25.0, 0.6, 0.05
EXCITED = Arrivals("hawkes", BASE, branching=BRANCHING, decay_ns=round(DECAY_S * SECOND))


def hawkes(t_s: float) -> tuple[float, float]:
    """Mean and variance of the count in a window of a stationary Hawkes process with an exponential kernel.

    With Λ = base/(1-n), κ = 1/(1-n), γ = (1-n)/decay: mean Λt, variance Λ (t κ² + (1-κ²) (1 - e^-γt) / γ).

    J. Da Fonseca, R. Zaatour: "Hawkes process: fast calibration, application to trade clustering, and diffusive limit",
    Journal of Futures Markets 34 (2014).
    """
    kappa, gamma = 1 / (1 - BRANCHING), (1 - BRANCHING) / DECAY_S
    rate = BASE * kappa
    return rate * t_s, rate * (t_s * kappa**2 + (1 - kappa**2) * (1 - np.exp(-gamma * t_s)) / gamma)


@members
def test_counts_of_a_self_exciting_process(split: int) -> None:
    """It begins without a past; after two seconds, 16 times the time in which excitation dies, that is forgotten."""
    seen = counts(EXCITED, 4 * SECOND, SECOND, split)
    for begin, end in ((2, 3), (2, 4)):
        agrees(seen[:, begin:end].sum(axis=1), *hawkes(end - begin), within=(0.12, 0.6), what=f"{end - begin} s")


def test_it_climbs_from_its_base() -> None:
    """Mean of the first second: Λ (1 - n (1 - e^-γ) / γ)."""
    gamma = (1 - BRANCHING) / DECAY_S
    expected = BASE / (1 - BRANCHING) * (1 - BRANCHING * (1 - np.exp(-gamma)) / gamma)
    first = counts(EXCITED, 4 * SECOND, SECOND, 1)[:, 0]
    assert_agrees(first.tolist(), float(expected), within=0.12, what="mean count of the first second")
