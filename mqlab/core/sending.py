"""A message leaves its producer: one try, and what follows when it fails.

There is one time-out event per producer, for its oldest unconfirmed message: all messages of a producer wait equally
long, so the unconfirmed list is in the order of its deadlines.
"""

from __future__ import annotations

from mqlab.core.arrivals import schedule_arrival
from mqlab.core.codes import (
    ARRIVALS_CLOSED,
    CONFIRM_COMMITS,
    E_CONFIRM_TIMER,
    E_PUBLISH_IN,
    E_RESEND,
    F_GAVE_UP,
    F_IN_FLIGHT,
    F_LOST,
    FULL_DROP_OLDEST,
    FULL_FAIL,
    K_BACKED_OFF,
    K_CONFIRMED,
    K_GAVE_UP,
    K_OVERFLOWED,
    K_PACKET_DUPLICATED,
    K_PACKET_LOST,
    K_PUBLISH_FAILED,
    K_SENT,
    P_PUBLISH,
    PRODUCER_BUFFER,
    PRODUCER_HALTED,
    RANK_EVENT,
    S_OVER,
    S_WAITING,
    STOP_SETTLED,
    X_CLIENT_BUFFER,
    X_WIRE,
)
from mqlab.core.committing import after_publish
from mqlab.core.exchange import publish_in, suspect
from mqlab.core.hands import stop_for_world
from mqlab.core.heap import push
from mqlab.core.link import LOST, TWIN, UP, carry, doubled, is_instant
from mqlab.core.outgoing import await_confirm, keep, unbuffer
from mqlab.core.recorder import emit, release
from mqlab.core.records import clients, copies, producers, runs
from mqlab.jit import State, kernel, seldom
from mqlab.policies.backoff import backoff_ns
from mqlab.sampling import BACKOFF, PUBLISH, unit

__all__ = ["after_failure", "learn", "over", "send", "try_send"]


@kernel
def try_send(s: State, copy: int, again: bool) -> None:
    """Send a message, or keep it until that is possible; what is sent again goes before what is new."""
    producer = copies(s, copy)["producer"]
    p = producers(s, producer)
    client = clients(s, p["client"])
    if p["special"] != 0 and (p["special"] & PRODUCER_HALTED) != 0:
        if (p["special"] & PRODUCER_BUFFER) != 0:
            _keep_within(s, copy)
        else:
            keep(s, producer, copy, again)
        return
    if p["confirm"] == 0:
        if client["up"] == 1:
            send(s, copy)
        elif p["special"] & PRODUCER_BUFFER != 0:
            _keep_within(s, copy)
        else:
            _fail(s, copy, 0)
        return
    if client["up"] == 1 and (p["max_in_flight"] == 0 or p["unconfirmed"] < p["max_in_flight"]):
        send(s, copy)
        return
    if p["special"] & PRODUCER_BUFFER != 0:
        _keep_within(s, copy)
        return
    keep(s, producer, copy, again)


@seldom
def _fail(s: State, copy: int, why: int) -> None:
    """The producer is told at once that a try has failed (why 0: no connection, 1: no room to keep it)."""
    c = copies(s, copy)
    c["attempts"] = c["attempts"] + 1
    entity = clients(s, producers(s, c["producer"])["client"])["entity"]
    emit(s, K_PUBLISH_FAILED, copy, entity, -1, c["attempts"], 0, why)
    after_failure(s, copy, 0)


@seldom
def _keep_within(s: State, copy: int) -> None:
    """Keep a message in a buffer that has an end; what was sent before goes to its head, room or not."""
    c = copies(s, copy)
    producer = c["producer"]
    p = producers(s, producer)
    if c["sent"] >= 0:
        keep(s, producer, copy, True)
        return
    if p["buffered"] < p["buffer_max"]:
        keep(s, producer, copy, False)
        return
    if p["when_full"] == FULL_FAIL:
        _fail(s, copy, 1)
        return
    if p["when_full"] == FULL_DROP_OLDEST:
        oldest = int(p["buffer_head"])
        if p["again_tail"] >= 0:
            oldest = int(copies(s, p["again_tail"])["next"])
        if oldest >= 0:
            unbuffer(s, oldest)
            _drop(s, oldest)
            keep(s, producer, copy, False)
            return
    _drop(s, copy)


@kernel
def _drop(s: State, copy: int) -> None:
    """A full buffer drops a message that was never sent."""
    c = copies(s, copy)
    emit(s, K_OVERFLOWED, copy, clients(s, producers(s, c["producer"])["client"])["entity"], -1, c["attempts"], 0, 0)
    c["fate"] = F_LOST
    c["cause"] = X_CLIENT_BUFFER
    over(s, copy, 2)


