"""``mqlab run``: one scenario, simulated, judged, written and drawn."""

from __future__ import annotations

__all__ = ["run"]

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mqlab.cli.options import Json, Overrides, Scenario, Seed, seed_of

if TYPE_CHECKING:
    from mqlab.face import Run


def run(
    scenario: Scenario,
    engine: Annotated[str, typer.Option("--engine", metavar="NAME", help="What runs it.")] = "sim",
    seed: Seed = None,
    overrides: Overrides = None,
    trace: Annotated[
        str | None,
        typer.Option("--trace", metavar="LEVEL", help="What to keep: counts, fates or events; by default by size."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The run folder; by default runs/NAME-SEED.")
    ] = None,
    json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing; the exit code tells.")] = False,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Render report.html.")] = True,
) -> int:
    """Run a scenario and say what happened.

    Exit code: 0 all expectations hold, 1 one does not, 2 bad input, 3 internal error, 130 interrupted.
    """
    from mqlab import face
    from mqlab.cli.console import Progress, import_rich, print_json
    from mqlab.cli.endings import say
    from mqlab.cli.find import RUNS
    from mqlab.face.rendering import Helper

    chosen = seed_of(seed)
    # first of all the helper: it has much to import while we do the rest
    with Helper(enabled=report, meanwhile=None if json or quiet else import_rich) as helper:
        plan = face.plan(scenario, seed=chosen, engine=engine, overrides=overrides or (), level=trace)
        folder = out if out is not None else RUNS / f"{plan.scenario.name}-{plan.seed}"
        if plan.note and not quiet:
            say(plan.note, 0)
        with Progress(plan.scenario.name, enabled=not quiet) as progress:
            done = face.perform(plan, out=folder, progress=progress, reporter=helper)
    if helper.failure:
        say(f"the run is complete, but its report could not be rendered: {helper.failure}", 0)
    if json:
        print_json(done.summary)
    elif not quiet:
        _print(done, folder, with_report=report and not helper.failure)
    return 1 if done.verdict == "fails" else 0


def _print(done: Run, folder: Path, *, with_report: bool) -> None:
    from rich.markup import escape

    from mqlab.cli.account import account
    from mqlab.cli.console import screen

    out = screen()
    account(done, out, explain_with=str(folder))
    if with_report:
        out.print(f"report: {escape(str(folder / 'report.html'))}", soft_wrap=True)
