"""The bench ``ring``: both sides verify their sums, and a peer that is not there leaves its place empty."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mqlab.bench import QUICK

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("bench_ring", ROOT / "benchmarks" / "ring.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("shape", ["1p1c", "3p1c", "1p3c", "pipeline", "diamond"])
@pytest.mark.parametrize("kind", ["python", "compiled"])
def test_every_shape_is_measured_and_verified(kind, shape):
    command = [sys.executable, ROOT / "benchmarks" / "_ring.py", kind, shape, "7", "600", "1", "yielding"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=240)
    assert json.loads(done.stdout)["events"] == 600


@pytest.mark.parametrize("shape", ["queue", "diamond"])
def test_the_peer_is_measured_where_it_is_installed(bench, shape):
    rate = bench.java(shape, 1, 3000, QUICK)
    assert (rate is None) is not bench.has_java()
    assert rate is None or rate > 0


def test_without_the_peer_the_place_is_empty_and_says_so(bench, monkeypatch):
    monkeypatch.setattr(bench, "JAVA_FOLDERS", ())
    assert bench.java("1p1c", 1, 3000, QUICK) is None
    assert "apt-get install libdisruptor-java" in bench.disruptor_name()


def test_rows_with_more_threads_than_cores_are_not_judged(bench, monkeypatch):
    monkeypatch.setattr(bench, "cores", lambda: 2)
    rules = {shape: bench.beside_disruptor(shape, 1, 2).rows[0].rule for shape in bench.THREADS}
    assert {shape for shape, rule in rules.items() if rule != "recorded"} == {"1p1c"}
