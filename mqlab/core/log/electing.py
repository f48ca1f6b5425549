"""A node goes down and comes back; the controller notices, elects leaders, and what they do not have is cut off.

    process crash   connections reset; the page cache survives
    power loss      nobody is told; what was not written back is gone

The controller takes a node for dead when its session ends, or when it comes back under a new registration. The first
live replica in sync leads then; if there is none, any live one where ``unclean_election`` allows it. Everybody else
cuts its log where the new leader's ended (what the leader epochs bring about in Kafka).
"""

from __future__ import annotations

from mqlab.core.codes import (
    CHUNK,
    K_LEADER_ELECTED,
    K_LEADER_LOST,
    K_NODE_CRASHED,
    K_NODE_RESTARTED,
    K_VANISHED,
    NEVER,
    RANK_CONTINUE,
    RANK_EVENT,
    X_TRUNCATED,
    X_UNREPLICATED,
    X_UNSYNCED_DISK,
)
from mqlab.core.hardware.disks import cut_power
from mqlab.core.hardware.processors import empty
from mqlab.core.hardware.records import hards
from mqlab.core.heap import push
from mqlab.core.link import DOWN, LOST, cross
from mqlab.core.log.batches import release
from mqlab.core.log.carrying import reset_requests
from mqlab.core.log.codes import ACKS_ALL, K_LOG_TRUNCATED, L_CUT, L_FENCE, L_FLUSH, L_RESET
from mqlab.core.log.coordinator import send_marker
from mqlab.core.log.following import ask_leader, set_in_sync
from mqlab.core.log.leading import raise_mark
from mqlab.core.log.reading import cut_reader, forget_fetch
from mqlab.core.log.records import batches, brokers, logs, partitions, replicas, senders
from mqlab.core.log.standing import refresh
from mqlab.core.recorder import tell
from mqlab.core.records import nodes, producers, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import CONFIRM, identity

__all__ = ["crash_node", "cut", "fence", "flush", "restart_node"]


@seldom
def crash_node(s: State, node: int, power: int) -> None:
    """A broker's process dies (power 0), or its machine loses power (1)."""
    n = nodes(s, node)
    if n["up"] == 0:
        return
    run = runs(s, 0)
    log = logs(s, 0)
    n["up"] = 0
    n["epoch"] = n["epoch"] + 1
    undone = max(0, min(n["cpu_free"], run["end"]) - max(run["now"], run["warmup"]))
    n["cpu_busy"] = n["cpu_busy"] - undone
    n["cpu_free"] = 0
    brokers(s, node)["fenced"] = 0
    if hards(s, 0)["on"] == 1:
        empty(s, node)
        reset_requests(s, node)
        if power == 1:
            cut_power(s, node)
    tell(s, K_NODE_CRASHED, -1, 0, n["entity"], -1, 0, 0, power, 1)
    for replica in range(log["replicas"]):
        r = replicas(s, replica)
        if r["node"] != node:
            continue
        r["stamp"] = r["stamp"] + 1
        r["parked"] = 0
        part = partitions(s, r["partition"])
        if power == 1:
            r["before"] = max(r["before"], r["end"])
            r["end"] = min(r["end"], r["synced"])
        if part["leader"] == replica:
            tell(s, K_LEADER_LOST, -1, 0, n["entity"], part["entity"], 0, part["term"], 0, 1)
            for i in range(part["replicas"]):
                other = replicas(s, part["first"] + i)
                other["stamp"] = other["stamp"] + 1
                other["parked"] = 0
            if part["reader"] >= 0:
                forget_fetch(s, int(part["reader"]))
    if power == 0:
        for sender in range(log["senders"]):
            q = senders(s, sender)
            leader = partitions(s, q["partition"])["leader"]
            if leader >= 0 and replicas(s, leader)["node"] == node:
                p = producers(s, q["producer"])
                what = identity(p["ident"], n["epoch"])
                arrives = cross(s, p["client"], DOWN, CONFIRM, what, 0, run["now"])
                if arrives != LOST:  # who does not hear of it waits until its requests time out
                    push(s, arrives, RANK_EVENT, L_RESET, sender, node, 0)
    push(s, run["now"] + log["session"], RANK_EVENT, L_FENCE, node, int(n["epoch"]), 0)


