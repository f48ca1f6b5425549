"""The closed forms agree with each other, with Little's law and with their own distributions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from mqlab.errors import BadInput
from mqlab.measure.theory import md1, mg1, mm1, mm1k, mmc

loads = st.floats(0.01, 0.95)
services = st.floats(1e-4, 10.0)


def stations(load, service_s):
    rate = load / service_s
    yield mm1(rate, service_s)
    yield mmc(3 * rate, service_s, 3)
    yield md1(rate, service_s)
    yield mg1(rate, service_s, 2.0)
    yield mm1k(rate, service_s, 5)


@given(loads, services)
def test_littles_law_holds_in_every_formula(load, service_s):
    for station in stations(load, service_s):
        entering = (3 if station.name == "M/M/c" else 1) * load / service_s * (1 - station.blocked)
        assert pytest.approx(entering * station.W_s) == station.L
        assert pytest.approx(entering * station.Wq_s, abs=1e-12) == station.Lq
        assert pytest.approx(station.Wq_s + service_s) == station.W_s


@given(loads)
def test_probabilities_add_up_and_give_the_mean(load):
    for station in stations(load, 0.1):
        if station.p is None:
            continue
        count = 1200 if station.name != "M/D/1" else 12
        chances = [station.p(k) for k in range(count)]
        assert min(chances) >= -1e-9
        if station.name != "M/D/1" or load < 0.3:
            assert math.fsum(chances) == pytest.approx(1, abs=1e-6)
            assert math.fsum(k * chance for k, chance in enumerate(chances)) == pytest.approx(
                station.L, abs=1e-4
            )


@pytest.mark.parametrize("load", [0.2, 0.5, 0.9])
def test_the_time_in_the_system_has_the_mean_it_should(load):
    for station in stations(load, 0.1):
        if station.sojourn_cdf is None:
            continue
        tail, _ = integrate.quad(lambda t, cdf=station.sojourn_cdf: 1 - cdf(t), 0, 40, limit=500)
        assert tail == pytest.approx(station.W_s, rel=1e-6)
        for q in (0.0, 0.1, 0.5, 0.99):
            assert station.sojourn_cdf(station.sojourn_quantile_s(q)) == pytest.approx(q, abs=1e-9)


@given(loads, services)
def test_special_cases_coincide(load, service_s):
    rate, one = load / service_s, mm1(load / service_s, service_s)
    for other in (mmc(rate, service_s, 1), mg1(rate, service_s, 1.0)):
        assert pytest.approx(one.Lq) == other.Lq
        assert pytest.approx(one.W_s) == other.W_s
    assert pytest.approx(one.Lq / 2) == md1(rate, service_s).Lq
    assert pytest.approx(one.L, rel=1e-3) == mm1k(rate, service_s, 400).L


def test_two_servers_by_hand():
    """Load 0.8 on two servers: Erlang C is 2·0.8²/(1+0.8) = 0.7111…"""
    station = mmc(8.0, 0.2, 2)
    assert station.waits == pytest.approx(2 * 0.64 / 1.8)
    assert station.p(0) == pytest.approx(1 / 9)


def test_equal_rates_of_service_and_waiting_are_no_trap():
    """With two servers at half load the wait's rate equals the service's."""
    station = mmc(5.0, 0.2, 2)
    near = mmc(5.0 + 1e-6, 0.2, 2)
    assert station.sojourn_cdf(0.3) == pytest.approx(near.sojourn_cdf(0.3), rel=1e-5)


def test_many_servers_do_not_overflow():
    station = mmc(900.0, 1.0, 1000)
    assert 0 < station.waits < 0.01
    assert station.W_s == pytest.approx(1.0, rel=1e-3)


def test_the_first_probabilities_of_constant_service():
    """From the generating function: p0 = 1-ρ, p1 = (1-ρ)(e^ρ - 1), p2 = (1-ρ)e^ρ(e^ρ - 1 - ρ)."""
    load = 0.5
    station = md1(load, 1.0)
    e = math.exp(load)
    expected = [1 - load, (1 - load) * (e - 1), (1 - load) * e * (e - 1 - load)]
    assert [station.p(k) for k in range(3)] == pytest.approx(expected)


@pytest.mark.parametrize("load", [1.0, 2.5])
def test_a_bounded_queue_bears_any_load(load):
    station = mm1k(load, 1.0, 3)
    assert station.blocked == pytest.approx(load**3 / sum(load**k for k in range(4)))
    assert station.utilisation < 1
    assert station.p(4) == 0.0


@pytest.mark.parametrize(
    "build",
    [
        lambda: mm1(10.0, 0.1), lambda: mmc(20.0, 0.1, 2), lambda: md1(11.0, 0.1),
        lambda: mg1(-1.0, 0.1, 1.0), lambda: mg1(1.0, 0.1, -1.0), lambda: mm1(1.0, 0.0),
        lambda: mm1k(1.0, 1.0, 0), lambda: mm1(math.nan, 1.0),
        lambda: mm1(1.0, 0.5).sojourn_quantile_s(1.0), lambda: mg1(1.0, 0.5, 2.0).sojourn_quantile_s(0.5),
    ],
)  # fmt: skip
def test_what_has_no_steady_state_is_refused(build):
    with pytest.raises(BadInput):
        build()
