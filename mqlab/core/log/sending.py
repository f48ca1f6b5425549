"""The producer's side: records are collected into batches, batches are sent, answered, and sent again.

    record ──(linger, or the batch is full)──► ready ──► flying ──► over
                                                 ▲          │ no, no answer in time, or the connection broke
                                                 └──(pause)─┘

A batch that is sent again goes to the front of its line. With several in flight, later ones may have been appended
meanwhile: that is how retries reorder. An idempotent producer puts it back in its place, and the leader appends nothing
out of sequence. Simplified: a request carries the batch of one partition; how many may be in flight is counted for a
partition, not for a connection; a producer's buffer has no end where there is no hardware.
"""

from __future__ import annotations

from mqlab.core.arrivals import choose_key, next_arrival, schedule_arrival
from mqlab.core.codes import (
    E_ARRIVAL,
    K_BACKED_OFF,
    K_CONFIRMED,
    K_CREATED,
    K_GAVE_UP,
    K_REFUSED,
    K_SENT,
    K_TIMED_OUT,
    K_UNKNOWN,
    RANK_EVENT,
)
from mqlab.core.hardware.records import hards
from mqlab.core.heap import push
from mqlab.core.link import UP, cross
from mqlab.core.log.batches import new_batch, release
from mqlab.core.log.carrying import next_request, pace, send_batch, unbuffer
from mqlab.core.log.codes import (
    ACKS_NONE,
    ANSWER_GAP,
    ANSWER_YES,
    B_FLYING,
    B_OVER,
    B_READY,
    K_COLLECTED,
    L_BATCH_IN,
    L_PUMP,
    L_TIMER,
)
from mqlab.core.log.records import batches, cells, collectors, logs, partitions, replicas, senders
from mqlab.core.recorder import tell
from mqlab.core.records import clients, nodes, producers, runs
from mqlab.jit import U64, State, kernel, seldom
from mqlab.policies.partitioners import partition_of_key
from mqlab.sampling import PUBLISH, ROUTE, identity, unit

__all__ = ["answered", "arrival", "is_up", "let_go_flying", "pump", "pump_again", "timed_out"]


@kernel
def _choose_partition(s: State, producer: int, key: int, ident: U64) -> int:
    """Choose a partition: by the key, or the one that sticks until its batch leaves."""
    col = collectors(s, producer)
    if col["keyed"] == 1:
        return partition_of_key(key, col["partitions"])
    if col["sticky"] < 0:
        u = unit(ROUTE, producers(s, producer)["ident"], ident, col["switches"], 0)
        col["sticky"] = min(int(u * float(col["partitions"])), col["partitions"] - 1)
        col["switches"] = col["switches"] + 1
    return col["sticky"]


@kernel
def arrival(s: State, producer: int) -> None:
    """A record is due: it joins the open batch of its partition."""
    p = producers(s, producer)
    col = collectors(s, producer)
    run = runs(s, 0)
    sequence = p["sequence"]
    p["sequence"] = sequence + 1
    ident = identity(p["ident"], sequence)
    number = run["number"]
    run["number"] = number + 1
    run["created"] = run["created"] + 1
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
    c = cells(s, slot * logs(s, 0)["cap"] + b["count"])
    c["number"] = number
    c["sequence"] = sequence
    c["created"] = run["now"]
    c["key"] = key
    c["delivered"] = -1
    c["processed"] = -1
    c["order"] = -1
    c["deliveries"] = 0
    c["processings"] = 0
    c["consumer"] = -1
    b["count"] = b["count"] + 1
    entity = clients(s, p["client"])["entity"]
    part = partitions(s, q["partition"])["entity"]
    tell(s, K_CREATED, number, 0, entity, -1, 0, sequence, 0, 1)
    tell(s, K_COLLECTED, number, 0, entity, part, int(b["count"]), b["name"], 0, 1)
    if b["count"] >= col["most"]:
        _close(s, sender)
        pump(s, sender)
    elif col["linger"] == 0:
        pump(s, sender)
    elif fresh:
        push(s, run["now"] + col["linger"], RANK_EVENT, L_PUMP, sender, int(q["serial"]), 0)
    if hards(s, 0)["on"] == 0:
        schedule_arrival(s, producer)
        return
    free = pace(s, producer)
    if free >= 0:
        _make_next(s, producer, free)


