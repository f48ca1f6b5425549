"""Tiny logs: three nodes, one topic with one partition, everything instant and exact unless a test says otherwise."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mqlab.model import (
    Batching,
    Cluster,
    Confirm,
    ConsumerGroup,
    Fault,
    Link,
    Model,
    Node,
    Polling,
    ProducerGroup,
    Topic,
)
from tests.support import models
from tests.support.models import MS, US, S, retries, takes, wire

NODES = ("a", "b", "c")


def topic(name: str = "t", partitions: int = 1, replicas: int = 3, **fields: Any) -> Topic:
    """A topic whose partitions begin at one node after the other."""
    homes = tuple(tuple(NODES[(i + j) % len(NODES)] for j in range(replicas)) for i in range(partitions))
    return Topic(name, homes, **fields)


def sender(name: str = "p", *, to: str = "t", **fields: Any) -> ProducerGroup:
    """A producer that sends each record at once, one a millisecond, acks=all; fields of batching may be named too."""
    batching: dict[str, Any] = {
        "topic": to, "linger_ns": 0, "batch_bytes": 1000, "acks": "all", "idempotent": True, "max_in_flight": 5,
        "request_timeout_ns": 50 * MS, "delivery_ns": 2 * S, "retry_ns": 10 * MS,
    }  # fmt: skip
    batching |= {each.name: fields.pop(each.name) for each in dataclasses.fields(Batching) if each.name in fields}
    confirm = None if batching["acks"] == "0" else Confirm(0, batching["request_timeout_ns"])
    settings: dict[str, Any] = {"retry": retries(1_000_000), "confirm": confirm, "link": wire(100 * US), "node": "a"}
    return models.producer(name, batching=Batching(**batching), **(settings | fields))


def reader(name: str = "r", *, of: str = "t", **fields: Any) -> ConsumerGroup:
    """A consumer that works a tenth of a millisecond on each record and commits after each poll."""
    polling: dict[str, Any] = {
        "commit": "after", "interval_ns": 20 * MS, "max_records": 10, "fetch_bytes": 100_000, "session_ns": 20 * MS,
        "heartbeat_ns": 5 * MS, "poll_limit_ns": 5 * S,
    }  # fmt: skip
    known = {field.name for field in dataclasses.fields(Polling)}
    polling |= {key: fields.pop(key) for key in list(fields) if key in known}
    settings: dict[str, Any] = {"queue": of, "link": wire(100 * US)}
    return models.consumer(name, polling=Polling(**polling), **(settings | fields))


def lossy(loss: float) -> Link:
    """A link that loses so many packets in either direction."""
    plain = wire(100 * US)
    return replace(plain, up=replace(plain.up, loss=loss), down=replace(plain.down, loss=loss))


def nodes(names: Sequence[str] = NODES, network_ns: int = 200 * US) -> tuple[Node, ...]:
    """Nodes that take no time, and lie apart."""
    return tuple(replace(models.node(name), network_ns=network_ns) for name in names)


def log(
    *,
    topics: Sequence[Topic] | None = None,
    producers: Sequence[ProducerGroup] | None = None,
    consumers: Sequence[ConsumerGroup] | None = None,
    faults: Sequence[Fault] = (),
    session_ns: int = 30 * MS,
    lag_max_ns: int = 100 * MS,
    writeback_ns: int = 0,
    rebalance_delay_ns: int = 15 * MS,
    **fields: Any,
) -> Model:
    """Ten milliseconds of records and almost a second to finish them."""
    plain = models.tiny(
        nodes=nodes(), queues=[], producers=[sender()] if producers is None else producers,
        consumers=[reader()] if consumers is None else consumers, faults=faults, **fields,
    )  # fmt: skip
    cluster = Cluster(session_ns, lag_max_ns, writeback_ns, rebalance_delay_ns=rebalance_delay_ns)
    return replace(plain, system="kafka", topics=tuple([topic()] if topics is None else topics), cluster=cluster)


__all__ = ["NODES", "log", "lossy", "nodes", "reader", "sender", "takes", "topic"]
