"""Notebook files and their answer cells, with the standard library alone.

What students hand in may be anything: cut short, edited by hand, from another program, made to do harm. So nothing is
taken for granted here: not that it is JSON, not that it ends, not that a list is a list. Only what can be read is
read, and what could not is told.

Answer cells are found by nbgrader's metadata (``grade_id``), which outlives moving, copying and renaming. Everything
else in a student's notebook, such as the student's copies of test cells, is of no interest to whoever grades.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal

from mqlab.errors import BadInput, Place

__all__ = [
    "BYTES_MAX", "DEPTH_MAX", "STUB", "Answer", "Cell", "Found", "Notebook", "Problem", "answers", "cells_of",
    "grading_of", "parse", "read", "text_of",
]  # fmt: skip

BYTES_MAX = 16 << 20
"""A notebook with many pictures has some megabytes; what is larger was not made in a lesson."""
DEPTH_MAX = 64
"""How deep lists and objects may stand in each other; in notebooks it is about ten."""
STUB = ("# YOUR CODE HERE", "raise NotImplementedError()")
"""What stands for a solution in what students get: nbgrader's own words (its option ``ClearSolutions.code_stub``)."""

Notebook = dict[str, Any]
"""A notebook as its file has it."""

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)  # always matches, so that it never goes back
_BRACKET = re.compile(rb"[\[\]{}]")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell, whatever the file made of it."""

    number: int
    """Which one, counted from 1."""
    kind: str
    """``code``, ``markdown``, ``raw``, or what it says."""
    source: str | None
    """None: there is no text in it that could be read."""
    grading: Mapping[str, Any]
    """nbgrader's metadata; empty if there is none."""

    @property
    def name(self) -> str:
        """Its ``grade_id``, or nothing."""
        name = self.grading.get("grade_id")
        return name if isinstance(name, str) else ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it was handed out, in a sentence for student and teacher."""

    kind: Literal["unreadable", "deleted", "doubled", "retyped", "broken"]
    text: str
    question: str = ""
    """The exercise it is about; nothing: the whole file."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer cell of one exercise."""

    name: str
    source: str
    cell: int
    """Which cell it was, counted from 1; 0: there is none, and the source is empty."""


@dataclass(frozen=True, slots=True)
class Found:
    """All answers that were looked for, and what was wrong on the way."""

    answers: tuple[Answer, ...]
    problems: tuple[Problem, ...]


