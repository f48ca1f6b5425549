"""A bookie: entries come in, its journal is flushed for several of them together, and each is acknowledged.

    entry ──► waiting ──(group commit: the first has waited long enough, and the disk is free)──► flushing ──► held
                                                                                       acknowledged ──┘

Without ``journal_sync`` an entry is acknowledged as soon as it is handed to the operating system, which writes it
back now and then: it survives the process (kill −9), and not a power cut. Simplified: the journal is all there is,
entry logs and indexes are not looked at; a flush takes the time of an fsync, whatever it covers.
"""

from __future__ import annotations

from mqlab.core.codes import K_SYNCED, K_WRITTEN, RANK_EVENT
from mqlab.core.distributions import sample
from mqlab.core.heap import push
from mqlab.core.ledger.codes import A_HELD, A_NONE, A_SENT, A_WAITING, P_ADD_ACK, P_FLUSH, P_FLUSHED, P_WRITEBACK
from mqlab.core.ledger.records import adds, bookies, entries, ledgers
from mqlab.core.log.batches import release
from mqlab.core.log.records import batches, partitions
from mqlab.core.recorder import tell
from mqlab.core.records import nodes, runs
from mqlab.jit import U64, State, kernel, seldom
from mqlab.sampling import DISK, identity

__all__ = ["add_in", "begin_flush", "flushed", "lose_journal", "write_back"]


@kernel
def add_in(s: State, slot: int, copy: int, stamp: int) -> None:
    """An entry reaches a bookie, unless it has been sent elsewhere since, or the bookie went down."""
    ledger = ledgers(s, 0)
    index = int(slot * ledger["copies"] + copy)
    a = adds(s, index)
    b = batches(s, slot)
    node = int(a["bookie"])
    if a["stamp"] == stamp and a["state"] == A_SENT and _is_there(s, node, int(a["epoch"])) and b["cut"] == 0:
        _join(s, index, node)
        if ledger["sync"] == 0:
            _told(s, index, K_WRITTEN)
            _acknowledge(s, slot, copy, node)
    release(s, int(b["root"]))


@kernel
def _is_there(s: State, node: int, epoch: int) -> bool:
    n = nodes(s, node)
    return n["up"] == 1 and n["epoch"] == epoch


@kernel
def _join(s: State, index: int, node: int) -> None:
    """An entry waits for the next flush."""
    k = bookies(s, node)
    a = adds(s, index)
    a["state"] = A_WAITING
    a["next"] = -1
    root = batches(s, batches(s, index // ledgers(s, 0)["copies"])["root"])
    root["refs"] = root["refs"] + 1
    if k["wait_head"] >= 0:
        adds(s, k["wait_tail"])["next"] = index
    else:
        k["wait_head"] = index
        k["serial"] = k["serial"] + 1
        if ledgers(s, 0)["sync"] == 1:
            push(s, runs(s, 0)["now"] + ledgers(s, 0)["group_wait"], RANK_EVENT, P_FLUSH, node, int(k["serial"]), 0)
    k["wait_tail"] = index


@kernel
def _told(s: State, index: int, kind: int) -> None:
    slot = int(index // ledgers(s, 0)["copies"])
    b = batches(s, slot)
    part = partitions(s, entries(s, slot)["partition"])
    node = nodes(s, adds(s, index)["bookie"])
    tell(s, kind, b["name"], int(b["index"]), node["entity"], part["entity"], 0, b["offset"], 0, b["count"])


@kernel
def _acknowledge(s: State, slot: int, copy: int, node: int) -> None:
    """A bookie tells the broker that it has an entry."""
    b = batches(s, slot)
    root = batches(s, b["root"])
    root["refs"] = root["refs"] + 1
    arrives = runs(s, 0)["now"] + nodes(s, node)["network"]
    term = int(partitions(s, entries(s, slot)["partition"])["term"])
    push(s, arrives, RANK_EVENT, P_ADD_ACK, slot, copy, term)


@kernel
def begin_flush(s: State, node: int, serial: int) -> None:
    """The first entry of a group has waited for long enough."""
    k = bookies(s, node)
    if k["serial"] != serial or k["wait_head"] < 0:
        return
    if k["busy"] == 1:
        k["due"] = 1
    else:
        _flush(s, node)


@kernel
def _flush(s: State, node: int) -> None:
    k = bookies(s, node)
    n = nodes(s, node)
    k["busy"] = 1
    k["due"] = 0
    k["flush_head"] = k["wait_head"]
    k["wait_head"] = -1
    k["wait_tail"] = -1
    what: U64 = identity(n["ident"], k["serial"])
    takes = sample(s, n["fsync"], DISK, n["ident"], what, 0, 0)
    run = runs(s, 0)
    n["flush_ends"] = run["now"] + takes
    n["disk_busy"] = n["disk_busy"] + max(0, min(n["flush_ends"], run["end"]) - max(run["now"], run["warmup"]))
    push(s, run["now"] + takes, RANK_EVENT, P_FLUSHED, node, int(n["epoch"]), 0)


@kernel
def flushed(s: State, node: int, epoch: int) -> None:
    """A flush has ended: all that it covered is safe, and acknowledged."""
    if not _is_there(s, node, epoch):
        return
    k = bookies(s, node)
    k["busy"] = 0
    index = int(k["flush_head"])
    k["flush_head"] = -1
    while index >= 0:
        following = int(adds(s, index)["next"])
        slot = int(index // ledgers(s, 0)["copies"])
        adds(s, index)["state"] = A_HELD
        adds(s, index)["synced"] = 1
        _told(s, index, K_SYNCED)
        _acknowledge(s, slot, int(index % ledgers(s, 0)["copies"]), node)
        release(s, int(batches(s, slot)["root"]))
        index = following
    if k["due"] == 1:
        _flush(s, node)


@kernel
def _empty(s: State, head: int, survives: int) -> None:
    """Let go of a list of entries: they are safe now, or gone."""
    index = head
    while index >= 0:
        a = adds(s, index)
        following = int(a["next"])
        a["state"] = A_NONE
        if survives == 1:
            a["state"] = A_HELD
            a["synced"] = 1
        release(s, int(batches(s, index // ledgers(s, 0)["copies"])["root"]))
        index = following


@seldom
def write_back(s: State, node: int) -> None:
    """The operating system writes back what a journal was handed and not flushed."""
    k = bookies(s, node)
    if nodes(s, node)["up"] == 1:
        _empty(s, int(k["wait_head"]), 1)
        k["wait_head"] = -1
    push(s, runs(s, 0)["now"] + ledgers(s, 0)["writeback"], RANK_EVENT, P_WRITEBACK, node, 0, 0)


@seldom
def lose_journal(s: State, node: int, power: int) -> None:
    """A bookie goes down: what was not written is gone; with its power also what was not flushed."""
    k = bookies(s, node)
    n = nodes(s, node)
    run = runs(s, 0)
    if k["busy"] == 1:
        undone = max(0, min(n["flush_ends"], run["end"]) - max(run["now"], run["warmup"]))
        n["disk_busy"] = n["disk_busy"] - undone
    _empty(s, int(k["wait_head"]), int(power == 0 and ledgers(s, 0)["sync"] == 0))
    _empty(s, int(k["flush_head"]), int(power == 0))
    k["wait_head"] = -1
    k["flush_head"] = -1
    k["busy"] = 0
    k["due"] = 0
