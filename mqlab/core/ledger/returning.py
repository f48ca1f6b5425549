"""Entries that come back: asked for again, or taken back because their consumer is gone.

Where only one consumer reads (exclusive, failover), whoever asks for one entry again gets all that it has not
acknowledged, in order; elsewhere it gets that one, and the broker counts how often that happened.
"""

from __future__ import annotations

from mqlab.core.codes import K_REQUEUED
from mqlab.core.ledger.codes import C_DONE, C_READY, C_SENT, D_GONE, M_QUEUED, SHARED
from mqlab.core.ledger.places import copy_of
from mqlab.core.ledger.records import claims, cursors, hands, ledgers, subscribers
from mqlab.core.ledger.settling import cursor_of, is_served, unhand, wake
from mqlab.core.ledger.standing import shift
from mqlab.core.log.batches import release
from mqlab.core.log.records import batches, partitions
from mqlab.core.recorder import tell
from mqlab.core.records import clients
from mqlab.jit import State, kernel, seldom

__all__ = ["forget", "nack_in", "ready_again", "take_back"]


@kernel
def forget(s: State, hand: int) -> None:
    """A client throws away its receiver queue, and the acknowledgements that it has not sent."""
    h = hands(s, hand)
    views = ledgers(s, 0)["views"]
    claim = int(h["head"])
    while claim >= 0:
        following = int(claims(s, claim)["next"])
        release(s, int(batches(s, claim // views)["root"]))
        claim = following
    claim = int(h["ack_head"])
    while claim >= 0:
        following = int(claims(s, claim)["next"])
        release(s, int(batches(s, claim // views)["root"]))
        claim = following
    h["head"] = -1
    h["tail"] = -1
    h["ack_head"] = -1
    h["ack_tail"] = -1
    h["acks"] = 0
    h["upto"] = 0


@kernel
def ready_again(s: State, claim: int) -> int:
    """An entry is to be sent once more; return how many records it holds."""
    k = claims(s, claim)
    slot = int(claim // ledgers(s, 0)["views"])
    cursor = cursor_of(s, claim)
    q = cursors(s, cursor)
    count = int(batches(s, slot)["count"])
    if k["state"] == C_SENT:
        unhand(s, claim)
        shift(s, cursor, count, -count)
    else:
        shift(s, cursor, count, 0)
    k["state"] = C_READY
    k["result"] = 0
    k["hand"] = -1
    k["stamp"] = k["stamp"] + 1
    q["requeues"] = q["requeues"] + count
    if q["at"] < 0 or batches(s, slot)["offset"] < batches(s, q["at"])["offset"]:
        q["at"] = slot
    return count


@seldom
def take_back(s: State, cursor: int, hand: int, undone: int) -> None:
    """What was sent (to one consumer, or to all: -1) is ready again; what is done and not kept too, if ``undone``."""
    q = cursors(s, cursor)
    views = ledgers(s, 0)["views"]
    part = partitions(s, q["partition"])
    slot = int(part["head"])
    records = 0
    while slot >= 0:
        claim = int(slot * views + q["view"])
        k = claims(s, claim)
        if k["state"] == C_SENT and (hand < 0 or k["hand"] == hand):
            h = hands(s, k["hand"])
            if k["mine"] == M_QUEUED:
                h["permits"] = h["permits"] + batches(s, slot)["count"]
            records += ready_again(s, claim)
            if hand >= 0 and q["mode"] >= SHARED:
                k["again"] = k["again"] + 1
        elif undone == 1 and k["state"] == C_DONE and k["kept"] == 0 and k["result"] != D_GONE:
            records += ready_again(s, claim)
        slot = int(batches(s, slot)["after"])
    if records > 0:
        who = -1
        if hand >= 0:
            who = int(clients(s, subscribers(s, hands(s, hand)["member"])["client"])["entity"])
        tell(s, K_REQUEUED, -1, 0, who, part["entity"], 0, 0, 1, records)
        wake(s, cursor)


@seldom
def nack_in(s: State, claim: int, stamp: int, life: int) -> None:
    """A consumer wants an entry again; where one consumer reads in order, all that it has not acknowledged with it."""
    k = claims(s, claim)
    if k["stamp"] != stamp or k["state"] != C_SENT:
        return
    hand = int(k["hand"])
    h = hands(s, hand)
    cursor = cursor_of(s, claim)
    q = cursors(s, cursor)
    if h["life"] != life or not is_served(s, int(q["partition"])):
        return
    if q["mode"] < SHARED:
        forget(s, hand)
        take_back(s, cursor, hand, 0)
        return
    slot = int(claim // ledgers(s, 0)["views"])
    b = batches(s, slot)
    who = clients(s, subscribers(s, h["member"])["client"])["entity"]
    part = partitions(s, q["partition"])
    k["again"] = k["again"] + 1
    ready_again(s, claim)
    tell(s, K_REQUEUED, b["name"], copy_of(s, slot, int(q["view"])), who, part["entity"], int(k["again"]), b["offset"],
         0, b["count"])  # fmt: skip
    wake(s, cursor)
