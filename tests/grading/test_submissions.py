"""Finding what was handed in, and whose it is."""

import os
from pathlib import Path

import pytest

from mqlab.errors import BadInput
from mqlab.grading.budget import SOURCE_CHARS_MAX
from mqlab.grading.submissions import collect
from tests.grading.handed_in import cell, notebook, put

LESSONS = [("charge-once", "05-duplication"), ("double-effects", "05-duplication"), ("drain-time", "07-flash-sale")]
PLAIN = notebook(cell("charge-once", "x = 1"), cell("double-effects", "y = 2"))


def places(given, wanted=()):
    found, _ = collect(given, LESSONS, wanted)
    return [submission.place for submission in found]


def problems(submission):
    return [(problem.kind, problem.question) for problem in submission.problems]


WHOSE = {
    "as nbgrader collects": ("submitted/ada/hw1/05-duplication.ipynb", ".", ("ada", "hw1/05-duplication.ipynb")),
    "from the folder submitted": ("submitted/ada/hw1/a.ipynb", "submitted", ("ada", "hw1/a.ipynb")),
    "from a student's folder": ("submitted/ada/hw1/a.ipynb", "submitted/ada", ("ada", "hw1/a.ipynb")),
    "one file of nbgrader's": ("submitted/ada/hw1/a.ipynb", "submitted/ada/hw1/a.ipynb", ("ada", "hw1/a.ipynb")),
    "a folder for each": ("class/ada/a.ipynb", "class", ("ada", "a.ipynb")),
    "a file for each": ("class/ada.ipynb", "class", ("ada", "ada.ipynb")),
    "one file": ("class/ada.ipynb", "class/ada.ipynb", ("ada", "ada.ipynb")),
    "a file called as the lesson": (
        "ada/05-duplication.ipynb",
        "ada/05-duplication.ipynb",
        ("ada", "05-duplication.ipynb"),
    ),
    "a folder with the lesson in it": ("ada/05-duplication.ipynb", "ada", ("ada", "05-duplication.ipynb")),
    "somebody else's name in one's own folder": (
        "class/mal/submitted/ada/hw1/a.ipynb",
        "class",
        ("mal", "submitted/ada/hw1/a.ipynb"),
    ),
    "somebody else's name in what nbgrader collects": (
        "submitted/mal/submitted/ada/a.ipynb",
        ".",
        ("mal", "submitted/ada/a.ipynb"),
    ),
    "the same, from the folder submitted": (
        "submitted/mal/submitted/ada/a.ipynb",
        "submitted",
        ("mal", "submitted/ada/a.ipynb"),
    ),
}


@pytest.mark.parametrize(("path", "given", "place"), WHOSE.values(), ids=WHOSE.keys())
def test_whose_it_is_is_told_by_its_path(empty_folder, path, given, place):
    put(Path(path), PLAIN)
    assert places([given]) == [place]


def test_a_lesson_is_no_student_even_where_another_one_is_graded(empty_folder):
    put(Path("ada/04-loss.ipynb"), PLAIN)
    put(Path("bob/05-duplication.ipynb"), PLAIN)
    assert places(["ada", "bob"], ["charge-once"]) == [("ada", "04-loss.ipynb"), ("bob", "05-duplication.ipynb")]


def test_a_file_given_twice_is_one_submission(empty_folder):
    put(Path("class/ada.ipynb"), PLAIN)
    assert places(["class", "class/ada.ipynb", "class"]) == [("ada", "ada.ipynb")]


def test_links_are_not_followed(empty_folder):
    put(Path("class/ada/a.ipynb"), PLAIN)
    Path("class/eve").mkdir()
    os.symlink("../ada/a.ipynb", "class/eve/a.ipynb")
    os.symlink("ada", "class/mal")
    found, passed_over = collect(["class"], LESSONS)
    assert [submission.student for submission in found] == ["ada"]
    assert passed_over == [
        "class/eve/a.ipynb is a link and was not followed",
        "class/mal is a link and was not followed",
    ]


def test_students_whose_names_look_alike_when_shown_stay_apart(empty_folder):
    names = ["a\nb", "a\tb", "x" * 100 + "1", "x" * 100 + "2", "plain"]
    for name in names:
        put(Path("class", name, "a.ipynb"), PLAIN)
    shown = [student for student, _ in places(["class"])]
    assert len(set(shown)) == len(names)
    assert all(name.isprintable() and len(name) <= 80 for name in shown)
    assert "plain" in shown


def test_folders_that_lie_too_deep_are_passed_over(empty_folder):
    put(Path("class/ada/a.ipynb"), PLAIN)
    put(Path("class/mal", *["d"] * 40, "a.ipynb"), PLAIN)
    found, passed_over = collect(["class"], LESSONS)
    assert [submission.student for submission in found] == ["ada"]
    assert [text.partition(" lies ")[2] for text in passed_over] == ["too deep: 32 folders in each other"]


