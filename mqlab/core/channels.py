"""Channels: the time within which a delivery has to be acknowledged, and consumers that share one.

The broker looks now and then whether some delivery has been unacknowledged for longer than it may (consumer_timeout).
Then it closes the channel: what is unacknowledged on it goes back to the queue, and the client, who is told, opens a
new one after its pause. In this model a consumer's connection has one channel, or several consumers have one together.
"""

from __future__ import annotations

from mqlab.core.codes import (
    C_SETTLING,
    CONSUMER_PULL,
    CONSUMER_TIMEOUT,
    E_RESET_SEEN,
    E_SCALE,
    E_TIMEOUTS,
    E_TOGETHER,
    K_CHANNEL_CLOSED,
    QUEUE_REPLICATED,
    RANK_CONTINUE,
    RANK_EVENT,
    RANK_WORLD,
    TOGETHER_CLOSED,
    TOGETHER_DEAD,
    TOGETHER_LOST,
)
from mqlab.core.connection import close, close_alone, die_alone, lost_alone
from mqlab.core.hands import start_next
from mqlab.core.heap import push
from mqlab.core.link import DOWN, LOST, cross
from mqlab.core.recorder import tell
from mqlab.core.records import clients, consumers, copies, deliveries, groups, nodes, queues, runs, steps
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import GOODBYE, identity

__all__ = ["prime_specially", "timeouts", "together"]


@seldom
def prime_specially(s: State) -> None:
    """Schedule what consumers that are not plain do at the start."""
    run = runs(s, 0)
    for consumer in range(run["consumers"]):
        k = consumers(s, consumer)
        if (k["special"] & CONSUMER_TIMEOUT) != 0:
            push(s, groups(s, k["group"])["check"], RANK_EVENT, E_TIMEOUTS, consumer, 0, 0)
        if (k["special"] & CONSUMER_PULL) != 0 and clients(s, k["client"])["up"] == 1:
            start_next(s, consumer)
    for step in range(run["steps"]):
        push(s, steps(s, step)["at"], RANK_WORLD, E_SCALE, step, 0, 0)


@kernel
def _first_unanswered(s: State, delivery: int) -> int:
    """Find the first delivery whose acknowledgement the channel has not got; others wait for a majority, not for it."""
    while delivery >= 0 and copies(s, deliveries(s, delivery)["copy"])["state"] == C_SETTLING:
        delivery = int(deliveries(s, delivery)["next"])
    return delivery


@seldom
def timeouts(s: State, consumer: int) -> None:
    """Look at a consumer's oldest unacknowledged delivery, and at the next after the usual interval."""
    k = consumers(s, consumer)
    g = groups(s, k["group"])
    now = runs(s, 0)["now"]
    push(s, now + g["check"], RANK_EVENT, E_TIMEOUTS, consumer, 0, 0)
    index = k["client"]
    client = clients(s, index)
    q = queues(s, k["queue"])
    oldest = int(k["unacked_head"])
    if (q["special"] & QUEUE_REPLICATED) != 0:
        oldest = _first_unanswered(s, oldest)
    if client["open"] == 0 or nodes(s, q["node"])["up"] == 0 or oldest < 0:
        return
    age = now - deliveries(s, oldest)["departs"]
    if age <= g["timeout"]:
        return
    tell(s, K_CHANNEL_CLOSED, -1, 0, client["entity"], q["entity"], 0, age, 0, 1)
    arrives = cross(s, index, DOWN, GOODBYE, identity(client["ident"], k["member"]), 2 * client["epoch"], now)
    if arrives != LOST:
        push(s, arrives, RANK_EVENT, E_RESET_SEEN, index, 0, client["epoch"])
    close(s, index)


@seldom
def together(s: State, client: int, what: int) -> None:
    """What befell one consumer on a channel befalls the others: this one, then the next."""
    group = consumers(s, clients(s, client)["owner"])["group"]
    g = groups(s, group)
    if what == TOGETHER_LOST:
        lost_alone(s, client)
    elif what == TOGETHER_CLOSED:
        close_alone(s, client)
    elif what == TOGETHER_DEAD:
        die_alone(s, client, -1)
    else:
        die_alone(s, client, g["restart"])
    following = consumers(s, clients(s, client)["owner"])["member"] + 1
    if following < g["members"]:
        sibling = consumers(s, g["first"] + following)["client"]
        push(s, runs(s, 0)["now"], RANK_CONTINUE, E_TOGETHER, sibling, what, 0)
