"""Tiny models, and a run of one: everything is instant, exact and quiet unless a test says otherwise.

A test names only what it is about: ``tiny(producers=[producer(times=3)], queues=[queue(max_length=1)])``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mqlab import engines
from mqlab.model import (
    Arrivals,
    Backoff,
    Binding,
    Connection,
    ConsumerGroup,
    Destination,
    Disk,
    Distribution,
    Exchange,
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
from mqlab.trace.schema import FATE, Level, Trace

US = 1_000
MS = 1_000_000
S = 1_000_000_000
AT_ONCE = Distribution("constant", (0.0,))
ONE_TRY = Retry(1, Backoff(0, 1.0, 0, "none"))


def takes(ns: float) -> Distribution:
    """A duration that is always the same."""
    return Distribution("constant", (float(ns),))


def wire(latency_ns: float = 0, *, loss: float = 0.0, duplicate: float = 0.0, ordered: bool = True) -> Link:
    """A link that is the same both ways."""
    side = LinkSide(takes(latency_ns), loss, duplicate)
    return Link(side, side, ordered)


def one_way(up: LinkSide | None = None, down: LinkSide | None = None, *, ordered: bool = True) -> Link:
    """A link whose two directions differ; a side that is not given is instant."""
    return Link(up or LinkSide(AT_ONCE), down or LinkSide(AT_ONCE), ordered)


def every(ns: int, times: int = -1, *, start_ns: int = 0) -> Arrivals:
    """One message each ``ns``, the first at ``start_ns``."""
    return Arrivals("constant", rate_per_s=1e9 / ns, start_ns=start_ns, messages_max=times)


def retries(
    attempts: int, pause_ns: int = 10 * MS, *, factor: float = 1.0, max_ns: int = S, jitter: str = "none"
) -> Retry:
    """So many tries, with a pause between them."""
    return Retry(attempts, Backoff(pause_ns, factor, max_ns, jitter))  # type: ignore[arg-type]


def producer(name: str = "p", **fields: Any) -> ProducerGroup:
    """One producer that sends one transient message a millisecond to queue ``q``, without confirms."""
    settings: dict[str, Any] = {
        "count": 1,
        "arrivals": every(MS),
        "message": Message(100, Keys(), False),
        "destination": Destination("", (("q", 1.0),)),
        "confirm": None,
        "retry": ONE_TRY,
        "link": wire(),
        "connection": Connection(0, 5 * MS),
        "node": "broker",
    } | fields
    return ProducerGroup(name, **settings)


def consumer(name: str = "c", **fields: Any) -> ConsumerGroup:
    """One consumer of queue ``q`` that works a tenth of a millisecond on each message and acknowledges it."""
    settings: dict[str, Any] = {
        "queue": "q",
        "count": 1,
        "prefetch": 1,
        "ack": "manual",
        "service": takes(100 * US),
        "link": wire(),
        "connection": Connection(0, 5 * MS),
        "restart_ns": 10 * MS,
    } | fields
    return ConsumerGroup(name, **settings)


def queue(name: str = "q", **fields: Any) -> Queue:
    """A transient queue without a limit."""
    return Queue(name, fields.pop("node", "broker"), fields.pop("durable", False), **fields)


def node(name: str = "broker", *, publish_ns: int = 0, deliver_ns: int = 0, fsync_ns: float = 0,
         group_commit_ns: int = 0, bandwidth: float = 0.0) -> Node:  # fmt: skip
    """A broker that takes no time unless told to."""
    return Node(name, publish_ns, deliver_ns, Disk(takes(fsync_ns), bandwidth, group_commit_ns))


def tiny(
    *,
    producers: Sequence[ProducerGroup] | None = None,
    queues: Sequence[Queue] | None = None,
    consumers: Sequence[ConsumerGroup] | None = None,
    nodes: Sequence[Node] | None = None,
    exchanges: Sequence[Exchange] = (),
    bindings: Sequence[Binding] = (),
    faults: Sequence[Fault] = (),
    duration_ns: int = 10 * MS,
    drain_ns: int = 990 * MS,
    warmup_ns: int = 0,
    seed: int = 1,
) -> Model:
    """Ten milliseconds of work and almost a second to finish it."""
    return Model(
        "tiny", "rabbitmq", seed, duration_ns, drain_ns, warmup_ns,
        tuple([node()] if nodes is None else nodes),
        tuple(exchanges),
        tuple([queue()] if queues is None else queues),
        tuple(bindings),
        tuple([producer()] if producers is None else producers),
        tuple([consumer()] if consumers is None else consumers),
        tuple(faults),
    )  # fmt: skip


def play(model: Model, *, level: Level = "events", **options: Any) -> Trace:
    """Simulate a model."""
    return engines.get("sim").run(model, level=level, **options)


def event_rows(trace: Trace) -> NDArray[np.void]:
    """All events, as they happened."""
    assert trace.events is not None
    return trace.events.between(-1, trace.duration_ns + 1)


def fate_rows(trace: Trace) -> NDArray[np.void]:
    """All fates, by message and copy."""
    assert trace.fates is not None
    rows = np.zeros(len(trace.fates), FATE)
    for name in FATE.names or ():  # a row source gives columns
        rows[name] = trace.fates.column(name)
    return rows[np.lexsort((rows["copy"], rows["message"]))]


def kinds(trace: Trace, *only: Kind, message: int | None = None) -> list[Kind]:
    """What happened, in order; ``only`` these kinds, or all; of one message, or of all."""
    return [kind for _, kind in timeline(trace, *only, message=message)]


def timeline(trace: Trace, *only: Kind, message: int | None = None) -> list[tuple[int, Kind]]:
    """What happened and when."""
    rows = event_rows(trace)
    chosen = [(int(row["time_ns"]), Kind(int(row["kind"]))) for row in rows
              if message is None or row["message"] == message]  # fmt: skip
    return [(time, kind) for time, kind in chosen if not only or kind in only]


def times(trace: Trace, kind: Kind, message: int | None = None) -> list[int]:
    """When something happened."""
    return [time for time, _ in timeline(trace, kind, message=message)]


def of_kind(trace: Trace, kind: Kind) -> NDArray[np.void]:
    """Event rows of one kind."""
    rows = event_rows(trace)
    return rows[rows["kind"] == kind]


def endings(trace: Trace) -> dict[str, int]:
    """Fates that occurred, and how often."""
    return {label: n for label, n in trace.counters.fates.items() if n}


def actors(trace: Trace, kind: Kind) -> list[str]:
    """Who did it, in order."""
    return [trace.entities[int(row["actor"])].name for row in of_kind(trace, kind)]


__all__ = [name for name in dir() if not name.startswith("_")]
