"""Dead letters: what died in one queue is published again, by the broker, to the exchange its queue names.

    orders ──expired, maxlen, rejected, delivery_limit──► exchange ──► late, log …

Nothing waits for a confirm of it: the first copy is gone before the next is safe, and a crash in between loses the
message. Each queue it reaches is owed a copy of its own (FLAG_HOP), which knows the copy it came from. So a cycle is
found by walking back: a message that died in a queue before, and was not rejected by a consumer since, is not put into
that queue again.
"""

from __future__ import annotations

from mqlab.core.codes import (
    DIED_REJECTED,
    DROPPED_CYCLE,
    DROPPED_TOO_OFTEN,
    DROPPED_UNROUTABLE,
    F_DEAD_LETTERED,
    F_DISCARDED,
    F_EVICTED,
    F_EXPIRED,
    F_REJECTED,
    FLAG_HOP,
    K_DEAD_LETTERED,
    K_LETTER_DROPPED,
    LETTERS_MAX,
)
from mqlab.core.exchange import place
from mqlab.core.lifecycle import is_missing, without_the_missing
from mqlab.core.recorder import emit, new_copy, release
from mqlab.core.records import copies, extras, nodes, queues, routes, runs, targets
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import identity

__all__ = ["pass_on"]


@kernel
def _way_of(s: State, copy: int) -> int:
    """Find the route of a dead copy: that of its queue for the routing key the copy came under."""
    c = copies(s, copy)
    address = routes(s, copies(s, c["root"])["route"])["address"]
    if (c["flags"] & FLAG_HOP) != 0:
        address = extras(s, copy)["address"]
    return int(queues(s, c["queue"])["letters"] + address)


@kernel
def _goes_round(s: State, copy: int, queue: int, reason: int) -> bool:
    """Say whether a message died in ``queue`` before without having been rejected since."""
    slot = copy
    died = reason
    while slot >= 0:
        if died == DIED_REJECTED:
            return False
        if copies(s, slot)["queue"] == queue:
            return True
        x = extras(s, slot)
        died = int(x["born"])
        slot = int(x["parent"])
    return False


@kernel
def _put(s: State, parent: int, queue: int, reason: int, address: int) -> None:
    """Put a dead letter into a queue."""
    root = int(copies(s, parent)["root"])
    r = copies(s, root)
    before = 0
    slot = root
    while slot >= 0:
        if copies(s, slot)["queue"] == queue:
            before += 1
        slot = int(copies(s, slot)["next_copy"])
    fresh = new_copy(s)
    c = copies(s, fresh)
    c["root"] = root
    c["index"] = r["copies"]
    c["flags"] = FLAG_HOP
    c["ident"] = r["ident"]
    if before > 0:  # it has a luck of its own: what failed here before need not fail again
        c["ident"] = identity(r["ident"], before)
    c["queue"] = queue
    c["persistent"] = r["persistent"]
    copies(s, r["last_copy"])["next_copy"] = fresh
    r["last_copy"] = fresh
    r["copies"] = r["copies"] + 1
    x = extras(s, fresh)
    x["parent"] = parent
    x["born"] = reason
    x["address"] = address
    place(s, root, fresh, queue, 0)


@seldom
def pass_on(s: State, copy: int, reason: int) -> None:
    """Publish what died in a queue to its dead-letter exchange; what nothing takes ends as it died."""
    c = copies(s, copy)
    root = int(c["root"])
    q = queues(s, c["queue"])
    node = nodes(s, q["node"])["entity"]
    route = _way_of(s, copy)
    partly = runs(s, 0)["missing"] > 0
    if partly:
        route = without_the_missing(s, route)
    way = routes(s, route)
    first = int(way["first"])
    count = int(way["count"])
    if copies(s, root)["copies"] + count > LETTERS_MAX:
        emit(s, K_LETTER_DROPPED, copy, node, q["entity"], 0, 0, DROPPED_TOO_OFTEN)
        release(s, root)
        return
    there = 0
    reached = 0
    for i in range(count):
        queue = int(targets(s, first + i)["n"])
        if partly and is_missing(s, route, i):
            continue
        there += 1
        if _goes_round(s, copy, queue, reason):
            emit(s, K_LETTER_DROPPED, copy, node, queues(s, queue)["entity"], 0, 0, DROPPED_CYCLE)
        else:
            reached += 1
    if there == 0:
        emit(s, K_LETTER_DROPPED, copy, node, q["entity"], 0, 0, DROPPED_UNROUTABLE)
    if reached > 0:
        emit(s, K_DEAD_LETTERED, copy, node, q["entity"], 0, 0, reason)
        if c["fate"] in (F_EXPIRED, F_EVICTED, F_DISCARDED, F_REJECTED):
            c["fate"] = F_DEAD_LETTERED
        for i in range(count):
            queue = int(targets(s, first + i)["n"])
            if not (partly and is_missing(s, route, i)) and not _goes_round(s, copy, queue, reason):
                _put(s, copy, queue, reason, way["address"])
    release(s, root)
