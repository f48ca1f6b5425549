"""Letters: entries that a consumer sends on to the retry topic or to the dead letter topic of its subscription.

A letter is another place of the same batch, in another partition. What it was written about is done with when the
letter is safe; until then it counts as sent. A letter to be tried later is not handed out before it is due.
"""

from __future__ import annotations

from mqlab.core.ledger.codes import C_SENT
from mqlab.core.ledger.records import claims, entries, hands, ledgers, stores, subscribers, tastes
from mqlab.core.ledger.returning import ready_again
from mqlab.core.ledger.settling import is_served, wake
from mqlab.core.ledger.storing import append, send_out
from mqlab.core.log.batches import another_place
from mqlab.core.log.records import batches
from mqlab.core.records import runs
from mqlab.jit import State, seldom

__all__ = ["letter_in"]


@seldom
def letter_in(s: State, claim: int, stamp: int, retry: int) -> None:
    """A letter reaches the broker that owns its topic; where there is none the consumer asks for the entry again."""
    k = claims(s, claim)
    if k["stamp"] != stamp or k["state"] != C_SENT:
        return
    slot = int(claim // ledgers(s, 0)["views"])
    hand = hands(s, k["hand"])
    taste = tastes(s, subscribers(s, hand["member"])["group"])
    partition = int(taste["dead"])
    if retry == 1:
        partition = int(taste["retry_to"])
    if not is_served(s, partition):
        k["again"] = k["again"] + 1
        ready_again(s, claim)
        wake(s, int(hand["cursor"]))
        return
    tries = int(entries(s, slot)["tries"])
    place = another_place(s, int(batches(s, slot)["root"]))
    append(s, place, partition, 0)
    e = entries(s, place)
    e["letter_of"] = claim
    e["tries"] = tries + 1
    if retry == 1:
        for view in range(stores(s, partition)["cursors"]):
            claims(s, place * ledgers(s, 0)["views"] + view)["due"] = runs(s, 0)["now"] + taste["retry"]
    send_out(s, place)
