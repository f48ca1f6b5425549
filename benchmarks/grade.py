"""The bench ``grade``: submissions graded per second, beside nbgrader, on the same assignment.

The assignment is one question, the exercise ``honest-percentile``: from rows of numbers to a number, which nbgrader can
test with plain asserts. Its test cells hold the very rows that we show under public seeds, all sizes of them, as
literals, and the same tolerance: so they are as sharp as our judgement and cost nbgrader as little as can be. To judge
it takes us about as long as half of the exercises do, 36 cases, each in a process of its own.

A class of 24 hands in what is right, wrong, broken and empty; no two texts are the same, so that none of ours is judged
once for several. Both commands are timed as they are called, the start of Python and everything they write included;
both start with warm caches. nbgrader has its defaults and is started once for all students. That both give the points
that the answers are worth is checked in every turn.

For the record there is a lesson as it is shipped, the whole notebook with its check cells, half of the class with
everything right and half with nothing. nbgrader runs all of it; we look at its answers alone.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

from mqlab.bench import BenchError, Group, Row, Scale, with_version

HERE = Path(__file__).parent
EXERCISE = "honest-percentile"
LESSON = "05-duplication"
ASSIGNMENT = "hw"
SUBMISSIONS = 24
SUBMISSIONS_OF_LESSON = 4

RIGHT = '''\
def honest_p99(rows):
    """Count from the moment at which each request was due."""
    times = sorted(answered - due for due, sent, answered in rows)
    if not times:
        return None
    rank = -(-99 * len(times) // 100)
    return times[rank - 1]
'''
ALSO_RIGHT = """\
import math

def honest_p99(rows):
    waits = [row[2] - row[0] for row in rows]
    waits.sort(reverse=True)
    return waits[len(waits) - math.ceil(0.99 * len(waits))] if waits else None
"""
FROM_SENT = RIGHT.replace("answered - due", "answered - sent")
GREATEST = "def honest_p99(rows):\n    return max((row[2] - row[0] for row in rows), default=None)\n"
NONE_FORGOTTEN = RIGHT.replace("    if not times:\n        return None\n", "")
RAISES = "def honest_p99(rows):\n    return rows[0][7]\n"
STUB = "def honest_p99(rows):\n    # YOUR CODE HERE\n    raise NotImplementedError()\n"
ANSWERS = {
    RIGHT: 5, FROM_SENT: 1, STUB: 0, ALSO_RIGHT: 5, NONE_FORGOTTEN: 4, RAISES: 0, GREATEST: 1,
}  # fmt: skip
"""What is handed in, and the points it is worth."""


# --- the assignment -----


def cell(source: str, **grading: Any) -> dict[str, Any]:
    """Give a cell of code, with nbgrader's metadata if it has any."""
    flags = {"schema_version": 3, "grade": False, "locked": False, "solution": False, "task": False}
    metadata = {"nbgrader": {**flags, **grading}} if grading else {}
    return {
        "cell_type": "code", "id": f"c-{grading.get('grade_id', 'plain')}", "metadata": metadata,
        "source": source, "outputs": [], "execution_count": None,
    }  # fmt: skip


def notebook(*cells: dict[str, Any]) -> str:
    """Write a notebook of the kernel that everybody has."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content)


class Listener:
    """Takes the part of an answer, to hear what our judge asks: it never gives one."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def call(self, _name: str, rows: Any) -> None:
        """Note the rows."""
        self.asked.append(rows)


@cache
def tested() -> tuple[tuple[str, int, list[Any]], ...]:
    """Give name and points of each part, and all pairs of rows and the percentile that they have."""
    from mqlab.grading.exercise import Case
    from mqlab.grading.exercises import exercise
    from mqlab.grading.exercises.honest_percentile import Measured
    from mqlab.grading.seeds import PUBLIC_SEEDS

    about = exercise(EXERCISE)
    found = []
    for part in about.parts:
        listener: Any = Listener()
        for size in about.sizes:
            for seed in PUBLIC_SEEDS[: about.seeds]:
                part.play(listener, Case(seed, size))
        pairs = [(rows, Measured(rows, None).p99_since(0)) for rows in listener.asked]
        found.append((part.name, part.points, pairs))
    return tuple(found)


def plain_tests() -> Iterator[dict[str, Any]]:
    """Give a test cell for each part."""
    for place, (name, points, pairs) in enumerate(tested()):
        source = f"# {name}\ncases = {pairs!r}\n" + (
            "for rows, true in cases:\n"
            "    given = honest_p99(rows)\n"
            "    if true is None:\n"
            "        assert given is None\n"
            "    else:\n"
            "        assert abs(given - true) <= 1e-6 * max(1.0, abs(true))\n"
        )
        yield cell(source, grade=True, locked=True, grade_id=f"part-{place}", points=points)


def handed_in(amount: int) -> Iterator[tuple[str, str, int]]:
    """Give students, their answers and what these are worth."""
    kinds = list(ANSWERS.items())
    for number in range(amount):
        answer, worth = kinds[number % len(kinds)]
        yield student_of(number), f"# {number} is my number\n{answer}", worth


def lessons_handed_in(amount: int) -> Iterator[tuple[str, str, int]]:
    """Give students, their notebooks and what these are worth: with the solutions, or as handed out."""
    from mqlab.course.releasing import released

    source = json.loads((HERE.parent / "notebooks" / f"{LESSON}.ipynb").read_text(encoding="utf-8"))
    points = [c["metadata"].get("nbgrader", {}).get("points", 0) for c in source["cells"]]
    for number in range(amount):
        content = released(source)
        for mine, solved in zip(content["cells"], source["cells"], strict=True):
            if mine["metadata"].get("nbgrader", {}).get("solution"):
                text = "".join(solved["source"]) if number % 2 == 0 else mine["source"]
                mine["source"] = f"# {number} is my number\n{text}"
        yield student_of(number), json.dumps(content), 0 if number % 2 else sum(points)


