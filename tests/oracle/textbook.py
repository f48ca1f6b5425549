"""Closed forms from the textbooks, after Kleinrock (Queueing Systems I, 1975) and Erlang (1917).

Rates per second, times in seconds. Kept apart from mqlab's own theory, which is held against these.
"""

from __future__ import annotations

from math import exp, factorial


def erlang_c(load: float, servers: int) -> float:
    """Probability that an arrival has to wait in M/M/c; ``load`` in Erlang = rate × mean service time."""
    full = load**servers / factorial(servers) * servers / (servers - load)
    return full / (sum(load**k / factorial(k) for k in range(servers)) + full)


def mmc_wait_s(rate_per_s: float, service_mean_s: float, servers: int) -> float:
    """Mean time in the line of M/M/c."""
    load = rate_per_s * service_mean_s
    return erlang_c(load, servers) * service_mean_s / (servers - load)


def mm1_sojourn_cdf(rate_per_s: float, service_mean_s: float, time_s: float) -> float:
    """P(sojourn ≤ t) of M/M/1: exponential with rate μ - λ."""
    return 1.0 - exp(-(1.0 / service_mean_s - rate_per_s) * time_s)


def mmc_wait_cdf(rate_per_s: float, service_mean_s: float, servers: int, time_s: float) -> float:
    """P(wait ≤ t) of M/M/c: 1 - C·exp(-(cμ - λ)t)."""
    hurry = servers / service_mean_s - rate_per_s
    return 1.0 - erlang_c(rate_per_s * service_mean_s, servers) * exp(-hurry * time_s)


def mg1_wait_s(rate_per_s: float, service_mean_s: float, service_cv: float) -> float:
    """Mean time in the line of M/G/1 (Pollaczek–Khinchine): λ·E[S²] / (2·(1-ρ))."""
    second_moment = service_mean_s**2 * (1.0 + service_cv**2)
    return rate_per_s * second_moment / (2.0 * (1.0 - rate_per_s * service_mean_s))


def mm1k_p(rho: float, places: int, k: int) -> float:
    """P(k in the system) of M/M/1/K with ``places`` = K, the one in service included; rho ≠ 1."""
    return (1.0 - rho) * rho**k / (1.0 - rho ** (places + 1))


def mm1k_number(rho: float, places: int) -> float:
    """Mean number in the system of M/M/1/K."""
    return sum(k * mm1k_p(rho, places, k) for k in range(places + 1))
