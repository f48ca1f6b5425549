"""What doubled, refused or delayed a message on its way, whatever became of it in the end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from mqlab.explain.lives import absent_from
from mqlab.explain.reason import Reason
from mqlab.explain.replies import reply_turns, request_turns
from mqlab.explain.story import Story, span, times
from mqlab.model import ConsumerGroup
from mqlab.trace.kinds import Direction, Kind

__all__ = ["turns"]


def turns(story: Story) -> Iterator[Reason]:
    """Give the reasons for everything out of the ordinary, in the order of the message's way."""
    yield from _tries(story)
    yield from absent_from(story)
    for row in story.fates:
        yield from _extra_copy(story, row)
        yield from _redeliveries(story, row)
    yield from _effects(story)
    for row in story.fates:
        yield from _delay(story, row)
    yield from _not_confirmed(story)
    yield from request_turns(story)
    yield from reply_turns(story)


def _who(story: Story) -> str:
    return f"producers.{story.producer.name}" if story.producer else "producers"


def _tries(story: Story) -> Iterator[Reason]:
    """Refusals, time-outs and broken connections that made the producer try again."""
    pauses = story.of(Kind.BACKED_OFF)
    if not len(pauses):
        return
    who, why, settings = _who(story), [], []
    for kind, text, setting in (
        (Kind.REFUSED, "was refused", ""),
        (Kind.TIMED_OUT, "timed out", f"{who}.confirm.timeout"),
        (Kind.REQUEST_TIMED_OUT, "was not answered in time", f"{who}.request.timeout"),
        (Kind.UNKNOWN, "ended with its connection", "faults"),
    ):
        count = len(story.of(kind))
        if count:
            why.append(f"{text} {times(count)}")
            settings.append(setting)
    failed = story.of(Kind.PUBLISH_FAILED)["cause"]
    for count, text, setting in (
        (int((failed == 0).sum()), "found no connection", "faults"),
        (int((failed == 1).sum()), "found the buffer full", f"{who}.buffer.max"),
    ):
        if count:
            why.append(f"{text} {times(count)}")
            settings.append(setting)
    for row in story.of(Kind.ENQUEUE_REFUSED):
        name = f"queues.{story.group(int(row['queue']))}"
        settings += [f"{name}.max_length", f"{name}.overflow: reject-publish"]
    total = int(pauses["first"].sum())
    yield Reason(
        f"A try {' and '.join(why) or 'failed'}; the pauses before the next came to {span(total)}",
        tuple(dict.fromkeys([setting for setting in settings if setting] + [f"{who}.retry.backoff"])),
    )


def _extra_copy(story: Story, row: np.void) -> Iterator[Reason]:
    """Why a queue stored a message again."""
    if row["copy_of"] < 0:
        return
    who, queue = _who(story), story.name(int(row["queue"]))
    enqueued = int(row["enqueued_ns"])
    group = story.consumers(int(row["copy"]), int(row["queue"]))
    who_reads = f"consumers.{group.name}" if group else "consumers"
    harmless = f"The broker cannot tell; {who_reads}.deduplicate: true makes it harmless"
    doubled = story.of(Kind.PACKET_DUPLICATED, first=Direction.PUBLISH)
    tries = story.of(Kind.SENT)
    if len(doubled) and len(tries[tries["time_ns"] <= enqueued]) < 2:
        yield Reason(
            f"{queue} stored it again, because the network doubled it",
            (f"{who}.link.duplicate",),
            remark=harmless,
        )
        return
    lost = len(story.of(Kind.PACKET_LOST, first=Direction.CONFIRM)) + len(
        story.of(Kind.STALE_PACKET, first=Direction.CONFIRM)
    )
    why, decided = "no confirm had come in time", f"{who}.confirm.timeout"
    if story.is_request:
        why, decided = "no reply had come in time", f"{who}.request.timeout"
    if lost:
        why = "the confirm got lost"
    elif len(story.of(Kind.UNKNOWN)) and not len(story.of(Kind.TIMED_OUT)):
        why, decided = "the connection had ended before a confirm came", "faults"
    yield Reason(
        f"{queue} stored it again, because {why} and its producer sent it again",
        (f"{who}.retry.attempts", decided),
        remark=harmless,
    )


