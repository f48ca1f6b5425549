"""Data → grammar: run pydantic and turn what it found into the one error that tells most, with its place."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from mqlab.errors import ScenarioError
from mqlab.scenario.fields import SpecError
from mqlab.scenario.reader import Node
from mqlab.scenario.spec import ScenarioSpec
from mqlab.units import UnitError

__all__ = ["validate"]


def validate(root: Node) -> ScenarioSpec:
    """Hold a tree to the grammar.

    Raises
    ------
    ScenarioError
        For the first thing in the file that does not fit.
    """
    try:
        return ScenarioSpec.model_validate(root.data())
    except ValidationError as error:
        faults = [_fault(root, found) for found in error.errors(include_url=False)]
    # What an override brought in is looked at first: it is what has just been typed.
    raise min(faults, key=lambda fault: (fault.place.line, fault.place.column) if fault.place else (0, 0))


def _fault(root: Node, found: Any) -> ScenarioError:
    cause = found.get("ctx", {}).get("error")
    path = [part for part in found["loc"] if not str(part).startswith("<")]
    where = ".".join(map(str, path))
    if isinstance(cause, SpecError):
        place = root.locate([*path, *cause.at], key=cause.key)
        within = f" in `{where}`" if where and cause.what.startswith(("unknown field", "the field", "the kind")) else ""
        return ScenarioError(cause.what + within, mend=cause.mend, place=place)
    if isinstance(cause, UnitError):
        return ScenarioError(cause.what, mend=cause.mend, place=root.locate(path))
    # The grammar's own types raise everything above; this is the net under them.
    return ScenarioError(
        f"the value of `{where}` does not fit", mend="compare with `mqlab init`", place=root.locate(path)
    )
