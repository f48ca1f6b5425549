"""Connections: they open and break, and each side learns of it in its own time.

Either side has its own opinion: ``up`` is the client's, ``open`` the broker's. A reset tells both at once. Silence
tells nobody: each side finds out by its heartbeat (:mod:`mqlab.core.silence`). Every packet carries the ``epoch`` of
its connection, so what belongs to a dead connection arrives nowhere.
"""

from __future__ import annotations

import numpy as np

from mqlab.core.alarms import free
from mqlab.core.arrivals import schedule_arrival
from mqlab.core.codes import (
    C_REFUSED,
    C_SETTLING,
    CHUNK,
    CONSUMER,
    CONSUMER_LEAVING,
    CONSUMER_SHARED,
    DIED_LIMIT,
    E_CLOSE_SEEN,
    E_CONNECT,
    E_DROP,
    E_FORGET,
    E_RESET_SEEN,
    E_RETURN,
    E_REVIVE,
    E_TOGETHER,
    E_UNKNOWN,
    F_IN_FLIGHT,
    F_REJECTED,
    K_CLIENT_CRASHED,
    K_CLIENT_RESTARTED,
    K_CONNECTION_LOST,
    K_DISCARDED,
    K_REQUEUED,
    PRODUCER,
    Q_LIFE,
    Q_LIMIT,
    Q_SINGLE,
    RANK_CONTINUE,
    RANK_EVENT,
    SOCKET_READING,
    TOGETHER_CLOSED,
    TOGETHER_DEAD,
    TOGETHER_LOST,
    TOGETHER_RESTART,
)
from mqlab.core.commits import close_channel
from mqlab.core.committing import drop_transaction
from mqlab.core.confirm import NO, send_confirm
from mqlab.core.dying import bury, came_back_too_often
from mqlab.core.hands import interrupt
from mqlab.core.heap import push
from mqlab.core.leaving import member_left
from mqlab.core.lifecycle import consumer_left
from mqlab.core.parking import release_client
from mqlab.core.queue import (
    dispatch,
    leave_node,
    put_back,
    ring_join,
    ring_leave,
    unlink_unacked,
)
from mqlab.core.quorum import orphan
from mqlab.core.recorder import drop_delivery, emit, tell
from mqlab.core.records import (
    clients,
    consumers,
    copies,
    deliveries,
    groups,
    nodes,
    producers,
    queues,
    runs,
)
from mqlab.core.sockets import leave_socket
from mqlab.core.turns import elect, stand_down
from mqlab.jit import State, kernel, seldom
from mqlab.policies.backoff import backoff_ns
from mqlab.sampling import CONNECT, unit

