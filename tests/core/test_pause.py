"""A process stands still: what reaches it waits, work ends later, and heartbeats may give it up."""

from __future__ import annotations

from mqlab.model import Arrivals, Confirm, Connection, Fault
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    US,
    actors,
    consumer,
    endings,
    every,
    fate_rows,
    kinds,
    node,
    of_kind,
    play,
    producer,
    queue,
    takes,
    timeline,
    times,
    tiny,
    wire,
)


def pause(at: int, target: str, lasts: int = 10 * MS) -> Fault:
    return Fault(at, "pause", target, lasts)


def test_a_paused_broker_handles_nothing_and_then_everything_in_order() -> None:
    model = tiny(producers=[producer(arrivals=every(MS, 6), link=wire(100 * US))], faults=[pause(2 * MS, "broker")])
    trace = play(model)
    assert timeline(trace, Kind.PAUSED, Kind.RESUMED) == [(2 * MS, Kind.PAUSED), (12 * MS, Kind.RESUMED)]
    arrived = of_kind(trace, Kind.ARRIVED)
    assert arrived["time_ns"].tolist() == [100 * US, MS + 100 * US, *[12 * MS] * 4]
    assert arrived["message"].tolist() == list(range(6))
    assert endings(trace) == {"processed": 6}


def test_what_is_sent_without_any_latency_waits_as_well() -> None:
    model = tiny(producers=[producer(arrivals=every(MS, 3))], faults=[pause(500 * US, "broker", 5 * MS)])
    assert times(play(model), Kind.ARRIVED) == [0, 5 * MS + 500 * US, 5 * MS + 500 * US]


def test_work_of_the_processor_ends_later_by_the_pause() -> None:
    """Three publishes of 2 ms each stand in line at the processor; it stops after 1 ms."""
    model = tiny(
        nodes=[node(publish_ns=2 * MS)], producers=[producer(arrivals=every(1, 3))], consumers=[],
        faults=[pause(MS, "broker")],
    )  # fmt: skip
    assert times(play(model), Kind.ENQUEUED) == [12 * MS, 14 * MS, 16 * MS]


def test_a_delivery_that_the_processor_had_not_finished_leaves_later() -> None:
    model = tiny(
        nodes=[node(deliver_ns=2 * MS)], producers=[producer(arrivals=every(1, 2))], consumers=[consumer(prefetch=0)],
        faults=[pause(MS, "broker")],
    )  # fmt: skip
    assert times(play(model), Kind.DELIVERED) == [12 * MS, 14 * MS]


def test_a_flush_that_ends_meanwhile_is_noticed_later() -> None:
    from mqlab.model import Keys, Message

    model = tiny(
        nodes=[node(fsync_ns=3 * MS)], queues=[queue(durable=True)], consumers=[],
        producers=[producer(arrivals=every(MS, 1), message=Message(1, Keys(), True), confirm=Confirm(0, 0))],
        faults=[pause(MS, "broker")],
    )  # fmt: skip
    assert times(play(model), Kind.CONFIRMED) == [11 * MS]


def test_a_paused_consumer_finishes_later_by_the_pause() -> None:
    model = tiny(
        producers=[producer(arrivals=every(MS, 2))], consumers=[consumer(service=takes(5 * MS), prefetch=2)],
        faults=[pause(3 * MS, "c")],
    )  # fmt: skip
    assert times(play(model), Kind.PROCESSED) == [15 * MS, 20 * MS]


def test_deliveries_to_a_paused_consumer_wait_for_it() -> None:
    model = tiny(producers=[producer(arrivals=every(MS, 3))], consumers=[consumer(prefetch=0, link=wire(MS))],
                 faults=[pause(MS + 1, "c")])  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.DELIVERED) == [MS, 11 * MS + 1, 11 * MS + 1]
    assert of_kind(trace, Kind.DELIVERED)["message"].tolist() == [0, 1, 2]


def test_the_work_of_a_consumer_that_sleeps_too_long_is_redone_and_then_done_again() -> None:
    """The broker hears no heartbeat for 20 ms; the sleeper wakes up, finishes, and learns that it is too late."""
    model = tiny(
        producers=[producer(arrivals=every(MS, 1))],
        consumers=[consumer(count=2, service=takes(5 * MS), connection=Connection(20 * MS, 2 * MS))],
        faults=[pause(2 * MS, "c[0]", 60 * MS)],
    )
    trace = play(model)
    assert times(trace, Kind.CONNECTION_CLOSED) == times(trace, Kind.REQUEUED) == [22 * MS]
    assert list(zip(times(trace, Kind.PROCESSED), actors(trace, Kind.PROCESSED), strict=True)) == [
        (27 * MS, "c[1]"), (65 * MS, "c[0]"),
    ]  # fmt: skip
    assert times(trace, Kind.CONNECTION_LOST) == [62 * MS], "it learns of it when it wakes up"
    assert len(of_kind(trace, Kind.ACKED)) == 1
    assert fate_rows(trace)["effects"].tolist() == [2]


