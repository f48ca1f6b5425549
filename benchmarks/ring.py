"""The bench ``ring``: records per second through our ring, beside the LMAX Disruptor and queues of Python and Java.

Every ring has 65,536 slots of one 8-byte number, which each consumer adds up; both sides check their sums, and both
wait by yielding. Each measure runs in a process of its own, warms up (numba, or Java's own compiler), and tells its
last round, from the first publish until the last consumer is done.

What differs: our compiled functions are built by numba into one loop with the ring around them, and Java's handlers are
called through an interface (its compiler may inline them); our records are flat memory, the Disruptor's are objects. In
the rows named "Python" nothing is compiled, and everything competes for the GIL.

Threads beyond the number of cores measure the scheduler: such rows are told and not judged.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import subprocess
import tempfile
from functools import cache, partial
from pathlib import Path
from platform import python_version

from mqlab.bench import BenchError, Group, Measure, Row, Scale, run_script

HERE = Path(__file__).parent
JAVA_FOLDERS = (Path("/usr/share/java"), Path("/usr/local/share/java"))
PEER = "DisruptorPeer"
THREADS = {"1p1c": 2, "3p1c": 4, "1p3c": 4, "pipeline": 4, "diamond": 4}
TITLES = {
    "1p1c": "one producer, one consumer",
    "3p1c": "three producers, one consumer",
    "1p3c": "one producer, three consumers",
    "pipeline": "pipeline of three",
    "diamond": "diamond",
}
EVENTS = {("1p1c", 1): 20e6, ("1p1c", 10): 50e6}
"""How many records a round has; 6 million for all others."""


# --- ours -----


def ours(kind: str, shape: str, batch: int, wait: str, events: float, scale: Scale) -> float:
    """Give the records per second of our ring, or of a queue of Python's own."""
    count = str(round(scale.of(events, least=3_000)))
    figures = run_script(HERE / "_ring.py", kind, shape, str(batch), count, "3", wait)
    return float(figures["events"]) / float(figures["wall_s"])


# --- Java's -----


def jar() -> Path | None:
    """Find the Disruptor: the file with a version in its name, if there is one."""
    found = [path for folder in JAVA_FOLDERS for path in sorted(folder.glob("disruptor*.jar"), reverse=True)]
    return max(found, key=lambda path: any(letter.isdigit() for letter in path.name), default=None)


def has_java() -> bool:
    """Tell whether the Disruptor can be measured here."""
    return jar() is not None and shutil.which("javac") is not None and shutil.which("java") is not None


def disruptor_name() -> str:
    """Name the peer with its version, or say how to get it."""
    if not has_java():
        return "LMAX Disruptor (not here: apt-get install libdisruptor-java default-jdk-headless)"
    version = re.search(r"\d+(\.\d+)+", str(jar()))
    return f"LMAX Disruptor {version.group() if version else ''} on {java_version()}"


@cache
def java_version() -> str:
    """Name Java with its version, as it says itself."""
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'"([^"]+)"', told)
    return f"Java {found.group(1) if found else ''}"


@cache
def classes() -> str:
    """Compile the peer, once for this run of the bench; the folder goes with the process."""
    folder = tempfile.mkdtemp(prefix="mqlab-bench-ring-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    source = HERE / "peers" / f"{PEER}.java"
    command = ["javac", "-cp", str(jar()), "-d", folder, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"javac {source.name} failed: {done.stderr.strip()[:300]}")
    return folder


def java(shape: str, batch: int, events: float, scale: Scale) -> float | None:
    """Give the records per second of the Disruptor or an ArrayBlockingQueue; None where it is not installed."""
    if not has_java():
        return None
    path = os.pathsep.join((str(jar()), classes()))
    count = str(round(scale.of(events, least=3_000)))
    command = ["java", "-cp", path, PEER, shape, str(batch), count, "3", "yielding"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{PEER} {shape} failed: {(done.stderr.strip().splitlines() or ['it said nothing'])[0]}")
    figures = json.loads(done.stdout)
    return float(figures["events"]) / float(figures["wall_s"])


# --- what is measured -----


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def beside_disruptor(shape: str, batch: int, target: float | None) -> Group:
    """Measure one shape on both sides."""
    events = EVENTS.get((shape, batch), 6e6)
    measures: dict[str, Measure] = {
        "ours": partial(ours, "compiled", shape, batch, "yielding", events),
        "theirs": partial(java, shape, batch, events),
    }
    title = f"{TITLES[shape]}, {'one at a time' if batch == 1 else f'in batches of {batch}'}"
    judged = target is not None and cores() >= THREADS[shape]
    rule = "ratio >= target" if judged else "recorded"
    return Group(title, measures, [Row(title, "records/s", "ours", "theirs", disruptor_name(), target, rule)])


QUEUE, SIMPLE = (f"{name}, Python {python_version()}" for name in ("queue.Queue", "queue.SimpleQueue"))

IN_PYTHON = Group(
    "Python, one producer, one consumer",
    measures={
        "one": partial(ours, "python", "1p1c", 1, "yielding", 50_000),
        "batches": partial(ours, "python", "1p1c", 100, "blocking", 1_000_000),
        "compiled": partial(ours, "compiled", "1p1c", 1, "yielding", 6e6),
        "queue": partial(ours, "Queue", "1p1c", 1, "-", 50_000),
        "simple": partial(ours, "SimpleQueue", "1p1c", 1, "-", 200_000),
        "array": partial(java, "queue", 1, 1e6),
    },
    rows=[
        Row("Python, one at a time", "records/s", "one", "queue", QUEUE),
        Row("Python, one at a time", "records/s", "one", "simple", SIMPLE),
        Row("Python, in batches of 100", "records/s", "batches", "queue", QUEUE),
        Row("Python, in batches of 100", "records/s", "batches", "simple", SIMPLE),
        Row("compiled, one at a time", "records/s", "compiled", "simple", SIMPLE),
        Row("compiled, one at a time", "records/s", "compiled", "array",
            f"ArrayBlockingQueue, {java_version()}" if has_java() else "ArrayBlockingQueue (Java is not here)"),
    ],
)  # fmt: skip

GROUPS = (
    beside_disruptor("1p1c", 1, 2),
    beside_disruptor("1p1c", 10, 2),
    beside_disruptor("3p1c", 1, 2),
    beside_disruptor("3p1c", 10, None),
    beside_disruptor("1p3c", 1, 1.5),
    beside_disruptor("pipeline", 1, 1.5),
    beside_disruptor("diamond", 1, 1.5),
    IN_PYTHON,
)
