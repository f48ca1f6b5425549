"""Peer: the full scenario, ``benchmarks/scenarios/full.yaml``, as a SimPy user would model it.

Producers with Poisson arrivals publish persistent messages over a link that has latency and loses packets; a
bounded queue refuses what does not fit; the disk flushes in groups and then confirms; consumers prefetch,
work one message at a time, acknowledge by hand and look up the business id before they act; an unconfirmed
message is sent again after an exponential back-off with jitter; the broker crashes once, forgets its
connections and keeps what it had written.

Two ways to wait for a confirm, both honest SimPy:

``wait``
    every message is a process that says ``yield reply | env.timeout(...)``, as the SimPy manual teaches it;
``watch``
    no process waits; one watchdog a producer looks after its oldest unconfirmed message, as mqlab's core
    does it. Less readable, and faster.

Prints one JSON object:

    python benchmarks/peers/simpy_broker.py 2.0 7 wait
"""

from __future__ import annotations

import json
import random
import sys
from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from time import perf_counter
from typing import Any

import simpy

PRODUCERS = 20
RATE_PER_S = 20_000.0
WINDOW = 200
CONFIRM_TIMEOUT_S = 0.1
ATTEMPTS = 8
BACKOFF_FIRST_S, BACKOFF_FACTOR, BACKOFF_MAX_S = 0.05, 2.0, 1.0
LATENCY_LOW_S, LATENCY_HIGH_S = 0.0002, 0.0008
LOSS = 0.002
QUEUE_LENGTH = 10_000
FSYNC_S = 0.001
CONSUMERS = 32
PREFETCH = 20
SERVICE_MEAN_S = 0.0012
RECONNECT_S = 0.1
CRASH_AT_SHARE, CRASH_FOR_S = 0.4, 0.5
DRAIN_S = 5.0

OPEN, CONFIRMED = range(2)
Steps = Iterator[simpy.Event]


class Message:
    """What a producer has to get through."""

    __slots__ = ("attempts", "created", "number", "reply", "state")

    def __init__(self, number: int, created: float) -> None:
        self.number, self.created = number, created
        self.attempts, self.state = 0, OPEN
        self.reply: Any = None


class Copy:
    """A message as it stands in the queue."""

    __slots__ = ("message", "position")

    def __init__(self, message: Message, position: int) -> None:
        self.message, self.position = message, position

    def __lt__(self, other: Copy) -> bool:
        return self.position < other.position


class Wire:
    """One direction of one connection: packets take a while, and never overtake each other."""

    __slots__ = ("free_at", "uniform")

    def __init__(self, random_: random.Random) -> None:
        self.uniform, self.free_at = random_.random, 0.0

    def delay(self, now: float) -> float:
        """How long a packet sent now is under way."""
        arrival = now + LATENCY_LOW_S + (LATENCY_HIGH_S - LATENCY_LOW_S) * self.uniform()
        if arrival < self.free_at:
            arrival = self.free_at
        self.free_at = arrival
        return arrival - now


