"""Peer: a plain sweep of M/M/8 with SimPy: one rate after the other, one seed after the other, means collected.

Prints one JSON object: customers served in all, and the wall time.

    python benchmarks/peers/simpy_sweep.py 20000 2 1000 2000 4000
"""

from __future__ import annotations

import json
import sys
from time import perf_counter

from simpy_resource import run


def main() -> None:
    """Read customers a point, runs a point and the rates; sweep; print."""
    customers, reps, *rates = (float(text) for text in sys.argv[1:])
    start = perf_counter()
    curve = []
    for rate in rates:
        found = [run(round(customers), seed, rate) for seed in range(round(reps))]
        curve.append(sum(each["sojourn_mean_s"] for each in found) / len(found))
    wall_s = perf_counter() - start
    served = round(customers) * round(reps) * len(curve)
    print(json.dumps({"messages": served, "wall_s": wall_s}))


if __name__ == "__main__":
    main()
