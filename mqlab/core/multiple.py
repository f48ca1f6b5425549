"""An acknowledgement of several deliveries reaches the broker: it settles everything up to its tag.

Also what the handler kept silent about: the broker takes the client's word. Such a message is gone, and nobody ever
processed it.
"""

from __future__ import annotations

from mqlab.core.codes import (
    ACK_DONE,
    CHUNK,
    E_ACKS_IN,
    E_RESET_SEEN,
    F_IN_FLIGHT,
    F_LOST,
    K_ACK_IGNORED,
    K_STALE_PACKET,
    P_ACK,
    RANK_CONTINUE,
    RANK_EVENT,
    X_EARLY_COMMIT,
)
from mqlab.core.consumer import settle
from mqlab.core.heap import push
from mqlab.core.processor import use_cpu
from mqlab.core.queue import credit_back, dispatch, unlink_unacked
from mqlab.core.recorder import drop_delivery, emit
from mqlab.core.records import clients, consumers, copies, deliveries, nodes, queues, runs
from mqlab.jit import State, seldom

__all__ = ["acks_in"]


@seldom
def acks_in(s: State, last: int, rest: int, epoch: int) -> None:
    """Settle what this consumer has not acknowledged up to the delivery ``last``, a piece at a time."""
    d = deliveries(s, last)
    consumer = d["consumer"]
    k = consumers(s, consumer)
    client = clients(s, k["client"])
    q = queues(s, k["queue"])
    n = nodes(s, client["node"])
    now = runs(s, 0)["now"]
    if n["up"] == 0 or client["open"] == 0 or client["epoch"] != epoch:
        emit(s, K_STALE_PACKET, d["copy"], client["entity"], q["entity"], d["number"], P_ACK, 0)
        if n["up"] == 1 and client["up"] == 1 and client["epoch"] == epoch:
            push(s, now, RANK_EVENT, E_RESET_SEEN, k["client"], 0, epoch)
        drop_delivery(s, last)
        return
    if n["ack_ns"] > 0 and rest == 0:
        use_cpu(s, client["node"], n["ack_ns"])
    if d["open"] == 0:
        emit(s, K_ACK_IGNORED, d["copy"], n["entity"], q["entity"], d["number"], 0, 0)
        drop_delivery(s, last)
        return
    for _ in range(CHUNK):
        delivery = int(k["unacked_head"])
        copy = int(deliveries(s, delivery)["copy"])
        c = copies(s, copy)
        if c["processings"] == 0 and c["fate"] == F_IN_FLIGHT:
            c["fate"] = F_LOST
            c["cause"] = X_EARLY_COMMIT
        unlink_unacked(s, delivery)
        settle(s, delivery, copy, ACK_DONE)
        drop_delivery(s, delivery)  # the broker's hold
        if delivery == last:
            drop_delivery(s, last)  # the packet's
            credit_back(s, consumer)
            dispatch(s, k["queue"])
            return
    push(s, now, RANK_CONTINUE, E_ACKS_IN, last, 1, epoch)
