"""Pull at the broker: a question for a message, and its answer; see :mod:`mqlab.core.asking`.

Prefetch does not concern it. What it hands out is acknowledged, or not, as any other delivery.
"""

from __future__ import annotations

from mqlab.core.asking import PATIENCE, question
from mqlab.core.codes import (
    E_GET_AGAIN,
    E_GET_EMPTY,
    E_RESET_SEEN,
    K_GOT_NOTHING,
    QUEUE_HALTED,
    RANK_EVENT,
    SIDE_BURSTS,
    SIDE_LOSS,
)
from mqlab.core.dying import take_living
from mqlab.core.hands import start_next
from mqlab.core.heap import push
from mqlab.core.link import DOWN, LOST, cross
from mqlab.core.queue import deliver
from mqlab.core.recorder import tell
from mqlab.core.records import clients, consumers, groups, nodes, queues, runs, sides
from mqlab.jit import State, seldom
from mqlab.sampling import GET, identity

__all__ = ["ask_again", "get_in"]


@seldom
def get_in(s: State, consumer: int, number: int, epoch: int) -> None:
    """A question reaches the broker: hand out the first ready message, or say that there is none."""
    k = consumers(s, consumer)
    index = k["client"]
    client = clients(s, index)
    queue = k["queue"]
    q = queues(s, queue)
    now = runs(s, 0)["now"]
    if client["up"] == 0 or client["epoch"] != epoch:
        return
    if nodes(s, q["node"])["up"] == 0 or q["dispatching"] == QUEUE_HALTED:
        push(s, now + PATIENCE, RANK_EVENT, E_GET_AGAIN, consumer, number, epoch)
        return
    if client["open"] == 0:
        push(s, now, RANK_EVENT, E_RESET_SEEN, index, 0, epoch)
        return
    copy = take_living(s, queue)
    if copy >= 0:
        deliver(s, queue, copy, consumer)
        if client["silent"] > 0 or (sides(s, client["down_side"])["special"] & (SIDE_LOSS | SIDE_BURSTS)) != 0:
            push(s, now + PATIENCE, RANK_EVENT, E_GET_AGAIN, consumer, number, epoch)
        return
    g = groups(s, k["group"])
    g["empty"] = g["empty"] + 1
    tell(s, K_GOT_NOTHING, -1, 0, client["entity"], q["entity"], 0, 0, 0, 1)
    arrives = cross(s, index, DOWN, GET, identity(client["ident"], k["member"]), k["gets"], now)
    if arrives == LOST:
        push(s, now + PATIENCE, RANK_EVENT, E_GET_AGAIN, consumer, number, epoch)
    else:
        push(s, arrives, RANK_EVENT, E_GET_EMPTY, consumer, number, epoch)


@seldom
def ask_again(s: State, consumer: int, number: int, epoch: int) -> None:
    """The pause is over, or the answer never came: ask again, unless one came after all."""
    k = consumers(s, consumer)
    client = clients(s, k["client"])
    if client["up"] == 0 or client["epoch"] != epoch or k["asking"] == 0 or question(s, consumer) != number:
        return
    k["asking"] = 0
    start_next(s, consumer)
