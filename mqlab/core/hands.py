"""What a consumer has in its hands: deliveries it received, one of which it works on."""

from __future__ import annotations

from mqlab.core.codes import (
    BY_REQUESTER,
    CONSUMER_WORKS,
    DISPATCH_CHUNK,
    E_DROP,
    E_REPLY_IN,
    E_SERVICE_DONE,
    F_IN_FLIGHT,
    F_LOST,
    K_DELIVERED,
    K_DROPPED,
    K_EFFECT,
    K_PACKET_LOST,
    K_STALE_PACKET,
    K_STARTED,
    P_DELIVERY,
    RANK_CONTINUE,
    RANK_EVENT,
    STOP_DELIVERY,
    X_AUTO_ACK,
)
from mqlab.core.distributions import sample_often
from mqlab.core.heap import push
from mqlab.core.lanes import clear_lane, start_specially, touch_group
from mqlab.core.memory import act
from mqlab.core.recorder import drop_delivery, emit
from mqlab.core.records import (
    clients,
    consumers,
    copies,
    deliveries,
    groups,
    lanes,
    nodes,
    outbox,
    queues,
    runs,
)
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import EFFECT_AT, SERVICE, unit

__all__ = [
    "abandon",
    "drop_hands",
    "effect",
    "finish_one",
    "interrupt",
    "receive",
    "start_next",
    "stop_for_world",
    "touch_group",
]


@kernel
def stop_for_world(s: State, reason: int, entity: int, handle: int, serial: int, detail: int) -> None:
    """Hand over to the world outside after the current event."""
    run = runs(s, 0)
    n = run["outbox_n"]
    out = outbox(s, n)
    run["outbox_n"] = n + 1
    out["reason"] = reason
    out["entity"] = entity
    out["handle"] = handle
    out["serial"] = serial
    out["detail"] = detail


@kernel
def abandon(s: State, delivery: int) -> None:
    """Let go of a delivery that will not be worked on; with automatic acknowledgement nobody else has it."""
    d = deliveries(s, delivery)
    c = copies(s, d["copy"])
    if consumers(s, d["consumer"])["auto"] == 1 and c["fate"] == F_IN_FLIGHT:
        c["fate"] = F_LOST
        c["cause"] = X_AUTO_ACK
    drop_delivery(s, delivery)


@kernel
def receive(s: State, delivery: int, epoch: int) -> None:
    """Take a delivery in hand, if the connection it came on still exists."""
    d = deliveries(s, delivery)
    consumer = d["consumer"]
    k = consumers(s, consumer)
    client = clients(s, k["client"])
    q = queues(s, k["queue"])
    queue = q["entity"]
    # a broker that lost power cannot send what its processor had still to do, though the client knows nothing of it
    unsent = client["open"] == 0 and d["departs"] > nodes(s, client["node"])["went_down"]
    if client["up"] == 0 or client["epoch"] != epoch or unsent:
        emit(s, K_STALE_PACKET, d["copy"], client["entity"], queue, d["number"], P_DELIVERY, 0)
        abandon(s, delivery)
        return
    if d["departs"] < client["cut_until"] and d["departs"] >= client["cut_from"]:  # before its processor was done
        emit(s, K_PACKET_LOST, d["copy"], client["entity"], queue, d["number"], P_DELIVERY, 0)
        abandon(s, delivery)
        return
    c = copies(s, d["copy"])
    c["deliveries"] = c["deliveries"] + 1
    if c["delivered"] < 0:
        c["delivered"] = runs(s, 0)["now"]
    emit(s, K_DELIVERED, d["copy"], client["entity"], queue, d["number"], 0, 0)
    if k["special"] != 0:
        k["asking"] = 0  # it has its answer
    if k["by_hand"] != 0:
        if k["by_hand"] == BY_REQUESTER:
            push(s, runs(s, 0)["now"], RANK_EVENT, E_REPLY_IN, delivery, 0, epoch)
        else:
            stop_for_world(s, STOP_DELIVERY, consumer, delivery, d["serial"], 0)
        return
    if k["hand_tail"] < 0:
        k["hand_head"] = delivery
    else:
        deliveries(s, k["hand_tail"])["hand"] = delivery
    k["hand_tail"] = delivery
    start_next(s, consumer)


