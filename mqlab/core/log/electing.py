"""A partition gets a leader, what the leader does not have is cut off, and the others follow it.

The controller chooses the first replica in sync that it hears; if there is none, any that it hears where
``unclean_election`` allows it. The new leader begins an epoch of its own, at the end of its log. Everybody else cuts
its log where the epochs part (KIP-101), before it fetches: what is beyond is of an epoch that the leader does not know.
Kafka before 0.11 had no epochs: a follower cut its log at the high watermark as it knew it, and fetched the rest again
(``cluster.truncation: high_watermark``). If its leader died before that, what everybody had acknowledged was gone.

What a new leader knows of the high watermark is what its last fetch told it, so it may know less than the old one did:
it raises it when all in sync have fetched from it, and takes nobody into sync who has not got what it had when it
began (KAFKA-7128).

A leader that the controller has given up, but that runs (it is cut off, or stood still), is *stale*: it goes on until
it hears of the new one, and then cuts its log as everybody else. What it appends meanwhile has no future, so it is told
at once that it vanishes; the cut comes later. Simplified: what was cut off stays cut off, even where in Kafka an
unclean election might bring it back.
"""

from __future__ import annotations

from mqlab.core.codes import (
    CHUNK,
    K_LEADER_ELECTED,
    K_NODE_RESTARTED,
    K_VANISHED,
    NEVER,
    RANK_CONTINUE,
    RANK_EVENT,
    X_TRUNCATED,
    X_UNREPLICATED,
    X_UNSYNCED_DISK,
)
from mqlab.core.heap import push
from mqlab.core.log.batches import release
from mqlab.core.log.codes import ACKS_ALL, ANSWER_NOT_LEADER, K_LOG_TRUNCATED, K_STOOD_DOWN, L_CUT, L_ELECT, L_FLUSH
from mqlab.core.log.coordinating import sessions_anew
from mqlab.core.log.coordinator import send_marker
from mqlab.core.log.fetching import forget_fetches
from mqlab.core.log.following import ask_leader, set_in_sync
from mqlab.core.log.leading import answer, raise_mark
from mqlab.core.log.reading import cut_reader
from mqlab.core.log.records import batches, brokers, collectors, logs, partitions, readers, replicas, senders
from mqlab.core.log.standing import refresh
from mqlab.core.recorder import tell
from mqlab.core.records import nodes, runs
from mqlab.jit import State, kernel, seldom

__all__ = ["call_election", "cut", "elect", "enter", "flush", "lead", "rejoin", "turn_away"]


@seldom
def call_election(s: State, partition: int) -> None:
    """Let a partition get a leader, when the controller comes to it."""
    log = logs(s, 0)
    if log["election"] == 0:
        elect(s, partition)
        return
    log["elects"] = max(log["elects"], runs(s, 0)["now"]) + log["election"]
    push(s, int(log["elects"]), RANK_EVENT, L_ELECT, partition, 0, 0)


@kernel
def _may_lead(s: State, replica: int) -> bool:
    """Say whether the controller hears of a replica's node."""
    node = replicas(s, replica)["node"]
    return nodes(s, node)["up"] == 1 and brokers(s, node)["heard"] == 1 and brokers(s, node)["fenced"] == 0


@seldom
def elect(s: State, partition: int) -> None:
    """Choose the first replica in sync that the controller hears; or any that it hears, if that is allowed."""
    part = partitions(s, partition)
    if logs(s, 0)["controller"] < 0:
        return
    leader = int(part["leader"])
    if leader >= 0 and brokers(s, replicas(s, leader)["node"])["fenced"] == 0:
        return
    chosen = -1
    clean = 1
    for i in range(part["replicas"]):
        candidate = int(part["first"] + i)
        if chosen < 0 and replicas(s, candidate)["in_sync"] == 1 and _may_lead(s, candidate):
            chosen = candidate
    if chosen < 0 and part["unclean"] == 1:
        clean = 0
        for i in range(part["replicas"]):
            if chosen < 0 and _may_lead(s, int(part["first"] + i)):
                chosen = int(part["first"] + i)
    if chosen >= 0:
        lead(s, partition, chosen, clean)


