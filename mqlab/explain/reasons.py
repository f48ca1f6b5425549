"""Why an obligation ended as it did: the decision, the setting behind it, and what would have prevented it.

One function for each fate (:data:`FATES`) and, for what got lost, one for each cause (:data:`CAUSES`).
Settings are named by their path in the scenario, so that each can be tried with ``--set``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from mqlab.explain.story import Story, moment_text
from mqlab.trace.fates import Cause, Fate
from mqlab.trace.kinds import Direction, Kind

__all__ = ["CAUSES", "FATES", "Reason", "reason_of"]


OUT = {Kind.DISPATCHED, Kind.PACKET_LOST, Kind.PACKET_DUPLICATED, Kind.DELIVERED, Kind.STARTED, Kind.ACK_SENT}
"""After these a copy is with a consumer, or on its way."""
SETTING = re.compile(r"\b(?:producers|queues|consumers|nodes)\.[\w.-]*\w(?:: [\w-]+)?")


def _quoted(found: re.Match[str]) -> str:
    return f"`{found.group()}`"


@dataclass(frozen=True)
class Reason:
    """What was decided; by which settings, what would have prevented it, and a remark, if there are any."""

    text: str
    settings: tuple[str, ...] = ()
    cure: str = ""
    remark: str = ""

    def __str__(self) -> str:
        parts = [f"{self.text}."]
        if self.settings:
            parts.append(f"Decided by {_listed(tuple(f'`{setting}`' for setting in self.settings))}.")
        if self.cure:
            parts.append(f"To prevent it: {SETTING.sub(_quoted, self.cure)}.")
        if self.remark:
            parts.append(f"{SETTING.sub(_quoted, self.remark)}.")
        return " ".join(parts)


def _listed(things: tuple[str, ...]) -> str:
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}"


def reason_of(story: Story, row: np.void) -> Reason:
    """Give the reason for the fate of one FATE row."""
    if row["fate"] == Fate.LOST:
        return CAUSES[Cause(int(row["cause"]))](story, row)
    return FATES[Fate(int(row["fate"]))](story, row)


def _queue(story: Story, row: np.void) -> str:
    return f"queues.{story.group(int(row['queue']))}"


def _producer(story: Story, row: np.void) -> str:
    return f"producers.{story.group(int(row['producer']))}"


def _consumers(story: Story, row: np.void) -> str:
    found = story.consumers(int(row["copy"]), int(row["queue"]))
    return f"consumers.{found.name}" if found else "consumers"


def _confirms(story: Story) -> bool:
    return story.producer is not None and story.producer.confirm is not None


def _loss(story: Story, packet: np.void, who: str) -> str:
    """Name what lost a packet: silence that was ordered, or the link's own loss."""
    silent = story.since(Kind.SILENCE_BEGAN, int(packet["actor"]), int(packet["time_ns"]))
    return f"{who}.link.loss" if silent is None else "faults"


def _asking(story: Story, row: np.void) -> str:
    """Name the cure of whoever does not know what became of a message."""
    who = _producer(story, row)
    if not _confirms(story):
        return f"{who}.confirm with {who}.retry.attempts above 1: what is not confirmed is sent again"
    return f"more {who}.retry.attempts"


def _processed(story: Story, row: np.void) -> Reason:
    return Reason(
        f"It was processed by {story.name(int(row['consumer']))} at {moment_text(int(row['processed_ns']))}"
    )


def _in_flight(story: Story, row: np.void) -> Reason:
    copy, queue = int(row["copy"]), int(row["queue"])
    mine = story.events[story.events["copy"] == copy]
    last = Kind(int(mine[-1]["kind"])) if len(mine) else None
    consumers, who = _consumers(story, row), _producer(story, row)
    if len(story.of(Kind.HELD, copy=copy)):
        return Reason(
            "It was still owed at the end: a consumer held it, neither acknowledged nor refused",
            (f"{consumers}.exceptions.then: hold",),
            f"{consumers}.exceptions.then: requeue or reject",
        )
    if len(story.of(Kind.FAILED, copy=copy)):
        return Reason(
            f"It was still owed at the end: the handler failed {len(story.of(Kind.FAILED, copy=copy))} times",
            (f"{consumers}.exceptions",),
            f"{consumers}.exceptions.then: reject, which gives up what cannot be processed",
        )
    if queue < 0 or last == Kind.VANISHED:
        return Reason(
            f"It was still owed at the end: {story.name(int(row['producer']))} had not brought it to a queue",
            ("drain", f"{who}.retry"),
            "a longer drain, or shorter pauses between tries",
        )
    if last in OUT:
        return _unanswered(story, row)
    return Reason(
        f"It was still owed at the end: it stood in {story.name(queue)}",
        ("drain", f"{consumers}.count", f"{consumers}.service"),
        "a longer drain, or more or quicker consumers",
    )


