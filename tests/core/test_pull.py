"""Pull: one message for each question, a pause after an empty answer, and nothing that prefetch could bound."""

from __future__ import annotations

from mqlab.model import Fault, LinkSide
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    US,
    S,
    consumer,
    endings,
    every,
    kinds,
    one_way,
    play,
    producer,
    takes,
    times,
    tiny,
    wire,
)


def puller(**fields: object):
    """A consumer a millisecond away that asks every 10 ms and works for one."""
    return consumer(**{"pull_ns": 10 * MS, "prefetch": 0, "link": wire(MS), "service": takes(MS)} | fields)


def test_a_question_is_a_round_trip_and_an_empty_answer_a_pause() -> None:
    """Asked at 0, at the broker at 1 ms: nothing. Back at 2, again at 12, at the broker at 13, and so on."""
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1, start_ns=20 * MS))], duration_ns=25 * MS,
                      consumers=[puller()], drain_ns=30 * MS))  # fmt: skip
    assert times(trace, Kind.GOT_NOTHING)[:2] == [1 * MS, 13 * MS]
    assert times(trace, Kind.DISPATCHED) == [25 * MS], "it stood there from 20 ms on"
    assert times(trace, Kind.DELIVERED) == [26 * MS]
    assert times(trace, Kind.PROCESSED) == [27 * MS]
    assert times(trace, Kind.GOT_NOTHING)[2:] == [28 * MS, 40 * MS, 52 * MS], "after the work it asks again at once"
    assert trace.counters.gauges["c.empty_gets"] == 5


def test_one_message_for_each_question() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(10 * US, 5))], consumers=[puller()]))
    assert times(trace, Kind.DISPATCHED) == [(1 + 3 * i) * MS for i in range(5)], "back, work, and there again"


def test_several_lanes_ask_one_after_the_other() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(10 * US, 4))],
                      consumers=[puller(concurrency=2, service=takes(20 * MS))]))  # fmt: skip
    assert times(trace, Kind.DISPATCHED)[:2] == [1 * MS, 3 * MS], "it asks again when it has its answer"
    assert trace.counters.queues["q"].unacked_max == 2


def test_pulled_messages_are_acknowledged_or_come_back() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(10 * US, 1))], consumers=[puller(service=takes(20 * MS))],
                      faults=[Fault(10 * MS, "reset", "c", 0)]))  # fmt: skip
    assert kinds(trace, Kind.REQUEUED, Kind.CONNECTED, Kind.DISPATCHED) == [
        Kind.DISPATCHED, Kind.REQUEUED, Kind.CONNECTED, Kind.DISPATCHED,
    ]  # fmt: skip
    assert endings(trace) == {"processed": 1}


def test_automatic_acknowledgement_loses_a_pulled_message_on_its_way() -> None:
    deaf = one_way(down=LinkSide(takes(0), loss=1.0))
    trace = play(tiny(producers=[producer(arrivals=every(MS, 3))], consumers=[puller(ack="auto", link=deaf)],
                      drain_ns=5 * S))  # fmt: skip
    assert endings(trace) == {"lost:auto_ack": 3}, "a question without an answer is asked again a second later"
    assert trace.counters.queues["q"].unacked_max == 0


def test_a_broker_that_was_down_is_asked_again() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(MS, 2, start_ns=8 * MS))], consumers=[puller()],
                      faults=[Fault(2 * MS, "crash", "broker", 3 * MS)]))  # fmt: skip
    assert endings(trace) == {"processed": 2}


def test_after_a_silence_it_asks_again() -> None:
    """What vanished on its way is unacknowledged as long as the connection stands; the next is asked for and got."""
    trace = play(tiny(producers=[producer(arrivals=every(MS, 2))], consumers=[puller()],
                      faults=[Fault(500 * US, "silence", "c", 40 * MS)]))  # fmt: skip
    assert endings(trace) == {"processed": 1, "in_flight": 1}
    assert times(trace, Kind.DISPATCHED) == [1 * MS, 41500 * US]
