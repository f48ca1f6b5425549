"""Ctrl-C, SIGTERM and readers who leave early, with real processes and real signals."""

import os
import signal
import subprocess
import sys
import time

import pytest

from mqlab.cli import main
from tests.cli.conftest import TINY

PATIENCE_S = 120
LONG = TINY.replace("duration: 2 s", "duration: 10 min").replace("100/s", "20k/s")


def start(*arguments, cwd, **options):
    command = [sys.executable, "-m", "mqlab", *map(str, arguments)]
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def wait_until(true, process):
    """Wait for something that the process does; it must not end before."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("which", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_an_interrupted_run_leaves_nothing(tmp_path, which, code, word):
    (tmp_path / "long.yaml").write_text(LONG, encoding="utf-8")
    with start("run", "long.yaml", "--trace", "events", cwd=tmp_path) as process:
        wait_until(lambda: any((tmp_path / "runs").glob(".tiny-*.partial-*/trace.parquet")), process)
        process.send_signal(which)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (code, "")
    assert err.splitlines()[-1] == f"mqlab: {word}; nothing half-written is left"
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["long.yaml"]


def test_an_interrupted_run_keeps_the_run_that_was_there(tmp_path):
    (tmp_path / "long.yaml").write_text(LONG, encoding="utf-8")
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    with start("run", "tiny.yaml", "--out", "kept", "--no-report", cwd=tmp_path) as process:
        assert process.wait(PATIENCE_S) == 0, process.communicate()
    before = {path.name: path.read_bytes() for path in (tmp_path / "kept").iterdir()}
    with start("run", "long.yaml", "--out", "kept", "--trace", "events", cwd=tmp_path) as process:
        wait_until(lambda: any(tmp_path.glob(".kept.partial-*/trace.parquet")), process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert {path.name: path.read_bytes() for path in (tmp_path / "kept").iterdir()} == before
    assert {path.name for path in tmp_path.iterdir()} == {"long.yaml", "tiny.yaml", "kept"}


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_that_python_forgets_is_made_again(which):
    """Exceptions in callbacks from C are reported and forgotten; qsort calls one of ours for ever."""
    code = (
        "import ctypes, signal, sys, time\n"
        "from mqlab.cli import endings\n"
        "def compare(a, b):\n"
        f"    signal.raise_signal({int(which)})\n"
        "    return 0\n"
        "kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)\n"
        "try:\n"
        "    with endings.interruptible():\n"
        "        ctypes.CDLL(None).qsort((ctypes.c_int * 2)(2, 1), 2, 4, kind(compare))\n"
        "        print('forgotten', flush=True)\n"
        "        time.sleep(60)\n"
        "except (KeyboardInterrupt, endings.Terminated) as error:\n"
        "    print(type(error).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    name = {signal.SIGINT: "Interrupted", signal.SIGTERM: "Terminated"}[which]
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["forgotten", name], "")


@pytest.mark.parametrize(
    "making",
    ["exec('raise_signal(2)')", "class Field:\n    def __set_name__(*_): raise_signal(2)\nclass A:\n    b = Field()"],
)
def test_an_interruption_while_modules_are_being_made_gives_the_exit_code(making, tmp_path):
    """What passes through `exec` of a text makes Python die of SIGINT; what a descriptor raises is wrapped."""
    code = (
        "import sys\n"
        "from signal import raise_signal\n"
        "from mqlab import cli\n"
        f"cli._dispatch = lambda _: exec({making!r}, globals())\n"
        "sys.exit(cli.main([]))\n"
    )
    (tmp_path / "entry.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "entry"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    expected = (130, "", "mqlab: interrupted; nothing half-written is left\n")
    assert (done.returncode, done.stdout, done.stderr) == expected


def test_an_interrupt_while_rendering_leaves_nothing(tmp_path, monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mqlab.face.rendering.Helper.finish", interrupted)
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    assert main(["run", "tiny.yaml"]) == 130
    assert capsys.readouterr().out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.yaml"]


def test_a_reader_who_leaves_is_no_error(tmp_path):
    with start("schema", cwd=tmp_path) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(PATIENCE_S) == 0


def test_a_full_disk_behind_standard_output_is_told(tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "mqlab", "schema"]
        done = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("mqlab: ")
    assert "Traceback" not in done.stderr
