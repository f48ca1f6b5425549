"""Why an obligation ended as it did: one reason for each fate (:data:`FATES`); losses have their own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mqlab.explain import lives
from mqlab.explain.ledgers import ledger_reason
from mqlab.explain.logs import log_reason
from mqlab.explain.losses import CAUSES
from mqlab.explain.reason import (
    Because,
    Reason,
    consumers_path,
    loss_setting,
    plainly,
    producer_path,
    queue_path,
)  # fmt: skip
from mqlab.explain.replicas import no_majority
from mqlab.explain.replies import abandoned, reply_reason
from mqlab.explain.sentences import DEATHS
from mqlab.explain.story import Story, moment_text, times
from mqlab.trace.fates import Cause, Fate
from mqlab.trace.kinds import Death, Direction, Kind

__all__ = ["CAUSES", "FATES", "reason_of"]

OWED = "It was still owed at the end"
PLACES = (Kind.ENQUEUED, Kind.REQUEUED, Kind.RECOVERED, Kind.VANISHED, Kind.DISPATCHED)
"""Events that say where a copy is from then on."""


def reason_of(story: Story, row: np.void) -> Reason:
    """Give the reason for the fate of one FATE row."""
    reason = reply_reason(story, row) or ledger_reason(story, row) or log_reason(story, row)
    if reason is not None:
        return reason
    if row["fate"] == Fate.LOST:
        return CAUSES[Cause(int(row["cause"]))](story, row)
    return FATES[Fate(int(row["fate"]))](story, row)


def _processed(story: Story, row: np.void) -> Reason:
    return Reason(
        f"It was processed by {story.name(int(row['consumer']))} at {moment_text(int(row['processed_ns']))}"
    )


def _in_flight(story: Story, row: np.void) -> Reason:
    copy, queue = int(row["copy"]), int(row["queue"])
    places = story.of(*PLACES, copy=copy)
    place = Kind(int(places[-1]["kind"])) if len(places) else None
    consumers, who = consumers_path(story, row), producer_path(story, row)
    failed = len(story.of(Kind.FAILED, copy=copy))
    stuck = no_majority(story, row)
    if stuck is not None:
        return stuck
    node = story.down_at_the_end(queue)
    if node and not _replicated(story, queue):
        return Reason(f"{OWED}: {node} was down", ("faults", "drain"), "a restart before the end")
    if len(story.of(Kind.HELD, copy=copy)):
        return Reason(
            f"{OWED}: a consumer held it, neither acknowledged nor refused",
            (f"{consumers}.exceptions.then: hold",),
            f"{consumers}.exceptions.then: requeue or reject",
        )
    if failed:
        return Reason(
            f"{OWED}: the handler failed {times(failed)}",
            (f"{consumers}.exceptions",),
            f"{consumers}.exceptions.then: reject, which gives up what cannot be processed",
        )
    if queue < 0 or place == Kind.VANISHED:
        return Reason(
            f"{OWED}: {story.name(int(row['producer']))} had not brought it to a queue",
            ("drain", f"{who}.retry"),
            "a longer drain, or shorter pauses between tries",
        )
    if place == Kind.DISPATCHED:
        return _unanswered(story, row, places[-1])
    return Reason(
        f"{OWED}: it stood in {story.name(queue)}",
        ("drain", f"{consumers}.count", f"{consumers}.service"),
        "a longer drain, or more or quicker consumers",
    )


def _replicated(story: Story, queue: int) -> bool:
    found = story.queue(queue)
    return found is not None and bool(found.replicas)


def _unanswered(story: Story, row: np.void, dispatched: np.void) -> Reason:
    """Say what became of a delivery that the broker still waits for."""
    consumers, name = consumers_path(story, row), story.name(int(dispatched["actor"]))
    lost = story.of(Kind.PACKET_LOST, copy=int(row["copy"]))
    lost = lost[np.isin(lost["first"], (Direction.DELIVERY, Direction.ACK))]
    lost = lost[lost["time_ns"] >= dispatched["time_ns"]]
    if not len(lost):
        return Reason(
            f"{OWED}: it had left for {name}, who had not acknowledged it yet",
            ("drain", f"{consumers}.count", f"{consumers}.service", f"{consumers}.prefetch"),
            "a longer drain, or more or quicker consumers",
        )
    what = "acknowledgement" if lost[-1]["first"] == Direction.ACK else "delivery"
    return Reason(
        f"{OWED}: the network lost the {what}, and the broker waits for an answer from {name} as long as "
        "their connection stands",
        (loss_setting(story, lost[-1], consumers), f"{consumers}.ack: manual"),
        f"{consumers}.link that loses nothing (as TCP does)",
    )


def _evicted(story: Story, row: np.void) -> Reason:
    queue, name = story.queue(int(row["queue"])), queue_path(story, row)
    how = queue.overflow if queue else "drop-head"
    what = (
        "its oldest message, which was this one"
        if how == "drop-head"
        else "the newest message, which was this one"
    )
    limit = _limit(story, row)
    told = "producers that ask for confirms are told no and can try again"
    if how.startswith("reject-publish"):
        who = producer_path(story, row)
        refused = story.of(Kind.ENQUEUE_REFUSED, copy=int(row["copy"]))
        if len(refused) and refused[-1]["attempt"] == 0:
            return Reason(
                f"{story.name(int(row['queue']))} was full and refused the dead letter; no confirm is waited for",
                (limit, f"{name}.overflow: {how}"),
                "more room, or quicker consumers of dead letters",
            )
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
    name, who = queue_path(story, row), producer_path(story, row)
    broken = story.of(Kind.DISCARDED, copy=int(row["copy"]))
    if len(broken) and broken[-1]["cause"] == 1:
        return Reason(
            f"{story.name(int(broken[-1]['actor']))} was gone before it had answered, and the caller was told so",
            ("faults", f"{who}.retry.attempts"),
            "calling again, or a queue between the two, which hands it to somebody else",
        )
    limit = _limit(story, row)
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


def _limit(story: Story, row: np.void) -> str:
    """Name the limit of a queue that was full: its length, or else its bytes."""
    queue, name = story.queue(int(row["queue"])), queue_path(story, row)
    if queue is not None and queue.max_length < 0 and queue.max_bytes >= 0:
        return f"{name}.max_bytes: {queue.max_bytes}"
    return f"{name}.max_length: {queue.max_length}" if queue else f"{name}.max_length"


def _expired(story: Story, row: np.void) -> Reason:
    queue, sender = story.queue(int(row["queue"])), story.producer
    of_queue = queue.ttl_ns if queue else -1
    of_message = sender.message.ttl_ns if sender else -1
    own = of_message >= 0 and (of_queue < 0 or of_message < of_queue)
    setting = f"{producer_path(story, row)}.message.ttl" if own else f"{queue_path(story, row)}.ttl"
    return Reason(
        "Its time-to-live passed before anybody took it",
        (setting,),
        f"quicker consumers, more time, or {queue_path(story, row)}.dead_letter, which keeps what expires",
    )


def _dead_lettered(story: Story, row: np.void) -> Reason:
    queue, name = story.queue(int(row["queue"])), queue_path(story, row)
    sent = story.of(Kind.DEAD_LETTERED, copy=int(row["copy"]))
    death = Death(int(sent[-1]["cause"])) if len(sent) else Death.EXPIRED
    settings: tuple[str, ...] = ()
    match death:
        case Death.EXPIRED:
            settings = _expired(story, row).settings
        case Death.MAXLEN:
            settings = (_limit(story, row), f"{name}.overflow: {queue.overflow if queue else 'drop-head'}")
        case Death.REJECTED:
            settings = (f"{consumers_path(story, row)}.exceptions.then: reject",)
        case Death.DELIVERY_LIMIT:
            settings = (f"{name}.delivery_limit: {queue.delivery_limit if queue else 0}",)
    what = DEATHS[death]
    return Reason(
        f"It left {story.name(int(row['queue']))} as a dead letter, because {what}", (*settings, f"{name}.dead_letter")
    )


def _discarded(story: Story, row: np.void) -> Reason:
    consumers = consumers_path(story, row)
    left = abandoned(story, row)
    if left is not None:
        return left
    queue, name = story.queue(int(row["queue"])), queue_path(story, row)
    taken_out = story.of(Kind.DISCARDED, copy=int(row["copy"]))
    if len(taken_out) and taken_out[-1]["cause"] == 2:
        return Reason(
            "It came back more often than its queue allows, and no dead-letter exchange took it",
            (f"{name}.delivery_limit: {queue.delivery_limit if queue else 0}",),
            f"{name}.dead_letter, which keeps it, or a handler that does not fail on it",
        )
    return Reason(
        "A consumer refused it for good, and there is no dead-letter exchange to take it",
        (f"{consumers}.exceptions.then: reject",),
        f"{consumers}.exceptions.then: requeue, if the next try may succeed",
    )


def _gave_up(story: Story, row: np.void) -> Reason:
    who = producer_path(story, row)
    tries = story.producer.retry.attempts if story.producer else int(row["attempts"])
    full = (f"{who}.buffer.when_full: fail",) if (story.of(Kind.PUBLISH_FAILED)["cause"] == 1).any() else ()
    return Reason(
        f"Its producer gave up after {tries} tr{'y' if tries == 1 else 'ies'}, and no queue ever had it",
        (*full, f"{who}.retry.attempts: {tries}", f"{who}.retry.backoff"),
        "more tries, with pauses that outlast the fault",
    )


def _aborted(story: Story, row: np.void) -> Reason:
    who = producer_path(story, row)
    back = story.of(Kind.ROLLED_BACK)
    if len(back) and back[-1]["cause"] == 0:
        return Reason("Its producer rolled its transaction back", (f"{who}.transactions.rollback",))
    return Reason(
        "The connection ended before the commit had reached the broker, which threw the open transaction away",
        ("faults", f"{who}.retry.attempts"),
        f"more {who}.retry.attempts: the transaction is published again",
    )


FATES: Mapping[Fate, Because] = {
    Fate.PROCESSED: _processed,
    Fate.IN_FLIGHT: _in_flight,
    Fate.DEAD_LETTERED: _dead_lettered,
    Fate.EXPIRED: _expired,
    Fate.EVICTED: _evicted,
    Fate.REJECTED: _rejected,
    Fate.DISCARDED: _discarded,
    Fate.DEDUPLICATED: plainly("The broker had it already and kept one"),
    Fate.UNROUTABLE: lives.unroutable,
    Fate.NO_SUBSCRIBER: lives.no_subscriber,
    Fate.GAVE_UP: _gave_up,
    Fate.ABORTED: _aborted,
    Fate.DELETED: lives.deleted,
    Fate.LAPPED: plainly("The ring had gone round and overwrote it", "a larger ring or a quicker reader"),
    Fate.RETENTION: plainly("It was kept as long as retention allows, and then removed", "longer retention"),
    Fate.COMPACTED: plainly("A later value of its key replaced it"),
    Fate.LOST: plainly("It was lost"),
}
"""For each fate its reason; LOST has one for each cause."""
