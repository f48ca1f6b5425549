"""Who does which run: the longest first, here and in helpers, each once, and nothing that is done gets lost."""

import os
from collections import deque
from queue import SimpleQueue

import pytest

from mqlab.errors import BadInput, EngineError
from mqlab.scenario import loads
from mqlab.sweeps import helping, working
from mqlab.sweeps.helping import Crew
from mqlab.sweeps.working import Job, Task, do
from tests.cli.conftest import TINY

TASKS = [Task(0, rep, rep, weight) for rep, weight in enumerate((1.0, 5.0, 3.0, 4.0, 2.0))]
JOB = Job([loads(TINY)], "sim", "counts")


class Helper:
    """Stands in for a helping process: has begun two tasks, and has done them when ``finish`` is called."""

    def __init__(self, work: object, line: deque, ended: SimpleQueue) -> None:
        self.line, self.ended, self.may_begin, self.given = line, ended, self, None
        self.taken: list[Task] = []
        self.stopped = False

    def start(self) -> None:
        assert not self.line, "nothing is handed out before kernels are there"

    def set(self) -> None:
        self.taken = [self.line.popleft() for _ in range(min(2, len(self.line)))]

    def finish(self, wrong: Exception | None = None) -> None:
        for task in self.taken:
            self.ended.put((task, {"by": "helper"}, wrong))
        self.taken = []

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def helper(monkeypatch):
    """The one helper of two jobs."""
    made = []

    def make(*given):
        made.append(Helper(*given))
        return made[-1]

    monkeypatch.setattr(helping, "_Helper", make)
    yield made
    assert all(each.stopped for each in made)


def test_this_process_takes_the_longest_that_nobody_has_begun(helper, monkeypatch):
    def work(_job, _tell, task):
        if task.weight == 2.0:
            helper[0].finish()
        return {"by": "here"}

    monkeypatch.setattr(working, "_work", work)
    written = []
    do(JOB, TASKS, 2, lambda task, outcome: written.append((task.weight, outcome["by"])), lambda *_: None)
    assert written == [(3.0, "here"), (2.0, "here"), (5.0, "helper"), (4.0, "helper"), (1.0, "here")]


def test_an_interrupt_does_not_lose_what_helpers_have_done(helper, monkeypatch):
    def work(*_):
        helper[0].finish()
        raise KeyboardInterrupt

    monkeypatch.setattr(working, "_work", work)
    written = []
    with pytest.raises(KeyboardInterrupt):
        do(JOB, TASKS, 2, lambda task, _: written.append(task.weight), lambda *_: None)
    assert written == [5.0, 4.0]


def test_what_helpers_have_done_is_written_while_a_run_goes_on_here(helper):
    seen = []

    def tell(task, fraction):
        seen.append((task.rep, fraction))
        helper[0].finish()

    written = []
    do(JOB, TASKS, 2, lambda task, outcome: written.append(outcome.get("by", "here")), tell)
    assert sorted(written) == ["helper", "helper", "here", "here", "here"]
    assert seen[0][0] == 2
    assert all(0 <= fraction <= 1 for _, fraction in seen)


def test_what_goes_wrong_in_a_helper_is_told_here(helper, monkeypatch):
    monkeypatch.setattr(working, "_work", lambda *_: helper[0].finish(BadInput("time stands still", mend="wait")) or {})
    with pytest.raises(BadInput, match="time stands still"):
        do(JOB, TASKS, 2, lambda *_: None, lambda *_: None)


def test_one_process_needs_no_helpers(monkeypatch):
    monkeypatch.setattr(helping, "Crew", None)
    written = []
    do(JOB, TASKS, 1, lambda task, _: written.append(task.weight), lambda *_: None)
    assert written == [5.0, 4.0, 3.0, 2.0, 1.0]


def answer(given, task):
    """What a real helper does in the test below."""
    if task == "die":
        os._exit(9)
    if task == "complain":
        raise BadInput(f"{given} cannot", mend="try again")
    return given * task, os.getpid()


def test_real_helpers_do_complain_and_die():
    """What nobody takes here is done elsewhere; a complaint comes over as it is; a death is noticed."""
    found = {}
    with Crew(2, answer) as crew:
        crew.begin(7, [1, 2, 3])
        crew.collect(lambda task, outcome: found.update({task: outcome}), to_the_end=True)
    assert {task: product for task, (product, _) in found.items()} == {1: 7, 2: 14, 3: 21}
    assert os.getpid() not in {pid for _, pid in found.values()}
    for task, wrong in (("complain", BadInput), ("die", EngineError)):
        with Crew(1, answer) as crew:
            crew.begin("it", [task])
            with pytest.raises(wrong):
                crew.collect(lambda *_: None, to_the_end=True)


def test_helpers_that_are_not_needed_any_more_end_at_once():
    with Crew(2, answer) as crew:
        processes = [helper._process for helper in crew._helpers]
    assert all(process.pid is None or process.exitcode is not None for process in processes)
