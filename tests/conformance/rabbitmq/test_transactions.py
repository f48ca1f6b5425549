"""RabbitMQ, transactions: https://www.rabbitmq.com/docs/semantics and the blog's "Introducing Publisher Confirms"."""

import pytest

SHOP = """
    name: transactions
    system: rabbitmq
    duration: 1 s
    drain: 5 s
    producers:
      shop:
        arrivals: {constant: {rate: 100/s, messages: 10}}
        message: {persistent: true}
        transactions: {size: 5}
        link: {latency: 1 ms}
        connection: {reconnect: 20 ms}
    queues: {orders: {durable: true}}
    consumers: {stock: {}}
    nodes: {broker: {cpu: {publish: 0 s, deliver: 0 s}, disk: {fsync: 20 ms, group_commit: 5 ms, bandwidth: unlimited}}}
"""
PILE = """
    name: pile
    system: rabbitmq
    duration: 2 s
    drain: 298 s
    producers:
      shop:
        arrivals: {constant: {rate: 1M/s, messages: 1000}}
        prepare: 100 us
        message: {persistent: true}
        MODE
    queues: {orders: {durable: true}}
    consumers: {stock: {service: 50 us}}
    nodes: {broker: {disk: {fsync: 24500 us}}}
"""


def rows(run, kind):
    """Events of a kind."""
    return run.events[run.events["kind"] == kind]


def test_queues_see_a_publish_only_when_its_transaction_is_committed(play):
    """Five publishes, 10 ms apart; none is enqueued before the fifth and the commit have come."""
    run = play(SHOP)
    asked, enqueued = rows(run, "commit_sent")["time_ns"], rows(run, "enqueued")["time_ns"]
    assert len(asked) == 2
    assert (enqueued.iloc[:5] == asked.iloc[0] + 1_000_000).all()


def test_commit_ok_says_that_the_broker_has_taken_over_and_persistent_messages_are_on_disk(play):
    run = play(SHOP)
    synced = rows(run, "synced").set_index("message")["time_ns"]
    confirmed = rows(run, "confirmed").set_index("message")["time_ns"]
    assert len(confirmed) == 10
    assert (confirmed - synced == 1_000_000).all()


def test_every_commit_has_an_fsync_of_its_own(play):
    """Ten producers at once: ten flushes for ten commits, at most two for ten messages with confirms."""
    one_each = ("producers.shop.count=10", "producers.shop.arrivals={constant: {rate: 1M/s, messages: 10}}")
    assert len(rows(play(SHOP, *one_each, "producers.shop.transactions.size=1"), "flush_began")) == 10
    confirming = SHOP.replace("transactions: {size: 5}", "confirm: true")
    assert len(rows(play(confirming, *one_each), "flush_began")) <= 2


def test_a_rollback_discards_all_publishes_of_the_transaction(play):
    run = play(SHOP, "producers.shop.transactions.rollback=1")
    assert run.summary["fates"]["aborted"] == 10
    assert len(rows(run, "enqueued")) == 0


@pytest.mark.parametrize("fault", ["reset: shop", "crash: shop, for: 1 s", "crash: broker, for: 100 ms"])
def test_an_open_transaction_is_rolled_back_when_its_connection_ends(play, fault):
    """At 25 ms three of five publishes have come, and no commit."""
    run = play(SHOP, f"faults=[{{at: 25 ms, {fault}}}]")
    assert len(rows(run, "rolled_back")) == 3
    assert run.summary["fates"]["aborted"] == 3


def test_a_commit_is_not_atomic(play):
    """A queue with room for three refuses two of five; the commit fails, and three are delivered all the same."""
    full = "queues.orders={durable: true, max_length: 3, overflow: reject-publish}"
    slow = ("consumers.stock.prefetch=3", "consumers.stock.service=900 ms")
    run = play(SHOP, full, *slow, "producers.shop.arrivals.constant.messages=9")
    assert run.summary["messages"]["confirmed"] < 9
    assert run.summary["fates"]["rejected"] > 0
    assert run.summary["fates"]["processed"] > run.summary["messages"]["confirmed"]


def test_a_transaction_for_each_message_is_slower_than_confirms_by_the_published_order(play):
    """Published: 10,000 messages in more than 4 minutes against about 2 s; "a factor of 250". Here a thousand."""
    each = play(PILE.replace("MODE", "transactions: {size: 1}")).summary["stages"]["created_confirmed"]["max"]
    confirms = play(PILE.replace("MODE", "confirm: true")).summary["stages"]["created_confirmed"]["max"]
    assert 24_000_000 < each / 1000 < 26_500_000, "one fsync and one round trip for each message"
    assert 100 < each / confirms < 400