@kernel
def _make_next(s: State, producer: int, free: int) -> None:
    """With hardware: the next record is made when it is due and its producer's thread is free."""
    due = next_arrival(s, producer)
    if due >= 0 and max(due, free) < producers(s, producer)["stop"]:
        push(s, max(due, free), RANK_EVENT, E_ARRIVAL, producer, 0, 0)


@kernel
def _let_go(s: State, slot: int) -> None:
    """A batch is over for its producer: with hardware there is room in its buffer."""
    if hards(s, 0)["on"] == 1:
        producer = int(senders(s, batches(s, slot)["sender"])["producer"])
        if unbuffer(s, producer, slot):
            _make_next(s, producer, int(max(collectors(s, producer)["thread_free"], runs(s, 0)["now"])))
    release(s, slot)


@kernel
def _close(s: State, sender: int) -> None:
    """The open batch takes no more records, and stands in line."""
    q = senders(s, sender)
    slot = int(q["open"])
    b = batches(s, slot)
    b["sequence"] = q["sequence"]
    q["sequence"] = q["sequence"] + b["count"]
    b["sending"] = B_READY
    b["next"] = -1
    if q["tail"] < 0:
        q["head"] = slot
    else:
        batches(s, q["tail"])["next"] = slot
    q["tail"] = slot
    q["open"] = -1
    collectors(s, q["producer"])["sticky"] = -1


@kernel
def is_up(s: State, partition: int) -> bool:
    """Say whether a partition has a leader that can be reached."""
    leader = partitions(s, partition)["leader"]
    return leader >= 0 and nodes(s, replicas(s, leader)["node"])["up"] == 1


@kernel
def _again(s: State, sender: int, time: int) -> None:
    """Look at a sender again at ``time``."""
    q = senders(s, sender)
    if q["waiting"] == 0:
        q["waiting"] = 1
        push(s, time, RANK_EVENT, L_PUMP, sender, -1, 0)


@kernel
def pump_again(s: State, sender: int, serial: int) -> None:
    """A batch has lingered for long enough, or a pause is over."""
    q = senders(s, sender)
    if serial < 0:
        q["waiting"] = 0
        pump(s, sender)
    elif q["open"] >= 0 and q["serial"] == serial:
        pump(s, sender)


@kernel
def pump(s: State, sender: int) -> None:
    """Send what is ready, as far as the limit of what is in flight allows."""
    q = senders(s, sender)
    col = collectors(s, q["producer"])
    now = runs(s, 0)["now"]
    while True:
        if q["open"] >= 0 and now - batches(s, q["open"])["created"] >= col["delivery"]:
            _close(s, sender)  # its time is up before it could leave
        while q["head"] >= 0 and now - batches(s, q["head"])["created"] >= col["delivery"]:
            late = int(q["head"])
            q["head"] = batches(s, late)["next"]
            if q["head"] < 0:
                q["tail"] = -1
            _give_up(s, late)
        if q["head"] < 0 and q["open"] < 0:
            return
        if col["flying"] > 0 and q["flying"] >= col["flying"] and col["acks"] != ACKS_NONE:
            return
        if not is_up(s, q["partition"]):
            _again(s, sender, now + col["pause"])
            return
        if q["head"] < 0:
            opened = batches(s, q["open"])["created"]
            if now < opened + col["linger"]:
                return
            _close(s, sender)
        slot = int(q["head"])
        if batches(s, slot)["ready_at"] > now:
            _again(s, sender, batches(s, slot)["ready_at"])
            return
        q["head"] = batches(s, slot)["next"]
        if q["head"] < 0:
            q["tail"] = -1
        _transmit(s, sender, slot)


