"""Counters derived from rows: what an engine would have counted while it ran."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mqlab.trace.fates import Cause, Fate, fate_label
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import SERIES, Counters, QueueStats

BUCKETS = 256 + (63 - 8) * 128

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

SERIES_KIND = {
    "created": Kind.CREATED,
    "sent": Kind.SENT,
    "confirmed": Kind.CONFIRMED,
    "refused": Kind.REFUSED,
    "enqueued": Kind.ENQUEUED,
    "delivered": Kind.DELIVERED,
    "processed": Kind.PROCESSED,
    "acked": Kind.ACKED,
    "evicted": Kind.EVICTED,
    "vanished": Kind.VANISHED,
}


def buckets_of(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The bucket of each value, by the rule of the trace format."""
    values = np.asarray(values, dtype=np.int64)
    octave = np.maximum(np.frexp(values.astype(np.float64))[1] - 1, 8).astype(np.int64)
    octave -= ((values >> octave) == 0) & (octave > 8)
    return np.where(values < 256, values, 256 + (octave - 8) * 128 + ((values >> (octave - 7)) - 128))


def histograms_of(
    fates: NDArray[np.void],
) -> tuple[dict[str, NDArray[np.int64]], dict[str, tuple[int, float, int, int]]]:
    """Histogram and moments of every stage."""
    histograms, moments = {}, {}
    for stage, (begin, end) in STAGE_ENDS.items():
        there = (fates[begin] >= 0) & (fates[end] >= 0)
        spans = np.maximum(fates[end][there] - fates[begin][there], 0)
        histograms[stage] = np.bincount(buckets_of(spans), minlength=BUCKETS).astype(np.int64)
        moments[stage] = (
            (len(spans), float(spans.sum()), int(spans.min()), int(spans.max()))
            if len(spans)
            else (0, 0.0, -1, -1)
        )
    return histograms, moments


def fate_counts(fates: NDArray[np.void]) -> dict[str, int]:
    """Every label, zeros included."""
    labels = [fate_label(fate) for fate in Fate if fate != Fate.LOST]
    labels += [fate_label(Fate.LOST, cause) for cause in Cause if cause != Cause.NONE]
    counts = dict.fromkeys(labels, 0)
    for fate, cause in zip(fates["fate"].tolist(), fates["cause"].tolist(), strict=True):
        counts[fate_label(fate, cause)] += 1
    return counts


def _series(
    events: NDArray[np.void], depths: NDArray[np.int64], bin_ns: int, end_ns: int
) -> dict[str, NDArray[np.int64]]:
    """Counts a bin from the rows; ``depths`` are rows of (time, ready, unacked) in order of time."""
    bins = max(1, -(-end_ns // bin_ns))
    edges = np.arange(bins + 1) * bin_ns
    series = {
        name: np.histogram(events["time_ns"][events["kind"] == kind], edges)[0]
        for name, kind in SERIES_KIND.items()
    }
    again = (events["kind"] == Kind.DELIVERED) & (events["attempt"] > 1)
    series["redelivered"] = np.histogram(events["time_ns"][again], edges)[0]
    last = np.searchsorted(depths[:, 0], edges[1:], side="right") - 1
    for column, name in ((1, "ready"), (2, "unacked")):
        series[name] = (
            np.where(last >= 0, depths[np.maximum(last, 0), column], 0)
            if len(depths)
            else np.zeros(bins, int)
        )
    return {name: series[name].astype(np.int64) for name in SERIES}


def count(
    events: NDArray[np.void],
    fates: NDArray[np.void],
    end_ns: int,
    *,
    depths: NDArray[np.int64] | None = None,
    bins: int = 180,
    utilisation: dict[str, float] | None = None,
) -> Counters:
    """Counters of a finished run from its rows."""
    depths = np.zeros((0, 3), np.int64) if depths is None else depths
    histograms, moments = histograms_of(fates)
    kinds = np.bincount(events["kind"], minlength=256)
    first = fates["copy"] == 0
    messages = {
        "created": int(first.sum()),
        "sent": int((fates["sent_ns"][first] >= 0).sum()),
        "confirmed": int((fates["confirmed_ns"][first] >= 0).sum()),
        "owed": len(fates),
        "processed": int((fates["fate"] == Fate.PROCESSED).sum()),
    }
    ready = depths[:, 1] if len(depths) else np.zeros(1, np.int64)
    unacked = depths[:, 2] if len(depths) else np.zeros(1, np.int64)
    orders = QueueStats(
        float(ready.mean()),
        int(ready.max()),
        float(unacked.mean()),
        int(unacked.max()),
        int(kinds[Kind.ENQUEUED]),
        int(kinds[Kind.DELIVERED]),
        int(kinds[Kind.ACKED]),
        int(kinds[Kind.REQUEUED]),
    )
    bin_ns = max(1, end_ns // bins)
    return Counters(
        events_by_kind={kind.name.lower(): int(kinds[kind]) for kind in Kind},
        messages=messages,
        fates=fate_counts(fates),
        histograms=histograms,
        moments=moments,
        bin_ns=bin_ns,
        series=_series(events, depths, bin_ns, end_ns),
        queues={"orders": orders},
        utilisation=utilisation or {"broker.cpu": 0.21, "broker.disk": 0.34, "stock": 0.93},
        gauges={"broker.memory_max_bytes": int(ready.max()) * 1024},
    )
