"""The dispatcher of a subscription: which entry goes to whom.

    exclusive, failover   to the active consumer, in the order of the partition
    shared                to one consumer after the other that has permits left
    key_shared            to the consumer that has the key's range of hashes; while another still has unacknowledged
                          entries of the same hash, the entry waits (as since Pulsar 4.0, PIP-379)

A consumer has permits for as many records as its receiver queue holds, and asks for more when half of them are taken.
An entry goes to one consumer as a whole, so permits may fall below 0. Simplified: one entry to each in turn, where
Pulsar takes up to 20; 256 slots of hashes, in equal ranges by the order of consumers.
"""

from __future__ import annotations

from mqlab.core.codes import K_DISPATCHED, K_VANISHED, RANK_EVENT, X_UNSYNCED_DISK
from mqlab.core.heap import push
from mqlab.core.ledger.codes import (
    AT_ONCE,
    C_READY,
    C_SENT,
    D_GONE,
    KEY_SHARED,
    LOOK_AHEAD,
    M_QUEUED,
    P_DISPATCHED,
    P_SERVE_AT,
    SHARED,
    SLOTS,
)
from mqlab.core.ledger.places import copy_of, is_gone, is_readable
from mqlab.core.ledger.records import claims, cursors, hands, holders, ledgers, subscribers, tastes
from mqlab.core.ledger.settling import finish, is_served, key_slot, wake
from mqlab.core.ledger.standing import shift
from mqlab.core.link import DOWN, cross
from mqlab.core.log.giving import serve
from mqlab.core.log.records import batches, logs, partitions, replicas
from mqlab.core.recorder import tell
from mqlab.core.records import clients, nodes, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import DELIVERY, identity

__all__ = ["serve_cursor"]


@kernel
def _has_room(s: State, hand: int) -> bool:
    """Say whether a consumer may be sent another entry."""
    h = hands(s, hand)
    if h["connected"] == 0 or h["permits"] <= 0:
        return False
    if cursors(s, h["cursor"])["mode"] < SHARED:
        return True
    return h["unacked"] < tastes(s, subscribers(s, h["member"])["group"])["most"]


@kernel
def _by_turns(s: State, cursor: int) -> int:
    """Choose the next consumer that has room."""
    q = cursors(s, cursor)
    for step in range(q["hands"]):
        place = int((q["turn"] + step) % q["hands"])
        hand = int(q["first_hand"] + place)
        if _has_room(s, hand):
            q["turn"] = (place + 1) % q["hands"]
            return hand
    return -1


@kernel
def _by_key(s: State, cursor: int, slot: int) -> int:
    """Choose the consumer that has the range of an entry's key, if it has room and nobody else is at it."""
    q = cursors(s, cursor)
    connected = 0
    for i in range(q["hands"]):
        connected += int(hands(s, q["first_hand"] + i)["connected"])
    if connected == 0:
        return -1
    hashed = key_slot(s, slot)
    wanted = hashed * connected // SLOTS
    hand = -1
    for i in range(q["hands"]):
        if hands(s, q["first_hand"] + i)["connected"] == 1:
            if wanted == 0:
                hand = int(q["first_hand"] + i)
            wanted -= 1
    held = holders(s, q["holders"] + hashed)
    if held["count"] > 0 and held["hand"] != hand:
        return -1
    if not _has_room(s, hand):
        return -1
    return hand


@kernel
def _choose(s: State, cursor: int, slot: int) -> int:
    """Choose who gets an entry; -1: nobody now."""
    q = cursors(s, cursor)
    if q["mode"] < SHARED:
        active = int(q["active"])
        if active >= 0 and _has_room(s, active):
            return active
        return -1
    if q["blocked"] == 1 and q["unacked"] <= q["cap"] // 2:
        q["blocked"] = 0
    if q["unacked"] >= q["cap"]:
        q["blocked"] = 1
    if q["blocked"] == 1:
        return -1
    if q["mode"] == KEY_SHARED:
        return _by_key(s, cursor, slot)
    return _by_turns(s, cursor)


