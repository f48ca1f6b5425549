"""The commands, put together. Each command's file imports what it needs only when it is called."""

from __future__ import annotations

__all__ = ["app"]

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mqlab.cli import assignment, broker, compare, doctor, grade, lab, look, run, scenarios, sweep, systems
from mqlab.errors import BadInput, did_you_mean


class Commands(TyperGroup):
    """The group of all commands; a name that does not exist is answered with the nearest one that does."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that ``args`` begins with."""
        name = args[0]
        if not name.startswith("-") and name not in self.commands:
            mend = did_you_mean(name, self.commands, "there is")
            raise BadInput(f"there is no command {name!r}", mend=mend)
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def mqlab(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)] = False,
) -> None:
    """See why messages get lost, doubled, reordered and late, and prove what you would do about it.

    Start with: mqlab run flash-sale
    """
    if version:
        from mqlab import __version__

        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


_RUN, _LOOK, _WRITE, _TEACH, _LAB = "Run", "Look into runs", "Write scenarios", "Teach", "The lab itself"

app.command("run", rich_help_panel=_RUN)(run.run)
app.command("sweep", rich_help_panel=_RUN)(sweep.sweep)
app.command("replay", rich_help_panel=_RUN)(look.replay)
app.add_typer(broker.app, name="broker", rich_help_panel=_RUN)
app.command("explain", rich_help_panel=_LOOK)(look.explain)
app.command("compare", rich_help_panel=_LOOK)(compare.compare)
app.command("scenarios", rich_help_panel=_WRITE)(scenarios.scenarios)
app.command("init", rich_help_panel=_WRITE)(scenarios.init)
app.command("check", rich_help_panel=_WRITE)(scenarios.check)
app.command("schema", rich_help_panel=_WRITE)(scenarios.schema)
app.command("systems", rich_help_panel=_WRITE)(systems.systems)
app.command("grade", rich_help_panel=_TEACH)(grade.grade)
app.add_typer(assignment.app, name="assignment", rich_help_panel=_TEACH)
app.command("lab", rich_help_panel=_LAB)(lab.lab)
app.command("doctor", rich_help_panel=_LAB)(doctor.doctor)
app.command("bench", rich_help_panel=_LAB)(doctor.bench)
