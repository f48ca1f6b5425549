"""A consumer finishes a piece of work: success, failure, and the acknowledgement on its way back."""

from __future__ import annotations

from mqlab.core.batching import collect, keep_silent
from mqlab.core.codes import (
    ACK_DONE,
    ACK_REJECT,
    ACK_REQUEUE,
    C_GONE,
    CONSUMER_EXPECTS,
    CONSUMER_SERVER,
    DIED_LIMIT,
    DIED_REJECTED,
    E_ACK_IN,
    E_RESET_SEEN,
    F_DISCARDED,
    F_IN_FLIGHT,
    K_ACK_IGNORED,
    K_ACK_SENT,
    K_ACKED,
    K_DEDUPLICATED,
    K_DISCARDED,
    K_FAILED,
    K_HELD,
    K_NACK_SENT,
    K_PACKET_LOST,
    K_PROCESSED,
    K_REQUEUED,
    K_STALE_PACKET,
    K_STARTED,
    K_TASK_ABANDONED,
    P_ACK,
    Q_LIMIT,
    QUEUE_REPLICATED,
    RANK_EVENT,
    THEN_CRASH,
    THEN_HOLD,
    THEN_REQUEUE,
    UNRECORDED_REQUEUE,
)
from mqlab.core.confirm import NO, YES, is_done, send_confirm
from mqlab.core.connection import die
from mqlab.core.dying import bury, came_back_too_often
from mqlab.core.hands import abandon, effect, finish_one, start_next, touch_group
from mqlab.core.heap import push
from mqlab.core.link import LOST, UP, cross, is_instant
from mqlab.core.processor import use_cpu
from mqlab.core.queue import credit_back, dispatch, leave_node, put_back, unlink_unacked
from mqlab.core.quorum import orphan, propose_ack
from mqlab.core.recorder import drop_delivery, emit, release
from mqlab.core.records import (
    clients,
    consumers,
    copies,
    deliveries,
    groups,
    nodes,
    producers,
    queues,
    runs,
    targets,
)
from mqlab.core.requests import reply, reply_to
from mqlab.core.tasks import is_idle, look_again
from mqlab.jit import State, kernel, often, seldom
from mqlab.sampling import ACK, EXCEPTION, unit

__all__ = ["ack_in", "begin_by_hand", "service_done", "settle", "settle_by_hand", "settled"]


@seldom
def _may_fail(s: State, delivery: int) -> bool:
    """Say whether exceptions meet this message (``only``), and still meet it at this delivery (``times``)."""
    d = deliveries(s, delivery)
    g = groups(s, consumers(s, d["consumer"])["group"])
    if g["times"] > 0 and d["number"] > g["times"]:
        return False
    if g["only_n"] == 0:
        return True
    number = copies(s, copies(s, d["copy"])["root"])["number"]
    found = False
    for i in range(g["only_n"]):
        found = found or targets(s, g["only"] + i)["n"] == number
    return found


@kernel
def _fails(s: State, consumer: int, delivery: int) -> bool:
    """Draw whether the handler raises: anew at each delivery, or once for a poison message."""
    g = groups(s, consumers(s, consumer)["group"])
    if g["fails"] <= 0.0:
        return False
    if g["picky"] == 1 and not _may_fail(s, delivery):
        return False
    d = deliveries(s, delivery)
    c = copies(s, d["copy"])
    if g["poison"] == 1:
        return unit(EXCEPTION, g["ident"], copies(s, c["root"])["ident"], 0, 0) <= g["fails"]
    return unit(EXCEPTION, g["ident"], c["ident"], d["number"], 0) <= g["fails"]


@kernel
def service_done(s: State, consumer: int, delivery: int, life: int) -> None:
    """The service time is over; the handler returns or raises."""
    k = consumers(s, consumer)
    if k["life"] != life:
        return
    if (k["special"] & CONSUMER_EXPECTS) != 0 and is_idle(s, consumer, delivery):
        _abandon_task(s, consumer, delivery)
        return
    if not _fails(s, consumer, delivery):
        finish_one(s, consumer, delivery)
        _succeed(s, consumer, delivery)
        start_next(s, consumer)
        return
    d = deliveries(s, delivery)
    g = groups(s, k["group"])
    entity = clients(s, k["client"])["entity"]
    queue = queues(s, k["queue"])["entity"]
    emit(s, K_FAILED, d["copy"], entity, queue, d["number"], 0, 0)
    finish_one(s, consumer, delivery)
    then = g["then"]
    if then == THEN_CRASH:
        restart = g["restart"]
        client = k["client"]
        abandon(s, delivery)
        die(s, client, restart)
        return
    if then == THEN_HOLD or k["auto"] == 1:
        if then == THEN_HOLD:
            emit(s, K_HELD, d["copy"], entity, queue, d["number"], 0, 0)
            if k["special"] != 0:
                keep_silent(s, delivery)
        abandon(s, delivery)
    elif then == THEN_REQUEUE:
        _answer(s, delivery, ACK_REQUEUE)
    else:
        _answer(s, delivery, ACK_REJECT)
    start_next(s, consumer)


