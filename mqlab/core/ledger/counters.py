"""Read the fixed-size part of a trace out of the records of ledgers that have ended."""

from __future__ import annotations

from dataclasses import replace

from mqlab.core.counters import stats_of
from mqlab.core.log.counters import read_log_counters
from mqlab.core.machine import Machine
from mqlab.model import Model
from mqlab.trace.schema import Counters

__all__ = ["read_ledger_counters"]


def read_ledger_counters(machine: Machine, model: Model) -> Counters:
    """Read totals as from a log; a subscription's figures stand under the name of what it reads."""
    counters = read_log_counters(machine, model)
    span = float(model.end_ns - model.warmup_ns)
    queues = dict(counters.queues)
    gauges = {name: value for name, value in counters.gauges.items() if not name.endswith((".in_sync", ".committed"))}
    cursors = machine.array("cursors")[: int(machine.array("ledgers")[0]["cursors"])]
    for cursor in cursors:
        name = machine.built.entities[int(cursor["entity"])].name
        queues[name] = stats_of(cursor, model.end_ns, span)
    busy = dict(counters.utilisation)
    for node, record in zip(model.nodes, machine.array("nodes"), strict=True):
        if model.ledgers is not None and node.name in model.ledgers.bookies:
            busy[f"{node.name}.disk"] = int(record["disk_busy"]) / span
    return replace(counters, queues=queues, gauges=gauges, utilisation=busy)
