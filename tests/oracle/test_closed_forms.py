"""The simulation against queueing theory: M/M/1, M/M/c, M/D/1, M/G/1, M/M/1/K.

Each station runs RUNS times under the seeds 1 … RUNS with about MESSAGES messages each, a tenth of them
warm-up. A comparison is a Student interval at level 10⁻⁷ (see ``intervals.py``), so that all of this file
together, fewer than 80, raise a false alarm with probability below 8 · 10⁻⁶; the widest interval a test
accepts stands in the test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import pytest

from mqlab.measure import theory
from mqlab.measure.latency import bucket_bounds, bucket_of
from mqlab.model import Arrivals, Confirm, Distribution

from .build import SECOND, exponential, station
from .intervals import assert_agrees
from .replicate import Replications

RUNS = 40
MESSAGES = 100_000
MEAN_S = 0.001
MEAN_NS = MEAN_S * SECOND
DRAIN_S = 0.2


@dataclass(frozen=True)
class Place:
    """One queue of the textbooks, mean service time 1 ms."""

    name: str
    service: Distribution
    cv: float
    """Coefficient of variation of the service time."""
    load: float
    """Erlang per server."""
    servers: int = 1

    @property
    def rate_per_s(self) -> float:
        return self.load * self.servers / MEAN_S

    @property
    def expected(self) -> theory.Station:
        if self.servers > 1:
            return theory.mmc(self.rate_per_s, MEAN_S, self.servers)
        if self.cv == 0.0:
            return theory.md1(self.rate_per_s, MEAN_S)
        if self.service is EXPONENTIAL:
            return theory.mm1(self.rate_per_s, MEAN_S)
        return theory.mg1(self.rate_per_s, MEAN_S, self.cv)


def two_exponentials(p: float, mean1_s: float) -> tuple[Distribution, float]:
    """A hyperexponential with mean 1 ms over all, and its coefficient of variation."""
    mean2_s = (MEAN_S - p * mean1_s) / (1.0 - p)
    second_moment = 2.0 * (p * mean1_s**2 + (1.0 - p) * mean2_s**2)
    mixed = Distribution("hyperexponential", (p, mean1_s * SECOND, mean2_s * SECOND))
    return mixed, math.sqrt(second_moment / MEAN_S**2 - 1.0)


EXPONENTIAL = exponential(MEAN_S)
PLACES = (
    Place("M/M/1, half loaded", EXPONENTIAL, 1.0, 0.5),
    Place("M/M/1, 0.8 loaded", EXPONENTIAL, 1.0, 0.8),
    Place("M/M/2", EXPONENTIAL, 1.0, 0.7, servers=2),
    Place("M/M/8", EXPONENTIAL, 1.0, 0.8, servers=8),
    Place("M/D/1", Distribution("constant", (MEAN_NS,)), 0.0, 0.7),
    Place("M/E4/1", Distribution("erlang", (4, MEAN_NS)), 0.5, 0.7),
    Place("M/LN/1", Distribution("lognormal", (MEAN_NS, 1.0)), 1.0, 0.7),
    Place("M/H2/1", *two_exponentials(0.2, 0.003), 0.7),
)


@cache
def replications(place: Place) -> Replications:
    """All runs of a place, made once."""
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


def edge_near(time_s: float) -> tuple[int, float]:
    """First histogram bucket at or after a time, and where exactly it begins, in seconds."""
    bucket = bucket_of(round(time_s * SECOND)) + 1
    return bucket, bucket_bounds(bucket)[0] / SECOND


at_every_place = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)


@at_every_place
def test_mean_time_in_the_line(place: Place) -> None:
    waits = replications(place).mean_s("enqueued_delivered")
    assert_agrees(waits, place.expected.Wq_s, within=0.06, what="mean wait, s")


@at_every_place
def test_mean_sojourn(place: Place) -> None:
    sojourns = replications(place).mean_s("latency")
    assert_agrees(sojourns, place.expected.W_s, within=0.04, what="mean sojourn, s")


@at_every_place
def test_mean_length_of_the_line(place: Place) -> None:
    assert_agrees(replications(place).ready_mean, place.expected.Lq, within=0.06, what="mean line")


@at_every_place
def test_consumers_are_as_busy_as_the_load_says(place: Place) -> None:
    assert_agrees(replications(place).utilisation, place.load, within=0.01, what="utilisation")


@at_every_place
def test_an_arrival_finds_the_place_busy_as_often_as_anybody_does(place: Place) -> None:
    assert place.expected.waits is not None
    at_once = replications(place).share_below("enqueued_delivered", bucket_of(0) + 1)
    assert_agrees(at_once, 1.0 - place.expected.waits, within=0.03, what="share that need not wait")


WIDTHS = {0.5: 0.03, 0.9: 0.12, 0.99: 0.35}
"""How wide an interval for the share beyond a quantile may be: slow messages are few, and come in bunches."""


def assert_sojourns(runs: Replications, expected: theory.Station, share: float) -> None:
    """As many messages are slower than the theory's ``share`` quantile as should be."""
    assert expected.sojourn_cdf is not None
    bucket, edge_s = edge_near(expected.sojourn_quantile_s(share))
    slower = [1.0 - below for below in runs.share_below("latency", bucket)]
    what = f"share slower than the {share:.0%} quantile"
    assert_agrees(slower, 1.0 - expected.sojourn_cdf(edge_s), within=WIDTHS[share], what=what)


