"""A member and its group, as the member sees it: join, take its share, send heartbeats, poll in time, leave.

    out ──► joining ──► member ──► …
     ▲         ▲           │ the group rebalances: at its next poll it joins anew
     │         └───────────┤
     └─────────────────────┘ it has not polled for too long, or hears that it is no member any more

All but heartbeats and the limit on polling happens at a poll, because one thread polls and works (the other one
sends the heartbeats). Who works on what it polled when it is thrown out goes on with it, as a zombie.

Eager: who joins anew commits, gives everything up, and reads nothing until it has its share. Cooperative: it keeps what
it has and reads on; when its share is there it gives up what is another's now, and joins once more.

Simplified: the committed offsets come with the share (Kafka's consumers ask for them then); a member that gives a
partition up commits it first whenever it commits by itself.
"""

from __future__ import annotations

from mqlab.core.codes import K_CLIENT_CRASHED, K_CLIENT_RESTARTED, K_DROPPED, RANK_EVENT
from mqlab.core.hands import stop_for_world
from mqlab.core.heap import push
from mqlab.core.link import UP, cross
from mqlab.core.log.codes import (
    A_DUE,
    A_LEAVE,
    A_LOST,
    A_SEEK,
    A_SYNCED,
    A_TOLD,
    COMMIT_AUTO,
    IDLE,
    K_POLL_LIMIT,
    L_AUTO,
    L_BEAT,
    L_BEAT_IN,
    L_JOIN_IN,
    L_LEAVE_IN,
    L_LIMIT,
    L_SHARE_OUT,
    L_SYNC_IN,
    P_JOINING,
    P_MEMBER,
    P_OUT,
    RESET_NONE,
    STOP_SHARE_OUT,
)
from mqlab.core.log.owning import (
    commit_all,
    end_window,
    give_all_up,
    give_up,
    go_where_sought,
    let_go,
    line_up,
    stop_work,
    take,
    wake,
)
from mqlab.core.log.records import coordinators, partitions, pollers, readers
from mqlab.core.recorder import tell
from mqlab.core.records import clients, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import FRAME, identity
from mqlab.trace.kinds import Rebalance

__all__ = [
    "ask_to_leave", "attend", "beat", "beat_back", "begin_life", "crash_member", "joined", "limit", "lose_all",
    "restart_member", "share_out", "synced",
]  # fmt: skip

_TOO_LATE = int(Rebalance.POLL_LIMIT)


@kernel
def _send(s: State, poller: int, kind: int, detail: int) -> None:
    """A request leaves for the coordinator."""
    k = pollers(s, poller)
    k["asks"] = k["asks"] + 1
    what = identity(clients(s, k["client"])["self"], k["asks"])
    arrives = cross(s, k["client"], UP, FRAME, what, kind, runs(s, 0)["now"])
    push(s, arrives, RANK_EVENT, kind, poller, int(k["talk"]), detail)


@kernel
def _join(s: State, poller: int, given_up: int) -> None:
    """Ask to be let in."""
    k = pollers(s, poller)
    k["phase"] = P_JOINING
    k["attend"] = k["attend"] & ~(A_TOLD | A_SYNCED | A_LOST)
    k["talk"] = k["talk"] + 1
    _send(s, poller, L_JOIN_IN, given_up)


@seldom
def joined(s: State, poller: int, talk: int, generation: int) -> None:
    """The group is complete: the leader shares out, all others ask for their share."""
    k = pollers(s, poller)
    if k["talk"] != talk or k["alive"] == 0:
        return
    k["generation"] = generation
    if coordinators(s, k["group"])["leader"] == poller:
        stop_for_world(s, STOP_SHARE_OUT, poller, int(k["group"]), generation, 0)
        push(s, runs(s, 0)["now"], RANK_EVENT, L_SHARE_OUT, poller, talk, generation)
    else:
        _send(s, poller, L_SYNC_IN, generation)


@seldom
def share_out(s: State, poller: int, talk: int, generation: int) -> None:
    """The leader of a group has shared out, and tells the coordinator."""
    if pollers(s, poller)["talk"] == talk and pollers(s, poller)["alive"] == 1:
        _send(s, poller, L_SYNC_IN, generation)


