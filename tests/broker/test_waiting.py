"""Threads and tasks that wait: woken when something comes, when their consumer ends, when time is up; the end."""

import asyncio
import threading

import pytest

from mqlab.broker import (
    Broker,
    BrokerClosed,
    ChannelClosed,
    ConsumerCancelled,
    ManualClock,
    PublishersBlocked,
    ReceiveTimeout,
)

PATIENCE_S = 30
"""How long a test waits for a thread before it says that the thread hangs."""


def start(function, *args):
    """Run a function in a thread; what it returned or raised comes from ``.outcome()``."""

    class Running(threading.Thread):
        result = failure = None

        def run(self):
            try:
                self.result = function(*args)
            except Exception as failure:
                self.failure = failure

        def outcome(self):
            self.join(PATIENCE_S)
            assert not self.is_alive(), "it hangs"
            if self.failure is not None:
                raise self.failure
            return self.result

    thread = Running(daemon=True)
    thread.start()
    return thread


def until(condition):
    """Wait until other threads have made something true."""
    pause = threading.Event()
    for _ in range(PATIENCE_S * 1000):
        if condition():
            return
        pause.wait(0.001)
    raise AssertionError("it did not come true")


@pytest.fixture
def q(channel):
    return channel.declare_queue("q")


def test_a_thread_that_waits_is_woken_by_a_message(channel, q):
    consumer = channel.consume(q)
    waiting = start(consumer.receive)
    until(lambda: consumer.waiters)
    channel.publish("x", q)
    assert waiting.outcome().body == "x"


def test_as_many_are_woken_as_something_comes_for(channel, q):
    consumer = channel.consume(q)
    waiting = [start(consumer.receive) for _ in range(3)]
    until(lambda: len(consumer.waiters) == 3)
    channel.publish_many("abc", q)
    assert sorted(each.outcome().body for each in waiting) == ["a", "b", "c"]


def test_time_is_up_when_the_clock_says_so_and_what_comes_later_is_not_lost(channel, clock, q):
    consumer = channel.consume(q)
    waiting = start(consumer.receive, 2)
    until(lambda: consumer.waiters and clock._due)
    clock.advance(2_000_000_000)
    with pytest.raises(ReceiveTimeout, match="nothing came from queue `q` within 2 s; wait longer"):
        waiting.outcome()
    channel.publish("late", q)
    assert consumer.receive().body == "late"


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (lambda channel: next(iter(channel._consumers.values())).cancel(), ConsumerCancelled),
        (lambda channel: channel.delete_queue("q"), ConsumerCancelled),
        (lambda channel: channel.close(), ChannelClosed),
        (lambda channel: channel.connection.drop(), ChannelClosed),
        (lambda channel: channel.connection.host.broker.close(), ChannelClosed),
    ],
)
def test_who_waits_learns_of_the_end(channel, q, end, error):
    consumer = channel.consume(q)
    waiting = [start(consumer.receive) for _ in range(2)]
    until(lambda: len(consumer.waiters) == 2)
    end(channel)
    for each in waiting:
        with pytest.raises(error):
            each.outcome()


def test_tasks_wait_too(channel, q):
    async def consume():
        consumer = channel.consume(q, prefetch=2)
        found = []
        producer = asyncio.to_thread(channel.publish_many, range(5), q)
        asyncio.get_running_loop().create_task(producer)
        async for delivery in consumer:
            found.append(delivery.body)
            delivery.ack()
            if len(found) == 5:
                consumer.cancel()
        return found

    assert asyncio.run(asyncio.wait_for(consume(), PATIENCE_S)) == [0, 1, 2, 3, 4]


def test_a_task_that_is_cancelled_passes_its_wake_up_on(channel, q):
    async def play():
        consumer = channel.consume(q)
        first = asyncio.create_task(consumer.get())
        second = asyncio.create_task(consumer.get())
        await asyncio.sleep(0)
        channel.publish("x", q)  # wakes the first …
        first.cancel()  # … which does not take it
        return (await second).body

    assert asyncio.run(asyncio.wait_for(play(), PATIENCE_S)) == "x"


def test_a_task_may_give_up(channel, q):
    async def play():
        with pytest.raises(TimeoutError):
            await channel.consume(q).get(timeout_s=0)

    asyncio.run(play())


