"""Channels: a limit that consumers share, a common end, and the broker that closes who is too late."""

from __future__ import annotations

import pytest

from mqlab.model import Exceptions, Fault
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
    times,
    tiny,
    wire,
)

AT_ONCE = [producer(arrivals=every(10 * US, 12))]


@pytest.mark.parametrize(("own", "shared", "together"), [(2, 3, 3), (2, 0, 6), (0, 5, 5), (1, 9, 3), (0, 0, 12)])
def test_a_channel_bounds_its_consumers_together(own: int, shared: int, together: int) -> None:
    """Three consumers: the smaller limit counts, and 0 is no limit."""
    trace = play(tiny(producers=AT_ONCE, consumers=[consumer(count=3, prefetch=own, channel=shared,
                                                             service=takes(50 * MS))]))  # fmt: skip
    assert trace.counters.queues["q"].unacked_max == together
    assert endings(trace) == {"processed": 12}


def test_an_acknowledgement_of_one_makes_room_for_any_on_the_channel() -> None:
    """The channel allows one: the three take turns although only one ever works."""
    trace = play(tiny(producers=AT_ONCE, consumers=[consumer(count=3, prefetch=0, channel=1, service=takes(MS))]))
    assert actors(trace, Kind.DISPATCHED) == [f"c[{i % 3}]" for i in range(12)]
    assert times(trace, Kind.PROCESSED) == [(1 + i) * MS for i in range(12)]


def test_who_shares_a_channel_falls_with_it() -> None:
    """One handler raises and its process dies: all three are consumers of this one process."""
    once = Exceptions(1.0, "delivery", "crash", only=(4,), times=1)
    trace = play(tiny(producers=AT_ONCE, consumers=[consumer(count=3, prefetch=2, channel=6, exceptions=once,
                                                             service=takes(MS))]))  # fmt: skip
    assert sorted(actors(trace, Kind.CLIENT_CRASHED)) == ["c[0]", "c[1]", "c[2]"]
    assert len(set(times(trace, Kind.CLIENT_CRASHED))) == 1
    assert endings(trace) == {"processed": 12}
    apart = play(tiny(producers=AT_ONCE, consumers=[consumer(count=3, prefetch=2, exceptions=once,
                                                             service=takes(MS))]))  # fmt: skip
    assert actors(apart, Kind.CLIENT_CRASHED) == ["c[1]"]


def test_a_reset_of_one_is_a_reset_of_all_on_the_channel() -> None:
    trace = play(tiny(producers=AT_ONCE, consumers=[consumer(count=3, prefetch=2, channel=6, service=takes(9 * MS))],
                      faults=[Fault(5 * MS, "reset", "c[1]", 0)]))  # fmt: skip
    assert sorted(actors(trace, Kind.CONNECTION_LOST)) == ["c[0]", "c[1]", "c[2]"]
    assert len(of_kind(trace, Kind.REQUEUED)) == 6


HOLDS = Exceptions(1.0, "delivery", "hold", only=(0,), times=1)


def late(**fields: object):
    """A consumer that keeps message 0, once; the broker looks every 10 ms whether something is older than 25 ms."""
    settings = {"prefetch": 2, "link": wire(MS), "timeout_ns": 25 * MS, "timeout_check_ns": 10 * MS}
    return consumer(**settings | {"exceptions": HOLDS, "service": takes(MS)} | fields)


def test_a_delivery_kept_for_too_long_closes_the_channel_at_the_next_look() -> None:
    """It left at 0; at 30 ms the broker looks and finds it older than 25; the client hears of it at 31."""
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1))], consumers=[late()]))
    assert times(trace, Kind.CHANNEL_CLOSED) == [30 * MS]
    assert of_kind(trace, Kind.CHANNEL_CLOSED)["first"].tolist() == [30 * MS]
    assert times(trace, Kind.REQUEUED) == [30 * MS]
    assert times(trace, Kind.CONNECTION_LOST) == [31 * MS]
    assert times(trace, Kind.CONNECTED) == [36 * MS], "after its pause"
    assert of_kind(trace, Kind.DISPATCHED)["attempt"].tolist() == [1, 2]
    assert endings(trace) == {"processed": 1}


def test_what_is_younger_than_the_limit_is_left_alone() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1))], consumers=[late(timeout_ns=30 * MS)]))
    assert times(trace, Kind.CHANNEL_CLOSED) == [40 * MS], "at 30 ms it is exactly as old as it may be"


def test_everything_on_the_channel_goes_back_not_only_what_is_late() -> None:
    holds_two = Exceptions(1.0, "delivery", "hold", only=(0, 1), times=1)
    trace = play(tiny(producers=[producer(arrivals=every(14 * MS, 4))], duration_ns=60 * MS,
                      consumers=[late(prefetch=0, exceptions=holds_two)]))  # fmt: skip
    assert of_kind(trace, Kind.REQUEUED)["message"].tolist()[:2] == [0, 1]
    assert len(set(times(trace, Kind.REQUEUED)[:2])) == 1


def test_without_a_limit_a_held_message_is_held_for_ever() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1))], consumers=[late(timeout_ns=0)]))
    assert endings(trace) == {"in_flight": 1}
    assert kinds(trace, Kind.CHANNEL_CLOSED) == []


def test_slow_work_is_done_twice_when_its_time_is_up() -> None:
    """40 ms of work, 25 allowed: its acknowledgement comes on a channel that is no more."""
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1))], drain_ns=80 * MS,
                      consumers=[late(exceptions=None, service=takes(40 * MS))]))  # fmt: skip
    assert len(times(trace, Kind.PROCESSED)) >= 2
    assert kinds(trace, Kind.ACKED) == []
    assert trace.duration_ns < S


def test_with_a_shared_channel_all_of_it_is_closed() -> None:
    trace = play(tiny(producers=AT_ONCE, consumers=[late(count=3, channel=6)]))
    assert sorted(actors(trace, Kind.CONNECTION_LOST)) == ["c[0]", "c[1]", "c[2]"]
    assert endings(trace) == {"processed": 12}
