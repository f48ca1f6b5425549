"""What survives what: durable × persistent × how far the disk got × process crash or power loss; and group commit."""

from __future__ import annotations

from itertools import product

import pytest

from mqlab.model import Arrivals, Confirm, Connection, Distribution, Fault, Keys, Message
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    consumer,
    endings,
    event_rows,
    every,
    kinds,
    node,
    of_kind,
    play,
    producer,
    queue,
    retries,
    takes,
    timeline,
    times,
    tiny,
)

IN_MEMORY, WRITTEN, SYNCED = "in memory", "written", "synced"
GROUP_COMMIT_NS, FSYNC_NS = 4 * MS, 4 * MS
CRASH_AT = {IN_MEMORY: 2 * MS, WRITTEN: 6 * MS, SYNCED: 9 * MS}
"""The message is stored at 0, handed to the operating system at 4 ms and safe at 8 ms."""


def survives(durable: bool, persistent: bool, stage: str, fault: str) -> bool:
    """A crash spares what was written, a power cut what was synced; queue and message must both have asked for it."""
    if not (durable and persistent):
        return False
    return stage == SYNCED or (stage == WRITTEN and fault == "crash")


@pytest.mark.parametrize(
    ("durable", "persistent", "stage", "fault"),
    list(product([False, True], [False, True], [IN_MEMORY, WRITTEN, SYNCED], ["crash", "power_loss"])),
)
def test_what_survives(durable: bool, persistent: bool, stage: str, fault: str) -> None:
    model = tiny(
        nodes=[node(fsync_ns=FSYNC_NS, group_commit_ns=GROUP_COMMIT_NS)],
        queues=[queue(durable=durable)],
        producers=[producer(arrivals=every(MS, 1), message=Message(100, Keys(), persistent))],
        consumers=[],
        faults=[Fault(CRASH_AT[stage], fault, "broker", 10 * MS)],  # type: ignore[arg-type]
    )
    trace = play(model)
    recovered = kinds(trace, Kind.RECOVERED) == [Kind.RECOVERED]
    assert recovered == survives(durable, persistent, stage, fault)
    stored = durable and persistent and stage == WRITTEN
    cause = "lost:unsynced_disk" if stored else "lost:broker_memory"
    assert endings(trace) == ({"in_flight": 1} if recovered else {cause: 1})


def test_survivors_stand_in_their_old_order_and_are_delivered_again() -> None:
    model = tiny(
        nodes=[node(fsync_ns=1)],
        queues=[queue(durable=True)],
        producers=[producer(arrivals=every(MS, 6), message=Message(100, Keys(), True))],
        consumers=[consumer(prefetch=3, service=takes(100 * MS))],
        faults=[Fault(8 * MS, "crash", "broker", MS)],
    )
    trace = play(model)
    assert of_kind(trace, Kind.RECOVERED)["message"].tolist() == list(range(6))
    again = of_kind(trace, Kind.DISPATCHED)[3:]
    assert again["message"].tolist() == list(range(6))
    assert again["attempt"].tolist() == [2, 2, 2, 1, 1, 1]


def test_a_transient_message_leaves_with_the_process_even_while_a_consumer_works_on_it() -> None:
    """The work goes on, its acknowledgement goes nowhere, and the copy counts as processed."""
    model = tiny(
        producers=[producer(arrivals=every(MS, 1))],
        consumers=[consumer(service=takes(6 * MS))],
        faults=[Fault(3 * MS, "crash", "broker", MS)],
    )
    trace = play(model)
    assert kinds(trace, Kind.VANISHED, Kind.PROCESSED, Kind.ACK_SENT) == [Kind.VANISHED, Kind.PROCESSED]
    assert endings(trace) == {"processed": 1}


def disk_model(arrivals: Arrivals, **disk: float) -> object:
    return tiny(
        nodes=[node(**disk)], queues=[queue(durable=True)], consumers=[],
        producers=[producer(arrivals=arrivals, message=Message(1000, Keys(), True), confirm=Confirm(0, 0))],
    )  # type: ignore[arg-type]  # fmt: skip


