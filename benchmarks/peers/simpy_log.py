"""Peer: ``benchmarks/scenarios/log.yaml``, a replicated log with batches, as a SimPy user would model it.

Producers stick to a partition until a batch leaves; a leader's processor takes a while for each request; followers
fetch in a loop, and what all of them have is committed, acknowledged and can be read; consumers fetch for each
partition in a loop, work on one record after the other, and commit after each poll.

Two ways to let records travel, both honest SimPy:

``record``
    every record is a process: it waits for its batch, travels, and waits for the acknowledgement, as the SimPy manual
    models whatever moves through a system;
``batch``
    a batch is one process, and records are entries in its list until a consumer works on them. It knows as much as
    mqlab's core about where nothing happens to a single record, and is the fastest model that we could write.

In both a record is created by a time-out and worked on for a time-out of its own. Prints one JSON object:

    python benchmarks/peers/simpy_log.py 0.2 record
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import simpy

BROKERS, PARTITIONS = 3, 12
PRODUCERS, CONSUMERS = 1, 3
RATE_PER_S = 1_000_000.0
BATCH_RECORDS = 163  # 16 KiB of 100 B
LINGER_S = 0.005
IN_FLIGHT = 5
LINK_S = NETWORK_S = 0.000_25
CPU_S = 0.000_02
SERVICE_S = 0.000_001
POLL_RECORDS = 500
DRAIN_S = 0.2

Steps = Iterator[simpy.Event]


class Figures:
    """What a run came to."""

    def __init__(self) -> None:
        self.created = self.batches = self.confirmed = self.processed = self.polls = 0
        self.latency_s = self.confirm_s = 0.0


class Batch:
    """Records that leave, are stored and are acknowledged together."""

    __slots__ = ("acknowledged", "answered", "begun", "created", "leaves", "offset")

    def __init__(self, env: simpy.Environment) -> None:
        self.begun = env.now
        self.created: list[float] = []
        self.offset = -1
        self.leaves, self.acknowledged, self.answered = env.event(), env.event(), env.event()


class Partition:
    """A log with a leader: what it holds, how far its followers are, and who waits for more."""

    def __init__(self, env: simpy.Environment, leader: simpy.Resource) -> None:
        self.env, self.leader = env, leader
        self.log: list[float] = []  # when each record was created
        self.mark = 0
        self.known = [0] * (BROKERS - 1)
        self.more, self.readable = env.event(), env.event()
        self.waiting: list[Batch] = []

    def append(self, batch: Batch) -> None:
        """Store a batch, and let followers have it."""
        batch.offset = len(self.log)
        self.log += batch.created
        self.waiting.append(batch)
        self.more.succeed()
        self.more = self.env.event()

    def follow(self, number: int) -> Steps:
        """Ask, wait until there is something, get it, ask again: with what the leader then knows."""
        end = 0
        while True:
            yield self.env.timeout(NETWORK_S)
            self.known[number] = end
            self.raise_mark()
            if len(self.log) == end:
                yield self.more
            upto = len(self.log)
            yield self.env.timeout(NETWORK_S)
            end = upto

    def raise_mark(self) -> None:
        """Commit what every replica has."""
        mark = min(self.known)
        if mark <= self.mark:
            return
        self.mark = mark
        while self.waiting and self.waiting[0].offset + len(self.waiting[0].created) <= mark:
            self.waiting.pop(0).acknowledged.succeed()
        self.readable.succeed()
        self.readable = self.env.event()


class Sender:
    """One producer's way to one partition: batches in line, and how many of them are in flight."""

    def __init__(self, env: simpy.Environment, partition: Partition) -> None:
        self.partition = partition
        self.turn = simpy.Resource(env, IN_FLIGHT)

    def send(self, env: simpy.Environment, batch: Batch, figures: Figures) -> Steps:
        """Bring a batch to its leader and wait for all replicas."""
        with self.turn.request() as turn:
            yield turn
            batch.leaves.succeed()
            yield env.timeout(LINK_S)
            with self.partition.leader.request() as served:
                yield served
                yield env.timeout(CPU_S)
            self.partition.append(batch)
            figures.batches += 1
            yield batch.acknowledged
            yield env.timeout(LINK_S)
        batch.answered.succeed()