@often
def _succeed(s: State, consumer: int, delivery: int) -> None:
    """The work is done; acknowledge it where acknowledgements are manual."""
    k = consumers(s, consumer)
    d = deliveries(s, delivery)
    entity = clients(s, k["client"])["entity"]
    queue = queues(s, k["queue"])["entity"]
    happened = effect(s, delivery, k["group"], entity, 0)
    if happened:
        emit(s, K_PROCESSED, d["copy"], entity, queue, d["number"], 0, 0)
    else:
        emit(s, K_DEDUPLICATED, d["copy"], entity, queue, d["number"], 0, 0)
    if (k["special"] & CONSUMER_SERVER) != 0 and k["reply_first"] == 1:
        reply(s, consumer, delivery)
    if k["auto"] == 1:
        root = int(copies(s, d["copy"])["root"])
        r = copies(s, root)
        if producers(s, r["producer"])["confirm_processed"] == 1 and is_done(s, root):
            send_confirm(s, root, YES, r["attempts"])
        if (k["special"] & CONSUMER_SERVER) != 0 and k["reply_first"] == 0:
            reply(s, consumer, delivery)
        drop_delivery(s, delivery)
    elif (k["special"] & CONSUMER_SERVER) != 0 and k["reply_first"] == 0:
        _answer_then_reply(s, consumer, delivery)
    else:
        _answer(s, delivery, ACK_DONE)


@seldom
def _answer_then_reply(s: State, consumer: int, delivery: int) -> None:
    """Acknowledge a request, then reply to it: the message is held in between, whoever lets go of it."""
    copy = deliveries(s, delivery)["copy"]
    number = deliveries(s, delivery)["number"]
    root = copies(s, copy)["root"]
    copies(s, root)["refs"] = copies(s, root)["refs"] + 1
    _answer(s, delivery, ACK_DONE)
    reply_to(s, consumer, copy, number)
    release(s, root)


@seldom
def _abandon_task(s: State, consumer: int, delivery: int) -> None:
    """There was no state of the task yet: look again, put it back, or refuse it."""
    if look_again(s, consumer, delivery):
        return
    k = consumers(s, consumer)
    d = deliveries(s, delivery)
    root = copies(s, copies(s, d["copy"])["root"])
    back = k["unrecorded"] == UNRECORDED_REQUEUE and k["auto"] == 0
    entity = clients(s, k["client"])["entity"]
    since = runs(s, 0)["now"] - root["created"]
    emit(s, K_TASK_ABANDONED, d["copy"], entity, queues(s, k["queue"])["entity"], d["number"], since, int(back))
    finish_one(s, consumer, delivery)
    if k["auto"] == 1:
        c = copies(s, d["copy"])
        if c["fate"] == F_IN_FLIGHT:
            c["fate"] = F_DISCARDED
        drop_delivery(s, delivery)
    elif back:
        _answer(s, delivery, ACK_REQUEUE)
    else:
        _answer(s, delivery, ACK_REJECT)
    start_next(s, consumer)


@often
def _answer(s: State, delivery: int, answer: int) -> None:
    """Send an acknowledgement, if the connection the delivery came on still exists."""
    d = deliveries(s, delivery)
    k = consumers(s, d["consumer"])
    index = k["client"]
    client = clients(s, index)
    if client["up"] == 0 or client["epoch"] != d["epoch"]:
        drop_delivery(s, delivery)
        return
    if k["special"] != 0 and collect(s, delivery, answer):
        return
    queue = queues(s, k["queue"])["entity"]
    copy = d["copy"]
    number = d["number"]
    if answer == ACK_DONE:
        emit(s, K_ACK_SENT, copy, client["entity"], queue, number, 0, 0)
    else:
        emit(s, K_NACK_SENT, copy, client["entity"], queue, number, 0, answer - ACK_REQUEUE)
    now = runs(s, 0)["now"]
    ident = copies(s, copy)["ident"]
    arrives = cross(s, index, UP, ACK, ident, number, now)
    if arrives == LOST:
        emit(s, K_PACKET_LOST, copy, client["entity"], queue, number, P_ACK, 0)
        drop_delivery(s, delivery)
    elif arrives == now and is_instant(s, index, UP):
        ack_in(s, delivery, answer, client["epoch"])
    else:
        push(s, arrives, RANK_EVENT, E_ACK_IN, delivery, answer, client["epoch"])


