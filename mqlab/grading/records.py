"""Judgements as plain JSON and back: for the pipe from a grader, the journal and the gradebook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from mqlab.grading.counterexample import Counterexample, Step
from mqlab.grading.judging import Judgement, PartResult

__all__ = ["counterexample_json", "json_line", "judgement_from", "judgement_json"]


def judgement_json(judgement: Judgement) -> str:
    """Write a judgement as one line. Half characters, which no file could hold, are replaced.

    Examples
    --------
    >>> judgement_from(judgement_json(Judgement("charge-once", "Charge once", ()))).title
    'Charge once'
    """
    return json_line(asdict(judgement))


def judgement_from(line: str) -> Judgement:
    """Read a judgement.

    Raises
    ------
    ValueError, KeyError, TypeError
        It is none.
    """
    content = json.loads(line)
    parts = tuple(_part(part) for part in content.pop("parts"))
    return Judgement(**content, parts=parts)


def counterexample_json(counterexample: Counterexample | None) -> str | None:
    """Write a counterexample as one line."""
    return None if counterexample is None else json_line(asdict(counterexample))


def json_line(content: Any) -> str:
    """Write plain values as one line of JSON that any file can hold."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace").decode("utf-8")


def _part(content: Mapping[str, Any]) -> PartResult:
    found = content["counterexample"]
    steps = tuple(Step(**step) for step in found["steps"]) if found else ()
    counterexample = Counterexample(**{**found, "steps": steps}) if found else None
    return PartResult(**{**content, "counterexample": counterexample, "lacking": tuple(content["lacking"])})
