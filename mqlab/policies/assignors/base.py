"""What an assignor is: from who wants what to who reads which partition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["Assigning", "Assignor", "Owned", "Partition", "Shares", "Sizes", "Subscriptions", "wanted_by"]

Partition: TypeAlias = tuple[str, int]
"""Topic and number."""
Subscriptions: TypeAlias = Mapping[Any, Sequence[str]]
"""The topics that each member wants. Members may be anything that can be sorted, such as their ids."""
Sizes: TypeAlias = Mapping[str, int]
"""How many partitions each topic has."""
Owned: TypeAlias = Mapping[Any, Sequence[Partition]]
"""What each member has from the assignment before; a member that is new, or was thrown out, has nothing."""
Shares: TypeAlias = dict[Any, list[Partition]]
"""What each member reads from now on."""
Assigning: TypeAlias = Callable[[Subscriptions, Sizes, Owned], Shares]


@dataclass(frozen=True, slots=True)
class Assignor:
    """A way to share out the partitions of a group.

    ``assign`` is pure: the same subscriptions, partitions and owners give the same shares, whatever the order in which
    they are listed. With ``cooperative`` members keep what they have while the group rebalances; else they give
    everything up first.
    """

    name: str
    assign: Assigning
    cooperative: bool = False
    summary: str = ""


def wanted_by(subscriptions: Subscriptions, topic: str) -> list[Any]:
    """List the members that want a topic, in order.

    Examples
    --------
    >>> wanted_by({"b": ["x"], "a": ["x", "y"]}, "x")
    ['a', 'b']
    """
    return sorted(member for member, topics in subscriptions.items() if topic in topics)
