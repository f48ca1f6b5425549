"""``mqlab systems [NAME]``: the messaging systems that mqlab knows, their defaults, and what they promise."""

from __future__ import annotations

__all__ = ["defaults_table", "systems"]

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mqlab.cli.options import Json

if TYPE_CHECKING:
    from rich.table import Table


def systems(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One system; all if not given.")] = None,
    json: Json = False,
) -> int:
    """List the messaging systems, or show one: mechanisms, defaults with their sources, contract."""
    from mqlab import systems as registry
    from mqlab.cli.console import print_json

    if name is not None:
        shown = described(name)
        if json:
            print_json(shown)
        else:
            _print_one(shown)
        return 0
    all_of_them = [registry.get(known) for known in registry.names()]
    if json:
        rows = [{"name": one.name, "title": one.title, "summary": one.summary} for one in all_of_them]
        print_json({"systems": rows})
    else:
        _print_all(all_of_them)
    return 0


def described(name: str) -> dict[str, Any]:
    """Everything about one system; its contract is that of the starter scenario, and says so."""
    from mqlab import systems as registry

    system = registry.get(name)
    model = _example_model(name)
    promises = system.contract(model)
    return {
        "name": system.name,
        "title": system.title,
        "summary": system.summary,
        "mechanisms": dict(system.mechanisms),
        "defaults": [{"path": d.path, "value": d.value, "source": d.source} for d in system.defaults],
        "contract_of": model.name,
        "contract": {
            anomaly: {"permitted": promise.permitted, "because": promise.because}
            for anomaly, promise in promises.items()
        },
    }


def _example_model(name: str) -> Any:
    """Give the smallest model, in which every default applies: a contract depends on the configuration."""
    from mqlab.scenario import loads
    from mqlab.systems import get

    kind = "topic" if get(name).log else "queue"
    return loads(
        f"name: defaults\nsystem: {name}\nduration: 1 s\n"
        f"producers: {{producer: {{arrivals: {{constant: 1/s}}, to: {kind}}}}}\n"
        f"{kind}s: {{{kind}: {{}}}}\nconsumers: {{consumer: {{{kind}: {kind}}}}}\n"
    ).model


def defaults_table(defaults: Iterable[tuple[str, str, str]]) -> Table:
    """Tabulate defaults: path, value, source."""
    from rich.markup import escape

    from mqlab.cli.console import plain_table

    table = plain_table("field", "default", "source")
    for column in (table.columns[0], table.columns[2]):  # half a field is no name, half an address no source
        column.overflow = "fold"
    shown = ""
    for path, value, source in defaults:
        section, name = _sectioned(path)
        if section not in ("", shown):
            table.add_row(f"[name]{escape(section)}[/]", "", "")
        shown = section
        indent = "  " if section else ""
        table.add_row(indent + escape(name), escape(value), f"[quiet]{escape(source)}[/]")
    return table


def _sectioned(path: str) -> tuple[str, str]:
    """Cut a path behind the entity it belongs to.

    Examples
    --------
    >>> _sectioned("producers.buyers.link.loss"), _sectioned("seed")
    (('producers.buyers', 'link.loss'), ('', 'seed'))
    """
    parts = path.split(".")
    return (".".join(parts[:2]), ".".join(parts[2:])) if len(parts) > 2 else ("", path)


def _print_all(all_of_them: list[Any]) -> None:
    from rich.markup import escape

    from mqlab.cli.console import plain_table, screen

    table = plain_table("system", "", "")
    for one in all_of_them:
        table.add_row(f"[name]{one.name}[/]", escape(one.title), escape(one.summary))
    out = screen()
    out.print(table)
    out.print("\n[quiet]mqlab systems NAME shows one: mechanisms, defaults with sources, contract[/]")


def _print_one(shown: dict[str, Any]) -> None:
    from rich.markup import escape

    from mqlab.cli.console import plain_table, screen

    out = screen()
    out.print(f"[bold]{escape(shown['title'])}[/]  [quiet]{shown['name']}[/]\n{escape(shown['summary'])}\n")
    mechanisms = plain_table("mechanism", "")
    for mechanism, meaning in shown["mechanisms"].items():
        mechanisms.add_row(f"[name]{escape(mechanism)}[/]", escape(meaning))
    out.print(mechanisms)
    out.print("\n[bold]defaults[/]")
    out.print(defaults_table((d["path"], d["value"], d["source"]) for d in shown["defaults"]))
    out.print("\n[bold]contract[/] [quiet](with these defaults; another configuration promises other things)[/]")
    table = plain_table("anomaly", "", "because")
    for anomaly, promise in shown["contract"].items():
        ruling = "[fair]permitted[/]" if promise["permitted"] else "[good]ruled out[/]"
        table.add_row(anomaly, ruling, escape(promise["because"]))
    out.print(table)
