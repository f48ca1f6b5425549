"""A producer: when messages are created, and their way to the first try.

    created ─► (prepared) ─► sent ─► unconfirmed ─► confirmed
                   │           ▲          │
                   ▼           │          ▼
                buffered ──────┘    time-out, unknown, refused ─► pause ─► sent again … or given up

The first line is told here and in :mod:`mqlab.core.sending`, the second in :mod:`mqlab.core.settling`.
"""

from __future__ import annotations

from mqlab.core.arrivals import choose_key, choose_route, choose_size, schedule_arrival
from mqlab.core.blocking import go_on, line_up
from mqlab.core.codes import (
    ARRIVALS_CLOSED,
    E_PREPARED,
    K_CREATED,
    K_TASK_RECORDED,
    PRODUCER_BLOCKS,
    PRODUCER_RECORD,
    RANK_EVENT,
)
from mqlab.core.distributions import sample
from mqlab.core.heap import push
from mqlab.core.parking import park_prepared
from mqlab.core.recorder import emit, new_copy, release
from mqlab.core.records import clients, copies, extras, producers, runs
from mqlab.core.sending import try_send
from mqlab.core.settling import forget_one
from mqlab.core.tasks import write_down
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import PREPARE, identity

__all__ = ["arrival", "create", "prepared", "recorded"]


@kernel
def arrival(s: State, producer: int) -> None:
    """A message is due.

    A producer that is dead at that moment makes none. What comes from outside comes all the same and has its number;
    a closed loop stops until its producer lives again.
    """
    p = producers(s, producer)
    alive = clients(s, p["client"])["alive"] == 1
    if p["arrivals"] == ARRIVALS_CLOSED:
        p["stalled"] = int(not alive)
        if alive:
            create(s, producer, -1, -1)
        return
    if alive:
        create(s, producer, -1, -1)
    else:
        p["sequence"] = p["sequence"] + 1
    schedule_arrival(s, producer)


@kernel
def create(s: State, producer: int, key: int, size: int) -> int:
    """Create the producer's next message now; ``key`` and ``size`` -1 mean: as the model says."""
    p = producers(s, producer)
    run = runs(s, 0)
    sequence = p["sequence"]
    p["sequence"] = sequence + 1
    slot = new_copy(s)
    c = copies(s, slot)
    ident = identity(p["ident"], sequence)
    c["ident"] = ident
    c["number"] = run["number"]
    run["number"] = run["number"] + 1
    run["created"] = run["created"] + 1
    c["sequence"] = sequence
    c["producer"] = producer
    c["persistent"] = p["persistent"]
    c["created"] = run["now"]
    c["refs"] = 1
    if key < 0:
        key = choose_key(s, producer, ident, sequence)
    c["key"] = key
    if size < 0:
        size = p["size"]
        if size < 0:
            size = choose_size(s, producer, ident, sequence)
    c["size"] = size
    route = p["route"]
    if p["routes"] != 1:
        route = choose_route(s, producer, ident, key)
    c["route"] = route
    client = clients(s, p["client"])
    emit(s, K_CREATED, slot, client["entity"], -1, 0, sequence, 0)
    if (p["special"] & PRODUCER_RECORD) != 0 and write_down(s, slot):
        return slot
    if p["special"] & PRODUCER_BLOCKS != 0:
        line_up(s, producer, slot)
    elif p["prepare"] >= 0:
        begins = max(run["now"], p["busy_until"])
        takes = sample(s, p["prepare"], PREPARE, p["ident"], ident, 0, 0)
        if client["slow"] > 0.0:
            takes = int(min(float(takes) * client["slow"] + 0.5, 4.0e18))
        if client["stopped"] == 1:  # as if it had come when the process stopped: all of it is moved on later
            begins = max(client["since"], p["busy_until"])
            p["busy_until"] = begins + takes
            park_prepared(s, slot, p["busy_until"], client["life"])
            return slot
        p["busy_until"] = begins + takes
        push(s, p["busy_until"], RANK_EVENT, E_PREPARED, slot, 0, client["life"])
    elif client["stopped"] == 1:
        push(s, run["now"], RANK_EVENT, E_PREPARED, slot, 0, client["life"])
    else:
        try_send(s, slot, False)
    return slot


@kernel
def prepared(s: State, copy: int, life: int) -> None:
    """The producer's thread is done with a message."""
    producer = copies(s, copy)["producer"]
    p = producers(s, producer)
    if clients(s, p["client"])["life"] != life:
        forget_one(s, copy)
    elif p["special"] & PRODUCER_BLOCKS != 0:
        go_on(s, producer, copy)
    else:
        try_send(s, copy, False)


@seldom
def recorded(s: State, copy: int, life: int) -> None:
    """The state of a task is written down, unless its producer died over it."""
    p = producers(s, copies(s, copy)["producer"])
    client = clients(s, p["client"])
    lives = client["life"] == life
    if lives:
        extras(s, copy)["recorded"] = runs(s, 0)["now"]
        emit(s, K_TASK_RECORDED, copy, client["entity"], -1, 0, 0, 0)
    if p["record_first"] == 0:
        release(s, copy)
    elif lives and (p["special"] & PRODUCER_BLOCKS) != 0:
        line_up(s, copies(s, copy)["producer"], copy)
    elif lives:
        try_send(s, copy, False)
    else:
        forget_one(s, copy)
