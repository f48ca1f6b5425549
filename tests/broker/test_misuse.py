"""What is done wrong is said, by name, with the code of AMQP and how to mend it; and nothing has changed."""

import pytest

from mqlab.broker import (
    AccessRefused,
    Broker,
    BrokerClosed,
    ChannelClosed,
    ConsumerCancelled,
    NotFound,
    PreconditionFailed,
    Properties,
    ResourceLocked,
    UnknownDelivery,
)


@pytest.fixture
def q(channel):
    return channel.declare_queue("orders")


def test_acknowledged_twice(channel, q):
    channel.publish_many("ab", q)
    first = channel.get(q)
    first.ack()
    for again in (first.ack, first.nack, lambda: first.ack(multiple=True), lambda: channel.ack(99)):
        with pytest.raises(UnknownDelivery, match=r"406: channel 1 waits for no delivery.*settle each delivery once"):
            again()
    assert channel.get(q).body == "b"


def test_what_was_delivered_with_auto_ack_is_not_to_be_acknowledged(channel, q):
    channel.publish("a", q)
    with pytest.raises(UnknownDelivery, match="auto_ack"):
        channel.get(q, auto_ack=True).ack()


def test_a_delivery_that_went_back_is_no_longer_its_holders(broker, channel, q):
    channel.publish("a", q)
    stale = channel.get(q)
    channel.recover()
    fresh = broker.connect().channel().get(q)
    with pytest.raises(UnknownDelivery):
        stale.ack()
    fresh.ack()


def test_a_closed_channel(channel, q):
    channel.publish("a", q)
    held, consumer = channel.get(q), channel.consume(q)
    channel.close()
    channel.close()
    for use in (
        lambda: channel.publish("b", q), lambda: channel.publish_many("b", q), lambda: channel.get(q), held.ack,
        held.nack, lambda: channel.consume(q), lambda: channel.declare_queue("x"), lambda: consumer.receive(),
    ):  # fmt: skip
        with pytest.raises(ChannelClosed, match=r"504: channel 1 is closed; open another with connection.channel\(\)"):
            use()


def test_a_closed_connection(broker):
    connection = broker.connect(name="till")
    channel = connection.channel()
    connection.drop()
    with pytest.raises(ChannelClosed, match="connection `till` is closed"):
        connection.channel()
    with pytest.raises(ChannelClosed, match="connection `till` was lost"):
        channel.publish("x", "q")


def test_a_closed_broker(broker, channel, q):
    broker.close()
    assert broker.close()
    for use in (broker.connect, lambda: channel.connection.channel()):
        with pytest.raises((BrokerClosed, ChannelClosed)):
            use()


@pytest.mark.parametrize(
    ("use", "says"),
    [
        (lambda c: c.publish(1, "k", "evnts"), "there is no exchange `evnts`.*did you mean `events`"),
        (lambda c: c.bind("orders", "evnts"), "there is no exchange `evnts`"),
        (lambda c: c.bind("ordres", "events"), "there is no queue `ordres`.*did you mean `orders`"),
        (lambda c: c.consume("ordres"), "did you mean `orders`"),
        (lambda c: c.get("ordres"), "did you mean `orders`"),
        (lambda c: c.connection.host.broker.connect("prod"), "there is no virtual host `prod`"),
    ],
)
def test_a_name_that_is_not_there(channel, q, use, says):
    channel.declare_exchange("events", "topic")
    with pytest.raises(NotFound, match=f"404: .*{says}|404: {says}"):
        use(channel)
    assert channel.is_open


@pytest.mark.parametrize(
    ("use", "says"),
    [
        (
            lambda c: c.declare_queue("orders", durable=True),
            "queue `orders` is there with durable False, not True; declare",
        ),
        (lambda c: c.declare_queue("new", max_lenght=3), "no option `max_lenght`; did you mean `max_length`"),
        (lambda c: c.declare_queue("new", overflow="drop"), "no overflow `drop`"),
        (lambda c: c.declare_queue("new", max_priority=256), "give 1 to 255 levels"),
        (lambda c: c.declare_queue("new", ttl_ns=-2), "ttl_ns is -2; give 0 or more"),
        (
            lambda c: c.declare_exchange("events", "fanout"),
            "exchange `events` is there with kind 'topic', not 'fanout'",
        ),
        (lambda c: c.declare_exchange("x", "topics"), "no exchange type `topics`; did you mean `topic`"),
        (lambda c: c.bind("orders", "events", match="some"), "cannot match `some`"),
        (lambda c: c.delete_queue("full", if_empty=True), "not empty; purge it"),
        (lambda c: c.delete_queue("used", if_unused=True), "has consumers; cancel them"),
        (lambda c: c.consume("used", consumer_tag="me"), "has a consumer `me`"),
        (lambda c: c.connection.host.broker.add_virtual_host("/"), "there is a virtual host `/`"),
    ],
)
def test_what_does_not_agree_with_what_is_there(channel, q, use, says):
    channel.declare_exchange("events", "topic")
    channel.declare_queue("full")
    channel.publish("x", "full")
    channel.declare_queue("used")
    channel.consume("used", consumer_tag="me")
    with pytest.raises(PreconditionFailed, match=f"406: .*{says}"):
        use(channel)


def test_the_same_declared_again_is_fine(channel, q):
    assert channel.declare_queue("orders") == "orders"
    channel.declare_exchange("events", "topic")
    channel.declare_exchange("events", "topic")


def test_an_exclusive_queue_is_locked_for_others(broker, channel):
    channel.declare_queue("mine", exclusive=True)
    other = broker.connect().channel()
    for use in (
        other.get,
        other.consume,
        other.purge,
        other.delete_queue,
        lambda q: other.declare_queue(q, exclusive=True),
    ):
        with pytest.raises(ResourceLocked, match="405: queue `mine` is exclusive to another connection"):
            use("mine")


def test_a_consumer_that_has_or_wants_a_queue_for_itself(channel, q):
    only = channel.consume(q, exclusive=True)
    with pytest.raises(AccessRefused, match="403: a consumer has queue `orders` for itself"):
        channel.consume(q)
    only.cancel()
    channel.consume(q)
    with pytest.raises(AccessRefused, match="403: queue `orders` has consumers already"):
        channel.consume(q, exclusive=True)


def test_names_that_are_the_brokers(channel):
    with pytest.raises(AccessRefused):
        channel.declare_queue("amq.mine")
    with pytest.raises(AccessRefused):
        channel.declare_exchange("amq.mine")
    with pytest.raises(AccessRefused):
        channel.delete_exchange("amq.topic")
    assert channel.declare_queue().startswith("amq.gen-")


def test_a_deleted_queue_ends_its_consumers(channel, q):
    consumer = channel.consume(q)
    channel.publish("a", q)
    held = consumer.receive()
    assert channel.delete_queue(q) == 0
    assert channel.delete_queue(q) == 0
    held.ack()
    with pytest.raises(ConsumerCancelled, match="queue `orders` was deleted"):
        consumer.receive()


@pytest.mark.parametrize(
    "use",
    [
        lambda c: c.prefetch(-1), lambda c: c.consume("orders", prefetch=-1), lambda c: Properties(priority=-1),
        lambda c: Properties(ttl_ns=-1), lambda c: c.consume("orders").receive_many(0),
        lambda c: Broker(memory_limit_bytes=-1),
    ],
)  # fmt: skip
def test_values_out_of_range(channel, q, use):
    with pytest.raises(ValueError, match=r"give|ask for"):
        use(channel)
