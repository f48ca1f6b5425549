"""The bench ``grade``: what nbgrader is given to test with is as sharp as what we judge with."""

import contextlib
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from mqlab import bench
from mqlab.grading.exercises import exercise
from mqlab.grading.judging import judge
from mqlab.grading.seeds import PUBLIC_SEEDS
from tests.grading.tame import TameStudent


@pytest.fixture(scope="module")
def grade():
    spec = spec_from_file_location("bench_grade", bench.benchmarks_folder() / "grade.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def points_of(answer, cells):
    """Run test cells as nbgrader does: whatever raises gives nothing."""
    won = 0
    for cell in cells:
        with contextlib.suppress(Exception):
            names = {}
            exec(answer, names)
            exec(cell["source"], names)
            won += cell["metadata"]["nbgrader"]["points"]
    return won


def test_plain_tests_give_the_points_that_we_give(grade):
    cells = list(grade.plain_tests())
    about = exercise(grade.EXERCISE)
    assert sum(cell["metadata"]["nbgrader"]["points"] for cell in cells) == about.points
    for answer, worth in grade.ANSWERS.items():
        assert points_of(answer, cells) == worth
        assert judge(about, answer, TameStudent, PUBLIC_SEEDS).points == worth


def test_every_case_that_we_play_is_tested(grade):
    about = exercise(grade.EXERCISE)
    cases = about.seeds * len(about.sizes)
    assert [len(pairs) for _, _, pairs in grade.tested()] == [cases, cases, 2 * cases]  # the last asks twice a case


def test_no_two_hand_in_the_same(grade):
    handed_in = list(grade.handed_in(grade.SUBMISSIONS))
    assert len({source for _, source, _ in handed_in}) == len({student for student, *_ in handed_in}) == 24
    assert {worth for *_, worth in handed_in} == {0, 1, 4, 5}


def test_a_lesson_is_handed_in_solved_and_as_it_was(grade):
    solved, untouched = grade.lessons_handed_in(2)
    assert "YOUR CODE HERE" not in solved[1]
    assert "YOUR CODE HERE" in untouched[1]
    assert (solved[2], untouched[2]) == (14, 0)
