"""A replicated queue: every change is an entry of a log, and happens once a majority has it on disk.

    publish ─► leader's log ─┬─► its disk ────────────────┐
                             ├─► (network) ─► disk of B ─► │ (network) ─► majority? ─► committed: stands in the queue
                             └─► (network) ─► disk of C ─► ┘

An acknowledgement goes the same way, and gives its consumer credit once it is committed. A member (one replica of one
queue) knows three ends of its log: ``want`` (received), ``writing`` (handed to the operating system) and ``match`` (on
disk); what the leader has heard of is ``acked``. The commit is the greatest index that a majority has acked: nothing
else decides what is safe (Ongaro, Ousterhout: "In search of an understandable consensus algorithm", 2014, section 5).

Log indices are never used twice: a new term goes on counting. So entries need no term of their own, and a packet of an
earlier term is told by its ``stamp``. A copy stands in one list at a time through ``qnext``: its queue, the leader's
log while its publish or its acknowledgement is not committed, or the list of what the nodes of its client hold back
until there is a leader. What happens when members go down is told in :mod:`mqlab.core.election`.
"""

from __future__ import annotations

from mqlab.core.codes import (
    C_PENDING,
    C_REFUSED,
    C_SETTLING,
    C_UNACKED,
    C_VANISHED,
    CHUNK,
    E_APPLY,
    E_FLUSH_START,
    E_FORWARD,
    E_OVERFLOW,
    E_PARCEL,
    E_PARCEL_ACK,
    E_REPLICAS,
    E_SETTLED,
    E_STORED,
    F_IN_FLIGHT,
    FLAG_HOP,
    K_ACK_APPENDED,
    K_APPENDED,
    K_AWAITS_LEADER,
    K_ENQUEUED,
    K_REPLICATED,
    OVERFLOW_DROP_HEAD,
    Q_BYTES,
    QUEUE_HALTED,
    RANK_CONTINUE,
    RANK_EVENT,
    WINDOW,
)
from mqlab.core.confirm import YES, send_confirm
from mqlab.core.heap import push
from mqlab.core.queue import append, dispatch, set_unacked
from mqlab.core.recorder import emit, release, tell
from mqlab.core.records import (
    clients,
    consumers,
    copies,
    deliveries,
    extras,
    members,
    nodes,
    parcels,
    producers,
    queues,
    runs,
)
from mqlab.jit import State, kernel, seldom

__all__ = [
    "advance", "apply", "arm", "forward_in", "gather", "hold", "log_entry", "majority", "orphan", "parcel_ack",
    "parcel_in", "propose", "propose_ack", "replicas_synced", "send_parcel", "spread", "stored", "stored_at",
]  # fmt: skip


@kernel
def majority(s: State, queue: int) -> int:
    """How many members decide."""
    return queues(s, queue)["replicas"] // 2 + 1


@seldom
def propose(s: State, copy: int, queue: int) -> None:
    """A publish has reached a node of the cluster: on to the leader's log."""
    c = copies(s, copy)
    root = copies(s, c["root"])
    root["refs"] = root["refs"] + 1
    c["fate"] = F_IN_FLIGHT
    c["cause"] = 0
    c["storage"] = 0
    c["state"] = C_PENDING
    x = extras(s, copy)
    x["delivery"] = -1
    if (c["flags"] & FLAG_HOP) != 0:
        x["via"] = queues(s, queue)["node"]
    else:
        root["wait"] = root["wait"] + 1
        client = clients(s, producers(s, root["producer"])["client"])
        x["via"] = client["node"]
        x["epoch"] = client["epoch"]
    _on_to_the_leader(s, copy, queue)


@seldom
def propose_ack(s: State, delivery: int, answer: int) -> None:
    """An acknowledgement has reached a node of the cluster: on to the leader's log."""
    d = deliveries(s, delivery)
    k = consumers(s, d["consumer"])
    copy = d["copy"]
    copies(s, copy)["state"] = C_SETTLING
    x = extras(s, copy)
    x["delivery"] = delivery
    x["answer"] = answer
    x["via"] = clients(s, k["client"])["node"]
    x["epoch"] = d["epoch"]
    _on_to_the_leader(s, copy, k["queue"])


