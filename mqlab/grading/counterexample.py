"""What went wrong, as small as it was found: the core of every feedback page.

A counterexample is a short dialogue between lanes (such as ``broker``, ``your till``, ``bank``), one step an event,
and a sentence that says what should not have been. It never carries a seed.
"""

from __future__ import annotations

__all__ = ["Counterexample", "Step"]

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a counterexample.

    Examples
    --------
    >>> Step(1_500_000, "broker", "you", "delivers order 1 again").to
    'you'
    """

    time_ns: int
    """When, in virtual time; steps are told in this order."""
    source: str
    """The lane it begins in."""
    to: str
    """The lane it ends in; the same lane: something that happens there."""
    text: str
    """A few words, such as ``delivers order 1 again``."""
    kind: Literal["plain", "bad", "fault"] = "plain"
    """``bad``: the very step that breaks the rule; ``fault``: a crash, a lost message, a time-out."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A shortest case found in which an answer does not do what it should."""

    sentence: str
    """What should not have been: ``Order 1 was charged twice: once before the crash and once after it.``"""
    steps: tuple[Step, ...] = ()
    """How it came to that, in the order of time; may be empty (a wrong number needs no story)."""
    size: int = 0
    """How large the case was: as a rule the number of messages."""
