"""The broker for tasks: confirms are awaited, deliveries iterated over, and the event loop is never kept."""

import asyncio
import random
import threading
from collections import Counter

import pytest

from mqlab.broker import (
    Broker,
    BrokerClosed,
    ChannelClosed,
    Confirmation,
    ManualClock,
    NotFound,
    Properties,
    PublishersBlocked,
    PublishRefused,
    ReceiveTimeout,
    TransactionRefused,
)

S = 1_000_000_000
PATIENCE_S = 60


def play(coroutine):
    """Run a coroutine; a hang fails the test."""
    return asyncio.run(asyncio.wait_for(coroutine, PATIENCE_S))


def test_publishes_are_confirmed_or_refused(broker):
    async def work():
        async with broker.connect_async() as connection:
            channel = connection.channel()
            channel.declare_queue("small", max_length=2, overflow="reject-publish")
            assert await channel.publish("a", "small") == 1
            with pytest.raises(PublishRefused, match="2 of 3 messages were refused: a queue is full") as refused:
                await channel.publish_many("bcd", "small")
            assert refused.value.places == (1, 2)
            with pytest.raises(NotFound):
                await channel.publish("x", "k", "nowhere")
            assert await channel.publish_many([], "small") == range(5, 5)
            channel.get("small").ack()
            assert await channel.publish_many(["e"], "small") == range(5, 6)
            assert not channel._pending
        assert not connection.is_open
        with pytest.raises(ChannelClosed):
            await channel.publish("x", "small")

    play(work())


def test_confirms_that_come_later_from_another_thread_are_awaited(broker):
    """As a journal would do it: confirms come out of order, in pieces, from a thread that the loop knows nothing of."""

    async def work():
        channel = broker.connect_async().channel()
        channel.declare_queue("q")
        channel.channel.confirms(lambda _: None)  # what is decided at once is not told
        first = asyncio.create_task(channel.publish_many("abcd", "q"))
        second = asyncio.create_task(channel.publish_many("ef", "q"))
        await asyncio.sleep(0)

        def confirm():
            for each in ((5, 5, True), (1, 2, True), (3, 3, False), (4, 5, True), (6, 6, True)):
                if each != (5, 5, True):
                    channel._on_confirm(Confirmation(*((4, 4, True) if each == (4, 5, True) else each)))
                else:
                    channel._on_confirm(Confirmation(*each))

        threading.Thread(target=confirm).start()
        with pytest.raises(PublishRefused) as refused:
            await first
        assert refused.value.places == (2,)
        assert await second == range(5, 7)
        lonely = asyncio.create_task(channel.publish("g", "q"))
        await asyncio.sleep(0)
        channel.close()
        with pytest.raises(ChannelClosed, match="before the confirm came; publish again"):
            await lonely

    play(work())


def test_deliveries_are_iterated_over_and_others_have_their_turn(broker):
    async def work():
        channel = broker.connect_async().channel()
        channel.declare_queue("q")
        await channel.publish_many(range(1000), "q")
        turns = 0

        async def other():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        beside = asyncio.create_task(other())
        found = []
        async for delivery in channel.consume("q"):
            found.append(delivery.body)
            delivery.ack()
            if len(found) == 1000:
                channel.close()
        beside.cancel()
        assert found == list(range(1000))
        assert turns >= 10

    play(work())


def test_tasks_take_batches_too(broker):
    async def work():
        channel = broker.connect_async().channel()
        channel.declare_queue("q")
        consumer = channel.consume("q", prefetch=10)
        waiting = asyncio.create_task(consumer.get_many(3))
        await asyncio.sleep(0)
        await channel.publish_many("abcd", "q")
        first = await waiting
        first.ack()
        assert (first.bodies, (await consumer.get()).body) == (["a", "b", "c"], "d")
        with pytest.raises(ValueError, match="maximum is 0"):
            await consumer.get_many(0)

    play(work())


def test_confirms_of_a_journal_and_commits_to_it_are_awaited(tmp_path):
    kept = Properties(persistent=True)

    async def work():
        broker = Broker(data=tmp_path)
        async with broker.connect_async() as connection:
            channel, other = connection.channel(), connection.channel()
            channel.declare_queue("q", durable=True)
            numbers = await asyncio.gather(*(channel.publish(n, "q", properties=kept) for n in range(50)))
            assert numbers == list(range(1, 51))
            other.select()
            for delivery in await other.fetch("q", 10):
                delivery.ack()
            await other.publish("from a transaction", "q", properties=kept)
            await other.commit()
        await broker.close_async()

    play(work())
    with Broker(data=tmp_path) as again:
        channel = again.connect().channel()
        assert [each.body for each in channel.fetch("q", 100)] == [*range(10, 50), "from a transaction"]


