"""How much of a partition is still to be read and to be committed, over time, for each group that reads it."""

from __future__ import annotations

from mqlab.core.log.records import coordinators, partitions, readers
from mqlab.core.records import runs
from mqlab.jit import State, kernel

__all__ = ["count_enqueued", "count_unread", "refresh", "refresh_reader"]


@kernel
def refresh(s: State, partition: int) -> None:
    """Bring the figures of all who read a partition up to now, after its log moved."""
    reader = int(partitions(s, partition)["reader"])
    while reader >= 0:
        refresh_reader(s, reader)
        reader = int(readers(s, reader)["next"])


@kernel
def refresh_reader(s: State, reader: int) -> None:
    """Bring a reader's figures up to now, after its log or itself moved."""
    run = runs(s, 0)
    r = readers(s, reader)
    end = partitions(s, r["partition"])["end"]
    span = float(run["now"] - r["since"])
    r["ready_time"] = r["ready_time"] + float(r["ready"]) * span
    r["unacked_time"] = r["unacked_time"] + float(r["unacked"]) * span
    r["since"] = run["now"]
    ready = max(end - r["polled"], 0)
    unacked = max(r["polled"] - max(r["committed"], r["passed"]), 0)
    run["ready"] = run["ready"] + ready - r["ready"]
    run["unacked"] = run["unacked"] + unacked - r["unacked"]
    r["ready"] = ready
    r["unacked"] = unacked
    r["ready_max"] = max(r["ready_max"], ready)
    r["unacked_max"] = max(r["unacked_max"], unacked)
    r["lag_max"] = max(r["lag_max"], ready + unacked)


@kernel
def count_unread(s: State, group: int, more: int) -> None:
    """So many more partitions of a group have no reader."""
    c = coordinators(s, group)
    now = runs(s, 0)["now"]
    c["unread_time"] = c["unread_time"] + float(c["unread"]) * float(now - c["since"])
    c["since"] = now
    c["unread"] = c["unread"] + more


@kernel
def count_enqueued(s: State, partition: int, count: int) -> None:
    """So many more records were put into a partition."""
    reader = int(partitions(s, partition)["reader"])
    while reader >= 0:
        r = readers(s, reader)
        r["enqueued"] = r["enqueued"] + count
        reader = int(r["next"])
