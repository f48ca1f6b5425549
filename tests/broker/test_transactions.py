"""Channel transactions: what was published and settled happens together at the commit, or not at all."""

import sys
import threading
from collections import Counter

import pytest

from mqlab.broker import (
    BrokerClosed,
    ChannelClosed,
    DeadLetter,
    NotFound,
    PreconditionFailed,
    Properties,
    TransactionRefused,
    UnknownDelivery,
)
from mqlab.broker.brokers import Broker
from mqlab.broker.clock import ManualClock

PATIENCE_S = 60


@pytest.fixture
def other(broker):
    return broker.connect().channel()


@pytest.fixture(autouse=True)
def queues(other):
    for name in ("in", "out"):
        other.declare_queue(name)


def ready(channel, *names):
    return [channel.stats(name).ready for name in names]


def test_nothing_happens_before_the_commit_and_all_of_it_then(channel, other):
    other.publish_many("ab", "in")
    channel.select()
    first, second = channel.get("in"), channel.get("in")
    bodies = ["A", "B"]
    channel.publish_many(bodies, "out")
    bodies.append("too late")
    assert channel.publish("C", "out") is None
    second.ack(multiple=True)
    assert ready(other, "out") == [0]
    assert other.stats("in").unacked == 2
    channel.commit()
    assert ready(other, "in", "out") == [0, 3]
    assert (other.stats("in").acked, other.stats("in").unacked) == (2, 0)
    channel.commit()
    assert ready(other, "out") == [3]
    with pytest.raises(UnknownDelivery):
        first.ack()


@pytest.mark.parametrize("end", ["rollback", "drop", "close"])
def test_a_rollback_or_the_end_of_the_connection_discards_it(channel, other, end):
    other.publish("a", "in")
    channel.select()
    delivery = channel.get("in")
    channel.publish("A", "out")
    delivery.ack()
    with pytest.raises(UnknownDelivery):
        delivery.ack()
    if end == "rollback":
        channel.rollback()
        assert other.stats("in").unacked == 1
        delivery.ack()
        channel.commit()
        assert other.stats("in").acked == 1
    else:
        getattr(channel.connection, end)()
        assert other.get("in").redelivered
        with pytest.raises(ChannelClosed):
            channel.commit()
    assert ready(other, "out") == [0]


def test_giving_back_and_rejecting_wait_for_the_commit_too(channel, other):
    other.declare_queue("dead")
    other.declare_queue("work", dead_letter=DeadLetter("", "dead"))
    other.publish_many("abc", "work")
    channel.select()
    a, b, c = (channel.get("work") for _ in range(3))
    a.nack()
    b.reject()
    c.ack()
    assert ready(other, "work", "dead") == [0, 0]
    channel.commit()
    assert ready(other, "work", "dead") == [1, 1]
    assert other.get("work").body == "a"
    assert other.stats("work").acked == 1


def test_a_queue_that_refuses_refuses_all_of_it(channel, other):
    other.declare_queue("small", max_length=2, overflow="reject-publish")
    other.publish("a", "in")
    channel.select()
    delivery = channel.get("in")
    channel.publish_many("xyz", "small")
    channel.publish("A", "out")
    delivery.ack()
    with pytest.raises(TransactionRefused, match="queue `small` has no room for 3 messages of the transact"):
        channel.commit()
    assert ready(other, "small", "out") == [0, 0]
    assert (other.stats("in").unacked, other.stats("small").refused) == (1, 0)
    consumer = other.consume("small", prefetch=1)  # with one in its hands, two may stand in line
    channel.commit()
    assert (ready(other, "small", "out"), consumer.receive(0).body) == ([2, 1], "x")
    assert other.stats("in").acked == 1


@pytest.mark.parametrize(
    ("options", "consumers", "fits"),
    [
        ({"max_length": 1}, [], 1),
        ({"max_length": 1}, [{"prefetch": 2}], 3),
        ({"max_length": 1}, [{"prefetch": 2}, {"prefetch": 1}], 4),
        ({"max_length": 1, "single_active_consumer": True}, [{"prefetch": 2}, {"prefetch": 1}], 3),
        ({"max_bytes": 3}, [{"prefetch": 1}], 4),
    ],
)
def test_room_counts_what_consumers_would_take(broker, channel, other, options, consumers, fits):
    other.declare_queue("small", overflow="reject-publish", **options)
    for how in consumers:
        other.consume("small", **how)
    channel.select()
    channel.publish_many(["x"] * (fits + 1), "small")
    with pytest.raises(TransactionRefused):
        channel.commit()
    channel.rollback()
    channel.publish_many(["x"] * fits, "small")
    channel.commit()
    assert other.stats("small").published == fits
    shared = broker.connect().channel()
    shared.prefetch(2)
    other.declare_queue("shared", overflow="reject-publish", max_length=0)
    for _ in range(2):
        shared.consume("shared")
    channel.publish_many("xyz", "shared")
    with pytest.raises(TransactionRefused):
        channel.commit()
    channel.rollback()
    channel.publish_many("xy", "shared")
    channel.commit()


