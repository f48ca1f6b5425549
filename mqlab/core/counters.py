"""Read the fixed-size part of a trace out of the records of a run that has ended."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mqlab.core import codes
from mqlab.core.machine import Machine
from mqlab.core.recorder import BUCKETS
from mqlab.model import Model, has_alarms
from mqlab.trace.fates import Cause, Fate, fate_label
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import SERIES, STAGES, Counters, QueueStats

__all__ = ["histograms_of", "moments_of", "read_counters", "series_of", "stats_of"]

_KINDS = tuple((int(kind), kind.name.lower()) for kind in Kind)
_LEVELS_NOT_FLOWS = ("ready", "unacked")


def read_counters(machine: Machine, model: Model) -> Counters:
    """Read totals, histograms, series and time-weighted figures."""
    run = machine.run
    counts = machine.array("counts")["n"]
    counted = counts.tolist()
    tallies = machine.array("tallies")["n"]
    fates = {fate_label(fate): int(tallies[fate]) for fate in Fate if fate != Fate.LOST}
    fates |= {fate_label(Fate.LOST, cause): int(tallies[Fate.LOST + cause]) for cause in Cause if cause != Cause.NONE}
    return Counters(
        events_by_kind={name: counted[kind] for kind, name in _KINDS},
        messages={
            "created": int(run["created"]),
            "sent": int(run["sent"]),
            "confirmed": int(run["confirmed"]),
            "owed": int(run["owed"]),
            "processed": int(tallies[Fate.PROCESSED]),
        },
        fates=fates,
        histograms=histograms_of(machine),
        moments=moments_of(machine),
        bin_ns=int(run["bin_ns"]),
        series=series_of(machine),
        queues=_queues(machine, model),
        utilisation=_utilisation(machine, model),
        gauges=_gauges(machine, model) | _consumer_gauges(machine, model) | _requests(counts, model),
    )


def _requests(counts: NDArray[np.int64], model: Model) -> dict[str, int]:
    """Count what became of requests, replies and tasks, where there are any."""
    gauges = {}
    if any(group.request for group in model.producers):
        gauges = {
            "requests.answered": int(counts[Kind.ANSWERED]),
            "requests.timed_out": int(counts[Kind.REQUEST_TIMED_OUT]),
            "replies.sent": int(counts[Kind.REPLIED]),
            "replies.dropped": int(counts[Kind.REPLY_LATE]),
        }
    if any(group.record for group in model.producers):
        gauges["tasks.recorded"] = int(counts[Kind.TASK_RECORDED])
        gauges["tasks.abandoned"] = int(counts[Kind.TASK_ABANDONED])
    return gauges


def _gauges(machine: Machine, model: Model) -> dict[str, int]:
    nodes = machine.array("nodes")[: len(model.nodes)]
    gauges = {f"{node.name}.memory_max_bytes": int(n["memory_max"]) for node, n in zip(model.nodes, nodes, strict=True)}
    for group in model.producers:
        if group.destination.mandatory:
            members = machine.array("producers")[machine.built.producers[group.name]]
            gauges[f"{group.name}.returned"] = int(members["returned"].sum())
    if not has_alarms(model):
        return gauges
    for node, n in zip(model.nodes, nodes, strict=True):
        gauges[f"{node.name}.alarms"] = int(n["alarms"])
        still = model.end_ns - int(n["alarm_since"]) if n["alarm"] else 0
        gauges[f"{node.name}.alarm_ns"] = int(n["alarm_ns"]) + still
    for group in model.producers:
        members = machine.array("producers")[machine.built.producers[group.name]]
        blocked = members[(members["special"] & codes.PRODUCER_BLOCKED) != 0]
        gauges[f"{group.name}.blocked_ns"] = int(
            members["blocked_ns"].sum() + (model.end_ns - blocked["blocked_since"]).sum()
        )
    return gauges


def _consumer_gauges(machine: Machine, model: Model) -> dict[str, int]:
    """What groups that sell have sold, and how often groups that pull were told that there is nothing."""
    gauges: dict[str, int] = {}
    for group, record in zip(model.consumers, machine.array("groups"), strict=False):
        if group.inventory is not None:
            sold = int(record["sold"])
            gauges[f"{group.name}.sold"] = sold
            gauges[f"{group.name}.oversold"] = max(0, sold - group.inventory.items)
            gauges[f"{group.name}.sold_out"] = int(record["sold_out"])
        if group.pull_ns:
            gauges[f"{group.name}.empty_gets"] = int(record["empty"])
    return gauges


def histograms_of(machine: Machine) -> dict[str, NDArray[np.int64]]:
    """Copy the histogram of every stage."""
    cells = machine.array("histograms")["n"]
    return {name: cells[i * BUCKETS : (i + 1) * BUCKETS].copy() for i, name in enumerate(STAGES)}


def moments_of(machine: Machine) -> dict[str, tuple[int, float, int, int]]:
    """Read count, sum, least and most of every stage."""
    moments = {}
    for name, record in zip(STAGES, machine.array("stages"), strict=True):
        n = int(record["count"])
        extremes = (int(record["min"]), int(record["max"])) if n else (-1, -1)
        moments[name] = (n, float(record["sum"]), *extremes)
    return moments


def series_of(machine: Machine) -> dict[str, NDArray[np.int64]]:
    """Read the time series, flows as what came in each bin."""
    records = machine.array("series")
    return {
        name: records[name].copy() if name in _LEVELS_NOT_FLOWS else np.diff(records[name], prepend=0)
        for name in SERIES
    }


def _queues(machine: Machine, model: Model) -> dict[str, QueueStats]:
    """Read the queues of the model, then those that were declared besides and have a name."""
    span = float(model.end_ns - model.warmup_ns)
    entities, first = machine.built.entities, len(model.nodes)
    records = machine.array("queues")[: int(machine.run["queues"])]
    names = {
        int(record["entity"]): entities[int(record["entity"])].name for record in records if record["entity"] >= first
    }
    return {
        names[int(record["entity"])]: stats_of(record, model.end_ns, span)
        for record in records
        if int(record["entity"]) in names
    }


def stats_of(record: Any, end_ns: int, span: float) -> QueueStats:
    """Read the time-weighted figures of a queue or a partition."""
    rest = float(end_ns - int(record["since"]))
    ready = float(record["ready_time"]) + float(record["ready"]) * rest
    unacked = float(record["unacked_time"]) + float(record["unacked"]) * rest
    return QueueStats(
        depth_mean=ready / span,
        depth_max=int(record["ready_max"]),
        unacked_mean=unacked / span,
        unacked_max=int(record["unacked_max"]),
        enqueued=int(record["enqueued"]),
        delivered=int(record["delivered"]),
        acked=int(record["acked"]),
        requeued=int(record["requeues"]),
    )


def _utilisation(machine: Machine, model: Model) -> dict[str, float]:
    span = float(model.end_ns - model.warmup_ns)
    busy = {}
    for node, record in zip(model.nodes, machine.array("nodes"), strict=False):
        busy[f"{node.name}.cpu"] = int(record["cpu_busy"]) / span
        busy[f"{node.name}.disk"] = int(record["disk_busy"]) / span
    for group, record in zip(model.consumers, machine.array("groups"), strict=False):
        rest = float(model.end_ns - int(record["since"])) * int(record["busy"])
        there = span * group.count
        if group.scale:
            since = model.end_ns - int(record["exists_since"])
            there = float(record["exists_time"]) + float(record["exists"]) * since
        worked = float(record["busy_time"]) + rest
        busy[group.name] = worked / (there * group.concurrency) if there else 0.0
    return busy