class Broker:
    """A queue with a disk; ``epoch`` counts crashes, so that what belongs to an old connection is void."""

    def __init__(self, env: simpy.Environment, shop: Shop) -> None:
        self.env, self.shop = env, shop
        self.up, self.epoch, self.positions = True, 0, 0
        self.ready: deque[Copy] = deque()
        self.returned: list[
            Copy
        ] = []  # a heap: back to their places in the queue, before everything in ready
        self.free: deque[Consumer] = deque()  # consumers with credit, in turn
        self.consumers: list[Consumer] = []
        self.producers: list[Producer] = []
        self.unsynced: list[tuple[Producer, Message]] = []
        self.write = env.event()

    def publish(self, producer: Producer, message: Message) -> None:
        """Store a message that has just arrived, or refuse it."""
        if len(self.ready) + len(self.returned) >= QUEUE_LENGTH:
            self.shop.refused += 1
            self.env.process(producer.hear(message, False))
            return
        self.shop.stored += 1
        self.ready.append(Copy(message, self.positions))
        self.positions += 1
        self.unsynced.append((producer, message))
        if not self.write.triggered:
            self.write.succeed()
        self.dispatch()

    def disk(self) -> Steps:
        """Flush whatever waits, then confirm it."""
        while True:
            yield self.write
            batch, self.unsynced, self.write, epoch = self.unsynced, [], self.env.event(), self.epoch
            yield self.env.timeout(FSYNC_S)
            if epoch == self.epoch:
                for producer, message in batch:
                    self.env.process(producer.hear(message, True))

    def dispatch(self) -> None:
        """Hand out ready copies as long as some consumer has credit."""
        while self.free and (self.returned or self.ready):
            copy = heappop(self.returned) if self.returned else self.ready.popleft()
            consumer = self.free.popleft()
            consumer.unacked.add(copy)
            if len(consumer.unacked) < PREFETCH:
                self.free.append(consumer)
            self.env.process(consumer.handle(copy))

    def ack(self, consumer: Consumer, copy: Copy) -> None:
        """Forget a copy that is done."""
        if len(consumer.unacked) == PREFETCH:
            self.free.append(consumer)
        consumer.unacked.remove(copy)
        self.dispatch()

    def crash(self, at_s: float) -> Steps:
        """Die once, with all connections; come back with everything that had been written."""
        yield self.env.timeout(at_s)
        self.up, self.epoch = False, self.epoch + 1
        self.unsynced = []
        self.free.clear()
        for consumer in self.consumers:
            for copy in consumer.unacked:
                heappush(self.returned, copy)
            self.shop.redelivered += len(consumer.unacked)
            self.env.process(consumer.reconnect())
        for producer in self.producers:
            self.env.process(producer.reconnect())
        yield self.env.timeout(CRASH_FOR_S)
        self.up = True


class Consumer:
    """Works on one message at a time; the business id is looked up in a set that the whole group shares."""

    def __init__(self, env: simpy.Environment, broker: Broker, random_: random.Random, shop: Shop) -> None:
        self.env, self.broker, self.random, self.shop = env, broker, random_, shop
        self.down_wire, self.up_wire = Wire(random_), Wire(random_)
        self.unacked: set[Copy] = set()
        self.worker = simpy.Resource(env, 1)

    def handle(self, copy: Copy) -> Steps:
        """Receive a copy, work on it in turn, acknowledge it."""
        env, broker, epoch = self.env, self.broker, self.broker.epoch
        yield env.timeout(self.down_wire.delay(env.now))
        if epoch != broker.epoch:
            return
        turn = self.worker.request()
        yield turn
        if epoch == broker.epoch:
            yield env.timeout(self.random.expovariate(1.0 / SERVICE_MEAN_S))
        self.worker.release(turn)
        if epoch != broker.epoch:
            return
        self.shop.processed(copy.message)
        yield env.timeout(self.up_wire.delay(env.now))
        if epoch == broker.epoch:
            broker.ack(self, copy)

    def reconnect(self) -> Steps:
        """Try again every RECONNECT_S until the broker is there."""
        self.unacked.clear()
        while True:
            yield self.env.timeout(RECONNECT_S)
            if self.broker.up:
                break
        self.broker.free.append(self)
        self.broker.dispatch()


