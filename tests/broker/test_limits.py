"""Limits, times to live, priorities, dead letters, lives of queues, memory: rules of RabbitMQ on the real broker."""

import pytest

from mqlab.broker import Broker, DeadLetter, NotFound, Properties, PublishersBlocked

MS = 1_000_000


def test_a_full_queue_drops_its_oldest_message(channel, drain):
    channel.declare_queue("q", max_length=2)
    channel.publish_many("abc", "q")
    assert (channel.stats("q").dropped, drain(channel, "q")) == (1, ["b", "c"])


def test_a_length_limit_counts_ready_messages_only(channel):
    channel.declare_queue("q", max_length=1)
    channel.consume("q")
    channel.publish_many(range(10), "q")
    assert (channel.stats("q").unacked, channel.stats("q").dropped) == (10, 0)


def test_reject_publish_refuses_the_newest_says_so_and_leaves_others_their_copy(channel, drain):
    channel.declare_queue("small", max_length=2, overflow="reject-publish")
    channel.declare_queue("big")
    for name in ("small", "big"):
        channel.bind(name, "amq.fanout")
    told = []
    channel.confirms(told.append)
    assert channel.publish_many("abcd", "", "amq.fanout") == range(1, 5)
    assert [tuple(each) for each in told] == [(1, 2, True), (3, 4, False)]
    assert (channel.wait_for_confirms(), channel.wait_for_confirms()) == ((3, 4), ())
    assert (drain(channel, "small"), drain(channel, "big")) == (["a", "b"], list("abcd"))


def test_a_queue_that_refuses_keeps_what_comes_back_although_it_is_full(channel, drain):
    channel.declare_queue("q", max_length=1, overflow="reject-publish")
    channel.publish("a", "q")
    held = channel.get("q")
    channel.publish("b", "q")
    held.nack()
    assert drain(channel, "q") == ["a", "b"]


def test_drop_newest_says_nothing(channel, drain):
    channel.declare_queue("q", max_length=1, overflow="drop-newest")
    channel.confirms()
    channel.publish_many("ab", "q")
    assert (channel.wait_for_confirms(), drain(channel, "q")) == ((), ["a"])


def test_a_limit_in_bytes_counts_the_bodies_of_ready_messages(channel, drain):
    channel.declare_queue("q", max_bytes=10)
    channel.publish(b"123456", "q")
    channel.publish("1234", "q")
    channel.publish(object(), "q", properties=Properties(size_bytes=5))
    assert channel.stats("q").dropped == 1
    assert drain(channel, "q")[0] == "1234"


def test_a_message_is_never_delivered_after_its_time_to_live(channel, clock, drain):
    channel.declare_queue("q", ttl_ns=10 * MS)
    channel.publish("old", "q")
    clock.advance(9 * MS)
    channel.publish("new", "q")
    clock.advance(1 * MS)
    assert (channel.stats("q").expired, drain(channel, "q")) == (1, ["new"])


def test_the_smaller_of_both_times_to_live_counts(channel, clock):
    channel.declare_queue("q", ttl_ns=10 * MS)
    for ttl_ms in (5, 50):
        channel.publish(ttl_ms, "q", properties=Properties(ttl_ns=ttl_ms * MS))
    clock.advance(5 * MS)
    assert channel.stats("q").ready == 1
    clock.advance(5 * MS)
    assert channel.stats("q").expired == 2


def test_a_message_with_its_own_time_to_live_is_removed_only_at_the_head_also_of_a_plain_queue(channel, clock, drain):
    channel.declare_queue("q")
    channel.publish("first", "q")
    channel.publish("mortal", "q", properties=Properties(ttl_ns=MS))
    channel.publish("last", "q")
    clock.advance(2 * MS)
    assert (channel.stats("q").ready, channel.stats("q").expired) == (3, 0)
    assert drain(channel, "q") == ["first", "last"]


def test_time_to_live_0_expires_unless_it_can_be_delivered_at_once(channel):
    channel.declare_queue("q", ttl_ns=0)
    channel.publish("nobody is there", "q")
    consumer = channel.consume("q", prefetch=1)
    channel.publish("here you are", "q")
    channel.publish("no room", "q")
    assert (channel.stats("q").expired, consumer.receive(timeout_s=0).body) == (2, "here you are")


def test_a_requeued_message_keeps_its_expiry(channel, clock):
    channel.declare_queue("q", ttl_ns=10 * MS)
    channel.publish("x", "q")
    held = channel.get("q")
    clock.advance(20 * MS)
    held.nack()
    assert (channel.get("q"), channel.stats("q").expired) == (None, 1)


def test_higher_priority_goes_first_and_missing_is_0(channel, drain):
    channel.declare_queue("q", max_priority=5)
    for body, priority in (("none", None), ("low", 1), ("beyond", 200), ("five", 5)):
        channel.publish(body, "q", properties=None if priority is None else Properties(priority=priority))
    assert drain(channel, "q") == ["beyond", "five", "low", "none"]


def test_prefetched_messages_cannot_be_overtaken(channel):
    channel.declare_queue("q", max_priority=5)
    consumer = channel.consume("q", prefetch=1)
    channel.publish("slow", "q")
    channel.publish("urgent", "q", properties=Properties(priority=5))
    assert consumer.receive(timeout_s=0).body == "slow"


def test_a_full_priority_queue_drops_its_head(channel, drain):
    channel.declare_queue("q", max_priority=5, max_length=1)
    channel.publish("high", "q", properties=Properties(priority=5))
    channel.publish("low", "q")
    assert drain(channel, "q") == ["low"]


