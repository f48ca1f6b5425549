"""Batches are sequences of deliveries, made when they are looked at; whatever is settled how, it adds up."""

import random
import threading
from collections import Counter

import pytest

from mqlab.broker import Broker, UnknownDelivery
from mqlab.broker.batches import BUNDLE_MAX, Share

PATIENCE_S = 60
ACTS = ("many", "many", "one", "take", "take", "some", "some", "ack", "nack", "batch", "end", "upto")


@pytest.fixture
def q(channel):
    return channel.declare_queue("q")


def test_a_batch_is_a_sequence_of_deliveries(channel, q):
    consumer = channel.consume(q)
    bodies = ["a", "b", "c"]
    channel.publish_many(bodies, q)
    bodies.append("not published")
    batch = consumer.receive_many(10)
    assert (len(batch), batch.bodies, [each.body for each in batch]) == (3, ["a", "b", "c"], ["a", "b", "c"])
    assert (batch[-1].tag, batch[0].tag, [each.tag for each in batch[1:]]) == (3, 1, [2, 3])
    assert (batch[0].queue, batch[0].routing_key, batch[0].redelivered) == ("q", "q", False)
    assert batch[1] is batch[1]
    assert "tag=2" in repr(batch)
    assert isinstance(batch._parts[0], Share)


def test_a_batch_joins_what_came_in_batches_and_alone(channel, q):
    consumer = channel.consume(q)
    channel.publish_many("ab", q)
    channel.publish("c", q)
    channel.publish("d", q)
    channel.publish_many("efgh", q)
    first, second = consumer.receive_many(6), consumer.receive_many(6)
    assert (first.bodies, second.bodies) == (list("abcdef"), list("gh"))
    assert [each.tag for each in [*first, *second]] == list(range(1, 9))
    assert first[-1].body == "f"
    second.ack()
    first.ack()
    assert channel.stats(q).acked == 8


def test_a_batch_is_settled_once(channel, q):
    consumer = channel.consume(q, prefetch=10)
    channel.publish_many("abc", q)
    batch = consumer.receive_many(10)
    batch[1].nack()
    batch.ack()
    assert (channel.stats(q).acked, consumer.receive().body) == (2, "b")
    for again in (batch.ack, batch.nack, batch[0].ack, batch[-1].ack):
        with pytest.raises(UnknownDelivery):
            again()
    channel.publish_many("de", q)
    consumer.receive_many(10).nack()
    assert consumer.receive_many(10)[0].redelivered
    channel.recover()
    consumer.receive_many(10).nack(requeue=False)
    assert channel.stats(q).discarded == 3


def test_an_acknowledgement_in_the_middle_of_a_bundle_leaves_the_rest(channel, q):
    consumer = channel.consume(q, prefetch=100)
    channel.publish_many(range(100), q)
    batch = consumer.receive_many(100)
    batch[39].ack(multiple=True)
    assert (channel.stats(q).acked, channel.stats(q).unacked) == (40, 60)
    with pytest.raises(UnknownDelivery):
        batch[39].ack(multiple=True)
    with pytest.raises(UnknownDelivery):
        batch[0].ack()
    batch[40].ack()
    batch[99].ack(multiple=True)
    assert (channel.stats(q).acked, channel.stats(q).unacked) == (100, 0)


def test_one_after_the_other_and_batches_may_take_turns(channel, q):
    consumer = channel.consume(q)
    channel.publish_many(range(10), q)
    assert consumer.receive().body == 0
    assert consumer.receive_many(3).bodies == [1, 2, 3]
    assert consumer.receive().body == 4
    assert consumer.receive_many(100).bodies == [5, 6, 7, 8, 9]
    channel.ack(0, multiple=True)
    assert channel.stats(q).acked == 10


def test_a_backlog_comes_in_bundles_of_bounded_size(channel, q):
    channel.publish_many(range(2 * BUNDLE_MAX + 5), q)
    consumer = channel.consume(q)
    assert [len(share) for share in consumer.inbox] == [BUNDLE_MAX, BUNDLE_MAX, 5]
    channel.publish_many(range(BUNDLE_MAX + 2), q)
    assert [len(share) for share in consumer.inbox][3:] == [BUNDLE_MAX, 2]
    assert consumer.unread_count == 3 * BUNDLE_MAX + 7
    assert consumer.receive_many(10 * BUNDLE_MAX).bodies == [*range(2 * BUNDLE_MAX + 5), *range(BUNDLE_MAX + 2)]


def test_automatic_acknowledgement_leaves_nothing_to_settle(channel, q):
    consumer = channel.consume(q, auto_ack=True)
    channel.publish_many("abc", q)
    batch = consumer.receive_many(10)
    assert (batch.bodies, channel.stats(q).acked, channel.stats(q).unacked) == (["a", "b", "c"], 3, 0)
    with pytest.raises(UnknownDelivery):
        batch.ack()


