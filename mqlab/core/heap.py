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
def _move(s: State, source: int, target: int) -> None:
    """Copy an event, field by field."""
    hole = heap(s, target)
    event = heap(s, source)
    hole["time"] = event["time"]
    hole["order"] = event["order"]
    hole["kind"] = event["kind"]
    hole["a"] = event["a"]
    hole["b"] = event["b"]
    hole["c"] = event["c"]


@kernel
def _first_of(s: State, child: int, stop: int) -> int:
    """Find the first event among ``child`` … ``stop``-1, comparing times and, where they are equal, orders."""
    best = child
    for other in range(child + 1, stop):
        o = heap(s, other)
        b = heap(s, best)
        if o["time"] < b["time"] or (o["time"] == b["time"] and o["order"] < b["order"]):
            best = other
    return best


@kernel
def pop(s: State) -> None:
    """Remove the first event (index 0); the caller has read it.

    The hole sinks to a leaf without looking at the last event, which then rises from there: it comes from a leaf, so
    it seldom rises far (Wegener's bottom-up heapsort). Four children are compared as a tournament whose outcomes
    select instead of branch; equal times, which are rare, take the long way.
    """
    run = runs(s, 0)
    n = run["heap_n"] - 1
    run["heap_n"] = n
    i = 0
    child = 1
    while child + 3 < n:
        t0 = heap(s, child)["time"]
        t1 = heap(s, child + 1)["time"]
        t2 = heap(s, child + 2)["time"]
        t3 = heap(s, child + 3)["time"]
        left = min(t0, t1)
        right = min(t2, t3)
        best = child + int(t1 < t0)
        if right < left:
            best = child + 2 + int(t3 < t2)
        if t0 == t1 or t2 == t3 or left == right:
            best = _first_of(s, child, child + 4)
        _move(s, best, i)
        i = best
        child = 4 * i + 1
    if child < n:
        best = _first_of(s, child, n)
        _move(s, best, i)
        i = best
    last = heap(s, n)
    time = last["time"]
    order = last["order"]
    while i > 0:
        up = (i - 1) >> 2
        parent = heap(s, up)
        if parent["time"] < time or (parent["time"] == time and parent["order"] < order):
            break
        _move(s, up, i)
        i = up
    if i != n:
        _move(s, n, i)
