"""A broker goes down and comes back.

    process crash   connections reset at once; what was handed to the operating system survives
    power loss      nobody is told; only what an fsync covered survives

Working off a crash is unbounded (every client, every ready copy), so it goes in stages and pieces, each a
continuation at the same instant: clients, then the disk's lists, then the queues.
"""

from __future__ import annotations

from mqlab.core.alarms import alarms_down, alarms_up
from mqlab.core.codes import (
    C_VANISHED,
    CHUNK,
    CONFIRM_COMMITS,
    CONSUMER,
    D_SYNCED,
    D_WRITTEN,
    E_CRASH,
    E_DISPATCH,
    E_EXPIRE,
    E_RECOVER,
    F_IN_FLIGHT,
    F_LOST,
    K_NODE_CRASHED,
    K_NODE_RESTARTED,
    K_RECOVERED,
    K_VANISHED,
    L_AWAITED,
    L_LATE,
    L_NONE,
    Q_LAZY,
    Q_LIFE,
    Q_SINGLE,
    Q_STANDING,
    Q_TTL,
    QUEUE_REPLICATED,
    RANK_CONTINUE,
    SOCKET_READING,
    X_BROKER_MEMORY,
    X_UNSYNCED_DISK,
)
from mqlab.core.commits import close_channel, drop_commits
from mqlab.core.confirm import NO, send_confirm
from mqlab.core.connection import follow, lost, return_some
from mqlab.core.election import member_down, member_up
from mqlab.core.heap import push
from mqlab.core.lazy import page_out
from mqlab.core.lifecycle import went_down, went_up
from mqlab.core.link import DOWN
from mqlab.core.parking import release_node
from mqlab.core.queue import leave_node, ring_leave, set_ready, take_first
from mqlab.core.recorder import emit, release, tell
from mqlab.core.records import clients, consumers, copies, extras, nodes, producers, queues, runs
from mqlab.core.silence import watch
from mqlab.core.sockets import leave_socket
from mqlab.core.standing import first_standing, next_standing, sort_again
from mqlab.core.turns import stand_down
from mqlab.jit import State, kernel

__all__ = ["crash", "crash_node", "recover", "restart_node"]

_CLIENTS, _DISK, _QUEUES = 0, 1, 2
_AT_ONCE = 64


@kernel
def crash_node(s: State, node: int, power: int) -> None:
    """The broker's process dies (power 0) or its machine loses power (1)."""
    n = nodes(s, node)
    if n["up"] == 0:
        return
    n["up"] = 0
    n["epoch"] = n["epoch"] + 1
    n["power"] = power
    n["went_down"] = runs(s, 0)["now"]
    n["cpu_busy"] = n["cpu_busy"] - _undone(s, n["cpu_free"])
    n["cpu_free"] = 0
    busy_until = n["read_free"]
    if n["flushing"] == 1:
        busy_until = max(busy_until, n["flush_ends"])
    n["disk_busy"] = n["disk_busy"] - _undone(s, busy_until)
    n["read_free"] = 0
    tell(s, K_NODE_CRASHED, -1, 0, n["entity"], -1, 0, 0, power, 1)
    if n["alarm"] != 0:
        alarms_down(s, node)
    _go_on(s, node, _CLIENTS, 0)


@kernel
def _undone(s: State, busy_until: int) -> int:
    """Compute how much of a time that was counted as busy lies in the future."""
    run = runs(s, 0)
    return max(0, min(busy_until, run["end"]) - max(run["now"], run["warmup"]))


@kernel
def _go_on(s: State, node: int, stage: int, cursor: int) -> None:
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_CRASH, node, stage, cursor)


@kernel
def crash(s: State, node: int, stage: int, cursor: int) -> None:
    """Work off the next piece of a crash."""
    if stage == _CLIENTS:
        _crash_clients(s, node, cursor)
    elif stage == _DISK:
        _crash_disk(s, node)
    else:
        _crash_queue(s, node, cursor)


