"""Poisson arrivals whose rate changes: at set times (piecewise), or with the state of a Markov chain (MMPP).

Each message draws how much of the integrated rate, the area under it, lies before it: an exponential amount. The
search spends that amount from the last message on, one piece of constant rate after the other:

    rate   ┌──────┐
           │//////│ spent          area drawn = /////
      ─────┘//////└─────┐/////
      last          ends └──────  due

The chain of an MMPP belongs to the whole group: its k-th stay is a pure function of the group and of k, so every
member walks through the same states at the same times, and together they are one process with the group's rates.
It begins as if it had been going on for ever: in each state as likely as the time it spends there.

W. Fischer, K. Meier-Hellstern: "The Markov-modulated Poisson process (MMPP) cookbook", Performance Evaluation 18
(1993). E. Çinlar: "Introduction to stochastic processes" (1975), on time changes of Poisson processes.
"""

from __future__ import annotations

import numpy as np

from mqlab.core.codes import ARRIVALS_MMPP, CHUNK, E_SEEK, RANK_EVENT
from mqlab.core.distributions import pick
from mqlab.core.heap import push
from mqlab.core.records import phases, producers, sources
from mqlab.jit import State, kernel
from mqlab.sampling import ARRIVAL, MODULATION, exponential, unit

__all__ = ["next_modulated", "seek"]

_NEVER = -1
_END = 1 << 62


@kernel
def next_modulated(s: State, producer: int) -> int:
    """Draw the area before the next message, and look for the end of it."""
    p = producers(s, producer)
    p["area"] = exponential(ARRIVAL, p["ident"], np.uint64(p["sequence"]), 0, 0)
    if sources(s, p["source"])["sojourn"] < 0:
        _begin(s, producer)
    return seek(s, producer)


@kernel
def seek(s: State, producer: int) -> int:
    """Spend the area; return when the message is due, or _NEVER. A long search is cut into pieces."""
    p = producers(s, producer)
    source = sources(s, p["source"])
    for _ in range(CHUNK):
        rate = phases(s, source["first"] + source["cursor"])["rate"]
        left = float(source["ends"] - p["last"]) * 1.0e-9
        if rate > 0.0 and p["area"] <= rate * left:
            p["last"] = p["last"] + int(min(p["area"] / rate * 1.0e9 + 0.5, 4.0e18))
            return p["last"]
        p["area"] = p["area"] - rate * left
        if source["ends"] >= p["stop"]:
            return _NEVER
        p["last"] = source["ends"]
        _go_on(s, producer)
    push(s, p["last"], RANK_EVENT, E_SEEK, producer, 0, 0)
    return _NEVER


@kernel
def _begin(s: State, producer: int) -> None:
    """Enter the first step, or the state in which the chain is found."""
    p = producers(s, producer)
    source = sources(s, p["source"])
    source["sojourn"] = 0
    if p["arrivals"] == ARRIVALS_MMPP:
        u = unit(MODULATION, source["ident"], np.uint64(0), 0, 2)
        source["cursor"] = pick(s, source["weights"], source["count"], u)
        _stay(s, producer)
    else:
        source["cursor"] = -1
        _go_on(s, producer)


@kernel
def _go_on(s: State, producer: int) -> None:
    """Enter the next step or state."""
    p = producers(s, producer)
    source = sources(s, p["source"])
    if p["arrivals"] == ARRIVALS_MMPP:
        here = phases(s, source["first"] + source["cursor"])
        u = unit(MODULATION, source["ident"], np.uint64(source["sojourn"]), 0, 1)
        source["cursor"] = pick(s, here["following"], source["count"], u)
        source["sojourn"] = source["sojourn"] + 1
        _stay(s, producer)
        return
    step = source["cursor"] + 1
    source["cursor"] = step
    source["ends"] = _END
    if step + 1 < source["count"]:
        source["ends"] = phases(s, source["first"] + step + 1)["starts"]


@kernel
def _stay(s: State, producer: int) -> None:
    """Draw how long the chain stays where it is."""
    p = producers(s, producer)
    source = sources(s, p["source"])
    mean = phases(s, source["first"] + source["cursor"])["stay"]
    e = exponential(MODULATION, source["ident"], np.uint64(source["sojourn"]), 0, 0)
    source["ends"] = p["last"] + int(min(mean * e + 0.5, 4.0e18))
