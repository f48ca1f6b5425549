"""Options that several commands have in common."""

from __future__ import annotations

__all__ = ["SEED_MAX", "Json", "Overrides", "Scenario", "Seed", "seed_of"]

from typing import Annotated

import typer

SEED_MAX = 2**63 - 1

Scenario = Annotated[str, typer.Argument(metavar="SCENARIO", help="A file, or the name of a shipped scenario.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Seed = Annotated[
    str | None,
    typer.Option("--seed", metavar="N", help="Same seed, same run; by default the scenario's own."),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a field, such as consumers.stock.count=8. Repeatable."),
]


def seed_of(text: str | None) -> int | None:
    """Read what ``--seed`` was given.

    Raises
    ------
    BadInput
        It is no seed.
    """
    from mqlab.cli.words import whole

    return whole(text, "--seed", SEED_MAX)
