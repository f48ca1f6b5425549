"""An independent simulation of the same broker, in plain SimPy, written to be read.

It takes the same :class:`mqlab.model.Model` and shares nothing else with the engine: its own random numbers
(of another kind), floats for time, one process for every message and every packet, and no thought of speed.
It covers one producer group, one queue, one consumer group and crashes of the broker; what it does not know,
it refuses.

What happens is counted under the lower-case names of :class:`mqlab.trace.kinds.Kind`, so that both can be
compared.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import simpy

from mqlab.model import Backoff, Distribution, LinkSide, Model

Steps = Iterator[simpy.Event]


def draw(distribution: Distribution, chance: random.Random) -> float:
    """One duration in nanoseconds."""
    p = distribution.params
    match distribution.kind:
        case "constant":
            return p[0]
        case "uniform":
            return chance.uniform(p[0], p[1])
        case "exponential":
            return chance.expovariate(1.0 / p[0])
        case "erlang":
            return chance.gammavariate(p[0], p[1] / p[0])
        case "serial":
            return sum(draw(part, chance) for part in distribution.parts)
        case other:
            raise NotImplementedError(f"the oracle does not know {other} durations")


@dataclass(eq=False)
class Message:
    """A message on its producer's side."""

    number: int
    created: float
    attempts: int = 0
    confirmed: bool = False
    on_disk_list: int = 0
    """How many of its copies wait for a flush."""
    effect: bool = False
    answer: simpy.Event | None = None
    """What its producer waits for, while it waits."""
    vanished: list[Copy] = field(default_factory=list)
    """Copies that a crash took; what is stored later takes their place, and is as old as they."""


@dataclass(eq=False)
class Copy:
    """A message in the queue."""

    message: Message
    producer: Producer
    enqueued: float
    position: int = -1
    written: bool = False
    delivered: bool = False
    processed: bool = False


@dataclass
class Figures:
    """What one run came to."""

    happened: Counter[str] = field(default_factory=Counter)
    durations: dict[str, list[float]] = field(default_factory=dict)
    line_area: float = 0.0
    """Integral of the number of ready copies over time."""

    def took(self, stage: str, duration: float) -> None:
        """Note one duration of a stage, named as in :data:`mqlab.trace.schema.STAGES`."""
        self.durations.setdefault(stage, []).append(duration)


class Wire:
    """One direction of one connection."""

    def __init__(self, world: World, side: LinkSide, ordered: bool) -> None:
        self.world, self.side, self.ordered, self.last = world, side, ordered, 0.0

    def arrival(self, departs: float) -> float | None:
        """When a packet arrives; None if the link loses it."""
        if self.world.chance.random() < self.side.loss:
            return None
        arrives = departs + draw(self.side.latency, self.world.chance)
        if self.ordered:
            arrives = self.last = max(arrives, self.last)
        return arrives


class World:
    """Everything of one run."""

    def __init__(self, model: Model, seed: int) -> None:
        assert len(model.producers) == len(model.consumers) == len(model.queues) == len(model.nodes) == 1
        self.model, self.chance = model, random.Random(seed)
        self.env = simpy.Environment()
        self.figures = Figures()
        self.broker = Broker(self)
        sender, receiver = model.producers[0], model.consumers[0]
        self.producers = [Producer(self) for _ in range(sender.count)]
        self.consumers = [Consumer(self) for _ in range(receiver.count)]
        self.broker.in_turn.extend(self.consumers)
        for fault in model.faults:
            assert (fault.kind, fault.target) == ("crash", model.nodes[0].name)
            self.env.process(self.broker.crash(fault.at_ns, fault.for_ns))

    def run(self) -> Figures:
        """Run to the end."""
        self.env.run(until=self.model.end_ns)
        self.broker.count_line()
        return self.figures

    def note(self, kind: str) -> None:
        """Count something that happened."""
        self.figures.happened[kind] += 1


