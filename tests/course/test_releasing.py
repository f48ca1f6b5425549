"""The student version of a notebook, and that nbgrader makes the same one and accepts ours."""

import json
import os
import subprocess
import sys
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from zlib import crc32

import pytest

from mqlab.course.catalogue import sources
from mqlab.course.handing_out import hand_out
from mqlab.course.releasing import released
from mqlab.errors import BadInput

ANSWER = """\
import json

def handle(order, bank):
    \"\"\"Charge once.\"\"\"
    ### BEGIN SOLUTION
    if order:
        bank.charge(order)
    ### END SOLUTION

class Till:
    def pay(self):
        ### BEGIN SOLUTION
        return 7
        ### END SOLUTION"""
ANSWER_RELEASED = """\
import json

def handle(order, bank):
    \"\"\"Charge once.\"\"\"
    # YOUR CODE HERE
    raise NotImplementedError()

class Till:
    def pay(self):
        # YOUR CODE HERE
        raise NotImplementedError()"""
TEST = """\
assert handle(0, None) is None
### BEGIN HIDDEN TESTS
assert Till().pay() == 7
### END HIDDEN TESTS
assert True"""


def grading(grade_id, **flags):
    plain = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}
    return {"nbgrader": {**plain, "grade_id": grade_id, **flags}}


def code(source, metadata=None, **more):
    return {
        "cell_type": "code", "id": f"c{crc32(source.encode())}", "metadata": metadata or {}, "source": source,
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "7"}], "execution_count": 3, **more,
    }  # fmt: skip


def lesson():
    text = {"cell_type": "markdown", "id": "text", "metadata": {}, "source": "# A lesson"}
    cells = [
        text,
        code("import json", {"execution": {"iopub.status.busy": "now"}, "tags": ["keep"]}),
        code(ANSWER, grading("charge-once", solution=True)),
        code(TEST, grading("charge-once-check", grade=True, locked=True, points=4)),
        code("x = 7", grading("whole", solution=True)),
        code("assert x == 7", grading("whole-check", grade=True, locked=True, points=2)),
        code("y = 1", grading("given", locked=True)),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel, "celltoolbar": "x"}, "nbformat": 4, "nbformat_minor": 5}


def test_solutions_become_stubs_at_their_indentation():
    assert released(lesson())["cells"][2]["source"] == ANSWER_RELEASED


def test_hidden_tests_are_gone():
    assert released(lesson())["cells"][3]["source"] == "assert handle(0, None) is None\nassert True"


def test_outputs_and_counts_are_gone_and_tags_stay():
    made = released(lesson())
    assert [cell["outputs"] for cell in made["cells"] if cell["cell_type"] == "code"] == [[]] * 6
    assert made["cells"][1]["metadata"] == {"tags": ["keep"]}
    assert made["cells"][1]["execution_count"] is None


def test_the_one_given_stays_as_it_is():
    before = lesson()
    given = deepcopy(before)
    released(given)
    assert given == before


def test_no_word_of_a_solution_is_left():
    assert "return 7" not in json.dumps(released(lesson()))
    assert "SOLUTION" not in json.dumps(released(lesson()))


def changed(place, **what):
    made = lesson()
    made["cells"][place].update(what)
    return made


REFUSED = {
    "no end": (changed(2, source="### BEGIN SOLUTION\nx"), "cell 3: BEGIN SOLUTION has no END SOLUTION"),
    "nested": (changed(2, source="### BEGIN SOLUTION\n### BEGIN SOLUTION"), "within SOLUTION"),
    "in a plain cell": (changed(1, source="### BEGIN SOLUTION\n### END SOLUTION"), "outside an answer cell"),
    "hidden in an answer": (
        changed(2, source="# BEGIN HIDDEN TESTS\n# END HIDDEN TESTS\n# BEGIN SOLUTION"),
        "outside a test",
    ),
    "a name twice": (changed(4, metadata=grading("charge-once", solution=True)), "'charge-once' is taken"),
    "a bad name": (changed(4, metadata=grading("charge once", solution=True)), "grade_id"),
    "no points": (changed(3, metadata=grading("check", grade=True, locked=True)), "has no points"),
    "an old schema": (changed(2, metadata=grading("charge-once", solution=True, schema_version=1)), "schema_version 3"),
    "no source": (changed(2, source=None), "cell 3 is damaged"),
    "format 3": ({"worksheets": [], "nbformat": 3}, "format 4"),
}


@pytest.mark.parametrize(("given", "word"), REFUSED.values(), ids=REFUSED.keys())
def test_what_students_must_not_get_is_refused(given, word):
    with pytest.raises(BadInput, match=word):
        released(given, name="lesson.ipynb")


@pytest.mark.parametrize("source", sources(), ids=lambda path: path.stem)
def test_every_lesson_can_be_released(source, tmp_path):
    (made,) = hand_out([source], tmp_path / "out")
    text = made.read_text(encoding="utf-8")
    assert "SOLUTION" not in text
    assert "jupytext" not in text, "a pair would make a second file beside the student's"
    answers = text.count('"solution": true')
    assert text.count("raise NotImplementedError()") >= answers
    assert answers or source.stem == "01-first-run"


@pytest.mark.skipif(find_spec("nbgrader") is None, reason="nbgrader is not installed (extra `bench`)")
def test_nbgrader_releases_the_same_and_takes_ours(tmp_path):
    """The same cells with the same checksums; and a student's answer written into ours gets its points there."""
    source = tmp_path / "source" / "a" / "lesson.ipynb"
    source.parent.mkdir(parents=True)
    source.write_text(json.dumps(lesson()))

    def nbgrader(*words):
        command = [sys.executable, "-m", "nbgrader", *words]  # it starts `alembic` by its name alone
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        environment = {**os.environ, "PATH": path}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    nbgrader("generate_assignment", "a")
    theirs = json.loads((tmp_path / "release" / "a" / "lesson.ipynb").read_text())
    ours = released(lesson())

    def told(cell):
        lines = cell["source"]
        kept = {name: value for name, value in cell["metadata"].items() if name != "execution"}
        return "".join(lines), kept, cell.get("outputs"), cell.get("execution_count")

    assert list(map(told, ours["cells"])) == list(map(told, theirs["cells"]))

    ours["cells"][2]["source"] = ANSWER
    submitted = tmp_path / "submitted" / "ada" / "a" / "lesson.ipynb"
    submitted.parent.mkdir(parents=True)
    submitted.write_text(json.dumps(ours))
    nbgrader("autograde", "a")
    nbgrader("export")
    head, row = (tmp_path / "grades.csv").read_text().splitlines()
    graded = dict(zip(head.split(","), row.split(","), strict=True))
    assert (graded["student_id"], float(graded["score"]), float(graded["max_score"])) == ("ada", 4, 6)
