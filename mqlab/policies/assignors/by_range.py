"""Range: each topic by itself, in pieces that hang together."""

from __future__ import annotations

from mqlab.policies.assignors.base import Owned, Shares, Sizes, Subscriptions, wanted_by

__all__ = ["by_range"]


def by_range(subscriptions: Subscriptions, partitions: Sizes, owned: Owned) -> Shares:
    """Give each member a range of each topic; the first (n mod members) get one more.

    The same members get one more of every topic, so over many topics the first have much more than the last. Partition
    n of two topics of one size goes to the same member. Source: apache/kafka, RangeAssignor.

    Examples
    --------
    >>> by_range({"a": ["x", "y"], "b": ["x", "y"]}, {"x": 3, "y": 3}, {})
    {'a': [('x', 0), ('x', 1), ('y', 0), ('y', 1)], 'b': [('x', 2), ('y', 2)]}
    """
    shares: Shares = {member: [] for member in sorted(subscriptions)}
    for topic in sorted(partitions):
        members = wanted_by(subscriptions, topic)
        if not members:
            continue
        share, more = divmod(partitions[topic], len(members))
        begin = 0
        for place, member in enumerate(members):
            end = begin + share + (place < more)
            shares[member].extend((topic, number) for number in range(begin, end))
            begin = end
    return shares
