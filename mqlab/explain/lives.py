"""Why a message found no queue, or went with one: the life of queues in reasons."""

from __future__ import annotations

import numpy as np

from mqlab.explain.reason import Reason, listed, producer_path, queue_path
from mqlab.explain.story import Story, moment_text
from mqlab.model import Queue
from mqlab.systems.facts import queues_of
from mqlab.trace.kinds import Ending, Kind

__all__ = ["absent_from", "deleted", "no_subscriber", "unroutable"]


def _ending(story: Story, queue: str, time_ns: int) -> np.void | None:
    """Find the row of a queue's deletion, if it was not there at a moment."""
    mask = np.isin(story.world["kind"], (Kind.QUEUE_DELETED, Kind.QUEUE_DECLARED))
    rows = story.world[mask & (story.world["time_ns"] <= time_ns)]
    own = [row for row in rows if story.group(int(row["queue"])) == queue]
    return own[-1] if own and own[-1]["kind"] == Kind.QUEUE_DELETED else None


def _decided(queue: Queue, cause: int) -> tuple[str, str]:
    """Name the setting that let a queue be deleted, and the cure."""
    name = f"queues.{queue.name}"
    if cause == Ending.EXPIRED:
        return f"{name}.expires", f"a longer {name}.expires, or none"
    if cause == Ending.UNBOUND:
        return "exchanges", "an exchange with durable: true on the whole way"
    if queue.exclusive:
        return f"{name}.exclusive: true", f"{name} without exclusive: a durable subscription waits for its subscriber"
    if cause == Ending.UNUSED:
        return f"{name}.auto_delete: true", f"{name}.auto_delete: false: a queue that waits for its subscriber"
    return f"{name}.durable: false", f"{name}.durable: true"


def _absent(story: Story, time_ns: int) -> tuple[list[str], list[str], list[str]]:
    """List the queues that were missing for a message at a moment: in words, what decided, and the cures."""
    words: list[str] = []
    settings: list[str] = []
    cures: list[str] = []
    if story.producer is None or len(story.producer.destination.ways) > 1:
        return words, settings, cures  # the trace does not say which of several ways this one went
    for queue in queues_of(story.model, story.producer):
        row = _ending(story, queue.name, time_ns)
        if row is not None:
            decided, cure = _decided(queue, int(row["cause"]))
            unbound = row["cause"] == Ending.UNBOUND
            what = f"{queue.name} had {'lost its bindings' if unbound else 'been deleted'} at"
            words.append(f"{what} {moment_text(int(row['time_ns']))}")
            settings.append(decided)
            cures.append(cure)
    return words, list(dict.fromkeys(settings)), list(dict.fromkeys(cures))


def _is_mandatory(story: Story) -> bool:
    return story.producer is not None and story.producer.destination.mandatory


def _asked(story: Story) -> str:
    return "sent it back to its producer" if _is_mandatory(story) else "dropped it"


def unroutable(story: Story, row: np.void) -> Reason:
    """Give the reason where no binding matched, or a name was nobody's."""
    who = producer_path(story, row)
    told = story.of(Kind.UNROUTABLE)
    words, settings, cures = _absent(story, int(told[-1]["time_ns"]) if len(told) else int(row["ended_ns"]))
    if words:
        return Reason(
            f"It was sent to a queue that was not there: {' and '.join(words)}. The broker {_asked(story)} "
            "(and confirmed it, if it was asked)",
            tuple(settings),
            cures[0],
        )
    return Reason(
        f"No queue is bound where it was sent, and the broker {_asked(story)} (and confirmed it, if it was asked)",
        (f"{who}.to", "bindings"),
        "a binding for its routing key, or an alternate exchange"
        + ("" if _is_mandatory(story) else f"; {who}.to.mandatory: true tells the producer"),
    )


def no_subscriber(story: Story, row: np.void) -> Reason:
    """Give the reason where those who would have been bound were not there."""
    told = story.of(Kind.UNROUTABLE)
    words, settings, cures = _absent(story, int(told[-1]["time_ns"]) if len(told) else int(row["ended_ns"]))
    why = f": {' and '.join(words)}" if words else ""
    return Reason(
        f"Nobody was subscribed when it came{why}. The broker {_asked(story)} (and confirmed it, if it was asked)",
        tuple(settings),
        cures[0] if cures else "subscribing first, durably",
    )


def deleted(story: Story, row: np.void) -> Reason:
    """Give the reason of a copy that stood in a queue when it was deleted."""
    queue = story.queue(int(row["queue"]))
    gone = story.of(Kind.DELETED, copy=int(row["copy"]))
    ending = _ending(story, queue.name, int(gone[-1]["time_ns"])) if queue is not None and len(gone) else None
    if queue is None or ending is None:
        return Reason("Its queue was removed", (queue_path(story, row),))
    why = {
        Ending.UNUSED: "its last consumer was gone",
        Ending.EXPIRED: "nobody had used it for too long",
        Ending.RESTART: "it belonged to a connection that went down with the broker",
    }[Ending(int(ending["cause"]))]
    decided, cure = _decided(queue, int(ending["cause"]))
    return Reason(f"It stood in {queue.name} when that queue was deleted, because {why}", (decided,), cure)


def absent_from(story: Story) -> list[Reason]:
    """Name the subscribers who missed a message that others got."""
    told = story.of(Kind.UNROUTABLE)
    arrived = story.of(Kind.ARRIVED)
    if len(told) or not len(arrived) or not len(story.fates):
        return []
    reached = {story.group(int(queue)) for queue in story.fates["queue"] if queue >= 0}
    words, settings, _ = _absent(story, int(arrived[-1]["time_ns"]))
    missed = [text for text in words if text.split(" ")[0] not in reached]
    if not missed:
        return []
    return [Reason(f"Not everybody got it: {listed(tuple(missed))}", tuple(settings))]
