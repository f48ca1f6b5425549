"""A channel in transaction mode (AMQP: tx): publishes and settlements wait for a commit; then all happen, or none.

RabbitMQ's commit is not atomic, not even within one queue (https://www.rabbitmq.com/docs/semantics#tx). Here it is: a
commit takes the locks of all queues it touches, in one order, looks whether each of them will have it, and only then
does anything. It is the only place where two queues' locks are held together, so nobody meets it in another order.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mqlab.broker import rules
from mqlab.broker.errors import TransactionRefused, UnknownDelivery
from mqlab.broker.messages import Delivery, Envelope, Properties, Returned

if TYPE_CHECKING:
    from mqlab.broker.channels import Channel
    from mqlab.broker.queues import Queue

__all__ = ["Settlement", "Transaction"]

Settlement = Literal["ack", "requeue", "discard"]


class Publish(NamedTuple):
    """What a publish has asked for."""

    bodies: Sequence[Any]
    envelope: Envelope
    mandatory: bool


class Transaction:
    """What a channel has done since it last committed or rolled back."""

    def __init__(self, channel: Channel) -> None:
        self._channel, self._host = channel, channel.host
        self._lock = threading.Lock()
        self._publishes: list[Publish] = []
        self._settled: dict[int, Settlement] = {}

    def publish(
        self, bodies: Sequence[Any], routing_key: str, exchange: str, properties: Properties, mandatory: bool
    ) -> None:
        """Note a publish; that there is such an exchange is seen to at once."""
        self._host.route(exchange, routing_key, properties.headers)
        with self._lock:
            self._publishes.append(Publish(bodies, Envelope(exchange, routing_key, properties), mandatory))

    def settle(self, tag: int, multiple: bool, how: Settlement) -> None:
        """Note a settlement; that the channel waits for such a delivery is seen to at once."""
        with self._lock:
            unacked, settled = self._channel.unacked, self._settled
            if (tag not in unacked or tag in settled) and not (multiple and tag == 0):
                raise self._channel.unknown(tag)
            chosen = [each for each in list(unacked) if tag == 0 or each <= tag] if multiple else [tag]
            for each in chosen:
                settled.setdefault(each, how)

    def rollback(self) -> None:
        """Forget what was noted: nothing is published, and deliveries stay unacknowledged."""
        with self._lock:
            self._publishes, self._settled = [], {}

    def commit(self) -> list[Returned]:
        """Do all that was noted, or nothing; say what is to be returned to its publisher."""
        with self._lock:
            returned = self._commit()
            self._publishes, self._settled = [], {}
        return returned

    def _commit(self) -> list[Returned]:
        ways = [(each, self._ways(each.envelope)) for each in self._publishes]
        deliveries = self._take_deliveries()
        queues = {queue for _, some in ways for queue in some} | {each.taker.queue for each in deliveries.values()}
        with self._host.broker.atomically():
            try:
                self._do(ways, deliveries, queues)
            except BaseException:
                self._channel.take_back(deliveries)
                raise
            for queue in queues:
                if queue.letters:
                    self._host.post(queue)
        self._channel.made_room(list(deliveries.values()))
        return [
            Returned(body, each.envelope) for each, some in ways if each.mandatory and not some for body in each.bodies
        ]

    def _do(
        self, ways: list[tuple[Publish, tuple[Queue, ...]]], deliveries: dict[int, Delivery], queues: set[Queue]
    ) -> None:
        """Take all locks, look whether everybody agrees, and do it."""
        with ExitStack() as locks:
            for queue in sorted(queues, key=id):
                locks.enter_context(queue.lock)
            self._check_room(ways)
            for each, some in ways:
                for queue in some:
                    if each.envelope.properties.ttl_ns is not None:
                        queue.stand_by_rules()
                    queue.admit(each.bodies, each.envelope)
            self._settle(deliveries)

    def _ways(self, envelope: Envelope) -> tuple[Queue, ...]:
        return self._host.route(envelope.exchange, envelope.routing_key, envelope.properties.headers)

    def _take_deliveries(self) -> dict[int, Delivery]:
        """Take the deliveries out of those that the channel waits for: from here on nobody else settles them."""
        taken: dict[int, Delivery] = {}
        for tag in self._settled:
            delivery = self._channel.unacked.pop(tag, None)
            if delivery is None:
                self._channel.take_back(taken)
                self._channel.check_open()
                raise UnknownDelivery(
                    f"delivery {tag} has gone back to its queue before the commit",
                    "roll back; commit sooner, or give the queue a longer visibility time-out",
                )
            taken[tag] = delivery
        return taken

    def _check_room(self, ways: list[tuple[Publish, tuple[Queue, ...]]]) -> None:
        """See that no queue will refuse its messages. All locks are held."""
        coming: dict[Queue, list[tuple[Any, Envelope]]] = {}
        for each, some in ways:
            for queue in some:
                coming.setdefault(queue, []).extend((body, each.envelope) for body in each.bodies)
        for queue, messages in coming.items():
            if not rules.has_room_for(queue, messages):
                raise TransactionRefused(
                    f"queue `{queue.name}` has no room for {len(messages)} messages of the transaction",
                    "roll back, or commit again when consumers have made room",
                )

    def _settle(self, deliveries: dict[int, Delivery]) -> None:
        """Settle deliveries as was noted. All locks are held."""
        groups: dict[tuple[Settlement, Any], list[Delivery]] = {}
        for tag, delivery in deliveries.items():
            groups.setdefault((self._settled[tag], delivery.taker), []).append(delivery)
        for (how, taker), some in groups.items():
            if how == "ack":
                taker.queue.release(taker, some)
            elif how == "requeue":
                taker.queue.take_back(some)
            else:
                for delivery in some:
                    taker.queue.kill(delivery)

