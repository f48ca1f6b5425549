"""A copy dies in its queue: it expired, the queue was full, a consumer refused it, or it came back too often.

Where the queue has a dead-letter exchange the message goes on from there (:mod:`mqlab.core.letters`), over the heap:
what lets a copy die is often itself called by a queue.
"""

from __future__ import annotations

from mqlab.core.codes import (
    C_GONE,
    CHUNK,
    DIED_EXPIRED,
    DIED_MAXLEN,
    E_EVICT,
    E_EXPIRE,
    E_LETTER,
    F_DISCARDED,
    F_EVICTED,
    F_EXPIRED,
    F_IN_FLIGHT,
    K_EVICTED,
    K_EXPIRED,
    Q_BYTES,
    Q_TTL,
    QUEUE_HALTED,
    RANK_CONTINUE,
)
from mqlab.core.heap import push
from mqlab.core.queue import dispatch, leave_node, take_first
from mqlab.core.recorder import emit
from mqlab.core.records import copies, extras, nodes, queues, runs
from mqlab.core.standing import is_past, peek
from mqlab.jit import State, kernel, seldom

__all__ = ["bury", "came_back_too_often", "evict", "evict_first", "expire", "is_too_heavy", "send_on",
           "take_living"]  # fmt: skip


@kernel
def send_on(s: State, copy: int, reason: int) -> None:
    """Have a dead copy sent on to the dead-letter exchange of its queue, if there is one."""
    c = copies(s, copy)
    if queues(s, c["queue"])["letters"] < 0:
        return
    r = copies(s, c["root"])
    r["refs"] = r["refs"] + 1
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_LETTER, copy, reason, 0)


@kernel
def bury(s: State, copy: int, reason: int) -> None:
    """Let a copy that is no longer in its queue end there."""
    c = copies(s, copy)
    c["state"] = C_GONE
    if c["fate"] == F_IN_FLIGHT:
        c["fate"] = F_DISCARDED
        if reason == DIED_EXPIRED:
            c["fate"] = F_EXPIRED
        elif reason == DIED_MAXLEN:
            c["fate"] = F_EVICTED
    send_on(s, copy, reason)
    leave_node(s, copy)


@seldom
def came_back_too_often(s: State, queue: int, copy: int) -> bool:
    """Count that a copy comes back; True if its queue does not take it any more."""
    x = extras(s, copy)
    x["returns"] = x["returns"] + 1
    return x["returns"] > queues(s, queue)["limit"]


@kernel
def evict_first(s: State, queue: int) -> None:
    """Drop the copy at the head of the queue."""
    copy = take_first(s, queue)
    if copy < 0:
        return
    q = queues(s, queue)
    emit(s, K_EVICTED, copy, nodes(s, q["node"])["entity"], q["entity"], 0, 0, 0)
    bury(s, copy, DIED_MAXLEN)


@seldom
def is_too_heavy(s: State, queue: int, more: int) -> bool:
    """Say whether ``more`` bytes would be too many for the queue."""
    q = queues(s, queue)
    return (q["special"] & Q_BYTES) != 0 and q["bytes"] + more > q["max_bytes"]


@seldom
def evict(s: State, queue: int) -> None:
    """Drop from the head until the queue's bytes are within its limit, a piece at a time."""
    for _ in range(CHUNK):
        if queues(s, queue)["ready"] == 0 or not is_too_heavy(s, queue, 0):
            return
        evict_first(s, queue)
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_EVICT, queue, 0, 0)


@seldom
def expire(s: State, queue: int, serial: int) -> None:
    """Remove what is past its time from the head of the queue, a piece at a time, and serve the rest.

    ``serial`` is that of the timer, 0 for a piece that follows; an older timer is void.
    """
    q = queues(s, queue)
    if serial > 0:
        if serial != q["timer"]:
            return
        q["timer_at"] = -1
        if q["expiring"] == 1:
            return
    q["expiring"] = 0
    n = nodes(s, q["node"])
    if n["up"] == 0 or q["dispatching"] == QUEUE_HALTED:
        return
    for _ in range(CHUNK):
        copy = peek(s, queue)
        if copy < 0 or not is_past(s, queue, copy):
            dispatch(s, queue)
            return
        _expire_first(s, queue)
    q["expiring"] = 1
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_EXPIRE, queue, 0, 0)


@kernel
def _expire_first(s: State, queue: int) -> None:
    """Remove the head, which is past its time."""
    copy = take_first(s, queue)
    q = queues(s, queue)
    n = nodes(s, q["node"])
    late = runs(s, 0)["now"] + n["clock_ns"] - extras(s, copy)["expires"]
    emit(s, K_EXPIRED, copy, n["entity"], q["entity"], 0, late, 0)
    bury(s, copy, DIED_EXPIRED)


@kernel
def take_living(s: State, queue: int) -> int:
    """Remove the first ready copy that is not past its time, and what stands before it; -1 if there is none."""
    if (queues(s, queue)["special"] & Q_TTL) == 0:
        return take_first(s, queue)
    for _ in range(CHUNK):
        copy = peek(s, queue)
        if copy < 0 or not is_past(s, queue, copy):
            return take_first(s, queue)
        _expire_first(s, queue)
    return -1  # there may be more of them: whoever asks again will see
