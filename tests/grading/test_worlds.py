"""The worlds of consumers: deliveries, crashes, broken lines and pairs are those of the simulated broker."""

from __future__ import annotations

from typing import Any

import pytest

from mqlab.grading import plain
from mqlab.grading.exercise import Case
from mqlab.grading.student import Babbled, Failed, Tool
from mqlab.grading.worlds.chance import luck, some
from mqlab.grading.worlds.consuming import Consumed, at_each_moment, consume, consume_in_pairs
from mqlab.grading.worlds.showing import blame
from mqlab.grading.worlds.workers import Worker
from tests.grading.tame import TameStudent

DESK = """
class Desk:
    def __init__(self, log):
        self.log = log
        self.seen = 0

    def deliver(self, order, again, line):
        self.seen += 1
        self.log.note(order, self.seen)
        line.ack()
"""


class Log:
    def __init__(self) -> None:
        self.notes: list[tuple[int, int]] = []

    def create(self, worker: Worker) -> tuple[Any, ...]:
        def note(order: int, seen: int) -> None:
            self.notes.append((order, seen))

        order, seen = ("order", plain.whole), ("seen", plain.whole)
        return ("Desk", Tool("log", note=worker.verb("log", "log.note", note, order, seen)))


def played(source: str = DESK, orders: int = 3, **options: Any) -> tuple[Consumed, list[tuple[int, int]]]:
    log = Log()
    record = consume(
        TameStudent(source), orders, entry=".deliver", create=log.create,
        args=lambda order, again: (order, again), **options,
    )  # fmt: skip
    return record, log.notes


def texts(record: Consumed) -> list[str]:
    return [step.text for step in record.steps]


def test_in_peace_each_order_comes_once_and_in_order() -> None:
    record, notes = played()
    assert notes == [(1, 1), (2, 2), (3, 3)]
    assert [(one.order, one.again, one.life, one.acked) for one in record.deliveries] == [
        (1, False, 1, True), (2, False, 1, True), (3, False, 1, True),
    ]  # fmt: skip
    assert record.unfinished == 0
    assert record.moments == 9, "each order: before the call, after the note, after the acknowledgement"
    assert texts(record)[:3] == ["delivers order 1", "note(1, 1)", "ack()"]
    assert [step.time_ns for step in record.steps] == sorted(step.time_ns for step in record.steps)


def test_after_a_crash_the_broker_delivers_again_and_nothing_is_remembered() -> None:
    record, notes = played(crashes={1})
    assert notes == [(1, 1), (1, 1), (2, 2), (3, 3)]
    assert [(one.order, one.again, one.life) for one in record.deliveries] == [
        (1, False, 1), (1, True, 2), (2, False, 2), (3, False, 2),
    ]  # fmt: skip
    assert texts(record)[:4] == [
        "delivers order 1", "note(1, 1)", "crashes; what it remembered is gone", "delivers order 1 again",
    ]  # fmt: skip
    assert record.steps[2].kind == "fault"


def test_a_crash_right_after_the_acknowledgement_loses_it_on_the_way() -> None:
    record, notes = played(orders=1, crashes={2})
    assert notes == [(1, 1), (1, 1)]
    assert record.unfinished == 0


def test_a_broken_line_delivers_again_and_the_process_remembers() -> None:
    record, notes = played(breaks={0, 2})
    assert notes == [(1, 1), (1, 2), (2, 3), (2, 4), (3, 5)]
    assert {one.life for one in record.deliveries} == {1}
    assert "the line breaks: the acknowledgement is lost" in texts(record)


def test_who_does_not_acknowledge_gets_nothing_more() -> None:
    record, notes = played(DESK.replace("line.ack()", "pass"))
    assert notes == [(1, 1)]
    assert record.unfinished == 3
    assert not record.acked(1)


@pytest.mark.parametrize(
    ("verbs", "sentence"),
    [
        ("line.ack(); line.ack()", "acknowledged the same delivery twice"),
        ("self.log.note(order)", "log.note(order, seen) was called with 1 values instead of 2"),
        ("self.log.note('one', 1)", 'order in log.note must be a number, but it is "one"'),
        ("\n        while True: self.log.note(1, 1)", "more than 2,000 verbs in one call"),
    ],
)
def test_what_it_does_wrong_is_told_with_what_happened(verbs: str, sentence: str) -> None:
    with pytest.raises(Babbled) as caught:
        played(DESK.replace("line.ack()", verbs))
    assert sentence in str(caught.value)
    assert caught.value.steps[0].text == "delivers order 1"
    assert caught.value.steps[-1].kind == "bad"


def test_an_exception_in_the_answer_ends_the_play() -> None:
    with pytest.raises(Failed, match="ZeroDivisionError") as caught:
        played(DESK.replace("line.ack()", "1 / 0"))
    assert len(caught.value.steps) == 3


def test_each_moment_is_played_once() -> None:
    def play(crashes: frozenset[int]) -> Consumed:
        return played(orders=1, crashes=crashes)[0]

    plays = at_each_moment(play, lambda record: record.moments)
    assert len(plays) == 4, "three moments, and one crash that never came"
    assert [sum(step.kind == "fault" for step in record.steps) for record in plays] == [1, 1, 1, 0]


def pair(turns: set[int], source: str = DESK, orders: int = 1) -> tuple[Consumed, list[tuple[int, int]]]:
    log = Log()
    record = consume_in_pairs(
        TameStudent(source), orders, entry=".deliver", create=log.create,
        args=lambda order, again: (order, again), turns=turns,
    )  # fmt: skip
    return record, log.notes


def test_two_desks_get_the_same_order_and_one_works_in_the_midst_of_the_other() -> None:
    record, notes = pair({1})
    assert notes == [(1, 1), (1, 1)], "two processes: neither knows what the other has seen"
    assert record.unfinished == 0
    assert [(step.source, step.text) for step in record.steps if step.to != "your other desk"][1:] == [
        ("your desk", "note(1, 1)"), ("your other desk", "note(1, 1)"), ("your other desk", "ack()"),
        ("your desk", "ack()"),
    ]  # fmt: skip


def test_without_a_turn_the_other_desk_works_afterwards() -> None:
    record, notes = pair(set(), orders=2)
    assert notes == [(1, 1), (1, 1), (2, 2), (2, 2)]
    assert record.unfinished == 0


def test_a_stumble_of_the_other_desk_is_a_stumble() -> None:
    with pytest.raises(Failed, match="ZeroDivisionError"):
        pair({1}, DESK.replace("line.ack()", "1 / 0"))


def test_plays_repeat() -> None:
    assert played(crashes={1, 4}, breaks={1}) == played(crashes={1, 4}, breaks={1})


def test_chance_belongs_to_the_case() -> None:
    case = Case(7, 5)
    assert luck(case, "a").random() == luck(case, "a").random() != luck(case, "b").random()
    assert luck(Case(8, 5), "a").random() != luck(case, "a").random() != luck(Case(7, 6), "a").random()
    assert some(case, "a", 100, 0.0, 10) == frozenset()
    assert some(case, "a", 5, 1.0, 3) == {0, 1, 2}


def test_blame_without_a_step_tells_everything() -> None:
    record, _ = played(orders=1)
    found = blame("It is missing.", record.steps, 1)
    assert (found.steps, found.size) == (record.steps, 1)
