"""Every kind of event in a few words, for the margin of a space-time diagram."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mqlab.plots.look import span
from mqlab.trace.fates import Cause
from mqlab.trace.kinds import Death, Direction, Dropped, Kind
from mqlab.trace.schema import Trace

__all__ = ["PHRASES", "TROUBLE", "phrase"]

Phrase = Callable[[int, int, int, str], str]
"""From (attempt, first, cause, name of the actor)."""

_PACKETS = {
    Direction.PUBLISH: "publish",
    Direction.CONFIRM: "confirm",
    Direction.DELIVERY: "delivery",
    Direction.ACK: "ack",
    Direction.RETURN: "return",
}


def _says(text: str) -> Phrase:
    return lambda attempt, first, cause, who: text.format(who=who)


def _packet(text: str) -> Phrase:
    return lambda attempt, first, cause, who: text.format(_PACKETS[Direction(first)])


def _tried(text: str) -> Phrase:
    return lambda attempt, first, cause, who: text + (f", try {attempt}" if attempt > 1 else "")


def _delivery(text: str) -> Phrase:
    return lambda attempt, first, cause, who: text + (f", delivery {attempt}" if attempt > 1 else "")


def _either(text: str, other: str) -> Phrase:
    return lambda attempt, first, cause, who: (other if cause else text).format(who=who)


def _vanished(attempt: int, first: int, cause: int, who: str) -> str:
    how = "cut off the log" if cause in (Cause.UNREPLICATED, Cause.TRUNCATED) else "taken by a crash"
    return f"{how}: {Cause(cause).name.lower().replace('_', ' ')}"


_DISCARDED: Mapping[int, str] = {
    0: "refused by the consumer: gone",
    1: "the call breaks: its worker is gone",
    2: "came back too often: gone",
}
_DEATHS: Mapping[int, str] = {
    Death.EXPIRED: "expired",
    Death.MAXLEN: "queue full",
    Death.REJECTED: "refused",
    Death.DELIVERY_LIMIT: "came back too often",
}
_DROPPED: Mapping[int, str] = {
    Dropped.UNROUTABLE: "no queue matches",
    Dropped.CYCLE: "it goes in a cycle",
    Dropped.TOO_OFTEN: "it was one too often",
}

PHRASES: Mapping[Kind, Phrase] = {
    Kind.CREATED: _says("created"),
    Kind.SENT: _tried("sent"),
    Kind.BUFFERED: _says("waits at its producer"),
    Kind.PACKET_LOST: _packet("the {} is lost on the wire"),
    Kind.PACKET_DUPLICATED: _packet("the {} is doubled on the wire"),
    Kind.CONFIRMED: _says("confirmed: the producer knows"),
    Kind.REFUSED: _says("refused: the producer is told no"),
    Kind.TIMED_OUT: _says("no confirm in time: outcome unknown"),
    Kind.UNKNOWN: _says("connection gone: outcome unknown"),
    Kind.PUBLISH_FAILED: _either("no connection, not sent", "its producer's buffer is full, not sent"),
    Kind.BACKED_OFF: lambda attempt, first, cause, who: f"will try again in {span(first)}",
    Kind.GAVE_UP: _says("the producer gives up"),
    Kind.FORGOTTEN: _says("died with its producer"),
    Kind.COMMIT_SENT: _either("{who} sends tx.commit", "{who} sends tx.rollback"),
    Kind.ROLLED_BACK: _either("rolled back as asked", "rolled back: connection ended"),
    Kind.HELD_BACK: _either("waits: its transaction is open", "waits in the socket: connection blocked"),
    Kind.OVERFLOWED: _says("its producer's buffer is full: dropped"),
    Kind.BLOCKED: _says("its producer's buffer is full: the sender waits"),
    Kind.ARRIVED: _tried("reaches the broker"),
    Kind.UNROUTABLE: _says("no queue matches"),
    Kind.ENQUEUED: _says("stands in the queue"),
    Kind.ENQUEUE_REFUSED: _says("queue full: not taken"),
    Kind.EVICTED: _says("queue full: dropped"),
    Kind.WRITTEN: _says("written, not yet on disk"),
    Kind.SYNCED: _says("on disk"),
    Kind.CONFIRM_SENT: _either("broker confirms", "broker refuses"),
    Kind.VANISHED: _vanished,
    Kind.RECOVERED: _says("back after the restart"),
    Kind.DISPATCHED: _delivery("leaves for a consumer"),
    Kind.ACKED: _says("acknowledged: done"),
    Kind.REQUEUED: _either("handed back to the queue", "connection lost: back in the queue"),
    Kind.DISCARDED: lambda attempt, first, cause, who: _DISCARDED.get(cause, _DISCARDED[0]),
    Kind.EXPIRED: _says("its time to live is over"),
    Kind.DEAD_LETTERED: lambda attempt, first, cause, who: f"a dead letter: {_DEATHS.get(cause, 'it died')}",
    Kind.ACTIVATED: _says("{who} is the active consumer"),
    Kind.LETTER_DROPPED: lambda attempt, first, cause, who: f"dead letter dropped: {_DROPPED.get(cause, 'not taken')}",
    Kind.ACK_IGNORED: _says("ack comes too late: ignored"),
    Kind.STALE_PACKET: _packet("{} of an ended connection: ignored"),
    Kind.RETURN_SENT: _says("mandatory: broker sends it back"),
    Kind.RETURNED: _says("back at its producer: no queue took it"),
    Kind.QUEUE_DECLARED: _either("a queue is declared", "bindings are declared"),
    Kind.QUEUE_DELETED: _says("a queue, or its bindings, are gone"),
    Kind.DELETED: _says("gone with its queue"),
    Kind.DELIVERED: _delivery("in the consumer's hands"),
    Kind.STARTED: lambda attempt, first, cause, who: (
        "work begins" + (f", needs {span(first)}" if first > 0 else "")
    ),
    Kind.EFFECT: _says("effect done, then the consumer died"),
    Kind.PROCESSED: _says("work done"),
    Kind.DEDUPLICATED: _says("seen before: no second effect"),
    Kind.FAILED: _says("the handler raised an exception"),
    Kind.HELD: _says("held: neither ack nor nack"),
    Kind.ACK_SENT: _says("consumer acknowledges"),
    Kind.NACK_SENT: _either("consumer hands it back", "consumer refuses it"),
    Kind.DROPPED: _says("falls out of the consumer's hands"),
    Kind.SOLD_OUT: _says("nothing left to sell"),
    Kind.CHANNEL_CLOSED: _says("broker closes {who}'s channel: no ack in time"),
    Kind.MEMBER_JOINED: _says("{who} joins"),
    Kind.MEMBER_LEFT: _either("{who} leaves", "{who} is killed"),
    Kind.GOT_NOTHING: _says("{who} asks: queue empty"),
    Kind.NODE_CRASHED: _either("{who} crashes", "{who} loses power"),
    Kind.NODE_RESTARTED: _says("{who} is back"),
    Kind.CLIENT_CRASHED: _says("{who} crashes"),
    Kind.CLIENT_RESTARTED: _says("{who} is back"),
    Kind.CONNECTION_LOST: _says("{who} notices: connection ended"),
    Kind.CONNECTION_CLOSED: _says("broker drops {who}'s connection"),
    Kind.CONNECTED: _says("{who} connected again"),
    Kind.SILENCE_BEGAN: _says("{who} falls silent"),
    Kind.SILENCE_ENDED: _says("{who} is heard again"),
    Kind.FLUSH_BEGAN: _says("a disk flush begins"),
    Kind.FLUSH_ENDED: _says("a disk flush ends"),
    Kind.ALARM_RAISED: _either("{who}: memory alarm", "{who}: disk alarm"),
    Kind.ALARM_CLEARED: _either("{who}: memory alarm over", "{who}: disk alarm over"),
    Kind.CONNECTION_BLOCKED: _says("{who} is blocked"),
    Kind.CONNECTION_UNBLOCKED: _says("{who} may publish again"),
    Kind.CLOCK_CHANGED: _either("{who}'s clock is set ahead", "{who}'s clock is set back"),
    Kind.SLOWED: lambda attempt, first, cause, who: f"{who} is {first / 1000:g} times as slow",
    Kind.SLOW_ENDED: _says("{who} is as quick as before"),
    Kind.PAUSED: _says("{who} stands still"),
    Kind.RESUMED: _either("{who} goes on", "{who} is killed while it stands still"),
    Kind.CONNECTION_REFUSED: _either("{who} is not let in: too many", "{who}'s handshake takes too long"),
    Kind.PARTITION_BEGAN: _either("{who} is no longer heard", "{who} no longer hears"),
    Kind.PARTITION_ENDED: _either("{who} is heard again", "{who} hears again"),
    Kind.APPENDED: _says("in the leader's log, not committed"),
    Kind.REPLICATED: _says("{who} has it"),
    Kind.LEADER_ELECTED: _says("{who} leads"),
    Kind.LEADER_LOST: _says("{who} leads no longer"),
    Kind.QUORUM_LOST: _says("no majority is left"),
    Kind.QUORUM_REGAINED: _says("a majority is there again"),
    Kind.AWAITS_LEADER: _says("no leader: {who} keeps it"),
    Kind.ACK_APPENDED: _says("ack in the leader's log, not committed"),
    Kind.ACK_UNDONE: _says("ack lost with its node"),
    Kind.COLLECTED: _says("joins a batch"),
    Kind.IN_SYNC: _either("{who} is in sync", "{who} is no longer in sync"),
    Kind.OFFSET_COMMITTED: _says("the group's offset is committed"),
    Kind.APPEND_SKIPPED: _says("the leader has this batch already"),
    Kind.LOG_TRUNCATED: _says("{who} cuts the end of its log"),
    Kind.PRODUCER_BEGAN: lambda attempt, first, cause, who: f"{who} has its transactional id (epoch {first})",
    Kind.TRANSACTION_MARKED: _either("its transaction is committed", "its transaction is aborted"),
    Kind.FENCED: _says("{who} is fenced"),
    Kind.SPLIT_BEGAN: _says("{who} is cut off"),
    Kind.SPLIT_ENDED: _says("{who} is no longer cut off"),
    Kind.NODE_FENCED: _says("the controller gives {who} up"),
    Kind.REGISTERED: _says("the controller hears of {who} again"),
    Kind.CONTROLLER_LOST: _says("there is no controller"),
    Kind.CONTROLLER_ELECTED: _says("{who} is the controller"),
    Kind.STOOD_DOWN: _says("{who} learns that it leads no longer"),
    Kind.OWNED: _says("{who} owns the partition"),
    Kind.ENSEMBLE_CHANGED: _says("{who} takes a lost bookie's place"),
    Kind.LETTER_SENT: _either("to the dead letter topic", "to the retry topic"),
    Kind.REBALANCE_BEGAN: _says("its group rebalances, because of {who}"),
    Kind.REBALANCED: _says("its group has joined anew"),
    Kind.ASSIGNED: _says("{who} begins to read its partition"),
    Kind.REVOKED: _either("{who} gives its partition up", "{who} has lost its partition"),
    Kind.COMMIT_REJECTED: _either("{who}'s commit: old generation", "{who}'s commit: no member any more"),
    Kind.OFFSET_RESET: _says("{who} has no offset: begins as reset says"),
    Kind.SOUGHT: _says("{who} goes to another offset"),
    Kind.POLL_LIMIT: _says("{who} has not polled in time: leaves"),
    Kind.THROWN_OUT: _says("{who} is thrown out of its group"),
    Kind.COORDINATOR_MOVED: _says("{who} coordinates the group now"),
    Kind.REQUEST_TIMED_OUT: _says("no reply in time: outcome unknown"),
    Kind.REPLY_LATE: _either("a reply nobody waits for: dropped", "somebody else's reply: dropped"),
    Kind.REPLIED: lambda attempt, first, cause, who: f"answered by message {first}",
    Kind.ANSWERED: lambda attempt, first, cause, who: (
        f"takes message {first} as the answer" + (": the wrong one" if cause else "")
    ),
    Kind.TASK_RECORDED: _says("state written: submitted"),
    Kind.TASK_ABANDONED: _either("no state yet: abandoned", "no state yet: put back"),
}

TROUBLE = frozenset(
    {
        Kind.PACKET_LOST,
        Kind.PACKET_DUPLICATED,
        Kind.REFUSED,
        Kind.TIMED_OUT,
        Kind.UNKNOWN,
        Kind.PUBLISH_FAILED,
        Kind.GAVE_UP,
        Kind.FORGOTTEN,
        Kind.OVERFLOWED,
        Kind.BLOCKED,
        Kind.UNROUTABLE,
        Kind.RETURN_SENT,
        Kind.RETURNED,
        Kind.QUEUE_DELETED,
        Kind.DELETED,
        Kind.ENQUEUE_REFUSED,
        Kind.EVICTED,
        Kind.VANISHED,
        Kind.REQUEUED,
        Kind.DISCARDED,
        Kind.EXPIRED,
        Kind.DEAD_LETTERED,
        Kind.LETTER_DROPPED,
        Kind.ACK_IGNORED,
        Kind.STALE_PACKET,
        Kind.EFFECT,
        Kind.FAILED,
        Kind.HELD,
        Kind.DROPPED,
        Kind.SOLD_OUT,
        Kind.CHANNEL_CLOSED,
        Kind.NODE_CRASHED,
        Kind.CLIENT_CRASHED,
        Kind.CONNECTION_LOST,
        Kind.CONNECTION_CLOSED,
        Kind.SILENCE_BEGAN,
        Kind.ROLLED_BACK,
        Kind.ALARM_RAISED,
        Kind.CONNECTION_BLOCKED,
        Kind.SLOWED,
        Kind.PAUSED,
        Kind.CONNECTION_REFUSED,
        Kind.PARTITION_BEGAN,
        Kind.LEADER_LOST,
        Kind.QUORUM_LOST,
        Kind.AWAITS_LEADER,
        Kind.FENCED,
        Kind.ACK_UNDONE,
        Kind.APPEND_SKIPPED,
        Kind.LOG_TRUNCATED,
        Kind.SPLIT_BEGAN,
        Kind.NODE_FENCED,
        Kind.CONTROLLER_LOST,
        Kind.ENSEMBLE_CHANGED,
        Kind.LETTER_SENT,
        Kind.REQUEST_TIMED_OUT,
        Kind.REPLY_LATE,
        Kind.TASK_ABANDONED,
    }
)
"""What a reader should notice."""


def phrase(trace: Trace, row: np.void) -> str:
    """Say what one row says, in a few words."""
    kind, cause, first, attempt = (
        Kind(int(row["kind"])),
        int(row["cause"]),
        int(row["first"]),
        int(row["attempt"]),
    )
    copy = f" (copy {row['copy']})" if row["copy"] > 0 else ""
    actor = int(row["actor"])
    who = trace.entities[actor].name if 0 <= actor < len(trace.entities) else ""
    return PHRASES[kind](attempt, first, cause, who) + copy
