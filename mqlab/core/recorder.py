"""What is recorded: events, the digest, fates, histograms, and the life of copies and deliveries.

The digest is folded here, event by event, whatever the trace level is: a level only decides whether the row is
kept as well. A copy's row is written when nobody holds its message any more (:func:`release`).
"""

from __future__ import annotations

import numpy as np

from mqlab.core.codes import (
    C_REFUSED,
    C_VANISHED,
    COPIES_AT_ONCE,
    E_RETIRE,
    F_ABORTED,
    F_IN_FLIGHT,
    F_LOST,
    F_PROCESSED,
    FLAG_HOP,
    LEVEL_EVENTS,
    LEVEL_FATES,
    NEVER,
    RANK_CONTINUE,
    S_CONFIRMED,
    S_PREPARING,
    X_WIRE,
)
from mqlab.core.heap import push
from mqlab.core.records import (
    clients,
    copies,
    counts,
    deliveries,
    event_rows,
    extras,
    fate_rows,
    histograms,
    producers,
    queues,
    runs,
    stages,
    tallies,
)
from mqlab.jit import State, kernel, often, seldom, split

__all__ = ["BUCKETS", "bucket_of", "drop_delivery", "emit", "measure", "new_copy", "new_delivery", "release", "tell"]

BUCKETS = 256 + (63 - 8) * 128
"""Buckets of a histogram, see :data:`mqlab.trace.schema.HISTOGRAM_BITS`."""

_K1 = np.uint64(0x9E3779B97F4A7C15)
_K2 = np.uint64(0xC2B2AE3D27D4EB4F)
_K3 = np.uint64(0x165667B19E3779F9)
_K4 = np.uint64(0xD6E8FEB86659FD93)
_FOLD = np.uint64(0x94D049BB133111EB)
_S29 = np.uint64(29)

(
    _LATENCY,
    _CREATED_SENT,
    _SENT_CONFIRMED,
    _CREATED_CONFIRMED,
    _CREATED_ENQUEUED,
    _ENQUEUED_DELIVERED,
    _DELIVERED_PROCESSED,
) = range(7)


@seldom
def _keep(
    s: State,
    kind: int,
    number: int,
    index: int,
    actor: int,
    queue: int,
    attempt: int,
    first: int,
    cause: int,
    count: int,
) -> None:
    """Keep the row of an event: apart from :func:`tell`, which is woven into everything that happens."""
    run = runs(s, 0)
    n = run["event_n"]
    row = event_rows(s, n)
    run["event_n"] = n + 1
    row["time_ns"] = run["now"]
    row["message"] = number
    row["first"] = first
    row["count"] = count
    row["copy"] = index
    row["actor"] = actor
    row["queue"] = queue
    row["attempt"] = attempt
    row["kind"] = kind
    row["cause"] = cause
    row["reserved"] = 0


@kernel
def tell(
    s: State,
    kind: int,
    number: int,
    index: int,
    actor: int,
    queue: int,
    attempt: int,
    first: int,
    cause: int,
    count: int,
) -> None:
    """Record one event: count it, fold it into the digest, keep its row if the level says so."""
    run = runs(s, 0)
    tally = counts(s, kind)
    tally["n"] = tally["n"] + 1
    now = run["now"]
    what = (attempt << 36) + (index << 20) + (count << 16) + (cause << 8) + kind
    where = ((queue + 1) << 44) ^ ((actor + 1) << 22) ^ (first + 1)
    word = np.uint64(now) * _K1 + np.uint64(number + 1) * _K2 + np.uint64(where) * _K3 + np.uint64(what) * _K4
    digest = (run["digest"] ^ word) * _FOLD
    run["digest"] = digest ^ (digest >> _S29)
    if run["level"] >= LEVEL_EVENTS:
        _keep(s, kind, number, index, actor, queue, attempt, first, cause, count)


@kernel
def emit(s: State, kind: int, copy: int, actor: int, queue: int, attempt: int, first: int, cause: int) -> None:
    """Record one event of a copy (see :func:`tell`)."""
    record = copies(s, copy)
    root = copies(s, record["root"])
    tell(s, kind, root["number"], record["index"], actor, queue, attempt, first, cause, 1)


@kernel
def bucket_of(value: int) -> int:
    """Histogram bucket of a non-negative int64."""
    if value < 256:
        return value
    _, exponent = split(float(value))
    e = exponent - 1
    if (value >> e) == 0:  # the conversion to float rounded up to the next power of two
        e = e - 1
    return 256 + (e - 8) * 128 + (value >> (e - 7)) - 128


