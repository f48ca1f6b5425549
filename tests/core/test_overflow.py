"""Full queues: who is dropped, who is refused, and what the producer hears."""

from __future__ import annotations

import pytest

from mqlab.model import Confirm
from mqlab.trace.fates import Fate
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    consumer,
    endings,
    every,
    fate_rows,
    of_kind,
    play,
    producer,
    queue,
    takes,
    tiny,
    wire,
)

OVERFLOWING = {"producers": [producer(arrivals=every(MS, 5), confirm=Confirm(0, 0), link=wire(MS))], "consumers": []}


@pytest.mark.parametrize(
    ("overflow", "stands", "ending", "answers"),
    [
        ("drop-head", [3, 4], Fate.EVICTED, [0, 0, 0, 0, 0]),
        ("reject-publish", [0, 1], Fate.REJECTED, [0, 0, 1, 1, 1]),
        ("drop-newest", [0, 1], Fate.EVICTED, [0, 0, 0, 0, 0]),
    ],
)
def test_three_too_many(overflow: str, stands: list[int], ending: Fate, answers: list[int]) -> None:
    trace = play(tiny(**OVERFLOWING, queues=[queue(max_length=2, overflow=overflow)]))  # type: ignore[arg-type]
    rows = fate_rows(trace)
    assert rows["message"][rows["fate"] == Fate.IN_FLIGHT].tolist() == stands
    assert (rows["fate"] == ending).sum() == 3
    assert of_kind(trace, Kind.CONFIRM_SENT)["cause"].tolist() == answers
    assert trace.counters.queues["q"].depth_max <= 3


def test_without_confirms_nobody_is_told_and_the_refused_counts_as_evicted() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(MS, 3))], consumers=[],
                      queues=[queue(max_length=1, overflow="reject-publish")]))  # fmt: skip
    assert endings(trace) == {"in_flight": 1, "evicted": 2}
    assert len(of_kind(trace, Kind.CONFIRM_SENT)) == 0


def test_the_limit_counts_ready_messages_not_those_in_hands() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(MS, 5))], queues=[queue(max_length=1)],
                      consumers=[consumer(prefetch=2, service=takes(500 * MS))]))  # fmt: skip
    rows = fate_rows(trace)
    assert rows["message"][rows["fate"] == Fate.EVICTED].tolist() == [2, 3]


@pytest.mark.parametrize("overflow", ["drop-head", "reject-publish", "drop-newest"])
def test_a_queue_of_length_nothing_hands_over_and_keeps_nothing(overflow: str) -> None:
    """Whoever comes while the consumer is idle is served; whoever comes while it works finds no place."""
    trace = play(tiny(producers=[producer(arrivals=every(2 * MS, 3))], queues=[queue(max_length=0, overflow=overflow)],
                      consumers=[consumer(service=takes(3 * MS))]))  # fmt: skip
    rows = fate_rows(trace)
    assert rows["fate"].tolist() == [Fate.PROCESSED, Fate.EVICTED, Fate.PROCESSED]


def test_the_oldest_is_dropped_first_also_when_it_came_back() -> None:
    """Message 0 comes back to the head of a full queue; the next to arrive drops it."""
    from mqlab.model import Exceptions

    trace = play(
        tiny(
            producers=[producer(arrivals=every(MS, 4))],
            queues=[queue(max_length=2)],
            consumers=[
                consumer(service=takes(2_500_000), exceptions=Exceptions(1.0, "message", "crash"), restart_ns=2000 * MS)
            ],
        )
    )
    assert of_kind(trace, Kind.REQUEUED)["message"].tolist() == [0]
    assert of_kind(trace, Kind.EVICTED)["message"].tolist() == [0]
