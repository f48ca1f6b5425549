"""The flash sale that :mod:`tests.support.synthetic` plays: who takes part, and the model."""

from __future__ import annotations

from mqlab.model import (
    Arrivals,
    Backoff,
    Confirm,
    Connection,
    ConsumerGroup,
    Destination,
    Disk,
    Distribution,
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
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Entity

MS = 1_000_000
S = 1_000 * MS
BUYERS, STOCK, PREFETCH = 40, 4, 20
BROKER, ORDERS, FIRST_BUYER = 0, 1, 2
FIRST_STOCK = FIRST_BUYER + BUYERS
AT_QUEUE = frozenset(
    kind for kind in Kind if Kind.ENQUEUED <= kind <= Kind.DROPPED and kind != Kind.CONFIRM_SENT
)
ENTITIES = (
    Entity("broker", "node", "broker"),
    Entity("orders", "queue", "orders"),
    *(Entity(f"buyers[{i}]", "producer", "buyers") for i in range(BUYERS)),
    *(Entity(f"stock[{i}]", "consumer", "stock") for i in range(STOCK)),
)


def flash_model(duration_ns: int = 30 * S, drain_ns: int = 10 * S, max_length: int = 2_000) -> Model:
    """The scenario that :func:`flash_sale` plays."""
    way = LinkSide(Distribution("exponential", (float(MS),)), loss=0.001)
    connection = Connection(heartbeat_ns=60 * S, reconnect_ns=S)
    disk = Disk(Distribution("constant", (2.0 * MS,)), 0.0, 3 * MS)
    buyers = ProducerGroup(
        "buyers",
        BUYERS,
        Arrivals("ramp", 200.0, 1_200.0, 10 * S, stop_ns=duration_ns),
        Message(1024, Keys("zipf", 500, 1.1), True),
        Destination("", (("orders", 1.0),)),
        Confirm(100, S),
        Retry(4, Backoff(200 * MS, 2.0, 2 * S, "full")),
        Link(way, way),
        connection,
        "broker",
    )
    stock = ConsumerGroup(
        "stock",
        "orders",
        STOCK,
        PREFETCH,
        "manual",
        Distribution("lognormal", (4.0 * MS, 1.0)),
        Link(way, way),
        connection,
        S,
    )
    return Model(
        "flash-sale",
        "rabbitmq",
        7,
        duration_ns,
        drain_ns,
        S,
        (Node("broker", 20_000, 20_000, disk),),
        (),
        (Queue("orders", "broker", True, max_length, "reject-publish"),),
        (),
        (buyers,),
        (stock,),
        (Fault(duration_ns // 3, "crash", "broker", duration_ns // 12),),
    )
