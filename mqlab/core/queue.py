"""A queue: copies in order, what came back in its old place, and consumers in turn.

Ready copies stand in two structures. New ones join a fifo. A copy that comes back (nack, lost connection)
belongs at its original position, and everything that ever left the fifo stood before everything still in it; so what
came back goes to a pairing heap ordered by position (:mod:`mqlab.core.pairing`), which is always emptied before the
fifo. A queue with priorities, bytes or times to live does more than that: :mod:`mqlab.core.standing`.

        requeued (pairing heap)          fifo
        3 · 7 · 8            then        12 → 13 → 14 → …

Consumers that may take another delivery stand in a ring: the first is served and goes to its end, which is
round robin while all have credit, and fair dispatch with prefetch 1.
"""

from __future__ import annotations

from mqlab.core.codes import (
    C_GONE,
    C_READY,
    C_UNACKED,
    CONSUMER_SHARED,
    D_MEMORY,
    DISPATCH_CHUNK,
    E_DELIVERY_IN,
    E_DISPATCH,
    E_EXPIRE,
    F_IN_FLIGHT,
    F_LOST,
    FLAG_PAGED,
    K_ACKED,
    K_DISPATCHED,
    K_PACKET_DUPLICATED,
    K_PACKET_LOST,
    P_DELIVERY,
    Q_BYTES,
    Q_LAZY,
    Q_PRIORITY,
    Q_STANDING,
    Q_TTL,
    Q_TURNS,
    QUEUE_REPLICATED,
    RANK_CONTINUE,
    RANK_EVENT,
    X_AUTO_ACK,
)
from mqlab.core.credit import channel_is_full, special_credit
from mqlab.core.hands import receive
from mqlab.core.heap import push
from mqlab.core.lazy import page_out, read_back
from mqlab.core.link import DOWN, LOST, TWIN, carry, doubled, is_instant
from mqlab.core.pairing import meld, pop
from mqlab.core.processor import use_cpu
from mqlab.core.recorder import drop_delivery, emit, new_delivery, release
from mqlab.core.records import clients, consumers, copies, deliveries, groups, nodes, queues, runs
from mqlab.core.standing import come_back, is_past, join, peek, set_timer, take_level, weigh
from mqlab.core.turns import may_join, stand_by_rank
from mqlab.jit import State, kernel, often, seldom
from mqlab.sampling import DELIVERY

__all__ = [
    "append",
    "credit_back",
    "deliver",
    "dispatch",
    "has_credit",
    "leave_node",
    "put_back",
    "ring_join",
    "ring_leave",
    "set_ready",
    "set_unacked",
    "take_first",
    "unlink_unacked",
]


@kernel
def _touch(s: State, queue: int) -> None:
    """Bring the time-weighted figures up to now; call before a count changes."""
    q = queues(s, queue)
    now = runs(s, 0)["now"]
    span = float(now - q["since"])
    if span > 0.0:
        q["ready_time"] = q["ready_time"] + float(q["ready"]) * span
        q["unacked_time"] = q["unacked_time"] + float(q["unacked"]) * span
        q["since"] = now


@kernel
def set_ready(s: State, queue: int, change: int) -> None:
    """Count ``change`` more ready copies."""
    _touch(s, queue)
    q = queues(s, queue)
    n = q["ready"] + change
    q["ready"] = n
    if change > 0 and n > q["ready_max"]:
        q["ready_max"] = n
    run = runs(s, 0)
    run["ready"] = run["ready"] + change


@kernel
def set_unacked(s: State, queue: int, change: int) -> None:
    """Count ``change`` more unacknowledged copies."""
    _touch(s, queue)
    q = queues(s, queue)
    n = q["unacked"] + change
    q["unacked"] = n
    if n > q["unacked_max"]:
        q["unacked_max"] = n
    run = runs(s, 0)
    run["unacked"] = run["unacked"] + change


