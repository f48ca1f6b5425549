"""The gradebook: an SQLite file with everything, and a table for spreadsheets made from it.

Both are written beside what is there and then take its place, so whoever reads them never sees half a gradebook.
"""

from __future__ import annotations

import csv
import io
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from mqlab import __version__
from mqlab.errors import BadInput
from mqlab.grading.graders import Unjudged
from mqlab.grading.journal import unwritable
from mqlab.grading.marked import Graded, Marking
from mqlab.grading.records import counterexample_json, json_line

__all__ = ["GRADEBOOK_FILE", "GRADES_FILE", "graded_besides", "replaced", "safe_cell", "write"]

GRADEBOOK_FILE: Final = "gradebook.sqlite"
GRADES_FILE: Final = "grades.csv"
_APPLICATION: Final = 0x6D716C62
"""What SQLite files of this kind say they are: mqlb."""
_VERSION: Final = 1

SCHEMA: Final = """
CREATE TABLE grading (
    id INTEGER PRIMARY KEY, started TEXT NOT NULL, mqlab TEXT NOT NULL, sandbox TEXT NOT NULL);
CREATE TABLE submission (
    id INTEGER PRIMARY KEY, grading INTEGER NOT NULL REFERENCES grading, student TEXT NOT NULL, notebook TEXT NOT NULL,
    path TEXT NOT NULL, points INTEGER, possible INTEGER NOT NULL, feedback TEXT NOT NULL, UNIQUE (student, notebook));
CREATE TABLE question (
    id INTEGER PRIMARY KEY, submission INTEGER NOT NULL REFERENCES submission ON DELETE CASCADE, exercise TEXT NOT NULL,
    title TEXT NOT NULL, points INTEGER, possible INTEGER NOT NULL, sandbox TEXT NOT NULL, cell INTEGER NOT NULL,
    answer TEXT NOT NULL, output TEXT NOT NULL, unjudged TEXT NOT NULL, UNIQUE (submission, exercise));
CREATE TABLE part (
    question INTEGER NOT NULL REFERENCES question ON DELETE CASCADE, place INTEGER NOT NULL, name TEXT NOT NULL,
    points INTEGER NOT NULL, possible INTEGER NOT NULL, counterexample TEXT, lacking TEXT NOT NULL, hint TEXT NOT NULL,
    PRIMARY KEY (question, place));
CREATE TABLE problem (
    submission INTEGER NOT NULL REFERENCES submission ON DELETE CASCADE, place INTEGER NOT NULL, kind TEXT NOT NULL,
    exercise TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (submission, place));
"""
"""Points are NULL where a question could not be judged; what is JSON in the others is NULL where there is none."""


def write(folder: Path, marking: Marking, pages: Mapping[tuple[str, str], str]) -> None:
    """Put a grading into the gradebook of a folder, and write its table anew.

    Parameters
    ----------
    folder
        The gradebook's folder.
    marking
        What was graded. A submission takes the place of an earlier one of the same student and notebook.
    pages
        The feedback page of each submission, as a path within the folder.

    Raises
    ------
    BadInput
        The gradebook cannot be written, or the file that is there is none.
    """
    table: list[str] = []

    def make(partial: Path) -> None:
        earlier = folder / GRADEBOOK_FILE
        if earlier.exists():
            partial.write_bytes(earlier.read_bytes())
        with closing(_open(partial, earlier)) as book, book:
            _put(book, marking, pages)
            table.append(_grades(book))

    replaced(folder / GRADEBOOK_FILE, make)
    replaced(folder / GRADES_FILE, lambda partial: partial.write_text(table[0], encoding="utf-8-sig", newline=""))


def graded_besides(folder: Path, places: Iterable[tuple[str, str]], names: Iterable[str]) -> tuple[str, ...]:
    """Give the exercises that a folder has of these submissions besides those named.

    Raises
    ------
    BadInput
        The gradebook that is there is none.
    """
    path, asked = folder / GRADEBOOK_FILE, set(names)
    if not path.exists():
        return ()
    found = "SELECT exercise FROM question JOIN submission s ON s.id = submission WHERE student = ? AND notebook = ?"
    with closing(_open(path, path)) as book:
        there = {name for place in places for (name,) in book.execute(found, place)}
    return tuple(sorted(there - asked))


