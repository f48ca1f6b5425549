"""Deliveries in batches: what was handed out together stays together until somebody asks for a single one.

A :class:`Delivery` for each message is most of what a batch costs. So a consumer that is handed many fresh messages at
once gets one bundle of them, with consecutive tags, and its channel notes the bundle instead of each delivery. Who
takes a :class:`Batch`, works on its bodies and acknowledges it as a whole, or up to its last, never makes a delivery.
Who settles a single one has the bundle opened: then each delivery stands in ``channel.unacked`` as if it had come
alone.

A bundle's ``low`` and whether it is noted are its channel's business, under the channel's lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any, Literal, overload

from mqlab.broker.messages import Delivery, Envelope

if TYPE_CHECKING:
    from mqlab.broker.channels import Channel
    from mqlab.broker.consumers import Consumer

__all__ = ["BUNDLE_MAX", "Batch", "Bundle", "Part", "Share"]

BUNDLE_MAX = 1000
"""Messages in a bundle: its bodies are kept until the last of them is settled."""

_new = tuple.__new__


class Bundle:
    """Fresh messages that one consumer was handed at once; ``bodies[i]`` has the tag ``first + i``."""

    __slots__ = ("bodies", "consumer", "envelopes", "first", "last", "low", "place")

    def __init__(
        self, consumer: Consumer, first: int, place: int, bodies: Sequence[Any],
        envelopes: Envelope | Sequence[Envelope],
    ) -> None:  # fmt: skip
        self.consumer, self.first, self.place = consumer, first, place
        self.bodies, self.envelopes = bodies, envelopes
        self.low = first
        """The lowest tag that is not settled."""
        self.last = first + len(bodies) - 1

    def made(self, start: int, stop: int) -> list[Delivery]:
        """Make deliveries of some of it."""
        given = self.envelopes
        envelopes = repeat(given) if isinstance(given, Envelope) else islice(given, start, stop)
        fields = zip(
            self.bodies[start:stop], range(self.first + start, self.first + stop), envelopes, repeat(self.consumer),
            range(self.place + start, self.place + stop), repeat(0), strict=False,
        )  # fmt: skip
        return list(map(_new, repeat(Delivery), fields))


class Share:
    """Part of a bundle, in an inbox or in somebody's hands."""

    __slots__ = ("bundle", "start", "stop")

    def __init__(self, bundle: Bundle, start: int, stop: int) -> None:
        self.bundle, self.start, self.stop = bundle, start, stop

    def __len__(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[Delivery]:
        return iter(self.bundle.made(self.start, self.stop))

    @property
    def first(self) -> int:
        """Tag of its first message."""
        return self.bundle.first + self.start

    @property
    def last(self) -> int:
        """Tag of its last message."""
        return self.bundle.first + self.stop - 1


Part = Share | list[Delivery]


class Batch(Sequence[Delivery]):
    """What :meth:`Consumer.receive_many` took: a sequence of deliveries, which are made when they are looked at.

    Examples
    --------
    >>> from mqlab import Broker
    >>> channel = Broker().connect().channel()
    >>> channel.declare_queue("orders")
    'orders'
    >>> consumer = channel.consume("orders", prefetch=100)
    >>> channel.publish_many(range(100), "orders")
    >>> batch = consumer.receive_many(100)
    >>> len(batch), sum(batch.bodies), batch[7].tag
    (100, 4950, 8)
    >>> batch[7].nack()
    >>> batch.ack()
    >>> channel.stats("orders").acked, consumer.receive().body
    (99, 7)
    """

    __slots__ = ("_channel", "_length", "_made", "_parts")

    def __init__(self, channel: Channel, parts: list[Part], length: int) -> None:
        self._channel, self._parts, self._length = channel, parts, length
        self._made: list[Delivery] | None = None

    @property
    def bodies(self) -> list[Any]:
        """The bodies of its messages."""
        found: list[Any] = []
        for part in self._parts:
            if isinstance(part, Share):
                found += part.bundle.bodies[part.start : part.stop]
            else:
                found += [delivery.body for delivery in part]
        return found

    def ack(self) -> None:
        """Acknowledge those of the batch that are unsettled.

        Raises
        ------
        UnknownDelivery
            None is.
        """
        self._channel.settle_batch(self._parts, "ack")

    def nack(self, requeue: bool = True) -> None:
        """Give back those of the batch that are unsettled; without ``requeue`` they die."""
        how: Literal["requeue", "discard"] = "requeue" if requeue else "discard"
        self._channel.settle_batch(self._parts, how)

    def _all(self) -> list[Delivery]:
        if self._made is None:
            self._made = [delivery for part in self._parts for delivery in part]
        return self._made

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Delivery]:
        return iter(self._all())

    @overload
    def __getitem__(self, index: int) -> Delivery: ...
    @overload
    def __getitem__(self, index: slice) -> list[Delivery]: ...
    def __getitem__(self, index: int | slice) -> Delivery | list[Delivery]:
        if index == -1 and self._made is None:  # whoever acknowledges the last, and with it all, makes only this one
            part = self._parts[-1]
            return part.bundle.made(part.stop - 1, part.stop)[0] if isinstance(part, Share) else part[-1]
        return self._all()[index]

    def __repr__(self) -> str:
        return f"Batch({self._all()!r})"
