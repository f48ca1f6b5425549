"""Which mapping of the grammar stands at a path, and which of its fields exclude each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args, get_origin

from mqlab.scenario.mapping import OneOf, Spec

__all__ = ["Grammar", "below", "excluded"]


@dataclass(frozen=True)
class Entries:
    """A section or a list: whatever the key, its entries have one grammar."""

    of: Grammar


Grammar = type[Spec] | Entries | None
"""What may stand somewhere; None where there are no fields."""


def below(grammar: Grammar, key: str | int) -> Grammar:
    """Say what may stand under ``key``.

    Examples
    --------
    >>> from mqlab.scenario.spec import ScenarioSpec
    >>> below(below(below(ScenarioSpec, "producers"), "buyers"), "arrivals").__name__
    'ArrivalsSpec'
    """
    if isinstance(grammar, Entries):
        return grammar.of
    info = None if grammar is None else grammar.written().get(str(key))
    return None if info is None else _mapping_in(info.annotation)


def _mapping_in(annotation: Any) -> Grammar:
    """Find the mapping in a type such as ``Annotated[list[X], ...] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return annotation
    parts = (_mapping_in(part) for part in get_args(annotation))
    found = next((part for part in parts if part is not None), None)
    return Entries(found) if found is not None and get_origin(annotation) in (dict, list) else found


def excluded(grammar: Grammar, key: str) -> frozenset[str]:
    """Name the fields that cannot stand beside ``key``: the other kinds, where exactly one is to be given.

    Examples
    --------
    >>> from mqlab.scenario.shapes import ArrivalsSpec
    >>> {"ramp", "constant"} <= excluded(ArrivalsSpec, "poisson")
    True
    """
    if not isinstance(grammar, type) or not issubclass(grammar, OneOf) or key not in grammar.written():
        return frozenset()
    return frozenset(grammar.written()) - {key}
