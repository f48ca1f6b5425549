"""Publisher confirms on their way to the producer.

A confirm always goes over the heap, even on an instant link: the producer may answer it with the next publish, and a
direct call would come back here.
"""

from __future__ import annotations

from mqlab.core.codes import (
    C_REFUSED,
    CONFIRM_COMMITS,
    CONFIRM_EACH,
    E_CONFIRM_IN,
    FLAG_COMMITTING,
    FLAG_HOP,
    K_CONFIRM_SENT,
    K_PACKET_LOST,
    P_CONFIRM,
    RANK_EVENT,
    TX_ANSWERING,
    TX_OPEN,
)
from mqlab.core.frames import COMMITTED, NOT_COMMITTED, frame_word, send_frame
from mqlab.core.heap import push
from mqlab.core.link import DOWN, LOST, cross
from mqlab.core.recorder import emit
from mqlab.core.records import clients, copies, producers, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import CONFIRM

__all__ = ["NO", "YES", "answer_commit", "is_done", "is_refused", "send_confirm"]

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


@seldom
def _answer_in_commit(s: State, root: int, answer: int) -> None:
    """One message of a commit is stored, or refused: the answer is for all of them."""
    r = copies(s, root)
    if (r["flags"] & FLAG_COMMITTING) == 0:
        return
    r["flags"] = r["flags"] & ~FLAG_COMMITTING
    index = producers(s, r["producer"])["client"]
    c = clients(s, index)
    if c["open"] == 0 or c["epoch"] != r["epoch"]:
        return
    c["tx_left"] = c["tx_left"] - 1
    if answer == NO:
        c["tx_failed"] = 1
    answer_commit(s, index)


@seldom
def answer_commit(s: State, client: int) -> None:
    """Tell a client about its commit, once nothing of it is missing."""
    c = clients(s, client)
    if c["tx_state"] != TX_ANSWERING or c["tx_left"] > 0:
        return
    c["tx_state"] = TX_OPEN
    word = COMMITTED
    if c["tx_failed"] == 1:
        word = NOT_COMMITTED
    send_frame(s, client, frame_word(word, 0))


@kernel
def send_confirm(s: State, root: int, answer: int, attempt: int) -> None:
    """Tell the producer of ``root`` that the broker has it (YES) or does not want it (NO), if it asked."""
    r = copies(s, root)
    p = producers(s, r["producer"])
    if p["confirm"] != CONFIRM_EACH:
        if p["confirm"] == CONFIRM_COMMITS:
            _answer_in_commit(s, root, answer)
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
