"""What becomes of messages that were sent: answers, time-outs, ended connections, and the producer's own death."""

from __future__ import annotations

from mqlab.core.blocking import abandon_next, unstick
from mqlab.core.codes import (
    DISPATCH_CHUNK,
    E_CONFIRM_TIMER,
    E_FORGET,
    E_PREPARED,
    E_PUMP,
    E_RECORDED,
    E_RESEND,
    E_UNKNOWN,
    F_IN_FLIGHT,
    F_LOST,
    K_FORGOTTEN,
    K_REFUSED,
    K_REQUEST_TIMED_OUT,
    K_STALE_PACKET,
    K_TIMED_OUT,
    K_UNKNOWN,
    P_CONFIRM,
    PRODUCER_BLOCKS,
    PRODUCER_HALTED,
    PRODUCER_REQUEST,
    RANK_CONTINUE,
    RANK_EVENT,
    S_BUFFERED,
    S_CONFIRMED,
    S_OVER,
    S_UNCONFIRMED,
    S_WAITING,
    X_CLIENT_BUFFER,
)
from mqlab.core.confirm import NO, YES
from mqlab.core.heap import close_hole, push
from mqlab.core.outgoing import stop_awaiting, unbuffer
from mqlab.core.recorder import emit, release
from mqlab.core.records import clients, copies, heap, producers, runs
from mqlab.core.sending import after_failure, learn, over, send, try_send
from mqlab.jit import State, kernel, seldom

__all__ = ["bury", "confirm_in", "confirm_timer", "forget", "forget_one", "pump", "resend", "unknown"]


@kernel
def resend(s: State, copy: int, life: int) -> None:
    """The pause is over."""
    c = copies(s, copy)
    if c["sending"] == S_CONFIRMED:
        over(s, copy, 0)
    elif clients(s, producers(s, c["producer"])["client"])["life"] != life:
        forget_one(s, copy)
    else:
        try_send(s, copy, True)


@kernel
def confirm_in(s: State, copy: int, word: int, epoch: int) -> None:
    """A confirm reaches the producer; ``word`` is 2·attempt + answer."""
    c = copies(s, copy)
    producer = c["producer"]
    p = producers(s, producer)
    client = clients(s, p["client"])
    attempt = word >> 1
    answer = word & 1
    if client["up"] == 0 or client["epoch"] != epoch:
        emit(s, K_STALE_PACKET, copy, client["entity"], -1, attempt, P_CONFIRM, 0)
        release(s, copy)
        return
    sending = c["sending"]
    if answer == YES:
        if sending == S_UNCONFIRMED:
            stop_awaiting(s, copy)
            learn(s, copy)
            over(s, copy, 0)
        elif sending == S_BUFFERED and attempt > 0:
            unbuffer(s, copy)
            learn(s, copy)
            over(s, copy, 0)
        elif sending == S_WAITING:  # too late for the time-out, in time to spare the next try
            learn(s, copy)
            c["sending"] = S_CONFIRMED
    elif answer == NO and sending == S_UNCONFIRMED and attempt == c["attempts"]:
        stop_awaiting(s, copy)
        emit(s, K_REFUSED, copy, client["entity"], -1, attempt, 0, 0)
        after_failure(s, copy, 1)
    release(s, copy)
    pump(s, producer)


@kernel
def pump(s: State, producer: int) -> None:
    """Send what is buffered, as far as the limit of unconfirmed messages allows; then who waits for room goes on."""
    p = producers(s, producer)
    if p["pumping"] == 0:
        _empty(s, producer)
        if p["special"] & PRODUCER_BLOCKS != 0:
            unstick(s, producer)


@kernel
def _empty(s: State, producer: int) -> None:
    """Send what is buffered, a piece at a time.

    The publish that fills a transaction halts the producer in the middle of a piece; it also leaves as much
    unconfirmed as there may be (``max_in_flight`` is the transaction's size), so nothing follows it.
    """
    p = producers(s, producer)
    client = clients(s, p["client"])
    if (p["special"] & PRODUCER_HALTED) != 0:
        return
    for _ in range(DISPATCH_CHUNK):
        copy = p["buffer_head"]
        if copy < 0 or client["up"] == 0 or (p["max_in_flight"] > 0 and p["unconfirmed"] >= p["max_in_flight"]):
            return
        unbuffer(s, copy)
        send(s, copy)
    p["pumping"] = 1
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_PUMP, producer, 0, 0)


