"""The broker's side of a subscription: what is acknowledged, what is wanted again, and what it has written down.

    ready ──► sent ──► done ──(cursor written down, once a second)──► kept
      ▲         │
      └─────────┘  negative acknowledgement, time-out, or the consumer is gone

What is done and not kept comes back when the broker goes down. An entry leaves its partition when every subscription
has kept that it is done.
"""

from __future__ import annotations

from mqlab.core.codes import K_ACK_IGNORED, K_ACKED, RANK_CONTINUE, RANK_EVENT
from mqlab.core.heap import push
from mqlab.core.ledger.codes import (
    C_DONE,
    C_SENT,
    D_ACKED,
    KEY_SHARED,
    P_KEEP,
    P_RELEASE,
    P_SERVE,
    SLOTS,
)
from mqlab.core.ledger.places import copy_of
from mqlab.core.ledger.records import claims, cursors, entries, hands, holders, ledgers, stores, subscribers
from mqlab.core.ledger.standing import shift
from mqlab.core.log.batches import release
from mqlab.core.log.records import batches, cells, collectors, logs, partitions, replicas, senders
from mqlab.core.recorder import tell
from mqlab.core.records import clients, nodes, runs
from mqlab.jit import State, kernel
from mqlab.policies.partitioners import murmur2

__all__ = [
    "ack_in", "all_acked", "cursor_of", "finish", "flow_in", "is_served", "keep", "key_slot", "release_head", "unhand",
    "wake",
]  # fmt: skip

_RELEASED = 16


@kernel
def is_served(s: State, partition: int) -> bool:
    """Say whether a broker owns a partition and is up."""
    part = partitions(s, partition)
    return part["leader"] >= 0 and nodes(s, replicas(s, part["leader"])["node"])["up"] == 1


