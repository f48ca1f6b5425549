"""Peer: the full scenario, ``benchmarks/scenarios/full.yaml``, as a SimPy user would model it.

Producers with Poisson arrivals publish persistent messages over a link that takes a while and loses packets;
a bounded queue refuses what does not fit; the disk flushes in groups and then confirms; consumers prefetch,
work one message at a time, acknowledge by hand and look up the business id before they act; an unconfirmed
message is sent again after an exponential back-off with jitter; the broker crashes once, loses its
connections and what it had not yet written, and keeps the rest.

Two ways to wait for a confirm, both honest SimPy:

``wait``
    every message is a process that says ``yield reply | env.timeout(...)``, as the SimPy manual teaches it;
``watch``
    no process waits: one watchdog a producer looks after its oldest unconfirmed message, as mqlab's core
    does it. Less readable, and faster.

Prints one JSON object:

    python benchmarks/peers/simpy_broker.py 5.0 7 wait
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
QUEUE_LENGTH = 5_000
FSYNC_S = 0.001
CONSUMERS = 32
PREFETCH = 20
SERVICE_MEAN_S = 0.0012
RECONNECT_S = 0.1
CRASH_AT_S, CRASH_FOR_S = 2.0, 0.5
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

    __slots__ = ("message", "position", "producer", "written")

    def __init__(self, message: Message, producer: Producer, position: int) -> None:
        self.message, self.producer, self.position, self.written = message, producer, position, False

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
        self.returned: list[Copy] = []  # a heap of what came back; stands before everything in ready
        self.free: deque[Consumer] = deque()  # consumers with credit, in turn
        self.consumers: list[Consumer] = []
        self.producers: list[Producer] = []
        self.unwritten: list[Copy] = []
        self.write = env.event()

    def publish(self, producer: Producer, message: Message, attempt: int) -> None:
        """Store a message that has just arrived, or refuse it."""
        if len(self.ready) + len(self.returned) >= QUEUE_LENGTH:
            self.shop.refused += 1
            self.env.process(producer.hear(message, attempt, False))
            return
        self.shop.stored += 1
        copy = Copy(message, producer, self.positions)
        self.positions += 1
        self.ready.append(copy)
        self.unwritten.append(copy)
        if not self.write.triggered:
            self.write.succeed()
        self.dispatch()

    def disk(self) -> Steps:
        """Write whatever waits, and confirm it when it is on disk."""
        env = self.env
        while True:
            yield self.write
            batch, self.unwritten, self.write, epoch = self.unwritten, [], env.event(), self.epoch
            for copy in batch:
                copy.written = True
            yield env.timeout(FSYNC_S)
            if epoch == self.epoch:
                for copy in batch:
                    env.process(copy.producer.hear(copy.message, copy.message.attempts, True))

    def dispatch(self) -> None:
        """Hand out ready copies as long as some consumer has credit."""
        while self.free and self.up and (self.returned or self.ready):
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

    def crash(self) -> Steps:
        """Die once, with all connections; come back with everything that had been written."""
        yield self.env.timeout(CRASH_AT_S)
        self.up, self.epoch = False, self.epoch + 1
        self.unwritten.clear()
        self.free.clear()
        self.ready = deque(copy for copy in self.ready if copy.written)
        for consumer in self.consumers:
            self.shop.returned += len(consumer.unacked)
            for copy in consumer.unacked:
                if copy.written:
                    heappush(self.returned, copy)
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
            self.shop.process(copy.message)
        self.worker.release(turn)
        if epoch != broker.epoch:
            return
        yield env.timeout(self.up_wire.delay(env.now))
        if epoch == broker.epoch:
            broker.ack(self, copy)

    def reconnect(self) -> Steps:
        """Try again every RECONNECT_S until the broker is there."""
        self.unacked.clear()
        yield self.env.timeout(RECONNECT_S)
        while not self.broker.up:
            yield self.env.timeout(RECONNECT_S)
        self.broker.free.append(self)
        self.broker.dispatch()


class Producer:
    """Creates messages, at most WINDOW of them unconfirmed; each waits as a process of its own."""

    def __init__(self, env: simpy.Environment, broker: Broker, random_: random.Random, shop: Shop) -> None:
        self.env, self.broker, self.random, self.shop = env, broker, random_, shop
        self.up_wire, self.down_wire = Wire(random_), Wire(random_)
        self.connected = True
        self.unconfirmed: set[Message] = set()
        self.buffer: deque[Any] = deque()  # what cannot leave yet: the window is full or the connection gone

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
        while True:
            if not self.connected or len(self.unconfirmed) >= WINDOW:
                turn = env.event()
                if message.attempts:
                    self.buffer.appendleft((turn, message))
                else:
                    self.buffer.append((turn, message))
                yield turn
                if message.state == CONFIRMED:
                    return
            self.unconfirmed.add(message)
            message.reply = reply = env.event()
            self.send(message)
            yield reply | env.timeout(CONFIRM_TIMEOUT_S)
            self.unconfirmed.discard(message)
            if self.buffer:
                self.pump()
            if message.state == CONFIRMED:
                return
            if message.attempts == ATTEMPTS:
                break
            yield env.timeout(self.pause(message.attempts))
            if message.state == CONFIRMED:
                return
        self.shop.gave_up += 1

    def pump(self) -> None:
        """Let what is buffered go on, as far as the window allows."""
        while self.buffer and self.connected and len(self.unconfirmed) < WINDOW:
            turn, message = self.buffer.popleft()
            if message.state == OPEN:
                self.unconfirmed.add(message)
            turn.succeed()

    def pause(self, attempts: int) -> float:
        """How long to wait after so many attempts: exponential back-off with full jitter."""
        return self.random.random() * min(BACKOFF_FIRST_S * BACKOFF_FACTOR ** (attempts - 1), BACKOFF_MAX_S)

    def send(self, message: Message) -> None:
        """Put one publish on the wire."""
        self.shop.sent += 1
        message.attempts += 1
        if self.random.random() >= LOSS:
            self.env.process(self.transmit(message, message.attempts))

    def transmit(self, message: Message, attempt: int) -> Steps:
        """Travel to the broker."""
        epoch = self.broker.epoch
        yield self.env.timeout(self.up_wire.delay(self.env.now))
        if epoch == self.broker.epoch:
            self.broker.publish(self, message, attempt)

    def hear(self, message: Message, attempt: int, stored: bool) -> Steps:
        """Travel back with the broker's answer."""
        epoch = self.broker.epoch
        if self.random.random() < LOSS:
            return
        yield self.env.timeout(self.down_wire.delay(self.env.now))
        if epoch == self.broker.epoch and message.state == OPEN:
            if stored:
                message.state = CONFIRMED
                self.shop.confirmed += 1
                self.settle(message)
            elif message in self.unconfirmed and message.attempts == attempt:
                self.settle(message)

    def settle(self, message: Message) -> None:
        """Wake the process that waits for an answer, if one does."""
        if message in self.unconfirmed and not message.reply.triggered:
            message.reply.succeed()

    def forget(self) -> None:
        """Give up on the answers of a connection that has ended."""
        for message in self.unconfirmed:
            if not message.reply.triggered:
                message.reply.succeed()

    def reconnect(self) -> Steps:
        """Try again every RECONNECT_S until the broker is there."""
        self.connected = False
        self.forget()
        yield self.env.timeout(RECONNECT_S)
        while not self.broker.up:
            yield self.env.timeout(RECONNECT_S)
        self.connected = True
        self.pump()


