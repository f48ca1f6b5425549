"""A node goes down and comes back, stands still and goes on, is cut off and meets the others again.

    process crash   connections reset; the page cache survives
    power loss      nobody is told; what was not written back is gone
    pause           the process stands still (garbage collection, SIGSTOP) and goes on as if nothing had been: what came
                    meanwhile waits, in the order in which it came, and is handled before the node learns what it missed
    split           packets vanish, see :mod:`mqlab.core.log.reaching`

The controller notices what it does not hear (:mod:`mqlab.core.log.controlling`). Simplified: work that a processor had
in hand when its process was stopped is done at the moment when that goes on.
"""

from __future__ import annotations

from mqlab.core.codes import (
    K_LEADER_LOST,
    K_NODE_CRASHED,
    K_PAUSED,
    K_RESUMED,
    RANK_EVENT,
)
from mqlab.core.hardware.disks import cut_power
from mqlab.core.hardware.processors import empty
from mqlab.core.hardware.records import hards
from mqlab.core.heap import close_hole, push, reorder
from mqlab.core.link import DOWN, LOST, cross
from mqlab.core.log.carrying import reset_requests
from mqlab.core.log.codes import (
    L_ASK_IN,
    L_BATCH_DO,
    L_BATCH_IN,
    L_BATCH_ON,
    L_BATCH_PUT,
    L_FETCH_ASKED,
    L_FETCH_IN,
    L_FETCH_ON,
    L_FETCH_PUT,
    L_FETCHED,
    L_GIVE,
    L_GIVE_OUT,
    L_RESET,
)
from mqlab.core.log.controlling import part_ways, register, survey
from mqlab.core.log.fetching import forget_fetch, forget_fetches
from mqlab.core.log.following import ask_leader
from mqlab.core.log.reaching import meets, number_of_client, replica_on, turn_split
from mqlab.core.log.records import brokers, logs, partitions, pollers, readers, replicas, senders
from mqlab.core.parking import PARKED
from mqlab.core.recorder import tell
from mqlab.core.records import heap, nodes, producers, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import CONFIRM, identity

__all__ = ["crash_node", "park", "pause_node", "restart_node", "split"]


@seldom
def crash_node(s: State, node: int, power: int) -> None:
    """A broker's process dies (power 0), or its machine loses power (1)."""
    n = nodes(s, node)
    b = brokers(s, node)
    if b["alive"] == 0:
        return
    if n["stopped"] == 1:
        _go_on(s, node, 1)
    b["alive"] = 0
    b["waiting"] = 0
    if n["up"] == 0:  # it had not been let in yet
        survey(s)
        return
    run = runs(s, 0)
    log = logs(s, 0)
    n["up"] = 0
    n["epoch"] = n["epoch"] + 1
    undone = max(0, min(n["cpu_free"], run["end"]) - max(run["now"], run["warmup"]))
    n["cpu_busy"] = n["cpu_busy"] - undone
    n["cpu_free"] = 0
    b["fenced"] = 0
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
        r["asleep"] = 0
        r["stale"] = 0
        part = partitions(s, r["partition"])
        if part["leader"] == replica:
            r["mark"] = part["mark"]
        if power == 1:
            r["before"] = max(r["before"], r["end"])
            r["end"] = min(r["end"], r["synced"])
            r["mark"] = min(r["mark"], r["end"])
        if part["leader"] == replica:
            tell(s, K_LEADER_LOST, -1, 0, n["entity"], part["entity"], 0, part["term"], 0, 1)
            for i in range(part["replicas"]):
                other = replicas(s, part["first"] + i)
                other["stamp"] = other["stamp"] + 1
                other["parked"] = 0
            forget_fetches(s, int(r["partition"]))
    if power == 0:
        _reset_senders(s, node)
    survey(s)


@kernel
def _reset_senders(s: State, node: int) -> None:
    """Producers learn that their connection to a node is broken."""
    run = runs(s, 0)
    n = nodes(s, node)
    for sender in range(logs(s, 0)["senders"]):
        q = senders(s, sender)
        client = int(producers(s, q["producer"])["client"])
        if replica_on(s, int(q["partition"]), node) < 0 or not meets(s, number_of_client(s, client), node):
            continue
        leader = partitions(s, q["partition"])["leader"]
        if logs(s, 0)["apart"] == 1 or (leader >= 0 and replicas(s, leader)["node"] == node):
            what = identity(producers(s, q["producer"])["ident"], n["epoch"])
            arrives = cross(s, client, DOWN, CONFIRM, what, 0, run["now"])
            if arrives != LOST:  # who does not hear of it waits until its requests time out
                push(s, arrives, RANK_EVENT, L_RESET, sender, node, 0)


