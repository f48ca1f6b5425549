"""What the world does to a log: nodes and clients that go down, stand still, are slow or cut off."""

from __future__ import annotations

from mqlab.core.codes import (
    K_SILENCE_BEGAN,
    K_SILENCE_ENDED,
    W_CRASH_CLIENT,
    W_CRASH_NODE,
    W_PAUSE_NODE,
    W_POWER_LOSS,
    W_RESET,
    W_RESTART_CLIENT,
    W_RESTART_NODE,
    W_SIDE,
    W_SILENCE,
    W_SLOW_NODE,
    W_SPEAK,
    W_SPLIT,
)
from mqlab.core.log.answering import let_all_go
from mqlab.core.log.failing import crash_node, pause_node, restart_node, split
from mqlab.core.log.incarnations import crash_producer, restart_producer
from mqlab.core.log.joining import (
    crash_member,
    restart_member,
)
from mqlab.core.log.reaching import take_side
from mqlab.core.log.records import collectors, pollers
from mqlab.core.recorder import tell
from mqlab.core.records import clients, runs
from mqlab.core.slow import slow_node
from mqlab.jit import State, kernel, seldom

__all__ = ["command"]

_PRODUCER = 0
_BOTH = 3


@seldom
def command(s: State, kind: int, a: int, b: int, c: int) -> bool:
    """Do what the world says; False if it makes no sense."""
    run = runs(s, 0)
    if kind == W_SPLIT:
        split(s, c)
        return True
    if kind == W_SIDE:
        if not 0 <= a < (1 - b) * run["nodes"] + b * run["clients"]:
            return False
        take_side(s, a, b)
        return True
    if kind in (W_PAUSE_NODE, W_SLOW_NODE):
        if not 0 <= a < run["nodes"]:
            return False
        if kind == W_PAUSE_NODE:
            pause_node(s, a, c)
        else:
            slow_node(s, a, b, c)
        return True
    if kind in (W_CRASH_NODE, W_POWER_LOSS, W_RESTART_NODE):
        if not 0 <= a < run["nodes"]:
            return False
        if kind == W_RESTART_NODE:
            restart_node(s, a)
        else:
            crash_node(s, a, int(kind == W_POWER_LOSS))
        return True
    if not 0 <= a < run["clients"]:
        return False
    owner = int(clients(s, a)["owner"])
    if clients(s, a)["kind"] == _PRODUCER:
        return _command_producer(s, kind, a, owner)
    maker = int(pollers(s, owner)["maker"])
    if maker >= 0:
        return _command_producer(s, kind, a, maker)
    if kind == W_CRASH_CLIENT:
        crash_member(s, owner)
    elif kind == W_RESTART_CLIENT:
        restart_member(s, owner)
    else:
        return False
    return True


@seldom
def _command_producer(s: State, kind: int, client: int, producer: int) -> bool:
    """Do to a producer what the world says."""
    poller = int(collectors(s, producer)["poller"])
    if kind == W_CRASH_CLIENT:
        crash_producer(s, producer)
        if poller >= 0:
            crash_member(s, poller)
    elif kind == W_RESTART_CLIENT:
        restart_producer(s, producer)
        if poller >= 0 and collectors(s, producer)["transaction"] < 0:  # else when it has its id again
            restart_member(s, poller)
    elif kind == W_RESET:
        let_all_go(s, producer)
    elif kind == W_SILENCE:
        _silence(s, client, _BOTH)
    elif kind == W_SPEAK:
        _silence(s, client, 0)
    else:
        return False
    return True


@kernel
def _silence(s: State, client: int, directions: int) -> None:
    """From now on packets vanish in these directions, and nobody is told."""
    c = clients(s, client)
    if c["silent"] == directions:
        return
    c["silent"] = directions
    kind = K_SILENCE_BEGAN
    if directions == 0:
        kind = K_SILENCE_ENDED
    tell(s, kind, -1, 0, c["entity"], -1, 0, 0, 0, 1)