class WatchingProducer(Producer):
    """The same without a waiting process per message: a buffer, a list of deadlines and one watchdog."""

    def __init__(self, env: simpy.Environment, broker: Broker, random_: random.Random, shop: Shop) -> None:
        super().__init__(env, broker, random_, shop)
        self.deadlines: deque[tuple[float, Message, int]] = deque()
        self.some = env.event()
        env.process(self.watchdog())

    def create(self, message: Message) -> None:
        """Send at once if the window and the connection allow, else keep it."""
        if self.connected and len(self.unconfirmed) < WINDOW:
            self.launch(message)
        elif message.attempts:
            self.buffer.appendleft(message)
        else:
            self.buffer.append(message)

    def launch(self, message: Message) -> None:
        """Send one message and note when to stop waiting for its confirm."""
        self.unconfirmed.add(message)
        self.send(message)
        self.deadlines.append((self.env.now + CONFIRM_TIMEOUT_S, message, message.attempts))
        if not self.some.triggered:
            self.some.succeed()

    def pump(self) -> None:
        """Send what is buffered, as far as the window allows."""
        while self.buffer and self.connected and len(self.unconfirmed) < WINDOW:
            message = self.buffer.popleft()
            if message.state == OPEN:
                self.launch(message)

    def settle(self, message: Message) -> None:
        """Note the broker's answer and use the room in the window."""
        if message in self.unconfirmed:
            self.unconfirmed.remove(message)
            if message.state == OPEN:
                self.try_again(message)
            self.pump()

    def try_again(self, message: Message) -> None:
        """Back off, unless it was the last attempt."""
        if message.attempts < ATTEMPTS:
            self.env.process(self.back_off(message))
        else:
            self.shop.gave_up += 1

    def back_off(self, message: Message) -> Steps:
        """Pause, then go on as if new, but before what is new."""
        yield self.env.timeout(self.pause(message.attempts))
        if message.state == OPEN:
            self.create(message)

    def watchdog(self) -> Steps:
        """Sleep until the oldest unconfirmed message is due."""
        env = self.env
        while True:
            if not self.deadlines:
                self.some = env.event()
                yield self.some
            due, message, attempt = self.deadlines.popleft()
            if message in self.unconfirmed and message.attempts == attempt:
                if due > env.now:
                    yield env.timeout(due - env.now)
                if message in self.unconfirmed and message.attempts == attempt:
                    self.settle(message)

    def forget(self) -> None:
        """Give up on the answers of a connection that has ended: back off and send again."""
        for message in self.unconfirmed:
            self.try_again(message)
        self.unconfirmed.clear()


