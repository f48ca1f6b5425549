"""Publishes that the broker does not act on yet: in the socket of a blocked connection, or in an open transaction.

    reading ──(a publish while an alarm is on: taken, and then)──► blocked ──(all alarms over)──► draining ──► reading

While a connection is blocked nothing is read from it; what comes waits in its socket, in order, and is read one
publish at a time when the alarms are over, as fast as the broker's processor takes them. A packet that waits is kept
in a record of the deliveries' array, which holds its message as a delivery would.
"""

from __future__ import annotations

from mqlab.core.codes import (
    E_SOCKET,
    F_ABORTED,
    F_GAVE_UP,
    F_IN_FLIGHT,
    FLAG_COMMITTING,
    HELD_IN_SOCKET,
    HELD_IN_TRANSACTION,
    K_HELD_BACK,
    K_ROLLED_BACK,
    NODE_ALARMS,
    PRODUCER_TRANSACTIONS,
    RANK_CONTINUE,
    SOCKET_BLOCKED,
    SOCKET_DRAINING,
    SOCKET_READING,
    TX_ROUTING,
)
from mqlab.core.frames import BLOCKED, frame_word, send_frame
from mqlab.core.heap import push
from mqlab.core.recorder import drop_delivery, emit, new_delivery, release
from mqlab.core.records import clients, copies, deliveries, nodes, producers, runs
from mqlab.jit import State, kernel, seldom

__all__ = ["abort", "hold", "keep_open", "leave_socket", "let_go", "wait_in_socket", "wake_reader"]


@kernel
def hold(s: State, root: int, attempt: int, epoch: int) -> int:
    """Make a record for a publish that waits at the broker; it takes over the packet's hold on its message."""
    packet = new_delivery(s, root, -1, attempt, epoch)
    deliveries(s, packet)["refs"] = 1
    release(s, root)
    return packet


@kernel
def let_go(s: State, packet: int) -> int:
    """Turn a waiting publish into a packet again; return its message, still held."""
    root = int(deliveries(s, packet)["copy"])
    r = copies(s, root)
    r["refs"] = r["refs"] + 1
    drop_delivery(s, packet)
    return root


@seldom
def wait_in_socket(s: State, root: int, attempt: int, epoch: int) -> bool:
    """Say whether a publish that has come has to wait; the first one during an alarm is taken, and is the last."""
    index = producers(s, copies(s, root)["producer"])["client"]
    c = clients(s, index)
    n = nodes(s, c["node"])
    if (n["special"] & NODE_ALARMS) == 0:
        return False
    if c["socket"] == SOCKET_READING:
        if runs(s, 0)["alarmed"] > 0:
            c["socket"] = SOCKET_BLOCKED
            send_frame(s, index, frame_word(BLOCKED, 0))
        return False
    emit(s, K_HELD_BACK, root, n["entity"], -1, attempt, 0, HELD_IN_SOCKET)
    packet = hold(s, root, attempt, epoch)
    if c["socket_tail"] < 0:
        c["socket_head"] = packet
    else:
        deliveries(s, c["socket_tail"])["next"] = packet
    c["socket_tail"] = packet
    return True


@seldom
def keep_open(s: State, root: int, attempt: int) -> bool:
    """Say whether a publish belongs to an open transaction, and keep it apart until that is committed."""
    r = copies(s, root)
    p = producers(s, r["producer"])
    c = clients(s, p["client"])
    if (p["special"] & PRODUCER_TRANSACTIONS) == 0 or c["tx_state"] == TX_ROUTING:
        return False
    n = nodes(s, c["node"])
    r["flags"] = r["flags"] & ~FLAG_COMMITTING
    if c["open"] == 0 or c["epoch"] != r["epoch"]:
        emit(s, K_ROLLED_BACK, root, n["entity"], -1, attempt, 0, 1)
        abort(s, root)
        return True
    emit(s, K_HELD_BACK, root, n["entity"], -1, attempt, 0, HELD_IN_TRANSACTION)
    if r["fate"] == F_ABORTED:
        r["fate"] = F_IN_FLIGHT
    packet = hold(s, root, attempt, c["epoch"])
    if c["tx_tail"] < 0:
        c["tx_head"] = packet
    else:
        deliveries(s, c["tx_tail"])["next"] = packet
    c["tx_tail"] = packet
    c["tx_n"] = c["tx_n"] + 1
    n["memory"] = n["memory"] + r["size"]
    n["memory_max"] = max(n["memory_max"], n["memory"])
    return True


@kernel
def abort(s: State, root: int) -> None:
    """A packet that was held in a transaction is thrown away."""
    r = copies(s, root)
    if r["copies"] == 0 and (r["fate"] == F_IN_FLIGHT or r["fate"] == F_GAVE_UP):
        r["fate"] = F_ABORTED
    release(s, root)


@kernel
def wake_reader(s: State, client: int, time: int, rank: int) -> None:
    """Let a connection's socket be read at ``time``; whatever was planned before is void."""
    c = clients(s, client)
    c["reader"] = c["reader"] + 1
    push(s, time, rank, E_SOCKET, client, 0, c["reader"])


@seldom
def leave_socket(s: State, client: int) -> None:
    """A connection ended: what waits in its socket will never be read."""
    c = clients(s, client)
    c["socket"] = SOCKET_DRAINING
    c["frame"] = 0
    wake_reader(s, client, runs(s, 0)["now"], RANK_CONTINUE)
