"""Small traces written by hand: rows as keyword arguments, counters derived from the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mqlab.checks import Evidence
from mqlab.measure.latency import BUCKETS, buckets_of
from mqlab.trace.fates import Cause, Fate, fate_label
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import EVENT, FATE, SERIES, STAGES, Counters, Entity, Level, QueueStats, Rows, Trace

MS = 1_000_000
S = 1_000 * MS

BROKER, ORDERS, AUDIT, BUYER_0, BUYER_1, STOCK_0, STOCK_1 = range(7)
ENTITIES = (
    Entity("broker", "node", "broker"),
    Entity("orders", "queue", "orders"),
    Entity("audit", "queue", "audit"),
    Entity("buyers[0]", "producer", "buyers"),
    Entity("buyers[1]", "producer", "buyers"),
    Entity("stock[0]", "consumer", "stock"),
    Entity("stock[1]", "consumer", "stock"),
)

NEVER = dict.fromkeys(
    ("sent_ns", "confirmed_ns", "enqueued_ns", "delivered_ns", "processed_ns", "processed_order"), -1
)

STAGE_ENDS = {
    "latency": ("created_ns", "processed_ns"),
    "created_sent": ("created_ns", "sent_ns"),
    "sent_confirmed": ("sent_ns", "confirmed_ns"),
    "created_confirmed": ("created_ns", "confirmed_ns"),
    "created_enqueued": ("created_ns", "enqueued_ns"),
    "enqueued_delivered": ("enqueued_ns", "delivered_ns"),
    "delivered_processed": ("delivered_ns", "processed_ns"),
    "request_reply": ("in_reply_to", "taken_for"),  # a reply's row does not say when its request was made: none
}


def fate_row(message: int = 0, **fields: Any) -> NDArray[np.void]:
    """One FATE row: a message of buyers[0], created at ``message`` ms, that got nowhere unless said."""
    row = np.zeros((), FATE)
    defaults = {
        "message": message, "sequence": message, "created_ns": message * MS, **NEVER, "ended_ns": 10 * S,
        "size_bytes": 100, "copy_of": -1, "producer": BUYER_0, "queue": ORDERS, "consumer": -1, "attempts": 1,
        "in_reply_to": -1, "taken_for": -1, "fate": Fate.IN_FLIGHT,
    }  # fmt: skip
    for name, value in (defaults | fields).items():
        row[name] = value
    return row


def processed(message: int = 0, order: int | None = None, **fields: Any) -> NDArray[np.void]:
    """One FATE row of a message that went the ordinary way, confirmed and processed once."""
    at = fields.get("created_ns", message * MS)
    order = message if order is None else order
    ordinary = {
        "sent_ns": at + 1, "enqueued_ns": at + 2, "confirmed_ns": at + 3, "delivered_ns": at + 4,
        "processed_ns": max(at, order * MS) + 5, "processed_order": order, "consumer": STOCK_0,
        "deliveries": 1, "processings": 1, "effects": 1, "fate": Fate.PROCESSED,
    }  # fmt: skip
    return fate_row(message, **(ordinary | fields))


def fates(rows: Iterable[NDArray[np.void]]) -> NDArray[np.void]:
    """FATE rows as one array."""
    return np.array(list(rows), FATE)


def evidence(*rows: NDArray[np.void], created: int | None = None, **facts: Any) -> Evidence:
    """What a check reads; by default as many messages were created as the rows have."""
    array = fates(rows)
    if created is None:
        created = len(set(array["message"].tolist()))
    return Evidence(Rows(array), created, **facts)


def event(time_ns: int, kind: Kind, message: int = 0, **fields: Any) -> NDArray[np.void]:
    """One EVENT row; world events want ``message=-1``."""
    row = np.zeros((), EVENT)
    defaults = {"time_ns": time_ns, "kind": kind, "message": message, "count": 1, "actor": -1, "queue": -1}
    for name, value in (defaults | fields).items():
        row[name] = value
    return row


def events(rows: Iterable[NDArray[np.void]]) -> NDArray[np.void]:
    """EVENT rows as one array."""
    return np.array(list(rows), EVENT)


def all_labels() -> list[str]:
    """Every fate, spelt."""
    plain = [fate_label(fate) for fate in Fate if fate != Fate.LOST]
    return plain + [fate_label(Fate.LOST, cause) for cause in Cause if cause != Cause.NONE]


def counters(
    fate_rows: NDArray[np.void],
    event_rows: NDArray[np.void] | None = None,
    *,
    queues: Mapping[str, QueueStats] | None = None,
    bin_ns: int = S,
    series: Mapping[str, Sequence[int]] | None = None,
) -> Counters:
    """Counters as an engine would have counted them."""
    labels = dict.fromkeys(all_labels(), 0)
    for row in fate_rows:
        labels[fate_label(int(row["fate"]), int(row["cause"]))] += 1
    histograms, moments = {}, {}
    for stage in STAGES:
        begin, end = STAGE_ENDS[stage]
        both = (fate_rows[begin] >= 0) & (fate_rows[end] >= 0)
        spans = fate_rows[end][both] - fate_rows[begin][both]
        histograms[stage] = np.bincount(buckets_of(spans), minlength=BUCKETS).astype(np.int64)
        bounds = (int(spans.min()), int(spans.max())) if len(spans) else (-1, -1)
        moments[stage] = (len(spans), float(spans.sum()), *bounds)
    _, first = np.unique(fate_rows["message"], return_index=True)
    heads = fate_rows[first]
    kinds = np.bincount(event_rows["kind"], minlength=256) if event_rows is not None else np.zeros(256, int)
    given = {name: np.array(values, np.int64) for name, values in (series or {}).items()}
    bins = max((len(values) for values in given.values()), default=0)
    return Counters(
        events_by_kind={kind.name.lower(): int(kinds[kind]) for kind in Kind},
        messages={
            "created": len(heads),
            "sent": int((heads["sent_ns"] >= 0).sum()),
            "confirmed": int((heads["confirmed_ns"] >= 0).sum()),
            "owed": len(fate_rows),
            "processed": labels["processed"],
        },
        fates=labels,
        histograms=histograms,
        moments=moments,
        bin_ns=bin_ns,
        series={name: given.get(name, np.zeros(bins, np.int64)) for name in SERIES},
        queues=queues or {"orders": QueueStats(1 / 3, 7, 0.1, 4, 3, 3, 3, 0)},
        utilisation={"broker.cpu": 0.1, "stock": 2 / 3},
        gauges={"broker.memory_max_bytes": 12_345},
    )


def trace(
    fate_rows: Iterable[NDArray[np.void]],
    event_rows: Iterable[NDArray[np.void]] = (),
    *,
    level: Level = "events",
    entities: Sequence[Entity] = ENTITIES,
    changed: Mapping[str, Any] | None = None,
    **counting: Any,
) -> Trace:
    """A trace around these rows; ``changed`` replaces fields of its counters."""
    rows, happened = fates(fate_rows), events(event_rows)
    counted = replace(counters(rows, happened, **counting), **(changed or {}))
    return Trace(
        scenario="by-hand", system="rabbitmq", engine="sim", seed=42, level=level, duration_ns=10 * S,
        producing_ns=6 * S, warmup_ns=0, entities=entities, digest="0123456789abcdef",
        event_count=len(happened), counters=counted,
        fates=Rows(rows) if level != "counts" else None,
        events=Rows(happened) if level == "events" else None,
        wall_s=0.25,
    )  # fmt: skip
