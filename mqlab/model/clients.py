"""Producers and consumers: what they send or do, and how they are connected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mqlab.model.consuming import Acks, Inventory, Recall, Scale
from mqlab.model.ledger import Subscribing
from mqlab.model.log import Batching, Polling
from mqlab.model.requests import ExpectsRecord, Record, Reply, Request
from mqlab.model.shapes import Arrivals, Distribution, Keys

__all__ = [
    "Backoff",
    "Buffer",
    "Bursts",
    "Confirm",
    "Connection",
    "ConsumerGroup",
    "Contention",
    "Destination",
    "Exceptions",
    "Link",
    "LinkSide",
    "Message",
    "ProducerGroup",
    "Retry",
    "Transactions",
    "entity_name",
]


@dataclass(frozen=True, slots=True)
class Message:
    """What a producer group's messages look like.

    With ``sizes`` each message draws its own, and ``size_bytes`` is about their mean.
    """

    size_bytes: int
    keys: Keys
    persistent: bool
    sizes: Distribution | None = None
    ttl_ns: int = -1
    """How long each may stand in a queue; -1: as long as it must."""
    priorities: tuple[tuple[int, float], ...] = ()
    """(Priority, weight) pairs, weights adding up to 1: each message draws one. None: 0."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a producer group publishes to.

    ``routing_keys`` are (key, weight) pairs, weights adding up to 1: each message draws one; so are ``headers``
    (pairs of name and value), where there are any. The default exchange is "". ``mandatory``: the producer is
    told (basic.return) when no queue is found. With ``by_key`` nothing is drawn: a message with business key k takes
    routing key number k.
    """

    exchange: str
    routing_keys: tuple[tuple[str, float], ...]
    headers: tuple[tuple[tuple[tuple[str, str], ...], float], ...] = ()
    mandatory: bool = False
    by_key: bool = False

    @property
    def ways(self) -> tuple[tuple[str, tuple[tuple[str, str], ...], float], ...]:
        """Every combination of a routing key and headers, with its weight.

        Examples
        --------
        >>> Destination("x", (("a", 0.5), ("b", 0.5)), (((("format", "pdf"),), 1.0),)).ways
        (('a', (('format', 'pdf'),), 0.5), ('b', (('format', 'pdf'),), 0.5))
        """
        carried = self.headers or (((), 1.0),)
        return tuple((key, given, weight * w) for key, weight in self.routing_keys for given, w in carried)


@dataclass(frozen=True, slots=True)
class Confirm:
    """Publisher confirms. ``max_in_flight`` 0 means unlimited; ``timeout_ns`` 0 means: wait for ever.

    ``when``: stored (RabbitMQ: all queues took it, on disk where persistent and durable) or processed (a
    synchronous call: the reply comes after the work).
    """

    max_in_flight: int
    timeout_ns: int
    when: Literal["stored", "processed"] = "stored"


@dataclass(frozen=True, slots=True)
class Buffer:
    """What a producer keeps that cannot leave yet: no connection, or too many unconfirmed.

    When there are ``max_messages``, a new one: block (waits, and with it the producer's thread and all that comes
    later) · drop-newest (is dropped) · drop-oldest (drops the oldest that was never sent) · fail (its publish
    fails, and is tried again as ``retry`` says). What is sent again always has its place, before what is new.
    """

    max_messages: int
    when_full: Literal["block", "drop-newest", "drop-oldest", "fail"]


@dataclass(frozen=True, slots=True)
class Transactions:
    """A channel in transaction mode: ``size`` publishes, then tx.commit and no publish before its answer.

    A transaction that is not full is committed ``after_ns`` after its first publish. With probability ``rollback`` the
    producer rolls it back instead.
    """

    size: int
    after_ns: int
    rollback: float = 0.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """The pause before try number n+1: first·factor^(n-1), at most max; jitter full = uniform(0, pause)."""

    first_ns: int
    factor: float
    max_ns: int
    jitter: Literal["none", "full", "equal"]


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a producer tries; ``attempts`` counts the first try, so 1 means: never again."""

    attempts: int
    backoff: Backoff


@dataclass(frozen=True, slots=True)
class Bursts:
    """Loss in bursts (Gilbert and Elliott): ``p`` from good to bad and ``r`` back, per packet.

    A packet is lost with probability ``good`` or ``bad``, by the state it finds after its own step. So of all packets
    (p·bad + r·good)/(p+r) are lost, and a bad run is 1/r packets long on average.
    """

    p: float
    r: float
    good: float = 0.0
    bad: float = 1.0

    @property
    def rate(self) -> float:
        """The share of packets that is lost in the long run."""
        return (self.p * self.bad + self.r * self.good) / (self.p + self.r)


@dataclass(frozen=True, slots=True)
class LinkSide:
    """One direction of a link.

    ``loss`` and ``duplicate`` are probabilities per packet, independent of each other; ``bursts`` come on top.
    ``bandwidth_bytes_per_s`` (0: unlimited) is that of each connection: a packet leaves when the one before it has
    left, then travels in parallel.
    """

    latency: Distribution
    loss: float = 0.0
    duplicate: float = 0.0
    bandwidth_bytes_per_s: float = 0.0
    bursts: Bursts | None = None

    @property
    def loses(self) -> bool:
        """Whether it may lose packets."""
        return self.loss > 0 or (self.bursts is not None and self.bursts.rate > 0)


@dataclass(frozen=True, slots=True)
class Link:
    """The way between a client and the broker: ``up`` towards the broker, ``down`` away from it.

    ``ordered`` (as TCP): a packet never overtakes an earlier one of the same connection and direction.
    """

    up: LinkSide
    down: LinkSide
    ordered: bool = True


