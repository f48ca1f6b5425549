"""The judge: plays an answer in growing worlds, and says which parts it has earned and why not the others.

    size 1 ─ seed 1, 2, 3 ─► size 2 ─ … ─► size 20       a part that has failed plays no further
      each distinct play once a case, its record shown to every part that uses it

Whatever goes wrong on the student's side is a :class:`~mqlab.grading.student.StudentError` and costs the parts that
were being played. Any other exception is a mistake of ours: it ends the judgement as an ``ExerciseError`` and is never
taken for an answer, right or wrong.
"""

from __future__ import annotations

__all__ = ["QUESTION_S", "Judgement", "Judging", "PartResult", "judge", "untouched"]

import ast
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mqlab.errors import BadInput, ExerciseError
from mqlab.grading.counterexample import Counterexample
from mqlab.grading.exercise import Case, Exercise, Part
from mqlab.grading.sandbox import SandboxError
from mqlab.grading.student import Died, Hung, Missing, Student, StudentError

QUESTION_S: Final = 30.0
"""Processor time of ours that a question may take. What the answer takes has limits of its own (``budget.py``); what
the machine does beside it, such as compiling the core before its first run, must cost nobody a point."""
_STUB_CHARS_MAX: Final = 20_000
"""Parsing takes a kilobyte of our own memory for each character; whoever wrote more has written something."""


@dataclass(frozen=True, slots=True)
class PartResult:
    """What came of one part."""

    name: str
    possible: int
    won: int
    counterexample: Counterexample | None = None
    """The shortest case found in which it fails; None if it holds, or if only something it needs fails."""
    lacking: tuple[str, ...] = ()
    """Parts it needs, and that fail: it gives nothing without them."""
    hint: str = ""


@dataclass(frozen=True)
class Judgement:
    """What came of an answer."""

    exercise: str
    title: str
    parts: tuple[PartResult, ...]
    output: str = ""
    """What the student's code printed."""
    sandbox: str = ""
    """Name of the sandbox it ran in."""
    unwritten: bool = False
    """Nobody has written anything yet: the code says so itself."""

    @property
    def points(self) -> int:
        """Points won."""
        return sum(part.won for part in self.parts)

    @property
    def possible(self) -> int:
        """Points that a complete answer gets."""
        return sum(part.possible for part in self.parts)


@dataclass
class Judging:
    """How far a judgement has come; for whoever shows progress."""

    total: int
    done: int = 0
    failed: dict[str, Counterexample] = field(default_factory=dict)


def judge(
    exercise: Exercise,
    source: str,
    open_student: Callable[[str], Student],
    seeds: Sequence[int],
    *,
    limit_s: float = QUESTION_S,
    progress: Callable[[Judging], None] | None = None,
) -> Judgement:
    """Judge an answer.

    Parameters
    ----------
    exercise
        From :func:`mqlab.grading.exercises.exercise`.
    source
        The answer cell.
    open_student
        Gives the parent's end of a worker for it.
    seeds
        :data:`mqlab.grading.seeds.PUBLIC_SEEDS`, or hidden ones.
    limit_s
        When to give up, in seconds of our processor time. What has not been played to its end by then is not earned.
    progress
        Called after every play.

    Raises
    ------
    ExerciseError
        A mistake in the exercise itself: nothing was judged.
    SandboxError
        The sandbox broke: nothing was judged.
    BadInput
        There are fewer seeds than the exercise plays.
    """
    if len(seeds) < exercise.seeds:
        raise BadInput(f"{exercise.name} plays {exercise.seeds} seeds, and there are {len(seeds)}", mend="draw more")
    plays = tuple(dict.fromkeys(part.play for part in exercise.parts))
    state = Judging(len(plays) * len(exercise.sizes) * exercise.seeds)
    student = open_student(source)
    try:
        deadline = time.process_time() + limit_s
        for cases in _cases(exercise, seeds):
            for play in plays:
                asked = [part for part in exercise.parts if part.play is play and part.name not in state.failed]
                _play_all(exercise, student, asked, cases, state, deadline, progress)
        output, sandbox = student.output, student.sandbox
    finally:
        student.close()
    parts = _results(exercise, state.failed)
    unwritten = not any(part.won for part in parts) and untouched(source, exercise.entry)
    return Judgement(exercise.name, exercise.title, parts, output, sandbox, unwritten)


