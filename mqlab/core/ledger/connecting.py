"""Consumers are connected to cursors, and lose their connection; which one is active where only one may be.

In failover subscriptions the consumers of a partition stand in order, and number (partition mod consumers) is active. A
change takes effect after a delay, and then the new one begins with all that is not acknowledged.
"""

from __future__ import annotations

from mqlab.core.codes import RANK_EVENT
from mqlab.core.heap import push
from mqlab.core.ledger.codes import FAILOVER, K_SWITCHED, P_ATTACH, P_SWITCH, SHARED
from mqlab.core.ledger.records import cursors, hands, ledgers, subscribers, tastes
from mqlab.core.ledger.returning import forget, take_back
from mqlab.core.ledger.settling import is_served, wake
from mqlab.core.link import UP, cross
from mqlab.core.log.records import partitions
from mqlab.core.recorder import tell
from mqlab.core.records import clients, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import CONNECT, identity

__all__ = ["attach", "attached", "cut_off", "detach", "switch"]


@kernel
def _the_one(s: State, cursor: int) -> int:
    """Find the consumer that is to be active; -1 if none is connected."""
    q = cursors(s, cursor)
    connected = 0
    for i in range(q["hands"]):
        connected += int(hands(s, q["first_hand"] + i)["connected"])
    if connected == 0:
        return -1
    wanted = int(q["number"] % connected)
    for i in range(q["hands"]):
        if hands(s, q["first_hand"] + i)["connected"] == 1:
            if wanted == 0:
                return int(q["first_hand"] + i)
            wanted -= 1
    return -1


@kernel
def _elect(s: State, cursor: int) -> None:
    """Who is connected has changed: another may have to be active."""
    q = cursors(s, cursor)
    if q["mode"] >= SHARED:
        wake(s, cursor)
        return
    chosen = _the_one(s, cursor)
    q["stamp"] = q["stamp"] + 1
    if chosen == q["active"]:
        return
    q["active"] = -1
    if chosen >= 0:
        pause = 0
        if q["mode"] == FAILOVER:
            pause = int(ledgers(s, 0)["failover"])
        push(s, runs(s, 0)["now"] + pause, RANK_EVENT, P_SWITCH, cursor, int(q["stamp"]), 0)


@seldom
def switch(s: State, cursor: int, stamp: int) -> None:
    """A consumer becomes the active one, and begins with all that is not acknowledged."""
    q = cursors(s, cursor)
    if q["stamp"] != stamp:
        return
    for i in range(q["hands"]):
        forget(s, int(q["first_hand"] + i))
    take_back(s, cursor, -1, 0)
    q["active"] = _the_one(s, cursor)
    if q["active"] >= 0:
        who = clients(s, subscribers(s, hands(s, q["active"])["member"])["client"])["entity"]
        tell(s, K_SWITCHED, -1, 0, who, partitions(s, q["partition"])["entity"], 0, q["active"] - q["first_hand"], 0, 1)
    wake(s, cursor)


@kernel
def attach(s: State, hand: int) -> None:
    """A consumer connects to the broker that owns a partition, if there is one."""
    h = hands(s, hand)
    m = subscribers(s, h["member"])
    partition = int(cursors(s, h["cursor"])["partition"])
    if m["alive"] == 0 or h["connected"] == 1 or not is_served(s, partition):
        return
    term = int(partitions(s, partition)["term"])
    what = identity(clients(s, m["client"])["self"], hand)
    arrives = cross(s, m["client"], UP, CONNECT, what, term, runs(s, 0)["now"])
    push(s, arrives, RANK_EVENT, P_ATTACH, hand, int(m["life"]), term)


@seldom
def attached(s: State, hand: int, life: int, term: int) -> None:
    """A consumer is connected, with permits for a full receiver queue."""
    h = hands(s, hand)
    m = subscribers(s, h["member"])
    partition = int(cursors(s, h["cursor"])["partition"])
    if m["life"] != life or m["alive"] == 0 or h["connected"] == 1:
        return
    if partitions(s, partition)["term"] != term or not is_served(s, partition):
        return
    h["connected"] = 1
    h["permits"] = tastes(s, m["group"])["receiver"]
    h["taken"] = 0
    h["unacked"] = 0
    _elect(s, int(h["cursor"]))


@kernel
def cut_off(s: State, hand: int) -> None:
    """A connection has ended: what the client had of it is void."""
    h = hands(s, hand)
    h["connected"] = 0
    h["life"] = h["life"] + 1
    forget(s, hand)


@seldom
def detach(s: State, hand: int) -> None:
    """The broker sees that a consumer is gone: what it had is for the others, or for its next life."""
    h = hands(s, hand)
    if h["connected"] == 0:
        return
    cursor = int(h["cursor"])
    cut_off(s, hand)
    take_back(s, cursor, hand, 0)
    if cursors(s, cursor)["active"] == hand:
        cursors(s, cursor)["active"] = -1
    _elect(s, cursor)
