"""Graders: processes that judge one question after the other, so that a class takes all cores.

A grader that dies or gets stuck costs the question it was at and no other: another one takes its place, and the
question is tried once more. What a question gives depends on its answer and the seeds alone, so it does not matter who
judges it or when.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from mqlab.grading.judging import Judgement
from mqlab.grading.records import judgement_from, judgement_json

__all__ = ["STUCK_S", "Judge", "Question", "Unjudged", "judged"]

STUCK_S = 180.0
"""A question has limits of its own, far below; a grader that is not done by then will never be."""
_TRIES = 2
_TOO_LONG = "it was not judged within {:g} s"


@dataclass(frozen=True, slots=True)
class Question:
    """An answer that wants to be judged."""

    exercise: str
    source: str


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A question that could not be judged, and why: our mistake or the machine's, not the answer's."""

    why: str


Judge = Callable[[Question], Judgement]
"""Judges a question; any exception means that it could not."""


class _Grader:
    """A process and the question it is at."""

    def __init__(self, judge: Judge, others: Sequence[_Grader]) -> None:
        # A forked process has everything imported already; elsewhere it begins anew.
        context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        self.connection, theirs = context.Pipe()
        ours = [grader.connection for grader in (*others, self)] if sys.platform == "linux" else []
        self.process = context.Process(target=_serve, args=(theirs, ours, judge), daemon=True)
        self.process.start()
        theirs.close()
        self.question: Question | None = None
        self.since = 0.0

    def begin(self, question: Question) -> None:
        self.question, self.since = question, time.monotonic()
        with contextlib.suppress(OSError):  # it has died: told when its result is asked for
            self.connection.send(question)

    def left_s(self) -> float:
        return max(0.0, self.since + STUCK_S - time.monotonic())

    def result(self) -> Judgement | Unjudged | None:
        """Take what it has found; None: it has died."""
        try:
            well, text = self.connection.recv()
        except (EOFError, OSError):
            return None
        return judgement_from(text) if well else Unjudged(text)

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


def judged(questions: Sequence[Question], judge: Judge, jobs: int) -> Iterator[tuple[Question, Judgement | Unjudged]]:
    """Judge questions in ``jobs`` processes, and give each with its judgement as it is done."""
    waiting = deque(questions)
    tries = dict.fromkeys(questions, 0)
    graders: list[_Grader] = []
    try:
        while waiting or any(grader.question for grader in graders):
            while waiting and (idle := _idle(graders, judge, jobs)) is not None:
                idle.begin(waiting.popleft())
            busy = [grader for grader in graders if grader.question is not None]
            ready = wait([grader.connection for grader in busy], min(grader.left_s() for grader in busy))
            for grader in busy:
                question = grader.question
                assert question is not None
                if grader.connection not in ready and grader.left_s() > 0:
                    continue
                result = grader.result() if grader.connection in ready else Unjudged(_TOO_LONG.format(STUCK_S))
                grader.question = None
                if result is None or grader.connection not in ready:
                    graders.remove(grader)
                    grader.end()
                tries[question] += 1
                if not isinstance(result, Judgement) and tries[question] < _TRIES:
                    waiting.append(question)
                else:
                    yield question, result or Unjudged("the process that judged it died")
    finally:
        for grader in graders:
            grader.end()


def _idle(graders: list[_Grader], judge: Judge, jobs: int) -> _Grader | None:
    """Give a grader with nothing to do, if need be a new one."""
    for grader in graders:
        if grader.question is None:
            return grader
    if len(graders) == jobs:
        return None
    graders.append(_Grader(judge, graders))
    return graders[-1]


def _serve(connection: Connection, not_ours: Sequence[Connection], judge: Judge) -> None:
    """Judge what comes in until nothing comes any more; an interrupt is the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for other in not_ours:  # or we would hold the pipe open by which others learn that the parent is gone
        other.close()
    while True:
        try:
            question = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer = (True, judgement_json(judge(question)))
        except Exception as error:
            answer = (False, f"{type(error).__name__}: {error}".rstrip(": "))
        connection.send(answer)
