"""The leader: it appends batches, raises the high watermark, and answers those who wait for it.

The high watermark is the least that any replica in sync has; what is below it can be read, and an answer under
acks=all waits for it. A follower knows it as far as its last fetch told it, which is what a new leader begins with.
"""

from __future__ import annotations

from mqlab.core.codes import (
    K_APPENDED,
    K_ARRIVED,
    K_CONFIRM_SENT,
    K_PACKET_LOST,
    K_STALE_PACKET,
    K_VANISHED,
    P_CONFIRM,
    P_PUBLISH,
    RANK_EVENT,
    X_TRUNCATED,
)
from mqlab.core.hardware.disks import sync
from mqlab.core.hardware.processors import work
from mqlab.core.hardware.records import hards
from mqlab.core.heap import push
from mqlab.core.link import DOWN, LOST, cross
from mqlab.core.log.batches import another_place, release
from mqlab.core.log.carrying import admit, next_request, produce_cost, queue_fetch
from mqlab.core.log.codes import (
    ACKS_ALL,
    ACKS_LEADER,
    ACKS_NONE,
    ANSWER_DUPLICATE,
    ANSWER_FEW,
    ANSWER_GAP,
    ANSWER_NOT_LEADER,
    ANSWER_YES,
    BATCHES_KEPT,
    K_APPEND_SKIPPED,
    L_ANSWER_IN,
    L_BATCH_DO,
    L_BATCH_PUT,
    L_FETCHED,
)
from mqlab.core.log.coordinator import joins, marked, refusal
from mqlab.core.log.giving import give, serve
from mqlab.core.log.reaching import hop, meets, number_of_client, replica_on
from mqlab.core.log.records import batches, brokers, collectors, logs, partitions, readers, replicas, senders
from mqlab.core.log.releasing import has_news, release_head
from mqlab.core.log.standing import count_enqueued, refresh
from mqlab.core.log.storing import FLUSH_SYNC, blocked, put, wait_for_disk
from mqlab.core.recorder import tell
from mqlab.core.records import clients, nodes, producers, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import CONFIRM, identity

__all__ = [
    "answer", "batch_do", "batch_in", "batch_on", "batch_put", "hand_out", "has_news",
    "pass_on", "put_in", "raise_mark", "vanish",
]  # fmt: skip


@seldom
def vanish(s: State, slot: int, attempt: int, node: int) -> None:
    """A request reaches a node that is down, or was meanwhile."""
    b = batches(s, slot)
    part = partitions(s, senders(s, b["sender"])["partition"])["entity"]
    tell(s, K_STALE_PACKET, b["name"], 0, nodes(s, node)["entity"], part, attempt, P_PUBLISH, 0, b["count"])
    release(s, slot)


@kernel
def batch_in(s: State, slot: int, attempt: int, where: int) -> None:
    """A produce request reaches a node, and waits for its processor."""
    node = where % 256
    n = nodes(s, node)
    if n["up"] == 0 or n["epoch"] != where // 256:
        vanish(s, slot, attempt, node)
        return
    b = batches(s, slot)
    part = partitions(s, senders(s, b["sender"])["partition"])["entity"]
    tell(s, K_ARRIVED, b["name"], 0, n["entity"], part, attempt, 0, 0, b["count"])
    if hards(s, 0)["on"] == 1:
        if admit(s, slot, attempt, where):
            batch_on(s, slot, attempt, where)
    elif n["publish_ns"] == 0:
        batch_do(s, slot, attempt, where)
    else:
        push(s, serve(s, node, n["publish_ns"]), RANK_EVENT, L_BATCH_DO, slot, attempt, where)


@kernel
def batch_on(s: State, slot: int, attempt: int, where: int) -> None:
    """With hardware: it is the request's turn on its connection, and it goes to the processor."""
    node = where % 256
    n = nodes(s, node)
    if n["up"] == 0 or n["epoch"] != where // 256:
        vanish(s, slot, attempt, node)
        return
    ready = work(s, node, int(n["publish_ns"]) + produce_cost(s, slot, node))
    push(s, ready, RANK_EVENT, L_BATCH_DO, slot, attempt, where)


@kernel
def batch_do(s: State, slot: int, attempt: int, where: int) -> None:
    """A request has been read: its batch is decided about."""
    _decide(s, slot, attempt, where, 0)