@kernel
def _on_to_the_leader(s: State, copy: int, queue: int) -> None:
    q = queues(s, queue)
    via = extras(s, copy)["via"]
    if q["leader"] < 0 or q["held_head"] >= 0:
        hold(s, queue, copy)
    elif q["node"] == via:
        log_entry(s, queue, copy)
    else:
        push(s, runs(s, 0)["now"] + nodes(s, via)["network"], RANK_EVENT, E_FORWARD, copy, queue, 0)


@seldom
def forward_in(s: State, copy: int, queue: int) -> None:
    """What came through another node reaches the leader, if there still is one."""
    q = queues(s, queue)
    if q["leader"] < 0 or q["held_head"] >= 0:
        hold(s, queue, copy)
    else:
        log_entry(s, queue, copy)


@seldom
def hold(s: State, queue: int, copy: int) -> None:
    """There is no leader: the node that the client is connected to keeps the entry for the next one."""
    q = queues(s, queue)
    c = copies(s, copy)
    c["qnext"] = -1
    if q["held_tail"] < 0:
        q["held_head"] = copy
    else:
        copies(s, q["held_tail"])["qnext"] = copy
    q["held_tail"] = copy
    if c["state"] == C_PENDING:
        entity = nodes(s, extras(s, copy)["via"])["entity"]
        emit(s, K_AWAITS_LEADER, copy, entity, q["entity"], copies(s, c["root"])["attempts"], 0, 0)


@seldom
def log_entry(s: State, queue: int, copy: int) -> None:
    """The leader appends an entry to its log and sends it to the others."""
    q = queues(s, queue)
    c = copies(s, copy)
    x = extras(s, copy)
    index = q["log_end"] + 1
    q["log_end"] = index
    x["log"] = index
    root = copies(s, c["root"])
    if c["state"] == C_PENDING:
        q["log_bytes"] = q["log_bytes"] + root["size"]
        emit(s, K_APPENDED, copy, nodes(s, q["node"])["entity"], q["entity"], root["attempts"], index, 0)
    else:
        d = deliveries(s, x["delivery"])
        entity = clients(s, consumers(s, d["consumer"])["client"])["entity"]
        emit(s, K_ACK_APPENDED, copy, entity, q["entity"], d["number"], index, 0)
    c["qnext"] = -1
    if q["log_tail"] < 0:
        q["log_head"] = copy
    else:
        copies(s, q["log_tail"])["qnext"] = copy
    q["log_tail"] = copy
    spread(s, queue)


@seldom
def spread(s: State, queue: int) -> None:
    """The leader writes the end of its log to its disk, and sends it to every other member that is up."""
    q = queues(s, queue)
    leader = q["leader"]
    m = members(s, leader)
    m["want"] = q["log_end"]
    m["want_bytes"] = q["log_bytes"]
    arm(s, m["node"])
    for i in range(q["replicas"]):
        member = q["member_first"] + i
        if member != leader:
            send_parcel(s, member)


@kernel
def arm(s: State, node: int) -> None:
    """See to it that the node's disk will flush."""
    n = nodes(s, node)
    if n["flushing"] == 0 and n["armed"] == 0:
        n["armed"] = 1
        push(s, runs(s, 0)["now"] + n["group_commit"], RANK_EVENT, E_FLUSH_START, node, 0, n["epoch"])


@seldom
def send_parcel(s: State, member: int) -> None:
    """Send a member what it has not been sent yet, unless too much is on its way to it already."""
    m = members(s, member)
    q = queues(s, m["queue"])
    if m["alive"] == 0 or m["sent"] >= q["log_end"] or m["flying"] == WINDOW:
        return
    slot = (m["slot"] + m["flying"]) % WINDOW
    parcel = parcels(s, member * WINDOW + slot)
    parcel["upto"] = q["log_end"]
    parcel["bytes"] = q["log_bytes"]
    m["sent"] = q["log_end"]
    m["flying"] = m["flying"] + 1
    arrives = runs(s, 0)["now"] + nodes(s, q["node"])["network"]
    push(s, arrives, RANK_EVENT, E_PARCEL, member, slot, m["stamp"])