def test_a_delivery_that_went_back_fails_the_commit_and_nothing_of_it_happens(channel, other, clock):
    other.declare_queue("jobs", visibility_timeout_ns=10)
    other.publish_many("ab", "jobs")
    channel.select()
    a, b = channel.get("jobs"), channel.get("jobs")
    b.extend(1)
    a.ack()
    b.ack()
    channel.publish("A", "out")
    clock.advance(10)
    with pytest.raises(UnknownDelivery, match="delivery 1 has gone back to its queue before the commit; roll back"):
        channel.commit()
    assert ready(other, "out", "jobs") == [0, 1]
    assert other.stats("jobs").unacked == 1
    channel.rollback()
    b.ack()
    channel.commit()
    assert other.stats("jobs").acked == 1


def test_exchanges_are_looked_for_at_once_and_again(channel, other):
    channel.select()
    with pytest.raises(NotFound, match="there is no exchange `shop`"):
        channel.publish("x", "k", "shop")
    other.declare_exchange("shop", "fanout")
    other.bind("out", "shop")
    channel.publish("x", "k", "shop")
    other.delete_exchange("shop")
    channel.publish("y", "out")
    with pytest.raises(NotFound):
        channel.commit()
    assert ready(other, "out") == [0]
    other.declare_exchange("shop", "fanout")
    channel.commit()
    assert other.get("out").body == "y"


def test_what_is_mandatory_is_returned_at_the_commit_and_properties_hold(channel, other, clock):
    returned = []
    channel.on_return(lambda each: returned.append(each.body))
    channel.select()
    channel.publish("nobody", "nowhere", mandatory=True)
    channel.publish("soon gone", "out", properties=Properties(ttl_ns=5))
    assert returned == []
    channel.commit()
    assert (returned, ready(other, "out")) == (["nobody"], [1])
    clock.advance(5)
    assert other.stats("out").expired == 1


def test_transactions_and_confirms_do_not_share_a_channel(broker, channel):
    with pytest.raises(PreconditionFailed, match=r"channel 1 has no transactions; call select\(\) first"):
        channel.commit()
    channel.select()
    with pytest.raises(PreconditionFailed, match="has transactions and cannot have confirms; open another channel"):
        channel.confirms()
    sure = broker.connect().channel()
    sure.confirms()
    with pytest.raises(PreconditionFailed, match="has confirms and cannot have transactions; open another channel"):
        sure.select()


def test_a_block_commits_unless_something_is_raised(channel, other):
    with channel.transaction():
        channel.publish("good", "out")

    def fail():
        with channel.transaction():
            channel.publish("bad", "out")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with channel.transaction():
        pass
    assert ready(other, "out") == [1]


def test_a_shared_prefetch_is_free_again_after_the_commit(channel, other):
    other.publish_many(range(4), "in")
    channel.prefetch(2)
    channel.select()
    consumer = channel.consume("in")
    batch = consumer.receive_many(10)
    assert len(batch) == 2
    batch[-1].ack(multiple=True)
    assert consumer.unread_count == 0
    channel.commit()
    assert [each.body for each in consumer.receive_many(10)] == [2, 3]


def test_a_closing_broker_commits_nothing():
    broker = Broker(clock=ManualClock())
    channel = broker.connect().channel()
    channel.declare_queue("q")
    held = broker.connect().channel()
    channel.publish("held", "q")
    delivery = held.get("q")
    channel.select()
    channel.publish("x", "q")
    closing = threading.Thread(target=broker.close, daemon=True)
    closing.start()
    while not broker._idle:
        pass
    with pytest.raises(BrokerClosed, match="publish before close"):
        channel.commit()
    delivery.ack()
    closing.join(PATIENCE_S)
    assert not closing.is_alive()


def test_moving_messages_between_queues_conserves_whatever_meets():
    """Threads move messages round a ring of queues, some fail, some crash: each message is somewhere, once."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    broker = Broker()
    channel = broker.connect().channel()
    names = ["a", "b", "c"]
    for name in names:
        channel.declare_queue(name, max_length=40, overflow="reject-publish")
        channel.publish_many([(name, n) for n in range(20)], name)
    failures = []

    def move(number):
        try:
            for turn in range(60):
                with broker.connect() as connection:
                    mine = connection.channel()
                    mine.select()
                    source, target = names[(number + turn) % 3], names[(number + turn + 1) % 3]
                    batch = mine.fetch(source, 4)
                    mine.publish_many([each.body for each in batch], target)
                    for each in batch:
                        each.ack()
                    if turn % 3 == 0:
                        mine.rollback()
                    elif turn % 3 == 1:
                        try:
                            mine.commit()
                        except TransactionRefused:
                            mine.rollback()
                    # else the connection ends before the commit
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=move, args=(n,), daemon=True) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "somebody hangs"
    sys.setswitchinterval(before)
    assert failures == []
    left = Counter(each.body for name in names for each in channel.fetch(name, 100))
    assert left == Counter((name, n) for name in names for n in range(20))
    assert all(stats.is_conserved for stats in broker.stats().values())