def student_of(number: int) -> str:
    """Name a student."""
    return f"student{number:02}"


# --- courses: made once, copied for each turn -----


@cache
def scratch() -> Path:
    """Give a folder that goes when the bench is over."""
    holder = tempfile.TemporaryDirectory(prefix="mqlab-bench-grade-")
    _HOLDERS.append(holder)
    return Path(holder.name)


_HOLDERS: list[tempfile.TemporaryDirectory[str]] = []


@cache
def course(lesson: bool, amount: int) -> tuple[Path, dict[str, float]]:
    """Make a course as nbgrader wants it, released, and handed in by all; say what each submission is worth."""
    folder = scratch() / f"{'lesson' if lesson else 'question'}-{amount}"
    source, name = folder / "source" / ASSIGNMENT, f"{LESSON if lesson else 'question'}.ipynb"
    if lesson:
        put(source / name, (HERE.parent / "notebooks" / name).read_text(encoding="utf-8"))
        all_of_them = list(lessons_handed_in(amount))
    else:
        tests, answer = tuple(plain_tests()), partial(cell, solution=True, grade_id=EXERCISE)
        put(source / name, notebook(answer(RIGHT), *tests))
        all_of_them = [(who, notebook(answer(text), *tests), worth) for who, text, worth in handed_in(amount)]
    if find_spec("nbgrader"):
        call(folder, "nbgrader", "generate_assignment", ASSIGNMENT)
    for student, text, _ in all_of_them:
        put(folder / "submitted" / student / ASSIGNMENT / name, text)
    return folder, {student: float(worth) for student, _, worth in all_of_them}


def put(path: Path, text: str) -> None:
    """Write a file and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def call(folder: Path, *words: str) -> tuple[str, float]:
    """Call a command of this Python; give what it printed and how long it took."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    environment = {**os.environ, "PATH": path}  # nbgrader starts `alembic` by its name alone
    command = [sys.executable, "-m", *words]
    start = perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    wall_s = perf_counter() - start
    if done.returncode != 0:
        complaint = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BenchError(f"{' '.join(words)} ended with code {done.returncode}: {complaint}")
    return done.stdout, wall_s


def amount_of(scale: Scale, most: int) -> int:
    """Say how many submissions are graded."""
    return round(scale.of(most, least=2))


# --- measures -----


def our_rate(lesson: bool, most: int, jobs: int, scale: Scale) -> float:
    """Return the submissions per second of ``mqlab grade``."""
    amount = amount_of(scale, most)
    folder, worth = course(lesson, amount)
    which = ("--lesson", LESSON) if lesson else ("--exercises", EXERCISE)
    with tempfile.TemporaryDirectory(dir=scratch()) as out:
        words = ("submitted", "--out", out, *which, "--jobs", str(jobs), "--allow-limits", "--json")
        printed, wall_s = call(folder, "mqlab", "grade", *words)
    check({each["student"]: each["points"] for each in json.loads(printed)["submissions"]}, worth, "mqlab")
    return amount / wall_s


def nbgrader_rate(lesson: bool, most: int, scale: Scale) -> float | None:
    """Return the submissions per second of ``nbgrader autograde``, if it is installed."""
    if not find_spec("nbgrader"):
        return None
    amount = amount_of(scale, most)
    made, worth = course(lesson, amount)
    with tempfile.TemporaryDirectory(dir=scratch()) as fresh:
        folder = Path(fresh) / "course"
        shutil.copytree(made, folder)
        _, wall_s = call(folder, "nbgrader", "autograde", ASSIGNMENT)
        call(folder, "nbgrader", "export")
        with (folder / "grades.csv").open(encoding="utf-8", newline="") as file:
            points = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    check(points, worth, "nbgrader")
    return amount / wall_s


def check(points: dict[str, float], worth: dict[str, float], who: str) -> None:
    """Make sure that everybody has been graded, and rightly: a quick way to grade is to do it wrong."""
    if {student: float(each) for student, each in points.items()} != worth:
        raise BenchError(f"{who} gave other points than the answers are worth: {points} instead of {worth}")


def warm_up(lesson: bool) -> None:
    """Fill caches, and see that both give the right points."""
    tiny = Scale(runs=1, share=0.0)
    our_rate(lesson, 0, cores(), tiny)
    nbgrader_rate(lesson, 0, tiny)


def cores() -> int:
    """Use two cores, where there are two."""
    return min(2, os.cpu_count() or 1)


PEER = with_version("nbgrader", "nbgrader {} autograde")

GROUPS = (
    Group(
        "grading a question",
        measures={
            "ours": partial(our_rate, False, SUBMISSIONS, cores()),
            "peer": partial(nbgrader_rate, False, SUBMISSIONS),
            "one": partial(our_rate, False, SUBMISSIONS, 1),
        },
        rows=[
            Row("a question, plain tests", "submissions/s", "ours", "peer", PEER, 10, "ratio >= target"),
            Row("the same, one grader", "submissions/s", "one", "peer", PEER),
        ],
        prepare=partial(warm_up, False),
    ),
    Group(
        "grading a lesson",
        measures={
            "ours": partial(our_rate, True, SUBMISSIONS_OF_LESSON, cores()),
            "peer": partial(nbgrader_rate, True, SUBMISSIONS_OF_LESSON),
        },
        rows=[Row("a lesson as it is shipped", "submissions/s", "ours", "peer", PEER)],
        prepare=partial(warm_up, True),
    ),
)
