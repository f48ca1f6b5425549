"""``mqlab grade`` on a class: real workers, hidden seeds, and submissions of every kind."""

import csv
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mqlab.cli import main
from mqlab.errors import BadInput
from mqlab.grading.exercises import exercise
from mqlab.grading.graders import Question
from mqlab.grading.journal import JOURNAL_FILE
from mqlab.grading.judging import judge
from mqlab.grading.marking import mark
from mqlab.grading.sandbox import choose
from mqlab.grading.seeds import hidden_seeds
from tests.cli.test_interrupts import start, wait_until
from tests.grading.handed_in import answer, cell, notebook, put
from tests.grading.tame import TameStudent

SECRET = "a secret of sixteen letters and more"
NAME = "05-duplication.ipynb"
STUB = "class Desk:\n    # YOUR CODE HERE\n    raise NotImplementedError()"
MEMORY = answer("charge-once", "wrong_memory")


def class_of_six(folder: Path) -> None:
    """Hand in: all right, some of it, the stub, nothing that can be read, the cell deleted, the cell doubled."""
    right = answer("charge-once", "reference")
    put(folder / "ada" / NAME, notebook(cell("charge-once", right), cell("charge-once-check", "points = 1000")))
    put(folder / "bob" / NAME, notebook(cell("charge-once", MEMORY + "\nprint('</pre><script>boo()</script>')\n")))
    put(folder / "cem" / NAME, notebook(cell("charge-once", STUB)))
    put(folder / "dan" / NAME, notebook(cell("charge-once", right))[:-30])
    put(folder / "eve" / NAME, notebook(cell("elsewhere", right)))
    put(
        folder / "=fay" / NAME, notebook(cell("charge-once", right), cell("charge-once", STUB), cell("charge-once", ""))
    )


POINTS = {"ada": 8, "bob": 4, "cem": 0, "dan": 0, "eve": 0, "=fay": 8}
PROBLEMS = {"dan": ["unreadable"], "eve": ["deleted"], "=fay": ["doubled"]}


