"""Who is served when consumers do not simply take turns: a single active one, or those with the highest priority.

A consumer is registered when it connects. The single active consumer is the one that has been registered longest; when
its connection ends, and everything it had not acknowledged is back in its place, the next one follows. It stays active
while it has no room for another delivery: nobody steps in for it.
"""

from __future__ import annotations

from mqlab.core.codes import K_ACTIVATED, Q_RANKED, Q_SINGLE
from mqlab.core.recorder import tell
from mqlab.core.records import clients, consumers, queues, runs
from mqlab.jit import State, kernel, seldom

__all__ = ["elect", "may_join", "stand_by_rank", "stand_down"]


@seldom
def may_join(s: State, consumer: int) -> bool:
    """Say whether a connected consumer may stand in its queue's ring; it is registered if it was not."""
    k = consumers(s, consumer)
    q = queues(s, k["queue"])
    if (q["special"] & Q_SINGLE) == 0:
        return True
    if k["registered"] == 0:
        q["registered"] = q["registered"] + 1
        k["registered"] = q["registered"]
    if q["active"] < 0 and q["handing"] == 0:
        return elect(s, k["queue"]) == consumer
    return q["active"] == consumer


@kernel
def elect(s: State, queue: int) -> int:
    """Make the consumer that was registered first the active one; -1: none is registered."""
    q = queues(s, queue)
    best = -1
    first = q["registered"] + 1
    for consumer in range(runs(s, 0)["consumers"]):
        k = consumers(s, consumer)
        if k["queue"] == queue and 0 < k["registered"] < first:
            best = consumer
            first = k["registered"]
    q["active"] = best
    q["handing"] = 0
    if best >= 0:
        tell(s, K_ACTIVATED, -1, 0, clients(s, consumers(s, best)["client"])["entity"], q["entity"], 0, first, 0, 1)
    return best


@seldom
def stand_down(s: State, consumer: int, crashed: bool) -> None:
    """A consumer's connection ended: it is no longer registered, and nobody is active until its deliveries are back.

    With the broker gone (``crashed``) there is nobody to follow: whoever connects first will be active.
    """
    k = consumers(s, consumer)
    q = queues(s, k["queue"])
    k["registered"] = 0
    if q["active"] == consumer:
        q["active"] = -1
        q["handing"] = consumer + 1
    if crashed:
        q["handing"] = 0


@seldom
def stand_by_rank(s: State, consumer: int) -> bool:
    """Stand in the ring behind the last consumer of no lower priority; False: this ring knows no priorities."""
    k = consumers(s, consumer)
    q = queues(s, k["queue"])
    if (q["special"] & Q_RANKED) == 0:
        return False
    before = int(q["ring_tail"])
    after = -1
    while before >= 0 and consumers(s, before)["priority"] < k["priority"]:
        after = before
        before = int(consumers(s, before)["ring_prev"])
    k["in_ring"] = 1
    k["ring_prev"] = before
    k["ring_next"] = after
    if before < 0:
        q["ring_head"] = consumer
    else:
        consumers(s, before)["ring_next"] = consumer
    if after < 0:
        q["ring_tail"] = consumer
    else:
        consumers(s, after)["ring_prev"] = consumer
    return True
