"""Time: a 4-ary heap of events, ordered by (time, rank, sequence), stated here and nowhere else.

``order`` packs the rank above a running number, so events of one rank at one instant happen in the order in which
they were scheduled. Records move field by field (copying a whole record is slower) into a hole that sinks or rises.
"""

from __future__ import annotations

from mqlab.core.records import heap, runs
from mqlab.jit import State, kernel, often, seldom

__all__ = ["close_hole", "push", "reorder", "take_top"]

_RANK_SHIFT = 56


@kernel
def _move(s: State, source: int, target: int) -> None:
    """Copy an event, field by field."""
    event = heap(s, source)
    time = event["time"]  # all is read before anything is written, so that a compiler may move it in two pieces
    order = event["order"]
    kind = event["kind"]
    a = event["a"]
    b = event["b"]
    c = event["c"]
    hole = heap(s, target)
    hole["time"] = time
    hole["order"] = order
    hole["kind"] = kind
    hole["a"] = a
    hole["b"] = b
    hole["c"] = c


@kernel
def _put(s: State, i: int, time: int, order: int, kind: int, a: int, b: int, c: int) -> None:
    """Fill a hole with an event."""
    hole = heap(s, i)
    hole["time"] = time
    hole["order"] = order
    hole["kind"] = kind
    hole["a"] = a
    hole["b"] = b
    hole["c"] = c


@kernel
def _is_before(s: State, i: int, time: int, order: int) -> bool:
    """Say whether event ``i`` comes before (time, order)."""
    event = heap(s, i)
    return event["time"] < time or (event["time"] == time and event["order"] < order)


@kernel
def _first_of(s: State, child: int, stop: int) -> int:
    """Find the first of events ``child`` … ``stop``-1, one after the other; -1 if there are none."""
    if child >= stop:
        return -1
    best = child
    for other in range(child + 1, stop):
        if _is_before(s, other, heap(s, best)["time"], heap(s, best)["order"]):
            best = other
    return best


@often
def _first_child(s: State, i: int, n: int) -> int:
    """Find the first of the children of ``i`` among ``n`` events; -1 if it has none.

    Four children are compared as a tournament whose outcomes select instead of branch; equal times, which are rare,
    take the long way.
    """
    child = 4 * i + 1
    if child + 3 >= n:
        return _first_of(s, child, n)
    t0 = heap(s, child)["time"]
    t1 = heap(s, child + 1)["time"]
    t2 = heap(s, child + 2)["time"]
    t3 = heap(s, child + 3)["time"]
    left = min(t0, t1)
    right = min(t2, t3)
    if t0 == t1 or t2 == t3 or left == right:
        return _first_of(s, child, child + 4)
    best = child + int(t1 < t0)
    if right < left:
        best = child + 2 + int(t3 < t2)
    return best


@kernel
def push(s: State, time: int, rank: int, kind: int, a: int, b: int, c: int) -> None:
    """Schedule an event at ``time`` (ns).

    The first event that a handler schedules takes the place of the one that is being handled, and sinks from there;
    it is usually near, so it does not sink far. Others rise from the end.
    """
    run = runs(s, 0)
    sequence = run["seq"]
    run["seq"] = sequence + 1
    order = (rank << _RANK_SHIFT) + sequence
    n = run["heap_n"]
    if run["hole"] == 1:
        run["hole"] = 0
        i = 0
        while True:
            best = _first_child(s, i, n)
            if best < 0 or not _is_before(s, best, time, order):
                break
            _move(s, best, i)
            i = best
    else:
        run["heap_n"] = n + 1
        i = n
        while i > 0:
            up = (i - 1) >> 2
            if _is_before(s, up, time, order):
                break
            _move(s, up, i)
            i = up
    _put(s, i, time, order, kind, a, b, c)


@kernel
def take_top(s: State) -> None:
    """The caller has read the first event and handles it now; its place is free."""
    runs(s, 0)["hole"] = 1


@often
def close_hole(s: State) -> None:
    """Fill the place of the event that was handled last, if nothing took it.

    The hole sinks to a leaf without looking at the last event, which then rises from there: it comes from a leaf, so
    it seldom rises far (Wegener's bottom-up heapsort).
    """
    run = runs(s, 0)
    if run["hole"] == 0:
        return
    run["hole"] = 0
    n = run["heap_n"] - 1
    run["heap_n"] = n
    i = 0
    while True:
        best = _first_child(s, i, n)
        if best < 0:
            break
        _move(s, best, i)
        i = best
    last = heap(s, n)
    while i > 0:
        up = (i - 1) >> 2
        if _is_before(s, up, last["time"], last["order"]):
            break
        _move(s, up, i)
        i = up
    if i != n:
        _move(s, n, i)


@seldom
def reorder(s: State) -> None:
    """Make a heap of it again after times have been changed anywhere (Floyd); there must be no hole."""
    n = runs(s, 0)["heap_n"]
    for start in range((n - 2) >> 2, -1, -1):
        event = heap(s, start)
        time = int(event["time"])
        order = int(event["order"])
        kind = int(event["kind"])
        a = int(event["a"])
        b = int(event["b"])
        c = int(event["c"])
        i = start
        while True:
            best = _first_child(s, i, n)
            if best < 0 or not _is_before(s, best, time, order):
                break
            _move(s, best, i)
            i = best
        _put(s, i, time, order, kind, a, b, c)
