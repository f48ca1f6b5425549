"""Many threads, switched at random points, closed and dropped in mid-work: every message is where it should be.

Nothing here asserts a time; a hang ends in a failed ``join``.
"""

import random
import sys
import threading
from collections import Counter

import pytest

from mqlab.broker import Broker, BrokerError, DeadLetter

PATIENCE_S = 120
SIDES = 16
QUEUES = ("plain", "limited", "ranked", "single")
OPTIONS = {
    "plain": {},
    "limited": {"max_length": 50, "overflow": "reject-publish"},
    "ranked": {"max_priority": 3, "ttl_ns": 3_600_000_000_000},
    "single": {"single_active_consumer": True},
}


@pytest.fixture(params=[1e-6, 1e-4])
def switching(request):
    """Have the interpreter switch threads at nearly every step, or now and then."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(request.param)
    yield
    sys.setswitchinterval(before)


def together(functions):
    """Run functions in threads, and raise the first failure; who hangs fails the test."""
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


def declared(broker):
    channel = broker.connect().channel()
    for name in QUEUES:
        channel.declare_queue(name, **OPTIONS[name])
    return channel


def produce(broker, number, messages, taken):
    """Publish to the queues in turn, one at a time or in batches; remember what was taken."""
    luck = random.Random(number)
    channel = broker.connect().channel()
    channel.confirms()
    sent = 0
    while sent < messages:
        queue = luck.choice(QUEUES)
        bodies = [(number, sent + i) for i in range(luck.choice((1, 1, 7)))]
        sent += len(bodies)
        numbers = channel.publish_many(bodies, queue)
        refused = set(channel.wait_for_confirms())
        taken += [body for body, n in zip(bodies, numbers, strict=True) if n not in refused]


def test_16_producers_and_16_consumers_conserve_every_message(switching):
    broker = Broker()
    declared(broker)
    taken, done = [], []
    workers = [
        broker.connect().channel().subscribe(
            QUEUES[i % 4], lambda each: (done.append(each.body), each.ack()), prefetch=(0, 1, 5, 100)[i // 4]
        )
        for i in range(SIDES)
    ]  # fmt: skip
    together([lambda n=n: produce(broker, n, 500, taken) for n in range(SIDES)])
    assert broker.close(timeout_s=PATIENCE_S)
    for worker in workers:
        assert worker.join(PATIENCE_S)
    assert Counter(done) == Counter(taken)
    assert len(taken) > 1000
    for stats in broker.stats().values():
        assert stats.is_conserved
        assert (stats.ready, stats.unacked) == (0, 0)


def consume_and_die(broker, seed, done, stop):
    """Consume until told to stop; settle in any way, and close, cancel or lose things at random points."""
    luck = random.Random(seed)
    while not stop.is_set():
        connection = broker.connect()
        channel, other = connection.channel(), connection.channel()
        try:
            if luck.random() < 0.3:
                channel.prefetch(luck.randint(1, 5))
            consumer = channel.consume(
                luck.choice(QUEUES), prefetch=luck.choice((0, 1, 3, 50)), priority=luck.choice((0, 0, 1))
            )
            lives = luck.randint(1, 60)
            while lives > 0 and not stop.is_set():
                lives -= 1
                try:
                    batch = consumer.receive_many(luck.choice((1, 1, 10)), timeout_s=0.01)
                except TimeoutError:
                    break
                chance = luck.random()
                if chance < 0.1:
                    batch[-1].nack(multiple=True)
                elif chance < 0.6:
                    for each in batch:
                        each.ack()
                        done.append(each.body)
                else:
                    batch[-1].ack(multiple=True)
                    done += [each.body for each in batch]
                fetched = other.get(luck.choice(QUEUES)) if luck.random() < 0.1 else None
                if fetched is not None and luck.random() < 0.5:
                    fetched.ack()
                    done.append(fetched.body)
        finally:
            luck.choice((channel.close, connection.close, connection.drop, consumer.cancel))()
            if luck.random() < 0.5:
                connection.drop()


def test_consumers_that_come_and_go_lose_nothing(switching):
    broker = Broker()
    channel = declared(broker)
    taken, done, stop = [], [], threading.Event()

    def all_producers():
        try:
            together([lambda n=n: produce(broker, n, 400, taken) for n in range(SIDES)])
        finally:
            stop.set()

    together([all_producers, *(lambda n=n: consume_and_die(broker, n, done, stop) for n in range(SIDES))])
    for connection in list(broker._connections):
        if connection is not channel.connection:
            connection.drop()
    for stats in broker.stats().values():
        assert stats.is_conserved, stats
        assert (stats.unacked, stats.consumers) == (0, 0)
    left = []
    for name in QUEUES:
        while (delivery := channel.get(name, auto_ack=True)) is not None:
            left.append(delivery.body)
    settled = Counter(done) + Counter(left)
    assert set(settled) == set(taken)
    assert settled.total() == len(taken), "somebody acknowledged what somebody else got again"


def test_whoever_closes_while_others_acknowledge_settles_each_delivery_once(switching):
    broker = Broker()
    channel = declared(broker)
    for round_ in range(30):
        connection = broker.connect()
        mine = connection.channel()
        consumer = mine.consume("plain")
        channel.publish_many(range(100), "plain")
        batch = consumer.receive_many(100)
        acked = []

        def settle(deliveries, acked=acked):
            try:
                for each in deliveries:
                    each.ack()
                    acked.append(each.body)
            except BrokerError:
                pass

        together(
            [
                lambda b=batch: settle(b[:50]),
                lambda b=batch: settle(b[50:]),
                connection.drop if round_ % 2 else mine.close,
            ]
        )
        stats = channel.stats("plain")
        assert (stats.ready, stats.unacked) == (100 - len(acked), 0)
        assert channel.purge("plain") == 100 - len(acked)
        assert stats.is_conserved


def test_rings_of_dead_letters_lose_nothing_and_lock_nobody(switching):
    broker = Broker()
    channel = broker.connect().channel()
    names = [f"q{n}" for n in range(4)]
    for n, name in enumerate(names):
        channel.declare_queue(name, dead_letter=DeadLetter("", names[(n + 1) % 4]), max_length=1000)
    done = []

    def work(n):
        mine = broker.connect().channel()
        luck = random.Random(n)
        empty = 0
        while empty < 50:
            delivery = mine.get(names[luck.randrange(4)])
            empty = empty + 1 if delivery is None else 0
            if delivery is not None:
                if luck.random() < 0.5:
                    delivery.reject()
                else:
                    delivery.ack()
                    done.append(delivery.body)

    for n, name in enumerate(names):
        channel.publish_many([(n, i) for i in range(100)], name)
    together([lambda n=n: work(n) for n in range(8)])
    while any(stats.ready for stats in broker.stats().values()):
        work(99)
    assert sorted(done) == [(n, i) for n in range(4) for i in range(100)]


def test_consumers_one_delivery_at_a_time_and_many_waiters_miss_no_wake_up(switching):
    broker = Broker()
    channel = broker.connect().channel()
    channel.declare_queue("q")
    consumer = channel.consume("q", prefetch=2)
    done = []

    def wait():
        for delivery in consumer:
            done.append(delivery.body)
            delivery.ack()

    threads = [threading.Thread(target=wait, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    together([lambda n=n: [channel.publish((n, i), "q") for i in range(100)] for n in range(4)])
    assert broker.close(timeout_s=PATIENCE_S)
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert sorted(done) == [(n, i) for n in range(4) for i in range(100)]
