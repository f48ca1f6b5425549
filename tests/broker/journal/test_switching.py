"""Threads switched at random points, tasks stopped at each await: the journal has what was confirmed, and no more."""

import asyncio
import random
import sys
import threading
from collections import Counter

import pytest

from mqlab.broker import Broker, BrokerError, DeadLetter
from mqlab.broker.journal import FragileDisk
from tests.broker.journal.conftest import KEPT, bodies

PATIENCE_S = 120
SIDES = 6


@pytest.fixture(params=[1e-6, 1e-4])
def switching(request):
    before = sys.getswitchinterval()
    sys.setswitchinterval(request.param)
    yield
    sys.setswitchinterval(before)


def together(functions):
    failures = []

    def guarded(function):
        try:
            function()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(each,), daemon=True) for each in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not any(thread.is_alive() for thread in threads), "somebody hangs"
    if failures:
        raise failures[0]


def produce(broker, name, messages, taken):
    luck = random.Random(name)
    channel = broker.connect().channel()
    by_transactions = luck.random() < 0.3
    if by_transactions:
        channel.select()
    else:
        channel.confirms()
    sent = 0
    while sent < messages:
        many = [f"{name}.{sent + i}" for i in range(luck.choice((1, 1, 7)))]
        sent += len(many)
        channel.publish_many(many, luck.choice(("q", "r")), properties=KEPT)
        if by_transactions:
            channel.commit()
        elif luck.random() < 0.3:
            assert channel.wait_for_confirms() == ()
        taken += many
    if not by_transactions:
        assert channel.wait_for_confirms() == ()


def consume(broker, name, settled, producing):
    """Settle in every way, and lose connections, until nothing comes any more."""
    luck = random.Random(name)
    while producing.is_set():
        connection = broker.connect()
        channel = connection.channel()
        consumer = channel.consume(luck.choice(("q", "r", "dead")), prefetch=luck.choice((1, 5, 100)))
        for _ in range(luck.randint(1, 40)):
            try:
                batch = list(consumer.receive_many(luck.choice((1, 10)), timeout_s=0.01))
            except TimeoutError:
                break
            chance = luck.random()
            if chance < 0.6:
                for each in batch:
                    each.ack()
                    settled.append(each.body)
            elif chance < 0.8:
                for each in batch:
                    each.reject()
                    if each.queue == "dead":
                        settled.append(each.body)
            else:
                batch[-1].nack()
        luck.choice((connection.close, connection.drop, channel.close))()


def one_round(seed, messages):
    luck = random.Random(seed)
    disk = FragileDisk(sync_s=luck.choice((0, 0.0002)))
    policy, segment = luck.choice(("always", "1 ms", "never")), luck.choice((1000, 30_000))
    broker = Broker(data=disk, sync=policy, segment_bytes=segment)
    channel = broker.connect().channel()
    for name in ("q", "r"):
        channel.declare_queue(name, durable=True, dead_letter=DeadLetter("", "dead"))
    channel.declare_queue("dead", durable=True)
    taken, settled, producing = [], [], threading.Event()
    producing.set()

    def all_producers():
        try:
            together([lambda n=n: produce(broker, f"{seed}.{n}", messages, taken) for n in range(SIDES)])
        finally:
            producing.clear()

    together([all_producers, *(lambda n=n: consume(broker, f"{seed}/{n}", settled, producing) for n in range(SIDES))])
    for connection in list(broker._connections):
        if connection is not channel.connection:
            connection.drop()
    ready = {name: stats.ready for name, stats in broker.stats().items()}
    assert sum(ready.values()) + len(settled) == len(taken)
    broker.wait_until_safe()
    killed = FragileDisk(disk.files())
    broker.close(drain=False)
    for left in (killed, disk):
        with Broker(data=left) as after:
            assert {name: stats.ready for name, stats in after.stats().items()} == ready
            reader = after.connect().channel()
            found = [body for name in ready for body in bodies(reader, name)]
            assert Counter(found) + Counter(settled) == Counter(taken)


def test_what_the_journal_has_is_what_the_queues_have(switching):
    one_round(1, 200)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 40))
def test_what_the_journal_has_is_what_the_queues_have_for_long(switching, seed):
    one_round(seed, 300)


class Stepped:
    """A coroutine that is interfered with at its n-th await."""

    def __init__(self, coroutine, at, interfere):
        self._coroutine, self._at, self._interfere = coroutine, at, interfere
        self.reached = False

    def __await__(self):
        steps = self._coroutine.__await__()
        value, count = None, 0
        while True:
            try:
                waited_for = steps.send(value)
            except StopIteration as end:
                return end.value
            if count == self._at:
                self.reached = True
                self._interfere()
            count += 1
            value = yield waited_for


async def work(broker, confirmed, settled):
    async with broker.connect_async() as connection:
        channel = connection.channel()
        for number in range(3):
            await channel.publish(f"one {number}", "q", properties=KEPT)
            confirmed.append(f"one {number}")
        await channel.publish_many(["many 0", "many 1"], "q", properties=KEPT)
        confirmed.extend(["many 0", "many 1"])
        async for delivery in channel.consume("q", prefetch=2):
            settled.append(delivery.body)
            delivery.ack()
            if len(settled) == 2:
                break
        await channel.publish("last", "q", properties=KEPT)
        confirmed.append("last")


def stop_at(point, how):
    """Run the work and stop it at one await; say whether there is such a point."""
    disk = FragileDisk(sync_s=0.0005)
    broker = Broker(data=disk)
    broker.connect().channel().declare_queue("q", durable=True)
    confirmed, settled, seen = [], [], {}

    async def run():
        def interfere():
            seen["confirmed"], seen["disk"] = list(confirmed), FragileDisk(disk.files())
            if how == "close":
                broker.close(drain=False)
            elif how == "cancel":
                asyncio.get_running_loop().call_soon(task.cancel)

        stepped = Stepped(work(broker, confirmed, settled), point, interfere)
        task = asyncio.ensure_future(wrap(stepped))
        (failure,) = await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), PATIENCE_S)
        assert failure is None or isinstance(failure, BrokerError | asyncio.CancelledError), failure
        return stepped.reached

    async def wrap(stepped):
        return await stepped

    reached = asyncio.run(run())
    broker.close(drain=False)
    ends = [(disk, confirmed)]
    if reached:
        ends.append((seen["disk"], seen["confirmed"]))
    for left, promised in ends:
        with Broker(data=left) as after:
            reader = after.connect().channel()
            found = bodies(reader, "q")
            assert len(set(found)) == len(found)
            assert set(promised) <= set(found) | set(settled)
            assert not (left is disk and set(found) & set(settled)), "acknowledged, closed in order, and there again"
    return reached


@pytest.mark.parametrize("how", ["close", "cancel", "kill"])
def test_stopped_at_any_await_nothing_confirmed_is_lost(how):
    point = 0
    while stop_at(point, how):
        point += 1
    assert point >= 5
