"""What docs/ring.md shows, as it is shown; compiled and not."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "ring.md").read_text(encoding="utf-8"), re.DOTALL)
SAYS = ["0 700 7\n1 800 8\n2 900 9\n", "499999500000\n", "6 [6, 7, 8, 9]\n"]
SMALLER = {"1_000_000": "300", "499999500000": "44850"}


def run(code, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False,
        env={**os.environ, **environment}, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("example", "says"), zip(EXAMPLES, SAYS, strict=True))
@pytest.mark.parametrize("jit", ["1", "0"])
def test_the_page_says_what_happens(example, says, jit):
    if jit == "0":  # a record takes some 50 µs there
        for large, small in SMALLER.items():
            example, says = example.replace(large, small), says.replace(large, small)
    assert run(example, MQLAB_JIT=jit) == says


def test_importing_mqlab_loads_no_ring_and_no_numba():
    run("import sys, mqlab; assert not {'numba', 'mqlab.ring'} & set(sys.modules)")


def test_without_the_jit_numba_is_not_even_imported():
    run("import sys, mqlab.ring, mqlab.ring.litmus; assert 'numba' not in sys.modules", MQLAB_JIT="0")


def test_a_ring_that_is_left_running_lets_the_interpreter_end():
    run(
        "from mqlab.ring import RingBuffer, compiled\n"
        "@compiled\ndef nothing(record, sequence, end): pass\n"
        "ring = RingBuffer([('value', 'i8')], 4, wait='yielding')\n"
        "ring.handle(nothing)\nring.start()\nring.publish(value=1)\n"
    )


def test_the_suite_of_the_ring_holds_without_the_jit():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-x", "tests/ring/test_sequences.py",
        "tests/ring/test_lapping.py", "tests/ring/test_litmus.py", "tests/ring/test_threads.py"]  # fmt: skip
    environment = {**os.environ, "MQLAB_JIT": "0"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment, timeout=600
    )
    assert done.returncode == 0, done.stdout[-3000:]
