"""Broken words about what the broker's resources do: its disk, its memory, transactions, lazy queues."""

from __future__ import annotations

from tests.bad_input.corpus import Broken

_NODE = "queues:\n"


def _disk(text: str) -> str:
    return f"nodes: {{broker: {{disk: {{{text}}}}}}}\nqueues:\n"


TABLE = [
    Broken("a disk that lies somehow", _NODE, _disk("lies: maybe"), 6, 31, "`maybe` is not a duration", "500 ms"),
    Broken("lies without a unit", _NODE, _disk("lies: 500"), 6, 31, "has no unit", "`500 ms`"),
    Broken("lies of the past", _NODE, _disk("lies: -1 s"), 6, 31, "negative", "`500 ms`"),
    Broken("two lies", _NODE, _disk("lies: [true, 1 s]"), 6, 31, "a list stands", "`500 ms`"),
]
