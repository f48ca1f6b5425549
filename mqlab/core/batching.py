"""A consumer that acknowledges several deliveries at once: the client collects, and sends one acknowledgement for all.

It says "everything up to this tag" (multiple=true), so it goes as far as everything before is answered: a delivery
that is still in work, or waits for it, is never covered. What the handler kept silent about is: the broker cannot tell
it from the others. The broker's side is told in :mod:`mqlab.core.multiple`.
"""

from __future__ import annotations

from mqlab.core.codes import (
    ACK_DONE,
    CONSUMER_BATCH,
    E_ACKS_DUE,
    E_ACKS_IN,
    E_ACKS_MORE,
    K_ACK_SENT,
    K_PACKET_LOST,
    MARK_DONE,
    MARK_SENT,
    MARK_SILENT,
    P_ACK,
    RANK_CONTINUE,
    RANK_EVENT,
)
from mqlab.core.heap import push
from mqlab.core.link import LOST, UP, cross
from mqlab.core.recorder import drop_delivery, emit
from mqlab.core.records import clients, consumers, copies, deliveries, groups, queues, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import ACK

__all__ = ["acks_due", "acks_more", "collect", "keep_silent", "send_collected"]

_AT_ONCE = 512
"""Most acknowledgements that one packet of the client newly covers; what is more goes in another one."""
_ANSWERED = MARK_DONE | MARK_SENT | MARK_SILENT
_MASK = (1 << 30) - 1


@seldom
def collect(s: State, delivery: int, answer: int) -> bool:
    """Keep an acknowledgement until there are enough; False: this answer goes by itself."""
    d = deliveries(s, delivery)
    consumer = d["consumer"]
    k = consumers(s, consumer)
    if (k["special"] & CONSUMER_BATCH) == 0 or d["open"] == 0:
        return False
    if answer != ACK_DONE:
        d["held"] = int(d["held"]) | MARK_SENT
        return False
    d["held"] = int(d["held"]) | MARK_DONE
    drop_delivery(s, delivery)  # the client's; the broker still holds it
    k["collected"] = k["collected"] + 1
    if k["collected"] >= groups(s, k["group"])["batch"]:
        send_collected(s, consumer)
    elif k["collected"] == 1:
        _wind_up(s, consumer)
    return True


@seldom
def keep_silent(s: State, delivery: int) -> None:
    """The handler neither acknowledges nor refuses: whoever acknowledges a later tag covers this one."""
    d = deliveries(s, delivery)
    if d["open"] == 1:
        d["held"] = int(d["held"]) | MARK_SILENT


@kernel
def _wind_up(s: State, consumer: int) -> None:
    """Start the clock: what is collected now is sent after a while, however little it is."""
    k = consumers(s, consumer)
    k["batch"] = k["batch"] + 1
    due = runs(s, 0)["now"] + groups(s, k["group"])["batch_after"]
    push(s, due, RANK_EVENT, E_ACKS_DUE, consumer, k["batch"] & _MASK, clients(s, k["client"])["epoch"])


@seldom
def acks_due(s: State, consumer: int, batch: int, epoch: int) -> None:
    """What was collected has waited long enough."""
    k = consumers(s, consumer)
    client = clients(s, k["client"])
    if client["up"] == 1 and client["epoch"] == epoch and (k["batch"] & _MASK) == batch and k["collected"] > 0:
        send_collected(s, consumer)


@seldom
def acks_more(s: State, consumer: int, epoch: int) -> None:
    """Go on sending what was collected."""
    k = consumers(s, consumer)
    client = clients(s, k["client"])
    if client["up"] == 1 and client["epoch"] == epoch and k["collected"] > 0:
        send_collected(s, consumer)


@kernel
def _last_answered(s: State, consumer: int) -> int:
    """Find the last delivery that can be acknowledged together with everything before it; -1 if there is none."""
    last = -1
    found = 0
    delivery = int(consumers(s, consumer)["unacked_head"])
    while delivery >= 0 and found < _AT_ONCE:
        d = deliveries(s, delivery)
        marks = int(d["held"])
        if (marks & _ANSWERED) == 0:
            break
        if (marks & (MARK_DONE | MARK_SENT)) == MARK_DONE:
            last = delivery
            found += 1
        delivery = int(d["next"])
    return last


@seldom
def send_collected(s: State, consumer: int) -> None:
    """Send one acknowledgement for everything up to the last delivery that it may cover."""
    k = consumers(s, consumer)
    client = clients(s, k["client"])
    last = _last_answered(s, consumer)
    if last < 0:
        _wind_up(s, consumer)
        return
    now = runs(s, 0)["now"]
    end = deliveries(s, last)
    arrives = cross(s, k["client"], UP, ACK, copies(s, end["copy"])["ident"], end["number"], now)
    queue = queues(s, k["queue"])["entity"]
    delivery = int(k["unacked_head"])
    following = delivery
    while following >= 0:
        delivery = following
        d = deliveries(s, delivery)
        following = int(d["next"])
        if delivery == last:
            following = -1
        marks = int(d["held"])
        if (marks & (MARK_DONE | MARK_SENT)) == MARK_DONE:
            d["held"] = marks | MARK_SENT
            k["collected"] = k["collected"] - 1
            emit(s, K_ACK_SENT, d["copy"], client["entity"], queue, d["number"], 0, 0)
            if arrives == LOST:
                emit(s, K_PACKET_LOST, d["copy"], client["entity"], queue, d["number"], P_ACK, 0)
    if arrives != LOST:
        end["refs"] = end["refs"] + 1
        push(s, arrives, RANK_EVENT, E_ACKS_IN, last, 0, client["epoch"])
    k["batch"] = k["batch"] + 1  # the clock that ran was for these
    if k["collected"] >= groups(s, k["group"])["batch"]:
        push(s, now, RANK_CONTINUE, E_ACKS_MORE, consumer, 0, client["epoch"])
    elif k["collected"] > 0:
        _wind_up(s, consumer)
