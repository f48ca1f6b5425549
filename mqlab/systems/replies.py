"""What requests and replies make possible: reasons in words, as in :mod:`mqlab.systems.facts`.

Nothing here is about loss: nobody confirms a reply, so none is promised.
"""

from __future__ import annotations

from collections.abc import Iterator

from mqlab.model import ConsumerGroup, Model, ProducerGroup
from mqlab.systems import facts

__all__ = ["acted_on_twice", "delivered_again", "mismatched", "out_of_order", "sent_late", "stored_twice"]


def _requesters(model: Model) -> Iterator[ProducerGroup]:
    yield from (group for group in model.producers if group.request is not None)


def _servers(model: Model) -> tuple[ConsumerGroup, ...]:
    return tuple(group for group in model.consumers if group.reply is not None)


def mismatched(model: Model) -> str:
    """Say who may take a reply that answers another request; or nothing."""
    for group in _requesters(model):
        if group.request is not None and not group.request.correlate:
            return f"`{group.name}` takes the next reply for its answer, whichever request it answers"
    return ""


def stored_twice(model: Model) -> str:
    """Say why a reply may stand in its queue twice; or nothing."""
    if not any(_requesters(model)):
        return ""
    doubling = (server.name for server in _servers(model) if server.link.up.duplicate > 0)
    return next((f"the link of `{name}` doubles packets" for name in doubling), "")


def delivered_again(model: Model) -> str:
    """Say why a reply may reach its requester twice; or nothing."""
    doubling = (group.name for group in _requesters(model) if group.link.down.duplicate > 0)
    return next((f"the link of `{name}` doubles packets" for name in doubling), "")


def _published_twice(model: Model) -> str:
    """Say why what producers send into a queue of replies may stand there twice; or nothing."""
    named = {group.request.queue for group in _requesters(model) if group.request is not None}
    shared = (queue for queue in model.queues if queue.name in named)
    return next(filter(None, (facts.copies_possible(model, queue) for queue in shared)), "")


def acted_on_twice(model: Model) -> str:
    """Say why one message may be taken for the replies to two requests; or nothing."""
    again, reason = stored_twice(model) or delivered_again(model) or _published_twice(model), mismatched(model)
    return f"{again}, and {reason}" if again and reason else ""


def out_of_order(model: Model) -> str:
    """Say why replies may be taken in another order than they were made in; or nothing."""
    servers = _servers(model)
    for group in _requesters(model):
        if group.request is not None and group.request.reply_to == "direct":
            continue  # no queue, so there is no order in it
        if sum(server.count for server in servers) > 1:
            return f"several servers reply to `{group.name}`"
        if group.request is not None and group.request.reply_to == "queue":
            if group.count > 1 or len(list(_requesters(model))) > 1:
                return f"several clients take replies from queue `{group.request.queue}`"
            shared = next(queue for queue in model.queues if queue.name == group.request.queue)
            others = [consumer.name for consumer in facts.consumers_of(model, shared)]
            others += [producer.name for producer in facts.feeders_of(model, shared)]
            if others:
                return f"`{others[0]}` uses queue `{group.request.queue}`, too"
        for who, link in ((group.name, group.link), *((server.name, server.link) for server in servers)):
            if facts.reorders_link(link):
                return f"on the link of `{who}` packets overtake each other"
    return ""


def sent_late(producer: ProducerGroup) -> str:
    """Say why a producer that writes down states may send a message after a younger one; or nothing."""
    record = producer.record
    if record is None or record.order == "enqueue-first" or record.takes.kind == "constant":
        return ""
    return f"`{producer.name}` sends a message when its state is written, which may take longer than for the next"