@kernel
def append(s: State, queue: int, copy: int) -> None:
    """Put a new copy at the end of the queue."""
    q = queues(s, queue)
    c = copies(s, copy)
    c["position"] = q["position"]
    q["position"] = q["position"] + 1
    c["state"] = C_READY
    c["qnext"] = -1
    if (q["special"] & Q_STANDING) == 0 or not join(s, queue, copy):
        if q["tail"] < 0:
            q["head"] = copy
        else:
            copies(s, q["tail"])["qnext"] = copy
        q["tail"] = copy
    q["enqueued"] = q["enqueued"] + 1
    set_ready(s, queue, 1)


@kernel
def put_back(s: State, queue: int, copy: int) -> None:
    """Return a copy to its original position."""
    q = queues(s, queue)
    c = copies(s, copy)
    c["state"] = C_READY
    c["child"] = -1
    c["sibling"] = -1
    if (q["special"] & Q_STANDING) == 0 or not come_back(s, queue, copy):
        q["requeued"] = meld(s, q["requeued"], copy)
    if (q["special"] & Q_LAZY) != 0 and c["storage"] != D_MEMORY:
        page_out(s, copy)
    set_ready(s, queue, 1)


@kernel
def take_first(s: State, queue: int) -> int:
    """Remove the first ready copy; -1 if there is none."""
    q = queues(s, queue)
    if (q["special"] & Q_STANDING) != 0:
        return _take_specially(s, queue)
    copy = int(q["requeued"])
    if copy >= 0:
        q["requeued"] = pop(s, copy)
    else:
        copy = int(q["head"])
        if copy < 0:
            return -1
        following = copies(s, copy)["qnext"]
        q["head"] = following
        if following < 0:
            q["tail"] = -1
    set_ready(s, queue, -1)
    return copy


@seldom
def _take_specially(s: State, queue: int) -> int:
    """Remove the first ready copy of a queue with rules of its own; -1 if there is none."""
    q = queues(s, queue)
    if (q["special"] & Q_PRIORITY) != 0:
        copy = take_level(s, queue)
        if copy < 0:
            return -1
    else:
        copy = int(q["requeued"])
        if copy >= 0:
            q["requeued"] = pop(s, copy)
        else:
            copy = int(q["head"])
            if copy < 0:
                return -1
            following = copies(s, copy)["qnext"]
            q["head"] = following
            if following < 0:
                q["tail"] = -1
    if (q["special"] & Q_BYTES) != 0:
        weigh(s, queue, copy, -1)
    set_ready(s, queue, -1)
    return copy


@kernel
def has_credit(s: State, consumer: int) -> bool:
    """Say whether the broker may send this consumer another delivery."""
    k = consumers(s, consumer)
    if clients(s, k["client"])["open"] == 0:
        return False
    if k["special"] != 0:
        return special_credit(s, consumer)
    return k["auto"] == 1 or k["prefetch"] == 0 or k["unacked"] < k["prefetch"]


@often
def ring_join(s: State, consumer: int) -> None:
    """Let a consumer queue up for deliveries, at the end, if it has credit and does not stand there yet."""
    k = consumers(s, consumer)
    if k["in_ring"] == 1 or not has_credit(s, consumer):
        return
    q = queues(s, k["queue"])
    if (q["special"] & Q_TURNS) != 0 and (not may_join(s, consumer) or stand_by_rank(s, consumer)):
        return
    k["in_ring"] = 1
    k["ring_next"] = -1
    k["ring_prev"] = q["ring_tail"]
    if q["ring_tail"] < 0:
        q["ring_head"] = consumer
    else:
        consumers(s, q["ring_tail"])["ring_next"] = consumer
    q["ring_tail"] = consumer


@kernel
def ring_leave(s: State, consumer: int) -> None:
    """Take a consumer out of the ring."""
    k = consumers(s, consumer)
    if k["in_ring"] == 0:
        return
    q = queues(s, k["queue"])
    k["in_ring"] = 0
    if k["ring_prev"] < 0:
        q["ring_head"] = k["ring_next"]
    else:
        consumers(s, k["ring_prev"])["ring_next"] = k["ring_next"]
    if k["ring_next"] < 0:
        q["ring_tail"] = k["ring_prev"]
    else:
        consumers(s, k["ring_next"])["ring_prev"] = k["ring_prev"]


