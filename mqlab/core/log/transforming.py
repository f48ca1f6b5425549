"""Consume, transform, produce: a consumer whose work on a record is to make another one, for another topic.

Consumer and producer are one process and die together. A consumer that commits after its work flushes its producer at
the end of each poll, and then:

    without a transaction        what it made stands in its log, and the offset is committed. Who dies between the two
                                 does the work again, and what it made stands in the log twice
    with one, offsets apart      the transaction ends, and the offset is committed: the same gap
    with one, offsets in it      records and offset take effect together, or neither does (sendOffsetsToTransaction)

With offsets in the transaction a record counts as processed when that is committed: before, nothing has happened. What
cannot be written is polled again. Source: https://cwiki.apache.org/confluence/x/ew40 (KIP-98), KIP-447.
"""

from __future__ import annotations

from mqlab.core.log.codes import COMMIT_AFTER, COMMIT_TRANSACTION
from mqlab.core.log.collecting import create
from mqlab.core.log.records import collectors, pollers, readers, senders
from mqlab.core.log.sending import close_batch, flushed_yet, move_on, pump, seal
from mqlab.jit import State, seldom

__all__ = ["flush", "make", "must_go_back"]


@seldom
def make(s: State, poller: int, number: int, key: int) -> None:
    """A consumer has worked on a record, and sends what it made of it."""
    create(s, int(pollers(s, poller)["maker"]), key, number)


@seldom
def flush(s: State, poller: int) -> bool:
    """At the end of a poll: let all that was made leave; True if the consumer has to wait until it is answered."""
    k = pollers(s, poller)
    producer = int(k["maker"])
    col = collectors(s, producer)
    if k["commit"] != COMMIT_AFTER and k["commit"] != COMMIT_TRANSACTION:
        return False
    col["reader"] = k["reader"]
    col["offset"] = readers(s, k["reader"])["done"]
    col["until"] = k["until"]
    col["flushing"] = 1
    if col["transaction"] >= 0:
        if col["collected"] > 0:
            seal(s, producer)
        move_on(s, producer)
        return True
    col["failed"] = 0
    for i in range(col["partitions"]):
        sender = int(col["first_sender"] + i)
        if senders(s, sender)["open"] >= 0:
            close_batch(s, sender)
        pump(s, sender)
    flushed_yet(s, producer)
    return True


@seldom
def must_go_back(s: State, poller: int) -> bool:
    """Say whether something that was made of a poll could not be written."""
    col = collectors(s, pollers(s, poller)["maker"])
    if col["transaction"] >= 0:
        return col["ended"] == 1
    return col["failed"] == 1
