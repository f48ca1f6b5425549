"""``mqlab grade`` and ``mqlab assignment``: what they refuse, and that they write nothing then."""

import json
from pathlib import Path

import pytest

from tests.course.test_releasing import ANSWER_RELEASED, lesson
from tests.grading.handed_in import cell, notebook, put

ADA = notebook(cell("charge-once", "x = 1"))
OUT = ["--out", "out", "--sandbox", "limits"]
BAD = {
    "no submissions": (["grade", *OUT], "SUBMISSIONS"),
    "no out": (["grade", "class"], "--out"),
    "nothing there": (["grade", "nowhere", *OUT], "no notebook or folder nowhere"),
    "an empty folder": (["grade", "empty", *OUT], "no notebook in empty"),
    "nothing to grade in it": (["grade", "lesson.ipynb", *OUT, "--exercises", "drain"], "there is no exercise 'drain'"),
    "an exercise misspelt": (["grade", "class", *OUT, "--exercises", "charge-onse"], "did you mean `charge-once`"),
    "no exercises": (["grade", "class", *OUT, "--exercises", ","], "--exercises names none"),
    "a lesson misspelt": (["grade", "class", *OUT, "--lesson", "05-duplicatoin"], "did you mean `05-duplication`"),
    "both": (["grade", "class", *OUT, "--lesson", "05-duplication", "--exercises", "a"], "exclude each other"),
    "no job": (["grade", "class", *OUT, "--jobs", "0"], "--jobs"),
    "half a job": (["grade", "class", *OUT, "--jobs", "0.5"], "--jobs"),
    "an unknown sandbox": (["grade", "class", "--out", "out", "--sandbox", "requier"], "did you mean `require`"),
    "out is a file": (["grade", "class", "--out", "lesson.ipynb", "--sandbox", "limits"], "is not a folder"),
    "out is somebody's": (["grade", "class", "--out", "precious", "--sandbox", "limits"], "holds no gradebook"),
    "out cannot be made": (["grade", "class", "--out", "/proc/x", "--sandbox", "limits"], "/proc/x"),
    "a secret for all to read": (["grade", "class", *OUT, "--secret", "open"], "others may read the secret"),
    "a secret that is a folder": (["grade", "class", *OUT, "--secret", "empty"], "empty"),
    "release nothing": (["assignment", "release", "--out", "out"], "NOTEBOOK"),
    "release nowhere": (["assignment", "release", "lesson.ipynb"], "--out"),
    "release what is not there": (["assignment", "release", "nowhere.ipynb", "--out", "out"], "nowhere.ipynb"),
    "release what is damaged": (["assignment", "release", "lesson.ipynb", "cut.ipynb", "--out", "out"], "cut.ipynb"),
    "release over a file": (["assignment", "release", "lesson.ipynb", "--out", "there"], "--force"),
    "release over itself": (["assignment", "release", "lesson.ipynb", "--out", ".", "--force"], "own student version"),
    "two of a name": (["assignment", "release", "lesson.ipynb", "there/lesson.ipynb", "--out", "out"], "two notebooks"),
    "release into a file": (["assignment", "release", "lesson.ipynb", "--out", "cut.ipynb"], "cannot be written"),
    "unknown in assignment": (["assignment", "relaese"], "relaese"),
}  # fmt: skip


@pytest.fixture
def folder(empty_folder):
    put(Path("class/ada/05-duplication.ipynb"), ADA)
    put(Path("lesson.ipynb"), json.dumps(lesson()))
    put(Path("there/lesson.ipynb"), json.dumps(lesson()))
    put(Path("cut.ipynb"), json.dumps(lesson())[:-10])
    put(Path("precious/thesis.txt"), "years of work")
    put(Path("open"), "a secret of sixteen letters").chmod(0o644)
    Path("empty").mkdir()
    return empty_folder


def everything(folder):
    return {path: path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


@pytest.mark.parametrize(("arguments", "word"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_line_and_nothing_else(call, folder, arguments, word):
    before = everything(folder)
    ending = call(*arguments)
    assert (ending.code, ending.out) == (2, "")
    assert word in ending.complaint
    assert everything(folder) == before


def test_a_released_notebook_has_no_solutions(call, folder):
    ending = call("assignment", "release", "lesson.ipynb", "--out", "out/a")
    assert (ending.code, ending.out, ending.err) == (0, "out/a/lesson.ipynb\n", "")
    text = Path("out/a/lesson.ipynb").read_text(encoding="utf-8")
    assert json.loads(text)["cells"][2]["source"] == ANSWER_RELEASED
    assert "SOLUTION" not in text
    assert [path.name for path in Path("out/a").iterdir()] == ["lesson.ipynb"]


def test_force_replaces_a_student_version(call, folder):
    assert call("assignment", "release", "lesson.ipynb", "--out", "there", "--force", "--json").object == {
        "released": ["there/lesson.ipynb"]
    }
    assert "SOLUTION" not in Path("there/lesson.ipynb").read_text(encoding="utf-8")


def test_they_have_help(call):
    for words, word in ((["grade"], "--secret"), (["assignment"], "release"), (["assignment", "release"], "--force")):
        ending = call(*words, "--help")
        assert (ending.code, ending.err) == (0, "")
        assert word in ending.out
    assert "release" in call("assignment").out
