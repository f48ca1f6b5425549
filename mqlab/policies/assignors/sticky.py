"""Sticky: as even as can be, and as little as can be changes hands; cooperative: in two steps."""

from __future__ import annotations

from typing import Any

from mqlab.policies.assignors.base import Owned, Partition, Shares, Sizes, Subscriptions

__all__ = ["cooperatively", "sticking"]


def sticking(subscriptions: Subscriptions, partitions: Sizes, owned: Owned) -> Shares:
    """Let members keep what they have, give what is free to those with least, then even out one by one.

    Where all want the same topics, shares differ by one at most, and no partition moves that need not. Source: what
    apache/kafka's StickyAssignor promises (KIP-54); the way there is our own.

    Examples
    --------
    >>> sticking({"a": ["x"], "b": ["x"]}, {"x": 4}, {"a": [("x", 0), ("x", 1), ("x", 2), ("x", 3)]})
    {'a': [('x', 0), ('x', 1)], 'b': [('x', 2), ('x', 3)]}
    """
    members = sorted(subscriptions)
    shares = _kept(subscriptions, partitions, owned)
    taken = {partition for share in shares.values() for partition in share}
    free = [(topic, number) for topic in sorted(partitions) for number in range(partitions[topic])]
    for partition in free:
        willing = [member for member in members if partition[0] in subscriptions[member]]
        if partition not in taken and willing:
            shares[min(willing, key=lambda member: len(shares[member]))].append(partition)
    while _even_out(subscriptions, members, shares):
        pass
    return {member: sorted(shares[member]) for member in members}


def _kept(subscriptions: Subscriptions, partitions: Sizes, owned: Owned) -> Shares:
    """Say what members still have: what is there, what they still want, and nobody before them claims."""
    shares: Shares = {}
    claimed: set[Partition] = set()
    for member in sorted(subscriptions):
        kept = []
        for topic, number in sorted(owned.get(member, ())):
            there = topic in subscriptions[member] and 0 <= number < partitions.get(topic, 0)
            if there and (topic, number) not in claimed:
                claimed.add((topic, number))
                kept.append((topic, number))
        shares[member] = kept
    return shares


def _even_out(subscriptions: Subscriptions, members: list[Any], shares: Shares) -> bool:
    """Move one partition from who has most to who has least of those who want it; False if nothing is to be gained."""
    for giver in sorted(members, key=lambda member: -len(shares[member])):
        for taker in sorted(members, key=lambda member: len(shares[member])):
            if len(shares[giver]) < len(shares[taker]) + 2:
                break
            for place in range(len(shares[giver]) - 1, -1, -1):
                if shares[giver][place][0] in subscriptions[taker]:
                    shares[taker].append(shares[giver].pop(place))
                    return True
    return False


def cooperatively(subscriptions: Subscriptions, partitions: Sizes, owned: Owned) -> Shares:
    """Share out as :func:`sticking`, but nobody gets yet what another member still has.

    Who has too much gives that up and joins once more; the second rebalance gives it to its new owner. Nobody stops
    reading what stays where it is. Source: apache/kafka, CooperativeStickyAssignor (KIP-429).

    Examples
    --------
    >>> first = cooperatively({"a": ["x"], "b": ["x"]}, {"x": 2}, {"a": [("x", 0), ("x", 1)]})
    >>> first
    {'a': [('x', 0)], 'b': []}
    >>> cooperatively({"a": ["x"], "b": ["x"]}, {"x": 2}, first)
    {'a': [('x', 0)], 'b': [('x', 1)]}
    """
    shares = sticking(subscriptions, partitions, owned)
    kept = _kept(subscriptions, partitions, owned)
    owner = {partition: member for member, share in kept.items() for partition in share}
    return {
        member: [partition for partition in share if owner.get(partition, member) == member]
        for member, share in shares.items()
    }