@kernel
def start_next(s: State, consumer: int) -> None:
    """Begin to work on the oldest delivery in hand, if there is one and the consumer is idle."""
    k = consumers(s, consumer)
    if (k["special"] & CONSUMER_WORKS) != 0:
        start_specially(s, consumer)
        return
    delivery = int(k["hand_head"])
    if delivery < 0 or k["current"] >= 0:
        return
    d = deliveries(s, delivery)
    g = groups(s, k["group"])
    # first of all, because it takes longest: a processor does the rest meanwhile
    service = sample_often(s, g["service"], SERVICE, g["ident"], copies(s, d["copy"])["ident"], d["number"], 0)
    k["hand_head"] = d["hand"]
    if d["hand"] < 0:
        k["hand_tail"] = -1
    d["hand"] = -1
    k["current"] = delivery
    touch_group(s, k["group"])
    others = g["busy"]
    g["busy"] = others + 1
    if g["alpha"] > 0.0 or g["beta"] > 0.0:
        factor = 1.0 + g["alpha"] * float(others) + g["beta"] * float(others) * float(others + 1)
        service = int(min(float(service) * factor + 0.5, 4.0e18))
    if clients(s, k["client"])["slow"] > 0.0:
        service = int(min(float(service) * clients(s, k["client"])["slow"] + 0.5, 4.0e18))
    now = runs(s, 0)["now"]
    k["started"] = now
    k["ends"] = now + service
    emit(
        s,
        K_STARTED,
        d["copy"],
        clients(s, k["client"])["entity"],
        queues(s, k["queue"])["entity"],
        d["number"],
        service,
        0,
    )
    push(s, now + service, RANK_EVENT, E_SERVICE_DONE, consumer, delivery, k["life"])


@kernel
def finish_one(s: State, consumer: int, delivery: int) -> None:
    """Note that the consumer no longer works on a delivery."""
    k = consumers(s, consumer)
    k["current"] = -1
    if k["special"] != 0:
        clear_lane(s, consumer, delivery)
    touch_group(s, k["group"])
    g = groups(s, k["group"])
    g["busy"] = g["busy"] - 1


@kernel
def effect(s: State, delivery: int, group: int, entity: int, died: int) -> bool:
    """Let the business effect of a copy happen, unless the group knows the business id; True if it happened.

    An exact look-up needs no store: what could still arrive is alive, and so the record of its message is too.
    ``died``: the consumer was killed in mid-work.
    """
    copy = int(deliveries(s, delivery)["copy"])
    c = copies(s, copy)
    run = runs(s, 0)
    if c["processings"] == 0:
        c["processed"] = run["now"]
        c["order"] = run["order"]
        run["order"] = run["order"] + 1
        c["consumer"] = entity
    c["processings"] = c["processings"] + 1
    deduplicate = groups(s, group)["deduplicate"]
    if deduplicate != 0:
        if deduplicate == 2:
            return act(s, delivery, group, died)
        other = c["root"]
        while other >= 0:
            o = copies(s, other)
            if o["queue"] == c["queue"] and o["effects"] > 0:
                return False
            other = o["next_copy"]
    c["effects"] = c["effects"] + 1
    return True


@kernel
def interrupt(s: State, consumer: int) -> None:
    """Kill the work in progress."""
    k = consumers(s, consumer)
    k["life"] = k["life"] + 1
    if (k["special"] & CONSUMER_WORKS) != 0:
        _interrupt_lanes(s, consumer)
    elif k["current"] >= 0:
        _interrupt_one(s, consumer, k["current"], k["started"], k["ends"])


@seldom
def _interrupt_lanes(s: State, consumer: int) -> None:
    """Kill everything that a consumer works on."""
    k = consumers(s, consumer)
    for i in range(groups(s, k["group"])["lanes"]):
        lane = lanes(s, k["lane"] + i)
        if lane["delivery"] >= 0:
            began = lane["started"]
            if lane["idle"] == 1:
                began = runs(s, 0)["now"]  # it waits for the state of a task, and has done nothing yet
            _interrupt_one(s, consumer, lane["delivery"], began, lane["ends"])


@kernel
def _interrupt_one(s: State, consumer: int, delivery: int, started: int, ends: int) -> None:
    """Kill a piece of work: its effect may have happened, at a point drawn uniformly within the service."""
    k = consumers(s, consumer)
    d = deliveries(s, delivery)
    ident = copies(s, d["copy"])["ident"]
    g = groups(s, k["group"])
    worked = float(runs(s, 0)["now"] - started)
    whole = float(ends - started)
    entity = clients(s, k["client"])["entity"]
    queue = queues(s, k["queue"])["entity"]
    if unit(EFFECT_AT, g["ident"], ident, d["number"], 0) * whole < worked:
        if effect(s, delivery, k["group"], entity, 1):
            emit(s, K_EFFECT, d["copy"], entity, queue, d["number"], 0, 0)
    emit(s, K_DROPPED, d["copy"], entity, queue, d["number"], 0, 1)
    finish_one(s, consumer, delivery)
    abandon(s, delivery)


@kernel
def drop_hands(s: State, consumer: int, died: int) -> None:
    """Let go of what was received and not begun, a piece at a time."""
    k = consumers(s, consumer)
    entity = clients(s, k["client"])["entity"]
    queue = queues(s, k["queue"])["entity"]
    for _ in range(DISPATCH_CHUNK):
        delivery = k["hand_head"]
        if delivery < 0:
            return
        d = deliveries(s, delivery)
        k["hand_head"] = d["hand"]
        if d["hand"] < 0:
            k["hand_tail"] = -1
        emit(s, K_DROPPED, d["copy"], entity, queue, d["number"], 0, died)
        abandon(s, delivery)
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_DROP, consumer, died, 0)
