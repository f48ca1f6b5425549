"""Frames that are about a connection, not about a message: blocked and unblocked, commit and its answer.

Nothing else may come instead of them, so they travel as TCP carries them: one that the link loses, or that is sent
while the client is cut off, goes again after TCP's shortest time-out, until its connection has ended.
"""

from __future__ import annotations

from mqlab.core.codes import E_COMMIT, E_FRAME_IN, E_FRAME_OUT, RANK_EVENT
from mqlab.core.distributions import sample
from mqlab.core.heap import push
from mqlab.core.records import clients, runs, sides
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import FRAME, unit

__all__ = [
    "BLOCKED",
    "COMMIT",
    "COMMITTED",
    "NOT_COMMITTED",
    "ROLLBACK",
    "ROLLED_BACK",
    "UNBLOCKED",
    "frame_again",
    "frame_kind",
    "frame_word",
    "send_frame",
]

BLOCKED, UNBLOCKED, COMMITTED, NOT_COMMITTED, ROLLED_BACK, COMMIT, ROLLBACK = range(7)
"""From the broker to the client; the last two the other way."""

_AGAIN_NS = 200_000_000
"""The shortest retransmission time-out of TCP on Linux (TCP_RTO_MIN in include/net/tcp.h)."""
_TRIES = 16


@kernel
def frame_word(kind: int, number: int) -> int:
    """Pack the kind of a frame and a number that it carries."""
    return number * 8 + kind


@kernel
def frame_kind(word: int) -> int:
    """Say what a frame is."""
    return word & 7


@seldom
def send_frame(s: State, client: int, word: int) -> None:
    """Put a frame on a client's connection."""
    c = clients(s, client)
    now = runs(s, 0)["now"]
    up = frame_kind(word) >= COMMIT
    if ((c["silent"] >> int(not up)) & 1) == 1:
        push(s, now + _AGAIN_NS, RANK_EVENT, E_FRAME_OUT, client, word, c["epoch"])
        return
    index = c["down_side"]
    if up:
        index = c["up_side"]
    side = sides(s, index)
    serial = c["frames"]
    c["frames"] = serial + 1
    arrives = now
    for k in range(_TRIES):
        if side["loss"] <= 0.0 or unit(FRAME, c["ident"], c["ident"], serial, k) > side["loss"]:
            break
        arrives = arrives + _AGAIN_NS
    if side["constant"] == 1:
        arrives = arrives + side["fixed_ns"]
    else:
        arrives = arrives + sample(s, side["latency"], FRAME, c["ident"], c["ident"], serial, _TRIES)
    if c["ordered"] == 1:
        if up:
            arrives = max(arrives, c["up_last"])
            c["up_last"] = arrives
        else:
            arrives = max(arrives, c["down_last"])
            c["down_last"] = arrives
    arrival = E_FRAME_IN
    if up:
        arrival = E_COMMIT
    push(s, arrives, RANK_EVENT, arrival, client, word, c["epoch"])


@seldom
def frame_again(s: State, client: int, word: int, epoch: int) -> None:
    """Send once more what could not be sent, if its connection is still there for the one who sends."""
    c = clients(s, client)
    if c["epoch"] != epoch:
        return
    if (frame_kind(word) >= COMMIT and c["up"] == 1) or (frame_kind(word) < COMMIT and c["open"] == 1):
        send_frame(s, client, word)
