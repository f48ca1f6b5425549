"""A producer in transactions: when it commits or rolls back, and what the answer means to it.

    publish … publish ─► tx.commit ─► (waits; later messages stay in the buffer) ─► tx.commit-ok ─► the next one

The messages of the open transaction are those in the producer's unconfirmed list; at most ``size`` are. The broker's
side is in :mod:`mqlab.core.transactions`.
"""

from __future__ import annotations

from mqlab.core.codes import (
    E_TX_AFTER,
    K_COMMIT_SENT,
    PRODUCER_TRANSACTIONS,
    PRODUCER_WAITS,
    RANK_EVENT,
)
from mqlab.core.frames import COMMIT, ROLLBACK, frame_word, send_frame
from mqlab.core.heap import push
from mqlab.core.recorder import tell
from mqlab.core.records import clients, copies, producers, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import ROLLBACK as ROLLING
from mqlab.sampling import unit

__all__ = ["after_publish", "commit_late", "drop_transaction"]


@seldom
def after_publish(s: State, producer: int) -> None:
    """A publish has left: commit if it was the last of its transaction, see to it that it is not left open for long."""
    p = producers(s, producer)
    if (p["special"] & PRODUCER_TRANSACTIONS) == 0:
        return
    if p["unconfirmed"] >= p["max_in_flight"]:
        _commit(s, producer)
    elif p["unconfirmed"] == 1:
        push(s, runs(s, 0)["now"] + p["commit_after"], RANK_EVENT, E_TX_AFTER, producer, 0, p["transaction"])


@seldom
def commit_late(s: State, producer: int, transaction: int) -> None:
    """A transaction has been open for long enough: commit what there is."""
    p = producers(s, producer)
    if p["transaction"] == transaction and (p["special"] & PRODUCER_WAITS) == 0 and p["unconfirmed"] > 0:
        _commit(s, producer)


@kernel
def _commit(s: State, producer: int) -> None:
    """Ask the broker to commit, or decide to roll back, and wait for its answer."""
    p = producers(s, producer)
    c = clients(s, p["client"])
    p["special"] = p["special"] | PRODUCER_WAITS
    p["transaction"] = p["transaction"] + 1
    first = copies(s, p["unconfirmed_head"])
    what = COMMIT
    if p["rollback"] > 0.0 and unit(ROLLING, p["ident"], first["ident"], first["attempts"], 0) <= p["rollback"]:
        what = ROLLBACK
    tell(s, K_COMMIT_SENT, -1, 0, c["entity"], -1, 0, p["unconfirmed"], what - COMMIT, 1)
    send_frame(s, p["client"], frame_word(what, p["unconfirmed"]))


@seldom
def drop_transaction(s: State, producer: int) -> None:
    """Forget the open transaction: its connection has ended."""
    p = producers(s, producer)
    if (p["special"] & PRODUCER_TRANSACTIONS) != 0:
        p["transaction"] = p["transaction"] + 1
        p["special"] = p["special"] & ~PRODUCER_WAITS
