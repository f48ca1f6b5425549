"""RabbitMQ, exchanges and bindings: https://www.rabbitmq.com/tutorials/amqp-concepts#exchanges."""

import pytest

EVENTS = """
    name: exchanges
    system: rabbitmq
    duration: 1 s
    producers:
      shop: {arrivals: {constant: {rate: 100/s, messages: 4}}, to: {exchange: events, routing_key: red}}
    exchanges: {events: {type: direct}}
    queues: {red: {}, blue: {}, both: {}}
    bindings:
      - {exchange: events, queue: red, key: red}
      - {exchange: events, queue: blue, key: blue}
      - {exchange: events, queue: both, key: red}
      - {exchange: events, queue: both, key: blue}
"""


def reached(run):
    """How many messages each queue took."""
    events = run.events
    return events[events["kind"] == "enqueued"].groupby("queue", observed=True).size().to_dict()


@pytest.mark.parametrize(("key", "queues"), [("red", {"red": 4, "both": 4}), ("blue", {"blue": 4, "both": 4})])
def test_a_direct_exchange_goes_by_the_equal_key(play, key, queues):
    assert reached(play(EVENTS, f"producers.shop.to.routing_key={key}")) == queues


@pytest.mark.parametrize("key", ["Red", "re", "red.", "blue.red"])
def test_a_direct_exchange_knows_no_almost(play, key):
    run = play(EVENTS, f"producers.shop.to.routing_key={key}")
    assert reached(run) == {}
    assert set(run.fates["fate"]) == {"unroutable"}


def test_a_fanout_exchange_ignores_the_key(play):
    for key in ("red", "anything"):
        run = play(EVENTS, "exchanges.events.type=fanout", f"producers.shop.to.routing_key={key}")
        assert reached(run) == {"red": 4, "blue": 4, "both": 4}


def test_the_default_exchange_goes_by_the_name_of_the_queue(play):
    assert reached(play(EVENTS, "producers.shop.to=blue")) == {"blue": 4}


@pytest.mark.parametrize("kind", ["direct", "fanout"])
def test_at_most_once_per_queue_however_many_bindings_match(play, kind):
    """Queue `both` is bound twice; one exchange matches both bindings, the other one of them."""
    run = play(EVENTS, f"exchanges.events.type={kind}")
    assert reached(run)["both"] == 4
    assert run.summary["anomalies"]["enqueued_twice"] == 0