@seldom
def synced(s: State, poller: int, talk: int, generation: int) -> None:
    """A member's share is there, or it has to join anew."""
    k = pollers(s, poller)
    if k["talk"] != talk or k["alive"] == 0:
        return
    if generation < 0:
        _join(s, poller, 0)
        return
    k["generation"] = generation
    k["phase"] = P_MEMBER
    k["attend"] = k["attend"] | A_SYNCED
    wake(s, poller)


@seldom
def beat(s: State, poller: int, life: int) -> None:
    """Time for a heartbeat; who is joining sends none."""
    k = pollers(s, poller)
    if k["life"] != life or k["alive"] == 0:
        return
    if k["phase"] == P_MEMBER:
        _send(s, poller, L_BEAT_IN, int(k["generation"]))
    push(s, runs(s, 0)["now"] + coordinators(s, k["group"])["heartbeat"], RANK_EVENT, L_BEAT, poller, life, 0)


@seldom
def beat_back(s: State, poller: int, talk: int, answer: int) -> None:
    """The coordinator answers a heartbeat: you are no member (1), or the group rebalances (2)."""
    k = pollers(s, poller)
    if k["talk"] != talk or k["alive"] == 0 or k["phase"] != P_MEMBER:
        return
    if answer == 1:
        lose_all(s, poller)
    else:
        k["attend"] = k["attend"] | A_TOLD
    wake(s, poller)


@seldom
def limit(s: State, poller: int, life: int) -> None:
    """Look whether a member has polled in time: if not, it leaves its group, and goes on with what it has in hand."""
    k = pollers(s, poller)
    if k["life"] != life or k["alive"] == 0:
        return
    now = runs(s, 0)["now"]
    longest = coordinators(s, k["group"])["limit"]
    since = now
    if k["busy"] != IDLE and k["phase"] != P_OUT:
        since = int(k["polled_at"])
    if now - since >= longest:
        tell(s, K_POLL_LIMIT, -1, 0, clients(s, k["client"])["entity"], -1, 0, now - since, 0, 1)
        if coordinators(s, k["group"])["static"] == 0:
            _send(s, poller, L_LEAVE_IN, _TOO_LATE)
        lose_all(s, poller)
        since = now
    push(s, since + longest, RANK_EVENT, L_LIMIT, poller, life, 0)


@seldom
def lose_all(s: State, poller: int) -> None:
    """It is no member any more, and knows it: nothing of what it reads is its own."""
    k = pollers(s, poller)
    give_all_up(s, poller, 1)
    k["phase"] = P_OUT
    k["attend"] = (k["attend"] & ~(A_TOLD | A_SYNCED)) | A_LOST


@seldom
def attend(s: State, poller: int) -> bool:
    """See to what has to be seen to before a poll; False if there is nothing to poll for then."""
    k = pollers(s, poller)
    what = k["attend"]
    k["attend"] = what & ~A_DUE
    by_itself = k["commit"] == COMMIT_AUTO
    if by_itself and (what & (A_DUE | A_TOLD | A_LEAVE | A_SYNCED)) != 0:
        commit_all(s, poller)
    if (what & A_LEAVE) != 0:
        _leave(s, poller)
        return False
    if (what & A_LOST) != 0:
        _join(s, poller, 0)
        return False
    if (what & A_SYNCED) != 0:
        k["attend"] = k["attend"] & ~A_SYNCED
        _take_share(s, poller)
    if (k["attend"] & A_TOLD) != 0:
        if coordinators(s, k["group"])["cooperative"] == 0:
            give_all_up(s, poller, 0)
        _join(s, poller, 0)
    if (k["attend"] & A_SEEK) != 0:
        k["attend"] = k["attend"] & ~A_SEEK
        go_where_sought(s, poller)
    return k["alive"] == 1


