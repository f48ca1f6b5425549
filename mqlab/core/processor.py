"""A broker's processor, which serves one thing at a time."""

from __future__ import annotations

from mqlab.core.records import nodes, runs
from mqlab.jit import State, kernel

__all__ = ["use_cpu"]


@kernel
def use_cpu(s: State, node: int, cost: int) -> int:
    """Queue up for the broker's CPU, which serves one thing at a time; return when it is done."""
    n = nodes(s, node)
    run = runs(s, 0)
    begins = max(run["now"], n["cpu_free"])
    ends = begins + cost
    n["cpu_free"] = ends
    counted = min(ends, run["end"]) - max(begins, run["warmup"])
    if counted > 0:
        n["cpu_busy"] = n["cpu_busy"] + counted
    return ends
