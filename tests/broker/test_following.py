"""Publish/subscribe: durable subscriptions keep what comes while their subscriber is away, others do not."""

import asyncio

import pytest

from mqlab.broker import AccessRefused, NotFound, PreconditionFailed


@pytest.fixture(autouse=True)
def news(channel):
    channel.declare_exchange("news", "topic")


def inbox(consumer):
    return consumer.receive_many(100).bodies if consumer.unread_count else []


def test_everybody_who_follows_gets_each_message_that_matches(channel, broker):
    every, sport = channel.follow("news", "#"), broker.connect().channel().follow("news", "sport.*")
    channel.publish("goal", "sport.football", "news")
    channel.publish("rain", "weather", "news")
    assert (inbox(every), inbox(sport)) == (["goal", "rain"], ["goal"])


@pytest.mark.parametrize("end", ["close", "drop"])
def test_a_durable_subscription_keeps_what_comes_while_nobody_is_there(channel, broker, end):
    away = broker.connect()
    durable, passing = away.channel().follow("news", "#", name="reader"), away.channel().follow("news", "#")
    channel.publish("seen", "", "news")
    durable.receive(0).ack()
    getattr(away, end)()
    channel.publish("missed", "", "news")
    assert inbox(channel.follow("news", "#", name="reader")) == ["missed"]
    assert inbox(channel.follow("news", "#")) == []
    assert passing.queue.name not in broker.stats()


def test_what_was_not_acknowledged_comes_again(channel, broker):
    away = broker.connect()
    durable = away.channel().follow("news", "#", name="reader")
    channel.publish("x", "", "news")
    durable.receive(0)
    away.drop()
    assert channel.follow("news", "#", name="reader").receive(0).redelivered


def test_one_subscriber_a_name_and_one_key_a_subscription(channel, broker):
    channel.follow("news", "a", name="reader")
    other = broker.connect().channel()
    with pytest.raises(AccessRefused, match="queue `news/reader` has consumers already"):
        other.follow("news", "a", name="reader")
    with pytest.raises(PreconditionFailed, match="`reader` of exchange `news` follows `a`, not `b`; follow `a`"):
        other.follow("news", "b", name="reader")
    with pytest.raises(PreconditionFailed, match="has consumers; cancel them"):
        other.unfollow("news", "reader")
    channel.close()
    other.publish("x", "a", "news")
    assert other.unfollow("news", "reader") == 1
    other.follow("news", "b", name="reader")


def test_following_what_is_not_there_leaves_nothing_behind(channel, broker):
    for name in ("", "reader"):
        with pytest.raises(NotFound, match="there is no exchange `nws` in virtual host `/`; did you mean `news`"):
            channel.follow("nws", name=name)
    assert broker.stats() == {}


def test_a_slow_subscriber_may_be_bounded(channel):
    slow = channel.follow("news", "#", name="slow", prefetch=1, max_length=2)
    for n in range(5):
        channel.publish(n, "", "news")
    slow.receive(0).ack()
    assert (inbox(slow), channel.stats("news/slow").dropped) == ([3], 2)


def test_tasks_follow_too(broker):
    async def play():
        async with broker.connect_async() as connection:
            channel = connection.channel()
            consumer = channel.follow("news", "#")
            await channel.publish("x", "", "news")
            return (await consumer.get()).body

    assert asyncio.run(play()) == "x"