@kernel
def measure(s: State, stage: int, value: int) -> None:
    """Add one duration to a stage."""
    record = stages(s, stage)
    n = record["count"]
    record["count"] = n + 1
    record["sum"] = record["sum"] + float(value)
    if n == 0 or value < record["min"]:
        record["min"] = value
    if n == 0 or value > record["max"]:
        record["max"] = value
    cell = histograms(s, stage * BUCKETS + bucket_of(value))
    cell["n"] = cell["n"] + 1


@seldom
def _reset_extra(s: State, slot: int) -> None:
    """Reset what only some models need of a copy."""
    x = extras(s, slot)
    x["synced"] = -1
    x["known_by"] = 0
    x["known_at"] = -1
    x["in_reply_to"] = -1
    x["taken_for"] = -1
    x["place"] = -1
    x["way"] = 0
    x["recorded"] = -1
    x["expires"] = NEVER
    x["priority"] = 0
    x["returns"] = 0
    x["parent"] = -1
    x["born"] = 0
    x["address"] = -1


@seldom
def _close_extra(s: State, root: int, slot: int, n: int) -> None:
    """Add what only some models keep of a copy to row ``n``."""
    row = fate_rows(s, n)
    row["in_reply_to"] = extras(s, root)["in_reply_to"]
    row["taken_for"] = extras(s, slot)["taken_for"]


@often
def new_copy(s: State) -> int:
    """Take a free record for a copy; fields that matter at birth are reset."""
    run = runs(s, 0)
    slot = run["copy_free"]
    if slot >= 0:
        run["copy_free"] = int(copies(s, slot)["qnext"])
    else:
        slot = run["copy_fresh"]
        run["copy_fresh"] = slot + 1
    run["copies_live"] = run["copies_live"] + 1
    c = copies(s, slot)
    c["live"] = 1
    c["sent"] = -1
    c["confirmed"] = -1
    c["attempts"] = 0
    c["refs"] = 0
    c["prev"] = -1
    c["next"] = -1
    c["wait"] = 0
    c["copies"] = 0
    c["flags"] = 0
    c["last_copy"] = slot
    c["enqueued"] = -1
    c["delivered"] = -1
    c["processed"] = -1
    c["order"] = -1
    c["root"] = slot
    c["next_copy"] = -1
    c["index"] = 0
    c["copy_of"] = -1
    c["queue"] = -1
    c["consumer"] = -1
    c["dispatches"] = 0
    c["deliveries"] = 0
    c["processings"] = 0
    c["effects"] = 0
    c["qnext"] = -1
    c["child"] = -1
    c["sibling"] = -1
    c["dnext"] = -1
    c["sending"] = S_PREPARING
    c["state"] = 0
    c["storage"] = 0
    c["fate"] = F_IN_FLIGHT
    c["cause"] = 0
    c["on_disk_list"] = 0
    if run["extras"] == 1:
        _reset_extra(s, slot)
    return slot


@often
def release(s: State, root: int) -> None:
    """Somebody lets go of a message; the last one writes its rows and frees its records."""
    r = copies(s, root)
    left = r["refs"] - 1
    r["refs"] = left
    if left == 0:
        retire(s, root)


@kernel
def retire(s: State, root: int) -> None:
    """Write one row for each copy of a message, and free them all."""
    run = runs(s, 0)
    if run["extras"] == 1 and _postpone(s, root):
        return
    retire_now(s, root)


@seldom
def _postpone(s: State, root: int) -> bool:
    """Leave a message that went through many queues to an event of its own: one event has room for so many rows."""
    run = runs(s, 0)
    if copies(s, root)["copies"] <= COPIES_AT_ONCE or run["finishing"] == 1:
        return False
    push(s, run["now"], RANK_CONTINUE, E_RETIRE, root, 0, 0)
    return True


@often
def retire_now(s: State, root: int) -> None:
    """Write the rows of a message that nobody holds."""
    run = runs(s, 0)
    slot = root
    while slot >= 0:
        following = copies(s, slot)["next_copy"]
        _close(s, root, slot)
        c = copies(s, slot)
        c["live"] = 0
        c["qnext"] = run["copy_free"]
        run["copy_free"] = slot
        run["copies_live"] = run["copies_live"] - 1
        slot = following


@kernel
def _fate_of(s: State, root: int, slot: int) -> tuple[int, int]:
    """Decide (fate, cause): processed wins; then the first decision that made delivery impossible."""
    c = copies(s, slot)
    r = copies(s, root)
    if c["processings"] > 0:
        return F_PROCESSED, 0
    if c["fate"] != F_IN_FLIGHT:
        gone = c["state"] == C_VANISHED or c["state"] == C_REFUSED or c["fate"] == F_ABORTED
        gone = gone and (c["flags"] & FLAG_HOP) == 0
        if gone and r["sending"] < S_CONFIRMED and runs(s, 0)["finishing"] == 1:
            return F_IN_FLIGHT, 0  # its producer was about to send it again when the run ended
        if c["fate"] != F_LOST:
            return c["fate"], 0
        return F_LOST, c["cause"]
    if r["refs"] == 0:  # nobody holds it and nobody decided: it went down with a packet
        if c["cause"] == 0:
            return F_LOST, X_WIRE
        return F_LOST, c["cause"]
    return F_IN_FLIGHT, 0


