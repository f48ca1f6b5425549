"""Instant feedback: what a learner sees, in a cell, in a file and in print; and what nbgrader reads of it."""

from __future__ import annotations

import linecache
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import mqlab
from mqlab.errors import BadInput
from mqlab.grading import checking
from mqlab.grading.checking import Checked, check_exercise, source_of
from mqlab.grading.exercises import exercise
from mqlab.grading.judging import Judging
from tests.grading.answers_of import ANSWERS, reference, released
from tests.grading.tame import TameStudent

DESK = exercise("charge-once")


@pytest.fixture
def tame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "_open", TameStudent)


def answer(source: str, place: str = "<cell 1>", name: str = "Desk") -> Any:
    """Define what a cell defines, its source kept where IPython keeps it."""
    linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, place, "exec"), names)
    return names[name]


def checked(source: str) -> Checked:
    return check_exercise("charge-once", answer(source))


@pytest.mark.usefixtures("tame")
def test_a_right_answer() -> None:
    found = checked(reference(DESK))
    assert (found.points, found.possible) == (8, 8)
    assert str(found).startswith("Charge once: 8 of 8 points\n  ✓ 1/1  calm")
    assert str(found) == str(checked(reference(DESK)))
    assert found._repr_html_().count("✓") == len(found.parts)


@pytest.mark.usefixtures("tame")
def test_a_wrong_answer_sees_why_in_words_and_in_a_picture() -> None:
    found = checked((ANSWERS / "charge-once" / "wrong_memory.py").read_text(encoding="utf-8"))
    assert "  ✗ 0/2  a crash at any moment charges nobody twice\n         Order 1 was charged twice.\n" in str(found)
    assert "your desk: crashes; what it remembered is gone  !" in str(found)
    assert "Think: What the desk remembers" in str(found)
    html = found._repr_html_()
    assert html.count("<svg ") == 2
    assert "<script" not in html


@pytest.mark.usefixtures("tame")
def test_what_needs_something_else_says_what_comes_first() -> None:
    found = checked((ANSWERS / "charge-once" / "wrong_does_nothing.py").read_text(encoding="utf-8"))
    assert "  – 0/2  two desks with the same order charge it once\n         first: calm: every" in str(found)
    assert found._repr_html_().count("<svg ") == 1


@pytest.mark.usefixtures("tame")
@pytest.mark.parametrize("stub", ["raise NotImplementedError()", "..."])
def test_an_untouched_answer_is_no_failure(stub: str) -> None:
    source = released(reference(DESK)).replace("raise NotImplementedError()", stub)
    assert stub in source
    found = checked(source)
    assert str(found) == "Charge once: not written yet: 0 of 8 points"
    assert "not written yet: 0 of 8 points" in found._repr_html_()


@pytest.mark.usefixtures("tame")
def test_what_it_prints_is_shown_as_it_is() -> None:
    source = reference(DESK).replace("self.bank = bank", "self.bank = bank; print('<b>hello</b>')")
    found = checked(source)
    assert "What it printed:\n    <b>hello</b>" in str(found)
    assert "&lt;b&gt;hello&lt;/b&gt;" in found._repr_html_()


@pytest.mark.usefixtures("tame")
def test_in_a_notebook_its_plain_text_is_the_number_that_nbgrader_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    found = checked((ANSWERS / "charge-once" / "wrong_memory.py").read_text(encoding="utf-8"))
    assert found._repr_mimebundle_()["text/plain"] == str(found)
    monkeypatch.setattr(checking, "_in_notebook", lambda: True)
    bundle = found._repr_mimebundle_()
    assert float(bundle["text/plain"]) == 4
    assert "<svg " in bundle["text/html"]


def test_nbgrader_gives_partial_credit_for_it() -> None:
    nbgrader = pytest.importorskip("nbgrader.utils", reason="nbgrader is not installed (the extra bench)")
    from nbformat.v4 import new_code_cell, new_output

    cell = new_code_cell('mqlab.check_exercise("charge-once", Desk)')
    cell.metadata["nbgrader"] = {"grade": True, "solution": False, "points": 8, "grade_id": "charge-once-check"}
    for text, points in (("4", 4.0), ("0", 0.0), ("8", 8.0)):
        cell.outputs = [new_output("execute_result", {"text/html": "<b>…</b>", "text/plain": text})]
        assert nbgrader.determine_grade(cell) == (points, 8.0)


