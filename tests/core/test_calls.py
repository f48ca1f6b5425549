"""Direct calls: whoever calls waits for the work, so a worker that is gone breaks the call."""

from __future__ import annotations

from typing import Any

from mqlab.model import Confirm, Connection, Exceptions, Fault
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    consumer,
    endings,
    every,
    kinds,
    of_kind,
    play,
    producer,
    queue,
    retries,
    takes,
    times,
    tiny,
    wire,
)


def call(**fields: Any) -> Any:
    """A caller who waits for the work, two milliseconds from the service."""
    return producer(arrivals=every(MS, 1), link=wire(2 * MS), confirm=Confirm(0, 0, "processed"), **fields)


WORKERS: dict[str, Any] = {"count": 2, "service": takes(50 * MS)}


def test_a_call_in_a_dying_workers_hands_breaks_and_the_caller_is_told_at_once() -> None:
    model = tiny(
        producers=[call()], consumers=[consumer(**WORKERS)], queues=[queue(max_length=0, overflow="reject-publish")],
        faults=[Fault(10 * MS, "crash", "c[0]", -1)],
    )  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.DISCARDED) == [10 * MS]
    assert of_kind(trace, Kind.DISCARDED)["cause"].tolist() == [1]
    assert times(trace, Kind.REFUSED) == [12 * MS], "one latency later"
    assert kinds(trace, Kind.REQUEUED) == []
    assert len(of_kind(trace, Kind.STARTED)) == 1, "nobody does it again"
    assert endings(trace) in ({"rejected": 1}, {"processed": 1}), "the effect may have happened before"


def test_whoever_calls_again_is_served_by_another_worker() -> None:
    model = tiny(
        producers=[call(retry=retries(2, MS))], consumers=[consumer(**WORKERS)],
        faults=[Fault(10 * MS, "crash", "c[0]", -1)],
    )  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.SENT) == [0, 13 * MS]
    assert times(trace, Kind.CONFIRMED) == [13 * MS + 2 * MS + 50 * MS + 2 * MS]
    assert endings(trace) == {"processed": 1}


def test_a_worker_that_dies_of_an_exception_breaks_its_call_too() -> None:
    model = tiny(
        producers=[call()], consumers=[consumer(**WORKERS, exceptions=Exceptions(1.0, "delivery", "crash"))]
    )
    trace = play(model)
    assert times(trace, Kind.REFUSED) == [2 * MS + 50 * MS + 2 * MS]
    assert endings(trace) == {"rejected": 1}


def test_a_reset_breaks_the_call_but_the_worker_works_on() -> None:
    model = tiny(
        producers=[call()], consumers=[consumer(**WORKERS, connection=Connection(0, MS))],
        faults=[Fault(10 * MS, "reset", "c", 0)],
    )  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.REFUSED) == [12 * MS]
    assert times(trace, Kind.PROCESSED) == [52 * MS], "a no does not mean that it did not happen"
    assert endings(trace) == {"processed": 1}


def test_what_is_only_stored_goes_back_to_its_queue_as_ever() -> None:
    model = tiny(
        producers=[producer(arrivals=every(MS, 1), confirm=Confirm(0, 0))], consumers=[consumer(**WORKERS)],
        faults=[Fault(10 * MS, "crash", "c[0]", -1)],
    )  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.REQUEUED) == [10 * MS]
    assert endings(trace) == {"processed": 1}