@dataclass(frozen=True, slots=True)
class Connection:
    """A client's connection.

    Either side takes the other for dead after ``heartbeat_ns`` of silence (0: never); a client whose connection
    ended tries to connect again every ``reconnect_ns``, or with the pauses of ``backoff``, counted from its last
    connection. Opening one takes ``round_trips`` over the link before anything else can be said.
    """

    heartbeat_ns: int
    reconnect_ns: int
    backoff: Backoff | None = None
    round_trips: int = 0
    nodes: tuple[str, ...] = ()
    """Nodes it may connect to, each in its turn; (): only the one that its producer names or its queue lives on."""


@dataclass(frozen=True, slots=True)
class ProducerGroup:
    """``count`` producers alike, named NAME or NAME[0] … NAME[count-1] (see :func:`entity_name`)."""

    name: str
    count: int
    arrivals: Arrivals
    message: Message
    destination: Destination
    confirm: Confirm | None
    retry: Retry
    link: Link
    connection: Connection
    node: str
    prepare: Distribution | None = None
    """Time the producer's only thread is busy with a message before it is sent; None: no time at all."""
    vhost: str = "/"
    request: Request | None = None
    """Each message asks for a reply; None: nobody answers."""
    record: Record | None = None
    """The state of each message's task is written down where workers look it up; None: there is no such place."""
    buffer: Buffer | None = None
    """None: with confirms it keeps whatever comes, without them a publish fails where there is no connection."""
    transactions: Transactions | None = None
    batching: Batching | None = None
    """To a topic: how records are collected, sent and acknowledged. None: it publishes to queues."""

    @property
    def learns(self) -> bool:
        """Whether the broker tells it that a message is stored, by a confirm or by the answer to a commit."""
        return self.confirm is not None or self.transactions is not None


@dataclass(frozen=True, slots=True)
class Exceptions:
    """What a consumer's handler does when it fails.

    It fails with ``probability``, drawn anew at each delivery or once for each message (a poison message).
    ``then``: crash (not caught: the process dies and is restarted) · requeue (nack, back to the queue) · reject
    (refused for good) · hold (caught, but neither ack nor nack). Where groups subscribe: nack (asked for again after a
    while) · reconsume_later (sent to the retry topic) · hold. ``only`` messages with these numbers fail (empty:
    any), and only at their first ``times`` deliveries (0: at any).
    """

    probability: float
    per: Literal["delivery", "message"]
    then: Literal["crash", "requeue", "reject", "hold", "nack", "reconsume_later"]
    only: tuple[int, ...] = ()
    times: int = 0


@dataclass(frozen=True, slots=True)
class Contention:
    """Work slows down when ``n`` members of the group are busy: × (1 + alpha·(n-1) + beta·n·(n-1)).

    Neil Gunther's universal scalability law; (0, 0) means none.
    """

    alpha: float = 0.0
    beta: float = 0.0


@dataclass(frozen=True, slots=True)
class ConsumerGroup:
    """``count`` consumers alike on one queue. ``prefetch`` 0 means unlimited."""

    name: str
    queue: str
    count: int
    prefetch: int
    ack: Literal["auto", "manual"]
    service: Distribution | None
    """None: by hand, served by a hand-written process through ``world.receive``."""
    link: Link
    connection: Connection
    restart_ns: int
    """How long a consumer that died of an exception takes to come back."""
    exceptions: Exceptions | None = None
    deduplicate: bool = False
    """The handler looks up the business id before it acts (shared by the whole group; see ``recall``)."""
    contention: Contention = field(default_factory=Contention)
    vhost: str = "/"
    recall: Recall = field(default_factory=Recall)
    pull_ns: int = 0
    """Above 0: it asks for each message, and waits so long when there is none. 0: the broker pushes."""
    channel: int = -1
    """-1: each member has a channel of its own. Else all share one channel, and may have so many deliveries
    unacknowledged together (0: unlimited)."""
    acks: Acks | None = None
    """None: each delivery is acknowledged by itself."""
    timeout_ns: int = 0
    """The broker closes the channel of who keeps a delivery for longer (0: never)."""
    timeout_check_ns: int = 60_000_000_000
    """How often it looks."""
    concurrency: int = 1
    """How many deliveries one member works on at once."""
    scale: tuple[Scale, ...] = ()
    """Empty: ``count`` members throughout. Else ``count`` is the most there ever are, and the first step is at 0."""
    inventory: Inventory | None = None
    reply: Reply | None = None
    """It answers requests; None: it only works."""
    expects_record: ExpectsRecord | None = None
    """It looks up the state of a task before it begins; None: it begins."""
    priority: int = 0
    """Of consumers with room for another delivery those with the highest are served first."""
    exclusive: bool = False
    """The only consumer of its queue: the broker refuses any other."""
    subscribing: Subscribing | None = None
    """Of a topic whose entries bookies keep: how it subscribes. None: it does not."""
    polling: Polling | None = None
    """Of a topic (then ``queue`` is its name): how it polls and commits. None: it consumes from a queue."""

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that it reads; none if it consumes from a queue."""
        return () if self.polling is None else self.polling.topics or (self.queue,)


def entity_name(group: str, member: int, count: int) -> str:
    """Name one member of a group: the group's own name if it is alone.

    Examples
    --------
    >>> entity_name("stock", 2, 4), entity_name("stock", 0, 1)
    ('stock[2]', 'stock')
    """
    return group if count == 1 else f"{group}[{member}]"
