"""Notebooks as students hand them in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mqlab.grading.exercises import exercise as exercise_of
from tests.grading.answers_of import ANSWERS, reference


def cell(name: str, source: Any, kind: str = "code") -> dict[str, Any]:
    grading = {"schema_version": 3, "grade": False, "solution": True, "locked": False, "task": False, "grade_id": name}
    return {"cell_type": kind, "metadata": {"nbgrader": grading}, "source": source, "outputs": []}


def notebook(*cells: dict[str, Any]) -> str:
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def answer(exercise: str, name: str) -> str:
    """One of our own answers: the reference, or a wrong one."""
    if name == "reference":
        return reference(exercise_of(exercise))
    return (ANSWERS / exercise / f"{name}.py").read_text(encoding="utf-8")


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path
