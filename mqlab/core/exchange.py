"""A publish reaches the broker: its CPU, routing, and each queue's decision to take it.

Matching is not done here: :mod:`mqlab.core.build` has resolved every (exchange, routing key) into a list of queues.
"""

from __future__ import annotations

from mqlab.core.codes import (
    C_GONE,
    C_REFUSED,
    C_VANISHED,
    DIED_MAXLEN,
    E_PUBLISH_DO,
    E_RESET_SEEN,
    F_EVICTED,
    F_IN_FLIGHT,
    F_LOST,
    F_NO_SUBSCRIBER,
    F_REJECTED,
    F_UNROUTABLE,
    FLAG_HOP,
    K_ARRIVED,
    K_ENQUEUE_REFUSED,
    K_ENQUEUED,
    K_EVICTED,
    K_STALE_PACKET,
    K_UNROUTABLE,
    K_VANISHED,
    OVERFLOW_DROP_HEAD,
    OVERFLOW_DROP_NEWEST,
    OVERFLOW_REJECT_DLX,
    P_PUBLISH,
    PRODUCER_MANDATORY,
    PRODUCER_REQUEST,
    PRODUCER_SERVER,
    Q_BYTES,
    Q_LAZY,
    QUEUE_REPLICATED,
    RANK_EVENT,
    X_BROKER_MEMORY,
    X_WIRE,
)
from mqlab.core.confirm import NO, YES, send_confirm
from mqlab.core.dying import evict, evict_first, is_too_heavy, send_on
from mqlab.core.heap import push
from mqlab.core.lifecycle import forsake, is_missing, why_nowhere, without_the_missing
from mqlab.core.processor import use_cpu
from mqlab.core.queue import append, dispatch
from mqlab.core.quorum import propose
from mqlab.core.recorder import emit, new_copy, release
from mqlab.core.records import clients, copies, nodes, producers, queues, routes, runs, targets
from mqlab.core.replies import is_cut_off, note_way_back
from mqlab.core.returning import send_back
from mqlab.core.sockets import keep_open, wait_in_socket
from mqlab.core.storage import store, store_quietly
from mqlab.jit import State, kernel, often, seldom
from mqlab.sampling import identity

__all__ = ["overflow", "place", "publish_do", "publish_in", "suspect"]


@kernel
def suspect(s: State, root: int, cause: int) -> None:
    """Note why a message that has reached no queue may be lost; a later success makes it void."""
    r = copies(s, root)
    if r["copies"] == 0 and r["fate"] == F_IN_FLIGHT:
        r["cause"] = cause


@kernel
def publish_in(s: State, root: int, attempt: int, epoch: int) -> None:
    """A publish packet arrives."""
    r = copies(s, root)
    p = producers(s, r["producer"])
    client = clients(s, p["client"])
    n = nodes(s, client["node"])
    if n["up"] == 0 or client["open"] == 0 or client["epoch"] != epoch:
        emit(s, K_STALE_PACKET, root, client["entity"], -1, attempt, P_PUBLISH, 0)
        suspect(s, root, X_WIRE)
        if n["up"] == 1 and client["up"] == 1 and client["epoch"] == epoch:
            push(s, runs(s, 0)["now"], RANK_EVENT, E_RESET_SEEN, p["client"], 0, epoch)
        release(s, root)
        return
    if n["special"] != 0 and wait_in_socket(s, root, attempt, epoch):
        return
    emit(s, K_ARRIVED, root, n["entity"], -1, attempt, 0, 0)
    r["epoch"] = epoch
    if n["publish_ns"] > 0:
        done = use_cpu(s, client["node"], n["publish_ns"])
        push(s, done, RANK_EVENT, E_PUBLISH_DO, root, attempt, n["epoch"])
    else:
        publish_do(s, root, attempt, n["epoch"])


