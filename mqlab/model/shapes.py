"""Distributions, arrivals and keys: shapes that groups, links and disks share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Arrivals", "Distribution", "Keys", "Phase", "Recording", "Step"]

DistributionKind = Literal[
    "constant", "uniform", "exponential", "erlang", "lognormal", "hyperexponential", "serial", "parallel"
]


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution of durations in nanoseconds, or of sizes in bytes.

    ``params`` by kind: constant (value) · uniform (low, high) · exponential (mean) ·
    erlang (k, mean) · lognormal (mean, cv) · hyperexponential (p, mean1, mean2: with probability
    p the first) · serial () and parallel (): the sum and the maximum of ``parts``.
    """

    kind: DistributionKind
    params: tuple[float, ...] = ()
    parts: tuple[Distribution, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """From ``from_ns`` on (counted from the start of the arrivals) the rate is ``rate_per_s``."""

    from_ns: int
    rate_per_s: float


@dataclass(frozen=True, slots=True)
class Phase:
    """One state of a modulated process: its rate, how long it lasts on average, and what follows.

    Its length is exponential. ``following`` are the probabilities of the states that may come next, one for each.
    """

    rate_per_s: float
    stay_ns: int
    following: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """Recorded messages in order of time; ``keys`` and ``sizes_bytes`` are empty where none were recorded."""

    times_ns: tuple[int, ...] = field(repr=False)
    """Counted from the start of the arrivals."""
    keys: tuple[int, ...] = field(default=(), repr=False)
    sizes_bytes: tuple[int, ...] = field(default=(), repr=False)
    source: str = ""
    """The file, as the scenario names it."""


ArrivalsKind = Literal[
    "poisson", "constant", "ramp", "closed", "by_hand", "piecewise", "burst", "mmpp", "hawkes", "trace"
]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When the messages of one producer *group* are created.

    Open: poisson (rate_per_s) · constant (rate_per_s: message i of the group at round(i·1e9/rate)) ·
    ramp (from rate_per_s linearly to to_rate_per_s within over_ns, then constant; Poisson) ·
    piecewise (Poisson, its rate given by ``steps``) ·
    burst (``of`` messages every ``every_ns``, spread evenly over ``over_ns``) ·
    mmpp (Poisson, its rate given by the state of a Markov chain that the whole group shares; see ``phases``) ·
    hawkes (self-exciting: rate_per_s from outside, and each message brings about ``branching`` more on average,
    each after an exponential time of mean ``decay_ns``; it begins without a past) ·
    trace (as recorded).
    Closed loop: closed (each producer creates its next message ``think`` after the last one was settled:
    confirmed, refused or given up; without confirms, sent).
    by_hand: created only by a hand-written process through ``world.publish``.
    Rates are those of the whole group.
    """

    kind: ArrivalsKind
    rate_per_s: float = 0.0
    to_rate_per_s: float = 0.0
    over_ns: int = 0
    think: Distribution | None = None
    start_ns: int = 0
    stop_ns: int = 0
    """No message is created at or after this time (the scenario's duration unless it says less)."""
    messages_max: int = -1
    """At most this many messages in the whole group; -1 means no limit. Member m of n gets its fair share."""
    steps: tuple[Step, ...] = ()
    every_ns: int = 0
    of: int = 0
    phases: tuple[Phase, ...] = ()
    branching: float = 0.0
    decay_ns: int = 0
    recording: Recording | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """Business keys of messages.

    none (every key is 0) · sequence (seq mod keys) · uniform · zipf (exponent s) · recorded (as the arrivals say).
    Keys are integers 0 … keys-1.
    """

    kind: Literal["none", "sequence", "uniform", "zipf", "recorded"] = "none"
    keys: int = 1
    s: float = 1.0
