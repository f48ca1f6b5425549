"""What all tests share: examples that come out the same every time, and an empty folder to stand in."""

import os
import signal
from pathlib import Path

import hypothesis
import pytest

# Shells start background jobs with Ctrl-C ignored, and whatever the tests start would ignore it too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

REPEATABLE, EXPLORE = "repeatable", "explore"

# Timing is not what tests are about, and the first example of a property may have to wait for a compilation.
hypothesis.settings.register_profile(REPEATABLE, derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.register_profile(EXPLORE, deadline=None, print_blob=True)
PROFILE = os.environ.get("MQLAB_HYPOTHESIS", REPEATABLE)
hypothesis.settings.load_profile(PROFILE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which examples Hypothesis took, so that a run can be repeated."""
    seed = terminalreporter.config.getoption("hypothesis_seed", None)
    how = "derandomized" if PROFILE == REPEATABLE else f"seed {'drawn anew' if seed is None else seed}"
    terminalreporter.write_line(f"hypothesis profile {PROFILE}: {how}")


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder of one's own: what a test writes into the current folder goes there."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