@kernel
def publish_do(s: State, root: int, attempt: int, epoch: int) -> None:
    """Route a publish, let each queue decide, and confirm what need not wait for the disk."""
    r = copies(s, root)
    p = producers(s, r["producer"])
    n = nodes(s, clients(s, p["client"])["node"])
    if n["epoch"] != epoch:
        emit(s, K_VANISHED, root, n["entity"], -1, attempt, 0, X_BROKER_MEMORY)
        suspect(s, root, X_BROKER_MEMORY)
        release(s, root)
        return
    if (p["special"] & PRODUCER_SERVER) != 0 and is_cut_off(s, root, n["entity"], attempt):
        release(s, root)
        return
    if p["special"] != 0 and keep_open(s, root, attempt):
        return
    route = int(r["route"])
    partly = runs(s, 0)["missing"] != 0
    if partly:
        route = without_the_missing(s, route)
    way = routes(s, route)
    refused = False
    taken = 0
    for i in range(way["count"]):
        queue = int(targets(s, way["first"] + i)["n"])
        if partly and is_missing(s, route, i):
            forsake(s, root, F_NO_SUBSCRIBER, queue)
            continue
        taken += 1
        if not _offer(s, root, queue, attempt):
            refused = True
    if taken == 0:
        _nowhere(s, root, attempt)
        return
    if refused:
        send_confirm(s, root, NO, attempt)
    elif r["wait"] == 0 and p["confirm_processed"] == 0:
        send_confirm(s, root, YES, attempt)
    if (p["special"] & PRODUCER_REQUEST) != 0:
        note_way_back(s, root)
    release(s, root)


@seldom
def _nowhere(s: State, root: int, attempt: int) -> None:
    """No queue matches, or none that does is there: back to the producer if it is mandatory, and done."""
    r = copies(s, root)
    p = producers(s, r["producer"])
    n = nodes(s, clients(s, p["client"])["node"])
    emit(s, K_UNROUTABLE, root, n["entity"], -1, attempt, 0, 0)
    fate = F_UNROUTABLE
    if routes(s, r["route"])["count"] > 0:
        fate = why_nowhere(s, r["route"])
    if r["copies"] > 0:
        forsake(s, root, fate, -1)
    elif r["fate"] == F_IN_FLIGHT:
        r["fate"] = fate
    if (p["special"] & PRODUCER_MANDATORY) != 0:
        send_back(s, root, attempt)
    send_confirm(s, root, YES, attempt)
    release(s, root)


@kernel
def _claim(s: State, root: int, queue: int) -> int:
    """Find or make the record for this message's copy in this queue.

    A copy that a crash took or that was refused is taken up again; one that stands (or stood) there makes this an
    extra obligation.
    """
    r = copies(s, root)
    if r["copies"] == 0:
        r["copies"] = 1
        r["queue"] = queue
        return root
    earlier = -1
    before = 0
    slot = root
    while slot >= 0:
        c = copies(s, slot)
        if c["queue"] == queue:
            if (c["flags"] & FLAG_HOP) == 0:
                if c["state"] == C_VANISHED or c["state"] == C_REFUSED:
                    return slot
                if earlier < 0:
                    earlier = c["index"]
            before += 1
        slot = c["next_copy"]
    fresh = new_copy(s)
    c = copies(s, fresh)
    c["root"] = root
    c["index"] = r["copies"]
    c["copy_of"] = earlier
    c["ident"] = r["ident"]
    if before > 0:  # it has a luck of its own: the second of two copies would share the fate of the first
        c["ident"] = identity(r["ident"], before)
    c["queue"] = queue
    c["persistent"] = r["persistent"]
    copies(s, r["last_copy"])["next_copy"] = fresh
    r["last_copy"] = fresh
    r["copies"] = r["copies"] + 1
    return fresh


@kernel
def _offer(s: State, root: int, queue: int, attempt: int) -> bool:
    """Offer a message to a queue; False if the queue refuses it."""
    return place(s, root, _claim(s, root, queue), queue, attempt)


