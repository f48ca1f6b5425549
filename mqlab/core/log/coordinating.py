"""The coordinator of a group, on a broker: who is a member, generations, rebalances, sessions.

    empty ──► preparing ──► completing ──► stable ──┐
      ▲           ▲  all have joined, or            │ somebody joins, leaves, or is thrown out
      └───────────┴── nobody is waited for longer ──┘

Members hear of a rebalance with their next heartbeat and join anew at their next poll. The coordinator waits for all of
them, at most as long as each may go without polling; the first who join an empty group wait ``rebalance_delay`` for
others. The leader (the first member) shares out, and the coordinator passes everybody's share on.

A consumer that died without a word counts until its session is over. If it is back before that it is a new member, and
the rebalance waits for the old one (its ghost); a static member takes its old place instead, and nobody rebalances.

Simplified: which node coordinates a group follows from its name, as in Kafka, but from another hash; when that node is
taken for dead the next one takes over with all that is known, and sessions begin anew; requests to a node that is down
are repeated until one is up.
"""

from __future__ import annotations

from mqlab.core.codes import K_MEMBER_JOINED, K_MEMBER_LEFT, RANK_EVENT
from mqlab.core.heap import push
from mqlab.core.link import DOWN, cross
from mqlab.core.log.codes import (
    A_LEAVE,
    G_COMPLETING,
    G_EMPTY,
    G_PREPARING,
    G_STABLE,
    K_COORDINATOR_MOVED,
    K_REBALANCE_BEGAN,
    K_REBALANCED,
    K_THROWN_OUT,
    L_BEAT_BACK,
    L_JOIN_IN,
    L_JOINED,
    L_LEAVE_IN,
    L_REBALANCE,
    L_SESSION,
    L_SYNC_IN,
    L_SYNCED,
)
from mqlab.core.log.committing import is_home
from mqlab.core.log.joining import ask_to_leave, begin_life, crash_member
from mqlab.core.log.records import coordinators, logs, pollers, readers
from mqlab.core.recorder import tell
from mqlab.core.records import clients, nodes, runs, steps
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import FRAME, identity
from mqlab.trace.kinds import Rebalance

__all__ = [
    "beat_in", "join_in", "leave_in", "move_coordinators", "rebalance_due", "scale", "session", "sessions_anew",
    "sync_in",
]  # fmt: skip

_JOINED, _LEFT = int(Rebalance.JOINED), int(Rebalance.LEFT)
_SESSION, _GIVEN_UP, _LATE = int(Rebalance.SESSION), int(Rebalance.GIVEN_UP), int(Rebalance.NOT_IN_TIME)
_STALE, _REBALANCES = 1, 2


@kernel
def _reply(s: State, poller: int, kind: int, detail: int) -> None:
    """An answer leaves for a member."""
    k = pollers(s, poller)
    k["asks"] = k["asks"] + 1
    what = identity(clients(s, k["client"])["self"], k["asks"])
    arrives = cross(s, k["client"], DOWN, FRAME, what, kind, runs(s, 0)["now"])
    push(s, arrives, RANK_EVENT, kind, poller, int(k["talk"]), detail)


@kernel
def _later(s: State, poller: int, kind: int, talk: int, detail: int) -> None:
    """The coordinator is down: the request is made again after a pause."""
    push(s, runs(s, 0)["now"] + logs(s, 0)["backoff"], RANK_EVENT, kind, poller, talk, detail)


@kernel
def _tell(s: State, poller: int, kind: int, first: int, cause: int, count: int) -> None:
    tell(s, kind, -1, 0, clients(s, pollers(s, poller)["client"])["entity"], -1, 0, first, cause, count)


@seldom
def join_in(s: State, poller: int, talk: int, given_up: int) -> None:
    """A member, old or new, asks to be let in."""
    k = pollers(s, poller)
    group = int(k["group"])
    if k["talk"] != talk or k["alive"] == 0:
        return
    if not is_home(s, group):
        _later(s, poller, L_JOIN_IN, talk, given_up)
        return
    c = coordinators(s, group)
    now = runs(s, 0)["now"]
    anew = k["known"] == 1 and k["lived"] != k["life"]
    k["lived"] = k["life"]
    if anew and c["static"] == 1:
        if c["state"] == G_STABLE and k["part"] == c["generation"]:
            k["heard"] = now
            _reply(s, poller, L_SYNCED, int(c["generation"]))
            return
    elif anew:
        k["known"] = 0
        k["ghosts"] = k["ghosts"] + 1
        _take_away(s, poller)
        push(s, max(now, k["heard"] + c["session"]), RANK_EVENT, L_SESSION, poller, 0, 1 + int(k["haunt"]))
    why = _JOINED
    if given_up == 1:
        why = _GIVEN_UP
    if k["known"] == 0:
        k["known"] = 1
        k["incarnation"] = k["incarnation"] + 1
        k["syncing"] = 0
        c["members"] = c["members"] + 1
        c["came"] = 1
        push(s, now + c["session"], RANK_EVENT, L_SESSION, poller, int(k["incarnation"]), 0)
        _tell(s, poller, K_MEMBER_JOINED, 0, 0, 1)
    k["waiting"] = 1
    k["heard"] = now
    if c["state"] != G_PREPARING:
        _prepare(s, group, poller, why)
    else:
        _complete_if_all(s, group)


