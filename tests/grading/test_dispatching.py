"""The office of ordered-dispatcher: what a dispatcher may not do is said in a sentence, and ends the play."""

from __future__ import annotations

import pytest

from mqlab.grading.exercise import Case
from mqlab.grading.exercises.ordered_dispatcher import play_calm, play_failing, play_hot_key, play_many_keys
from mqlab.grading.student import Babbled
from tests.grading.tame import TameStudent

HEAD = """
class Dispatcher:
    def __init__(self, workers, post):
        self.post = post
        {begin}

    def arrived(self, message, key):
        {arrived}

    def finished(self, worker, message, ok):
        {finished}
"""


def dispatcher(*, begin: str = "pass", arrived: str = "pass", finished: str = "pass") -> TameStudent:
    return TameStudent(HEAD.format(begin=begin, arrived=arrived, finished=finished))


@pytest.mark.parametrize(
    ("student", "said"),
    [
        (dispatcher(begin="post.give(0, 0)"), "message 0, which has not arrived"),
        (dispatcher(arrived="self.post.give(0, message + 1)"), "which has not arrived"),
        (dispatcher(arrived="self.post.give(99, message)"), "the worker must be at most"),
        (dispatcher(arrived="self.post.give('0', message)"), "the worker must be a number"),
        (dispatcher(arrived="[self.post.give(0, message) for _ in range(2)]"), "still at work on message 0"),
        (dispatcher(arrived="[self.post.give(w, message) for w in range(2)]"), "given to two workers at once"),
        (
            dispatcher(arrived="self.post.give(0, message)", finished="self.post.give(0, message)"),
            "message 0, which was done already",
        ),
    ],
)
def test_what_may_not_be_given_is_said(student: TameStudent, said: str) -> None:
    with pytest.raises(Babbled, match=said):
        play_calm(student, Case(seed=1, size=1))


def test_an_error_carries_what_happened_before() -> None:
    student = dispatcher(arrived="self.post.give(0, message)", finished="self.post.give(0, message)")
    with pytest.raises(Babbled) as error:
        play_calm(student, Case(seed=1, size=1))
    assert [step.text for step in error.value.steps] == ["message 0, key 0", "give message 0", "message 0 is done"]


ONE_BY_ONE = """
class Dispatcher:
    def __init__(self, workers, post):
        self.post, self.line = post, []
    def arrived(self, message, key):
        self.line.append(message)
        if len(self.line) == 1:
            self.post.give(0, message)
    def finished(self, worker, message, ok):
        if ok:
            self.line.pop(0)
        if self.line:
            self.post.give(0, self.line[0])
"""


def test_what_failed_comes_back_once() -> None:
    played = play_failing(TameStudent(ONE_BY_ONE), Case(seed=1, size=8))
    assert 0 in played.shift.failing
    assert [message for _, message in played.done] == list(range(8))
    assert sum(step.text == "message 0 failed" for step in played.steps) == 1


def test_a_shift_is_the_same_for_the_same_case() -> None:
    for play in (play_calm, play_failing, play_many_keys, play_hot_key):
        one, other = (play(TameStudent(ONE_BY_ONE), Case(seed=7, size=5)) for _ in range(2))
        assert one == other


def test_the_hot_key_has_more_than_half() -> None:
    shift = play_hot_key(TameStudent(ONE_BY_ONE), Case(seed=3, size=5)).shift
    assert shift.keys.count(0) > len(shift.keys) / 2
    assert len(set(shift.keys)) == len(shift.keys) - shift.keys.count(0) + 1
