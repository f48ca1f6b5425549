"""What ties a broker to its journal: each durable queue writes what it takes and loses, and is found again.

A durable queue of a broker with a journal stands by rules (:mod:`mqlab.broker.rules`), so each of its copies is a
:class:`Place`, which knows its position in the queue and its whereabouts in the journal. Persistent copies are put into
the journal under the queue's lock when the queue takes them, and declared gone when they leave it: acknowledged,
rejected, expired, dropped, purged. A copy that dies with a dead letter to be posted stays until the letter stands where
it goes, and both are in one frame.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any

from mqlab.broker import rules
from mqlab.broker.journal import Journal, Recovered, Stream
from mqlab.broker.journal.storing import BYTES, Envelopes, body_of, stored_body
from mqlab.broker.lines import Place
from mqlab.broker.messages import Envelope, size_of
from mqlab.broker.options import QueueOptions
from mqlab.model import Binding, DeadLetter, Exchange

if TYPE_CHECKING:
    from mqlab.broker.hosts import VirtualHost
    from mqlab.broker.queues import Queue

__all__ = ["QueueLog", "is_kept", "name_of_binding", "restore", "value_of_queue"]

REWRITTEN_AT_ONCE = 200


def is_kept(options: QueueOptions) -> bool:
    """Whether a queue is there again after a restart; what is exclusive goes with its connection."""
    return options.durable and not options.exclusive


class QueueLog:
    """The journal as one queue sees it. Everything is called with the queue's lock held, unless it says otherwise."""

    __slots__ = ("_envelopes", "_fresh", "_journal", "_out", "_queue", "live", "stream")

    def __init__(self, queue: Queue, journal: Journal, stream: int) -> None:
        self._queue, self._journal, self.stream = queue, journal, stream
        self._envelopes = Envelopes()
        self.live: dict[int, Place] = {}
        self._fresh: list[Place] = []
        self._out: set[int] = set()

    def put(self, place: Place) -> None:
        """Take note of a copy that the queue has taken; :meth:`flush` writes it."""
        if place.message[1].properties.persistent:
            self._fresh.append(place)

    def flush(self) -> None:
        """Append what was taken since the last time."""
        fresh = self._fresh
        if not fresh:
            return
        self._fresh = []
        first = fresh[0]
        envelope = first.message[1]
        alike = all(place.message[1] is envelope and place.expires_ns == first.expires_ns for place in fresh)
        if alike and fresh[-1].position - first.position == len(fresh) - 1:
            self._append(fresh)
        else:
            for place in fresh:
                self._append((place,))

    def _append(self, places: Sequence[Place], again: bool = False) -> None:
        """Append copies that stand behind each other and have everything but their bodies in common."""
        first = places[0]
        bodies = [stored_body(place.message[0]) for place in places]
        clock = self._queue.host.broker.clock
        expires_ns = -1 if first.expires_ns is None else first.expires_ns - clock.now_ns() + clock.wall_ns()
        envelope = self._envelopes.stored(first.message[1])
        segment, size_bytes = self._journal.put(
            self.stream, first.position, bodies, envelope, expires_ns, first.returns, again=again
        )
        live = self.live
        for place in places:
            place.segment, place.stored_bytes = segment, size_bytes
            live[place.position] = place

    def gone(self, places: Iterable[Place]) -> None:
        """Declare copies gone, all or none."""
        self.flush()
        pop = self.live.pop
        left = [place for place in places if pop(place.position, None) is not None]
        if left:
            where = [(place.segment, place.stored_bytes) for place in left]
            positions = [place.position for place in left]
            self._out.difference_update(positions)
            self._journal.gone(self.stream, positions, where)

    def returned(self, place: Place) -> None:
        """Write how often a copy has come back."""
        self.flush()
        if place.position in self.live:
            self._out.discard(place.position)
            self._journal.returned(self.stream, place.position, place.returns)

    def handed(self, place: Place) -> None:
        """Write that a copy is delivered, if its queue counts deliveries."""
        if self._queue.options.delivery_limit >= 0:
            self.flush()
            if place.position in self.live:
                self._out.add(place.position)
                self._journal.handed(self.stream, place.position)

    def drop(self) -> None:
        """Declare everything gone: the queue is deleted."""
        self.flush()
        places = self.live.values()
        self._journal.drop(self.stream, [(place.segment, place.stored_bytes) for place in places])
        self.live = {}
        self._out.clear()

    def rewrite(self, segment: int) -> None:
        """Append again what is left in a segment, a few at a time. No lock is held."""
        with self._queue.lock:
            places = iter([place for place in self.live.values() if place.segment == segment])
        while chunk := list(islice(places, REWRITTEN_AT_ONCE)):
            with self._queue.lock:
                for place in chunk:
                    if self.live.get(place.position) is place:
                        self._journal.release(((place.segment, place.stored_bytes),))
                        self._append((place,), again=True)
                        if place.position in self._out:
                            self._journal.handed(self.stream, place.position)

    def take_over(self, stream: Stream, clean: bool) -> list[Place]:
        """Make the queue hold what the journal found; return copies that came back too often."""
        queue = self._queue
        line, clock, live = queue.line, queue.host.broker.clock, self.live
        assert line is not None
        counted = queue.options.delivery_limit >= 0
        memory = queue.host.broker.memory
        back_ns = clock.now_ns() - clock.wall_ns()
        returns, handed = stream.returns, stream.handed
        weighed = queue.options.max_bytes >= 0 or memory is not None
        most, limit = queue.options.max_priority, queue.options.delivery_limit
        dead: list[Place] = []
        standing: list[Place] = []
        stored, envelope, level = b"", Envelope("", ""), 0
        for position, copy in sorted(stream.copies.items()):
            kind, body, said, ends_ns, came_back, segment, stored_bytes = copy
            if said != stored:  # most have the envelope of the one before
                stored, envelope = said, self._envelopes.found(said)
                level = min(envelope.properties.priority, most)
            message = (body if kind == BYTES else body_of(kind, body), envelope)
            expires_ns = None if ends_ns < 0 else ends_ns + back_ns
            place = Place(message, position, level, size_of(message) if weighed else 0, expires_ns)
            place.segment, place.stored_bytes = segment, stored_bytes
            if position in returns:
                came_back = max(came_back, returns[position])
            if position in handed:
                came_back += 1
                self._journal.returned(self.stream, position, came_back)
            elif not clean and not counted:  # it may have been delivered, and who got it may have done his work
                came_back = came_back or 1
            place.returns = came_back
            live[position] = place
            (dead if 0 <= limit < came_back else standing).append(place)
        line.fill(standing)
        if memory is not None:
            memory.hold(sum(place.size_bytes for place in live.values()))
        queue.out = max(stream.next, queue.out)
        queue.base = queue.out - len(live)
        self._journal.adopt((place.segment, place.stored_bytes) for place in live.values())
        return dead


