"""Broken words about what the broker's resources do: its disk, its memory, transactions, lazy queues."""

from __future__ import annotations

from tests.bad_input.corpus import FAULT, LENGTH, Broken

_NODE, TO = "queues:\n", "to: orders"


def _disk(text: str) -> str:
    return f"nodes: {{broker: {{disk: {{{text}}}}}}}\nqueues:\n"


def _node(text: str) -> str:
    return f"nodes: {{broker: {{{text}}}}}\nqueues:\n"


TABLE = [
    Broken("a disk that lies somehow", _NODE, _disk("lies: maybe"), 6, 31, "`maybe` is not a duration", "500 ms"),
    Broken("lies without a unit", _NODE, _disk("lies: 500"), 6, 31, "has no unit", "`500 ms`"),
    Broken("lies of the past", _NODE, _disk("lies: -1 s"), 6, 31, "negative", "`500 ms`"),
    Broken("memory without a unit", _NODE, _node("memory: 400"), 6, 26, "has no unit", "`400 B`"),
    Broken("no memory at all", _NODE, _node("memory: 0 B"), 6, 26, "would block every publisher", "`400 MB`"),
    Broken("memory without a limit", _NODE, _node("memory: {check: 1 s}"), 6, 26, "`limit` is missing", "400 MB"),
    Broken("memory unwatched", _NODE, _node("memory: {limit: 1 MB, check: 0 s}"), 6, 47, "more than 0", "`20 ms`"),
    Broken("typo in memory", _NODE, _node("memory: {limt: 1 MB}"), 6, 27, "unknown field `limt`", "`limit`"),
    Broken("a transaction and confirms", TO, "to: orders, confirm: true, transactions: 1", 5, 50, "exclude", "one of"),
    Broken("a transaction of nothing", TO, "to: orders, transactions: {size: 0}", 5, 71, "not between 1", "`10`"),
    Broken("a transaction of some", TO, "to: orders, transactions: some", 5, 64, "not a whole number", "`10`"),
    Broken("a transaction without size", TO, "to: orders, transactions: {after: 1 s}", 5, 64, "`size` is", "size: 1"),
    Broken("rolls back always twice", TO, "to: orders, transactions: {size: 1, rollback: 2}", 5, 84, "than 1", "`2 %`"),
    Broken("never committed", TO, "to: orders, transactions: {size: 9, after: 0 s}", 5, 81, "more than 0", "`20 ms`"),
    Broken("an idle queue", LENGTH, "mode: idle", 7, 18, "not one of default, lazy", "`default`"),
    Broken("a seek without a unit", _NODE, _disk("seek: 8"), 6, 31, "has no unit", "`8 ms`"),
    Broken("the disk of a shop", "crash: broker", "disk_full: shop", 16, 26, "only nodes have a disk", "`broker`"),
    Broken("full for no time", FAULT, "disk_full: broker", 16, 5, "how long it lasts", "for: 3 s"),
    Broken("two lies", _NODE, _disk("lies: [true, 1 s]"), 6, 31, "a list stands", "`500 ms`"),
]
