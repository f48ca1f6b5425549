"""The transaction coordinator: who may use a transactional id, what its transaction touches, how it ends.

    empty ──(a partition is added)──► ongoing ──► committing ──► empty
                                         └──────► aborting ───┘      the end is written to every partition it touched

A producer that begins (InitProducerId) gets a new epoch; whoever had the id before is fenced, and its open transaction
is aborted. So is one that takes longer than its time-out. The decision is made before any marker is written; markers
are sent until they stand in the log of each partition, on all replicas in sync. Until then the next transaction waits
(Kafka lets the producer ask again: CONCURRENT_TRANSACTIONS).

What can be read is decided by the last stable offset: where the first transaction begins that is open in a partition,
or whose marker is not on all replicas in sync. Source: https://cwiki.apache.org/confluence/x/ew40 (KIP-98).

Simplified: the coordinator is always there and decides in no time, and leaders know what it knows (Kafka's leaders ask
it whether a transaction is open: KIP-890).
"""

from __future__ import annotations

from mqlab.core.codes import RANK_CONTINUE, RANK_EVENT
from mqlab.core.heap import push
from mqlab.core.link import DOWN, LOST, cross
from mqlab.core.log.codes import (
    ANSWER_FENCED,
    ANSWER_NO_TRANSACTION,
    ANSWER_YES,
    ASK_ADD,
    ASK_BEGIN,
    ASK_DETAIL,
    ASK_END,
    ASK_FENCED,
    COMMIT_TRANSACTION,
    ENDED_ABORTED,
    ENDED_COMMITTED,
    ENDED_FENCED,
    ENDED_OVERDUE,
    L_ASK_ANEW,
    L_MARKER,
    L_OFFSETS,
    L_OVERDUE,
    L_TOLD,
    TX_ABORTING,
    TX_COMMITTING,
    TX_EMPTY,
    TX_ONGOING,
)
from mqlab.core.log.records import (
    batches,
    collectors,
    logs,
    partitions,
    pollers,
    readers,
    replicas,
    senders,
    transactions,
)
from mqlab.core.records import clients, nodes, producers, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import CONNECT, identity

__all__ = ["asked", "joins", "marked", "overdue", "refusal", "send_marker", "stable_end"]

_WAITS = 2
"""Of Sender.adding: the coordinator answers when the transaction before is over."""


@kernel
def stable_end(s: State, partition: int) -> int:
    """Say what the last stable offset of a partition is."""
    part = partitions(s, partition)
    end = part["mark"]
    sender = int(part["writers"])
    while sender >= 0:
        q = senders(s, sender)
        if q["first_offset"] >= 0:
            end = min(end, q["first_offset"])
        sender = int(q["next_here"])
    return end


@seldom
def refusal(s: State, slot: int) -> int:
    """Say why a leader does not take a batch of a transaction, or ANSWER_YES."""
    b = batches(s, slot)
    q = senders(s, b["sender"])
    t = transactions(s, collectors(s, q["producer"])["transaction"])
    if t["owner"] != q["producer"] or t["life"] != b["life"]:
        return ANSWER_FENCED
    if q["in_transaction"] == 0 or t["state"] != TX_ONGOING or t["number"] != b["transaction"]:
        return ANSWER_NO_TRANSACTION
    return ANSWER_YES


@seldom
def joins(s: State, place: int) -> None:
    """Note where a transaction begins in a partition."""
    e = batches(s, place)
    q = senders(s, e["sender"])
    if q["first_slot"] < 0:
        q["first_slot"] = place
        q["first_offset"] = e["offset"]


@seldom
def asked(s: State, producer: int, life: int, word: int) -> None:
    """A producer's request reaches the coordinator."""
    col = collectors(s, producer)
    tx = int(col["transaction"])
    t = transactions(s, tx)
    what = word - (word & ASK_DETAIL)
    if what == ASK_BEGIN:
        _begin(s, tx, producer, life)
    elif t["owner"] != producer or t["life"] != life:
        _answer(s, producer, life, word, ASK_FENCED)
    elif what == ASK_ADD:
        sender = int(col["first_sender"] + (word & ASK_DETAIL))
        if t["state"] in (TX_COMMITTING, TX_ABORTING):
            senders(s, sender)["adding"] = _WAITS
        else:
            _add(s, tx, sender)
    else:
        if t["state"] == TX_ONGOING:
            if word == ASK_END and _has_lost_its_partition(s, producer):
                word = word + ENDED_ABORTED
            _end(s, tx, word & ASK_DETAIL)
            if word == ASK_END and col["poller"] >= 0 and pollers(s, col["poller"])["commit"] == COMMIT_TRANSACTION:
                push(s, runs(s, 0)["now"], RANK_CONTINUE, L_OFFSETS, producer, 0, 0)
        _answer(s, producer, life, word, word)


