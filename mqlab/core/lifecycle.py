"""The life of queues: they are deleted, and declared anew, with their bindings.

    exclusive       deleted with the connection of its only consumer
    auto_delete     deleted when the last consumer is gone
    expires         deleted when it had no consumer for so long
    not durable     gone when its broker goes down; and with it, or with an exchange that is not durable, its bindings

Sources: https://www.rabbitmq.com/docs/queues (exclusive, auto-delete, durability), https://www.rabbitmq.com/docs/ttl
(queue TTL; expiry starts again with a restart), https://www.rabbitmq.com/docs/exchanges (a binding is durable if both
its ends are).

Whoever connects declares what it uses: a consumer its queue, the bindings that lead there and their exchanges; a
producer the queues it addresses by name, unless they are exclusive. Declaring what is there changes nothing, so
only the first one after a deletion matters. That is what RabbitMQ's tutorials do at the head of each program, and what
a client library with topology recovery does after a reconnect.

``missing`` says how much of a queue is there: 0 all of it, 1 the queue without the bindings that are not durable,
2 nothing. Bindings are known to all nodes, so where there are several one crash does not take any.
``run.missing`` counts the queues that are not whole: while it is 0, publishing knows nothing of all this.
"""

from __future__ import annotations

from mqlab.core.codes import (
    C_GONE,
    C_REFUSED,
    C_VANISHED,
    CHUNK,
    E_QUEUE_CLEAR,
    E_QUEUE_EXPIRE,
    F_DELETED,
    F_IN_FLIGHT,
    F_NO_SUBSCRIBER,
    F_UNROUTABLE,
    FLAG_HOP,
    K_DELETED,
    K_QUEUE_DECLARED,
    K_QUEUE_DELETED,
    LIFE_EXPIRED,
    LIFE_RESTART,
    LIFE_UNBOUND,
    LIFE_UNUSED,
    M_ALL_THERE,
    M_GONE,
    M_UNBOUND,
    Q_LIFE,
    RANK_CONTINUE,
    RANK_EVENT,
)
from mqlab.core.heap import push
from mqlab.core.queue import leave_node, take_first
from mqlab.core.recorder import emit, tell
from mqlab.core.records import clients, consumers, copies, nodes, producers, queues, routes, runs, targets, ways
from mqlab.jit import State, kernel, seldom

__all__ = [
    "begin_lives",
    "clear_queue",
    "consumer_came",
    "consumer_left",
    "expire_queue",
    "forsake",
    "is_being_cleared",
    "is_missing",
    "names_again",
    "went_down",
    "went_up",
    "why_nowhere",
    "without_the_missing",
]


@kernel
def _users(s: State, queue: int) -> int:
    """Count the consumers that are connected to a queue."""
    n = 0
    for i in range(runs(s, 0)["consumers"]):
        k = consumers(s, i)
        if k["queue"] == queue and clients(s, k["client"])["open"] == 1:
            n += 1
    return n


@kernel
def _set_missing(s: State, queue: int, missing: int) -> None:
    q = queues(s, queue)
    run = runs(s, 0)
    run["missing"] = run["missing"] + int(missing > 0) - int(q["missing"] > 0)
    q["missing"] = missing


@kernel
def _tell(s: State, kind: int, queue: int, detail: int, cause: int) -> None:
    q = queues(s, queue)
    tell(s, kind, -1, 0, nodes(s, q["node"])["entity"], q["entity"], 0, detail, cause, 1)


@kernel
def _delete(s: State, queue: int, why: int) -> None:
    """Delete a queue with its bindings; what stands in it goes a piece at a time."""
    _set_missing(s, queue, M_GONE)
    _tell(s, K_QUEUE_DELETED, queue, queues(s, queue)["ready"], why)
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_QUEUE_CLEAR, queue, 0, 0)


@seldom
def clear_queue(s: State, queue: int) -> None:
    """Delete what stands in a deleted queue, a piece at a time; what consumers had comes back first."""
    q = queues(s, queue)
    entity = nodes(s, q["node"])["entity"]
    for _ in range(CHUNK):
        copy = take_first(s, queue)
        if copy < 0:
            break
        c = copies(s, copy)
        c["state"] = C_GONE
        if c["fate"] == F_IN_FLIGHT:
            c["fate"] = F_DELETED
        emit(s, K_DELETED, copy, entity, q["entity"], 0, 0, 0)
        leave_node(s, copy)
    if q["ready"] > 0 or q["unacked"] > 0:
        push(s, runs(s, 0)["now"], RANK_CONTINUE, E_QUEUE_CLEAR, queue, 0, 0)


@seldom
def is_being_cleared(s: State, queue: int) -> bool:
    """Say whether a queue is deleted and not empty yet: whoever comes at the same moment waits for that."""
    q = queues(s, queue)
    return q["missing"] == M_GONE and (q["ready"] > 0 or q["unacked"] > 0)


@kernel
def _declare(s: State, queue: int) -> None:
    """Declare a queue and its bindings; nothing happens if they are there."""
    q = queues(s, queue)
    if q["missing"] == M_ALL_THERE:
        return
    _tell(s, K_QUEUE_DECLARED, queue, 0, int(q["missing"] == M_UNBOUND))
    _set_missing(s, queue, M_ALL_THERE)


