"""One process that works on several deliveries at once: one connection, one prefetch, one death."""

from __future__ import annotations

import pytest

from mqlab.model import Contention, Exceptions, Fault
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    US,
    actors,
    consumer,
    endings,
    every,
    of_kind,
    play,
    producer,
    takes,
    times,
    tiny,
)

EIGHT = [producer(arrivals=every(US, 8))]


def test_as_many_at_once_as_it_has_lanes() -> None:
    trace = play(tiny(producers=EIGHT, consumers=[consumer(concurrency=3, prefetch=0, service=takes(10 * MS))]))
    assert [t // MS for t in times(trace, Kind.PROCESSED)] == [10, 10, 10, 20, 20, 20, 30, 30]


def test_prefetch_bounds_the_process_not_the_lane() -> None:
    trace = play(tiny(producers=EIGHT, consumers=[consumer(concurrency=3, prefetch=2, service=takes(10 * MS))]))
    assert [t // MS for t in times(trace, Kind.PROCESSED)] == [10, 10, 20, 20, 30, 30, 40, 40]


def test_a_crash_drops_everything_it_works_on() -> None:
    trace = play(tiny(producers=EIGHT, consumers=[consumer(concurrency=3, prefetch=4, service=takes(10 * MS))],
                      faults=[Fault(5 * MS, "crash", "c", MS)]))  # fmt: skip
    assert of_kind(trace, Kind.DROPPED)["message"].tolist()[:4] == [0, 1, 2, 3], "three in work, one waiting"
    assert of_kind(trace, Kind.REQUEUED)["message"].tolist() == [0, 1, 2, 3]
    assert endings(trace) == {"processed": 8}


def test_an_exception_that_kills_the_process_kills_its_other_work() -> None:
    once = Exceptions(1.0, "delivery", "crash", only=(0,), times=1)
    trace = play(tiny(producers=EIGHT, consumers=[consumer(concurrency=2, prefetch=2, service=takes(10 * MS),
                                                           exceptions=once)]))  # fmt: skip
    assert actors(trace, Kind.CLIENT_CRASHED) == ["c"]
    assert of_kind(trace, Kind.DROPPED)["message"].tolist() == [1]
    assert endings(trace) == {"processed": 8}


def test_utilisation_counts_lanes() -> None:
    """Eight pieces of 10 ms on four lanes: 20 ms of 1 s."""
    trace = play(tiny(producers=EIGHT, consumers=[consumer(concurrency=4, prefetch=0, service=takes(10 * MS))]))
    assert trace.counters.utilisation["c"] == pytest.approx(0.02)


def test_contention_counts_what_is_in_work_not_processes() -> None:
    """Two at once, alpha 1: the second takes twice as long."""
    trace = play(tiny(producers=[producer(arrivals=every(US, 2))],
                      consumers=[consumer(concurrency=2, prefetch=0, service=takes(10 * MS),
                                          contention=Contention(1.0, 0.0))]))  # fmt: skip
    assert of_kind(trace, Kind.STARTED)["first"].tolist() == [10 * MS, 20 * MS]


def test_one_lane_is_the_plain_consumer() -> None:
    """The same, to the last event, as a group that says nothing of lanes."""
    spread = consumer(count=2, prefetch=3, service=takes(3 * MS))
    laned = consumer(count=2, prefetch=3, service=takes(3 * MS), timeout_ns=10**15, timeout_check_ns=10**15)
    assert play(tiny(consumers=[spread])).digest == play(tiny(consumers=[laned])).digest
