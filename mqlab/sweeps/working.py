"""Doing the runs of a sweep: here or in worker processes, each run written down when it is done.

What a run gives depends on its scenario and seed alone, and results are put in order of the plan, so the number of
workers and the order in which they end do not matter.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from mqlab.errors import EngineError

if TYPE_CHECKING:
    from mqlab.scenario import Scenario
    from mqlab.trace.schema import Level

__all__ = ["Outcome", "Task", "done"]

Outcome = dict[str, Any]
"""What one run gave, as JSON has it: point, rep, seed, digest, figures, histograms."""


@dataclass(frozen=True)
class Task:
    """One run: a point of the sweep under one seed."""

    point: int
    rep: int
    seed: int
    weight: float
    """How long it takes, compared with the others."""


def done(
    tasks: Sequence[Task], scenarios: Sequence[Scenario], engine: str, level: Level, jobs: int
) -> Iterator[tuple[Task, Outcome]]:
    """Do all tasks, the longest first, and give each with its outcome as it ends.

    Raises
    ------
    EngineError
        A worker process died.
    """
    ordered = sorted(tasks, key=lambda task: -task.weight)
    if not ordered:
        return
    # The first one is done here: it compiles the kernels if need be, once and not once a worker.
    first = ordered.pop()
    yield first, _work(scenarios[first.point], engine, level, first)
    if jobs == 1:
        for task in ordered:
            yield task, _work(scenarios[task.point], engine, level, task)
        return
    yield from _in_processes(ordered, scenarios, engine, level, min(jobs, len(ordered)))


def _in_processes(
    tasks: Sequence[Task], scenarios: Sequence[Scenario], engine: str, level: Level, jobs: int
) -> Iterator[tuple[Task, Outcome]]:
    if not tasks:
        return
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin)
    try:
        submit: Callable[[Task], Future[Outcome]] = lambda task: pool.submit(  # noqa: E731
            _work, scenarios[task.point], engine, level, task
        )
        yield from _as_they_end(iter(tasks), submit, ahead=2 * jobs)
    except BrokenProcessPool as error:
        raise EngineError("a worker process of the sweep died; fewer --jobs need less memory") from error
    finally:
        _stop(pool)


def _as_they_end(
    tasks: Iterable[Task], submit: Callable[[Task], Future[Outcome]], ahead: int
) -> Iterator[tuple[Task, Outcome]]:
    """Keep ``ahead`` tasks under way, so that little is lost on an interrupt."""
    rest = iter(tasks)
    running: dict[Future[Outcome], Task] = {}
    while True:
        for task in rest:
            running[submit(task)] = task
            if len(running) >= ahead:
                break
        if not running:
            return
        ended, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in ended:
            yield running.pop(future), future.result()


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the workers, whatever they are doing."""
    workers = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.terminate()


def _begin() -> None:
    """Begin a worker: an interrupt is the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def _work(scenario: Scenario, engine: str, level: Level, task: Task) -> Outcome:
    """Run one task and keep its figures."""
    from dataclasses import replace

    from mqlab.face.runs import judged
    from mqlab.face.simulating import simulate
    from mqlab.sweeps.figures import figures_of, histograms_of

    model = replace(scenario.model, seed=task.seed)
    trace = simulate(model, engine=engine, seed=task.seed, level=level)
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
