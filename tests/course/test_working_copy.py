"""The learner's copy of the course: made, renewed, and never a line of the learner's lost."""

import json
import os
from datetime import date
from pathlib import Path

import pytest

from mqlab.course import catalogue
from mqlab.course.working_copy import MANIFEST, refresh
from mqlab.errors import BadInput

DAY = date(2026, 11, 21)
GRADING = {"schema_version": 3, "grade": False, "grade_id": "charge-once", "locked": False, "solution": True}
SOLUTION = "def f():\n    ### BEGIN SOLUTION\n    return 42\n    ### END SOLUTION"


def notebook(*sources, solution=SOLUTION):
    cells = [{"cell_type": "code", "id": f"cell-{n}", "execution_count": None, "metadata": {}, "source": source,
              "outputs": [{"output_type": "stream", "name": "stdout", "text": "kept for the teacher"}]}
             for n, source in enumerate(sources, 1)]  # fmt: skip
    cells.append({"cell_type": "code", "id": "cell-0", "execution_count": None, "metadata": {"nbgrader": dict(GRADING)},
                  "source": solution, "outputs": []})  # fmt: skip
    metadata = {"jupytext": {"formats": "ipynb,py:percent"}, "kernelspec": {"name": "python3"}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "course"
    folder.mkdir()
    for name in ("01-first-run", "04-loss"):
        (folder / f"{name}.ipynb").write_text(notebook(f"print({name!r})"), encoding="utf-8")
    (folder / "04-loss.py").write_text("# the source", encoding="utf-8")
    return folder


@pytest.fixture
def mine(tmp_path):
    return tmp_path / "mine"


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def sources(path):
    return ["".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]


def edit(path, text, cell=0):
    content = json.loads(path.read_text(encoding="utf-8"))
    content["cells"][cell]["source"] = text
    path.write_text(json.dumps(content), encoding="utf-8")


def run_it(path):
    """Do what running a notebook does to its file."""
    content = json.loads(path.read_text(encoding="utf-8"))
    for number, cell in enumerate(content["cells"]):
        cell["outputs"], cell["execution_count"] = [{"output_type": "stream", "name": "stdout", "text": "hi"}], number
        cell["source"] = cell["source"].splitlines(keepends=True)
    content["metadata"]["language_info"] = {"name": "python", "version": "3.11.2"}
    path.write_text(json.dumps(content), encoding="utf-8")


def renew(course, name="04-loss.ipynb"):
    (course / name).write_text(notebook("print('newer')"), encoding="utf-8")


def test_the_first_time_everything_is_put_there_without_solutions(course, mine):
    done = refresh(mine, course=course, today=DAY)
    assert done.new == names(mine) == ["01-first-run.ipynb", "04-loss.ipynb"]
    assert done.sentence == "2 new"
    text = (mine / "04-loss.ipynb").read_text(encoding="utf-8")
    assert "return 42" not in text
    assert "YOUR CODE HERE" in text
    assert "kept for the teacher" not in text
    assert "jupytext" not in text


def test_what_is_up_to_date_is_left_alone(course, mine):
    refresh(mine, course=course, today=DAY)
    run_it(mine / "04-loss.ipynb")
    before = (mine / "04-loss.ipynb").read_bytes()
    assert refresh(mine, course=course, today=DAY).sentence == ""
    assert (mine / "04-loss.ipynb").read_bytes() == before, "its outputs are still there"


@pytest.mark.parametrize("touch", [lambda path: None, run_it], ids=["not opened", "run"])
def test_an_untouched_notebook_is_replaced_by_a_newer_one(course, mine, touch):
    refresh(mine, course=course, today=DAY)
    touch(mine / "04-loss.ipynb")
    renew(course)
    done = refresh(mine, course=course, today=DAY)
    assert (done.replaced, done.new, done.aside) == (["04-loss.ipynb"], [], {})
    assert sources(mine / "04-loss.ipynb")[0] == "print('newer')"
    assert names(mine) == ["01-first-run.ipynb", "04-loss.ipynb"]


def test_a_touched_notebook_stays_as_long_as_there_is_no_newer_one(course, mine):
    refresh(mine, course=course, today=DAY)
    edit(mine / "04-loss.ipynb", "my own")
    assert refresh(mine, course=course, today=DAY).sentence == ""
    assert sources(mine / "04-loss.ipynb")[0] == "my own"


def test_a_touched_notebook_is_put_aside_for_a_newer_one(course, mine):
    refresh(mine, course=course, today=DAY)
    edit(mine / "04-loss.ipynb", "my own")
    before = (mine / "04-loss.ipynb").read_bytes()
    renew(course)
    done = refresh(mine, course=course, today=DAY)
    aside = "04-loss (yours of 2026-11-21).ipynb"
    assert done.aside == {"04-loss.ipynb": aside}
    assert "your 04-loss.ipynb is kept as" in done.sentence
    assert (mine / aside).read_bytes() == before
    assert sources(mine / "04-loss.ipynb")[0] == "print('newer')"
    assert refresh(mine, course=course, today=DAY).sentence == "", "once"


def test_twice_on_a_day_makes_two_names(course, mine):
    refresh(mine, course=course, today=DAY)
    for number in range(3):
        edit(mine / "04-loss.ipynb", f"my own {number}")
        (course / "04-loss.ipynb").write_text(notebook(f"newer {number}"), encoding="utf-8")
        refresh(mine, course=course, today=DAY)
    assert [name for name in names(mine) if "yours" in name] == [
        "04-loss (yours of 2026-11-21).ipynb",
        "04-loss (yours of 2026-11-21, 2).ipynb",
        "04-loss (yours of 2026-11-21, 3).ipynb",
    ]
    kept = [sources(mine / name)[0] for name in names(mine) if "yours" in name]
    assert kept == ["my own 0", "my own 1", "my own 2"]


@pytest.mark.parametrize("content", [b"", b"no notebook", b"\xff\xfe", b'{"cells": []}'])
def test_what_is_no_notebook_any_more_is_the_learners_all_the_same(course, mine, content):
    refresh(mine, course=course, today=DAY)
    (mine / "04-loss.ipynb").write_bytes(content)
    renew(course)
    (aside,) = refresh(mine, course=course, today=DAY).aside.values()
    assert (mine / aside).read_bytes() == content


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"files": 3}', '{"files": {"04-loss.ipynb": 3}}'])
def test_without_a_manifest_that_can_be_read_nothing_is_taken_for_untouched(course, mine, damage):
    refresh(mine, course=course, today=DAY)
    (mine / MANIFEST).write_text(damage, encoding="utf-8")
    renew(course)
    assert list(refresh(mine, course=course, today=DAY).aside) == ["04-loss.ipynb"]