@seldom
def _has_lost_its_partition(s: State, producer: int) -> bool:
    """Say whether the offsets that go with a transaction are those of a partition that is another member's now."""
    col = collectors(s, producer)
    if col["poller"] < 0 or pollers(s, col["poller"])["commit"] != COMMIT_TRANSACTION:
        return False
    return readers(s, col["reader"])["poller"] != col["poller"]


@kernel
def _answer(s: State, producer: int, life: int, word: int, answer: int) -> None:
    """Answer a producer; what does not arrive it will ask anew."""
    p = producers(s, producer)
    col = collectors(s, producer)
    now = runs(s, 0)["now"]
    arrives = cross(s, p["client"], DOWN, CONNECT, identity(p["ident"], col["asked"]), 0, now)
    if arrives == LOST:
        push(s, now + col["timeout"], RANK_EVENT, L_ASK_ANEW, producer, life, word)
    else:
        push(s, arrives, RANK_EVENT, L_TOLD, producer, life, answer)


@kernel
def _begin(s: State, tx: int, producer: int, life: int) -> None:
    """A producer wants to use the id from now on: whoever had it is fenced."""
    t = transactions(s, tx)
    if t["owner"] != producer or t["life"] != life:
        t["owner"] = producer
        t["life"] = life
        t["epoch"] = t["epoch"] + 1
        other = int(t["awaits"])
        t["awaits"] = -1
        if other >= 0 and other != producer:
            _answer(s, other, int(clients(s, producers(s, other)["client"])["life"]), ASK_BEGIN, ASK_FENCED)
        if t["state"] == TX_ONGOING:
            _end(s, tx, ENDED_FENCED)
    if t["state"] == TX_EMPTY:
        _answer(s, producer, life, ASK_BEGIN, ASK_BEGIN)
    else:
        t["awaits"] = producer


@kernel
def _add(s: State, tx: int, sender: int) -> None:
    """The transaction touches a partition, from now on if it is the first."""
    t = transactions(s, tx)
    q = senders(s, sender)
    producer = int(q["producer"])
    if t["state"] == TX_EMPTY:
        t["state"] = TX_ONGOING
        t["writer"] = producer
        t["number"] = collectors(s, producer)["current"]
        t["serial"] = t["serial"] + 1
        push(s, runs(s, 0)["now"] + t["timeout"], RANK_EVENT, L_OVERDUE, tx, int(t["serial"]), 0)
    q["in_transaction"] = 1
    word = ASK_ADD + sender - int(collectors(s, producer)["first_sender"])
    _answer(s, producer, int(t["life"]), word, word)


@kernel
def _end(s: State, tx: int, reason: int) -> None:
    """Decide how a transaction ends, and send its markers."""
    t = transactions(s, tx)
    col = collectors(s, t["writer"])
    t["reason"] = reason
    t["state"] = TX_ABORTING
    if reason == ENDED_COMMITTED:
        t["state"] = TX_COMMITTING
    t["pending"] = 0
    for i in range(col["partitions"]):
        sender = int(col["first_sender"] + i)
        if senders(s, sender)["in_transaction"] == 1:
            t["pending"] = t["pending"] + 1
            send_marker(s, sender)


@kernel
def send_marker(s: State, sender: int) -> None:
    """Send a marker to the leader of a partition; later, if it has none."""
    part = partitions(s, senders(s, sender)["partition"])
    takes = logs(s, 0)["backoff"]
    if part["leader"] >= 0 and nodes(s, replicas(s, part["leader"])["node"])["up"] == 1:
        takes = nodes(s, replicas(s, part["leader"])["node"])["network"]
    push(s, runs(s, 0)["now"] + takes, RANK_EVENT, L_MARKER, sender, 0, 0)


@seldom
def marked(s: State, sender: int) -> None:
    """A marker is on all replicas in sync; after the last one the transaction is over."""
    q = senders(s, sender)
    if q["in_transaction"] == 0:
        return
    q["in_transaction"] = 0
    q["first_slot"] = -1
    q["first_offset"] = -1
    tx = int(collectors(s, q["producer"])["transaction"])
    t = transactions(s, tx)
    t["pending"] = t["pending"] - 1
    if t["pending"] > 0:
        return
    t["state"] = TX_EMPTY
    producer = int(t["awaits"])
    t["awaits"] = -1
    if producer >= 0:
        _answer(s, producer, int(t["life"]), ASK_BEGIN, ASK_BEGIN)
    if t["owner"] < 0:
        return
    col = collectors(s, t["owner"])
    for i in range(col["partitions"]):
        other = int(col["first_sender"] + i)
        if senders(s, other)["adding"] == _WAITS:
            senders(s, other)["adding"] = 1
            _add(s, tx, other)


@seldom
def overdue(s: State, tx: int, serial: int) -> None:
    """A transaction has been open for too long: it is aborted, and its producer fenced."""
    t = transactions(s, tx)
    if t["state"] == TX_ONGOING and t["serial"] == serial:
        t["owner"] = -1
        _end(s, tx, ENDED_OVERDUE)
