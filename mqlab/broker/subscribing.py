"""Publish/subscribe: everybody who follows an exchange gets each message, durably or only while being there.

A subscription is a queue of its own, bound to the exchange: one that belongs to the connection and goes with it, or one
with a name that keeps what comes while its subscriber is away (JMS: durable subscription).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from mqlab.broker.consumers import Consumer
from mqlab.broker.errors import PreconditionFailed
from mqlab.broker.topology import Topology

__all__ = ["Subscribing"]


class Subscribing(Topology):
    """The part of a channel that follows exchanges."""

    @abstractmethod
    def consume(
        self, queue: str, *, prefetch: int = 0, auto_ack: bool = False, exclusive: bool = False, priority: int = 0,
        consumer_tag: str = "",
    ) -> Consumer:  # fmt: skip
        """Register a consumer."""

    def follow(
        self, exchange: str, routing_key: str = "", *, name: str = "",
        headers: Mapping[str, str | None] | None = None, match: str = "all",
        prefetch: int = 0, auto_ack: bool = False, **options: Any,
    ) -> Consumer:  # fmt: skip
        """Subscribe to an exchange: get each message that matches, as everybody else who follows it does.

        Parameters
        ----------
        name
            Makes the subscription durable: it keeps what comes while nobody follows under this name, until
            :meth:`unfollow`. One subscriber at a time. Without a name it ends with the consumer or the connection.
        options
            Rules of the subscription's queue, as for :meth:`declare_queue`: ``max_length`` bounds what a slow
            subscriber may owe.

        Raises
        ------
        NotFound
            There is no such exchange.
        AccessRefused
            Somebody follows under this name already.
        PreconditionFailed
            The subscription of this name is there with another routing key or other rules.

        Examples
        --------
        >>> from mqlab import Broker
        >>> broker = Broker()
        >>> channel = broker.connect().channel()
        >>> channel.declare_exchange("news", "topic")
        >>> passing, kept = channel.follow("news", "sport.*"), channel.follow("news", "#", name="archive")
        >>> channel.publish("goal", "sport.football", "news")
        >>> passing.receive(0).body, kept.receive(0).body
        ('goal', 'goal')
        >>> passing.cancel(), kept.cancel()
        (None, None)
        >>> channel.publish("rain", "weather", "news")
        >>> channel.follow("news", "#", name="archive").receive(0).body
        'rain'
        """
        if name:
            queue = self._queue_of(exchange, name)
            there = self.host.bindings_of(queue)
            self.declare_queue(queue, durable=True, **options)
            wanted = (routing_key, tuple((headers or {}).items()), match)
            for bound in there:
                if (bound.key, bound.headers, bound.match) != wanted:
                    raise PreconditionFailed(
                        f"subscription `{name}` of exchange `{exchange}` follows `{bound.key}`, not `{routing_key}`",
                        f"follow `{bound.key}`, choose another name, or unfollow it first",
                    )
        else:
            queue = self.declare_queue(exclusive=True, auto_delete=True, **options)
        try:
            self.bind(queue, exchange, routing_key, headers=headers, match=match)
        except BaseException:
            if not name or not there:
                self.delete_queue(queue)
            raise
        return self.consume(queue, prefetch=prefetch, auto_ack=auto_ack, exclusive=True)

    def unfollow(self, exchange: str, name: str) -> int:
        """End a durable subscription with all it has kept, and say how much that was.

        Raises
        ------
        PreconditionFailed
            Somebody follows under this name.
        """
        return self.delete_queue(self._queue_of(exchange, name), if_unused=True)

    @staticmethod
    def _queue_of(exchange: str, name: str) -> str:
        return f"{exchange}/{name}"
