"""The producer's side: batches that are ready leave for the leader, several in flight.

    record ──(linger, or the batch is full)──► ready ──► flying ──► over
                                                 ▲          │ no, no answer in time, or the connection broke
                                                 └──(pause)─┘

A batch that is sent again goes to the front of its line. With several in flight, later ones may have been appended
meanwhile: that is how retries reorder. An idempotent producer puts it back in its place, and the leader appends nothing
out of sequence. Simplified: a request carries the batch of one partition; how many may be in flight is counted for a
partition, not for a connection; a producer's buffer has no end where there is no hardware.
"""

from __future__ import annotations

from mqlab.core.codes import (
    K_GAVE_UP,
    K_PACKET_LOST,
    K_SENT,
    P_PUBLISH,
    RANK_EVENT,
)
from mqlab.core.hardware.records import hards
from mqlab.core.heap import push
from mqlab.core.link import LOST, UP, cross
from mqlab.core.log.carrying import send_batch
from mqlab.core.log.codes import (
    ACKS_NONE,
    B_FLYING,
    B_OVER,
    B_READY,
    L_BATCH_IN,
    L_FLUSHED,
    L_PUMP,
    L_TIMER,
    T_OPEN,
)
from mqlab.core.log.pacing import let_go
from mqlab.core.log.reaching import leader_of, meets, number_of_client
from mqlab.core.log.records import batches, collectors, partitions, pollers, replicas, senders
from mqlab.core.log.transactions import end_if_done, may_send
from mqlab.core.recorder import tell
from mqlab.core.records import clients, nodes, producers, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import PUBLISH, identity

__all__ = ["close_batch", "flushed_yet", "give_up", "is_up", "land", "move_on", "pump", "pump_again", "seal"]


@kernel
def close_batch(s: State, sender: int) -> None:
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
    """Say whether a partition has a leader that runs."""
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
    if collectors(s, q["producer"])["transaction"] >= 0:
        move_on(s, int(q["producer"]))
    elif collectors(s, q["producer"])["flushing"] == 1:
        flushed_yet(s, int(q["producer"]))


@kernel
def _is_late(s: State, sender: int, slot: int) -> bool:
    """Say whether the time for delivery of a batch is up; that of a later transaction has not begun."""
    col = collectors(s, senders(s, sender)["producer"])
    b = batches(s, slot)
    return runs(s, 0)["now"] - b["created"] >= col["delivery"] and b["transaction"] == col["current"]


@kernel
def pump(s: State, sender: int) -> None:
    """Send what is ready, as far as the limit of what is in flight allows."""
    q = senders(s, sender)
    col = collectors(s, q["producer"])
    now = runs(s, 0)["now"]
    while True:
        if col["transaction"] >= 0 and not may_send(s, sender):
            return
        if q["open"] >= 0 and _is_late(s, sender, int(q["open"])):
            close_batch(s, sender)  # its time is up before it could leave
        while q["head"] >= 0 and _is_late(s, sender, int(q["head"])):
            late = int(q["head"])
            q["head"] = batches(s, late)["next"]
            if q["head"] < 0:
                q["tail"] = -1
            give_up(s, late)
        if q["head"] < 0 and q["open"] < 0:
            return
        if col["transaction"] >= 0 and not may_send(s, sender):
            return
        if col["flying"] > 0 and q["flying"] >= col["flying"] and col["acks"] != ACKS_NONE:
            return
        leader = leader_of(s, sender)
        if leader < 0:
            _again(s, sender, now + col["pause"])
            return
        if q["head"] < 0:
            opened = batches(s, q["open"])["created"]
            if now < opened + col["linger"]:  # a full batch is closed by whoever filled it
                return
            close_batch(s, sender)
        slot = int(q["head"])
        if batches(s, slot)["ready_at"] > now:
            _again(s, sender, batches(s, slot)["ready_at"])
            return
        q["head"] = batches(s, slot)["next"]
        if q["head"] < 0:
            q["tail"] = -1
        _transmit(s, sender, slot, leader)


