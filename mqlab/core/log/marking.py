"""Markers: how the end of a transaction gets into the log of each partition it touched.

A marker (a control batch) takes one offset and carries no record. From it on, what the transaction wrote before is
committed or aborted.
"""

from __future__ import annotations

from mqlab.core.hardware.records import hards
from mqlab.core.log.batches import new_batch
from mqlab.core.log.codes import ABORTED, B_OVER, COMMITTED, K_TRANSACTION_MARKED, TX_COMMITTING, TX_ONGOING
from mqlab.core.log.coordinator import send_marker
from mqlab.core.log.leading import pass_on, put_in
from mqlab.core.log.records import batches, collectors, partitions, senders, transactions
from mqlab.core.log.sending import is_up
from mqlab.core.log.standing import refresh
from mqlab.core.log.storing import put
from mqlab.core.recorder import tell
from mqlab.core.records import clients, producers
from mqlab.jit import State, kernel, seldom

__all__ = ["marker_in"]

_MARKER_BYTES = 78
"""61 of the batch's header, 17 of the one record in it (Kafka's message format 2)."""


@seldom
def marker_in(s: State, sender: int) -> None:
    """A marker reaches the leader of a partition."""
    q = senders(s, sender)
    t = transactions(s, collectors(s, q["producer"])["transaction"])
    if q["in_transaction"] == 0 or t["state"] <= TX_ONGOING or t["writer"] != q["producer"]:
        return
    partition = int(q["partition"])
    if not is_up(s, partition):
        send_marker(s, sender)
        return
    outcome = ABORTED
    if t["state"] == TX_COMMITTING:
        outcome = COMMITTED
    records = _decide(s, sender, outcome)
    slot = new_batch(s, sender)
    b = batches(s, slot)
    b["control"] = 1
    b["count"] = 1
    b["refs"] = 1
    b["sending"] = B_OVER
    if hards(s, 0)["on"] == 1:
        put(s, int(partitions(s, partition)["leader"]), 1, _MARKER_BYTES)
    put_in(s, partition, slot)
    who = clients(s, producers(s, q["producer"])["client"])["entity"]
    where = partitions(s, partition)["entity"]
    tell(s, K_TRANSACTION_MARKED, -1, 0, who, where, int(t["epoch"]), b["offset"], int(t["reason"]), records)
    refresh(s, partition)
    pass_on(s, partition)


@kernel
def _decide(s: State, sender: int, outcome: int) -> int:
    """Write the outcome down at each batch of the transaction; return how many records it has here."""
    found = 0
    slot = int(senders(s, sender)["first_slot"])
    while slot >= 0:
        e = batches(s, slot)
        if e["sender"] == sender and e["control"] == 0:
            e["outcome"] = outcome
            found += int(e["count"])
        slot = int(e["after"])
    return found
