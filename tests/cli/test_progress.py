"""Progress is shown to those who wait, and to nobody else."""

import io

import pytest

from mqlab.cli import console


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    times = [0.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: times[0])
    return times


def test_what_is_quick_shows_nothing(monkeypatch, clock):
    stderr = Terminal()
    monkeypatch.setattr("sys.stderr", stderr)
    with console.Progress("tiny") as progress:
        clock[0] = console.PATIENCE_S - 0.1
        progress(0.9)
    assert stderr.getvalue() == ""


def test_who_waits_sees_a_bar_that_is_wiped_at_the_end(monkeypatch, clock):
    stderr = Terminal()
    monkeypatch.setattr("sys.stderr", stderr)
    with console.Progress("tiny") as progress:
        clock[0] = console.PATIENCE_S
        progress(0.25, "round 2")
        shown = stderr.getvalue()
        progress(2.0)
    assert "tiny: round 2" in shown
    assert " 25%" in shown
    assert "0% |" not in shown.replace("25%", "")
    assert stderr.getvalue().rstrip("\r").endswith(" ")


def test_without_a_terminal_it_is_a_line_now_and_then(monkeypatch, clock, capsys):
    with console.Progress("tiny") as progress:
        for second in range(25):
            clock[0] = float(second)
            progress(second / 25)
    assert capsys.readouterr().err.splitlines() == ["mqlab: tiny: 40%", "mqlab: tiny: 80%"]


def test_progress_that_is_not_wanted(monkeypatch, clock, capsys):
    with console.Progress("tiny", enabled=False) as progress:
        clock[0] = 100.0
        progress(0.5)
    assert capsys.readouterr().err == ""
