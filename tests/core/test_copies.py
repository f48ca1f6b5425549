"""Copies: which obligations a message leaves, whose fate is what, and how a run accounts for them."""

from __future__ import annotations

from mqlab.model import Binding, Confirm, Connection, Destination, Exceptions, Exchange, Fault, LinkSide
from mqlab.trace.fates import Fate
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    consumer,
    endings,
    every,
    fate_rows,
    kinds,
    node,
    one_way,
    play,
    producer,
    queue,
    retries,
    takes,
    times,
    tiny,
    wire,
)

TWICE = one_way(LinkSide(takes(MS), duplicate=1.0))


def test_a_packet_that_arrives_twice_leaves_two_obligations() -> None:
    rows = fate_rows(play(tiny(producers=[producer(arrivals=every(MS, 1), link=TWICE)])))
    assert [(int(r["copy"]), int(r["copy_of"]), Fate(r["fate"])) for r in rows] == [
        (0, -1, Fate.PROCESSED), (1, 0, Fate.PROCESSED),
    ]  # fmt: skip


def test_a_message_for_three_queues_is_owed_three_times() -> None:
    names = ["one", "two", "three"]
    trace = play(tiny(
        exchanges=[Exchange("all", "fanout")], bindings=[Binding("all", name, "") for name in names],
        queues=[queue(name) for name in names],
        producers=[producer(arrivals=every(MS, 1), destination=Destination("all", (("", 1.0),)))],
        consumers=[consumer(queue="two")]))  # fmt: skip
    rows = fate_rows(trace)
    assert [trace.entities[int(r["queue"])].name for r in rows] == names
    assert rows["copy_of"].tolist() == [-1, -1, -1]
    assert endings(trace) == {"processed": 1, "in_flight": 2}


def test_a_copy_that_a_crash_took_is_taken_up_again_by_the_next_try() -> None:
    """The confirm was lost, the crash took the copy, the next try stores it anew: one obligation, one effect."""
    model = tiny(
        producers=[producer(arrivals=every(MS, 1), confirm=Confirm(0, 0), retry=retries(5, 20 * MS),
                            link=one_way(down=LinkSide(takes(10 * MS))))],
        consumers=[consumer(connection=Connection(0, 60 * MS), link=one_way(down=LinkSide(takes(30 * MS))))],
        faults=[Fault(5 * MS, "crash", "broker", MS)],
    )  # fmt: skip
    trace = play(model)
    assert kinds(trace, Kind.ENQUEUED, Kind.VANISHED, Kind.UNKNOWN, Kind.PROCESSED, message=0) == [
        Kind.ENQUEUED, Kind.UNKNOWN, Kind.VANISHED, Kind.ENQUEUED, Kind.PROCESSED,
    ]  # fmt: skip
    assert trace.counters.messages["owed"] == 1
    assert endings(trace) == {"processed": 1}


def test_a_copy_that_a_crash_took_and_nobody_sends_again_is_lost() -> None:
    trace = play(tiny(consumers=[], producers=[producer(arrivals=every(MS, 1))],
                      faults=[Fault(5 * MS, "crash", "broker", MS)]))  # fmt: skip
    assert endings(trace) == {"lost:broker_memory": 1}
    assert times(trace, Kind.VANISHED) == [5 * MS]


def test_a_copy_that_was_refused_is_taken_up_again_by_the_next_try() -> None:
    """No place at first, place later: one obligation, and it ends as processed."""
    trace = play(tiny(
        queues=[queue(max_length=0, overflow="reject-publish")],
        producers=[producer(arrivals=every(MS, 2), confirm=Confirm(0, 0), retry=retries(5, 4 * MS))],
        consumers=[consumer(service=takes(3 * MS))]))  # fmt: skip
    assert kinds(trace, Kind.ENQUEUE_REFUSED) == [Kind.ENQUEUE_REFUSED]
    assert trace.counters.messages["owed"] == 2
    assert endings(trace) == {"processed": 2}


def test_processed_wins_over_every_other_ending() -> None:
    """It was worked on, then its acknowledgement was lost, and then the crash took the copy."""
    trace = play(tiny(
        producers=[producer(arrivals=every(MS, 1))],
        consumers=[consumer(link=one_way(LinkSide(takes(0), loss=1.0)))],
        faults=[Fault(5 * MS, "crash", "broker", MS)]))  # fmt: skip
    assert kinds(trace, Kind.PROCESSED, Kind.VANISHED) == [Kind.PROCESSED, Kind.VANISHED]
    assert endings(trace) == {"processed": 1}


