"""What a replicated log promises under a configuration: acks, replicas in sync, elections, commits.

Faults that come at random count as several. As for queues the first reason found permits an anomaly; where there is
none the system promises its absence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mqlab.model import Batching, ConsumerGroup, Model, ProducerGroup, Topic
from mqlab.systems.base import ANOMALIES, Promise
from mqlab.systems.group_promises import why_passed_over, why_thrown_out
from mqlab.systems.log_durability import deposes, hits_of, why_committed_is_lost

__all__ = ["log_contract"]

_NEVER: Final = {
    "phantom": "no system may deliver what nobody sent",
    "skipped": "a consumer reads one offset after the other, and begins again where it committed",
    "stale": "records have no time-to-live",
    "reply_mismatch": "nobody asks for replies",
}


def log_contract(model: Model) -> dict[str, Promise]:
    """Judge what a log such as Kafka promises for this model.

    Examples
    --------
    >>> from mqlab.scenario import load                                                 # doctest: +SKIP
    >>> log_contract(load("kafka-acks-all").model)["lost"].permitted                    # doctest: +SKIP
    False
    """
    again, twice, cut = _why_redelivered(model), _why_appended_twice(model), _why_cut(model)
    reasons = {
        "lost": (_why_lost(model), "what is acknowledged is on enough replicas, and is committed when it is processed"),
        "recovered": ("a batch may be appended though its answer never comes", ""),
        "redelivered": (again, "no consumer dies, so none begins again at an earlier offset"),
        "enqueued_twice": (twice, "nothing that a leader has appended is appended again"),
        "log_duplicate": (twice or cut, "nothing that a leader has appended is appended again"),
        "nonmonotonic": (cut, "a consumer reads one offset after the other, and what it can read is not cut off"),
        "inconsistent_offsets": (
            cut or _why_told_too_early(model), "what was acknowledged or read at an offset is not cut off it"
        ),
        "aborted_read": (_why_aborted_read(model), "who reads a topic with transactions reads only what is committed"),
        "duplicate_effect": (
            _why_redelivered(model, effects=True) or twice,
            "no record reaches a handler twice, or what is made of it is committed with its offset",
        ),
        "unseen": (_why_passed_over(model), "what is below the high watermark is handed out in its turn"),
        "out_of_order": (_why_disorder(model), "one producer a partition, and no batch overtakes another"),
    }
    promises: dict[str, Promise] = {}
    for anomaly in ANOMALIES:
        if anomaly in _NEVER:
            promises[anomaly] = Promise(False, _NEVER[anomaly])
        else:
            why, because = reasons[anomaly]
            promises[anomaly] = Promise(bool(why), why or because)
    return promises


def _senders(model: Model) -> Iterator[tuple[ProducerGroup, Batching, Topic]]:
    topics = {topic.name: topic for topic in model.topics}
    for group in model.producers:
        if group.batching is not None:
            yield group, group.batching, topics[group.batching.topic]


def _readers(model: Model, topic: Topic) -> Iterator[ConsumerGroup]:
    return (group for group in model.consumers if topic.name in group.topics)


def _dies(model: Model, group: ConsumerGroup) -> bool:
    """Say whether a member may die without a word, or the producer that is one process with it."""
    if any(step.how == "kill" for step in group.scale[1:]):
        return True
    faults = (*model.faults, *(each.fault for each in model.random_faults))
    names = {group.name, f"consumers.{group.name}"}
    for maker in model.producers:
        if maker.batching is not None and maker.batching.made_by == group.name:
            names |= {maker.name, f"producers.{maker.name}"}
    return any(fault.target.partition("[")[0] in names for fault in faults)


def _why_lost(model: Model) -> str:
    for group, batching, topic in _senders(model):
        why = _why_not_kept(model, group, batching, topic)
        if why:
            return why
        for reader in _readers(model, topic):
            if why_passed_over(reader):
                return why_passed_over(reader)
            if reader.polling is not None and reader.polling.commit == "before" and _dies(model, reader):
                return f"`{reader.name}` commits before it processes, and it crashes"
    return ""


def _why_not_kept(model: Model, group: ProducerGroup, batching: Batching, topic: Topic) -> str:
    """Say why what a producer was told is safe may be gone."""
    if batching.acks == "0":
        return f"`{group.name}` asks for no acknowledgement (acks: 0)"
    if batching.acks == "1" and len(topic.partitions[0]) > 1 and deposes(hits_of(model, topic)):
        return f"`{group.name}` is told as soon as the leader has it (acks: 1), and a leader may go down"
    return why_committed_is_lost(model, topic)


def _why_cut(model: Model) -> str:
    """Say why what stands below the high watermark may be cut off the log, so that others stand there then."""
    return next((why for _, _, topic in _senders(model) if (why := why_committed_is_lost(model, topic))), "")


def _why_told_too_early(model: Model) -> str:
    """Say why an offset may be acknowledged before it is safe."""
    for group, batching, topic in _senders(model):
        if batching.acks != "0":
            why = _why_not_kept(model, group, batching, topic)
            if why:
                return why
    return ""


def _why_redelivered(model: Model, *, effects: bool = False) -> str:
    """Say why records are polled again; with ``effects``: and why their work has its effect again."""
    for group in model.consumers:
        if effects and group.polling is not None and group.polling.commit == "transaction":
            if _dies(model, group) and _why_aborted_read(model):
                return _why_aborted_read(model)
            continue
        made = _why_not_written(model, group)
        if made:
            return made
        if _dies(model, group):
            return f"`{group.name}` crashes, and begins again at the offset that was committed last"
        if group.polling is not None and group.polling.seeks:
            return f"`{group.name}` goes to another offset (seek)"
        if why_thrown_out(model, group):
            return why_thrown_out(model, group)
    return ""


def _why_passed_over(model: Model) -> str:
    return next(filter(None, map(why_passed_over, model.consumers)), "")


def _why_appended_twice(model: Model) -> str:
    for group, batching, _ in _senders(model):
        if batching.acks != "0" and not batching.idempotent:
            return f"`{group.name}` sends again what is not answered, and is not idempotent"
    return ""


def _why_disorder(model: Model) -> str:
    for reader in model.consumers:
        if reader.polling is not None and reader.polling.seeks:
            return f"`{reader.name}` goes to another offset (seek)"
        if reader.polling is not None and reader.polling.commit == "before" and why_thrown_out(model, reader):
            return f"{why_thrown_out(model, reader)}, and goes on with what it has committed, beside another"
    writing: dict[str, int] = {}
    for group, batching, topic in _senders(model):
        writing[topic.name] = writing.get(topic.name, 0) + group.count
        if writing[topic.name] > 1:
            return f"several producers write to `{topic.name}`"
        if batching.acks != "0" and not batching.idempotent and batching.max_in_flight > 1:
            return f"`{group.name}` has several batches in flight, and one that is sent again comes after later ones"
    return ""


def _why_aborted_read(model: Model) -> str:
    for group, batching, topic in _senders(model):
        for reader in _readers(model, topic):
            if batching.transactions and reader.polling and reader.polling.isolation == "read_uncommitted":
                return f"`{reader.name}` reads what `{group.name}` may abort (isolation: read_uncommitted)"
    return ""


def _why_not_written(model: Model, group: ConsumerGroup) -> str:
    """Say why what a group makes of a poll may not be written, so that it polls all of it again."""
    for maker in model.producers:
        if maker.batching is None or maker.batching.made_by != group.name:
            continue
        works = maker.batching.transactions
        if works is not None and works.rollback > 0:
            return f"`{maker.name}` aborts transactions, and `{group.name}` polls again what they were made of"
        if model.faults or model.random_faults or maker.link.up.loses or maker.link.down.loses:
            return f"what `{maker.name}` sends may fail, and `{group.name}` polls again what it was made of"
    return ""