def test_a_waiter_whose_loop_is_gone_is_passed_over(channel, q):
    consumer = channel.consume(q)

    async def leave():
        from mqlab.broker.waiting import TaskWaiter

        consumer.waiters.append(TaskWaiter())

    asyncio.run(leave())
    waiting = start(consumer.receive)
    until(lambda: len(consumer.waiters) == 2)
    channel.publish("x", q)
    assert waiting.outcome().body == "x"


def test_publishers_wait_for_memory_and_go_on_when_there_is_room():
    with Broker(clock=ManualClock(), memory_limit_bytes=1) as broker:
        channel = broker.connect().channel()
        channel.declare_queue("q")
        channel.publish(b"xx", "q")
        blocked = start(channel.publish, b"yy", "q")
        until(lambda: broker.memory._waiters)
        channel.get("q").ack()
        blocked.outcome()
        assert channel.stats("q").ready == 1

        async def publish():
            channel.publish(b"z", "q")

        with pytest.raises(PublishersBlocked):
            asyncio.run(publish())  # an event loop must not stop


def test_a_blocked_publisher_learns_of_the_end():
    broker = Broker(memory_limit_bytes=1)
    channel = broker.connect().channel()
    channel.declare_queue("q")
    channel.publish(b"xx", "q")
    blocked = start(channel.publish, b"yy", "q")
    until(lambda: broker.memory._waiters)
    broker.close(drain=False)
    with pytest.raises((BrokerClosed, ChannelClosed)):
        blocked.outcome()


def test_an_orderly_end_lets_consumers_finish(broker, channel, q):
    consumer = channel.consume(q, prefetch=1)
    channel.publish_many(range(3), q)
    channel.declare_queue("nobody")
    channel.publish("stays", "nobody")
    closing = start(broker.close)
    until(lambda: broker._idle)
    with pytest.raises(BrokerClosed, match="publish before close"):
        channel.publish(3, q)
    with pytest.raises(BrokerClosed):
        broker.connect()
    assert closing.is_alive()
    for _ in range(3):
        consumer.receive().ack()
    assert closing.outcome() is True
    assert broker.stats()["q"].acked == 3


def test_an_end_that_waits_no_longer_says_so(broker, clock, channel, q):
    channel.consume(q)
    channel.publish("held", q)
    closing = start(lambda: broker.close(timeout_s=1))
    until(lambda: broker._idle and clock._due)
    clock.advance(1_000_000_000)
    assert closing.outcome() is False


def test_a_worker_calls_back_and_ends_with_its_consumer(channel, q):
    done = []
    worker = channel.subscribe(q, lambda each: (done.append(each.body), each.ack()), prefetch=1)
    channel.publish_many(range(100), q)
    until(lambda: len(done) == 100)
    worker.cancel()
    assert worker.join(PATIENCE_S)
    assert done == list(range(100))


def test_a_worker_that_fails_gives_back_what_it_has_not_begun(channel, q):
    channel.publish_many(range(3), q)

    def fail(delivery):
        raise ZeroDivisionError

    worker = channel.subscribe(q, fail, prefetch=2)
    with pytest.raises(ZeroDivisionError):
        worker.join(PATIENCE_S)
    assert (channel.stats(q).ready, channel.stats(q).unacked) == (2, 1)


def test_the_real_clock_calls_in_order_and_ends():
    from mqlab.broker import RealClock

    clock, called, done = RealClock(), [], threading.Event()
    now = clock.now_ns()
    clock.call_at(now + 20_000_000, lambda: (called.append("late"), done.set()))
    clock.call_at(now + 1_000_000, lambda: called.append("early"))
    assert done.wait(PATIENCE_S)
    assert called == ["early", "late"]
    clock.close()
    clock.call_at(now, lambda: called.append("never"))
    clock._thread.join(PATIENCE_S)
    assert len(called) == 2


def test_messages_expire_by_the_real_clock():
    with Broker() as broker:
        channel = broker.connect().channel()
        channel.declare_queue("q", ttl_ns=1_000_000)
        channel.publish("x", "q")
        until(lambda: channel.stats("q").expired == 1)
        with pytest.raises(ReceiveTimeout):
            channel.consume("q").receive(timeout_s=0.01)