def test_a_task_waits_by_the_brokers_clock(broker, clock):
    async def work():
        channel = broker.connect_async().channel()
        channel.declare_queue("q")
        consumer = channel.consume("q")
        waiting = asyncio.create_task(consumer.get(timeout_s=5))
        fetching = asyncio.create_task(broker.connect_async().channel().fetch("q", timeout_s=5))
        while len(clock._due) < 2:
            await asyncio.sleep(0)
        clock.advance(5 * S)
        with pytest.raises(ReceiveTimeout, match="within 5 s"):
            await waiting
        assert await fetching == []
        await channel.publish("late", "q")
        assert (await consumer.get(timeout_s=1)).body == "late"
        with pytest.raises(ReceiveTimeout):
            await consumer.get(timeout_s=0)

    play(work())


def test_a_fetch_that_is_cancelled_keeps_nothing(broker):
    async def work():
        channel = broker.connect_async().channel()
        channel.declare_queue("q")
        fetching = asyncio.create_task(channel.fetch("q", 2))
        await asyncio.sleep(0)
        await channel.publish("x", "q")  # it is in the inbox …
        fetching.cancel()  # … of a task that does not take it
        with pytest.raises(asyncio.CancelledError):
            await fetching
        assert [each.body for each in await channel.fetch("q", 2)] == ["x"]
        waiting = asyncio.create_task(channel.fetch("q", 2))
        await asyncio.sleep(0)
        await channel.publish_many("yz", "q")
        assert [each.body for each in await waiting] == ["y", "z"]

    play(work())


def test_tasks_wait_for_room_in_memory_and_the_loop_goes_on():
    async def work():
        broker = Broker(clock=ManualClock(), memory_limit_bytes=1)
        topic = broker.topic("t", retention_ns=S, segment_records=1)
        async with broker.connect_async() as connection:
            channel = connection.channel()
            channel.declare_queue("q")
            await channel.publish(b"xx", "q")
            blocked = [
                asyncio.create_task(channel.publish(b"yy", "q")),
                asyncio.create_task(topic.send(b"zz")),
            ]
            for _ in range(10):
                await asyncio.sleep(0)
            assert not any(each.done() for each in blocked)
            channel.get("q").ack()
            await blocked[0]
            channel.get("q").ack()
            assert (await blocked[1]).offset == 0
            blocked = asyncio.create_task(channel.publish(b"x", "q"))
            await asyncio.sleep(0)
            await broker.close_async(drain=False)
            with pytest.raises((BrokerClosed, ChannelClosed)):
                await blocked
        impatient = Broker(memory_limit_bytes=1, block_timeout_s=0)
        async with impatient.connect_async() as connection:
            channel = connection.channel()
            channel.declare_queue("q")
            await channel.publish(b"xx", "q")
            with pytest.raises(PublishersBlocked):
                await channel.publish(b"xx", "q")

    play(work())


def test_transactions_of_tasks(broker):
    async def work():
        channel = broker.connect_async().channel()
        channel.declare_queue("q", max_length=1, overflow="reject-publish")
        channel.select()
        assert await channel.publish_many("ab", "q") == range(0)
        with pytest.raises(TransactionRefused):
            await channel.commit()
        channel.rollback()
        await channel.publish_many("a", "q")
        await channel.commit()
        assert channel.get("q").body == "a"

    play(work())


def test_an_orderly_end_lets_tasks_finish(broker):
    async def work():
        channel = broker.connect_async().channel()
        channel.declare_queue("q")
        await channel.publish_many(range(200), "q")
        done = []

        async def consume():
            async for delivery in channel.consume("q", prefetch=5):
                await asyncio.sleep(0)
                done.append(delivery.body)
                delivery.ack()

        consuming = asyncio.create_task(consume())
        await asyncio.sleep(0)
        assert await broker.close_async()
        await consuming
        assert await broker.close_async()
        return done

    assert play(work()) == list(range(200))


def test_an_end_that_waits_no_longer_says_so_to_tasks(broker, clock):
    async def work():
        channel = broker.connect_async().channel()
        channel.declare_queue("q")
        await channel.publish("held", "q")
        assert channel.get("q").body == "held"
        closing = asyncio.create_task(broker.close_async(timeout_s=1))
        while not clock._due:
            await asyncio.sleep(0)
        clock.advance(S)
        return await closing

    assert play(work()) is False