@often
def _close(s: State, root: int, slot: int) -> None:
    """Count and record how one copy ended."""
    run = runs(s, 0)
    c = copies(s, slot)
    r = copies(s, root)
    fate, cause = _fate_of(s, root, slot)
    run["owed"] = run["owed"] + 1
    place = fate
    if fate == F_LOST:
        place = F_LOST + cause
    tally = tallies(s, place)
    tally["n"] = tally["n"] + 1
    created = r["created"]
    if created >= run["warmup"]:
        _measure_copy(s, root, slot)
    if run["level"] < LEVEL_FATES:
        return
    n = run["fate_n"]
    row = fate_rows(s, n)
    run["fate_n"] = n + 1
    row["message"] = r["number"]
    row["sequence"] = r["sequence"]
    row["created_ns"] = created
    row["sent_ns"] = r["sent"]
    row["confirmed_ns"] = r["confirmed"]
    row["enqueued_ns"] = c["enqueued"]
    row["delivered_ns"] = c["delivered"]
    row["processed_ns"] = c["processed"]
    row["processed_order"] = c["order"]
    row["ended_ns"] = run["now"]
    row["size_bytes"] = r["size"]
    row["in_reply_to"] = -1
    row["taken_for"] = -1
    row["copy"] = c["index"]
    row["copy_of"] = c["copy_of"]
    row["producer"] = clients(s, producers(s, r["producer"])["client"])["entity"]
    row["queue"] = -1
    if c["queue"] >= 0:
        row["queue"] = queues(s, c["queue"])["entity"]
    row["consumer"] = c["consumer"]
    row["key"] = r["key"]
    row["attempts"] = r["attempts"]
    row["deliveries"] = c["deliveries"]
    row["processings"] = c["processings"]
    row["effects"] = c["effects"]
    row["fate"] = fate
    row["cause"] = cause
    row["reserved"] = 0
    if run["extras"] == 1:
        _close_extra(s, root, slot, n)


@kernel
def _measure_copy(s: State, root: int, slot: int) -> None:
    """Add a finished copy's durations to the stages; the message's own count once, with its first copy."""
    c = copies(s, slot)
    r = copies(s, root)
    created = r["created"]
    sent = r["sent"]
    if slot == root:
        if sent >= 0:
            measure(s, _CREATED_SENT, sent - created)
        if r["confirmed"] >= 0:
            measure(s, _SENT_CONFIRMED, r["confirmed"] - sent)
            measure(s, _CREATED_CONFIRMED, r["confirmed"] - created)
    enqueued = c["enqueued"]
    if enqueued < 0:
        return
    measure(s, _CREATED_ENQUEUED, enqueued - created)
    delivered = c["delivered"]
    if delivered >= 0:
        measure(s, _ENQUEUED_DELIVERED, delivered - enqueued)
    processed = c["processed"]
    if processed >= 0:
        measure(s, _DELIVERED_PROCESSED, processed - delivered)
        measure(s, _LATENCY, processed - created)


@kernel
def new_delivery(s: State, copy: int, consumer: int, number: int, epoch: int) -> int:
    """Take a free record for a delivery; it holds its message until its own refs are 0."""
    run = runs(s, 0)
    slot = run["delivery_free"]
    if slot >= 0:
        run["delivery_free"] = int(deliveries(s, slot)["next"])
    else:
        slot = run["delivery_fresh"]
        run["delivery_fresh"] = slot + 1
    d = deliveries(s, slot)
    serial = run["serial"]
    run["serial"] = serial + 1
    d["serial"] = serial
    d["copy"] = copy
    d["consumer"] = consumer
    d["number"] = number
    d["epoch"] = epoch
    d["refs"] = 0
    d["prev"] = -1
    d["next"] = -1
    d["hand"] = -1
    d["open"] = 0
    d["held"] = 0
    root = copies(s, copies(s, copy)["root"])
    root["refs"] = root["refs"] + 1
    return slot


@kernel
def drop_delivery(s: State, delivery: int) -> None:
    """Somebody lets go of a delivery; the last one lets go of its message."""
    d = deliveries(s, delivery)
    left = d["refs"] - 1
    d["refs"] = left
    if left > 0:
        return
    root = copies(s, d["copy"])["root"]
    run = runs(s, 0)
    d["serial"] = -1
    d["next"] = run["delivery_free"]
    run["delivery_free"] = delivery
    release(s, root)
