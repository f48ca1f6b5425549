"""Groups that grow and shrink: who comes, who goes, and what becomes of what they hold."""

from __future__ import annotations

import pytest

from mqlab.model import Acks, Fault, Scale
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    US,
    S,
    actors,
    consumer,
    endings,
    every,
    kinds,
    of_kind,
    play,
    producer,
    takes,
    timeline,
    times,
    tiny,
    wire,
)


def crew(*steps: Scale, first: int = 1, **fields: object):
    """Consumers that work 10 ms each; ``first`` of them at the start."""
    most = max([first, *(step.count for step in steps)])
    return consumer(**{"scale": (Scale(0, first), *steps), "count": most, "service": takes(10 * MS)} | fields)


STEADY = [producer(arrivals=every(5 * MS, 20))]


def test_members_beyond_the_first_do_not_exist_before() -> None:
    trace = play(tiny(producers=STEADY, duration_ns=100 * MS, consumers=[crew(Scale(42 * MS, 3))]))
    left = zip(times(trace, Kind.DISPATCHED), actors(trace, Kind.DISPATCHED), strict=True)
    assert {who for time, who in left if time < 42 * MS} == {"c[0]"}
    assert actors(trace, Kind.MEMBER_JOINED) == ["c[1]", "c[2]"]
    assert times(trace, Kind.MEMBER_JOINED) == times(trace, Kind.CONNECTED) == [42 * MS] * 2
    assert endings(trace) == {"processed": 20}


def test_a_member_that_leaves_ends_what_it_works_on_and_returns_the_rest() -> None:
    """At 15 ms it works on message 1 and has 2 and 3 in hand; it ends 1 at 20 ms and goes."""
    trace = play(tiny(producers=[producer(arrivals=every(US, 6))],
                      consumers=[crew(Scale(15 * MS, 0), Scale(50 * MS, 1), prefetch=3)]))  # fmt: skip
    assert times(trace, Kind.MEMBER_LEFT) == [20 * MS]
    assert of_kind(trace, Kind.MEMBER_LEFT)["cause"].tolist() == [0]
    assert of_kind(trace, Kind.PROCESSED)["message"].tolist() == [0, 1, 2, 3, 4, 5], "and nothing twice"
    assert of_kind(trace, Kind.REQUEUED)["message"].tolist() == [2, 3], "the broker knew, and sent no more"
    assert times(trace, Kind.MEMBER_JOINED) == [50 * MS]
    assert endings(trace) == {"processed": 6}


def test_a_member_that_is_killed_leaves_its_work_undone() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(US, 6))],
                      consumers=[crew(Scale(15 * MS, 0, "kill"), Scale(50 * MS, 1), prefetch=3)]))  # fmt: skip
    assert kinds(trace, Kind.MEMBER_LEFT, Kind.CLIENT_CRASHED) == [Kind.MEMBER_LEFT, Kind.CLIENT_CRASHED]
    assert of_kind(trace, Kind.MEMBER_LEFT)["cause"].tolist() == [1]
    assert of_kind(trace, Kind.REQUEUED)["message"].tolist() == [1, 2, 3]


def test_an_idle_member_goes_at_once_and_the_last_come_goes_first() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1))], consumers=[crew(Scale(30 * MS, 1), first=3)]))
    assert timeline(trace, Kind.MEMBER_LEFT) == [(30 * MS, Kind.MEMBER_LEFT)] * 2
    assert actors(trace, Kind.MEMBER_LEFT) == ["c[1]", "c[2]"]


def test_with_automatic_acknowledgement_it_ends_everything_it_has() -> None:
    """Nothing could go back: so nothing is lost when it leaves by itself, and all it has when it is killed."""

    def played(how: str):
        group = crew(Scale(15 * MS, 0, how), ack="auto", link=wire(2 * MS))  # type: ignore[arg-type]
        return play(tiny(producers=[producer(arrivals=every(MS, 40))], duration_ns=40 * MS, consumers=[group]))

    graceful, killed = played("graceful"), played("kill")
    assert "lost:auto_ack" not in endings(graceful)
    assert graceful.counters.messages["processed"] == len(times(graceful, Kind.DISPATCHED)) == 17
    assert endings(killed)["lost:auto_ack"] >= 10


def test_who_is_wanted_again_while_it_leaves_comes_back_when_it_has_left() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(US, 4))],
                      consumers=[crew(Scale(12 * MS, 0), Scale(14 * MS, 1), link=wire(MS), prefetch=2)]))  # fmt: skip
    assert timeline(trace, Kind.MEMBER_LEFT, Kind.MEMBER_JOINED) == [
        (21 * MS, Kind.MEMBER_LEFT), (22 * MS, Kind.MEMBER_JOINED),
    ], "its goodbye reaches the broker a millisecond later"  # fmt: skip
    assert endings(trace) == {"processed": 4}
    assert len(of_kind(trace, Kind.PROCESSED)) == 4


def test_collected_acknowledgements_are_sent_before_it_goes() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(US, 3))],
                      consumers=[crew(Scale(25 * MS, 0), acks=Acks(100, S), prefetch=0)]))  # fmt: skip
    assert times(trace, Kind.ACKED) == [30 * MS] * 3
    assert kinds(trace, Kind.REQUEUED) == []


def test_faults_and_restarts_do_not_bring_members_who_are_not_there() -> None:
    trace = play(tiny(producers=STEADY, duration_ns=100 * MS, consumers=[crew(Scale(60 * MS, 2))],
                      faults=[Fault(10 * MS, "crash", "c", 10 * MS), Fault(30 * MS, "reset", "c", 0)]))  # fmt: skip
    assert actors(trace, Kind.CLIENT_CRASHED) == ["c[0]"]
    assert actors(trace, Kind.CLIENT_RESTARTED) == ["c[0]"]
    assert times(trace, Kind.MEMBER_JOINED) == [60 * MS]
    assert endings(trace) == {"processed": 20}


def test_utilisation_counts_the_members_that_exist() -> None:
    """One member, busy for its 20 pieces of 10 ms; then four idle ones for the rest of the second."""
    work = [producer(arrivals=every(US, 10))]
    one = play(tiny(producers=work, duration_ns=100 * MS, drain_ns=100 * MS, consumers=[crew(Scale(100 * MS, 4))]))
    assert one.counters.utilisation["c"] == pytest.approx(100 / (100 + 4 * 100))
    none = play(tiny(producers=work, duration_ns=100 * MS, drain_ns=100 * MS, consumers=[crew(Scale(1, 0), first=0)]))
    assert none.counters.utilisation["c"] == 0
    assert endings(none) == {"in_flight": 10}