@seldom
def fence(s: State, node: int, epoch: int) -> None:
    """The session of a node has ended: it leads nothing and is in sync with nothing any more."""
    if nodes(s, node)["epoch"] == epoch and nodes(s, node)["up"] == 0:
        _fence(s, node)


@kernel
def _fence(s: State, node: int) -> None:
    if brokers(s, node)["fenced"] == 1:
        return
    brokers(s, node)["fenced"] = 1
    for replica in range(logs(s, 0)["replicas"]):
        r = replicas(s, replica)
        if r["node"] != node:
            continue
        partition = int(r["partition"])
        part = partitions(s, partition)
        if r["in_sync"] == 1 and part["in_sync"] > 1:
            set_in_sync(s, replica, 0)
        if part["leader"] == replica:
            part["leader"] = -1
            _elect(s, partition)
        else:
            raise_mark(s, partition)


@kernel
def _elect(s: State, partition: int) -> None:
    """Choose the first live replica in sync; or any live one, if that is allowed."""
    part = partitions(s, partition)
    chosen = -1
    clean = 1
    for i in range(part["replicas"]):
        r = replicas(s, part["first"] + i)
        if chosen < 0 and r["in_sync"] == 1 and nodes(s, r["node"])["up"] == 1:
            chosen = int(part["first"] + i)
    if chosen < 0 and part["unclean"] == 1:
        clean = 0
        for i in range(part["replicas"]):
            if chosen < 0 and nodes(s, replicas(s, part["first"] + i)["node"])["up"] == 1:
                chosen = int(part["first"] + i)
    if chosen < 0:
        return
    leader = replicas(s, chosen)
    part["leader"] = chosen
    part["term"] = part["term"] + 1
    if clean == 0:
        for i in range(part["replicas"]):
            other = int(part["first"] + i)
            if other != chosen:
                set_in_sync(s, other, 0)
        set_in_sync(s, chosen, 1)
    tell(s, K_LEADER_ELECTED, -1, 0, nodes(s, leader["node"])["entity"], part["entity"], 0, part["term"], 1 - clean, 1)
    for i in range(part["replicas"]):
        r = replicas(s, part["first"] + i)
        r["stamp"] = r["stamp"] + 1
        r["parked"] = 0
        r["valid"] = min(r["valid"], leader["end"])
        r["known"] = min(r["known"], leader["end"])
        r["caught_up"] = runs(s, 0)["now"]
        r["asked_end"] = leader["end"]
        r["asked_at"] = runs(s, 0)["now"]
    leader["valid"] = NEVER
    leader["known"] = leader["end"]
    wait = int(part["wait"])
    while wait >= 0:  # whoever waited for the old leader's answer learns from the broken connection
        e = batches(s, wait)
        if e["answer"] == ACKS_ALL:
            e["answer"] = 0
        wait = int(e["after"])
    part["cut_to"] = leader["end"]
    cut(s, partition)


