"""How a channel settles deliveries: acknowledge, give back, reject, hold longer; and the limit its consumers share.

Unsettled deliveries stand in a dictionary by tag; who takes one out has settled it, so two who try are decided by one
step. Channels with transactions or a shared limit do it ``with_care``: one question on the ordinary way.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from itertools import repeat
from typing import TYPE_CHECKING

from mqlab.broker.errors import ChannelClosed, UnknownDelivery
from mqlab.broker.messages import Delivery
from mqlab.broker.transactions import Settlement, Transaction

if TYPE_CHECKING:
    from mqlab.broker.consumers import Consumer, Taker
    from mqlab.broker.hosts import VirtualHost
    from mqlab.broker.queues import Queue

__all__ = ["Settling"]


class Settling:
    """The part of a channel that deals with deliveries it has handed out."""

    host: VirtualHost
    number: int
    _closed: ChannelClosed | None
    _consumers: dict[str, Consumer]
    _sole: Consumer | None
    _lock: threading.Lock

    def __init__(self) -> None:
        self.unacked: dict[int, Delivery] = {}
        self.limit = 0
        self.transaction_mode: Transaction | None = None
        self._with_care = False
        self._floor = 1
        self._shared = 0
        self._credit = threading.Lock()

    def ack(self, tag: int, multiple: bool = False) -> None:
        """Acknowledge a delivery, or with ``multiple`` all up to it that are unsettled (tag 0: all there are).

        Raises
        ------
        UnknownDelivery
            The channel does not wait for it.
        ChannelClosed
            The channel is closed; the delivery has gone back to its queue.
        """
        if multiple or self._with_care:
            self._settle(tag, multiple, "ack")
            return
        delivery = self.unacked.pop(tag, None)
        if delivery is None:
            raise self.unknown(tag)
        delivery.taker.queue.settle(delivery)
        if not self.unacked and self.host.broker.draining:
            self.host.broker.look_if_idle()

    def nack(self, tag: int, multiple: bool = False, requeue: bool = True) -> None:
        """Give a delivery back, or with ``multiple`` all up to it; without ``requeue`` they die."""
        self._settle(tag, multiple, "requeue" if requeue else "discard")

    def recover(self) -> None:
        """Give back everything that is unsettled on this channel."""
        self.nack(0, multiple=True)

    def extend(self, tag: int, timeout_s: float) -> None:
        """Hold a delivery for so long from now on, where its queue has a visibility time-out (SQS).

        Raises
        ------
        UnknownDelivery
            The channel does not wait for it: it was settled, or its time was over.
        PreconditionFailed
            Its queue has no visibility time-out.
        """
        if timeout_s <= 0:
            raise ValueError(f"timeout_s is {timeout_s}; give a time above 0, or nack() to give it back now")
        delivery = self.unacked.get(tag)
        if delivery is None:
            raise self.unknown(tag)
        queue = delivery.taker.queue
        with queue.lock:
            if tag not in self.unacked:
                raise self.unknown(tag)
            queue.leases.lend(delivery, round(timeout_s * 1e9))

    def _settle(self, tag: int, multiple: bool, how: Settlement) -> None:
        if self.transaction_mode is not None:
            self.transaction_mode.settle(tag, multiple, how)
            return
        settled = self._pop_up_to(tag) if multiple else [self._pop(tag)]
        if self.limit:
            self._release(settled)
        if how == "ack":
            self._ack_all(settled)
        elif how == "requeue":
            self._put_back(settled)
        else:
            for delivery in settled:
                delivery.taker.queue.refuse(delivery)
        self._after()

    def _ack_all(self, settled: list[Delivery]) -> None:
        sole = self._sole
        if sole is not None:
            sole.queue.settle_many(sole, settled)
            return
        by_taker: dict[Taker, list[Delivery]] = {}
        for delivery in settled:
            by_taker.setdefault(delivery.taker, []).append(delivery)
        with self.host.broker.atomically():
            for taker, batch in by_taker.items():
                taker.queue.settle_many(taker, batch)

    def _pop(self, tag: int) -> Delivery:
        delivery = self.unacked.pop(tag, None)
        if delivery is None:
            raise self.unknown(tag)
        return delivery

    def _pop_up_to(self, tag: int) -> list[Delivery]:
        unacked = self.unacked
        if tag and tag not in unacked:
            raise self.unknown(tag)
        with self._lock:
            last = tag or max(list(unacked), default=0)
            pop = unacked.pop
            found = map(pop, range(self._floor, last + 1), repeat(None))
            settled = [*filter(None, found)]
            self._floor = max(self._floor, last + 1)
        return settled

    def give_back(self, deliveries: Iterable[Delivery]) -> None:
        """Return deliveries that were taken out of ``unacked`` to their queues, and serve whom that gives room."""
        settled = list(deliveries)
        if self.limit:
            self._release(settled)
        self._put_back(settled)
        self._after()

    def take_back(self, deliveries: dict[int, Delivery]) -> None:
        """Wait again for deliveries that were taken out of ``unacked`` for a commit that has failed."""
        self.unacked.update(deliveries)
        if self._closed is not None:
            self._let_go()

    def made_room(self, settled: list[Delivery]) -> None:
        """See to the limit and to who waits for the end after a commit."""
        if self.limit:
            self._release(settled)
        self._after()

    def _let_go(self) -> None:
        """Give back everything when the channel is closed."""
        left: list[Delivery] = []
        while self.unacked:
            try:
                left.append(self.unacked.popitem()[1])
            except KeyError:  # somebody acknowledged the last one
                break
        self._put_back(left)

    def _put_back(self, deliveries: Iterable[Delivery]) -> None:
        by_queue: dict[Queue, list[Delivery]] = {}
        for delivery in deliveries:
            by_queue.setdefault(delivery.taker.queue, []).append(delivery)
        for queue, batch in by_queue.items():
            queue.put_back(batch)

    def unknown(self, tag: int) -> ChannelClosed | UnknownDelivery:
        """Say that the channel does not wait for a delivery."""
        if self._closed is not None:
            return ChannelClosed(self._closed.what, self._closed.mend)
        return UnknownDelivery(
            f"channel {self.number} waits for no delivery with tag {tag}",
            "settle each delivery once, on the channel it came on, before its visibility time-out, and none that was "
            "delivered with auto_ack",
        )

    def _after(self) -> None:
        if self.limit:
            self._serve_all()
        if self.host.broker.draining:
            self.host.broker.look_if_idle()

    # the limit that consumers of this channel share

    @property
    def credit(self) -> int:
        """How many more deliveries the consumers that share the channel's limit may hold."""
        return self.limit - self._shared

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
