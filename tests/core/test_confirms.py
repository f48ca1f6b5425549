"""Publisher confirms: the window, time-outs, answers that are late, negative or void, and what a reset leaves open."""

from __future__ import annotations

from mqlab.model import (
    Binding,
    Confirm,
    Connection,
    Destination,
    Distribution,
    Exchange,
    Fault,
    Keys,
    LinkSide,
    Message,
)
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    US,
    consumer,
    endings,
    every,
    fate_rows,
    kinds,
    node,
    of_kind,
    one_way,
    play,
    producer,
    queue,
    retries,
    takes,
    timeline,
    times,
    tiny,
    wire,
)

PERSISTENT = Message(100, Keys(), True)


def test_the_window_bounds_what_is_unconfirmed() -> None:
    """Two may be on their way; the third leaves when the first confirm is back, a round trip of 8 ms later."""
    trace = play(tiny(producers=[producer(arrivals=every(MS, 4), confirm=Confirm(2, 0), link=wire(4 * MS))]))
    assert times(trace, Kind.SENT) == [0, MS, 8 * MS, 9 * MS]
    assert kinds(trace, Kind.BUFFERED, Kind.SENT, Kind.CONFIRMED, message=2) == [
        Kind.BUFFERED, Kind.SENT, Kind.CONFIRMED,
    ]  # fmt: skip


def test_no_limit_means_no_buffer() -> None:
    trace = play(tiny(producers=[producer(confirm=Confirm(0, 0), link=wire(400 * MS))]))
    assert times(trace, Kind.SENT) == times(trace, Kind.CREATED)
    assert trace.counters.messages["confirmed"] == 10


def test_a_message_that_is_not_confirmed_in_time_is_sent_again_and_stored_twice() -> None:
    """The confirm takes 6 ms and the producer waits 5: it sends again what the broker has."""
    slow_answer = one_way(down=LinkSide(takes(6 * MS)))
    trace = play(tiny(producers=[producer(
        arrivals=every(MS, 1), confirm=Confirm(0, 5 * MS), retry=retries(2, 2 * MS), link=slow_answer)]))  # fmt: skip
    assert timeline(trace, Kind.SENT, Kind.TIMED_OUT, Kind.BACKED_OFF, Kind.CONFIRMED) == [
        (0, Kind.SENT), (5 * MS, Kind.TIMED_OUT), (5 * MS, Kind.BACKED_OFF), (6 * MS, Kind.CONFIRMED),
    ]  # fmt: skip
    assert endings(trace) == {"processed": 1}, "the late confirm came in time to spare the second try"


def test_a_confirm_that_comes_after_the_second_try_finds_two_copies_stored() -> None:
    slow_answer = one_way(down=LinkSide(takes(20 * MS)))
    trace = play(tiny(producers=[producer(
        arrivals=every(MS, 1), confirm=Confirm(0, 5 * MS), retry=retries(2, 2 * MS), link=slow_answer)]))  # fmt: skip
    assert times(trace, Kind.SENT) == [0, 7 * MS]
    rows = fate_rows(trace)
    assert [(int(r["copy"]), int(r["copy_of"]), int(r["effects"])) for r in rows] == [(0, -1, 1), (1, 0, 1)]


def test_giving_up_is_not_knowing() -> None:
    """Nothing arrives, so nothing is confirmed: three tries, and the producer stops."""
    trace = play(
        tiny(
            producers=[
                producer(
                    arrivals=every(MS, 1),
                    confirm=Confirm(0, 5 * MS),
                    retry=retries(3, MS),
                    link=one_way(LinkSide(takes(0), loss=1.0)),
                )
            ]
        )
    )
    assert times(trace, Kind.SENT) == [0, 6 * MS, 12 * MS]
    assert times(trace, Kind.GAVE_UP) == [17 * MS]
    assert endings(trace) == {"gave_up": 1}