@kernel
def _decide(s: State, slot: int, attempt: int, where: int, stored: int) -> None:
    """Append a batch, answer that it is there already, or refuse it; ``stored``: it is on the disk already."""
    node = where % 256
    n = nodes(s, node)
    if n["up"] == 0 or n["epoch"] != where // 256:
        vanish(s, slot, attempt, node)
        return
    b = batches(s, slot)
    q = senders(s, b["sender"])
    col = collectors(s, q["producer"])
    part = partitions(s, q["partition"])
    hard = hards(s, 0)["on"] == 1
    if part["leader"] < 0 or replicas(s, part["leader"])["node"] != node:
        _answer_stranger(s, slot, attempt, node)
    elif col["transaction"] >= 0 and refusal(s, slot) != ANSWER_YES:
        answer(s, slot, attempt, refusal(s, slot), node)
    elif col["acks"] == ACKS_ALL and part["in_sync"] < part["min_insync"]:
        answer(s, slot, attempt, ANSWER_FEW, node)
    elif col["idempotent"] == 1 and expected_of(s, slot) > b["sequence"]:
        tell(s, K_APPEND_SKIPPED, b["name"], 0, n["entity"], part["entity"], attempt, b["offset"], 0, b["count"])
        if b["in_log"] == 1 and col["acks"] == ACKS_ALL and b["offset"] + b["count"] > part["mark"]:
            b["answer"] = ACKS_ALL
            b["attempt"] = attempt
        elif q["appended"] - b["ordinal"] > BATCHES_KEPT:
            answer(s, slot, attempt, ANSWER_DUPLICATE, node)
        else:
            answer(s, slot, attempt, ANSWER_YES, node)
    elif col["idempotent"] == 1 and expected_of(s, slot) < b["sequence"]:
        answer(s, slot, attempt, ANSWER_GAP, node)
    elif hard and stored == 0 and _store(s, slot, attempt, where):
        return  # its disk will say when it goes on
    else:
        _append(s, slot, attempt, node)
        if stored == 1:
            replicas(s, part["leader"])["synced"] = part["end"]
    _over(s, slot, node)


@kernel
def _over(s: State, slot: int, node: int) -> None:
    """A request has been decided about; one that gets no answer makes room for the next."""
    producer = senders(s, batches(s, slot)["sender"])["producer"]
    if hards(s, 0)["on"] == 1 and collectors(s, producer)["acks"] == ACKS_NONE:
        next_request(s, slot, node)
    release(s, slot)


@seldom
def _answer_stranger(s: State, slot: int, attempt: int, node: int) -> None:
    """A batch has reached a node that does not lead, whatever it may believe itself."""
    q = senders(s, batches(s, slot)["sender"])
    own = replica_on(s, int(q["partition"]), node)
    if own < 0 or replicas(s, own)["stale"] == 0:
        answer(s, slot, attempt, ANSWER_NOT_LEADER, node)
    elif collectors(s, q["producer"])["acks"] != ACKS_ALL:
        _append_in_vain(s, slot, attempt, own)
        answer(s, slot, attempt, ANSWER_YES, node)
    elif replicas(s, own)["believes"] < partitions(s, q["partition"])["min_insync"]:
        answer(s, slot, attempt, ANSWER_FEW, node)
    else:
        b = batches(s, slot)
        fresh = b["vain"] != own + 1 and (b["offset"] < 0 or b["cut"] == 1)
        if collectors(s, q["producer"])["idempotent"] == 0 or fresh:
            _append_in_vain(s, slot, attempt, own)
        if replicas(s, own)["believes"] == 1:
            answer(s, slot, attempt, ANSWER_YES, node)  # else it waits for those who do not follow it any more


@seldom
def _append_in_vain(s: State, slot: int, attempt: int, replica: int) -> None:
    """A leader that was given up, and does not know it, puts a batch at the end of its log, which has no future."""
    b = batches(s, slot)
    r = replicas(s, replica)
    part = partitions(s, r["partition"])
    node = nodes(s, r["node"])["entity"]
    b["vain"] = replica + 1
    place = slot
    if b["in_log"] == 1 or (b["offset"] >= 0 and b["cut"] == 0):
        place = another_place(s, slot)
    e = batches(s, place)
    count = int(e["count"])
    e["offset"] = r["end"]
    if e["appended"] < 0:
        e["appended"] = runs(s, 0)["now"]
    e["cut"] = 1
    e["cause"] = X_TRUNCATED
    r["end"] = r["end"] + count
    log = logs(s, 0)
    log["enqueued"] = log["enqueued"] + count
    log["vanished"] = log["vanished"] + count
    count_enqueued(s, int(senders(s, b["sender"])["partition"]), int(count))
    tell(s, K_APPENDED, b["name"], int(e["index"]), node, part["entity"], attempt, e["offset"], 0, count)
    tell(s, K_VANISHED, b["name"], int(e["index"]), node, part["entity"], 0, e["offset"], X_TRUNCATED, count)


