"""Who reaches whom: nodes, the controller and clients, and the splits that part them.

Everybody has a number: a node its own, machines that are controllers and nothing else ``nodes``, a client
``nodes + 1`` + its own. A split puts some on one side and leaves all others on the other; no packet passes between the
sides, and nobody is told. Splits that overlap are counted. What is on its way when a split begins still arrives, and
what is sent meanwhile is gone: who waits for an answer waits for its time-out.

Nodes speak TCP with each other, so a packet that the link loses (``nodes.*.network.loss``) is only late: by 200 ms, the
least retransmission time-out of Linux (``TCP_RTO_MIN`` in include/net/tcp.h), and by twice as much each time it is lost
again (RFC 6298, 5.5).

A client finds a leader by asking the nodes that it reaches. It stays with the one it has found as long as that one
takes itself for the leader, even if another was elected on the other side; it asks again when a request fails.
"""

from __future__ import annotations

from mqlab.core.link import LOST
from mqlab.core.log.codes import K_SPLIT_BEGAN, K_SPLIT_ENDED
from mqlab.core.log.records import brokers, logs, partitions, replicas, senders, wires
from mqlab.core.recorder import tell
from mqlab.core.records import clients, nodes, producers, runs
from mqlab.jit import U64, State, kernel, seldom
from mqlab.sampling import NETWORK, unit

__all__ = [
    "claims", "hop", "leader_of", "meets", "number_of_client", "replica_on", "serves", "take_side", "turn_split",
]  # fmt: skip

_RTO_NS = 200_000_000
_TRIES = 8


@kernel
def number_of_client(s: State, client: int) -> int:
    """Give a client's number among all ends of links."""
    return runs(s, 0)["nodes"] + 1 + client


@kernel
def meets(s: State, one: int, node: int) -> bool:
    """Say whether packets pass between anybody and a node, both ways."""
    if logs(s, 0)["splits"] == 0 or one == node:
        return True
    return wires(s, one * (runs(s, 0)["nodes"] + 1) + node)["cuts"] == 0


@kernel
def hop(s: State, here: int, there: int, what: U64, attempt: int) -> int:
    """Send a packet from one node to another now; return when it arrives, or LOST."""
    if not meets(s, here, there):
        return LOST
    arrives = runs(s, 0)["now"] + nodes(s, here)["network"]
    if brokers(s, here)["loss"] > 0.0:
        arrives = arrives + _sent_again(s, here, what, attempt)
    return arrives


@seldom
def _sent_again(s: State, node: int, what: U64, attempt: int) -> int:
    """Draw how long a packet's retransmissions take."""
    late = 0
    b = brokers(s, node)
    for k in range(_TRIES):
        if unit(NETWORK, b["ident"], what, attempt, k) > b["loss"]:
            break
        late = late + (_RTO_NS << k)
    return late


@kernel
def replica_on(s: State, partition: int, node: int) -> int:
    """Find a partition's replica on a node; -1: there is none."""
    part = partitions(s, partition)
    for i in range(part["replicas"]):
        if replicas(s, part["first"] + i)["node"] == node:
            return int(part["first"] + i)
    return -1


@kernel
def claims(s: State, replica: int) -> bool:
    """Say whether a replica takes itself for the leader, and runs."""
    r = replicas(s, replica)
    if nodes(s, r["node"])["up"] == 0:
        return False
    return r["stale"] > 0 or partitions(s, r["partition"])["leader"] == replica


@kernel
def serves(s: State, client: int, partition: int) -> bool:
    """Say whether a partition has a leader that a client reaches."""
    leader = partitions(s, partition)["leader"]
    if leader < 0 or nodes(s, replicas(s, leader)["node"])["up"] == 0:
        return False
    return meets(s, number_of_client(s, client), int(replicas(s, leader)["node"]))


@kernel
def leader_of(s: State, sender: int) -> int:
    """Find the replica that a producer takes for the leader of a partition; -1: it knows none."""
    q = senders(s, sender)
    leader = int(partitions(s, q["partition"])["leader"])
    if logs(s, 0)["apart"] == 0:
        if leader >= 0 and nodes(s, replicas(s, leader)["node"])["up"] == 0:
            return -1
        return leader
    return _ask_around(s, sender, leader)


@seldom
def _ask_around(s: State, sender: int, leader: int) -> int:
    """Stay with the leader that was found, or ask all nodes in reach who leads."""
    q = senders(s, sender)
    me = number_of_client(s, int(producers(s, q["producer"])["client"]))
    view = int(q["view"])
    if view >= 0 and claims(s, view) and meets(s, me, int(replicas(s, view)["node"])):
        return view
    found = -1
    for node in range(runs(s, 0)["nodes"]):
        if nodes(s, node)["up"] == 0 or nodes(s, node)["stopped"] == 1 or not meets(s, me, node):
            continue
        own = replica_on(s, int(q["partition"]), node)
        if own >= 0 and found < 0 and claims(s, own):
            found = own
        if brokers(s, node)["heard"] == 1 and leader >= 0 and claims(s, leader):
            if meets(s, me, int(replicas(s, leader)["node"])):
                found = leader
    q["view"] = found
    return found


@seldom
def take_side(s: State, index: int, client: int) -> None:
    """Somebody is on the one side of the next split."""
    number = index
    if client == 1:
        number = number_of_client(s, index)
    wires(s, number * (runs(s, 0)["nodes"] + 1) + runs(s, 0)["nodes"])["side"] = 1


@seldom
def turn_split(s: State, begins: int) -> None:
    """Part those who have taken a side from all others, or let them meet again."""
    run = runs(s, 0)
    width = run["nodes"] + 1
    everybody = width + run["clients"]
    change = 2 * begins - 1
    log = logs(s, 0)
    log["splits"] = log["splits"] + change
    kind = K_SPLIT_ENDED
    if begins == 1:
        kind = K_SPLIT_BEGAN
    for one in range(everybody):
        side = wires(s, one * width + width - 1)["side"]
        if side == 1:
            entity = 0
            if one < run["nodes"]:
                entity = int(nodes(s, one)["entity"])
            else:
                entity = int(clients(s, one - width)["entity"])
            tell(s, kind, -1, 0, entity, -1, 0, 0, 0, 1)
        for node in range(width):
            if wires(s, node * width + width - 1)["side"] != side:
                wire = wires(s, one * width + node)
                wire["cuts"] = wire["cuts"] + change
    for one in range(everybody):
        wires(s, one * width + width - 1)["side"] = 0
