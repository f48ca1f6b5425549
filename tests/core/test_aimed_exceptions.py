"""Exceptions that are aimed: at these messages, at their first deliveries."""

from __future__ import annotations

import pytest

from mqlab.model import Exceptions
from mqlab.trace.kinds import Kind
from tests.support.models import MS, US, consumer, endings, every, of_kind, play, producer, tiny

FIVE = [producer(arrivals=every(10 * US, 5))]


def failing(then: str, **aim: object) -> list[int]:
    """Which messages' handlers raise, in order."""
    exceptions = Exceptions(1.0, "delivery", then, **aim)  # type: ignore[arg-type]
    trace = play(tiny(producers=FIVE, consumers=[consumer(exceptions=exceptions)], drain_ns=90 * MS))
    return [int(m) for m in of_kind(trace, Kind.FAILED)["message"]]


@pytest.mark.parametrize("then", ["crash", "requeue"])
def test_one_message_fails_exactly_once(then: str) -> None:
    assert failing(then, only=(3,), times=1) == [3]


def test_named_messages_fail_at_every_delivery_unless_told_otherwise() -> None:
    assert failing("reject", only=(1, 4)) == [1, 4]
    assert failing("requeue", only=(2,), times=3) == [2, 2, 2]
    assert len(failing("requeue", only=(2,))) > 100, "a poison message goes round for ever"


def test_every_message_fails_once() -> None:
    assert sorted(failing("requeue", times=1)) == [0, 1, 2, 3, 4]


def test_a_poison_message_holds_up_everything_behind_it() -> None:
    """Back at its old place, with one consumer and prefetch 1: nobody gets past it."""
    trace = play(tiny(producers=FIVE, consumers=[consumer(exceptions=Exceptions(1.0, "message", "requeue", only=(2,)))],
                      drain_ns=90 * MS))  # fmt: skip
    assert endings(trace) == {"processed": 2, "in_flight": 3}
    refuses = consumer(exceptions=Exceptions(1.0, "message", "reject", only=(2,)))
    rejected = play(tiny(producers=FIVE, consumers=[refuses]))
    assert endings(rejected) == {"processed": 4, "discarded": 1}


def test_the_probability_still_counts_among_the_named() -> None:
    exceptions = Exceptions(0.5, "message", "reject", only=tuple(range(0, 1000, 2)))
    trace = play(tiny(producers=[producer(arrivals=every(10 * US, 1000))], duration_ns=10 * MS,
                      consumers=[consumer(exceptions=exceptions, prefetch=0)]))  # fmt: skip
    failed = of_kind(trace, Kind.FAILED)["message"]
    assert (failed % 2 == 0).all()
    assert 200 < len(failed) < 300
