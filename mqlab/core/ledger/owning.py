"""Nodes go down and come back: who owns a partition, and what a new owner finds at its bookies.

A broker keeps nothing: when its session is over another one owns its partitions. Before that one serves a partition
it recovers what the old owner had not been told is safe, entry by entry: if any bookie that is up has the entry, it
is written to all that are up (and to others for those that are not), and is safe. If so many of its bookies say that
they do not have it that it cannot have been safe (write quorum − ack quorum + 1), the partition ends before it.
Otherwise the new owner has to wait for the others.

    process crash   connections reset; a bookie keeps what it has written
    power loss      nobody is told; a bookie keeps what it has flushed

Simplified: cursors are where the owner wrote them down, whatever happens to bookies; clients notice that the machine of
their broker is gone when its session is over.
"""

from __future__ import annotations

from mqlab.core.codes import (
    K_LEADER_LOST,
    K_NODE_CRASHED,
    K_NODE_RESTARTED,
    K_VANISHED,
    RANK_EVENT,
    X_UNREPLICATED,
    X_UNSYNCED_DISK,
)
from mqlab.core.heap import push
from mqlab.core.ledger.codes import A_HELD, A_NONE, A_WAITING, C_SENT, K_OWNED, P_BOOKIE_LOST, P_OWN, P_SESSION
from mqlab.core.ledger.connecting import attach, cut_off
from mqlab.core.ledger.journal import lose_journal
from mqlab.core.ledger.records import adds, bookies, claims, cursors, entries, ledgers, stores
from mqlab.core.ledger.returning import ready_again, take_back
from mqlab.core.ledger.settling import is_served, wake
from mqlab.core.ledger.standing import shift
from mqlab.core.ledger.storing import mend, place_of, replace_bookies, store_now
from mqlab.core.link import DOWN, cross
from mqlab.core.log.batches import release
from mqlab.core.log.codes import L_RESET
from mqlab.core.log.records import batches, logs, partitions, replicas, senders
from mqlab.core.recorder import tell
from mqlab.core.records import nodes, producers, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import CONFIRM, identity

__all__ = ["bookie_lost", "crash_node", "own", "restart_node", "session_over"]


@seldom
def crash_node(s: State, node: int, power: int) -> None:
    """A node's process dies (power 0), or its machine loses power (1)."""
    n = nodes(s, node)
    if n["up"] == 0:
        return
    run = runs(s, 0)
    ledger = ledgers(s, 0)
    n["up"] = 0
    n["epoch"] = n["epoch"] + 1
    undone = max(0, min(n["cpu_free"], run["end"]) - max(run["now"], run["warmup"]))
    n["cpu_busy"] = n["cpu_busy"] - undone
    n["cpu_free"] = 0
    tell(s, K_NODE_CRASHED, -1, 0, n["entity"], -1, 0, 0, power, 1)
    if bookies(s, node)["is_one"] == 1:
        lose_journal(s, node, power)
        notice = int(n["network"])
        if power == 1:
            notice = int(ledger["bookie_timeout"])
        push(s, run["now"] + notice, RANK_EVENT, P_BOOKIE_LOST, node, int(n["epoch"]), 0)
        return
    for partition in range(ledger["stores"]):
        part = partitions(s, partition)
        if part["leader"] >= 0 and replicas(s, part["leader"])["node"] == node:
            part["term"] = part["term"] + 1
            tell(s, K_LEADER_LOST, -1, 0, n["entity"], part["entity"], 0, part["term"], 0, 1)
            _void(s, partition)
    if power == 0:
        _reset_senders(s, node)
    push(s, run["now"] + logs(s, 0)["session"], RANK_EVENT, P_SESSION, node, int(n["epoch"]), power)


@kernel
def _void(s: State, partition: int) -> None:
    """The memory of a partition's owner is gone: connections, what it had sent, what it had not written down."""
    store = stores(s, partition)
    for view in range(store["cursors"]):
        cursor = int(store["first_cursor"] + view)
        q = cursors(s, cursor)
        for i in range(q["hands"]):
            cut_off(s, int(q["first_hand"] + i))
        q["active"] = -1
        q["stamp"] = q["stamp"] + 1
        take_back(s, cursor, -1, 1)


