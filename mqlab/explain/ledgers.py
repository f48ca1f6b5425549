"""What happens to a message that bookies keep, in words: quorums, owners, subscriptions; and why it ended as it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from mqlab.explain.reason import Reason
from mqlab.explain.story import Moment, Story, moment_text, span, times
from mqlab.model import ConsumerGroup, Topic
from mqlab.trace.fates import Cause, Fate
from mqlab.trace.kinds import Kind

__all__ = ["LEDGER_KINDS", "LEDGER_SENTENCES", "ledger_reason", "ledger_turns"]

_ANSWERS = ("yes", "", "it did not own the partition")


def _batch(m: Moment) -> str:
    count = int(m.row["count"])
    return "it" if count == 1 else f"its batch of {count} messages"


def _topic(story: Story, queue: int) -> Topic | None:
    return next((topic for topic in story.model.topics if topic.name == story.group(queue)), None)


def _group(story: Story, row: np.void) -> ConsumerGroup | None:
    """Find a group that reads what a row is about: by its subscription, if several read it."""
    topic, _, subscription = story.name(int(row["queue"])).partition("/")
    readers = [group for group in story.model.consumers if group.subscribing is not None
               and story.group(int(row["queue"])) in (group.queue, group.subscribing.retry)]  # fmt: skip
    for group in readers:
        if group.subscribing is not None and group.subscribing.subscription == subscription:
            return group
    return readers[0] if readers and topic else None


def _appended(m: Moment) -> str:
    return f"{m.who}, which owned {m.queue}, made {_batch(m)} an entry (offset {m.first}) and sent it to its bookies"


def _confirm_sent(m: Moment) -> str:
    broker = m.story.name(m.first)
    if m.cause:
        return f"{broker} refused {_batch(m)}: {_ANSWERS[m.cause]}"
    return f"enough bookies had {_batch(m)}, and {broker} acknowledged it"


def _vanished(m: Moment) -> str:
    if m.cause == Cause.UNSYNCED_DISK:
        return f"{m.who} found no bookie that still had {_batch(m)}"
    return f"{m.who} recovered {m.queue} and found that no bookie had {_batch(m)}"


def _acked(m: Moment) -> str:
    if m.row["message"] < 0:
        return f"{m.who} had acknowledged all of {m.queue} before offset {m.first}"
    return f"the acknowledgement of {_batch(m)} reached the broker"


def _requeued(m: Moment) -> str:
    if m.row["message"] < 0:
        return f"{int(m.row['count'])} messages of {m.queue} were taken back, to be sent again"
    return f"the broker took {_batch(m)} back for {m.who}, to be sent again (redelivery {m.attempt})"


def _replaced(m: Moment) -> str:
    return f"{m.who} took the place of {m.story.name(m.first)} among the bookies of {m.queue}"


def _letter(m: Moment) -> str:
    return f"{m.who} sent {_batch(m)} to the {'retry' if m.cause else 'dead letter'} topic"


LEDGER_SENTENCES: Mapping[Kind, Callable[[Moment], str]] = {
    Kind.APPENDED: _appended,
    Kind.APPEND_SKIPPED: lambda m: f"{m.who} knew {_batch(m)} by its sequence, and dropped it",
    Kind.SYNCED: lambda m: f"{m.who} had {_batch(m)} in its journal, on disk",
    Kind.WRITTEN: lambda m: f"{m.who} had {_batch(m)} in its journal, in the page cache",
    Kind.CONFIRM_SENT: _confirm_sent,
    Kind.REFUSED: lambda m: f"{m.who} learnt that {_batch(m)} was refused: {_ANSWERS[m.cause]}",
    Kind.VANISHED: _vanished,
    Kind.DISPATCHED: lambda m: f"the broker sent {_batch(m)} to {m.who}{' again' if m.attempt > 1 else ''}",
    Kind.DELIVERED: lambda m: f"{m.who} received it{' again' if m.attempt > 1 else ''}",
    Kind.ACK_SENT: lambda m: f"{m.who} acknowledged {_batch(m)}",
    Kind.ACKED: _acked,
    Kind.ACK_IGNORED: lambda m: f"{m.who}'s acknowledgement of {_batch(m)} came too late, and counted for nothing",
    Kind.FAILED: lambda m: f"{m.who}'s handler failed",
    Kind.NACK_SENT: lambda m: f"{m.who} acknowledged it negatively",
    Kind.HELD: lambda m: f"{m.who} neither acknowledged it nor said that it had failed",
    Kind.REQUEUED: _requeued,
    Kind.LETTER_SENT: _letter,
    Kind.LEADER_LOST: lambda m: f"{m.who}, which owned {m.queue}, went down",
    Kind.OWNED: lambda m: f"{m.who} owned {m.queue} from then on, and recovered {int(m.row['count'])} entries",
    Kind.ENSEMBLE_CHANGED: _replaced,
    Kind.ACTIVATED: lambda m: f"{m.who} became the active consumer of {m.queue}",
}
"""For each kind what it says where bookies keep messages; other kinds have the sentence of logs."""

LEDGER_KINDS = (Kind.OWNED, Kind.ENSEMBLE_CHANGED, Kind.LETTER_SENT)
"""Kinds that only ledgers have."""


def _lost(story: Story, row: np.void, topic: str, reader: str) -> Reason:
    cause = Cause(int(row["cause"]))
    found = _topic(story, int(row["queue"]))
    quorum = f"{topic}.ack_quorum: {found.quorum.ack if found and found.quorum else ''}"
    if cause == Cause.EARLY_COMMIT:
        return Reason("A cumulative acknowledgement of what came later covered it, and it had not been processed",
                      (f"{reader}.ack_type: cumulative",), f"{reader}.ack_type: individual")  # fmt: skip
    if cause == Cause.UNSYNCED_DISK:
        return Reason("Its bookies had not flushed it when they lost their power", ("cluster.journal_sync", quorum),
                      "cluster.journal_sync: true")  # fmt: skip
    if cause == Cause.UNREPLICATED and row["confirmed_ns"] >= 0:
        return Reason("It was acknowledged when the ack quorum had it, and every bookie that has it is down",
                      (quorum, "faults"), f"a larger {topic}.ack_quorum")  # fmt: skip
    return Reason("No bookie had it when another broker took over, and its producer was not told that it was safe",
                  (f"producers.{story.group(int(row['producer']))}.send_timeout", "faults"))  # fmt: skip


def ledger_reason(story: Story, row: np.void) -> Reason | None:
    """Give the reason for the fate of a message; None where that of queues will do, or no bookies keep it."""
    if story.model.ledgers is None:
        return None
    group = _group(story, row)
    who, topic = f"producers.{story.group(int(row['producer']))}", f"topics.{story.group(int(row['queue']))}"
    reader = f"consumers.{group.name if group else ''}"
    fate = Fate(int(row["fate"]))
    if fate == Fate.LOST:
        return _lost(story, row, topic, reader)
    if fate == Fate.DEAD_LETTERED:
        how = group.subscribing if group else None
        if how is not None and how.dead_letter:
            what = f"It had come again {times(how.max_redeliver)} and failed once more, or was to be tried later"
            return Reason(what, (f"{reader}.dead_letter.max_redeliver: {how.max_redeliver}",))
        return Reason("It failed, and is to be tried later from the retry topic", (f"{reader}.exceptions.then",))
    if fate == Fate.NO_SUBSCRIBER:
        return Reason("Nobody subscribes to its topic, so it was let go of at once", ("consumers",))
    if fate in (Fate.GAVE_UP, Fate.REJECTED):
        return Reason("No broker acknowledged it in time, and its producer reported an error",
                      (f"{who}.send_timeout", "faults"))  # fmt: skip
    if fate == Fate.IN_FLIGHT:
        if row["enqueued_ns"] < 0:
            return Reason("It was still owed at the end: no broker had stored it", ("drain",))
        if row["deliveries"] > 0:
            settings = (f"{reader}.nack_delay", f"{reader}.ack_timeout", "drain")
            return Reason("It was still owed at the end: it had been received and was not processed", settings)
        return Reason("It was still owed at the end: no consumer had received it", ("drain", f"{reader}.service"))
    return None


def ledger_turns(story: Story) -> Iterator[Reason]:
    """Say what doubled a message or delayed it."""
    for row in story.fates:
        group = _group(story, row)
        reader = f"consumers.{group.name if group else ''}"
        topic = f"topics.{story.group(int(row['queue']))}"
        if row["copy_of"] >= 0:
            yield Reason("It was sent again because no answer had come, and stands in its topic twice",
                         (f"{topic}.deduplication: false",), f"{topic}.deduplication: true")  # fmt: skip
        if row["deliveries"] > 1 and group is not None and group.subscribing is not None:
            how = group.subscribing
            settings: tuple[str, ...]
            because, settings = "what was not acknowledged came again", (f"{reader}.acks.after", "faults")
            if len(story.of(Kind.NACK_SENT)):
                because, settings = "it was acknowledged negatively", (f"{reader}.nack_delay: {span(how.nack_ns)}",)
            elif len(story.of(Kind.HELD)) and how.ack_timeout_ns:
                because = "it was not acknowledged in time"
                settings = (f"{reader}.ack_timeout: {span(how.ack_timeout_ns)}",)
            yield Reason(f"It was received {times(int(row['deliveries']))}: {because}", settings)
    owned = story.world[story.world["kind"] == Kind.OWNED]
    if len(story.of(Kind.BACKED_OFF)) and len(owned):
        first = moment_text(int(owned[0]["time_ns"]))
        yield Reason(f"It was sent {times(len(story.of(Kind.SENT)))}; another broker owned its topic at {first}",
                     ("cluster.session",))  # fmt: skip
