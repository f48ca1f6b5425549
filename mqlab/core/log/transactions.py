"""Transactions, as their producer sees them.

    new ──(InitProducerId)──► beginning ──► open ──(EndTxn)──► ending ──► open …
                                              └── another has the id, or it took too long ──► fenced

A record belongs to a transaction from the moment it is created: to the one that records join then. When that has its
size, or its time is over, it is full; the next record joins the next one and waits in the producer's buffer until the
one before is over. A partition is added before the first batch goes there. When all of a full transaction is answered
its end is asked for: commit, or abort where something of it had to be given up, or the application rolls back.

Simplified: an application that rolls back waits until what it sent is answered.
"""

from __future__ import annotations

import numpy as np

from mqlab.core.codes import K_COMMIT_SENT, RANK_EVENT
from mqlab.core.heap import push
from mqlab.core.link import LOST, UP, cross
from mqlab.core.log.codes import (
    ASK_ADD,
    ASK_END,
    ENDED_ABORTED,
    ENDED_COMMITTED,
    L_ASK_ANEW,
    L_ASKED,
    T_ENDING,
    T_FENCED,
    T_OPEN,
)
from mqlab.core.log.records import batches, collectors, senders
from mqlab.core.recorder import tell
from mqlab.core.records import clients, producers, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import CONNECT, ROLLBACK, identity, unit

__all__ = ["ask_anew", "ask_coordinator", "end_if_done", "may_send"]


@seldom
def ask_coordinator(s: State, producer: int, word: int) -> None:
    """Send a request to the coordinator; what does not arrive is asked anew."""
    p = producers(s, producer)
    col = collectors(s, producer)
    now = runs(s, 0)["now"]
    life = int(clients(s, p["client"])["life"])
    col["asked"] = col["asked"] + 1
    arrives = cross(s, p["client"], UP, CONNECT, identity(p["ident"], col["asked"]), 0, now)
    if arrives == LOST:
        push(s, now + col["timeout"], RANK_EVENT, L_ASK_ANEW, producer, life, word)
    else:
        push(s, arrives, RANK_EVENT, L_ASKED, producer, life, word)


@seldom
def ask_anew(s: State, producer: int, life: int, word: int) -> None:
    """No answer has come in time."""
    c = clients(s, producers(s, producer)["client"])
    if c["life"] == life and c["alive"] == 1 and collectors(s, producer)["stage"] != T_FENCED:
        ask_coordinator(s, producer, word)


@seldom
def may_send(s: State, sender: int) -> bool:
    """Say whether the next batch may leave: its transaction is open, and the coordinator has its partition."""
    q = senders(s, sender)
    col = collectors(s, q["producer"])
    first = int(q["head"])
    if first < 0:
        first = int(q["open"])
    if col["stage"] != T_OPEN or first < 0 or batches(s, first)["transaction"] != col["current"]:
        return False
    if q["added"] == col["current"]:
        return True
    if q["adding"] == 0:
        q["adding"] = 1
        ask_coordinator(s, int(q["producer"]), ASK_ADD + sender - int(col["first_sender"]))
    return False


@kernel
def _is_busy(s: State, sender: int) -> bool:
    """Say whether something of the open transaction is not answered yet."""
    q = senders(s, sender)
    current = collectors(s, q["producer"])["current"]
    if q["fly_head"] >= 0:
        return True
    return q["head"] >= 0 and batches(s, q["head"])["transaction"] == current


@seldom
def end_if_done(s: State, producer: int) -> bool:
    """End a full transaction when all of it is answered; True if there is nothing to end, and the next one is open."""
    col = collectors(s, producer)
    if col["stage"] != T_OPEN or col["number"] <= col["current"]:
        return False
    touched = False
    for i in range(col["partitions"]):
        sender = int(col["first_sender"] + i)
        if _is_busy(s, sender):
            return False
        touched = touched or senders(s, sender)["added"] == col["current"]
    failed = col["failed"]
    col["failed"] = 0
    if not touched:
        col["current"] = col["current"] + 1
        return True
    p = producers(s, producer)
    outcome = ENDED_COMMITTED
    if failed == 1 or (
        col["rollback"] > 0.0 and unit(ROLLBACK, p["ident"], np.uint64(col["current"]), 0, 0) <= col["rollback"]
    ):
        outcome = ENDED_ABORTED
    col["stage"] = T_ENDING
    tell(s, K_COMMIT_SENT, -1, 0, clients(s, p["client"])["entity"], -1, int(col["current"]), 0, outcome, 1)
    ask_coordinator(s, producer, ASK_END + outcome)
    return False
