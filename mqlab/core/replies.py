"""The way of a reply through the broker.

A request names where its reply is to go, and what it names lasts as long as the connection it came on: an exclusive
queue is deleted with it, a direct reply-to is the channel itself. So each copy of a request remembers its connection,
and a reply that comes back later finds nothing.

    own      requester's exclusive queue: an ordinary queue, as long as the connection stands
    direct   no queue: a queue without a name or a place in the trace, through which replies only pass
    queue    an ordinary queue, which outlives connections
"""

from __future__ import annotations

from mqlab.core.codes import F_IN_FLIGHT, F_NO_SUBSCRIBER, F_UNROUTABLE, K_UNROUTABLE, REPLY_DIRECT, REPLY_QUEUE
from mqlab.core.queue import dispatch, ring_join
from mqlab.core.recorder import emit
from mqlab.core.records import clients, consumers, copies, extras, producers, queues
from mqlab.jit import State, seldom

__all__ = ["is_cut_off", "listen", "note_way_back"]

_QUEUE_GONE, _CHANNEL_GONE = 1, 2


@seldom
def note_way_back(s: State, root: int) -> None:
    """Remember the connection that a request has just come on, with every copy that this publish put in a queue."""
    epoch = copies(s, root)["epoch"]
    slot = root
    while slot >= 0:
        c = copies(s, slot)
        x = extras(s, slot)
        if c["queue"] >= 0 and x["place"] != c["position"]:
            x["place"] = c["position"]
            x["way"] = epoch
        slot = c["next_copy"]


@seldom
def is_cut_off(s: State, root: int, node: int, attempt: int) -> bool:
    """Say whether a reply finds its requester gone; the broker drops it then, and nobody is told."""
    x = extras(s, root)
    client = clients(s, x["asker"])
    kind = producers(s, client["owner"])["reply_to"]
    if kind == REPLY_QUEUE or (client["open"] == 1 and client["epoch"] == x["way"]):
        return False
    r = copies(s, root)
    cause = _QUEUE_GONE
    fate = F_UNROUTABLE
    if kind == REPLY_DIRECT:
        cause = _CHANNEL_GONE
        fate = F_NO_SUBSCRIBER
    emit(s, K_UNROUTABLE, root, node, -1, attempt, 0, cause)
    if r["copies"] == 0 and r["fate"] == F_IN_FLIGHT:
        r["fate"] = fate
    return True


@seldom
def listen(s: State, client: int) -> None:
    """A requester is connected: it declares a queue of its own where it is now, and consumes replies again."""
    c = clients(s, client)
    consumer = c["listens"]
    queue = consumers(s, consumer)["queue"]
    if producers(s, c["owner"])["reply_to"] != REPLY_QUEUE:
        queues(s, queue)["node"] = c["node"]
    ring_join(s, consumer)
    dispatch(s, queue)
