"""The broker for tasks of an event loop: publishes are awaited until they are confirmed, deliveries are iterated over.

Everything that may have to wait is awaited: confirms, room in memory, deliveries, the end. Nothing here has a thread of
its own, and what is not awaited takes a few locks for microseconds. Consumers and members of groups are those of
threads, which tasks can await as well.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mqlab.broker.consumers import Consumer
from mqlab.broker.errors import ChannelClosed, PublishersBlocked, PublishRefused, ReceiveTimeout
from mqlab.broker.messages import Confirmation, Delivery, Properties
from mqlab.broker.subscribing import Subscribing

if TYPE_CHECKING:
    from mqlab.broker.channels import Channel
    from mqlab.broker.connections import Connection
    from mqlab.broker.log.members import Member
    from mqlab.broker.log.readers import Reader

__all__ = ["AsyncChannel", "AsyncConnection"]


class Pending:
    """A publish whose confirms are awaited."""

    __slots__ = ("first", "future", "last", "open", "refused")

    def __init__(self, first: int, how_many: int, future: asyncio.Future[None]) -> None:
        self.first, self.last, self.open, self.future = first, first + how_many - 1, how_many, future
        self.refused: list[int] = []

    def decide(self, confirmation: Confirmation) -> None:
        """Note what was taken and what was refused."""
        first, last = max(self.first, confirmation.first), min(self.last, confirmation.last)
        if first > last:
            return
        self.open -= last - first + 1
        if not confirmation.taken:
            self.refused += range(first - self.first, last - self.first + 1)
        if self.open == 0 and not self.future.done():
            self.future.set_result(None)


class AsyncChannel(Subscribing):
    """A channel for the tasks of one event loop; made by :meth:`AsyncConnection.channel`.

    What never waits is as on :class:`Channel`: declaring, binding, ``get``, and settling deliveries.

    Examples
    --------
    >>> import asyncio
    >>> from mqlab import Broker
    >>> async def play():
    ...     async with Broker().connect_async() as connection:
    ...         channel = connection.channel()
    ...         _ = channel.declare_queue("orders")
    ...         number = await channel.publish("one", "orders")
    ...         async for delivery in channel.consume("orders", prefetch=10):
    ...             delivery.ack()
    ...             return number, delivery.body
    >>> asyncio.run(play())
    (1, 'one')
    """

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.connection, self.host = channel.connection, channel.host
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._pending: dict[int, Pending] = {}
        self._next = 1
        self._transactional = False
        channel.on_shut = self._on_shut

    @property
    def _closed(self) -> ChannelClosed | None:  # type: ignore[override]  # here it is the other channel's
        return self.channel._closed

    # publishing

    async def publish(
        self, body: Any, routing_key: str = "", exchange: str = "", properties: Properties | None = None,
        mandatory: bool = False,
    ) -> int:  # fmt: skip
        """Publish a message, wait until it is confirmed, and return its number.

        Raises
        ------
        PublishRefused
            A queue was full and refused it.
        NotFound, ChannelClosed, BrokerClosed
            As :meth:`Channel.publish`.
        PublishersBlocked
            The broker stayed above its memory limit for its ``block_timeout_s``.
        """
        return (await self.publish_many((body,), routing_key, exchange, properties, mandatory)).start

    async def publish_many(
        self, bodies: Iterable[Any], routing_key: str = "", exchange: str = "", properties: Properties | None = None,
        mandatory: bool = False,
    ) -> range:  # fmt: skip
        """Publish several bodies the same way in one go, wait until all are confirmed, and return their numbers.

        Inside a transaction they are only noted, and have no numbers.
        """
        counted = tuple(bodies)
        broker = self.host.broker
        while True:
            if broker.memory is not None and not self._transactional:
                await broker.memory.wait_in_task(broker.clock)
            try:
                pending = self._send(counted, routing_key, exchange, properties, mandatory)
                break
            except PublishersBlocked:  # a thread was quicker, or the disk is slow
                if broker.memory is not None and broker.memory.is_full:
                    if broker.memory.block_timeout_s == 0:
                        raise
                elif broker.journal is not None:
                    await asyncio.to_thread(broker.journal.wait_for_room)
        if pending is None:
            return range(0)
        try:
            await pending.future
        finally:
            self._pending.pop(pending.first, None)
        if pending.refused:
            raise PublishRefused(
                f"{len(pending.refused)} of {len(counted)} messages were refused: a queue is full",
                "publish them again when consumers have made room",
                tuple(sorted(pending.refused)),
            )
        return range(pending.first, pending.last + 1)

    def _send(
        self, bodies: tuple[Any, ...], routing_key: str, exchange: str, properties: Properties | None, mandatory: bool
    ) -> Pending | None:
        if self._transactional:
            self.channel.publish_many(bodies, routing_key, exchange, properties, mandatory)
            return None
        if not self.channel.is_confirming:
            self.channel.confirms(self._on_confirm)
        # It may be confirmed before publish_many returns, so who waits is noted before.
        pending = Pending(self._next, len(bodies), self._loop.create_future())
        if not bodies:
            pending.future.set_result(None)
        self._pending[pending.first] = pending
        try:
            self.channel.publish_many(bodies, routing_key, exchange, properties, mandatory)
        except BaseException:
            del self._pending[pending.first]
            raise
        self._next += len(bodies)
        return pending

    def _on_confirm(self, confirmation: Confirmation) -> None:
        if threading.get_ident() == self._thread:
            self._decide(confirmation)
        else:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._decide, confirmation)

    def _decide(self, confirmation: Confirmation) -> None:
        for pending in list(self._pending.values()):
            if pending.first > confirmation.last:
                break
            pending.decide(confirmation)

    # transactions

    def select(self) -> None:
        """Turn transactions on, as :meth:`Channel.select`; before anything is published."""
        self.channel.select()
        self._transactional = True

    async def commit(self) -> None:
        """Do what was published and settled since the last commit, or nothing of it; as :meth:`Channel.commit`."""
        broker = self.host.broker
        if broker.memory is not None:
            await broker.memory.wait_in_task(broker.clock)
        if broker.journal is None:
            self.channel.commit()
        else:  # it waits for the disk
            await asyncio.to_thread(self.channel.commit)

    def rollback(self) -> None:
        """Forget what was published and settled since the last commit."""
        self.channel.rollback()

    # consuming

    def consume(
        self, queue: str, *, prefetch: int = 0, auto_ack: bool = False, exclusive: bool = False, priority: int = 0,
        consumer_tag: str = "",
    ) -> Consumer:  # fmt: skip
        """Register a consumer, to iterate over or to ``await consumer.get()``; as :meth:`Channel.consume`."""
        return self.channel.consume(
            queue, prefetch=prefetch, auto_ack=auto_ack, exclusive=exclusive, priority=priority,
            consumer_tag=consumer_tag,
        )  # fmt: skip

    def get(self, queue: str, *, auto_ack: bool = False) -> Delivery | None:
        """Fetch one message; None if none is ready."""
        return self.channel.get(queue, auto_ack=auto_ack)

    async def fetch(
        self, queue: str, maximum: int = 10, *, timeout_s: float | None = None,
        visibility_timeout_s: float | None = None,
    ) -> list[Delivery]:  # fmt: skip
        """Fetch what is ready, up to ``maximum``, or wait for the first; as :meth:`Channel.fetch`."""
        channel = self.channel
        found = channel.fetch_ready(queue, maximum, visibility_timeout_s)
        if not found and timeout_s != 0:
            consumer = channel.consume(queue, prefetch=maximum)
            try:
                found.append(await consumer.get(timeout_s))
                found += channel.dismiss(consumer)
            except ReceiveTimeout:
                found += channel.dismiss(consumer)
            except BaseException:  # a task that is cancelled gets nothing, so nothing may stay with it
                consumer.cancel()
                raise
        return channel.lend(found, visibility_timeout_s)

    def prefetch(self, limit: int) -> None:
        """Bound what all consumers of this channel hold together."""
        self.channel.prefetch(limit)

    def close(self) -> None:
        """End the channel: what is unacknowledged goes back, publishes that are not confirmed fail."""
        self.channel.close()

    def _on_shut(self) -> None:
        with suppress(RuntimeError):  # then the loop is gone, and nobody waits
            self._loop.call_soon_threadsafe(self._give_up)

    def _give_up(self) -> None:
        """Tell who waits for a confirm that none will come."""
        for pending in list(self._pending.values()):
            if not pending.future.done():
                pending.future.set_exception(
                    ChannelClosed("the channel was closed before the confirm came", "publish again on another")
                )


class AsyncConnection:
    """A connection for the tasks of one event loop; made by :meth:`Broker.connect_async`.

    Examples
    --------
    >>> import asyncio
    >>> from mqlab import Broker
    >>> async def play():
    ...     broker = Broker()
    ...     orders = broker.topic("orders", partitions=2)
    ...     async with broker.connect_async() as connection:
    ...         member = connection.join("billing", "orders", reset="earliest")
    ...         place = await orders.send({"total": 12}, key="customer-7")
    ...         async for record in member:
    ...             return place == (record.partition, record.offset), record.body
    >>> asyncio.run(play())
    (True, {'total': 12})
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def channel(self) -> AsyncChannel:
        """Open a channel; inside a running event loop."""
        return AsyncChannel(self.connection.channel())

    def join(self, group: str, *topics: str, **how: Any) -> Member:
        """Join a consumer group, as :meth:`Connection.join`; then ``await member.fetch()``, or ``async for``."""
        return self.connection.join(group, *topics, **how)

    def read(self, *topics: str, start: str = "latest") -> Reader:
        """Read topics without a group, as :meth:`Connection.read`."""
        return self.connection.read(*topics, start=start)

    @property
    def is_open(self) -> bool:
        """Whether it can be used."""
        return self.connection.is_open

    def close(self) -> None:
        """End it in order."""
        self.connection.close()

    def drop(self) -> None:
        """Lose it, as if the network or the client were gone."""
        self.connection.drop()

    async def __aenter__(self) -> AsyncConnection:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