class Producer:
    """Creates records at a constant rate and collects them."""

    def __init__(self, env: simpy.Environment, partitions: list[Partition], number: int, figures: Figures) -> None:
        self.env, self.number, self.figures = env, number, figures
        self.senders = [Sender(env, partition) for partition in partitions]
        self.random = random.Random(number)
        self.sticky = self.senders[0]
        self.open: Batch | None = None

    def arrivals(self, stop_s: float, each_a_process: bool) -> Steps:
        """Create record n at its time: n / rate."""
        env, count = self.env, 0
        while True:
            due = (self.number + count * PRODUCERS) / RATE_PER_S
            if due >= stop_s:
                return
            yield env.timeout(max(due - env.now, 0.0))
            count += 1
            batch = self.collect()
            if each_a_process:
                env.process(self.life(batch))

    def collect(self) -> Batch:
        """Put a record that is created now into the open batch."""
        self.figures.created += 1
        batch = self.open
        if batch is None:
            batch = self.open = Batch(self.env)
            self.sticky = self.random.choice(self.senders)
            self.env.process(self.linger(batch))
        batch.created.append(self.env.now)
        if len(batch.created) == BATCH_RECORDS:
            self.close(batch)
        return batch

    def linger(self, batch: Batch) -> Steps:
        """Let a batch leave after a while even if it is not full."""
        yield self.env.timeout(LINGER_S)
        if self.open is batch:
            self.close(batch)

    def close(self, batch: Batch) -> None:
        """No more records join; off it goes."""
        self.open = None
        self.env.process(self.sticky.send(self.env, batch, self.figures))
        self.env.process(self.hear(batch))

    def hear(self, batch: Batch) -> Steps:
        """Learn that a batch is safe."""
        yield batch.answered
        self.figures.confirmed += len(batch.created)
        self.figures.confirm_s += self.env.now * len(batch.created) - sum(batch.created)

    def life(self, batch: Batch) -> Steps:
        """Go a record's own way: wait for its batch, travel, be stored and acknowledged, hear of it."""
        yield batch.leaves
        yield self.env.timeout(LINK_S)
        yield batch.acknowledged
        yield self.env.timeout(LINK_S)


class Consumer:
    """Fetches from each of its partitions; works on one record after the other; commits after each poll."""

    def __init__(self, env: simpy.Environment, partitions: list[Partition], figures: Figures) -> None:
        self.env, self.partitions, self.figures = env, partitions, figures
        self.have, self.polled = [0] * len(partitions), [0] * len(partitions)
        self.emptied = [env.event() for _ in partitions]
        self.some = env.event()
        for number in range(len(partitions)):
            env.process(self.fetch(number))
        env.process(self.work())

    def fetch(self, number: int) -> Steps:
        """Ask for more as soon as everything has been handed out."""
        env, partition = self.env, self.partitions[number]
        while True:
            yield env.timeout(LINK_S)
            if partition.mark == self.have[number]:
                yield partition.readable
            upto = partition.mark
            with partition.leader.request() as served:
                yield served
                yield env.timeout(CPU_S)
            yield env.timeout(LINK_S)
            self.have[number] = upto
            self.emptied[number] = env.event()
            if not self.some.triggered:
                self.some.succeed()
            yield self.emptied[number]

    def work(self) -> Steps:
        """Poll one partition after the other, as far as they have something."""
        env, figures, turn = self.env, self.figures, 0
        while True:
            ready = [
                (turn + i) % len(self.have)
                for i in range(len(self.have))
                if self.have[(turn + i) % len(self.have)] > self.polled[(turn + i) % len(self.have)]
            ]
            if not ready:
                self.some = env.event()
                yield self.some
                continue
            number = ready[0]
            turn = number + 1
            begin = self.polled[number]
            until = self.polled[number] = min(self.have[number], begin + POLL_RECORDS)
            figures.polls += 1
            if until == self.have[number]:
                self.emptied[number].succeed()
            log = self.partitions[number].log
            for offset in range(begin, until):
                yield env.timeout(SERVICE_S)
                figures.processed += 1
                figures.latency_s += env.now - log[offset]
            yield env.timeout(LINK_S)  # the commit, and its answer
            yield env.timeout(LINK_S)


def simulate(duration_s: float, style: str) -> Figures:
    """Run the log for so long, and let it finish."""
    env, figures = simpy.Environment(), Figures()
    brokers = [simpy.Resource(env, 1) for _ in range(BROKERS)]
    partitions = [Partition(env, brokers[number % BROKERS]) for number in range(PARTITIONS)]
    for partition in partitions:
        for follower in range(BROKERS - 1):
            env.process(partition.follow(follower))
    for number in range(PRODUCERS):
        producer = Producer(env, partitions, number, figures)
        env.process(producer.arrivals(duration_s, style == "record"))
    share = PARTITIONS // CONSUMERS
    for number in range(CONSUMERS):
        Consumer(env, partitions[number * share : (number + 1) * share], figures)
    env.run(until=duration_s + DRAIN_S)
    return figures


def run(duration_s: float, style: str) -> dict[str, Any]:
    """Run and tell what it came to, and how long it took."""
    start = perf_counter()
    figures = simulate(duration_s, style)
    return {
        "messages": figures.created,
        "batches": figures.batches,
        "confirmed": figures.confirmed,
        "processed": figures.processed,
        "polls": figures.polls,
        "latency_mean_s": figures.latency_s / figures.processed,
        "confirm_mean_s": figures.confirm_s / figures.confirmed,
        "wall_s": perf_counter() - start,
    }


if __name__ == "__main__":
    print(json.dumps(run(float(sys.argv[1]), sys.argv[2])))