def test_the_whole_cell_is_the_answer() -> None:
    source = "import math\nLIMIT = 3\n\ndef double(n):\n    return 2 * n\n"
    assert source_of(answer(source, "<cell 2>", "double"), "double") == source.rstrip("\n")
    inside = "class Desk:\n    @staticmethod\n    def deliver():\n        pass\n"
    assert source_of(answer(inside, "<cell 3>"), "Desk") == inside.rstrip("\n")


def test_a_real_cell_of_ipython_is_found() -> None:
    shell = InteractiveShell.instance()
    try:
        done = shell.run_cell("def double(n):\n    return 2 * n\n", store_history=True)
        done.raise_error()
        assert "return 2 * n" in source_of(shell.user_ns["double"], "double")
    finally:
        InteractiveShell.clear_instance()


def test_of_a_file_only_the_definitions_count(tmp_path: Path) -> None:
    """The file also checks the answer; a worker knows nothing of mqlab, and lines keep their numbers."""
    source = "import math\nimport mqlab\n\n\ndef double(n):\n    return 2 * n\n\n\nprint(mqlab.check_exercise)\n"
    path = tmp_path / "answer.py"
    path.write_text(source, encoding="utf-8")
    found = source_of(answer(source, str(path), "double"), "double")
    assert found.splitlines() == ["import math", "", "", "", "def double(n):", "    return 2 * n", "", ""]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (lambda: 3, "asks for the class `Desk`, not for an object of type int"),
        (lambda: print, "asks for the class `Desk`, not for print"),
        (lambda: answer("class Desk:\n    x = 1\n"), "the source of `Desk` cannot be had"),
        (lambda: type("Desk", (), {}), "the source of `Desk` cannot be had"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_one_line(given: Any, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint) as caught:
        check_exercise("charge-once", given())
    assert "\n" not in str(caught.value)
    assert caught.value.mend


def test_an_unknown_exercise_is_refused() -> None:
    with pytest.raises(BadInput, match="did you mean `charge-once`"):
        mqlab.check_exercise("charge_once", print)


def test_progress_shows_itself_only_after_a_while(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 1.0, 2.5, 3.0])
    progress = checking._Progress("Charge once", clock=lambda: next(times))
    progress(Judging(10, 1))
    progress(Judging(10, 5))  # the standard error stream is no terminal here: nothing
    progress.over()
    assert capsys.readouterr() == ("", "")


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    times = iter([0.0, 2.5])
    progress = checking._Progress("Charge once", clock=lambda: next(times))
    progress(Judging(10, 5))
    progress.over()
    told = capsys.readouterr()
    assert told.out == ""
    assert "Charge once: 50 % played" in told.err
    assert told.err.endswith("\r")


NOISE = """\
import mqlab, sys
from mqlab.grading import checking

quiet = checking.judge

def noisy(*args, **options):
    sys.stderr.write("compiling, once …\\n")
    return quiet(*args, **options)
"""


def test_in_a_kernel_nothing_is_left_but_the_result() -> None:
    """Progress has been shown, and is gone, and so is what the lab says while it compiles.

    The cell's result is all that nbgrader and nbval find; one word on the standard error stream would cost all points.
    """
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell, new_notebook

    heard: dict[int, list[str]] = {2: [], 3: []}

    class Listening(NotebookClient):  # type: ignore[misc]
        def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
            heard.setdefault(cell_index, []).append(msg["msg_type"])
            return super().process_message(msg, cell, cell_index)

    check = 'mqlab.check_exercise("charge-once", Desk)'
    slow, talking = "checking._SHOW_AFTER_S = -1.0\n", "checking._SHOW_AFTER_S, checking.judge = 1e9, noisy\n"
    notebook = new_notebook(
        cells=[new_code_cell(text) for text in (NOISE, reference(DESK), slow + check, talking + check)]
    )
    Listening(notebook, kernel_name="python3").execute()
    for at in (2, 3):
        (output,) = notebook.cells[at].outputs
        assert (output.output_type, output.data["text/plain"]) == ("execute_result", "8")
        assert "display_data" in heard[at]
        assert "clear_output" in heard[at]
        assert "stream" not in heard[at]


def test_it_runs_in_a_worker_process(capfd: pytest.CaptureFixture[str]) -> None:
    found = checked(reference(DESK))
    assert found.points == 8
    assert found.judgement.sandbox in ("bubblewrap", "landlock", "limits")
    assert capfd.readouterr() == ("", "")