@kernel
def ack_in(s: State, delivery: int, answer: int, epoch: int) -> None:
    """An acknowledgement reaches the broker."""
    d = deliveries(s, delivery)
    k = consumers(s, d["consumer"])
    client = clients(s, k["client"])
    queue = k["queue"]
    q = queues(s, queue)
    copy = int(d["copy"])
    number = d["number"]
    n = nodes(s, client["node"])
    if n["up"] == 0 or client["open"] == 0 or client["epoch"] != epoch:
        emit(s, K_STALE_PACKET, copy, client["entity"], q["entity"], number, P_ACK, 0)
        if n["up"] == 1 and client["up"] == 1 and client["epoch"] == epoch:
            push(s, runs(s, 0)["now"], RANK_EVENT, E_RESET_SEEN, k["client"], 0, epoch)
        drop_delivery(s, delivery)
        return
    if n["ack_ns"] > 0:
        use_cpu(s, client["node"], n["ack_ns"])
    if d["open"] == 0:
        emit(s, K_ACK_IGNORED, copy, n["entity"], q["entity"], number, 0, 0)
        drop_delivery(s, delivery)
        return
    if (q["special"] & QUEUE_REPLICATED) != 0:
        propose_ack(s, delivery, answer)
        drop_delivery(s, delivery)  # the packet's; the broker's goes with the entry
        return
    unlink_unacked(s, delivery)
    settle(s, delivery, copy, answer)
    consumer = d["consumer"]
    drop_delivery(s, delivery)  # the broker's hold
    drop_delivery(s, delivery)  # the packet's
    credit_back(s, consumer)
    dispatch(s, queue)


@often
def settle(s: State, delivery: int, copy: int, answer: int) -> None:
    """Do what the acknowledgement says: done, back to its place, or refused for good."""
    d = deliveries(s, delivery)
    c = copies(s, copy)
    queue = c["queue"]
    q = queues(s, queue)
    entity = clients(s, consumers(s, d["consumer"])["client"])["entity"]
    root = c["root"]
    r = copies(s, root)
    waits = producers(s, r["producer"])["confirm_processed"] == 1
    tired = answer == ACK_REQUEUE and (q["special"] & Q_LIMIT) != 0 and came_back_too_often(s, queue, copy)
    if answer == ACK_REQUEUE and not tired:
        q["requeues"] = q["requeues"] + 1
        emit(s, K_REQUEUED, copy, entity, q["entity"], d["number"], c["position"], 0)
        put_back(s, queue, copy)
        return
    if answer == ACK_DONE:
        c["state"] = C_GONE
        q["acked"] = q["acked"] + 1
        emit(s, K_ACKED, copy, entity, q["entity"], d["number"], 0, 0)
        if waits and is_done(s, root):
            send_confirm(s, root, YES, r["attempts"])
        leave_node(s, copy)
        return
    emit(s, K_DISCARDED, copy, entity, q["entity"], d["number"], 0, 2 * int(tired))
    if waits:
        send_confirm(s, root, NO, r["attempts"])
    bury(s, copy, DIED_LIMIT if tired else DIED_REJECTED)


@seldom
def settled(s: State, delivery: int, answer: int) -> None:
    """An acknowledgement of a replicated queue is committed."""
    d = deliveries(s, delivery)
    consumer = d["consumer"]
    if d["open"] == 1:
        unlink_unacked(s, delivery)
    else:
        orphan(s, consumers(s, consumer)["queue"], -1)
    settle(s, delivery, d["copy"], answer)
    drop_delivery(s, delivery)
    credit_back(s, consumer)
    dispatch(s, consumers(s, consumer)["queue"])


@kernel
def begin_by_hand(s: State, delivery: int, serial: int) -> bool:
    """A hand-written consumer begins to work on a delivery; False if the handle is stale."""
    d = deliveries(s, delivery)
    if d["serial"] != serial or d["held"] == 1:
        return False
    d["held"] = 1
    k = consumers(s, d["consumer"])
    touch_group(s, k["group"])
    g = groups(s, k["group"])
    g["busy"] = g["busy"] + 1
    emit(s, K_STARTED, d["copy"], clients(s, k["client"])["entity"], queues(s, k["queue"])["entity"], d["number"], 0, 0)
    return True


@kernel
def settle_by_hand(s: State, delivery: int, answer: int, serial: int) -> bool:
    """A hand-written consumer is done with a delivery; False if the handle is stale."""
    d = deliveries(s, delivery)
    if d["serial"] != serial or d["held"] == 0:
        return False
    consumer = d["consumer"]
    d["serial"] = -1
    finish_one(s, consumer, delivery)
    if answer == ACK_DONE:
        _succeed(s, consumer, delivery)
    elif consumers(s, consumer)["auto"] == 1:
        abandon(s, delivery)
    else:
        _answer(s, delivery, answer)
    return True
