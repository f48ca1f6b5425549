"""The broker that owns a partition: it hands entries to bookies, and says yes when enough of them have one.

An entry goes to ``write`` bookies of its partition's ensemble (entry n to those from n mod ensemble size on). It is
safe when ``ack`` of them have it and everything before it is safe; only then may it be read, and its producer hears
of it.

A bookie that is gone is replaced in the ensemble by one that is up, and gets what is not safe yet. What was safe
without it stays where it is: nothing copies old entries to the new bookie (BookKeeper's auto-recovery is left out).

Deduplication knows the last sequence of each producer. Simplified: the broker's processor is used once for a batch; a
broker has as much room as it wants for what bookies have not answered.
"""

from __future__ import annotations

from mqlab.core.codes import K_APPENDED, K_ARRIVED, RANK_EVENT
from mqlab.core.heap import push
from mqlab.core.ledger.codes import (
    A_HELD,
    A_SENT,
    A_WAITING,
    C_DONE,
    D_DEAD,
    K_ENSEMBLE_CHANGED,
    P_ADD_ACK,
    P_ADD_IN,
    P_ENTRY_DO,
)
from mqlab.core.ledger.places import open_place
from mqlab.core.ledger.records import adds, bookies, claims, cursors, ensembles, entries, ledgers, stores
from mqlab.core.ledger.settling import finish, is_served, release_head, wake
from mqlab.core.ledger.standing import shift
from mqlab.core.log.batches import another_place, release
from mqlab.core.log.codes import ANSWER_NOT_LEADER, ANSWER_YES, K_APPEND_SKIPPED
from mqlab.core.log.giving import serve
from mqlab.core.log.leading import answer, put_in, vanish
from mqlab.core.log.records import batches, logs, partitions, replicas, senders
from mqlab.core.recorder import tell
from mqlab.core.records import nodes, runs
from mqlab.jit import State, kernel, seldom

__all__ = [
    "add_acked", "advance", "append", "entry_do", "entry_in", "mend", "place_of", "replace_bookies",
    "send_out", "store_now",
]  # fmt: skip


@kernel
def entry_in(s: State, slot: int, attempt: int, where: int) -> None:
    """A batch reaches a broker, and waits for its processor."""
    node = where % 256
    n = nodes(s, node)
    if n["up"] == 0 or n["epoch"] != where // 256:
        vanish(s, slot, attempt, node)
        return
    b = batches(s, slot)
    part = partitions(s, senders(s, b["sender"])["partition"])["entity"]
    tell(s, K_ARRIVED, b["name"], 0, n["entity"], part, attempt, 0, 0, b["count"])
    push(s, serve(s, node, n["publish_ns"]), RANK_EVENT, P_ENTRY_DO, slot, attempt, where)


@kernel
def entry_do(s: State, slot: int, attempt: int, where: int) -> None:
    """Decide about a batch: store it, or say that it is there already, or that another broker owns the partition."""
    node = where % 256
    n = nodes(s, node)
    if n["up"] == 0 or n["epoch"] != where // 256:
        vanish(s, slot, attempt, node)
        return
    b = batches(s, slot)
    q = senders(s, b["sender"])
    partition = int(q["partition"])
    part = partitions(s, partition)
    known = b["in_log"] == 1 or (b["offset"] >= 0 and b["cut"] == 0)
    if part["leader"] < 0 or replicas(s, part["leader"])["node"] != node:
        answer(s, slot, attempt, ANSWER_NOT_LEADER, node)
    elif stores(s, partition)["deduplicate"] == 1 and known and b["sequence"] < q["expected"]:
        tell(s, K_APPEND_SKIPPED, b["name"], 0, n["entity"], part["entity"], attempt, b["offset"], 0, b["count"])
        if entries(s, slot)["stored"] == 1:
            answer(s, slot, attempt, ANSWER_YES, node)
        else:
            b["answer"] = 1
            b["attempt"] = attempt
    else:
        place = slot
        if known:
            place = another_place(s, slot)
        append(s, place, partition, attempt)
        batches(s, place)["answer"] = 1
        q["expected"] = max(q["expected"], b["sequence"] + b["count"])
        send_out(s, place)
    release(s, slot)


@kernel
def append(s: State, place: int, partition: int, attempt: int) -> None:
    """A batch is the next entry of a partition; it is not safe yet."""
    part = partitions(s, partition)
    store = stores(s, partition)
    open_place(s, place, partition)
    b = batches(s, place)
    root = batches(s, b["root"])
    root["refs"] = root["refs"] + 1
    put_in(s, partition, place)
    b["answer"] = 0
    b["attempt"] = attempt
    count = int(b["count"])
    log = logs(s, 0)
    log["enqueued"] = log["enqueued"] + count
    for view in range(store["cursors"]):
        q = cursors(s, store["first_cursor"] + view)
        q["enqueued"] = q["enqueued"] + count
        if q["at"] < 0:
            q["at"] = place
        shift(s, int(store["first_cursor"] + view), count, 0)
    owner = nodes(s, replicas(s, part["leader"])["node"])
    tell(s, K_APPENDED, b["name"], int(b["index"]), owner["entity"], part["entity"], attempt, b["offset"], 0, count)


@kernel
def send_out(s: State, place: int) -> None:
    """An entry leaves for its bookies."""
    store = stores(s, entries(s, place)["partition"])
    for i in range(store["write"]):
        _send(s, place, i)