def grade(*arguments):
    return main(["grade", *map(str, arguments), "--sandbox", "limits", "--exercises", "charge-once"])


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Grade the class with one job into one folder and with two into another."""
    folder = tmp_path_factory.mktemp("class")
    class_of_six(folder / "class")
    put(folder / "secret", SECRET).chmod(0o600)
    for jobs in (1, 2):
        assert (
            grade(folder / "class", "--out", folder / f"out{jobs}", "--jobs", jobs, "--secret", folder / "secret") == 0
        )
    return folder


def content(gradebook):
    with closing(sqlite3.connect(gradebook)) as book:
        book.execute("UPDATE grading SET started = ''")
        return list(book.iterdump())


def test_everybody_gets_what_is_theirs(graded):
    with (graded / "out1" / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["student"].lstrip("'"): int(row["charge-once"]) for row in rows} == POINTS
    with closing(sqlite3.connect(graded / "out1" / "gradebook.sqlite")) as book:
        told = book.execute(
            "SELECT student, kind FROM problem JOIN submission ON submission.id = submission"
        ).fetchall()
    assert told == [(student, kind) for student in sorted(PROBLEMS) for kind in PROBLEMS[student]]


def test_one_grader_or_two_the_gradebook_is_the_same(graded):
    assert content(graded / "out1" / "gradebook.sqlite") == content(graded / "out2" / "gradebook.sqlite")
    assert (graded / "out1" / "grades.csv").read_bytes() == (graded / "out2" / "grades.csv").read_bytes()
    pages = sorted((graded / "out1").rglob("*.html"))
    assert len(pages) == len(POINTS)
    for page in pages:
        assert page.read_bytes() == (graded / "out2" / page.relative_to(graded / "out1")).read_bytes()


def test_nobody_reads_seeds_the_secret_or_each_other(graded):
    seeds = [str(seed) for seed in hidden_seeds(SECRET.encode(), "charge-once")]
    for page in (graded / "out1" / "feedback").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert SECRET not in text
        assert not [seed for seed in seeds if seed in text]
        owner = page.parent.name
        assert not [name for name in ("ada", "bob", "cem", "dan", "eve") if name != owner and f" {name}:" in text]
    everything = b"".join(path.read_bytes() for path in (graded / "out1").rglob("*") if path.is_file())
    assert not [seed for seed in seeds if seed.encode() in everything]


def test_feedback_shows_the_shortest_case_and_what_was_printed(graded):
    text = (graded / "out1" / "feedback" / "bob" / "05-duplication.html").read_text(encoding="utf-8")
    assert "<svg" in text
    assert "with one message" in text
    assert "&lt;/pre&gt;&lt;script&gt;boo()&lt;/script&gt;" in text
    assert "<script>" not in text


def test_no_half_files_are_left(graded):
    names = {path.name for path in (graded / "out1").iterdir()}
    assert names == {"gradebook.sqlite", "grades.csv", "feedback", JOURNAL_FILE}


@pytest.fixture
def tame(monkeypatch):
    """Judge in this process: for tests of everything around it."""

    def judge_with(secret, _):
        return lambda question: judge(
            exercise(question.exercise), question.source, TameStudent, hidden_seeds(secret, question.exercise)
        )

    def quick(given, out, **options):
        options = {"exercises": ["charge-once"]} | options
        return mark(given, out, tier=choose("limits"), judge_with=judge_with, **options)

    return quick


def test_a_second_call_judges_only_what_is_new(tame, tmp_path):
    class_of_six(tmp_path / "class")
    first = tame([tmp_path / "class"], tmp_path / "out")
    assert (first.judged, first.known) == (4, 0)  # the same text is judged once: the reference, and nothing at all
    put(tmp_path / "class" / "gil" / NAME, notebook(cell("charge-once", answer("charge-once", "wrong_naive"))))
    second = tame([tmp_path / "class"], tmp_path / "out")
    assert (second.judged, second.known) == (1, 4)
    other = tame([tmp_path / "class"], tmp_path / "out", secret=tmp_path / "another")
    assert (other.judged, other.known) == (5, 0)


def test_a_grading_of_one_exercise_does_not_take_the_place_of_one_of_two(tame, tmp_path):
    both = notebook(cell("charge-once", STUB), cell("double-effects", "def done_twice(events):\n    return []"))
    given, out = [put(tmp_path / "class" / "ada" / NAME, both)], tmp_path / "out"
    tame(given, out, exercises=())
    before = (out / "grades.csv").read_bytes(), (out / "gradebook.sqlite").read_bytes()
    with pytest.raises(BadInput, match="has double-effects of these notebooks too, which would be lost"):
        tame(given, out, exercises=["charge-once"])
    assert ((out / "grades.csv").read_bytes(), (out / "gradebook.sqlite").read_bytes()) == before
    assert tame(given, out, exercises=["double-effects", "charge-once"]).judged == 0


def test_a_secret_is_made_for_the_teachers_eyes_only(tame, tmp_path):
    class_of_six(tmp_path / "class")
    tame([tmp_path / "class"], tmp_path / "out")
    assert stat.S_IMODE((tmp_path / "out" / "secret").stat().st_mode) == 0o600


def test_a_line_cut_short_in_the_journal_is_judged_again(tame, tmp_path):
    class_of_six(tmp_path / "class")
    tame([tmp_path / "class"], tmp_path / "out")
    journal = tmp_path / "out" / JOURNAL_FILE
    os.truncate(journal, journal.stat().st_size - 20)
    again = tame([tmp_path / "class"], tmp_path / "out")
    assert (again.judged, again.known) == (1, 3)


def test_what_cannot_be_judged_is_told_and_stops_nobody(tmp_path, monkeypatch, capsys):
    def broken(secret, tier):
        def judged(question: Question):
            if "YOUR CODE HERE" in question.source:
                raise ZeroDivisionError("our mistake")
            return judge(exercise(question.exercise), question.source, TameStudent, hidden_seeds(secret, "charge-once"))

        return judged

    monkeypatch.setattr(mark, "__kwdefaults__", {**mark.__kwdefaults__, "judge_with": broken})
    class_of_six(tmp_path / "class")
    assert grade(tmp_path / "class", "--out", tmp_path / "out", "--json") == 3
    told = json.loads(capsys.readouterr().out)
    assert told["unjudged"] == [{"exercise": "charge-once", "why": "ZeroDivisionError: our mistake"}]
    assert {each["student"]: each["points"] for each in told["submissions"]} == {**POINTS, "cem": None}


def test_an_interrupted_grading_goes_on(tmp_path):
    for number, name in enumerate(("reference", "wrong_memory", "wrong_naive", "wrong_note_first", "wrong_note_last")):
        source = answer("charge-once", name)
        put(tmp_path / "class" / f"s{number}" / NAME, notebook(cell("charge-once", source)))
    words = ("grade", "class", "--out", "out", "--jobs", "1", "--sandbox", "limits", "--exercises", "charge-once")
    journal = tmp_path / "out" / JOURNAL_FILE
    with start(*words, cwd=tmp_path) as process:
        wait_until(lambda: journal.exists() and journal.read_bytes().count(b"\n") >= 2, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "mqlab: interrupted; nothing half-written is left"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"secret", JOURNAL_FILE}
    command = [sys.executable, "-m", "mqlab", *words, "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["known"] >= 1
    assert told["known"] + told["judged"] == 5
    assert [each["points"] for each in told["submissions"]][:2] == [8, 4]
