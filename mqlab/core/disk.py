"""The disk as a resource: it serves one thing at a time."""

from __future__ import annotations

from mqlab.core.codes import E_FLUSH_END, RANK_EVENT
from mqlab.core.distributions import sample
from mqlab.core.heap import push
from mqlab.core.records import nodes, runs
from mqlab.jit import State, kernel
from mqlab.sampling import DISK

__all__ = ["begin_fsync"]


@kernel
def begin_fsync(s: State, node: int, size: int) -> None:
    """Begin an fsync of ``size`` bytes; its end is an event."""
    n = nodes(s, node)
    run = runs(s, 0)
    takes = sample(s, n["fsync"], DISK, n["ident"], n["ident"], n["flushes"], 0)
    n["flushes"] = n["flushes"] + 1
    if n["bandwidth"] > 0.0:
        takes = takes + int(min(float(size) / n["bandwidth"] * 1.0e9 + 0.5, 4.0e18))
    if n["slow"] > 0.0:
        takes = int(min(float(takes) * n["slow"] + 0.5, 4.0e18))
    begins = max(run["now"], n["read_free"])
    counted = min(begins + takes, run["end"]) - max(begins, run["warmup"])
    if counted > 0:
        n["disk_busy"] = n["disk_busy"] + counted
    n["flush_ends"] = begins + takes
    push(s, n["flush_ends"], RANK_EVENT, E_FLUSH_END, node, 0, n["epoch"])
