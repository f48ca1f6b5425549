"""Connections: resets, silence shorter and longer than the heartbeat, and who notices what when."""

from __future__ import annotations

from mqlab.model import Confirm, Connection, Distribution, Fault, LinkSide
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    actors,
    consumer,
    endings,
    every,
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


def test_a_client_connects_again_after_its_pause() -> None:
    trace = play(tiny(faults=[Fault(2 * MS, "reset", "c", 0)], consumers=[consumer(connection=Connection(0, 7 * MS))]))
    assert times(trace, Kind.CONNECTION_LOST) == [2 * MS]
    assert times(trace, Kind.CONNECTED) == [9 * MS]


def test_while_a_broker_is_down_clients_try_again_and_again() -> None:
    trace = play(tiny(faults=[Fault(2 * MS, "crash", "broker", 22 * MS)],
                      producers=[producer(connection=Connection(0, 10 * MS), confirm=Confirm(0, 0))]))  # fmt: skip
    assert [t for t, k in timeline(trace, Kind.CONNECTED)] == [27 * MS, 32 * MS], (
        "the consumer's 5 ms, the producer's 10"
    )


def test_without_confirms_a_producer_that_is_not_connected_is_told_so_at_once() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(2 * MS, 3))], faults=[Fault(MS, "reset", "p", 0)]))
    assert kinds(trace, Kind.PUBLISH_FAILED, Kind.GAVE_UP, message=1) == [Kind.PUBLISH_FAILED, Kind.GAVE_UP]
    assert endings(trace) == {"processed": 1, "gave_up": 2}


def test_a_silence_shorter_than_the_heartbeat_is_noticed_by_nobody() -> None:
    """The delivery that fell into it stays unacknowledged: on a connection that lives nothing is delivered again."""
    model = tiny(
        producers=[producer(arrivals=every(2 * MS, 3))],
        consumers=[consumer(prefetch=0, connection=Connection(20 * MS, MS))],
        faults=[Fault(MS, "silence", "c", 2 * MS)],
    )
    trace = play(model)
    assert timeline(trace, Kind.SILENCE_BEGAN, Kind.SILENCE_ENDED, Kind.PACKET_LOST) == [
        (MS, Kind.SILENCE_BEGAN), (2 * MS, Kind.PACKET_LOST), (3 * MS, Kind.SILENCE_ENDED),
    ]  # fmt: skip
    assert kinds(trace, Kind.CONNECTION_LOST, Kind.CONNECTION_CLOSED) == []
    assert endings(trace) == {"processed": 2, "in_flight": 1}


def test_a_silence_longer_than_the_heartbeat_ends_the_connection_on_both_sides() -> None:
    model = tiny(
        producers=[producer(arrivals=every(2 * MS, 3))],
        consumers=[consumer(prefetch=0, connection=Connection(20 * MS, MS))],
        faults=[Fault(MS, "silence", "c", 100 * MS)],
    )
    trace = play(model)
    assert times(trace, Kind.CONNECTION_CLOSED) == times(trace, Kind.CONNECTION_LOST) == [21 * MS]
    assert times(trace, Kind.REQUEUED) == [21 * MS, 21 * MS]
    assert of_kind(trace, Kind.REQUEUED)["cause"].tolist() == [1, 1]
    assert 101 * MS <= times(trace, Kind.CONNECTED)[0] <= 102 * MS
    assert endings(trace) == {"processed": 3}


def test_without_a_heartbeat_silence_is_never_noticed() -> None:
    trace = play(tiny(faults=[Fault(MS, "silence", "c", -1)], drain_ns=10**10))
    assert kinds(trace, Kind.CONNECTION_LOST, Kind.CONNECTION_CLOSED) == []


def test_whoever_dies_in_silence_is_found_dead_when_the_line_is_back() -> None:
    """Its own system answers for it then: the broker closes the connection and serves somebody else."""
    model = tiny(
        producers=[producer(arrivals=every(MS, 3))],
        consumers=[consumer(count=2, service=takes(4 * MS), connection=Connection(50 * MS, MS))],
        faults=[Fault(2 * MS + 1, "silence", "c[0]", 10 * MS), Fault(2 * MS + 2, "crash", "c[0]", -1)],
    )
    trace = play(model)
    assert times(trace, Kind.REQUEUED) == [12 * MS + 1]
    assert endings(trace) == {"processed": 3}


def test_a_power_loss_is_noticed_by_the_heartbeat() -> None:
    model = tiny(
        producers=[producer(arrivals=every(MS, 1), connection=Connection(30 * MS, 2 * MS))],
        consumers=[consumer(connection=Connection(10 * MS, 2 * MS))],
        faults=[Fault(5 * MS, "power_loss", "broker", 100 * MS)],
    )
    trace = play(model)
    lost = list(zip(times(trace, Kind.CONNECTION_LOST), actors(trace, Kind.CONNECTION_LOST), strict=True))
    assert lost == [(15 * MS, "c"), (35 * MS, "p")]