@kernel
def _crash_clients(s: State, node: int, cursor: int) -> None:
    """The broker forgets its connections; after a process crash their clients are told."""
    n = nodes(s, node)
    total = runs(s, 0)["clients"]
    for _ in range(_AT_ONCE):
        if cursor >= total:
            n["opening"] = 0
            if n["stopped"] == 1:
                release_node(s, node, 1)
            _go_on(s, node, _DISK, 0)
            return
        c = clients(s, cursor)
        if c["node"] == node and c["open"] == 1:
            if c["listens"] >= 0:
                ring_leave(s, c["listens"])
            if c["kind"] == CONSUMER:
                ring_leave(s, c["owner"])
                queue = consumers(s, c["owner"])["queue"]
                replicated = (queues(s, queue)["special"] & QUEUE_REPLICATED) != 0
                if not return_some(s, cursor, not replicated):
                    _go_on(s, node, _CLIENTS, cursor)
                    return
                if replicated:  # the queue lives on without this node
                    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_DISPATCH, queue, 0, 0)
            c["open"] = 0
            if c["kind"] == CONSUMER and (queues(s, consumers(s, c["owner"])["queue"])["special"] & Q_SINGLE) != 0:
                stand_down(s, c["owner"], True)
                if (queues(s, consumers(s, c["owner"])["queue"])["special"] & QUEUE_REPLICATED) != 0:
                    follow(s, consumers(s, c["owner"])["queue"])
            if c["socket"] != SOCKET_READING:
                leave_socket(s, cursor)
            n["connected"] = n["connected"] - 1
            if c["tx"] == 1:
                close_channel(s, cursor)
            if (c["silent"] & 2) == 0:
                if n["power"] == 0:
                    lost(s, cursor)
                elif n["stopped"] == 0:  # else its client has been wondering since then
                    watch(s, cursor, DOWN)
        cursor += 1
    _go_on(s, node, _CLIENTS, cursor)


@kernel
def _crash_disk(s: State, node: int) -> None:
    """Writes that waited, or were on their way to the disk, are no longer waited for."""
    n = nodes(s, node)
    for _ in range(CHUNK):
        copy = n["flush_head"]
        if copy >= 0:
            n["flush_head"] = copies(s, copy)["dnext"]
        else:
            copy = n["wait_head"]
            if copy < 0:
                n["wait_tail"] = -1
                n["wait_n"] = 0
                n["wait_bytes"] = 0
                n["flush_n"] = 0
                n["flushing"] = 0
                n["armed"] = 0
                drop_commits(s, node)
                _go_on(s, node, _QUEUES, 0)
                return
            n["wait_head"] = copies(s, copy)["dnext"]
        c = copies(s, copy)
        root = copies(s, c["root"])
        if c["on_disk_list"] == L_AWAITED:
            root["wait"] = root["wait"] - 1
            if root["wait"] == 0 and producers(s, root["producer"])["confirm"] == CONFIRM_COMMITS:
                send_confirm(s, c["root"], NO, root["attempts"])  # a commit on another node hears of it
        c["on_disk_list"] = L_NONE
        release(s, c["root"])
    _go_on(s, node, _DISK, 0)


@kernel
def _survives(s: State, node: int, copy: int) -> bool:
    """Say whether a copy that was meant for the disk got far enough: to the operating system, or past a power cut."""
    n = nodes(s, node)
    c = copies(s, copy)
    if n["power"] == 0:
        return c["storage"] >= D_WRITTEN
    if c["on_disk_list"] == L_LATE:
        return n["lies"] == 0 and n["flushed"] > c["dnext"]
    if c["storage"] < D_SYNCED or n["lies"] == 0:
        return c["storage"] == D_SYNCED
    return n["lies"] > 0 and extras(s, copy)["synced"] + n["lies"] <= runs(s, 0)["now"]


@kernel
def _keep(s: State, node: int, queue: int, copy: int) -> None:
    """A survivor stands in its queue again, as safe as it was: what a power cut spared is on the disk for good."""
    n = nodes(s, node)
    q = queues(s, queue)
    c = copies(s, copy)
    if n["power"] == 1:
        c["storage"] = D_SYNCED
        c["on_disk_list"] = L_NONE
    elif c["storage"] == D_WRITTEN and c["on_disk_list"] == L_NONE:
        c["on_disk_list"] = L_LATE
        c["dnext"] = n["flushes"]
    if (q["special"] & Q_LAZY) != 0:
        page_out(s, copy)
    c["qnext"] = -1
    if q["kept_tail"] < 0:
        q["kept_head"] = copy
    else:
        copies(s, q["kept_tail"])["qnext"] = copy
    q["kept_tail"] = copy


