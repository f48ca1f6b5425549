"""The shipped scenarios as tests see them: their names, their head comments, their runs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import mqlab
from mqlab.scenario.catalogue import folder, shipped

NAMES = [name for name, _, _, _ in shipped()]
_COMMAND = re.compile(r"^#\s+mqlab (?P<verb>\w+) (?P<rest>.*)$", re.MULTILINE)


class Command(NamedTuple):
    """A command that a head comment gives: ``mqlab VERB NAMES --set SETS``."""

    verb: str
    names: tuple[str, ...]
    sets: tuple[str, ...]


def head(name: str) -> list[str]:
    """Lines of the comment before the first field."""
    lines = (folder() / f"{name}.yaml").read_text("utf-8").splitlines()
    return lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]


def commands(name: str) -> list[Command]:
    """Commands in a head comment, as a shell would take them apart."""
    found = []
    for match in _COMMAND.finditer("\n".join(head(name))):
        words = iter(shlex.split(match["rest"], comments=True))
        names, sets = [], []
        for word in words:
            if word == "--set":
                sets.append(next(words))
            else:
                names.append(word)
        found.append(Command(match["verb"], tuple(names), tuple(sets)))
    return found


class Row(NamedTuple):
    """What happens to a scenario when something is changed."""

    name: str
    sets: tuple[str, ...]
    fails: tuple[str, ...] = ()
    """Expectations that must fail now; there may be more."""
    appears: tuple[str, ...] = ()
    """Anomalies that were not there before."""
    vanishes: tuple[str, ...] = ()
    """Anomalies that are not there any more."""


@cache
def summary(name: str, seed: int | None = None, sets: tuple[str, ...] = ()) -> Mapping[str, Any]:
    """Summary of a run with its fates kept; each run is made once."""
    return mqlab.run(name, seed=seed, overrides=sets, trace="fates").summary


def failing(found: Mapping[str, Any]) -> set[str]:
    """Expectations that do not hold."""
    return {each["text"] for each in found["expectations"] if not each["holds"]}
