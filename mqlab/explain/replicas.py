"""What happens to a message in a replicated queue, in words: the log, the majority, the leader."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from mqlab.explain.reason import Reason, asking, confirms, producer_path, queue_path
from mqlab.explain.story import Moment, Story
from mqlab.trace.kinds import Kind

__all__ = ["REPLICA_KINDS", "REPLICA_SENTENCES", "no_majority", "unreplicated", "with_replicas"]

REPLICA_KINDS = (Kind.LEADER_ELECTED, Kind.LEADER_LOST, Kind.QUORUM_LOST, Kind.QUORUM_REGAINED)
"""World events of a queue that concern every message in it."""


def with_replicas(events: NDArray[np.void], world: NDArray[np.void]) -> NDArray[np.void]:
    """Add to a message's rows when each replica had it on its disk: batches of the log that its entry was in."""
    batches = world[world["kind"] == Kind.REPLICATED]
    found = []
    for entry in events[events["kind"] == Kind.APPENDED]:
        mine = batches[(batches["queue"] == entry["queue"]) & (batches["first"] >= entry["first"])]
        mine = mine[mine["first"] - mine["count"] < entry["first"]].copy()
        mine["message"], mine["copy"] = entry["message"], entry["copy"]
        found.append(mine)
    if not found:
        return events
    rows = np.concatenate([*found, events])  # on disk first: at the same instant it may be committed by that
    merged: NDArray[np.void] = rows[np.argsort(rows["time_ns"], kind="stable")]
    return merged


def _members(m: Moment) -> int:
    queue = m.story.queue(int(m.row["queue"]))
    return len(queue.replicas) if queue else 0


def _quorum_lost(m: Moment) -> str:
    return f"{m.queue} had {m.first} of {_members(m)} replicas left, too few to decide anything"


REPLICA_SENTENCES: Mapping[Kind, Callable[[Moment], str]] = {
    Kind.APPENDED: lambda m: f"{m.who}, which led {m.queue}, put {m.copy} into its log",
    Kind.REPLICATED: lambda m: f"{m.who} had {m.copy} on its disk",
    Kind.LEADER_ELECTED: lambda m: f"{m.who} was elected to lead {m.queue} (term {m.first})",
    Kind.LEADER_LOST: lambda m: f"{m.queue} lost its leader {m.who}",
    Kind.QUORUM_LOST: _quorum_lost,
    Kind.QUORUM_REGAINED: lambda m: f"{m.queue} had enough replicas again to decide",
    Kind.AWAITS_LEADER: lambda m: f"{m.who} kept it, because {m.queue} had no leader",
    Kind.ACK_APPENDED: lambda m: f"the leader of {m.queue} put the acknowledgement of {m.who} into its log",
    Kind.ACK_UNDONE: lambda m: f"the acknowledgement of {m.who} went down with its node before a majority had it",
}
"""For each kind of a replicated queue its sentence."""


def unreplicated(story: Story, row: np.void) -> Reason:
    """Say why an entry that no majority had is gone."""
    queue, name = story.queue(int(row["queue"])), queue_path(story, row)
    members = len(queue.replicas) if queue else 0
    settings = [f"{name}.replicas: {members}", "faults"]
    if not confirms(story):
        settings.append(f"{producer_path(story, row)}.confirm: none")
    return Reason(
        "The node that had it went down before a majority had it on disk, and nobody had been told that it was safe",
        tuple(settings),
        asking(story, row),
    )


def no_majority(story: Story, row: np.void) -> Reason | None:
    """Say that a queue could not go on when the run ended, if that is so."""
    queue = story.queue(int(row["queue"]))
    if queue is None or not queue.replicas:
        return None
    mine = story.world[story.world["queue"] == row["queue"]]
    mine = mine[np.isin(mine["kind"], (Kind.QUORUM_LOST, Kind.QUORUM_REGAINED))]
    if not len(mine) or mine[-1]["kind"] == Kind.QUORUM_REGAINED:
        return None
    left, all_of_them = int(mine[-1]["first"]), len(queue.replicas)
    return Reason(
        f"It was still owed at the end: {queue.name} had {left} of {all_of_them} replicas left, too few to decide",
        ("faults", f"{queue_path(story, row)}.replicas: {all_of_them}"),
        "nodes that come back, or more replicas on more nodes",
    )
