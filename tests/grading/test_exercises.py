"""Every exercise: what is right earns all, what is wrong loses exactly what is meant, what is empty earns nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from mqlab.errors import BadInput
from mqlab.grading.exercise import Exercise
from mqlab.grading.exercises import NAMES, exercise
from mqlab.grading.judging import Judgement, judge
from mqlab.grading.process import StudentProcess
from mqlab.grading.sandbox import choose
from mqlab.grading.seeds import PUBLIC_SEEDS, Seeds, hidden_seeds
from tests.grading.answers_of import answer_cells, losses, notebook, reference, released, wrong
from tests.grading.tame import TameStudent

EXERCISES = [exercise(name) for name in NAMES]
WRONG = [(one, path) for one in EXERCISES for path in wrong(one)]

each = pytest.mark.parametrize("one", EXERCISES, ids=lambda one: one.name)
seeded = pytest.mark.parametrize("seeds", ["public", "hidden"])


def seeds_of(kind: str, one: Exercise) -> Seeds:
    return PUBLIC_SEEDS if kind == "public" else hidden_seeds(b"a secret for tests", one.name)


def judged(one: Exercise, source: str, seeds: Seeds) -> Judgement:
    return judge(one, source, TameStudent, seeds)


def in_a_worker(source: str) -> StudentProcess:
    return StudentProcess(source, tier=choose("auto", allow_limits=True))


def lost(judgement: Judgement) -> dict[str, str]:
    return {
        part.name: part.counterexample.sentence if part.counterexample else f"lacks {', '.join(part.lacking)}"
        for part in judgement.parts
        if part.won == 0
    }


def test_an_exercise_is_found_by_its_name() -> None:
    assert [one.name for one in EXERCISES] == list(NAMES)
    with pytest.raises(BadInput, match="did you mean `charge-once`"):
        exercise("charge-one")


@each
def test_its_parts_have_names_points_and_hints(one: Exercise) -> None:
    names = [part.name for part in one.parts]
    assert len(set(names)) == len(names)
    assert 4 <= one.points <= 8
    for at, part in enumerate(one.parts):
        assert part.points > 0
        assert part.hint.endswith((".", "?"))
        assert set(part.needs) <= set(names[:at]), "a part stands after those it needs"


@each
def test_its_lesson_sets_it_once(one: Exercise) -> None:
    assert len(answer_cells(one)) == 1, notebook(one).name


@each
@seeded
def test_the_reference_earns_everything(one: Exercise, seeds: str) -> None:
    judgement = judged(one, reference(one), seeds_of(seeds, one))
    assert lost(judgement) == {}
    assert judgement.points == one.points


@each
@seeded
def test_an_empty_answer_earns_nothing(one: Exercise, seeds: str) -> None:
    stub = released(reference(one))
    assert stub != reference(one), "the reference keeps its solution between ### BEGIN SOLUTION and ### END SOLUTION"
    assert judged(one, stub, seeds_of(seeds, one)).unwritten
    assert judged(one, stub, seeds_of(seeds, one)).points == 0
    assert judged(one, "", seeds_of(seeds, one)).points == 0


@each
def test_there_are_wrong_answers_to_it(one: Exercise) -> None:
    assert len(wrong(one)) >= 2
    for path in wrong(one):
        assert losses(path) <= {part.name for part in one.parts}
    assert {part.name for part in one.parts} == {name for path in wrong(one) for name in losses(path)}


@pytest.mark.parametrize(("one", "path"), WRONG, ids=[f"{one.name}-{path.stem}" for one, path in WRONG])
@seeded
def test_a_wrong_answer_loses_exactly_what_is_meant(one: Exercise, path: Path, seeds: str) -> None:
    judgement = judged(one, path.read_text(encoding="utf-8"), seeds_of(seeds, one))
    assert set(lost(judgement)) == losses(path), lost(judgement)
    for part in judgement.parts:
        assert (part.counterexample is not None) or part.won or part.lacking


@each
def test_a_worker_process_is_judged_alike(one: Exercise) -> None:
    """What the quick tests above play in our own process is what a shut-in worker does: to the last step."""
    source = wrong(one)[0].read_text(encoding="utf-8")
    judgement = judge(one, source, in_a_worker, PUBLIC_SEEDS)
    assert judgement.parts == judged(one, source, PUBLIC_SEEDS).parts
    assert judgement.sandbox == choose("auto", allow_limits=True).name


def test_a_name_that_is_no_text_is_refused_like_any_other() -> None:
    with pytest.raises(BadInput, match="there is no exercise 5"):
        exercise(5)  # type: ignore[arg-type]
