"""``mqlab assignment``: what teachers do with notebooks before and after students have them."""

from __future__ import annotations

__all__ = ["app"]

from pathlib import Path
from typing import Annotated

import typer

from mqlab.cli.options import Json

app = typer.Typer()


@app.callback(invoke_without_command=True)
def assignment(context: typer.Context) -> None:
    """Make what students get of notebooks; `mqlab grade` takes it back."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("release")
def release(
    notebooks: Annotated[list[Path], typer.Argument(metavar="NOTEBOOK…", help="Notebooks with their solutions.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the student versions go.")],
    force: Annotated[bool, typer.Option("--force", help="Replace student versions that are there.")] = False,
    json: Json = False,
) -> int:
    """Write the student version of notebooks: without solutions, hidden tests and outputs.

    The markers are those of nbgrader (BEGIN SOLUTION, BEGIN HIDDEN TESTS), and so is what comes out.
    """
    from mqlab.cli.console import print_json, print_text
    from mqlab.course.handing_out import hand_out

    written = hand_out(notebooks, out, force=force)
    if json:
        print_json({"released": [str(path) for path in written]})
    else:
        for path in written:
            print_text(str(path))
    return 0
