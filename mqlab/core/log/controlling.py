"""The controller: whom it hears, when it takes a node for dead, and what happens while there is no controller.

A node says all the time that it is there. When the controller has heard nothing for ``session``, because the node is
down, stands still or is cut off, it is fenced: it falls out of sync with everything, and what it led gets another
leader. The node itself learns of that when the two hear each other again; until then it takes itself for the leader of
what it led. There are three kinds of controllers:

    quorum             machines of their own (raft), which never fail and are on the larger side of a split
    quorum of voters   some of the nodes are controllers as well. The active one needs a majority of them that runs
                       and that it reaches. If it has none it is the controller no longer; ``failover`` later the first
                       voter that has one takes over, and gives every node a new session. Without a majority nobody is
                       fenced, elected, or taken into sync or out of it
    zookeeper          sessions are kept outside; one of the nodes is the controller. When its own session ends, the
                       next node must first load every partition (``failover`` for each), and it elects the leaders one
                       partition after another (``election`` for each)

A node that starts registers with the controller before it serves anybody. Sources: KIP-500, KIP-631 (broker sessions
and fencing), KIP-595 (raft); J. Rao, "How to choose the number of topics/partitions in a Kafka cluster?" (Confluent,
2015) for what ZooKeeper's controller does one after another.
"""

from __future__ import annotations

from mqlab.core.codes import RANK_EVENT
from mqlab.core.heap import push
from mqlab.core.log.codes import (
    K_CONTROLLER_ELECTED,
    K_CONTROLLER_LOST,
    K_NODE_FENCED,
    K_REGISTERED,
    L_FENCE,
    L_LEARN,
    L_PREFER,
    L_TAKE_OVER,
    VOTERS,
    ZOOKEEPER,
)
from mqlab.core.log.coordinating import move_coordinators
from mqlab.core.log.electing import call_election, enter, lead, rejoin
from mqlab.core.log.following import set_in_sync
from mqlab.core.log.leading import raise_mark
from mqlab.core.log.reaching import meets
from mqlab.core.log.records import brokers, logs, partitions, replicas, senders
from mqlab.core.recorder import tell
from mqlab.core.records import nodes, runs
from mqlab.jit import State, kernel, seldom

__all__ = ["fence", "learn", "part_ways", "prefer", "register", "survey", "take_over"]


@kernel
def _works(s: State, node: int) -> bool:
    """Say whether a node's process runs."""
    return brokers(s, node)["alive"] == 1 and nodes(s, node)["stopped"] == 0


@kernel
def _has_majority(s: State, voter: int) -> bool:
    """Say whether a voter runs and reaches a majority of the voters, itself among them."""
    if not _works(s, voter):
        return False
    n = 0
    for node in range(runs(s, 0)["nodes"]):
        if brokers(s, node)["votes"] == 1 and _works(s, node) and meets(s, voter, node):
            n += 1
    return 2 * n > logs(s, 0)["voters"]


@kernel
def _candidate(s: State) -> int:
    """Find who could be the controller next; -1: nobody."""
    log = logs(s, 0)
    for node in range(runs(s, 0)["nodes"]):
        if log["kind"] == ZOOKEEPER:
            if brokers(s, node)["heard"] == 1 and _works(s, node):
                return node
        elif brokers(s, node)["votes"] == 1 and _has_majority(s, node):
            return node
    return -1


@kernel
def _hears(s: State, node: int) -> bool:
    """Say whether a node and those who keep the sessions hear each other."""
    keeper = int(runs(s, 0)["nodes"])
    if logs(s, 0)["kind"] == VOTERS:
        keeper = int(logs(s, 0)["controller"])
    return _works(s, node) and keeper >= 0 and meets(s, node, keeper)


@kernel
def _call(s: State, after: int) -> None:
    """Let another controller take over after a while, if there is one and none is on its way."""
    log = logs(s, 0)
    if log["called"] == 0 and _candidate(s) >= 0:
        log["called"] = 1
        log["calls"] = log["calls"] + 1
        push(s, runs(s, 0)["now"] + after, RANK_EVENT, L_TAKE_OVER, int(log["calls"]), 0, 0)


@kernel
def _resign(s: State) -> None:
    """The controller is the controller no longer."""
    log = logs(s, 0)
    tell(s, K_CONTROLLER_LOST, -1, 0, nodes(s, log["controller"])["entity"], -1, 0, 0, 0, 1)
    log["controller"] = -1


@kernel
def _load_time(s: State) -> int:
    log = logs(s, 0)
    if log["kind"] == ZOOKEEPER:
        return int(log["failover"] * log["partitions"])
    return int(log["failover"])


@seldom
def survey(s: State) -> None:
    """Something about nodes or links has changed: see who hears whom now."""
    log = logs(s, 0)
    if log["kind"] == VOTERS:
        if log["controller"] >= 0 and not _has_majority(s, int(log["controller"])):
            _resign(s)
        if log["controller"] < 0:
            _call(s, _load_time(s))
    _listen(s)
    if log["kind"] == ZOOKEEPER and log["controller"] < 0:
        _call(s, _load_time(s))


