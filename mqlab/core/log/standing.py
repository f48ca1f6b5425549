"""How much of a partition is still to be read and to be committed, over time."""

from __future__ import annotations

from mqlab.core.log.records import partitions, readers
from mqlab.core.records import runs
from mqlab.jit import State, kernel

__all__ = ["refresh"]


@kernel
def refresh(s: State, partition: int) -> None:
    """Bring a partition's figures up to now, after its log or its reader moved."""
    run = runs(s, 0)
    p = partitions(s, partition)
    span = float(run["now"] - p["since"])
    p["ready_time"] = p["ready_time"] + float(p["ready"]) * span
    p["unacked_time"] = p["unacked_time"] + float(p["unacked"]) * span
    p["since"] = run["now"]
    ready = p["end"]
    unacked = 0
    if p["reader"] >= 0:
        r = readers(s, p["reader"])
        ready = max(p["end"] - r["polled"], 0)
        unacked = max(r["polled"] - r["committed"], 0)
    run["ready"] = run["ready"] + ready - p["ready"]
    run["unacked"] = run["unacked"] + unacked - p["unacked"]
    p["ready"] = ready
    p["unacked"] = unacked
    p["ready_max"] = max(p["ready_max"], ready)
    p["unacked_max"] = max(p["unacked_max"], unacked)
