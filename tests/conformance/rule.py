"""A rule of a system's documentation, and how an index of them is written."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Rule", "rule"]


@dataclass(frozen=True)
class Rule:
    """One sentence of the documentation, in our words."""

    text: str
    source: str
    tests: tuple[str, ...]
    """``module::function``, in the package of the index."""


def rule(text: str, source: str, *tests: str) -> Rule:
    return Rule(text, source, tests)