@kernel
def confirm_timer(s: State, producer: int) -> None:
    """Look whether the oldest unconfirmed messages are overdue; come back when the next one may be."""
    p = producers(s, producer)
    client = clients(s, p["client"])
    now = runs(s, 0)["now"]
    late = K_TIMED_OUT
    if (p["special"] & PRODUCER_REQUEST) != 0:
        late = K_REQUEST_TIMED_OUT
    for _ in range(DISPATCH_CHUNK):
        copy = p["unconfirmed_head"]
        if copy < 0:
            break
        c = copies(s, copy)
        if c["deadline"] > now:
            break
        stop_awaiting(s, copy)
        emit(s, late, copy, client["entity"], -1, c["attempts"], 0, 0)
        after_failure(s, copy, 0)
    p["timer"] = 0
    copy = p["unconfirmed_head"]
    if copy >= 0:
        p["timer"] = 1
        push(s, max(copies(s, copy)["deadline"], now), RANK_EVENT, E_CONFIRM_TIMER, producer, 0, 0)
    pump(s, producer)


@kernel
def unknown(s: State, producer: int) -> None:
    """The connection ended: the outcome of everything unconfirmed is unknown. A piece at a time."""
    p = producers(s, producer)
    client = clients(s, p["client"])
    for _ in range(DISPATCH_CHUNK):
        copy = p["unconfirmed_head"]
        if copy < 0:
            return
        stop_awaiting(s, copy)
        emit(s, K_UNKNOWN, copy, client["entity"], -1, copies(s, copy)["attempts"], 0, 0)
        after_failure(s, copy, 0)
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_UNKNOWN, producer, 0, 0)


@kernel
def forget_one(s: State, copy: int) -> None:
    """A message goes down with its producer's process."""
    c = copies(s, copy)
    p = producers(s, c["producer"])
    emit(s, K_FORGOTTEN, copy, clients(s, p["client"])["entity"], -1, c["attempts"], 0, 0)
    _lose(s, copy)
    over(s, copy, 2)


@kernel
def _lose(s: State, copy: int) -> None:
    """Nobody but the dead producer had it: it is lost."""
    c = copies(s, copy)
    if c["copies"] == 0 and c["fate"] == F_IN_FLIGHT and c["refs"] == 1:
        c["fate"] = F_LOST
        c["cause"] = X_CLIENT_BUFFER


@seldom
def bury(s: State) -> None:
    """The run is over: what a dead producer was preparing, or paused with, has died with it.

    While the run goes on that comes out when the timer fires; these never will.
    """
    close_hole(s)
    for i in range(runs(s, 0)["heap_n"]):
        event = heap(s, i)
        if event["kind"] in (E_RESEND, E_PREPARED, E_RECORDED):
            copy = int(event["a"])
            c = copies(s, copy)
            p = producers(s, c["producer"])
            waits = event["kind"] != E_RECORDED or p["record_first"] == 1
            if waits and clients(s, p["client"])["life"] != event["c"] and c["sending"] != S_CONFIRMED:
                _lose(s, copy)
                c["sending"] = S_OVER


@kernel
def forget(s: State, producer: int) -> None:
    """A producer died: what it had not sent, and what it did not know of, is out of its hands. A piece at a time."""
    p = producers(s, producer)
    for _ in range(DISPATCH_CHUNK):
        copy = p["unconfirmed_head"]
        if copy >= 0:
            stop_awaiting(s, copy)
        else:
            copy = p["buffer_head"]
            if copy >= 0:
                unbuffer(s, copy)
            elif p["special"] & PRODUCER_BLOCKS != 0:
                copy = abandon_next(s, producer)
            if copy < 0:
                return
        forget_one(s, copy)
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_FORGET, producer, 0, 0)