def test_a_deleted_notebook_comes_back_and_others_files_stay(course, mine):
    refresh(mine, course=course, today=DAY)
    (mine / "04-loss.ipynb").unlink()
    (mine / "notes.md").write_text("mine", encoding="utf-8")
    assert refresh(mine, course=course, today=DAY).new == ["04-loss.ipynb"]
    assert (mine / "notes.md").read_text(encoding="utf-8") == "mine"


def test_a_notebook_that_left_the_course_stays(course, mine):
    refresh(mine, course=course, today=DAY)
    (course / "04-loss.ipynb").unlink()
    assert refresh(mine, course=course, today=DAY).sentence == ""
    renew(course)
    assert refresh(mine, course=course, today=DAY).replaced == ["04-loss.ipynb"], "and is known when it comes back"


def test_a_stop_halfway_loses_nothing(course, mine, monkeypatch):
    refresh(mine, course=course, today=DAY)
    edit(mine / "04-loss.ipynb", "my own")
    renew(course)
    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda self, target: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        refresh(mine, course=course, today=DAY)
    monkeypatch.setattr(Path, "replace", replace)
    refresh(mine, course=course, today=DAY)
    assert [sources(mine / name)[0] for name in names(mine)] == ["print('01-first-run')", "my own", "print('newer')"]
    assert not [name for name in os.listdir(mine) if name.startswith(".04")], "no half-written file is left"


def test_a_folder_with_other_things_is_left_alone(course, mine):
    mine.mkdir()
    (mine / "thesis.tex").write_text("years", encoding="utf-8")
    with pytest.raises(BadInput, match="holds other things than the course"):
        refresh(mine, course=course, today=DAY)
    assert names(mine) == ["thesis.tex"]
    with pytest.raises(BadInput, match="is a file"):
        refresh(mine / "thesis.tex", course=course)


def test_an_empty_folder_will_do(course, mine):
    mine.mkdir()
    (mine / ".DS_Store").write_text("", encoding="utf-8")
    assert len(refresh(mine, course=course, today=DAY).new) == 2


def test_the_course_itself_is_never_a_working_copy(course):
    for place in (course, course / "sub", catalogue.folder(), Path(catalogue.__file__).parent):
        with pytest.raises(BadInput, match="belongs to mqlab itself"):
            refresh(place, course=course if place.is_relative_to(course) else None)
    assert names(course) == ["01-first-run.ipynb", "04-loss.ipynb", "04-loss.py"]


def test_what_cannot_be_written_says_so(course, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(BadInput, match="cannot be written"):
        refresh(tmp_path / "file" / "below", course=course)


def test_a_link_is_put_aside_and_not_followed(course, mine, tmp_path):
    refresh(mine, course=course, today=DAY)
    elsewhere = tmp_path / "elsewhere.ipynb"
    (mine / "04-loss.ipynb").rename(elsewhere)
    (mine / "04-loss.ipynb").symlink_to(elsewhere)
    renew(course)
    before = elsewhere.read_bytes()
    refresh(mine, course=course, today=DAY)
    assert elsewhere.read_bytes() == before
    assert not (mine / "04-loss.ipynb").is_symlink()


def test_the_whole_course_can_be_handed_out(mine):
    done = refresh(mine, today=DAY)
    assert done.new == [path.name for path in catalogue.sources()]
    for path in mine.glob("*.ipynb"):
        assert "BEGIN SOLUTION" not in path.read_text(encoding="utf-8")


def test_the_home_of_somebody_who_is_not_there_is_refused():
    with pytest.raises(BadInput, match="there is no home folder for ~nobody-of-that-name/course"):
        refresh("~nobody-of-that-name/course")