@kernel
def _store(s: State, slot: int, attempt: int, where: int) -> bool:
    """With hardware: store a batch in the leader's files; say whether it has to wait for the disk."""
    b = batches(s, slot)
    q = senders(s, b["sender"])
    leader = int(partitions(s, q["partition"])["leader"])
    if blocked(s, leader):
        wait_for_disk(s, leader, L_BATCH_DO, slot, attempt, where)
        return True
    put(s, leader, int(b["count"]), int(b["count"] * collectors(s, q["producer"])["record_bytes"]))
    if logs(s, 0)["flush"] == FLUSH_SYNC:
        sync(s, int(replicas(s, leader)["file"]), L_BATCH_PUT, slot, attempt, where)
        return True
    return False


@seldom
def batch_put(s: State, slot: int, attempt: int, where: int) -> None:
    """With hardware: a batch is on the leader's disk; it joins the log, unless it has come once more meanwhile."""
    _decide(s, slot, attempt, where, 1)


@kernel
def expected_of(s: State, slot: int) -> int:
    """Say what sequence number a partition expects next of the producer of a batch, as far as the batch goes.

    A producer that began anew has a new id, whose numbers begin anew. What is left of its former life is judged by
    itself.
    """
    b = batches(s, slot)
    q = senders(s, b["sender"])
    if b["life"] == q["life"]:
        return q["expected"]
    return _expected_of_another_life(s, slot)


@seldom
def _expected_of_another_life(s: State, slot: int) -> int:
    b = batches(s, slot)
    q = senders(s, b["sender"])
    if b["life"] > q["life"]:
        q["life"] = b["life"]
        q["expected"] = b["sequence"]
        if b["life"] == clients(s, producers(s, q["producer"])["client"])["life"]:
            q["expected"] = q["born"]
        return q["expected"]
    return b["sequence"] + b["in_log"]


@kernel
def _append(s: State, slot: int, attempt: int, node: int) -> None:
    """The leader puts a batch at the end of its log."""
    b = batches(s, slot)
    q = senders(s, b["sender"])
    partition = int(q["partition"])
    part = partitions(s, partition)
    place = slot
    if b["in_log"] == 1 or (b["offset"] >= 0 and b["cut"] == 0):
        place = another_place(s, slot)
    put_in(s, partition, place)
    b["refs"] = b["refs"] + 1
    e = batches(s, place)
    count = int(e["count"])
    count_enqueued(s, partition, count)
    if b["life"] == q["life"]:
        q["expected"] = max(q["expected"], e["sequence"] + count)
    q["appended"] = q["appended"] + 1
    b["ordinal"] = q["appended"]
    log = logs(s, 0)
    log["enqueued"] = log["enqueued"] + count
    if collectors(s, q["producer"])["transaction"] >= 0:
        joins(s, place)
    tell(s, K_APPENDED, b["name"], int(e["index"]), nodes(s, node)["entity"], part["entity"], attempt, e["offset"], 0,
         count)  # fmt: skip
    refresh(s, partition)
    acks = collectors(s, q["producer"])["acks"]
    e["answer"] = acks
    e["attempt"] = attempt
    if acks == ACKS_LEADER:
        answer(s, slot, attempt, ANSWER_YES, node)
    pass_on(s, partition)


@kernel
def put_in(s: State, partition: int, place: int) -> None:
    """Put a batch at the end of a partition's log, which its leader has."""
    part = partitions(s, partition)
    e = batches(s, place)
    e["offset"] = part["end"]
    if e["appended"] < 0:
        e["appended"] = runs(s, 0)["now"]
    e["in_log"] = 1
    e["cut"] = 0
    e["after"] = -1
    if part["tail"] < 0:
        part["head"] = place
    else:
        batches(s, part["tail"])["after"] = place
    part["tail"] = place
    if part["wait"] < 0:
        part["wait"] = place
    part["end"] = part["end"] + e["count"]
    mine = replicas(s, part["leader"])
    mine["end"] = part["end"]
    mine["known"] = part["end"]
    mine["high"] = max(mine["high"], part["end"])