@kernel
def send(s: State, copy: int) -> None:
    """One try: the publish leaves, and with confirms the clock for its answer starts."""
    c = copies(s, copy)
    producer = c["producer"]
    p = producers(s, producer)
    client = clients(s, p["client"])
    run = runs(s, 0)
    now = run["now"]
    attempt = c["attempts"] + 1
    c["attempts"] = attempt
    if c["sent"] < 0:
        c["sent"] = now
        run["sent"] = run["sent"] + 1
    emit(s, K_SENT, copy, client["entity"], -1, attempt, 0, 0)
    if p["awaits"] == 1:
        await_confirm(s, producer, copy)
        if p["timeout"] > 0:
            c["deadline"] = now + p["timeout"]
            if p["timer"] == 0:
                p["timer"] = 1
                push(s, c["deadline"], RANK_EVENT, E_CONFIRM_TIMER, producer, 0, 0)
    _publish(s, copy, attempt)
    if p["special"] != 0:
        after_publish(s, producer)
    if p["awaits"] == 0:
        over(s, copy, 2)


@kernel
def _publish(s: State, copy: int, attempt: int) -> None:
    """Put a publish on the wire."""
    c = copies(s, copy)
    index = producers(s, c["producer"])["client"]
    client = clients(s, index)
    epoch = client["epoch"]
    ident = c["ident"]
    now = runs(s, 0)["now"]
    whole = producers(s, c["producer"])["confirm"] == CONFIRM_COMMITS  # a transaction relies on its stream
    if not whole and doubled(s, index, UP, PUBLISH, ident, attempt):
        emit(s, K_PACKET_DUPLICATED, copy, client["entity"], -1, attempt, P_PUBLISH, 0)
        twin = carry(s, index, UP, PUBLISH, ident, attempt + TWIN, now, copy)
        if twin != LOST:
            c["refs"] = c["refs"] + 1
            push(s, twin, RANK_EVENT, E_PUBLISH_IN, copy, attempt, epoch)
    arrives = carry(s, index, UP, PUBLISH, ident, attempt, now, copy)
    if arrives == LOST:
        emit(s, K_PACKET_LOST, copy, client["entity"], -1, attempt, P_PUBLISH, 0)
        suspect(s, copy, X_WIRE)
        return
    c["refs"] = c["refs"] + 1
    if arrives == now and is_instant(s, index, UP):
        publish_in(s, copy, attempt, epoch)
    else:
        push(s, arrives, RANK_EVENT, E_PUBLISH_IN, copy, attempt, epoch)


@kernel
def over(s: State, copy: int, outcome: int) -> None:
    """The producer has nothing more to do with a message (outcome 0 confirmed, 1 refused, 2 not known)."""
    c = copies(s, copy)
    producer = c["producer"]
    p = producers(s, producer)
    c["sending"] = S_OVER
    if p["by_hand"] == 1:
        stop_for_world(s, STOP_SETTLED, producer, c["number"], 0, outcome)
    release(s, copy)
    if p["arrivals"] == ARRIVALS_CLOSED:
        schedule_arrival(s, producer)


@kernel
def learn(s: State, copy: int) -> None:
    """Note that the producer knows of its success."""
    c = copies(s, copy)
    run = runs(s, 0)
    c["confirmed"] = run["now"]
    run["confirmed"] = run["confirmed"] + 1
    p = producers(s, c["producer"])
    emit(s, K_CONFIRMED, copy, clients(s, p["client"])["entity"], -1, c["attempts"], 0, 0)


@kernel
def after_failure(s: State, copy: int, refused: int) -> None:
    """A try failed, or its outcome is unknown: try again after a pause, or give up."""
    c = copies(s, copy)
    p = producers(s, c["producer"])
    client = clients(s, p["client"])
    attempt = int(c["attempts"])
    if attempt < p["attempts"]:
        u = unit(BACKOFF, p["ident"], c["ident"], attempt, 0)
        pause = backoff_ns(p["first_pause"], p["factor"], p["max_pause"], p["jitter"], attempt, u)
        c["sending"] = S_WAITING
        emit(s, K_BACKED_OFF, copy, client["entity"], -1, attempt, pause, 0)
        push(s, runs(s, 0)["now"] + pause, RANK_EVENT, E_RESEND, copy, 0, client["life"])
        return
    emit(s, K_GAVE_UP, copy, client["entity"], -1, attempt, 0, refused)
    if c["copies"] == 0 and c["fate"] == F_IN_FLIGHT:
        c["fate"] = F_GAVE_UP
    over(s, copy, 2 - refused)