class Broker:
    """One queue, a processor that serves one thing at a time, a disk with group commit."""

    def __init__(self, world: World) -> None:
        self.world, self.env = world, world.env
        self.node, self.queue = world.model.nodes[0], world.model.queues[0]
        self.processor = simpy.Resource(self.env, 1)
        self.up, self.epoch, self.position, self.line_since = True, 0, 0, 0.0
        self.ready: list[Copy] = []
        self.in_turn: deque[Consumer] = deque()
        self.unwritten: list[Copy] = []
        self.disk_work = self.env.event()
        self.env.process(self.disk())

    def arrived(self, producer: Producer, message: Message, attempt: int) -> Steps:
        """Handle a publish that has reached the broker."""
        epoch = self.epoch
        self.world.note("arrived")
        if self.node.publish_ns:
            yield from self.think(self.node.publish_ns)
            if epoch != self.epoch:
                return
        if not self.take(producer, message):
            producer.answer_later(message, attempt, stored=False)
        elif not message.on_disk_list:
            producer.answer_later(message, attempt, stored=True)

    def think(self, cost_ns: int) -> Steps:
        """Occupy the processor."""
        with self.processor.request() as turn:
            yield turn
            yield self.env.timeout(cost_ns)

    def take(self, producer: Producer, message: Message) -> bool:
        """Put a message into the queue, as far as there is room; False if the producer is to be refused."""
        full = 0 <= self.queue.max_length <= len(self.ready)
        if full and self.queue.overflow == "reject-publish":
            self.world.note("enqueue_refused")
            return False
        if full and self.queue.overflow == "drop-newest":
            self.world.note("evicted")
            return True
        self.world.note("enqueued")
        if message.vanished:
            copy = message.vanished.pop()
        else:
            copy = Copy(message, producer, self.env.now)
            self.world.figures.took("created_enqueued", self.env.now - message.created)
        copy.position, copy.written = self.position, False
        self.position += 1
        self.put(copy)
        if self.queue.durable and self.world.model.producers[0].message.persistent:
            message.on_disk_list += 1
            self.unwritten.append(copy)
            if not self.disk_work.triggered:
                self.disk_work.succeed()
        if full:
            self.world.note("evicted")
            self.count_line()
            self.ready.pop(0)
        self.dispatch()
        return True

    def put(self, copy: Copy) -> None:
        """Let a copy stand at its position."""
        self.count_line()
        self.ready.append(copy)
        self.ready.sort(key=lambda other: other.position)

    def count_line(self) -> None:
        """Bring the integral of the line's length up to now."""
        self.world.figures.line_area += len(self.ready) * (self.env.now - self.line_since)
        self.line_since = self.env.now

    def disk(self) -> Steps:
        """Flush what waits: group commit after the first write, at once if more has come meanwhile."""
        while True:
            if not self.unwritten:
                self.disk_work = self.env.event()
                yield self.disk_work
                yield self.env.timeout(self.node.disk.group_commit_ns)
            epoch, batch, self.unwritten = self.epoch, self.unwritten, []
            for copy in batch:
                copy.written = True
            yield self.env.timeout(draw(self.node.disk.fsync, self.world.chance))
            for copy in batch:
                copy.message.on_disk_list -= 1
                if epoch == self.epoch and not copy.message.on_disk_list:
                    copy.producer.answer_later(copy.message, copy.message.attempts, stored=True)

    def dispatch(self) -> None:
        """Hand out ready copies while a consumer has credit."""
        while self.up and self.ready and self.in_turn:
            self.count_line()
            copy, consumer = self.ready.pop(0), self.in_turn.popleft()
            self.world.note("dispatched")
            consumer.unacked.append(copy)
            self.give_turn(consumer)
            self.env.process(self.deliver(copy, consumer))

    def give_turn(self, consumer: Consumer) -> None:
        """Let a consumer stand in turn if it is connected, has credit and does not stand there."""
        has_credit = not consumer.group.prefetch or len(consumer.unacked) < consumer.group.prefetch
        if consumer.connected and has_credit and consumer not in self.in_turn:
            self.in_turn.append(consumer)

    def deliver(self, copy: Copy, consumer: Consumer) -> Steps:
        """Send a copy to a consumer."""
        epoch = self.epoch
        if self.node.deliver_ns:
            yield from self.think(self.node.deliver_ns)
        arrives = consumer.down.arrival(self.env.now)
        if arrives is not None:
            yield self.env.timeout(arrives - self.env.now)
            if epoch == self.epoch:
                self.world.note("delivered")
                if not copy.delivered:
                    self.world.figures.took("enqueued_delivered", self.env.now - copy.enqueued)
                copy.delivered = True
                yield from consumer.work(copy, epoch)

    def settle(self, consumer: Consumer, copy: Copy, epoch: int, answer: str) -> None:
        """Handle an acknowledgement that has reached the broker."""
        if epoch != self.epoch:
            return
        consumer.unacked.remove(copy)
        if answer == "requeue":
            self.world.note("requeued")
            self.put(copy)
        else:
            self.world.note("acked")
        self.give_turn(consumer)
        self.dispatch()

    def crash(self, at_ns: int, for_ns: int) -> Steps:
        """Let the process die: connections reset, what is not written is gone, the rest comes back."""
        yield self.env.timeout(at_ns)
        self.up, self.epoch = False, self.epoch + 1
        self.count_line()
        self.in_turn.clear()
        for copy in self.unwritten:
            copy.message.on_disk_list -= 1
        self.unwritten = []
        for consumer in self.world.consumers:
            self.ready += consumer.unacked
            consumer.lose_connection()
        for copy in self.ready:
            if not copy.written:
                self.world.note("vanished")
                copy.message.vanished.append(copy)
        self.ready = sorted((copy for copy in self.ready if copy.written), key=lambda copy: copy.position)
        for producer in self.world.producers:
            producer.lose_connection()
        yield self.env.timeout(for_ns)
        self.up = True
        self.world.figures.happened["recovered"] += len(self.ready)


