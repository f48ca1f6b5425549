"""Members of a replicated queue go down and come back; a new leader is elected; the log's end may be lost.

    leader's process dies   its peers are told at once (a connection breaks), and wait an election time-out
    its machine is silent   they suspect it after a while, and then wait the time-out
    a majority is up        its most advanced member leads: it has every committed entry, because each is on a majority
    no majority             nobody leads, nothing is committed, nothing is delivered

What the new leader has not got is cut off the log. A node whose client is still connected to it sends such an entry
again, as it does with what came while there was no leader; an entry whose connection ended with its node is gone: a
publish vanishes (nobody had been told that it was safe), an acknowledgement is undone, and its message comes back.

Raft lets an old leader find out about its cut-off entries when it is back; here they are cut at the election, which
decides the few cases that Raft leaves open (the new leader dies before anybody has a word of its term) in one way.
"""

from __future__ import annotations

from mqlab.core.codes import (
    C_PENDING,
    C_VANISHED,
    CHUNK,
    E_ELECTION,
    E_HELD,
    F_IN_FLIGHT,
    F_LOST,
    FLAG_HOP,
    K_ACK_UNDONE,
    K_LEADER_ELECTED,
    K_LEADER_LOST,
    K_QUORUM_LOST,
    K_QUORUM_REGAINED,
    K_REQUEUED,
    K_VANISHED,
    QUEUE_HALTED,
    RANK_CONTINUE,
    RANK_EVENT,
    X_UNREPLICATED,
)
from mqlab.core.distributions import sample
from mqlab.core.heap import push
from mqlab.core.queue import dispatch, put_back, unlink_unacked
from mqlab.core.quorum import advance, arm, log_entry, majority, orphan, send_parcel, spread, stored
from mqlab.core.recorder import drop_delivery, emit, release, tell
from mqlab.core.records import clients, consumers, copies, deliveries, extras, members, nodes, producers, queues, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import ELECTION

TIME_OUT, SUSPICION = 1, 2
"""What a queue without a leader waits for: an election time-out, or before it that its followers notice."""

__all__ = ["elect", "member_down", "member_up", "resend_held"]


@kernel
def _member_on(s: State, queue: int, node: int) -> int:
    q = queues(s, queue)
    for i in range(q["replicas"]):
        if members(s, q["member_first"] + i)["node"] == node:
            return int(q["member_first"] + i)
    return -1


@kernel
def _keep_only_disk(s: State, member: int, power: int) -> None:
    """A member restarts with what is on its disk, and with what a dying process had handed to the system."""
    m = members(s, member)
    m["want"] = m["match"]
    m["want_bytes"] = m["match_bytes"]
    if power == 0:  # it will be synced, and told of, once the node is back
        m["want"] = m["writing"]
        m["want_bytes"] = m["writing_bytes"]
    m["writing"] = m["match"]
    m["writing_bytes"] = m["match_bytes"]


@seldom
def member_down(s: State, queue: int, node: int, power: int) -> None:
    """A node with a member of this queue goes down."""
    member = _member_on(s, queue, node)
    if member < 0:
        return
    q = queues(s, queue)
    m = members(s, member)
    m["alive"] = 0
    m["stamp"] = m["stamp"] + 1
    m["flying"] = 0
    _keep_only_disk(s, member, power)
    q["live"] = q["live"] - 1
    entity = nodes(s, node)["entity"]
    if q["leader"] == member:
        q["leader"] = -1
        q["dispatching"] = QUEUE_HALTED
        tell(s, K_LEADER_LOST, -1, 0, entity, q["entity"], 0, q["term"], 0, 1)
        _call_election(s, queue, power)
    if q["live"] + 1 == majority(s, queue):
        q["dispatching"] = QUEUE_HALTED
        tell(s, K_QUORUM_LOST, -1, 0, entity, q["entity"], 0, q["live"], 0, 1)


@kernel
def _call_election(s: State, queue: int, power: int) -> None:
    """Let the followers notice, wait for their time-out, and ask each other for votes: a round trip."""
    q = queues(s, queue)
    if q["electing"] == TIME_OUT or (q["electing"] == SUSPICION and power == 1):
        return
    q["electing"] = TIME_OUT
    q["call"] = q["call"] + 1
    pause = 3 * nodes(s, q["node"])["network"]
    if power == 1:
        q["electing"] = SUSPICION
        pause = pause + q["suspect"]
    pause = pause + sample(s, q["election"], ELECTION, q["ident"], q["ident"], q["term"], 0)
    push(s, runs(s, 0)["now"] + pause, RANK_EVENT, E_ELECTION, queue, 0, q["call"])


@seldom
def member_up(s: State, queue: int, node: int) -> None:
    """A node with a member of this queue is back: it takes part, and is sent what it lacks."""
    member = _member_on(s, queue, node)
    if member < 0:
        return
    q = queues(s, queue)
    m = members(s, member)
    m["alive"] = 1
    m["stamp"] = m["stamp"] + 1
    m["slot"] = 0
    m["flying"] = 0
    m["sent"] = m["want"]
    if m["want"] > m["writing"]:
        arm(s, node)
    q["live"] = q["live"] + 1
    if q["live"] == majority(s, queue):
        tell(s, K_QUORUM_REGAINED, -1, 0, nodes(s, node)["entity"], q["entity"], 0, q["live"], 0, 1)
    if q["leader"] >= 0:
        send_parcel(s, member)
        advance(s, queue)
    elif q["live"] >= majority(s, queue):
        _call_election(s, queue, 0)