@kernel
def _send(s: State, place: int, copy: int) -> None:
    part = partitions(s, entries(s, place)["partition"])
    a = adds(s, place * ledgers(s, 0)["copies"] + copy)
    node = place_of(s, place, copy)
    a["bookie"] = node
    a["epoch"] = nodes(s, node)["epoch"]
    a["state"] = A_SENT
    a["synced"] = 0
    a["stamp"] = a["stamp"] + 1
    root = batches(s, batches(s, place)["root"])
    root["refs"] = root["refs"] + 1
    arrives = runs(s, 0)["now"] + nodes(s, replicas(s, part["leader"])["node"])["network"]
    push(s, arrives, RANK_EVENT, P_ADD_IN, place, copy, int(a["stamp"]))


@kernel
def add_acked(s: State, place: int, copy: int, term: int) -> None:
    """A bookie has an entry; the broker counts how many do."""
    e = entries(s, place)
    partition = int(e["partition"])
    a = adds(s, place * ledgers(s, 0)["copies"] + copy)
    fresh = partitions(s, partition)["term"] == term and is_served(s, partition)
    if fresh and batches(s, place)["in_log"] == 1 and a["acked"] == 0 and a["state"] >= A_WAITING:
        a["acked"] = 1
        e["acks"] = e["acks"] + 1
        if e["stored"] == 0:
            advance(s, partition)
    release(s, int(batches(s, place)["root"]))


@kernel
def advance(s: State, partition: int) -> None:
    """What enough bookies have, and everything before it, is safe."""
    part = partitions(s, partition)
    wait = int(part["wait"])
    while wait >= 0 and entries(s, wait)["acks"] >= stores(s, partition)["ack"]:
        following = int(batches(s, wait)["after"])
        part["wait"] = following
        store_now(s, wait)
        wait = following


@kernel
def store_now(s: State, place: int) -> None:
    """An entry is safe: it may be read, and whoever sent it hears of it."""
    e = entries(s, place)
    partition = int(e["partition"])
    part = partitions(s, partition)
    store = stores(s, partition)
    b = batches(s, place)
    e["stored"] = 1
    part["mark"] = b["offset"] + b["count"]
    if b["answer"] == 1:
        b["answer"] = 0
        node = int(replicas(s, part["leader"])["node"])
        answer(s, int(b["root"]), int(b["attempt"]), ANSWER_YES, node)
    if e["letter_of"] >= 0:
        _settle(s, int(e["letter_of"]))
    for view in range(store["cursors"]):
        wake(s, int(store["first_cursor"] + view))
    if store["cursors"] == 0:
        release_head(s, partition)


@seldom
def _settle(s: State, claim: int) -> None:
    """A letter is safe, so the entry it was written about is done with."""
    if claims(s, claim)["state"] != C_DONE:
        finish(s, claim, D_DEAD)


@seldom
def mend(s: State, partition: int) -> None:
    """Replace bookies that are gone, and send again what is not safe yet."""
    if not is_served(s, partition):
        return
    replace_bookies(s, partition)
    store = stores(s, partition)
    part = partitions(s, partition)
    place = int(part["wait"])
    while place >= 0:
        for i in range(store["write"]):
            a = adds(s, place * ledgers(s, 0)["copies"] + i)
            wanted = place_of(s, place, i)
            if a["acked"] == 1:
                continue
            if a["bookie"] == wanted and a["state"] == A_HELD:
                root = batches(s, batches(s, place)["root"])
                root["refs"] = root["refs"] + 1
                arrives = runs(s, 0)["now"] + 2 * nodes(s, wanted)["network"]
                push(s, arrives, RANK_EVENT, P_ADD_ACK, place, i, int(part["term"]))
            elif a["bookie"] != wanted or a["epoch"] != nodes(s, wanted)["epoch"]:
                _send(s, place, i)
        place = int(batches(s, place)["after"])


@kernel
def place_of(s: State, place: int, copy: int) -> int:
    """Find the bookie that a copy of an entry belongs to as the ensemble is now."""
    e = entries(s, place)
    store = stores(s, e["partition"])
    return int(ensembles(s, store["ensemble"] + (e["number"] + copy) % store["size"])["bookie"])


@seldom
def replace_bookies(s: State, partition: int) -> None:
    """Let others take the places of bookies that are gone."""
    for i in range(stores(s, partition)["size"]):
        _replace(s, partition, i)


@seldom
def _replace(s: State, partition: int, number: int) -> None:
    """Put another bookie in the place of one that is gone, if there is another."""
    store = stores(s, partition)
    place = ensembles(s, store["ensemble"] + number)
    if nodes(s, place["bookie"])["up"] == 1:
        return
    count = int(runs(s, 0)["nodes"])
    for step in range(1, count):
        node = int((place["bookie"] + step) % count)
        free = bookies(s, node)["is_one"] == 1 and nodes(s, node)["up"] == 1
        for i in range(store["size"]):
            if ensembles(s, store["ensemble"] + i)["bookie"] == node:
                free = False
        if free:
            old = nodes(s, place["bookie"])["entity"]
            place["bookie"] = node
            tell(s, K_ENSEMBLE_CHANGED, -1, 0, nodes(s, node)["entity"], partitions(s, partition)["entity"], 0, old,
                 0, 1)  # fmt: skip
            return
