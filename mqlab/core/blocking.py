"""A producer whose send call waits while its buffer is full: one thread, and a line of messages before it.

    created ─► line ─► prepared ─► sent, or room in the buffer: the thread takes the next
                          │
                          ▼
                        stuck ──── room again ────► sent or buffered

Messages keep the time at which they were meant to be created. So their latency tells how long they waited for the
thread, which a load generator that waits itself would leave out (coordinated omission).
"""

from __future__ import annotations

from mqlab.core.codes import (
    DISPATCH_CHUNK,
    E_PREPARED,
    E_THREAD,
    K_BLOCKED,
    RANK_CONTINUE,
    RANK_EVENT,
    THREAD_FREE,
    THREAD_PREPARES,
    THREAD_STUCK,
)
from mqlab.core.distributions import sample
from mqlab.core.heap import push
from mqlab.core.outgoing import keep, may_leave
from mqlab.core.recorder import emit
from mqlab.core.records import clients, copies, producers, runs
from mqlab.core.sending import send
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import PREPARE

__all__ = ["abandon_next", "go_on", "line_up", "unstick"]


@seldom
def line_up(s: State, producer: int, copy: int) -> None:
    """A new message waits for the thread, behind those that came before it."""
    p = producers(s, producer)
    c = copies(s, copy)
    c["next"] = -1
    if p["line_tail"] < 0:
        p["line_head"] = copy
    else:
        copies(s, p["line_tail"])["next"] = copy
    p["line_tail"] = copy
    _work(s, producer)


@kernel
def _take_first(s: State, producer: int) -> int:
    p = producers(s, producer)
    copy = int(p["line_head"])
    p["line_head"] = copies(s, copy)["next"]
    if p["line_head"] < 0:
        p["line_tail"] = -1
    copies(s, copy)["next"] = -1
    return copy


@kernel
def _work(s: State, producer: int) -> None:
    """Let the thread take message after message until it is busy, stuck, or out of work; a piece at a time."""
    p = producers(s, producer)
    client = clients(s, p["client"])
    for _ in range(DISPATCH_CHUNK):
        if p["thread"] != THREAD_FREE or p["line_head"] < 0 or client["stopped"] == 1:
            return
        copy = _take_first(s, producer)
        if p["prepare"] >= 0:
            p["thread"] = THREAD_PREPARES
            takes = sample(s, p["prepare"], PREPARE, p["ident"], copies(s, copy)["ident"], 0, 0)
            if client["slow"] > 0.0:
                takes = int(min(float(takes) * client["slow"] + 0.5, 4.0e18))
            push(s, runs(s, 0)["now"] + takes, RANK_EVENT, E_PREPARED, copy, 0, client["life"])
        else:
            _hand_over(s, producer, copy)
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_THREAD, producer, 0, 0)


@kernel
def _hand_over(s: State, producer: int, copy: int) -> None:
    """The thread calls send: the message leaves, finds room in the buffer, or the call does not return."""
    p = producers(s, producer)
    if may_leave(s, producer):
        send(s, copy)
    elif p["buffered"] < p["buffer_max"]:
        keep(s, producer, copy, False)
    else:
        p["thread"] = THREAD_STUCK
        p["stuck"] = copy
        emit(s, K_BLOCKED, copy, clients(s, p["client"])["entity"], -1, 0, 0, 0)


@seldom
def go_on(s: State, producer: int, copy: int) -> None:
    """The thread has prepared ``copy`` (-1: it was free); it hands it over and takes the next."""
    if copy >= 0:
        producers(s, producer)["thread"] = THREAD_FREE
        _hand_over(s, producer, copy)
    _work(s, producer)


@seldom
def unstick(s: State, producer: int) -> None:
    """Something may have left the buffer: if so, the waiting call returns."""
    p = producers(s, producer)
    if p["thread"] != THREAD_STUCK:
        return
    if may_leave(s, producer) or p["buffered"] < p["buffer_max"]:
        copy = int(p["stuck"])
        p["stuck"] = -1
        go_on(s, producer, copy)


@seldom
def abandon_next(s: State, producer: int) -> int:
    """The process is dead: give back one message after the other that its thread had or that waited for it, then -1."""
    p = producers(s, producer)
    copy = int(p["stuck"])
    p["thread"] = THREAD_FREE
    p["stuck"] = -1
    if copy < 0 and p["line_head"] >= 0:
        copy = _take_first(s, producer)
    return copy
