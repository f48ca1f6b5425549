"""A rehearsal: worlds are set up once with nobody in them, before graders are forked.

What it takes to set them up (the compiled core, scenarios, runs that are shown to answers) does not depend on any
answer, and is then there in every grader. No code of a student's has any part in it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import NoReturn

from mqlab.grading.exercise import Case, Exercise
from mqlab.grading.student import Missing, Student

__all__ = ["Nobody", "rehearse"]


class Nobody:
    """Takes a student's place and does nothing that it is asked."""

    output, sandbox = "", "none: nobody is there"

    def make(self, name: str, *_: object) -> NoReturn:
        """Refuse."""
        raise Missing(f"nobody makes `{name}`")

    def call(self, name: str, *_: object) -> NoReturn:
        """Refuse."""
        raise Missing(f"nobody answers `{name}`")

    def kill(self) -> None:
        """Have nothing to kill."""

    def another(self) -> Student:
        """Give nobody else."""
        return Nobody()

    def close(self) -> None:
        """Have nothing to end."""


def rehearse(exercise: Exercise, seeds: Sequence[int]) -> None:
    """Play every case up to where the answer would be asked.

    Whatever goes wrong is passed over here: it will go wrong again when an answer is judged, and be told then.
    """
    for play in dict.fromkeys(part.play for part in exercise.parts):
        for size in exercise.sizes:
            for seed in seeds[: exercise.seeds]:
                with contextlib.suppress(Exception):
                    play(Nobody(), Case(seed, size))
