"""The consumer's side: a receiver queue, one record after the other, acknowledgements; entries that fail.

An entry is taken from the receiver queue as a whole and its records are worked on in order. When all have succeeded
it is acknowledged, with others collected for a while. If one fails:

    nack               after ``nack_delay`` the consumer asks for the entry again (for all its records: by default
                       nothing is acknowledged within a batch)
    reconsume_later    it publishes the entry to the retry topic, due later, and is done with it when that is safe
    hold               nothing: the acknowledgement time-out asks for it, if there is one

An entry that was redelivered as often as the dead letter policy allows is sent to the dead letter topic instead of
being asked for once more. Simplified: a handler that fails says so when its service time is over.
"""

from __future__ import annotations

from mqlab.core.codes import (
    K_CLIENT_CRASHED,
    K_CLIENT_RESTARTED,
    K_DELIVERED,
    K_FAILED,
    K_HELD,
    K_NACK_SENT,
    K_PROCESSED,
    K_STARTED,
    RANK_EVENT,
)
from mqlab.core.distributions import sample
from mqlab.core.heap import push
from mqlab.core.lanes import touch_group
from mqlab.core.ledger.acknowledging import acknowledge, hold, let_go, send_ack, slot_of, write_letter
from mqlab.core.ledger.codes import (
    C_SENT,
    M_ACKED,
    M_HELD,
    M_NACKED,
    M_WORKING,
    P_DONE,
    P_FLOW_IN,
    P_NACK,
    P_OVERDUE,
    THEN_HOLD,
    THEN_LATER,
    THEN_NACK,
)
from mqlab.core.ledger.connecting import attach, detach
from mqlab.core.ledger.places import cell_of, copy_of
from mqlab.core.ledger.records import claims, cursors, hands, subscribers, tastes
from mqlab.core.link import UP, cross
from mqlab.core.log.records import batches, cells, logs, partitions, senders
from mqlab.core.recorder import tell
from mqlab.core.records import clients, groups, producers, runs, targets
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import EXCEPTION, GET, SERVICE, identity, unit

__all__ = ["crash_member", "dispatched", "done", "restart_member"]


@kernel
def dispatched(s: State, claim: int, stamp: int) -> None:
    """An entry reaches a consumer's receiver queue."""
    k = claims(s, claim)
    if k["stamp"] != stamp or k["state"] != C_SENT:
        return
    hand = int(k["hand"])
    h = hands(s, hand)
    hold(s, claim)
    k["next"] = -1
    if h["tail"] < 0:
        h["head"] = claim
    else:
        claims(s, h["tail"])["next"] = claim
    h["tail"] = claim
    _take(s, int(h["member"]))


@kernel
def _take(s: State, member: int) -> None:
    """Take the next entry out of a receiver queue, if nothing is in work: one partition after the other."""
    m = subscribers(s, member)
    if m["busy"] == 1 or m["alive"] == 0:
        return
    hand = -1
    for step in range(m["hands"]):
        place = int((m["turn"] + step) % m["hands"])
        candidate = int(m["first"] + place * m["stride"])
        if hands(s, candidate)["head"] >= 0:
            hand = candidate
            m["turn"] = (place + 1) % m["hands"]
            break
    if hand < 0:
        return
    h = hands(s, hand)
    claim = int(h["head"])
    k = claims(s, claim)
    h["head"] = k["next"]
    if h["head"] < 0:
        h["tail"] = -1
    k["next"] = -1
    k["mine"] = M_WORKING
    m["failed"] = 0
    m["hand"] = hand
    m["claim"] = claim
    m["stamp"] = k["stamp"]
    m["record"] = 0
    m["busy"] = 1
    touch_group(s, int(m["group"]))
    g = groups(s, m["group"])
    g["busy"] = g["busy"] + 1
    _ask_for_more(s, hand, int(batches(s, slot_of(s, claim))["count"]))
    _hand_over(s, member)
    timeout = int(tastes(s, m["group"])["timeout"])
    if timeout > 0:
        push(s, runs(s, 0)["now"] + timeout, RANK_EVENT, P_OVERDUE, claim, int(k["stamp"]), 0)
    _start(s, member)