@kernel
def _lease(s: State, queue: int) -> None:
    """Nobody uses a queue: from now on it may expire."""
    q = queues(s, queue)
    q["lease"] = q["lease"] + 1
    if q["expires"] > 0:
        push(s, runs(s, 0)["now"] + q["expires"], RANK_EVENT, E_QUEUE_EXPIRE, queue, q["lease"], 0)


@seldom
def consumer_came(s: State, queue: int) -> None:
    """A consumer has connected: it declares the queue and uses it."""
    _declare(s, queue)
    q = queues(s, queue)
    q["lease"] = q["lease"] + 1


@seldom
def consumer_left(s: State, queue: int) -> None:
    """A consumer's connection has ended; perhaps it was the last one."""
    q = queues(s, queue)
    if q["missing"] == M_GONE or _users(s, queue) > 0:
        return
    if q["exclusive"] == 1 or q["auto_delete"] == 1:
        _delete(s, queue, LIFE_UNUSED)
    else:
        _lease(s, queue)


@seldom
def expire_queue(s: State, queue: int, lease: int) -> None:
    """A queue has had no consumer for as long as it may."""
    q = queues(s, queue)
    if q["lease"] == lease and q["missing"] != M_GONE and q["unacked"] == 0 and _users(s, queue) == 0:
        _delete(s, queue, LIFE_EXPIRED)


@seldom
def begin_lives(s: State) -> None:
    """Everything is declared when a run begins; queues that nobody consumes from may expire from then on."""
    for queue in range(runs(s, 0)["queues"]):
        q = queues(s, queue)
        if (q["special"] & Q_LIFE) != 0 and q["expires"] > 0 and _users(s, queue) == 0:
            _lease(s, queue)


@seldom
def went_down(s: State, queue: int) -> None:
    """The queue's broker went down and what does not survive has vanished: now the queue itself, or its bindings."""
    q = queues(s, queue)
    q["lease"] = q["lease"] + 1
    if q["missing"] == M_GONE:
        return
    if q["exclusive"] == 1 or q["durable"] == 0:
        _delete(s, queue, LIFE_RESTART)
    elif q["loose"] == 1 and q["missing"] == M_ALL_THERE and runs(s, 0)["nodes"] == 1:
        _set_missing(s, queue, M_UNBOUND)
        _tell(s, K_QUEUE_DELETED, queue, q["ready"], LIFE_UNBOUND)


@seldom
def went_up(s: State, queue: int) -> None:
    """The queue's broker is back: the lease of a queue without consumers begins anew."""
    if queues(s, queue)["missing"] != M_GONE:
        _lease(s, queue)


@seldom
def names_again(s: State, producer: int) -> None:
    """A producer has connected: it declares the queues that it addresses by name, as far as it may."""
    p = producers(s, producer)
    for r in range(p["route"], p["route"] + max(p["routes"], 1)):
        if ways(s, r)["named"] == 1:
            continue
        way = routes(s, r)
        for i in range(way["count"]):
            queue = int(targets(s, way["first"] + i)["n"])
            q = queues(s, queue)
            if q["exclusive"] == 0 and nodes(s, q["node"])["up"] == 1 and q["missing"] == M_GONE:
                _declare(s, queue)
                _lease(s, queue)


# --- publishing while queues are missing ---------------------------------------------------------------------------


@seldom
def is_missing(s: State, route: int, place: int) -> bool:
    """Say whether the queue at one place of a route cannot be reached by it at present."""
    queue = int(targets(s, routes(s, route)["first"] + place)["n"])
    missing = queues(s, queue)["missing"]
    if missing != M_UNBOUND:
        return missing == M_GONE
    loose = ways(s, route)["loose"]
    return loose >= 0 and targets(s, loose + place)["n"] == 1


@seldom
def without_the_missing(s: State, route: int) -> int:
    """Find the route that holds in place of this one while some queues are missing.

    It differs where an alternate exchange steps in: the routes for every set of missing queues were worked out
    beforehand, in the order of a number with one bit for each queue that may be missing.
    """
    start = ways(s, route)["plans"]
    if start < 0:
        return route
    bits = 0
    for i in range(targets(s, start)["n"]):
        q = queues(s, int(targets(s, start + 2 + 2 * i)["n"]))
        if q["missing"] == M_GONE or (q["missing"] == M_UNBOUND and targets(s, start + 3 + 2 * i)["n"] == 1):
            bits += 1 << i
    if bits == 0:
        return route
    return int(targets(s, start + 1)["n"]) + bits - 1


@kernel
def why_nowhere(s: State, route: int) -> int:
    """Name the fate of what finds no queue: an exchange has nobody subscribed, a name is nobody's."""
    if ways(s, route)["named"] == 1:
        return F_NO_SUBSCRIBER
    return F_UNROUTABLE


@seldom
def forsake(s: State, root: int, fate: int, queue: int) -> None:
    """What a crash took, or a queue refused, would come back with this try, but nothing leads there any more.

    ``queue`` -1 means every queue. A still later try may find its way again.
    """
    slot = root
    while slot >= 0:
        c = copies(s, slot)
        again = (c["state"] == C_VANISHED or c["state"] == C_REFUSED) and (c["flags"] & FLAG_HOP) == 0
        if again and c["processings"] == 0 and (queue < 0 or c["queue"] == queue):
            c["fate"] = fate
            c["cause"] = 0
        slot = c["next_copy"]
