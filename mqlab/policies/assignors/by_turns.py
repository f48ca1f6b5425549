"""Round robin: all partitions of all topics, one after the other."""

from __future__ import annotations

from mqlab.policies.assignors.base import Owned, Shares, Sizes, Subscriptions

__all__ = ["by_turns"]


def by_turns(subscriptions: Subscriptions, partitions: Sizes, owned: Owned) -> Shares:
    """Deal the partitions of all topics out in a circle of members; who does not want a topic is passed over.

    Where all want the same topics, shares differ by one at most. Source: apache/kafka, RoundRobinAssignor.

    Examples
    --------
    >>> by_turns({"a": ["x", "y"], "b": ["x", "y"]}, {"x": 3, "y": 3}, {})
    {'a': [('x', 0), ('x', 2), ('y', 1)], 'b': [('x', 1), ('y', 0), ('y', 2)]}
    """
    members = sorted(subscriptions)
    shares: Shares = {member: [] for member in members}
    turn = 0
    for topic in sorted(partitions):
        if not any(topic in subscriptions[member] for member in members):
            continue
        for number in range(partitions[topic]):
            while topic not in subscriptions[members[turn % len(members)]]:
                turn += 1
            shares[members[turn % len(members)]].append((topic, number))
            turn += 1
    return shares
