"""From a path or a name to a scenario: read, override, validate, resolve, parse what is expected."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqlab.errors import BadInput, Place, ScenarioError
from mqlab.model import Model
from mqlab.scenario import catalogue

if TYPE_CHECKING:
    from mqlab.scenario.defaults import DefaultUsed
    from mqlab.scenario.expect import Expectation

__all__ = ["Scenario", "json_schema", "load", "loads"]


@dataclass(frozen=True)
class Scenario:
    """A scenario that has been read and found good."""

    name: str
    system: str
    description: str
    text: str
    """The file as it was written."""
    overrides: tuple[str, ...]
    """What ``--set`` changed, as given."""
    path: Path | None
    model: Model
    expectations: tuple[Expectation, ...]
    defaults_used: tuple[DefaultUsed, ...]
    """(path, value, source) of every default that the scenario leaves to its system."""
    attached: tuple[tuple[str, str], ...] = ()
    """Files that the scenario refers to: the path from the scenario's folder, and the text."""


def load(source: str | Path, *, overrides: Sequence[str] = ()) -> Scenario:
    """Load a scenario.

    Parameters
    ----------
    source
        A path, or the bare name of a shipped scenario.
    overrides
        Changes such as ``producers.buyers.count=10``, applied in order.

    Raises
    ------
    ScenarioError
        On anything wrong: one sentence with file, line and column, and the mend.

    Examples
    --------
    >>> load("flash-sale", overrides=["seed=7"]).model.seed
    7
    """
    path = catalogue.find(source)
    try:
        with path.open("rb") as file:
            raw = file.read(64 * 1024 * 1024)  # enough to tell how much too large it is
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        raise ScenarioError(f"`{path}` cannot be read: {reason}", mend="check the file and its permissions") from None
    from mqlab.scenario.reader import decode

    text = decode(raw, str(path))
    return loads(text, file=str(path), name=path.stem, overrides=overrides, path=path)


def loads(
    text: str, *, file: str = "scenario.yaml", name: str = "scenario", overrides: Sequence[str] = (),
    path: Path | None = None,
) -> Scenario:  # fmt: skip
    """Load a scenario from text; errors call it ``file``, and without a name of its own it is ``name``.

    Raises
    ------
    ScenarioError
        As :func:`load`.
    """
    from mqlab import systems
    from mqlab.scenario import expect
    from mqlab.scenario.defaults import Book
    from mqlab.scenario.including import include_hardware
    from mqlab.scenario.overrides import apply
    from mqlab.scenario.reader import decode, read
    from mqlab.scenario.resolve import resolve
    from mqlab.scenario.validate import validate

    if path is None:
        text = decode(text.encode("utf-8", "surrogatepass"), file)
    root = read(text, file)
    if not isinstance(root.value, dict):
        raise ScenarioError(
            "a scenario is a mapping of fields", mend="begin with `name:` and `system:`", place=root.place
        )
    included = include_hardware(root, file)
    for override in overrides:
        apply(root, override)
    spec = validate(root)
    try:
        system = systems.get(spec.system)
    except BadInput as error:
        raise ScenarioError(error.what, mend=error.mend, place=root.locate(("system",))) from None
    book = Book(root, system)
    book.attached.update(included)
    model = resolve(spec, book, _safe(name))
    names = expect.names_of(model) if spec.expect else None
    return Scenario(
        name=model.name,
        system=system.name,
        description=spec.description or "",
        text=text,
        overrides=tuple(overrides),
        path=path,
        model=model,
        expectations=tuple(expect.parse(line, _inside(root, i), names=names) for i, line in enumerate(spec.expect)),
        defaults_used=tuple(book.used.values()),
        attached=tuple(book.attached.items()),
    )


def _inside(root: Any, index: int) -> Place:
    """Find where the text of an expectation begins, past its quote."""
    node = root.value["expect"]
    if isinstance(node.value, list):
        node = node.value[index]
    place: Place = node.place
    return Place(place.file, place.line, place.column + 1) if node.quoted and place.line else place


def _safe(name: str) -> str:
    """Make a name for folders of what a file is called."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", name)[:64].strip("-.")
    return name if name[:1].isalpha() or name[:1] == "_" else f"scenario-{name}".rstrip("-")


def json_schema() -> dict[str, Any]:
    """Make the JSON Schema of a scenario, for editors that check and complete YAML."""
    from mqlab.scenario.spec import ScenarioSpec

    schema = ScenarioSpec.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "mqlab scenario"}
