"""Publisher confirms on their way to the producer.

A confirm always goes over the heap, even on an instant link: the producer may answer it with the next publish, and a
direct call would come back here.
"""

from __future__ import annotations

from mqlab.core.codes import C_REFUSED, E_CONFIRM_IN, FLAG_HOP, K_CONFIRM_SENT, K_PACKET_LOST, P_CONFIRM, RANK_EVENT
from mqlab.core.heap import push
from mqlab.core.link import DOWN, LOST, cross
from mqlab.core.recorder import emit
from mqlab.core.records import clients, copies, producers, runs
from mqlab.jit import State, kernel
from mqlab.sampling import CONFIRM

__all__ = ["NO", "YES", "is_done", "is_refused", "send_confirm"]

YES, NO = 0, 1


@kernel
def is_refused(s: State, root: int) -> bool:
    """Say whether a queue does not want this message at present."""
    slot = root
    while slot >= 0:
        c = copies(s, slot)
        if c["state"] == C_REFUSED:
            return True
        slot = c["next_copy"]
    return False


@kernel
def is_done(s: State, root: int) -> bool:
    """Say whether every queue's work on this message is done, on the first copy there or on one sent again."""
    slot = root
    while slot >= 0:
        c = copies(s, slot)
        if c["copy_of"] < 0 and c["processings"] == 0 and (c["flags"] & FLAG_HOP) == 0:
            done = False
            other = c["next_copy"]
            while other >= 0:
                o = copies(s, other)
                done = done or (o["copy_of"] == c["index"] and o["processings"] > 0)
                other = o["next_copy"]
            if not done:
                return False
        slot = c["next_copy"]
    return True


@kernel
def send_confirm(s: State, root: int, answer: int, attempt: int) -> None:
    """Tell the producer of ``root`` that the broker has it (YES) or does not want it (NO), if it asked."""
    r = copies(s, root)
    p = producers(s, r["producer"])
    if p["confirm"] == 0:
        return
    client = clients(s, p["client"])
    if client["open"] == 0 or client["epoch"] != r["epoch"]:
        return  # the connection that asked is gone, and the one that is there did not ask
    emit(s, K_CONFIRM_SENT, root, client["entity"], -1, attempt, 0, answer)
    arrives = cross(s, p["client"], DOWN, CONFIRM, r["ident"], attempt, runs(s, 0)["now"])
    if arrives == LOST:
        emit(s, K_PACKET_LOST, root, client["entity"], -1, attempt, P_CONFIRM, 0)
        return
    r["refs"] = r["refs"] + 1
    push(s, arrives, RANK_EVENT, E_CONFIRM_IN, root, 2 * attempt + answer, client["epoch"])
