"""Lazy queues: ready messages stand on the disk and cost no memory; a delivery has to read its message back first.

    in memory ──(flush ends)──► paged out ──(chosen for a delivery: seek + bytes / bandwidth)──► in memory, unacked

Transient messages are paged out, too, and do not survive a restart for that. The disk serves reads and flushes one
after the other. Source: https://www.rabbitmq.com/docs/lazy-queues (until 3.12; since then every classic queue is much
like this).
"""

from __future__ import annotations

from mqlab.core.codes import C_READY, FLAG_PAGED, Q_LAZY
from mqlab.core.records import copies, nodes, queues, runs
from mqlab.jit import State, seldom

__all__ = ["page_out", "read_back"]


@seldom
def page_out(s: State, copy: int) -> None:
    """Forget the body of a ready copy of a lazy queue; it is on the disk."""
    c = copies(s, copy)
    q = queues(s, c["queue"])
    if (q["special"] & Q_LAZY) == 0 or c["state"] != C_READY or (c["flags"] & FLAG_PAGED) != 0:
        return
    c["flags"] = c["flags"] | FLAG_PAGED
    n = nodes(s, q["node"])
    n["memory"] = n["memory"] - copies(s, c["root"])["size"]


@seldom
def read_back(s: State, copy: int) -> int:
    """Bring a copy back into memory; return when it is there."""
    c = copies(s, copy)
    run = runs(s, 0)
    if (c["flags"] & FLAG_PAGED) == 0:
        return run["now"]
    c["flags"] = c["flags"] & ~FLAG_PAGED
    n = nodes(s, queues(s, c["queue"])["node"])
    size = copies(s, c["root"])["size"]
    n["memory"] = n["memory"] + size
    n["memory_max"] = max(n["memory_max"], n["memory"])
    takes = int(n["seek"])
    if n["bandwidth"] > 0.0:
        takes = takes + int(min(float(size) / n["bandwidth"] * 1.0e9 + 0.5, 4.0e18))
    if n["slow"] > 0.0:
        takes = int(min(float(takes) * n["slow"] + 0.5, 4.0e18))
    begins = max(run["now"], n["read_free"])
    if n["flushing"] == 1:
        begins = max(begins, n["flush_ends"])
    n["read_free"] = begins + takes
    counted = min(n["read_free"], run["end"]) - max(begins, run["warmup"])
    if counted > 0:
        n["disk_busy"] = n["disk_busy"] + counted
    return n["read_free"]