@kernel
def _prepare(s: State, group: int, poller: int, why: int) -> None:
    """A rebalance begins."""
    c = coordinators(s, group)
    now = runs(s, 0)["now"]
    for i in range(c["pollers"]):
        other = int(c["first_poller"] + i)
        if pollers(s, other)["syncing"] == 1:
            pollers(s, other)["syncing"] = 0
            _reply(s, other, L_SYNCED, -1)
    c["initial"] = int(c["state"] == G_EMPTY)
    c["state"] = G_PREPARING
    c["stamp"] = c["stamp"] + 1
    c["opened"] = now
    c["came"] = 0
    waits = c["limit"]
    if c["initial"] == 1:
        waits = c["delay"]
    _tell(s, poller, K_REBALANCE_BEGAN, int(c["generation"]), why, 1)
    push(s, now + waits, RANK_EVENT, L_REBALANCE, group, int(c["stamp"]), 0)
    _complete_if_all(s, group)


@kernel
def _complete_if_all(s: State, group: int) -> None:
    c = coordinators(s, group)
    if c["initial"] == 1 and c["members"] > 0:
        return
    waiting = 0
    for i in range(c["pollers"]):
        waiting += pollers(s, c["first_poller"] + i)["waiting"]
    if waiting == c["members"]:
        _complete(s, group)


@seldom
def rebalance_due(s: State, group: int, stamp: int) -> None:
    """Nobody is waited for any longer; a group that has just begun waits as long as others come, up to the limit."""
    c = coordinators(s, group)
    if c["stamp"] != stamp or c["state"] != G_PREPARING:
        return
    now = runs(s, 0)["now"]
    left = int(c["opened"] + c["limit"] - now)
    if c["initial"] == 1 and c["came"] == 1 and left > 0:
        c["came"] = 0
        push(s, now + min(left, int(c["delay"])), RANK_EVENT, L_REBALANCE, group, stamp, 0)
        return
    c["initial"] = 0
    _complete(s, group)


@kernel
def _complete(s: State, group: int) -> None:
    """A new generation begins, with those who have joined."""
    c = coordinators(s, group)
    c["stamp"] = c["stamp"] + 1
    c["generation"] = c["generation"] + 1
    leader = -1
    for i in range(c["pollers"]):
        poller = int(c["first_poller"] + i)
        k = pollers(s, poller)
        if k["ghosts"] > 0:
            c["members"] = c["members"] - k["ghosts"]
            k["ghosts"] = 0
            k["haunt"] = k["haunt"] + 1
            _tell(s, poller, K_THROWN_OUT, 0, _LATE, 1)
        if k["known"] == 1 and k["waiting"] == 0:
            _remove(s, poller)
            _tell(s, poller, K_THROWN_OUT, 0, _LATE, 1)
        elif k["known"] == 1 and leader < 0:
            leader = poller
    c["leader"] = leader
    if leader < 0:
        c["state"] = G_EMPTY
        return
    c["state"] = G_COMPLETING
    c["rebalances"] = c["rebalances"] + 1
    _tell(s, leader, K_REBALANCED, int(c["generation"]), 0, int(c["members"]))
    for i in range(c["pollers"]):
        poller = int(c["first_poller"] + i)
        k = pollers(s, poller)
        if k["waiting"] == 1:
            k["waiting"] = 0
            k["heard"] = runs(s, 0)["now"]
            k["part"] = c["generation"]
            _reply(s, poller, L_JOINED, int(c["generation"]))


@seldom
def sync_in(s: State, poller: int, talk: int, generation: int) -> None:
    """A member asks for its share; with the leader's request all shares are known."""
    k = pollers(s, poller)
    group = int(k["group"])
    if k["talk"] != talk or k["alive"] == 0:
        return
    if not is_home(s, group):
        _later(s, poller, L_SYNC_IN, talk, generation)
        return
    c = coordinators(s, group)
    if k["known"] == 0 or generation != c["generation"] or c["state"] == G_PREPARING:
        _reply(s, poller, L_SYNCED, -1)
        return
    k["heard"] = runs(s, 0)["now"]
    if c["state"] == G_STABLE:
        _reply(s, poller, L_SYNCED, generation)
        return
    k["syncing"] = 1
    if c["leader"] == poller:
        c["state"] = G_STABLE
        for i in range(c["pollers"]):
            other = int(c["first_poller"] + i)
            if pollers(s, other)["syncing"] == 1:
                pollers(s, other)["syncing"] = 0
                _reply(s, other, L_SYNCED, generation)


