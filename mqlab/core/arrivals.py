"""When messages are due, and which key they carry: the producer's side of chance."""

from __future__ import annotations

import math

import numpy as np

from mqlab.core.codes import (
    ARRIVALS_BY_HAND,
    ARRIVALS_CLOSED,
    ARRIVALS_CONSTANT,
    ARRIVALS_POISSON,
    E_ARRIVAL,
    KEYS_NONE,
    KEYS_SEQUENCE,
    KEYS_UNIFORM,
    RANK_EVENT,
)
from mqlab.core.distributions import pick, sample
from mqlab.core.heap import push
from mqlab.core.records import producers, runs
from mqlab.jit import U64, State, kernel
from mqlab.sampling import ARRIVAL, KEY, THINK, exponential, unit

__all__ = ["choose_key", "schedule_arrival"]

_NEVER = -1


@kernel
def _next_time(s: State, producer: int) -> int:
    """Compute when the next open arrival is due; _NEVER after the last one."""
    p = producers(s, producer)
    n = p["sequence"]
    kind = p["arrivals"]
    if kind == ARRIVALS_CONSTANT:
        return p["start"] + int(float(p["first"] + n * p["step"]) * 1.0e9 / p["group_rate"] + 0.5)
    e = exponential(ARRIVAL, p["ident"], np.uint64(n), 0, 0)
    if kind == ARRIVALS_POISSON:
        p["last"] = p["last"] + int(min(e * 1.0e9 / p["rate"] + 0.5, 4.0e18))
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
    p = producers(s, producer)
    kind = p["arrivals"]
    if kind == ARRIVALS_BY_HAND:
        return
    if p["limit"] >= 0 and p["sequence"] >= p["limit"]:
        return
    run = runs(s, 0)
    if kind == ARRIVALS_CLOSED:
        due = max(run["now"], p["start"])
        if p["think"] >= 0:
            due = due + sample(s, p["think"], THINK, p["ident"], np.uint64(p["sequence"]), 0, 0)
    else:
        due = _next_time(s, producer)
    if due >= p["stop"] or due < 0:
        return
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
    u = unit(KEY, p["ident"], ident, 0, 0)
    if kind == KEYS_UNIFORM:
        return int(min(int(u * float(p["keys"])), p["keys"] - 1))
    return pick(s, p["keys_table"], p["keys"], u)
