"""What a queue broker and a direct call promise under a configuration, anomaly by anomaly.

For each anomaly a function looks for a reason why the real system may show it; the first reason found
permits it. Where there is none the system promises its absence, and a run that shows it has found a bug: in
mqlab, in an engine, or in a broker under test.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mqlab.model import ConsumerGroup, Model, ProducerGroup, Queue
from mqlab.systems import facts, replies
from mqlab.systems.base import ANOMALIES, Promise

__all__ = ["call_contract", "queue_contract", "quorum_contract"]

_NO_LOG: Final = "there is no log, so there are no offsets to go wrong"
_NEVER: Final = {
    "phantom": "no system may deliver what nobody sent",
    "log_duplicate": _NO_LOG,
    "skipped": _NO_LOG,
    "nonmonotonic": _NO_LOG,
    "inconsistent_offsets": _NO_LOG,
    "unseen": _NO_LOG,
    "aborted_read": "a queue gets a message only once its transaction is committed",
}


def queue_contract(model: Model) -> dict[str, Promise]:
    """Judge what a queue broker such as RabbitMQ promises for this model.

    Examples
    --------
    >>> from mqlab.scenario import load                                                 # doctest: +SKIP
    >>> queue_contract(load("flash-sale").model)["lost"].permitted                      # doctest: +SKIP
    False
    """
    return _contract(
        model,
        {
            "lost": (_why_lost, "what is confirmed is stored safely, and nothing here can take it away"),
            "recovered": (_why_recovered, ""),
            "redelivered": (
                _why_redelivered,
                "no consumer can fail or lose its connection: nothing comes back",
            ),
            "enqueued_twice": (_why_twice, "nothing that the broker may have is ever sent again"),
            "duplicate_effect": (_why_double, "no message reaches a handler twice without being recognised"),
            "out_of_order": (_why_disorder, "one producer and one consumer a queue, and nothing goes twice"),
            "reply_mismatch": (replies.mismatched, "a reply is taken for the request whose correlation id it carries"),
            "stale": (_why_stale, "what is past its time-to-live is never sent, and what is sent arrives at once"),
        },
    )


def quorum_contract(model: Model) -> dict[str, Promise]:
    """Judge what replicated queues promise: as a queue, except that no crash takes what a majority has on disk.

    A majority that is down stops the queue and loses nothing: what is in it is still owed.

    Examples
    --------
    >>> from mqlab.scenario import load                                                 # doctest: +SKIP
    >>> quorum_contract(load("quorum-leader-crash").model)["lost"].because             # doctest: +SKIP
    'what is confirmed is on the disks of a majority; when too few are up it waits, and nothing is lost'
    """
    promises = queue_contract(model)
    if not promises["lost"].permitted:
        because = "what is confirmed is on the disks of a majority; when too few are up it waits, and nothing is lost"
        promises["lost"] = Promise(False, because)
    return promises


def call_contract(model: Model) -> dict[str, Promise]:
    """Judge what a direct call promises: as a queue, except that an answer means the work is done."""
    promises = queue_contract(model)
    promises["lost"] = Promise(False, "the answer comes after the work, so what is answered is done")
    promises["recovered"] = Promise(True, "the answer may be lost, or come too late, after the work was done")
    return promises


Why = Callable[[Model], str]


def _contract(model: Model, rules: dict[str, tuple[Why, str]]) -> dict[str, Promise]:
    promises: dict[str, Promise] = {}
    for name in ANOMALIES:
        if name in _NEVER:
            promises[name] = Promise(False, _NEVER[name])
            continue
        why, otherwise = rules[name]
        reason = why(model)
        promises[name] = Promise(bool(reason), reason or otherwise)
    return promises


def _why_lost(model: Model) -> str:
    asking = [p for p in model.producers if p.learns]
    if not asking:
        return "no producer asks for confirms or commits, so none is promised anything"
    for producer in asking:
        for queue in facts.queues_of(model, producer):
            reason = _why_lost_in(model, producer, queue)
            if reason:
                return reason
    return _any_queue(model, _why_letters_get_lost)


def _why_lost_in(model: Model, producer: ProducerGroup, queue: Queue) -> str:
    if facts.is_bounded(queue) and not facts.refuses(queue) and not facts.keeps_what_it_evicts(model, queue):
        return f"queue `{queue.name}` throws messages away when it is full ({queue.overflow})"
    deleted = facts.deleted_with_messages(model, queue)
    if deleted:
        return deleted
    taken = "" if queue.replicas else facts.loses_memory(model, queue.node)
    if taken and not queue.durable:
        return f"queue `{queue.name}` is not durable and {taken}"
    if taken and not producer.message.persistent:
        return f"`{producer.name}` sends transient messages and {taken}"
    lie = facts.lies(model, queue.node)
    if lie:
        return lie
    if taken and queue.node != producer.node:
        return f"`{producer.name}` reaches queue `{queue.name}` through another node and {taken}"
    for consumer in facts.consumers_of(model, queue):
        reason = _why_auto_ack_loses(model, consumer, queue) or facts.acknowledges_unread(model, consumer)
        if reason:
            return reason
    return ""


def _why_letters_get_lost(model: Model, queue: Queue) -> str:
    """Say why a dead letter that is on its way to this queue, or stands in it, may be lost."""
    sources = facts.dead_letters_into(model, queue)
    if not sources:
        return ""
    letters = f"dead letters of queue `{sources[0].name}` are republished without confirms"
    if facts.is_bounded(queue):
        return f"{letters} and queue `{queue.name}` takes no more when it is full ({queue.overflow})"
    gone = facts.loses_memory(model, queue.node) or facts.deleted_with_messages(model, queue)
    if gone:
        return f"{letters} and {gone}"
    for consumer in facts.consumers_of(model, queue):
        reason = _why_auto_ack_loses(model, consumer, queue)
        if reason:
            return reason
    return ""


def _why_auto_ack_loses(model: Model, consumer: ConsumerGroup, queue: Queue) -> str:
    if consumer.ack != "auto":
        return ""
    broken = facts.breaks_consumer(model, consumer, queue)
    if broken:
        return f"`{consumer.name}` acknowledges automatically and {broken}"
    if consumer.exceptions and consumer.exceptions.probability > 0:
        return f"`{consumer.name}` acknowledges automatically before it fails"
    return ""


def _why_recovered(model: Model) -> str:
    return "a confirm that is missing or late says nothing: the message may have been stored all the same"


def _any_queue(model: Model, why: Callable[[Model, Queue], str]) -> str:
    return next(filter(None, (why(model, queue) for queue in model.queues)), "")


def _why_redelivered(model: Model) -> str:
    reason = _any_queue(model, facts.redelivery_possible) or replies.delivered_again(model)
    return f"at least once: {reason}" if reason else ""


def _why_twice(model: Model) -> str:
    reason = _any_queue(model, facts.copies_possible) or replies.stored_twice(model)
    return f"the broker does not look for duplicates: {reason}" if reason else ""


def _why_double(model: Model) -> str:
    return _any_queue(model, _why_double_in) or replies.acted_on_twice(model)


def _why_double_in(model: Model, queue: Queue) -> str:
    groups = facts.consumers_of(model, queue)
    if not groups:
        return ""
    reason = (
        facts.copies_possible(model, queue)
        or facts.redelivery_possible(model, queue)
        or facts.dead_letters_double(model, queue)
    )
    if not reason:
        return ""
    alone = len(groups) == 1
    if alone and facts.remembers_all(groups[0]) and groups[0].service is not None:
        return ""
    gap = _gap(groups[0]) if alone else f"queue `{queue.name}` has several groups"
    return f"{reason}, and {gap}"


def _gap(consumer: ConsumerGroup) -> str:
    """Say why a group does not recognise every duplicate."""
    if not consumer.deduplicate:
        return f"`{consumer.name}` does not recognise duplicates"
    if consumer.recall.how == "check-then-act":
        return f"`{consumer.name}` looks before it acts, and others may look meanwhile"
    return f"`{consumer.name}` forgets business ids"


def _why_disorder(model: Model) -> str:
    return _any_queue(model, _why_disorder_in) or replies.out_of_order(model)


def _why_disorder_in(model: Model, queue: Queue) -> str:
    consumers, feeders = facts.consumers_of(model, queue), facts.feeders_of(model, queue)
    if not consumers:
        return ""
    sources = facts.dead_letters_into(model, queue)
    if sources:
        return f"queue `{queue.name}` gets dead letters of `{sources[0].name}`, in the order in which they died"
    if not feeders:
        return ""
    if queue.max_priority > 0 and len({value for p in feeders for value, _ in p.message.priorities or ((0, 1),)}) > 1:
        return f"queue `{queue.name}` serves higher priorities first"
    at_once = [facts.works_at_once(group) for group in consumers]
    if (max(at_once) if queue.single_active_consumer else sum(at_once)) > 1:
        return f"several consumers work on queue `{queue.name}` at once"
    if sum(group.count for group in feeders) > 1:
        return f"several producers send to queue `{queue.name}`, and order holds for one alone"
    producer, consumer = feeders[0], consumers[0]
    if producer.arrivals.kind == "by_hand":
        return f"`{producer.name}` is written by hand"
    again = _why_sent_later(model, producer) or facts.redelivery_possible(model, queue)
    if again:
        return again
    for who, link in ((producer.name, producer.link), (consumer.name, consumer.link)):
        if facts.reorders_link(link):
            return f"on the link of `{who}` packets overtake each other"
    if consumer.exceptions and consumer.exceptions.probability > 0 and consumer.exceptions.then == "hold":
        return f"`{consumer.name}` holds back what it fails on"
    return ""


def _why_sent_later(model: Model, producer: ProducerGroup) -> str:
    """Say why a message may be sent after a younger one."""
    again = facts.resends(model, producer) or replies.sent_late(producer)
    if again or producer.retry.attempts == 1:
        return again
    if producer.buffer is not None and producer.buffer.when_full == "fail":
        return f"`{producer.name}` tries again later when its buffer is full"
    broken = facts.breaks_producer(model, producer)
    if broken:
        return f"`{producer.name}` tries again later when {broken}"
    refusing = [q for q in facts.queues_of(model, producer) if facts.refuses(q)]
    if refusing and producer.learns:
        return f"`{producer.name}` tries again later when `{refusing[0].name}` refuses"
    return ""


def _why_stale(model: Model) -> str:
    return _any_queue(model, _why_stale_in)


def _why_stale_in(model: Model, queue: Queue) -> str:
    if not facts.expires(model, queue) or not facts.consumers_of(model, queue):
        return ""
    return facts.arrives_late(model, queue)
