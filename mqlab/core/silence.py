"""Silence: packets vanish in one direction or both, nobody is told, and each side finds out by its heartbeat.

Whoever hears nothing for the whole time-out takes the other side for dead, and ends the connection. It says so (a reset
or FIN), and where packets still pass in that direction, the other side knows at once. So

    cut off from        the broker hears nothing, closes the connection, hands out again what was not acknowledged,
    the broker          and tells the client, who hears it: until then the client goes on as if all were well
    cut off from        the client hears nothing, takes the broker for dead and tells it so
    the client
    both (silence)      each finds out by itself

What is not modelled is that TCP's own acknowledgements vanish as well: a sender that hears none soon stops sending new
segments, and sends the old ones again. Here what is sent in the direction that works arrives, and what is sent in
the other one is gone for good, also when the silence ends before anybody has noticed.

A process that stands still (:mod:`mqlab.core.pause`) is not heard either, and neither is a node without power.
"""

from __future__ import annotations

from mqlab.core.asking import ask
from mqlab.core.codes import (
    CONSUMER,
    CONSUMER_PULL,
    E_HEARTBEAT,
    K_CONNECTION_CLOSED,
    K_PARTITION_BEGAN,
    K_PARTITION_ENDED,
    K_SILENCE_BEGAN,
    K_SILENCE_ENDED,
    RANK_EVENT,
)
from mqlab.core.connection import close, end_at_broker, lost
from mqlab.core.heap import push
from mqlab.core.link import DOWN, UP
from mqlab.core.recorder import tell
from mqlab.core.records import clients, consumers, nodes, runs
from mqlab.jit import State, kernel, seldom

__all__ = ["cut", "heartbeat", "silence", "speak", "watch"]


@kernel
def watch(s: State, client: int, direction: int) -> None:
    """Start the clock of whoever hears nothing from now on: the broker (UP) or the client (DOWN)."""
    c = clients(s, client)
    if direction == UP:
        serial = c["up_quiet"] + 1
        c["up_quiet"] = serial
    else:
        serial = c["down_quiet"] + 1
        c["down_quiet"] = serial
    if c["heartbeat"] > 0:
        push(s, runs(s, 0)["now"] + c["heartbeat"], RANK_EVENT, E_HEARTBEAT, client, serial, direction)


@kernel
def heartbeat(s: State, client: int, serial: int, direction: int) -> None:
    """Heartbeats have been missing for the whole time-out, if the silence has not ended since."""
    c = clients(s, client)
    if direction == UP:
        if c["up_quiet"] != serial or c["open"] == 0 or ((c["silent"] & 1) == 0 and c["stopped"] == 0):
            return
        tell(s, K_CONNECTION_CLOSED, -1, 0, c["entity"], -1, 0, 0, 0, 1)
        close(s, client)
        if (c["silent"] & 2) == 0:
            lost(s, client)
        return
    quiet = (c["silent"] & 2) != 0 or c["open"] == 0 or nodes(s, c["node"])["stopped"] == 1
    if c["down_quiet"] != serial or not quiet:
        return
    lost(s, client)
    if (c["silent"] & 1) == 0:
        end_at_broker(s, client)


@kernel
def _block(s: State, client: int, direction: int, change: int) -> bool:
    """Count a fault that begins (+1) or ends (-1); True if that changes what passes."""
    c = clients(s, client)
    if direction == UP:
        n = c["up_cuts"] + change
        c["up_cuts"] = max(n, 0)
    else:
        n = c["down_cuts"] + change
        c["down_cuts"] = max(n, 0)
    if n < 0 or n != (change + 1) >> 1:
        return False
    c["silent"] = c["silent"] ^ (1 << direction)
    if direction == DOWN:
        if change > 0:
            c["cut_from"] = runs(s, 0)["now"]
            c["cut_until"] = 1 << 62
        else:
            c["cut_until"] = runs(s, 0)["now"]
    return True


@kernel
def _is_unheard(s: State, client: int, direction: int) -> bool:
    """Say whether that side hears nothing anyway: the other process stands still, or has no power."""
    c = clients(s, client)
    if direction == UP:
        return c["stopped"] == 1
    n = nodes(s, c["node"])
    return n["stopped"] == 1 or (n["up"] == 0 and n["power"] == 1)


@kernel
def silence(s: State, client: int) -> None:
    """Packets vanish from now on, both ways, and nobody is told."""
    up = _block(s, client, UP, 1)
    down = _block(s, client, DOWN, 1)
    if up and down:
        tell(s, K_SILENCE_BEGAN, -1, 0, clients(s, client)["entity"], -1, 0, 0, 0, 1)
    if up:
        _begin(s, client, UP, not down)
    if down:
        _begin(s, client, DOWN, not up)


@kernel
def speak(s: State, client: int) -> None:
    """Packets pass again; a connection that nobody has given up yet goes on."""
    up = _block(s, client, UP, -1)
    down = _block(s, client, DOWN, -1)
    c = clients(s, client)
    if up and down:
        tell(s, K_SILENCE_ENDED, -1, 0, c["entity"], -1, 0, 0, 0, 1)
    elif up:
        tell(s, K_PARTITION_ENDED, -1, 0, c["entity"], -1, 0, 0, UP, 1)
    elif down:
        tell(s, K_PARTITION_ENDED, -1, 0, c["entity"], -1, 0, 0, DOWN, 1)
    _answer(s, client)


@seldom
def cut(s: State, client: int, direction: int, begins: int) -> None:
    """Packets in one direction vanish from now on, or pass again."""
    if begins == 1:
        if _block(s, client, direction, 1):
            _begin(s, client, direction, True)
    elif _block(s, client, direction, -1):
        tell(s, K_PARTITION_ENDED, -1, 0, clients(s, client)["entity"], -1, 0, 0, direction, 1)
        _answer(s, client)


@kernel
def _begin(s: State, client: int, direction: int, alone: bool) -> None:
    if alone:
        tell(s, K_PARTITION_BEGAN, -1, 0, clients(s, client)["entity"], -1, 0, 0, direction, 1)
    if not _is_unheard(s, client, direction):
        watch(s, client, direction)


@kernel
def _answer(s: State, client: int) -> None:
    """Everything passes again: a dead client's operating system answers that nobody is there; others ask anew."""
    c = clients(s, client)
    if c["silent"] != 0:
        return
    if c["alive"] == 0:
        end_at_broker(s, client)
    elif c["kind"] == CONSUMER and (consumers(s, c["owner"])["special"] & CONSUMER_PULL) != 0 and c["up"] == 1:
        ask(s, c["owner"])  # its question, or the answer, may have vanished
