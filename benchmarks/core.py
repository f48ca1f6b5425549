"""The bench ``core``: how fast the simulated broker is, beside SimPy and Ciw, and what it costs to start.

Rates are messages created per second of wall time, both sides single-threaded, each in an interpreter of its
own. The peers run fewer messages than we do, because they need longer; a rate does not mind.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from mqlab.bench import BenchError, Group, Measure, Row, Scale, run_script, with_version

HERE = Path(__file__).parent
OURS = HERE / "_ours.py"
MM8 = HERE / "scenarios" / "mm8.yaml"
FULL_SCENARIO = HERE / "scenarios" / "full.yaml"
MM8_RATE_PER_S = 6400.0
FULL_DURATION_S = 5.0
MEBIBYTE = 1 << 20


def seconds(duration_s: float) -> str:
    """Override a scenario's duration."""
    return f"duration={round(duration_s * 1000)} ms"


# --- rates -----


def mm8_rate(scale: Scale) -> float:
    """Messages per second, M/M/8 through our broker, three million messages."""
    duration_s = scale.of(3_000_000) / MM8_RATE_PER_S
    figures = run_script(OURS, str(MM8), "--set", seconds(duration_s))
    return float(figures["messages"]) / float(figures["wall_s"])


def full_rate(scale: Scale) -> float:
    """Messages per second, the full scenario in our broker: twenty runs of what the peer runs once."""
    repeats = round(scale.of(20, least=1))
    figures = run_script(OURS, str(FULL_SCENARIO), "--repeats", str(repeats))
    return float(figures["messages"]) / float(figures["wall_s"])


def peer_rate(script: str, customers: int, scale: Scale) -> float:
    """Return the customers per second of an M/M/8 peer."""
    figures = run_script(HERE / "peers" / script, str(round(scale.of(customers))), "1")
    return float(figures["messages"]) / float(figures["wall_s"])


def ciw_rate(scale: Scale) -> float | None:
    """Return the customers per second of Ciw, if it is installed."""
    return peer_rate("ciw_mmc.py", 50_000, scale) if find_spec("ciw") else None


def broker_rate(style: str, scale: Scale) -> float:
    """Messages per second of the SimPy broker in one of its two styles."""
    duration_s = scale.of(FULL_DURATION_S, least=0.5)
    figures = run_script(HERE / "peers" / "simpy_broker.py", str(duration_s), "1", style)
    return float(figures["messages"]) / float(figures["wall_s"])


RESOURCE, STORE = with_version("simpy", "SimPy {} Resource"), with_version("simpy", "SimPy {} Store")
WAIT = with_version("simpy", "SimPy {}, a process per message")
WATCH = with_version("simpy", "SimPy {}, a watchdog per producer")
CIW = with_version("ciw", "Ciw {}")
RATE = "messages/s"

MM8_GROUP = Group(
    "M/M/8",
    measures={
        "ours": mm8_rate,
        "resource": partial(peer_rate, "simpy_resource.py", 200_000),
        "store": partial(peer_rate, "simpy_store.py", 200_000),
        "ciw": ciw_rate,
    },
    rows=[
        Row("M/M/8 through the broker", RATE, "ours", "resource", RESOURCE, 30, "ratio >= target"),
        Row("M/M/8 through the broker", RATE, "ours", "store", STORE),
        Row("M/M/8 through the broker", RATE, "ours", "ciw", CIW),
    ],
)

FULL_GROUP = Group(
    "full scenario",
    measures={
        "ours": full_rate,
        "wait": partial(broker_rate, "wait"),
        "watch": partial(broker_rate, "watch"),
    },
    rows=[
        Row("full scenario", RATE, "ours", "wait", WAIT, 80, "ratio >= target"),
        Row("full scenario", RATE, "ours", "watch", WATCH),
    ],
)

# --- what grows with the number of messages -----


