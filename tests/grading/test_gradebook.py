"""The gradebook: everything once, the best counts, and nothing that a spreadsheet would run."""

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mqlab.course.cells import Answer, Problem
from mqlab.errors import BadInput
from mqlab.grading import gradebook
from mqlab.grading.counterexample import Counterexample, Step
from mqlab.grading.graders import Unjudged
from mqlab.grading.judging import Judgement, PartResult
from mqlab.grading.marked import Graded, Marked, Marking
from mqlab.grading.submissions import Submission

CASE = Counterexample("Twice.", (Step(0, "you", "bank", "charges 1", "bad"),), 1)


def question(name, won, possible=4):
    parts = (PartResult("a part", possible, won, None if won == possible else CASE, (), "a hint"),)
    return Graded(
        Answer(name, "x = 1", 3), name.title(), possible, Judgement(name, name.title(), parts, "hello", "limits")
    )


def lost(name):
    return Graded(Answer(name, "x = 1", 3), name.title(), 4, Unjudged("our mistake"))


def handed_in(student, *questions, notebook="a.ipynb", problems=()):
    answers = tuple(one.answer for one in questions)
    return Marked(Submission(student, notebook, Path("x"), answers, problems), questions)


def write(folder, *marked):
    pages = {one.submission.place: f"feedback/{one.submission.student}.html" for one in marked}
    gradebook.write(folder, Marking(folder, "limits", marked), pages)


def table(folder):
    with (folder / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def rows(folder, question):
    with closing(sqlite3.connect(folder / "gradebook.sqlite")) as book:
        return book.execute(question).fetchall()


def test_a_row_for_each_student_and_a_column_for_each_exercise(tmp_path):
    problem = Problem("deleted", "It is gone.", "b")
    write(
        tmp_path,
        handed_in("ada", question("b", 4), question("a", 1)),
        handed_in("bob", question("a", 4), problems=(problem,)),
    )
    assert table(tmp_path) == [
        ["student", "a", "b", "total", "possible", "problems"],
        ["ada", "1", "4", "5", "8", "0"],
        ["bob", "4", "0", "4", "8", "1"],
    ]


def test_everything_is_in_the_file(tmp_path):
    write(tmp_path, handed_in("ada", question("a", 0), problems=(Problem("doubled", "Twice there.", "a"),)))
    assert rows(tmp_path, "SELECT student, notebook, points, possible, feedback FROM submission") == [
        ("ada", "a.ipynb", 0, 4, "feedback/ada.html")
    ]
    assert rows(
        tmp_path, "SELECT exercise, points, possible, sandbox, cell, answer, output, unjudged FROM question"
    ) == [("a", 0, 4, "limits", 3, "x = 1", "hello", "")]
    ((name, points, case, hint),) = rows(tmp_path, "SELECT name, points, counterexample, hint FROM part")
    assert (name, points, hint) == ("a part", 0, "a hint")
    assert json.loads(case)["steps"][0]["text"] == "charges 1"
    assert rows(tmp_path, "SELECT kind, exercise, text FROM problem") == [("doubled", "a", "Twice there.")]
    assert rows(tmp_path, "SELECT sandbox FROM grading") == [("limits",)]


def test_the_best_of_several_notebooks_counts(tmp_path):
    write(tmp_path, handed_in("ada", question("a", 1)), handed_in("ada", question("a", 3), notebook="b.ipynb"))
    assert table(tmp_path)[1] == ["ada", "3", "3", "4", "0"]


def test_what_could_not_be_judged_is_no_nought(tmp_path):
    write(tmp_path, handed_in("ada", lost("a"), question("b", 4)), handed_in("bob", question("a", 4), lost("b")))
    assert table(tmp_path)[1:] == [["ada", "", "4", "", "8", "0"], ["bob", "4", "", "", "8", "0"]]
    assert rows(tmp_path, "SELECT unjudged FROM question WHERE points IS NULL") == [("our mistake",)] * 2


def test_full_points_elsewhere_make_up_for_what_could_not_be_judged(tmp_path):
    write(tmp_path, handed_in("ada", lost("a")), handed_in("ada", question("a", 4), notebook="b.ipynb"))
    assert table(tmp_path)[1] == ["ada", "4", "4", "4", "0"]


def test_later_gradings_join_earlier_ones(tmp_path):
    write(tmp_path, handed_in("ada", question("a", 1)), handed_in("bob", question("a", 2)))
    write(tmp_path, handed_in("ada", question("a", 4)), handed_in("cem", question("a", 3)))
    assert [row[:2] for row in table(tmp_path)[1:]] == [["ada", "4"], ["bob", "2"], ["cem", "3"]]
    assert rows(tmp_path, "SELECT count(*) FROM question") == rows(tmp_path, "SELECT count(*) FROM part") == [(3,)]
    assert rows(tmp_path, "SELECT count(*) FROM grading") == [(2,)]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\t=1", "\r=1"])
def test_a_name_is_no_formula(tmp_path, name):
    write(tmp_path, handed_in(name, question("a", 1)))
    assert table(tmp_path)[1][0] == f"'{name}"


def test_a_file_that_is_no_gradebook_is_left_alone(tmp_path):
    (tmp_path / "gradebook.sqlite").write_bytes(b"my thesis, years of work" * 100)
    with pytest.raises(BadInput, match=r"gradebook\.sqlite cannot be used"):
        write(tmp_path, handed_in("ada", question("a", 1)))
    assert (tmp_path / "gradebook.sqlite").read_bytes().startswith(b"my thesis")
    assert [path.name for path in tmp_path.iterdir()] == ["gradebook.sqlite"]


def test_another_databases_file_is_left_alone(tmp_path):
    with closing(sqlite3.connect(tmp_path / "gradebook.sqlite")) as book:
        book.execute("CREATE TABLE mine (x)")
    with pytest.raises(BadInput, match="it is no gradebook of mqlab"):
        write(tmp_path, handed_in("ada", question("a", 1)))
    assert rows(tmp_path, "SELECT name FROM sqlite_master") == [("mine",)]


def test_a_gradebook_is_never_half_there(tmp_path, monkeypatch):
    write(tmp_path, handed_in("ada", question("a", 1)))
    before = (tmp_path / "gradebook.sqlite").read_bytes()

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(gradebook, "_grades", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, handed_in("ada", question("a", 4)))
    assert (tmp_path / "gradebook.sqlite").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"gradebook.sqlite", "grades.csv"}
