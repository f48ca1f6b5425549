"""When messages are created: constant, Poisson, ramp and closed loop; limits, starts, stops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mqlab.model import Arrivals, Confirm, Fault, Keys, Message
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    S,
    actors,
    consumer,
    every,
    fate_rows,
    kinds,
    play,
    producer,
    takes,
    times,
    tiny,
    wire,
)


def created(arrivals: Arrivals, *, count: int = 1, duration_ns: int = S, seed: int = 1, **fields: object) -> list[int]:
    model = tiny(producers=[producer(arrivals=arrivals, count=count, **fields)], consumers=[], duration_ns=duration_ns)
    return times(play(model, seed=seed), Kind.CREATED)


@pytest.mark.parametrize("rate", [3.0, 7.0, 999.0, 1234.5])
@pytest.mark.parametrize("count", [1, 4])
def test_constant_arrivals_are_multiples_rounded_never_sums(rate: float, count: int) -> None:
    got = created(Arrivals("constant", rate_per_s=rate), count=count)
    assert got == [round(i * 1e9 / rate) for i in range(len(got))]
    assert len(got) == math.ceil(rate)


def test_members_take_turns_at_a_constant_rate() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(MS, 5), count=2)]))
    assert actors(trace, Kind.CREATED) == ["p[0]", "p[1]", "p[0]", "p[1]", "p[0]"]


def test_arrivals_begin_and_end_when_they_are_told_to() -> None:
    assert created(Arrivals("constant", rate_per_s=1000.0, start_ns=300 * MS, stop_ns=303 * MS)) == [
        300 * MS, 301 * MS, 302 * MS,
    ]  # fmt: skip
    poisson = created(Arrivals("poisson", rate_per_s=1000.0, start_ns=300 * MS, stop_ns=400 * MS))
    assert min(poisson) >= 300 * MS
    assert max(poisson) < 400 * MS
    assert 60 < len(poisson) < 140


@pytest.mark.parametrize("kind", ["constant", "poisson"])
@pytest.mark.parametrize(("most", "count"), [(0, 1), (1, 3), (10, 3), (7, 7)])
def test_a_group_makes_so_many_messages_and_each_member_its_fair_share(kind: str, most: int, count: int) -> None:
    arrivals = Arrivals(kind, rate_per_s=1000.0, messages_max=most)  # type: ignore[arg-type]
    trace = play(tiny(producers=[producer(arrivals=arrivals, count=count)], duration_ns=S))
    made = [actors(trace, Kind.CREATED).count(f"p[{m}]" if count > 1 else "p") for m in range(count)]
    assert sum(made) == most
    assert max(made) - min(made) <= 1


def test_gaps_of_poisson_arrivals_are_exponential() -> None:
    gaps = np.diff(created(Arrivals("poisson", rate_per_s=2000.0), duration_ns=5 * S)) / 1e9
    assert len(gaps) == pytest.approx(10_000, rel=0.05)
    assert gaps.mean() == pytest.approx(1 / 2000, rel=0.05)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.05)
    assert np.median(gaps) == pytest.approx(math.log(2) / 2000, rel=0.06)


def test_a_ramp_has_the_area_under_its_rate_in_every_part() -> None:
    """From 100/s to 1900/s within 2 s, then constant: 550, 1450 and 1900 in the first, second and third second."""
    seen = np.zeros(3)
    for seed in range(1, 11):
        got = created(Arrivals("ramp", 100.0, 1900.0, 2 * S), duration_ns=3 * S, seed=seed, count=3)
        seen += np.histogram(got, [0, S, 2 * S, 3 * S])[0]
    expected = np.array([5_500, 14_500, 19_000])
    assert (np.abs(seen - expected) < 5 * np.sqrt(expected)).all()


def test_a_ramp_may_fall_to_nothing_and_then_nothing_comes() -> None:
    got = np.array(created(Arrivals("ramp", 2000.0, 0.0, S), duration_ns=3 * S))
    assert got.max() < S
    assert len(got) == pytest.approx(1000, abs=160)


def test_a_closed_loop_thinks_after_each_confirm() -> None:
    """Round trip 4 ms, then 6 ms of thinking: one message each 10 ms."""
    closed = Arrivals("closed", think=takes(6 * MS), messages_max=4)
    got = created(closed, confirm=Confirm(0, 0), link=wire(2 * MS))
    assert got == [6 * MS, 16 * MS, 26 * MS, 36 * MS]


def test_a_closed_loop_without_confirms_thinks_after_sending() -> None:
    assert created(Arrivals("closed", think=takes(6 * MS), messages_max=3), link=wire(50 * MS)) == [
        6 * MS,
        12 * MS,
        18 * MS,
    ]


def test_a_dead_producer_makes_no_messages_and_keeps_its_numbering() -> None:
    """Messages 3, 4 and 5 would have come while it was dead: their numbers are not given to others."""
    trace = play(tiny(faults=[Fault(2_500_000, "crash", "p", 3 * MS)]))
    assert times(trace, Kind.CREATED) == [t * MS for t in (0, 1, 2, 6, 7, 8, 9)]
    assert fate_rows(trace)["sequence"].tolist() == [0, 1, 2, 6, 7, 8, 9]
    assert fate_rows(trace)["message"].tolist() == list(range(7))


def test_a_closed_loop_stops_with_its_producer_and_goes_on_with_it() -> None:
    closed = Arrivals("closed", think=takes(MS), messages_max=6)
    model = tiny(producers=[producer(arrivals=closed)], faults=[Fault(3 * MS + 1, "crash", "p", 20 * MS)],
                 duration_ns=100 * MS)  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.CREATED) == [MS, 2 * MS, 3 * MS, 24 * MS + 1, 25 * MS + 1, 26 * MS + 1]
    assert fate_rows(trace)["sequence"].tolist() == list(range(6))


def test_time_to_prepare_is_spent_by_one_thread() -> None:
    """Two messages come together; the second is prepared after the first."""
    trace = play(tiny(producers=[producer(arrivals=Arrivals("constant", 1e9, messages_max=2), prepare=takes(3 * MS))]))
    assert times(trace, Kind.CREATED) == [0, 1]
    assert times(trace, Kind.SENT) == [3 * MS, 6 * MS]


def test_keys_follow_their_distribution() -> None:
    def keys(shape: Keys, n: int = 4000) -> np.ndarray:
        arrivals = Arrivals("constant", rate_per_s=1e6, messages_max=n)
        model = tiny(producers=[producer(arrivals=arrivals, message=Message(1, shape, False))], consumers=[])
        return fate_rows(play(model, level="fates"))["key"]

    assert set(keys(Keys()).tolist()) == {0}
    assert keys(Keys("sequence", 3), 7).tolist() == [0, 1, 2, 0, 1, 2, 0]
    uniform = np.bincount(keys(Keys("uniform", 5)), minlength=5)
    assert (np.abs(uniform - 800) < 5 * np.sqrt(800)).all()
    zipf = np.bincount(keys(Keys("zipf", 50, 1.0)), minlength=50)
    weights = 1 / np.arange(1, 51)
    expected = 4000 * weights / weights.sum()
    assert ((zipf - expected) ** 2 / expected).sum() < 100, "chi-square with 49 degrees of freedom"


def test_a_consumer_more_leaves_every_arrival_as_it_was() -> None:
    poisson = producer(arrivals=Arrivals("poisson", 1000.0), message=Message(1, Keys("zipf", 9, 1.0), False), count=3)
    runs = [play(tiny(producers=[poisson], consumers=[consumer(count=n)], duration_ns=S)) for n in (1, 2, 5)]
    births = [fate_rows(run)[["created_ns", "sequence", "key", "message"]].tolist() for run in runs]
    assert births[0] == births[1] == births[2]
    assert len(kinds(runs[0], Kind.CREATED)) > 900


def test_a_producer_group_before_another_leaves_the_others_draws_as_they_were() -> None:
    old = producer("old", arrivals=Arrivals("poisson", 500.0), message=Message(1, Keys("uniform", 99), False))
    new = producer("new", arrivals=Arrivals("poisson", 900.0), count=2)

    def births(*groups: object) -> list[tuple[int, ...]]:
        trace = play(tiny(producers=groups, duration_ns=S))  # type: ignore[arg-type]
        rows = fate_rows(trace)
        mine = [trace.entities[int(p)].name == "old" for p in rows["producer"]]
        return sorted(rows[mine][["sequence", "created_ns", "key"]].tolist())

    assert births(old) == births(new, old)
