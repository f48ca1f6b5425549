"""The producer's side: what it hears of its batches, and what it sends again."""

from __future__ import annotations

from mqlab.core.codes import (
    K_BACKED_OFF,
    K_CONFIRMED,
    K_REFUSED,
    K_TIMED_OUT,
    K_UNKNOWN,
    RANK_EVENT,
)
from mqlab.core.hardware.records import hards
from mqlab.core.heap import push
from mqlab.core.log.batches import release
from mqlab.core.log.carrying import next_request
from mqlab.core.log.codes import (
    ANSWER_DUPLICATE,
    ANSWER_FENCED,
    ANSWER_GAP,
    ANSWER_NO_TRANSACTION,
    ANSWER_YES,
    B_FLYING,
    B_OVER,
    B_READY,
    L_TIMER,
)
from mqlab.core.log.incarnations import become_fenced
from mqlab.core.log.pacing import let_go
from mqlab.core.log.records import batches, collectors, logs, partitions, senders
from mqlab.core.log.sending import flushed_yet, give_up, land, move_on, pump
from mqlab.core.recorder import tell
from mqlab.core.records import clients, nodes, producers, runs
from mqlab.jit import State, kernel, seldom

__all__ = ["answered", "let_all_go", "let_go_flying", "timed_out"]


@kernel
def answered(s: State, slot: int, attempt: int, answer: int) -> None:
    """The leader's answer reaches the producer; one to an earlier try is ignored."""
    b = batches(s, slot)
    sender = int(b["sender"])
    q = senders(s, sender)
    if b["sending"] == B_FLYING and b["attempts"] == attempt:
        run = runs(s, 0)
        entity = clients(s, producers(s, q["producer"])["client"])["entity"]
        part = partitions(s, q["partition"])["entity"]
        land(s, sender, slot)
        if answer in (ANSWER_YES, ANSWER_DUPLICATE):
            b["confirmed"] = run["now"]
            run["confirmed"] = run["confirmed"] + b["count"]
            tell(s, K_CONFIRMED, b["name"], 0, entity, part, attempt, 0, 0, b["count"])
            b["sending"] = B_OVER
            q["settled"] = max(q["settled"], b["sequence"] + b["count"])
            let_go(s, slot)
        else:
            log = logs(s, 0)
            log["refused"] = log["refused"] + b["count"]
            tell(s, K_REFUSED, b["name"], 0, entity, part, attempt, 0, answer, b["count"])
            b["refused"] = 1
            if answer == ANSWER_GAP and b["sequence"] <= q["settled"]:
                give_up(s, slot)  # the log has lost what came before: it goes on with a new epoch
            elif answer == ANSWER_NO_TRANSACTION:
                give_up(s, slot)
            elif answer == ANSWER_FENCED:
                give_up(s, slot)
                become_fenced(s, int(q["producer"]))
            else:
                _retry(s, slot)
        _go_on(s, sender)
    release(s, int(slot))


@kernel
def _go_on(s: State, sender: int) -> None:
    """Send what may be sent now."""
    pump(s, sender)
    producer = int(senders(s, sender)["producer"])
    if collectors(s, producer)["transaction"] >= 0:
        move_on(s, producer)
    elif collectors(s, producer)["flushing"] == 1:
        flushed_yet(s, producer)


@kernel
def _retry(s: State, slot: int) -> None:
    """Put a batch that failed back in line, unless its time is up."""
    b = batches(s, slot)
    sender = int(b["sender"])
    q = senders(s, sender)
    col = collectors(s, q["producer"])
    now = runs(s, 0)["now"]
    if now - b["created"] + col["pause"] >= col["delivery"] or b["attempts"] >= col["attempts"]:
        give_up(s, slot)
        return
    b["sending"] = B_READY
    b["ready_at"] = now + col["pause"]
    entity = clients(s, producers(s, q["producer"])["client"])["entity"]
    part = partitions(s, q["partition"])["entity"]
    tell(s, K_BACKED_OFF, b["name"], 0, entity, part, int(b["attempts"]), col["pause"], 0, b["count"])
    before = -1
    if col["idempotent"] == 1:
        at = int(q["head"])
        while at >= 0 and batches(s, at)["sequence"] < b["sequence"]:
            before = at
            at = int(batches(s, at)["next"])
    if before < 0:
        b["next"] = q["head"]
        q["head"] = slot
    else:
        b["next"] = batches(s, before)["next"]
        batches(s, before)["next"] = slot
    if b["next"] < 0:
        q["tail"] = slot


@seldom
def timed_out(s: State, sender: int) -> None:
    """Look whether the oldest request in flight is overdue."""
    q = senders(s, sender)
    col = collectors(s, q["producer"])
    now = runs(s, 0)["now"]
    while q["fly_head"] >= 0 and batches(s, q["fly_head"])["sent_again"] + col["timeout"] <= now:
        _fail(s, int(q["fly_head"]), K_TIMED_OUT)
    q["timer"] = 0
    if q["fly_head"] >= 0:
        q["timer"] = 1
        push(s, batches(s, q["fly_head"])["sent_again"] + col["timeout"], RANK_EVENT, L_TIMER, sender, 0, 0)
    _go_on(s, sender)


@seldom
def _fail(s: State, slot: int, kind: int) -> None:
    """There will be no answer: what became of the batch is unknown to its producer."""
    b = batches(s, slot)
    q = senders(s, b["sender"])
    entity = clients(s, producers(s, q["producer"])["client"])["entity"]
    part = partitions(s, q["partition"])["entity"]
    b["refused"] = 0
    q["view"] = -1
    tell(s, kind, b["name"], 0, entity, part, int(b["attempts"]), 0, 0, b["count"])
    if hards(s, 0)["on"] == 1 and kind == K_TIMED_OUT:
        next_request(s, slot, int(b["target"]))
    land(s, int(b["sender"]), slot)
    _retry(s, slot)


@seldom
def let_go_flying(s: State, sender: int, node: int) -> None:
    """The connection to a node is broken: all that was sent to it before, and not answered, failed."""
    q = senders(s, sender)
    n = nodes(s, node)
    at = int(q["fly_head"])
    while at >= 0:
        b = batches(s, at)
        following = int(b["next"])
        if b["target"] == node and b["epoch"] < n["epoch"]:
            _fail(s, at, K_UNKNOWN)
        at = following
    _go_on(s, sender)


@seldom
def let_all_go(s: State, producer: int) -> None:
    """All connections of a producer are broken: what it has not been answered failed."""
    col = collectors(s, producer)
    for i in range(col["partitions"]):
        sender = int(col["first_sender"] + i)
        at = int(senders(s, sender)["fly_head"])
        while at >= 0:
            following = int(batches(s, at)["next"])
            _fail(s, at, K_UNKNOWN)
            at = following
        _go_on(s, sender)
