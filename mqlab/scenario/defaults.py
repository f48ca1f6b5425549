"""What a scenario leaves open is taken from its system here, and remembered, so that it can be printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from mqlab.errors import ScenarioError, did_you_mean
from mqlab.scenario.reader import Node
from mqlab.systems import System

__all__ = ["Book", "DefaultUsed", "Path", "flag", "word"]

Path = tuple[str | int, ...]
DefaultUsed = tuple[str, str, str]
"""Path, value as one would write it, source."""

T = TypeVar("T")


class Book:
    """The scenario's tree, its system, and the defaults used so far."""

    def __init__(self, root: Node, system: System) -> None:
        self.root, self.system = root, system
        self.table = system.table
        self.used: dict[str, DefaultUsed] = {}
        self.attached: dict[str, str] = {}
        """Files that the scenario refers to, by the path it names, and their text."""

    def text(self, path: Sequence[str | int]) -> str:
        """Look up the default of a field and remember that it was used.

        Names of entities are replaced by ``*``: producers.buyers.count finds producers.*.count.
        """
        written = ".".join(map(str, path))
        named = 1 if path[0] != "cluster" else -1
        pattern = ".".join(["*" if place == named else str(part) for place, part in enumerate(path)])
        default = self.table[pattern]
        self.used[written] = (written, default.value, default.source)
        return default.value

    def pick(self, given: T | None, path: Sequence[str | int], parse: Callable[[str], T]) -> T:
        """Take what is given, else the default."""
        return parse(self.text(path)) if given is None else given

    def error(self, path: Sequence[str | int], what: str, mend: str, *, key: bool = False) -> ScenarioError:
        """Make an error that stands at a field (or at its key)."""
        return ScenarioError(what, mend=mend, place=self.root.locate(path, key=key))

    def unknown(self, path: Sequence[str | int], noun: str, name: str, known: Iterable[str]) -> ScenarioError:
        """Make the error for a name that nobody has."""
        what = f"there is no {noun} `{name[:60]}`"
        return self.error(path, what, did_you_mean(name, known, f"{noun}s"))


def flag(text: str) -> bool:
    """Read ``true`` or ``false`` in a system's table."""
    return {"true": True, "false": False}[text]


def word(text: str) -> Any:
    """Take a word of a system's table as it is; a test holds the tables to the words of the grammar."""
    return text