def read(path: str | Path) -> Notebook:
    """Read a notebook file.

    Raises
    ------
    BadInput
        It cannot be read, is too large, nested too deeply, or is no notebook.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}", mend="check the path") from error
    return parse(content, name=str(path))


def parse(content: bytes, *, name: str = "the notebook") -> Notebook:
    """Read a notebook from the bytes of its file.

    Raises
    ------
    BadInput
        It is too large, nested too deeply, or no notebook.

    Examples
    --------
    >>> parse(b'{"cells": [], "nbformat": 4}')["nbformat"]
    4
    >>> parse(b'{"cells": [', name="a.ipynb")
    Traceback (most recent call last):
    mqlab.errors.BadInput: a.ipynb: is no notebook: Expecting value (line 1); save it again from JupyterLab
    """
    place, mend = Place(name), "save it again from JupyterLab"
    if len(content) > BYTES_MAX:
        too_large = f"has more than {BYTES_MAX >> 20} MiB"
        raise BadInput(too_large, mend="clear its outputs and save it again", place=place)
    if _depth(content) > DEPTH_MAX:
        raise BadInput("is nested too deeply for a notebook", mend=mend, place=place)
    try:
        found = json.loads(content)
    except json.JSONDecodeError as error:
        raise BadInput(f"is no notebook: {error.msg} (line {error.lineno})", mend=mend, place=place) from None
    except UnicodeDecodeError:
        raise BadInput("is no notebook: it is not text", mend=mend, place=place) from None
    except (ValueError, RecursionError):
        raise BadInput("is no notebook: something in it is out of all bounds", mend=mend, place=place) from None
    if not isinstance(found, dict) or not isinstance(found.get("cells", found.get("worksheets")), list):
        raise BadInput("is no notebook: it has no cells", mend=mend, place=place)
    return found


def _depth(content: bytes) -> int:
    """Tell how deep brackets stand in each other, before a parser follows them."""
    brackets = _BRACKET.findall(_STRING.sub(b"", content))
    return max(accumulate(1 if bracket in b"[{" else -1 for bracket in brackets), default=0)


def cells_of(notebook: Notebook) -> Iterator[Cell]:
    r"""Give the cells in their order; notebooks of format 3 kept them in worksheets.

    Examples
    --------
    >>> [cell.source for cell in cells_of({"cells": [{"cell_type": "code", "source": ["a = 1\n", "a"]}, 7]})]
    ['a = 1\na', None]
    """
    for number, cell in enumerate(_raw_cells(notebook), start=1):
        kind = cell.get("cell_type") if isinstance(cell, dict) else None
        yield Cell(number, _whole(kind) if isinstance(kind, str) else "", text_of(cell), grading_of(cell))


def _raw_cells(notebook: Notebook) -> Iterator[Any]:
    if isinstance(notebook.get("cells"), list):
        yield from notebook["cells"]
        return
    worksheets = notebook.get("worksheets")
    for sheet in worksheets if isinstance(worksheets, list) else []:
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
        yield from cells if isinstance(cells, list) else []


def text_of(cell: Any) -> str | None:
    """Give the source of a raw cell as one text: it may be a list of lines, and was called ``input`` in format 3.

    Half characters that no file could hold are replaced.
    """
    source = cell.get("source", cell.get("input")) if isinstance(cell, dict) else None
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None
    return _whole(source).replace("\r\n", "\n")


def _whole(text: str) -> str:
    """Replace half characters, which JSON may hold and no file."""
    return text.encode("utf-8", "replace").decode("utf-8")


def grading_of(cell: Any) -> dict[str, Any]:
    """Give nbgrader's metadata of a raw cell; an empty dictionary if there is none."""
    metadata = cell.get("metadata") if isinstance(cell, dict) else None
    found = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def answers(notebook: Notebook, names: Iterable[str]) -> Found:
    """Find the answer cells of exercises.

    A cell that stands there more than once (a copy keeps its metadata) counts as Jupyter's *Run All Cells* would leave
    it: the last one. Copies that are empty, cannot be read, or still hold the stub are passed over while there is
    another. A cell turned into text counts as code, as nbgrader has it too.

    Parameters
    ----------
    notebook
        As :func:`read` gives it.
    names
        The ``grade_id`` of each answer cell, which is the name of its exercise.

    Returns
    -------
    Found
        An answer for each name, in their order, and the problems.

    Examples
    --------
    >>> cell = {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": "drain-time"}}, "source": "x = 1"}
    >>> found = answers({"cells": [cell]}, ["drain-time", "charge-once"])
    >>> [(answer.name, answer.source) for answer in found.answers]
    [('drain-time', 'x = 1'), ('charge-once', '')]
    >>> found.problems[0].text
    'The answer cell is not there any more.'
    """
    wanted = tuple(dict.fromkeys(names))
    copies: dict[str, list[Cell]] = {name: [] for name in wanted}
    for cell in cells_of(notebook):
        if cell.name in copies:
            copies[cell.name].append(cell)
    problems: list[Problem] = []
    chosen = tuple(_chosen(name, copies[name], problems) for name in wanted)
    return Found(chosen, tuple(problems))


def _chosen(name: str, copies: list[Cell], problems: list[Problem]) -> Answer:
    if not copies:
        problems.append(Problem("deleted", "The answer cell is not there any more.", name))
        return Answer(name, "", 0)
    worth = [cell for cell in copies if cell.source and cell.source.strip()]
    done = [cell for cell in worth if not _is_stub(cell.source or "")]
    cell = (done or worth or copies)[-1]
    if len(copies) > 1:
        where = " and ".join(str(copy.number) for copy in copies[:5]) + (" …" if len(copies) > 5 else "")
        text = f"The answer cell is there {len(copies)} times (cells {where}); cell {cell.number} was graded."
        problems.append(Problem("doubled", text, name))
    if cell.kind != "code":
        text = f"The answer cell is no code cell any more ({cell.kind[:20] or 'no kind'}); it was graded as code."
        problems.append(Problem("retyped", text, name))
    if cell.source is None:
        problems.append(Problem("broken", "The answer cell is damaged: there is no text in it.", name))
    return Answer(name, cell.source or "", cell.number)


def _is_stub(source: str) -> bool:
    """Tell whether a solution has been left as it was handed out."""
    lines = [line.strip() for line in source.splitlines()]
    return all(line in lines for line in STUB)