@kernel
def _transmit(s: State, sender: int, slot: int, leader: int) -> None:
    """A produce request leaves for the leader."""
    q = senders(s, sender)
    col = collectors(s, q["producer"])
    b = batches(s, slot)
    p = producers(s, q["producer"])
    part = partitions(s, q["partition"])
    run = runs(s, 0)
    node = int(replicas(s, leader)["node"])
    epoch = int(nodes(s, node)["epoch"])
    b["attempts"] = b["attempts"] + 1
    if b["sent"] < 0:
        b["sent"] = run["now"]
        run["sent"] = run["sent"] + b["count"]
    b["sent_again"] = run["now"]
    b["target"] = node
    b["epoch"] = epoch
    attempt = int(b["attempts"])
    entity = clients(s, p["client"])["entity"]
    tell(s, K_SENT, b["name"], 0, entity, part["entity"], attempt, b["sequence"], 0, b["count"])
    arrives = LOST
    if meets(s, number_of_client(s, int(p["client"])), node):
        what = identity(p["ident"], b["name"])
        arrives = cross(s, p["client"], UP, PUBLISH, what, attempt, run["now"])
    if arrives == LOST:
        tell(s, K_PACKET_LOST, b["name"], 0, entity, part["entity"], attempt, P_PUBLISH, 0, b["count"])
    else:
        b["refs"] = b["refs"] + 1
        if hards(s, 0)["on"] == 1:
            send_batch(s, slot, attempt, epoch * 256 + node, arrives - run["now"])
        else:
            push(s, arrives, RANK_EVENT, L_BATCH_IN, slot, attempt, epoch * 256 + node)
    if col["acks"] == ACKS_NONE:
        b["sending"] = B_OVER
        let_go(s, slot)
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


@seldom
def give_up(s: State, slot: int) -> None:
    """The time for delivery is up, or all tries are: the producer reports an error and forgets the batch."""
    b = batches(s, slot)
    q = senders(s, b["sender"])
    b["sending"] = B_OVER
    b["gave"] = 1
    entity = clients(s, producers(s, q["producer"])["client"])["entity"]
    part = partitions(s, q["partition"])["entity"]
    tell(s, K_GAVE_UP, b["name"], 0, entity, part, int(b["attempts"]), 0, int(b["refused"]), b["count"])
    q["settled"] = max(q["settled"], b["sequence"] + b["count"])
    q["born"] = max(q["born"], b["sequence"] + b["count"])
    if q["life"] == b["life"]:
        q["expected"] = max(q["expected"], b["sequence"] + b["count"])  # it goes on with a new epoch
    collectors(s, q["producer"])["failed"] = 1
    let_go(s, slot)


@seldom
def seal(s: State, producer: int) -> None:
    """The transaction that records join is full: its batches stand in line, and what comes next joins another."""
    col = collectors(s, producer)
    for i in range(col["partitions"]):
        if senders(s, col["first_sender"] + i)["open"] >= 0:
            close_batch(s, int(col["first_sender"] + i))
    col["number"] = col["number"] + 1
    col["collected"] = 0


@seldom
def flushed_yet(s: State, producer: int) -> None:
    """Tell the consumer that waits for it when all that its producer had is answered."""
    col = collectors(s, producer)
    if col["flushing"] == 0 or col["number"] != col["current"]:
        return
    if col["transaction"] >= 0 and col["stage"] != T_OPEN:
        return
    for i in range(col["partitions"]):
        q = senders(s, col["first_sender"] + i)
        if q["open"] >= 0 or q["head"] >= 0 or q["fly_head"] >= 0:
            return
    col["flushing"] = 0
    poller = int(col["poller"])
    push(s, runs(s, 0)["now"], RANK_EVENT, L_FLUSHED, poller, int(pollers(s, poller)["life"]), 0)


@seldom
def move_on(s: State, producer: int) -> None:
    """Something of a transaction was settled: end it if that was the last, and send what may be sent now."""
    col = collectors(s, producer)
    if col["failed"] == 1 and col["number"] == col["current"] and col["collected"] > 0:
        seal(s, producer)
    while end_if_done(s, producer):
        pass
    for i in range(col["partitions"]):
        pump(s, int(col["first_sender"] + i))
    flushed_yet(s, producer)


@kernel
def land(s: State, sender: int, slot: int) -> None:
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
