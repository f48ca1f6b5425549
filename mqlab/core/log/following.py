"""Followers: each asks its leader for more, and the leader knows from the question what it has.

A question that finds nothing new is parked until there is something. A follower falls out of sync when it has not been
at the end of the log for ``replica_lag_max`` (looked at every half of it), and comes back when it has all below the
high watermark, and all that the leader had when it was elected. A leader that the controller does not hear changes
nothing of that: under acks=all it goes on waiting for whom it cannot exclude. Simplified: a replica fetches for itself,
where Kafka's brokers bundle the partitions of one leader; a fetch brings all there is.
"""

from __future__ import annotations

from mqlab.core.codes import K_REPLICATED, RANK_EVENT
from mqlab.core.hardware.disks import sync
from mqlab.core.hardware.processors import cost_of, work
from mqlab.core.heap import push
from mqlab.core.link import LOST
from mqlab.core.log.carrying import next_fetch, turn
from mqlab.core.log.codes import K_IN_SYNC, L_FETCH_ASKED, L_FETCH_IN, L_FETCH_ON, L_FETCH_PUT, L_LAG, ZOOKEEPER
from mqlab.core.log.leading import hand_out, raise_mark
from mqlab.core.log.reaching import hop
from mqlab.core.log.records import brokers, logs, partitions, replicas
from mqlab.core.log.storing import FLUSH_SYNC, blocked, put, wait_for_disk
from mqlab.core.recorder import tell
from mqlab.core.records import nodes, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import identity

__all__ = [
    "ask_leader", "fetch_in", "fetch_on", "fetch_put", "fetched", "hear", "look_at_lag", "may_change", "set_in_sync",
]  # fmt: skip


@kernel
def ask_leader(s: State, replica: int) -> None:
    """A follower asks for more."""
    r = replicas(s, replica)
    node = int(r["node"])
    leads = partitions(s, r["partition"])["leader"]
    if leads < 0 or nodes(s, replicas(s, leads)["node"])["up"] == 0:
        return  # whoever is elected will be asked
    leader = replicas(s, leads)
    what = identity(brokers(s, node)["ident"], r["end"])
    arrives = hop(s, node, int(leader["node"]), what, 2 * int(r["stamp"]))
    r["asleep"] = int(arrives == LOST)
    if arrives != LOST:
        push(s, arrives, RANK_EVENT, L_FETCH_IN, replica, int(r["stamp"]), 0)


@seldom
def set_in_sync(s: State, replica: int, value: int) -> None:
    """A replica joins those in sync, or falls out."""
    r = replicas(s, replica)
    part = partitions(s, r["partition"])
    if r["in_sync"] == value:
        return
    r["in_sync"] = value
    part["in_sync"] = part["in_sync"] + 2 * value - 1
    tell(s, K_IN_SYNC, -1, 0, nodes(s, r["node"])["entity"], part["entity"], 0, part["in_sync"], 1 - value, 1)


@kernel
def hear(s: State, replica: int, stamp: int) -> None:
    """With hardware: a follower's question goes to the leader's processor."""
    r = replicas(s, replica)
    leader = partitions(s, r["partition"])["leader"]
    if r["stamp"] == stamp and leader >= 0:
        node = int(replicas(s, leader)["node"])
        push(s, work(s, node, cost_of(s, node, 0, 0)), RANK_EVENT, L_FETCH_ASKED, replica, stamp, 0)


@kernel
def may_change(s: State, partition: int) -> bool:
    """Say whether a partition's leader can have the set of those in sync changed: that is the controller's to write."""
    leader = partitions(s, partition)["leader"]
    log = logs(s, 0)
    if leader < 0 or (log["controller"] < 0 and log["kind"] != ZOOKEEPER):
        return False
    node = replicas(s, leader)["node"]
    return nodes(s, node)["up"] == 1 and brokers(s, node)["heard"] == 1


@kernel
def fetch_in(s: State, replica: int, stamp: int) -> None:
    """A follower's question reaches the leader."""
    r = replicas(s, replica)
    if r["stamp"] != stamp:
        return
    partition = int(r["partition"])
    part = partitions(s, partition)
    now = runs(s, 0)["now"]
    r["known"] = r["end"]
    if r["known"] >= part["end"]:
        r["caught_up"] = now
    elif r["known"] >= r["asked_end"]:
        r["caught_up"] = r["asked_at"]
    if r["in_sync"] == 0 and r["known"] >= max(part["mark"], part["began"]) and may_change(s, partition):
        set_in_sync(s, replica, 1)
    if part["end"] > r["known"]:
        hand_out(s, replica)
    else:
        r["parked"] = 1
    raise_mark(s, partition)


@kernel
def fetched(s: State, replica: int, stamp: int) -> None:
    """What it asked for reaches a follower, which has it in its page cache now."""
    r = replicas(s, replica)
    if r["stamp"] != stamp:
        return
    more = int(r["upto"] - r["end"])
    r["end"] = r["upto"]
    r["high"] = max(r["high"], r["end"])
    r["mark"] = max(r["mark"], min(r["told"], r["end"]))
    part = partitions(s, r["partition"])
    tell(s, K_REPLICATED, -1, 0, nodes(s, r["node"])["entity"], part["entity"], 0, r["end"], 0, more)
    ask_leader(s, replica)


@kernel
def fetch_on(s: State, replica: int, stamp: int, flow: int) -> None:
    """With hardware: a follower's processor has seen what came, and it is stored."""
    r = replicas(s, replica)
    if r["stamp"] != stamp:
        turn(s, flow)
        return
    if blocked(s, replica):
        wait_for_disk(s, replica, L_FETCH_ON, replica, stamp, flow + 1)
        return
    count = int(r["upto"] - r["end"])
    put(s, replica, count, int(count * partitions(s, r["partition"])["record_bytes"]))
    if logs(s, 0)["flush"] == FLUSH_SYNC:
        sync(s, int(r["file"]), L_FETCH_PUT, replica, stamp, flow + 1)
    else:
        fetch_put(s, replica, stamp, flow)


@kernel
def fetch_put(s: State, replica: int, stamp: int, flow: int) -> None:
    """With hardware: a follower has stored what came; its fetcher goes on to the next partition."""
    r = replicas(s, replica)
    if r["stamp"] != stamp:
        turn(s, flow)
        return
    next_fetch(s, flow)
    fetched(s, replica, stamp)
    if logs(s, 0)["flush"] == FLUSH_SYNC:
        r["synced"] = r["end"]


@seldom
def look_at_lag(s: State, partition: int) -> None:
    """The leader looks who has not kept up."""
    part = partitions(s, partition)
    now = runs(s, 0)["now"]
    if may_change(s, partition):
        for i in range(part["replicas"]):
            replica = int(part["first"] + i)
            r = replicas(s, replica)
            slow = r["parked"] == 0 and now - r["caught_up"] > part["lag_max"]
            if replica != part["leader"] and r["in_sync"] == 1 and slow:
                set_in_sync(s, replica, 0)
        raise_mark(s, partition)
    push(s, now + max(part["lag_max"] // 2, 1), RANK_EVENT, L_LAG, partition, 0, 0)
