"""Delivery, prefetch, acknowledgement, redelivery: rules of RabbitMQ on the real broker."""

import pytest

from mqlab.broker import ConsumerCancelled, ReceiveTimeout


@pytest.fixture
def q(channel):
    return channel.declare_queue("q")


def bodies(consumer):
    return [each.body for each in consumer.receive_many(100)] if consumer.inbox else []


def test_consumers_of_a_queue_take_turns(channel, q):
    first, second = channel.consume(q), channel.consume(q)
    for n in range(6):
        channel.publish(n, q)
    assert (bodies(first), bodies(second)) == ([0, 2, 4], [1, 3, 5])


def test_prefetch_bounds_what_one_consumer_holds(channel, q):
    consumer = channel.consume(q, prefetch=2)
    channel.publish_many(range(5), q)
    one, two = consumer.receive(), consumer.receive()
    assert channel.stats(q).ready == 3
    one.ack()
    assert bodies(consumer) == [2]
    two.ack()
    assert bodies(consumer) == [3]


def test_prefetch_0_bounds_nothing(channel, q):
    consumer = channel.consume(q)
    channel.publish_many(range(500), q)
    assert (consumer.unread_count, channel.stats(q).unacked) == (500, 500)


def test_a_channels_prefetch_is_shared_by_its_consumers_beside_their_own(channel, q):
    channel.prefetch(3)
    channel.declare_queue("r")
    one, two = channel.consume(q, prefetch=2), channel.consume("r")
    channel.publish_many(range(5), q)
    channel.publish_many("abc", "r")
    assert (one.unread_count, two.unread_count) == (2, 1)
    one.receive().ack()  # either may have the room
    assert one.unread_count + two.unread_count == 3
    for _ in range(20):
        for consumer in (one, two):
            if consumer.inbox:
                consumer.receive().ack()
    assert channel.stats(q).acked + channel.stats("r").acked == 8


def test_prefetch_does_not_concern_a_fetch(channel, q):
    consumer = channel.consume(q, prefetch=1)
    channel.publish_many(range(4), q)
    assert [channel.get(q).body, channel.get(q).body, consumer.receive().body] == [1, 2, 0]
    assert channel.stats(q).unacked == 3


def test_an_empty_queue_answers_that_it_is_empty(channel, q):
    assert channel.get(q) is None


def test_one_acknowledgement_settles_everything_up_to_its_tag(channel, q):
    consumer = channel.consume(q)
    channel.publish_many(range(5), q)
    batch = consumer.receive_many(5)
    batch[1].ack()
    batch[3].ack(multiple=True)
    assert channel.stats(q).unacked == 1
    channel.ack(0, multiple=True)
    assert (channel.stats(q).unacked, channel.stats(q).acked) == (0, 5)


def test_multiple_reaches_over_consumers_fetches_and_queues(channel, q):
    channel.declare_queue("r")
    one = channel.consume(q, prefetch=1)
    channel.publish_many(range(3), q)
    channel.publish("r", "r")
    channel.get("r")
    channel.ack(0, multiple=True)
    assert [channel.stats(name).acked for name in (q, "r")] == [1, 1]
    assert bodies(one) == [0, 1]


def test_a_requeued_message_goes_back_to_its_place_marked_redelivered(channel, q):
    channel.publish_many("abcd", q)
    a, b, c = (channel.get(q) for _ in range(3))
    b.nack()
    a.reject(requeue=True)
    again = [channel.get(q) for _ in range(3)]
    assert [(each.body, each.redelivered) for each in again] == [("a", True), ("b", True), ("d", False)]
    assert c.redelivered is False
    assert channel.stats(q).redelivered == 2


def test_nack_multiple_gives_all_back_in_order(channel, q):
    consumer = channel.consume(q, prefetch=10)
    channel.publish_many("abc", q)
    consumer.receive_many(3)[-1].nack(multiple=True)
    assert bodies(consumer) == ["a", "b", "c"]


def test_what_is_rejected_for_good_is_discarded(channel, q):
    channel.publish("bad", q)
    channel.get(q).reject()
    assert (channel.get(q), channel.stats(q).discarded) == (None, 1)