def test_what_came_back_finds_its_place_within_its_priority(channel, drain):
    channel.declare_queue("q", max_priority=5)
    channel.publish_many("ab", "q")
    held = channel.get("q")
    channel.publish("c", "q")
    channel.publish("high", "q", properties=Properties(priority=1))
    held.nack()
    assert drain(channel, "q") == ["high", "a", "b", "c"]


def test_a_delivery_limit_counts_returns(channel):
    channel.declare_queue("q", delivery_limit=2, dead_letter=DeadLetter("", "dead"))
    channel.declare_queue("dead")
    channel.publish("poison", "q")
    for returns in range(3):
        delivery = channel.get("q")
        assert delivery.returns == returns
        delivery.nack()
    assert channel.get("q") is None
    (death,) = channel.get("dead").deaths
    assert (death.queue, death.reason) == ("q", "delivery_limit")


@pytest.mark.parametrize("reason", ["rejected", "expired", "maxlen"])
def test_what_dies_is_dead_lettered_with_its_reason_and_its_key(channel, clock, reason):
    channel.declare_queue("q", max_length=1, ttl_ns=5 * MS, dead_letter=DeadLetter("amq.topic"))
    channel.declare_queue("dead")
    channel.bind("dead", "amq.topic", "q")
    channel.publish("x", "q", properties=Properties(ttl_ns=3 * MS, message_id="7"))
    if reason == "rejected":
        channel.get("q").reject()
    elif reason == "maxlen":
        channel.publish("y", "q")
    else:
        clock.advance(3 * MS)
    letter = channel.get("dead")
    assert (letter.body, letter.routing_key, letter.exchange) == ("x", "q", "amq.topic")
    assert (letter.properties.ttl_ns, letter.properties.message_id) == (None, "7")
    assert [(death.reason, death.queue, death.times) for death in letter.deaths] == [(reason, "q", 1)]


def test_reject_publish_dlx_dead_letters_what_it_refuses(channel, drain):
    channel.declare_queue("q", max_length=1, overflow="reject-publish-dlx", dead_letter=DeadLetter("", "dead"))
    channel.declare_queue("dead")
    channel.confirms()
    channel.publish_many("ab", "q")
    assert (channel.wait_for_confirms(), drain(channel, "dead"), drain(channel, "q")) == ((2,), ["b"], ["a"])


def test_a_cycle_without_a_rejection_is_dropped(channel, clock):
    channel.declare_queue("a", ttl_ns=MS, dead_letter=DeadLetter("", "b"))
    channel.declare_queue("b", ttl_ns=MS, dead_letter=DeadLetter("", "a"))
    channel.publish("x", "a")
    clock.advance(100 * MS)
    assert [(channel.stats(name).published, channel.stats(name).ready) for name in "ab"] == [(1, 0), (1, 0)]


def test_a_cycle_with_a_rejection_goes_round(channel, clock):
    channel.declare_queue("a", dead_letter=DeadLetter("", "b"))
    channel.declare_queue("b", ttl_ns=MS, dead_letter=DeadLetter("", "a"))
    channel.publish("x", "a")
    for times in (1, 2, 3):
        channel.get("a").reject()
        clock.advance(MS)
        again = channel.get("a")
        assert [(death.queue, death.times) for death in again.deaths] == [("b", times), ("a", times)]
        again.nack()


def test_a_dead_letter_that_nothing_takes_is_dropped(channel):
    channel.declare_queue("q", max_length=0, dead_letter=DeadLetter("not declared"))
    channel.publish("x", "q")
    assert channel.stats("q").dropped == 1


def test_an_exclusive_queue_goes_with_its_connection(broker, channel):
    mine = broker.connect()
    mine.channel().declare_queue("mine", exclusive=True)
    mine.close()
    with pytest.raises(NotFound):
        channel.get("mine")


def test_an_auto_delete_queue_goes_with_its_last_consumer_and_not_before_it_had_one(channel):
    channel.declare_queue("q", auto_delete=True)
    channel.publish("goes with it", "q")
    one, two = channel.consume("q", prefetch=1), channel.consume("q", prefetch=1)
    one.cancel()
    assert channel.stats("q").consumers == 1
    two.cancel()
    with pytest.raises(NotFound):
        channel.stats("q")


def test_a_queue_expires_when_it_was_unused_for_so_long(channel, clock):
    channel.declare_queue("q", expires_ns=10 * MS)
    clock.advance(9 * MS)
    channel.get("q")
    clock.advance(9 * MS)
    consumer = channel.consume("q")
    clock.advance(100 * MS)
    consumer.cancel()
    clock.advance(9 * MS)
    assert channel.stats("q").consumers == 0
    clock.advance(1 * MS)
    with pytest.raises(NotFound):
        channel.stats("q")


def test_memory_above_the_limit_stops_publishers_until_it_is_less(clock):
    with Broker(clock=clock, memory_limit_bytes=10, block_timeout_s=0) as broker:
        channel = broker.connect().channel()
        channel.declare_queue("q")
        channel.publish(b"x" * 8, "q")
        channel.publish(b"x" * 8, "q")  # the limit is no bound
        with pytest.raises(PublishersBlocked, match=r"16 bytes.*limit of 10"):
            channel.publish(b"", "q")
        channel.get("q").ack()
        channel.publish(b"x", "q")
        assert broker.memory.used_bytes == 9
        channel.purge("q")
        assert broker.memory.used_bytes == 0


def test_rates_are_read_between_two_moments(channel, clock):
    channel.declare_queue("q")
    before = channel.stats("q")
    channel.publish_many(range(10), "q")
    for _ in range(4):
        channel.get("q").ack()
    clock.advance(2_000 * MS)
    rates = channel.stats("q").rates_since(before)
    assert (rates.published_per_s, rates.delivered_per_s, rates.acked_per_s, rates.redelivered_per_s) == (5, 2, 2, 0)
