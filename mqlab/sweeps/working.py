"""Doing the runs of a sweep: here and in helping processes, each run written down when it is done.

This process works like the others instead of waiting for them: with two jobs there is one helper. What a run gives
depends on its scenario and seed alone, and results are put in order of the plan, so neither the number of processes
nor the order in which runs end matters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mqlab.scenario import Scenario
    from mqlab.sweeps.helping import Crew
    from mqlab.trace.schema import Level

__all__ = ["Job", "Outcome", "Task", "do"]

Outcome = dict[str, Any]
"""What one run gave, as JSON has it: point, rep, seed, digest, figures, histograms."""

Write = Callable[["Task", Outcome], None]
Tell = Callable[["Task", float], None]


@dataclass(frozen=True)
class Task:
    """One run: a point of the sweep under one seed."""

    point: int
    rep: int
    seed: int
    weight: float
    """How long it takes, compared with the others."""


@dataclass(frozen=True)
class Job:
    """What tasks have in common; a helper is given it once."""

    scenarios: Sequence[Scenario]
    engine: str
    level: Level


def do(job: Job, tasks: Sequence[Task], jobs: int, write: Write, tell: Tell) -> None:
    """Do all tasks, the longest first, in ``jobs`` processes of which this is one.

    Parameters
    ----------
    job
        What they have in common.
    tasks
        What is to be done.
    jobs
        How many processes work.
    write
        Given each task with its outcome as it ends; also what had ended when an interrupt came.
    tell
        Given the task that is done here, and the fraction of it that is done.

    Raises
    ------
    EngineError
        A helping process died.
    """
    ordered = sorted(tasks, key=lambda task: -task.weight)
    helpers = min(jobs, len(ordered)) - 1
    if helpers < 1:
        for task in ordered:
            write(task, _work(job, tell, task))
        return
    from mqlab.sweeps.helping import Crew

    with Crew(helpers, _helped) as crew:
        try:
            _together(job, ordered, crew, write, tell)
        except BaseException:
            with suppress(Exception):  # the first thing that went wrong is what is told
                crew.collect(write)
            raise


def _together(job: Job, ordered: Sequence[Task], crew: Crew, write: Write, tell: Tell) -> None:
    """Take, again and again, the longest task that nobody has begun; write down meanwhile what others have done."""
    from mqlab import engines

    # Kernels are compiled here if need be, once and not once a process; helpers are starting meanwhile.
    engines.get(job.engine).prepare(job.scenarios[0].model)
    crew.begin(job, ordered)

    def look_up(task: Task, fraction: float) -> None:
        crew.collect(write)
        tell(task, fraction)

    while (task := crew.take()) is not None:
        write(task, _work(job, look_up, task))
        crew.collect(write)
    crew.collect(write, to_the_end=True)


def _helped(job: Job, task: Task) -> Outcome:
    return _work(job, lambda *_: None, task)


def _work(job: Job, tell: Tell, task: Task) -> Outcome:
    """Run one task and keep its figures."""
    from mqlab.face.runs import judged
    from mqlab.face.simulating import simulate
    from mqlab.sweeps.figures import figures_of, histograms_of

    scenario = job.scenarios[task.point]
    model = replace(scenario.model, seed=task.seed)
    trace = simulate(
        model, engine=job.engine, seed=task.seed, level=job.level, progress=lambda fraction: tell(task, fraction)
    )
    _, _, summary = judged(scenario, trace)
    return {
        "point": task.point,
        "rep": task.rep,
        "seed": task.seed,
        "digest": trace.digest,
        "verdict": summary["verdict"],
        "figures": figures_of(summary, model, trace),
        "histograms": histograms_of(trace),
    }
