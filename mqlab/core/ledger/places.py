"""Places of batches in partitions: what is known of an entry, who can still read it, and the rows at its end.

Holders of a batch are counted as in a log (:mod:`mqlab.core.log.batches`); one that nobody holds is put aside there,
and its rows are written here when the event is over: for each record and place one row a subscription. A record that
never got a place has one row; so has one in a partition that nobody subscribed to.

Fates, first match: processed · dead_lettered (it was sent on as a letter) · lost:unsynced_disk (every copy went with
the power of its bookie) · lost:early_commit (a cumulative acknowledgement covered it) · still owed. What is owed at
the end, and stands only on bookies that are down, is lost:unreplicated.
"""

from __future__ import annotations

from mqlab.core.codes import (
    F_DEAD_LETTERED,
    F_GAVE_UP,
    F_IN_FLIGHT,
    F_LOST,
    F_NO_SUBSCRIBER,
    F_PROCESSED,
    F_REJECTED,
    X_EARLY_COMMIT,
    X_UNREPLICATED,
    X_UNSYNCED_DISK,
    X_WIRE,
)
from mqlab.core.ledger.codes import A_NONE, A_WAITING, C_DONE, C_READY, D_DEAD, D_GONE
from mqlab.core.ledger.records import adds, claims, cursors, entries, ledgers, stores
from mqlab.core.log.batches import free, write_row
from mqlab.core.log.codes import B_OVER
from mqlab.core.log.records import batches, cells, logs, partitions, replicas, senders
from mqlab.core.records import nodes, runs
from mqlab.jit import State, kernel, seldom

__all__ = ["cell_of", "copy_of", "first_cell", "is_gone", "is_readable", "open_place", "retire", "sweep"]


@kernel
def first_cell(s: State, slot: int, view: int) -> int:
    """Find the first record of a batch as a subscription sees it."""
    return int(slot * logs(s, 0)["cap"] + view * ledgers(s, 0)["cap"])