class Client:
    """Someone with a connection to the broker."""

    def __init__(self, world: World, group: Any) -> None:
        self.world, self.env, self.broker, self.group = world, world.env, world.broker, group
        self.up = Wire(world, group.link.up, group.link.ordered)
        self.down = Wire(world, group.link.down, group.link.ordered)
        self.connected = True

    def lose_connection(self) -> None:
        """Notice that the connection ended."""
        self.connected = False
        self.env.process(self.reconnect())

    def reconnect(self) -> Steps:
        """Try in equal intervals."""
        while not self.connected:
            yield self.env.timeout(self.group.connection.reconnect_ns)
            self.connected = self.broker.up
        self.is_back()

    def is_back(self) -> None:
        """Do what a new connection allows."""


class Consumer(Client):
    """Works on one message at a time, in the order in which they come."""

    def __init__(self, world: World) -> None:
        super().__init__(world, world.model.consumers[0])
        assert self.group.ack == "manual"
        self.unacked: list[Copy] = []
        self.hands = simpy.Resource(self.env, 1)

    def work(self, copy: Copy, epoch: int) -> Steps:
        """Work on a copy in its turn, unless its connection ended by then; answer if that still exists."""
        with self.hands.request() as turn:
            yield turn
            if epoch != self.broker.epoch:
                return
            yield self.env.timeout(draw(self.group.service, self.world.chance))
            answer = self.handle(copy)
        if epoch == self.broker.epoch:
            arrives = self.up.arrival(self.env.now)
            if arrives is not None:
                yield self.env.timeout(arrives - self.env.now)
                self.broker.settle(self, copy, epoch, answer)

    def handle(self, copy: Copy) -> str:
        """Do the business, or fail."""
        trouble, message = self.group.exceptions, copy.message
        if trouble is not None:
            assert (trouble.per, trouble.then) == ("delivery", "requeue")
            if self.world.chance.random() < trouble.probability:
                self.world.note("failed")
                return "requeue"
        if self.group.deduplicate and message.effect:
            self.world.note("deduplicated")
        else:
            self.world.note("processed")
        message.effect = True
        if not copy.processed:
            self.world.figures.took("latency", self.env.now - message.created)
        copy.processed = True
        return "done"

    def lose_connection(self) -> None:
        """Forget what was not acknowledged; the broker has it back."""
        super().lose_connection()
        self.unacked = []

    def is_back(self) -> None:
        """Take deliveries again."""
        self.broker.give_turn(self)
        self.broker.dispatch()