@kernel
def _crash_queue(s: State, node: int, queue: int) -> None:
    """Each copy survives, or vanishes; survivors keep their order."""
    n = nodes(s, node)
    if queue >= runs(s, 0)["queues"]:
        return
    q = queues(s, queue)
    replicated = (q["special"] & QUEUE_REPLICATED) != 0
    if replicated:
        member_down(s, queue, node, n["power"])
    if replicated or q["node"] != node:
        _go_on(s, node, _QUEUES, queue + 1)
        return
    for _ in range(CHUNK):
        copy = take_first(s, queue)
        if copy < 0:
            q["head"] = q["kept_head"]
            q["tail"] = q["kept_tail"]
            q["kept_head"] = -1
            q["kept_tail"] = -1
            _count_ready(s, queue)
            if (q["special"] & Q_LIFE) != 0:
                went_down(s, queue)
            if (q["special"] & Q_STANDING) != 0:
                sort_again(s, queue)
            _go_on(s, node, _QUEUES, queue + 1)
            return
        c = copies(s, copy)
        meant = q["durable"] == 1 and c["persistent"] == 1
        if meant and _survives(s, node, copy):
            _keep(s, node, queue, copy)
        else:
            cause = X_BROKER_MEMORY
            if meant and c["storage"] >= D_WRITTEN:
                cause = X_UNSYNCED_DISK
            c["state"] = C_VANISHED
            c["on_disk_list"] = L_NONE
            if c["fate"] == F_IN_FLIGHT:
                c["fate"] = F_LOST
                c["cause"] = cause
            emit(s, K_VANISHED, copy, n["entity"], q["entity"], 0, 0, cause)
            leave_node(s, copy)
    _go_on(s, node, _QUEUES, queue)


@kernel
def _count_ready(s: State, queue: int) -> None:
    """Count the survivors that stand in the queue again (a walk along the list; no rows, so no pieces)."""
    n = 0
    copy = queues(s, queue)["head"]
    while copy >= 0:
        n += 1
        copy = copies(s, copy)["qnext"]
    set_ready(s, queue, n)


@kernel
def restart_node(s: State, node: int) -> None:
    """The broker is back with what survived; clients connect when they next try."""
    n = nodes(s, node)
    if n["up"] == 1:
        return
    n["up"] = 1
    tell(s, K_NODE_RESTARTED, -1, 0, n["entity"], -1, 0, 0, 0, 1)
    alarms_up(s, node)
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_RECOVER, node, 0, -1)


@kernel
def recover(s: State, node: int, queue: int, copy: int) -> None:
    """Report the copies that are back, a piece at a time; ``copy`` is the next one, -1: the head of the queue."""
    total = runs(s, 0)["queues"]
    now = runs(s, 0)["now"]
    entity = nodes(s, node)["entity"]
    if queue >= total:
        return
    q = queues(s, queue)
    if (q["special"] & QUEUE_REPLICATED) != 0:
        member_up(s, queue, node)
    elif q["node"] == node:
        if copy < 0:
            if (q["special"] & Q_LIFE) != 0:
                went_up(s, queue)
            copy = first_standing(s, queue)
        for _ in range(CHUNK):
            if copy < 0:
                break
            emit(s, K_RECOVERED, copy, entity, q["entity"], 0, copies(s, copy)["position"], 0)
            copy = next_standing(s, queue, copy)
        if copy >= 0:
            push(s, now, RANK_CONTINUE, E_RECOVER, node, queue, copy)
            return
        if (q["special"] & Q_TTL) != 0:
            push(s, now, RANK_CONTINUE, E_EXPIRE, queue, 0, 0)
    push(s, now, RANK_CONTINUE, E_RECOVER, node, queue + 1, -1)
