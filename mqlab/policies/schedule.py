"""When faults happen: those that are written, and those that come by themselves, drawn from the seed of the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mqlab.model import Distribution, Fault, Model, RandomFaults
from mqlab.sampling import FAULT, exp, exponential, ln, name_identity, normal, unit

__all__ = ["FAULTS_MAX", "draw_ns", "schedule"]

FAULTS_MAX = 100_000
"""Most faults of one entry in one run."""
_GAP, _LASTS = 0, 1
_STRIDE = 4096
_LONGEST_NS = 4.0e18


def schedule(model: Model, seed: int) -> tuple[Fault, ...]:
    """List the faults of a run: the written ones, then the random ones as this seed draws them.

    Every draw depends on the seed, the name of the entry and the number of the fault alone, so another entry, or
    anything else in the model, changes nothing.

    Examples
    --------
    >>> from mqlab.scenario import load
    >>> [fault.kind for fault in schedule(load("flash-sale").model, 7)]
    ['crash']
    """
    drawn = [fault for random in model.random_faults for fault in _drawn(random, model, seed)]
    return (*model.faults, *drawn)


def _drawn(random: RandomFaults, model: Model, seed: int) -> Iterator[Fault]:
    """Draw the faults of one entry; those that overlap become one."""
    who = name_identity(seed, f"faults.{random.name}")
    begins, ends = -1, -1
    at = random.start_ns
    for n in range(FAULTS_MAX):
        at += max(1, draw_ns(random.every, who, n, _GAP))
        if at >= min(random.stop_ns, model.end_ns):
            break
        until = at if random.lasts is None else at + max(1, draw_ns(random.lasts, who, n, _LASTS))
        if begins >= 0 and at <= ends:
            ends = max(ends, until)
            continue
        if begins >= 0:
            yield replace(random.fault, at_ns=begins, for_ns=ends - begins)
        begins, ends = at, until
    if begins >= 0:
        yield replace(random.fault, at_ns=begins, for_ns=ends - begins)


def draw_ns(shape: Distribution, who: np.uint64, what: int, attempt: int) -> int:
    """Draw a duration in whole ns: a pure function of who draws, and of its two numbers.

    Examples
    --------
    >>> draw_ns(Distribution("constant", (5.0,)), name_identity(1, "x"), 0, 0)
    5
    """
    with np.errstate(over="ignore"):  # outside of compiled code numpy reports each wrap of unsigned mixing
        value = _value(shape, who, np.uint64(what), attempt, [0])
    return int(min(max(value, 0.0), _LONGEST_NS) + 0.5)


def _value(d: Distribution, who: np.uint64, what: np.uint64, attempt: int, part: list[int]) -> float:
    if d.parts:
        values = [_value(inner, who, what, attempt, part) for inner in d.parts]
        return sum(values) if d.kind == "serial" else max(values)
    k = part[0] * _STRIDE
    part[0] += 1
    p = d.params
    match d.kind:
        case "uniform":
            return p[0] + (p[1] - p[0]) * unit(FAULT, who, what, attempt, k)
        case "exponential":
            return p[0] * exponential(FAULT, who, what, attempt, k)
        case "erlang":
            return p[1] / p[0] * sum(exponential(FAULT, who, what, attempt, k + i) for i in range(int(p[0])))
        case "lognormal":
            variance = ln(1.0 + p[1] * p[1])
            mean = ln(max(p[0], 1e-300)) - variance / 2.0
            return exp(mean + variance**0.5 * normal(FAULT, who, what, attempt, k))
        case "hyperexponential":
            mean = p[1] if unit(FAULT, who, what, attempt, k) <= p[0] else p[2]
            return mean * exponential(FAULT, who, what, attempt, k + 1)
    return p[0]