def test_group_commit_makes_one_fsync_for_many() -> None:
    """Messages at 0, 1, 2 and 3 ms wait for company until 4 ms; one fsync covers them, one at 8 ms the next."""
    trace = play(disk_model(every(MS, 6), fsync_ns=4 * MS, group_commit_ns=4 * MS))  # type: ignore[arg-type]
    assert timeline(trace, Kind.FLUSH_BEGAN, Kind.FLUSH_ENDED)[:3] == [
        (4 * MS, Kind.FLUSH_BEGAN), (8 * MS, Kind.FLUSH_ENDED), (8 * MS, Kind.FLUSH_BEGAN),
    ]  # fmt: skip
    assert of_kind(trace, Kind.FLUSH_BEGAN)["count"].tolist() == [4, 2]
    assert of_kind(trace, Kind.FLUSH_BEGAN)["first"].tolist() == [4000, 2000]


def test_a_confirm_comes_after_the_sync() -> None:
    trace = play(disk_model(every(MS, 3), fsync_ns=4 * MS))  # type: ignore[arg-type]
    assert times(trace, Kind.CONFIRMED) == times(trace, Kind.SYNCED) == [4 * MS, 8 * MS, 8 * MS]
    for message in range(3):
        order = kinds(trace, Kind.WRITTEN, Kind.SYNCED, Kind.CONFIRM_SENT, Kind.CONFIRMED, message=message)
        assert order == [Kind.WRITTEN, Kind.SYNCED, Kind.CONFIRM_SENT, Kind.CONFIRMED]


def test_a_flush_takes_longer_the_more_it_writes() -> None:
    """A thousand bytes at a megabyte a second take a millisecond."""
    trace = play(disk_model(every(MS, 1), fsync_ns=2 * MS, bandwidth=1e6))  # type: ignore[arg-type]
    assert times(trace, Kind.SYNCED) == [3 * MS]


def test_a_flush_of_thousands_is_worked_off_in_pieces_at_one_instant() -> None:
    trace = play(disk_model(every(1000, 3000), fsync_ns=2 * MS, group_commit_ns=5 * MS))  # type: ignore[arg-type]
    assert of_kind(trace, Kind.FLUSH_BEGAN)["count"].tolist() == [3000]
    assert set(times(trace, Kind.SYNCED)) == set(times(trace, Kind.CONFIRM_SENT)) == {7 * MS}
    assert trace.counters.messages["confirmed"] == 3000


def test_a_crash_takes_thousands_at_one_instant() -> None:
    trace = play(tiny(consumers=[], producers=[producer(arrivals=every(1000, 3000))],
                      faults=[Fault(8 * MS, "crash", "broker", MS)]))  # fmt: skip
    assert set(times(trace, Kind.VANISHED)) == {8 * MS}
    assert endings(trace) == {"lost:broker_memory": 3000}
    assert trace.counters.queues["q"].depth_max == 3000


def test_depth_at_a_crash_is_not_what_stood_there_and_what_came_back() -> None:
    """Twenty wait and twenty are with the consumer: at no moment did forty wait."""
    model = tiny(producers=[producer(arrivals=every(10_000, 40))],
                 consumers=[consumer(prefetch=20, service=takes(500 * MS))],
                 faults=[Fault(8 * MS, "crash", "broker", MS)])  # fmt: skip
    assert play(model).counters.queues["q"].depth_max == 20


def test_what_was_confirmed_survives_any_series_of_power_cuts() -> None:
    model = tiny(
        nodes=[node(fsync_ns=MS, group_commit_ns=MS)],
        queues=[queue(durable=True)],
        producers=[
            producer(
                arrivals=Arrivals("poisson", 3000.0),
                message=Message(9, Keys(), True),
                count=3,
                confirm=Confirm(20, 30 * MS),
                retry=retries(50, 5 * MS),
                connection=Connection(20 * MS, MS),
            )
        ],
        consumers=[
            consumer(
                count=2,
                prefetch=5,
                connection=Connection(20 * MS, MS),
                deduplicate=True,
                service=Distribution("exponential", (300_000.0,)),
            )
        ],
        faults=[Fault(at * MS, "power_loss", "broker", 7 * MS) for at in (20, 60, 61, 90, 140)],
        duration_ns=150 * MS,
        drain_ns=3000 * MS,
    )
    trace = play(model)
    assert endings(trace).keys() == {"processed"}
    assert len(of_kind(trace, Kind.NODE_CRASHED)) == 4, "one of the five found it down already"
    assert (event_rows(trace)["kind"] == Kind.RECOVERED).sum() > 0
