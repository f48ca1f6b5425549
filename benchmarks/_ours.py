"""Our side of a comparison: run a scenario in the simulation, in an interpreter of its own.

One short run first loads the compiled core, so that what is timed is simulation: from the model to the trace,
without reading YAML. Prints one JSON object: messages, wall seconds and events of all repeats together,
and the greatest resident memory of the process.

    python benchmarks/_ours.py benchmarks/scenarios/mm8.yaml --set "duration=100 s" --level counts
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from mqlab import engines
from mqlab.scenario import load
from mqlab.trace.schema import Level
from mqlab.trace.sinks import NullSink, ParquetSink, Sink

WARM_UP = Path(__file__).parent / "scenarios" / "mm8.yaml"


def peak_memory_bytes() -> int:
    """Greatest resident memory of this process so far.

    Linux first: there ``ru_maxrss`` begins with what the parent had, ``VmHWM`` does not.
    """
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def sink_of(kind: str, folder: Path, level: Level) -> Sink | None:
    """Make the sink that ``--sink`` names."""
    if kind == "parquet":
        return ParquetSink(folder, level)
    return NullSink()


def main() -> None:
    """Read the arguments, warm up, run, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("scenario")
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    parser.add_argument("--level", choices=("counts", "fates", "events"), default="counts")
    parser.add_argument("--sink", choices=("null", "parquet"), default="null")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--no-warm-up", action="store_true")
    asked = parser.parse_args()
    engine = engines.get("sim")
    model = load(asked.scenario, overrides=asked.overrides).model
    if not asked.no_warm_up:
        short = load(asked.scenario if model.topics else WARM_UP, overrides=["duration=10 ms"]).model
        engine.run(short, level=asked.level, sink=NullSink())
    messages = events = 0
    wall_s = 0.0
    for repeat in range(asked.repeats):
        with tempfile.TemporaryDirectory(prefix="mqlab-bench-") as folder:
            sink = sink_of(asked.sink, Path(folder), asked.level)
            start = perf_counter()
            trace = engine.run(model, seed=asked.seed + repeat, level=asked.level, sink=sink)
            wall_s += perf_counter() - start
        messages += trace.counters.messages["created"]
        events += trace.event_count
    memory = peak_memory_bytes()
    print(json.dumps({"messages": messages, "wall_s": wall_s, "events": events, "peak_memory_bytes": memory}))


if __name__ == "__main__":
    main()