def test_what_is_left_of_a_consumer_that_is_gone_is_not_counted_as_anothers(channel, broker):
    channel.declare_queue("old")
    channel.declare_queue("new")
    gone = channel.consume("old")
    other = broker.connect().channel()
    other.publish_many("abc", "old")
    batch = gone.receive_many(10)
    channel.delete_queue("old")
    consumer = channel.consume("new", prefetch=2)
    other.publish_many("de", "new")
    batch[0].ack()
    batch[-1].ack(multiple=True)
    assert (consumer.held, channel.stats("new").unacked) == (2, 2)
    consumer.receive_many(10).ack()
    assert (consumer.held, channel.stats("new").acked) == (0, 2)


def test_transactions_settle_batches_too(channel, broker, q):
    consumer = channel.consume(q)
    channel.publish_many("abc", q)
    before = consumer.receive_many(2)
    channel.select()
    broker.connect().channel().publish_many("de", q)
    before.ack()
    consumer.receive_many(10)[0].nack()
    assert channel.stats(q).acked == 0
    channel.commit()
    assert (channel.stats(q).acked, channel.stats(q).returned) == (2, 1)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_settled_how_every_message_is_somewhere_once(seed):
    luck = random.Random(seed)
    broker = Broker()
    setup = broker.connect().channel()
    setup.declare_queue("q")
    published = 0
    done, held = [], {}
    channel = consumer = None

    def settled(tags, gone):
        for tag in tags:
            body = held.pop(tag).body
            if gone:
                done.append(body)

    for _ in range(150):
        if consumer is None:
            channel = broker.connect().channel()
            consumer = channel.consume("q", prefetch=luck.choice((0, 1, 7, 50)))
            held = {}
        act = luck.choice(ACTS)
        if act == "many":
            some = luck.randint(1, 30)
            setup.publish_many(range(published, published + some), "q")
            published += some
        elif act == "one":
            setup.publish(published, "q")
            published += 1
        elif act == "take" and consumer.inbox:
            delivery = consumer.receive(0)
            held[delivery.tag] = delivery
        elif act in ("some", "batch") and consumer.inbox:
            batch = consumer.receive_many(luck.randint(1, 40))
            held |= {each.tag: each for each in batch}
            if act == "batch":
                if luck.random() < 0.3:
                    one = luck.choice(batch)
                    one.ack()
                    settled([one.tag], True)
                if any(each.tag in held for each in batch):
                    gone = luck.random() < 0.7
                    (batch.ack if gone else batch.nack)()
                    settled([each.tag for each in batch if each.tag in held], gone)
        elif act in ("ack", "nack") and held:
            tag = luck.choice(sorted(held))
            getattr(channel, act)(tag)
            settled([tag], act == "ack")
        elif act == "upto" and held and not consumer.inbox:
            tag = luck.choice([0, *sorted(held)])
            gone = luck.random() < 0.7
            (channel.ack if gone else channel.nack)(tag, multiple=True)
            settled([each for each in sorted(held) if tag == 0 or each <= tag], gone)
        elif act == "end" and luck.random() < 0.2:
            luck.choice((channel.close, channel.connection.drop, consumer.cancel))()
            if channel.is_open:
                settled(sorted(held), False)
                channel.close()
            consumer = None
        stats = setup.stats("q")
        assert stats.is_conserved
        assert stats.acked == len(done)
        if consumer is not None:
            assert stats.unacked == len(held) + consumer.unread_count
            assert consumer.held == stats.unacked
    broker.connect()
    if consumer is not None:
        channel.close()
    left = [each.body for each in setup.fetch("q", 100_000)]
    assert sorted(done + left) == list(range(published))
    assert left == sorted(left)


def test_threads_that_share_a_consumer_take_batches_apart():
    broker = Broker()
    channel = broker.connect().channel()
    channel.declare_queue("q")
    consumer = channel.consume("q", prefetch=150)
    done, lock = Counter(), threading.Lock()

    def work(seed):
        luck = random.Random(seed)
        while True:
            try:
                batch = consumer.receive_many(luck.randint(1, 60)) if luck.random() < 0.7 else [consumer.receive()]
            except Exception:
                return
            with lock:
                done.update(each.body for each in batch)
            if luck.random() < 0.5:
                for each in batch:
                    each.ack()
            elif isinstance(batch, list):
                batch[0].ack()
            else:
                batch.ack()

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(6)]
    for thread in threads:
        thread.start()
    for first in range(0, 20_000, 100):
        channel.publish_many(range(first, first + 100), "q")
    assert broker.close(timeout_s=PATIENCE_S)
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "somebody hangs"
    assert done == Counter(range(20_000))