@seldom
def _take_share(s: State, poller: int) -> None:
    """Give up what is another's now, and begin to read what is new."""
    k = pollers(s, poller)
    c = coordinators(s, k["group"])
    given_up = 0
    stopped = False
    for i in range(c["readers"]):
        reader = int(c["first_reader"] + i)
        r = readers(s, reader)
        other = int(r["poller"])
        if other == poller and r["target"] != poller:
            give_up(s, reader, 0)
            given_up = 1
        elif other != poller and r["target"] == poller:
            if other >= 0:  # it does not know yet that it is no member any more
                give_up(s, reader, 1)
                line_up(s, other)
            take(s, reader, poller)
            stopped = stopped or (r["has"] == 0 and c["reset"] == RESET_NONE)
    line_up(s, poller)
    if stopped:
        _leave(s, poller)
    elif given_up == 1:
        _join(s, poller, 1)


@seldom
def _leave(s: State, poller: int) -> None:
    """A consumer closes: it gives everything up and says goodbye (a static member does not)."""
    k = pollers(s, poller)
    give_all_up(s, poller, 0)
    if coordinators(s, k["group"])["static"] == 0:
        _send(s, poller, L_LEAVE_IN, -1)
    _end(s, poller)
    k["gone"] = 1


@kernel
def _end(s: State, poller: int) -> None:
    """A process ends."""
    k = pollers(s, poller)
    k["alive"] = 0
    k["life"] = k["life"] + 1
    k["work"] = k["work"] + 1
    k["phase"] = P_OUT
    k["attend"] = 0
    k["line_head"] = -1
    k["line_tail"] = -1
    clients(s, k["client"])["alive"] = 0


@seldom
def crash_member(s: State, poller: int) -> None:
    """A consumer dies with all it had in its hands; what it was working on has had no effect."""
    k = pollers(s, poller)
    if k["alive"] == 0:
        return
    entity = clients(s, k["client"])["entity"]
    tell(s, K_CLIENT_CRASHED, -1, 0, entity, -1, 0, 0, 0, 1)
    busy = k["busy"] != IDLE
    stop_work(s, poller)
    c = coordinators(s, k["group"])
    for i in range(c["readers"]):
        reader = int(c["first_reader"] + i)
        r = readers(s, reader)
        if r["poller"] != poller:
            continue
        dropped = int(r["polled"] - r["done"])
        if dropped > 0:
            part = partitions(s, r["partition"])["entity"]
            tell(s, K_DROPPED, -1, 0, entity, part, 0, r["done"], 0, dropped)
        let_go(s, reader)
    if k["zombie"] == 1:
        if busy and k["until"] > k["offset"]:
            part = partitions(s, readers(s, k["reader"])["partition"])["entity"]
            tell(s, K_DROPPED, -1, 0, entity, part, 0, k["offset"], 0, int(k["until"] - k["offset"]))
        end_window(s, poller)
    _end(s, poller)
    if k["waiting"] == 1:
        k["waiting"] = 0
        k["heard"] = runs(s, 0)["now"]
    k["syncing"] = 0


@seldom
def restart_member(s: State, poller: int) -> None:
    """A consumer is back."""
    k = pollers(s, poller)
    if k["alive"] == 1 or k["gone"] == 1:
        return
    tell(s, K_CLIENT_RESTARTED, -1, 0, clients(s, k["client"])["entity"], -1, 0, 0, 0, 1)
    begin_life(s, poller)


@seldom
def begin_life(s: State, poller: int) -> None:
    """A consumer's process begins, and joins its group."""
    k = pollers(s, poller)
    now = runs(s, 0)["now"]
    c = coordinators(s, k["group"])
    k["alive"] = 1
    k["generation"] = -1
    k["polled_at"] = now
    clients(s, k["client"])["alive"] = 1
    push(s, now + c["heartbeat"], RANK_EVENT, L_BEAT, poller, int(k["life"]), 0)
    push(s, now + c["limit"], RANK_EVENT, L_LIMIT, poller, int(k["life"]), 0)
    if k["commit"] == COMMIT_AUTO:
        push(s, now + k["interval"], RANK_EVENT, L_AUTO, poller, int(k["life"]), 0)
    _join(s, poller, 0)


@seldom
def ask_to_leave(s: State, poller: int) -> None:
    """A member is to close when it is done with what it has in hand."""
    k = pollers(s, poller)
    if k["alive"] == 0:
        k["gone"] = 1
        return
    k["attend"] = k["attend"] | A_LEAVE
    wake(s, poller)


