"""A consumer group grows and shrinks: members that come, and members that go by themselves or are killed.

The group always has the members 0 … n-1: the last come first to go. A member that has not come yet, or has gone, is a
process that does not live and that nobody restarts.
"""

from __future__ import annotations

from mqlab.core.codes import (
    CHUNK,
    CONSUMER_CANCELLED,
    CONSUMER_FREE,
    CONSUMER_LEAVING,
    E_LEAVE,
    E_SCALE,
    K_MEMBER_JOINED,
    LEAVE_CANCEL,
    LEAVE_CANCELLED,
    LEAVE_CLOSE,
    RANK_CONTINUE,
    RANK_EVENT,
)
from mqlab.core.connection import close, connect_later, die
from mqlab.core.heap import push
from mqlab.core.lanes import start_specially
from mqlab.core.leaving import count_members, leave_if_done, member_left
from mqlab.core.link import DOWN, LOST, UP, cross
from mqlab.core.queue import ring_leave
from mqlab.core.recorder import tell
from mqlab.core.records import clients, consumers, groups, nodes, queues, runs, steps
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import GOODBYE, identity

__all__ = ["leave", "scale"]


@seldom
def scale(s: State, step: int, member: int) -> None:
    """Bring a group to the size of a step, one member that changes at a time."""
    size = steps(s, step)
    g = groups(s, size["group"])
    for _ in range(CHUNK):
        if member >= g["members"]:
            return
        consumer = g["first"] + member
        wanted = int(member < size["count"])
        member += 1
        if consumers(s, consumer)["wanted"] != wanted:
            consumers(s, consumer)["wanted"] = wanted
            if wanted == 1:
                _come(s, consumer)
            else:
                _go(s, consumer, size["kill"])
            break
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_SCALE, step, member, 0)


@kernel
def _come(s: State, consumer: int) -> None:
    """A member comes, unless its last life has not ended yet: then it comes when that has."""
    k = consumers(s, consumer)
    client = clients(s, k["client"])
    if (k["special"] & CONSUMER_LEAVING) != 0 or k["closing"] == 1 or client["gone"] == 0:
        return
    k["special"] = k["special"] & ~(CONSUMER_CANCELLED | CONSUMER_FREE)
    client["gone"] = 0
    client["alive"] = 1
    client["connecting"] = 0
    count_members(s, k["group"], 1)
    tell(s, K_MEMBER_JOINED, -1, 0, client["entity"], -1, 0, 0, 0, 1)
    connect_later(s, k["client"], 0)


@kernel
def _go(s: State, consumer: int, kill: int) -> None:
    """A member is killed, or asked to stop."""
    k = consumers(s, consumer)
    index = k["client"]
    client = clients(s, index)
    if client["gone"] == 1:
        return
    client["gone"] = 1
    if client["alive"] == 0:
        member_left(s, consumer, kill)
        return
    if kill == 1:
        member_left(s, consumer, 1)
        die(s, index, -1)
        return
    k["special"] = k["special"] | CONSUMER_LEAVING
    arrives = LOST
    now = runs(s, 0)["now"]
    if client["up"] == 1:
        arrives = cross(s, index, UP, GOODBYE, identity(client["ident"], k["member"]), 2 * client["epoch"] + 2, now)
    if arrives == LOST:
        k["special"] = k["special"] | CONSUMER_FREE
    else:
        push(s, arrives, RANK_EVENT, E_LEAVE, index, LEAVE_CANCEL, client["epoch"])
    leave_if_done(s, consumer)


@seldom
def leave(s: State, index: int, what: int, epoch: int) -> None:
    """One step of a member's goodbye."""
    client = clients(s, index)
    consumer = client["owner"]
    k = consumers(s, consumer)
    if what == LEAVE_CLOSE:
        k["closing"] = 0
        if client["epoch"] == epoch:
            close(s, index)
        if k["wanted"] == 1:
            _come(s, consumer)
    elif what == LEAVE_CANCEL:
        _cancelled(s, consumer, epoch)
    elif what == LEAVE_CANCELLED:
        if client["epoch"] == epoch and (k["special"] & CONSUMER_LEAVING) != 0:
            k["special"] = k["special"] | CONSUMER_FREE
            start_specially(s, consumer)
    elif k["wanted"] == 1:
        _come(s, consumer)


@kernel
def _cancelled(s: State, consumer: int, epoch: int) -> None:
    """The broker takes a consumer off its queue and says so."""
    k = consumers(s, consumer)
    index = k["client"]
    client = clients(s, index)
    now = runs(s, 0)["now"]
    if client["epoch"] != epoch:
        return
    arrives = LOST
    if client["open"] == 1 and nodes(s, queues(s, k["queue"])["node"])["up"] == 1:
        k["special"] = k["special"] | CONSUMER_CANCELLED
        ring_leave(s, consumer)
        arrives = cross(s, index, DOWN, GOODBYE, identity(client["ident"], k["member"]), 2 * epoch + 2, now)
    push(s, max(arrives, now), RANK_EVENT, E_LEAVE, index, LEAVE_CANCELLED, epoch)
