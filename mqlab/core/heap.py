"""Time: a 4-ary heap of events, ordered by (time, rank, sequence), stated here and nowhere else.

``order`` packs the rank above a running number, so events of one rank at one instant happen in the order in which
they were scheduled. Records move field by field (copying a whole record is slower) into a hole that sinks or rises.
"""

from __future__ import annotations

from mqlab.core.records import heap, runs
from mqlab.jit import State, kernel

__all__ = ["pop", "push"]

_RANK_SHIFT = 56


@kernel
def push(s: State, time: int, rank: int, kind: int, a: int, b: int, c: int) -> None:
    """Schedule an event at ``time`` (ns)."""
    run = runs(s, 0)
    sequence = run["seq"]
    run["seq"] = sequence + 1
    order = (rank << _RANK_SHIFT) + sequence
    i = run["heap_n"]
    run["heap_n"] = i + 1
    while i > 0:
        up = (i - 1) >> 2
        parent = heap(s, up)
        if parent["time"] < time or (parent["time"] == time and parent["order"] < order):
            break
        hole = heap(s, i)
        hole["time"] = parent["time"]
        hole["order"] = parent["order"]
        hole["kind"] = parent["kind"]
        hole["a"] = parent["a"]
        hole["b"] = parent["b"]
        hole["c"] = parent["c"]
        i = up
    hole = heap(s, i)
    hole["time"] = time
    hole["order"] = order
    hole["kind"] = kind
    hole["a"] = a
    hole["b"] = b
    hole["c"] = c


@kernel
def pop(s: State) -> None:
    """Remove the first event (index 0); the caller has read it."""
    run = runs(s, 0)
    n = run["heap_n"] - 1
    run["heap_n"] = n
    if n == 0:
        return
    last = heap(s, n)
    time = last["time"]
    order = last["order"]
    i = 0
    while True:
        child = 4 * i + 1
        if child >= n:
            break
        best = child
        best_time = heap(s, child)["time"]
        best_order = heap(s, child)["order"]
        stop = min(child + 4, n)
        for other in range(child + 1, stop):
            other_time = heap(s, other)["time"]
            if other_time < best_time or (other_time == best_time and heap(s, other)["order"] < best_order):
                best = other
                best_time = other_time
                best_order = heap(s, other)["order"]
        if time < best_time or (time == best_time and order < best_order):
            break
        hole = heap(s, i)
        source = heap(s, best)
        hole["time"] = best_time
        hole["order"] = best_order
        hole["kind"] = source["kind"]
        hole["a"] = source["a"]
        hole["b"] = source["b"]
        hole["c"] = source["c"]
        i = best
    hole = heap(s, i)
    hole["time"] = time
    hole["order"] = order
    hole["kind"] = last["kind"]
    hole["a"] = last["a"]
    hole["b"] = last["b"]
    hole["c"] = last["c"]
