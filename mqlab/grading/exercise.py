"""What an exercise is: what the answer has to define, and the parts that give points.

A part plays the answer in a small world (``play``) and then looks at what happened there (``judge``). Several parts may
share one play: it is played once a case. Cases come in growing sizes, so the first failure found is a short one.
"""

from __future__ import annotations

__all__ = ["SIZES", "Case", "Exercise", "Part"]

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mqlab.grading.counterexample import Counterexample
from mqlab.grading.student import Student

SIZES = (1, 2, 3, 5, 8, 20)


@dataclass(frozen=True, slots=True)
class Case:
    """One world to play in: everything in it is a function of the two."""

    seed: int = field(repr=False)
    """Never shown: hidden seeds stay hidden in every message."""
    size: int
    """As a rule the number of messages."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something that an answer does right or not, and what that is worth: all of its points or none."""

    name: str
    """A short claim: ``no order is charged twice``."""
    points: int
    play: Callable[[Student, Case], Any]
    """Plays the answer in the world of a case and returns a record of what happened there."""
    judge: Callable[[Any], Counterexample | None]
    """Looks at what ``play`` returned: None if all is well."""
    needs: tuple[str, ...] = ()
    """Names of parts without which this one gives nothing: who does nothing breaks nothing, which is no merit."""
    hint: str = ""
    """What to think about when it fails: one or two sentences, not the solution."""


@dataclass(frozen=True)
class Exercise:
    """An exercise: one file in ``mqlab/grading/exercises``, one line in its registry."""

    name: str
    """As in ``mqlab.check_exercise("charge-once", …)``, and the ``grade_id`` of its answer cell."""
    lesson: str
    """Stem of the notebook that sets it, such as ``05-duplication``."""
    title: str
    entry: str
    """The function or class that the answer cell must define."""
    parts: tuple[Part, ...]
    sizes: tuple[int, ...] = SIZES
    seeds: int = 3
    """How many seeds are played for each size."""

    @property
    def points(self) -> int:
        """What a complete answer gets."""
        return sum(part.points for part in self.parts)
