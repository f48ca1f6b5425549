"""``mqlab compare``: two runs side by side, and what differs."""

from __future__ import annotations

__all__ = ["compare", "comparison"]

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mqlab.cli.options import Json, Overrides, Seed, seed_of
from mqlab.errors import BadInput

if TYPE_CHECKING:
    from mqlab.face import Run
    from mqlab.face.comparing import Figure

Row = dict[str, Any]


def compare(
    first: Annotated[
        str | None, typer.Argument(metavar="A", help="A run folder, or a scenario to be run.")
    ] = None,
    second: Annotated[
        str | None, typer.Argument(metavar="B", help="Another one; may be left out if --set changes A.")
    ] = None,
    seed: Seed = None,
    overrides: Overrides = None,
    paper: Annotated[
        str | None, typer.Option("--paper", metavar="NAME", help="Put a published table beside what is simulated.")
    ] = None,
    json: Json = False,
) -> int:
    """Put two runs side by side: fates, anomalies, latency, throughput.

    --set changes B; without B it changes a copy of A. With --paper, a published table stands beside what is
    simulated on the same machines.
    """
    if paper is not None:
        from mqlab.cli.papers import show_paper

        if first is not None:
            raise BadInput("--paper runs scenarios of its own", mend="name no run beside it")
        return show_paper(paper, seed_of(seed), tuple(overrides or ()), json)
    if first is None:
        raise BadInput("there is nothing to compare", mend="name a run folder or a scenario, or --paper")
    from mqlab.cli.console import print_json
    from mqlab.cli.find import find_run, is_run_folder

    if second is None and not overrides:
        raise BadInput("one run has nothing to be compared with", mend="name another one, or change A by --set")
    other = first if second is None else second
    if overrides and is_run_folder(other):
        raise BadInput(f"{other} is a run that is over", mend="--set goes with a scenario")
    chosen = seed_of(seed)
    before = find_run(first, seed=None if is_run_folder(first) else chosen, level="fates")
    after = find_run(other, seed=None if is_run_folder(other) else chosen, overrides=overrides or (), level="fates")
    result = comparison(before, after)
    if json:
        print_json(result)
    else:
        _print(result)
    return 0


def comparison(before: Run, after: Run) -> dict[str, Any]:
    """Give who the two runs are, and a row for every figure: section, name, unit, a, b, differs."""
    from mqlab.face.comparing import figures

    return {
        "a": _identity(before),
        "b": _identity(after),
        "same_digest": before.trace.digest == after.trace.digest,
        "rows": [_row(figure) for figure in figures([before.summary, after.summary])],
    }


def _identity(run: Run) -> dict[str, Any]:
    names = ("scenario", "system", "engine", "seed", "trace_digest", "verdict")
    return {
        **{name: run.summary[name] for name in names},
        "set": list(run.overrides),
        "folder": None if run.folder is None else str(run.folder),
    }


def _row(figure: Figure) -> Row:
    a, b = figure.values
    return {
        "section": figure.section,
        "name": figure.name,
        "unit": figure.unit,
        "a": a,
        "b": b,
        "differs": figure.differs,
    }


def _print(result: Mapping[str, Any]) -> None:
    from rich.markup import escape

    from mqlab.cli.account import VERDICTS
    from mqlab.cli.console import plain_table, screen

    out = screen()
    for letter in "ab":
        run = result[letter]
        changes = "".join(f" --set {change}" for change in run["set"])
        out.print(
            f"[bold]{letter.upper()}[/]  {escape(run['scenario'] + changes)}, seed {run['seed']}, "
            f"digest {run['trace_digest']}  {VERDICTS[run['verdict']]}",
            soft_wrap=True,
        )
    if result["same_digest"]:
        out.print("\nthe same run twice: every event is the same")
        return
    table = plain_table("", "A", "B", "B to A", right=(1, 2, 3))
    section = ""
    for row in result["rows"]:
        if not (row["a"] or row["b"]):
            continue
        if row["section"] != section:
            section = row["section"]
            table.add_row(f"\n[bold]{section.partition('_')[0]}[/]", "", "", "")
        table.add_row(row["name"], *_cells(row), style="" if row["differs"] else "quiet")
    out.print(table)


def _cells(row: Row) -> tuple[str, str, str]:
    from mqlab.cli import words

    spell = {"count": words.number, "ns": words.duration, "per_s": words.rate}
    return spell[row["unit"]](row["a"]), spell[row["unit"]](row["b"]), words.factor(row["a"], row["b"])
