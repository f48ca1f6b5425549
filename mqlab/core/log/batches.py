"""The life of a batch: its slot, who holds it, and the rows of its records when nobody does.

A batch and the first place of it in the log share a slot, the root. If it is appended once more (its answer was lost,
and it was sent again), that place has a slot of its own, linked from the root. Holders are counted in the root: the
producer, each packet, each place in a log. At zero the rows of all its records are written.
"""

from __future__ import annotations

from mqlab.core.codes import (
    F_ABORTED,
    F_GAVE_UP,
    F_IN_FLIGHT,
    F_LOST,
    F_PROCESSED,
    F_REJECTED,
    LEVEL_FATES,
    X_EARLY_COMMIT,
    X_OFFSET_RESET,
    X_WIRE,
)
from mqlab.core.log.codes import ABORTED, B_OVER, IDLE
from mqlab.core.log.records import (
    batches,
    cells,
    collectors,
    coordinators,
    logs,
    origins,
    partitions,
    pollers,
    readers,
    senders,
)
from mqlab.core.recorder import measure
from mqlab.core.records import clients, fate_rows, producers, runs, tallies
from mqlab.jit import State, kernel

__all__ = ["another_place", "free", "new_batch", "new_record", "release", "retire", "write_row"]

_LATENCY, _CREATED_SENT, _SENT_CONFIRMED, _CREATED_CONFIRMED = 0, 1, 2, 3
_CREATED_ENQUEUED, _ENQUEUED_DELIVERED, _DELIVERED_PROCESSED = 4, 5, 6


@kernel
def new_batch(s: State, sender: int) -> int:
    """Take a free slot."""
    run = runs(s, 0)
    slot = run["copy_free"]
    if slot >= 0:
        run["copy_free"] = int(batches(s, slot)["next"])
    else:
        slot = run["copy_fresh"]
        run["copy_fresh"] = slot + 1
    run["copies_live"] = run["copies_live"] + 1
    b = batches(s, slot)
    b["live"] = 1
    b["root"] = slot
    b["next_copy"] = -1
    b["last_copy"] = slot
    b["index"] = 0
    b["copies"] = 1
    b["sender"] = sender
    b["count"] = 0
    b["attempts"] = 0
    b["refs"] = 0
    b["next"] = -1
    b["after"] = -1
    b["created"] = run["now"]
    b["sent"] = -1
    b["confirmed"] = -1
    b["ready_at"] = 0
    b["sequence"] = -1
    b["name"] = -1
    b["offset"] = -1
    b["appended"] = -1
    b["target"] = -1
    b["answer"] = 0
    b["sending"] = 0
    b["in_log"] = 0
    b["cut"] = 0
    b["cause"] = 0
    b["gave"] = 0
    b["refused"] = 0
    b["control"] = 0
    b["outcome"] = 0
    b["ordinal"] = 0
    b["life"] = clients(s, producers(s, senders(s, sender)["producer"])["client"])["life"]
    b["transaction"] = collectors(s, senders(s, sender)["producer"])["number"]
    b["vain"] = 0
    return slot


@kernel
def another_place(s: State, root: int) -> int:
    """Take a slot for a batch that is appended once more: the same records, delivered to nobody yet."""
    slot = new_batch(s, batches(s, root)["sender"])
    b = batches(s, slot)
    r = batches(s, root)
    b["root"] = root
    b["count"] = r["count"]
    b["name"] = r["name"]
    b["sequence"] = r["sequence"]
    b["created"] = r["created"]
    b["life"] = r["life"]
    b["transaction"] = r["transaction"]
    b["sending"] = B_OVER
    b["index"] = r["copies"]
    r["copies"] = r["copies"] + 1
    batches(s, r["last_copy"])["next_copy"] = slot
    r["last_copy"] = slot
    room = logs(s, 0)["room"]
    for i in range(int(r["count"])):
        c = cells(s, root * room + i)
        new_record(s, slot, i, c["number"], c["sequence"], c["created"], c["key"])
    return slot


@kernel
def new_record(s: State, slot: int, i: int, number: int, sequence: int, created: int, key: int) -> None:
    """Write record ``i`` of a batch down for each group that may read it: it has been delivered to nobody yet."""
    log = logs(s, 0)
    views = partitions(s, senders(s, batches(s, slot)["sender"])["partition"])["views"]
    for view in range(views):
        c = cells(s, slot * log["room"] + view * log["cap"] + i)
        c["number"] = number
        c["sequence"] = sequence
        c["created"] = created
        c["key"] = key
        c["delivered"] = -1
        c["processed"] = -1
        c["order"] = -1
        c["deliveries"] = 0
        c["processings"] = 0
        c["consumer"] = -1


@kernel
def release(s: State, root: int) -> None:
    """Somebody lets go of a batch; with the last one its rows are written and its slots are free.

    A program whose records end in another way (:mod:`mqlab.core.ledger`) collects those batches and does it itself.
    """
    r = batches(s, root)
    left = r["refs"] - 1
    r["refs"] = left
    if left == 0:
        log = logs(s, 0)
        if log["collects"] == 1:
            r["next"] = log["collected"]
            log["collected"] = root
        else:
            retire(s, root)


@kernel
def retire(s: State, root: int) -> None:
    """Write the rows of each record, those of one record together, and free the slots."""
    records = int(batches(s, root)["count"])
    if batches(s, root)["control"] == 1:
        records = 0
    for i in range(records):
        slot = root
        while slot >= 0:
            _close(s, root, slot, i)
            slot = int(batches(s, slot)["next_copy"])
    free(s, root)


@kernel
def free(s: State, root: int) -> None:
    """Give back the slots of a batch and of its other places."""
    run = runs(s, 0)
    slot = root
    while slot >= 0:
        b = batches(s, slot)
        following = int(b["next_copy"])
        b["live"] = 0
        b["next"] = run["copy_free"]
        run["copy_free"] = slot
        run["copies_live"] = run["copies_live"] - 1
        slot = following


