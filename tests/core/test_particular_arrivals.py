"""Arrivals with a file of their own: in pieces, in bursts, with states, self-exciting, and as recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from mqlab.model import Arrivals, Fault, Keys, Message, Phase, Recording, Step, time_shares
from mqlab.scenario.estimate import estimate
from mqlab.trace.kinds import Kind
from tests.support.models import MS, US, S, actors, consumer, fate_rows, play, producer, times, tiny

CALM_AND_RUSH = (Phase(50.0, 400 * MS, (0.0, 1.0)), Phase(1000.0, 100 * MS, (1.0, 0.0)))
KINDS = {
    "piecewise": Arrivals("piecewise", steps=(Step(0, 200.0), Step(300 * MS, 0.0), Step(600 * MS, 900.0))),
    "burst": Arrivals("burst", every_ns=200 * MS, of=30, over_ns=50 * MS),
    "mmpp": Arrivals("mmpp", phases=CALM_AND_RUSH),
    "hawkes": Arrivals("hawkes", rate_per_s=100.0, branching=0.6, decay_ns=50 * MS),
    "trace": Arrivals("trace", recording=Recording(tuple(range(0, 900 * MS, 7 * MS)))),
}  # fmt: skip


def model_of(arrivals: Arrivals, *, count: int = 1, duration_ns: int = S, **fields: object):
    return tiny(producers=[producer(arrivals=replace(arrivals, stop_ns=duration_ns), count=count, **fields)],
                consumers=[], duration_ns=duration_ns, drain_ns=0)  # fmt: skip


def created(arrivals: Arrivals, *, seed: int = 1, **settings: object) -> list[int]:
    return times(play(model_of(arrivals, **settings), seed=seed), Kind.CREATED)  # type: ignore[arg-type]


# --- in pieces -------------------------------------------------------------------------------------------------------


def test_each_piece_has_the_area_under_its_rate() -> None:
    steps = (Step(0, 300.0), Step(S, 0.0), Step(2 * S, 2000.0), Step(3 * S, 700.0))
    seen = np.zeros(4)
    for seed in range(1, 11):
        got = created(Arrivals("piecewise", steps=steps), duration_ns=4 * S, seed=seed, count=3)
        seen += np.histogram(got, np.arange(5) * S)[0]
    expected = np.array([3_000, 0, 20_000, 7_000])
    assert seen[1] == 0
    assert (np.abs(seen - expected) <= 5 * np.sqrt(expected)).all()


def test_before_the_first_piece_nothing_comes_and_start_moves_all_of_them() -> None:
    late = Arrivals("piecewise", steps=(Step(200 * MS, 1000.0),), start_ns=300 * MS)
    got = created(late)
    assert min(got) >= 500 * MS
    assert len(got) == pytest.approx(500, abs=115)


def test_pieces_that_do_not_change_the_rate_change_nothing() -> None:
    whole = created(Arrivals("piecewise", steps=(Step(0, 500.0),)))
    cut = created(Arrivals("piecewise", steps=tuple(Step(i * 10 * MS, 500.0) for i in range(100))))
    assert len(cut) == len(whole)
    assert np.abs(np.array(cut) - np.array(whole)).max() <= 1 * US, "only roundings to whole ns add up"


def test_a_rate_that_does_not_change_is_poisson() -> None:
    pieces, poisson = created(Arrivals("piecewise", steps=(Step(0, 500.0),))), created(Arrivals("poisson", 500.0))
    assert np.abs(np.array(pieces) - np.array(poisson)).max() <= 1


def test_a_search_through_many_pieces_ends_where_one_through_two_does() -> None:
    """900 silent pieces are more than are looked at in one go."""
    short = Arrivals("piecewise", steps=(Step(0, 0.0), Step(900 * MS, 400.0)))
    long = Arrivals("piecewise", steps=(*(Step(i * MS, 0.0) for i in range(900)), Step(900 * MS, 400.0)))
    assert created(long, count=2) == created(short, count=2) != []


# --- in bursts -------------------------------------------------------------------------------------------------------


def test_a_burst_comes_at_once_or_spread_evenly() -> None:
    at_once = Arrivals("burst", every_ns=400 * MS, of=3)
    assert created(at_once) == [0, 0, 0, 400 * MS, 400 * MS, 400 * MS, 800 * MS, 800 * MS, 800 * MS]
    spread = replace(at_once, over_ns=30 * MS, start_ns=100 * MS)
    assert created(spread)[:5] == [100 * MS, 110 * MS, 120 * MS, 500 * MS, 510 * MS]


def test_members_take_turns_in_a_burst() -> None:
    trace = play(model_of(Arrivals("burst", every_ns=500 * MS, of=5, over_ns=50 * MS), count=3))
    assert actors(trace, Kind.CREATED) == [f"p[{i % 3}]" for i in range(10)]
    assert times(trace, Kind.CREATED)[5:7] == [500 * MS, 510 * MS]


# --- with states -----------------------------------------------------------------------------------------------------


def rates_seen(got: Sequence[int], duration_ns: int, bin_ns: int) -> np.ndarray:
    return np.histogram(got, np.arange(0, duration_ns + 1, bin_ns))[0] / (bin_ns / S)


def test_members_of_a_group_are_in_the_same_state() -> None:
    """In short bins of a silent or a busy state either both members send or neither does."""
    phases = (Phase(0.0, 300 * MS, (0.0, 1.0)), Phase(4000.0, 300 * MS, (1.0, 0.0)))
    trace = play(model_of(Arrivals("mmpp", phases=phases), count=2, duration_ns=6 * S))
    who, when = np.array(actors(trace, Kind.CREATED)), np.array(times(trace, Kind.CREATED))
    first, second = (rates_seen(when[who == f"p[{m}]"], 6 * S, 20 * MS) for m in (0, 1))
    assert np.corrcoef(first, second)[0, 1] > 0.9
    assert (first == 0).mean() == pytest.approx(0.5, abs=0.3)


def test_states_follow_each_other_as_their_weights_say() -> None:
    """The middle state is never followed by the last one; the three rates tell them apart."""
    phases = (
        Phase(100.0, 200 * MS, (0.0, 1.0, 0.0)), Phase(4000.0, 200 * MS, (1.0, 0.0, 0.0)),
        Phase(90_000.0, 200 * MS, (1.0, 0.0, 0.0)),
    )  # fmt: skip
    got = created(Arrivals("mmpp", phases=phases), duration_ns=2 * S, seed=3)
    assert rates_seen(got, 2 * S, 10 * MS).max() < 8000, "the third state cannot be reached"


def test_shares_of_time_weigh_the_visits_with_their_length() -> None:
    ring = (Phase(1.0, 10, (0.0, 1.0, 0.0)), Phase(1.0, 20, (0.0, 0.0, 1.0)), Phase(1.0, 70, (1.0, 0.0, 0.0)))
    assert time_shares(ring) == pytest.approx((0.1, 0.2, 0.7))
    star = (Phase(1.0, 10, (0.0, 0.75, 0.25)), Phase(1.0, 10, (1.0, 0.0, 0.0)), Phase(1.0, 10, (1.0, 0.0, 0.0)))
    assert time_shares(star) == pytest.approx((0.5, 0.375, 0.125))


def test_the_chain_is_found_in_a_state_as_often_as_it_is_there() -> None:
    phases = (Phase(0.0, 900 * MS, (0.0, 1.0)), Phase(20_000.0, 100 * MS, (1.0, 0.0)))
    busy = sum(bool(created(Arrivals("mmpp", phases=phases), duration_ns=MS, seed=seed)) for seed in range(1, 201))
    assert 5 <= busy <= 40, "of 200 runs about 20 begin in the busy state"


# --- self-exciting ---------------------------------------------------------------------------------------------------


def test_without_excitation_it_is_poisson() -> None:
    plain = created(Arrivals("hawkes", rate_per_s=500.0, branching=0.0, decay_ns=MS))
    assert np.abs(np.array(plain) - np.array(created(Arrivals("poisson", 500.0)))).max() <= 1


def test_excitation_adds_messages_and_keeps_the_first() -> None:
    calm, excited = (
        created(Arrivals("hawkes", rate_per_s=100.0, branching=b, decay_ns=20 * MS), duration_ns=5 * S)
        for b in (0.0, 0.8)
    )
    assert excited[0] == calm[0]
    assert len(excited) > 2.5 * len(calm)


def test_offspring_come_soon_after_their_parent() -> None:
    """Base 1/s, and each message brings about 0.9 within some 10 ms: most gaps are short."""
    got = created(Arrivals("hawkes", rate_per_s=1.0, branching=0.9, decay_ns=10 * MS), duration_ns=60 * S)
    gaps = np.diff(got)
    assert (gaps < 50 * MS).mean() > 0.6
    assert (gaps > 500 * MS).any()


# --- as recorded -----------------------------------------------------------------------------------------------------


def test_a_recording_gives_times_keys_and_sizes_and_members_take_turns() -> None:
    recording = Recording((0, 5 * MS, 5 * MS, 9 * MS, 40 * MS), (3, 1, 4, 1, 5), (10, 20, 30, 40, 50))
    arrivals = Arrivals("trace", recording=recording, start_ns=MS)
    message = Message(30, Keys("recorded", 6), False)
    trace = play(model_of(arrivals, count=2, message=message, duration_ns=40 * MS))
    assert times(trace, Kind.CREATED) == [MS, 6 * MS, 6 * MS, 10 * MS]
    assert actors(trace, Kind.CREATED) == ["p[0]", "p[1]", "p[0]", "p[1]"]
    rows = fate_rows(trace)
    assert rows["key"].tolist() == [3, 1, 4, 1]
    assert rows["size_bytes"].tolist() == [10, 20, 30, 40]


def test_a_recording_without_sizes_takes_those_of_the_message() -> None:
    trace = play(model_of(KINDS["trace"], message=Message(77, Keys("sequence", 2), False)))
    assert set(fate_rows(trace)["size_bytes"].tolist()) == {77}
    assert fate_rows(trace)["key"][:4].tolist() == [0, 1, 0, 1]


# --- all of them -----------------------------------------------------------------------------------------------------

every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
def test_a_group_makes_so_many_messages_and_each_member_its_fair_share(kind: str) -> None:
    trace = play(model_of(replace(KINDS[kind], messages_max=10), count=3))
    made = [actors(trace, Kind.CREATED).count(f"p[{m}]") for m in range(3)]
    assert sum(made) == 10
    assert max(made) - min(made) <= 1


@every_kind
def test_arrivals_end_when_they_are_told_to(kind: str) -> None:
    got = created(KINDS[kind], duration_ns=350 * MS, count=2)
    assert got == sorted(got)
    assert len(got) > 0
    assert max(got) < 350 * MS


@every_kind
def test_a_dead_producer_keeps_its_numbering_and_leaves_all_other_times_as_they_were(kind: str) -> None:
    model = model_of(KINDS[kind], count=2)
    broken = replace(model, faults=(Fault(350 * MS, "crash", "p[0]", 400 * MS),))
    all_of_them, rest = fate_rows(play(model)), fate_rows(play(broken))
    fields = ["producer", "sequence", "created_ns"]
    alive = [tuple(row) for row in rest[fields].tolist()]
    gone = {tuple(row) for row in all_of_them[fields].tolist()} - set(alive)
    assert gone
    assert all(350 * MS <= when < 750 * MS for _, _, when in gone)
    assert set(alive) <= {tuple(row) for row in all_of_them[fields].tolist()}


@every_kind
def test_a_consumer_more_and_a_group_before_leave_every_arrival_as_it_was(kind: str) -> None:
    mine = producer("mine", arrivals=replace(KINDS[kind], stop_ns=S), count=2)
    other = producer("other", arrivals=Arrivals("poisson", 300.0), count=3)

    def births(groups: Sequence[object], consumers: int) -> list[tuple[str, int, int]]:
        trace = play(tiny(producers=groups, consumers=[consumer(count=consumers)], duration_ns=S))  # type: ignore[arg-type]
        names = [trace.entities[int(p)].name for p in fate_rows(trace)["producer"]]
        rows = fate_rows(trace)[["sequence", "created_ns"]].tolist()
        return sorted((n, *row) for n, row in zip(names, rows, strict=True) if n.startswith("mine"))

    assert births([mine], 1) == births([mine], 3) == births([other, mine], 2)


@pytest.mark.parametrize("count", [1, 4])
@every_kind
def test_as_many_come_as_were_estimated(kind: str, count: int) -> None:
    """Over 30 seeds; bands of five standard deviations, estimated from the runs themselves."""
    arrivals = replace(KINDS[kind], stop_ns=S)
    made = np.array([len(created(arrivals, seed=seed, count=count)) for seed in range(1, 31)])
    expected = estimate(model_of(arrivals, count=count)).messages
    assert abs(made.mean() - expected) <= 1 + 5 * made.std(ddof=1) / np.sqrt(len(made))


def test_a_split_group_is_the_same_process_as_one_producer_alone() -> None:
    """Means and variances of counts agree between one member and four; five standard errors."""
    for kind in ("mmpp", "hawkes"):
        spread = []
        for count in (1, 4):
            made = np.array([len(created(KINDS[kind], seed=seed, count=count)) for seed in range(1, 61)])
            spread.append((made.mean(), made.var(ddof=1), made.var(ddof=1) * np.sqrt(2 / 59) * 1.5))
        (mean1, var1, err1), (mean4, var4, err4) = spread
        assert abs(mean1 - mean4) <= 5 * np.sqrt((var1 + var4) / 60), kind
        assert abs(var1 - var4) <= 5 * np.hypot(err1, err4), kind
