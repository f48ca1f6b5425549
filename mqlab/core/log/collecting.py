"""The producer's side: records are created, choose a partition, and join its open batch."""

from __future__ import annotations

from mqlab.core.arrivals import choose_key, schedule_arrival
from mqlab.core.codes import K_CREATED, RANK_CONTINUE, RANK_EVENT
from mqlab.core.hardware.records import hards
from mqlab.core.heap import push
from mqlab.core.log.batches import new_batch, new_record
from mqlab.core.log.carrying import pace
from mqlab.core.log.codes import K_COLLECTED, L_AFTER, L_FORGET, L_PUMP, T_FENCED, T_NEW
from mqlab.core.log.incarnations import begin
from mqlab.core.log.pacing import make_next
from mqlab.core.log.records import batches, collectors, logs, origins, partitions, senders
from mqlab.core.log.sending import close_batch, move_on, pump, seal
from mqlab.core.recorder import tell
from mqlab.core.records import clients, producers, runs
from mqlab.jit import U64, State, kernel, seldom
from mqlab.policies.partitioners import next_in_turn, partition_of_key
from mqlab.sampling import ROUTE, identity, unit

__all__ = ["arrival", "open_for_long_enough"]


@kernel
def _choose_partition(s: State, producer: int, key: int, ident: U64) -> int:
    """Choose a partition: by the key, in turn, or the one that sticks until its batch leaves."""
    col = collectors(s, producer)
    if col["keyed"] == 1:
        return partition_of_key(key, col["partitions"])
    if col["robin"] == 1:
        col["turn"] = next_in_turn(col["turn"], col["partitions"])
        return col["turn"]
    if col["sticky"] < 0:
        u = unit(ROUTE, producers(s, producer)["ident"], ident, col["switches"], 0)
        col["sticky"] = min(int(u * float(col["partitions"])), col["partitions"] - 1)
        col["switches"] = col["switches"] + 1
    return col["sticky"]


@kernel
def arrival(s: State, producer: int) -> None:
    """A record is due; a producer that is dead at that moment makes none."""
    p = producers(s, producer)
    if clients(s, p["client"])["alive"] == 1:
        create(s, producer, -1, -1)
        if hards(s, 0)["on"] == 1:
            free = pace(s, producer)
            if free >= 0:
                make_next(s, producer, free)
            return
    else:
        p["sequence"] = p["sequence"] + 1
    schedule_arrival(s, producer)


@kernel
def create(s: State, producer: int, key: int, origin: int) -> None:
    """A record joins the open batch of its partition; ``key`` -1: drawn; ``origin``: what it was made of, or -1."""
    p = producers(s, producer)
    col = collectors(s, producer)
    run = runs(s, 0)
    sequence = p["sequence"]
    p["sequence"] = sequence + 1
    ident = identity(p["ident"], sequence)
    number = run["number"]
    run["number"] = number + 1
    run["created"] = run["created"] + 1
    if key < 0:
        key = choose_key(s, producer, ident, sequence)
    where = _choose_partition(s, producer, key, ident)
    sender = col["first_sender"] + where
    q = senders(s, sender)
    fresh = q["open"] < 0
    if fresh:
        q["open"] = new_batch(s, sender)
        q["serial"] = q["serial"] + 1
        batches(s, q["open"])["refs"] = 1
        batches(s, q["open"])["name"] = number
    slot = int(q["open"])
    b = batches(s, slot)
    new_record(s, slot, int(b["count"]), number, sequence, run["now"], key)
    if origin >= 0:
        origins(s, slot * logs(s, 0)["cap"] + b["count"])["made_of"] = origin
    b["count"] = b["count"] + 1
    entity = clients(s, p["client"])["entity"]
    part = partitions(s, q["partition"])["entity"]
    tell(s, K_CREATED, number, 0, entity, -1, 0, sequence, 0, 1)
    tell(s, K_COLLECTED, number, 0, entity, part, int(b["count"]), b["name"], 0, 1)
    if b["count"] >= col["most"]:
        close_batch(s, sender)
        pump(s, sender)
    elif col["linger"] == 0:
        pump(s, sender)
    elif fresh:
        push(s, run["now"] + col["linger"], RANK_EVENT, L_PUMP, sender, int(q["serial"]), 0)
    if col["transaction"] >= 0:
        _join_transaction(s, producer)


@seldom
def _join_transaction(s: State, producer: int) -> None:
    """A record has joined a transaction: begin if need be, and say when it is full."""
    col = collectors(s, producer)
    if col["stage"] == T_FENCED:
        push(s, runs(s, 0)["now"], RANK_CONTINUE, L_FORGET, producer, 0, 0)
        return
    if col["stage"] == T_NEW:
        begin(s, producer)
    col["collected"] = col["collected"] + 1
    if col["collected"] == 1 and col["after"] > 0:
        push(s, runs(s, 0)["now"] + col["after"], RANK_EVENT, L_AFTER, producer, int(col["number"]), 0)
    if col["collected"] == col["size"]:
        seal(s, producer)
        move_on(s, producer)


@seldom
def open_for_long_enough(s: State, producer: int, number: int) -> None:
    """A transaction is full after a while, however few records it has."""
    col = collectors(s, producer)
    if col["number"] == number and col["collected"] > 0:
        seal(s, producer)
        move_on(s, producer)