def test_giving_up_does_not_undo_a_copy_that_stands_in_its_queue() -> None:
    deaf = one_way(down=LinkSide(takes(0), loss=1.0))
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1), confirm=Confirm(0, MS), link=deaf)], consumers=[]))
    assert kinds(trace, Kind.GAVE_UP) == [Kind.GAVE_UP]
    assert endings(trace) == {"in_flight": 1}


def test_a_publish_that_arrives_after_its_producer_gave_up_counts_all_the_same() -> None:
    late = one_way(LinkSide(takes(20 * MS)))
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1), confirm=Confirm(0, MS), link=late)]))
    assert kinds(trace, Kind.GAVE_UP, Kind.ENQUEUED, Kind.PROCESSED) == [Kind.GAVE_UP, Kind.ENQUEUED, Kind.PROCESSED]
    assert endings(trace) == {"processed": 1}


def test_in_flight_is_what_somebody_still_holds() -> None:
    """On the wire, in the queue, in a consumer's hands, waiting for the next try: each is in flight."""
    model = tiny(producers=[producer(arrivals=every(MS, 8), link=wire(3 * MS))],
                 consumers=[consumer(service=takes(4 * MS))], drain_ns=0, duration_ns=10 * MS)  # fmt: skip
    trace = play(model)
    assert endings(trace) == {"processed": 1, "in_flight": 7}
    assert (fate_rows(trace)["ended_ns"][1:] == 10 * MS).all()


def test_a_producer_that_dies_takes_along_what_it_had_not_sent() -> None:
    model = tiny(
        producers=[producer(arrivals=every(MS, 3), confirm=Confirm(1, 0), link=wire(50 * MS))],
        faults=[Fault(5 * MS, "crash", "p", -1)],
    )
    trace = play(model)
    assert kinds(trace, Kind.FORGOTTEN) == [Kind.FORGOTTEN] * 3
    assert endings(trace) == {"lost:wire": 1, "lost:client_buffer": 2}


def test_after_its_death_a_producer_is_not_busy_with_what_it_prepared_before() -> None:
    model = tiny(
        producers=[producer(arrivals=every(2 * MS, 5), prepare=takes(300 * MS))],
        faults=[Fault(5 * MS, "crash", "p", MS)],
    )
    assert times(play(model), Kind.SENT) == [306 * MS, 606 * MS]


def test_two_copies_of_a_message_have_each_its_own_luck() -> None:
    """Half of all work fails for good; if both copies drew alike, both would always end alike."""
    trace = play(tiny(
        producers=[producer(arrivals=every(50_000, 200), link=TWICE)],
        consumers=[consumer(exceptions=Exceptions(0.5, "delivery", "reject"))]))  # fmt: skip
    rows = fate_rows(trace)
    first, second = rows["fate"][rows["copy"] == 0], rows["fate"][rows["copy"] == 1]
    assert 60 < (first != second).sum() < 140


def test_poison_is_poison_in_every_copy() -> None:
    trace = play(tiny(
        producers=[producer(arrivals=every(50_000, 200), link=TWICE)],
        consumers=[consumer(exceptions=Exceptions(0.5, "message", "reject"))]))  # fmt: skip
    rows = fate_rows(trace)
    assert (rows["fate"][rows["copy"] == 0] == rows["fate"][rows["copy"] == 1]).all()
    assert 60 < (rows["fate"] == Fate.DISCARDED).sum() / 2 < 140


def test_a_queue_on_a_node_that_is_down_takes_nothing() -> None:
    model = tiny(
        nodes=[node("broker"), node("far")],
        queues=[queue(node="far", durable=True)],
        producers=[
            producer(arrivals=every(2 * MS, 3), confirm=Confirm(0, 0), retry=retries(10, 4 * MS), link=wire(MS))
        ],
        faults=[Fault(MS, "crash", "far", 20 * MS)],
    )
    trace = play(model)
    assert times(trace, Kind.REFUSED)[0] == 2 * MS
    assert min(times(trace, Kind.ENQUEUED)) >= 21 * MS
    assert endings(trace) == {"processed": 3}


def test_a_cause_is_named_where_something_was_lost_and_nowhere_else() -> None:
    gone = one_way(LinkSide(takes(0), loss=1.0))
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1), confirm=Confirm(0, MS), link=gone),
                                 producer("quiet", arrivals=every(MS, 1), link=gone)]))  # fmt: skip
    assert endings(trace) == {"gave_up": 1, "lost:wire": 1}
    assert sorted(zip(fate_rows(trace)["fate"].tolist(), fate_rows(trace)["cause"].tolist(), strict=True)) == [
        (Fate.GAVE_UP, 0), (Fate.LOST, 2),
    ]  # fmt: skip
