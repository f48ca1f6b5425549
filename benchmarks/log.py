"""The bench ``log``: how fast the simulated log is, beside SimPy, and what its program costs to compile.

Rates are records created per second of wall time, each of them appended, copied to two followers, acknowledged, polled,
worked on and committed; both sides single-threaded, each in an interpreter of its own. What is judged beside us is a
process for each record. A peer whose batches are processes, with records in their lists, does what our core does; it
is measured as well, and not judged. The peers run fewer records than we do, because they need longer; a rate does not
mind.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from time import perf_counter

from mqlab.bench import Group, Row, Scale, run_script, with_version

HERE = Path(__file__).parent
OURS = HERE / "_ours.py"
PEER = HERE / "peers" / "simpy_log.py"
SCENARIO = HERE / "scenarios" / "log.yaml"
RATE_PER_S = 1_000_000.0
RATE = "records/s"
NAME = "log: 3 brokers, 12 partitions, 3 replicas"
RECORD = with_version("simpy", "SimPy {}, a process per record")
BATCH = with_version("simpy", "SimPy {}, a process per batch")


def seconds(duration_s: float) -> str:
    """Override the scenario's duration."""
    return f"duration={round(duration_s * 1000)} ms"


def our_rate(scale: Scale) -> float:
    """Return the records per second in our log, five million of them."""
    figures = run_script(OURS, str(SCENARIO), "--set", seconds(scale.of(5_000_000) / RATE_PER_S))
    return float(figures["messages"]) / float(figures["wall_s"])


def peer_rate(style: str, records: int, scale: Scale) -> float:
    """Return the records per second of the SimPy log in one of its two styles."""
    figures = run_script(PEER, str(scale.of(records, least=10_000) / RATE_PER_S), style)
    return float(figures["messages"]) / float(figures["wall_s"])


def cold_compile_s(_: Scale) -> float:
    """Seconds from starting Python to the end of a first tiny run, with an empty cache folder."""
    with tempfile.TemporaryDirectory(prefix="mqlab-cold-") as cache:
        start = perf_counter()
        run_script(OURS, str(SCENARIO), "--no-warm-up", "--set", seconds(0.01), env={"MQLAB_CACHE_DIR": cache})
        return perf_counter() - start


GROUPS = (
    Group(
        "records",
        measures={
            "ours": our_rate,
            "record": partial(peer_rate, "record", 200_000),
            "batch": partial(peer_rate, "batch", 300_000),
        },
        rows=[
            Row(NAME, RATE, "ours", target=5_000_000, rule="ours >= target"),
            Row(NAME, RATE, "ours", "record", RECORD, 80, "ratio >= target"),
            Row(NAME, RATE, "ours", "batch", BATCH),
        ],
    ),
    Group("cold compile", measures={"ours": cold_compile_s}, rows=[Row("cold compile of the log", "s", "ours")]),
)
