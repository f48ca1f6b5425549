"""Mandatory messages: what finds no queue goes back to its producer (basic.return), before the confirm.

Source: https://www.rabbitmq.com/docs/publishers#unroutable and
https://www.rabbitmq.com/docs/confirms#when-publishes-are-confirmed. The return is told and counted; the confirm that
follows says only that the broker is done with the message, so the producer does not send it again by itself.
"""

from __future__ import annotations

from mqlab.core.codes import (
    E_RETURNED_IN,
    K_PACKET_LOST,
    K_RETURN_SENT,
    K_RETURNED,
    K_STALE_PACKET,
    P_RETURN,
    RANK_EVENT,
)
from mqlab.core.heap import push
from mqlab.core.link import DOWN, LOST, cross
from mqlab.core.recorder import emit, release
from mqlab.core.records import clients, copies, producers, runs
from mqlab.jit import State, seldom
from mqlab.sampling import RETURN

__all__ = ["returned_in", "send_back"]


@seldom
def send_back(s: State, root: int, attempt: int) -> None:
    """Send a message that found no queue back to its producer, if the connection it came on is still there."""
    r = copies(s, root)
    p = producers(s, r["producer"])
    client = clients(s, p["client"])
    if client["open"] == 0 or client["epoch"] != r["epoch"]:
        return
    emit(s, K_RETURN_SENT, root, client["entity"], -1, attempt, 0, 0)
    arrives = cross(s, p["client"], DOWN, RETURN, r["ident"], attempt, runs(s, 0)["now"])
    if arrives == LOST:
        emit(s, K_PACKET_LOST, root, client["entity"], -1, attempt, P_RETURN, 0)
        return
    r["refs"] = r["refs"] + 1
    push(s, arrives, RANK_EVENT, E_RETURNED_IN, root, attempt, client["epoch"])


@seldom
def returned_in(s: State, root: int, attempt: int, epoch: int) -> None:
    """A returned message reaches its producer."""
    p = producers(s, copies(s, root)["producer"])
    client = clients(s, p["client"])
    if client["up"] == 0 or client["epoch"] != epoch:
        emit(s, K_STALE_PACKET, root, client["entity"], -1, attempt, P_RETURN, 0)
    else:
        emit(s, K_RETURNED, root, client["entity"], -1, attempt, 0, 0)
        p["returned"] = p["returned"] + 1
    release(s, root)
