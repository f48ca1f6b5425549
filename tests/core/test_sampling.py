"""Draws: known answers, uniformity, accuracy of our own ln and exp, moments of every distribution, independence."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab import sampling
from mqlab.core.distributions import sample
from mqlab.core.records import ARRAYS
from mqlab.core.tables import Tables
from mqlab.model import Distribution

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")

MASK = (1 << 64) - 1


def mix_in_words(x: int) -> int:
    """SplitMix64's finalizer, variant 13, in Python's own integers."""
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


@given(st.integers(0, MASK))
def test_mixing_is_the_published_finalizer(x: int) -> None:
    assert int(sampling.mix(np.uint64(x))) == mix_in_words(x)


def test_known_answers() -> None:
    """The first outputs of SplitMix64 seeded with 1234567, as published with the algorithm's test vectors."""
    golden, state, outputs = 0x9E3779B97F4A7C15, 1234567, []
    for _ in range(3):
        state = (state + golden) & MASK
        outputs.append(int(sampling.mix(np.uint64(state))))
    assert outputs == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_bits_of_draws_never_change() -> None:
    """A draw is part of every digest: these bits hold on every machine and in every version."""
    who = sampling.name_identity(42, "producers.buyers[7]")
    what = sampling.identity(who, 11)
    assert (hex(int(who)), hex(int(what))) == ("0xb860457a3f32edc9", "0x3effdbb72454056d")
    assert float(sampling.unit(sampling.SERVICE, who, what, 1, 0)).hex() == "0x1.94d3c8ce9304cp-2"
    assert float(sampling.exponential(sampling.ARRIVAL, who, np.uint64(3), 0, 0)).hex() == "0x1.bdeb2dc6b3cd7p-3"
    assert float(sampling.normal(sampling.PUBLISH, who, what, 2, 16)).hex() == "-0x1.72d399ac12317p+0"


def units(n: int, **fixed: int) -> np.ndarray:
    who = sampling.name_identity(1, "somebody")
    varied = {"what": 0, "attempt": 0, "k": 0} | fixed
    free = next(name for name in ("what", "attempt", "k") if name not in fixed)
    draws = []
    for i in range(n):
        now = varied | {free: i}
        draws.append(sampling.unit(sampling.SERVICE, who, np.uint64(now["what"]), now["attempt"], now["k"]))
    return np.array(draws)


@pytest.mark.parametrize("fixed", [{"attempt": 0, "k": 0}, {"what": 5, "k": 0}, {"what": 5, "attempt": 1}])
def test_draws_are_uniform_and_uncorrelated_along_each_coordinate(fixed: dict[str, int]) -> None:
    """Chi-square over 64 cells (63 degrees: above 120 once in 10⁵), and no correlation with the neighbour."""
    draws = units(8192, **fixed)
    assert draws.min() > 0.0
    assert draws.max() <= 1.0
    cells = np.bincount(np.minimum((draws * 64).astype(int), 63), minlength=64)
    assert ((cells - 128) ** 2 / 128).sum() < 120
    assert abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 0.05
    pairs = np.bincount(
        (draws[1:] * 8).astype(int).clip(0, 7) * 8 + (draws[:-1] * 8).astype(int).clip(0, 7), minlength=64
    )
    assert ((pairs - 128) ** 2 / 128).sum() < 125


def test_purposes_and_entities_do_not_share_draws() -> None:
    purposes = [value for name, value in vars(sampling).items() if name.isupper() and isinstance(value, np.uint64)
                and not name.startswith("_")]  # fmt: skip
    assert len({int(p) for p in purposes}) == len(purposes) > 10
    people = [sampling.name_identity(1, f"p[{i}]") for i in range(200)]
    draws = {float(sampling.unit(purpose, who, np.uint64(0), 0, 0)) for purpose in purposes for who in people}
    assert len(draws) == len(purposes) * 200