@seldom
def parcel_in(s: State, member: int, slot: int, stamp: int) -> None:
    """Entries reach a follower, which writes them to its own disk."""
    m = members(s, member)
    if m["stamp"] != stamp:
        return
    parcel = parcels(s, member * WINDOW + slot)
    m["want"] = parcel["upto"]
    m["want_bytes"] = parcel["bytes"]
    arm(s, m["node"])


@seldom
def gather(s: State, node: int) -> None:
    """A flush begins: it takes what the members on this node have received with it."""
    n = nodes(s, node)
    member = n["members"]
    while member >= 0:
        m = members(s, member)
        if m["want"] > m["writing"]:
            n["flush_n"] = n["flush_n"] + int(m["want"] - m["writing"])
            n["wait_bytes"] = n["wait_bytes"] + m["want_bytes"] - m["writing_bytes"]
            m["writing"] = m["want"]
            m["writing_bytes"] = m["want_bytes"]
        member = m["next"]


@seldom
def replicas_synced(s: State, node: int, member: int) -> None:
    """A flush ended: followers tell their leaders how far their logs are on disk, and leaders look for a majority.

    A commit may be followed by much, so there is one in each piece; ``member`` is the next one on this node.
    """
    n = nodes(s, node)
    now = runs(s, 0)["now"]
    for _ in range(CHUNK):
        if member < 0:
            break
        m = members(s, member)
        queue = m["queue"]
        q = queues(s, queue)
        following = m["next"]
        count = int(m["writing"] - m["match"])
        if count > 0:
            tell(s, K_REPLICATED, -1, 0, n["entity"], q["entity"], 0, m["writing"], 0, count)
            m["match"] = m["writing"]
            m["match_bytes"] = m["writing_bytes"]
            if q["leader"] == member:
                m["acked"] = m["match"]
                if following >= 0:
                    push(s, now, RANK_CONTINUE, E_REPLICAS, node, following, n["epoch"])
                else:
                    _flush_again(s, node)
                advance(s, queue)
                return
            if q["leader"] >= 0:
                push(s, now + n["network"], RANK_EVENT, E_PARCEL_ACK, member, m["match"], m["stamp"])
        member = following
    if member >= 0:
        push(s, now, RANK_CONTINUE, E_REPLICAS, node, member, n["epoch"])
    else:
        _flush_again(s, node)


@kernel
def _flush_again(s: State, node: int) -> None:
    """Begin the next flush at once if members have received more while the last one went on."""
    n = nodes(s, node)
    member = n["members"]
    while member >= 0:
        m = members(s, member)
        if m["want"] > m["writing"] and n["armed"] == 0:
            n["armed"] = 1
            push(s, runs(s, 0)["now"], RANK_EVENT, E_FLUSH_START, node, 0, n["epoch"])
        member = m["next"]


@seldom
def parcel_ack(s: State, member: int, upto: int, stamp: int) -> None:
    """The leader hears how far a follower's log is on disk."""
    m = members(s, member)
    if m["stamp"] != stamp or queues(s, m["queue"])["leader"] < 0:
        return
    m["acked"] = max(m["acked"], upto)
    while m["flying"] > 0 and parcels(s, member * WINDOW + m["slot"])["upto"] <= upto:
        m["slot"] = (m["slot"] + 1) % WINDOW
        m["flying"] = m["flying"] - 1
    send_parcel(s, member)
    advance(s, m["queue"])


