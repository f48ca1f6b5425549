"""What happens to a record of a log, in words: batches, leaders, replicas, offsets; and why it ended as it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from mqlab.explain.clusters import cluster_reason
from mqlab.explain.groups import polled_again, readers_of, reset_reason
from mqlab.explain.log_transactions import TRANSACTION_SENTENCES, aborted, refused_for_good
from mqlab.explain.reason import Reason
from mqlab.explain.story import Moment, Story, moment_text, span, times
from mqlab.model import Topic
from mqlab.trace.fates import Cause, Fate
from mqlab.trace.kinds import Kind

__all__ = ["LOG_KINDS", "LOG_SENTENCES", "log_reason", "log_turns"]

_ANSWERS = (
    "yes", "too few replicas were in sync", "it did not lead the partition", "what came before was missing",
    "it had it already", "another incarnation of the producer has its transactional id",
    "the coordinator knew of no such transaction",
)  # fmt: skip


def _topic(story: Story, queue: int) -> Topic | None:
    return next((topic for topic in story.model.topics if topic.name == story.group(queue)), None)


def _batch(m: Moment) -> str:
    count = int(m.row["count"])
    return "it" if count == 1 else f"its batch of {count} records"


def _confirm_sent(m: Moment) -> str:
    leader = m.story.name(m.first)
    if m.cause:
        return f"{leader} refused {_batch(m)}: {_ANSWERS[m.cause]}"
    return f"{leader} acknowledged {_batch(m)}"


def _truncated(m: Moment) -> str:
    cluster = m.story.model.cluster
    marks = cluster is not None and cluster.truncation == "high_watermark"
    why = "all beyond the high watermark that it knew" if marks else "which its leader did not have"
    return f"{m.who} cut {int(m.row['count'])} records off its log of {m.queue}, {why}"


def _elected(m: Moment) -> str:
    return f"{m.who} began to lead {m.queue}{' although it was not in sync' if m.cause else ''} (epoch {m.first})"


def _sync(m: Moment) -> str:
    return f"{m.who} {'fell out of' if m.cause else 'was back in'} sync with {m.queue}, which left {m.first} in sync"


LOG_SENTENCES: Mapping[Kind, Callable[[Moment], str]] = {
    Kind.COLLECTED: lambda m: f"{m.who} put it into a batch for {m.queue}",
    Kind.SENT: lambda m: f"{m.who} sent {_batch(m)}{f' again (try {m.attempt})' if m.attempt > 1 else ''}",
    Kind.ARRIVED: lambda m: f"{_batch(m)} arrived at {m.who}",
    Kind.APPENDED: lambda m: f"{m.who}, which led {m.queue}, put {_batch(m)} into its page cache (offset {m.first})",
    Kind.APPEND_SKIPPED: lambda m: f"{m.who} saw from its sequence number that it had {_batch(m)} already",
    Kind.REPLICATED: lambda m: f"{m.who} had fetched it",
    Kind.CONFIRM_SENT: _confirm_sent,
    Kind.CONFIRMED: lambda m: f"{m.who} learnt that {_batch(m)} was acknowledged",
    Kind.REFUSED: lambda m: f"{m.who} learnt that {_batch(m)} was refused: {_ANSWERS[m.cause]}",
    Kind.TIMED_OUT: lambda m: f"{m.who} had waited too long for an answer; what had become of {_batch(m)} was unknown",
    Kind.UNKNOWN: lambda m: f"{m.who} lost its connection; what had become of {_batch(m)} was unknown",
    Kind.BACKED_OFF: lambda m: f"{m.who} decided to send {_batch(m)} again in {span(m.first)}",
    Kind.GAVE_UP: lambda m: f"{m.who} gave {_batch(m)} up and reported an error",
    Kind.VANISHED: lambda m: f"{m.who}, the new leader, did not have {_batch(m)}: it was cut off the log of {m.queue}",
    Kind.STALE_PACKET: lambda m: f"{_batch(m)} reached {m.who} when it was down, and was gone",
    Kind.DELIVERED: lambda m: f"{m.who} polled it at offset {m.first}{' again' if m.attempt > 1 else ''}",
    Kind.DROPPED: lambda m: f"{m.who} had {int(m.row['count'])} polled records of {m.queue} in its hands and lost them",
    Kind.ACK_SENT: lambda m: f"{m.who} asked to commit offset {m.first} of {m.queue}",
    **TRANSACTION_SENTENCES,
    Kind.IN_SYNC: _sync,
    Kind.LEADER_ELECTED: _elected,
    Kind.LOG_TRUNCATED: _truncated,
    Kind.OFFSET_COMMITTED: lambda m: f"the offset {m.first} of {m.who}'s group in {m.queue} was committed",
}
"""For each kind what it says of a record; other kinds have the sentence of queues."""


def _paths(story: Story, row: np.void) -> tuple[str, str, str]:
    topic = story.group(int(row["queue"]))
    reader = next((group.name for group in readers_of(story, int(row["queue"]))), "")
    return f"producers.{story.group(int(row['producer']))}", f"topics.{topic}", f"consumers.{reader}"


def _was_unclean(story: Story, row: np.void) -> bool:
    elected = story.world[(story.world["kind"] == Kind.LEADER_ELECTED) & (story.world["queue"] == row["queue"])]
    return bool((elected["cause"] == 1).any())


def _lost(story: Story, row: np.void) -> Reason:
    who, topic, reader = _paths(story, row)
    sends = story.producer.batching if story.producer else None
    acks = f"{who}.acks: {sends.acks if sends else ''}"
    cause = Cause(int(row["cause"]))
    if cause == Cause.EARLY_COMMIT:
        return Reason(
            "Its offset was committed before it was processed, and the consumer died with it in its hands",
            (f"{reader}.commit: before",), f"{reader}.commit: after: what is not processed is polled again",
        )  # fmt: skip
    if cause == Cause.CLIENT_BUFFER:
        return Reason("Its producer died with it in its buffer, or before it had an answer and could send it again",
                      (f"{who}.linger", "faults"), "a source that can be read again: what is not acknowledged is sent "
                      "anew after a restart")  # fmt: skip
    if cause == Cause.OFFSET_RESET:
        return reset_reason(story, row, reader)
    if cause == Cause.WIRE:
        return Reason("The leader was down when its batch arrived, and nobody asked whether it had come", (acks,),
                      f"{who}.acks: all: what is not acknowledged is sent again")  # fmt: skip
    found = _topic(story, int(row["queue"]))
    settings = [acks, *([f"{topic}.min_insync: {found.min_insync}"] if found else [])]
    why = cluster_reason(story, row, who, found, tuple(settings)) if found else None
    if why is not None:
        return why
    if cause == Cause.UNSYNCED_DISK:
        return Reason(
            "It stood in page caches only, and the last replica in sync lost its power",
            ("cluster.writeback", "faults"),
            f"more replicas that must be in sync ({topic}.min_insync), in places that do not lose power together",
        )  # fmt: skip
    if found is not None and found.unclean_election and _was_unclean(story, row):
        return Reason(
            "A replica that was not in sync became the leader, and the log went on where that one ended",
            (f"{topic}.unclean_election: true", *settings),
            f"{topic}.unclean_election: false, or {topic}.min_insync: 2",
        )
    told = "its producer had been told that it was safe" if row["confirmed_ns"] >= 0 else "its producer was not told so"
    where = "Only the leader that went down had it" if cause == Cause.UNREPLICATED else "The new leader did not have it"
    return Reason(f"{where}; {told}", tuple(settings), f"{who}.acks: all with {topic}.min_insync: 2")

LOG_KINDS = (
    Kind.COLLECTED, Kind.IN_SYNC, Kind.OFFSET_COMMITTED, Kind.APPEND_SKIPPED, Kind.LOG_TRUNCATED, Kind.PRODUCER_BEGAN,
    Kind.TRANSACTION_MARKED, Kind.FENCED,
)  # fmt: skip
"""Kinds that only logs have."""


def log_reason(story: Story, row: np.void) -> Reason | None:
    """Give the reason for the fate of a record; None where that of queues will do, or the message is in no log."""
    if not story.model.topics or story.model.ledgers:
        return None
    who, topic, reader = _paths(story, row)
    fate = Fate(int(row["fate"]))
    if fate == Fate.LOST:
        return _lost(story, row)
    if fate == Fate.ABORTED:
        return aborted(story, who)
    if fate == Fate.REJECTED:
        fenced = refused_for_good(story, who)
        if fenced is not None:
            return fenced
        refused = story.of(Kind.REFUSED)
        why = _ANSWERS[int(refused[-1]["cause"])] if len(refused) else "it was refused"
        return Reason(f"The leader refused it until its producer gave up ({why})",
                      (f"{topic}.min_insync", f"{who}.delivery_timeout"))  # fmt: skip
    if fate == Fate.GAVE_UP:
        return Reason("No leader acknowledged it in time, and its producer reported an error",
                      (f"{who}.delivery_timeout", "faults"))  # fmt: skip
    if fate == Fate.IN_FLIGHT:
        if row["enqueued_ns"] < 0:
            return Reason("It was still owed at the end: no leader had appended it", ("drain",))
        if reader == "consumers.":
            return Reason("It was still owed at the end: nobody reads its topic", ("consumers",))
        return Reason("It was still owed at the end: it had not been processed", ("drain", f"{reader}.service"))
    return None


def log_turns(story: Story) -> Iterator[Reason]:
    """Say what doubled a record or delayed it."""
    for row in story.fates:
        who, _, reader = _paths(story, row)
        if row["copy_of"] >= 0:
            yield Reason("It was sent again because no answer had come, and stands in the log twice",
                         (f"{who}.idempotence: false",), f"{who}.idempotence: true")  # fmt: skip
        if row["deliveries"] > 1:
            yield from polled_again(story, row, reader)
    elected = story.world[(story.world["kind"] == Kind.LEADER_ELECTED) & (story.world["first"] > 1)]
    pauses = story.of(Kind.BACKED_OFF)
    if len(pauses) and len(elected):
        first = moment_text(int(elected[0]["time_ns"]))
        yield Reason(f"It was sent {times(len(story.of(Kind.SENT)))}; a new leader was there at {first}",
                     ("cluster.session",))  # fmt: skip
