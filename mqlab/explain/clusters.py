"""What a log's cluster did while a record lived: splits, the controller, leaders that did not know; and its losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mqlab.explain.reason import Reason
from mqlab.explain.story import Moment, Story, moment_text
from mqlab.model import Topic
from mqlab.trace.fates import Cause
from mqlab.trace.kinds import Kind

__all__ = ["CLUSTER_KINDS", "CLUSTER_SENTENCES", "cluster_reason"]


def _controller(m: Moment) -> str:
    return m.who if int(m.row["actor"]) >= 0 else "a machine of its own"


CLUSTER_SENTENCES: Mapping[Kind, Callable[[Moment], str]] = {
    Kind.SPLIT_BEGAN: lambda m: f"{m.who} was cut off from the other side, and nobody was told (`faults`: split)",
    Kind.SPLIT_ENDED: lambda m: f"{m.who} met the other side again",
    Kind.NODE_FENCED: lambda m: f"the controller had not heard of {m.who} for too long and gave it up (`session`)",
    Kind.REGISTERED: lambda m: f"the controller heard of {m.who} again",
    Kind.CONTROLLER_LOST: lambda m: f"{_controller(m)} was the controller no longer, and nobody else was",
    Kind.CONTROLLER_ELECTED: lambda m: f"{_controller(m)} became the controller",
    Kind.STOOD_DOWN: lambda m: f"{m.who} learnt that another node had led {m.queue} since epoch {m.first}",
}
CLUSTER_KINDS = tuple(CLUSTER_SENTENCES)
"""Kinds that only clusters of logs have."""


def _in_sync(story: Story, row: np.void, time_ns: int, all_of_them: int) -> int:
    """Count the replicas in sync at a time: what the last row before says."""
    world = story.world
    rows = world[(world["kind"] == Kind.IN_SYNC) & (world["queue"] == row["queue"]) & (world["time_ns"] <= time_ns)]
    return int(rows[-1]["first"]) if len(rows) else all_of_them


def cluster_reason(story: Story, row: np.void, who: str, topic: Topic, settings: tuple[str, ...]) -> Reason | None:
    """Give the reason for a loss that a split, a pause or a set in sync that shrank brought about; or None."""
    path = f"topics.{topic.name}"
    cause = Cause(int(row["cause"]))
    gone = story.of(Kind.VANISHED)
    gone = gone[gone["copy"] == row["copy"]]
    put = story.of(Kind.APPENDED)
    put = put[put["copy"] == row["copy"]]
    if cause == Cause.TRUNCATED and len(gone) and len(put) and gone[-1]["actor"] == put[-1]["actor"]:
        node, told = story.name(int(put[-1]["actor"])), story.world
        led = told[(told["kind"] == Kind.LEADER_ELECTED) & (told["queue"] == row["queue"])]
        led = led[led["time_ns"] <= put[-1]["time_ns"]]
        since = f" since {moment_text(int(led[-1]['time_ns']))}" if len(led) else ""
        other = story.name(int(led[-1]["actor"])) if len(led) else "another node"
        return Reason(
            f"{node} took itself for the leader and said yes by itself, although {other} had led{since}; "
            "what it took was cut off when it heard of that",
            (*settings, "faults"), f"{who}.acks: all: a leader that cannot reach those in sync confirms nothing",
        )  # fmt: skip
    cluster = story.model.cluster
    if cause == Cause.TRUNCATED and cluster is not None and cluster.truncation == "high_watermark":
        return Reason(
            "The new leader had cut its log at the high watermark as it knew it, and had not fetched the rest again",
            ("cluster.truncation: high_watermark", *settings), "cluster.truncation: epoch",
        )  # fmt: skip
    if cause == Cause.UNSYNCED_DISK and len(put) and row["confirmed_ns"] >= 0:
        replicas = len(topic.partitions[0])
        left = _in_sync(story, row, int(row["confirmed_ns"]), replicas)
        if left == 1 < replicas:
            return Reason(
                "Only the leader was in sync when it was acknowledged, so that all was one; it stood in the leader's "
                "page cache alone, and its machine lost power",
                (f"{path}.min_insync: {topic.min_insync}", *(s for s in settings if "min_insync" not in s), "faults"),
                f"{path}.min_insync: 2: then it is refused as long as no other replica is in sync",
            )  # fmt: skip
    return None
