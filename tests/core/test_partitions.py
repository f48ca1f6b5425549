"""Partitions: packets vanish in one direction, and each side notices by what it does not hear."""

from __future__ import annotations

from mqlab.model import Confirm, Connection, Fault
from mqlab.trace.kinds import Direction, Kind
from tests.support.models import (
    MS,
    actors,
    consumer,
    endings,
    every,
    kinds,
    of_kind,
    play,
    producer,
    retries,
    takes,
    timeline,
    times,
    tiny,
)

BEATS = Connection(20 * MS, 2 * MS)


def cut(at: int, target: str, direction: str, lasts: int = -1) -> Fault:
    return Fault(at, "partition", target, lasts, direction=direction)  # type: ignore[arg-type]


def test_a_consumer_that_is_not_heard_still_hears_and_works_until_the_broker_gives_it_up() -> None:
    """Its acknowledgements vanish; at 21 ms the broker closes, says so, and it hears that."""
    model = tiny(
        producers=[producer(arrivals=every(2 * MS, 3))],
        consumers=[consumer(prefetch=0, connection=BEATS)],
        faults=[cut(MS, "c", "up", 60 * MS)],
    )
    trace = play(model)
    assert times(trace, Kind.PARTITION_BEGAN) == [MS]
    assert of_kind(trace, Kind.PACKET_LOST)["first"].tolist() == [Direction.ACK] * 2
    assert times(trace, Kind.DELIVERED)[:3] == [0, 2 * MS, 4 * MS], "it hears"
    assert times(trace, Kind.CONNECTION_CLOSED) == times(trace, Kind.CONNECTION_LOST) == [21 * MS]
    assert times(trace, Kind.REQUEUED) == [21 * MS] * 2
    assert times(trace, Kind.CONNECTED) == [61 * MS], "nobody can connect who is not heard"
    assert endings(trace) == {"processed": 3}
    assert of_kind(trace, Kind.PROCESSED).size == 5, "two were done again: at least once"


def test_a_consumer_that_does_not_hear_ends_the_connection_itself_and_the_broker_is_told() -> None:
    model = tiny(
        producers=[producer(arrivals=every(2 * MS, 2))],
        consumers=[consumer(prefetch=0, connection=BEATS)],
        faults=[cut(MS, "c", "down", 60 * MS)],
    )
    trace = play(model)
    assert of_kind(trace, Kind.PACKET_LOST)["first"].tolist() == [Direction.DELIVERY]
    assert kinds(trace, Kind.CONNECTION_CLOSED) == [], "the broker took nobody for dead"
    assert times(trace, Kind.CONNECTION_LOST) == times(trace, Kind.REQUEUED) == [21 * MS]
    assert endings(trace) == {"processed": 2}


def test_a_producer_that_is_not_heard_hears_no_confirm_and_sends_into_nothing() -> None:
    model = tiny(
        producers=[producer(arrivals=every(2 * MS, 3), confirm=Confirm(0, 0), retry=retries(9, MS), connection=BEATS)],
        faults=[cut(MS, "p", "up", 30 * MS)],
    )
    trace = play(model)
    assert of_kind(trace, Kind.PACKET_LOST)["first"].tolist() == [Direction.PUBLISH] * 2
    assert times(trace, Kind.UNKNOWN) == [21 * MS] * 2
    assert endings(trace) == {"processed": 3}


def test_a_producer_that_does_not_hear_is_stored_and_does_not_know() -> None:
    """The publish arrives, the confirm vanishes: it is sent again, and stored again."""
    model = tiny(
        producers=[producer(arrivals=every(2 * MS, 2), confirm=Confirm(0, 5 * MS), retry=retries(2, MS))],
        faults=[cut(MS, "p", "down", 6 * MS)],
    )
    trace = play(model)
    assert of_kind(trace, Kind.PACKET_LOST)["first"].tolist() == [Direction.CONFIRM]
    assert len(of_kind(trace, Kind.ENQUEUED)) == 3
    assert endings(trace) == {"processed": 3}


def test_a_partition_shorter_than_the_heartbeat_is_noticed_by_nobody() -> None:
    trace = play(tiny(consumers=[consumer(connection=BEATS)], faults=[cut(MS, "c", "up", 19 * MS)]))
    assert kinds(trace, Kind.CONNECTION_LOST, Kind.CONNECTION_CLOSED) == []


def test_two_halves_make_a_silence_and_each_side_has_its_own_clock() -> None:
    """The broker hears nothing from 1 ms on, the client from 10 ms on; what the broker says at 21 ms is not heard."""
    model = tiny(
        producers=[], consumers=[consumer(connection=BEATS)], faults=[cut(MS, "c", "up"), cut(10 * MS, "c", "down")]
    )
    trace = play(model)
    assert timeline(trace, Kind.CONNECTION_CLOSED, Kind.CONNECTION_LOST) == [
        (21 * MS, Kind.CONNECTION_CLOSED), (30 * MS, Kind.CONNECTION_LOST),
    ]  # fmt: skip


def test_partitions_that_overlap_are_counted() -> None:
    faults = [cut(MS, "c", "up", 10 * MS), cut(5 * MS, "c", "up", 10 * MS), Fault(3 * MS, "silence", "c", 5 * MS)]
    trace = play(tiny(producers=[], consumers=[consumer()], faults=faults))
    assert timeline(trace) == [
        (MS, Kind.PARTITION_BEGAN), (3 * MS, Kind.PARTITION_BEGAN), (8 * MS, Kind.PARTITION_ENDED),
        (15 * MS, Kind.PARTITION_ENDED),
    ]  # fmt: skip
    assert of_kind(trace, Kind.PARTITION_BEGAN)["cause"].tolist() == [0, 1]


def test_whoever_dies_unheard_leaves_its_work_with_the_broker_until_the_heartbeat() -> None:
    def requeued(direction: str) -> list[int]:
        model = tiny(
            producers=[producer(arrivals=every(MS, 1))],
            consumers=[consumer(count=2, service=takes(10 * MS), connection=BEATS)],
            faults=[cut(MS, "c[0]", direction), Fault(2 * MS, "crash", "c[0]", -1)],
        )
        trace = play(model)
        assert endings(trace) == {"processed": 1}
        assert actors(trace, Kind.PROCESSED) == ["c[1]"]
        return times(trace, Kind.REQUEUED)

    assert requeued("up") == [21 * MS], "the reset of its operating system vanishes"
    assert requeued("down") == [2 * MS], "the reset gets through"


def test_a_power_loss_during_a_silence_does_not_wind_the_heartbeats_clock_back() -> None:
    model = tiny(
        producers=[], consumers=[consumer(connection=BEATS)],
        faults=[Fault(MS, "silence", "c", -1), Fault(15 * MS, "power_loss", "broker", -1)],
    )  # fmt: skip
    assert times(play(model), Kind.CONNECTION_LOST) == [21 * MS]