def replaced(path: Path, make: Callable[[Path], object]) -> None:
    """Make a file under another name, and give it its own when it is whole.

    Raises
    ------
    BadInput
        It cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        make(partial)
        partial.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        partial.unlink(missing_ok=True)


def _open(path: Path, shown: Path) -> sqlite3.Connection:
    fresh = not path.exists()
    book = sqlite3.connect(path)
    try:
        book.execute("PRAGMA foreign_keys = ON")
        if fresh:
            book.execute(f"PRAGMA application_id = {_APPLICATION}")
            book.execute(f"PRAGMA user_version = {_VERSION}")
            book.executescript(SCHEMA)
        about = [book.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in ("application_id", "user_version")]
        if about == [_APPLICATION, _VERSION]:
            return book
        why = "it is no gradebook of mqlab, or one of another version"
    except sqlite3.DatabaseError as error:
        why = str(error)
    book.close()
    raise BadInput(f"{shown} cannot be used: {why}", mend="choose another folder with --out")


def _put(book: sqlite3.Connection, marking: Marking, pages: Mapping[tuple[str, str], str]) -> None:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    grading = _insert(book, "grading", started=started, mqlab=__version__, sandbox=marking.sandbox)
    for marked in marking.marked:
        submission = marked.submission
        book.execute("DELETE FROM submission WHERE student = ? AND notebook = ?", submission.place)
        submission_id = _insert(
            book, "submission", grading=grading, student=submission.student, notebook=submission.notebook,
            path=str(submission.path).encode("utf-8", "replace").decode(), points=marked.points,
            possible=marked.possible, feedback=pages[submission.place],
        )  # fmt: skip
        for question in marked.questions:
            _put_question(book, submission_id, question, marking.sandbox)
        for place, problem in enumerate(submission.problems):
            _insert(book, "problem", submission=submission_id, place=place, kind=problem.kind,
                    exercise=problem.question, text=problem.text)  # fmt: skip


def _put_question(book: sqlite3.Connection, submission_id: int, question: Graded, sandbox: str) -> None:
    result = question.result
    judgement, why = (None, result.why) if isinstance(result, Unjudged) else (result, "")
    question_id = _insert(
        book, "question", submission=submission_id, exercise=question.answer.name, title=question.title,
        points=question.points, possible=question.possible, sandbox=sandbox, cell=question.answer.cell,
        answer=question.answer.source, output=judgement.output if judgement else "", unjudged=why,
    )  # fmt: skip
    for place, part in enumerate(judgement.parts if judgement else ()):
        _insert(
            book, "part", question=question_id, place=place, name=part.name, points=part.won, possible=part.possible,
            counterexample=counterexample_json(part.counterexample), lacking=json_line(part.lacking), hint=part.hint,
        )  # fmt: skip


def _insert(book: sqlite3.Connection, table: str, **values: Any) -> int:
    columns, marks = ", ".join(values), ", ".join("?" * len(values))
    done = book.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(values.values()))
    assert done.lastrowid is not None
    return done.lastrowid


def _grades(book: sqlite3.Connection) -> str:
    """Write the table: a row a student, a column an exercise; empty where something could not be judged.

    Of several notebooks with the same exercise the best counts; who did not hand one in has 0.
    """
    best = "SELECT student, exercise, max(question.points), max(question.possible), count(*) - count(question.points)"
    rows = book.execute(
        f"{best} FROM question JOIN submission ON submission.id = question.submission GROUP BY student, exercise"
    ).fetchall()
    possible = {exercise: most for _, exercise, _, most, _ in rows}
    won = {(student, exercise): (points, lost) for student, exercise, points, _, lost in rows}
    students = [student for (student,) in book.execute("SELECT DISTINCT student FROM submission ORDER BY student")]
    problems = dict(
        book.execute(
            "SELECT student, count(*) FROM problem JOIN submission ON submission.id = submission GROUP BY student"
        ).fetchall()
    )
    names = sorted(possible)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["student", *names, "total", "possible", "problems"])
    for student in students:
        points = [_known(*won.get((student, name), (0, 0)), most=possible[name]) for name in names]
        total = None if None in points else sum(each or 0 for each in points)
        told = problems.get(student, 0)
        writer.writerow([safe_cell(student), *points, total, sum(possible.values()), told])
    return text.getvalue()


def _known(points: int | None, lost: int, *, most: int) -> int | None:
    """Give the best of somebody's points, unless a notebook that could not be judged might have more."""
    return None if lost and points != most else points or 0


def safe_cell(text: str) -> str:
    """Make a text that no spreadsheet takes for a formula.

    Source: OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection

    Examples
    --------
    >>> safe_cell("=cmd|' /C calc'!A0"), safe_cell("ada")
    ("'=cmd|' /C calc'!A0", 'ada')
    """
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@") or text[:1] in ("\t", "\r") else text
