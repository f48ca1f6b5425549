"""What pytest imports when it looks for tests: never what somebody may have written to do harm."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_attacks_and_answers_are_not_imported():
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/grading"]
    listed = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=300, check=True).stdout
    assert "tests/grading/test_attacks.py" in listed
    assert "tests/grading/attacks/" not in listed
    assert "tests/grading/answers/" not in listed
