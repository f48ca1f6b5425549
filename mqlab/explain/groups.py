"""Consumer groups in words: who joined and left, rebalances, and what they did to a record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from mqlab.explain.reason import Reason
from mqlab.explain.story import Moment, Story, moment_text, span, times
from mqlab.model import ConsumerGroup
from mqlab.trace.kinds import Kind, Rebalance

__all__ = ["GROUP_KINDS", "GROUP_SENTENCES", "around_groups", "polled_again", "readers_of", "reset_reason"]

_OF_PARTITIONS = (Kind.ASSIGNED, Kind.REVOKED, Kind.COMMIT_REJECTED, Kind.OFFSET_RESET, Kind.SOUGHT)
_OF_GROUPS = (Kind.REBALANCE_BEGAN, Kind.REBALANCED)
GROUP_KINDS = (*_OF_PARTITIONS, *_OF_GROUPS, Kind.POLL_LIMIT, Kind.THROWN_OUT, Kind.COORDINATOR_MOVED)
"""Kinds that only consumer groups of logs have."""


def _cause(m: Moment) -> Rebalance:
    return Rebalance(m.cause) if m.cause <= max(Rebalance) else Rebalance.NOT_IN_TIME


def _began(m: Moment) -> str:
    why = {
        Rebalance.JOINED: f"{m.who} wanted to join",
        Rebalance.LEFT: f"{m.who} had left",
        Rebalance.SESSION: f"{m.who} had not been heard for its `session` time",
        Rebalance.POLL_LIMIT: f"{m.who} had not polled within its `poll_limit` time",
        Rebalance.GIVEN_UP: f"{m.who} had given up what was another's now",
    }.get(_cause(m), f"of {m.who}")
    return f"the group of {m.who} began to rebalance, because {why}"


def _thrown_out(m: Moment) -> str:
    why = {
        Rebalance.SESSION: "its heartbeats had not been heard for its `session` time",
        Rebalance.POLL_LIMIT: "it had not polled within its `poll_limit` time",
    }.get(_cause(m), "it had not joined anew in time (`poll_limit`)")
    return f"{m.who} was no member of its group any more: {why}"


def _rejected(m: Moment) -> str:
    why = "it was no member any more" if m.cause else f"its generation {m.attempt} was not the group's"
    return f"the commit of offset {m.first} of {m.queue} by {m.who} was rejected: {why}"


def _reset(m: Moment) -> str:
    if m.cause == 2:
        return f"{m.who} found no committed offset for {m.queue} and stopped with an error (`reset`: none)"
    where = "the beginning" if m.cause else "the end"
    return f"{m.who} found no committed offset for {m.queue} and began at {where} (`reset`), at offset {m.first}"


GROUP_SENTENCES: Mapping[Kind, Callable[[Moment], str]] = {
    Kind.REBALANCE_BEGAN: _began,
    Kind.REBALANCED: lambda m: (
        f"{m.who} shared the partitions out among the {int(m.row['count'])} members of its group, all of which had "
        f"joined (generation {m.first})"
    ),
    Kind.ASSIGNED: lambda m: f"{m.who} began to read {m.queue} at offset {m.first} (generation {m.attempt})",
    Kind.REVOKED: lambda m: (
        f"{m.who} read {m.queue} no longer: " + ("it was no member any more" if m.cause else "it gave it up")
    ),
    Kind.COMMIT_REJECTED: _rejected,
    Kind.OFFSET_RESET: _reset,
    Kind.SOUGHT: lambda m: f"{m.who} went to offset {m.first} of {m.queue} (`seek`)",
    Kind.POLL_LIMIT: lambda m: (
        f"{m.who} had not polled for {span(m.first)} (`poll_limit`) and left its group, "
        "but went on with what it had polled"
    ),
    Kind.THROWN_OUT: _thrown_out,
    Kind.COORDINATOR_MOVED: lambda m: f"{m.who} began to coordinate the group of {m.story.name(m.first)}",
}
"""For each kind what it says of a record."""


def readers_of(story: Story, queue: int) -> list[ConsumerGroup]:
    """List the groups that a record of a partition (or of a group's own view of it) is owed to.

    A partition that several groups read has a name for each of them, such as ``orders[0].audit``.
    """
    topic, name = story.group(queue), story.name(queue)
    groups = [group for group in story.model.consumers if topic in group.topics]
    return [group for group in groups if name.endswith(f".{group.name}")] or groups


def around_groups(story: Story, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Choose the rows of groups that have to do with a record: those of its partition, and its groups' rebalances."""
    events, world = story.events, story.world
    lived = (world["time_ns"] >= events["time_ns"].min()) & (world["time_ns"] <= events["time_ns"].max())
    places = events["queue"][events["queue"] >= 0]
    elsewhere = np.isin(world["kind"], _OF_PARTITIONS) & ~np.isin(world["queue"], places)
    groups = {group.name for queue in set(places.tolist()) for group in readers_of(story, queue)}
    members = [i for i, entity in enumerate(story.trace.entities) if entity.group in groups]
    told = np.isin(world["kind"], _OF_GROUPS) & np.isin(world["actor"], members)
    told |= np.isin(world["kind"], _OF_PARTITIONS) & np.isin(world["queue"], places)
    chosen: NDArray[np.bool_] = (wanted | (told & lived)) & ~elsewhere
    return chosen


def _of_partition(story: Story, row: np.void, kind: Kind) -> NDArray[np.void]:
    """Find the rows of a kind in the partition of an obligation, by members of its groups."""
    names = {group.name for group in readers_of(story, int(row["queue"]))}
    members = [i for i, entity in enumerate(story.trace.entities) if entity.group in names]
    places = set(story.events["queue"][story.events["queue"] >= 0].tolist())
    mask = (story.world["kind"] == kind) & np.isin(story.world["actor"], members)
    rows: NDArray[np.void] = story.world[mask & np.isin(story.world["queue"], [-1, *places])]
    return rows


def reset_reason(story: Story, row: np.void, reader: str) -> Reason:
    """Say why a record was passed over: the group had no offset, or somebody sought another."""
    sought, reset = _of_partition(story, row, Kind.SOUGHT), _of_partition(story, row, Kind.OFFSET_RESET)
    if len(sought):
        at = moment_text(int(sought[-1]["time_ns"]))
        return Reason(f"The group went to another offset at {at}, and it was passed over", (f"{reader}.seek",))
    if len(reset):
        at = moment_text(int(reset[-1]["time_ns"]))
        return Reason(
            f"The group had no committed offset and began at the end of the partition at {at}, so it was never polled",
            (f"{reader}.reset: latest",), f"{reader}.reset: earliest",
        )  # fmt: skip
    return Reason("The group's offset was beyond it when the consumer began again, so it was never polled", ("faults",))


def polled_again(story: Story, row: np.void, reader: str) -> Iterator[Reason]:
    """Say why a record was polled several times."""
    what = f"It was polled {times(int(row['deliveries']))}"
    slow, sought = _of_partition(story, row, Kind.POLL_LIMIT), _of_partition(story, row, Kind.SOUGHT)
    if len(slow):
        who = story.name(int(slow[0]["actor"]))
        yield Reason(
            f"{what}: {who} took longer for what it had polled than its group waits, was thrown out, and went on all "
            "the same, while another began at the committed offset",
            (f"{reader}.poll_limit", f"{reader}.max_poll", f"{reader}.service"),
            f"a longer {reader}.poll_limit, or a smaller {reader}.max_poll",
        )
    elif len(sought):
        yield Reason(f"{what}: its group went back to an earlier offset", (f"{reader}.seek",))
    else:
        died = (story.world["kind"] == Kind.CLIENT_CRASHED).any()
        why = "its consumer died" if died else "its partition went to another member"
        yield Reason(
            f"{what}: {why} before its offset was committed, and the next one began there",
            (f"{reader}.commit", f"{reader}.commit_interval"),
            f"{reader}.commit: after, with a small {reader}.max_poll",
        )
