"""Gray failure (everything takes longer, and nobody is told), and clocks that are wrong."""

from __future__ import annotations

from typing import Any

import pytest

from mqlab.engines.world import World
from mqlab.model import Confirm, Fault, Keys, Message
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    consumer,
    every,
    node,
    of_kind,
    play,
    producer,
    queue,
    takes,
    timeline,
    times,
    tiny,
)


def slow(at: int, target: str, factor: float, lasts: int = 5 * MS) -> Fault:
    return Fault(at, "slow", target, lasts, factor=factor)


def figures(model: Any, *moments: int) -> list[tuple[int, ...]]:
    """Look at the node's figures at some moments."""
    seen: list[tuple[int, ...]] = []

    def look(world: World) -> Any:
        for moment in moments:
            yield world.timeout(moment - world.now)
            record = world._machine.array("nodes")[0]
            seen.append(tuple(int(record[name]) for name in ("publish_ns", "deliver_ns", "clock_ns")))

    play(model, processes=[look])
    return seen


def test_a_slow_node_takes_longer_and_then_is_what_it_was_to_the_bit() -> None:
    model = tiny(nodes=[node(publish_ns=7, deliver_ns=11)], producers=[], faults=[
        slow(MS, "broker", 10.0, 8 * MS), slow(3 * MS, "broker", 1.7, 2 * MS)])  # fmt: skip
    assert figures(model, MS // 2, 2 * MS, 4 * MS, 6 * MS, 10 * MS) == [
        (7, 11, 0), (70, 110, 0), (119, 187, 0), (70, 110, 0), (7, 11, 0),
    ]  # fmt: skip


def test_a_slow_node_is_told_of_as_often_as_its_speed_changes() -> None:
    model = tiny(producers=[], faults=[slow(MS, "broker", 10.0, 8 * MS), slow(3 * MS, "broker", 2.0, 2 * MS)])
    trace = play(model)
    assert timeline(trace) == [
        (MS, Kind.SLOWED), (3 * MS, Kind.SLOWED), (5 * MS, Kind.SLOWED), (9 * MS, Kind.SLOW_ENDED),
    ]  # fmt: skip
    assert of_kind(trace, Kind.SLOWED)["first"].tolist() == [10_000, 20_000, 10_000]


def test_a_slow_disk_flushes_slowly() -> None:
    model = tiny(
        nodes=[node(fsync_ns=MS)], queues=[queue(durable=True)], consumers=[], duration_ns=100 * MS,
        producers=[producer(arrivals=every(50 * MS), message=Message(1, Keys(), True), confirm=Confirm(0, 0))],
        faults=[slow(20 * MS, "broker", 10.0, 50 * MS)],
    )  # fmt: skip
    assert times(play(model), Kind.CONFIRMED) == [MS, 60 * MS]


def test_a_slow_consumer_and_a_slow_producer_take_longer_over_what_they_begin() -> None:
    model = tiny(
        producers=[producer(arrivals=every(10 * MS, 3), prepare=takes(MS))], duration_ns=100 * MS,
        consumers=[consumer(service=takes(MS))],
        faults=[slow(5 * MS, "p", 2.0, 10 * MS), slow(5 * MS, "c", 3.0, 10 * MS)],
    )  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.SENT) == [MS, 12 * MS, 21 * MS]
    assert times(trace, Kind.PROCESSED) == [2 * MS, 15 * MS, 22 * MS]


@pytest.mark.parametrize("by", [5 * 60 * 10**9, -3 * MS])
def test_a_clock_is_wrong_for_a_while(by: int) -> None:
    fault = Fault(MS, "clock", "broker", 4 * MS, by_ns=by)
    model = tiny(producers=[], faults=[fault])
    assert [clock for _, _, clock in figures(model, MS // 2, 2 * MS, 6 * MS)] == [0, by, 0]
    changes = of_kind(play(model), Kind.CLOCK_CHANGED)
    assert changes["first"].tolist() == [abs(by), 0]
    assert changes["cause"].tolist() == [int(by < 0), 0]


def test_wrong_clocks_add_up() -> None:
    faults = [Fault(MS, "clock", "broker", 4 * MS, by_ns=100), Fault(2 * MS, "clock", "broker", MS, by_ns=-30)]
    assert [clock for _, _, clock in figures(tiny(producers=[], faults=faults), 2 * MS + 1, 4 * MS)] == [70, 100]


def test_a_hand_written_villain_has_the_same_means() -> None:
    def villain(world: World) -> Any:
        yield world.timeout(MS)
        world.fail("slow", "broker", factor=3.0)
        world.fail("pause", "c")
        world.fail("partition", "p", direction="up")
        world.fail("clock", "broker", by_ns=5)
        yield world.timeout(MS)
        world.mend("slow", "broker", factor=3.0)
        world.mend("pause", "c")
        world.mend("partition", "p", direction="up")
        world.mend("clock", "broker", by_ns=5)

    trace = play(tiny(producers=[producer(arrivals=every(MS, 1))]), processes=[villain])
    wanted = (Kind.SLOWED, Kind.PAUSED, Kind.PARTITION_BEGAN, Kind.CLOCK_CHANGED, Kind.SLOW_ENDED, Kind.RESUMED,
              Kind.PARTITION_ENDED)  # fmt: skip
    assert [kind for _, kind in timeline(trace, *wanted)] == [*wanted, Kind.CLOCK_CHANGED]