@often
def place(s: State, root: int, copy: int, queue: int, attempt: int) -> bool:
    """Put a copy into its queue; False if the queue refuses it."""
    q = queues(s, queue)
    c = copies(s, copy)
    node = nodes(s, q["node"])
    if node["up"] == 0 and (q["special"] & QUEUE_REPLICATED) == 0:
        return _out_of_reach(s, copy, queue, attempt)
    limited = q["max_length"] >= 0 and q["ready"] >= q["max_length"] and (q["ready"] > 0 or q["ring_head"] < 0)
    heavy = False
    if (q["special"] & Q_BYTES) != 0:
        heavy = (q["ready"] > 0 or q["ring_head"] < 0) and is_too_heavy(s, queue, copies(s, root)["size"])
    if (limited or heavy) and q["overflow"] != OVERFLOW_DROP_HEAD:
        return _turn_away(s, root, copy, queue, attempt)
    if (q["special"] & QUEUE_REPLICATED) != 0:
        propose(s, copy, queue)
        return True
    c["fate"] = F_IN_FLIGHT
    c["cause"] = 0
    c["storage"] = 0
    if c["enqueued"] < 0:
        c["enqueued"] = runs(s, 0)["now"]
    r = copies(s, root)
    r["refs"] = r["refs"] + 1
    if q["entity"] >= 0:  # else it only passes through
        emit(s, K_ENQUEUED, copy, node["entity"], q["entity"], attempt, q["position"], 0)
    append(s, queue, copy)
    memory = node["memory"] + r["size"]
    node["memory"] = memory
    if memory > node["memory_max"]:
        node["memory_max"] = memory
    if q["durable"] == 1 and c["persistent"] == 1 and c["on_disk_list"] == 0:
        store(s, copy)
    elif (q["special"] & Q_LAZY) != 0 and c["on_disk_list"] == 0:
        store_quietly(s, copy)
    if limited:
        evict_first(s, queue)
    if heavy:
        evict(s, queue)
    dispatch(s, queue)
    return True


@kernel
def _out_of_reach(s: State, copy: int, queue: int, attempt: int) -> bool:
    """The queue's own node is down: its copy is nowhere, and the producer is told no (False)."""
    q = queues(s, queue)
    c = copies(s, copy)
    emit(s, K_VANISHED, copy, nodes(s, q["node"])["entity"], q["entity"], attempt, 0, X_BROKER_MEMORY)
    c["state"] = C_VANISHED
    c["fate"] = F_LOST
    c["cause"] = X_BROKER_MEMORY
    return False


@kernel
def _turn_away(s: State, root: int, copy: int, queue: int, attempt: int) -> bool:
    """The queue is full: refuse the newest (False), or drop it in silence (True)."""
    q = queues(s, queue)
    c = copies(s, copy)
    entity = nodes(s, q["node"])["entity"]
    if q["overflow"] != OVERFLOW_DROP_NEWEST:
        emit(s, K_ENQUEUE_REFUSED, copy, entity, q["entity"], attempt, 0, 0)
        c["state"] = C_REFUSED
        c["cause"] = 0
        c["fate"] = F_EVICTED
        if (c["flags"] & FLAG_HOP) != 0:
            c["state"] = C_GONE  # it comes from a queue, and nobody sends it again
        elif producers(s, copies(s, root)["producer"])["confirm"] != 0:
            c["fate"] = F_REJECTED
        if q["overflow"] == OVERFLOW_REJECT_DLX:
            send_on(s, copy, DIED_MAXLEN)
        return False
    emit(s, K_EVICTED, copy, entity, q["entity"], attempt, 0, 0)
    c["state"] = C_GONE
    c["fate"] = F_EVICTED
    c["cause"] = 0
    return True


@seldom
def overflow(s: State, queue: int) -> None:
    """A commit made a replicated queue longer than it may be."""
    q = queues(s, queue)
    if q["max_length"] >= 0 and q["ready"] > q["max_length"]:
        evict_first(s, queue)
    evict(s, queue)
