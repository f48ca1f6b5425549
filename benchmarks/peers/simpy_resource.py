"""Peer: M/M/8 as every SimPy tutorial writes it, one process per customer around one ``simpy.Resource``.

Poisson arrivals and exponential service with the rates of ``benchmarks/scenarios/mm8.yaml``. Runs alone, in
an interpreter that has loaded nothing but SimPy, and prints one JSON object:

    python benchmarks/peers/simpy_resource.py 100000 7
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import simpy

SERVERS = 8
RATE_PER_S = 6400.0
SERVICE_MEAN_S = 0.001


def run(customers: int, seed: int, rate_per_s: float = RATE_PER_S) -> dict[str, Any]:
    """Serve ``customers`` customers, ``rate_per_s`` of whom come each second.

    Returns how many were served, the wall time and the mean sojourn in seconds.

    Closures instead of methods, and request and release spelled out instead of ``with``, because both make
    SimPy a little faster (a tenth, together).
    """
    env = simpy.Environment()
    servers = simpy.Resource(env, SERVERS)
    draw = random.Random(seed).expovariate
    timeout, request, release, process = env.timeout, servers.request, servers.release, env.process
    served, sojourn_s = 0, 0.0

    def arrivals() -> Iterator[simpy.Event]:
        for _ in range(customers):
            yield timeout(draw(rate_per_s))
            process(customer())

    def customer() -> Iterator[simpy.Event]:
        nonlocal served, sojourn_s
        came = env.now
        turn = request()
        yield turn
        yield timeout(draw(1.0 / SERVICE_MEAN_S))
        release(turn)
        served += 1
        sojourn_s += env.now - came

    process(arrivals())
    start = perf_counter()
    env.run()
    return {"messages": served, "wall_s": perf_counter() - start, "sojourn_mean_s": sojourn_s / served}


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]))))
