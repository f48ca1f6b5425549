"""Visibility time-outs and fetching with a wait: what SQS's receive, delete and change-visibility do."""

import threading

import pytest

from mqlab.broker import ConsumerCancelled, DeadLetter, PreconditionFailed, UnknownDelivery

S = 1_000_000_000
PATIENCE_S = 30


@pytest.fixture
def jobs(channel):
    return channel.declare_queue("jobs", visibility_timeout_ns=30 * S)


def bodies(deliveries):
    return [each.body for each in deliveries]


def test_what_is_not_deleted_in_time_is_seen_again(channel, clock, jobs):
    channel.publish_many("abc", jobs)
    a, b = channel.fetch(jobs, 2)
    a.ack()
    assert bodies(channel.fetch(jobs)) == ["c"]
    clock.advance(30 * S - 1)
    assert channel.fetch(jobs) == []
    clock.advance(1)
    again = channel.fetch(jobs)
    assert [(each.body, each.returns) for each in again] == [("b", 1), ("c", 1)]
    with pytest.raises(UnknownDelivery, match="before its visibility time-out"):
        b.ack()
    again[0].ack()


def test_more_time_can_be_asked_for_and_given_back(channel, clock, jobs):
    channel.publish_many("ab", jobs)
    a, b = channel.fetch(jobs, 2)
    a.extend(60)
    b.extend(1)
    clock.advance(S)
    assert bodies(channel.fetch(jobs)) == ["b"]
    clock.advance(58 * S)
    a.extend(10)
    clock.advance(9 * S)
    a.nack()
    assert "a" in bodies(channel.fetch(jobs))
    with pytest.raises(UnknownDelivery):
        a.extend(1)
    with pytest.raises(ValueError, match="timeout_s is 0; give a time above 0"):
        a.extend(0)


def test_a_fetch_may_bring_its_own_time(channel, clock):
    channel.declare_queue("plain")
    channel.publish("x", "plain")
    assert bodies(channel.fetch("plain", visibility_timeout_s=2)) == ["x"]
    clock.advance(2 * S)
    assert bodies(channel.fetch("plain")) == ["x"]
    clock.advance(100 * S)
    assert channel.fetch("plain") == []


def test_who_fetched_from_a_plain_queue_has_no_time_to_extend(channel):
    channel.declare_queue("plain")
    channel.publish("x", "plain")
    delivery = channel.get("plain")
    with pytest.raises(PreconditionFailed, match="queue `plain` had no visibility time-out; declare the queue with"):
        delivery.extend(1)
    with pytest.raises(PreconditionFailed, match="visibility_timeout_ns is 0; give a time above 0, or -1"):
        channel.declare_queue("q", visibility_timeout_ns=0)


def test_what_comes_back_too_often_dies(channel, clock):
    channel.declare_queue("dead")
    channel.declare_queue("q", visibility_timeout_ns=S, delivery_limit=2, dead_letter=DeadLetter("", "dead"))
    channel.publish("poison", "q")
    for _ in range(3):
        assert bodies(channel.fetch("q")) == ["poison"]
        clock.advance(S)
    assert channel.fetch("q") == []
    assert channel.get("dead").deaths[0].reason == "delivery_limit"


def test_consumers_lose_what_they_hold_too_long_and_are_served_again(channel, broker, clock, jobs):
    slow, quick = channel.consume(jobs, prefetch=1), broker.connect().channel().consume(jobs, prefetch=1)
    channel.publish_many("ab", jobs)
    held, unread = slow.receive(0), quick
    assert unread.unread_count == 1
    clock.advance(30 * S)  # both go back and are handed out anew
    assert channel.stats(jobs).redelivered == 2
    assert slow.unread_count + quick.unread_count == 2
    with pytest.raises(UnknownDelivery):
        held.ack()
    slow.receive(0).ack()
    quick.receive(0).ack()
    assert channel.stats(jobs).acked == 2


def test_what_was_settled_is_forgotten_long_before_its_time(channel, jobs):
    held = []
    for n in range(3000):
        channel.publish(n, jobs)
        delivery = channel.get(jobs)
        if n % 30:
            delivery.ack()
        else:
            held.append(delivery)
    leases = channel.host.queue(jobs).leases
    assert len(held) <= len(leases._heap) < 500


def test_a_shared_prefetch_is_free_again_when_time_is_over(channel, clock, jobs):
    channel.prefetch(1)
    consumer = channel.consume(jobs)
    channel.publish_many("ab", jobs)
    assert consumer.receive(0).body == "a"
    clock.advance(30 * S)
    assert consumer.receive(0).body == "a"
    assert channel.credit == 0


def test_a_fetch_waits_for_the_first_and_takes_no_more_than_it_was_told(channel, broker, jobs):
    found = []
    fetching = broker.connect().channel()
    thread = threading.Thread(target=lambda: found.extend(fetching.fetch(jobs, 2, timeout_s=None)), daemon=True)
    thread.start()
    while not any(consumer.waiters for consumer in fetching._consumers.values()):
        pass
    channel.publish_many("abc", jobs)
    thread.join(PATIENCE_S)
    assert bodies(found) == ["a", "b"]
    assert [each.redelivered for each in found] == [False, False]
    assert (channel.stats(jobs).ready, channel.stats(jobs).consumers) == (1, 0)
    for each in found:
        each.ack()


def test_a_fetch_ends_when_time_is_up_or_the_queue_is_gone(channel, broker, clock, jobs):
    results = []

    def fetch():
        try:
            results.append(channel.fetch(jobs, timeout_s=20))
        except ConsumerCancelled as gone:
            results.append(str(gone))

    for end in (lambda: clock.advance(20 * S), lambda: broker.connect().channel().delete_queue(jobs)):
        thread = threading.Thread(target=fetch, daemon=True)
        thread.start()
        while not any(consumer.waiters for consumer in channel._consumers.values()) or not clock._due:
            pass
        end()
        thread.join(PATIENCE_S)
    assert results == [[], "queue `jobs` was deleted; declare it and consume anew"]
    with pytest.raises(ValueError, match="maximum is 0"):
        channel.fetch(jobs, 0)
