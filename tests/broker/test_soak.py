"""Many messages through many threads over queues and topics: everything arrives once, and memory stays flat."""

import os
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from mqlab.broker import Broker

PATIENCE_S = 1200
SIDES = 16
BATCH = 100
AHEAD_MAX = 20_000
"""Messages that producers may be ahead of consumers, so that what is held stays bounded."""
QUEUES = {
    "plain": {},
    "another": {},
    "ranked": {"max_priority": 3},
    "limited": {"max_length": 10 * AHEAD_MAX, "overflow": "reject-publish"},
    "lent": {"visibility_timeout_ns": 3_600_000_000_000},
}
TOPICS = {"orders": 4, "prices": 3}
GROUPS = ("billing", "audit")


class Tally:
    """Counts numbers without keeping them: how many, their sum, and the sum of their squares."""

    def __init__(self):
        self.count = self.sum = self.squares = 0

    def add(self, numbers):
        self.count += len(numbers)
        self.sum += sum(numbers)
        self.squares += sum(number * number for number in numbers)

    def __iadd__(self, other):
        self.count += other.count
        self.sum += other.sum
        self.squares += other.squares
        return self

    def __eq__(self, other):
        return (self.count, self.sum, self.squares) == (other.count, other.sum, other.squares)

    def __repr__(self):
        return f"{self.count} messages"


def resident_bytes():
    """What this process holds in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


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


def soak(messages):
    """Send messages from 16 producers to 16 consumers; return what a look at memory told on the way, in bytes."""
    broker = Broker()
    setup = broker.connect().channel()
    for name, options in QUEUES.items():
        setup.declare_queue(name, **options)
    topics = [
        broker.topic(name, partitions=count, segment_records=1000, retention_bytes=1_500_000)
        for name, count in TOPICS.items()
    ]
    ways = [*QUEUES, *topics]
    sent = {way if isinstance(way, str) else way.name: Tally() for way in ways}
    got = {name: Tally() for name in [*QUEUES, *(f"{topic}/{group}" for topic in TOPICS for group in GROUPS)]}
    lock = threading.Lock()
    done = threading.Event()
    looks = []

    def too_far_ahead(way):
        if isinstance(way, str):
            return setup.stats(way).ready > AHEAD_MAX
        return any(group.backlog > AHEAD_MAX for group in way.stats().groups.values())

    def produce(number):
        channel = broker.connect().channel()
        mine = {name: Tally() for name in sent}
        share = messages // SIDES
        for turn, first in enumerate(range(0, share, BATCH)):
            way = ways[(number + turn) % len(ways)]
            while turn % 10 == 0 and too_far_ahead(way):
                time.sleep(0.001)
            numbers = range(number * share + first, number * share + min(first + BATCH, share))
            if isinstance(way, str):
                channel.publish_many(numbers, way)
                mine[way].add(numbers)
            else:
                way.publish_many(numbers, key=turn % 50)
                mine[way.name].add(numbers)
            if number == 0 and turn % max(1, share // BATCH // 20) == 0:
                looks.append(resident_bytes())
        with lock:
            for name, tally in mine.items():
                sent[name] += tally

    def consume(queue):
        channel = broker.connect().channel()
        consumer = channel.consume(queue, prefetch=1000)
        mine = Tally()
        for turn in range(10**9):
            try:
                batch = consumer.receive_many(BATCH, timeout_s=0.05)
            except TimeoutError:
                if done.is_set() and channel.stats(queue).ready == 0:
                    break
                continue
            if turn % 10 == 9:
                batch[0].nack()
                batch = batch[1:]
            mine.add([each.body for each in batch])
            if turn % 3:
                for each in batch:
                    each.ack()
            elif batch:
                batch[-1].ack(multiple=True)
        channel.close()
        with lock:
            got[queue] += mine

    def follow(topic, group):
        member = topic.join(group, reset="earliest", auto_commit=False)
        mine = Tally()
        while True:
            records = member.poll(500, timeout_s=0.05)
            mine.add([record.body for record in records])
            if records:
                member.commit()
            elif done.is_set() and member.is_done:
                break
        assert member.skipped == 0
        member.close()
        with lock:
            got[f"{topic.name}/{group}"] += mine

    def all_producers():
        try:
            together([lambda n=n: produce(n) for n in range(SIDES)])
        finally:
            done.set()

    names = list(QUEUES)
    chosen = [names[n % len(names)] for n in range(SIDES - len(TOPICS) * len(GROUPS))]
    consumers = [lambda q=queue: consume(q) for queue in chosen]
    members = [lambda t=topic, g=group: follow(t, g) for topic in topics for group in GROUPS]
    for topic in topics:  # a group that nobody is in yet would not hold its producers back
        for group in GROUPS:
            topic.join(group, reset="earliest", auto_commit=False).close()
    together([all_producers, *consumers, *members])
    expected = {name: sent[name.split("/")[0]] for name in got}
    assert {name: tally for name, tally in got.items() if tally != expected[name]} == {}
    assert Counter(tally.count for tally in sent.values()).total() == len(sent)
    assert sum(tally.count for tally in sent.values()) == messages // SIDES * SIDES
    for stats in broker.stats().values():
        assert stats.is_conserved, stats
        assert (stats.ready, stats.unacked) == (0, 0)
    for stats in broker.topic_stats().values():
        assert stats.is_conserved, stats
        assert all(group.backlog == 0 for group in stats.groups.values())
    broker.close(drain=False)
    return looks


def test_a_slice_of_the_soak_conserves():
    soak(48_000)


@pytest.mark.soak
def test_10_million_messages_conserve_and_memory_stays_flat():
    soak(160_000)
    looks = soak(10_000_000)
    middle = len(looks) // 2
    early, late = max(looks[2:middle]), max(looks[middle:])
    assert late < early * 1.1 + 20_000_000, (early, late)
