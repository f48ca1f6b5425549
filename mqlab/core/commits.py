"""Commits at the disk: each waits for its turn and has a flush of its own, where confirms share theirs.

While a commit is routed its copies gather at its client; then the client queues up. Commits and shared flushes take
turns, so neither starves the other.
"""

from __future__ import annotations

from mqlab.core.codes import (
    CHUNK,
    D_WRITTEN,
    E_ROLLBACK,
    E_WRITE,
    FLAG_HOP,
    K_FLUSH_BEGAN,
    K_WRITTEN,
    L_AWAITED,
    NODE_COMMITS,
    RANK_CONTINUE,
    TX_OPEN,
    TX_ROUTING,
)
from mqlab.core.disk import begin_fsync
from mqlab.core.heap import push
from mqlab.core.recorder import emit, tell
from mqlab.core.records import clients, copies, nodes, producers, queues, runs
from mqlab.jit import State, kernel, seldom

__all__ = ["close_channel", "drop_commits", "next_commit", "queue_commit", "store_apart", "write_commit"]


@seldom
def store_apart(s: State, node: int, copy: int) -> bool:
    """Keep a copy apart if it belongs to a commit that is being routed; False if it goes the common way."""
    if (nodes(s, node)["special"] & NODE_COMMITS) == 0:
        return False
    c = copies(s, copy)
    r = copies(s, c["root"])
    client = clients(s, producers(s, r["producer"])["client"])
    if client["tx_state"] != TX_ROUTING or client["node"] != node or (c["flags"] & FLAG_HOP) != 0:
        return False
    r["refs"] = r["refs"] + 1
    r["wait"] = r["wait"] + 1
    c["on_disk_list"] = L_AWAITED
    c["dnext"] = -1
    if client["own_tail"] < 0:
        client["own_head"] = copy
    else:
        copies(s, client["own_tail"])["dnext"] = copy
    client["own_tail"] = copy
    client["own_n"] = client["own_n"] + 1
    client["own_bytes"] = client["own_bytes"] + r["size"]
    return True


@seldom
def queue_commit(s: State, client: int) -> None:
    """Let a commit that has something for the disk queue up there."""
    c = clients(s, client)
    if c["own_head"] < 0:
        return
    n = nodes(s, c["node"])
    if c["queued"] == 0:
        c["queued"] = 1
        c["commit_next"] = -1
        if n["commits_tail"] < 0:
            n["commits_head"] = client
        else:
            clients(s, n["commits_tail"])["commit_next"] = client
        n["commits_tail"] = client
    if n["flushing"] == 0:
        next_commit(s, c["node"])


@seldom
def next_commit(s: State, node: int) -> bool:
    """Begin to write the next commit, unless a shared flush is due; True if there was one."""
    n = nodes(s, node)
    last = n["committing"]
    n["committing"] = 0
    if (n["special"] & NODE_COMMITS) == 0 or (last == 1 and n["wait_head"] >= 0):
        return False
    while n["commits_head"] >= 0:
        client = n["commits_head"]
        c = clients(s, client)
        n["commits_head"] = c["commit_next"]
        if c["commit_next"] < 0:
            n["commits_tail"] = -1
        c["queued"] = 0
        if c["own_head"] >= 0:
            n["committing"] = 1
            n["flushing"] = 1
            n["flush_head"] = c["own_head"]
            n["flush_n"] = 0
            n["commit_bytes"] = c["own_bytes"]
            _empty(s, client)
            write_commit(s, node, n["flush_head"], n["epoch"])
            return True
    return False


@kernel
def _empty(s: State, client: int) -> None:
    c = clients(s, client)
    c["own_head"] = -1
    c["own_tail"] = -1
    c["own_n"] = 0
    c["own_bytes"] = 0


@seldom
def write_commit(s: State, node: int, copy: int, epoch: int) -> None:
    """Hand the copies of a commit to the operating system, a piece at a time, and begin its fsync."""
    n = nodes(s, node)
    if n["epoch"] != epoch:
        return
    for _ in range(CHUNK):
        if copy < 0:
            break
        c = copies(s, copy)
        c["storage"] = max(c["storage"], D_WRITTEN)
        emit(s, K_WRITTEN, copy, n["entity"], queues(s, c["queue"])["entity"], 0, 0, 0)
        n["flush_n"] = n["flush_n"] + 1
        copy = c["dnext"]
    if copy >= 0:
        push(s, runs(s, 0)["now"], RANK_CONTINUE, E_WRITE, node, copy, epoch)
        return
    tell(s, K_FLUSH_BEGAN, -1, 0, n["entity"], -1, 0, n["commit_bytes"], 0, n["flush_n"])
    begin_fsync(s, node, n["commit_bytes"])


@seldom
def close_channel(s: State, client: int) -> None:
    """A connection ended: what its open transaction held is rolled back, what its last commit has stored stays."""
    c = clients(s, client)
    c["tx_state"] = TX_OPEN
    c["tx_left"] = 0
    _give_back(s, client)
    if c["tx_head"] >= 0:
        push(s, runs(s, 0)["now"], RANK_CONTINUE, E_ROLLBACK, client, 0, 0)


@kernel
def _give_back(s: State, client: int) -> None:
    """A connection ended after its commit had come: its copies go to the disk on the common way."""
    c = clients(s, client)
    if c["own_head"] < 0:
        return
    n = nodes(s, c["node"])
    if n["wait_tail"] < 0:
        n["wait_head"] = c["own_head"]
    else:
        copies(s, n["wait_tail"])["dnext"] = c["own_head"]
    n["wait_tail"] = c["own_tail"]
    n["wait_n"] = n["wait_n"] + c["own_n"]
    n["wait_bytes"] = n["wait_bytes"] + c["own_bytes"]
    _empty(s, client)


@seldom
def drop_commits(s: State, node: int) -> None:
    """A node went down: nobody queues up at its disk any more."""
    n = nodes(s, node)
    client = n["commits_head"]
    while client >= 0:
        clients(s, client)["queued"] = 0
        client = clients(s, client)["commit_next"]
    n["commits_head"] = -1
    n["commits_tail"] = -1
    n["committing"] = 0
