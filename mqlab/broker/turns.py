"""Whose turn it is: consumers with room take turns, unless one is the single active one or some have priority.

Where all consumers of a queue are plain, those with room stand in its ring and the first is served. Where one isn't (a
priority, a limit shared by its channel), or the queue has a single active consumer, the ring is empty and each delivery
chooses anew.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqlab.broker.channels import Channel
    from mqlab.broker.consumers import Consumer, Taker
    from mqlab.broker.queues import Queue

__all__ = ["choose", "enrol", "join", "leave", "room"]


def _by_choice(queue: Queue) -> bool:
    return queue.options.single_active_consumer or any(consumer.is_special for consumer in queue.consumers)


def enrol(queue: Queue, consumer: Consumer) -> None:
    """Register a consumer and serve it. The lock is held."""
    queue.consumers.append(consumer)
    queue.takers.append(consumer)
    queue.had_consumers = True
    _arrange(queue)
    queue.serve()


def leave(queue: Queue, consumer: Consumer) -> None:
    """Take a consumer out; the next is served when what this one held is back. The lock is held."""
    queue.consumers.remove(consumer)
    if consumer.in_ring:
        queue.ring.remove(consumer)
        consumer.in_ring = False
    _arrange(queue)


def _arrange(queue: Queue) -> None:
    """Have a ring, or have none, as the consumers that are there want it."""
    by_choice = _by_choice(queue)
    queue.special = by_choice or queue.line is not None or queue.deleted
    for consumer in queue.consumers:
        if by_choice and consumer.in_ring:
            consumer.in_ring = False
        elif not by_choice:
            join(queue, consumer)
    if by_choice:
        queue.ring.clear()


def join(queue: Queue, taker: Taker) -> None:
    """Let a plain consumer with room stand in the ring."""
    if taker.in_ring or not taker.served or (queue.special and _by_choice(queue)):
        return
    if taker.held < taker.limit:
        taker.in_ring = True
        queue.ring.append(taker.as_consumer())


def choose(queue: Queue) -> Consumer | None:
    """Say who is served next, None if nobody has room; the room a channel shares is taken at once."""
    if queue.ring:
        return queue.ring[0]
    if queue.deleted:
        return None
    if queue.options.single_active_consumer:
        candidates = queue.consumers[:1]
    else:
        candidates = sorted(queue.consumers, key=lambda consumer: (-consumer.priority, consumer.last_turn))
    for consumer in candidates:
        if (consumer.auto or consumer.held < consumer.limit) and consumer.channel.reserve(consumer):
            queue.turn += 1
            consumer.last_turn = queue.turn
            return consumer
    return None


def room(queue: Queue) -> int:
    """Say how many messages consumers would take at once."""
    if queue.deleted:
        return 0
    candidates = queue.consumers[:1] if queue.options.single_active_consumer else queue.consumers
    if any(consumer.auto for consumer in candidates):
        return sys.maxsize
    alone = sum(consumer.limit - consumer.held for consumer in candidates if not consumer.shares)
    by_channel: dict[Channel, int] = {}
    for consumer in candidates:
        if consumer.shares:
            by_channel[consumer.channel] = by_channel.get(consumer.channel, 0) + consumer.limit - consumer.held
    return min(sys.maxsize, alone + sum(min(wish, channel.credit) for channel, wish in by_channel.items()))