def test_a_power_loss_is_noticed_by_the_first_packet_after_the_restart() -> None:
    """The broker that came back knows no such connection and says so."""
    model = tiny(
        producers=[producer(arrivals=every(4 * MS), confirm=Confirm(0, 50 * MS), retry=retries(5, MS), link=wire(MS))],
        faults=[Fault(2 * MS, "power_loss", "broker", MS)],
    )
    trace = play(model)
    assert timeline(trace, Kind.STALE_PACKET)[0] == (5 * MS, Kind.STALE_PACKET)
    assert times(trace, Kind.CONNECTION_LOST)[0] == 5 * MS
    assert actors(trace, Kind.CONNECTION_LOST)[0] == "p"


def test_an_acknowledgement_after_the_restart_is_answered_too() -> None:
    """The consumer worked through a power loss; its acknowledgement is the first that it hears of it."""
    model = tiny(
        queues=[queue(durable=True)],
        producers=[producer(arrivals=every(MS, 1))],
        consumers=[consumer(service=takes(10 * MS), connection=Connection(0, 2 * MS))],
        faults=[Fault(2 * MS, "power_loss", "broker", MS)],
    )
    trace = play(model)
    assert times(trace, Kind.STALE_PACKET) == times(trace, Kind.CONNECTION_LOST) == [10 * MS]
    assert times(trace, Kind.CONNECTED) == [12 * MS]


def test_on_a_new_connection_nothing_waits_for_packets_of_the_old_one() -> None:
    """An ordered link keeps order within a connection: a packet that took 100 ms on the last one delays nobody."""
    uneven = LinkSide(Distribution("hyperexponential", (0.5, 0.0, 100.0 * MS)))
    model = tiny(
        producers=[producer(arrivals=every(MS), link=one_way(uneven), connection=Connection(0, MS))],
        faults=[Fault(3 * MS + 1, "reset", "p", 0)],
    )
    for seed in range(1, 20):
        trace = play(model, seed=seed)
        stale = times(trace, Kind.STALE_PACKET)
        arrived = of_kind(trace, Kind.ARRIVED)
        new = arrived[arrived["message"] > 4]
        if stale and max(stale) > 20 * MS and len(new) and new["time_ns"].min() < 12 * MS:
            return
    raise AssertionError("no seed shows a packet of the new connection that overtakes one of the old")


def test_what_comes_back_in_pieces_is_not_mixed_with_what_is_delivered_anew() -> None:
    """A consumer with 600 unacknowledged dies unheard, and its successor connects before the broker has noticed."""
    model = tiny(
        producers=[producer(arrivals=every(10_000, 600))],
        consumers=[consumer(prefetch=0, service=takes(50 * MS), connection=Connection(0, MS))],
        faults=[Fault(7 * MS, "silence", "c", 2 * MS), Fault(8 * MS, "crash", "c", 5 * MS)],
        drain_ns=10 * MS,
    )
    trace = play(model)
    assert len(of_kind(trace, Kind.REQUEUED)) == 600
    dispatched = of_kind(trace, Kind.DISPATCHED)
    assert (dispatched["attempt"] <= 2).all(), "each was delivered to the one that died, and once to its successor"
    assert kinds(trace, Kind.ACK_IGNORED) == []


def test_a_broker_that_goes_down_stops_working() -> None:
    """Ten deliveries wait for its processor when it crashes: it cannot have been busy with them."""
    model = tiny(
        nodes=[node(deliver_ns=20 * MS)], producers=[producer(arrivals=every(100_000, 10))],
        consumers=[consumer(prefetch=0)], faults=[Fault(5 * MS, "crash", "broker", -1)], drain_ns=90 * MS,
    )  # fmt: skip
    assert play(model).counters.utilisation["broker.cpu"] == 5 / 100


def test_a_broker_without_power_sends_nothing_though_nobody_knows() -> None:
    """A delivery takes its processor 5 ms; of five, one had left when the power went."""
    model = tiny(
        nodes=[node(deliver_ns=5 * MS)], producers=[producer(arrivals=every(100_000, 5))],
        consumers=[consumer(prefetch=0)], faults=[Fault(7 * MS, "power_loss", "broker", -1)],
    )  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.DELIVERED) == [5 * MS]
    assert endings(trace) == {"processed": 1, "lost:broker_memory": 4}


def test_a_disk_that_loses_power_stops_working() -> None:
    from mqlab.model import Keys, Message

    model = tiny(
        nodes=[node(fsync_ns=50 * MS)], queues=[queue(durable=True)], consumers=[],
        producers=[producer(arrivals=every(MS, 1), message=Message(1, Keys(), True))],
        faults=[Fault(5 * MS, "power_loss", "broker", -1)], drain_ns=90 * MS,
    )  # fmt: skip
    assert play(model).counters.utilisation["broker.disk"] == 5 / 100