@seldom
def restart_node(s: State, node: int) -> None:
    """A broker's process starts again; it serves when the controller has heard of it."""
    b = brokers(s, node)
    if b["alive"] == 1:
        return
    b["alive"] = 1
    b["waiting"] = 1
    b["heard"] = 0
    survey(s)
    if b["heard"] == 1:
        register(s, node)


@seldom
def pause_node(s: State, node: int, begins: int) -> None:
    """A broker's process stands still from now on, or the reason for that is over; reasons are counted."""
    n = nodes(s, node)
    run = runs(s, 0)
    if begins == 1:
        n["pauses"] = n["pauses"] + 1
        if n["stopped"] == 1 or brokers(s, node)["alive"] == 0:
            return
        part_ways(s)
        n["stopped"] = 1
        n["since"] = run["now"]
        run["paused"] = run["paused"] + 1
        tell(s, K_PAUSED, -1, 0, n["entity"], -1, 0, 0, 0, 1)
        survey(s)
        return
    n["pauses"] = max(n["pauses"] - 1, 0)
    if n["pauses"] == 0 and n["stopped"] == 1:
        _go_on(s, node, 0)
        survey(s)


@kernel
def _node_of(s: State, kind: int, a: int, c: int) -> int:
    """Find the node whose process handles an event; -1: none does."""
    partition = -1
    if kind in (L_BATCH_IN, L_BATCH_DO, L_BATCH_ON, L_BATCH_PUT):
        return c % 256
    if kind in (L_GIVE, L_GIVE_OUT):
        return c
    if kind in (L_FETCHED, L_FETCH_ON, L_FETCH_PUT):
        return replicas(s, a)["node"]
    if kind in (L_FETCH_IN, L_FETCH_ASKED):
        partition = int(replicas(s, a)["partition"])
    elif kind == L_ASK_IN:
        partition = int(readers(s, a)["partition"])
    if partition >= 0 and partitions(s, partition)["leader"] >= 0:
        return replicas(s, partitions(s, partition)["leader"])["node"]
    return -1


@seldom
def park(s: State, kind: int, a: int, b: int, c: int) -> bool:
    """Put an event aside if whoever handles it stands still."""
    node = _node_of(s, kind, a, c)
    if node < 0 or nodes(s, node)["stopped"] == 0:
        return False
    push(s, PARKED + runs(s, 0)["now"], RANK_EVENT, kind, a, b, c)
    return True


@kernel
def _go_on(s: State, node: int, died: int) -> None:
    """A process goes on, or is killed: what waited for it, or now waits for nobody, happens."""
    n = nodes(s, node)
    run = runs(s, 0)
    close_hole(s)
    n["stopped"] = 0
    run["paused"] = run["paused"] - 1
    for i in range(run["heap_n"]):
        event = heap(s, i)
        if event["time"] >= PARKED:
            other = _node_of(s, event["kind"], event["a"], event["c"])
            if other < 0 or nodes(s, other)["stopped"] == 0:
                event["time"] = run["now"]
    reorder(s)
    tell(s, K_RESUMED, -1, 0, n["entity"], -1, 0, run["now"] - n["since"], died, 1)


@seldom
def split(s: State, begins: int) -> None:
    """Those who have taken a side are cut off from all others, or meet them again."""
    part_ways(s)
    turn_split(s, begins)
    for reader in range(logs(s, 0)["readers"]):
        r = readers(s, reader)
        if r["poller"] < 0:
            continue
        leader = partitions(s, r["partition"])["leader"]
        me = number_of_client(s, int(pollers(s, r["poller"])["client"]))
        if leader >= 0 and not meets(s, me, int(replicas(s, leader)["node"])):
            forget_fetch(s, reader)
    survey(s)
    for replica in range(logs(s, 0)["replicas"]):
        r = replicas(s, replica)
        if r["asleep"] == 1 and r["astray"] == 0:
            r["stamp"] = r["stamp"] + 1
            r["parked"] = 0
            ask_leader(s, replica)
