"""Doing what a plan says: simulate, judge, measure, and leave a run folder behind, whole or not at all."""

from __future__ import annotations

__all__ = ["perform", "run"]

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqlab.face.planning import Plan, plan
from mqlab.face.rendering import Here, Reporter
from mqlab.face.runs import Run, judged
from mqlab.face.simulating import simulate

if TYPE_CHECKING:
    from mqlab.scenario import Scenario
    from mqlab.trace.sinks import Sink


def run(
    source: str | Path | Scenario,
    *,
    seed: int | None = None,
    engine: str = "sim",
    overrides: Sequence[str] = (),
    trace: str | None = None,
    out: str | Path | None = None,
    processes: Sequence[Callable[..., Any]] = (),
    progress: Callable[[float], None] | None = None,
) -> Run:
    """Run a scenario and return everything that came of it.

    Parameters
    ----------
    source
        A file, the name of a shipped scenario such as ``"flash-sale"``, or a scenario already loaded.
    seed
        Same seed, same run; the scenario's own if not given.
    engine
        What runs it: ``"sim"``.
    overrides
        Changes to fields by their path, such as ``["consumers.stock.count=8"]``.
    trace
        What to keep: ``"counts"``, ``"fates"`` or ``"events"``; by default events if they are not too many,
        then fates.
    out
        A run folder to write (replaced if it is one already); by default everything stays in memory.
    processes
        Hand-written SimPy processes, each called with the world.
    progress
        Called with the fraction done.

    Raises
    ------
    BadInput
        Something given cannot be used; the message says what and how to mend it.

    Examples
    --------
    >>> import mqlab
    >>> sale = mqlab.run("flash-sale", overrides=["consumers.stock.count=8"])  # doctest: +SKIP
    >>> sale.verdict, sale.summary["fates"]["processed"]  # doctest: +SKIP
    ('holds', 40213)
    """
    chosen = plan(source, seed=seed, engine=engine, overrides=overrides, level=trace)
    return perform(chosen, out=out, processes=processes, progress=progress, reporter=Here())


def perform(
    plan: Plan,
    *,
    out: str | Path | None = None,
    processes: Sequence[Callable[..., Any]] = (),
    progress: Callable[[float], None] | None = None,
    reporter: Reporter | None = None,
) -> Run:
    """Do what ``plan`` says.

    Parameters
    ----------
    plan
        From :func:`mqlab.face.planning.plan`.
    out
        The run folder; None keeps everything in memory, and no report is made.
    processes, progress
        See :func:`run`.
    reporter
        Who makes ``report.html`` for the folder; None makes none.

    Raises
    ------
    RunFolderError
        ``out`` cannot be written, or holds something that is not a run. Nothing is simulated then.
    """
    if out is None:
        return _performed(plan, None, processes, progress)
    from mqlab.trace.folder import RunWriter

    with RunWriter(out, level=plan.level) as writer:
        done = _performed(plan, writer.sink, processes, progress)
        files = _reported(done, reporter)
        done.folder = writer.finish(
            done.trace,
            scenario_text=done.scenario.text,
            summary=done.summary,
            overrides=plan.overrides,
            files={**dict(done.scenario.attached), **files},
            processes=done.process_names,
        )
    return done


def _performed(
    plan: Plan,
    sink: Sink | None,
    processes: Sequence[Callable[..., Any]],
    progress: Callable[[float], None] | None,
) -> Run:
    trace = simulate(
        plan.model,
        engine=plan.engine,
        seed=plan.seed,
        level=plan.level,
        sink=sink,
        processes=processes,
        progress=progress,
    )
    findings, outcomes, summary = judged(plan.scenario, trace)
    return Run(
        plan.scenario,
        trace,
        findings,
        outcomes,
        summary,
        overrides=plan.overrides,
        processes=tuple(processes),
    )


def _reported(done: Run, reporter: Reporter | None) -> dict[str, str]:
    if reporter is None:
        return {}
    reporter.begin(done)
    html = reporter.finish()
    return {} if html is None else {"report.html": html}