@pytest.mark.parametrize("end", ["close", "drop"])
def test_what_is_unacknowledged_goes_back_when_its_connection_ends(broker, channel, q, end):
    lost = broker.connect()
    consumer = lost.channel().consume(q, prefetch=3)
    channel.publish_many("abcd", q)
    consumer.receive()
    getattr(lost, end)()
    assert [(channel.get(q).body, n) for n in range(4)] == [("a", 0), ("b", 1), ("c", 2), ("d", 3)]
    assert channel.stats(q).redelivered == 3


def test_what_goes_back_is_served_to_those_who_stay(broker, channel, q):
    lost = broker.connect().channel()
    lost.consume(q, prefetch=2)
    stays = channel.consume(q)
    channel.publish_many(range(4), q)
    lost.close()
    assert sorted(bodies(stays)) == [0, 1, 2, 3]


def test_auto_ack_is_acknowledged_when_sent_and_lost_with_the_connection(broker, channel, q):
    lost = broker.connect()
    lost.channel().consume(q, auto_ack=True)
    channel.publish_many(range(3), q)
    assert (channel.stats(q).acked, channel.stats(q).unacked) == (3, 0)
    lost.drop()
    assert channel.get(q) is None


def test_an_orderly_end_leaves_what_auto_ack_delivered(channel, q):
    consumer = channel.consume(q, auto_ack=True)
    channel.publish_many(range(3), q)
    consumer.cancel()
    assert [each.body for each in consumer] == [0, 1, 2]


def test_a_cancelled_consumer_gives_back_what_it_has_not_received(channel, q):
    consumer = channel.consume(q, prefetch=3)
    channel.publish_many("abcd", q)
    mine = consumer.receive()
    consumer.cancel()
    assert (channel.stats(q).ready, channel.stats(q).unacked, channel.stats(q).consumers) == (3, 1, 0)
    mine.ack()
    assert channel.get(q).body == "b"
    with pytest.raises(ConsumerCancelled, match="register another"):
        consumer.receive(timeout_s=0)


def test_a_queue_remembers_nobody_who_has_left(broker, channel, q):
    for _ in range(5):
        other = broker.connect()
        other.channel().get(q)
        other.channel().consume(q)
        other.drop()
        channel.consume(q).cancel()
    (found,) = channel.host.queues()
    assert found.takers == found.consumers == []
    assert broker._connections == {channel.connection: None}


def test_higher_consumer_priorities_are_served_until_they_block(channel, q):
    low, high = channel.consume(q, prefetch=5), channel.consume(q, prefetch=2, priority=1)
    channel.publish_many(range(4), q)
    assert (bodies(high), bodies(low)) == ([0, 1], [2, 3])


def test_a_single_active_consumer_is_followed_in_order_of_registration(channel, drain):
    q = channel.declare_queue("single", single_active_consumer=True)
    first, second, third = (channel.consume(q, prefetch=2) for _ in range(3))
    channel.publish_many(range(5), q)
    assert (first.unread_count, second.unread_count, channel.stats(q).ready) == (2, 0, 3)
    first.cancel()
    assert (bodies(second), bodies(third)) == ([0, 1], [])


def test_receive_gives_up_when_the_clock_says_so(channel, q):
    consumer = channel.consume(q)
    with pytest.raises(ReceiveTimeout, match="within 0 s"):
        consumer.receive(timeout_s=0)


def test_a_reply_finds_its_way_by_reply_to(broker, channel):
    from mqlab.broker import Properties

    channel.declare_queue("work")
    client = broker.connect().channel()
    mine = client.declare_queue(exclusive=True)
    answers = client.consume(mine, auto_ack=True)
    client.publish(20, "work", properties=Properties(reply_to=mine, correlation_id="7"))
    asked = channel.get("work")
    given = asked.properties
    channel.publish(asked.body + 1, given.reply_to, properties=Properties(correlation_id=given.correlation_id))
    answer = answers.receive(timeout_s=0)
    assert (answer.body, answer.properties.correlation_id) == (21, "7")
