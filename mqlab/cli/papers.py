"""``mqlab compare --paper``: a published table, and what the simulation makes of the same machines."""

from __future__ import annotations

__all__ = ["show_paper"]

from collections.abc import Sequence
from typing import Any


def show_paper(name: str, seed: int | None, overrides: Sequence[str], json: bool) -> int:
    """Run a paper's rows and print published, simulated and their ratio; rows appear as they are done."""
    from mqlab.cli.console import print_json, screen
    from mqlab.face.papers import paper, rows_of

    about = paper(name)
    if json:
        rows = list(rows_of(name, seed=seed, overrides=overrides))
        print_json({"paper": name, "title": about.title, "source": about.source, "rows": rows})
        return 0
    out = screen()
    out.print(f"[bold]{about.title}[/]\n{about.source}\n", soft_wrap=True)
    width = max(len(row.name) for row in about.rows)
    out.print(f"[quiet]{'':{width}}  {'published':>12}  {'simulated':>12}  {'ratio':>6}[/]")
    for row in rows_of(name, seed=seed, overrides=overrides):
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.3f}"
        out.print(f"{row['name']:{width}}  {_cell(row, 'published'):>12}  {_cell(row, 'simulated'):>12}  {ratio:>6}  "
                  f"{row['unit']}", highlight=False)  # fmt: skip
    return 0


def _cell(row: dict[str, Any], which: str) -> str:
    value = row[which]
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