@given(st.floats(1e-300, 1e300, allow_subnormal=False))
def test_logarithms_are_accurate(x: float) -> None:
    ours, theirs = float(sampling.ln(x)), math.log(x)
    assert abs(ours - theirs) <= 1e-15 * max(abs(theirs), 1e-2)


@given(st.integers(1, 2**53))
def test_logarithms_of_draws_are_accurate(n: int) -> None:
    """What is drawn are multiples of 2⁻⁵³ up to 1."""
    x = n * 2.0**-53
    assert float(sampling.ln(x)) == pytest.approx(math.log(x), rel=1e-15, abs=2e-16)
    assert float(sampling.ln(x)) <= 0.0


@given(st.floats(-700, 700))
def test_exponentials_are_accurate(x: float) -> None:
    assert float(sampling.exp(x)) == pytest.approx(math.exp(x), rel=2e-15)


def test_exponentials_are_bounded() -> None:
    assert float(sampling.exp(1e9)) == float(sampling.exp(700.0))
    assert float(sampling.exp(-1e9)) == float(sampling.exp(-700.0)) > 0


PARTS = (
    Distribution("constant", (100.0,)),
    Distribution("exponential", (300.0,)),
    Distribution("uniform", (0.0, 400.0)),
)
MOMENTS = [
    (Distribution("constant", (1000.0,)), 1000.0, 0.0),
    (Distribution("uniform", (500.0, 1500.0)), 1000.0, 1000 / 12**0.5),
    (Distribution("exponential", (1e6,)), 1e6, 1e6),
    (Distribution("erlang", (4.0, 1e6)), 1e6, 5e5),
    (Distribution("lognormal", (1e6, 0.5)), 1e6, 5e5),
    (Distribution("hyperexponential", (0.8, 1e5, 1e6)), 2.8e5, (2 * (0.8 * 1e10 + 0.2 * 1e12) - 2.8e5**2) ** 0.5),
    (Distribution("serial", (), PARTS), 600.0, (300**2 + 400**2 / 12) ** 0.5),
    (Distribution("serial", (), (PARTS[0], Distribution("parallel", (), (PARTS[0], PARTS[0])))), 200.0, 0.0),
]


def draws_of(shape: Distribution, n: int) -> np.ndarray:
    tables = Tables()
    start = tables.dist(shape)
    arrays = [np.zeros(64, dtype) for _, dtype in ARRAYS]
    named = dict(zip([name for name, _ in ARRAYS], arrays, strict=True))
    for i, row in enumerate(tables.dists):
        named["dists"][i] = row
    who = sampling.name_identity(3, "worker")
    return np.array([sample(arrays, start, sampling.SERVICE, who, np.uint64(i), 1, 0) for i in range(n)], float)


@pytest.mark.parametrize(("shape", "mean", "deviation"), MOMENTS, ids=lambda x: getattr(x, "kind", None))
def test_mean_and_deviation(shape: Distribution, mean: float, deviation: float) -> None:
    draws = draws_of(shape, 1500)
    assert draws.mean() == pytest.approx(mean, abs=4.5 * deviation / 1500**0.5 + 1)
    assert draws.std() == pytest.approx(deviation, rel=0.25, abs=1)


def test_the_longer_of_two_is_the_longer() -> None:
    """Both parts draw for themselves: the maximum of two exponentials has the mean 1.5."""
    part = Distribution("exponential", (1e6,))
    draws = draws_of(Distribution("parallel", (), (part, part)), 1500)
    assert draws.mean() == pytest.approx(1.5e6, rel=0.12)


def test_durations_are_never_negative_and_never_overflow() -> None:
    for shape in (
        Distribution("constant", (-5.0,)),
        Distribution("uniform", (-9.0, -1.0)),
        Distribution("exponential", (0.0,)),
    ):
        assert draws_of(shape, 20).tolist() == [0] * 20
    assert draws_of(Distribution("constant", (1e30,)), 1)[0] == 4e18
