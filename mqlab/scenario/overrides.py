"""``--set producers.buyers.count=10``: change a scenario's tree before it is looked at."""

from __future__ import annotations

from typing import Final

from mqlab.errors import Place, ScenarioError, did_you_mean
from mqlab.scenario.kinds import Grammar, below, excluded
from mqlab.scenario.reader import Node, read

__all__ = ["apply"]

_LISTS: Final = ("faults", "bindings", "expect")
_SWITCHES: Final = ("confirm", "retry")
_ENTITIES: Final = ("producers", "consumers", "queues", "exchanges", "nodes", "links")
_SHORT: Final = {
    "poisson": "rate",
    "constant": "rate",
    "exponential": "mean",
    "service": "constant",
    "latency": "constant",
    "prepare": "constant",
    "think": "constant",
    "fsync": "constant",
}
"""What a bare value stands for, where an override goes on below it."""
_TEXT_MAX: Final = 10_000


def apply(root: Node, override: str) -> None:
    """Change ``root`` as one override says.

    The value is read as YAML. A name may contain dots; the longest name that the scenario has is taken.
    A list's entries are numbered from 0: ``faults.0.at=5 s``. Where a scenario chooses one of several kinds, another
    one takes its place: ``producers.buyers.arrivals.poisson.rate=1k/s`` makes a ramp a Poisson process.

    Raises
    ------
    ScenarioError
        If the path leads nowhere; its place names the override.
    """
    shown = " ".join(override.split())
    place = Place(f"--set {shown if len(shown) <= 80 else shown[:77] + '...'}")
    path, equals, text = override.partition("=")
    parts = path.strip().split(".")
    if not equals or not all(parts):
        raise ScenarioError(
            "an override is a path, `=` and a value",
            mend="write for instance `producers.buyers.count=10`",
            place=place,
        )
    if len(override) > _TEXT_MAX:
        raise ScenarioError("the override is too long", mend="write it into the scenario", place=place)
    value = read(text.strip() or "null", place.file, place=place)
    _set(root, parts, value, place)


def _set(root: Node, parts: list[str], value: Node, place: Place) -> None:
    from mqlab.scenario.spec import ScenarioSpec

    node, at = root, 0
    grammar: Grammar = ScenarioSpec
    while True:
        if isinstance(node.value, list):
            key: str | int = _index(node, parts, at, place)
            step = 1
        else:
            _open(node, parts, at, place)
            key, step = _longest(node, parts, at)
            _refuse_new_entity(root, parts, at, key, place)
            for other in excluded(grammar, key) & node.value.keys():
                del node.value[other], node.keys[other]
        grammar = below(grammar, key)
        at += step
        if at == len(parts):
            node.value[key] = value
            if isinstance(key, str):
                node.keys[key] = place
            return
        child = node.value.get(key) if isinstance(node.value, dict) else node.value[key]
        if child is None and key in _LISTS:
            raise ScenarioError(f"the scenario has no {key} to change", mend="write them into the file", place=place)
        if child is None:
            child = Node({}, place)
            node.value[key] = child
            node.keys[str(key)] = place
        node = child


def _open(node: Node, parts: list[str], at: int, place: Place) -> None:
    """Make a mapping of what is nothing or a short form, so that the path can go on below it."""
    if isinstance(node.value, dict):
        return
    name = parts[at - 1] if at else ""
    short = _SHORT.get(name)
    if node.value is None or (name in _SWITCHES and not isinstance(node.value, list)):
        node.value = {}
    elif name == "constant" and "arrivals" not in parts[:at]:
        short = None
    if not isinstance(node.value, dict) and short is not None:
        node.value = {short: Node(node.value, node.place)}
        node.keys = {short: node.place}
    if not isinstance(node.value, dict):
        path = ".".join(parts[:at])
        what = f"`{path}` is a single value, so there is no `{parts[at][:60]}` below it"
        raise ScenarioError(what, mend=f"set `{path}={{...}}` as a whole", place=place)


def _longest(node: Node, parts: list[str], at: int) -> tuple[str, int]:
    """Find the longest key that the next parts spell; a key that is not there yet is one part."""
    for end in range(len(parts), at, -1):
        key = ".".join(parts[at:end])
        if key in node.value:
            return key, end - at
    return parts[at], 1


def _refuse_new_entity(root: Node, parts: list[str], at: int, key: str, place: Place) -> None:
    """Refuse names that the scenario does not have: an override changes entities, it does not add any."""
    if at != 1 or parts[0] not in _ENTITIES:
        return
    section = root.value[parts[0]].value
    if key in section or (parts[0] == "nodes" and not section and key == "broker"):
        return
    noun = parts[0].removesuffix("s")
    raise ScenarioError(
        f"there is no {noun} `{key[:60]}` to change", mend=did_you_mean(key, section, parts[0]), place=place
    )


def _index(node: Node, parts: list[str], at: int, place: Place) -> int:
    text = parts[at]
    if not text.isdecimal() or len(text) > 6 or int(text) >= len(node.value):
        path = ".".join(parts[:at])
        has = f"entries 0 to {len(node.value) - 1}" if node.value else "no entries"
        raise ScenarioError(f"`{path}` has no entry `{text[:60]}`", mend=f"it has {has}", place=place)
    return int(text)
