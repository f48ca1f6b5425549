"""A process of the answer as an actor of the world: its clock, its verbs, the moments at which it may die.

While the student's code runs, the simulation stands still; each verb it uses takes a millisecond of the worker's own
clock. The moments of a worker are numbered from 0 on: one whenever it is called, and one after each verb. An action
may wait at any of them: a crash, or another worker's whole call.

    moment 0        1                 2             3
      │ delivered   │ bank.begin()    │ bank.note() │ …
"""

from __future__ import annotations

__all__ = ["VERB_NS", "Story", "Worker", "crash"]

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from mqlab.grading.counterexample import Step
from mqlab.grading.student import Babbled, Killed, Plain, Student, StudentError, Tool

VERB_NS: Final = 1_000_000
"""What a verb takes."""
_VERBS_MAX: Final = 2_000
"""More than this in one call is an endless loop."""
_STEPS_MAX: Final = 2_000

Check = Callable[[Any, str], Any]
Action = Callable[["Worker"], None]
"""What waits at a moment."""


class Story:
    """The steps of a play, as they happen."""

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def tell(
        self, time_ns: int, source: str, to: str, text: str, kind: Literal["plain", "bad", "fault"] = "plain"
    ) -> None:
        """Add a step; of an endless story only the beginning, and what is not plain."""
        if len(self._steps) < _STEPS_MAX or kind != "plain":
            self._steps.append(Step(time_ns, source, to, text, kind))

    @property
    def steps(self) -> tuple[Step, ...]:
        """All of them, in the order of time."""
        return tuple(sorted(self._steps, key=lambda step: step.time_ns))


class Worker:
    """One process of the answer.

    Parameters
    ----------
    student
        The parent's end of it.
    story
        Where its steps are told.
    lane
        What it is called there, such as ``your desk``.
    create
        Gives the class to make and what to make it with, anew for each of its lives; None for plain functions.
    actions
        What waits at which moment.
    """

    def __init__(
        self,
        student: Student,
        story: Story,
        lane: str,
        create: Callable[[Worker], tuple[Any, ...]] | None = None,
        actions: Mapping[int, Action] | None = None,
    ) -> None:
        self.student, self.story, self.lane = student, story, lane
        self.now_ns = 0
        self.lives = 0
        """How often it was started."""
        self.moment = -1
        """Number of the latest moment."""
        self._create, self._actions = create, dict(actions or {})
        self._alive = False
        self._verbs = 0

    def call(self, name: str, *args: Plain | Tool, now_ns: int) -> Plain:
        """Call the answer; a fresh process is started first if there is none.

        Raises
        ------
        Killed
            It died at one of its moments. It is told, and the next call starts a new one.
        StudentError
            It did not answer as it should; what happened until then goes along.
        """
        self.now_ns, self._verbs = max(self.now_ns, now_ns), 0
        try:
            if not self._alive:
                self.lives += 1
                if self._create is not None:
                    self.student.make(*self._create(self))
                self._alive = True
            self._pass_moment()
            return self.student.call(name, *args)
        except Killed:
            self._alive = False
            self.student.kill()
            raise
        except StudentError as error:
            self._alive = False
            if not error.steps:
                self.story.tell(self.now_ns, self.lane, self.lane, "fails here", "bad")
                error.steps = self.story.steps
            raise

    def die(self) -> None:
        """Let its process die between two calls."""
        self._alive = False
        self.student.kill()

    def verb(
        self, to: str, name: str, does: Callable[..., Any], *checks: tuple[str, Check], silent: bool = False
    ) -> Callable[..., Plain]:
        """Make a verb for a tool.

        Parameters
        ----------
        to
            The lane it speaks to.
        name
            What the student's code calls it: ``bank.charge``.
        does
            What it does, with the checked arguments.
        checks
            Name and check of each argument, such as ``("order", plain.whole)``.
        silent
            Whether it is left out of the story: for what tells its own step.
        """

        def use(*args: Any) -> Plain:
            values = self._checked(name, args, checks)
            self._verbs += 1
            if self._verbs > _VERBS_MAX:
                raise Babbled(f"It used more than {_VERBS_MAX:,} verbs in one call, and there is no end to it.")
            self.now_ns += VERB_NS
            given: Plain = does(*values)
            if not silent:
                told = f"{name.rpartition('.')[2]}({', '.join(map(str, values))})"
                back = "" if given is None else f" → {given}"
                self.story.tell(self.now_ns, self.lane, to, told + back)
            self._pass_moment()
            return given

        return use

    def _pass_moment(self) -> None:
        self.moment += 1
        action = self._actions.get(self.moment)
        if action is not None:
            action(self)

    def _checked(self, name: str, args: tuple[Any, ...], checks: tuple[tuple[str, Check], ...]) -> list[Any]:
        if len(args) != len(checks):
            wanted = ", ".join(what for what, _ in checks)
            raise Babbled(f"{name}({wanted}) was called with {len(args)} values instead of {len(checks)}.")
        return [check(value, f"{what} in {name}") for value, (what, check) in zip(args, checks, strict=True)]


def crash(worker: Worker) -> None:
    """Let the worker's process die at this very moment: an action."""
    worker.story.tell(worker.now_ns, worker.lane, worker.lane, "crashes; what it remembered is gone", "fault")
    raise Killed