@kernel
def pass_on(s: State, partition: int) -> None:
    """Give what is new to the followers that wait for it."""
    part = partitions(s, partition)
    for i in range(part["replicas"]):
        replica = int(part["first"] + i)
        r = replicas(s, replica)
        if r["parked"] == 1:
            r["parked"] = 0
            r["caught_up"] = runs(s, 0)["now"]
            hand_out(s, replica)
    raise_mark(s, partition)


@kernel
def answer(s: State, slot: int, attempt: int, code: int, node: int) -> None:
    """The leader's answer leaves for the producer."""
    b = batches(s, slot)
    q = senders(s, b["sender"])
    if collectors(s, q["producer"])["acks"] == ACKS_NONE:
        return
    p = producers(s, q["producer"])
    part = partitions(s, q["partition"])["entity"]
    if hards(s, 0)["on"] == 1:
        next_request(s, slot, node)
    entity = clients(s, p["client"])["entity"]
    tell(s, K_CONFIRM_SENT, b["name"], 0, entity, part, attempt, nodes(s, node)["entity"], code, b["count"])
    what = identity(p["ident"], b["name"])
    arrives = LOST
    if meets(s, number_of_client(s, int(p["client"])), node):
        arrives = cross(s, p["client"], DOWN, CONFIRM, what, attempt, runs(s, 0)["now"])
    if arrives == LOST:
        tell(s, K_PACKET_LOST, b["name"], 0, entity, part, attempt, P_CONFIRM, 0, b["count"])
        return
    b["refs"] = b["refs"] + 1
    push(s, arrives, RANK_EVENT, L_ANSWER_IN, slot, attempt, code)


@kernel
def hand_out(s: State, replica: int) -> None:
    """The leader sends a follower all that it does not have yet."""
    r = replicas(s, replica)
    part = partitions(s, r["partition"])
    node = int(replicas(s, part["leader"])["node"])
    r["told"] = part["mark"]
    if hards(s, 0)["on"] == 1:
        r["asleep"] = int(not meets(s, node, int(r["node"])))
        if r["asleep"] == 0:
            queue_fetch(s, replica)
        return
    r["upto"] = part["end"]
    r["asked_end"] = part["end"]
    r["asked_at"] = runs(s, 0)["now"]
    arrives = hop(s, node, int(r["node"]), identity(brokers(s, node)["ident"], r["end"]), 2 * int(r["stamp"]) + 1)
    r["asleep"] = int(arrives == LOST)
    if arrives != LOST:
        push(s, arrives, RANK_EVENT, L_FETCHED, replica, int(r["stamp"]), 0)


@kernel
def raise_mark(s: State, partition: int) -> None:
    """Raise the high watermark to what all replicas in sync have, and do what waited for it."""
    part = partitions(s, partition)
    if part["leader"] < 0:
        return
    mark = part["end"]
    for i in range(part["replicas"]):
        r = replicas(s, part["first"] + i)
        if r["in_sync"] == 1:
            mark = min(mark, r["known"])
    if mark <= part["mark"]:
        return
    part["mark"] = mark
    part["most"] = max(part["most"], mark)
    node = int(replicas(s, part["leader"])["node"])
    code = ANSWER_YES
    if part["in_sync"] < part["min_insync"]:
        code = ANSWER_FEW  # NOT_ENOUGH_REPLICAS_AFTER_APPEND: it is in the log, and its producer is not told so
    wait = int(part["wait"])
    while wait >= 0:
        e = batches(s, wait)
        if e["offset"] + e["count"] > mark:
            break
        following = int(e["after"])
        if e["answer"] == ACKS_ALL:
            e["answer"] = 0
            answer(s, int(e["root"]), int(e["attempt"]), code, node)
        if e["control"] == 1:
            marked(s, int(e["sender"]))
        wait = following
    part["wait"] = wait
    reader = int(part["reader"])
    while reader >= 0:
        if readers(s, reader)["parked"] == 1 and has_news(s, reader):
            give(s, reader)
        reader = int(readers(s, reader)["next"])
    release_head(s, partition)


