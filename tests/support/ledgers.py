"""Tiny ledgers: two brokers, three bookies, a topic with one partition; everything instant and exact unless told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mqlab.model import Cluster, ConsumerGroup, Fault, Ledgers, Model, Node, ProducerGroup, Quorum, Subscribing, Topic
from tests.support import logs, models
from tests.support.models import MS, US, S, wire

BROKERS = ("a", "b")
BOOKIES = ("x", "y", "z")


def topic(name: str = "t", partitions: int = 1, quorum: tuple[int, int, int] = (3, 2, 2), **fields: Any) -> Topic:
    """A topic whose partitions are owned by one broker after the other."""
    homes = tuple((BROKERS[i % len(BROKERS)],) for i in range(partitions))
    return Topic(name, homes, quorum=Quorum(*quorum), **fields)


def sender(name: str = "p", **fields: Any) -> ProducerGroup:
    """A producer that sends each record at once, one a millisecond."""
    settings: dict[str, Any] = {"batch_bytes": 100, "max_in_flight": 1000, "request_timeout_ns": 2 * S}
    return logs.sender(name, **(settings | fields))


def reader(name: str = "r", *, of: str = "t", **fields: Any) -> ConsumerGroup:
    """A consumer that works a tenth of a millisecond on each record and acknowledges it at once."""
    how: dict[str, Any] = {
        "subscription": name, "kind": "exclusive", "ack_type": "individual", "receiver_queue": 100, "nack_ns": 20 * MS,
        "ack_timeout_ns": 0, "max_unacked": 50_000, "max_unacked_together": 200_000,
    }  # fmt: skip
    known = Subscribing.__slots__
    how |= {key: fields.pop(key) for key in list(fields) if key in known}
    settings: dict[str, Any] = {"queue": of, "link": wire(100 * US)}
    return models.consumer(name, subscribing=Subscribing(**how), **(settings | fields))


def nodes(fsync_ns: float = 0, network_ns: int = 200 * US) -> tuple[Node, ...]:
    """Nodes that take no time, and lie apart."""
    return tuple(replace(models.node(name, fsync_ns=fsync_ns), network_ns=network_ns) for name in BROKERS + BOOKIES)


def ledger(
    *,
    topics: Sequence[Topic] | None = None,
    producers: Sequence[ProducerGroup] | None = None,
    consumers: Sequence[ConsumerGroup] | None = None,
    faults: Sequence[Fault] = (),
    session_ns: int = 30 * MS,
    fsync_ns: float = 0,
    **fields: Any,
) -> Model:
    """Ten milliseconds of records and almost a second to finish them."""
    how: dict[str, Any] = {
        "bookies": BOOKIES, "journal_sync": True, "group_commit_ns": 0, "writeback_ns": 15 * MS,
        "bookie_timeout_ns": 40 * MS, "failover_ns": 10 * MS, "cursor_ns": 20 * MS, "cache_ns": 10 * MS,
    }  # fmt: skip
    how |= {key: fields.pop(key) for key in list(fields) if key in how}
    plain = models.tiny(
        nodes=nodes(fsync_ns), queues=[], producers=[sender()] if producers is None else producers,
        consumers=[reader()] if consumers is None else consumers, faults=faults, **fields,
    )  # fmt: skip
    return replace(
        plain, system="pulsar", topics=tuple([topic()] if topics is None else topics),
        cluster=Cluster(session_ns, S, 0), ledgers=Ledgers(**how),
    )  # fmt: skip


__all__ = ["BOOKIES", "BROKERS", "ledger", "nodes", "reader", "sender", "topic"]
