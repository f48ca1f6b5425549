"""Peer: M/M/8 with a ``simpy.Store`` as the queue and eight server processes that take from it.

Fewer SimPy events per customer than one process each, hence the faster of the two idioms. Rates as in
``benchmarks/scenarios/mm8.yaml``. Prints one JSON object:

    python benchmarks/peers/simpy_store.py 100000 7
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


def run(customers: int, seed: int) -> dict[str, Any]:
    """Serve ``customers`` customers; return how many, the wall time and the mean sojourn in seconds."""
    env = simpy.Environment()
    line = simpy.Store(env)
    draw = random.Random(seed).expovariate
    timeout, put, get = env.timeout, line.put, line.get
    served, sojourn_s = 0, 0.0

    def arrivals() -> Iterator[simpy.Event]:
        for _ in range(customers):
            yield timeout(draw(RATE_PER_S))
            put(env.now)  # an unbounded store never makes the put wait

    def server() -> Iterator[simpy.Event]:
        nonlocal served, sojourn_s
        while True:
            came = yield get()
            yield timeout(draw(1.0 / SERVICE_MEAN_S))
            served += 1
            sojourn_s += env.now - came

    env.process(arrivals())
    for _ in range(SERVERS):
        env.process(server())
    start = perf_counter()
    env.run()
    return {"messages": served, "wall_s": perf_counter() - start, "sojourn_mean_s": sojourn_s / served}


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]))))
