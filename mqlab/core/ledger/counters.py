"""Read the fixed-size part of a trace out of the records of ledgers that have ended."""

from __future__ import annotations

from mqlab.core.counters import histograms_of, moments_of, series_of, stats_of
from mqlab.core.machine import Machine
from mqlab.model import Model
from mqlab.trace.fates import Cause, Fate, fate_label
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Counters, QueueStats

__all__ = ["read_ledger_counters"]


def read_ledger_counters(machine: Machine, model: Model) -> Counters:
    """Read totals, histograms, series and time-weighted figures; subscriptions stand among queues."""
    run = machine.run
    counts, tallies = machine.array("counts")["n"], machine.array("tallies")["n"]
    fates = {fate_label(fate): int(tallies[fate]) for fate in Fate if fate != Fate.LOST}
    fates |= {fate_label(Fate.LOST, cause): int(tallies[Fate.LOST + cause]) for cause in Cause if cause != Cause.NONE}
    messages = {name: int(run[name]) for name in ("created", "sent", "confirmed", "owed")}
    span = float(model.end_ns - model.warmup_ns)
    return Counters(
        events_by_kind={kind.name.lower(): int(counts[kind]) for kind in Kind},
        messages=messages | {"processed": int(tallies[Fate.PROCESSED])},
        fates=fates,
        histograms=histograms_of(machine),
        moments=moments_of(machine),
        bin_ns=int(run["bin_ns"]),
        series=series_of(machine),
        queues=_queues(machine, model, span),
        utilisation=_utilisation(machine, model, span),
        gauges=_gauges(machine),
    )


def _queues(machine: Machine, model: Model, span: float) -> dict[str, QueueStats]:
    """Read the figures of each subscription, under the name of what it reads; who is read by nobody has none."""
    entities = machine.built.entities
    stats = {entity.name: QueueStats(0.0, 0, 0.0, 0, 0, 0, 0, 0) for entity in entities if entity.kind == "queue"}
    for cursor in machine.array("cursors")[: int(machine.array("ledgers")[0]["cursors"])]:
        stats[entities[int(cursor["entity"])].name] = stats_of(cursor, model.end_ns, span)
    return stats


def _utilisation(machine: Machine, model: Model, span: float) -> dict[str, float]:
    busy = {}
    for node, record in zip(model.nodes, machine.array("nodes"), strict=True):
        busy[f"{node.name}.cpu"] = int(record["cpu_busy"]) / span
        if model.ledgers is not None and node.name in model.ledgers.bookies:
            busy[f"{node.name}.disk"] = int(record["disk_busy"]) / span
    for group, record in zip(model.consumers, machine.array("groups"), strict=False):
        rest = float(model.end_ns - int(record["since"])) * int(record["busy"])
        busy[group.name] = (float(record["busy_time"]) + rest) / (span * group.count)
    return busy


def _gauges(machine: Machine) -> dict[str, int]:
    """For each partition: its end, and up to where entries are safe."""
    gauges: dict[str, int] = {}
    for part in machine.array("partitions"):
        name = machine.built.entities[int(part["entity"])].name
        gauges[f"{name}.end"] = int(part["end"])
        gauges[f"{name}.high_watermark"] = int(part["mark"])
    return gauges