def _redeliveries(story: Story, row: np.void) -> Iterator[Reason]:
    """Why a copy was delivered more than once."""
    if row["deliveries"] < 2:
        return
    copy = int(row["copy"])
    group = story.consumers(copy, int(row["queue"]))
    who = f"consumers.{group.name}" if group else "consumers"
    back = story.of(Kind.REQUEUED, copy=copy)
    why, settings = [], [f"{who}.ack: manual"] if len(back) else []
    if (back["cause"] == 1).any():
        ended, because = _ended(story, back[back["cause"] == 1], who)
        why.append(ended)
        settings += because
    if (back["cause"] == 0).any():
        why.append("a consumer put it back")
        settings.append(f"{who}.exceptions.then: requeue")
    if len(story.of(Kind.RECOVERED, copy=copy)):
        why.append("the broker went down before it had the acknowledgement")
    if len(story.of(Kind.PACKET_DUPLICATED, copy=copy, first=Direction.DELIVERY)):
        why.append("the network doubled a delivery")
        settings.append(f"{who}.link.duplicate")
    reasons = " and ".join(why) or "it had not been acknowledged"
    yield Reason(f"It was delivered {times(int(row['deliveries']))}, because {reasons}", tuple(settings))


def _ended(story: Story, back: np.ndarray[Any, Any], who: str) -> tuple[str, list[str]]:
    """Say why the connections ended that brought a copy back, and what decided that."""
    world = story.world[np.isin(story.world["actor"], back["actor"])]
    before = world[world["time_ns"] <= back["time_ns"].max()]
    if (before["kind"] == Kind.CHANNEL_CLOSED).any():
        return "the broker closed a consumer's channel: too long without an acknowledgement", [f"{who}.timeout"]
    if (before["kind"] == Kind.MEMBER_LEFT).any():
        return "a consumer left its group before it had acknowledged", [f"{who}.scale"]
    batched = any(group.acks for group in story.model.consumers if f"consumers.{group.name}" == who)
    return "a consumer's connection ended before it had acknowledged", [f"{who}.acks.batch"] if batched else []


def _remembers(group: ConsumerGroup | None, who: str) -> tuple[str, str]:
    """Say which setting let an effect happen again, and the mend."""
    exact = f"{who}.deduplicate: true (look up the business id before acting)"
    if group is None or not group.deduplicate:
        return f"{who}.deduplicate: false", exact
    if group.recall.how == "check-then-act":
        return f"{who}.deduplicate.how: check-then-act", f"{who}.deduplicate.how: atomic (look up and act in one step)"
    if group.recall.count or group.recall.for_ns:
        return f"{who}.deduplicate.window", "a window that outlasts every way in which a message can come again"
    return f"{who}.deduplicate: true, for each group by itself", "one group on the queue"


def _effects(story: Story) -> Iterator[Reason]:
    """Whether its effect happened more than once in a queue, and what deduplication spared."""
    for queue in dict.fromkeys(story.fates["queue"].tolist()):
        rows = story.fates[story.fates["queue"] == queue]
        effects, worked = int(rows["effects"].sum()), int(rows["processings"].sum())
        group = story.consumers(int(rows[0]["copy"]), queue)
        who = f"consumers.{group.name}" if group else "consumers"
        if effects > 1:
            yield Reason(
                f"Its effect happened {times(effects)}: work was repeated that had already been done",
                (_remembers(group, who)[0],),
                _remembers(group, who)[1],
            )
        elif worked > 1:
            yield Reason(
                f"Work was done {times(worked)}, its effect happened once", (f"{who}.deduplicate: true",)
            )


