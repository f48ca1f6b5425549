"""Queue policies as records: flags and limits of a queue, what its messages carry, and where its dead letters go."""

from __future__ import annotations

from typing import Any

from mqlab.core import codes
from mqlab.core.absences import Absences
from mqlab.core.tables import Tables
from mqlab.model import Message, Model, Queue
from mqlab.routing import dead_letter_way, ways_of

__all__ = ["NO_POLICY", "Letters", "first_level", "flags_of", "has_policy", "message_row", "policy_row"]


NO_POLICY: dict[str, Any] = {
    "ttl": -1, "timer_at": -1, "fresh": -1, "max_bytes": -1, "limit": -1, "top": -1, "active": -1, "letters": -1,
}  # fmt: skip
"""Fields of a queue that has none, where 0 would say something."""


def flags_of(model: Model, queue: Queue) -> int:
    """Say what is special about a queue; a time-to-live may come with any message."""
    mortal = queue.ttl_ns >= 0 or any(group.message.ttl_ns >= 0 for group in model.producers)
    flags = codes.Q_TTL * mortal | codes.Q_PRIORITY * (queue.max_priority > 0)
    flags |= codes.Q_LETTERS * (queue.dead_letter is not None) | codes.Q_BYTES * (queue.max_bytes >= 0)
    flags |= codes.Q_LIMIT * (queue.delivery_limit >= 0) | codes.Q_SINGLE * queue.single_active_consumer
    ranked = any(group.priority for group in model.consumers if group.queue == queue.name)
    return int(flags | codes.Q_RANKED * ranked)


def has_policy(model: Model, queue: Queue) -> bool:
    """Say whether a queue keeps anything of its own for each copy."""
    return bool(flags_of(model, queue) & (codes.Q_TTL | codes.Q_PRIORITY | codes.Q_LETTERS | codes.Q_LIMIT))


def first_level(model: Model, index: int) -> int:
    """Number the first level of a queue: each has ``max_priority`` + 1, and a plain one none."""
    return sum(queue.max_priority + 1 for queue in model.queues[:index] if queue.max_priority > 0)


def policy_row(queue: Queue) -> dict[str, Any]:
    """Fields of a queue's record that its policies need."""
    return {
        "ttl": queue.ttl_ns, "timer_at": -1, "fresh": -1,
        "max_bytes": queue.max_bytes, "limit": queue.delivery_limit, "max_priority": queue.max_priority, "top": -1,
        "active": -1,
    }  # fmt: skip


def message_row(tables: Tables, message: Message) -> dict[str, Any]:
    """Fields of a producer's record that say what its messages carry."""
    row = {"ttl": message.ttl_ns, "priority": 0, "priorities": 0, "priorities_table": 0}
    if len(message.priorities) == 1:
        row["priority"] = message.priorities[0][0]
    elif message.priorities:
        row["priorities"] = len(message.priorities)
        row["priorities_table"] = tables.cumulative([weight for _, weight in message.priorities])
        tables.reals.extend(float(value) for value, _ in message.priorities)
    return row


class Letters:
    """Where dead letters go.

    What a message is routed by (routing key and headers) is numbered, an address: those that messages are published
    with, and those that they have once a dead-letter exchange gave them another key. Each queue with such an exchange
    has one route for each address, one after the other.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.addresses = {way: number for number, way in enumerate(ways_of(model))}

    def address(self, key: str, headers: tuple[tuple[str, str], ...]) -> int:
        """Number what a message is routed by."""
        return self.addresses[key, headers]

    def routes(self, tables: Tables, absences: Absences) -> list[int]:
        """Make the routes of all queues; return the first of each, -1 where there is none."""
        firsts = []
        for queue in self.model.queues:
            letter = queue.dead_letter
            firsts.append(-1 if letter is None else len(tables.routes))
            for way in () if letter is None else self.addresses:
                assert letter is not None
                following, _ = dead_letter_way(self.model, queue, way)
                number = self.address(*following)
                absences.route(tables, letter.exchange, *following, queue.vhost, address=number)
        return firsts
