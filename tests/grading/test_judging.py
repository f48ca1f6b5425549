"""The judge: short failures first, parts that need others, the student's faults and ours."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from mqlab.errors import BadInput, ExerciseError
from mqlab.grading import plain
from mqlab.grading.counterexample import Counterexample, Step
from mqlab.grading.exercise import Case, Exercise, Part
from mqlab.grading.judging import Judgement, judge, untouched
from mqlab.grading.sandbox import SandboxError
from mqlab.grading.seeds import PUBLIC_SEEDS
from mqlab.grading.student import Babbled, Died, Hung, Missing, Student, StudentError
from tests.grading.tame import TameStudent

Play = Callable[[Student, Case], Any]


def doubling(*parts: Part, sizes: tuple[int, ...] = (1, 2, 3), seeds: int = 2) -> Exercise:
    return Exercise("doubling", "05-duplication", "Doubling", "double", parts, sizes, seeds)


def judged(exercise: Exercise, source: str, **options: Any) -> Judgement:
    return judge(exercise, source, TameStudent, PUBLIC_SEEDS, **options)


def ask(student: Student, case: Case) -> tuple[int, float]:
    return case.size, plain.number(student.call("double", case.size), "double(n)")


def is_double(record: tuple[int, float]) -> Counterexample | None:
    size, found = record
    return None if found == 2 * size else Counterexample(f"double({size}) is {found:g}.", size=size)


def is_positive(record: tuple[int, float]) -> Counterexample | None:
    return None if record[1] >= 0 else Counterexample("It is negative.")


DOUBLING = doubling(
    Part("it doubles", 3, ask, is_double, hint="Twice."),
    Part("it is never negative", 2, ask, is_positive, needs=("it doubles",)),
)


def test_a_right_answer_gets_everything() -> None:
    found = judged(DOUBLING, "def double(n):\n    print('hm')\n    return 2 * n")
    assert (found.points, found.possible, found.unwritten) == (5, 5, False)
    assert [part.counterexample for part in found.parts] == [None, None]
    assert found.sandbox == TameStudent.sandbox
    assert found.output == "hm\n" * 6, "each case is played once, for both parts"


def test_the_counterexample_is_the_smallest_size_that_fails() -> None:
    found = judged(DOUBLING, "def double(n):\n    return 2 * n if n < 3 else 7")
    assert found.points == 0
    assert found.parts[0].counterexample == Counterexample("double(3) is 7.", size=3)
    assert (found.parts[1].counterexample, found.parts[1].lacking) == (None, ("it doubles",))
    assert found.parts[0].hint == "Twice."


def test_of_one_size_the_story_with_the_fewest_steps_is_kept() -> None:
    def tell(student: Student, case: Case) -> Counterexample:
        return Counterexample("No.", (Step(0, "a", "b", "c"),) * (5 - case.seed), case.size)

    found = judged(doubling(Part("it", 1, tell, lambda told: told), seeds=3), "")
    assert found.parts[0].counterexample is not None
    assert len(found.parts[0].counterexample.steps) == 2


def test_a_part_that_has_failed_is_not_played_at_larger_sizes() -> None:
    sizes: list[int] = []

    def noting(student: Student, case: Case) -> int:
        sizes.append(case.size)
        return case.size

    fails_at_2 = Part("it", 1, noting, lambda size: Counterexample("No.") if size == 2 else None)
    judged(doubling(fails_at_2), "")
    assert sizes == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "does not define double"),
        ("def double(n) return n", "is not Python"),
        ("def double(n):\n    raise RuntimeError('ouch')", "RuntimeError: ouch"),
        ("def double(n):\n    return 'two'", 'double(n) must be a number, but it is "two".'),
        ("def double(n):\n    return float('nan')", "double(n) must be a finite number"),
        ("def double(n):\n    return {1, 2}", "not plain"),
        ("def double(n):\n    return 10 ** 400", "finite number"),
    ],
)
def test_what_the_answer_does_wrong_is_its_counterexample(source: str, sentence: str) -> None:
    found = judged(DOUBLING, source)
    assert found.points == 0
    assert found.parts[0].counterexample is not None
    assert sentence in found.parts[0].counterexample.sentence
    assert found.parts[0].counterexample.size == 1


def test_steps_told_before_it_stumbled_are_shown() -> None:
    def stumbling(student: Student, case: Case) -> None:
        error = Babbled("It babbled.")
        error.steps = (Step(1, "you", "you", "fails here", "bad"),)
        raise error

    found = judged(doubling(Part("it", 1, stumbling, lambda _: None)), "")
    assert found.parts[0].counterexample == Counterexample(
        "It babbled.", (Step(1, "you", "you", "fails here", "bad"),), 1
    )


@pytest.mark.parametrize("error", [Hung("slow"), Died("gone"), Missing("none")])
def test_what_costs_time_is_not_tried_again(error: StudentError) -> None:
    plays = []

    def hanging(student: Student, case: Case) -> None:
        plays.append(case)
        raise error

    assert judged(doubling(Part("it", 1, hanging, lambda _: None)), "").points == 0
    assert len(plays) == 1


def test_a_question_costs_only_itself() -> None:
    """When its time is over, what has not been played to the end is not earned."""
    found = judged(DOUBLING, "def double(n):\n    return 2 * n", limit_s=-1.0)
    assert found.points == 0
    assert found.parts[0].counterexample is not None
    assert "takes too long" in found.parts[0].counterexample.sentence


def test_time_that_passes_elsewhere_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first run of all compiles the core in a process of its own, which may take minutes."""
    monkeypatch.setattr("time.monotonic", itertools.count(0, 1_000).__next__)
    assert judged(DOUBLING, "def double(n):\n    return 2 * n").points == DOUBLING.points


