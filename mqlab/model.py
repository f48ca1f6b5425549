"""The model: a scenario resolved against its system. Frozen, no defaults left open, no I/O.

An engine gets one of these and nothing else. All times are int64 nanoseconds, sizes are bytes, rates are per
second; names end in their unit. Collections are tuples in the order in which the scenario names them, and
everything refers to everything else by name, so a model can be printed, compared and hashed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "Arrivals", "Backoff", "Binding", "Confirm", "Connection", "ConsumerGroup", "Contention", "Destination",
    "Disk", "Distribution", "Exceptions", "Exchange", "Fault", "Keys", "Link", "LinkSide", "Message", "Model",
    "Node", "ProducerGroup", "Queue", "Retry", "entity_name",
]

DistributionKind = Literal[
    "constant", "uniform", "exponential", "erlang", "lognormal", "hyperexponential", "serial", "parallel"
]


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution of durations in nanoseconds.

    ``params`` by kind: constant (value_ns) · uniform (low_ns, high_ns) · exponential (mean_ns) ·
    erlang (k, mean_ns) · lognormal (mean_ns, cv) · hyperexponential (p, mean1_ns, mean2_ns: with probability
    p the first) · serial () and parallel (): the sum and the maximum of ``parts``.
    """

    kind: DistributionKind
    params: tuple[float, ...] = ()
    parts: tuple[Distribution, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When the messages of one producer *group* are created.

    Open: poisson (rate_per_s) · constant (rate_per_s: message i of the group at round(i·1e9/rate)) ·
    ramp (from rate_per_s linearly to to_rate_per_s within over_ns, then constant; Poisson).
    Closed loop: closed (each producer creates its next message ``think`` after the last one was settled:
    confirmed, refused or given up; without confirms, sent).
    by_hand: created only by a hand-written process through ``world.publish``.
    Rates are those of the whole group.
    """

    kind: Literal["poisson", "constant", "ramp", "closed", "by_hand"]
    rate_per_s: float = 0.0
    to_rate_per_s: float = 0.0
    over_ns: int = 0
    think: Distribution | None = None
    start_ns: int = 0
    stop_ns: int = 0
    """No message is created at or after this time (the scenario's duration unless it says less)."""
    messages_max: int = -1
    """At most this many messages in the whole group; -1 means no limit. Member m of n gets its fair share."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Business keys of messages: none (every key is 0) · sequence (seq mod keys) · uniform · zipf (exponent s).

    Keys are integers 0 … keys-1.
    """

    kind: Literal["none", "sequence", "uniform", "zipf"] = "none"
    keys: int = 1
    s: float = 1.0


@dataclass(frozen=True, slots=True)
class Message:
    """What a producer group's messages look like."""

    size_bytes: int
    keys: Keys
    persistent: bool


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a producer group publishes to.

    ``routing_keys`` are (key, weight) pairs, weights adding up to 1: each message draws one.
    The default exchange is "".
    """

    exchange: str
    routing_keys: tuple[tuple[str, float], ...]


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
class LinkSide:
    """One direction of a link. ``loss`` and ``duplicate`` are probabilities per packet."""

    latency: Distribution
    loss: float = 0.0
    duplicate: float = 0.0


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
    ended tries to connect again every ``reconnect_ns``.
    """

    heartbeat_ns: int
    reconnect_ns: int


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


@dataclass(frozen=True, slots=True)
class Exchange:
    """An exchange; the default exchange "" is always there (type direct, every queue bound by its own name)."""

    name: str
    kind: Literal["direct", "fanout"]
    durable: bool = True


@dataclass(frozen=True, slots=True)
class Binding:
    """Messages that ``exchange`` matches against ``key`` go to ``queue``."""

    exchange: str
    queue: str
    key: str


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue. ``max_length`` counts ready messages, -1 means unbounded.

    ``overflow``: drop-head (the oldest ready message is dropped) · reject-publish (the newest is refused, the
    producer is told no if it asked for confirms) · drop-newest (the newest is dropped silently, as a
    full UDP buffer would).
    """

    name: str
    node: str
    durable: bool
    max_length: int = -1
    overflow: Literal["drop-head", "reject-publish", "drop-newest"] = "drop-head"


@dataclass(frozen=True, slots=True)
class Exceptions:
    """What a consumer's handler does when it fails.

    It fails with ``probability``, drawn anew at each delivery or once for each message (a poison message).
    ``then``: crash (not caught: the process dies and is restarted) · requeue (nack, back to the queue) · reject
    (refused for good) · hold (caught, but neither ack nor nack).
    """

    probability: float
    per: Literal["delivery", "message"]
    then: Literal["crash", "requeue", "reject", "hold"]


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
    """The handler looks up the business id before it acts (atomically, shared by the whole group)."""
    contention: Contention = field(default_factory=Contention)


@dataclass(frozen=True, slots=True)
class Disk:
    """A broker's disk: one flush at a time.

    A flush starts ``group_commit_ns`` after the first waiting write (at once if a flush has just ended and
    more has come) and covers all that waits by then; it takes ``fsync`` + bytes / ``bandwidth_bytes_per_s``
    (0: unlimited).
    """

    fsync: Distribution
    bandwidth_bytes_per_s: float
    group_commit_ns: int


@dataclass(frozen=True, slots=True)
class Node:
    """A broker. Its CPU serves one thing at a time: ``publish_ns`` a message in, ``deliver_ns`` a message out."""

    name: str
    publish_ns: int
    deliver_ns: int
    disk: Disk


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong at ``at_ns`` and lasts ``for_ns`` (0: at once over; -1: to the end).

    ``kind``: crash (a process dies; connections reset at once) · power_loss (a node is silent, what was not
    synced is gone) · reset (connections break) · silence (packets vanish both ways, nobody is told).
    ``target`` is a node, a group, or one member such as ``stock[2]``.
    """

    at_ns: int
    kind: Literal["crash", "power_loss", "reset", "silence"]
    target: str
    for_ns: int


@dataclass(frozen=True, slots=True)
class Model:
    """Everything an engine needs, and nothing else."""

    name: str
    system: str
    seed: int
    duration_ns: int
    """Producers stop here."""
    drain_ns: int
    """Consumers go on this much longer; the run ends at duration_ns + drain_ns."""
    warmup_ns: int
    """Measures ignore messages created before, and time-weighted means start here."""
    nodes: tuple[Node, ...]
    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]
    producers: tuple[ProducerGroup, ...]
    consumers: tuple[ConsumerGroup, ...]
    faults: tuple[Fault, ...] = ()

    @property
    def end_ns(self) -> int:
        """When the run ends."""
        return self.duration_ns + self.drain_ns


def entity_name(group: str, member: int, count: int) -> str:
    """Name one member of a group: the group's own name if it is alone.

    Examples
    --------
    >>> entity_name("stock", 2, 4), entity_name("stock", 0, 1)
    ('stock[2]', 'stock')
    """
    return group if count == 1 else f"{group}[{member}]"
