"""Requests and replies in words: what links a message to the one it answers, and why a reply ended as it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from mqlab.explain.reason import Reason, consumers_path
from mqlab.explain.story import Moment, Story, moment_text, span, times
from mqlab.model import ProducerGroup
from mqlab.trace.fates import Cause, Fate
from mqlab.trace.kinds import Kind

__all__ = ["REPLY_SENTENCES", "abandoned", "answers_to", "reply_reason", "reply_turns", "request_turns"]


def _asker(story: Story) -> ProducerGroup | None:
    """Find the group whose request a reply answers: by the requester's name, or the only one that asks."""
    asking = [group for group in story.model.producers if group.request is not None]
    rows = story.of(Kind.DISPATCHED, Kind.UNROUTABLE, Kind.REPLY_LATE, Kind.PROCESSED)
    names = {story.group(int(row["actor"])) for row in rows}
    return next((group for group in asking if group.name in names), asking[0] if asking else None)


def _path(story: Story) -> str:
    asker = _asker(story)
    return f"producers.{asker.name}" if asker else "producers"


def answers_to(story: Story) -> tuple[int, ...]:
    """List the numbers of the replies to a request, in the order in which they were sent."""
    return tuple(dict.fromkeys(int(row["first"]) for row in story.of(Kind.REPLIED)))


def _created(m: Moment) -> str:
    return f"{m.who} created the reply to message {m.story.in_reply_to}: message {m.story.message}"


def _unroutable(m: Moment) -> str:
    if m.cause == 2:
        return f"{m.who} dropped it: the channel that had asked was gone"
    if m.cause == 1:
        return f"{m.who} dropped it: the reply queue was gone with the connection it belonged to"
    return f"{m.who} found no queue for it, although it is a reply"


def _taken(m: Moment) -> str:
    rows = m.story.fates[m.story.fates["copy"] == m.row["copy"]]
    number = int(rows[0]["taken_for"]) if len(rows) else -1
    wrong = number >= 0 and number != m.story.in_reply_to
    return f"{m.who} took it as the answer to message {number}{', which is the wrong one' if wrong else ''}"


REPLY_SENTENCES: Mapping[Kind, Callable[[Moment], str]] = {
    Kind.CREATED: _created,
    Kind.UNROUTABLE: _unroutable,
    Kind.PROCESSED: _taken,
}
"""Kinds that are told in other words of a reply."""


def reply_reason(story: Story, row: np.void) -> Reason | None:
    """Give the reason for the fate of one row of a reply, where it differs from that of other messages."""
    asker, fate = _asker(story), Fate(int(row["fate"]))
    if row["in_reply_to"] < 0 or asker is None or asker.request is None:
        return None
    path, request = _path(story), int(row["in_reply_to"])
    if fate == Fate.PROCESSED:
        taken = int(row["taken_for"])
        who, when = story.name(int(row["consumer"])), moment_text(int(row["processed_ns"]))
        if taken != request:
            return Reason(
                f"{who} took it as the answer to message {taken} at {when}, but it answers message {request}",
                (f"{path}.request.correlate: false",),
                f"{path}.request.correlate: true: a reply is taken for the request whose correlation id it carries",
            )
        return Reason(f"{who} took it as the answer to message {request} at {when}")
    if fate == Fate.DISCARDED:
        return _late(story, row, path)
    if fate == Fate.NO_SUBSCRIBER or fate == Fate.UNROUTABLE:
        direct = fate == Fate.NO_SUBSCRIBER
        gone = "the channel that had asked" if direct else "its reply queue"
        how = "" if direct else ", as an exclusive queue goes with its connection"
        return Reason(
            f"When it came, {gone} was gone{how}; the server is not told",
            (f"{path}.request.reply_to: {'direct' if direct else 'own'}", "faults"),
            f"{path}.request.reply_to with the name of a queue that outlives the connection, or asking again",
        )
    if fate == Fate.GAVE_UP:
        return Reason("Its server had no connection to send it over, and did not try again", ("faults",))
    if fate == Fate.LOST and row["cause"] == Cause.AUTO_ACK:
        return Reason(
            "The broker took it for done when it left for its requester, and it never came there: replies are consumed "
            "without acknowledgement",
            ("faults", f"{path}.request.reply_to"),
            f"asking again ({path}.retry): the work is then done twice, so it must be repeatable",
        )
    if fate == Fate.LOST and row["cause"] == Cause.BROKER_MEMORY:
        return Reason(
            "The broker crashed while it had the reply, and a reply is transient",
            ("faults",),
            f"asking again ({path}.retry): the work is then done twice, so it must be repeatable",
        )
    return None


