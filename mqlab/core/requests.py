"""Request and reply: a server answers what it has worked on, and the requester looks for its answer.

    requester ── request ──► queue ──► server
        ▲  waits, at most ``timeout``        │ work is done
        └──── its replies ◄── reply ─────────┘

A request waits for its reply as a publish waits for its confirm: in the producer's unconfirmed list, under the same
clock. A reply is a message of its own. A server publishes it over its own connection, and nobody confirms it.
"""

from __future__ import annotations

import numpy as np

from mqlab.core.codes import (
    F_DISCARDED,
    F_IN_FLIGHT,
    K_ANSWERED,
    K_CREATED,
    K_DROPPED,
    K_PROCESSED,
    K_REPLIED,
    K_REPLY_LATE,
    PRODUCER_REQUEST,
    S_BUFFERED,
    S_CONFIRMED,
    S_UNCONFIRMED,
    S_WAITING,
)
from mqlab.core.hands import abandon
from mqlab.core.outgoing import stop_awaiting, unbuffer
from mqlab.core.recorder import drop_delivery, emit, measure, new_copy
from mqlab.core.records import clients, consumers, copies, deliveries, extras, producers, queues, runs
from mqlab.core.sending import over, try_send
from mqlab.jit import State, seldom
from mqlab.sampling import REPLY, identity

__all__ = ["reply", "reply_in", "reply_to"]

_REQUEST_REPLY = 7
"""Place among the stages."""


@seldom
def reply(s: State, consumer: int, delivery: int) -> None:
    """Answer the request that a delivery brought, if it is one."""
    d = deliveries(s, delivery)
    reply_to(s, consumer, d["copy"], d["number"])


@seldom
def reply_to(s: State, consumer: int, asked: int, delivery_number: int) -> None:
    """Answer delivery number ``delivery_number`` of a copy of a request, if it is one: publish a reply."""
    c = copies(s, asked)
    root = int(c["root"])
    r = copies(s, root)
    asker = producers(s, r["producer"])
    if (asker["special"] & PRODUCER_REQUEST) == 0:
        return
    run = runs(s, 0)
    k = consumers(s, consumer)
    publisher = int(k["publisher"])
    p = producers(s, publisher)
    entity = clients(s, p["client"])["entity"]
    slot = new_copy(s)
    a = copies(s, slot)
    # drawn from the request and the delivery: whoever answers, the reply has the same luck on its way
    a["ident"] = identity(np.uint64(c["ident"]) ^ REPLY, delivery_number)
    number = run["number"]
    a["number"] = number
    run["number"] = number + 1
    run["created"] = run["created"] + 1
    sequence = p["sequence"]
    p["sequence"] = sequence + 1
    a["sequence"] = sequence
    a["producer"] = publisher
    a["persistent"] = 0
    a["created"] = run["now"]
    a["refs"] = 1
    a["key"] = r["key"]
    a["size"] = p["size"]
    a["route"] = asker["reply_route"]
    x = extras(s, slot)
    x["in_reply_to"] = r["number"]
    x["request"] = root
    x["asker"] = asker["client"]
    x["way"] = extras(s, asked)["way"]
    if x["way"] == 0:  # a replicated queue took it later
        x["way"] = r["epoch"]
    emit(s, K_REPLIED, asked, entity, queues(s, k["queue"])["entity"], delivery_number, number, 0)
    emit(s, K_CREATED, slot, entity, -1, 0, sequence, 0)
    try_send(s, slot, False)


@seldom
def reply_in(s: State, delivery: int, epoch: int) -> None:
    """A requester looks at a reply: it is the answer it waits for, or it is dropped."""
    d = deliveries(s, delivery)
    copy = int(d["copy"])
    c = copies(s, copy)
    k = consumers(s, d["consumer"])
    client = clients(s, k["client"])
    entity = client["entity"]
    queue = queues(s, k["queue"])["entity"]
    number = d["number"]
    if client["up"] == 0 or client["epoch"] != epoch:
        emit(s, K_DROPPED, copy, entity, queue, number, 0, int(client["alive"] == 0))
        abandon(s, delivery)
        return
    x = extras(s, c["root"])
    request = _wanted(s, client["owner"], c["root"])
    if request < 0:
        emit(s, K_REPLY_LATE, copy, entity, queue, number, x["in_reply_to"], int(x["asker"] != k["client"]))
        if c["fate"] == F_IN_FLIGHT:
            c["fate"] = F_DISCARDED
        drop_delivery(s, delivery)
        return
    run = runs(s, 0)
    r = copies(s, request)
    taken = extras(s, copy)
    if taken["taken_for"] < 0 or taken["taken_for"] == x["in_reply_to"]:  # what was wrong once stays on record
        taken["taken_for"] = r["number"]
    if c["processings"] == 0:
        c["processed"] = run["now"]
        c["order"] = run["order"]
        run["order"] = run["order"] + 1
        c["consumer"] = entity
    c["processings"] = c["processings"] + 1
    c["effects"] = c["effects"] + 1
    emit(s, K_PROCESSED, copy, entity, queue, number, 0, 0)
    answer = copies(s, c["root"])["number"]
    wrong = int(x["in_reply_to"] != r["number"])
    emit(s, K_ANSWERED, request, entity, -1, r["attempts"], answer, wrong)
    if r["created"] >= run["warmup"]:
        measure(s, _REQUEST_REPLY, run["now"] - r["created"])
    _answered(s, request)
    drop_delivery(s, delivery)


@seldom
def _wanted(s: State, producer: int, root: int) -> int:
    """Find the open request that a reply is taken for; -1 if it is dropped.

    By its correlation id, while that request waits or pauses before its next try; else the oldest that waits.
    """
    p = producers(s, producer)
    if p["correlate"] == 0:
        return p["unconfirmed_head"]
    x = extras(s, root)
    r = copies(s, x["request"])
    same = r["live"] == 1 and r["root"] == x["request"] and r["number"] == x["in_reply_to"]
    if not same or r["producer"] != producer:
        return -1
    kept = r["sending"] == S_BUFFERED and r["attempts"] > 0  # asked, and kept before it could be asked again
    if kept or r["sending"] == S_UNCONFIRMED or r["sending"] == S_WAITING:
        return x["request"]
    return -1


@seldom
def _answered(s: State, request: int) -> None:
    """A request has its answer: nothing is left to do, except to spare the next try if one was due."""
    r = copies(s, request)
    if r["sending"] == S_WAITING:
        r["sending"] = S_CONFIRMED
        return
    if r["sending"] == S_BUFFERED:
        unbuffer(s, request)
    else:
        stop_awaiting(s, request)
    over(s, request, 0)
