"""Publisher confirms on their way to the producer.

A confirm always goes over the heap, even on an instant link: the producer may answer it with the next publish, and a
direct call would come back here.
"""

from __future__ import annotations

from mqlab.core.codes import E_CONFIRM_IN, K_CONFIRM_SENT, K_PACKET_LOST, P_CONFIRM, RANK_EVENT
from mqlab.core.heap import push
from mqlab.core.link import DOWN, LOST, cross
from mqlab.core.recorder import emit
from mqlab.core.records import clients, copies, producers, runs
from mqlab.jit import State, kernel
from mqlab.sampling import CONFIRM

__all__ = ["NO", "YES", "send_confirm"]

YES, NO = 0, 1


@kernel
def send_confirm(s: State, root: int, answer: int, attempt: int) -> None:
    """Tell the producer of ``root`` that the broker has it (YES) or does not want it (NO), if it asked."""
    r = copies(s, root)
    p = producers(s, r["producer"])
    if p["confirm"] == 0:
        return
    client = clients(s, p["client"])
    if client["open"] == 0:
        return
    emit(s, K_CONFIRM_SENT, root, client["entity"], -1, attempt, 0, answer)
    arrives = cross(s, p["client"], DOWN, CONFIRM, r["ident"], attempt, runs(s, 0)["now"])
    if arrives == LOST:
        emit(s, K_PACKET_LOST, root, client["entity"], -1, attempt, P_CONFIRM, 0)
        return
    r["refs"] = r["refs"] + 1
    push(s, arrives, RANK_EVENT, E_CONFIRM_IN, root, 2 * attempt + answer, client["epoch"])