@kernel
def _listen(s: State) -> None:
    """Note which nodes are heard now that were not, and the other way round."""
    run = runs(s, 0)
    log = logs(s, 0)
    for node in range(run["nodes"]):
        b = brokers(s, node)
        heard = int(_hears(s, node))
        if heard == b["heard"]:
            continue
        b["heard"] = heard
        b["serial"] = b["serial"] + 1
        if heard == 1:
            b["over"] = 0
            takes = 2 * nodes(s, node)["network"]
            if b["waiting"] == 1:
                takes = 0
            push(s, run["now"] + takes, RANK_EVENT, L_LEARN, node, int(b["serial"]), 0)
        elif log["kind"] != VOTERS or log["controller"] >= 0:
            push(s, run["now"] + log["session"], RANK_EVENT, L_FENCE, node, int(b["serial"]), 0)


@seldom
def fence(s: State, node: int, serial: int) -> None:
    """The session of a node has ended."""
    b = brokers(s, node)
    log = logs(s, 0)
    if b["serial"] != serial or b["heard"] == 1:
        return
    if log["controller"] < 0 and log["kind"] == VOTERS:
        return  # whoever takes over gives it a new session
    b["over"] = 1
    if log["kind"] == ZOOKEEPER and log["controller"] == node:
        _resign(s)
        _call(s, _load_time(s))
    if log["controller"] >= 0:
        fence_out(s, node)


@kernel
def fence_out(s: State, node: int) -> None:
    """A node leads nothing and is in sync with nothing any more, as far as others can take its place."""
    if brokers(s, node)["fenced"] == 1:
        return
    brokers(s, node)["fenced"] = 1
    move_coordinators(s, node)
    down = nodes(s, node)["up"] == 0
    if brokers(s, node)["heard"] == 0:  # else it registers anew before its session has ended
        tell(s, K_NODE_FENCED, -1, 0, nodes(s, node)["entity"], -1, 0, 0, 0, 1)
    for replica in range(logs(s, 0)["replicas"]):
        r = replicas(s, replica)
        if r["node"] != node:
            continue
        partition = int(r["partition"])
        part = partitions(s, partition)
        if part["leader"] == replica:
            if down and r["in_sync"] == 1 and part["in_sync"] > 1:
                set_in_sync(s, replica, 0)
            if down:
                part["leader"] = -1
            call_election(s, partition)
        elif r["in_sync"] == 1 and part["in_sync"] > 1 and (part["leader"] < 0 or _leads_heard(s, partition)):
            set_in_sync(s, replica, 0)
            if part["leader"] >= 0:
                raise_mark(s, partition)


@kernel
def _leads_heard(s: State, partition: int) -> bool:
    """Say whether a partition's leader is heard, and so learns what the controller decides."""
    leader = partitions(s, partition)["leader"]
    return brokers(s, replicas(s, leader)["node"])["heard"] == 1


@seldom
def learn(s: State, node: int, serial: int) -> None:
    """A node hears from the controller again: what has become of all that it had a part in."""
    b = brokers(s, node)
    if b["serial"] != serial or b["heard"] == 0:
        return
    if b["waiting"] == 1:
        register(s, node)
        return
    if b["fenced"] == 1:
        b["fenced"] = 0
        tell(s, K_REGISTERED, -1, 0, nodes(s, node)["entity"], -1, 0, 0, 0, 1)
    rejoin(s, node)


@seldom
def register(s: State, node: int) -> None:
    """A node that starts is known to the controller under a new registration: it serves from now on."""
    b = brokers(s, node)
    b["waiting"] = 0
    fence_out(s, node)
    b["fenced"] = 0
    enter(s, node)
    rejoin(s, node)


@seldom
def take_over(s: State, call: int) -> None:
    """Another controller begins: it looks at every node and every partition."""
    log = logs(s, 0)
    run = runs(s, 0)
    if log["calls"] != call:
        return
    log["called"] = 0
    chosen = _candidate(s)
    if chosen < 0 or log["controller"] >= 0:
        return
    log["controller"] = chosen
    tell(s, K_CONTROLLER_ELECTED, -1, 0, nodes(s, chosen)["entity"], -1, 0, 0, 0, 1)
    _listen(s)
    for node in range(run["nodes"]):
        b = brokers(s, node)
        if b["heard"] == 0 and log["kind"] == VOTERS:
            b["serial"] = b["serial"] + 1
            push(s, run["now"] + log["session"], RANK_EVENT, L_FENCE, node, int(b["serial"]), 0)
        elif b["heard"] == 0 and b["over"] == 1:
            fence_out(s, node)
    for partition in range(log["partitions"]):
        call_election(s, partition)


@seldom
def prefer(s: State) -> None:
    """Let the replica that stands first in the list lead again, where it is in sync."""
    log = logs(s, 0)
    if log["controller"] >= 0:
        for partition in range(log["partitions"]):
            part = partitions(s, partition)
            r = replicas(s, part["first"])
            usable = r["in_sync"] == 1 and brokers(s, r["node"])["heard"] == 1 and nodes(s, r["node"])["up"] == 1
            if usable and part["leader"] >= 0 and part["leader"] != part["first"] and _leads_heard(s, partition):
                lead(s, partition, int(part["first"]), 1)
    push(s, runs(s, 0)["now"] + log["prefer"], RANK_EVENT, L_PREFER, 0, 0, 0)


@seldom
def part_ways(s: State) -> None:
    """From now on what a producer knows of leaders may be out of date."""
    log = logs(s, 0)
    if log["apart"] == 1:
        return
    log["apart"] = 1
    for sender in range(log["senders"]):
        q = senders(s, sender)
        q["view"] = partitions(s, q["partition"])["leader"]
