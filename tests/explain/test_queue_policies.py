"""What a queue decides is told in words, and the setting that decided it is named."""

from __future__ import annotations

import pytest

from mqlab.explain import explain
from mqlab.model import DeadLetter, Exceptions
from tests.support.models import MS, consumer, every, play, producer, queue, takes, tiny

TO_D = DeadLetter("", "d")


def told(**settings: object) -> str:
    """The life of message 0."""
    model = tiny(producers=[producer(arrivals=every(MS, 2))], **settings)  # type: ignore[arg-type]
    return str(explain(play(model), model, 0))


@pytest.mark.parametrize(
    ("policy", "then", "sentence", "setting"),
    [
        ({"ttl_ns": 5 * MS}, None, "because it had expired", "`queues.q.ttl`"),
        ({"max_length": 0}, None, "because the queue was full", "`queues.q.max_length: 0`"),
        ({}, "reject", "because a consumer had refused it", "`consumers.c.exceptions.then: reject`"),
        ({"delivery_limit": 1}, "requeue", "because it had come back too often", "`queues.q.delivery_limit: 1`"),
    ],
)
def test_a_dead_letter_says_why(policy: dict[str, int], then: str | None, sentence: str, setting: str) -> None:
    served = [] if then is None else [consumer(service=takes(MS), exceptions=Exceptions(1.0, "message", then))]  # type: ignore[arg-type]
    text = told(queues=[queue(dead_letter=TO_D, **policy), queue("d")], consumers=served)
    assert f"q passed it on to the default exchange as d, {sentence}" in text
    assert "the dead letter took its place in d" in text
    assert setting in text
    assert "Fate of the copy in q: dead_lettered." in text


def test_what_expires_for_good_names_its_time_to_live() -> None:
    text = told(queues=[queue(ttl_ns=5 * MS)], consumers=[])
    assert "expired at the head of q" in text
    assert "Decided by `queues.q.ttl`" in text


def test_a_cycle_that_is_cut_is_told() -> None:
    text = told(queues=[queue(ttl_ns=MS, dead_letter=DeadLetter("", "q"))], consumers=[])
    assert "q did not get it again: it had died there before, and no consumer had refused it since" in text