@seldom
def lead(s: State, partition: int, chosen: int, clean: int) -> None:
    """A replica leads from now on."""
    part = partitions(s, partition)
    leader = replicas(s, chosen)
    now = runs(s, 0)["now"]
    believed = int(part["in_sync"])
    old = int(part["leader"])
    _cut_off(s, chosen, int(leader["valid"]))
    part["spared"] = 0
    part["leader"] = chosen
    part["term"] = part["term"] + 1
    for i in range(part["replicas"]):
        other = int(part["first"] + i)
        if other != chosen and (clean == 0 or brokers(s, replicas(s, other)["node"])["fenced"] == 1):
            set_in_sync(s, other, 0)
    set_in_sync(s, chosen, 1)
    tell(s, K_LEADER_ELECTED, -1, 0, nodes(s, leader["node"])["entity"], part["entity"], 0, part["term"], 1 - clean, 1)
    if old >= 0 and old != chosen:
        replicas(s, old)["mark"] = part["mark"]
        _depose(s, old, believed)
    for i in range(part["replicas"]):
        r = replicas(s, part["first"] + i)
        r["stamp"] = r["stamp"] + 1
        r["parked"] = 0
        r["asleep"] = 0
        r["valid"] = min(r["valid"], leader["end"])
        r["known"] = 0
        r["caught_up"] = now
        r["asked_end"] = leader["end"]
        r["asked_at"] = now
        r["astray"] = int(not _may_lead(s, int(part["first"] + i)))
    leader["valid"] = NEVER
    leader["known"] = leader["end"]
    leader["stale"] = 0
    part["began"] = leader["end"]
    if old != chosen:
        part["mark"] = min(part["mark"], leader["mark"])
    wait = int(part["wait"])
    while wait >= 0:  # whoever waits for the old leader's answer learns from it, or from the broken connection
        e = batches(s, wait)
        if e["answer"] == ACKS_ALL:
            e["answer"] = 0
        wait = int(e["after"])
    forget_fetches(s, partition)
    part["cut_to"] = leader["end"]
    cut(s, partition)


@kernel
def _depose(s: State, replica: int, believed: int) -> None:
    """The leader before learns of its successor; or, if it is not heard and runs, goes on as if nothing had been."""
    r = replicas(s, replica)
    if nodes(s, r["node"])["up"] == 0:
        return
    partitions(s, r["partition"])["spared"] = 1
    if brokers(s, r["node"])["heard"] == 1:
        turn_away(s, int(r["partition"]), int(r["node"]))
    else:
        r["stale"] = 1
        r["believes"] = believed


@seldom
def turn_away(s: State, partition: int, node: int) -> None:
    """A node that leads no longer says so to all who wait for its answer under acks=all."""
    for sender in range(logs(s, 0)["senders"]):
        q = senders(s, sender)
        if q["partition"] != partition or collectors(s, q["producer"])["acks"] != ACKS_ALL:
            continue
        at = int(q["fly_head"])
        while at >= 0:
            b = batches(s, at)
            if b["target"] == node and b["epoch"] == nodes(s, node)["epoch"]:
                answer(s, at, int(b["attempts"]), ANSWER_NOT_LEADER, node)
            at = int(b["next"])


@seldom
def cut(s: State, partition: int) -> None:
    """Cut off what the new leader does not have, a piece at a time, from the end of what is left of the list."""
    part = partitions(s, partition)
    to = part["cut_to"]
    mark = min(part["mark"], to)
    before = -1
    wait = -1
    slot = int(part["head"])
    while slot >= 0 and batches(s, slot)["offset"] < to:
        if wait < 0 and batches(s, slot)["offset"] + batches(s, slot)["count"] > mark:
            wait = slot
        before = slot
        slot = int(batches(s, slot)["after"])
    part["wait"] = wait
    leader = replicas(s, part["leader"])
    log = logs(s, 0)
    reader = int(part["reader"])
    while reader >= 0:
        cut_reader(s, reader, int(to))
        reader = int(readers(s, reader)["next"])
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
        elif holders > 1 or part["spared"] == 1:
            cause = X_TRUNCATED
        part["below"] = part["below"] + max(min(e["offset"] + e["count"], part["most"]) - e["offset"], 0)
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
    part["mark"] = mark
    part["most"] = min(part["most"], to)
    refresh(s, partition)
    _follow(s, partition)