def _late(story: Story, row: np.void, path: str) -> Reason:
    late = story.of(Kind.REPLY_LATE, copy=int(row["copy"]))
    if len(late) and late[-1]["cause"] == 1:
        return Reason(
            f"{story.name(int(late[-1]['actor']))} got it, but somebody else had asked message {row['in_reply_to']}: "
            "several clients read one reply queue",
            (f"{path}.request.reply_to",),
            f"{path}.request.reply_to: own, a queue for each client",
        )
    return Reason(
        f"It came when nobody waited for the answer to message {int(row['in_reply_to'])} any more, and was dropped",
        (f"{path}.request.timeout",),
        f"a longer {path}.request.timeout, or quicker servers",
    )


def abandoned(story: Story, row: np.void) -> Reason | None:
    """Give the reason why a worker abandoned a task of which it found no state; None if none did."""
    looks = story.of(Kind.TASK_ABANDONED, copy=int(row["copy"]))
    if not len(looks):
        return None
    who = f"producers.{story.producer.name}" if story.producer else "producers"
    written = story.of(Kind.TASK_RECORDED)
    found = moment_text(int(looks[-1]["time_ns"]))
    when = f"was written at {moment_text(int(written[0]['time_ns']))}" if len(written) else "was never written"
    if len(written) and written[0]["time_ns"] > looks[-1]["time_ns"]:
        when += f", {span(int(written[0]['time_ns'] - looks[-1]['time_ns']))} later"
    return Reason(
        f"The worker looked for the task's state at {found} and found none, so it abandoned the task; the state {when}",
        (f"{who}.record.order: enqueue-first", f"{consumers_path(story, row)}.expects_record"),
        f"{who}.record.order: write-first",
    )


def request_turns(story: Story) -> Iterator[Reason]:
    """Say whether and when a request was answered, and what it cost to ask again."""
    asker = story.producer
    if asker is None or asker.request is None:
        return
    who = f"producers.{asker.name}"
    answers, numbers = story.of(Kind.ANSWERED), answers_to(story)
    if len(numbers) > 1:
        listed = ", ".join(str(number) for number in numbers)
        yield Reason(
            f"It was answered {times(len(numbers))} (messages {listed}): each time it was asked the work was done",
            (f"{who}.request.timeout", f"{who}.retry.attempts"),
            remark="Work that may be asked for twice must be repeatable (idempotent)",
        )
    if not len(answers):
        late = f", although message {numbers[0]} answered it" if numbers else ""
        how = "waited for ever" if asker.request.timeout_ns == 0 else "never took an answer"
        yield Reason(f"{story.name(int(story.fates[0]['producer']))} {how}{late}", (f"{who}.request",))
        return
    row = answers[0]
    took = span(int(row["time_ns"]) - int(story.fates[0]["created_ns"]))
    if row["cause"] == 1:
        yield Reason(
            f"Its requester took message {row['first']} for the answer after {took}: a reply to another request",
            (f"{who}.request.correlate: false",),
            f"{who}.request.correlate: true",
        )
    else:
        yield Reason(f"Message {row['first']} answered it, {took} after it was created")


def reply_turns(story: Story) -> Iterator[Reason]:
    """Say which request a reply belongs to."""
    if story.in_reply_to >= 0:
        yield Reason(f"It is the reply to message {story.in_reply_to}: explain that for the whole story")
