"""A member of a group that shrinks: it stops by itself, at its own pace.

    asked to stop ─► begins nothing new ─► done with what it works on ─► closes its connection
          │
          └──► the broker hears of it and sends nothing more

What it had received and not begun goes back to the queue when the connection closes. With automatic acknowledgement
nothing can go back: then it finishes everything that it has, and waits until nothing more can come.
"""

from __future__ import annotations

from mqlab.core.batching import send_collected
from mqlab.core.codes import (
    CONSUMER_BATCH,
    CONSUMER_FREE,
    CONSUMER_LEAVING,
    E_DROP,
    E_LEAVE,
    K_MEMBER_LEFT,
    LEAVE_CLOSE,
    LEAVE_DEAD,
    RANK_CONTINUE,
    RANK_EVENT,
)
from mqlab.core.heap import push
from mqlab.core.link import LOST, UP, cross
from mqlab.core.recorder import tell
from mqlab.core.records import clients, consumers, groups, lanes, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import GOODBYE, identity

__all__ = ["count_members", "leave_if_done", "member_left"]


@kernel
def count_members(s: State, group: int, change: int) -> None:
    """Count a group's members over time."""
    g = groups(s, group)
    now = runs(s, 0)["now"]
    g["exists_time"] = g["exists_time"] + float(g["exists"]) * float(now - g["exists_since"])
    g["exists_since"] = now
    g["exists"] = g["exists"] + change


@kernel
def member_left(s: State, consumer: int, killed: int) -> None:
    """Note that a member is no more."""
    k = consumers(s, consumer)
    k["special"] = k["special"] & ~CONSUMER_LEAVING
    count_members(s, k["group"], -1)
    tell(s, K_MEMBER_LEFT, -1, 0, clients(s, k["client"])["entity"], -1, 0, 0, killed, 1)
    if k["wanted"] == 1:  # the group has grown again meanwhile
        push(s, runs(s, 0)["now"], RANK_CONTINUE, E_LEAVE, k["client"], LEAVE_DEAD, 0)


@kernel
def _works(s: State, consumer: int) -> bool:
    """Say whether a consumer has something to finish before it may go."""
    k = consumers(s, consumer)
    for i in range(groups(s, k["group"])["lanes"]):
        if lanes(s, k["lane"] + i)["delivery"] >= 0:
            return True
    if k["auto"] == 0:
        return False
    return k["hand_head"] >= 0 or (k["special"] & CONSUMER_FREE) == 0


@seldom
def leave_if_done(s: State, consumer: int) -> None:
    """Go, if nothing is left to do."""
    k = consumers(s, consumer)
    index = k["client"]
    client = clients(s, index)
    if (k["special"] & CONSUMER_LEAVING) == 0 or client["alive"] == 0 or _works(s, consumer):
        return
    now = runs(s, 0)["now"]
    connected = client["up"] == 1
    if connected and (k["special"] & CONSUMER_BATCH) != 0 and k["collected"] > 0:
        send_collected(s, consumer)
    if connected:
        arrives = cross(s, index, UP, GOODBYE, identity(client["ident"], k["member"]), 2 * client["epoch"] + 1, now)
        if arrives != LOST:
            k["closing"] = 1
            push(s, arrives, RANK_EVENT, E_LEAVE, index, LEAVE_CLOSE, client["epoch"])
    client["alive"] = 0
    client["up"] = 0
    client["life"] = client["life"] + 1
    client["connecting"] = 0
    k["life"] = k["life"] + 1
    push(s, now, RANK_CONTINUE, E_DROP, consumer, 0, 0)
    member_left(s, consumer, 0)