def test_clients_of_a_broker_that_stands_still_too_long_give_it_up() -> None:
    """It still reads what they had sent before it reads that they have gone."""
    beats = Connection(20 * MS, 5 * MS)
    model = tiny(
        producers=[producer(arrivals=every(MS, 3), connection=beats, link=wire(2 * MS), confirm=Confirm(0, 0))],
        consumers=[], faults=[pause(MS, "broker", 60 * MS)],
    )  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.CONNECTION_LOST) == [21 * MS]
    assert times(trace, Kind.ARRIVED) == [61 * MS] * 3
    assert times(trace, Kind.CONNECTED)[0] >= 61 * MS
    assert endings(trace) == {"in_flight": 3}
    assert kinds(trace, Kind.CONFIRMED) == []


def test_a_paused_producer_sends_later_what_came_meanwhile_with_its_own_time() -> None:
    model = tiny(producers=[producer(arrivals=every(4 * MS, 3))], faults=[pause(2 * MS, "p")])
    trace = play(model)
    assert times(trace, Kind.CREATED) == [0, 4 * MS, 8 * MS]
    assert times(trace, Kind.SENT) == [0, 12 * MS, 12 * MS]
    assert fate_rows(trace)["created_ns"].tolist() == [0, 4 * MS, 8 * MS]


def test_a_paused_producer_in_a_closed_loop_creates_nothing() -> None:
    loop = Arrivals("closed", think=takes(2 * MS), messages_max=4)
    trace = play(tiny(producers=[producer(arrivals=loop)], faults=[pause(3 * MS, "p")], duration_ns=100 * MS))
    assert times(trace, Kind.CREATED) == [2 * MS, 13 * MS, 15 * MS, 17 * MS]


def test_a_producers_preparation_stands_still_too() -> None:
    """3 ms of work each, one after the other; it stops in the middle of the first, and the third comes meanwhile."""
    model = tiny(producers=[producer(arrivals=every(2 * MS, 3), prepare=takes(3 * MS))], faults=[pause(2500 * US, "p")])
    assert times(play(model), Kind.SENT) == [13 * MS, 16 * MS, 19 * MS]


def test_a_confirm_that_came_in_time_is_in_time_after_a_pause() -> None:
    """The confirm came 1 ms before the time-out; both wait, and the first that came is seen first."""
    model = tiny(
        producers=[producer(arrivals=every(MS, 1), confirm=Confirm(0, 5 * MS), link=wire(2 * MS))],
        faults=[pause(3 * MS, "p")],
    )  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.CONFIRMED) == [13 * MS]
    assert kinds(trace, Kind.TIMED_OUT) == []


def test_pauses_that_overlap_are_one() -> None:
    model = tiny(producers=[], faults=[pause(MS, "c"), pause(5 * MS, "c", 2 * MS), pause(8 * MS, "c")])
    assert timeline(play(model)) == [(MS, Kind.PAUSED), (18 * MS, Kind.RESUMED)]


def test_a_paused_process_that_is_killed_stands_still_no_more() -> None:
    model = tiny(
        producers=[producer(arrivals=every(MS, 5), link=wire(100 * US))], consumers=[],
        faults=[pause(2 * MS, "broker", 30 * MS), Fault(5 * MS, "crash", "broker", 2 * MS)],
    )  # fmt: skip
    trace = play(model)
    assert timeline(trace, Kind.PAUSED, Kind.RESUMED, Kind.NODE_RESTARTED) == [
        (2 * MS, Kind.PAUSED), (5 * MS, Kind.RESUMED), (7 * MS, Kind.NODE_RESTARTED),
    ]  # fmt: skip
    assert of_kind(trace, Kind.RESUMED)["cause"].tolist() == [1]
    assert len(of_kind(trace, Kind.STALE_PACKET)) == 3


def test_a_consumer_killed_in_its_sleep_had_worked_until_it_fell_asleep() -> None:
    """It sleeps from the first millisecond of a second's work: the effect cannot have happened, whatever the seed."""
    effects = 0
    for seed in range(1, 8):
        model = tiny(
            producers=[producer(arrivals=every(MS, 1))], consumers=[consumer(service=takes(1000 * MS))],
            faults=[pause(1, "c", 900 * MS), Fault(800 * MS, "crash", "c", -1)], seed=seed,
        )  # fmt: skip
        effects += len(of_kind(play(model), Kind.EFFECT))
    assert effects == 0