@seldom
def cut(s: State, partition: int) -> None:
    """Cut off what the new leader does not have, a piece at a time, from the end of what is left of the list."""
    part = partitions(s, partition)
    to = part["cut_to"]
    before = -1
    slot = int(part["head"])
    while slot >= 0 and batches(s, slot)["offset"] < to:
        before = slot
        slot = int(batches(s, slot)["after"])
    if slot >= 0 and part["wait"] >= 0 and batches(s, part["wait"])["offset"] >= to:
        part["wait"] = -1
    leader = replicas(s, part["leader"])
    log = logs(s, 0)
    if part["reader"] >= 0:
        cut_reader(s, int(part["reader"]), to)
    for _ in range(CHUNK):
        if slot < 0:
            break
        e = batches(s, slot)
        following = int(e["after"])
        holders = 0
        for i in range(part["replicas"]):
            if replicas(s, part["first"] + i)["high"] >= e["offset"] + e["count"]:
                holders += 1
        cause = X_UNREPLICATED
        if leader["before"] >= e["offset"] + e["count"]:
            cause = X_UNSYNCED_DISK
        elif holders > 1:
            cause = X_TRUNCATED
        e["in_log"] = 0
        e["cut"] = 1
        e["cause"] = cause
        e["after"] = -1
        q = senders(s, e["sender"])
        if q["first_slot"] == slot:
            q["first_slot"] = -1
            q["first_offset"] = -1
        if e["control"] == 1:
            send_marker(s, int(e["sender"]))
        else:
            if e["life"] == q["life"]:
                q["expected"] = min(q["expected"], e["sequence"])
            log["vanished"] = log["vanished"] + e["count"]
            tell(s, K_VANISHED, e["name"], int(e["index"]), nodes(s, leader["node"])["entity"], part["entity"], 0,
                 e["offset"], cause, e["count"])  # fmt: skip
        release(s, int(e["root"]))
        slot = following
    if before < 0:
        part["head"] = slot
    else:
        batches(s, before)["after"] = slot
    if slot >= 0:
        push(s, runs(s, 0)["now"], RANK_CONTINUE, L_CUT, partition, 0, 0)
        return
    part["tail"] = before
    part["end"] = to
    part["mark"] = min(part["mark"], to)
    refresh(s, partition)
    _follow(s, partition)


@kernel
def _follow(s: State, partition: int) -> None:
    """After an election all live replicas follow the new leader, from where their logs agree."""
    part = partitions(s, partition)
    to = part["end"]
    for i in range(part["replicas"]):
        replica = int(part["first"] + i)
        r = replicas(s, replica)
        r["high"] = min(r["high"], to)
        r["synced"] = min(r["synced"], to)
        if replica == part["leader"]:
            r["before"] = 0
        elif nodes(s, r["node"])["up"] == 1:
            _truncate(s, replica)
            ask_leader(s, replica)
    raise_mark(s, partition)


@kernel
def _truncate(s: State, replica: int) -> None:
    """A follower cuts off what its leader does not have."""
    r = replicas(s, replica)
    if r["end"] > r["valid"]:
        part = partitions(s, r["partition"])
        more = int(r["end"] - r["valid"])
        tell(s, K_LOG_TRUNCATED, -1, 0, nodes(s, r["node"])["entity"], part["entity"], 0, r["valid"], 0, more)
        r["end"] = r["valid"]
    r["synced"] = min(r["synced"], r["end"])
    r["valid"] = NEVER
    r["before"] = 0


@seldom
def restart_node(s: State, node: int) -> None:
    """A broker is back with what survived, under a new registration."""
    n = nodes(s, node)
    if n["up"] == 1:
        return
    _fence(s, node)
    n["up"] = 1
    tell(s, K_NODE_RESTARTED, -1, 0, n["entity"], -1, 0, 0, 0, 1)
    for replica in range(logs(s, 0)["replicas"]):
        r = replicas(s, replica)
        if r["node"] != node:
            continue
        partition = int(r["partition"])
        part = partitions(s, partition)
        r["synced"] = min(r["synced"], r["end"])
        if part["leader"] < 0:
            _elect(s, partition)
        elif nodes(s, replicas(s, part["leader"])["node"])["up"] == 1:
            _truncate(s, replica)
            r["caught_up"] = runs(s, 0)["now"]
            ask_leader(s, replica)


@seldom
def flush(s: State, node: int) -> None:
    """The operating system has written back a node's page cache."""
    for replica in range(logs(s, 0)["replicas"]):
        r = replicas(s, replica)
        if r["node"] == node and nodes(s, node)["up"] == 1:
            r["synced"] = r["end"]
    push(s, runs(s, 0)["now"] + logs(s, 0)["writeback"], RANK_EVENT, L_FLUSH, node, 0, 0)