@kernel
def _reset_senders(s: State, node: int) -> None:
    """Producers learn that their connection to a broker is broken."""
    n = nodes(s, node)
    for sender in range(logs(s, 0)["senders"]):
        q = senders(s, sender)
        leader = partitions(s, q["partition"])["leader"]
        if leader >= 0 and replicas(s, leader)["node"] == node:
            p = producers(s, q["producer"])
            arrives = cross(s, p["client"], DOWN, CONFIRM, identity(p["ident"], n["epoch"]), 0, runs(s, 0)["now"])
            push(s, arrives, RANK_EVENT, L_RESET, sender, node, 0)


@seldom
def session_over(s: State, node: int, epoch: int, power: int) -> None:
    """A broker has not been heard of for too long: its partitions are for others."""
    n = nodes(s, node)
    if n["epoch"] != epoch or n["up"] == 1:
        return
    if power == 1:
        _reset_senders(s, node)
    for partition in range(ledgers(s, 0)["stores"]):
        part = partitions(s, partition)
        if part["leader"] >= 0 and replicas(s, part["leader"])["node"] == node:
            part["leader"] = -1
            own(s, partition)


@kernel
def _next_broker(s: State) -> int:
    """Choose the broker that is to own a partition: one after the other of those that are up."""
    ledger = ledgers(s, 0)
    count = int(runs(s, 0)["nodes"])
    for step in range(count):
        node = int((ledger["turn"] + step) % count)
        if bookies(s, node)["is_one"] == 0 and nodes(s, node)["up"] == 1:
            ledger["turn"] = (node + 1) % count
            return node
    return -1


@seldom
def own(s: State, partition: int) -> None:
    """Another broker takes a partition over, if it can tell what is in it."""
    part = partitions(s, partition)
    if part["leader"] >= 0:
        return
    node = _next_broker(s)
    if node < 0:
        return
    replace_bookies(s, partition)
    end = _last_found(s, partition)
    if end == _UNKNOWN:
        push(s, runs(s, 0)["now"] + ledgers(s, 0)["again"], RANK_EVENT, P_OWN, partition, 0, 0)
        return
    replica = int(part["first"])
    replicas(s, replica)["node"] = node
    part["leader"] = replica
    part["term"] = part["term"] + 1
    _cut_after(s, partition, end)
    found = 0
    while part["wait"] >= 0:
        place = int(part["wait"])
        part["wait"] = batches(s, place)["after"]
        batches(s, place)["answer"] = 0
        _write_everywhere(s, place)
        store_now(s, place)
        found += 1
    tell(s, K_OWNED, -1, 0, nodes(s, node)["entity"], part["entity"], 0, part["term"], 0, found)
    mend(s, partition)
    store = stores(s, partition)
    for view in range(store["cursors"]):
        q = cursors(s, store["first_cursor"] + view)
        for i in range(q["hands"]):
            attach(s, int(q["first_hand"] + i))


_UNKNOWN = -2


@kernel
def _last_found(s: State, partition: int) -> int:
    """Find the last entry that can be recovered of those that are not safe; -1: none, _UNKNOWN: nobody can tell."""
    store = stores(s, partition)
    copies = ledgers(s, 0)["copies"]
    place = int(partitions(s, partition)["wait"])
    last = -1
    while place >= 0:
        held = 0
        missing = 0
        room = 0
        for i in range(store["write"]):
            a = adds(s, place * copies + i)
            if nodes(s, a["bookie"])["up"] == 1:
                held += int(a["state"] >= A_WAITING)
                missing += int(a["state"] < A_WAITING)
                room += 1
            else:
                room += int(nodes(s, place_of(s, place, i))["up"])
        if held > 0 and room < store["ack"]:
            return _UNKNOWN  # it is there, and cannot be made safe
        if held == 0:
            if missing >= store["write"] - store["ack"] + 1:
                return last
            return _UNKNOWN
        last = place
        place = int(batches(s, place)["after"])
    return last