def _unanswered(story: Story, row: np.void) -> Reason:
    """Say what became of a delivery that the broker still waits for."""
    copy, consumers = int(row["copy"]), _consumers(story, row)
    lost = story.of(Kind.PACKET_LOST, copy=copy)
    lost = lost[np.isin(lost["first"], (Direction.DELIVERY, Direction.ACK))]
    name = story.name(int(story.of(Kind.DISPATCHED, copy=copy)[-1]["actor"]))
    if not len(lost):
        return Reason(
            f"It was still owed at the end: it had left for {name}, who had not acknowledged it yet",
            ("drain", f"{consumers}.count", f"{consumers}.service", f"{consumers}.prefetch"),
            "a longer drain, or more or quicker consumers",
        )
    what = "acknowledgement" if lost[-1]["first"] == Direction.ACK else "delivery"
    return Reason(
        f"It was still owed at the end: the network lost the {what}, and the broker waits for an answer from "
        f"{name} as long as their connection stands",
        (_loss(story, lost[-1], consumers), f"{consumers}.ack: manual"),
        f"{consumers}.link that loses nothing (as TCP does)",
    )


def _evicted(story: Story, row: np.void) -> Reason:
    queue, name = story.queue(int(row["queue"])), _queue(story, row)
    how = queue.overflow if queue else "drop-head"
    what = (
        "its oldest message, which was this one"
        if how == "drop-head"
        else "the newest message, which was this one"
    )
    limit = f"{name}.max_length: {queue.max_length}" if queue else f"{name}.max_length"
    told = "producers that ask for confirms are told no and can try again"
    if how == "reject-publish":
        who = _producer(story, row)
        return Reason(
            f"{story.name(int(row['queue']))} was full and refused it; its producer had not asked to be told",
            (limit, f"{name}.overflow: {how}", f"{who}.confirm: none"),
            f"{who}.confirm with {who}.retry, more room, or quicker consumers",
        )
    return Reason(
        f"{story.name(int(row['queue']))} was full and dropped {what}",
        (limit, f"{name}.overflow: {how}"),
        f"{name}.overflow: reject-publish ({told}), more room, or quicker consumers",
    )


def _rejected(story: Story, row: np.void) -> Reason:
    queue, name, who = story.queue(int(row["queue"])), _queue(story, row), _producer(story, row)
    limit = f"{name}.max_length: {queue.max_length}" if queue else f"{name}.max_length"
    tries = (
        f"{who}.retry.attempts: {story.producer.retry.attempts}"
        if story.producer
        else f"{who}.retry.attempts"
    )
    return Reason(
        f"{story.name(int(row['queue']))} was full and refused it, and its producer was told so each time",
        (limit, f"{name}.overflow: reject-publish", tries),
        "more room, quicker consumers, or more and longer pauses between tries",
    )


def _discarded(story: Story, row: np.void) -> Reason:
    consumers = _consumers(story, row)
    return Reason(
        "A consumer refused it for good, and there is no dead-letter exchange to take it",
        (f"{consumers}.exceptions.then: reject",),
        f"{consumers}.exceptions.then: requeue, if the next try may succeed",
    )


def _unroutable(story: Story, row: np.void) -> Reason:
    who = _producer(story, row)
    return Reason(
        "No queue is bound where it was sent, and the broker dropped it (and confirmed it, if it was asked)",
        (f"{who}.to", "bindings"),
        "a binding for its routing key",
    )


def _gave_up(story: Story, row: np.void) -> Reason:
    who = _producer(story, row)
    tries = story.producer.retry.attempts if story.producer else int(row["attempts"])
    return Reason(
        f"Its producer gave up after {tries} tr{'y' if tries == 1 else 'ies'}, and no queue ever had it",
        (f"{who}.retry.attempts: {tries}", f"{who}.retry.backoff"),
        "more tries, with pauses that outlast the fault",
    )


def _client_buffer(story: Story, row: np.void) -> Reason:
    return Reason(
        f"{story.name(int(row['producer']))} died, and the message was only in its memory",
        ("faults",),
        "writing messages down before they are sent (an outbox); no setting of the broker can",
    )


def _wire(story: Story, row: np.void) -> Reason:
    who = _producer(story, row)
    how = "went down with its connection" if len(story.of(Kind.STALE_PACKET)) else "was lost by the network"
    packets = story.of(Kind.PACKET_LOST, first=Direction.PUBLISH)
    settings = [_loss(story, packets[-1], who) if len(packets) else "faults"]
    if not _confirms(story):
        settings.append(f"{who}.confirm: none")
    return Reason(
        f"It {how} on its way to the broker; its producer {'gave up' if _confirms(story) else 'never knew'}",
        tuple(settings),
        _asking(story, row),
    )


