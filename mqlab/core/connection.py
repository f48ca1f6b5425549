"""Connections: they open, break, fall silent, and are noticed to be dead, by each side in its own time.

Either side has its own opinion: ``up`` is the client's, ``open`` the broker's. A reset tells both at once. Silence
tells nobody: each side finds out by its heartbeat. Every packet carries the ``epoch`` of its connection, so what
belongs to a dead connection arrives nowhere.
"""

from __future__ import annotations

from mqlab.core.alarms import free
from mqlab.core.arrivals import schedule_arrival
from mqlab.core.asking import ask
from mqlab.core.codes import (
    CHUNK,
    CONSUMER,
    CONSUMER_FREE,
    CONSUMER_LEAVING,
    CONSUMER_PULL,
    CONSUMER_SHARED,
    E_CONNECT,
    E_DROP,
    E_FORGET,
    E_HEARTBEAT,
    E_RETURN,
    E_REVIVE,
    E_TOGETHER,
    E_UNKNOWN,
    K_CLIENT_CRASHED,
    K_CLIENT_RESTARTED,
    K_CONNECTED,
    K_CONNECTION_CLOSED,
    K_CONNECTION_LOST,
    K_REQUEUED,
    K_SILENCE_BEGAN,
    K_SILENCE_ENDED,
    PRODUCER,
    RANK_CONTINUE,
    RANK_EVENT,
    SOCKET_READING,
    TOGETHER_CLOSED,
    TOGETHER_DEAD,
    TOGETHER_LOST,
    TOGETHER_RESTART,
)
from mqlab.core.hands import interrupt, start_next
from mqlab.core.heap import push
from mqlab.core.lanes import begin_anew
from mqlab.core.leaving import member_left
from mqlab.core.queue import dispatch, put_back, ring_join, ring_leave, unlink_unacked
from mqlab.core.recorder import drop_delivery, emit, tell
from mqlab.core.records import clients, consumers, copies, deliveries, groups, nodes, producers, queues, runs
from mqlab.core.settling import pump
from mqlab.core.sockets import leave_socket
from mqlab.jit import State, kernel, seldom

__all__ = [
    "close",
    "close_alone",
    "connect",
    "connect_later",
    "die",
    "die_alone",
    "heartbeat",
    "lost",
    "lost_alone",
    "reset",
    "return_some",
    "return_unacked",
    "revive",
    "silence",
    "speak",
    "watch",
]  # fmt: skip


@kernel
def return_some(s: State, client: int, quietly: bool) -> bool:
    """Put a piece of what a consumer has not acknowledged back into its queue; True when nothing is left."""
    consumer = clients(s, client)["owner"]
    k = consumers(s, consumer)
    q = queues(s, k["queue"])
    most = q["ready_max"]
    for _ in range(CHUNK):
        delivery = k["unacked_head"]
        if delivery < 0:
            break
        d = deliveries(s, delivery)
        unlink_unacked(s, delivery)
        put_back(s, k["queue"], d["copy"])
        if not quietly:
            q["requeues"] = q["requeues"] + 1
            c = copies(s, d["copy"])
            emit(s, K_REQUEUED, d["copy"], clients(s, client)["entity"], q["entity"], d["number"], c["position"], 1)
        drop_delivery(s, delivery)
    if quietly:  # nobody sees them stand there: what survives is counted when the crash is worked off
        q["ready_max"] = most
    return k["unacked_head"] < 0


@kernel
def return_unacked(s: State, client: int) -> None:
    """Go on returning until nothing is left, then serve whoever can take it."""
    if return_some(s, client, False):
        consumer = clients(s, client)["owner"]
        ring_join(s, consumer)
        dispatch(s, consumers(s, consumer)["queue"])
    else:
        push(s, runs(s, 0)["now"], RANK_CONTINUE, E_RETURN, client, 0, 0)


@seldom
def _together(s: State, client: int, what: int) -> None:
    """Let what befell a consumer befall all those who share its channel."""
    k = consumers(s, clients(s, client)["owner"])
    if (k["special"] & CONSUMER_SHARED) != 0:
        first = consumers(s, groups(s, k["group"])["first"])["client"]
        push(s, runs(s, 0)["now"], RANK_CONTINUE, E_TOGETHER, first, what, 0)


