"""When messages are due, and which key they carry: the producer's side of chance."""

from __future__ import annotations

import math

import numpy as np

from mqlab.core.codes import (
    ARRIVALS_BY_HAND,
    ARRIVALS_CLOSED,
    ARRIVALS_CONSTANT,
    ARRIVALS_HAWKES,
    ARRIVALS_MMPP,
    ARRIVALS_PIECEWISE,
    ARRIVALS_POISSON,
    E_ARRIVAL,
    KEYS_NONE,
    KEYS_RECORDED,
    KEYS_SEQUENCE,
    KEYS_UNIFORM,
    RANK_EVENT,
)
from mqlab.core.distributions import pick, sample
from mqlab.core.hawkes import next_excited
from mqlab.core.heap import push
from mqlab.core.modulated import next_modulated, seek
from mqlab.core.records import producers, runs
from mqlab.core.timetable import next_known, recorded_key, recorded_size
from mqlab.jit import U64, State, kernel, often, seldom
from mqlab.sampling import ARRIVAL, KEY, ROUTE, SIZE, THINK, exponential, unit

__all__ = ["choose_key", "choose_route", "choose_size", "next_arrival", "schedule_arrival", "seek_arrival"]

SIZE_MAX = 1 << 30
"""A distribution's longest tail is cut off here: 1 GiB."""

_NEVER = -1


@often
def _drawn(s: State, producer: int, n: int) -> float:
    """Draw what message number ``n`` is due by: a gap in ns if arrivals are Poisson, else an exponential variate."""
    p = producers(s, producer)
    e = exponential(ARRIVAL, p["ident"], np.uint64(n), 0, 0)
    if p["arrivals"] == ARRIVALS_POISSON:
        return min(e * 1.0e9 / p["rate"] + 0.5, 4.0e18)
    return e


@seldom
def _drawn_now(s: State, producer: int, n: int) -> float:
    """Draw what was not drawn ahead: for the first message, and after those that a dead producer did not make."""
    return _drawn(s, producer, n)


@kernel
def _next_time(s: State, producer: int) -> int:
    """Compute when the next open arrival is due; _NEVER after the last one."""
    p = producers(s, producer)
    n = p["sequence"]
    kind = p["arrivals"]
    if kind == ARRIVALS_CONSTANT:
        return p["start"] + int(float(p["first"] + n * p["step"]) * 1.0e9 / p["group_rate"] + 0.5)
    # A draw does not depend on what happened, so the next one is made ahead: where an event goes in the heap then
    # waits for no logarithm, and a processor works on the logarithm beside what comes after.
    e = p["ahead"]
    if p["ahead_of"] != n:
        e = _drawn_now(s, producer, n)
    p["ahead"] = _drawn(s, producer, n + 1)
    p["ahead_of"] = n + 1
    if kind == ARRIVALS_POISSON:
        p["last"] = p["last"] + int(e)
        return p["last"]
    # A ramp: a unit-rate Poisson process, its times mapped back through the integrated rate.
    p["area"] = p["area"] + e
    slope = (p["to_rate"] - p["rate"]) / p["over"]
    whole = 0.5 * (p["rate"] + p["to_rate"]) * p["over"]
    if p["area"] < whole:
        root = math.sqrt(max(p["rate"] * p["rate"] + 2.0 * slope * p["area"], 0.0))
        seconds = 2.0 * p["area"] / (p["rate"] + root)
    elif p["to_rate"] > 0.0:
        seconds = p["over"] + (p["area"] - whole) / p["to_rate"]
    else:
        return _NEVER
    return p["start"] + int(min(seconds * 1.0e9 + 0.5, 4.0e18))


@kernel
def schedule_arrival(s: State, producer: int) -> None:
    """Schedule the producer's next message, unless it has made its last."""
    due = next_arrival(s, producer)
    if due >= 0:
        push(s, due, RANK_EVENT, E_ARRIVAL, producer, 0, 0)


@kernel
def next_arrival(s: State, producer: int) -> int:
    """Find when the producer's next message is due; negative: it has made its last. To be asked once a message."""
    p = producers(s, producer)
    kind = p["arrivals"]
    if kind == ARRIVALS_BY_HAND:
        return -1
    if p["limit"] >= 0 and p["sequence"] >= p["limit"]:
        return -1
    run = runs(s, 0)
    if kind == ARRIVALS_CLOSED:
        due = max(run["now"], p["start"])
        if p["think"] >= 0:
            due = due + sample(s, p["think"], THINK, p["ident"], np.uint64(p["sequence"]), 0, 0)
    elif kind > ARRIVALS_BY_HAND:
        due = _next_particular(s, producer, kind)
    else:
        due = _next_time(s, producer)
    if due >= p["stop"]:
        return -1
    return due


@seldom
def _next_particular(s: State, producer: int, kind: int) -> int:
    """Find when the next message of a process with a file of its own is due; negative: never, or not known yet."""
    if kind == ARRIVALS_HAWKES:
        return next_excited(s, producer)
    if kind in (ARRIVALS_PIECEWISE, ARRIVALS_MMPP):
        return next_modulated(s, producer)
    return next_known(s, producer)


@seldom
def seek_arrival(s: State, producer: int) -> None:
    """Go on looking for a message that is far away."""
    due = seek(s, producer)
    if 0 <= due < producers(s, producer)["stop"]:
        push(s, due, RANK_EVENT, E_ARRIVAL, producer, 0, 0)


@kernel
def choose_key(s: State, producer: int, ident: U64, sequence: int) -> int:
    """Choose the business key of a message."""
    p = producers(s, producer)
    kind = p["keys_kind"]
    if kind == KEYS_NONE:
        return 0
    if kind == KEYS_SEQUENCE:
        return int(sequence % p["keys"])
    if kind == KEYS_RECORDED:
        return recorded_key(s, producer, sequence)
    u = unit(KEY, p["ident"], ident, 0, 0)
    if kind == KEYS_UNIFORM:
        return int(min(int(u * float(p["keys"])), p["keys"] - 1))
    return pick(s, p["keys_table"], p["keys"], u)


@seldom
def choose_size(s: State, producer: int, ident: U64, sequence: int) -> int:
    """Choose the size of a message where not all have the same."""
    p = producers(s, producer)
    if p["sizes"] < 0:
        return recorded_size(s, producer, sequence)
    return int(min(sample(s, p["sizes"], SIZE, p["ident"], ident, 0, 0), SIZE_MAX))


@kernel
def choose_route(s: State, producer: int, ident: U64, key: int) -> int:
    """Choose where a message goes where there are several ways: drawn, or by its business key (``routes`` < 0)."""
    p = producers(s, producer)
    if p["routes"] < 0:
        return int(p["route"] + key)
    return int(p["route"] + pick(s, p["routes_table"], p["routes"], unit(ROUTE, p["ident"], ident, 0, 0)))