def test_a_refusal_is_told_and_ends_as_rejected() -> None:
    full = queue(max_length=1, overflow="reject-publish")
    trace = play(tiny(producers=[producer(arrivals=every(MS, 2), confirm=Confirm(0, 0), link=wire(MS))],
                      queues=[full], consumers=[]))  # fmt: skip
    assert kinds(trace, Kind.ENQUEUE_REFUSED, Kind.CONFIRM_SENT, Kind.REFUSED, Kind.GAVE_UP, message=1) == [
        Kind.ENQUEUE_REFUSED, Kind.CONFIRM_SENT, Kind.REFUSED, Kind.GAVE_UP,
    ]  # fmt: skip
    assert endings(trace) == {"in_flight": 1, "rejected": 1}


def test_what_is_refused_and_waits_for_its_next_try_is_in_flight_at_the_end() -> None:
    full = queue(max_length=0, overflow="reject-publish")
    model = tiny(producers=[producer(arrivals=every(MS, 1), confirm=Confirm(0, 0), retry=retries(2, 500 * MS))],
                 queues=[full], consumers=[], drain_ns=100 * MS)  # fmt: skip
    assert endings(play(model)) == {"in_flight": 1}


def test_after_a_reset_what_is_unconfirmed_is_unknown_not_failed() -> None:
    model = tiny(
        producers=[producer(arrivals=every(MS, 1), confirm=Confirm(0, 0), retry=retries(3, MS), link=wire(4 * MS))],
        faults=[Fault(6 * MS, "reset", "p", 0)],
    )
    trace = play(model)
    assert timeline(trace, Kind.CONNECTION_LOST, Kind.UNKNOWN, Kind.CONNECTED, Kind.STALE_PACKET, Kind.SENT) == [
        (0, Kind.SENT), (6 * MS, Kind.CONNECTION_LOST), (6 * MS, Kind.UNKNOWN),
        (8 * MS, Kind.STALE_PACKET), (11 * MS, Kind.CONNECTED), (11 * MS, Kind.SENT),
    ]  # fmt: skip
    assert trace.counters.messages["owed"] == 2, "the broker had it: the second try makes a second copy"


def test_a_confirm_belongs_to_the_connection_of_its_publish() -> None:
    """The disk is slow, the producer reconnects meanwhile: on the new connection nobody answers for the old one."""
    model = tiny(
        nodes=[node(fsync_ns=20 * MS)],
        queues=[queue(durable=True)],
        producers=[producer(arrivals=every(MS, 1), message=PERSISTENT, confirm=Confirm(0, 0), retry=retries(2, 50 * MS),
                            connection=Connection(0, MS))],
        faults=[Fault(5 * MS, "reset", "p", 0)],
    )  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.SYNCED)[0] == 20 * MS
    assert times(trace, Kind.SENT) == [0, 55 * MS]
    assert times(trace, Kind.CONFIRM_SENT) == [75 * MS]


def fanout(*queues: object) -> dict[str, object]:
    return {
        "exchanges": [Exchange("all", "fanout")],
        "queues": queues,
        "bindings": [Binding("all", q.name, "") for q in queues],  # type: ignore[attr-defined]
    }


def test_one_refusal_is_a_no_even_when_another_queue_has_it_on_disk() -> None:
    queues = queue("safe", durable=True), queue("full", max_length=0, overflow="reject-publish")
    trace = play(tiny(
        **fanout(*queues),
        nodes=[node(fsync_ns=2 * MS)],
        producers=[producer(arrivals=every(MS, 1), message=PERSISTENT, destination=Destination("all", (("", 1.0),)),
                            confirm=Confirm(0, 0), retry=retries(2, 50 * MS))],
        consumers=[], drain_ns=20 * MS))  # fmt: skip
    assert of_kind(trace, Kind.CONFIRM_SENT)["cause"].tolist() == [1]
    assert times(trace, Kind.CONFIRMED) == []


def test_a_confirm_waits_until_every_durable_queue_has_it_on_disk() -> None:
    trace = play(tiny(
        **fanout(queue("one", durable=True), queue("two", durable=True), queue("quick")),
        nodes=[node(fsync_ns=2 * MS)],
        producers=[producer(arrivals=every(MS, 1), message=PERSISTENT, destination=Destination("all", (("", 1.0),)),
                            confirm=Confirm(0, 0))],
        consumers=[]))  # fmt: skip
    assert times(trace, Kind.SYNCED) == [2 * MS, 2 * MS]
    assert times(trace, Kind.CONFIRM_SENT) == [2 * MS]
    assert kinds(trace, Kind.SYNCED, Kind.CONFIRM_SENT) == [Kind.SYNCED, Kind.SYNCED, Kind.CONFIRM_SENT]


