"""Read the fixed-size part of a trace out of the records of a log that has ended."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mqlab.core.counters import histograms_of, moments_of, series_of, stats_of
from mqlab.core.machine import Machine
from mqlab.model import Model
from mqlab.trace.fates import Cause, Fate, fate_label
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Counters

__all__ = ["read_log_counters"]


def read_log_counters(machine: Machine, model: Model) -> Counters:
    """Read totals, histograms, series and time-weighted figures; a partition's figures stand among those of queues."""
    run = machine.run
    counts = machine.array("counts")["n"]
    tallies = machine.array("tallies")["n"]
    fates = {fate_label(fate): int(tallies[fate]) for fate in Fate if fate != Fate.LOST}
    fates |= {fate_label(Fate.LOST, cause): int(tallies[Fate.LOST + cause]) for cause in Cause if cause != Cause.NONE}
    messages = {name: int(run[name]) for name in ("created", "sent", "confirmed", "owed")}
    span = float(model.end_ns - model.warmup_ns)
    readers, entities = machine.array("readers"), machine.built.entities
    names = [entities[int(record["entity"])].name for record in readers]
    return Counters(
        events_by_kind={kind.name.lower(): int(counts[kind]) for kind in Kind},
        messages=messages | {"processed": int(tallies[Fate.PROCESSED])},
        fates=fates,
        histograms=histograms_of(machine),
        moments=moments_of(machine),
        bin_ns=int(run["bin_ns"]),
        series=series_of(machine) | _lags(machine, names),
        queues={name: stats_of(record, model.end_ns, span) for name, record in zip(names, readers, strict=True)},
        utilisation=_utilisation(machine, model, span),
        gauges=_gauges(machine, model, names),
    )


def _utilisation(machine: Machine, model: Model, span: float) -> dict[str, float]:
    nodes = zip(model.nodes, machine.array("nodes"), strict=True)
    busy = {f"{node.name}.cpu": int(record["cpu_busy"]) / span for node, record in nodes}
    for group, record in zip(model.consumers, machine.array("groups"), strict=False):
        rest = float(model.end_ns - int(record["since"])) * int(record["busy"])
        busy[group.name] = (float(record["busy_time"]) + rest) / (span * group.count)
    return busy


def _lags(machine: Machine, names: list[str]) -> dict[str, NDArray[np.int64]]:
    """Read how far each group's offset was behind the end of each partition, at the end of each bin."""
    if not int(machine.array("logs")[0]["lags"]):
        return {}
    table = machine.array("lags")["n"].reshape(-1, len(names))
    return {f"lag.{name}": table[:, place].copy() for place, name in enumerate(names)}


def _gauges(machine: Machine, model: Model, names: list[str]) -> dict[str, int]:
    """Read what else there is to know of partitions and of groups.

    For each partition: log end, high watermark, replicas in sync, elections so far, and ``lost_below``: records that
    were cut off the log although they had been below the high watermark. For each group in each partition: committed
    offset, and how far it was behind the end at the most, and at last. For each group: its generation, rebalances, and
    for how long (ms) a partition had no reader, on average.
    """
    gauges: dict[str, int] = {}
    entities = machine.built.entities
    for part in machine.array("partitions"):
        name = entities[int(part["entity"])].name
        gauges[f"{name}.end"] = int(part["end"])
        gauges[f"{name}.high_watermark"] = int(part["mark"])
        gauges[f"{name}.in_sync"] = int(part["in_sync"])
        gauges[f"{name}.lost_below"] = int(part["below"])
        gauges[f"{name}.elections"] = int(part["term"]) - 1
    for name, reader in zip(names, machine.array("readers"), strict=True):
        if reader["group"] >= 0:
            gauges[f"{name}.committed"] = int(reader["committed"])
            gauges[f"{name}.lag"] = int(reader["ready"] + reader["unacked"])
            gauges[f"{name}.lag_max"] = int(reader["lag_max"])
    for group, record in zip(model.consumers, machine.array("coordinators"), strict=False):
        rest = float(model.end_ns - int(record["since"])) * int(record["unread"])
        unread = (float(record["unread_time"]) + rest) / max(1, int(record["readers"]))
        gauges[f"{group.name}.generation"] = int(record["generation"])
        gauges[f"{group.name}.rebalances"] = int(record["rebalances"])
        gauges[f"{group.name}.unread_ms"] = round(unread / 1e6)
    return gauges
