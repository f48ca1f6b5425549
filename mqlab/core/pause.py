"""A process stands still (a garbage collection, SIGSTOP, a frozen virtual machine), and goes on later.

Nobody is told. Its operating system goes on taking packets and answering for it, so connections stay, until the other
side has heard no heartbeat for too long. What comes meanwhile waits (:mod:`mqlab.core.parking`).

    a broker      handles nothing: publishes, acknowledgements and time-outs wait, its processor's work ends later;
                  whoever tries to connect gets no answer and tries again later
    a consumer    its work in progress ends later; deliveries wait. If the broker gives it up, its work is redone by
                  somebody else while it sleeps, and again when it wakes up: it does not know yet
    a producer    creates nothing by itself (a closed loop); what comes from outside has the time at which it came,
                  and waits to be sent. Confirms and time-outs wait, in the order in which they came

Faults that overlap are counted: the process goes on when the last is over. A process that dies stands still no more,
and the one that is started in its place runs.
"""

from __future__ import annotations

from mqlab.core.codes import E_UNHEARD, K_PAUSED, RANK_CONTINUE
from mqlab.core.heap import push
from mqlab.core.link import DOWN, UP
from mqlab.core.parking import release_client, release_node
from mqlab.core.recorder import tell
from mqlab.core.records import clients, nodes, runs
from mqlab.core.silence import watch
from mqlab.jit import State, seldom

__all__ = ["pause_client", "pause_node", "unheard"]

_AT_ONCE = 64


@seldom
def pause_node(s: State, node: int, begins: int) -> None:
    """A broker's process stands still from now on, or the reason for that is over."""
    n = nodes(s, node)
    run = runs(s, 0)
    if begins == 1:
        n["pauses"] = n["pauses"] + 1
        if n["stopped"] == 1 or n["up"] == 0:
            return
        n["stopped"] = 1
        n["since"] = run["now"]
        run["paused"] = run["paused"] + 1
        tell(s, K_PAUSED, -1, 0, n["entity"], -1, 0, 0, 0, 1)
        push(s, run["now"], RANK_CONTINUE, E_UNHEARD, node, 0, 0)
        return
    n["pauses"] = max(n["pauses"] - 1, 0)
    if n["pauses"] == 0 and n["stopped"] == 1:
        release_node(s, node, 0)


@seldom
def unheard(s: State, node: int, cursor: int) -> None:
    """The clients of a broker that stands still begin to wonder, a piece at a time."""
    run = runs(s, 0)
    for _ in range(_AT_ONCE):
        if cursor >= run["clients"]:
            return
        c = clients(s, cursor)
        if c["node"] == node and c["up"] == 1 and (c["silent"] & 2) == 0:
            watch(s, cursor, DOWN)
        cursor += 1
    push(s, run["now"], RANK_CONTINUE, E_UNHEARD, node, cursor, 0)


@seldom
def pause_client(s: State, client: int, begins: int) -> None:
    """A client's process stands still from now on, or the reason for that is over."""
    c = clients(s, client)
    run = runs(s, 0)
    if begins == 1:
        c["pauses"] = c["pauses"] + 1
        if c["stopped"] == 1 or c["alive"] == 0:
            return
        c["stopped"] = 1
        c["since"] = run["now"]
        run["paused"] = run["paused"] + 1
        tell(s, K_PAUSED, -1, 0, c["entity"], -1, 0, 0, 0, 1)
        if (c["silent"] & 1) == 0:
            watch(s, client, UP)
        return
    c["pauses"] = max(c["pauses"] - 1, 0)
    if c["pauses"] == 0 and c["stopped"] == 1:
        release_client(s, client, 0)