@kernel
def cursor_of(s: State, claim: int) -> int:
    """Find the cursor that a claim belongs to."""
    views = ledgers(s, 0)["views"]
    partition = entries(s, claim // views)["partition"]
    return int(stores(s, partition)["first_cursor"] + claim % views)


@kernel
def key_slot(s: State, slot: int) -> int:
    """Find the slot of hashes of an entry: by the key of its first record, by its number if it has none."""
    b = batches(s, slot)
    first = cells(s, slot * logs(s, 0)["cap"])
    if collectors(s, senders(s, b["sender"])["producer"])["keyed"] == 1:
        return int(murmur2(int(first["key"])) % SLOTS)
    return int(murmur2(int(first["number"])) % SLOTS)


@kernel
def wake(s: State, cursor: int) -> None:
    """Let a cursor look, in this instant, for what it can send."""
    q = cursors(s, cursor)
    if q["woken"] == 0:
        q["woken"] = 1
        push(s, runs(s, 0)["now"], RANK_CONTINUE, P_SERVE, cursor, 0, 0)


@kernel
def unhand(s: State, claim: int) -> int:
    """A consumer is not waited for any more; return how many records it had."""
    k = claims(s, claim)
    slot = int(claim // ledgers(s, 0)["views"])
    cursor = cursor_of(s, claim)
    q = cursors(s, cursor)
    count = int(batches(s, slot)["count"])
    h = hands(s, k["hand"])
    h["unacked"] = h["unacked"] - count
    if q["mode"] == KEY_SHARED:
        held = holders(s, q["holders"] + key_slot(s, slot))
        held["count"] = held["count"] - 1
    return count


@kernel
def finish(s: State, claim: int, result: int) -> None:
    """A subscription is done with an entry."""
    k = claims(s, claim)
    cursor = cursor_of(s, claim)
    q = cursors(s, cursor)
    count = int(batches(s, claim // ledgers(s, 0)["views"])["count"])
    if k["state"] == C_SENT:
        unhand(s, claim)
        shift(s, cursor, 0, -count)
    else:
        shift(s, cursor, -count, 0)
    k["state"] = C_DONE
    k["result"] = result
    k["kept"] = 0
    q["acked"] = q["acked"] + count
    log = logs(s, 0)
    log["acked"] = log["acked"] + count
    if q["kept_due"] == 0:
        q["kept_due"] = 1
        push(s, runs(s, 0)["now"] + ledgers(s, 0)["persist"], RANK_EVENT, P_KEEP, cursor, 0, 0)


@kernel
def ack_in(s: State, claim: int, hand: int, life: int) -> None:
    """An individual acknowledgement reaches the broker."""
    slot = int(claim // ledgers(s, 0)["views"])
    h = hands(s, hand)
    cursor = int(h["cursor"])
    partition = int(cursors(s, cursor)["partition"])
    kind = K_ACK_IGNORED
    k = claims(s, claim)
    if h["life"] == life and h["connected"] == 1 and is_served(s, partition) and k["state"] != C_DONE:
        kind = K_ACKED
        finish(s, claim, D_ACKED)
        wake(s, cursor)
    b = batches(s, slot)
    who = clients(s, subscribers(s, h["member"])["client"])["entity"]
    view = int(claim % ledgers(s, 0)["views"])
    tell(s, kind, b["name"], copy_of(s, slot, view), who, partitions(s, partition)["entity"], 0, b["offset"], 0,
         b["count"])  # fmt: skip
    release(s, int(b["root"]))


@kernel
def all_acked(s: State, hand: int, life: int, offset: int) -> None:
    """A cumulative acknowledgement reaches the broker: all up to an offset is done, worked on or not."""
    h = hands(s, hand)
    cursor = int(h["cursor"])
    q = cursors(s, cursor)
    part = partitions(s, q["partition"])
    if h["life"] != life or h["connected"] == 0 or not is_served(s, int(q["partition"])):
        return
    slot = int(part["head"])
    records = 0
    while slot >= 0 and batches(s, slot)["offset"] < offset:
        claim = int(slot * ledgers(s, 0)["views"] + q["view"])
        if claims(s, claim)["state"] != C_DONE:
            finish(s, claim, D_ACKED)
            records += int(batches(s, slot)["count"])
        slot = int(batches(s, slot)["after"])
    who = clients(s, subscribers(s, h["member"])["client"])["entity"]
    tell(s, K_ACKED, -1, 0, who, part["entity"], 0, offset, 0, records)
    wake(s, cursor)


@kernel
def flow_in(s: State, hand: int, life: int, permits: int) -> None:
    """A consumer has room for more."""
    h = hands(s, hand)
    if h["life"] == life and h["connected"] == 1:
        h["permits"] = h["permits"] + permits
        wake(s, int(h["cursor"]))


@kernel
def keep(s: State, cursor: int) -> None:
    """The broker writes down what a subscription is done with."""
    q = cursors(s, cursor)
    q["kept_due"] = 0
    partition = int(q["partition"])
    if not is_served(s, partition):
        return
    slot = int(partitions(s, partition)["head"])
    while slot >= 0:
        k = claims(s, slot * ledgers(s, 0)["views"] + q["view"])
        if k["state"] == C_DONE:
            k["kept"] = 1
        slot = int(batches(s, slot)["after"])
    release_head(s, partition)


@kernel
def _is_finished(s: State, slot: int) -> bool:
    """Say whether every subscription has kept that it is done with an entry."""
    e = entries(s, slot)
    if e["stored"] == 0:
        return False
    for view in range(stores(s, e["partition"])["cursors"]):
        k = claims(s, slot * ledgers(s, 0)["views"] + view)
        if k["state"] != C_DONE or k["kept"] == 0:
            return False
    return True


@kernel
def release_head(s: State, partition: int) -> None:
    """Let go of entries that every subscription is done with, a few at a time."""
    part = partitions(s, partition)
    store = stores(s, partition)
    for _ in range(_RELEASED):
        slot = int(part["head"])
        if slot < 0 or not _is_finished(s, slot):
            return
        b = batches(s, slot)
        part["head"] = b["after"]
        if part["head"] < 0:
            part["tail"] = -1
        for view in range(store["cursors"]):
            q = cursors(s, store["first_cursor"] + view)
            if q["at"] == slot:
                q["at"] = b["after"]
        b["in_log"] = 0
        release(s, int(b["root"]))
    if store["releasing"] == 0:
        store["releasing"] = 1
        push(s, runs(s, 0)["now"], RANK_CONTINUE, P_RELEASE, partition, 0, 0)
