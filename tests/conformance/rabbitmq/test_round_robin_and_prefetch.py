"""RabbitMQ, consumers in turn: https://www.rabbitmq.com/docs/consumer-prefetch."""

import pytest

SHOP = """
    name: turns
    system: rabbitmq
    duration: 1 s
    producers: {shop: {arrivals: {constant: {rate: 100/s, messages: 12}}}}
    queues: {orders: {}}
    consumers: {stock: {count: 3, prefetch: 0, service: 20 ms}}
"""


def shares(run):
    """Messages delivered to each consumer."""
    events = run.events
    return events[events["kind"] == "delivered"].groupby("actor").size().to_dict()


def test_without_a_prefetch_limit_consumers_take_turns(play):
    assert shares(play(SHOP)) == {"stock[0]": 4, "stock[1]": 4, "stock[2]": 4}


@pytest.mark.parametrize("prefetch", [1, 2])
def test_prefetch_bounds_what_one_consumer_holds_unacknowledged(play, prefetch):
    run = play(SHOP, f"consumers.stock.prefetch={prefetch}", "consumers.stock.count=1")
    assert run.summary["queues"]["orders"]["unacked_max"] == prefetch


def test_prefetch_0_bounds_nothing(play):
    run = play(SHOP, "consumers.stock.prefetch=0", "consumers.stock.count=1", "consumers.stock.service=1 s")
    assert run.summary["queues"]["orders"]["unacked_max"] == 12