class Producer(Client):
    """Creates messages and looks after each until it is confirmed or given up."""

    def __init__(self, world: World) -> None:
        super().__init__(world, world.model.producers[0])
        assert self.group.arrivals.kind == "poisson"
        self.unconfirmed: list[Message] = []
        self.buffer: deque[tuple[simpy.Event, Message]] = deque()
        self.env.process(self.arrivals())

    def arrivals(self) -> Steps:
        """Create messages as a Poisson process."""
        mean_ns = 1e9 * self.group.count / self.group.arrivals.rate_per_s
        while True:
            yield self.env.timeout(self.world.chance.expovariate(1.0 / mean_ns))
            if self.env.now >= self.group.arrivals.stop_ns:
                return
            self.world.note("created")
            message = Message(self.world.figures.happened["created"], self.env.now)
            self.env.process(
                self.unheard(message) if self.group.confirm is None else self.get_through(message)
            )

    def unheard(self, message: Message) -> Steps:
        """Send without asking for a confirm."""
        assert self.group.retry.attempts == 1
        if not self.connected:
            self.world.note("gave_up")
            return
        yield from self.transmit(message)

    def get_through(self, message: Message) -> Steps:
        """Send until the broker confirms, or attempts are used up."""
        confirm = self.group.confirm
        while not message.confirmed:
            yield from self.turn(message)
            if message.confirmed:
                return
            message.answer = answer = self.env.event()
            self.env.process(self.transmit(message))
            patience = self.env.timeout(confirm.timeout_ns or self.world.model.end_ns)
            yield answer | patience
            message.answer = None
            if not answer.triggered:
                self.world.note("timed_out")
            self.unconfirmed.remove(message)
            self.pump()
            if message.confirmed:
                return
            if message.attempts == self.group.retry.attempts:
                self.world.note("gave_up")
                return
            self.world.note("backed_off")
            yield self.env.timeout(pause(self.group.retry.backoff, message.attempts, self.world.chance))

    def turn(self, message: Message) -> Steps:
        """Wait for a connection and for room in the window; what is sent again goes before what is new."""
        if not self.may_send():
            self.world.note("buffered")
            granted = self.env.event()
            (self.buffer.appendleft if message.attempts else self.buffer.append)((granted, message))
            yield granted
        else:
            self.unconfirmed.append(message)

    def may_send(self) -> bool:
        """Whether there is a connection and room in the window."""
        limit = self.group.confirm.max_in_flight
        return self.connected and (not limit or len(self.unconfirmed) < limit)

    def pump(self) -> None:
        """Let what is buffered go, while it may."""
        while self.buffer and self.may_send():
            granted, message = self.buffer.popleft()
            if not message.confirmed:
                self.unconfirmed.append(message)
            granted.succeed()

    def transmit(self, message: Message) -> Steps:
        """Travel to the broker."""
        message.attempts += 1
        attempt, epoch = message.attempts, self.broker.epoch
        self.world.note("sent")
        if attempt == 1:
            self.world.figures.took("created_sent", self.env.now - message.created)
        arrives = self.up.arrival(self.env.now)
        if arrives is None:
            self.world.note("packet_lost")
            return
        yield self.env.timeout(arrives - self.env.now)
        if epoch == self.broker.epoch:
            yield from self.broker.arrived(self, message, attempt)

    def answer_later(self, message: Message, attempt: int, *, stored: bool) -> None:
        """Let the broker's answer travel back, if the producer asked for one."""
        if self.group.confirm is not None:
            self.env.process(self.answered(message, attempt, stored))

    def answered(self, message: Message, attempt: int, stored: bool) -> Steps:
        """Travel back to the producer; a late yes is welcome, a late no is not news."""
        epoch = self.broker.epoch
        arrives = self.down.arrival(self.env.now)
        if arrives is None:
            self.world.note("packet_lost")
            return
        yield self.env.timeout(arrives - self.env.now)
        if epoch != self.broker.epoch or message.confirmed:
            return
        waits = message.answer is not None and not message.answer.triggered
        if stored:
            self.world.note("confirmed")
            self.world.figures.took("created_confirmed", self.env.now - message.created)
            message.confirmed = True
        elif not waits or attempt != message.attempts:
            return
        else:
            self.world.note("refused")
        if waits:
            message.answer.succeed()

    def lose_connection(self) -> None:
        """Notice that the outcome of everything unconfirmed is unknown."""
        super().lose_connection()
        for message in self.unconfirmed:
            self.world.note("unknown")
            if message.answer is not None and not message.answer.triggered:
                message.answer.succeed()

    def is_back(self) -> None:
        """Send what has gathered."""
        self.pump()


def pause(backoff: Backoff, attempt: int, chance: random.Random) -> float:
    """How long to wait before the next try."""
    whole = min(backoff.first_ns * backoff.factor ** (attempt - 1), backoff.max_ns)
    match backoff.jitter:
        case "none":
            return whole
        case "full":
            return chance.uniform(0.0, whole)
        case _:
            return chance.uniform(whole / 2, whole)


def simulate(model: Model, seed: int) -> Figures:
    """Run a model once."""
    return World(model, seed).run()
