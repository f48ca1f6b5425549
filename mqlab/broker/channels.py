"""A channel: publish, consume, fetch, settle. Threads may share one.

The ordinary publish and acknowledgement are written out here; what a publisher may ask for besides (confirms, returns,
waiting for memory) is in :mod:`mqlab.broker.publishing`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from itertools import count, repeat
from typing import TYPE_CHECKING, Any

from mqlab.broker import turns
from mqlab.broker.consumers import Consumer, Taker
from mqlab.broker.errors import ChannelClosed, ConsumerCancelled, UnknownDelivery
from mqlab.broker.messages import Confirmation, Delivery, Properties, Returned
from mqlab.broker.publishing import Publisher
from mqlab.broker.topology import Topology
from mqlab.broker.workers import Worker

if TYPE_CHECKING:
    from mqlab.broker.connections import Connection
    from mqlab.broker.queues import Queue

__all__ = ["Channel"]


class Channel(Topology):
    """A channel of a connection; made by :meth:`Connection.channel`.

    Parameters of publishing: ``body`` is any object; it goes to ``exchange`` ("": the default one, which knows every
    queue by its name) under ``routing_key``.
    """

    def __init__(self, connection: Connection, number: int) -> None:
        self.connection, self.number, self.host = connection, number, connection.host
        self.unacked: dict[int, Delivery] = {}
        self.limit = 0
        self._lock = threading.Lock()
        self._tags = count(1)
        self._floor = 1
        self._shared = 0
        self._credit = threading.Lock()
        self._takers: dict[tuple[str, bool], Taker] = {}
        self._consumers: dict[str, Consumer] = {}
        self._sole: Consumer | None = None
        self._routes = self.host.routes
        self._publisher = Publisher(self)
        self._plain = self._publisher.is_plain()
        self._closed: ChannelClosed | None = None

    # publishing

    def publish(
        self, body: Any, routing_key: str = "", exchange: str = "", properties: Properties | None = None,
        mandatory: bool = False,
    ) -> int | None:  # fmt: skip
        """Publish a message; with confirms on, return its number.

        Raises
        ------
        NotFound
            There is no such exchange.
        ChannelClosed, BrokerClosed
            The channel is closed, or the broker takes nothing new.
        PublishersBlocked
            The broker is above its memory limit and stayed there for its ``block_timeout_s``.
        """
        if self._plain and properties is None:
            route = self._routes.get((exchange, routing_key))
            if route is not None and route.only is not None:
                route.only.put(body, route.envelope)
                return None
        first = self._publisher.publish((body,), routing_key, exchange, properties, mandatory)
        return None if first is None else first.start

    def publish_many(
        self, bodies: Iterable[Any], routing_key: str = "", exchange: str = "", properties: Properties | None = None,
        mandatory: bool = False,
    ) -> range | None:  # fmt: skip
        """Publish several bodies the same way in one go; with confirms on, return their numbers."""
        if self._plain and properties is None:
            route = self._routes.get((exchange, routing_key))
            if route is not None and route.only is not None:
                counted = bodies if isinstance(bodies, list | tuple | range) else tuple(bodies)
                route.only.put_many(counted, route.envelope)
                return None
        return self._publisher.publish(tuple(bodies), routing_key, exchange, properties, mandatory)

    def confirms(self, on_confirm: Callable[[Confirmation], None] | None = None) -> None:
        """Turn confirms on: from now on publishes are numbered from 1, and each is confirmed or refused.

        ``on_confirm`` is called with ranges of numbers, in the thread in which their fate was decided.
        """
        self.check_open()
        self._publisher.confirm(on_confirm)
        self._plain = False

    def wait_for_confirms(self) -> tuple[int, ...]:
        """Return the numbers of publishes that were refused since the last call, when none is undecided any more."""
        self.check_open()
        return self._publisher.refused_since()

    def on_return(self, callback: Callable[[Returned], None]) -> None:
        """Have ``callback`` called with each mandatory message that reaches no queue, before it is confirmed."""
        self._publisher.on_return = callback

    # consuming

    def prefetch(self, limit: int) -> None:
        """Bound what all consumers of this channel hold together, beside their own limits; 0: unbounded.

        It holds for consumers that are registered after it.
        """
        self.check_open()
        if limit < 0:
            raise ValueError(f"prefetch is {limit}; give 1 or more, or 0 for no bound")
        self.limit = limit

    def consume(
        self, queue: str, *, prefetch: int = 0, auto_ack: bool = False, exclusive: bool = False, priority: int = 0,
        consumer_tag: str = "",
    ) -> Consumer:  # fmt: skip
        """Register a consumer, which holds at most ``prefetch`` unsettled deliveries (0: no bound).

        Parameters
        ----------
        auto_ack
            Deliveries count as acknowledged when they are made; ``prefetch`` then bounds nothing.
        exclusive
            Nobody else may consume from the queue.
        priority
            Consumers of a higher priority are served as long as they have room.

        Raises
        ------
        NotFound, ResourceLocked, AccessRefused
            No such queue; it belongs to another connection; somebody has it, or this one wants it, for itself.
        """
        if prefetch < 0:
            raise ValueError(f"prefetch is {prefetch}; give 1 or more, or 0 for no bound")
        found = self.host.queue(queue, self.connection)
        with self._lock:
            self.check_open()
            tag = consumer_tag or f"ctag{self.number}.{next(self.host.broker.numbers)}"
            if tag in self._consumers:
                raise self.host.taken(tag)
            consumer = Consumer(self, found, tag, auto_ack, prefetch, priority, exclusive, self._tags)
            with found.lock:
                self.host.check_room_for(found, exclusive)
                consumer.served = True
                self._consumers[tag] = consumer
                self._sole = consumer if len(self._consumers) == 1 and not self._takers and not self.unacked else None
                turns.enrol(found, consumer)
        if found.letters:
            self.host.post(found)
        return consumer

    def subscribe(self, queue: str, callback: Callable[[Delivery], object], **how: Any) -> Worker:
        """Consume with a thread that calls ``callback`` with each delivery; ``how`` as for :meth:`consume`."""
        return Worker(self.consume(queue, **how), callback)

    def get(self, queue: str, *, auto_ack: bool = False) -> Delivery | None:
        """Fetch one message, whatever the prefetch; None if none is ready."""
        found = self.host.queue(queue, self.connection)
        with self._lock:
            self.check_open()
            taker = self._takers.get((queue, auto_ack))
            if taker is None or taker.queue is not found:
                taker = self._takers[queue, auto_ack] = Taker(self, found, auto_ack, 0)
                self._sole = None
                with found.lock:
                    found.takers.append(taker)
            return found.fetch(taker, next(self._tags))

    def cancel(self, consumer: Consumer) -> None:
        """End a consumer; what it has not received goes back to its place."""
        self._end(consumer, ConsumerCancelled(f"consumer `{consumer.tag}` was cancelled", "register another"))
        unread = []
        while consumer.inbox and not consumer.auto:
            try:
                unread.append(consumer.inbox.popleft())
            except IndexError:  # a receiver had the last one
                break
        unread = [each for each in unread if self.unacked.pop(each.tag, None) is not None]
        if self.limit:
            self._release(unread)
        self._give_back(unread)
        self._leave(consumer.queue)
        if self.limit:
            self._serve_all()

    def drop(self, consumer: Consumer) -> None:
        """Take out a consumer that has ended."""
        with self._lock:
            self._consumers.pop(consumer.tag, None)
            self._sole = None

    def _end(self, consumer: Consumer, why: ConsumerCancelled | ChannelClosed) -> None:
        queue = consumer.queue
        self.drop(consumer)
        with queue.lock:
            consumer.end(why)
            if consumer in queue.consumers:
                turns.leave(queue, consumer)

    def _leave(self, queue: Queue) -> None:
        """See to a queue that a consumer has left, when everything is back in its place."""
        with queue.lock:
            queue.serve()
        self.host.left(queue)

    # settling

    def ack(self, tag: int, multiple: bool = False) -> None:
        """Acknowledge a delivery, or with ``multiple`` all up to it that are unsettled (tag 0: all there are).

        Raises
        ------
        UnknownDelivery
            The channel does not wait for it.
        ChannelClosed
            The channel is closed; the delivery has gone back to its queue.
        """
        if multiple:
            self._ack_up_to(tag)
            return
        delivery = self.unacked.pop(tag, None)
        if delivery is None:
            raise self._unknown(tag)
        if self.limit:
            self._release((delivery,))
        delivery.taker.queue.settle(delivery)
        if self.limit:
            self._serve_all()
        if not self.unacked and self.host.broker.draining:
            self.host.broker.look_if_idle()

    def nack(self, tag: int, multiple: bool = False, requeue: bool = True) -> None:
        """Give a delivery back, or with ``multiple`` all up to it; without ``requeue`` they die."""
        if multiple:
            settled = self._pop_up_to(tag)
        else:
            delivery = self.unacked.pop(tag, None)
            if delivery is None:
                raise self._unknown(tag)
            settled = [delivery]
        if self.limit:
            self._release(settled)
        if requeue:
            self._give_back(settled)
        else:
            for delivery in settled:
                delivery.taker.queue.refuse(delivery)
        if self.limit:
            self._serve_all()
        if self.host.broker.draining:
            self.host.broker.look_if_idle()

    def recover(self) -> None:
        """Give back everything that is unsettled on this channel."""
        self.nack(0, multiple=True)

    def _ack_up_to(self, tag: int) -> None:
        settled = self._pop_up_to(tag)
        if self.limit:
            self._release(settled)
        sole = self._sole
        if sole is not None:
            sole.queue.settle_many(sole, settled)
        else:
            by_taker: dict[Taker, list[Delivery]] = {}
            for delivery in settled:
                by_taker.setdefault(delivery.taker, []).append(delivery)
            for taker, batch in by_taker.items():
                taker.queue.settle_many(taker, batch)
        if self.limit:
            self._serve_all()
        if self.host.broker.draining:
            self.host.broker.look_if_idle()

    def _pop_up_to(self, tag: int) -> list[Delivery]:
        unacked = self.unacked
        if tag and tag not in unacked:
            raise self._unknown(tag)
        with self._lock:
            last = tag or next(reversed(unacked), 0)
            pop = unacked.pop
            found = map(pop, range(self._floor, last + 1), repeat(None))
            settled = [*filter(None, found)]
            self._floor = max(self._floor, last + 1)
        return settled

    def _give_back(self, deliveries: Iterable[Delivery]) -> None:
        by_queue: dict[Queue, list[Delivery]] = {}
        for delivery in deliveries:
            by_queue.setdefault(delivery.taker.queue, []).append(delivery)
        for queue, batch in by_queue.items():
            queue.put_back(batch)

    def _unknown(self, tag: int) -> ChannelClosed | UnknownDelivery:
        if self._closed is not None:
            return ChannelClosed(self._closed.what, self._closed.mend)
        return UnknownDelivery(
            f"channel {self.number} waits for no delivery with tag {tag}",
            "settle each delivery once, on the channel it came on, and none that was delivered with auto_ack",
        )

    # the limit that consumers of this channel share

    def reserve(self, consumer: Consumer) -> bool:
        """Take room for one more delivery on this channel; False if it is full."""
        if not consumer.shares:
            return True
        with self._credit:
            if self._shared >= self.limit:
                return False
            self._shared += 1
            return True

    def _release(self, settled: Iterable[Delivery]) -> None:
        shared = sum(delivery.taker.shares for delivery in settled)
        with self._credit:
            self._shared -= shared

    def _serve_all(self) -> None:
        with self._lock:
            queues = dict.fromkeys(consumer.queue for consumer in self._consumers.values())
        for queue in queues:
            with queue.lock:
                queue.serve()
            if queue.letters:
                self.host.post(queue)

    # the end

    def renew(self) -> None:
        """Look again whether publishing is plain: the broker's state has changed."""
        self._plain = self._publisher.is_plain()

    def close(self) -> None:
        """End the channel: its consumers end, and what is unacknowledged goes back to its place."""
        self.shut(ChannelClosed(f"channel {self.number} is closed", "open another with connection.channel()"))

    def shut(self, why: ChannelClosed, lost: bool = False) -> None:
        """End the channel for a reason; if it is ``lost``, so is what its consumers have not received."""
        with self._lock:
            if self._closed is not None:
                return
            self._closed = why
            self._plain = False
            consumers = list(self._consumers.values())
        for consumer in consumers:
            self._end(consumer, why)
            if lost or not consumer.auto:  # what is not auto is among the unacknowledged
                consumer.inbox.clear()
        left: list[Delivery] = []
        while self.unacked:
            try:
                left.append(self.unacked.popitem()[1])
            except KeyError:  # somebody acknowledged the last one
                break
        self._give_back(left)
        takers = [*consumers, *self._takers.values()]
        for queue in dict.fromkeys(taker.queue for taker in takers):
            self._leave(queue)
        self.connection.forget(self)

    def __enter__(self) -> Channel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
