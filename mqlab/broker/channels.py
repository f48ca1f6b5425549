"""A channel: publish, consume, fetch, settle. Threads may share one.

The ordinary publish and acknowledgement are written out here; what a publisher may ask for besides (confirms, returns,
waiting for memory) is in :mod:`mqlab.broker.publishing`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from mqlab.broker import turns
from mqlab.broker.batches import Share
from mqlab.broker.consumers import Consumer, Taker
from mqlab.broker.errors import ChannelClosed, ConsumerCancelled, PreconditionFailed, ReceiveTimeout
from mqlab.broker.messages import Confirmation, Delivery, Properties, Returned
from mqlab.broker.publishing import Publisher
from mqlab.broker.settling import Settling
from mqlab.broker.subscribing import Subscribing
from mqlab.broker.transactions import Transaction
from mqlab.broker.workers import Worker

if TYPE_CHECKING:
    from mqlab.broker.connections import Connection
    from mqlab.broker.queues import Queue

__all__ = ["Channel"]


class Channel(Settling, Subscribing):
    """A channel of a connection; made by :meth:`Connection.channel`.

    Parameters of publishing: ``body`` is any object; it goes to ``exchange`` ("": the default one, which knows every
    queue by its name) under ``routing_key``.
    """

    def __init__(self, connection: Connection, number: int) -> None:
        super().__init__()
        self.connection, self.number, self.host = connection, number, connection.host
        self._lock = threading.Lock()
        self._takers: dict[tuple[str, bool], Taker] = {}
        self._consumers: dict[str, Consumer] = {}
        self._sole: Consumer | None = None
        self._routes = self.host.routes
        self._publisher = Publisher(self)
        self._plain = self._publisher.is_plain()
        self._closed: ChannelClosed | None = None
        self.on_shut: Callable[[], None] | None = None
        """Called when the channel has ended, in whatever thread ended it."""

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

    @property
    def is_confirming(self) -> bool:
        """Whether confirms are on."""
        return self._publisher.is_confirming

    def skip_numbers(self, how_many: int) -> range:
        """Give numbers to publishes that failed, because a client in another process has counted them."""
        return self._publisher.skip(how_many)

    def wait_for_confirms(self) -> tuple[int, ...]:
        """Return the numbers of publishes that were refused since the last call, when none is undecided any more."""
        self.check_open()
        return self._publisher.refused_since()

    def on_return(self, callback: Callable[[Returned], None]) -> None:
        """Have ``callback`` called with each mandatory message that reaches no queue, before it is confirmed."""
        self._publisher.on_return = callback

    # transactions

    def select(self) -> None:
        """Turn transactions on, for good: publishes and settlements wait for :meth:`commit`.

        Raises
        ------
        PreconditionFailed
            The channel has confirms on.
        """
        self.check_open()
        if self._publisher.is_confirming:
            raise PreconditionFailed(
                f"channel {self.number} has confirms and cannot have transactions", "open another channel"
            )
        if self.transaction_mode is None:
            with self._bundling:
                self.transaction_mode = Transaction(self)
            self.open_all()
        self._plain, self._with_care = False, True

    def commit(self) -> None:
        """Do everything that was published and settled since the last commit, or nothing of it.

        Raises
        ------
        TransactionRefused
            A queue is full and would refuse; nothing has happened. Roll back, or commit again later.
        UnknownDelivery
            A delivery went back to its queue meanwhile: its visibility time-out was over.
        NotFound
            An exchange was deleted meanwhile.
        PreconditionFailed
            There are no transactions on this channel.
        """
        transaction = self._selected()
        self._publisher.let_in()
        returned = transaction.commit()
        if self._publisher.on_return is not None:
            for each in returned:
                self._publisher.on_return(each)
        self.host.broker.wait_until_safe()

    def rollback(self) -> None:
        """Forget what was published and settled since the last commit; deliveries stay unacknowledged."""
        self.check_open()
        self._selected().rollback()

    @contextmanager
    def transaction(self) -> Iterator[Channel]:
        """Commit what is done inside, or roll it back if something is raised.

        Examples
        --------
        >>> from mqlab import Broker
        >>> channel = Broker().connect().channel()
        >>> channel.declare_queue("in"), channel.declare_queue("out")
        ('in', 'out')
        >>> channel.publish("x", "in")
        >>> with channel.transaction():
        ...     delivery = channel.get("in")
        ...     channel.publish(delivery.body.upper(), "out")
        ...     delivery.ack()
        ...     channel.stats("out").ready
        0
        >>> channel.stats("out").ready, channel.stats("in").acked
        (1, 1)
        """
        self.select()
        try:
            yield self
            self.commit()
        except BaseException:
            self._selected().rollback()
            raise

    def _selected(self) -> Transaction:
        if self.transaction_mode is None:
            self.check_open()
            raise PreconditionFailed(f"channel {self.number} has no transactions", "call select() first")
        return self.transaction_mode

    # consuming

    def prefetch(self, limit: int) -> None:
        """Bound what all consumers of this channel hold together, beside their own limits; 0: unbounded.

        It holds for consumers that are registered after it.
        """
        self.check_open()
        if limit < 0:
            raise ValueError(f"prefetch is {limit}; give 1 or more, or 0 for no bound")
        self.limit = limit
        self._with_care = limit > 0 or self.transaction_mode is not None

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
                alone = len(self._consumers) == 1 and not (self._takers or self.unacked or self._bundles)
                self._sole = consumer if alone else None
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

    def fetch(
        self, queue: str, maximum: int = 10, *, timeout_s: float | None = 0, visibility_timeout_s: float | None = None
    ) -> list[Delivery]:
        """Fetch what is ready, up to ``maximum``, whatever the prefetch; wait for the first (SQS: long polling).

        Parameters
        ----------
        timeout_s
            How long to wait if nothing is ready; 0: not at all, None: until something comes.
        visibility_timeout_s
            What is not settled so long after goes back (SQS); None: as long as the queue says. ``delivery.extend``
            gives more time, ``delivery.nack()`` gives it back at once, ``delivery.ack()`` deletes it.

        Examples
        --------
        >>> from mqlab.broker import Broker, ManualClock
        >>> clock = ManualClock()
        >>> channel = Broker(clock=clock).connect().channel()
        >>> channel.declare_queue("jobs", visibility_timeout_ns=30_000_000_000)
        'jobs'
        >>> channel.publish("job", "jobs")
        >>> slow = channel.fetch("jobs")[0]
        >>> clock.advance(30_000_000_000)
        >>> again = channel.fetch("jobs")[0]
        >>> again.body, again.redelivered
        ('job', True)
        >>> again.extend(60)
        >>> clock.advance(59_000_000_000)
        >>> again.ack()
        """
        found = self.fetch_ready(queue, maximum, visibility_timeout_s)
        if not found and timeout_s != 0:
            consumer = self.consume(queue, prefetch=maximum)
            with suppress(ReceiveTimeout):
                try:
                    found.append(consumer.receive(timeout_s))
                finally:
                    found += self.dismiss(consumer)
        return self.lend(found, visibility_timeout_s)

    def fetch_ready(self, queue: str, maximum: int, visibility_timeout_s: float | None) -> list[Delivery]:
        """Fetch what is ready now."""
        if maximum < 1:
            raise ValueError(f"maximum is {maximum}; ask for 1 delivery or more")
        if visibility_timeout_s is not None:
            found = self.host.queue(queue, self.connection)
            with found.lock:
                found.stand_by_rules()
        fetched: list[Delivery] = []
        while len(fetched) < maximum and (delivery := self.get(queue)) is not None:
            fetched.append(delivery)
        return fetched

    def dismiss(self, consumer: Consumer) -> list[Delivery]:
        """End a consumer that was there for one fetch, and take what it has not received."""
        self._end(consumer, ConsumerCancelled(f"consumer `{consumer.tag}` was there for one fetch", "fetch again"))
        self.open_all()
        unread = [each for item in consumer.inbox for each in ((item,) if isinstance(item, Delivery) else item)]
        consumer.inbox.clear()
        self._leave(consumer.queue)
        return unread

    def lend(self, found: list[Delivery], visibility_timeout_s: float | None) -> list[Delivery]:
        """Hold deliveries for a time of their own."""
        if visibility_timeout_s is not None:
            for delivery in found:
                self.extend(delivery.tag, visibility_timeout_s)
        return found

    def cancel(self, consumer: Consumer) -> None:
        """End a consumer; what it has not received goes back to its place."""
        self._end(consumer, ConsumerCancelled(f"consumer `{consumer.tag}` was cancelled", "register another"))
        unread: list[Delivery | Share] = []
        while consumer.inbox and not consumer.auto:
            try:
                unread.append(consumer.inbox.popleft())
            except IndexError:  # a receiver had the last one
                break
        self.give_back_unread(consumer, unread)
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
        self._let_go()
        takers = [*consumers, *self._takers.values()]
        for queue in dict.fromkeys(taker.queue for taker in takers):
            self._leave(queue)
        self.connection.forget(self)
        if self.on_shut is not None:
            self.on_shut()

    def __enter__(self) -> Channel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
