"""Memory and disk alarms: a broker short of either stops reading from those who publish; consumers go on.

The broker looks at the memory it holds once in a while and raises an alarm while that is above its limit; a full disk
raises one at once. Alarms are of the whole cluster: while any node has one, a connection that publishes is blocked by
its next publish. When the last alarm is over, blocked clients are told and their sockets are read again.
Source: https://www.rabbitmq.com/docs/alarms and /docs/memory.
"""

from __future__ import annotations

from mqlab.core.codes import (
    ALARM_DISK,
    ALARM_MEMORY,
    CHUNK,
    CONSUMER,
    E_MEMORY,
    E_UNBLOCK,
    K_ALARM_CLEARED,
    K_ALARM_RAISED,
    K_CONNECTION_BLOCKED,
    K_CONNECTION_UNBLOCKED,
    NODE_ALARMS,
    PRODUCER_BLOCKED,
    RANK_CONTINUE,
    RANK_EVENT,
    SOCKET_BLOCKED,
    SOCKET_DRAINING,
    SOCKET_READING,
)
from mqlab.core.exchange import publish_in
from mqlab.core.frames import UNBLOCKED, frame_word, send_frame
from mqlab.core.heap import push
from mqlab.core.recorder import tell
from mqlab.core.records import clients, deliveries, nodes, producers, runs
from mqlab.core.settling import pump
from mqlab.core.sockets import let_go, wake_reader
from mqlab.jit import State, kernel, seldom

__all__ = [
    "alarms_down", "alarms_up", "disk_free", "disk_full", "free", "learn_blocked", "look_at_memory", "read_socket",
    "unblock", "unblocked",
]  # fmt: skip


@seldom
def _raise_alarm(s: State, node: int, what: int) -> None:
    n = nodes(s, node)
    if (n["alarm"] & what) != 0:
        return
    run = runs(s, 0)
    if n["alarm"] == 0:
        n["alarm_since"] = run["now"]
        run["alarmed"] = run["alarmed"] + 1
    n["alarm"] = n["alarm"] | what
    n["alarms"] = n["alarms"] + 1
    tell(s, K_ALARM_RAISED, -1, 0, n["entity"], -1, 0, n["memory"], what - ALARM_MEMORY, 1)


@seldom
def _clear_alarm(s: State, node: int, what: int) -> None:
    n = nodes(s, node)
    if (n["alarm"] & what) == 0:
        return
    run = runs(s, 0)
    n["alarm"] = n["alarm"] - what
    tell(s, K_ALARM_CLEARED, -1, 0, n["entity"], -1, 0, n["memory"], what - ALARM_MEMORY, 1)
    if n["alarm"] == 0:
        n["alarm_ns"] = n["alarm_ns"] + run["now"] - n["alarm_since"]
        run["alarmed"] = run["alarmed"] - 1
        if run["alarmed"] == 0:
            push(s, run["now"], RANK_CONTINUE, E_UNBLOCK, 0, 0, 0)


@seldom
def look_at_memory(s: State, node: int) -> None:
    """Hold the memory in use against the limit, and do so again after a while."""
    n = nodes(s, node)
    if n["up"] == 1:
        if n["memory"] > n["memory_limit"]:
            _raise_alarm(s, node, ALARM_MEMORY)
        else:
            _clear_alarm(s, node, ALARM_MEMORY)
    push(s, runs(s, 0)["now"] + n["memory_check"], RANK_EVENT, E_MEMORY, node, 0, 0)


@seldom
def disk_full(s: State, node: int) -> None:
    """A node's disk runs full."""
    for i in range(runs(s, 0)["nodes"]):
        nodes(s, i)["special"] = nodes(s, i)["special"] | NODE_ALARMS
    n = nodes(s, node)
    n["disk_full"] = n["disk_full"] + 1
    if n["up"] == 1:
        _raise_alarm(s, node, ALARM_DISK)


