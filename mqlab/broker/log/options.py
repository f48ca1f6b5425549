"""How a topic may be made and how a member reads: the words of Kafka's settings, in nanoseconds and bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar, get_args

from mqlab.broker.errors import PreconditionFailed
from mqlab.errors import did_you_mean

__all__ = ["MemberOptions", "Reset", "TopicOptions", "options_from"]

Reset = Literal["latest", "earliest", "none"]
_Options = TypeVar("_Options", "TopicOptions", "MemberOptions")


@dataclass(frozen=True, slots=True)
class TopicOptions:
    """The rules of a topic; -1 means no limit.

    Examples
    --------
    >>> TopicOptions(partitions=4, retention_bytes=1_000_000).partitions
    4
    """

    partitions: int = 1
    retention_ns: int = -1
    """How long a record is kept at least; whole segments go, so the oldest may stay a segment longer."""
    retention_bytes: int = -1
    """How much each partition keeps at least; whole segments go."""
    segment_records: int = 1024
    """Records of a segment."""
    durable: bool = False
    """Kept by the broker's journal, with what groups commit; a publish then waits until it is there."""

    def __post_init__(self) -> None:
        for name in ("partitions", "segment_records"):
            if getattr(self, name) < 1:
                raise PreconditionFailed(f"{name} is {getattr(self, name)}", "give 1 or more")
        for name in ("retention_ns", "retention_bytes"):
            if getattr(self, name) < -1:
                raise PreconditionFailed(f"{name} is {getattr(self, name)}", "give 0 or more, or -1 for no limit")


@dataclass(frozen=True, slots=True)
class MemberOptions:
    """How a member of a group reads; times are Kafka's defaults.

    Examples
    --------
    >>> MemberOptions(reset="earliest").auto_commit
    True
    """

    assignor: str = "range"
    """Who gets which partition; all members of a group name the same."""
    reset: Reset = "latest"
    """Where to begin without a committed offset, or when it is not kept any more: latest, earliest, none (an error)."""
    auto_commit: bool = True
    """Commit what was polled, in a later poll and when the member closes."""
    auto_commit_interval_ns: int = 5_000_000_000
    session_timeout_ns: int = 45_000_000_000
    """How long after a crash the group takes to notice."""
    max_poll_interval_ns: int = 300_000_000_000
    """How long a member may go without polling before the others go on without it."""

    def __post_init__(self) -> None:
        if self.reset not in get_args(Reset):
            raise PreconditionFailed(f"there is no reset `{self.reset}`", did_you_mean(self.reset, get_args(Reset)))
        for name in ("auto_commit_interval_ns", "session_timeout_ns", "max_poll_interval_ns"):
            if getattr(self, name) < 0:
                raise PreconditionFailed(f"{name} is {getattr(self, name)}", "give 0 or more nanoseconds")


def options_from(kind: type[_Options], noun: str, words: Mapping[str, Any]) -> _Options:
    """Make options of keywords; an unknown word is refused with the nearest one that is known."""
    known = [each.name for each in fields(kind)]
    for word in words:
        if word not in known:
            raise PreconditionFailed(f"{noun} has no option `{word}`", did_you_mean(word, known, "options"))
    return kind(**words)