@seldom
def advance(s: State, queue: int) -> None:
    """Commit what a majority has on disk, if that takes in an entry of the leader's own term (Raft, section 5.4.2)."""
    q = queues(s, queue)
    needed = majority(s, queue)
    best = -1
    for i in range(q["replicas"]):
        acked = int(members(s, q["member_first"] + i)["acked"])
        if acked > best:
            have = 0
            for j in range(q["replicas"]):
                if members(s, q["member_first"] + j)["acked"] >= acked:
                    have += 1
            if have >= needed:
                best = acked
    if best < q["term_start"]:
        return
    if best > q["commit"]:
        q["commit"] = best
        if q["applying"] == 0:
            apply(s, queue)
    if q["dispatching"] == QUEUE_HALTED and q["live"] >= needed:
        q["dispatching"] = 0
        dispatch(s, queue)


@seldom
def apply(s: State, queue: int) -> None:
    """Let committed entries happen, a piece at a time."""
    q = queues(s, queue)
    q["applying"] = 0
    for _ in range(CHUNK):
        copy = q["log_head"]
        if copy < 0 or extras(s, copy)["log"] > q["commit"]:
            dispatch(s, queue)
            return
        following = copies(s, copy)["qnext"]
        q["log_head"] = following
        if following < 0:
            q["log_tail"] = -1
        if copies(s, copy)["state"] == C_PENDING:
            _enqueue(s, queue, copy)
        else:
            copies(s, copy)["state"] = C_UNACKED
            x = extras(s, copy)
            push(s, runs(s, 0)["now"], RANK_CONTINUE, E_SETTLED, x["delivery"], x["answer"], 0)
    q["applying"] = 1
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_APPLY, queue, 0, 0)


@kernel
def _enqueue(s: State, queue: int, copy: int) -> None:
    """A publish is committed: from now on it stands in the queue, and its producer may be told."""
    q = queues(s, queue)
    c = copies(s, copy)
    run = runs(s, 0)
    if c["enqueued"] < 0:
        c["enqueued"] = run["now"]
    root = copies(s, c["root"])
    node = nodes(s, q["node"])
    emit(s, K_ENQUEUED, copy, node["entity"], q["entity"], root["attempts"], q["position"], 0)
    append(s, queue, copy)
    too_long = 0 <= q["max_length"] < q["ready"] or ((q["special"] & Q_BYTES) != 0 and q["bytes"] > q["max_bytes"])
    if q["overflow"] == OVERFLOW_DROP_HEAD and too_long:
        push(s, run["now"], RANK_CONTINUE, E_OVERFLOW, queue, 0, 0)
    if (c["flags"] & FLAG_HOP) != 0:
        return
    via = extras(s, copy)["via"]
    if via == q["node"]:
        stored(s, c["root"])
    else:
        root["refs"] = root["refs"] + 1
        push(s, run["now"] + node["network"], RANK_EVENT, E_STORED, c["root"], 0, 0)


@seldom
def orphan(s: State, queue: int, change: int) -> None:
    """Count ``change`` more copies as unacknowledged whose consumer is gone, but whose acknowledgement is not."""
    q = queues(s, queue)
    q["orphans"] = q["orphans"] + change
    set_unacked(s, queue, change)


@seldom
def stored_at(s: State, root: int) -> None:
    """The node that the producer is connected to hears that an entry is committed."""
    stored(s, root)
    release(s, root)


@seldom
def stored(s: State, root: int) -> None:
    """One entry less to wait for: the last one lets the confirm go."""
    r = copies(s, root)
    r["wait"] = r["wait"] - 1
    if r["wait"] == 0 and producers(s, r["producer"])["confirm_processed"] == 0 and _stands_everywhere(s, root):
        send_confirm(s, root, YES, r["attempts"])


@kernel
def _stands_everywhere(s: State, root: int) -> bool:
    """Say whether each queue that a message was owed to has taken a copy of it."""
    slot = root
    while slot >= 0:
        c = copies(s, slot)
        if c["state"] == C_REFUSED:
            return False
        if c["state"] == C_VANISHED:
            found = False
            other = root
            while other >= 0:
                o = copies(s, other)
                found = found or (o["queue"] == c["queue"] and o["state"] != C_VANISHED)
                other = o["next_copy"]
            if not found:
                return False
        slot = c["next_copy"]
    return True