__all__ = [
    "close",
    "close_alone",
    "close_seen",
    "connect_later",
    "die",
    "die_alone",
    "end_at_broker",
    "follow",
    "lost",
    "lost_alone",
    "next_pause",
    "reset",
    "return_some",
    "return_unacked",
    "revive",
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
        if copies(s, d["copy"])["state"] == C_SETTLING:
            orphan(s, k["queue"], 1)  # its acknowledgement is on its way to a majority, holds it, and decides
            continue
        if not quietly and _is_call(s, d["copy"]):
            _break_call(s, client, delivery)
            drop_delivery(s, delivery)
            continue
        if not quietly and (q["special"] & Q_LIMIT) != 0 and came_back_too_often(s, k["queue"], d["copy"]):
            emit(s, K_DISCARDED, d["copy"], clients(s, client)["entity"], q["entity"], d["number"], 0, 2)
            bury(s, d["copy"], DIED_LIMIT)
            drop_delivery(s, delivery)
            continue
        put_back(s, k["queue"], d["copy"])
        if not quietly:
            q["requeues"] = q["requeues"] + 1
            c = copies(s, d["copy"])
            emit(s, K_REQUEUED, d["copy"], clients(s, client)["entity"], q["entity"], d["number"], c["position"], 1)
        drop_delivery(s, delivery)
    if quietly:  # nobody sees them stand there: what survives is counted when the crash is worked off
        q["ready_max"] = most
    return k["unacked_head"] < 0


@seldom
def follow(s: State, queue: int) -> None:
    """Let the next consumer in order of registration be the active one, if nobody is."""
    if queues(s, queue)["active"] < 0:
        follower = elect(s, queue)
        if follower >= 0:
            ring_join(s, follower)


@kernel
def _is_call(s: State, copy: int) -> bool:
    """Say whether somebody waits for the work on a copy to be done, and not only for its being stored."""
    return producers(s, copies(s, copies(s, copy)["root"])["producer"])["confirm_processed"] == 1


@seldom
def _break_call(s: State, client: int, delivery: int) -> None:
    """A worker is gone with a call in its hands: nobody else takes it over, and the caller is told no at once."""
    d = deliveries(s, delivery)
    copy = d["copy"]
    c = copies(s, copy)
    root = c["root"]
    c["state"] = C_REFUSED
    if c["fate"] == F_IN_FLIGHT:
        c["fate"] = F_REJECTED
    entity = clients(s, client)["entity"]
    emit(s, K_DISCARDED, copy, entity, queues(s, c["queue"])["entity"], d["number"], 0, 1)
    send_confirm(s, root, NO, copies(s, root)["attempts"])
    leave_node(s, copy)


@kernel
def return_unacked(s: State, client: int) -> None:
    """Go on returning until nothing is left, then serve whoever can take it."""
    if return_some(s, client, False):
        consumer = clients(s, client)["owner"]
        q = queues(s, consumers(s, consumer)["queue"])
        if (q["special"] & Q_SINGLE) != 0 and q["handing"] == consumer + 1:
            follow(s, consumers(s, consumer)["queue"])
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
    n = nodes(s, c["node"])
    n["connected"] = n["connected"] - 1
    if c["listens"] >= 0:
        ring_leave(s, c["listens"])
    if c["tx"] == 1:
        close_channel(s, client)
    if c["kind"] == CONSUMER:
        ring_leave(s, c["owner"])
        if (queues(s, consumers(s, c["owner"])["queue"])["special"] & Q_SINGLE) != 0:
            stand_down(s, c["owner"], False)
        return_unacked(s, client)
        queue = consumers(s, c["owner"])["queue"]
        if (queues(s, queue)["special"] & Q_LIFE) != 0:
            consumer_left(s, queue)


@kernel
def end_at_broker(s: State, client: int) -> None:
    """The client's end of a connection is gone, and the broker is told: at once, unless it stands still."""
    c = clients(s, client)
    if nodes(s, c["node"])["stopped"] == 1:
        push(s, runs(s, 0)["now"], RANK_EVENT, E_CLOSE_SEEN, client, 0, c["epoch"])
    else:
        close(s, client)


@seldom
def close_seen(s: State, client: int, epoch: int) -> None:
    """A broker that stood still learns that a client has gone."""
    if clients(s, client)["epoch"] == epoch:
        close(s, client)


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
    now = runs(s, 0)["now"]
    if c["stopped"] == 1:  # its operating system knows; the process will when it goes on
        push(s, now, RANK_EVENT, E_RESET_SEEN, client, 0, c["epoch"])
        return
    c["up"] = 0
    c["tries"] = 0
    tell(s, K_CONNECTION_LOST, -1, 0, c["entity"], -1, 0, 0, 0, 1)
    if c["kind"] == PRODUCER:
        free(s, c["owner"])
        drop_transaction(s, c["owner"])
        push(s, now, RANK_CONTINUE, E_UNKNOWN, c["owner"], 0, 0)
    else:
        push(s, now, RANK_CONTINUE, E_DROP, c["owner"], 0, 0)
    connect_later(s, client, next_pause(s, client))


@kernel
def next_pause(s: State, client: int) -> int:
    """Compute the pause before the next try to connect; with a back-off it grows with the tries that failed."""
    c = clients(s, client)
    if c["factor"] <= 0.0:
        return c["reconnect"]
    tries = c["tries"] + 1
    c["tries"] = tries
    u = unit(CONNECT, c["self"], np.uint64(c["epoch"]), tries, 0)
    return backoff_ns(c["reconnect"], c["factor"], c["longest"], c["jitter"], tries, u)


@kernel
def connect_later(s: State, client: int, pause: int) -> None:
    """Try to connect after a pause, unless that is about to happen anyway."""
    c = clients(s, client)
    if c["connecting"] == 0:
        c["connecting"] = 1
        push(s, runs(s, 0)["now"] + pause, RANK_EVENT, E_CONNECT, client, 0, c["life"])


@kernel
def reset(s: State, client: int) -> None:
    """Break a connection so that both sides know at once."""
    end_at_broker(s, client)
    lost(s, client)


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
    if c["stopped"] == 1:
        release_client(s, client, 1)
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
        drop_transaction(s, c["owner"])
        push(s, run["now"], RANK_CONTINUE, E_FORGET, c["owner"], 0, 0)
    if (c["silent"] & 1) == 0:  # cut off from the broker, nobody hears the reset
        end_at_broker(s, client)
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
    c["tries"] = 0
    tell(s, K_CLIENT_RESTARTED, -1, 0, c["entity"], -1, 0, 0, 0, 1)
    if c["kind"] == PRODUCER:
        p = producers(s, c["owner"])
        if p["stalled"] == 1:
            p["stalled"] = 0
            schedule_arrival(s, c["owner"])
    connect_later(s, client, 0)