@kernel
def _write_everywhere(s: State, place: int) -> None:
    """A recovered entry is written to all of its bookies that are up."""
    e = entries(s, place)
    copies = ledgers(s, 0)["copies"]
    e["acks"] = 0
    for i in range(stores(s, e["partition"])["write"]):
        a = adds(s, place * copies + i)
        if nodes(s, a["bookie"])["up"] == 0 and nodes(s, place_of(s, place, i))["up"] == 1:
            a["bookie"] = place_of(s, place, i)
            a["state"] = A_NONE
        if nodes(s, a["bookie"])["up"] == 1:
            if a["state"] < A_WAITING:
                a["state"] = A_HELD
                a["synced"] = 1
            a["acked"] = 1
            e["acks"] = e["acks"] + 1


@kernel
def _cut_after(s: State, partition: int, last: int) -> None:
    """A partition ends with entry ``last``; -1: with the last that is safe."""
    part = partitions(s, partition)
    before = last
    place = int(part["wait"])
    if last >= 0:
        place = int(batches(s, last)["after"])
    elif place >= 0:
        before = -1
        at = int(part["head"])
        while at != place:
            before = at
            at = int(batches(s, at)["after"])
    if place < 0:
        return
    if before < 0:
        part["head"] = -1
    else:
        batches(s, before)["after"] = -1
    part["tail"] = before
    part["end"] = batches(s, place)["offset"]
    if part["wait"] == place:
        part["wait"] = -1
    store = stores(s, partition)
    for view in range(store["cursors"]):
        q = cursors(s, store["first_cursor"] + view)
        if q["at"] >= 0 and batches(s, q["at"])["offset"] >= part["end"]:
            q["at"] = -1
    while place >= 0:
        following = int(batches(s, place)["after"])
        _drop(s, partition, place)
        place = following


@kernel
def _drop(s: State, partition: int, place: int) -> None:
    """An entry that no bookie is left of."""
    b = batches(s, place)
    e = entries(s, place)
    store = stores(s, partition)
    part = partitions(s, partition)
    cause = X_UNREPLICATED
    for i in range(store["write"]):
        if adds(s, place * ledgers(s, 0)["copies"] + i)["acked"] == 1:
            cause = X_UNSYNCED_DISK
    for view in range(store["cursors"]):
        shift(s, int(store["first_cursor"] + view), -int(b["count"]), 0)
    b["in_log"] = 0
    b["cut"] = 1
    b["cause"] = cause
    b["after"] = -1
    log = logs(s, 0)
    log["vanished"] = log["vanished"] + b["count"]
    if e["letter_of"] >= 0:
        claim = int(e["letter_of"])
        if claims(s, claim)["state"] == C_SENT:
            ready_again(s, claim)
    else:
        q = senders(s, b["sender"])
        q["expected"] = min(q["expected"], b["sequence"])
    owner = nodes(s, replicas(s, part["leader"])["node"])["entity"]
    tell(s, K_VANISHED, b["name"], int(b["index"] * ledgers(s, 0)["views"]), owner, part["entity"], 0, b["offset"],
         cause, b["count"])  # fmt: skip
    release(s, int(b["root"]))


@seldom
def bookie_lost(s: State) -> None:
    """Brokers notice that a bookie does not answer."""
    for partition in range(ledgers(s, 0)["stores"]):
        mend(s, partition)


@seldom
def restart_node(s: State, node: int) -> None:
    """A node is back with what survived."""
    n = nodes(s, node)
    if n["up"] == 1:
        return
    n["up"] = 1
    tell(s, K_NODE_RESTARTED, -1, 0, n["entity"], -1, 0, 0, 0, 1)
    ledger = ledgers(s, 0)
    if bookies(s, node)["is_one"] == 1:
        bookie_lost(s)
        for cursor in range(ledger["cursors"]):
            if is_served(s, int(cursors(s, cursor)["partition"])):
                wake(s, cursor)
        return
    for partition in range(ledger["stores"]):
        part = partitions(s, partition)
        if part["leader"] >= 0 and replicas(s, part["leader"])["node"] == node:
            part["leader"] = -1  # it registers anew, with nothing in its memory
        if part["leader"] < 0:
            own(s, partition)
