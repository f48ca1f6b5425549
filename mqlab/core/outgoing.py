"""A producer's two lists: what it keeps until it can be sent, and what is sent and not confirmed yet.

Both are doubly linked through ``prev`` and ``next`` of the message's record; a message stands in one of them at most.
"""

from __future__ import annotations

from mqlab.core.codes import K_BUFFERED, PRODUCER_HALTED, S_BUFFERED, S_UNCONFIRMED
from mqlab.core.recorder import emit
from mqlab.core.records import clients, copies, producers
from mqlab.jit import State, kernel

__all__ = ["await_confirm", "keep", "may_leave", "stop_awaiting", "unbuffer"]


@kernel
def may_leave(s: State, producer: int) -> bool:
    """Say whether the producer may send another message now."""
    p = producers(s, producer)
    if clients(s, p["client"])["up"] == 0 or (p["special"] & PRODUCER_HALTED) != 0:
        return False
    return p["max_in_flight"] == 0 or p["unconfirmed"] < p["max_in_flight"]


@kernel
def keep(s: State, producer: int, copy: int, first: bool) -> None:
    """Keep a message that cannot leave yet, at the end of the buffer or (``first``) at its head."""
    p = producers(s, producer)
    c = copies(s, copy)
    c["sending"] = S_BUFFERED
    emit(s, K_BUFFERED, copy, clients(s, p["client"])["entity"], -1, c["attempts"], 0, 0)
    before = int(p["buffer_tail"])
    if first:
        before = int(p["again_tail"])
        p["again_tail"] = copy
    after = int(p["buffer_head"])
    if before >= 0:
        after = int(copies(s, before)["next"])
        copies(s, before)["next"] = copy
    else:
        p["buffer_head"] = copy
    if after >= 0:
        copies(s, after)["prev"] = copy
    else:
        p["buffer_tail"] = copy
    c["prev"] = before
    c["next"] = after
    p["buffered"] = p["buffered"] + 1


@kernel
def unbuffer(s: State, copy: int) -> None:
    """Take a message out of its producer's buffer, wherever it stands."""
    c = copies(s, copy)
    p = producers(s, c["producer"])
    p["buffered"] = p["buffered"] - 1
    if p["again_tail"] == copy:
        p["again_tail"] = c["prev"]
    if c["prev"] < 0:
        p["buffer_head"] = c["next"]
    else:
        copies(s, c["prev"])["next"] = c["next"]
    if c["next"] < 0:
        p["buffer_tail"] = c["prev"]
    else:
        copies(s, c["next"])["prev"] = c["prev"]


@kernel
def await_confirm(s: State, producer: int, copy: int) -> None:
    """Put a message that has just been sent at the end of the unconfirmed list."""
    p = producers(s, producer)
    c = copies(s, copy)
    c["sending"] = S_UNCONFIRMED
    c["next"] = -1
    c["prev"] = p["unconfirmed_tail"]
    if p["unconfirmed_tail"] < 0:
        p["unconfirmed_head"] = copy
    else:
        copies(s, p["unconfirmed_tail"])["next"] = copy
    p["unconfirmed_tail"] = copy
    p["unconfirmed"] = p["unconfirmed"] + 1


@kernel
def stop_awaiting(s: State, copy: int) -> None:
    """Take a message out of the unconfirmed list, wherever it stands."""
    c = copies(s, copy)
    p = producers(s, c["producer"])
    if c["prev"] < 0:
        p["unconfirmed_head"] = c["next"]
    else:
        copies(s, c["prev"])["next"] = c["next"]
    if c["next"] < 0:
        p["unconfirmed_tail"] = c["prev"]
    else:
        copies(s, c["next"])["prev"] = c["prev"]
    p["unconfirmed"] = p["unconfirmed"] - 1
