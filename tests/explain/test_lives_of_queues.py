"""What is told of messages that found no queue, or went with one."""

from __future__ import annotations

import textwrap

import numpy as np
import pytest

import mqlab
from mqlab.scenario import loads
from mqlab.trace.fates import Fate

ROOM = """
    name: room
    system: rabbitmq
    duration: 2 s
    drain: 1 s
    producers:
      shop: {arrivals: {constant: 100/s}, confirm: true, to: {exchange: news}, connection: {reconnect: 10 ms}}
    exchanges: {news: {type: fanout, durable: true}}
    queues: {q: {}, other: {}}
    bindings: [{exchange: news, queue: q}]
    consumers: {reader: {queue: q, connection: {reconnect: 300 ms}}}
    faults: [{at: 505 ms, reset: reader}]
"""
CRASH = "faults=[{at: 505 ms, crash: broker, for: 100 ms}]"
SLOW = "consumers.reader={queue: q, service: 100 ms, prefetch: 1}"


def told(*sets: str, fate: Fate) -> str:
    """The life of the first message that ended so."""
    run = mqlab.run(loads(textwrap.dedent(ROOM), overrides=sets), trace="events")
    column = np.flatnonzero(run.trace.fates.column("fate") == fate)
    assert len(column), run.trace.counters.fates
    return str(run.explain(int(run.trace.fates.column("message")[column].min())))


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (("queues.q.exclusive=true",), "`queues.q.exclusive: true`"),
        (("queues.q.auto_delete=true",), "`queues.q.auto_delete: true`"),
        (("queues.q.expires=100 ms",), "`queues.q.expires`"),
        ((CRASH,), "`queues.q.durable: false`"),
        ((CRASH, "queues.q.durable=true", "exchanges.news.durable=false"), "`exchanges`"),
    ],
)
def test_who_finds_nobody_subscribed_hears_which_queue_was_missing_and_why(sets: tuple[str, ...], said: str) -> None:
    story = told(*sets, fate=Fate.NO_SUBSCRIBER)
    assert "found no queue for it" in story
    assert "Nobody was subscribed when it came: q had" in story
    assert said in story
    assert "To prevent it" in story


def test_what_went_with_its_queue_says_so() -> None:
    story = told("queues.q.auto_delete=true", SLOW, fate=Fate.DELETED)
    assert "deleted the queue q because its last consumer was gone" in story
    assert "went with its queue" in story
    assert "`queues.q.auto_delete: true`" in story


def test_a_name_that_is_nobodys_is_told_apart_from_a_missing_subscriber() -> None:
    story = told("producers.shop.to=q", "queues.q.auto_delete=true", fate=Fate.UNROUTABLE)
    assert "It was sent to a queue that was not there: q had been deleted at 0.505 s" in story


def test_what_comes_back_is_told_as_coming_back() -> None:
    story = told("producers.shop.to.mandatory=true", "bindings=[]", fate=Fate.UNROUTABLE)
    assert "the broker sent it back to shop, because it was mandatory" in story
    assert "shop had it back and knew that no queue had taken it" in story
    assert "No queue is bound where it was sent, and the broker sent it back to its producer" in story


def test_a_message_that_only_some_got_names_who_missed_it() -> None:
    both = "bindings=[{exchange: news, queue: q}, {exchange: news, queue: other}]"
    run = mqlab.run(loads(textwrap.dedent(ROOM), overrides=[both, "queues.q.exclusive=true"]), trace="events")
    late = int(run.trace.fates.column("message")[run.trace.fates.column("created_ns") == 600_000_000][0])
    assert "Not everybody got it: q had been deleted at 0.505 s" in str(run.explain(late))
    early = int(run.trace.fates.column("message")[run.trace.fates.column("created_ns") == 100_000_000][0])
    assert "Not everybody" not in str(run.explain(early))