def cost_ns(messages: int, level: str, scale: Scale) -> float:
    """Nanoseconds per message of M/M/8 runs this long, rows thrown away; short runs are repeated."""
    duration_s = scale.of(messages) / MM8_RATE_PER_S
    repeats = max(1, 2_000_000 // messages)
    figures = run_script(
        OURS, str(MM8), "--set", seconds(duration_s), "--level", level, "--repeats", str(repeats)
    )
    return 1e9 * float(figures["wall_s"]) / float(figures["messages"])


def memory_mib(messages: int, level: str, scale: Scale) -> float:
    """Peak resident memory in MiB of one M/M/8 run of so many messages, its rows written to Parquet files."""
    duration_s = scale.of(messages) / MM8_RATE_PER_S
    figures = run_script(OURS, str(MM8), "--set", seconds(duration_s), "--level", level, "--sink", "parquet")
    return float(figures["peak_memory_bytes"]) / MEBIBYTE


def growth(figures: Mapping[str, float | None]) -> float | None:
    """Difference in peak memory between the long and the short run of one turn."""
    long, short = figures["long"], figures["short"]
    return None if long is None or short is None else long - short


def cost_group(level: str) -> Group:
    """Cost per message at 10⁷ over that at 10⁵."""
    name = f"cost of a message at 10⁷ over 10⁵, {level}"
    return Group(
        f"cost per message, {level}",
        measures={"long": partial(cost_ns, 10_000_000, level), "short": partial(cost_ns, 100_000, level)},
        rows=[Row(name, "ns/message", "long", "short", "mqlab, 10⁵ messages", 1.3, "ratio <= target")],
    )


def memory_group(level: str) -> Group:
    """Growth of peak memory from 10⁶ to 10⁷ messages; rows kept in memory would make it a gigabyte."""
    measures: dict[str, Measure] = {
        "long": partial(memory_mib, 10_000_000, level),
        "short": partial(memory_mib, 1_000_000, level),
    }
    return Group(
        f"memory, {level}",
        prepare=partial(memory_mib, 1000, level, Scale(1, 1.0)),  # a compilation would be the peak
        measures=measures,
        combine={"growth": growth},
        rows=[
            Row(f"peak memory, 10⁷ messages, {level}", "MiB", "long", "short", "mqlab, 10⁶ messages"),
            Row(
                f"growth of peak memory, 10⁶ to 10⁷, {level}",
                "MiB",
                "growth",
                None,
                None,
                64,
                "ours <= target",
            ),
        ],
    )


# --- starting -----


def wall_s(command: list[str], expected: tuple[int, ...] = (0,)) -> float:
    """Seconds that a command takes, from start to exit, in an empty folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="mqlab-bench-") as folder:
        start = perf_counter()
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        took_s = perf_counter() - start
    if done.returncode not in expected:
        complaint = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BenchError(f"{' '.join(command)} ended with code {done.returncode}: {complaint}")
    return took_s


def cold_compile_s(_: Scale) -> float:
    """Seconds from starting Python to the end of a first tiny run, with an empty cache folder."""
    with tempfile.TemporaryDirectory(prefix="mqlab-cold-") as cache:
        arguments = (str(MM8), "--no-warm-up", "--set", seconds(0.01))
        start = perf_counter()
        run_script(OURS, *arguments, env={"MQLAB_CACHE_DIR": cache})
        return perf_counter() - start


def flash_sale_s(_: Scale) -> float:
    """Seconds of the whole command ``mqlab run flash-sale``, report rendered."""
    return wall_s([sys.executable, "-m", "mqlab", "run", "flash-sale"], expected=(0, 1))


def import_s(_: Scale) -> float:
    """Seconds that ``import mqlab`` takes in a fresh interpreter, without the interpreter's own start."""
    script = "import time; t = time.perf_counter(); import mqlab; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError("import mqlab failed: " + done.stderr.strip()[-200:])
    return float(done.stdout)


def start_group(title: str, measure: Measure, target_s: float, *, prepared: bool = True) -> Group:
    """Seconds that something takes to start; ``prepared``: once before it counts, so that caches are warm."""
    prepare: Callable[[], object] | None = partial(measure, Scale(1, 1.0)) if prepared else None
    row = Row(title, "s", "ours", target=target_s, rule="ours <= target")
    return Group(title, measures={"ours": measure}, rows=[row], prepare=prepare)


LEVELS = ("counts", "fates", "events")

GROUPS = (
    MM8_GROUP,
    FULL_GROUP,
    *(cost_group(level) for level in LEVELS),
    *(memory_group(level) for level in LEVELS),
    start_group("cold compile", cold_compile_s, 30, prepared=False),
    start_group("warm mqlab run flash-sale", flash_sale_s, 2),
    start_group("import mqlab", import_s, 0.3),
)