@kernel
def close(s: State, client: int) -> None:
    """The broker closes a connection: a consumer's unacknowledged deliveries go back."""
    c = clients(s, client)
    if c["open"] == 1 and c["kind"] == CONSUMER and consumers(s, c["owner"])["special"] != 0:
        _together(s, client, TOGETHER_CLOSED)
    close_alone(s, client)


@kernel
def close_alone(s: State, client: int) -> None:
    """Close a connection, whoever else uses its channel."""
    c = clients(s, client)
    if c["open"] == 0:
        return
    c["open"] = 0
    if c["socket"] != SOCKET_READING:
        leave_socket(s, client)
    if c["kind"] == CONSUMER:
        ring_leave(s, c["owner"])
        return_unacked(s, client)


@kernel
def lost(s: State, client: int) -> None:
    """The client learns that its connection ended, and will try to connect again."""
    c = clients(s, client)
    if c["up"] == 1 and c["kind"] == CONSUMER and consumers(s, c["owner"])["special"] != 0:
        _together(s, client, TOGETHER_LOST)
    lost_alone(s, client)


@kernel
def lost_alone(s: State, client: int) -> None:
    """Learn that a connection ended, whoever else uses its channel."""
    c = clients(s, client)
    if c["up"] == 0:
        return
    c["up"] = 0
    now = runs(s, 0)["now"]
    tell(s, K_CONNECTION_LOST, -1, 0, c["entity"], -1, 0, 0, 0, 1)
    if c["kind"] == PRODUCER:
        free(s, c["owner"])
        push(s, now, RANK_CONTINUE, E_UNKNOWN, c["owner"], 0, 0)
    else:
        push(s, now, RANK_CONTINUE, E_DROP, c["owner"], 0, 0)
    connect_later(s, client, c["reconnect"])


@kernel
def connect_later(s: State, client: int, pause: int) -> None:
    """Try to connect after a pause, unless that is about to happen anyway."""
    c = clients(s, client)
    if c["connecting"] == 0:
        c["connecting"] = 1
        push(s, runs(s, 0)["now"] + pause, RANK_EVENT, E_CONNECT, client, 0, c["life"])


@kernel
def connect(s: State, client: int, life: int) -> None:
    """Try to connect; the broker closes what it still takes for this client's connection."""
    c = clients(s, client)
    if c["life"] != life:
        return
    c["connecting"] = 0
    if c["alive"] == 0 or c["up"] == 1:
        return
    if c["gone"] == 1:  # it is to leave anyway
        consumers(s, c["owner"])["special"] = consumers(s, c["owner"])["special"] | CONSUMER_FREE
        start_next(s, c["owner"])
        return
    if nodes(s, c["node"])["up"] == 0 or c["silent"] > 0:
        connect_later(s, client, max(c["reconnect"], 1))
        return
    close(s, client)
    if c["kind"] == CONSUMER and consumers(s, c["owner"])["unacked_head"] >= 0:
        connect_later(s, client, 0)  # what its last life left goes back first, piece by piece
        return
    c["epoch"] = c["epoch"] + 1
    c["up"] = 1
    c["open"] = 1
    c["up_last"] = 0
    c["down_last"] = 0
    tell(s, K_CONNECTED, -1, 0, c["entity"], -1, 0, c["epoch"], 0, 1)
    if c["kind"] == PRODUCER:
        pump(s, c["owner"])
    else:
        ring_join(s, c["owner"])
        dispatch(s, consumers(s, c["owner"])["queue"])
        if consumers(s, c["owner"])["special"] != 0:
            begin_anew(s, c["owner"])


@kernel
def reset(s: State, client: int) -> None:
    """Break a connection so that both sides know at once."""
    close(s, client)
    lost(s, client)


