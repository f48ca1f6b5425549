"""Peer: M/M/8 in Ciw, the queueing-network simulator, for the record.

Rates as in ``benchmarks/scenarios/mm8.yaml``. Ciw counts customers who have finished, so the run ends at
that many. Prints one JSON object:

    python benchmarks/peers/ciw_mmc.py 20000 7
"""

from __future__ import annotations

import json
import sys
from time import perf_counter
from typing import Any

import ciw

SERVERS = 8
RATE_PER_S = 6400.0
SERVICE_MEAN_S = 0.001


def run(customers: int, seed: int) -> dict[str, Any]:
    """Serve ``customers`` customers; return how many, the wall time and the mean sojourn in seconds.

    Reading Ciw's records is not part of the wall time.
    """
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=RATE_PER_S)],
        service_distributions=[ciw.dists.Exponential(rate=1.0 / SERVICE_MEAN_S)],
        number_of_servers=[SERVERS],
    )
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    start = perf_counter()
    simulation.simulate_until_max_customers(customers, method="Finish")
    wall_s = perf_counter() - start
    sojourns = [record.exit_date - record.arrival_date for record in simulation.get_all_records()]
    return {"messages": len(sojourns), "wall_s": wall_s, "sojourn_mean_s": sum(sojourns) / len(sojourns)}


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]))))
