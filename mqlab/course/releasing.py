"""What students get of a notebook: solutions and hidden tests are gone, the rest is as the teacher wrote it.

The markers, the stub and the metadata are nbgrader's, so that a notebook released here can be collected and graded
there, and the other way round:

    ### BEGIN SOLUTION … ### END SOLUTION            in an answer cell: the stub, at the indentation of its first line
    ### BEGIN HIDDEN TESTS … ### END HIDDEN TESTS    in a test cell: nothing

An answer cell without markers is a solution as a whole. Source: nbgrader 0.9, "Creating and grading assignments",
https://nbgrader.readthedocs.io/en/stable/user_guide/creating_and_grading_assignments.html.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

from mqlab.course.cells import STUB, Cell, Notebook, cells_of, grading_of
from mqlab.errors import BadInput, Place

__all__ = ["checksum", "released"]

_GRADE_ID = re.compile(r"[a-zA-Z0-9_\-]+")
_SCHEMA = 3
_LEFTOVERS = ("collapsed", "execution", "scrolled", "ExecuteTime")
"""Metadata that tell of somebody's last run."""


def released(notebook: Notebook, *, name: str = "the notebook") -> Notebook:
    r"""Make the student version of a notebook; the one given stays as it is.

    Parameters
    ----------
    notebook
        As :func:`mqlab.course.cells.read` gives it, format 4.
    name
        How messages call it.

    Returns
    -------
    dict
        Solutions are replaced, hidden tests and outputs removed; answer and test cells cannot be deleted in Jupyter,
        and carry the checksums that nbgrader compares.

    Raises
    ------
    BadInput
        A marker has no end or stands in a cell of the wrong kind, or grading metadata are incomplete.

    Examples
    --------
    >>> source = "def handle(order):\n    ### BEGIN SOLUTION\n    return order\n    ### END SOLUTION"
    >>> grading = {"schema_version": 3, "grade": False, "grade_id": "charge-once", "locked": False, "solution": True}
    >>> cell = {"cell_type": "code", "metadata": {"nbgrader": grading}, "source": source, "outputs": []}
    >>> print(released({"cells": [cell], "metadata": {}, "nbformat": 4})["cells"][0]["source"])
    def handle(order):
        # YOUR CODE HERE
        raise NotImplementedError()
    """
    if notebook.get("nbformat") != 4 or not isinstance(notebook.get("cells"), list):
        raise BadInput("is not in notebook format 4", mend="save it again from JupyterLab", place=Place(name))
    made = deepcopy(notebook)
    metadata = made.setdefault("metadata", {})
    if isinstance(metadata, dict):
        metadata.pop("celltoolbar", None)
    seen: set[str] = set()
    for cell, raw in zip(cells_of(made), made["cells"], strict=True):
        where = f"cell {cell.number}"
        if cell.source is None or cell.kind not in ("code", "markdown", "raw"):
            raise BadInput(f"{where} is damaged", mend="mend it in JupyterLab", place=Place(name))
        _check(cell, seen, where, name)
        source = "\n".join(_handed_out(cell, cell.source.split("\n"), where, name))
        _put(raw, cell, source)
    return made


def _check(cell: Cell, seen: set[str], where: str, name: str) -> None:
    """Refuse grading metadata that nbgrader would refuse: better now than when forty have handed in."""

    def wrong(what: str, mend: str) -> BadInput:
        return BadInput(f"{where}: {what}", mend=mend, place=Place(name))

    flags = cell.grading
    if not any(flags.get(flag) for flag in ("grade", "solution", "locked", "task")):
        return
    if flags.get("schema_version") != _SCHEMA:
        raise wrong(f"its nbgrader metadata have no schema_version {_SCHEMA}", "run nbgrader update on the notebook")
    if not _GRADE_ID.fullmatch(cell.name):
        raise wrong("its grade_id is missing or has other characters than letters, digits, - and _", "name it")
    if cell.name in seen:
        raise wrong(f"the grade_id {cell.name!r} is taken by a cell above", "give each cell a name of its own")
    seen.add(cell.name)
    points = flags.get("points")
    if flags.get("grade") and (not isinstance(points, int | float) or isinstance(points, bool) or points < 0):
        raise wrong(f"the test {cell.name!r} has no points", "give it points, 0 or more")


def _handed_out(cell: Cell, lines: Sequence[str], where: str, name: str) -> Iterator[str]:
    """Give the lines that students get."""
    solution, test = bool(cell.grading.get("solution")), bool(cell.grading.get("grade"))
    stub = STUB if cell.kind == "code" else ("YOUR ANSWER HERE",)
    regions = (
        ("SOLUTION", solution, "an answer cell (solution: true)", stub),
        ("HIDDEN TESTS", test, "a test cell (grade: true)", ()),
        ("MARK SCHEME", bool(cell.grading.get("task")), "a task cell (task: true)", ()),
    )
    if solution and not any("BEGIN SOLUTION" in line for line in lines):
        lines = stub
    inside = ""
    for line in lines:
        begins = next((region for region in regions if f"BEGIN {region[0]}" in line), None)
        if begins is not None:
            what, fits, belongs, instead = begins
            if inside:
                raise BadInput(f"{where}: BEGIN {what} within {inside}", mend=f"END {inside} first", place=Place(name))
            if not fits:
                raise BadInput(f"{where}: BEGIN {what} outside {belongs}", mend="mend its metadata", place=Place(name))
            inside = what
            indent = line[: len(line) - len(line.lstrip())]
            yield from (indent + each for each in instead)
        elif inside and f"END {inside}" in line:
            inside = ""
        elif not inside:
            yield line
    if inside:
        raise BadInput(f"{where}: BEGIN {inside} has no END {inside}", mend="add it", place=Place(name))


def _put(raw: dict[str, Any], cell: Cell, source: str) -> None:
    """Write a cell as it is handed out."""
    raw["source"] = source
    metadata = raw.setdefault("metadata", {})
    if isinstance(metadata, dict):
        for leftover in _LEFTOVERS:
            metadata.pop(leftover, None)
    if cell.kind == "code":
        raw["outputs"], raw["execution_count"] = [], None
    grading = grading_of(raw)
    if not any(grading.get(flag) for flag in ("grade", "solution", "locked")):
        return
    metadata["deletable"] = False
    if not grading.get("solution"):
        metadata["editable"] = False
    for flag in ("grade", "solution", "locked", "task"):
        grading.setdefault(flag, False)
    grading["cell_type"] = cell.kind
    grading["checksum"] = checksum(source, cell.kind, grading)


def checksum(source: str, kind: str, grading: dict[str, Any]) -> str:
    """Compute what nbgrader remembers of a cell, to notice changes and answers that were never given.

    The recipe is nbgrader's (0.9, ``nbgrader.utils.compute_checksum``): MD5 over source, kind, the three flags, the
    name, and for tests the points. Nothing relies on it but bookkeeping.
    """
    grade, solution = bool(grading.get("grade")), bool(grading.get("solution"))
    locked = not solution and (grade or bool(grading.get("locked")))
    parts = [source, kind, str(grade), str(solution), str(locked), str(grading["grade_id"])]
    if grade:
        parts.append(str(float(grading["points"])))
    return hashlib.md5("".join(parts).encode("utf-8"), usedforsecurity=False).hexdigest()
