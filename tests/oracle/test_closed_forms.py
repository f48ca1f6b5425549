"""The simulation against queueing theory: M/M/1, M/M/c, M/D/1, M/G/1, M/M/1/K.

Each station runs RUNS times under the seeds 1 … RUNS with about MESSAGES messages each, a tenth of them
warm-up. A comparison is a Student interval at level 10⁻⁷ (see ``intervals.py``), so all 50 of this file
together raise a false alarm with probability below 5 · 10⁻⁶; the widest interval a test accepts stands in
the test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import pytest

from mqlab.model import Confirm, Distribution

from . import textbook
from .build import MILLISECOND, SECOND, exponential, station
from .intervals import assert_agrees
from .replicate import Replications, bucket_above, bucket_floor

RUNS = 40
MESSAGES = 50_000
MEAN_S = 0.001
DRAIN_S = 0.2


@dataclass(frozen=True)
class Station:
    """One queue of the textbooks, mean service time 1 ms."""

    name: str
    service: Distribution
    cv: float
    """Coefficient of variation of the service time."""
    load: float
    """Erlang per server."""
    servers: int = 1
    within: float = 0.04
    """The widest relative half-width of an interval for a mean time that the test accepts."""

    @property
    def rate_per_s(self) -> float:
        return self.load * self.servers / MEAN_S

    @property
    def wait_s(self) -> float:
        """Mean time in the line according to theory."""
        if self.servers > 1:
            return textbook.mmc_wait_s(self.rate_per_s, MEAN_S, self.servers)
        return textbook.mg1_wait_s(self.rate_per_s, MEAN_S, self.cv)

    @property
    def waits(self) -> float:
        """Probability that an arrival has to wait: it sees what an outside observer sees (PASTA)."""
        if self.servers > 1:
            return textbook.erlang_c(self.rate_per_s * MEAN_S, self.servers)
        return self.load


def hyperexponential(p: float, mean1_s: float) -> tuple[Distribution, float]:
    """Two exponentials with mean 1 ms over all, and the coefficient of variation."""
    mean2_s = (MEAN_S - p * mean1_s) / (1.0 - p)
    second_moment = 2.0 * (p * mean1_s**2 + (1.0 - p) * mean2_s**2)
    mixed = Distribution("hyperexponential", (p, mean1_s * SECOND, mean2_s * SECOND))
    return mixed, math.sqrt(second_moment / MEAN_S**2 - 1.0)


MIXED, MIXED_CV = hyperexponential(0.2, 0.003)
EXPONENTIAL = exponential(MEAN_S)
MEAN_NS = MEAN_S * SECOND

STATIONS = (
    Station("M/M/1, half loaded", EXPONENTIAL, 1.0, 0.5),
    Station("M/M/1, 0.8 loaded", EXPONENTIAL, 1.0, 0.8),
    Station("M/M/2", EXPONENTIAL, 1.0, 0.7, servers=2),
    Station("M/M/8", EXPONENTIAL, 1.0, 0.8, servers=8),
    Station("M/D/1", Distribution("constant", (MEAN_NS,)), 0.0, 0.7),
    Station("M/E4/1", Distribution("erlang", (4, MEAN_NS)), 0.5, 0.7),
    Station("M/LN/1", Distribution("lognormal", (MEAN_NS, 1.0)), 1.0, 0.7),
    Station("M/H2/1", MIXED, MIXED_CV, 0.7),
)
MARKOV_1 = [s for s in STATIONS if s.service is EXPONENTIAL and s.servers == 1]
MARKOV_C = [s for s in STATIONS if s.servers > 1]


@cache
def replications(place: Station) -> Replications:
    """All runs of a station, made once."""
    duration_s = MESSAGES / place.rate_per_s
    model = station(
        place.rate_per_s,
        place.service,
        servers=place.servers,
        duration_s=duration_s,
        warmup_s=duration_s / 10,
        drain_s=DRAIN_S,
    )
    return Replications(model, RUNS)


def named(stations: list[Station] | tuple[Station, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("place", stations, ids=lambda place: place.name)


@named(STATIONS)
def test_mean_time_in_the_line(place: Station) -> None:
    waits = replications(place).mean_s("enqueued_delivered")
    assert_agrees(waits, place.wait_s, within=place.within, what="mean wait, s")


@named(STATIONS)
def test_mean_sojourn(place: Station) -> None:
    sojourns = replications(place).mean_s("latency")
    assert_agrees(sojourns, place.wait_s + MEAN_S, within=place.within, what="mean sojourn, s")


@named(STATIONS)
def test_mean_length_of_the_line_is_rate_times_wait(place: Station) -> None:
    expected = place.rate_per_s * place.wait_s
    assert_agrees(replications(place).ready_mean, expected, within=1.3 * place.within, what="mean line")


@named(STATIONS)
def test_consumers_are_as_busy_as_the_load_says(place: Station) -> None:
    assert_agrees(replications(place).utilisation, place.load, within=0.01, what="utilisation")


@named(STATIONS)
def test_an_arrival_finds_the_station_busy_as_often_as_anybody_does(place: Station) -> None:
    at_once = replications(place).share_below("enqueued_delivered", bucket_above(1))
    assert_agrees(at_once, 1.0 - place.waits, within=0.02, what="share that need not wait")


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
@named(MARKOV_1)
def test_sojourn_of_mm1_is_exponential(place: Station, share: float) -> None:
    quantile_s = -math.log(1.0 - share) / (1.0 / MEAN_S - place.rate_per_s)
    edge = bucket_above(round(quantile_s * SECOND))
    above = [1.0 - below for below in replications(place).share_below("latency", edge)]
    expected = 1.0 - textbook.mm1_sojourn_cdf(place.rate_per_s, MEAN_S, bucket_floor(edge) / SECOND)
    within = 0.03 if share < 0.99 else 0.15
    assert_agrees(above, expected, within=within, what=f"share slower than the {share:.0%} quantile")


@pytest.mark.parametrize("times_mean", [0.5, 2.0])
@named(MARKOV_C)
def test_wait_of_mmc_is_exponential_for_those_who_wait(place: Station, times_mean: float) -> None:
    edge = bucket_above(round(times_mean * place.wait_s * SECOND))
    above = [1.0 - below for below in replications(place).share_below("enqueued_delivered", edge)]
    edge_s = bucket_floor(edge) / SECOND
    expected = 1.0 - textbook.mmc_wait_cdf(place.rate_per_s, MEAN_S, place.servers, edge_s)
    assert_agrees(above, expected, within=0.06, what=f"share that wait longer than {times_mean} means")


# --- M/M/1/K: a waiting room of K - 1 places ---------------------------------------------------------------------

PLACES = 6
LOST_AS = {"reject-publish": "rejected", "drop-newest": "evicted", "drop-head": "evicted"}


@cache
def lossy(load: float, overflow: str) -> Replications:
    """M/M/1/K with a producer that is told and does not try again."""
    rate_per_s = load / MEAN_S
    model = station(
        rate_per_s,
        EXPONENTIAL,
        duration_s=MESSAGES / rate_per_s,
        drain_s=DRAIN_S,
        waiting_room=PLACES - 1,
        overflow=overflow,
        confirm=Confirm(max_in_flight=0, timeout_ns=0) if overflow == "reject-publish" else None,
    )
    return Replications(model, RUNS)


@pytest.mark.parametrize("overflow", LOST_AS)
@pytest.mark.parametrize("load", [0.8, 1.25])
def test_loss_of_mm1k(load: float, overflow: str) -> None:
    """Whom the full queue drops, the oldest or the newest, makes no difference to how many it drops."""
    blocked = lossy(load, overflow).share_of(LOST_AS[overflow])
    assert_agrees(blocked, textbook.mm1k_p(load, PLACES, PLACES), within=0.04, what="share lost")


@pytest.mark.parametrize("load", [0.8, 1.25])
def test_line_and_utilisation_of_mm1k(load: float) -> None:
    runs = lossy(load, "reject-publish")
    busy = 1.0 - textbook.mm1k_p(load, PLACES, 0)
    assert_agrees(runs.utilisation, busy, within=0.01, what="utilisation")
    line = textbook.mm1k_number(load, PLACES) - busy
    assert_agrees(runs.ready_mean, line, within=0.03, what="mean line")


@pytest.mark.parametrize("load", [0.8, 1.25])
def test_sojourn_of_mm1k_by_littles_law(load: float) -> None:
    entered_per_s = load / MEAN_S * (1.0 - textbook.mm1k_p(load, PLACES, PLACES))
    expected_s = textbook.mm1k_number(load, PLACES) / entered_per_s
    sojourns = lossy(load, "reject-publish").mean_s("latency")
    assert_agrees(sojourns, expected_s, within=0.02, what="mean sojourn, s")


# --- the formulas themselves -------------------------------------------------------------------------------------


def test_the_textbook_agrees_with_itself() -> None:
    """M/M/1 is M/M/c with one server and M/G/1 with a coefficient of variation of one."""
    assert textbook.mmc_wait_s(700.0, MEAN_S, 1) == pytest.approx(textbook.mg1_wait_s(700.0, MEAN_S, 1.0))
    assert textbook.erlang_c(0.7, 1) == pytest.approx(0.7)
    assert textbook.erlang_c(6.4, 8) == pytest.approx(0.4576, abs=1e-4)
    assert sum(textbook.mm1k_p(0.8, PLACES, k) for k in range(PLACES + 1)) == pytest.approx(1.0)
    assert bucket_floor(bucket_above(3 * MILLISECOND)) == pytest.approx(3 * MILLISECOND, rel=0.01)
