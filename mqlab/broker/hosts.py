"""A virtual host: its exchanges, bindings and queues, and which queues a message reaches.

Matching is :mod:`mqlab.routing`'s, as in the simulation. What it found is kept by (exchange, key) until the topology
changes or a headers exchange makes the key insufficient; so an ordinary publish looks into a dictionary.

The host's lock guards the topology. It may be held while a queue's is taken, never the other way round.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from mqlab.broker.durable import QueueLog, is_kept, name_of_binding, value_of_queue
from mqlab.broker.errors import AccessRefused, ConsumerCancelled, NotFound, PreconditionFailed, ResourceLocked
from mqlab.broker.letters import letter_of, may_enter
from mqlab.broker.log.registry import Topics
from mqlab.broker.messages import Envelope, Message
from mqlab.broker.options import QueueOptions, options_of
from mqlab.broker.queues import Queue
from mqlab.errors import did_you_mean
from mqlab.model import Binding, Exchange
from mqlab.routing import Router

if TYPE_CHECKING:
    from mqlab.broker.brokers import Broker
    from mqlab.broker.connections import Connection

__all__ = ["Route", "VirtualHost"]

ROUTES_MAX = 10_000
_KINDS = get_args(get_type_hints(Exchange)["kind"])
_MATCHES = get_args(get_type_hints(Binding)["match"])


class Route:
    """Where messages published to one exchange under one key go, and the envelope they share."""

    __slots__ = ("envelope", "only", "queues")

    def __init__(self, queues: tuple[Queue, ...], envelope: Envelope) -> None:
        self.queues, self.envelope = queues, envelope
        self.only = queues[0] if len(queues) == 1 else None


class VirtualHost:
    """Names of one virtual host mean nothing in another."""

    def __init__(self, broker: Broker, name: str) -> None:
        self.broker, self.name = broker, name
        self.routes: dict[tuple[str, str], Route] = {}
        self._lock = threading.RLock()
        self._queues: dict[str, Queue] = {}
        self._exchanges = {
            f"amq.{kind}": Exchange(f"amq.{kind}", kind) for kind in ("direct", "fanout", "topic", "headers")
        }
        self._bindings: dict[Binding, None] = {}
        self._router: Router | None = None
        self.topics = Topics(self)

    # where messages go

    def route(self, exchange: str, key: str, headers: Mapping[str, str]) -> tuple[Queue, ...]:
        """Find the queues that a message reaches."""
        route = self.routes.get((exchange, key))
        if route is not None:
            return route.queues
        with self._lock:
            if exchange and exchange not in self._exchanges:
                raise self._no_exchange(exchange)
            if exchange:
                router = self._router = self._router or Router(self._exchanges.values(), self._bindings, self._queues)
                queues = tuple(self._queues[name] for name in router.route(exchange, key, headers))
            else:
                queues = (self._queues[key],) if key in self._queues else ()
            if not exchange or not self._looks_at_headers():
                if len(self.routes) >= ROUTES_MAX:
                    self.routes.clear()
                self.routes[exchange, key] = Route(queues, Envelope(exchange, key))
            return queues

    def _looks_at_headers(self) -> bool:
        return any(self._exchanges[bound.exchange].kind == "headers" for bound in self._bindings)

    def post(self, queue: Queue) -> None:
        """Publish the dead letters of a queue, and those that they throw out elsewhere. No lock is held."""
        waiting = deque([queue])
        while waiting:
            source = waiting.popleft()
            while source.letters:
                try:
                    message, reason, place = source.letters.popleft()
                except IndexError:  # somebody else posts them too
                    break
                letter = letter_of(source, message, reason, self.broker.clock.now_ns())
                with self.broker.atomically():
                    waiting += self._enter(message, letter)
                    if place is not None and source.log is not None:
                        with source.lock:
                            source.log.gone((place,))

    def _enter(self, message: Message, letter: Envelope) -> list[Queue]:
        """Put a dead letter where it goes; say which queues it throws out others from."""
        try:
            targets = self.route(letter.exchange, letter.routing_key, letter.properties.headers)
        except NotFound:  # nobody declared the exchange, or it is gone
            return []
        entered = [target for target in targets if may_enter(target, letter)]
        for target in entered:
            target.accept(message[0], letter)
        return [target for target in entered if target.letters]

    # queues

    def queue(self, name: str, connection: Connection | None = None) -> Queue:
        """Find a queue that a connection may use."""
        queue = self._queues.get(name)
        if queue is None:
            raise NotFound(
                f"there is no queue `{name}` in virtual host `{self.name}`", did_you_mean(name, self._queues, "queues")
            )
        if connection is not None and queue.owner not in (None, connection):
            raise ResourceLocked(
                f"queue `{name}` is exclusive to another connection",
                "use that connection, or declare a queue of your own",
            )
        return queue

    def queues(self) -> list[Queue]:
        """List the queues."""
        with self._lock:
            return list(self._queues.values())

    def declare_queue(self, connection: Connection, name: str, words: dict[str, Any]) -> str:
        """Make a queue, or see that it is there as declared."""
        options = options_of(words)
        with self._lock:
            if name in self._queues:
                queue = self.queue(name, connection)
                _same("queue", name, queue.options, options)
            else:
                if name.startswith("amq."):
                    raise AccessRefused(
                        f"queue names like `{name}` are the broker's", "leave `amq.` away, or the whole name"
                    )
                name = name or f"amq.gen-{next(self.broker.numbers)}"
                queue = Queue(self, name, options, connection if options.exclusive else None)
                self._queues[name] = queue
                self._forget_routes(name)
                journal = self.broker.journal
                if journal is not None and is_kept(options):
                    log = QueueLog(queue, journal, journal.new_stream())
                    queue.keep(log)
                    self._note(["queue", self.name, name], value_of_queue(options, log.stream))
        self._set_used(queue)
        self.broker.wait_until_safe()
        return name

    def _note(self, key: list[Any], value: Any) -> None:
        """Have the journal know of something that survives a restart."""
        if self.broker.journal is not None:
            self.broker.journal.set(key, value)

    def _forget(self, key: list[Any]) -> None:
        if self.broker.journal is not None:
            self.broker.journal.delete(key)

    def delete_queue(self, connection: Connection, name: str, if_unused: bool, if_empty: bool) -> int:
        """Delete a queue at somebody's wish."""
        if name not in self._queues:
            return 0
        queue = self.queue(name, connection)
        return self._remove(queue, if_unused, if_empty)

    def purge(self, connection: Connection, name: str) -> int:
        """Delete what is ready in a queue."""
        queue = self.queue(name, connection)
        with queue.lock:
            return queue.empty()

    def _remove(self, queue: Queue, if_unused: bool = False, if_empty: bool = False) -> int:
        with self._lock, queue.lock:
            if queue.deleted:
                return 0
            if if_unused and queue.consumers:
                raise PreconditionFailed(
                    f"queue `{queue.name}` has consumers", "cancel them, or delete without if_unused"
                )
            if if_empty and queue.ready:
                raise PreconditionFailed(f"queue `{queue.name}` is not empty", "purge it, or delete without if_empty")
            queue.deleted = queue.special = True
            if queue.log is not None:
                self._forget(["queue", self.name, queue.name])
                queue.log.drop()
            count = queue.empty()
            gone = list(queue.consumers)
            queue.consumers.clear()
            queue.ring.clear()
            for consumer in gone:
                consumer.in_ring = False
                consumer.end(ConsumerCancelled(f"queue `{queue.name}` was deleted", "declare it and consume anew"))
            del self._queues[queue.name]
            for bound in [bound for bound in self._bindings if bound.queue == queue.name]:
                self._unbind(bound)
            self._forget_routes(queue.name)
        for consumer in gone:
            consumer.channel.drop(consumer)
        if self.broker.draining:
            self.broker.look_if_idle()
        return count

    def leave(self, connection: Connection) -> None:
        """Delete the exclusive queues of a connection that has ended."""
        for queue in self.queues():
            if queue.owner is connection:
                self._remove(queue)

    def left(self, queue: Queue) -> None:
        """See to a queue that a consumer has left, perhaps the last one. No lock is held."""
        if queue.letters:
            self.post(queue)
        with queue.lock:
            queue.takers = [taker for taker in queue.takers if taker.held or taker.may_take]
        if queue.options.auto_delete and queue.had_consumers and not queue.consumers:
            self._remove(queue)
        else:
            self._set_used(queue)
        if self.broker.draining:
            self.broker.look_if_idle()

    def _set_used(self, queue: Queue) -> None:
        """Remember that the queue was used, and look later whether it was since."""
        expires_ns = queue.options.expires_ns
        if not expires_ns or queue.deleted:
            return
        clock = self.broker.clock
        queue.used_ns = clock.now_ns()

        def look() -> None:
            if queue.deleted or queue.consumers:
                return
            at_ns = queue.used_ns + expires_ns
            if at_ns <= clock.now_ns():
                self._remove(queue)
            else:
                clock.call_at(at_ns, look)

        clock.call_at(queue.used_ns + expires_ns, look)

    def check_room_for(self, queue: Queue, exclusive: bool) -> None:
        """See that a consumer may be registered. The queue's lock is held."""
        if queue.deleted:
            raise NotFound(f"there is no queue `{queue.name}` any more", "declare it again")
        if exclusive and queue.consumers:
            raise AccessRefused(
                f"queue `{queue.name}` has consumers already", "cancel them, or consume without exclusive"
            )
        if any(consumer.exclusive for consumer in queue.consumers):
            raise AccessRefused(
                f"a consumer has queue `{queue.name}` for itself", "cancel it first, or use another queue"
            )

    @staticmethod
    def taken(tag: str) -> PreconditionFailed:
        """Say that a consumer tag is in use."""
        return PreconditionFailed(f"this channel has a consumer `{tag}`", "give another consumer_tag, or none")

    # exchanges and bindings

    def declare_exchange(self, name: str, kind: str, durable: bool, alternate: str) -> None:
        """Make an exchange, or see that it is there as declared."""
        if kind not in _KINDS:
            raise PreconditionFailed(f"there is no exchange type `{kind}`", did_you_mean(kind, _KINDS))
        wanted = Exchange(name, kind, durable, alternate)  # type: ignore[arg-type]  # checked above
        with self._lock:
            if name in self._exchanges:
                _same("exchange", name, self._exchanges[name], wanted)
                return
            if not name or name.startswith("amq."):
                raise AccessRefused(f"exchange names like `{name}` are the broker's", "choose another name")
            self._exchanges[name] = wanted
            self._forget_routes()
            if durable:
                self._note(["exchange", self.name, name], {"kind": kind, "alternate": alternate})
        self.broker.wait_until_safe()

    def delete_exchange(self, name: str, if_unused: bool) -> None:
        """Delete an exchange and all bindings from it and to it."""
        with self._lock:
            if name not in self._exchanges:
                return
            if name.startswith("amq."):
                raise AccessRefused(f"exchange `{name}` is the broker's", "it costs nothing; let it be")
            if if_unused and any(bound.exchange == name for bound in self._bindings):
                raise PreconditionFailed(f"exchange `{name}` has bindings", "unbind them, or delete without if_unused")
            del self._exchanges[name]
            self._forget(["exchange", self.name, name])
            for bound in [bound for bound in self._bindings if name in (bound.exchange, bound.to_exchange)]:
                self._unbind(bound)
            self._forget_routes()

    def bind(
        self, connection: Connection, exchange: str, key: str, headers: Mapping[str, str | None], match: str,
        *, queue: str = "", to_exchange: str = "",
    ) -> None:  # fmt: skip
        """Bind a queue or an exchange to an exchange."""
        with self._lock:
            for name in (exchange, to_exchange) if to_exchange else (exchange,):
                if name not in self._exchanges:
                    raise self._no_exchange(name)
            if not to_exchange:
                self.queue(queue, connection)
            bound = _binding(exchange, queue, key, to_exchange, headers, match)
            self._bindings[bound] = None
            self._forget_routes()
            if self._is_durable(bound):
                self._note(name_of_binding(self.name, bound), None)
        self.broker.wait_until_safe()

    def _is_durable(self, bound: Binding) -> bool:
        """Whether both ends of a binding are there again after a restart."""
        if not self._exchanges[bound.exchange].durable:
            return False
        if bound.to_exchange:
            return self._exchanges[bound.to_exchange].durable
        return is_kept(self._queues[bound.queue].options)

    def _unbind(self, bound: Binding) -> None:
        del self._bindings[bound]
        self._forget(name_of_binding(self.name, bound))

    def unbind(
        self, connection: Connection, queue: str, exchange: str, key: str, headers: Mapping[str, str | None], match: str
    ) -> None:
        """Take a binding away."""
        with self._lock:
            self.queue(queue, connection)
            bound = _binding(exchange, queue, key, "", headers, match)
            if bound in self._bindings:
                self._unbind(bound)
            self._forget_routes()
        self.broker.wait_until_safe()

    # found in the journal again

    def restore_exchange(self, exchange: Exchange) -> None:
        """Have an exchange that was there before."""
        self._exchanges[exchange.name] = exchange

    def restore_queue(self, name: str, options: QueueOptions, stream: int) -> Queue:
        """Have a queue that was there before, still empty."""
        assert self.broker.journal is not None
        queue = self._queues[name] = Queue(self, name, options, None)
        queue.keep(QueueLog(queue, self.broker.journal, stream))
        self._set_used(queue)
        return queue

    def restore_binding(self, bound: Binding) -> None:
        """Have a binding that was there before."""
        self._bindings[bound] = None

    def rewrite(self, segment: int) -> None:
        """Have all queues append again what they have in a segment of the journal."""
        for queue in self.queues():
            if queue.log is not None:
                queue.log.rewrite(segment)
        self.topics.rewrite(segment)

    def bindings_of(self, queue: str) -> list[Binding]:
        """List what a queue is bound to."""
        with self._lock:
            return [bound for bound in self._bindings if bound.queue == queue]

    def _forget_routes(self, queue: str | None = None) -> None:
        """Find out anew where messages go. A queue that comes or goes unbound concerns its own name alone."""
        self._router = None
        if queue is None:
            self.routes.clear()
        else:
            for way in [way for way in self.routes if way[0]]:
                del self.routes[way]
            self.routes.pop(("", queue), None)

    def _no_exchange(self, name: str) -> NotFound:
        mend = (
            did_you_mean(name, self._exchanges, "exchanges")
            if name
            else "queues are bound to it by their names already"
        )
        return NotFound(f"there is no exchange `{name}` in virtual host `{self.name}`", mend)


def _binding(
    exchange: str, queue: str, key: str, to_exchange: str, headers: Mapping[str, str | None], match: str
) -> Binding:
    if match not in _MATCHES:
        raise PreconditionFailed(f"a binding cannot match `{match}`", did_you_mean(match, _MATCHES))
    return Binding(exchange, queue, key, to_exchange, tuple(headers.items()), match)  # type: ignore[arg-type]


def _same(noun: str, name: str, there: QueueOptions | Exchange, wanted: QueueOptions | Exchange) -> None:
    """Refuse to declare anew what is there with other properties."""
    for each in there.__dataclass_fields__:
        has, wants = getattr(there, each), getattr(wanted, each)
        if has != wants:
            raise PreconditionFailed(
                f"{noun} `{name}` is there with {each} {has!r}, not {wants!r}",
                f"declare it with {each}={has!r}, or delete it first",
            )