@pytest.mark.parametrize("share", WIDTHS)
@pytest.mark.parametrize(
    "place", [p for p in PLACES if p.service is EXPONENTIAL], ids=lambda place: place.name
)
def test_distribution_of_the_sojourn(place: Place, share: float) -> None:
    assert_sojourns(replications(place), place.expected, share)


# --- M/M/1/K: room for K, one of them in service -----

ROOM = 6
LOST_AS = {"reject-publish": "rejected", "drop-newest": "evicted", "drop-head": "evicted"}
at_both_loads = pytest.mark.parametrize("load", [0.8, 1.25])


@cache
def lossy(load: float, overflow: str) -> Replications:
    """M/M/1/K; where the producer is told that there is no room, it does not try again."""
    rate_per_s = load / MEAN_S
    model = station(
        rate_per_s,
        EXPONENTIAL,
        duration_s=MESSAGES / rate_per_s,
        drain_s=DRAIN_S,
        waiting_room=ROOM - 1,
        overflow=overflow,
        confirm=Confirm(max_in_flight=0, timeout_ns=0) if overflow == "reject-publish" else None,
    )
    return Replications(model, RUNS)


@pytest.mark.parametrize("overflow", LOST_AS)
@at_both_loads
def test_loss_of_mm1k(load: float, overflow: str) -> None:
    """Whom the full queue drops, the oldest or the newest, makes no difference to how many it drops."""
    blocked = lossy(load, overflow).share_of(LOST_AS[overflow])
    assert_agrees(blocked, theory.mm1k(load / MEAN_S, MEAN_S, ROOM).blocked, within=0.04, what="share lost")


@at_both_loads
def test_line_and_utilisation_of_mm1k(load: float) -> None:
    runs, expected = lossy(load, "reject-publish"), theory.mm1k(load / MEAN_S, MEAN_S, ROOM)
    assert_agrees(runs.utilisation, expected.utilisation, within=0.01, what="utilisation")
    assert_agrees(runs.ready_mean, expected.Lq, within=0.03, what="mean line")


@at_both_loads
def test_sojourn_of_mm1k(load: float) -> None:
    runs, expected = lossy(load, "reject-publish"), theory.mm1k(load / MEAN_S, MEAN_S, ROOM)
    assert_agrees(runs.mean_s("latency"), expected.W_s, within=0.02, what="mean sojourn, s")
    assert_sojourns(runs, expected, 0.9)


# --- M/M/1//N: N customers who think, then wait for their turn and for the reply -----

THINK_S = 0.004


def users_at_one_server(users: int) -> Replications:
    """Synchronous callers, each with one call at a time: a closed loop with confirms after processing."""
    think = Arrivals("closed", think=exponential(THINK_S), stop_ns=20 * SECOND)
    model = station(0.0, EXPONENTIAL, duration_s=20.0, drain_s=DRAIN_S, arrivals=think)
    callers = replace(model.producers[0], count=users, confirm=Confirm(0, 0, "processed"))
    return Replications(replace(model, producers=(callers,)), RUNS)


@pytest.mark.parametrize("users", [2, 6])
def test_users_who_wait_for_the_reply(users: int) -> None:
    """The machine-repair model: p₀ = 1 / Σ N!/(N-n)!·(service/think)ⁿ, throughput (1-p₀)/service."""
    runs, ratio = users_at_one_server(users), MEAN_S / THINK_S
    idle = 1.0 / sum(math.perm(users, n) * ratio**n for n in range(users + 1))
    throughput_per_s = (1.0 - idle) / MEAN_S
    assert_agrees(runs.utilisation, 1.0 - idle, within=0.02, what="utilisation")
    reply_s = users / throughput_per_s - THINK_S
    assert_agrees(runs.mean_s("latency"), reply_s, within=0.03, what="mean response time, s")
