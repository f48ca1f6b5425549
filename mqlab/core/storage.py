"""The broker's disk: one flush at a time, and group commit.

    memory ──(flush begins: handed to the operating system)──► written ──(flush ends: fsync returned)──► synced

A process crash takes what is only in memory, a power cut also what is written and not synced. Confirms for
persistent copies on durable queues wait for the end of their flush. What was written when the process crashed is
synced by the first flush that begins afterwards.

A disk that lies says "synced" as soon as the data are in the drive's own cache: a power cut takes what has not left
it, confirmed or not.
"""

from __future__ import annotations

from mqlab.core.codes import (
    CHUNK,
    D_SYNCED,
    D_WRITTEN,
    E_FLUSH_END,
    E_FLUSH_START,
    FLAG_HOP,
    K_FLUSH_BEGAN,
    K_FLUSH_ENDED,
    K_SYNCED,
    K_WRITTEN,
    L_AWAITED,
    L_NONE,
    L_QUIET,
    NODE_LAZY,
    NODE_LIES,
    NODE_MEMBERS,
    RANK_CONTINUE,
    RANK_EVENT,
)
from mqlab.core.commits import next_commit, store_apart
from mqlab.core.confirm import YES, is_refused, send_confirm
from mqlab.core.disk import begin_fsync
from mqlab.core.heap import push
from mqlab.core.lazy import page_out
from mqlab.core.quorum import gather, replicas_synced
from mqlab.core.recorder import emit, release, tell
from mqlab.core.records import copies, extras, nodes, producers, queues, runs
from mqlab.jit import State, kernel, seldom

__all__ = ["flush_end", "flush_start", "store", "store_quietly"]


@kernel
def store(s: State, copy: int) -> None:
    """Put a copy on the list for the next flush."""
    c = copies(s, copy)
    index = queues(s, c["queue"])["node"]
    n = nodes(s, index)
    if n["special"] != 0 and store_apart(s, index, copy):
        return
    root = copies(s, c["root"])
    root["refs"] = root["refs"] + 1
    c["on_disk_list"] = L_QUIET
    if (c["flags"] & FLAG_HOP) == 0:
        root["wait"] = root["wait"] + 1
        c["on_disk_list"] = L_AWAITED
    c["dnext"] = -1
    if n["wait_tail"] < 0:
        n["wait_head"] = copy
    else:
        copies(s, n["wait_tail"])["dnext"] = copy
    n["wait_tail"] = copy
    n["wait_n"] = n["wait_n"] + 1
    n["wait_bytes"] = n["wait_bytes"] + root["size"]
    if n["flushing"] == 0 and n["armed"] == 0:
        n["armed"] = 1
        push(s, runs(s, 0)["now"] + n["group_commit"], RANK_EVENT, E_FLUSH_START, index, 0, n["epoch"])


@seldom
def store_quietly(s: State, copy: int) -> None:
    """Put a copy on the list for the next flush that no confirm waits for: a lazy queue pages it out."""
    store(s, copy)
    c = copies(s, copy)
    if c["on_disk_list"] == L_AWAITED:
        c["on_disk_list"] = L_QUIET
        root = copies(s, c["root"])
        root["wait"] = root["wait"] - 1


@kernel
def flush_start(s: State, node: int, epoch: int) -> None:
    """Hand all that waits to the operating system and begin an fsync.

    Rows come one a copy, which is unbounded; so the list moves a piece at a time and the fsync begins with the last.
    """
    n = nodes(s, node)
    if n["epoch"] != epoch:
        return
    if n["committing"] == 1:  # the disk is busy with a commit; what waits comes next
        n["armed"] = 0
        return
    copy = n["wait_head"]
    if n["flushing"] == 0:
        n["flushing"] = 1
        n["armed"] = 0
        n["flush_head"] = copy
        n["flush_n"] = 0
    run = runs(s, 0)
    for _ in range(CHUNK):
        if copy < 0:
            break
        c = copies(s, copy)
        c["storage"] = max(c["storage"], D_WRITTEN)
        emit(s, K_WRITTEN, copy, n["entity"], queues(s, c["queue"])["entity"], 0, 0, 0)
        n["flush_n"] = n["flush_n"] + 1
        copy = c["dnext"]
    n["wait_head"] = copy
    if copy >= 0:
        push(s, run["now"], RANK_CONTINUE, E_FLUSH_START, node, 0, epoch)
        return
    n["wait_tail"] = -1
    if (n["special"] & NODE_MEMBERS) != 0:
        gather(s, node)
    size = n["wait_bytes"]
    n["wait_bytes"] = 0
    n["wait_n"] = 0
    tell(s, K_FLUSH_BEGAN, -1, 0, n["entity"], -1, 0, size, 0, n["flush_n"])
    begin_fsync(s, node, size)


@seldom
def _after_sync(s: State, node: int, copy: int) -> None:
    """Do what only some nodes do when an fsync has said that a copy is safe."""
    if (nodes(s, node)["special"] & NODE_LIES) != 0:
        extras(s, copy)["synced"] = runs(s, 0)["now"]
    if (nodes(s, node)["special"] & NODE_LAZY) != 0:
        page_out(s, copy)


@kernel
def flush_end(s: State, node: int, epoch: int) -> None:
    """The fsync returned: what it covered is safe, and producers that waited for it are told."""
    n = nodes(s, node)
    if n["epoch"] != epoch:
        return
    copy = n["flush_head"]
    for _ in range(CHUNK):
        if copy < 0:
            break
        c = copies(s, copy)
        following = c["dnext"]
        root_index = c["root"]
        c["storage"] = D_SYNCED
        awaited = c["on_disk_list"] == L_AWAITED
        c["on_disk_list"] = L_NONE
        if n["special"] != 0:
            _after_sync(s, node, copy)
        emit(s, K_SYNCED, copy, n["entity"], queues(s, c["queue"])["entity"], 0, 0, 0)
        root = copies(s, root_index)
        if awaited:
            root["wait"] = root["wait"] - 1
            stored = root["wait"] == 0 and producers(s, root["producer"])["confirm_processed"] == 0
            if stored and not is_refused(s, root_index):
                send_confirm(s, root_index, YES, root["attempts"])
        release(s, root_index)
        copy = following
    n["flush_head"] = copy
    now = runs(s, 0)["now"]
    if copy >= 0:
        push(s, now, RANK_CONTINUE, E_FLUSH_END, node, 0, epoch)
        return
    tell(s, K_FLUSH_ENDED, -1, 0, n["entity"], -1, 0, 0, 0, n["flush_n"])
    n["flushing"] = 0
    n["flush_n"] = 0
    n["flushed"] = n["flushes"]
    commits = n["special"] != 0 and next_commit(s, node)
    if n["wait_head"] >= 0 and not commits and n["armed"] == 0:  # else its flush is due: a commit came before it
        n["armed"] = 1
        push(s, now, RANK_EVENT, E_FLUSH_START, node, 0, epoch)
    if (n["special"] & NODE_MEMBERS) != 0:
        replicas_synced(s, node, n["members"])