@kernel
def _transmit(s: State, sender: int, slot: int) -> None:
    """A produce request leaves for the leader."""
    q = senders(s, sender)
    col = collectors(s, q["producer"])
    b = batches(s, slot)
    p = producers(s, q["producer"])
    part = partitions(s, q["partition"])
    run = runs(s, 0)
    node = int(replicas(s, part["leader"])["node"])
    epoch = int(nodes(s, node)["epoch"])
    b["attempts"] = b["attempts"] + 1
    if b["sent"] < 0:
        b["sent"] = run["now"]
        run["sent"] = run["sent"] + b["count"]
    b["sent_again"] = run["now"]
    b["target"] = node
    b["epoch"] = epoch
    b["refs"] = b["refs"] + 1
    attempt = int(b["attempts"])
    entity = clients(s, p["client"])["entity"]
    tell(s, K_SENT, b["name"], 0, entity, part["entity"], attempt, b["sequence"], 0, b["count"])
    what = identity(p["ident"], b["name"])
    arrives = cross(s, p["client"], UP, PUBLISH, what, attempt, run["now"])
    if hards(s, 0)["on"] == 1:
        send_batch(s, slot, attempt, epoch * 256 + node, arrives - run["now"])
    else:
        push(s, arrives, RANK_EVENT, L_BATCH_IN, slot, attempt, epoch * 256 + node)
    if col["acks"] == ACKS_NONE:
        b["sending"] = B_OVER
        _let_go(s, slot)
        return
    b["sending"] = B_FLYING
    b["next"] = -1
    if q["fly_tail"] < 0:
        q["fly_head"] = slot
    else:
        batches(s, q["fly_tail"])["next"] = slot
    q["fly_tail"] = slot
    q["flying"] = q["flying"] + 1
    if q["timer"] == 0:
        q["timer"] = 1
        push(s, run["now"] + col["timeout"], RANK_EVENT, L_TIMER, sender, 0, 0)


@kernel
def _land(s: State, sender: int, slot: int) -> None:
    """Take a batch off the list of those in flight."""
    q = senders(s, sender)
    before = -1
    at = int(q["fly_head"])
    while at != slot:
        before = at
        at = int(batches(s, at)["next"])
    following = int(batches(s, slot)["next"])
    if before < 0:
        q["fly_head"] = following
    else:
        batches(s, before)["next"] = following
    if q["fly_tail"] == slot:
        q["fly_tail"] = before
    q["flying"] = q["flying"] - 1
    batches(s, slot)["next"] = -1


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
        _land(s, sender, slot)
        if answer == ANSWER_YES:
            b["confirmed"] = run["now"]
            run["confirmed"] = run["confirmed"] + b["count"]
            tell(s, K_CONFIRMED, b["name"], 0, entity, part, attempt, 0, 0, b["count"])
            b["sending"] = B_OVER
            q["settled"] = max(q["settled"], b["sequence"] + b["count"])
            _let_go(s, slot)
        else:
            log = logs(s, 0)
            log["refused"] = log["refused"] + b["count"]
            tell(s, K_REFUSED, b["name"], 0, entity, part, attempt, 0, answer, b["count"])
            b["refused"] = 1
            if answer == ANSWER_GAP and b["sequence"] <= q["settled"]:
                _give_up(s, slot)  # the log has lost what came before: it goes on with a new epoch
            else:
                _retry(s, slot)
        pump(s, sender)
    release(s, int(slot))


@kernel
def _retry(s: State, slot: int) -> None:
    """Put a batch that failed back in line, unless its time is up."""
    b = batches(s, slot)
    sender = int(b["sender"])
    q = senders(s, sender)
    col = collectors(s, q["producer"])
    now = runs(s, 0)["now"]
    if now - b["created"] + col["pause"] >= col["delivery"] or b["attempts"] >= col["attempts"]:
        _give_up(s, slot)
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
def _give_up(s: State, slot: int) -> None:
    """The time for delivery is up, or all tries are: the producer reports an error and forgets the batch."""
    b = batches(s, slot)
    q = senders(s, b["sender"])
    b["sending"] = B_OVER
    b["gave"] = 1
    entity = clients(s, producers(s, q["producer"])["client"])["entity"]
    part = partitions(s, q["partition"])["entity"]
    tell(s, K_GAVE_UP, b["name"], 0, entity, part, int(b["attempts"]), 0, int(b["refused"]), b["count"])
    q["settled"] = max(q["settled"], b["sequence"] + b["count"])
    q["expected"] = max(q["expected"], b["sequence"] + b["count"])  # it goes on with a new epoch
    _let_go(s, slot)


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
    pump(s, sender)


@seldom
def _fail(s: State, slot: int, kind: int) -> None:
    """There will be no answer: what became of the batch is unknown to its producer."""
    b = batches(s, slot)
    q = senders(s, b["sender"])
    entity = clients(s, producers(s, q["producer"])["client"])["entity"]
    part = partitions(s, q["partition"])["entity"]
    b["refused"] = 0
    tell(s, kind, b["name"], 0, entity, part, int(b["attempts"]), 0, 0, b["count"])
    if hards(s, 0)["on"] == 1 and kind == K_TIMED_OUT:
        next_request(s, slot, int(b["target"]))
    _land(s, int(b["sender"]), slot)
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
    pump(s, sender)
