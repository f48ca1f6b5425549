"""A notebook and its source are one: what people edit is the .py, what is run and shown is the .ipynb."""

import json
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
SOURCES = sorted(FOLDER.glob("*.py"))
MEND = "run tools/notebooks {}"

sources = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)


def inputs(cells):
    """What a person writes of a cell: its kind, its text, its tags and what nbgrader goes by."""
    return [
        (
            cell["cell_type"],
            "".join(cell["source"]),
            {name: cell["metadata"][name] for name in ("tags", "nbgrader") if cell["metadata"].get(name)},
        )
        for cell in cells
    ]


def read(path):
    return json.loads(path.with_suffix(".ipynb").read_text(encoding="utf-8"))


def test_every_notebook_has_its_source_and_every_source_its_notebook():
    assert {path.stem for path in SOURCES} == {path.stem for path in FOLDER.glob("*.ipynb")}
    assert SOURCES


@sources
def test_they_hold_the_same(path):
    source, notebook = inputs(jupytext.read(path, fmt="py:percent").cells), inputs(read(path)["cells"])
    for number, (written, run) in enumerate(zip(source, notebook, strict=False), 1):
        assert written == run, f"cell {number}; {MEND.format(path.stem)}"
    assert len(source) == len(notebook), MEND.format(path.stem)


@sources
def test_a_notebook_carries_nothing_else(path):
    """No state of widgets, no kernel's version, and cells numbered: what changes by itself makes a diff unreadable."""
    notebook = read(path)
    assert set(notebook["metadata"]) == {"jupytext", "kernelspec", "language_info"}
    assert [cell["id"] for cell in notebook["cells"]] == [f"cell-{n:02}" for n in range(1, len(notebook["cells"]) + 1)]
    assert {name for cell in notebook["cells"] for name in cell["metadata"]} <= {"tags", "nbgrader"}


@sources
def test_jupyterlab_saves_both(path):
    head = jupytext.read(path, fmt="py:percent").metadata["jupytext"]
    for pair in (head, read(path)["metadata"]["jupytext"]):
        assert pair["formats"] == "ipynb,py:percent"
        assert pair["cell_metadata_filter"] == "tags,nbgrader,-all"


def test_an_unknown_name_is_answered_with_those_there_are():
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "notebooks", "99-nothing"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("tools/notebooks: there is no notebooks/99-nothing.py; there is 01-first-run")