@seldom
def elect(s: State, queue: int, call: int) -> None:
    """The time-out is over: the most advanced member that is up leads, if a majority is there to vote for it."""
    q = queues(s, queue)
    if q["call"] != call:
        return
    q["electing"] = 0
    if q["leader"] >= 0 or q["live"] < majority(s, queue):
        return
    winner = -1
    for i in range(q["replicas"]):
        m = members(s, q["member_first"] + i)
        if m["alive"] == 1 and (winner < 0 or m["want"] > members(s, winner)["want"]):
            winner = int(q["member_first"] + i)
    w = members(s, winner)
    q["leader"] = winner
    q["node"] = w["node"]
    q["term"] = q["term"] + 1
    tell(s, K_LEADER_ELECTED, -1, 0, nodes(s, w["node"])["entity"], q["entity"], 0, q["term"], 0, 1)
    _cut(s, queue, winner)
    q["log_end"] = q["log_end"] + 1  # an empty entry of its own term, whose commit shows that it leads (section 8)
    q["term_start"] = q["log_end"]
    spread(s, queue)
    if q["held_head"] >= 0:
        there_and_back = 2 * nodes(s, w["node"])["network"]
        push(s, runs(s, 0)["now"] + there_and_back, RANK_EVENT, E_HELD, queue, 0, q["term"])


@kernel
def _cut(s: State, queue: int, winner: int) -> None:
    """Everybody's log ends where the new leader's does; entries after that go before what the nodes hold back."""
    q = queues(s, queue)
    w = members(s, winner)
    end = int(w["want"])
    end_bytes = w["want_bytes"]
    for i in range(q["replicas"]):
        m = members(s, q["member_first"] + i)
        m["stamp"] = m["stamp"] + 1
        m["slot"] = 0
        m["flying"] = 0
        m["acked"] = -1
        if m["want"] > end:
            m["want"] = end
            m["want_bytes"] = end_bytes
        if m["writing"] > end:
            m["writing"] = end
            m["writing_bytes"] = end_bytes
        if m["match"] > end:
            m["match"] = end
            m["match_bytes"] = end_bytes
        m["sent"] = m["want"]
    w["acked"] = w["match"]
    last = -1
    copy = int(q["log_head"])
    while copy >= 0 and extras(s, copy)["log"] <= end:
        last = copy
        copy = int(copies(s, copy)["qnext"])
    if copy < 0:
        return
    tail = q["log_tail"]
    copies(s, tail)["qnext"] = q["held_head"]
    if q["held_tail"] < 0:
        q["held_tail"] = tail
    q["held_head"] = copy
    q["log_tail"] = last
    if last < 0:
        q["log_head"] = -1
    else:
        copies(s, last)["qnext"] = -1


@seldom
def resend_held(s: State, queue: int, term: int) -> None:
    """Nodes send the new leader what they hold back for clients that are still connected; the rest is gone."""
    q = queues(s, queue)
    if q["leader"] < 0 or q["term"] != term:
        return
    for _ in range(CHUNK):
        copy = int(q["held_head"])
        if copy < 0:
            dispatch(s, queue)
            return
        following = copies(s, copy)["qnext"]
        q["held_head"] = following
        if following < 0:
            q["held_tail"] = -1
        if _channel_lives(s, copy):
            log_entry(s, queue, copy)
        elif copies(s, copy)["state"] == C_PENDING:
            _vanish(s, queue, copy)
        else:
            _undo_ack(s, queue, copy)
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_HELD, queue, 0, term)


@kernel
def _channel_lives(s: State, copy: int) -> bool:
    """Say whether the connection that an entry came on still stands."""
    c = copies(s, copy)
    x = extras(s, copy)
    if c["state"] == C_PENDING:
        if (c["flags"] & FLAG_HOP) != 0:
            return True
        client = clients(s, producers(s, copies(s, c["root"])["producer"])["client"])
    else:
        client = clients(s, consumers(s, deliveries(s, x["delivery"])["consumer"])["client"])
    return client["open"] == 1 and client["epoch"] == x["epoch"]


@kernel
def _vanish(s: State, queue: int, copy: int) -> None:
    """A publish that no majority has, and that nobody will send again, is gone."""
    q = queues(s, queue)
    c = copies(s, copy)
    root = int(c["root"])
    c["state"] = C_VANISHED
    if c["fate"] == F_IN_FLIGHT:
        c["fate"] = F_LOST
        c["cause"] = X_UNREPLICATED
    emit(s, K_VANISHED, copy, nodes(s, extras(s, copy)["via"])["entity"], q["entity"], 0, 0, X_UNREPLICATED)
    if (c["flags"] & FLAG_HOP) == 0:
        stored(s, root)
    release(s, root)


@kernel
def _undo_ack(s: State, queue: int, copy: int) -> None:
    """An acknowledgement that no majority has is undone: its message goes back to its place."""
    q = queues(s, queue)
    c = copies(s, copy)
    delivery = int(extras(s, copy)["delivery"])
    d = deliveries(s, delivery)
    entity = clients(s, consumers(s, d["consumer"])["client"])["entity"]
    emit(s, K_ACK_UNDONE, copy, entity, q["entity"], d["number"], 0, 0)
    if d["open"] == 1:
        unlink_unacked(s, delivery)
    else:
        orphan(s, queue, -1)
    q["requeues"] = q["requeues"] + 1
    emit(s, K_REQUEUED, copy, entity, q["entity"], d["number"], c["position"], 1)
    put_back(s, queue, copy)
    drop_delivery(s, delivery)
