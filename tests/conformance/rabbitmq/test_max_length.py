"""RabbitMQ, queue length limits: https://www.rabbitmq.com/docs/maxlength."""

import pytest

SHOP = """
    name: full
    system: rabbitmq
    duration: 1 s
    producers: {shop: {arrivals: {constant: {rate: 1000/s, messages: 6}}, confirm: true}}
    queues: {orders: {max_length: 2}}
"""
REJECT = "queues.orders.overflow=reject-publish"


def messages(run, kind):
    """Messages to which something happened, in order."""
    return run.events[run.events["kind"] == kind]["message"].tolist()


def test_without_a_limit_nothing_is_dropped(play):
    assert play(SHOP, "queues.orders={}").summary["queues"]["orders"]["depth_max"] == 6


def test_drop_head_is_the_default_and_drops_the_oldest(play):
    run = play(SHOP)
    assert messages(run, "evicted") == [0, 1, 2, 3]
    assert messages(run, "confirmed") == list(range(6)), "nobody is told"


def test_reject_publish_refuses_the_newest_and_says_so(play):
    run = play(SHOP, REJECT)
    assert messages(run, "enqueue_refused") == messages(run, "refused") == [2, 3, 4, 5]
    assert messages(run, "confirmed") == [0, 1]
    assert messages(run, "evicted") == []


@pytest.mark.parametrize("prefetch", [1, 3])
def test_max_length_counts_ready_messages_only(play, prefetch):
    """What a consumer holds unacknowledged takes no room."""
    run = play(SHOP, REJECT, f"consumers={{stock: {{prefetch: {prefetch}, service: 1 s}}}}")
    assert messages(run, "enqueued") == list(range(2 + prefetch))
    assert run.summary["queues"]["orders"]["depth_max"] == 2
    assert run.summary["queues"]["orders"]["unacked_max"] == prefetch


def test_a_queue_that_refuses_leaves_the_others_their_copy(play):
    run = play(
        SHOP, "queues={orders: {max_length: 2, overflow: reject-publish}, log: {}}",
        "exchanges={events: {type: fanout}}", "producers.shop.to={exchange: events}",
        "bindings=[{exchange: events, queue: orders}, {exchange: events, queue: log}]",
    )  # fmt: skip
    stored = run.events[run.events["kind"] == "enqueued"].groupby("queue", observed=True)["message"].apply(list)
    assert stored["orders"] == [0, 1]
    assert stored["log"] == list(range(6))
    assert messages(run, "refused") == [2, 3, 4, 5], "its producer is told no all the same"