def test_a_folder_that_cannot_be_read_costs_nobody_else_anything(empty_folder, monkeypatch):
    for name in ("ada", "mal", "zoe"):
        put(Path("class", name, "a.ipynb"), PLAIN)
    look = os.scandir

    def locked(path):
        if Path(path).name == "mal":
            raise PermissionError(13, "Permission denied")
        return look(path)

    monkeypatch.setattr(os, "scandir", locked)
    found, passed_over = collect(["class"], LESSONS)
    assert [submission.student for submission in found] == ["ada", "zoe"]
    assert passed_over == ["class/mal cannot be read: Permission denied"]


def test_of_an_endless_answer_no_more_is_kept_than_is_looked_at(empty_folder):
    put(Path("class/mal.ipynb"), notebook(cell("charge-once", "#" * 1_000_000)))
    (found,), _ = collect(["class"], LESSONS)
    assert len(found.answers[0].source) == SOURCE_CHARS_MAX + 1


def test_pipes_and_hidden_files_are_passed_over(empty_folder):
    put(Path("class/ada/a.ipynb"), PLAIN)
    put(Path("class/ada/.ipynb_checkpoints/a-checkpoint.ipynb"), PLAIN)
    os.mkfifo("class/ada/pipe.ipynb")
    found, passed_over = collect(["class"], LESSONS)
    assert [submission.place for submission in found] == [("ada", "a.ipynb")]
    assert passed_over == ["class/ada/pipe.ipynb is no file"]


def test_a_lesson_brings_all_its_exercises(empty_folder):
    put(Path("ada.ipynb"), notebook(cell("charge-once", "x = 1")))
    (submission,), _ = collect(["ada.ipynb"], LESSONS)
    assert [answer.name for answer in submission.answers] == ["charge-once", "double-effects"]
    assert problems(submission) == [("deleted", "double-effects")]


def test_a_notebook_that_cannot_be_read_is_graded_as_empty(empty_folder):
    put(Path("class/ada.ipynb"), PLAIN)
    put(Path("class/bob/05-duplication (1).ipynb"), PLAIN[:40])
    bob = collect(["class"], LESSONS)[0][1]
    assert [(answer.name, answer.source) for answer in bob.answers] == [("charge-once", ""), ("double-effects", "")]
    assert problems(bob) == [("unreadable", "")]


def test_a_notebook_of_something_else_is_told_and_not_graded(empty_folder):
    put(Path("class/ada/a.ipynb"), PLAIN)
    put(Path("class/ada/scratch.ipynb"), notebook())
    _, scratch = collect(["class"], LESSONS)[0]
    assert (scratch.answers, problems(scratch)) == ((), [("deleted", "")])


def test_who_was_asked_for_an_exercise_has_it_or_lacks_it(empty_folder):
    put(Path("class/ada.ipynb"), PLAIN)
    put(Path("class/bob.ipynb"), notebook())
    put(Path("class/cem.ipynb"), b"{")
    ada, bob, cem = collect(["class"], LESSONS, ["charge-once"])[0]
    assert [[answer.name for answer in one.answers] for one in (ada, bob, cem)] == [["charge-once"]] * 3
    assert [problems(one) for one in (ada, bob, cem)] == [[], [("deleted", "charge-once")], [("unreadable", "")]]


def test_notebooks_of_other_lessons_are_left_aside_where_it_was_said_what_to_grade(empty_folder):
    put(Path("class/ada/05-duplication.ipynb"), PLAIN)
    put(Path("class/ada/07-flash-sale.ipynb"), notebook(cell("drain-time", "x = 1")))
    assert places(["class"], ["charge-once"]) == [("ada", "05-duplication.ipynb")]
    assert len(places(["class"])) == 2


def test_an_exercise_in_two_notebooks_is_told(empty_folder):
    put(Path("class/ada/a.ipynb"), PLAIN)
    put(Path("class/ada/b.ipynb"), notebook(cell("charge-once", "x = 2")))
    first, second = collect(["class"], LESSONS)[0]
    assert problems(first) == [("doubled", "charge-once")]
    assert problems(second) == [("deleted", "double-effects"), ("doubled", "charge-once")]


def test_names_are_fit_to_be_shown(empty_folder):
    put(Path("class/a\x1b[31m\nda/x.ipynb"), PLAIN)
    put(Path(os.fsdecode(b"class/b\xff/x.ipynb")), PLAIN)
    put(Path("class/" + "c" * 120 + ".ipynb"), PLAIN)
    shown = [student.partition(" #")[0] for student, _ in places(["class"])]
    assert shown == ["a?[31m?da", "b?", "c" * 70]


REFUSED = {
    "nothing there": (["nowhere"], "there is no notebook or folder nowhere"),
    "an empty folder": (["empty"], "there is no notebook in empty"),
    "no exercise": (["other.ipynb"], "no answer cell of any exercise is in other.ipynb"),
}


@pytest.mark.parametrize(("given", "word"), REFUSED.values(), ids=REFUSED.keys())
def test_nothing_to_grade_is_told(empty_folder, given, word):
    Path("empty").mkdir()
    put(Path("other.ipynb"), notebook())
    with pytest.raises(BadInput, match=word):
        collect(given, LESSONS)
