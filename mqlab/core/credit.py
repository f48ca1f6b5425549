"""Who may take another delivery, where that is not a question of one consumer alone.

A limit for the channel (prefetch with global=true) is shared by all consumers on it: the members of one group. A
consumer that pulls, or that has been cancelled, takes nothing that it does not ask for.
"""

from __future__ import annotations

from mqlab.core.codes import CONSUMER_CANCELLED, CONSUMER_PULL, CONSUMER_SHARED
from mqlab.core.records import consumers, groups
from mqlab.jit import State, kernel, seldom

__all__ = ["channel_is_full", "special_credit"]


@kernel
def channel_is_full(s: State, group: int) -> bool:
    """Say whether the consumers of a channel hold as much unacknowledged as they may together."""
    g = groups(s, group)
    if g["channel"] == 0:
        return False
    unacked = 0
    for i in range(g["members"]):
        unacked += consumers(s, g["first"] + i)["unacked"]
    return unacked >= g["channel"]


@seldom
def special_credit(s: State, consumer: int) -> bool:
    """Say whether the broker may send this consumer, who is not plain, another delivery."""
    k = consumers(s, consumer)
    if (k["special"] & (CONSUMER_PULL | CONSUMER_CANCELLED)) != 0:
        return False
    if k["auto"] == 1:
        return True
    if k["prefetch"] > 0 and k["unacked"] >= k["prefetch"]:
        return False
    return (k["special"] & CONSUMER_SHARED) == 0 or not channel_is_full(s, k["group"])
