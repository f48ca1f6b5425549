"""A producer's buffer that ends: what waits, what is dropped, who is told, and what dies with the process."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mqlab.model import Arrivals, Buffer, Confirm, Fault, Model
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    S,
    consumer,
    endings,
    every,
    fate_rows,
    kinds,
    of_kind,
    play,
    producer,
    retries,
    takes,
    times,
    tiny,
    wire,
)

SLOW = wire(10 * MS)
"""A confirm takes 20 ms to come back."""
ONE = Confirm(1, 0)


def full_after(room: int, when_full: str, **fields: object) -> Model:
    """Six messages a millisecond apart from 0 on; one may be unconfirmed, which takes 20 ms, and ``room`` may wait."""
    settings = {"arrivals": every(MS, 6), "confirm": ONE, "link": SLOW} | fields
    return tiny(producers=[producer(buffer=Buffer(room, when_full), **settings)])  # type: ignore[arg-type]


def sent(trace: object) -> dict[int, int]:
    """When each message was first sent, in ms."""
    rows = of_kind(trace, Kind.SENT)  # type: ignore[arg-type]
    return {int(row["message"]): int(row["time_ns"]) // MS for row in rows[::-1]}


def test_without_an_end_all_of_them_wait() -> None:
    model = full_after(2, "block")
    endless = replace(model, producers=(replace(model.producers[0], buffer=None),))
    assert sent(play(endless)) == {n: 20 * n for n in range(6)}


def test_drop_newest_drops_what_comes_while_it_is_full() -> None:
    trace = play(full_after(2, "drop-newest"))
    assert sent(trace) == {0: 0, 1: 20, 2: 40}
    assert times(trace, Kind.OVERFLOWED) == [3 * MS, 4 * MS, 5 * MS]
    assert of_kind(trace, Kind.OVERFLOWED)["message"].tolist() == [3, 4, 5]
    assert endings(trace) == {"processed": 3, "lost:client_buffer": 3}


def test_drop_oldest_makes_room_for_the_newest() -> None:
    trace = play(full_after(2, "drop-oldest"))
    assert sent(trace) == {0: 0, 4: 20, 5: 40}
    assert of_kind(trace, Kind.OVERFLOWED)["message"].tolist() == [1, 2, 3]
    assert endings(trace) == {"processed": 3, "lost:client_buffer": 3}


@pytest.mark.parametrize("when_full", ["drop-newest", "drop-oldest"])
def test_without_any_room_whatever_cannot_leave_is_dropped(when_full: str) -> None:
    trace = play(full_after(0, when_full))
    assert sent(trace) == {0: 0}
    assert endings(trace) == {"processed": 1, "lost:client_buffer": 5}


def test_fail_tells_the_producer_who_gives_up_or_tries_again() -> None:
    trace = play(full_after(2, "fail"))
    assert kinds(trace, message=4) == [Kind.CREATED, Kind.PUBLISH_FAILED, Kind.GAVE_UP]
    assert set(of_kind(trace, Kind.PUBLISH_FAILED)["cause"].tolist()) == {1}
    assert endings(trace) == {"processed": 3, "gave_up": 3}
    patient = play(full_after(2, "fail", retry=retries(9, 20 * MS)))
    assert endings(patient) == {"processed": 6}
    assert sent(patient) == {n: 20 * n for n in range(6)}
    assert times(patient, Kind.PUBLISH_FAILED, message=5) == [5 * MS, 25 * MS, 45 * MS]


def test_block_loses_nothing_and_keeps_the_intended_times() -> None:
    trace = play(full_after(2, "block"))
    assert sent(trace) == {n: 20 * n for n in range(6)}
    assert times(trace, Kind.CREATED) == [n * MS for n in range(6)]
    assert of_kind(trace, Kind.BUFFERED)["message"].tolist() == [1, 2, 3, 4, 5]
    assert times(trace, Kind.BUFFERED) == [MS, 2 * MS, 20 * MS, 40 * MS, 60 * MS]
    assert of_kind(trace, Kind.BLOCKED)["message"].tolist() == [3, 4, 5], "one after the other"
    assert times(trace, Kind.BLOCKED) == [3 * MS, 20 * MS, 40 * MS]
    assert endings(trace) == {"processed": 6}


def test_a_blocked_thread_prepares_nothing() -> None:
    """Preparing takes 3 ms. With room for one: 0 leaves at 3, 1 waits from 6, 2 is stuck from 9 to 23; then 3."""
    trace = play(full_after(1, "block", prepare=takes(3 * MS)))
    assert times(trace, Kind.BLOCKED) == [9 * MS, 26 * MS, 46 * MS, 66 * MS]
    assert sent(trace) == {0: 3, 1: 23, 2: 43, 3: 63, 4: 83, 5: 103}
    roomy = play(full_after(6, "block", prepare=takes(3 * MS)))
    assert not times(roomy, Kind.BLOCKED)
    assert times(roomy, Kind.BUFFERED) == [n * 3 * MS for n in range(2, 7)]


def test_a_closed_loop_goes_on_after_a_drop() -> None:
    closed = Arrivals("closed", think=takes(MS), messages_max=3)
    model = tiny(producers=[producer(arrivals=closed, buffer=Buffer(0, "drop-newest"))],
                 faults=[Fault(500_000, "crash", "broker", 2 * MS)])  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.CREATED) == [MS, 2 * MS, 3 * MS]
    assert endings(trace) == {"lost:client_buffer": 3}


def test_without_confirms_a_buffer_keeps_what_finds_no_connection() -> None:
    crash = [Fault(2 * MS + 1, "crash", "broker", 2 * MS)]
    fields = {"arrivals": every(MS, 9)}
    without = play(tiny(producers=[producer(**fields)], faults=crash))
    kept = play(tiny(producers=[producer(buffer=Buffer(2, "drop-newest"), **fields)], faults=crash))
    assert endings(without)["gave_up"] == 5
    assert sent(kept) == {0: 0, 1: 1, 2: 2, 3: 7, 4: 7, 8: 8}
    assert endings(kept)["lost:client_buffer"] == 3


def test_what_is_sent_again_has_its_place_before_the_new() -> None:
    """The connection breaks with 0 and 1 unconfirmed and the buffer full: they are sent again first."""
    model = full_after(2, "drop-oldest", confirm=Confirm(2, 0), retry=retries(3, MS), arrivals=every(MS, 4))
    trace = play(replace(model, faults=(Fault(5 * MS, "reset", "p", 0),)))
    order = of_kind(trace, Kind.SENT)["message"].tolist()
    assert order == [0, 1, 0, 1, 2, 3]
    assert "lost:client_buffer" not in endings(trace)


def test_a_crash_takes_the_buffer_the_waiting_call_and_the_line_behind_it() -> None:
    model = full_after(1, "block")
    trace = play(replace(model, faults=(Fault(5 * MS + 1, "crash", "p", MS),)))
    assert times(trace, Kind.FORGOTTEN) == [5 * MS + 1] * 6
    assert endings(trace) == {"lost:wire": 1, "lost:client_buffer": 5}, "the first was on its way and arrives nowhere"


def test_a_thread_lives_again_with_its_process() -> None:
    model = full_after(0, "block", arrivals=every(MS, 8))
    trace = play(replace(model, faults=(Fault(3 * MS + 1, "crash", "p", MS),)))
    assert sent(trace) == {0: 0, 4: 5, 5: 25, 6: 45}
    assert endings(trace) == {"processed": 3, "lost:wire": 1, "lost:client_buffer": 3}


def test_many_wait_and_are_taken_a_piece_at_a_time() -> None:
    """A thousand messages wait behind a full buffer; when the broker is back all of them leave, in order."""
    many = Arrivals("burst", every_ns=S, of=1000, start_ns=MS)
    model = tiny(producers=[producer(arrivals=many, buffer=Buffer(10, "block"))],
                 faults=[Fault(0, "crash", "broker", 3 * MS)], consumers=[consumer(service=takes(0))])  # fmt: skip
    trace = play(model)
    order = of_kind(trace, Kind.SENT)["message"].tolist()
    assert order == list(range(1000))
    assert endings(trace) == {"processed": 1000}
    assert len(set(times(trace, Kind.SENT))) == 1


# --- what a dead producer had in its hands ---------------------------------------------------------------------------


def test_a_pause_that_outlasts_the_run_ends_with_its_producer() -> None:
    """Told no at once, it would try again after ten seconds; it dies before, and the run ends before that."""
    model = tiny(producers=[producer(arrivals=every(MS, 1), retry=retries(2, 10 * S, max_ns=10 * S))],
                 faults=[Fault(0, "crash", "broker", -1), Fault(5 * MS, "crash", "p", -1)])  # fmt: skip
    trace = play(model)
    assert kinds(trace, message=0) == [Kind.CREATED, Kind.PUBLISH_FAILED, Kind.BACKED_OFF]
    assert endings(trace) == {"lost:client_buffer": 1}
    alive = play(replace(model, faults=model.faults[:1]))
    assert endings(alive) == {"in_flight": 1}


def test_what_was_being_prepared_ends_with_its_producer() -> None:
    slow = producer(arrivals=every(MS, 2), prepare=takes(10 * S))
    trace = play(tiny(producers=[slow], faults=[Fault(5 * MS, "crash", "p", MS)]))
    assert endings(trace) == {"lost:client_buffer": 2}
    assert endings(play(tiny(producers=[slow]))) == {"in_flight": 2}


def test_what_the_broker_has_is_not_lost_with_its_producer() -> None:
    """Timed out and about to be sent again; the first try stands in the queue."""
    model = tiny(producers=[producer(arrivals=every(MS, 1), confirm=Confirm(0, 5 * MS), link=SLOW,
                                     retry=retries(2, 10 * S, max_ns=10 * S))],
                 consumers=[], faults=[Fault(12 * MS, "crash", "p", -1)])  # fmt: skip
    assert endings(play(model)) == {"in_flight": 1}


def test_a_refusal_stands_when_nobody_is_left_to_try_again() -> None:
    from tests.support.models import queue

    full = queue(max_length=0, overflow="reject-publish")
    model = tiny(producers=[producer(arrivals=every(MS, 1), confirm=Confirm(0, 0),
                                     retry=retries(2, 10 * S, max_ns=10 * S))],
                 queues=[full], consumers=[], faults=[Fault(8 * MS, "crash", "p", -1)])  # fmt: skip
    assert endings(play(model)) == {"rejected": 1}
    assert endings(play(replace(model, faults=()))) == {"in_flight": 1}
    assert fate_rows(play(model))["fate"].tolist() == [5]
