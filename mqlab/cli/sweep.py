"""``mqlab sweep``: one scenario under many settings and seeds, as tables and curves."""

from __future__ import annotations

__all__ = ["sweep"]

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mqlab.cli.options import Json, Overrides, Scenario, Seed, seed_of
from mqlab.errors import BadInput

if TYPE_CHECKING:
    from mqlab.sweeps import Sweep

SWEEPS = Path("sweeps")
_FIGURES = ("throughput.created", "throughput.sustained", "latency.mean", "latency.p50", "latency.p99")


def sweep(
    scenario: Scenario,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary", metavar="PATH=VALUES", help="What to vary: PATH=1,2,4 or PATH=1k/s..200k/s:20:log. Repeatable."
        ),
    ] = None,
    reps: Annotated[str, typer.Option("--reps", metavar="N", help="Runs a point, each with a seed of its own.")] = "5",
    jobs: Annotated[
        str | None, typer.Option("--jobs", metavar="N", help="Worker processes; by default one a core.")
    ] = None,
    seed: Seed = None,
    overrides: Overrides = None,
    trace: Annotated[
        str, typer.Option("--trace", metavar="LEVEL", help="counts is quickest; fates also judges anomalies.")
    ] = "counts",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where figures and curves go; by default sweeps/NAME.")
    ] = None,
    json: Json = False,
) -> int:
    """Run a scenario under every combination of some settings, and draw the curves.

    Interrupted, it keeps what is done; the same command goes on from there.
    """
    from mqlab.cli.console import Progress, print_json
    from mqlab.cli.words import whole
    from mqlab.scenario import load
    from mqlab.sweeps import sweep as run_sweep
    from mqlab.sweeps.planning import JOBS_MAX, REPS_MAX

    if not vary:
        raise BadInput("nothing is varied", mend="add for instance --vary consumers.stock.count=1,2,4")
    runs, workers = whole(reps, "--reps", REPS_MAX), whole(jobs, "--jobs", JOBS_MAX)
    assert runs is not None
    name = load(scenario, overrides=tuple(overrides or ())).name
    folder = out if out is not None else SWEEPS / name
    with Progress(f"sweeping {name}") as progress:
        found = run_sweep(
            scenario, vary, reps=runs, jobs=workers, seed=seed_of(seed), overrides=overrides or (), trace=trace,
            out=folder, progress=progress,
        )  # fmt: skip
    if json:
        print_json(_object(found))
    else:
        _print(found, folder)
    return 0


_HEADINGS = {
    "throughput.created": "offered", "throughput.sustained": "processed", "latency.mean": "mean",
    "latency.p50": "p50", "latency.p99": "p99",
}  # fmt: skip


def _short(path: str) -> str:
    """Shorten a path to what tells most: whose setting, and which."""
    parts = path.split(".")
    return path if len(parts) < 3 else f"{parts[1]}{'.' if len(parts) == 3 else ' … '}{parts[-1]}"


def _object(found: Sweep) -> dict[str, Any]:
    """Everything, as JSON has it (None where a figure or an interval is not known)."""
    rows = found.frame.astype(object).where(found.frame.notna(), None)
    return {
        "scenario": found.name,
        "vary": {axis.path: list(axis.texts) for axis in found.axes},
        "reps": found.reps,
        "digests": [[o["digest"] for o in found.outcomes if o["point"] == p] for p in range(len(found.models))],
        "figures": rows.to_dict(orient="records"),
    }


def _print(found: Sweep, folder: Path) -> None:
    from rich.markup import escape

    from mqlab.cli.console import plain_table, screen
    from mqlab.plots.curves import caption, fitting
    from mqlab.units import format_duration

    figures = [name for name in _FIGURES if name in found.figures]
    paths = [axis.path for axis in found.axes]
    shown = [_short(path) for path in paths] + [_HEADINGS.get(name, name) for name in figures]
    table = plain_table(*shown, right=tuple(range(len(paths), len(paths) + len(figures))))
    for point in range(len(found.models)):
        cells = [axis.texts[place] for axis, place in found.settings(point)]
        for name in figures:
            value = found.estimate(name, point).value
            if value != value:
                cells.append("–")
            else:
                cells.append(format_duration(value) if name.startswith("latency") else f"{value:,.4g}/s")
        table.add_row(*map(escape, cells))
    out = screen()
    out.print(table)
    out.print(caption(found.curve()), soft_wrap=True)
    for name in fitting(found.curve()):
        out.print(f"{name}: {escape(str(folder / f'{name}.png'))}", soft_wrap=True)