# what has a name


def value_of_queue(options: QueueOptions, stream: int) -> dict[str, Any]:
    """Say what the journal keeps of a queue."""
    plain = QueueOptions()
    said = {name: value for name, value in asdict(options).items() if value != getattr(plain, name)}
    return {"stream": stream, "options": said}


def name_of_binding(host: str, bound: Binding) -> list[Any]:
    """Say how the journal calls a binding."""
    headers = [list(each) for each in bound.headers]
    return ["binding", host, bound.exchange, bound.queue, bound.key, bound.to_exchange, headers, bound.match]


def restore(hosts: dict[str, VirtualHost], found: Recovered, make_host: Callable[[str], VirtualHost]) -> None:
    """Make a new broker's hosts hold what the journal knows. Nobody is connected yet."""
    names = [(json.loads(key), value) for key, value in found.names.items()]
    for (kind, *rest), _ in names:
        if kind == "host":
            hosts[rest[0]] = make_host(rest[0])
    for (kind, *rest), value in names:
        if kind == "exchange":
            host, name = rest
            hosts[host].restore_exchange(Exchange(name, value["kind"], True, value["alternate"]))
    restored: list[tuple[Queue, list[Place]]] = []
    for (kind, *rest), value in names:
        if kind == "queue":
            host, name = rest
            options = dict(value["options"])
            if options.get("dead_letter"):
                options["dead_letter"] = DeadLetter(**options["dead_letter"])
            queue = hosts[host].restore_queue(name, QueueOptions(**options), value["stream"])
            assert queue.log is not None
            with queue.lock:
                stream = found.streams.get(value["stream"]) or Stream()
                restored.append((queue, queue.log.take_over(stream, found.clean)))
    for (kind, *rest), _ in names:
        if kind == "binding":
            host, exchange, queue_name, key, to_exchange, headers, match = rest
            pairs = tuple((name, value) for name, value in headers)
            hosts[host].restore_binding(Binding(exchange, queue_name, key, to_exchange, pairs, match))
    for queue, dead in restored:
        with queue.lock:
            for place in dead:
                queue.too_often += 1
                rules.bury(queue, place, "delivery_limit")
            queue.serve()
            rules.hold_to_limits(queue)
        if queue.letters:
            queue.host.post(queue)