@kernel
def watch(s: State, client: int) -> None:
    """Start the heartbeats' clock: whoever hears nothing for so long takes the other side for dead."""
    c = clients(s, client)
    c["silence"] = c["silence"] + 1
    if c["heartbeat"] > 0:
        push(s, runs(s, 0)["now"] + c["heartbeat"], RANK_EVENT, E_HEARTBEAT, client, c["silence"], 0)


@kernel
def heartbeat(s: State, client: int, serial: int) -> None:
    """Heartbeats have been missing for the whole time-out, if the silence has not ended since."""
    c = clients(s, client)
    if c["silence"] != serial or (c["silent"] == 0 and c["open"] == 1):
        return
    if c["open"] == 1:
        tell(s, K_CONNECTION_CLOSED, -1, 0, c["entity"], -1, 0, 0, 0, 1)
        close(s, client)
    lost(s, client)


@kernel
def silence(s: State, client: int) -> None:
    """Packets vanish from now on, both ways, and nobody is told."""
    c = clients(s, client)
    c["silent"] = c["silent"] + 1
    if c["silent"] == 1:
        tell(s, K_SILENCE_BEGAN, -1, 0, c["entity"], -1, 0, 0, 0, 1)
        watch(s, client)


@kernel
def speak(s: State, client: int) -> None:
    """Packets pass again; a connection that nobody has given up yet goes on."""
    c = clients(s, client)
    if c["silent"] == 0:
        return
    c["silent"] = c["silent"] - 1
    if c["silent"] == 0:
        tell(s, K_SILENCE_ENDED, -1, 0, c["entity"], -1, 0, 0, 0, 1)
        if c["alive"] == 0:  # now its operating system can be heard: nobody is there
            close(s, client)
        elif c["kind"] == CONSUMER and (consumers(s, c["owner"])["special"] & CONSUMER_PULL) != 0 and c["up"] == 1:
            ask(s, c["owner"])  # its question, or the answer, may have vanished


@kernel
def die(s: State, client: int, restart: int) -> None:
    """A client's process dies; its operating system resets the connection. ``restart`` ns later it is back (-1: no)."""
    c = clients(s, client)
    if c["alive"] == 1 and c["kind"] == CONSUMER and consumers(s, c["owner"])["special"] != 0:
        if restart >= 0:
            _together(s, client, TOGETHER_RESTART)
        else:
            _together(s, client, TOGETHER_DEAD)
    die_alone(s, client, restart)


@kernel
def die_alone(s: State, client: int, restart: int) -> None:
    """A process dies, whoever else uses its channel."""
    c = clients(s, client)
    if c["alive"] == 0:
        return
    run = runs(s, 0)
    c["alive"] = 0
    c["life"] = c["life"] + 1
    c["connecting"] = 0
    tell(s, K_CLIENT_CRASHED, -1, 0, c["entity"], -1, 0, 0, 0, 1)
    c["up"] = 0
    if c["kind"] == CONSUMER:
        interrupt(s, c["owner"])
        push(s, run["now"], RANK_CONTINUE, E_DROP, c["owner"], 1, 0)
    else:
        producers(s, c["owner"])["busy_until"] = 0
        free(s, c["owner"])
        push(s, run["now"], RANK_CONTINUE, E_FORGET, c["owner"], 0, 0)
    if c["silent"] == 0:  # cut off from the broker, nobody hears the reset
        close(s, client)
    if c["gone"] == 1 and (consumers(s, c["owner"])["special"] & CONSUMER_LEAVING) != 0:
        member_left(s, c["owner"], 1)
    elif restart >= 0:
        push(s, run["now"] + restart, RANK_EVENT, E_REVIVE, client, 0, c["life"])


@kernel
def revive(s: State, client: int) -> None:
    """A dead client's process starts again, unless it is none of its group's members."""
    c = clients(s, client)
    if c["alive"] == 1 or c["gone"] == 1:
        return
    c["alive"] = 1
    tell(s, K_CLIENT_RESTARTED, -1, 0, c["entity"], -1, 0, 0, 0, 1)
    if c["kind"] == PRODUCER:
        p = producers(s, c["owner"])
        if p["stalled"] == 1:
            p["stalled"] = 0
            schedule_arrival(s, c["owner"])
    connect_later(s, client, 0)