@kernel
def _ask_for_more(s: State, hand: int, taken: int) -> None:
    """Give the broker new permits when half of the receiver queue has been taken."""
    h = hands(s, hand)
    m = subscribers(s, h["member"])
    h["taken"] = h["taken"] + taken
    if h["taken"] >= max(tastes(s, m["group"])["receiver"] // 2, 1):
        what = identity(clients(s, m["client"])["self"], hand)
        now = runs(s, 0)["now"]
        arrives = cross(s, m["client"], UP, GET, what, int(h["life"]), now)
        push(s, arrives, RANK_EVENT, P_FLOW_IN, hand, int(h["life"]), int(h["taken"]))
        h["taken"] = 0


@kernel
def _hand_over(s: State, member: int) -> None:
    """Note for each record of an entry that the application has it."""
    m = subscribers(s, member)
    claim = int(m["claim"])
    slot = slot_of(s, claim)
    b = batches(s, slot)
    q = cursors(s, hands(s, m["hand"])["cursor"])
    part = partitions(s, q["partition"])["entity"]
    run = runs(s, 0)
    first = cell_of(s, claim, 0)
    entity = clients(s, m["client"])["entity"]
    copy = copy_of(s, slot, int(q["view"]))
    for i in range(b["count"]):
        c = cells(s, first + i)
        c["deliveries"] = c["deliveries"] + 1
        if c["delivered"] < 0:
            c["delivered"] = run["now"]
        if c["deliveries"] > 1:
            run["redelivered"] = run["redelivered"] + 1
        tell(s, K_DELIVERED, c["number"], copy, entity, part, c["deliveries"], b["offset"] + i, 0, 1)
    q["delivered"] = q["delivered"] + b["count"]
    log = logs(s, 0)
    log["delivered"] = log["delivered"] + b["count"]


@kernel
def _start(s: State, member: int) -> None:
    """Begin to work on the next record of an entry."""
    m = subscribers(s, member)
    claim = int(m["claim"])
    slot = slot_of(s, claim)
    b = batches(s, slot)
    c = cells(s, cell_of(s, claim, int(m["record"])))
    q = cursors(s, hands(s, m["hand"])["cursor"])
    p = producers(s, senders(s, b["sender"])["producer"])
    g = groups(s, m["group"])
    what = identity(p["ident"], c["sequence"])
    takes = sample(s, g["service"], SERVICE, g["ident"], what, c["deliveries"], 0)
    m["work"] = m["work"] + 1
    tell(s, K_STARTED, c["number"], copy_of(s, slot, int(q["view"])), clients(s, m["client"])["entity"],
         partitions(s, q["partition"])["entity"], c["deliveries"], takes, 0, 1)  # fmt: skip
    push(s, runs(s, 0)["now"] + takes, RANK_EVENT, P_DONE, member, int(m["work"]), 0)


@seldom
def _is_named(s: State, group: int, number: int, delivery: int) -> bool:
    """Say whether exceptions meet this record (``only``), and still meet it at this delivery (``times``)."""
    g = groups(s, group)
    if g["times"] > 0 and delivery > g["times"]:
        return False
    found = g["only_n"] == 0
    for i in range(g["only_n"]):
        found = found or targets(s, g["only"] + i)["n"] == number
    return found


@kernel
def _fails(s: State, member: int, cell: int) -> bool:
    """Draw whether the handler raises: anew at each delivery, or once for a poison message."""
    m = subscribers(s, member)
    g = groups(s, m["group"])
    if g["fails"] <= 0.0:
        return False
    c = cells(s, cell)
    if g["picky"] == 1 and not _is_named(s, int(m["group"]), c["number"], c["deliveries"]):
        return False
    slot = slot_of(s, int(m["claim"]))
    p = producers(s, senders(s, batches(s, slot)["sender"])["producer"])
    what = identity(p["ident"], c["sequence"])
    attempt = int(c["deliveries"] + 64 * batches(s, slot)["index"])
    if g["poison"] == 1:
        attempt = 0
    return unit(EXCEPTION, g["ident"], what, attempt, 0) <= g["fails"]


@kernel
def done(s: State, member: int, work: int) -> None:
    """The service time of a record is over; the handler returns or raises."""
    m = subscribers(s, member)
    if m["work"] != work or m["alive"] == 0:
        return
    claim = int(m["claim"])
    slot = slot_of(s, claim)
    cell = cell_of(s, claim, int(m["record"]))
    if _fails(s, member, cell):
        _fail(s, member, cell)
    else:
        _succeed(s, member, cell)
    m["record"] = m["record"] + 1
    if m["record"] < batches(s, slot)["count"]:
        _start(s, member)
    else:
        _finish_entry(s, member)
        _take(s, member)


@kernel
def _succeed(s: State, member: int, cell: int) -> None:
    """A record's effect has happened."""
    m = subscribers(s, member)
    run = runs(s, 0)
    c = cells(s, cell)
    slot = slot_of(s, int(m["claim"]))
    q = cursors(s, hands(s, m["hand"])["cursor"])
    entity = clients(s, m["client"])["entity"]
    if c["processings"] == 0:
        c["processed"] = run["now"]
        c["consumer"] = entity
        c["order"] = run["order"]
        run["order"] = run["order"] + 1
    c["processings"] = c["processings"] + 1
    log = logs(s, 0)
    log["processed"] = log["processed"] + 1
    tell(s, K_PROCESSED, c["number"], copy_of(s, slot, int(q["view"])), entity, partitions(s, q["partition"])["entity"],
         c["deliveries"], batches(s, slot)["offset"] + m["record"], 0, 1)  # fmt: skip


@seldom
def _fail(s: State, member: int, cell: int) -> None:
    """A handler raised: what becomes of the entry depends on what the consumer does about it."""
    m = subscribers(s, member)
    claim = int(m["claim"])
    c = cells(s, cell)
    slot = slot_of(s, claim)
    q = cursors(s, hands(s, m["hand"])["cursor"])
    entity = clients(s, m["client"])["entity"]
    part = partitions(s, q["partition"])["entity"]
    copy = copy_of(s, slot, int(q["view"]))
    tell(s, K_FAILED, c["number"], copy, entity, part, c["deliveries"], 0, 0, 1)
    then = groups(s, m["group"])["then"]
    first = m["failed"] == 0
    m["failed"] = 1
    k = claims(s, claim)
    if k["stamp"] != m["stamp"]:
        return  # the entry is somebody else's meanwhile
    if then == THEN_NACK:
        tell(s, K_NACK_SENT, c["number"], copy, entity, part, c["deliveries"], 0, 0, 1)
        if first:
            push(s, runs(s, 0)["now"] + tastes(s, m["group"])["nack"], RANK_EVENT, P_NACK, claim, int(k["stamp"]), 0)
    elif then == THEN_HOLD:
        tell(s, K_HELD, c["number"], copy, entity, part, c["deliveries"], 0, 0, 1)


@kernel
def _finish_entry(s: State, member: int) -> None:
    """All records of an entry have been worked on."""
    m = subscribers(s, member)
    claim = int(m["claim"])
    hand = int(m["hand"])
    k = claims(s, claim)
    _stop_work(s, member)
    if k["stamp"] != m["stamp"] or k["state"] != C_SENT:
        alone = tastes(s, m["group"])["cumulative"] == 0
        if m["failed"] == 0 and alone and hands(s, hand)["connected"] == 1:
            send_ack(s, hand, claim)  # it has been redelivered meanwhile; the broker takes this one as well
        else:
            let_go(s, claim)
        return
    if m["failed"] == 1:
        then = groups(s, m["group"])["then"]
        k["mine"] = M_NACKED
        if then == THEN_HOLD:
            k["mine"] = M_HELD
        elif then == THEN_LATER:
            write_letter(s, claim)
        let_go(s, claim)
        return
    k["mine"] = M_ACKED
    acknowledge(s, hand, claim)


@kernel
def _stop_work(s: State, member: int) -> None:
    m = subscribers(s, member)
    m["busy"] = 0
    touch_group(s, int(m["group"]))
    g = groups(s, m["group"])
    g["busy"] = g["busy"] - 1


@seldom
def crash_member(s: State, member: int) -> None:
    """A consumer's process dies; what it was working on has had no effect, and the broker sees it at once."""
    m = subscribers(s, member)
    if m["alive"] == 0:
        return
    m["alive"] = 0
    m["life"] = m["life"] + 1
    m["work"] = m["work"] + 1
    clients(s, m["client"])["alive"] = 0
    tell(s, K_CLIENT_CRASHED, -1, 0, clients(s, m["client"])["entity"], -1, 0, 0, 0, 1)
    if m["busy"] == 1:
        _stop_work(s, member)
        let_go(s, int(m["claim"]))
    for i in range(m["hands"]):
        detach(s, int(m["first"] + i * m["stride"]))


@seldom
def restart_member(s: State, member: int) -> None:
    """A consumer is back, and connects to all that it reads."""
    m = subscribers(s, member)
    if m["alive"] == 1:
        return
    m["alive"] = 1
    clients(s, m["client"])["alive"] = 1
    tell(s, K_CLIENT_RESTARTED, -1, 0, clients(s, m["client"])["entity"], -1, 0, 0, 0, 1)
    for i in range(m["hands"]):
        attach(s, int(m["first"] + i * m["stride"]))