class Producer:
    """Creates messages, at most WINDOW of them unconfirmed; each waits as a process of its own."""

    def __init__(self, env: simpy.Environment, broker: Broker, random_: random.Random, shop: Shop) -> None:
        self.env, self.broker, self.random, self.shop = env, broker, random_, shop
        self.up_wire, self.down_wire = Wire(random_), Wire(random_)
        self.window = simpy.Resource(env, WINDOW)
        self.connection: simpy.Event | None = None  # None while connected, else the event that it is back
        self.unconfirmed: set[Message] = set()

    def arrivals(self, stop_s: float) -> Steps:
        """Create messages, one Poisson gap after the other."""
        env, draw, rate = self.env, self.random.expovariate, RATE_PER_S / PRODUCERS
        while True:
            yield env.timeout(draw(rate))
            if env.now >= stop_s:
                return
            self.shop.created += 1
            self.create(Message(self.shop.created, env.now))

    def create(self, message: Message) -> None:
        """Let a new message go its way."""
        self.env.process(self.get_through(message))

    def get_through(self, message: Message) -> Steps:
        """Send, wait for the confirm, back off, send again, until confirmed or out of attempts."""
        env = self.env
        while message.attempts < ATTEMPTS:
            turn = self.window.request()
            yield turn
            while self.connection is not None:
                yield self.connection
            message.attempts += 1
            message.reply = reply = env.event()
            self.unconfirmed.add(message)
            self.send(message)
            yield reply | env.timeout(CONFIRM_TIMEOUT_S)
            self.unconfirmed.discard(message)
            self.window.release(turn)
            if message.state == CONFIRMED:
                return
            if message.attempts < ATTEMPTS:
                yield env.timeout(self.pause(message.attempts))
                if message.state == CONFIRMED:
                    return
        self.shop.gave_up += 1

    def pause(self, attempts: int) -> float:
        """How long to wait after so many attempts: exponential back-off with full jitter."""
        return self.random.random() * min(BACKOFF_FIRST_S * BACKOFF_FACTOR ** (attempts - 1), BACKOFF_MAX_S)

    def send(self, message: Message) -> None:
        """Put one publish on the wire."""
        self.shop.sent += 1
        if self.random.random() >= LOSS:
            self.env.process(self.transmit(message))

    def transmit(self, message: Message) -> Steps:
        """Travel to the broker."""
        epoch = self.broker.epoch
        yield self.env.timeout(self.up_wire.delay(self.env.now))
        if epoch == self.broker.epoch and self.broker.up:
            self.broker.publish(self, message)

    def hear(self, message: Message, stored: bool) -> Steps:
        """Travel back with the broker's answer."""
        epoch = self.broker.epoch
        if self.random.random() < LOSS:
            return
        yield self.env.timeout(self.down_wire.delay(self.env.now))
        if epoch == self.broker.epoch and message.state == OPEN:
            self.learn(message, stored)

    def learn(self, message: Message, stored: bool) -> None:
        """Note the broker's answer; whoever waits for it is woken."""
        if stored:
            message.state = CONFIRMED
            self.shop.confirmed += 1
        if message in self.unconfirmed and not message.reply.triggered:
            message.reply.succeed()

    def forget(self) -> None:
        """Give up on the answers of a connection that has ended."""
        for message in self.unconfirmed:
            if not message.reply.triggered:
                message.reply.succeed()

    def reconnect(self) -> Steps:
        """Try again every RECONNECT_S until the broker is there."""
        self.connection = self.env.event()
        self.forget()
        while True:
            yield self.env.timeout(RECONNECT_S)
            if self.broker.up:
                break
        back, self.connection = self.connection, None
        back.succeed()


