"""One sentence for each kind of event: the registry :data:`SENTENCES`.

A template gets a :class:`~mqlab.explain.story.Moment` and gives what stands after "At 1.234 s": past
tense, no full stop. A new kind is one line here; a test asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mqlab.explain.clusters import CLUSTER_SENTENCES
from mqlab.explain.groups import GROUP_SENTENCES
from mqlab.explain.ledgers import LEDGER_KINDS, LEDGER_SENTENCES
from mqlab.explain.logs import LOG_KINDS, LOG_SENTENCES
from mqlab.explain.replicas import REPLICA_SENTENCES
from mqlab.explain.story import Moment, span
from mqlab.trace.fates import Cause
from mqlab.trace.kinds import Death, Direction, Dropped, Ending, Kind
from mqlab.units import format_size

__all__ = ["SENTENCES", "Template"]

Template = Callable[[Moment], str]

CARGO = {
    Direction.PUBLISH: "the message on its way to the broker",
    Direction.CONFIRM: "the confirm on its way to the producer",
    Direction.DELIVERY: "the delivery on its way to the consumer",
    Direction.ACK: "the acknowledgement on its way to the broker",
    Direction.RETURN: "the returned message on its way to the producer",
}


def _created(m: Moment) -> str:
    row = m.story.fates[0] if len(m.story.fates) else None
    if row is None:
        return f"{m.who} created message {m.story.message}"
    keyed = m.story.producer is not None and m.story.producer.message.keys.kind != "none"
    key = f"key {row['key']}, " if keyed else ""
    return f"{m.who} created message {m.story.message} ({key}{format_size(int(row['size_bytes']))})"


def _sent(m: Moment) -> str:
    if m.attempt <= 1:
        waited = m.after(Kind.CREATED)
        return f"{m.who} sent it{f' after {span(waited)}' if waited else ''}"
    producer = m.story.producer
    limit = f" of {producer.retry.attempts}" if producer else ""
    return f"{m.who} sent it again (try {m.attempt}{limit})"


def _buffered(m: Moment) -> str:
    lost = m.story.since(Kind.CONNECTION_LOST, int(m.row["actor"]), m.time_ns)
    if lost is not None:
        return f"{m.who} had no connection and kept it"
    if m.story.since(Kind.CONNECTION_BLOCKED, int(m.row["actor"]), m.time_ns) is not None:
        return f"{m.who} was blocked and kept it"
    producer = m.story.producer
    if producer and producer.transactions:
        return f"{m.who} had a transaction to finish first and kept it"
    if producer and producer.confirm and producer.confirm.max_in_flight:
        limit = producer.confirm.max_in_flight
        return f"{m.who} already had {limit} unconfirmed message{'s' if limit > 1 else ''} and kept it"
    return f"{m.who} could not send it yet and kept it"


def _learnt(m: Moment) -> str:
    if m.story.producer is not None and m.story.producer.transactions is not None:
        return f"{m.who} learnt that its transaction was committed"
    return f"{m.who} learnt that the broker had it"


def _commit_sent(m: Moment) -> str:
    count = f"{m.first} publish{'' if m.first == 1 else 'es'}"
    return f"{m.who} asked the broker to {'roll back' if m.cause else 'commit'} a transaction of {count}"


def _rolled_back(m: Moment) -> str:
    why = "its connection had ended before a commit came" if m.cause else "its producer had asked for that"
    return f"{m.who} threw it away with its transaction, because {why}"


def _held_back(m: Moment) -> str:
    if m.cause:
        return f"it waited in the socket: {m.who} did not read from a connection that it had blocked"
    return f"{m.who} kept it apart: its transaction was open"


def _alarm(m: Moment) -> str:
    if m.cause:
        return f"{m.who}'s disk was full: whoever publishes was blocked from then on"
    return f"{m.who} held {format_size(m.first)} in memory, above its limit: whoever publishes was blocked from then on"


def _enqueued(m: Moment) -> str:
    queue = m.story.queue(int(m.row["queue"]))
    if queue and queue.replicas:
        return f"a majority had {m.copy}: it was committed and took its place"
    if m.attempt == 0 and len(m.story.of(Kind.DEAD_LETTERED)):
        return f"the dead letter took its place in {m.queue}"
    where = m.copy.removeprefix("the ")
    if where.startswith("copy"):
        return f"it took its place in {m.queue}"
    return f"a {where.removesuffix(f' in {m.queue}')} took its place in {m.queue}"


def _vanished(m: Moment) -> str:
    crash = {None: "a crash", True: "the power loss", False: "the crash"}[m.story.power_failed(m.time_ns)]
    if m.row["queue"] < 0:
        return f"{crash} of {m.who} took it before any queue had it"
    if m.cause == Cause.UNSYNCED_DISK and m.after(Kind.SYNCED) is not None:
        return f"{crash} of {m.who} took {m.copy}: the disk had only said that it was safe"
    if m.cause == Cause.UNSYNCED_DISK:
        return f"{crash} of {m.who} took {m.copy}: it was written but not yet on disk"
    return f"{crash} of {m.who} took {m.copy}: it stood only in memory and was gone"


def _dispatched(m: Moment) -> str:
    waited = m.after(Kind.ENQUEUED, Kind.REQUEUED, Kind.RECOVERED)
    again = f" (delivery {m.attempt})" if m.attempt > 1 else ""
    return (
        f"{m.copy} left for {m.who}{again}{f'; it had waited {span(waited)} in {m.queue}' if waited else ''}"
    )


def _started(m: Moment) -> str:
    waited = m.after(Kind.DELIVERED)
    how = f" after {span(waited)} in its hands" if waited else ""
    takes = f"; the work takes {span(m.first)}" if m.first > 0 else ""
    return f"{m.who} began to work on it{how}{takes}"


def _refused_or_not(m: Moment) -> str:
    return f"the broker sent {m.who} {'a refusal' if m.cause else 'a confirm'}"


def _room(m: Moment) -> str:
    """Tell how much a buffer holds, where that is known."""
    kept = m.story.producer.buffer if m.story.producer else None
    return f" ({kept.max_messages})" if kept else ""


def _publish_failed(m: Moment) -> str:
    return f"{m.who} could not send it: it had {f'no room to keep it{_room(m)}' if m.cause else 'no connection'}"


def _overflowed(m: Moment) -> str:
    oldest = bool(len(m.story.of(Kind.BUFFERED)))
    why = "and it was the oldest there" if oldest else "when it came"
    return f"{m.who}'s buffer was full{_room(m)} {why}, and dropped it"


def _gave_up(m: Moment) -> str:
    if m.cause:
        known = "knowing that it was refused"
    elif len(m.story.of(Kind.SENT)):
        what = "the work was done" if m.story.is_request else "the broker has it"
        known = f"not knowing whether {what}"
    else:
        known = "knowing that it had never left"
    return f"{m.who} gave up after {m.attempt} tr{'y' if m.attempt == 1 else 'ies'}, {known}"


def _unknown(m: Moment) -> str:
    what = "a reply" if m.story.is_request else "a confirm"
    return f"{m.who} lost its connection before {what} came; the outcome was unknown"


def _reply_late(m: Moment) -> str:
    if m.cause:
        return f"{m.who} dropped it: it had not asked message {m.first}, somebody else had"
    return f"{m.who} dropped it: nobody waited for the answer to message {m.first} any more"


def _answered(m: Moment) -> str:
    wrong = ", which answers another request" if m.cause else ""
    return f"{m.who} took message {m.first} as the answer{wrong}"


def _task_abandoned(m: Moment) -> str:
    what = "put the task back" if m.cause else "abandoned the task"
    return f"{m.who} looked for the task's state {span(m.first)} after its creation, found none, and {what}"


def _requeued(m: Moment) -> str:
    why = f"the connection of {m.who} had ended" if m.cause else f"{m.who} had asked for that"
    return f"{m.copy} went back to its place, because {why}"


def _discarded(m: Moment) -> str:
    if m.cause == 1:
        return f"the call broke with {m.who}, who had it in hand"
    if m.cause != 2:
        return f"the broker discarded {m.copy}"
    queue = m.story.queue(int(m.row["queue"]))
    limit = f" (at most {queue.delivery_limit})" if queue else ""
    return f"{m.copy} came back once too often{limit}, and the broker took it out of {m.queue}"


def _expired(m: Moment) -> str:
    late = f", {span(m.first)} after its time" if m.first > 0 else ""
    return f"{m.copy} expired at the head of {m.queue}{late}"


DEATHS: Mapping[int, str] = {
    Death.EXPIRED: "it had expired",
    Death.MAXLEN: "the queue was full",
    Death.REJECTED: "a consumer had refused it",
    Death.DELIVERY_LIMIT: "it had come back too often",
}


def _dead_lettered(m: Moment) -> str:
    queue = m.story.queue(int(m.row["queue"]))
    to = queue.dead_letter if queue else None
    where = "its dead-letter exchange"
    if to is not None:
        where = f"the dead-letter exchange {to.exchange}" if to.exchange else "the default exchange"
        where += f" as {to.routing_key}" if to.routing_key is not None else ""
    return f"{m.queue} passed it on to {where}, because {DEATHS.get(m.cause, 'it had died there')}"


def _letter_dropped(m: Moment) -> str:
    match m.cause:
        case Dropped.UNROUTABLE:
            return f"no queue is bound for the dead letters of {m.queue}, and it ended there"
        case Dropped.CYCLE:
            return f"{m.queue} did not get it again: it had died there before, and no consumer had refused it since"
    return f"{m.queue} passed it on no more: it had been passed on too often"


def _nack_sent(m: Moment) -> str:
    return f"{m.who} refused it {'for good' if m.cause else 'and asked to have it put back'}"


def _dropped(m: Moment) -> str:
    return (
        f"{m.who} lost what it had in its hands: {'it had died' if m.cause else 'its connection had ended'}"
    )


def _channel_closed(m: Moment) -> str:
    late = f" after {span(m.first)}" if m.first > 0 else ""
    return f"the broker closed the channel of {m.who}, which had not acknowledged a delivery{late}"


def _node_crashed(m: Moment) -> str:
    if m.cause == 1:
        return f"{m.who} lost power"
    return f"{m.who}'s process crashed"


def _clock_changed(m: Moment) -> str:
    if m.first == 0:
        return f"the clock of {m.who} was right again"
    return f"the clock of {m.who} was set {span(m.first)} {'behind' if m.cause else 'ahead'} (`faults`: clock)"


def _resumed(m: Moment) -> str:
    if m.cause:
        return f"{m.who}, which had stood still for {span(m.first)}, was killed"
    return f"{m.who} went on after {span(m.first)}"


def _not_let_in(m: Moment) -> str:
    if m.cause:
        return f"the broker gave up on the handshake of {m.who}, which had taken too long (`connections: handshake`)"
    return f"the broker did not let {m.who} in: it had as many connections as it may (`connections: max`)"


def _way(m: Moment) -> str:
    return f"from the broker to {m.who}" if m.cause else f"from {m.who} to the broker"


def _cargo(m: Moment) -> str:
    return CARGO.get(Direction(m.first), "a packet") if m.first in set(Direction) else "a packet"


ENDINGS = {
    Ending.UNUSED: "because its last consumer was gone",
    Ending.EXPIRED: "because nobody had used it for too long",
    Ending.RESTART: "because it does not outlive its broker",
}


def _queue_deleted(m: Moment) -> str:
    if m.cause == Ending.UNBOUND:
        return f"{m.who} lost the bindings of {m.queue}: an exchange on the way was not durable"
    why = ENDINGS.get(Ending(m.cause), "") if m.cause in set(Ending) else ""
    return f"{m.who} deleted the queue {m.queue}{f' {why}' if why else ''}"


def _queue_declared(m: Moment) -> str:
    if m.cause:
        return f"a client declared the bindings of {m.queue} anew"
    return f"a client declared the queue {m.queue} anew, with its bindings"


SENTENCES: Mapping[Kind, Template] = {
    Kind.CREATED: _created,
    Kind.SENT: _sent,
    Kind.BUFFERED: _buffered,
    Kind.PACKET_LOST: lambda m: f"the network lost {_cargo(m)}",
    Kind.PACKET_DUPLICATED: lambda m: f"the network doubled {_cargo(m)}",
    Kind.CONFIRMED: _learnt,
    Kind.REFUSED: lambda m: f"{m.who} learnt that the broker did not want it",
    Kind.TIMED_OUT: lambda m: f"{m.who} had waited too long for a confirm; what had become of it was unknown",
    Kind.UNKNOWN: _unknown,
    Kind.PUBLISH_FAILED: _publish_failed,
    Kind.BACKED_OFF: lambda m: f"{m.who} decided to try again in {span(m.first)}",
    Kind.GAVE_UP: _gave_up,
    Kind.FORGOTTEN: lambda m: f"{m.who} died and took what it knew of the message with it",
    Kind.HELD_BACK: _held_back,
    Kind.OVERFLOWED: _overflowed,
    Kind.BLOCKED: lambda m: f"{m.who}'s buffer was full{_room(m)}, so its thread waited with it",
    Kind.COMMIT_SENT: _commit_sent,
    Kind.ROLLED_BACK: _rolled_back,
    Kind.ARRIVED: lambda m: f"it arrived at {m.who}",
    Kind.UNROUTABLE: lambda m: f"{m.who} found no queue for it",
    Kind.ENQUEUED: _enqueued,
    Kind.ENQUEUE_REFUSED: lambda m: f"{m.queue} was full and refused it",
    Kind.EVICTED: lambda m: f"{m.queue} was full and dropped {m.copy}",
    Kind.WRITTEN: lambda m: f"{m.copy} was handed to the operating system",
    Kind.SYNCED: lambda m: f"{m.copy} was safe on disk",
    Kind.CONFIRM_SENT: _refused_or_not,
    Kind.VANISHED: _vanished,
    Kind.RECOVERED: lambda m: f"{m.copy} was back after the restart",
    Kind.DISPATCHED: _dispatched,
    Kind.ACKED: lambda m: f"the broker took {m.copy} for done",
    Kind.REQUEUED: _requeued,
    Kind.DISCARDED: _discarded,
    Kind.EXPIRED: _expired,
    Kind.DEAD_LETTERED: _dead_lettered,
    Kind.ACTIVATED: lambda m: f"{m.who} became the single active consumer of {m.queue}",
    Kind.LETTER_DROPPED: _letter_dropped,
    Kind.ACK_IGNORED: lambda m: "the broker ignored an acknowledgement of a delivery it no longer counted",
    Kind.STALE_PACKET: lambda m: f"{_cargo(m)} arrived nowhere: its connection had ended",
    Kind.RETURN_SENT: lambda m: f"the broker sent it back to {m.who}, because it was mandatory",
    Kind.RETURNED: lambda m: f"{m.who} had it back and knew that no queue had taken it",
    Kind.QUEUE_DECLARED: _queue_declared,
    Kind.QUEUE_DELETED: _queue_deleted,
    Kind.DELETED: lambda m: f"{m.copy} went with its queue",
    Kind.DELIVERED: lambda m: f"{m.who} received {m.copy}",
    Kind.STARTED: _started,
    Kind.EFFECT: lambda m: f"the effect of {m.who}'s unfinished work had already happened",
    Kind.PROCESSED: lambda m: f"{m.who} finished the work, and its effect happened",
    Kind.DEDUPLICATED: lambda m: f"{m.who} had seen the business id before, so no second effect happened",
    Kind.FAILED: lambda m: f"{m.who}'s handler raised an exception",
    Kind.HELD: lambda m: f"{m.who} kept it, neither acknowledged nor refused",
    Kind.ACK_SENT: lambda m: f"{m.who} sent an acknowledgement",
    Kind.NACK_SENT: _nack_sent,
    Kind.DROPPED: _dropped,
    Kind.SOLD_OUT: lambda m: f"{m.who} found nothing left to sell",
    Kind.CHANNEL_CLOSED: _channel_closed,
    Kind.MEMBER_JOINED: lambda m: f"{m.who} joined its group",
    Kind.MEMBER_LEFT: lambda m: f"{m.who} {'was killed' if m.cause else 'had ended its work'} and left its group",
    Kind.GOT_NOTHING: lambda m: f"{m.who} asked for a message, and there was none",
    Kind.NODE_CRASHED: _node_crashed,
    Kind.NODE_RESTARTED: lambda m: f"{m.who} was up again",
    Kind.CLIENT_CRASHED: lambda m: f"{m.who} crashed",
    Kind.CLIENT_RESTARTED: lambda m: f"{m.who} was up again",
    Kind.CONNECTION_LOST: lambda m: f"{m.who} learnt that its connection had ended",
    Kind.CONNECTION_CLOSED: lambda m: f"the broker took the connection of {m.who} for dead and closed it",
    Kind.CONNECTED: lambda m: f"{m.who} was connected again",
    Kind.SILENCE_BEGAN: lambda m: f"{m.who} was cut off, and nobody was told",
    Kind.SILENCE_ENDED: lambda m: f"{m.who} was no longer cut off",
    Kind.FLUSH_BEGAN: lambda m: f"{m.who} began to flush {format_size(m.first)} to its disk",
    Kind.FLUSH_ENDED: lambda m: f"{m.who} finished a flush to its disk",
    Kind.ALARM_RAISED: _alarm,
    Kind.ALARM_CLEARED: lambda m: f"the {'disk' if m.cause else 'memory'} alarm of {m.who} was over",
    Kind.CONNECTION_BLOCKED: lambda m: f"{m.who} learnt that its connection was blocked",
    Kind.CONNECTION_UNBLOCKED: lambda m: f"{m.who} learnt that it could publish again",
    Kind.CLOCK_CHANGED: _clock_changed,
    Kind.SLOWED: lambda m: f"{m.who} became slow: everything took {m.first / 1000:g} times as long (`faults`: slow)",
    Kind.SLOW_ENDED: lambda m: f"{m.who} was as quick as before",
    Kind.PAUSED: lambda m: f"{m.who} stood still, and nobody was told (`faults`: pause)",
    Kind.RESUMED: _resumed,
    Kind.CONNECTION_REFUSED: _not_let_in,
    Kind.PARTITION_BEGAN: lambda m: f"packets {_way(m)} began to vanish, and nobody was told (`faults`: partition)",
    Kind.PARTITION_ENDED: lambda m: f"packets {_way(m)} passed again",
    **REPLICA_SENTENCES,
    **{kind: LOG_SENTENCES[kind] for kind in LOG_KINDS},
    **CLUSTER_SENTENCES,
    **{kind: LEDGER_SENTENCES[kind] for kind in LEDGER_KINDS},
    **GROUP_SENTENCES,
    Kind.REQUEST_TIMED_OUT: lambda m: f"{m.who} had waited too long for a reply; whether the work was done was unknown",
    Kind.REPLY_LATE: _reply_late,
    Kind.REPLIED: lambda m: f"{m.who} answered with message {m.first}",
    Kind.ANSWERED: _answered,
    Kind.TASK_RECORDED: lambda m: f"{m.who} had written down the task's state: submitted",
    Kind.TASK_ABANDONED: _task_abandoned,
}
"""For each kind its sentence."""
