"""What a consumer tells its broker of an entry: it is done with, it is wanted again, or it is a letter elsewhere."""

from __future__ import annotations

from mqlab.core.codes import K_ACK_SENT, RANK_EVENT
from mqlab.core.heap import push
from mqlab.core.ledger.codes import (
    C_SENT,
    K_LETTER_SENT,
    M_ACKED,
    M_QUEUED,
    M_WRITTEN,
    P_ACK_IN,
    P_ACKS,
    P_ALL_ACKED,
    P_LETTER_IN,
    P_NACK_IN,
)
from mqlab.core.ledger.places import copy_of
from mqlab.core.ledger.records import claims, cursors, entries, hands, ledgers, subscribers, tastes
from mqlab.core.link import UP, cross
from mqlab.core.log.batches import release
from mqlab.core.log.records import batches, partitions
from mqlab.core.recorder import tell
from mqlab.core.records import clients, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import ACK, identity

__all__ = [
    "acknowledge", "hold", "let_go", "nack_due", "overdue", "send_ack", "slot_of", "time_for_acks", "write_letter",
]  # fmt: skip


@kernel
def slot_of(s: State, claim: int) -> int:
    """Find the batch that an entry is."""
    return int(claim // ledgers(s, 0)["views"])


@kernel
def hold(s: State, claim: int) -> None:
    """Keep an entry's batch as long as a consumer, or a packet, has it."""
    root = batches(s, batches(s, slot_of(s, claim))["root"])
    root["refs"] = root["refs"] + 1


@kernel
def let_go(s: State, claim: int) -> None:
    """Whoever kept an entry's batch has done with it."""
    release(s, int(batches(s, slot_of(s, claim))["root"]))


@kernel
def acknowledge(s: State, hand: int, claim: int) -> None:
    """Collect an acknowledgement, and send what has been collected when there is enough of it."""
    h = hands(s, hand)
    taste = tastes(s, subscribers(s, h["member"])["group"])
    b = batches(s, slot_of(s, claim))
    if taste["cumulative"] == 1:
        h["upto"] = max(h["upto"], b["offset"] + b["count"])
        let_go(s, claim)
    else:
        claims(s, claim)["next"] = -1
        if h["ack_tail"] < 0:
            h["ack_head"] = claim
        else:
            claims(s, h["ack_tail"])["next"] = claim
        h["ack_tail"] = claim
    h["acks"] = h["acks"] + 1
    if h["acks"] >= taste["batch"] or taste["after"] == 0:
        _send_acks(s, hand)
    elif h["timer"] == 0:
        h["timer"] = 1
        push(s, runs(s, 0)["now"] + taste["after"], RANK_EVENT, P_ACKS, hand, 0, 0)


@kernel
def _send_acks(s: State, hand: int) -> None:
    """Send the acknowledgements that have been collected."""
    h = hands(s, hand)
    if h["acks"] == 0:
        return
    m = subscribers(s, h["member"])
    if tastes(s, m["group"])["cumulative"] == 1:
        part = partitions(s, cursors(s, h["cursor"])["partition"])["entity"]
        tell(s, K_ACK_SENT, -1, 0, clients(s, m["client"])["entity"], part, 0, h["upto"], 0, 1)
        what = identity(clients(s, m["client"])["self"], h["upto"])
        arrives = cross(s, m["client"], UP, ACK, what, hand, runs(s, 0)["now"])
        push(s, arrives, RANK_EVENT, P_ALL_ACKED, hand, int(h["life"]), int(h["upto"]))
    else:
        claim = int(h["ack_head"])
        h["ack_head"] = -1
        h["ack_tail"] = -1
        while claim >= 0:
            following = int(claims(s, claim)["next"])
            send_ack(s, hand, claim)
            claim = following
    h["acks"] = 0


@kernel
def time_for_acks(s: State, hand: int) -> None:
    """The first of the acknowledgements that have been collected has waited for long enough."""
    hands(s, hand)["timer"] = 0
    _send_acks(s, hand)


@kernel
def send_ack(s: State, hand: int, claim: int) -> None:
    """The acknowledgement of one entry leaves; it holds the batch until it has arrived."""
    h = hands(s, hand)
    m = subscribers(s, h["member"])
    slot = slot_of(s, claim)
    b = batches(s, slot)
    q = cursors(s, h["cursor"])
    tell(s, K_ACK_SENT, b["name"], copy_of(s, slot, int(q["view"])), clients(s, m["client"])["entity"],
         partitions(s, q["partition"])["entity"], 0, b["offset"], 0, b["count"])  # fmt: skip
    what = identity(clients(s, m["client"])["self"], b["offset"])
    arrives = cross(s, m["client"], UP, ACK, what, hand, runs(s, 0)["now"])
    push(s, arrives, RANK_EVENT, P_ACK_IN, claim, hand, int(h["life"]))


@seldom
def nack_due(s: State, claim: int, stamp: int) -> None:
    """The delay of a negative acknowledgement is over."""
    k = claims(s, claim)
    if k["stamp"] == stamp and k["state"] == C_SENT:
        _want_again(s, claim)


@seldom
def overdue(s: State, claim: int, stamp: int) -> None:
    """An entry has not been acknowledged in time: the client asks for it again."""
    k = claims(s, claim)
    if k["stamp"] == stamp and k["state"] == C_SENT and k["mine"] != M_ACKED and k["mine"] != M_QUEUED:
        _want_again(s, claim)


@seldom
def _want_again(s: State, claim: int) -> None:
    """Ask the broker for an entry again; or send it to the dead letter topic, if it has come often enough."""
    k = claims(s, claim)
    hand = int(k["hand"])
    h = hands(s, hand)
    m = subscribers(s, h["member"])
    taste = tastes(s, m["group"])
    if m["alive"] == 0 or h["connected"] == 0 or k["mine"] == M_WRITTEN:
        return
    _send_acks(s, hand)
    if taste["dead"] >= 0 and k["again"] >= taste["redeliver"]:
        _send_letter(s, claim, 0)
        return
    b = batches(s, slot_of(s, claim))
    what = identity(clients(s, m["client"])["self"], b["offset"])
    arrives = cross(s, m["client"], UP, ACK, what, 2 * int(k["stamp"]) + 1, runs(s, 0)["now"])
    push(s, arrives, RANK_EVENT, P_NACK_IN, claim, int(k["stamp"]), int(h["life"]))


@seldom
def write_letter(s: State, claim: int) -> None:
    """An entry is to be tried later: to the retry topic, unless it has been there often enough."""
    taste = tastes(s, subscribers(s, hands(s, claims(s, claim)["hand"])["member"])["group"])
    tries = entries(s, slot_of(s, claim))["tries"]
    _send_letter(s, claim, int(taste["dead"] < 0 or tries < taste["redeliver"]))


@seldom
def _send_letter(s: State, claim: int, retry: int) -> None:
    """A letter leaves for its topic."""
    k = claims(s, claim)
    k["mine"] = M_WRITTEN
    m = subscribers(s, hands(s, k["hand"])["member"])
    slot = slot_of(s, claim)
    b = batches(s, slot)
    q = cursors(s, hands(s, k["hand"])["cursor"])
    tell(s, K_LETTER_SENT, b["name"], copy_of(s, slot, int(q["view"])), clients(s, m["client"])["entity"],
         partitions(s, q["partition"])["entity"], int(k["again"]), b["offset"], retry, b["count"])  # fmt: skip
    what = identity(clients(s, m["client"])["self"], b["offset"])
    arrives = cross(s, m["client"], UP, ACK, what, 2 * int(k["stamp"]), runs(s, 0)["now"])
    push(s, arrives, RANK_EVENT, P_LETTER_IN, claim, int(k["stamp"]), retry)
