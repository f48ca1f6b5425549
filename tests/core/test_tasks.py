"""Tasks whose state is written down: who is early, and what an early worker does."""

from __future__ import annotations

import pytest

from mqlab.model import Distribution, Exceptions, ExpectsRecord, Fault, Record
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Trace
from tests.support.models import (
    MS,
    US,
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

WRITES = takes(2 * MS)


def work(order: str, otherwise: str, *, ns: int = 2 * MS, messages: int = 1, faults=(), **worker) -> Trace:
    looks = {"expects_record": ExpectsRecord(otherwise, 300 * US), "link": wire(500 * US)} | worker  # type: ignore[arg-type]
    return play(tiny(producers=[producer(record=Record(takes(ns), order), arrivals=every(5 * MS, messages))],  # type: ignore[arg-type]
                     consumers=[consumer(**looks)], faults=faults, duration_ns=20 * MS))  # fmt: skip


def test_enqueue_first_a_quick_worker_abandons_the_task() -> None:
    trace = work("enqueue-first", "discard")
    assert times(trace, Kind.SENT) == [0]
    assert times(trace, Kind.TASK_ABANDONED) == [500 * US]
    assert times(trace, Kind.TASK_RECORDED) == [2 * MS]
    assert of_kind(trace, Kind.TASK_ABANDONED)["first"].tolist() == [500 * US]
    assert endings(trace) == {"discarded": 1}


def test_a_worker_that_comes_later_finds_the_state() -> None:
    trace = work("enqueue-first", "discard", link=wire(2 * MS))
    assert endings(trace) == {"processed": 1}


def test_write_first_sends_when_the_state_is_there() -> None:
    trace = work("write-first", "discard")
    assert times(trace, Kind.TASK_RECORDED) == times(trace, Kind.SENT) == [2 * MS]
    assert endings(trace) == {"processed": 1}


def test_requeue_comes_back_until_the_state_is_there() -> None:
    """Each turn takes the way there and back, 1 ms."""
    trace = work("enqueue-first", "requeue")
    assert times(trace, Kind.TASK_ABANDONED) == [500 * US, 1500 * US]
    assert of_kind(trace, Kind.TASK_ABANDONED)["cause"].tolist() == [1, 1]
    assert times(trace, Kind.PROCESSED) == [2600 * US]


def test_wait_looks_again_every_while_and_then_begins() -> None:
    """It looks at 0.5, 0.8, … and 2.0 ms, and works a tenth of a millisecond."""
    trace = work("enqueue-first", "wait")
    assert kinds(trace, Kind.TASK_ABANDONED) == []
    assert times(trace, Kind.PROCESSED) == [2100 * US]
    assert endings(trace) == {"processed": 1}


def test_with_automatic_acknowledgement_an_abandoned_task_cannot_be_put_back() -> None:
    assert endings(work("enqueue-first", "requeue", ack="auto")) == {"discarded": 1}


def test_a_producer_that_dies_over_its_writing_leaves_a_task_without_a_state() -> None:
    dies = [Fault(MS, "crash", "p", -1)]
    assert endings(work("enqueue-first", "wait", faults=dies)) == {"in_flight": 1}
    trace = work("write-first", "wait", faults=dies)
    assert endings(trace) == {"lost:client_buffer": 1}
    assert kinds(trace, Kind.TASK_RECORDED, Kind.SENT) == []


def test_a_worker_killed_while_it_waits_has_done_nothing() -> None:
    trace = work("enqueue-first", "wait", ns=900 * MS, faults=[Fault(100 * MS, "crash", "c", 10 * MS)])
    assert kinds(trace, Kind.EFFECT) == []
    assert endings(trace) == {"processed": 1}


@pytest.mark.parametrize("otherwise", ["discard", "requeue", "wait"])
def test_workers_look_only_where_states_are_kept(otherwise: str) -> None:
    looks = ExpectsRecord(otherwise, MS)  # type: ignore[arg-type]
    assert endings(play(tiny(consumers=[consumer(expects_record=looks)]))) == {"processed": 10}


def test_what_is_abandoned_is_not_handled_so_no_handler_fails() -> None:
    trace = work("enqueue-first", "discard", exceptions=Exceptions(1.0, "delivery", "crash"))
    assert kinds(trace, Kind.FAILED) == []


def test_how_long_writing_takes_is_drawn_for_each_task() -> None:
    spread = Distribution("uniform", (1.0 * MS, 3.0 * MS))
    trace = play(tiny(producers=[producer(record=Record(spread, "enqueue-first"), arrivals=every(5 * MS, 4))],
                      duration_ns=20 * MS))  # fmt: skip
    waits = [t - 5 * MS * i for i, t in enumerate(times(trace, Kind.TASK_RECORDED))]
    assert len(set(waits)) == 4
    assert all(MS <= wait <= 3 * MS for wait in waits)