@kernel
def credit_back(s: State, consumer: int) -> None:
    """An acknowledgement came: the consumer, or all on its channel, may take more."""
    if consumers(s, consumer)["special"] != 0:
        _channel_joins(s, consumer)
    else:
        ring_join(s, consumer)


@seldom
def _channel_joins(s: State, consumer: int) -> None:
    """Let everybody on a channel that is not full any more queue up, first who comes after the one served last."""
    k = consumers(s, consumer)
    if (k["special"] & CONSUMER_SHARED) == 0:
        ring_join(s, consumer)
        return
    g = groups(s, k["group"])
    for i in range(g["members"]):
        ring_join(s, g["first"] + (g["turn"] + i) % g["members"])


@seldom
def _channel_leaves(s: State, consumer: int) -> None:
    """Let nobody on a channel that is full wait for deliveries."""
    k = consumers(s, consumer)
    if (k["special"] & CONSUMER_SHARED) != 0 and channel_is_full(s, k["group"]):
        g = groups(s, k["group"])
        g["turn"] = k["member"] + 1
        for i in range(g["members"]):
            ring_leave(s, g["first"] + i)


@kernel
def unlink_unacked(s: State, delivery: int) -> None:
    """The broker no longer waits for this delivery's acknowledgement."""
    d = deliveries(s, delivery)
    k = consumers(s, d["consumer"])
    d["open"] = 0
    if d["prev"] < 0:
        k["unacked_head"] = d["next"]
    else:
        deliveries(s, d["prev"])["next"] = d["next"]
    if d["next"] < 0:
        k["unacked_tail"] = d["prev"]
    else:
        deliveries(s, d["next"])["prev"] = d["prev"]
    k["unacked"] = k["unacked"] - 1
    set_unacked(s, k["queue"], -1)


@kernel
def leave_node(s: State, copy: int) -> None:
    """The broker no longer stores this copy."""
    c = copies(s, copy)
    q = queues(s, c["queue"])
    if (q["special"] & QUEUE_REPLICATED) == 0:  # else its body is only on disk
        if (c["flags"] & FLAG_PAGED) != 0:
            c["flags"] = c["flags"] & ~FLAG_PAGED
        else:
            node = nodes(s, q["node"])
            node["memory"] = node["memory"] - copies(s, c["root"])["size"]
    release(s, c["root"])


@kernel
def deliver(s: State, queue: int, copy: int, consumer: int) -> None:
    """Send a copy to a consumer."""
    q = queues(s, queue)
    k = consumers(s, consumer)
    c = copies(s, copy)
    client = clients(s, k["client"])
    run = runs(s, 0)
    departs = run["now"]
    if (q["special"] & Q_LAZY) != 0:
        departs = read_back(s, copy)
    number = c["dispatches"] + 1
    c["dispatches"] = number
    if number > 1:
        run["redelivered"] = run["redelivered"] + 1
    q["delivered"] = q["delivered"] + 1
    delivery = new_delivery(s, copy, consumer, number, client["epoch"])
    d = deliveries(s, delivery)
    d["refs"] = 1
    emit(s, K_DISPATCHED, copy, client["entity"], q["entity"], number, 0, 0)
    if k["auto"] == 1:
        c["state"] = C_GONE
        q["acked"] = q["acked"] + 1
        emit(s, K_ACKED, copy, client["entity"], q["entity"], number, 0, 0)
        leave_node(s, copy)
    else:
        c["state"] = C_UNACKED
        d["open"] = 1
        d["refs"] = 2
        d["prev"] = k["unacked_tail"]
        if k["unacked_tail"] < 0:
            k["unacked_head"] = delivery
        else:
            deliveries(s, k["unacked_tail"])["next"] = delivery
        k["unacked_tail"] = delivery
        k["unacked"] = k["unacked"] + 1
        set_unacked(s, queue, 1)
    ring_leave(s, consumer)
    ring_join(s, consumer)
    if k["special"] != 0:
        _channel_leaves(s, consumer)
    node = nodes(s, q["node"])
    if node["deliver_ns"] > 0:
        departs = max(departs, use_cpu(s, q["node"], node["deliver_ns"]))
    if client["node"] != q["node"]:  # from the leader to the node that the consumer is connected to
        departs = departs + node["network"]
    _send(s, delivery, departs)