@pytest.mark.parametrize("place", ["play", "judge", "verdict"])
def test_a_mistake_of_ours_is_never_an_answer(place: str) -> None:
    def play(student: Student, case: Case) -> int:
        return 1 // (0 if place == "play" else 1)

    def look(record: int) -> Any:
        return "fine" if place == "verdict" else record // 0

    with pytest.raises(ExerciseError, match=r"exercise doubling, .*size 1") as caught:
        judged(doubling(Part("it", 1, play, look)), "def double(n):\n    return 2 * n")
    assert str(PUBLIC_SEEDS[0]) not in str(caught.value).replace("size 1", "")


def test_a_broken_sandbox_is_nobodys_answer() -> None:
    def play(student: Student, case: Case) -> None:
        raise SandboxError("it does not start")

    with pytest.raises(SandboxError):
        judged(doubling(Part("it", 1, play, lambda _: None)), "")


def test_the_student_is_closed_whatever_happens() -> None:
    closed = []

    class Closing(TameStudent):
        def close(self) -> None:
            closed.append(self)

    def play(student: Student, case: Case) -> None:
        raise SandboxError("it does not start")

    judge(DOUBLING, "", Closing, PUBLIC_SEEDS)
    with pytest.raises(SandboxError):
        judge(doubling(Part("it", 1, play, lambda _: None)), "", Closing, PUBLIC_SEEDS)
    assert len(closed) == 2


def test_one_case_knows_nothing_of_another() -> None:
    source = "seen = []\ndef double(n):\n    seen.append(n)\n    return 2 * n if len(seen) == 1 else 0"
    assert judged(DOUBLING, source).points == 5


def test_too_few_seeds_are_refused() -> None:
    with pytest.raises(BadInput, match="plays 2 seeds, and there are 1"):
        judge(DOUBLING, "", TameStudent, PUBLIC_SEEDS[:1])


def test_progress_is_told_after_every_play() -> None:
    heard: list[float] = []
    judged(DOUBLING, "def double(n):\n    return 2 * n", progress=lambda state: heard.append(state.done / state.total))
    assert heard == [1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1.0]


@pytest.mark.parametrize(
    ("source", "nobody_wrote_it"),
    [
        ("def double(n):\n    raise NotImplementedError()", True),
        ("def double(n):\n    raise NotImplementedError", True),
        ("def double(n):\n    '''Twice.'''\n    ...", True),
        ("class double:\n    def __init__(self):\n        self.a = 1\n    def of(self):\n        ...", True),
        ("def double(n):\n    return ...", False),
        ("def other(n):\n    ...\ndef double(n):\n    return 0", False),
        ("def double(n) return", False),
    ],
)
def test_an_untouched_answer_is_told_from_a_wrong_one(source: str, nobody_wrote_it: bool) -> None:
    assert untouched(source, "double") == nobody_wrote_it
    assert judged(DOUBLING, source).unwritten == nobody_wrote_it


def test_a_giant_answer_is_not_parsed_in_our_own_memory() -> None:
    stub = "def double(x):\n    raise NotImplementedError()\n"
    assert untouched(stub, "double")
    assert not untouched(stub + "[" + "1," * 50_000 + "]", "double")


def test_what_earns_points_has_been_written() -> None:
    found = judged(DOUBLING, "def double(n):\n    if n < 0:\n        raise NotImplementedError\n    return 2 * n")
    assert (found.points, found.unwritten) == (5, False)