@kernel
def _fate_of(s: State, root: int, slot: int, i: int, reader: int) -> tuple[int, int]:
    """Decide (fate, cause) of a record in one of its places, for one group; for nobody if it was never there."""
    r = batches(s, root)
    b = batches(s, slot)
    log = logs(s, 0)
    g = readers(s, reader)
    c = cells(s, slot * log["room"] + g["view"] * log["cap"] + i)
    ending = runs(s, 0)["finishing"] == 1
    if c["processings"] > 0:
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
        if r["cause"] > 0:
            return F_LOST, int(r["cause"])
        return F_LOST, X_WIRE
    if b["outcome"] == ABORTED:
        return F_ABORTED, 0
    offset = int(b["offset"] + i)
    if offset >= max(g["committed"], g["passed"]) or (ending and _in_hand(s, reader, offset)):
        return F_IN_FLIGHT, 0
    if c["deliveries"] == 0 or offset >= g["committed"]:
        return F_LOST, X_OFFSET_RESET
    return F_LOST, X_EARLY_COMMIT


@kernel
def _in_hand(s: State, reader: int, offset: int) -> bool:
    """Say whether a consumer that is at work has the record at an offset in its hands."""
    r = readers(s, reader)
    if r["group"] < 0:
        return False
    c = coordinators(s, r["group"])
    for i in range(c["pollers"]):
        k = pollers(s, c["first_poller"] + i)
        if k["alive"] == 1 and k["busy"] != IDLE and k["reader"] == reader and k["offset"] <= offset < k["until"]:
            return True
    return False


@kernel
def _close(s: State, root: int, slot: int, i: int) -> None:
    """Decide and record how one record ended in one of its places: for each group if it was there, else once."""
    b = batches(s, slot)
    part = partitions(s, senders(s, b["sender"])["partition"])
    log = logs(s, 0)
    reader = int(part["reader"])
    while reader >= 0:
        r = readers(s, reader)
        fate, cause = _fate_of(s, root, slot, i, reader)
        cell = int(slot * log["room"] + r["view"] * log["cap"] + i)
        copy = int(b["index"] * part["views"] + r["view"])
        repeats = -1
        if slot != root:
            repeats = int(r["view"])
        write_row(s, root, slot, cell, int(r["entity"]), copy, repeats, fate, cause)
        reader = int(r["next"])
        if b["offset"] < 0:
            return


@kernel
def write_row(
    s: State, root: int, slot: int, cell: int, queue: int, copy: int, repeats: int, fate: int, cause: int
) -> None:
    """Count and record how one record ended in one of its places; ``cell`` is what one reader knows of it."""
    run = runs(s, 0)
    r = batches(s, root)
    b = batches(s, slot)
    c = cells(s, cell)
    run["owed"] = run["owed"] + 1
    place = fate
    if fate == F_LOST:
        place = F_LOST + cause
    tally = tallies(s, place)
    tally["n"] = tally["n"] + 1
    if c["created"] >= run["warmup"]:
        _measure(s, root, slot, cell, copy)
    if run["level"] < LEVEL_FATES:
        return
    n = run["fate_n"]
    row = fate_rows(s, n)
    run["fate_n"] = n + 1
    producer = producers(s, senders(s, b["sender"])["producer"])
    row["message"] = c["number"]
    row["sequence"] = c["sequence"]
    row["created_ns"] = c["created"]
    row["sent_ns"] = r["sent"]
    row["confirmed_ns"] = r["confirmed"]
    row["enqueued_ns"] = b["appended"]
    row["delivered_ns"] = c["delivered"]
    row["processed_ns"] = c["processed"]
    row["processed_order"] = c["order"]
    row["ended_ns"] = run["now"]
    row["size_bytes"] = producer["size"]
    row["in_reply_to"] = -1
    if collectors(s, senders(s, b["sender"])["producer"])["poller"] >= 0:
        cap = logs(s, 0)["cap"]
        row["in_reply_to"] = origins(s, root * cap + cell % cap)["made_of"]
    row["taken_for"] = -1
    row["copy"] = copy
    row["copy_of"] = repeats
    row["producer"] = clients(s, producer["client"])["entity"]
    row["queue"] = queue
    row["consumer"] = c["consumer"]
    row["key"] = c["key"]
    row["attempts"] = r["attempts"]
    row["deliveries"] = c["deliveries"]
    row["processings"] = c["processings"]
    row["effects"] = c["processings"]
    row["fate"] = fate
    row["cause"] = cause
    row["aborted"] = int(b["outcome"] == ABORTED)
    row["reserved"] = 0


@kernel
def _measure(s: State, root: int, slot: int, cell: int, copy: int) -> None:
    """Add a finished record's durations to the stages."""
    r = batches(s, root)
    b = batches(s, slot)
    c = cells(s, cell)
    created = c["created"]
    if copy == 0:
        if r["sent"] >= 0:
            measure(s, _CREATED_SENT, r["sent"] - created)
        if r["confirmed"] >= 0:
            measure(s, _SENT_CONFIRMED, r["confirmed"] - r["sent"])
            measure(s, _CREATED_CONFIRMED, r["confirmed"] - created)
    if b["appended"] < 0:
        return
    measure(s, _CREATED_ENQUEUED, b["appended"] - created)
    if c["delivered"] >= 0:
        measure(s, _ENQUEUED_DELIVERED, c["delivered"] - b["appended"])
    if c["processed"] >= 0:
        measure(s, _DELIVERED_PROCESSED, c["processed"] - c["delivered"])
        measure(s, _LATENCY, c["processed"] - created)