@pytest.mark.parametrize("seed", range(8))
def test_tasks_cancelled_closed_and_dropped_at_any_await_lose_nothing(seed):
    """Producers, consumers and group members in one loop; each is cancelled or its connection ends at a random step."""
    luck = random.Random(seed)
    broker = Broker()
    setup = broker.connect().channel()
    setup.declare_queue("q")
    topic = broker.topic("t", partitions=3)
    sent, done, read = [], [], Counter()

    async def produce(number):
        async with broker.connect_async() as connection:
            channel = connection.channel()
            for n in range(40):
                await channel.publish_many([(number, n, i) for i in range(3)], "q")
                sent.extend((number, n, i) for i in range(3))
                await topic.send((number, n), key=n)
                if luck.random() < 0.3:
                    await asyncio.sleep(0)

    async def consume():
        connection = broker.connect_async()
        channel = connection.channel()
        consumer = channel.consume("q", prefetch=luck.choice((0, 1, 5)))
        try:
            while True:
                delivery = await consumer.get()
                if luck.random() < 0.3:
                    await asyncio.sleep(0)
                delivery.ack()
                done.append(delivery.body)
        finally:
            luck.choice((connection.close, connection.drop, channel.close))()
            connection.drop()

    async def follow():
        with broker.connect().join("g", "t", reset="earliest", auto_commit=False) as member:
            while True:
                for record in await member.fetch(luck.randint(1, 9)):
                    read[record.body] += 1
                if luck.random() < 0.9:
                    member.commit()
                if luck.random() < 0.2:
                    await asyncio.sleep(0)

    async def disturb(make):
        while True:
            victim = asyncio.create_task(make())
            try:
                for _ in range(luck.randint(0, 40)):
                    await asyncio.sleep(0)
            finally:
                victim.cancel()
                await asyncio.wait((victim,))

    async def run():
        disturbed = [asyncio.create_task(disturb(each)) for each in (consume, consume, follow, follow)]
        await asyncio.gather(*(produce(n) for n in range(4)))
        for each in disturbed:
            each.cancel()
        await asyncio.wait(disturbed)

    play(run())
    left = [each.body for each in setup.fetch("q", 10_000)]
    assert Counter(done + left) == Counter(sent)
    with topic.join("g", reset="earliest") as member:
        while records := member.poll():
            read.update(record.body for record in records)
    assert set(read) == {(number, n) for number in range(4) for n in range(40)}
    assert broker.topic_stats()["t"].is_conserved
    assert broker.stats()["q"].is_conserved


class Stopping:
    """A coroutine that is driven by hand and stopped at its n-th await."""

    def __init__(self, coroutine, stop_at):
        self.coroutine, self.left = coroutine, stop_at
        self.reached_end = False

    def __await__(self):
        awaiting = self.coroutine.__await__()
        try:
            step = next(awaiting)
            while True:
                if self.left == 0:
                    try:
                        awaiting.throw(asyncio.CancelledError())
                    except (asyncio.CancelledError, StopIteration):
                        return
                    raise AssertionError("it goes on although it was cancelled")
                self.left -= 1
                yield step
                step = next(awaiting)
        except StopIteration:
            self.reached_end = True


@pytest.mark.parametrize("end", ["close", "drop"])
def test_a_task_that_is_stopped_at_each_of_its_awaits_loses_nothing(end):
    """Publish, fetch, settle, follow a topic: stopped at the first await, at the second … until one gets through."""

    async def work(broker, log):
        connection = broker.connect_async()
        try:
            channel = connection.channel()
            for n in range(3):
                log.append(n)
                await channel.publish_many([n, n], "q")
                await asyncio.sleep(0)
                await broker.topic("t").send(n)
            with broker.connect().join("g", "t", reset="earliest", auto_commit=False) as member:
                log.append([record.body for record in await member.fetch(2)])
                await asyncio.sleep(0)
                member.commit()
                for delivery in await channel.fetch("q", 3):
                    await asyncio.sleep(0)
                    delivery.ack()
                waiting = asyncio.ensure_future(channel.fetch("late", 1))
                await asyncio.sleep(0)
                await channel.publish("x", "late")
                (await waiting)[0].ack()
                consumer = channel.consume("q", prefetch=2)
                (await consumer.get()).nack()
                await asyncio.sleep(0)
                (await consumer.get_many(5)).ack()
        finally:
            getattr(connection, end)()

    async def stopped_at(n):
        broker = Broker()
        setup = broker.connect().channel()
        setup.declare_queue("q")
        setup.declare_queue("late")
        broker.topic("t")
        log = []
        stopping = Stopping(work(broker, log), n)
        await stopping
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            if task.get_coro().__qualname__.endswith("fetch"):
                task.cancel()
                await asyncio.wait((task,))
        for stats in broker.stats().values():
            assert stats.is_conserved
            assert (stats.unacked, stats.consumers) == (0, 0), (n, stats)
        published = [each for each in log if isinstance(each, int)]
        assert setup.stats("q").published == 2 * len(published)
        topic = broker.topic("t").stats()
        assert topic.published in (len(published), len(published) - 1)
        group = topic.groups.get("g")
        assert group is None or (group.state == "Empty" and group.committed.get(0, 0) in (0, 2))
        return stopping.reached_end

    async def all_of_them():
        for n in range(100):
            if await stopped_at(n):
                return n
        raise AssertionError("it never gets through")

    assert play(all_of_them()) >= 9