def _broker_memory(story: Story, row: np.void) -> Reason:
    queue, name, who = story.queue(int(row["queue"])), _queue(story, row), _producer(story, row)
    persistent = story.producer is not None and story.producer.message.persistent
    if queue is None:
        return Reason("The broker crashed before any queue had it", ("faults",), _asking(story, row))
    settings = []
    if not queue.durable:
        settings.append(f"{name}.durable: false")
    if not persistent:
        settings.append(f"{who}.message.persistent: false")
    text = "The broker crashed while the copy stood only in memory"
    if row["confirmed_ns"] >= 0:
        text += "; it had been confirmed, because a copy that is not meant for the disk is confirmed at once"
    if settings:
        needed = [f"{name}.durable: true", f"{who}.message.persistent: true"]
        return Reason(text, tuple(settings), f"{_listed(tuple(needed))}")
    return Reason(
        f"{text}: it had not been written yet, and was not confirmed either",
        (f"nodes.{queue.node}.disk.group_commit", *(() if _confirms(story) else (f"{who}.confirm: none",))),
        _asking(story, row),
    )


def _unsynced_disk(story: Story, row: np.void) -> Reason:
    queue, who = story.queue(int(row["queue"])), _producer(story, row)
    node = f"nodes.{queue.node}.disk" if queue else "nodes"
    return Reason(
        "The power failed after the copy had been written and before it was on disk",
        (f"{node}.fsync", *(() if _confirms(story) else (f"{who}.confirm: none",))),
        _asking(story, row) + "; a confirm comes only after the flush",
    )


def _auto_ack(story: Story, row: np.void) -> Reason:
    consumers = _consumers(story, row)
    return Reason(
        "The broker took it for done when it left for the consumer, and the consumer never finished it",
        (f"{consumers}.ack: auto",),
        f"{consumers}.ack: manual: what is not acknowledged is delivered again",
    )


def _plainly(text: str, cure: str = "") -> Callable[[Story, np.void], Reason]:
    return lambda _story, _row: Reason(text, (), cure)


FATES: Mapping[Fate, Callable[[Story, np.void], Reason]] = {
    Fate.PROCESSED: _processed,
    Fate.IN_FLIGHT: _in_flight,
    Fate.DEAD_LETTERED: _plainly("It was moved to a dead-letter queue"),
    Fate.EXPIRED: _plainly(
        "Its time-to-live passed before anybody took it", "quicker consumers or more time"
    ),
    Fate.EVICTED: _evicted,
    Fate.REJECTED: _rejected,
    Fate.DISCARDED: _discarded,
    Fate.DEDUPLICATED: _plainly("The broker had it already and kept one"),
    Fate.UNROUTABLE: _unroutable,
    Fate.NO_SUBSCRIBER: _plainly("Nobody had subscribed when it came", "subscribing first, durably"),
    Fate.GAVE_UP: _gave_up,
    Fate.ABORTED: _plainly("Its transaction was aborted"),
    Fate.DELETED: _plainly("Its queue was removed"),
    Fate.LAPPED: _plainly("The ring had gone round and overwrote it", "a larger ring or a quicker reader"),
    Fate.RETENTION: _plainly("It was kept as long as retention allows, and then removed", "longer retention"),
    Fate.COMPACTED: _plainly("A later value of its key replaced it"),
    Fate.LOST: _plainly("It was lost"),
}
"""For each fate its reason; LOST has one for each cause."""

CAUSES: Mapping[Cause, Callable[[Story, np.void], Reason]] = {
    Cause.NONE: _plainly("It was lost"),
    Cause.CLIENT_BUFFER: _client_buffer,
    Cause.WIRE: _wire,
    Cause.BROKER_MEMORY: _broker_memory,
    Cause.UNSYNCED_DISK: _unsynced_disk,
    Cause.UNREPLICATED: _plainly("The only replica that had it was gone", "waiting for more replicas"),
    Cause.TRUNCATED: _plainly("A new leader without it cut it off the log", "no unclean election"),
    Cause.AUTO_ACK: _auto_ack,
    Cause.EARLY_COMMIT: _plainly("Its offset was committed before it was processed", "committing afterwards"),
    Cause.OFFSET_RESET: _plainly("The consumer's offset was reset past it"),
    Cause.SLOW_JOINER: _plainly("It was sent before the subscriber had joined", "waiting for the subscriber"),
    Cause.OUTPUT_BUFFER: _plainly("The output buffer of its subscriber overflowed", "a quicker subscriber"),
}
"""For each cause of loss its reason."""
