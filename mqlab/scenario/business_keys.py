"""Routing keys that follow the business key: one for each of them, and how often each is meant."""

from __future__ import annotations

from collections import Counter
from typing import Final

from mqlab.model import Keys, Recording
from mqlab.scenario.defaults import Book, Path

__all__ = ["KEYS_MAX", "routing_keys"]

KEYS_MAX: Final = 10_000
"""Most business keys that may have a routing key of their own."""
_PLACE: Final = "{key}"


def routing_keys(
    book: Book, path: Path, template: str, keys: Keys, recording: Recording | None
) -> dict[str, float]:
    """Spell the routing key of every business key, in order, with its weight.

    Raises
    ------
    ScenarioError
        The template has no place for the key, there are no keys, or too many.
    """
    rest = template.replace(_PLACE, "", 1)
    if _PLACE not in template or "{" in rest or "}" in rest:
        what = "`by_key` has no place for the key, or more than one"
        raise book.error(path, what, "write for instance `orders_{key}`")
    if keys.kind == "none":
        what = "the routing key follows the business key, and messages have none"
        raise book.error(path, what, "add for instance `message: {key: {uniform: 8}}`")
    if keys.keys > KEYS_MAX:
        what = f"there are {keys.keys:,} business keys, and at most {KEYS_MAX:,} may have a routing key of their own"
        raise book.error(path, what, "use fewer keys, or routing keys with weights")
    weights = _weights(keys, recording)
    return {template.replace(_PLACE, str(key)): weight for key, weight in enumerate(weights)}


def _weights(keys: Keys, recording: Recording | None) -> list[float]:
    if keys.kind == "zipf":
        return [key**-keys.s for key in range(1, keys.keys + 1)]
    if keys.kind == "recorded" and recording is not None:
        seen = Counter(recording.keys)
        return [float(seen[key]) for key in range(keys.keys)]
    return [1.0] * keys.keys
