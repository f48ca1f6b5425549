"""Our side of the bench ``sweep``: sweep M/M/8 over its load, in an interpreter of its own.

One short run first loads the compiled core. What is timed is the whole of ``mqlab.sweep``: resolving every point,
running, workers and all. Prints one JSON object: messages of all runs, and the wall time.

    python benchmarks/_sweep.py 100000 2 1 1000 2000 4000
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter

import mqlab

MM8 = Path(__file__).parent / "scenarios" / "mm8.yaml"
RATE = "producers.customers.arrivals.poisson.rate"


def main() -> None:
    """Read messages a run, runs a point, jobs and the rates; sweep; print."""
    messages, reps, jobs, *rates = (float(text) for text in sys.argv[1:])
    mqlab.run(MM8, overrides=["duration=10 ms"], trace="counts")
    sweep = mqlab.sweep  # imported by now, as SimPy is on the other side
    start = perf_counter()
    found = sweep(
        MM8,
        {RATE: [f"{rate}/s" for rate in rates]},
        reps=round(reps),
        jobs=round(jobs),
        overrides=["duration=1000 s", f"producers.customers.arrivals.poisson.messages={round(messages)}"],
    )
    wall_s = perf_counter() - start
    print(json.dumps({"messages": int(found.runs["messages.created"].sum()), "wall_s": wall_s}))


if __name__ == "__main__":
    main()