@kernel
def _follow(s: State, partition: int) -> None:
    """After an election all replicas that know of it follow the new leader, from where their logs agree."""
    part = partitions(s, partition)
    to = part["end"]
    for i in range(part["replicas"]):
        replica = int(part["first"] + i)
        r = replicas(s, replica)
        r["high"] = min(r["high"], to)
        r["synced"] = min(r["synced"], to)
        if replica == part["leader"]:
            r["before"] = 0
        elif r["astray"] == 0:
            _truncate(s, replica)
            ask_leader(s, replica)
    raise_mark(s, partition)


@kernel
def _cut_off(s: State, replica: int, to: int) -> None:
    r = replicas(s, replica)
    if r["end"] > to:
        part = partitions(s, r["partition"])
        more = int(r["end"] - to)
        tell(s, K_LOG_TRUNCATED, -1, 0, nodes(s, r["node"])["entity"], part["entity"], 0, to, 0, more)
        r["end"] = to


@kernel
def _truncate(s: State, replica: int) -> None:
    """A follower cuts off what its leader does not have; without epochs, all that it does not know to be committed."""
    r = replicas(s, replica)
    to = r["valid"]
    if logs(s, 0)["by_mark"] == 1:
        to = min(to, r["mark"])
    _cut_off(s, replica, to)
    r["synced"] = min(r["synced"], r["end"])
    r["mark"] = min(r["mark"], r["end"])
    r["valid"] = NEVER
    r["before"] = 0


@seldom
def enter(s: State, node: int) -> None:
    """A node that starts serves from now on, with what survived."""
    n = nodes(s, node)
    n["up"] = 1
    tell(s, K_NODE_RESTARTED, -1, 0, n["entity"], -1, 0, 0, 0, 1)
    sessions_anew(s, node)
    for replica in range(logs(s, 0)["replicas"]):
        r = replicas(s, replica)
        if r["node"] == node:
            r["synced"] = min(r["synced"], r["end"])
            r["astray"] = 1


@seldom
def rejoin(s: State, node: int) -> None:
    """A node hears who leads what: it stands down, follows, or is what a partition has waited for."""
    for replica in range(logs(s, 0)["replicas"]):
        r = replicas(s, replica)
        if r["node"] != node:
            continue
        partition = int(r["partition"])
        part = partitions(s, partition)
        if r["stale"] == 1:
            r["stale"] = 0
            tell(s, K_STOOD_DOWN, -1, 0, nodes(s, node)["entity"], part["entity"], 0, part["term"], 0, 1)
            turn_away(s, partition, node)
        if part["leader"] == replica and r["astray"] == 0:
            _count_again(s, partition)
            continue
        if part["leader"] < 0 or brokers(s, replicas(s, part["leader"])["node"])["fenced"] == 1:
            call_election(s, partition)
        if r["astray"] == 1 and part["leader"] >= 0 and nodes(s, replicas(s, part["leader"])["node"])["up"] == 1:
            r["astray"] = 0
            _truncate(s, replica)
            r["caught_up"] = runs(s, 0)["now"]
            r["stamp"] = r["stamp"] + 1
            r["parked"] = 0
            ask_leader(s, replica)


@kernel
def _count_again(s: State, partition: int) -> None:
    """A leader that was not heard for a while learns who is in sync no more."""
    part = partitions(s, partition)
    for i in range(part["replicas"]):
        other = int(part["first"] + i)
        if other != part["leader"] and brokers(s, replicas(s, other)["node"])["fenced"] == 1:
            set_in_sync(s, other, 0)
    raise_mark(s, partition)


@seldom
def flush(s: State, node: int) -> None:
    """The operating system has written back a node's page cache."""
    for replica in range(logs(s, 0)["replicas"]):
        r = replicas(s, replica)
        if r["node"] == node and nodes(s, node)["up"] == 1:
            r["synced"] = r["end"]
    push(s, runs(s, 0)["now"] + logs(s, 0)["writeback"], RANK_EVENT, L_FLUSH, node, 0, 0)