@kernel
def _send(s: State, delivery: int, departs: int) -> None:
    """Put a delivery on the wire."""
    d = deliveries(s, delivery)
    d["departs"] = departs
    k = consumers(s, d["consumer"])
    client = k["client"]
    entity = clients(s, client)["entity"]
    queue = queues(s, k["queue"])["entity"]
    copy = d["copy"]
    c = copies(s, copy)
    ident = c["ident"]
    number = d["number"]
    epoch = d["epoch"]
    now = runs(s, 0)["now"]
    if doubled(s, client, DOWN, DELIVERY, ident, number):
        emit(s, K_PACKET_DUPLICATED, copy, entity, queue, number, P_DELIVERY, 0)
        twin_arrives = carry(s, client, DOWN, DELIVERY, ident, number + TWIN, departs, copy)
        if twin_arrives != LOST:
            twin = new_delivery(s, copy, d["consumer"], number, epoch)
            deliveries(s, twin)["refs"] = 1
            deliveries(s, twin)["departs"] = departs
            push(s, twin_arrives, RANK_EVENT, E_DELIVERY_IN, twin, 0, epoch)
    arrives = carry(s, client, DOWN, DELIVERY, ident, number, departs, copy)
    d["departs"] = max(departs, clients(s, client)["down_free"])
    if arrives == LOST:
        emit(s, K_PACKET_LOST, copy, entity, queue, number, P_DELIVERY, 0)
        if k["auto"] == 1 and c["fate"] == F_IN_FLIGHT:
            c["fate"] = F_LOST
            c["cause"] = X_AUTO_ACK
        drop_delivery(s, delivery)
    elif arrives == now and is_instant(s, client, DOWN):
        receive(s, delivery, epoch)
    else:
        push(s, arrives, RANK_EVENT, E_DELIVERY_IN, delivery, 0, epoch)


@kernel
def dispatch(s: State, queue: int) -> None:
    """Hand ready copies to consumers with credit, in turn, a piece at a time."""
    q = queues(s, queue)
    if (q["special"] & Q_TTL) != 0:
        _dispatch_mortals(s, queue)
        return
    if q["ready"] == 0 or q["ring_head"] < 0 or q["dispatching"] != 0 or nodes(s, q["node"])["up"] == 0:
        return
    for _ in range(DISPATCH_CHUNK):
        consumer = q["ring_head"]
        if consumer < 0:
            return
        copy = take_first(s, queue)
        if copy < 0:
            return
        deliver(s, queue, copy, consumer)
    q["dispatching"] = 1
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_DISPATCH, queue, 0, 0)


@seldom
def _dispatch_mortals(s: State, queue: int) -> None:
    """Do as :func:`dispatch` where copies may expire: the head is looked at before it leaves."""
    q = queues(s, queue)
    if q["dispatching"] != 0 or q["expiring"] == 1 or nodes(s, q["node"])["up"] == 0:
        q["fresh"] = -1
        return
    now = runs(s, 0)["now"]
    for _ in range(DISPATCH_CHUNK):
        copy = peek(s, queue)
        consumer = q["ring_head"]
        if copy < 0 or consumer < 0 or is_past(s, queue, copy):
            break
        take_first(s, queue)
        deliver(s, queue, copy, consumer)
    q["fresh"] = -1
    copy = peek(s, queue)
    if copy < 0:
        return
    if is_past(s, queue, copy):
        q["expiring"] = 1
        push(s, now, RANK_CONTINUE, E_EXPIRE, queue, 0, 0)
    elif q["ring_head"] >= 0:
        q["dispatching"] = 1
        push(s, now, RANK_CONTINUE, E_DISPATCH, queue, 0, 0)
    else:
        set_timer(s, queue)
