"""Answers to exercises: the reference out of its lesson, what is released of it, and wrong ones with what they lose.

    tests/grading/answers/charge-once/wrong_memory.py
        # Remembers in the process what it has charged.
        # loses: a crash at any moment charges nobody twice
        # loses: two desks with the same order charge it once
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from mqlab.grading.exercise import Exercise

ROOT = Path(__file__).parents[2]
ANSWERS = Path(__file__).parent / "answers"
STUB = "# YOUR CODE HERE\n{indent}raise NotImplementedError()\n"
"""What nbgrader puts in a solution's place."""
_SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?^[ \t]*### END SOLUTION[ \t]*(?:\n|\Z)", re.M | re.S)
_LOSES = re.compile(r"^# loses: (.+)$", re.MULTILINE)


def notebook(exercise: Exercise) -> Path:
    """Where the lesson is."""
    return ROOT / "notebooks" / f"{exercise.lesson}.ipynb"


def answer_cells(exercise: Exercise) -> list[str]:
    """The sources of the cells that set an exercise in its lesson: one, if all is well."""
    cells = json.loads(notebook(exercise).read_text(encoding="utf-8"))["cells"]
    return [
        "".join(cell["source"])
        for cell in cells
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == exercise.name
    ]


def reference(exercise: Exercise) -> str:
    """The teacher's solution: the answer cell of the lesson."""
    (cell,) = answer_cells(exercise)
    return cell


def released(source: str) -> str:
    """What a learner finds: the solution is cut out."""
    return _SOLUTION.sub(lambda found: found[1] + STUB.format(indent=found[1]), source)


def wrong(exercise: Exercise) -> list[Path]:
    """The wrong answers to an exercise."""
    return sorted((ANSWERS / exercise.name).glob("wrong_*.py"))


def losses(path: Path) -> set[str]:
    """Which parts a wrong answer loses, as its head comment says."""
    found = _LOSES.findall(path.read_text(encoding="utf-8"))
    assert found, f"{path.name} does not say what it loses"
    return {name.strip() for name in found}
