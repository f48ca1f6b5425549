"""Durations: samples of a distribution, composed ones in postfix order."""

from __future__ import annotations

from mqlab.core.codes import (
    DIST_CONSTANT,
    DIST_ERLANG,
    DIST_EXPONENTIAL,
    DIST_HYPER,
    DIST_LOGNORMAL,
    DIST_MAX,
    DIST_SUM,
    DIST_UNIFORM,
)
from mqlab.core.records import dists, table
from mqlab.jit import U64, State, kernel, often
from mqlab.sampling import exp, exponential, normal, unit

__all__ = ["SCRATCH", "fixed", "is_fixed", "pick", "sample", "sample_often"]

SCRATCH = 64
"""The first cells of the table of reals are the stack of :func:`sample`."""

_STRIDE = 4096
_LONGEST_NS = 4.0e18


@kernel
def _leaf(s: State, index: int, purpose: U64, who: U64, what: U64, attempt: int, k: int) -> float:
    d = dists(s, index)
    kind = d["kind"]
    if kind == DIST_CONSTANT:
        return d["p0"]
    if kind == DIST_EXPONENTIAL:
        return d["p0"] * exponential(purpose, who, what, attempt, k)
    if kind == DIST_UNIFORM:
        return d["p0"] + (d["p1"] - d["p0"]) * unit(purpose, who, what, attempt, k)
    if kind == DIST_LOGNORMAL:
        return exp(d["p0"] + d["p1"] * normal(purpose, who, what, attempt, k))
    if kind == DIST_ERLANG:
        shape = int(d["p0"])
        total = 0.0
        for stage in range(shape):
            total += exponential(purpose, who, what, attempt, k + stage)
        return total * d["p1"]
    if kind == DIST_HYPER:
        mean = d["p2"]
        if unit(purpose, who, what, attempt, k) <= d["p0"]:
            mean = d["p1"]
        return mean * exponential(purpose, who, what, attempt, k + 1)
    return 0.0


@kernel
def sample(s: State, index: int, purpose: U64, who: U64, what: U64, attempt: int, k: int) -> int:
    """Draw a duration in whole ns from the distribution that starts at record ``index``."""
    count = dists(s, index)["count"]
    value = 0.0
    if count == 1:
        d = dists(s, index)
        if d["kind"] == DIST_EXPONENTIAL:  # the usual ones first
            value = d["p0"] * exponential(purpose, who, what, attempt, k)
        elif d["kind"] == DIST_UNIFORM:
            value = d["p0"] + (d["p1"] - d["p0"]) * unit(purpose, who, what, attempt, k)
        else:
            value = _leaf(s, index, purpose, who, what, attempt, k)
    else:
        top = 0
        for part in range(count):
            d = dists(s, index + part)
            kind = d["kind"]
            if kind in (DIST_SUM, DIST_MAX):
                value = 0.0
                for _ in range(int(d["p0"])):
                    top -= 1
                    if kind == DIST_SUM:
                        value = value + table(s, top)["x"]
                    else:
                        value = max(value, table(s, top)["x"])
            else:
                value = _leaf(s, index + part, purpose, who, what, attempt, k + part * _STRIDE)
            table(s, top)["x"] = value
            top += 1
    if not value > 0.0:
        return 0
    if value > _LONGEST_NS:
        value = _LONGEST_NS
    return int(value + 0.5)


@often
def sample_often(s: State, index: int, purpose: U64, who: U64, what: U64, attempt: int, k: int) -> int:
    """Do what :func:`sample` does, the most frequent case without a call: for what every message comes by."""
    d = dists(s, index)
    if d["count"] != 1 or d["kind"] != DIST_EXPONENTIAL:
        return sample(s, index, purpose, who, what, attempt, k)
    value = d["p0"] * exponential(purpose, who, what, attempt, k)
    if not value > 0.0:
        return 0
    return int(min(value, _LONGEST_NS) + 0.5)


@often
def is_fixed(s: State, index: int) -> bool:
    """Say whether every draw is the same: then nobody needs to work out whose draw it is."""
    d = dists(s, index)
    return d["count"] == 1 and d["kind"] == DIST_CONSTANT


@often
def fixed(s: State, index: int) -> int:
    """Give the duration in whole ns that every draw is."""
    value = dists(s, index)["p0"]
    if not value > 0.0:
        return 0
    return int(min(value, _LONGEST_NS) + 0.5)


@kernel
def pick(s: State, first: int, n: int, u: float) -> int:
    """Pick one of ``n`` by a table of cumulative probabilities that starts at cell ``first`` (binary search)."""
    low = 0
    high = n - 1
    while low < high:
        middle = (low + high) >> 1
        if table(s, first + middle)["x"] < u:
            low = middle + 1
        else:
            high = middle
    return low
