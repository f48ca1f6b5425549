"""Models for the oracles, built from the dataclasses so that a test says all there is."""

from __future__ import annotations

from collections.abc import Sequence

from mqlab.model import (
    Arrivals,
    Backoff,
    Confirm,
    Connection,
    ConsumerGroup,
    Destination,
    Disk,
    Distribution,
    Exceptions,
    Fault,
    Keys,
    Link,
    LinkSide,
    Message,
    Model,
    Node,
    ProducerGroup,
    Queue,
    Retry,
)

SECOND = 1_000_000_000
MILLISECOND = 1_000_000
QUEUE, PRODUCERS, CONSUMERS, BROKER = "line", "customers", "servers", "broker"

AT_ONCE = Distribution("constant", (0.0,))
WIRE_OF_NO_LENGTH = Link(LinkSide(AT_ONCE), LinkSide(AT_ONCE))
ONE_TRY = Retry(1, Backoff(0, 1.0, 0, "none"))


def exponential(mean_s: float) -> Distribution:
    """An exponential duration."""
    return Distribution("exponential", (mean_s * SECOND,))


def station(
    rate_per_s: float,
    service: Distribution,
    *,
    servers: int = 1,
    duration_s: float,
    warmup_s: float = 0.0,
    drain_s: float = 10.0,
    waiting_room: int = -1,
    overflow: str = "drop-head",
    confirm: Confirm | None = None,
    arrivals: Arrivals | None = None,
) -> Model:
    """One queue of the textbooks: only service takes time, ``servers`` consumers take one message each."""
    duration_ns = round(duration_s * SECOND)
    poisson = Arrivals("poisson", rate_per_s=rate_per_s, stop_ns=duration_ns)
    return broker_model(
        arrivals=arrivals or poisson,
        service=service,
        consumers=servers,
        prefetch=1,
        duration_ns=duration_ns,
        drain_ns=round(drain_s * SECOND),
        warmup_ns=round(warmup_s * SECOND),
        queue=Queue(QUEUE, BROKER, durable=False, max_length=waiting_room, overflow=overflow),  # type: ignore[arg-type]
        confirm=confirm,
    )


def broker_model(
    *,
    arrivals: Arrivals,
    service: Distribution,
    duration_ns: int,
    drain_ns: int,
    warmup_ns: int = 0,
    producers: int = 1,
    consumers: int = 1,
    prefetch: int = 1,
    ack: str = "manual",
    persistent: bool = False,
    queue: Queue | None = None,
    confirm: Confirm | None = None,
    retry: Retry = ONE_TRY,
    producer_link: Link = WIRE_OF_NO_LENGTH,
    consumer_link: Link = WIRE_OF_NO_LENGTH,
    connection: Connection | None = None,
    node: Node | None = None,
    exceptions: Exceptions | None = None,
    deduplicate: bool = False,
    faults: Sequence[Fault] = (),
) -> Model:
    """One producer group, one queue on one broker, one consumer group."""
    connection = connection or Connection(heartbeat_ns=0, reconnect_ns=100 * MILLISECOND)
    sender = ProducerGroup(
        PRODUCERS, producers, arrivals, Message(100, Keys(), persistent), Destination("", ((QUEUE, 1.0),)),
        confirm, retry, producer_link, connection, BROKER,
    )  # fmt: skip
    receiver = ConsumerGroup(
        CONSUMERS, QUEUE, consumers, prefetch, ack, service, consumer_link, connection,  # type: ignore[arg-type]
        restart_ns=SECOND, exceptions=exceptions, deduplicate=deduplicate,
    )  # fmt: skip
    return Model(
        name="oracle",
        system="rabbitmq",
        seed=1,
        duration_ns=duration_ns,
        drain_ns=drain_ns,
        warmup_ns=warmup_ns,
        nodes=(node or Node(BROKER, 0, 0, Disk(AT_ONCE, 0.0, 0)),),
        exchanges=(),
        queues=(queue or Queue(QUEUE, BROKER, durable=False),),
        bindings=(),
        producers=(sender,),
        consumers=(receiver,),
        faults=tuple(faults),
    )