class WatchingProducer(Producer):
    """The same without a waiting process per message: a counter, a line, and one watchdog."""

    def __init__(self, env: simpy.Environment, broker: Broker, random_: random.Random, shop: Shop) -> None:
        super().__init__(env, broker, random_, shop)
        self.waiting: deque[Message] = deque()
        self.deadlines: deque[tuple[float, Message, int]] = deque()
        self.first = env.event()
        env.process(self.watchdog())

    def create(self, message: Message) -> None:
        """Send at once if the window and the connection allow, else stand in line."""
        if self.connection is None and len(self.unconfirmed) < WINDOW:
            self.launch(message)
        else:
            self.waiting.append(message)

    def launch(self, message: Message) -> None:
        """Send one message and note when to stop waiting for its confirm."""
        message.attempts += 1
        self.unconfirmed.add(message)
        self.deadlines.append((self.env.now + CONFIRM_TIMEOUT_S, message, message.attempts))
        if not self.first.triggered:
            self.first.succeed()
        self.send(message)

    def refill(self) -> None:
        """Send what stands in line, as far as the window allows."""
        while self.waiting and self.connection is None and len(self.unconfirmed) < WINDOW:
            message = self.waiting.popleft()
            if message.state == OPEN:
                self.launch(message)

    def learn(self, message: Message, stored: bool) -> None:
        """Note the broker's answer and use the room in the window."""
        if stored:
            message.state = CONFIRMED
            self.shop.confirmed += 1
        if message in self.unconfirmed:
            self.unconfirmed.remove(message)
            if not stored:
                self.try_again(message)
            self.refill()

    def try_again(self, message: Message) -> None:
        """Back off, unless it was the last attempt."""
        if message.attempts < ATTEMPTS:
            self.env.process(self.back_off(message))
        else:
            self.shop.gave_up += 1

    def back_off(self, message: Message) -> Steps:
        """Pause, then stand in line again."""
        yield self.env.timeout(self.pause(message.attempts))
        if message.state == OPEN:
            self.create(message)

    def watchdog(self) -> Steps:
        """Sleep until the oldest unconfirmed message is due."""
        env = self.env
        while True:
            if not self.deadlines:
                self.first = env.event()
                yield self.first
            due, message, attempt = self.deadlines.popleft()
            if message in self.unconfirmed and message.attempts == attempt:
                if due > env.now:
                    yield env.timeout(due - env.now)
                if message in self.unconfirmed and message.attempts == attempt:
                    self.unconfirmed.remove(message)
                    self.try_again(message)
                    self.refill()

    def forget(self) -> None:
        """Every answer of the old connection is unknown: back off and send again."""
        for message in self.unconfirmed:
            self.try_again(message)
        self.unconfirmed.clear()

    def reconnect(self) -> Steps:
        """Reconnect, then send what has gathered."""
        yield from super().reconnect()
        self.refill()


class Shop:
    """The whole scenario and its totals."""

    def __init__(self, stop_s: float, seed: int, style: str) -> None:
        self.created = self.sent = self.confirmed = self.gave_up = self.refused = 0
        self.processings = self.redelivered = self.stored = 0
        self.seen: set[int] = set()
        self.latency_s = 0.0
        self.env = env = simpy.Environment()
        self.stop_s = stop_s
        random_ = random.Random(seed)
        self.broker = Broker(env, self)
        kind = {"wait": Producer, "watch": WatchingProducer}[style]
        self.broker.producers = [kind(env, self.broker, random_, self) for _ in range(PRODUCERS)]
        self.broker.consumers = [Consumer(env, self.broker, random_, self) for _ in range(CONSUMERS)]
        self.broker.free.extend(self.broker.consumers)
        for producer in self.broker.producers:
            env.process(producer.arrivals(stop_s))
        env.process(self.broker.disk())
        env.process(self.broker.crash(CRASH_AT_SHARE * stop_s))

    def processed(self, message: Message) -> None:
        """Do the business, once for each message number."""
        self.processings += 1
        if message.number not in self.seen:
            self.seen.add(message.number)
            self.latency_s += self.env.now - message.created

    def totals(self) -> dict[str, Any]:
        """Totals of the run; every message created is processed, or still open, or was given up."""
        names = ("created", "sent", "stored", "refused", "confirmed", "gave_up", "processings", "redelivered")
        counts = {name: getattr(self, name) for name in names}
        effects = len(self.seen)
        return {
            "messages": self.created,
            **counts,
            "effects": effects,
            "latency_mean_s": self.latency_s / effects,
        }


def run(stop_s: float, seed: int, style: str = "wait") -> dict[str, Any]:
    """Produce for ``stop_s`` seconds, let consumers finish, return the totals and the wall time."""
    shop = Shop(stop_s, seed, style)
    start = perf_counter()
    shop.env.run(until=stop_s + DRAIN_S)
    return {"wall_s": perf_counter() - start, **shop.totals()}


if __name__ == "__main__":
    print(json.dumps(run(float(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:4])))