def _delay(story: Story, row: np.void) -> Iterator[Reason]:
    """Where a processed copy spent most of its time."""
    if row["processed_ns"] < 0 or story.in_reply_to >= 0:
        return  # where a reply spent its time is a part of its request's story
    path = ("created_ns", "sent_ns", "enqueued_ns", "delivered_ns", "processed_ns")
    moments = [int(row[name]) for name in path]
    total = moments[-1] - moments[0]
    if total <= 0 or min(moments) < 0:
        return
    moments.insert(3, _left_the_queue(story, int(row["copy"]), moments[3]))
    group = story.consumers(int(row["copy"]), int(row["queue"]))
    consumers, who = (f"consumers.{group.name}" if group else "consumers"), _who(story)
    stages: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("before it was first sent", _before_sending(story, who)),
        ("between the first try and its queue", _on_the_way(story, who)),
        (f"waiting in {story.name(int(row['queue']))}", (f"{consumers}.count", f"{consumers}.service")),
        ("on its way to a consumer", (f"{consumers}.link.latency",)),
        ("in the hands of consumers", (f"{consumers}.service", f"{consumers}.prefetch")),
    )
    stored = story.of(Kind.ENQUEUED, copy=int(row["copy"]))
    if len(stored) and stored[0]["attempt"] == 0 and len(story.of(Kind.DEAD_LETTERED)):
        sources = tuple(f"queues.{story.group(int(died['queue']))}" for died in story.of(Kind.DEAD_LETTERED))
        stages = (stages[0], ("in the queues it died in", tuple(dict.fromkeys(sources))), *stages[2:])
    parts = [later - earlier for earlier, later in pairwise(moments)]
    most = int(np.argmax(parts))
    where, settings = stages[most]
    name = story.copy_name(int(row["copy"]), int(row["queue"]))
    yield Reason(
        f"From creation to processing {name} took {span(total)}, of which {span(parts[most])} {where}",
        settings,
    )


def _on_the_way(story: Story, who: str) -> tuple[str, ...]:
    if len(story.of(Kind.HELD_BACK)):
        waited = story.of(Kind.HELD_BACK)["cause"]
        return _alarms(story) if waited.any() else (f"{who}.transactions.size",)
    return (f"{who}.retry", f"{who}.link.latency")


def _left_the_queue(story: Story, copy: int, delivered: int) -> int:
    """When the delivery that first reached a consumer left the queue."""
    left = story.of(Kind.DISPATCHED, copy=copy)["time_ns"]
    before = left[left <= delivered]
    return int(before[-1]) if len(before) else delivered


def _alarms(story: Story) -> tuple[str, ...]:
    """Name the limits and faults behind the alarms of a run."""
    raised = story.world[story.world["kind"] == Kind.ALARM_RAISED]
    nodes = {story.group(int(row["actor"])) for row in raised[raised["cause"] == 0]}
    return (*(f"nodes.{node}.memory.limit" for node in sorted(nodes)), *(("faults",) if raised["cause"].any() else ()))


def _before_sending(story: Story, who: str) -> tuple[str, ...]:
    kept = story.of(Kind.BUFFERED)
    if len(kept) and story.since(Kind.CONNECTION_BLOCKED, int(kept[0]["actor"]), int(kept[0]["time_ns"])) is not None:
        return _alarms(story)
    if story.producer is not None and story.producer.buffer is not None:
        return (f"{who}.buffer", f"{who}.confirm.max_in_flight")
    if story.producer is not None and story.producer.transactions is not None:
        return (f"{who}.transactions.size",)
    if story.producer is not None and story.producer.prepare is not None:
        return (f"{who}.prepare",)
    return (f"{who}.confirm.max_in_flight",)


def _not_confirmed(story: Story) -> Iterator[Reason]:
    """Whether a producer who asked never learnt that its message had got through."""
    if story.producer is None or story.producer.confirm is None or not len(story.fates):
        return
    row = story.fates[0]
    if row["confirmed_ns"] < 0 and (story.fates["processed_ns"] >= 0).any():
        yield Reason(
            f"{story.name(int(row['producer']))} never got a confirm, although the message was processed: "
            "not confirmed does not mean that it did not happen"
        )
