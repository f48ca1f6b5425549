"""A queue: the ordinary way of a message, under one lock.

    publish ─► fifo ─► first consumer in the ring ─► its inbox ─► receive (without a lock) ─► ack
                ▲                                                     │
                └── back: what came back, by position ◄── nack, lost ─┘

While somebody in the ring has room, nothing stands in line; so a message is either put into an inbox at once or joins
the line, and whoever makes room serves the line. Ready messages of a plain queue are a deque. What left it stood before
all that is still in it, so what comes back goes to a small heap by position that is served first.

A queue with rules of its own (limits, times to live, priorities, turns) is ``special``: one question on the ordinary
way, and :mod:`mqlab.broker.rules` does the rest (decisions 0006 and 0013).

Locks: a queue's lock is held for a few steps and never while another queue's or the host's is taken. What died waits in
``letters`` until its queue's lock is free again.
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import repeat, starmap
from typing import TYPE_CHECKING, Any

from mqlab.broker import rules, turns
from mqlab.broker.batches import BUNDLE_MAX, Share
from mqlab.broker.lines import Line, Place
from mqlab.broker.messages import Delivery, Envelope, Message
from mqlab.broker.options import QueueOptions
from mqlab.broker.visibility import Leases

if TYPE_CHECKING:
    from mqlab.broker.connections import Connection
    from mqlab.broker.consumers import Consumer, Taker
    from mqlab.broker.durable import QueueLog
    from mqlab.broker.hosts import VirtualHost

__all__ = ["Queue"]

_new = tuple.__new__


class Queue:
    """One queue. Users meet it through channels, and its figures through :meth:`Channel.stats`."""

    __slots__ = (
        "acked", "alarm_ns", "back", "base", "consumers", "deleted", "deleted_messages", "dropped", "envelopes",
        "expired", "fifo", "had_consumers", "host", "leases", "letters", "line", "lock", "log", "name", "options",
        "out", "owner",
        "redelivered", "refused", "rejected", "returned", "ring", "special", "takers", "too_often", "turn", "used_ns",
    )  # fmt: skip

    def __init__(self, host: VirtualHost, name: str, options: QueueOptions, owner: Connection | None) -> None:
        self.host, self.name, self.options, self.owner = host, name, options, owner
        self.lock = threading.Lock()
        self.fifo: deque[Any] = deque()
        """Bodies, and beside them their envelopes: so waiting costs no object, and the garbage collector no time."""
        self.envelopes: deque[Envelope] = deque()
        self.back: list[tuple[int, int, Message]] = []
        self.out = 0
        """Position of the next message to leave the fifo, or to join the line of a special queue."""
        self.base = 0
        """Positions that were given out before this process, to copies that were gone when it began."""
        self.line: Line | None = None
        self.log: QueueLog | None = None
        """Its part in the journal, if it is durable and there is one."""
        self.ring: deque[Consumer] = deque()
        self.consumers: list[Consumer] = []
        self.takers: list[Taker] = []
        """All that hold or may hold deliveries: consumers, also cancelled ones, and channels that fetch."""
        self.letters: deque[tuple[Message, str, Place | None]] = deque()
        """What died here, why, and the copy that is to leave the journal when the letter is posted."""
        self.leases = Leases(self)
        self.special = self.deleted = self.had_consumers = False
        self.alarm_ns = -1
        self.turn = 0
        self.used_ns = 0
        self.acked = self.returned = self.redelivered = 0
        self.expired = self.dropped = self.refused = self.deleted_messages = self.rejected = self.too_often = 0
        if not options.is_plain or host.broker.memory is not None:
            self.stand_by_rules()

    # in

    def put(self, body: Any, envelope: Envelope) -> bool:
        """Take a message; False if the queue refuses it."""
        taken = self.accept(body, envelope)
        if self.letters:
            self.host.post(self)
        return taken

    def accept(self, body: Any, envelope: Envelope) -> bool:
        """Take a message, but leave it to the caller to post what that throws out."""
        with self.lock:
            if not self.special:
                if self.ring:
                    place = self.out
                    self.out = place + 1
                    self.hand(self.ring[0], body, envelope, place, 0)
                else:
                    self.fifo.append(body)
                    self.envelopes.append(envelope)
                return True
            return rules.put(self, (body, envelope))

    def put_many(self, bodies: Sequence[Any], envelope: Envelope) -> list[bool]:
        """Take messages that were published the same way; say of each whether it was taken, or [] for all of them."""
        with self.lock:
            taken = self.admit(bodies, envelope)
        if self.letters:
            self.host.post(self)
        return taken

    def admit(self, bodies: Sequence[Any], envelope: Envelope) -> list[bool]:
        """Do the work of :meth:`put_many`. The lock is held."""
        if self.special:
            return rules.put_all(self, bodies, envelope)
        ring, how_many = self.ring, len(bodies)
        if len(ring) == 1 and 1 < how_many <= BUNDLE_MAX and (ring[0].auto or how_many <= ring[0].limit - ring[0].held):
            self._hand_all(ring[0], list(bodies) if isinstance(bodies, list) else bodies, envelope)
            return []
        self.fifo.extend(bodies)
        self.envelopes.extend(repeat(envelope, how_many))
        if ring:
            self.serve()
        return []

    # out

    def hand(self, consumer: Consumer, body: Any, envelope: Envelope, place: int | Place, returns: int) -> Delivery:
        """Put a message into the inbox of a consumer that has room: the first of the ring, where there is one."""
        tag = consumer.next_tag()
        delivery: Delivery = _new(Delivery, (body, tag, envelope, consumer, place, returns))
        ring = self.ring
        if consumer.auto:
            self.acked += 1
            if self.special:
                rules.forget(self, place)
            if len(ring) > 1:
                ring.rotate(-1)
        else:
            consumer.unacked[tag] = delivery
            held = consumer.held = consumer.held + 1
            if held >= consumer.limit:
                if ring:
                    ring.popleft()
                    consumer.in_ring = False
            elif len(ring) > 1:
                ring.rotate(-1)
        if returns:
            self.redelivered += 1
        consumer.inbox.append(delivery)
        if consumer.waiters:
            consumer.wake()
        return delivery

    def serve(self) -> None:
        """Hand out what is ready to whoever has room. The lock is held."""
        if self.special:
            rules.serve(self)
            return
        ring, fifo, back = self.ring, self.fifo, self.back
        while ring and back:
            place, returns, message = heapq.heappop(back)
            self.hand(ring[0], *message, place, returns)
        while ring and fifo:
            if len(ring) == 1 and len(fifo) > 1 and (ring[0].auto or ring[0].limit - ring[0].held > 1):
                self._hand_many(ring[0])
                continue
            place = self.out
            self.out = place + 1
            self.hand(ring[0], fifo.popleft(), self.envelopes.popleft(), place, 0)

    def _hand_many(self, consumer: Consumer) -> None:
        """Hand the only consumer of the ring as many fresh messages as it has room for."""
        fifo = self.fifo
        room = len(fifo) if consumer.auto else min(len(fifo), consumer.limit - consumer.held)
        room = min(room, BUNDLE_MAX)
        bodies: list[Any]
        if room == len(fifo):
            bodies, envelopes = list(fifo), list(self.envelopes)
            fifo.clear()
            self.envelopes.clear()
        else:
            take, take_envelope = fifo.popleft, self.envelopes.popleft
            bodies = list(starmap(take, repeat((), room)))
            envelopes = list(starmap(take_envelope, repeat((), room)))
        self._hand_all(consumer, bodies, envelopes)

    def _hand_all(self, consumer: Consumer, bodies: Sequence[Any], envelopes: Envelope | Sequence[Envelope]) -> None:
        """Hand the only consumer of the ring messages that it has room for, as one bundle."""
        how_many = len(bodies)
        if not how_many:
            return
        place = self.out
        self.out = place + how_many
        bundle = consumer.channel.bundle(consumer, place, bodies, envelopes)
        if consumer.auto:
            self.acked += how_many
        else:
            held = consumer.held = consumer.held + how_many
            if held >= consumer.limit:
                self.ring.popleft()
                consumer.in_ring = False
        consumer.inbox.append(Share(bundle, 0, how_many))
        if consumer.waiters:  # who takes it and leaves some wakes the next
            consumer.wake()

    def fetch(self, taker: Taker, tag: int) -> Delivery | None:
        """Hand the first ready message to a channel that asks for one."""
        with self.lock:
            self.used_ns = self.host.broker.clock.now_ns()
            first = self.take()
            delivery: Delivery | None = None
            if first is not None:
                message, place, returns = first
                delivery = _new(Delivery, (message[0], tag, message[1], taker, place, returns))
                if returns:
                    self.redelivered += 1
                if taker.auto:
                    self.acked += 1
                    if self.special:
                        rules.forget(self, place)
                else:
                    if self.log is not None and isinstance(place, Place):
                        self.log.handed(place)
                    taker.unacked[tag] = delivery
                    taker.held += 1
                    if self.options.visibility_timeout_ns >= 0:
                        self.leases.lend(delivery, self.options.visibility_timeout_ns)
        if self.letters:
            self.host.post(self)
        return delivery

    def take(self) -> tuple[Message, int | Place, int] | None:
        """Take the first ready message; None if there is none. The lock is held."""
        if self.line is not None:
            at = rules.take(self)
            return None if at is None else (at.message, at, at.returns)
        if self.back:
            place, returns, message = heapq.heappop(self.back)
            return message, place, returns
        if self.fifo:
            self.out += 1
            return (self.fifo.popleft(), self.envelopes.popleft()), self.out - 1, 0
        return None

    # settled

    def settle_count(self, taker: Taker, how_many: int) -> None:
        """Count deliveries as acknowledged that were handed out in bundles, so that no rule concerns them."""
        with self.lock:
            self.acked += how_many
            taker.held -= how_many
            self.room_for(taker)
        if self.letters:
            self.host.post(self)

    def settle(self, delivery: Delivery) -> None:
        """Count a delivery as acknowledged and serve whom that gives room."""
        taker = delivery.taker
        with self.lock:
            self.acked += 1
            held = taker.held = taker.held - 1
            if self.special:
                rules.forget(self, delivery.place)
                self.room_for(taker)
            elif held == taker.limit - 1:
                if self.fifo and taker.served and not self.ring and not self.back:  # as below, at once
                    self.out += 1
                    self.hand(taker.as_consumer(), self.fifo.popleft(), self.envelopes.popleft(), self.out - 1, 0)
                else:
                    self.room_for(taker)
        if self.letters:
            self.host.post(self)

    def settle_many(self, taker: Taker, settled: Sequence[Delivery]) -> None:
        """Count deliveries of one taker as acknowledged."""
        with self.lock:
            self.release(taker, settled)
        if self.letters:
            self.host.post(self)

    def release(self, taker: Taker, settled: Sequence[Delivery]) -> None:
        """Do the work of :meth:`settle_many`. The lock is held."""
        self.acked += len(settled)
        taker.held -= len(settled)
        if self.special:
            rules.forget_all(self, [delivery.place for delivery in settled])
        self.room_for(taker)

    def refuse(self, delivery: Delivery) -> None:
        """Let a message die that a consumer has rejected."""
        with self.lock:
            self.kill(delivery)
        if self.letters:
            self.host.post(self)

    def kill(self, delivery: Delivery) -> None:
        """Do the work of :meth:`refuse`. The lock is held."""
        delivery.taker.held -= 1
        self.rejected += 1
        if isinstance(delivery.place, Place):
            rules.bury(self, delivery.place, "rejected")
        elif self.options.dead_letter is not None and not self.deleted:
            self.letters.append(((delivery.body, delivery.envelope), "rejected", None))
        self.room_for(delivery.taker)

    def put_back(self, deliveries: Iterable[Delivery]) -> None:
        """Return deliveries to their places."""
        with self.lock:
            self.take_back(deliveries)
        if self.letters:
            self.host.post(self)

    def take_back(self, deliveries: Iterable[Delivery]) -> None:
        """Do the work of :meth:`put_back`. The lock is held."""
        takers: dict[Taker, None] = {}
        for delivery in deliveries:
            delivery.taker.held -= 1
            takers[delivery.taker] = None
            self.returned += 1
            message = (delivery.body, delivery.envelope)
            if self.special:
                rules.come_back(self, delivery, message)
            else:
                place: Any = delivery.place
                heapq.heappush(self.back, (place, delivery.returns + 1, message))
        for taker in takers:
            self.room_for(taker)
        self.serve()
        if self.special:
            rules.hold_to_limits(self)

    def room_for(self, taker: Taker) -> None:
        """Let a taker that holds less than before queue up again, and serve. The lock is held."""
        if taker.served:
            turns.join(self, taker)
            self.serve()

    # figures and changes

    @property
    def ready(self) -> int:
        """Messages that wait for a consumer."""
        return len(self.fifo) + len(self.back) + (len(self.line) if self.line is not None else 0)

    @property
    def unacked(self) -> int:
        """Messages that consumers hold."""
        return sum(taker.held for taker in self.takers)

    @property
    def delivered(self) -> int:
        """How many deliveries were made."""
        return self.acked + self.unacked + self.returned + self.rejected

    def empty(self) -> int:
        """Throw away what is ready, and say how much that was. The lock is held."""
        count = self.ready
        self.deleted_messages += count
        self.out += len(self.fifo)
        self.fifo.clear()
        self.envelopes.clear()
        self.back.clear()
        if self.line is not None and len(self.line):
            rules.forget_all(self, [self.line.take() for _ in range(len(self.line))])
        return count

    def keep(self, log: QueueLog) -> None:
        """Be written down from now on."""
        self.log = log
        self.stand_by_rules()

    def stand_by_rules(self) -> None:
        """Become a special queue; what stands in it keeps its place. The lock is held."""
        if self.line is not None:
            return
        self.special, self.line = True, Line()
        for place, returns, message in sorted(self.back, key=lambda item: item[0]):
            self.line.join(rules.place_of(self, message, place, returns))
        for message in zip(self.fifo, self.envelopes, strict=True):
            self.line.join(rules.place_of(self, message, self.out, 0))
            self.out += 1
        self.back.clear()
        self.fifo.clear()
        self.envelopes.clear()
