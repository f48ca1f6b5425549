"""A sweep from beginning to end: everything that may be refused is looked at before the first run."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mqlab.errors import BadInput, Place, ScenarioError
from mqlab.sweeps.journal import Journal
from mqlab.sweeps.results import Sweep
from mqlab.sweeps.varying import Axis, axes_of
from mqlab.sweeps.working import Job, Outcome, Task, do

if TYPE_CHECKING:
    from mqlab.face.planning import Plan

__all__ = ["JOBS_MAX", "REPS_MAX", "RUNS_MAX", "sweep"]

REPS_MAX: Final = 10_000
RUNS_MAX: Final = 100_000
JOBS_MAX: Final = 256


def sweep(
    source: str | Path,
    vary: Mapping[str, str | Sequence[Any]] | Sequence[str],
    *,
    reps: int = 5,
    jobs: int | None = None,
    seed: int | None = None,
    engine: str = "sim",
    overrides: Sequence[str] = (),
    trace: str = "counts",
    out: str | Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> Sweep:
    """Run a scenario under every combination of the settings that are varied.

    Parameters
    ----------
    source
        A file, or the name of a shipped scenario.
    vary
        Paths and their values: ``{"consumers.stock.count": [1, 2, 4]}``, or texts such as
        ``"producers.buyers.arrivals.poisson.rate=1k/s..200k/s:20:log"`` (from, to, how many, and ``log`` or ``lin``).
    reps
        How many runs a point, with seeds ``seed``, ``seed + 1`` and so on: the same at every point.
    jobs
        Worker processes; by default one a core. Figures do not depend on it.
    seed
        The first seed; the scenario's own if not given.
    engine, overrides
        As for :func:`mqlab.run`.
    trace
        ``"counts"`` is quickest; ``"fates"`` also judges anomalies such as ``lost``.
    out
        A folder for figures, curves, and what is needed to go on after an interrupt.
    progress
        Called with the fraction done.

    Returns
    -------
    Sweep
        Its ``frame`` is tidy: a row for every point and figure, with a 95 % interval.

    Raises
    ------
    BadInput
        Something given cannot be used; nothing has been run or written then.

    Examples
    --------
    >>> import mqlab
    >>> found = mqlab.sweep("flash-sale", {"consumers.stock.count": [2, 4, 8]}, reps=3)  # doctest: +SKIP
    >>> found.table("latency.p99")  # doctest: +SKIP
    """
    axes = axes_of(vary)
    _check_number("reps", reps, REPS_MAX)
    workers = _cores() if jobs is None else jobs
    _check_number("jobs", workers, JOBS_MAX)
    plans = _plans(source, axes, reps, seed, engine, overrides, trace)
    first = plans[0].seed
    tasks = [Task(p, r, first + r, _weight(plan)) for p, plan in enumerate(plans) for r in range(reps)]
    if out is None:
        outcomes: dict[tuple[int, int], Outcome] = {}

        def write(outcome: Outcome) -> None:
            outcomes[outcome["point"], outcome["rep"]] = outcome

        _do(tasks, plans, workers, outcomes, write, progress)
        return Sweep(plans[0].scenario.name, axes, [p.model for p in plans], _sorted(outcomes), reps)
    with Journal(out, _description(plans, axes, reps, first, engine, overrides, trace)) as journal:
        _do(tasks, plans, workers, journal.outcomes, journal.write, progress)
        found = Sweep(plans[0].scenario.name, axes, [p.model for p in plans], _sorted(journal.outcomes), reps)
        found.write(journal.folder)
    return found


def _do(
    tasks: Sequence[Task],
    plans: Sequence[Plan],
    jobs: int,
    known: Mapping[tuple[int, int], Outcome],
    write: Callable[[Outcome], None],
    progress: Callable[[float], None] | None,
) -> None:
    whole = sum(task.weight for task in tasks)
    missing = [task for task in tasks if (task.point, task.rep) not in known]
    reached = whole - sum(task.weight for task in missing)

    def tell(task: Task, fraction: float) -> None:
        if progress is not None:
            progress(min(1.0, (reached + fraction * task.weight) / whole))

    def keep(task: Task, outcome: Outcome) -> None:
        nonlocal reached
        write(outcome)
        reached += task.weight
        tell(task, 0.0)

    do(Job([plan.scenario for plan in plans], plans[0].engine, plans[0].level), missing, jobs, keep, tell)


def _plans(
    source: str | Path, axes: Sequence[Axis], reps: int, seed: int | None, engine: str, overrides: Sequence[str],
    trace: str,
) -> list[Plan]:  # fmt: skip
    """Resolve every point, so that a value that does not fit is refused before anything runs."""
    from mqlab.face.planning import SEED_MAX, plan

    count = reps
    for axis in axes:
        count *= len(axis.texts)
    if count > RUNS_MAX:
        raise BadInput(f"the sweep has {count:,} runs", mend=f"at most {RUNS_MAX:,}: fewer points or --reps")
    plans = []
    for values in itertools.product(*(axis.texts for axis in axes)):
        settings = [f"{axis.path}={value}" for axis, value in zip(axes, values, strict=True)]
        try:
            plans.append(plan(source, seed=seed, engine=engine, overrides=(*overrides, *settings), level=trace))
        except ScenarioError as error:  # says where
            raise _as_varied(error, settings) from None
        except BadInput as error:
            mend = f"{error.mend}; or leave that point out" if plans else error.mend
            raise BadInput(f"at {', '.join(settings)}: {error.what}", mend=mend, place=error.place) from None
    if plans[0].seed + reps - 1 > SEED_MAX:
        raise BadInput("the last seed is beyond 2**63-1", mend="choose a smaller --seed")
    return plans


def _as_varied(error: ScenarioError, settings: Sequence[str]) -> ScenarioError:
    """Call a wrong setting what it is here: one that ``--vary`` made."""
    place = error.place
    option, _, setting = (place.file if place else "").partition(" ")
    if place is None or option != "--set" or not any(text.startswith(setting[:77]) for text in settings):
        return error
    return ScenarioError(error.what, mend=error.mend, place=Place(f"--vary {setting}", place.line, place.column))


def _check_number(name: str, value: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise BadInput(f"{name} is {value!r}", mend=f"choose a whole number from 1 to {most:,}")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _weight(plan: Plan) -> float:
    from mqlab.scenario import estimate

    return 1.0 + estimate(plan.scenario.model).events


def _sorted(outcomes: Mapping[tuple[int, int], Outcome]) -> list[Outcome]:
    return [outcomes[key] for key in sorted(outcomes)]


def _description(
    plans: Sequence[Plan], axes: Sequence[Axis], reps: int, seed: int, engine: str, overrides: Sequence[str], trace: str
) -> dict[str, Any]:
    """Everything that the figures depend on."""
    from importlib.metadata import version

    from mqlab.jit.object_code import kernel_digest

    return {
        "mqlab": version("mqlab"),
        "kernels": kernel_digest(),
        "scenario": plans[0].scenario.name,
        "text": plans[0].scenario.text,
        "vary": {axis.path: list(axis.texts) for axis in axes},
        "reps": reps,
        "seed": seed,
        "engine": engine,
        "overrides": list(overrides),
        "trace": trace,
    }
