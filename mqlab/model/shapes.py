"""Distributions, arrivals and keys: shapes that groups, links and disks share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Arrivals", "Distribution", "Keys"]

DistributionKind = Literal[
    "constant", "uniform", "exponential", "erlang", "lognormal", "hyperexponential", "serial", "parallel"
]


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution of durations in nanoseconds.

    ``params`` by kind: constant (value_ns) · uniform (low_ns, high_ns) · exponential (mean_ns) ·
    erlang (k, mean_ns) · lognormal (mean_ns, cv) · hyperexponential (p, mean1_ns, mean2_ns: with probability
    p the first) · serial () and parallel (): the sum and the maximum of ``parts``.
    """

    kind: DistributionKind
    params: tuple[float, ...] = ()
    parts: tuple[Distribution, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When the messages of one producer *group* are created.

    Open: poisson (rate_per_s) · constant (rate_per_s: message i of the group at round(i·1e9/rate)) ·
    ramp (from rate_per_s linearly to to_rate_per_s within over_ns, then constant; Poisson).
    Closed loop: closed (each producer creates its next message ``think`` after the last one was settled:
    confirmed, refused or given up; without confirms, sent).
    by_hand: created only by a hand-written process through ``world.publish``.
    Rates are those of the whole group.
    """

    kind: Literal["poisson", "constant", "ramp", "closed", "by_hand"]
    rate_per_s: float = 0.0
    to_rate_per_s: float = 0.0
    over_ns: int = 0
    think: Distribution | None = None
    start_ns: int = 0
    stop_ns: int = 0
    """No message is created at or after this time (the scenario's duration unless it says less)."""
    messages_max: int = -1
    """At most this many messages in the whole group; -1 means no limit. Member m of n gets its fair share."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Business keys of messages: none (every key is 0) · sequence (seq mod keys) · uniform · zipf (exponent s).

    Keys are integers 0 … keys-1.
    """

    kind: Literal["none", "sequence", "uniform", "zipf"] = "none"
    keys: int = 1
    s: float = 1.0