def _cases(exercise: Exercise, seeds: Sequence[int]) -> Iterator[list[Case]]:
    for size in sorted(exercise.sizes):
        yield [Case(seed, size) for seed in seeds[: exercise.seeds]]


def _play_all(
    exercise: Exercise,
    student: Student,
    asked: list[Part],
    cases: list[Case],
    state: Judging,
    deadline: float,
    progress: Callable[[Judging], None] | None,
) -> None:
    """Play the cases of one size."""
    found: dict[str, Counterexample] = {}
    for case in cases:
        state.done += 1
        if not asked:
            continue
        if time.process_time() > deadline:
            sentence = "The answer takes too long: the time for this question was over before all cases were played."
            found |= {part.name: Counterexample(sentence, size=case.size) for part in asked if part.name not in found}
            break
        try:
            record = _played(exercise, asked[0].play, student, case)
        except StudentError as error:
            failure = _stumbled(error, case)
            for part in asked:
                _keep_shorter(found, part.name, failure)
            if isinstance(error, Missing | Hung | Died):
                break  # each of these costs time, and none will get shorter
            continue
        for part in asked:
            verdict = _judged(exercise, part, record, case)
            if verdict is not None:
                _keep_shorter(found, part.name, verdict)
        if progress is not None:
            progress(state)
    state.failed |= found


def _played(exercise: Exercise, play: Callable[[Student, Case], Any], student: Student, case: Case) -> Any:
    student.kill()  # nothing that it remembers of one case is there in the next
    try:
        return play(student, case)
    except (StudentError, SandboxError):  # the student's fault; the machine's
        raise
    except Exception as error:
        raise _our_bug(exercise, getattr(play, "__name__", "play"), case, error) from error


def _judged(exercise: Exercise, part: Part, record: Any, case: Case) -> Counterexample | None:
    try:
        verdict = part.judge(record)
    except StudentError as error:  # a value of the student's, looked at only now
        return _stumbled(error, case)
    except Exception as error:
        raise _our_bug(exercise, part.name, case, error) from error
    if verdict is None or isinstance(verdict, Counterexample):
        return verdict
    raise _our_bug(exercise, part.name, case, TypeError(f"a judge gave {type(verdict).__name__}"))


def _our_bug(exercise: Exercise, where: str, case: Case, error: Exception) -> ExerciseError:
    told = f"{type(error).__name__}: {error}".rstrip(": ")
    return ExerciseError(f"exercise {exercise.name}, {where}, size {case.size}: {told}")


def _stumbled(error: StudentError, case: Case) -> Counterexample:
    return Counterexample(str(error), tuple(error.steps), case.size)


def _keep_shorter(found: dict[str, Counterexample], name: str, new: Counterexample) -> None:
    """Of the failures at one size, keep the one that is told in the fewest steps."""
    if name not in found or len(new.steps) < len(found[name].steps):
        found[name] = new


def _results(exercise: Exercise, failed: dict[str, Counterexample]) -> tuple[PartResult, ...]:
    results: dict[str, PartResult] = {}
    for part in exercise.parts:  # a part stands after those it needs
        lacking = tuple(name for name in part.needs if not results[name].won)
        won = 0 if part.name in failed or lacking else part.points
        results[part.name] = PartResult(part.name, part.points, won, failed.get(part.name), lacking, part.hint)
    return tuple(results.values())


def untouched(source: str, entry: str) -> bool:
    r"""Tell whether an answer still says that nobody has written it.

    It does if its entry raises ``NotImplementedError``, or has a function with nothing but ``...`` in it.

    Examples
    --------
    >>> untouched("def f():\n    # YOUR CODE HERE\n    raise NotImplementedError()", "f")
    True
    >>> untouched("def f():\n    return 1", "f")
    False
    """
    if len(source) > _STUB_CHARS_MAX:
        return False
    try:
        with warnings.catch_warnings(action="ignore"):  # of the student's escapes: not ours to print
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    heads = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == entry]
    return any(_empty(node) for head in heads[-1:] for node in ast.walk(head))


def _empty(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise):
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
    if not isinstance(node, ast.FunctionDef):
        return False
    words = [one.value.value for one in node.body if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)]
    return len(words) == len(node.body) and words[-1] is ...