class Shop:
    """The whole scenario and its totals."""

    def __init__(self, stop_s: float, seed: int, style: str) -> None:
        self.created = self.sent = self.stored = self.refused = self.confirmed = self.gave_up = 0
        self.returned = self.processings = 0
        self.latency_s = 0.0
        self.seen: set[int] = set()
        self.env = env = simpy.Environment()
        self.broker = Broker(env, self)
        random_ = random.Random(seed)
        kind = {"wait": Producer, "watch": WatchingProducer}[style]
        self.broker.producers = [kind(env, self.broker, random_, self) for _ in range(PRODUCERS)]
        self.broker.consumers = [Consumer(env, self.broker, random_, self) for _ in range(CONSUMERS)]
        self.broker.free.extend(self.broker.consumers)
        for producer in self.broker.producers:
            env.process(producer.arrivals(stop_s))
        env.process(self.broker.disk())
        env.process(self.broker.crash())

    def process(self, message: Message) -> None:
        """Do the business, once for each message number."""
        self.processings += 1
        if message.number not in self.seen:
            self.seen.add(message.number)
            self.latency_s += self.env.now - message.created

    def totals(self) -> dict[str, Any]:
        """Add up the run: ``effects`` is the number of messages whose business was done."""
        names = ("created", "sent", "stored", "refused", "confirmed", "gave_up", "returned", "processings")
        counts = {name: getattr(self, name) for name in names}
        effects = len(self.seen)
        latency_s = self.latency_s / effects if effects else None
        return {"messages": self.created, **counts, "effects": effects, "latency_mean_s": latency_s}


def run(stop_s: float, seed: int, style: str = "wait") -> dict[str, Any]:
    """Produce for ``stop_s`` seconds, let consumers finish, return the totals and the wall time."""
    shop = Shop(stop_s, seed, style)
    start = perf_counter()
    shop.env.run(until=stop_s + DRAIN_S)
    return {"wall_s": perf_counter() - start, **shop.totals()}


if __name__ == "__main__":
    print(json.dumps(run(float(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:4])))
