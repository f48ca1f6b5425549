"""What travels: properties a publisher gives, the envelope a message stands in, and the delivery a consumer gets.

A message is a pair (body, envelope), shared by all queues it stands in; a body is any Python object and is never
copied. All messages that are published the same way without properties share one envelope, so publishing makes a pair
and nothing else. What a queue has to remember of its own copy is in its line (:mod:`mqlab.broker.lines`).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mqlab.broker.consumers import Taker
    from mqlab.broker.lines import Place

__all__ = ["PLAIN", "Confirmation", "Death", "Delivery", "Envelope", "Message", "Properties", "Returned", "size_of",
           "weight_of"]  # fmt: skip

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Properties:
    """What a publisher may say of a message.

    Examples
    --------
    >>> Properties(priority=5, ttl_ns=2_000_000_000, headers={"format": "pdf"}).priority
    5
    """

    headers: Mapping[str, str] = field(default_factory=lambda: _NONE)
    priority: int = 0
    ttl_ns: int | None = None
    """How long it may stand in a queue; None: as long as the queue says."""
    persistent: bool = False
    reply_to: str = ""
    """The queue in which an answer is awaited."""
    correlation_id: str = ""
    message_id: str = ""
    size_bytes: int | None = None
    """What it counts for in limits; None: the length of a text or bytes, else what Python says of the object."""

    def __post_init__(self) -> None:
        if self.priority < 0:
            raise ValueError(f"priority is {self.priority}; give 0 to 255")
        if self.ttl_ns is not None and self.ttl_ns < 0:
            raise ValueError(f"ttl_ns is {self.ttl_ns}; give 0 (now or never) or more, or None for no limit")


PLAIN = Properties()
"""The properties of a message whose publisher said nothing."""


class Death(NamedTuple):
    """That a message died in a queue: how often there for this reason, and under which exchange and key it had come."""

    queue: str
    reason: str
    """rejected, expired, maxlen or delivery_limit: RabbitMQ's words."""
    times: int
    exchange: str
    routing_key: str
    time_ns: int


class Envelope:
    """What messages published the same way have in common."""

    __slots__ = ("deaths", "exchange", "properties", "routing_key")

    def __init__(
        self, exchange: str, routing_key: str, properties: Properties = PLAIN, deaths: tuple[Death, ...] = ()
    ) -> None:
        self.exchange, self.routing_key, self.properties, self.deaths = exchange, routing_key, properties, deaths


Message = tuple[Any, Envelope]


def size_of(message: Message) -> int:
    """Say what a message counts for in limits of bytes.

    Examples
    --------
    >>> size_of((b"four", Envelope("", "q"))), size_of((None, Envelope("", "q", Properties(size_bytes=7))))
    (4, 7)
    """
    body, envelope = message
    given = envelope.properties.size_bytes
    return weight_of(body) if given is None else given


def weight_of(body: Any) -> int:
    """Say what a body counts for in limits of bytes, unless its publisher says otherwise.

    Examples
    --------
    >>> weight_of("four"), weight_of(memoryview(b"eight...")), weight_of(object()) > 0
    (4, 8, True)
    """
    if isinstance(body, bytes | bytearray | str):
        return len(body)
    return body.nbytes if isinstance(body, memoryview) else sys.getsizeof(body)


class Delivery(NamedTuple):
    """A message in a consumer's hands, until it is settled: acknowledged, or given back.

    It can't be changed. Who keeps one that went back to its queue meanwhile can do no harm with it: its tag is void.
    """

    body: Any
    tag: int
    """Its number on this channel, from 1."""
    envelope: Envelope
    taker: Taker
    place: int | Place
    returns: int
    """How often it came back before."""

    @property
    def redelivered(self) -> bool:
        """Whether it was delivered before."""
        return self.returns > 0

    @property
    def exchange(self) -> str:
        """The exchange it was published to."""
        return self.envelope.exchange

    @property
    def routing_key(self) -> str:
        """The key it was published under."""
        return self.envelope.routing_key

    @property
    def properties(self) -> Properties:
        """What its publisher said of it."""
        return self.envelope.properties

    @property
    def deaths(self) -> tuple[Death, ...]:
        """Where it died before, the latest first."""
        return self.envelope.deaths

    @property
    def queue(self) -> str:
        """The queue it comes from."""
        return self.taker.queue.name

    def ack(self, multiple: bool = False) -> None:
        """Say that it is done, or that everything up to it on this channel is."""
        self.taker.channel.ack(self.tag, multiple)

    def nack(self, multiple: bool = False, requeue: bool = True) -> None:
        """Give it back, to its place in the queue; without ``requeue`` it dies."""
        self.taker.channel.nack(self.tag, multiple, requeue)

    def extend(self, timeout_s: float) -> None:
        """Hold it for so long from now on, where its queue has a visibility time-out."""
        self.taker.channel.extend(self.tag, timeout_s)

    def reject(self, requeue: bool = False) -> None:
        """Refuse it: it dies, and is a dead letter if its queue has an exchange for them."""
        self.taker.channel.nack(self.tag, False, requeue)

    def __repr__(self) -> str:
        again = f", returns={self.returns}" if self.returns else ""
        return f"Delivery({self.body!r}, tag={self.tag}, queue={self.queue!r}{again})"


# No two deliveries are equal. All six comparisons are object's, so that comparing stays a step of the interpreter,
# and with it taking a batch out of an inbox; a NamedTuple cannot say so in its body.
for _name in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__"):
    setattr(Delivery, _name, getattr(object, _name))


class Returned(NamedTuple):
    """A mandatory message that reached no queue."""

    body: Any
    envelope: Envelope


class Confirmation(NamedTuple):
    """What became of the publishes numbered ``first`` to ``last``: taken by all their queues, or refused by one."""

    first: int
    last: int
    taken: bool
