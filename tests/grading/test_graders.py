"""Graders: a question that kills or blocks its grader costs itself and nothing else."""

import os
import signal

import pytest

from mqlab.grading import graders
from mqlab.grading.graders import Question, Unjudged, judged
from mqlab.grading.judging import Judgement

ONE_A_CASE = [Question("charge-once", str(number)) for number in range(7)]


def titled(question: Question) -> Judgement:
    return Judgement(question.exercise, question.source, ())


def results(judge, jobs, questions=ONE_A_CASE):
    return {question.source: result for question, result in judged(questions, judge, jobs)}


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_question_is_judged_once(jobs):
    pairs = list(judged(ONE_A_CASE, titled, jobs))
    assert sorted(question.source for question, _ in pairs) == [question.source for question in ONE_A_CASE]
    assert all(isinstance(result, Judgement) and result.title == question.source for question, result in pairs)


def test_where_processes_cannot_be_forked_they_begin_anew(monkeypatch):
    monkeypatch.setattr(graders.sys, "platform", "darwin")
    pairs = list(judged(ONE_A_CASE[:2], titled, 1))
    assert [result.title for _, result in pairs] == ["0", "1"]


def test_nothing_to_judge_starts_nothing():
    assert list(judged([], titled, 2)) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_grader_that_dies_costs_one_question(jobs):
    def judge(question: Question) -> Judgement:
        if question.source == "3":
            os.kill(os.getpid(), signal.SIGKILL)
        return titled(question)

    found = results(judge, jobs)
    assert found.pop("3") == Unjudged("the process that judged it died")
    assert sorted(found) == ["0", "1", "2", "4", "5", "6"]
    assert all(isinstance(result, Judgement) for result in found.values())


def test_a_mistake_of_ours_costs_one_question_and_is_told():
    def judge(question: Question) -> Judgement:
        if question.source == "3":
            raise ZeroDivisionError("by nought")
        return titled(question)

    found = results(judge, 2)
    assert found["3"] == Unjudged("ZeroDivisionError: by nought")
    assert isinstance(found["4"], Judgement)


def test_a_grader_that_is_stuck_is_given_up(monkeypatch):
    monkeypatch.setattr(graders, "STUCK_S", 0.3)

    def judge(question: Question) -> Judgement:
        if question.source == "3":
            signal.pause()
        return titled(question)

    found = results(judge, 2)
    assert found["3"] == Unjudged("it was not judged within 0.3 s")
    assert isinstance(found["4"], Judgement)


def test_what_failed_once_is_tried_again(tmp_path):
    mark = tmp_path / "tried"

    def judge(question: Question) -> Judgement:
        if question.source == "3" and not mark.exists():
            mark.touch()
            os._exit(1)
        return titled(question)

    assert isinstance(results(judge, 2)["3"], Judgement)


def test_no_grader_outlives_whoever_stops_listening():
    under_way = judged(ONE_A_CASE, titled, 2)
    next(under_way)
    children = {process.pid for process in graders.multiprocessing.active_children()}
    assert children
    under_way.close()
    assert not children & {process.pid for process in graders.multiprocessing.active_children()}
