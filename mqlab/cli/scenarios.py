"""``mqlab scenarios``, ``init``, ``check``, ``schema``: find, start, validate and edit scenarios."""

from __future__ import annotations

__all__ = ["check", "init", "scenarios", "schema"]

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mqlab.cli.options import Json, Overrides, Scenario
from mqlab.errors import BadInput

if TYPE_CHECKING:
    from mqlab.scenario import Scenario as Loaded


def scenarios(
    json: Json = False,
) -> int:
    """List the scenarios that come with mqlab, by topic."""
    from mqlab.cli.console import print_json, screen
    from mqlab.scenario.catalogue import shipped

    found = shipped()
    if json:
        rows = [
            {"name": name, "system": system, "shows": sentence, "path": str(path)}
            for name, path, sentence, system in found
        ]
        print_json({"scenarios": rows})
        return 0
    from rich.markup import escape
    from rich.padding import Padding

    topics = [name.partition("-")[0] for name, *_ in found]
    out = screen()
    for before, topic, (name, _, sentence, system) in zip(["", *topics], topics, found, strict=False):
        if before and before != topic and topics.count(before) + topics.count(topic) > 2:  # what is single stands close
            out.print()
        other = f"  [quiet]{escape(system)}[/]" if system != "rabbitmq" else ""
        out.print(f"[name]{name}[/]{other}")
        out.print(Padding(escape(sentence), (0, 0, 0, 4)))
    home = escape(str(_home(found)))
    out.print(f"\n[quiet]{len(found)} scenarios, of rabbitmq where no other system is named[/]")
    out.print(f"[quiet]mqlab run NAME runs one; the files are in {home}[/]", soft_wrap=True)
    return 0


def _home(found: Any) -> Path:
    return Path(found[0][1]).parent if found else Path("scenarios")


def init(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the scenario is called.")] = "my-scenario",
) -> int:
    """Write a commented scenario to start from, NAME.yaml; a file that exists is never overwritten."""
    from mqlab.cli.console import print_text
    from mqlab.scenario import starter

    bare = name.removesuffix(".yaml")
    path = Path(f"{bare}.yaml")
    text = starter(path.name.removesuffix(".yaml"))
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise BadInput(f"{path} exists and is not overwritten", mend="choose another name") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}", mend="choose another place") from error
    print_text(f"{path} is written; next: mqlab run {path}")
    return 0


def check(
    scenario: Scenario,
    overrides: Overrides = None,
    json: Json = False,
) -> int:
    """Validate a scenario without running it; say how big it is, and which defaults apply and why."""
    from mqlab import scenario as scenarios_room
    from mqlab.cli.console import print_json

    loaded = scenarios_room.load(scenario, overrides=tuple(overrides or ()))
    expected = scenarios_room.estimate(loaded.model)
    if json:
        print_json(
            {
                "scenario": loaded.name,
                "system": loaded.system,
                "valid": True,
                "estimate": {
                    "messages": expected.messages,
                    "events": expected.events,
                    "bytes_by_level": dict(expected.bytes_by_level),
                },
                "defaults": [
                    {"path": path, "value": value, "source": source} for path, value, source in loaded.defaults_used
                ],
                "expectations": [expectation.text for expectation in loaded.expectations],
            }
        )
    else:
        _print_check(loaded, expected)
    return 0


def _print_check(loaded: Loaded, expected: Any) -> None:
    from rich.markup import escape

    from mqlab.cli.console import screen
    from mqlab.cli.systems import defaults_table
    from mqlab.cli.words import counted, size

    out = screen()
    out.print(f"[good]✓[/] [bold]{escape(loaded.name)}[/] is a valid scenario for {escape(loaded.system)}")
    sizes = ", ".join(f"{level} {size(amount)}" for level, amount in expected.bytes_by_level.items())
    out.print(
        f"about {counted(expected.messages, 'message')}, {counted(expected.events, 'event')}; "
        f"on disk by trace level: {sizes}"
    )
    expectations = counted(len(loaded.expectations), "expectation")
    out.print(f"{expectations}{': ' if loaded.expectations else ''}" + "; ".join(
        escape(expectation.text) for expectation in loaded.expectations
    ))  # fmt: skip
    out.print(f"\nwhere the file says nothing, {escape(loaded.system)}'s defaults apply:\n")
    out.print(defaults_table(loaded.defaults_used))


def schema() -> int:
    """Print the JSON Schema of scenarios, for editors that complete and check YAML."""
    import json

    from mqlab.cli.console import print_text
    from mqlab.scenario import json_schema

    print_text(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return 0