@kernel
def _send(s: State, cursor: int, slot: int, hand: int) -> None:
    """An entry leaves for a consumer."""
    q = cursors(s, cursor)
    h = hands(s, hand)
    b = batches(s, slot)
    claim = int(slot * ledgers(s, 0)["views"] + q["view"])
    k = claims(s, claim)
    part = partitions(s, q["partition"])
    count = int(b["count"])
    k["state"] = C_SENT
    k["stamp"] = k["stamp"] + 1
    k["hand"] = hand
    k["mine"] = M_QUEUED
    h["permits"] = h["permits"] - count
    h["unacked"] = h["unacked"] + count
    if q["mode"] == KEY_SHARED:
        held = holders(s, q["holders"] + key_slot(s, slot))
        held["hand"] = hand
        held["count"] = held["count"] + 1
    shift(s, cursor, -count, count)
    client = int(subscribers(s, h["member"])["client"])
    tell(s, K_DISPATCHED, b["name"], copy_of(s, slot, int(q["view"])), clients(s, client)["entity"], part["entity"],
         int(k["again"]) + 1, b["offset"], 0, count)  # fmt: skip
    node = int(replicas(s, part["leader"])["node"])
    leaves = serve(s, node, nodes(s, node)["deliver_ns"])
    what = identity(clients(s, client)["self"], b["offset"])
    arrives = cross(s, client, DOWN, DELIVERY, what, int(k["stamp"]), leaves)
    push(s, arrives, RANK_EVENT, P_DISPATCHED, claim, int(k["stamp"]), 0)


@seldom
def _skip(s: State, cursor: int, slot: int) -> None:
    """No bookie has an entry any more: the subscription goes on without it."""
    b = batches(s, slot)
    q = cursors(s, cursor)
    part = partitions(s, q["partition"])
    node = nodes(s, replicas(s, part["leader"])["node"])["entity"]
    log = logs(s, 0)
    log["vanished"] = log["vanished"] + b["count"]
    finish(s, int(slot * ledgers(s, 0)["views"] + q["view"]), D_GONE)
    tell(s, K_VANISHED, b["name"], copy_of(s, slot, int(q["view"])), node, part["entity"], 0, b["offset"],
         X_UNSYNCED_DISK, b["count"])  # fmt: skip


@kernel
def serve_cursor(s: State, cursor: int) -> None:
    """Send what is ready, as far as consumers have room."""
    q = cursors(s, cursor)
    q["woken"] = 0
    partition = int(q["partition"])
    if not is_served(s, partition):
        return
    now = int(runs(s, 0)["now"])
    views = ledgers(s, 0)["views"]
    part = partitions(s, partition)
    slot = int(q["at"])
    in_front = True
    passed = 0
    sent = 0
    later = -1
    while slot >= 0 and batches(s, slot)["offset"] + batches(s, slot)["count"] <= part["mark"]:
        following = int(batches(s, slot)["after"])
        k = claims(s, slot * views + q["view"])
        stays = False
        if k["state"] == C_READY:
            if k["due"] > now:
                stays = True
                if later < 0 or k["due"] < later:
                    later = int(k["due"])
            elif not is_readable(s, slot):
                if is_gone(s, slot):
                    _skip(s, cursor, slot)
                else:
                    later = now + int(ledgers(s, 0)["again"])
                    break
            else:
                hand = _choose(s, cursor, slot)
                if hand >= 0:
                    _send(s, cursor, slot, hand)
                    sent += 1
                elif q["mode"] == KEY_SHARED and q["blocked"] == 0:
                    stays = True
                else:
                    break
        if stays:
            in_front = False
            passed += 1
        elif in_front:
            q["at"] = following
        slot = following
        if passed > LOOK_AHEAD:
            break
        if sent >= AT_ONCE:
            wake(s, cursor)
            break
    if later >= 0 and (q["alarm"] <= now or later < q["alarm"]):
        q["alarm"] = later
        push(s, later, RANK_EVENT, P_SERVE_AT, cursor, 0, 0)
