"""Lives of a producer: it dies with what it had collected, begins anew, or learns that another took its place.

What waits in its buffer, or has not been answered, nobody will send again; requests that have left may still be
appended. A new life is a new producer to the log: numbers begin anew (another producer id, or a new epoch). With a
transactional id it first asks for that, which fences whoever had it and aborts what was open.

A process crash and a power cut are the same here: neither takes back what has left, and nobody else keeps the buffer.
"""

from __future__ import annotations

from mqlab.core.codes import (
    K_CLIENT_CRASHED,
    K_CLIENT_RESTARTED,
    K_FORGOTTEN,
    K_GAVE_UP,
    RANK_CONTINUE,
    RANK_EVENT,
    X_CLIENT_BUFFER,
)
from mqlab.core.heap import push
from mqlab.core.log.codes import (
    ASK_BEGIN,
    ASK_DETAIL,
    ASK_END,
    ASK_FENCED,
    B_OVER,
    K_FENCED,
    K_PRODUCER_BEGAN,
    L_BACK,
    L_FORGET,
    T_BEGINNING,
    T_FENCED,
    T_NEW,
    T_OPEN,
)
from mqlab.core.log.pacing import let_go
from mqlab.core.log.records import batches, collectors, partitions, senders, transactions
from mqlab.core.log.sending import land, move_on
from mqlab.core.log.transactions import ask_coordinator
from mqlab.core.recorder import tell
from mqlab.core.records import clients, producers, runs
from mqlab.jit import State, kernel, seldom

__all__ = ["become_fenced", "begin", "crash_producer", "forget", "restart_producer", "told"]

_AT_ONCE = 16


@seldom
def crash_producer(s: State, producer: int) -> None:
    """A producer's process dies."""
    c = clients(s, producers(s, producer)["client"])
    if c["alive"] == 0:
        return
    c["alive"] = 0
    c["life"] = c["life"] + 1
    tell(s, K_CLIENT_CRASHED, -1, 0, c["entity"], -1, 0, 0, 0, 1)
    forget(s, producer)


@seldom
def restart_producer(s: State, producer: int) -> None:
    """A producer is back, and knows nothing of its former life but its transactional id."""
    c = clients(s, producers(s, producer)["client"])
    if c["alive"] == 1:
        return
    c["alive"] = 1
    tell(s, K_CLIENT_RESTARTED, -1, 0, c["entity"], -1, 0, 0, 0, 1)
    col = collectors(s, producer)
    col["sticky"] = -1
    for i in range(col["partitions"]):
        q = senders(s, col["first_sender"] + i)
        q["born"] = q["sequence"]
        q["settled"] = q["sequence"]
        q["adding"] = 0
        q["added"] = -1
    col["number"] = col["number"] + 1
    col["current"] = col["number"]
    col["collected"] = 0
    col["failed"] = 0
    col["flushing"] = 0
    if col["transaction"] >= 0:
        begin(s, producer)


@seldom
def begin(s: State, producer: int) -> None:
    """Ask for the transactional id."""
    collectors(s, producer)["stage"] = T_BEGINNING
    ask_coordinator(s, producer, ASK_BEGIN)


@seldom
def told(s: State, producer: int, life: int, word: int) -> None:
    """The coordinator's answer reaches a producer."""
    c = clients(s, producers(s, producer)["client"])
    col = collectors(s, producer)
    if c["life"] != life or c["alive"] == 0 or col["stage"] == T_FENCED:
        return
    what = word - (word & ASK_DETAIL)
    if what == ASK_FENCED:
        become_fenced(s, producer)
        return
    if what == ASK_BEGIN:
        col["stage"] = T_OPEN
        if col["poller"] >= 0:
            push(s, runs(s, 0)["now"], RANK_EVENT, L_BACK, int(col["poller"]), 0, 0)
        epoch = int(transactions(s, col["transaction"])["epoch"])
        tell(s, K_PRODUCER_BEGAN, -1, 0, c["entity"], -1, 0, epoch, 0, 1)
    elif what == ASK_END:
        col["stage"] = T_OPEN
        col["current"] = col["current"] + 1
        col["ended"] = word & ASK_DETAIL
    else:
        q = senders(s, col["first_sender"] + (word & ASK_DETAIL))
        q["adding"] = 0
        q["added"] = col["current"]
    move_on(s, producer)


@seldom
def become_fenced(s: State, producer: int) -> None:
    """A producer learns that it must not go on: ProducerFencedException, which nothing but a new start mends."""
    col = collectors(s, producer)
    if col["stage"] == T_FENCED or col["stage"] == T_NEW:
        return
    col["stage"] = T_FENCED
    entity = clients(s, producers(s, producer)["client"])["entity"]
    tell(s, K_FENCED, -1, 0, entity, -1, 0, 0, 0, 1)
    push(s, runs(s, 0)["now"], RANK_CONTINUE, L_FORGET, producer, 0, 0)


@seldom
def forget(s: State, producer: int) -> None:
    """Throw away what a producer has, a few batches at a time."""
    col = collectors(s, producer)
    left = _AT_ONCE
    for i in range(col["partitions"]):
        sender = int(col["first_sender"] + i)
        q = senders(s, sender)
        while left > 0 and q["fly_head"] >= 0:
            slot = int(q["fly_head"])
            land(s, sender, slot)
            _drop(s, producer, slot)
            left -= 1
        while left > 0 and q["head"] >= 0:
            slot = int(q["head"])
            q["head"] = batches(s, slot)["next"]
            if q["head"] < 0:
                q["tail"] = -1
            _drop(s, producer, slot)
            left -= 1
        if left > 0 and q["open"] >= 0:
            slot = int(q["open"])
            q["open"] = -1
            _drop(s, producer, slot)
            left -= 1
    if left == 0:
        push(s, runs(s, 0)["now"], RANK_CONTINUE, L_FORGET, producer, 0, 0)


@kernel
def _drop(s: State, producer: int, slot: int) -> None:
    """Nobody will send this batch again: it died with its producer, or was refused as its producer was fenced."""
    b = batches(s, slot)
    c = clients(s, producers(s, producer)["client"])
    part = partitions(s, senders(s, b["sender"])["partition"])["entity"]
    b["sending"] = B_OVER
    if c["alive"] == 0:
        if b["cut"] == 0:
            b["cause"] = X_CLIENT_BUFFER
        tell(s, K_FORGOTTEN, b["name"], 0, c["entity"], part, int(b["attempts"]), 0, 0, b["count"])
    else:
        b["gave"] = 1
        b["refused"] = 1
        tell(s, K_GAVE_UP, b["name"], 0, c["entity"], part, int(b["attempts"]), 0, 1, b["count"])
    let_go(s, slot)
