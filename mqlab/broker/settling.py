"""How a channel settles deliveries: acknowledge, give back, reject, hold longer; and the limit its consumers share.

Unsettled deliveries stand in a dictionary by tag; who takes one out has settled it, so two who try are decided by one
step. What was handed out in bundles (:mod:`mqlab.broker.batches`) is noted by bundle, under the channel's lock, until
somebody settles a single one of it. Channels with transactions or a shared limit do all this ``with_care``: one
question on the ordinary way.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from itertools import count, islice, repeat
from typing import TYPE_CHECKING, Any

from mqlab.broker.batches import Bundle, Part, Share
from mqlab.broker.errors import ChannelClosed, UnknownDelivery
from mqlab.broker.messages import Delivery, Envelope
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
        self._bundles: dict[int, Bundle] = {}
        """Bundles by the first of their tags, lowest first."""
        self._bundling = threading.Lock()
        self._tags = count(1)

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
            delivery = self._pop(tag)
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
        self.open_all()
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
        if multiple:
            settled, shares = self._pop_up_to(tag)
        else:
            settled, shares = [self._pop(tag)], []
        self._settle_all(settled, shares, how)

    def settle_batch(self, parts: list[Part], how: Settlement) -> None:
        """Settle those deliveries of a batch that are unsettled."""
        settled: list[Delivery] = []
        shares: list[Share] = []
        with self._lock:
            for part in parts:
                if isinstance(part, Share):
                    bundle = part.bundle
                    whole = self._bundles.get(bundle.first) is bundle and part.first <= bundle.low <= part.last
                    if whole and self.transaction_mode is None:
                        shares.append(self._take_from(bundle, part.last))
                        continue
                    self._open(bundle)
                settled += [each for each in part if each.tag in self.unacked]
            if self.transaction_mode is None:
                settled = [each for each in settled if self.unacked.pop(each.tag, None) is not None]
        if not settled and not shares:
            first = parts[0]
            raise self.unknown(first.first if isinstance(first, Share) else first[0].tag)
        if self.transaction_mode is not None:
            for each in settled:
                self.transaction_mode.settle(each.tag, False, how)
            return
        self._settle_all(settled, shares, how)

    def _settle_all(self, settled: list[Delivery], shares: list[Share], how: Settlement) -> None:
        if shares and how != "ack":
            settled = [each for share in shares for each in share] + settled
            shares = []
        if self.limit:
            self._release(settled)
        if how == "ack":
            for share in shares:
                consumer = share.bundle.consumer
                consumer.queue.settle_count(consumer, len(share))
            if settled or not shares:
                self._ack_all(settled)
        elif how == "requeue":
            self._put_back(settled)
        else:
            for delivery in settled:
                delivery.taker.queue.refuse(delivery)
        self._after()

    def settle_tags(self, tags: Iterable[int], how: Settlement) -> None:
        """Settle these deliveries together, as a client in another process names them."""
        if self.transaction_mode is not None:
            for tag in tags:
                self.transaction_mode.settle(tag, False, how)
            return
        self._settle_all([self._pop(tag) for tag in tags], [], how)

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
        if delivery is None and self._bundles:
            with self._lock:
                bundle = self._bundle_with(tag)
                if bundle is not None:
                    self._open(bundle)
            delivery = self.unacked.pop(tag, None)
        if delivery is None:
            raise self.unknown(tag)
        return delivery

    def _pop_up_to(self, tag: int) -> tuple[list[Delivery], list[Share]]:
        """Take out everything up to a tag: single deliveries, and shares of bundles."""
        unacked, bundles = self.unacked, self._bundles
        settled: list[Delivery] = []
        shares: list[Share] = []
        with self._lock:
            if tag and tag not in unacked and self._bundle_with(tag) is None:
                raise self.unknown(tag)
            last = tag or max([*unacked, *(each.last for each in bundles.copy().values())], default=0)
            for bundle in list(bundles.values()) if bundles else ():
                if bundle.low > last:
                    break
                if unacked:
                    settled += self._pop_range(self._floor, bundle.first)
                self._floor = max(self._floor, bundle.last + 1)
                shares.append(self._take_from(bundle, min(last, bundle.last)))
            if unacked and self._floor <= last:
                settled += self._pop_range(self._floor, last + 1)
            self._floor = max(self._floor, last + 1)
        return settled, shares

    def _pop_range(self, first: int, end: int) -> Iterable[Delivery]:
        return filter(None, map(self.unacked.pop, range(first, end), repeat(None)))

    # bundles

    def bundle(
        self, consumer: Consumer, place: int, bodies: Sequence[Any], envelopes: Envelope | Sequence[Envelope]
    ) -> Bundle:
        """Note that a consumer is handed messages together. Its queue's lock is held."""
        how_many = len(bodies)
        with self._bundling:
            # One step of the interpreter takes them all, so they are consecutive.
            tags = list(islice(self._tags, how_many))
            bundle = Bundle(consumer, tags[0], place, bodies, envelopes)
            if not consumer.auto:
                if self.transaction_mode is None:
                    self._bundles[bundle.first] = bundle
                else:
                    self.unacked.update(zip(tags, bundle.made(0, how_many), strict=True))
        return bundle

    def _bundle_with(self, tag: int) -> Bundle | None:
        """Find the bundle in which a tag is unsettled. The lock is held."""
        for bundle in list(self._bundles.values()):
            if bundle.low <= tag <= bundle.last:
                return bundle
            if bundle.first > tag:
                break
        return None

    def _take_from(self, bundle: Bundle, last: int) -> Share:
        """Take what is unsettled of a bundle, up to a tag. The lock is held."""
        share = Share(bundle, bundle.low - bundle.first, last + 1 - bundle.first)
        bundle.low = last + 1
        if last == bundle.last:
            del self._bundles[bundle.first]
        return share

    def _open(self, bundle: Bundle) -> None:
        """Wait for the deliveries of a bundle one by one. The lock is held."""
        if self._bundles.get(bundle.first) is bundle:
            made = bundle.made(bundle.low - bundle.first, len(bundle.bodies))
            self.unacked.update(zip(range(bundle.low, bundle.last + 1), made, strict=True))
            self._floor = min(self._floor, bundle.low)
            del self._bundles[bundle.first]

    def open(self, bundle: Bundle) -> None:
        """Wait for the deliveries of a bundle one by one, for somebody takes them so."""
        with self._lock:
            self._open(bundle)

    def open_all(self) -> None:
        """Wait for all deliveries one by one."""
        with self._lock:
            for bundle in list(self._bundles.values()):
                self._open(bundle)

    def give_back_unread(self, consumer: Consumer, unread: Iterable[Delivery | Share]) -> None:
        """Return to the queue what a consumer that has ended did not receive."""
        self.open_all()
        flat = [each for item in unread for each in ((item,) if isinstance(item, Delivery) else item)]
        mine = [each for each in flat if self.unacked.pop(each.tag, None) is not None]
        if mine:
            self.give_back(mine)

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
        self.open_all()
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
