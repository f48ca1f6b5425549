"""What ledgers promise under a configuration: quorums, journals, subscriptions, acknowledgements, letters.

Faults that come at random count as several. The first reason found permits an anomaly; where there is none the system
promises its absence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mqlab.model import ConsumerGroup, Fault, Model, Topic
from mqlab.systems.base import ANOMALIES, Promise

__all__ = ["ledger_contract"]

_MANY: Final = 2
_NEVER: Final = {
    "phantom": "no system may deliver what nobody sent",
    "stale": "messages have no time-to-live",
    "aborted_read": "no producer works in transactions",
    "reply_mismatch": "nobody asks for replies",
}


def ledger_contract(model: Model) -> dict[str, Promise]:
    """Judge what a system such as Pulsar promises for this model.

    Examples
    --------
    >>> from mqlab.scenario import load                                                 # doctest: +SKIP
    >>> ledger_contract(load("pulsar-bookie-lost").model)["lost"].permitted             # doctest: +SKIP
    False
    """
    lost, again, twice = _why_lost(model), _why_redelivered(model), _why_stored_twice(model)
    aside = _why_aside(model)
    safe = "what is acknowledged has been journalled by the ack quorum, and stays until it is acknowledged again"
    turn = "one consumer reads one entry after the other"
    reasons = {
        "lost": (lost, safe),
        "recovered": ("a batch may be stored though its answer never comes", ""),
        "redelivered": (again, "nothing that a consumer has is taken back"),
        "enqueued_twice": (twice, "nothing that a broker has stored is stored again"),
        "log_duplicate": (twice or _why_letters(model), "nothing that a broker has stored is stored again"),
        "duplicate_effect": (again or twice or _why_letters(model), "no message reaches a handler twice"),
        "out_of_order": (_why_disorder(model), "messages of one producer and key reach one consumer in their order"),
        "skipped": (aside or again or lost, turn),
        "nonmonotonic": (aside or again, turn),
        "unseen": (aside or again or lost, turn),
        "inconsistent_offsets": (lost, "an offset that somebody has seen holds one message"),
    }
    promises: dict[str, Promise] = {}
    for anomaly in ANOMALIES:
        if anomaly in _NEVER:
            promises[anomaly] = Promise(False, _NEVER[anomaly])
        else:
            why, because = reasons[anomaly]
            promises[anomaly] = Promise(bool(why), why or because)
    return promises


def _faults(model: Model) -> list[Fault]:
    return [*model.faults, *(each.fault for each in model.random_faults for _ in range(_MANY))]


def _bookies(model: Model) -> tuple[str, ...]:
    return () if model.ledgers is None else model.ledgers.bookies


def _brokers_go_down(model: Model) -> str:
    brokers = {node.name for node in model.nodes} - set(_bookies(model))
    return next((f.target for f in _faults(model) if f.target.removeprefix("nodes.") in brokers), "")


def _dies(model: Model, group: ConsumerGroup) -> bool:
    return any(f.target.partition("[")[0] in (group.name, f"consumers.{group.name}") for f in _faults(model))


def _lost_bookies(model: Model, topic: Topic) -> int:
    """Count the bookies that may take with them, for good or until the end, what they have acknowledged."""
    assert model.ledgers is not None
    gone = [
        fault.target for fault in _faults(model)
        if fault.target.removeprefix("nodes.") in _bookies(model)
        and (fault.for_ns < 0 or fault.at_ns + fault.for_ns >= model.end_ns
             or (fault.kind == "power_loss" and not model.ledgers.journal_sync))
    ]  # fmt: skip
    random = [each.fault.target for each in model.random_faults]
    return len(set(gone)) + sum(target in random for target in set(gone))


def _why_lost(model: Model) -> str:
    for topic in model.topics:
        if topic.quorum is None:
            continue
        gone = _lost_bookies(model, topic)
        if gone >= topic.quorum.ack:
            needed = f"{topic.quorum.ack} {'bookie' if topic.quorum.ack == 1 else 'bookies'}"
            return f"an entry of `{topic.name}` is safe with {needed} (ack_quorum), and as many are lost"
    for group in model.consumers:
        how = group.subscribing
        if how is not None and how.ack_type == "cumulative" and group.exceptions is not None:
            return f"`{group.name}` acknowledges cumulatively, and what fails is acknowledged with what comes after it"
    return ""


def _why_redelivered(model: Model) -> str:
    for group in model.consumers:
        how = group.subscribing
        if _dies(model, group):
            return f"`{group.name}` crashes, and what it has not acknowledged is sent again"
        if group.exceptions is not None and group.exceptions.then == "nack":
            return f"`{group.name}` acknowledges negatively what fails"
        if how is not None and how.ack_timeout_ns:
            return f"`{group.name}` asks again for what it has not acknowledged in time (ack_timeout)"
    broker = _brokers_go_down(model)
    return f"`{broker}` goes down, and another broker sends again what was not acknowledged" if broker else ""


def _why_stored_twice(model: Model) -> str:
    broker = _brokers_go_down(model)
    written = {group.batching.topic for group in model.producers if group.batching is not None}
    for topic in model.topics:
        if broker and topic.name in written and not topic.deduplicate:
            return f"`{broker}` goes down, and `{topic.name}` does not drop what is sent again (deduplication: false)"
    return ""


def _why_letters(model: Model) -> str:
    for group in model.consumers:
        how = group.subscribing
        if how is not None and (how.retry or how.dead_letter):
            return f"`{group.name}` sends letters, and one message may be sent on several times"
    return ""


def _members(model: Model) -> Iterator[tuple[ConsumerGroup, int]]:
    """Give each group, and how many members its subscription has."""
    for group in model.consumers:
        if group.subscribing is not None:
            same = [
                other.count for other in model.consumers
                if other.subscribing is not None and other.queue == group.queue
                and other.subscribing.subscription == group.subscribing.subscription
            ]  # fmt: skip
            yield group, sum(same)


def _why_aside(model: Model) -> str:
    """Say why a consumer may get offsets in any order."""
    for group, members in _members(model):
        how = group.subscribing
        assert how is not None
        if how.kind in ("shared", "key_shared") and (members > 1 or group.exceptions is not None or how.retry):
            return f"consumers of `{how.subscription}` share what they read ({how.kind})"
    return ""


def _why_disorder(model: Model) -> str:
    writing: dict[str, int] = {}
    sizes: dict[str, int] = {}
    keyless: set[str] = set()
    for producer in model.producers:
        if producer.batching is None:
            continue
        topic = producer.batching.topic
        writing[topic] = writing.get(topic, 0) + producer.count
        if writing[topic] > 1:
            return f"several producers write to `{topic}`"
        sizes[topic] = producer.batching.batch_bytes // max(1, producer.message.size_bytes)
        if producer.message.keys.kind == "none":
            keyless.add(topic)
    for group, members in _members(model):
        how = group.subscribing
        assert how is not None
        if group.exceptions is not None and (group.exceptions.then != "hold" or _why_redelivered(model)):
            return f"what `{group.name}` could not process comes again later"
        if how.ack_timeout_ns:
            return f"what `{group.name}` has not acknowledged in time comes again later"
        if how.dead_letter or how.retry:
            return f"letters of `{group.name}` are written when they are, not when their messages were"
        if members > 1 and how.kind == "shared":
            return f"consumers of `{how.subscription}` work side by side (shared)"
        if members > 1 and how.kind == "key_shared" and group.queue in keyless:
            return f"messages of `{group.queue}` have no keys to share by"
        if members > 1 and how.kind == "key_shared" and sizes.get(group.queue, 0) > 1:
            return f"a batch goes by the key of its first message (batch_records of who writes to `{group.queue}`)"
    return ""
