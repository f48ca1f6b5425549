"""What a grading comes to: a submission, its questions, and what was judged of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mqlab.course.cells import Answer
from mqlab.grading.graders import Question, Unjudged
from mqlab.grading.judging import Judgement
from mqlab.grading.submissions import Submission

__all__ = ["Graded", "Marked", "Marking"]


@dataclass(frozen=True)
class Graded:
    """A question of somebody's, and what came of it."""

    answer: Answer
    title: str
    possible: int
    result: Judgement | Unjudged

    @property
    def points(self) -> int | None:
        """Points won; None: it could not be judged."""
        return None if isinstance(self.result, Unjudged) else self.result.points


@dataclass(frozen=True)
class Marked:
    """A submission with all its questions."""

    submission: Submission
    questions: tuple[Graded, ...]

    @property
    def points(self) -> int | None:
        """Points won in all; None: some question could not be judged."""
        each = [question.points for question in self.questions]
        return None if None in each else sum(points or 0 for points in each)

    @property
    def possible(self) -> int:
        """Points that a complete submission gets."""
        return sum(question.possible for question in self.questions)


@dataclass
class Marking:
    """What a grading came to."""

    folder: Path
    sandbox: str
    marked: tuple[Marked, ...] = ()
    passed_over: tuple[str, ...] = ()
    judged: int = 0
    """Questions that were judged now."""
    known: int = 0
    """Questions that had been judged before."""
    unjudged: dict[Question, str] = field(default_factory=dict)
    """Questions that could not be judged, and why."""