@seldom
def disk_free(s: State, node: int) -> None:
    """Somebody made room on a node's disk."""
    n = nodes(s, node)
    if n["disk_full"] == 0:
        return
    n["disk_full"] = n["disk_full"] - 1
    if n["disk_full"] == 0:
        _clear_alarm(s, node, ALARM_DISK)


@seldom
def alarms_down(s: State, node: int) -> None:
    """A node went down, and its alarms with it."""
    _clear_alarm(s, node, ALARM_MEMORY)
    _clear_alarm(s, node, ALARM_DISK)


@seldom
def alarms_up(s: State, node: int) -> None:
    """A node is back; its disk is as full as it was."""
    if nodes(s, node)["disk_full"] > 0:
        _raise_alarm(s, node, ALARM_DISK)


@seldom
def unblock(s: State, cursor: int) -> None:
    """All alarms are over: tell blocked clients, and read their sockets again; a piece at a time."""
    run = runs(s, 0)
    for _ in range(CHUNK):
        if cursor >= run["clients"]:
            return
        c = clients(s, cursor)
        if c["socket"] == SOCKET_BLOCKED:
            send_frame(s, cursor, frame_word(UNBLOCKED, 0))
            c["socket"] = SOCKET_DRAINING
            wake_reader(s, cursor, run["now"], RANK_EVENT)
        cursor += 1
    push(s, run["now"], RANK_CONTINUE, E_UNBLOCK, cursor, 0, 0)


@seldom
def read_socket(s: State, client: int, reader: int) -> bool:
    """Read the next publish that waited; True when the socket is empty and read freely again."""
    c = clients(s, client)
    if c["reader"] != reader or c["socket"] != SOCKET_DRAINING:
        return False
    for _ in range(CHUNK):
        packet = c["socket_head"]
        if packet < 0:
            c["socket"] = SOCKET_READING
            return True
        d = deliveries(s, packet)
        attempt, epoch = d["number"], d["epoch"]
        c["socket_head"] = d["next"]
        if d["next"] < 0:
            c["socket_tail"] = -1
        alive = c["open"] == 1 and c["epoch"] == epoch
        c["socket"] = SOCKET_READING
        publish_in(s, let_go(s, packet), attempt, epoch)
        if c["socket"] == SOCKET_BLOCKED:
            return False
        c["socket"] = SOCKET_DRAINING
        if alive:
            wake_reader(s, client, max(runs(s, 0)["now"], nodes(s, c["node"])["cpu_free"]), RANK_EVENT)
            return False
    wake_reader(s, client, runs(s, 0)["now"], RANK_CONTINUE)
    return False


@seldom
def learn_blocked(s: State, client: int) -> None:
    """A client learns that its connection is blocked: it keeps what it has to send."""
    c = clients(s, client)
    if c["kind"] == CONSUMER:
        return  # a server does not listen for it: what it answers waits in its socket
    p = producers(s, c["owner"])
    if (p["special"] & PRODUCER_BLOCKED) == 0:
        p["special"] = p["special"] | PRODUCER_BLOCKED
        p["blocked_since"] = runs(s, 0)["now"]
        tell(s, K_CONNECTION_BLOCKED, -1, 0, c["entity"], -1, 0, 0, 0, 1)


@seldom
def unblocked(s: State, client: int) -> None:
    """A client learns that it may publish again."""
    c = clients(s, client)
    if c["kind"] == CONSUMER:
        return
    if free(s, c["owner"]):
        tell(s, K_CONNECTION_UNBLOCKED, -1, 0, c["entity"], -1, 0, 0, 0, 1)
        pump(s, c["owner"])


@kernel
def free(s: State, producer: int) -> bool:
    """Let a blocked producer publish again; False if it was not blocked."""
    p = producers(s, producer)
    if (p["special"] & PRODUCER_BLOCKED) == 0:
        return False
    p["special"] = p["special"] - PRODUCER_BLOCKED
    p["blocked_ns"] = p["blocked_ns"] + runs(s, 0)["now"] - p["blocked_since"]
    return True
