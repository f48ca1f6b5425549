"""One message's life in plain sentences, and which decision and which setting made it end as it did."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mqlab.checks import ANOMALIES, judge
from mqlab.explain.clusters import CLUSTER_KINDS
from mqlab.explain.groups import around_groups
from mqlab.explain.ledgers import LEDGER_SENTENCES, ledger_turns
from mqlab.explain.logs import LOG_SENTENCES, log_turns
from mqlab.explain.reasons import reason_of
from mqlab.explain.replicas import REPLICA_KINDS, with_replicas
from mqlab.explain.replies import REPLY_SENTENCES, answers_to
from mqlab.explain.sentences import SENTENCES
from mqlab.explain.story import Moment, Story, moment_text, story_of
from mqlab.explain.turns import turns
from mqlab.model import Model
from mqlab.trace.batches import with_batch
from mqlab.trace.fates import Cause, Fate, fate_label
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import EVENT, Trace

__all__ = ["Account", "Sentence", "explain", "interesting", "tell"]

NODE_KINDS = (Kind.NODE_CRASHED, Kind.NODE_RESTARTED, Kind.ALARM_RAISED, Kind.ALARM_CLEARED)
SPELL_KINDS = (Kind.CLOCK_CHANGED, Kind.SLOWED, Kind.SLOW_ENDED, Kind.PAUSED, Kind.RESUMED)
"""Told of a node as well as its crashes, and of clients while they have to do with the message."""
_TOLD_ELSEWHERE = (Kind.ACK_SENT, Kind.ACKED, Kind.OFFSET_COMMITTED, Kind.TRANSACTION_MARKED)
"""Of a log: told where they concern the record."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that happened: when, and in words (with the time, and a full stop)."""

    time_ns: int
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Account:
    """The life of one message."""

    message: int
    sentences: tuple[Sentence, ...]
    closing: tuple[str, ...]
    """The fate of each obligation and its reason; then what doubled, refused or delayed the message."""

    def __str__(self) -> str:
        told = "\n".join(sentence.text for sentence in self.sentences)
        return f"{told}\n\n" + "\n".join(self.closing)


def explain(trace: Trace, model: Model, message: int) -> Account:
    """Tell the life of one message.

    Parameters
    ----------
    trace
        With events; they are read for this message alone.
    model
        What was run.
    message
        The number of the message, from 0.

    Raises
    ------
    BadInput
        There is no such message (the valid range is named), or the trace kept no events.

    Examples
    --------
    >>> print(explain(trace, model, 4711))                                              # doctest: +SKIP
    At 3.120 s buyers[17] created message 4711 (key 3, 1 KiB).
    ...
    """
    story = story_of(trace, model, message)
    if trace.events is not None and any(queue.replicas for queue in model.queues):
        world = trace.events.of_message(-1).astype(EVENT, copy=False)
        story = replace(story, events=with_replicas(story.events, world))
    if trace.events is not None and model.topics:
        story = replace(story, events=with_batch(trace.events, story.events))
    sentences = []
    for row in _in_order(story):
        moment = Moment(story, row)
        sentences.append(Sentence(moment.time_ns, f"At {moment_text(moment.time_ns)} {_words(moment)}."))
    for answer in answers_to(story):
        sentences += _of_reply(story_of(trace, model, answer))
    sentences.sort(key=lambda sentence: sentence.time_ns)
    return Account(message, tuple(sentences), tuple(_closing(story)))


def _words(moment: Moment) -> str:
    kind = Kind(int(moment.row["kind"]))
    if moment.story.in_reply_to >= 0 and kind in REPLY_SENTENCES:
        return REPLY_SENTENCES[kind](moment)
    if moment.story.model.ledgers and kind in LEDGER_SENTENCES:
        return LEDGER_SENTENCES[kind](moment)
    if moment.story.model.topics and kind in LOG_SENTENCES:
        return LOG_SENTENCES[kind](moment)
    return SENTENCES[kind](moment)


def _of_reply(reply: Story) -> list[Sentence]:
    """Tell what happened to a reply as a part of its request's life."""
    moments = [Moment(reply, row) for row in reply.events]
    return [
        Sentence(m.time_ns, f"At {moment_text(m.time_ns)}, of the reply {reply.message}: {_words(m)}.") for m in moments
    ]