@seldom
def beat_in(s: State, poller: int, talk: int, generation: int) -> None:
    """A heartbeat reaches the coordinator."""
    k = pollers(s, poller)
    group = int(k["group"])
    if k["talk"] != talk or k["alive"] == 0 or not is_home(s, group):
        return
    c = coordinators(s, group)
    if k["known"] == 0 or generation != c["generation"]:
        _reply(s, poller, L_BEAT_BACK, _STALE)
        return
    k["heard"] = runs(s, 0)["now"]
    if c["state"] == G_PREPARING:
        _reply(s, poller, L_BEAT_BACK, _REBALANCES)


@seldom
def session(s: State, poller: int, incarnation: int, ghost: int) -> None:
    """Look whether a member, or the ghost of one, has been silent for as long as its session lasts."""
    k = pollers(s, poller)
    group = int(k["group"])
    c = coordinators(s, group)
    now = runs(s, 0)["now"]
    if ghost > 0:
        if k["ghosts"] == 0 or ghost != 1 + k["haunt"]:
            return
        if not is_home(s, group):
            push(s, now + c["session"], RANK_EVENT, L_SESSION, poller, incarnation, ghost)
            return
        k["ghosts"] = k["ghosts"] - 1
        c["members"] = c["members"] - 1
    else:
        if k["incarnation"] != incarnation or k["known"] == 0:
            return
        ends = int(k["heard"] + c["session"])
        if k["waiting"] == 1 or not is_home(s, group):
            ends = now + int(c["session"])
        if ends > now:
            push(s, ends, RANK_EVENT, L_SESSION, poller, incarnation, 0)
            return
        _remove(s, poller)
    _tell(s, poller, K_THROWN_OUT, 0, _SESSION, 1)
    _changed(s, group, poller, _SESSION)


@seldom
def leave_in(s: State, poller: int, talk: int, why: int) -> None:
    """A member leaves: it closes (-1), or it has not polled for too long."""
    k = pollers(s, poller)
    group = int(k["group"])
    if k["talk"] != talk or k["known"] == 0:
        return
    if not is_home(s, group):
        _later(s, poller, L_LEAVE_IN, talk, why)
        return
    _remove(s, poller)
    cause = _LEFT
    if why < 0:
        _tell(s, poller, K_MEMBER_LEFT, 0, 0, 1)
    else:
        cause = why
        _tell(s, poller, K_THROWN_OUT, 0, why, 1)
    _changed(s, group, poller, cause)


@kernel
def _remove(s: State, poller: int) -> None:
    """Somebody is no member any more."""
    k = pollers(s, poller)
    k["known"] = 0
    k["waiting"] = 0
    k["syncing"] = 0
    c = coordinators(s, k["group"])
    c["members"] = c["members"] - 1
    _take_away(s, poller)


@kernel
def _take_away(s: State, poller: int) -> None:
    """Nothing is a former member's share."""
    c = coordinators(s, pollers(s, poller)["group"])
    for i in range(c["readers"]):
        r = readers(s, c["first_reader"] + i)
        if r["target"] == poller:
            r["target"] = -1


@kernel
def _changed(s: State, group: int, poller: int, why: int) -> None:
    """Who is a member has changed: a rebalance begins, or one that is going on waits for fewer."""
    if coordinators(s, group)["state"] == G_PREPARING:
        _complete_if_all(s, group)
    else:
        _prepare(s, group, poller, why)


@seldom
def sessions_anew(s: State, node: int) -> None:
    """A node is back before anybody else has taken its place: nobody could be heard, so all sessions begin anew."""
    run = runs(s, 0)
    for group in range(run["groups"]):
        c = coordinators(s, group)
        if c["node"] == node:
            for i in range(c["pollers"]):
                pollers(s, c["first_poller"] + i)["heard"] = run["now"]


@seldom
def move_coordinators(s: State, node: int) -> None:
    """A node is taken for dead: the next one that is up coordinates its groups, and all sessions begin anew."""
    run = runs(s, 0)
    for group in range(run["groups"]):
        c = coordinators(s, group)
        if c["node"] != node:
            continue
        for step in range(1, run["nodes"]):
            other = (node + step) % run["nodes"]
            if nodes(s, other)["up"] == 1:
                c["node"] = other
                first = clients(s, pollers(s, c["first_poller"])["client"])["entity"]
                tell(s, K_COORDINATOR_MOVED, -1, 0, nodes(s, other)["entity"], -1, 0, first, 0, 1)
                for i in range(c["pollers"]):
                    pollers(s, c["first_poller"] + i)["heard"] = run["now"]
                break


@seldom
def scale(s: State, number: int) -> None:
    """A group grows or shrinks to the size of a step: the last members come and go."""
    step = steps(s, number)
    c = coordinators(s, step["group"])
    for i in range(c["pollers"]):
        poller = int(c["first_poller"] + i)
        k = pollers(s, poller)
        if i < step["count"]:
            k["attend"] = k["attend"] & ~A_LEAVE
            if k["gone"] == 1:
                k["gone"] = 0
                begin_life(s, poller)
        elif k["gone"] == 0:
            if step["kill"] == 1:
                crash_member(s, poller)
                k["gone"] = 1
            else:
                ask_to_leave(s, poller)
