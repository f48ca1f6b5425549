"""A reason: a decision, the settings behind it, what would have prevented it; and how settings are spelt.

Settings are named by their path in the scenario, so that each can be tried with ``--set``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mqlab.explain.story import Story
from mqlab.trace.kinds import Kind

__all__ = [
    "Because",
    "Reason",
    "asking",
    "confirms",
    "consumers_path",
    "listed",
    "loss_setting",
    "plainly",
    "producer_path",
    "queue_path",
]

SETTING = re.compile(r"\b(?:producers|queues|topics|cluster|consumers|nodes)\.[\w.-]*\w(?:: [\w-]+)?")


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
            parts.append(f"Decided by {listed(tuple(f'`{setting}`' for setting in self.settings))}.")
        if self.cure:
            parts.append(f"To prevent it: {SETTING.sub(_quoted, self.cure)}.")
        if self.remark:
            parts.append(f"{SETTING.sub(_quoted, self.remark)}.")
        return " ".join(parts)


def listed(things: tuple[str, ...]) -> str:
    """Join things with commas and an and."""
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}"


Because = Callable[[Story, np.void], Reason]
"""Gives the reason for what became of one FATE row."""


def queue_path(story: Story, row: np.void) -> str:
    """Spell the path of a row's queue."""
    return f"queues.{story.group(int(row['queue']))}"


def producer_path(story: Story, row: np.void) -> str:
    """Spell the path of the group that sent it."""
    return f"producers.{story.group(int(row['producer']))}"


def consumers_path(story: Story, row: np.void) -> str:
    """Spell the path of the group that last had it, or reads its queue."""
    found = story.consumers(int(row["copy"]), int(row["queue"]))
    return f"consumers.{found.name}" if found else "consumers"


def confirms(story: Story) -> bool:
    """Tell whether its producers ask for confirms, or for commits."""
    return story.producer is not None and story.producer.learns


def loss_setting(story: Story, packet: np.void, who: str) -> str:
    """Name what lost a packet: silence that was ordered, or the link's own loss."""
    who_lost, when = int(packet["actor"]), int(packet["time_ns"])
    cut = (story.since(begin, who_lost, when) for begin in (Kind.SILENCE_BEGAN, Kind.PARTITION_BEGAN))
    return f"{who}.link.loss" if all(since is None for since in cut) else "faults"


def asking(story: Story, row: np.void) -> str:
    """Name the cure of whoever does not know what became of a message."""
    who = producer_path(story, row)
    if not confirms(story):
        return f"{who}.confirm with {who}.retry.attempts above 1: what is not confirmed is sent again"
    return f"more {who}.retry.attempts"


def plainly(text: str, cure: str = "") -> Because:
    """Make a reason that is the same for everybody."""
    return lambda _story, _row: Reason(text, (), cure)