def test_a_synchronous_call_is_answered_when_the_work_is_done() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1), confirm=Confirm(1, 0, "processed"))],
                      consumers=[consumer(service=takes(3 * MS))]))  # fmt: skip
    assert times(trace, Kind.CONFIRMED) == times(trace, Kind.PROCESSED) == [3 * MS]


def test_a_call_is_answered_after_the_work_also_where_acknowledgement_is_automatic() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1), confirm=Confirm(1, 0, "processed"))],
                      consumers=[consumer(ack="auto", service=takes(3 * MS))]))  # fmt: skip
    assert times(trace, Kind.CONFIRMED) == [3 * MS]


def test_a_call_into_two_queues_is_answered_when_both_are_done() -> None:
    trace = play(
        tiny(
            **fanout(queue("one"), queue("two")),
            producers=[
                producer(
                    arrivals=every(MS, 1),
                    destination=Destination("all", (("", 1.0),)),
                    confirm=Confirm(1, 0, "processed"),
                )
            ],
            consumers=[
                consumer("quick", queue="one", service=takes(MS)),
                consumer("slow", queue="two", service=takes(4 * MS)),
            ],
        )
    )
    assert times(trace, Kind.CONFIRMED) == [4 * MS]


def test_unroutable_is_confirmed_at_once() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1), confirm=Confirm(1, 0), link=wire(MS),
                                          destination=Destination("", (("nowhere", 1.0),)))]))  # fmt: skip
    assert kinds(trace) == [Kind.CREATED, Kind.SENT, Kind.ARRIVED, Kind.UNROUTABLE, Kind.CONFIRM_SENT, Kind.CONFIRMED]
    assert endings(trace) == {"unroutable": 1}


def test_what_is_sent_again_keeps_its_order_and_goes_first() -> None:
    """A reset leaves four unknown; their pauses end while there is no connection, and two new ones wait as well."""
    model = tiny(
        producers=[producer(arrivals=every(MS, 6), confirm=Confirm(4, 0), retry=retries(2, MS), link=wire(50 * MS),
                            connection=Connection(0, 10 * MS))],
        faults=[Fault(5 * MS + 1, "reset", "p", 0)],
    )  # fmt: skip
    again = of_kind(play(model), Kind.SENT)[4:]
    assert again["message"].tolist() == [0, 1, 2, 3, 4, 5]
    assert again["attempt"].tolist() == [2, 2, 2, 2, 1, 1]


def test_what_was_confirmed_late_and_then_lost_is_lost_not_in_flight() -> None:
    """Confirmed during the pause before the next try, taken by a crash, and the run ends before that pause does."""
    model = tiny(
        producers=[producer(arrivals=every(MS, 1), confirm=Confirm(0, 2 * MS), retry=retries(2, 500 * MS),
                            link=one_way(down=LinkSide(takes(3 * MS))))],
        consumers=[], faults=[Fault(5 * MS, "crash", "broker", 10 * MS)], drain_ns=50 * MS,
    )  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.CONFIRMED) == [3 * MS]
    assert endings(trace) == {"lost:broker_memory": 1}


def test_the_oldest_unconfirmed_message_is_the_one_that_is_timed() -> None:
    dead_end = one_way(LinkSide(takes(0), loss=1.0))
    trace = play(tiny(producers=[producer(arrivals=every(MS, 3), confirm=Confirm(0, 5 * MS), link=dead_end)]))
    assert timeline(trace, Kind.TIMED_OUT) == [(t * MS, Kind.TIMED_OUT) for t in (5, 6, 7)]


def test_confirm_latency_is_part_of_the_draws_of_the_link() -> None:
    uneven = LinkSide(Distribution("uniform", (1.0 * MS, 3.0 * MS)))
    trace = play(tiny(producers=[producer(confirm=Confirm(0, 0), link=one_way(uneven, uneven))]))
    rows = fate_rows(trace)
    spans = rows["confirmed_ns"] - rows["sent_ns"]
    assert ((spans >= 2 * MS) & (spans <= 6 * MS + US)).all()
    assert len(set(spans.tolist())) == 10