def tell(trace: Trace, model: Model, message: int) -> str:
    """Tell the life of one message as one text; see :func:`explain`."""
    return str(explain(trace, model, message))


def _in_order(story: Story) -> list[np.void]:
    """Merge what happened to the message with what happened to those who had to do with it.

    At the same instant the world goes first (a crash, then what it took), after an exception that brought
    it about.
    """
    around = _around(story)
    rows = [*around, *story.events]
    rank = [1] * len(around) + [0 if row["kind"] == Kind.FAILED else 2 for row in story.events]
    order = sorted(range(len(rows)), key=lambda i: (int(rows[i]["time_ns"]), rank[i], i))
    return [rows[i] for i in order]


def _around(story: Story) -> NDArray[np.void]:
    """World events of the broker while the message lived, and of clients while they had to do with it."""
    events, world = story.events, story.world
    if not len(events):
        return world[:0]
    begin, end = events["time_ns"].min(), events["time_ns"].max()
    nodes = [i for i, entity in enumerate(story.trace.entities) if entity.kind == "node"]
    told = np.isin(world["kind"], NODE_KINDS)
    told |= np.isin(world["kind"], SPELL_KINDS) & np.isin(world["actor"], nodes)
    told |= np.isin(world["kind"], CLUSTER_KINDS)
    told |= np.isin(world["kind"], REPLICA_KINDS) & np.isin(world["queue"], story.fates["queue"])
    of_queues = np.isin(world["kind"], (Kind.QUEUE_DELETED, Kind.QUEUE_DECLARED))
    told |= of_queues & np.isin(world["queue"], events["queue"])
    wanted = told & (world["time_ns"] >= begin) & (world["time_ns"] <= end)
    for actor in dict.fromkeys(events["actor"].tolist()):
        times = events["time_ns"][events["actor"] == actor]
        there = (world["time_ns"] >= times.min()) & (world["time_ns"] <= times.max())
        wanted |= (world["actor"] == actor) & ~of_queues & there
    if story.model.topics:
        wanted = around_groups(story, wanted)
    wanted &= ~np.isin(world["kind"], _TOLD_ELSEWHERE)
    rows: NDArray[np.void] = world[wanted]
    return rows


def _closing(story: Story) -> list[str]:
    lines = []
    for row in story.fates:
        label = fate_label(int(row["fate"]), int(row["cause"]))
        name = story.copy_name(int(row["copy"]), int(row["queue"])) if row["queue"] >= 0 else "the message"
        if row["enqueued_ns"] < 0:
            name = name.replace("copy in", "copy meant for")
        lines.append(f"Fate of {name}: {label}. {reason_of(story, row)}")
    told = ledger_turns if story.model.ledgers else log_turns if story.model.topics else turns
    return lines + [str(reason) for reason in told(story)]


def interesting(trace: Trace, *, model: Model | None = None, most: int = 3) -> dict[str, tuple[int, ...]]:
    """Find messages worth explaining: for each fate and each anomaly that occurred, a few of their numbers.

    Parameters
    ----------
    trace
        Without FATE rows there is nothing to find.
    model
        Lets anomalies be found that depend on who asks for confirms.
    most
        How many numbers for each.

    Returns
    -------
    dict
        By anomaly (in their order), then by fate label; only what occurred.

    Examples
    --------
    >>> interesting(trace)                                                              # doctest: +SKIP
    {'redelivered': (17, 42), 'processed': (0, 1, 2), 'lost:wire': (5,)}
    """
    if trace.fates is None:
        return {}
    found = {finding.name: finding.examples[:most] for finding in judge(trace, {}, model=model)}
    named = {name: found[name] for name in ANOMALIES if found[name]}
    fate, cause = trace.fates.column("fate"), trace.fates.column("cause")
    message = trace.fates.column("message")
    kinds = fate.astype(np.int64) * 256 + np.where(fate == Fate.LOST, cause, Cause.NONE)
    for kind in np.flatnonzero(np.bincount(kinds)) if len(kinds) else ():
        numbers = message[np.flatnonzero(kinds == kind)[: 10 * most]]
        named[fate_label(int(kind) // 256, int(kind) % 256)] = tuple(dict.fromkeys(numbers.tolist()))[:most]
    return named
