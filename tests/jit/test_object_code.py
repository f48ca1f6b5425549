"""Kernels are plain functions here, and object code once a helper process has compiled them."""

import math
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mqlab.errors import EngineError
from mqlab.jit import JIT, accessor, handle_of, scale, split
from mqlab.jit.object_code import Entry, cache_folder, kernel_sources, write_object

TINY = """
from __future__ import annotations
import numpy as np
from mqlab.jit import State, U64, accessor, entry, kernel, scale, split

CELL = np.dtype([("n", "i8"), ("x", "f8"), ("small", "i4")])
cells = accessor(0, CELL)

@kernel
def halve(x: float) -> float:
    m, e = split(x)
    return scale(m, e - 1)

@kernel
def mixed(word: U64) -> U64:
    return (word ^ (word >> np.uint64(7))) * np.uint64(0x9E3779B97F4A7C15)

@entry
def work(s: State, first: int, count: int) -> int:
    total = 0
    for i in range(first, first + count):
        cell = cells(s, i)
        cell["x"] = halve(float(cell["n"]))
        cell["small"] = cell["small"] + 1
        total += int(mixed(np.uint64(cell["n"])) & np.uint64(0xFFFF))
    return total
"""
CELL = np.dtype([("n", "i8"), ("x", "f8"), ("small", "i4")])


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    (tmp_path / "tiny_kernels.py").write_text(TINY)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("MQLAB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("MQLAB_BOUNDS_CHECK", raising=False)
    return tmp_path


def a_state(cells=8):
    arrays = [np.zeros(cells, CELL)]
    arrays[0]["n"] = np.arange(1, cells + 1) * 1_000_003
    return arrays


def directory_of(arrays):
    directory = np.zeros(2, np.int64)
    directory[:] = arrays[0].ctypes.data, len(arrays[0])
    return directory


def test_compiled_and_interpreted_do_the_same(tiny, capfd):
    compiled, plain = a_state(), a_state()
    directory = directory_of(compiled)
    answer = Entry("tiny_kernels", "work")(directory.ctypes.data, 1, 5)
    assert "once for this version" in capfd.readouterr().err

    script = (
        "import numpy as np, tiny_kernels as t\n"
        "a = np.zeros(8, t.CELL); a['n'] = np.arange(1, 9) * 1_000_003\n"
        "with np.errstate(over='ignore'): print(t.work([a], 1, 5)); print(a.tolist())\n"
    )
    environment = {**os.environ, "MQLAB_JIT": "0", "PYTHONPATH": os.pathsep.join([str(tiny), *sys.path])}
    told = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    interpreted, cells = told.stdout.splitlines()
    assert answer == int(interpreted)
    assert compiled[0].tolist() == eval(cells)
    assert compiled[0]["x"][1:6].tolist() == (plain[0]["n"][1:6] / 2).tolist()


def test_a_second_entry_is_loaded_not_compiled(tiny, capfd):
    arrays = a_state()
    directory = directory_of(arrays)
    first = Entry("tiny_kernels", "work")(directory.ctypes.data, 0, 8)
    capfd.readouterr()
    assert Entry("tiny_kernels", "work")(directory.ctypes.data, 0, 8) == first
    assert capfd.readouterr().err == ""


def test_what_cannot_be_compiled_is_said(tiny, monkeypatch):
    monkeypatch.setenv("MQLAB_DEBUG", "1")
    (tiny / "tiny_kernels.py").write_text(TINY.replace("total = 0", "total = no_such_name"))
    with pytest.raises(EngineError, match="no_such_name"):
        Entry("tiny_kernels", "work")(0, 0, 0)
    assert not list((tiny / "cache").rglob("*.o"))


def test_an_interrupted_compilation_leaves_nothing(tiny):
    script = "from mqlab.jit.object_code import Entry; Entry('mqlab.core.loop', 'advance')(0, 0, 0)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tiny), *sys.path])}
    process = subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "compiling" in process.stderr.readline()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert not [file for file in (tiny / "cache").rglob("*") if file.is_file()]


def test_object_code_is_put_into_place_whole(tmp_path):
    write_object(tmp_path / "a" / "b", "work", "symbol", b"code")
    assert sorted(file.name for file in (tmp_path / "a" / "b").iterdir()) == ["work.json", "work.o"]


def test_the_cache_folder_knows_the_sources(monkeypatch, tmp_path):
    monkeypatch.setenv("MQLAB_CACHE_DIR", str(tmp_path))
    before = cache_folder()
    assert before.parent == tmp_path
    monkeypatch.setattr("mqlab.jit.object_code.kernel_digest", lambda: "0" * 16)
    assert cache_folder() != before


@pytest.mark.parametrize("x", [1.0, 0.75, 3.5e-12, 2.0**60, 1.0 - 2.0**-53])
def test_split_and_scale_take_a_float_apart_and_put_it_together(x):
    m, e = split(x)
    assert 0.5 <= m < 1.0
    assert math.ldexp(m, e) == x == scale(m, e)


def test_a_handle_is_the_arrays_or_their_directory():
    arrays = a_state(3)
    directory = np.zeros(2, np.int64)
    handle = handle_of(arrays, directory)
    assert handle == (directory.ctypes.data if JIT else arrays)
    assert not JIT or directory.tolist() == [arrays[0].ctypes.data, 3]


def test_interpreted_accessors_refuse_to_count_from_the_end():
    with pytest.raises(IndexError):
        accessor(0, CELL)([np.zeros(2, CELL)], -1)


def test_threads_do_not_share_an_answer(tiny):
    from concurrent.futures import ThreadPoolExecutor

    arrays = [a_state(), a_state()]
    arrays[1][0]["n"] *= 7
    directories = [directory_of(each) for each in arrays]
    work = Entry("tiny_kernels", "work")
    alone = [work(directory.ctypes.data, 0, 8) for directory in directories]
    assert alone[0] != alone[1]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda k: work(directories[k % 2].ctypes.data, 0, 8), range(400)))
    assert together == alone * 200


def test_looking_at_the_compiler_leaves_numba_as_it_is():
    """Numba makes no machine code where kernels are compiled; elsewhere, as for a ring's handlers, it goes on to."""
    code = (
        "import mqlab.jit.compiling, mqlab.jit.numba_side, numba\n"
        "@numba.njit\n"
        "def twice(x):\n    return 2 * x\n"
        "print(twice(21))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "42\n"


def test_every_file_with_kernels_counts_for_the_cache():
    """Those in sub-folders too; what is compiled from a file that does not count would outlive its edits."""
    package = Path(__file__).parents[2] / "mqlab"
    marks = re.compile(r"^@(kernel|often|seldom|entry)\b", re.MULTILINE)
    with_kernels = {
        file
        for file in package.rglob("*.py")
        if "ring" not in file.relative_to(package).parts and marks.search(file.read_text(encoding="utf-8"))
    }
    assert package / "core" / "log" / "loop.py" in with_kernels
    assert with_kernels <= set(kernel_sources())
