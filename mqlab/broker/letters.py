"""Dead letters: what died in a queue is published again, by the broker, to the exchange its queue names.

It keeps its routing key unless the queue names another, loses its own time to live, and remembers where it died and
why. A message that died in a queue before, and was not rejected by a consumer since, is not put there again
(https://www.rabbitmq.com/docs/dlx#routing). Nothing waits for a confirm of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mqlab.broker.messages import Death, Envelope, Message

if TYPE_CHECKING:
    from mqlab.broker.queues import Queue

__all__ = ["letter_of", "may_enter"]


def letter_of(queue: Queue, message: Message, reason: str, now_ns: int) -> Envelope:
    """Write the envelope of a message that died in a queue."""
    envelope, to = message[1], queue.options.dead_letter
    assert to is not None
    before = 0
    others = []
    for death in envelope.deaths:
        if (death.queue, death.reason) == (queue.name, reason):
            before = death.times
        else:
            others.append(death)
    latest = Death(queue.name, reason, before + 1, envelope.exchange, envelope.routing_key, now_ns)
    properties = envelope.properties
    if properties.ttl_ns is not None:
        properties = replace(properties, ttl_ns=None)
    key = envelope.routing_key if to.routing_key is None else to.routing_key
    return Envelope(to.exchange, key, properties, (latest, *others))


def may_enter(queue: Queue, letter: Envelope) -> bool:
    """Say whether a dead letter may go to a queue, or would go round for ever."""
    for death in letter.deaths:
        if death.reason == "rejected":
            return True
        if death.queue == queue.name:
            return False
    return True