@kernel
def cell_of(s: State, claim: int, record: int) -> int:
    """Find one record of a claim."""
    views = ledgers(s, 0)["views"]
    return first_cell(s, int(claim // views), int(claim % views)) + record


@kernel
def open_place(s: State, slot: int, partition: int) -> None:
    """A batch becomes an entry of a partition: nobody has it yet, and every subscription has still to get it."""
    ledger = ledgers(s, 0)
    store = stores(s, partition)
    e = entries(s, slot)
    b = batches(s, slot)
    e["number"] = store["entries"]
    store["entries"] = store["entries"] + 1
    e["letter_of"] = -1
    e["partition"] = partition
    e["acks"] = 0
    e["term"] = partitions(s, partition)["term"]
    e["tries"] = 0
    e["stored"] = 0
    for i in range(ledger["copies"]):
        a = adds(s, slot * ledger["copies"] + i)
        a["state"] = A_NONE
        a["synced"] = 0
        a["acked"] = 0
        a["next"] = -1
    for view in range(store["cursors"]):
        k = claims(s, slot * ledger["views"] + view)
        k["state"] = C_READY
        k["result"] = 0
        k["kept"] = 0
        k["hand"] = -1
        k["again"] = 0
        k["due"] = 0
        k["next"] = -1
        k["stamp"] = k["stamp"] + 1
        if view > 0:
            first = first_cell(s, slot, 0)
            mine = first_cell(s, slot, view)
            for i in range(b["count"]):
                original = cells(s, first + i)
                c = cells(s, mine + i)
                c["number"] = original["number"]
                c["sequence"] = original["sequence"]
                c["created"] = original["created"]
                c["key"] = original["key"]
                c["delivered"] = -1
                c["processed"] = -1
                c["order"] = -1
                c["deliveries"] = 0
                c["processings"] = 0
                c["consumer"] = -1


@kernel
def _holders(s: State, slot: int, up: int) -> int:
    """Count the bookies that have an entry: all of them, or those that are up."""
    ledger = ledgers(s, 0)
    found = 0
    for i in range(ledger["copies"]):
        a = adds(s, slot * ledger["copies"] + i)
        if a["state"] >= A_WAITING and (up == 0 or nodes(s, a["bookie"])["up"] == 1):
            found += 1
    return found


@kernel
def is_gone(s: State, slot: int) -> bool:
    """Say whether no bookie has an entry any more, be it up or down."""
    return _holders(s, slot, 0) == 0


@kernel
def is_readable(s: State, slot: int) -> bool:
    """Say whether a broker can get at an entry: in its own cache while it is fresh, else from a bookie that is up."""
    part = partitions(s, entries(s, slot)["partition"])
    fresh = runs(s, 0)["now"] - batches(s, slot)["appended"] <= ledgers(s, 0)["cache"]
    if fresh and part["leader"] >= 0 and entries(s, slot)["term"] == part["term"]:
        if nodes(s, replicas(s, part["leader"])["node"])["up"] == 1:
            return True
    return _holders(s, slot, 1) > 0


@kernel
def _fate_of(s: State, root: int, slot: int, view: int, record: int) -> tuple[int, int]:
    """Decide (fate, cause) of a record in one of its places, for one subscription (view -1: there is none)."""
    r = batches(s, root)
    b = batches(s, slot)
    ending = runs(s, 0)["finishing"] == 1
    if view >= 0 and cells(s, first_cell(s, slot, view) + record)["processings"] > 0:
        return F_PROCESSED, 0
    if b["cut"] == 1:
        if ending and r["sending"] < B_OVER and slot == root:
            return F_IN_FLIGHT, 0  # its producer was about to send it again when the run ended
        return F_LOST, int(b["cause"])
    if b["offset"] < 0:
        if r["gave"] == 1:
            if r["refused"] == 1:
                return F_REJECTED, 0
            return F_GAVE_UP, 0
        if r["refs"] > 0:
            return F_IN_FLIGHT, 0
        return F_LOST, X_WIRE
    if view < 0:
        if entries(s, slot)["stored"] == 1:
            return F_NO_SUBSCRIBER, 0
        return F_IN_FLIGHT, 0
    k = claims(s, slot * ledgers(s, 0)["views"] + view)
    if k["state"] == C_DONE:
        if k["result"] == D_DEAD:
            return F_DEAD_LETTERED, 0
        if k["result"] == D_GONE:
            return F_LOST, X_UNSYNCED_DISK
        return F_LOST, X_EARLY_COMMIT
    if ending and entries(s, slot)["stored"] == 1 and not is_readable(s, slot):
        if is_gone(s, slot):
            return F_LOST, X_UNSYNCED_DISK
        return F_LOST, X_UNREPLICATED
    return F_IN_FLIGHT, 0


@kernel
def _rows(s: State, root: int, record: int) -> None:
    """Write the rows of one record: in the order of its places, in each in that of the subscriptions."""
    slot = root
    while slot >= 0:
        b = batches(s, slot)
        placed = b["offset"] >= 0
        letter = placed and entries(s, slot)["letter_of"] >= 0
        readers = 0
        if placed:
            readers = int(stores(s, entries(s, slot)["partition"])["cursors"])
        if readers == 0:
            _row(s, root, slot, -1, record, _home(s, slot), int(letter))
        elif not letter or entries(s, slot)["stored"] == 1:  # else it never became a letter
            first = int(stores(s, entries(s, slot)["partition"])["first_cursor"])
            for view in range(readers):
                _row(s, root, slot, view, record, int(cursors(s, first + view)["entity"]), int(letter))
        slot = int(b["next_copy"])


@kernel
def _row(s: State, root: int, slot: int, view: int, record: int, queue: int, letter: int) -> None:
    """Write one row; obligations are numbered by place and subscription."""
    fate, cause = _fate_of(s, root, slot, view, record)
    seen = max(view, 0)
    copy = copy_of(s, slot, seen)
    repeats = -1
    if slot != root and letter == 0:
        repeats = seen
    write_row(s, root, slot, first_cell(s, slot, seen) + record, queue, copy, repeats, fate, cause)


@kernel
def copy_of(s: State, slot: int, view: int) -> int:
    """Number the obligation that a place of a batch is for one subscription."""
    return int(batches(s, slot)["index"] * ledgers(s, 0)["views"] + view)


@kernel
def _home(s: State, slot: int) -> int:
    if batches(s, slot)["offset"] < 0:
        return int(partitions(s, senders(s, batches(s, slot)["sender"])["partition"])["entity"])
    return int(partitions(s, entries(s, slot)["partition"])["entity"])


@seldom
def retire(s: State, root: int) -> None:
    """Write the rows of a batch that nobody holds, and free its slots."""
    for i in range(int(batches(s, root)["count"])):
        _rows(s, root, i)
    free(s, root)


@kernel
def sweep(s: State) -> None:
    """Retire what was put aside while an event happened."""
    log = logs(s, 0)
    while log["collected"] >= 0:
        root = int(log["collected"])
        log["collected"] = int(batches(s, root)["next"])
        retire(s, root)
