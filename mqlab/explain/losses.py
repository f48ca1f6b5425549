"""Why something got lost: one reason for each cause (:data:`CAUSES`)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mqlab.explain.reason import (
    Because,
    Reason,
    asking,
    confirms,
    consumers_path,
    listed,
    loss_setting,
    plainly,
    producer_path,
    queue_path,
)  # fmt: skip
from mqlab.explain.replicas import unreplicated
from mqlab.explain.story import Story
from mqlab.trace.fates import Cause
from mqlab.trace.kinds import Direction, Kind

__all__ = ["CAUSES"]


def _client_buffer(story: Story, row: np.void) -> Reason:
    who, kept = producer_path(story, row), story.producer.buffer if story.producer else None
    if kept is not None and len(story.of(Kind.OVERFLOWED)):
        which = "the oldest in it that had never been sent" if kept.when_full == "drop-oldest" else "the newest"
        return Reason(
            f"The buffer of {story.name(int(row['producer']))} was full, and this was {which}",
            (f"{who}.buffer.max: {kept.max_messages}", f"{who}.buffer.when_full: {kept.when_full}"),
            f"{who}.buffer.when_full: block, a larger buffer, or a broker that is back sooner",
        )
    return Reason(
        f"{story.name(int(row['producer']))} died, and the message was only in its memory",
        ("faults",),
        "writing messages down before they are sent (an outbox); no setting of the broker can",
    )


def _wire(story: Story, row: np.void) -> Reason:
    who = producer_path(story, row)
    how = "went down with its connection" if len(story.of(Kind.STALE_PACKET)) else "was lost by the network"
    packets = story.of(Kind.PACKET_LOST, first=Direction.PUBLISH)
    settings = [loss_setting(story, packets[-1], who) if len(packets) else "faults"]
    if not confirms(story):
        settings.append(f"{who}.confirm: none")
    return Reason(
        f"It {how} on its way to the broker; its producer {'gave up' if confirms(story) else 'never knew'}",
        tuple(settings),
        asking(story, row),
    )


def _broker_memory(story: Story, row: np.void) -> Reason:
    queue, name, who = story.queue(int(row["queue"])), queue_path(story, row), producer_path(story, row)
    persistent = story.producer is not None and story.producer.message.persistent
    if queue is None:
        return Reason("The broker crashed before any queue had it", ("faults",), asking(story, row))
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
        return Reason(text, tuple(settings), f"{listed(tuple(needed))}")
    return Reason(
        f"{text}: it had not been written yet, and was not confirmed either",
        (f"nodes.{queue.node}.disk.group_commit", *(() if confirms(story) else (f"{who}.confirm: none",))),
        asking(story, row),
    )


def _unsynced_disk(story: Story, row: np.void) -> Reason:
    queue, who = story.queue(int(row["queue"])), producer_path(story, row)
    node = f"nodes.{queue.node}.disk" if queue else "nodes"
    if len(story.of(Kind.SYNCED, copy=int(row["copy"]))):
        return Reason(
            "The disk had said that the copy was safe while it stood in the drive's own cache, and the power failed",
            (f"{node}.lies",),
            f"{node}.lies: false: a drive that does what an fsync asks of it",
        )
    return Reason(
        "The power failed after the copy had been written and before it was on disk",
        (f"{node}.fsync", *(() if confirms(story) else (f"{who}.confirm: none",))),
        asking(story, row) + "; a confirm comes only after the flush",
    )


def _auto_ack(story: Story, row: np.void) -> Reason:
    consumers = consumers_path(story, row)
    return Reason(
        "The broker took it for done when it left for the consumer, and the consumer never finished it",
        (f"{consumers}.ack: auto",),
        f"{consumers}.ack: manual: what is not acknowledged is delivered again",
    )


def _early_commit(story: Story, row: np.void) -> Reason:
    consumers = consumers_path(story, row)
    if not len(story.of(Kind.HELD, copy=int(row["copy"]))):
        return Reason("Its offset was committed before it was processed", (), "committing afterwards")
    return Reason(
        "The handler kept silent about it, and an acknowledgement of everything up to a later delivery covered it",
        (f"{consumers}.acks.batch", f"{consumers}.exceptions.then: hold"),
        f"{consumers}.exceptions.then: requeue or reject, or no {consumers}.acks",
    )


CAUSES: Mapping[Cause, Because] = {
    Cause.NONE: plainly("It was lost"),
    Cause.CLIENT_BUFFER: _client_buffer,
    Cause.WIRE: _wire,
    Cause.BROKER_MEMORY: _broker_memory,
    Cause.UNSYNCED_DISK: _unsynced_disk,
    Cause.UNREPLICATED: unreplicated,
    Cause.TRUNCATED: plainly("A new leader without it cut it off the log", "no unclean election"),
    Cause.AUTO_ACK: _auto_ack,
    Cause.EARLY_COMMIT: _early_commit,
    Cause.OFFSET_RESET: plainly("The consumer's offset was reset past it"),
    Cause.SLOW_JOINER: plainly("It was sent before the subscriber had joined", "waiting for the subscriber"),
    Cause.OUTPUT_BUFFER: plainly("The output buffer of its subscriber overflowed", "a quicker subscriber"),
}
"""For each cause of loss its reason."""
