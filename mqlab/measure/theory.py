"""Queues whose behaviour has a closed form: what a simulation is held against.

Arrivals are Poisson, service times independent, queues first come first served. Symbols are the field's:
L messages in the system, Lq of them waiting, W and Wq the mean times, in seconds. Source: Gross, Shortle,
Thompson and Harris, Fundamentals of Queueing Theory, chapters 2, 3 and 6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mqlab.errors import BadInput

__all__ = ["Station", "md1", "mg1", "mm1", "mm1k", "mmc", "priority_waits_s"]

POSITIVE = "rates, times and room are positive"


@dataclass(frozen=True)
class Station:
    """The steady state of a queue with its servers."""

    name: str
    utilisation: float
    """Busy fraction of a server."""
    L: float
    """Mean number in the system."""
    Lq: float
    """Mean number waiting."""
    W_s: float
    """Mean time in the system (of those that get in)."""
    Wq_s: float
    """Mean time waiting."""
    blocked: float = 0.0
    """Probability that an arrival finds the system full and is lost."""
    waits: float | None = None
    """Probability that an arrival has to wait; None where there is no closed form."""
    p: Callable[[int], float] | None = None
    """Probability of k in the system; None where there is no closed form."""
    sojourn_cdf: Callable[[float], float] | None = None
    """Probability of at most so many seconds in the system; None where there is no closed form."""

    def sojourn_quantile_s(self, q: float) -> float:
        """Give the time in the system that a fraction ``q`` stays below, in seconds.

        Raises
        ------
        BadInput
            There is no closed form for this station, or ``q`` is not inside [0, 1).

        Examples
        --------
        >>> round(mm1(8.0, 0.1).sojourn_quantile_s(0.5), 6)          # ln 2 / (10 - 8)
        0.346574
        """
        if self.sojourn_cdf is None:
            raise BadInput(f"{self.name} has no closed form for quantiles of the time in the system")
        if not 0 <= q < 1:
            raise BadInput(f"the quantile {q} is not inside [0, 1)")
        low, high = 0.0, self.W_s
        while self.sojourn_cdf(high) < q:
            low, high = high, high * 2
        for _ in range(100):
            middle = (low + high) / 2
            if self.sojourn_cdf(middle) < q:
                low = middle
            else:
                high = middle
        return (low + high) / 2


def mm1(arrivals_per_s: float, service_s: float) -> Station:
    """M/M/1: exponential service, one server, unlimited room.

    Raises
    ------
    BadInput
        The queue would grow for ever, or a parameter is not positive.

    Examples
    --------
    >>> station = mm1(arrivals_per_s=8.0, service_s=0.1)
    >>> round(station.L, 9), round(station.W_s, 9)
    (4.0, 0.5)
    """
    load = _load(arrivals_per_s, service_s, 1)
    spare = 1 / service_s - arrivals_per_s
    return Station(
        "M/M/1", load, load / (1 - load), load**2 / (1 - load), 1 / spare, load / spare, waits=load,
        p=lambda k: (1 - load) * load**k,
        sojourn_cdf=lambda t: -math.expm1(-spare * t),
    )  # fmt: skip


def mmc(arrivals_per_s: float, service_s: float, servers: int) -> Station:
    """M/M/c: exponential service, several servers on one queue (Erlang C).

    Raises
    ------
    BadInput
        The queue would grow for ever, or a parameter is not positive.

    Examples
    --------
    >>> round(mmc(arrivals_per_s=8.0, service_s=0.2, servers=2).Lq, 6)
    2.844444
    """
    load = _load(arrivals_per_s, service_s, servers)
    offered = arrivals_per_s * service_s
    blocking = 1.0
    for k in range(1, servers + 1):  # Erlang B, one server after the other: no factorials to overflow
        blocking = offered * blocking / (k + offered * blocking)
    waits = blocking / (1 - load * (1 - blocking))
    lq = waits * load / (1 - load)
    wq = lq / arrivals_per_s
    weight = _mmc_weights(offered, servers, load)

    def p(k: int) -> float:
        return math.exp(weight[min(k, servers)]) * load ** max(0, k - servers)

    return Station(
        "M/M/c", load, lq + offered, lq, wq + service_s, wq, waits=waits, p=p,
        sojourn_cdf=_mmc_sojourn(1 / service_s, servers / service_s - arrivals_per_s, waits),
    )  # fmt: skip


def _mmc_weights(offered: float, servers: int, load: float) -> list[float]:
    """Give the logarithms of the probabilities of 0 … ``servers`` in the system (powers would overflow)."""
    logs = [k * math.log(offered) - math.lgamma(k + 1) for k in range(servers + 1)]
    most = max(logs)
    terms = [math.exp(log - most) for log in logs]
    total = most + math.log(math.fsum(terms[:-1]) + terms[-1] / (1 - load))
    return [log - total for log in logs]


def _mmc_sojourn(rate: float, spare: float, waits: float) -> Callable[[float], float]:
    """Exponential service at ``rate`` after a wait that is, with probability ``waits``, exponential too."""

    def cdf(t: float) -> float:
        served = -math.expm1(-rate * t)
        if math.isclose(rate, spare, rel_tol=1e-9):
            both = 1 - (1 + rate * t) * math.exp(-rate * t)
        else:
            both = 1 - (spare * math.exp(-rate * t) - rate * math.exp(-spare * t)) / (spare - rate)
        return (1 - waits) * served + waits * both

    return cdf


def mg1(arrivals_per_s: float, service_s: float, cv: float) -> Station:
    """M/G/1: any service time with a coefficient of variation (Pollaczek and Khinchine).

    Raises
    ------
    BadInput
        The queue would grow for ever, or a parameter is not positive (``cv`` may be 0).

    Examples
    --------
    >>> mg1(8.0, 0.1, cv=1.0).Lq == mm1(8.0, 0.1).Lq
    True
    """
    load = _load(arrivals_per_s, service_s, 1)
    if not (math.isfinite(cv) and cv >= 0):
        raise BadInput(f"a coefficient of variation of {cv} makes no sense")
    lq = load**2 * (1 + cv**2) / 2 / (1 - load)
    wq = lq / arrivals_per_s
    return Station("M/G/1", load, lq + load, lq, wq + service_s, wq, waits=load)


def md1(arrivals_per_s: float, service_s: float) -> Station:
    """M/D/1: constant service time; half the waiting of M/M/1.

    Raises
    ------
    BadInput
        The queue would grow for ever, or a parameter is not positive.

    Examples
    --------
    >>> round(md1(8.0, 0.1).Lq / mm1(8.0, 0.1).Lq, 9)
    0.5
    """
    general = mg1(arrivals_per_s, service_s, 0.0)
    load = general.utilisation

    def p(k: int) -> float:
        """Sum the alternating series; exact enough while load·k stays moderate."""
        if k == 0:
            return 1 - load
        terms = [math.exp(k * load)]
        for j in range(1, k):
            size = math.exp(j * load + (k - j) * math.log(j * load) - math.lgamma(k - j + 1))
            less = math.exp(j * load + (k - j - 1) * math.log(j * load) - math.lgamma(k - j))
            terms.append((-1) ** (k - j) * (size + less))
        return (1 - load) * math.fsum(terms) if k > 1 else (1 - load) * math.expm1(load)

    return Station("M/D/1", load, general.L, general.Lq, general.W_s, general.Wq_s, waits=load, p=p)


def mm1k(arrivals_per_s: float, service_s: float, room: int) -> Station:
    """M/M/1/K: as M/M/1, but an arrival that finds ``room`` messages in the system (one in service) is lost.

    Load may exceed 1. Means are of those that get in.

    Raises
    ------
    BadInput
        A parameter is not positive.

    Examples
    --------
    >>> round(mm1k(arrivals_per_s=10.0, service_s=0.1, room=4).blocked, 9)
    0.2
    """
    _positive(arrivals_per_s, service_s, room)
    offered = arrivals_per_s * service_s
    weights = [offered ** (k - room if offered > 1 else k) for k in range(room + 1)]
    total = math.fsum(weights)
    chances = [weight / total for weight in weights]
    blocked = chances[room]
    entering_per_s = arrivals_per_s * (1 - blocked)
    busy = 1 - chances[0]
    number = math.fsum(k * chance for k, chance in enumerate(chances))

    def cdf(t: float) -> float:
        """Who finds k before him stays for k+1 exponential services."""
        below, term, total_cdf = 1.0, math.exp(-t / service_s), 0.0
        for k in range(room):
            below -= term
            term *= t / service_s / (k + 1)
            total_cdf += chances[k] / (1 - blocked) * below
        return total_cdf

    return Station(
        "M/M/1/K", busy, number, number - busy, number / entering_per_s, (number - busy) / entering_per_s,
        blocked=blocked, waits=(busy - blocked) / (1 - blocked),
        p=lambda k: chances[k] if k <= room else 0.0,
        sojourn_cdf=cdf,
    )  # fmt: skip


def priority_waits_s(arrivals_per_s: Sequence[float], service_s: float, cv: float = 1.0) -> tuple[float, ...]:
    """Mean waiting times of the classes of a queue with priorities, the highest first; work is never interrupted.

    A. Cobham, Priority assignment in waiting line problems, Operations Research 2 (1954): who comes finds the work
    that is left of the message in service, R = λ·E[S²]/2, and waits R / ((1 - σ above)·(1 - σ up to its own class)),
    σ being the load of those classes.

    Raises
    ------
    BadInput
        The queue would grow for ever, or a parameter is not positive.

    Examples
    --------
    >>> [round(wait, 4) for wait in priority_waits_s([2.0, 6.0], 0.1)]
    [0.1, 0.5]
    """
    _positive(*arrivals_per_s)
    _load(sum(arrivals_per_s), service_s, 1)
    left = sum(arrivals_per_s) * service_s**2 * (1 + cv**2) / 2
    waits, above = [], 0.0
    for rate in arrivals_per_s:
        below = above + rate * service_s
        waits.append(left / ((1 - above) * (1 - below)))
        above = below
    return tuple(waits)


def _positive(*values: float) -> None:
    for value in values:
        if not (math.isfinite(value) and value > 0):
            raise BadInput(f"a queue with a parameter of {value} makes no sense", mend=POSITIVE)


def _load(arrivals_per_s: float, service_s: float, servers: int) -> float:
    _positive(arrivals_per_s, service_s, servers)
    load = arrivals_per_s * service_s / servers
    if load >= 1:
        raise BadInput(
            f"at a load of {load:.3g} the queue grows for ever",
            mend="fewer arrivals, quicker service or more servers",
        )
    return load
