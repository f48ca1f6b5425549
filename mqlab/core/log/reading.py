"""Consumers: fetch, poll, process one record after the other, commit offsets; die and begin again where they committed.

A member asks the leader of each of its partitions for more as soon as it has handed on what it had (one question a
partition at a time; one that finds nothing waits at the leader). A poll takes records of one partition. Offsets are
committed as the group says:

    auto      inside a poll, when the interval is over: all that earlier polls handed out (it has been processed)
    before    after the poll, and the work begins when the commit is answered
    after     when all of the poll is processed, and the next poll waits for the answer

Simplified: partitions belong to members for good (static membership, no rebalance), and whoever keeps the offsets is
always there.
"""

from __future__ import annotations

from mqlab.core.codes import (
    K_ACK_SENT,
    K_CLIENT_CRASHED,
    K_CLIENT_RESTARTED,
    K_DELIVERED,
    K_DROPPED,
    K_PROCESSED,
    K_STARTED,
    RANK_EVENT,
)
from mqlab.core.distributions import fixed, is_fixed, sample
from mqlab.core.heap import push
from mqlab.core.lanes import touch_group
from mqlab.core.link import DOWN, UP, cross
from mqlab.core.log.codes import (
    ABORTED,
    COMMIT_AFTER,
    COMMIT_AUTO,
    COMMIT_BEFORE,
    COMMITTING,
    IDLE,
    K_OFFSET_COMMITTED,
    L_ASK_AGAIN,
    L_ASK_IN,
    L_AUTO,
    L_COMMIT_IN,
    L_COMMITTED,
    L_DONE,
    WORKING,
)
from mqlab.core.log.leading import give, has_news, release_head
from mqlab.core.log.reaching import serves
from mqlab.core.log.records import batches, cells, logs, partitions, pollers, readers, replicas, senders
from mqlab.core.log.standing import refresh
from mqlab.core.recorder import tell
from mqlab.core.records import clients, groups, nodes, producers, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import ACK, DELIVERY, GET, SERVICE, identity

__all__ = [
    "ask", "ask_again", "ask_in", "auto_commit", "commit_in", "committed", "crash_member", "cut_reader", "done",
    "forget_fetch", "got", "restart_member",
]  # fmt: skip


@kernel
def ask(s: State, reader: int) -> None:
    """Ask the leader of a partition for more, unless a question is open."""
    r = readers(s, reader)
    k = pollers(s, r["poller"])
    if r["fetching"] == 1 or k["alive"] == 0:
        return
    r["fetching"] = 1
    run = runs(s, 0)
    if not serves(s, int(k["client"]), int(r["partition"])):
        push(s, run["now"] + logs(s, 0)["backoff"], RANK_EVENT, L_ASK_AGAIN, reader, int(r["stamp"]), 0)
        return
    node = nodes(s, replicas(s, partitions(s, r["partition"])["leader"])["node"])
    what = identity(clients(s, k["client"])["self"], r["have"])
    arrives = cross(s, k["client"], UP, GET, what, int(r["stamp"]), run["now"])
    push(s, arrives, RANK_EVENT, L_ASK_IN, reader, int(r["stamp"]), int(node["epoch"]))


@kernel
def ask_again(s: State, reader: int, stamp: int) -> None:
    """There was no leader; there may be one now."""
    r = readers(s, reader)
    if r["stamp"] == stamp:
        r["fetching"] = 0
        ask(s, reader)


@kernel
def ask_in(s: State, reader: int, stamp: int) -> None:
    """A question reaches the leader: it answers, or lets it wait until there is something."""
    r = readers(s, reader)
    if r["stamp"] != stamp:
        return
    if not serves(s, int(pollers(s, r["poller"])["client"]), int(r["partition"])):
        forget_fetch(s, reader)
    elif has_news(s, reader):
        give(s, reader)
    else:
        r["parked"] = 1


@seldom
def forget_fetch(s: State, reader: int) -> None:
    """The connection to the leader broke: ask again after a pause."""
    r = readers(s, reader)
    r["stamp"] = r["stamp"] + 1
    r["parked"] = 0
    if r["fetching"] == 1:
        push(s, runs(s, 0)["now"] + logs(s, 0)["backoff"], RANK_EVENT, L_ASK_AGAIN, reader, int(r["stamp"]), 0)


@kernel
def got(s: State, reader: int, stamp: int) -> None:
    """Records reach the consumer's buffer."""
    r = readers(s, reader)
    if r["stamp"] != stamp:
        return
    r["fetching"] = 0
    r["have"] = max(r["have"], r["upto"])
    _poll(s, int(r["poller"]))


@kernel
def _find(s: State, reader: int, offset: int) -> int:
    """Find the batch in the log that holds an offset, from where the reader last was."""
    r = readers(s, reader)
    slot = int(r["at"])
    if slot < 0 or batches(s, slot)["in_log"] == 0 or batches(s, slot)["offset"] > offset:
        slot = int(partitions(s, r["partition"])["head"])
    while batches(s, slot)["offset"] + batches(s, slot)["count"] <= offset:
        slot = int(batches(s, slot)["after"])
    r["at"] = slot
    return slot


@kernel
def _skip(s: State, reader: int, offset: int, until: int) -> int:
    """Find the first offset that is handed out: a marker is not, nor what was aborted, with read_committed."""
    r = readers(s, reader)
    if partitions(s, r["partition"])["writers"] < 0:
        return offset
    while offset < until:
        b = batches(s, _find(s, reader, offset))
        if b["control"] == 0 and (b["outcome"] != ABORTED or pollers(s, r["poller"])["committed_only"] == 0):
            return offset
        offset = int(b["offset"] + b["count"])
    return until


@kernel
def _poll(s: State, poller: int) -> None:
    """Take the next records from the buffer, if nothing is in work."""
    k = pollers(s, poller)
    if k["busy"] != IDLE or k["alive"] == 0:
        return
    if k["due"] == 1:
        k["due"] = 0
        for i in range(k["readers"]):
            _commit(s, int(k["first"] + i))
    reader = -1
    for i in range(k["readers"]):
        candidate = int(k["first"] + (k["turn"] + i) % k["readers"])
        if reader < 0 and readers(s, candidate)["have"] > readers(s, candidate)["polled"]:
            reader = candidate
    if reader < 0:
        return
    r = readers(s, reader)
    k["turn"] = (reader - k["first"] + 1) % k["readers"]
    begin = int(r["polled"])
    until = int(min(r["have"], begin + k["most"]))
    k["reader"] = reader
    k["offset"] = begin
    k["until"] = until
    r["polled"] = until
    _hand_over(s, poller, begin, until)
    refresh(s, int(r["partition"]))
    if r["have"] == until:
        ask(s, reader)
    k["offset"] = _skip(s, reader, begin, until)
    if k["offset"] == until:  # nothing but markers and aborted records
        r["done"] = max(r["done"], until)
        push(s, runs(s, 0)["now"], RANK_EVENT, L_COMMITTED, poller, int(k["life"]), 0)
        k["busy"] = COMMITTING
    elif k["commit"] == COMMIT_BEFORE and _commit(s, reader):
        k["busy"] = COMMITTING
    else:
        _start(s, poller)


@kernel
def _hand_over(s: State, poller: int, begin: int, until: int) -> None:
    """Note for each record of a poll that the consumer has it in its hands."""
    k = pollers(s, poller)
    reader = int(k["reader"])
    r = readers(s, reader)
    part = partitions(s, r["partition"])
    run = runs(s, 0)
    cap = logs(s, 0)["cap"]
    entity = clients(s, k["client"])["entity"]
    offset = _skip(s, reader, begin, until)
    given = 0
    while offset < until:
        slot = _find(s, reader, offset)
        b = batches(s, slot)
        c = cells(s, slot * cap + offset - b["offset"])
        c["deliveries"] = c["deliveries"] + 1
        if c["delivered"] < 0:
            c["delivered"] = run["now"]
        if c["deliveries"] > 1:
            run["redelivered"] = run["redelivered"] + 1
        tell(s, K_DELIVERED, c["number"], int(b["index"]), entity, part["entity"], c["deliveries"], offset, 0, 1)
        given += 1
        offset = _skip(s, reader, offset + 1, until)
    log = logs(s, 0)
    log["delivered"] = log["delivered"] + given
    part["delivered"] = part["delivered"] + given


@kernel
def _start(s: State, poller: int) -> None:
    """Begin to work on the next record of the poll."""
    k = pollers(s, poller)
    run = runs(s, 0)
    reader = int(k["reader"])
    r = readers(s, reader)
    slot = _find(s, reader, int(k["offset"]))
    b = batches(s, slot)
    c = cells(s, slot * logs(s, 0)["cap"] + k["offset"] - b["offset"])
    p = producers(s, senders(s, b["sender"])["producer"])
    g = groups(s, k["group"])
    if k["busy"] != WORKING:
        touch_group(s, int(k["group"]))
        g["busy"] = g["busy"] + 1
        k["busy"] = WORKING
    if is_fixed(s, g["service"]):
        takes = fixed(s, g["service"])
    else:
        what = identity(p["ident"], c["sequence"])
        takes = sample(s, g["service"], SERVICE, g["ident"], what, c["deliveries"], 0)
    k["work"] = k["work"] + 1
    tell(s, K_STARTED, c["number"], int(b["index"]), clients(s, k["client"])["entity"],
         partitions(s, r["partition"])["entity"], c["deliveries"], takes, 0, 1)  # fmt: skip
    push(s, run["now"] + takes, RANK_EVENT, L_DONE, poller, int(k["work"]), 0)


@kernel
def _stop_work(s: State, poller: int) -> None:
    k = pollers(s, poller)
    if k["busy"] == WORKING:
        touch_group(s, int(k["group"]))
        g = groups(s, k["group"])
        g["busy"] = g["busy"] - 1
    k["busy"] = IDLE


@kernel
def done(s: State, poller: int, work: int) -> None:
    """A record is processed: its effect has happened."""
    k = pollers(s, poller)
    if k["work"] != work or k["alive"] == 0:
        return
    run = runs(s, 0)
    reader = int(k["reader"])
    r = readers(s, reader)
    partition = int(r["partition"])
    slot = _find(s, reader, int(k["offset"]))
    b = batches(s, slot)
    c = cells(s, slot * logs(s, 0)["cap"] + k["offset"] - b["offset"])
    entity = clients(s, k["client"])["entity"]
    if c["processings"] == 0:
        c["processed"] = run["now"]
        c["consumer"] = entity
        c["order"] = run["order"]
        run["order"] = run["order"] + 1
    c["processings"] = c["processings"] + 1
    log = logs(s, 0)
    log["processed"] = log["processed"] + 1
    tell(s, K_PROCESSED, c["number"], int(b["index"]), entity, partitions(s, partition)["entity"], c["deliveries"],
         k["offset"], 0, 1)  # fmt: skip
    k["offset"] = _skip(s, reader, int(k["offset"] + 1), int(k["until"]))
    r["done"] = max(r["done"], k["offset"])
    if k["offset"] < k["until"]:
        _start(s, poller)
        return
    _stop_work(s, poller)
    if k["commit"] == COMMIT_AFTER and _commit(s, reader):
        k["busy"] = COMMITTING
    else:
        if k["commit"] == COMMIT_BEFORE:
            release_head(s, partition)
        _poll(s, poller)


@kernel
def _commit(s: State, reader: int) -> bool:
    """Commit what has been handed out of a partition, if that is more than before."""
    r = readers(s, reader)
    if r["polled"] <= r["asked"]:
        return False
    k = pollers(s, r["poller"])
    r["asked"] = r["polled"]
    part = partitions(s, r["partition"])["entity"]
    tell(s, K_ACK_SENT, -1, 0, clients(s, k["client"])["entity"], part, 0, r["asked"], 0, 1)
    what = identity(clients(s, k["client"])["self"], r["asked"])
    arrives = cross(s, k["client"], UP, ACK, what, int(k["life"]), runs(s, 0)["now"])
    push(s, arrives, RANK_EVENT, L_COMMIT_IN, reader, int(k["life"]), 0)
    return True


@kernel
def commit_in(s: State, reader: int, life: int) -> None:
    """A commit reaches whoever keeps the offsets of the group."""
    r = readers(s, reader)
    k = pollers(s, r["poller"])
    more = int(r["asked"] - r["committed"])
    if more > 0:
        r["committed"] = r["asked"]
        log = logs(s, 0)
        log["acked"] = log["acked"] + more
        part = partitions(s, r["partition"])
        part["acked"] = part["acked"] + more
        tell(s, K_OFFSET_COMMITTED, -1, 0, clients(s, k["client"])["entity"], part["entity"], 0, r["committed"], 0,
             more)  # fmt: skip
        refresh(s, int(r["partition"]))
    what = identity(clients(s, k["client"])["self"], r["asked"])
    arrives = cross(s, k["client"], DOWN, DELIVERY, what, 1 + life, runs(s, 0)["now"])
    push(s, arrives, RANK_EVENT, L_COMMITTED, int(r["poller"]), life, 0)
    release_head(s, int(r["partition"]))


@kernel
def committed(s: State, poller: int, life: int) -> None:
    """The answer to a commit reaches the consumer."""
    k = pollers(s, poller)
    if k["life"] != life or k["alive"] == 0 or k["busy"] != COMMITTING:
        return
    k["busy"] = IDLE
    if k["commit"] == COMMIT_BEFORE and k["offset"] < k["until"]:
        _start(s, poller)
    else:
        _poll(s, poller)


@kernel
def auto_commit(s: State, poller: int, life: int) -> None:
    """The interval is over: the next poll commits, and an idle consumer polls all the time."""
    k = pollers(s, poller)
    if k["life"] != life or k["alive"] == 0:
        return
    k["due"] = 1
    _poll(s, poller)
    push(s, runs(s, 0)["now"] + k["interval"], RANK_EVENT, L_AUTO, poller, life, 0)


@seldom
def crash_member(s: State, poller: int) -> None:
    """A consumer dies with all it had in its hands; what it was working on has had no effect."""
    k = pollers(s, poller)
    if k["alive"] == 0:
        return
    entity = clients(s, k["client"])["entity"]
    k["alive"] = 0
    k["life"] = k["life"] + 1
    k["work"] = k["work"] + 1
    clients(s, k["client"])["alive"] = 0
    tell(s, K_CLIENT_CRASHED, -1, 0, entity, -1, 0, 0, 0, 1)
    _stop_work(s, poller)
    for i in range(k["readers"]):
        r = readers(s, k["first"] + i)
        r["stamp"] = r["stamp"] + 1
        r["fetching"] = 0
        r["parked"] = 0
        dropped = int(r["polled"] - r["done"])
        if dropped > 0:
            part = partitions(s, r["partition"])["entity"]
            tell(s, K_DROPPED, -1, 0, entity, part, 0, r["done"], 0, dropped)


@seldom
def restart_member(s: State, poller: int) -> None:
    """A consumer is back, and begins where its group committed last."""
    k = pollers(s, poller)
    if k["alive"] == 1:
        return
    k["alive"] = 1
    k["due"] = 0
    clients(s, k["client"])["alive"] = 1
    tell(s, K_CLIENT_RESTARTED, -1, 0, clients(s, k["client"])["entity"], -1, 0, 0, 0, 1)
    for i in range(k["readers"]):
        _begin_at(s, int(k["first"] + i))
        release_head(s, int(readers(s, k["first"] + i)["partition"]))
        ask(s, int(k["first"] + i))
    if k["commit"] == COMMIT_AUTO:
        push(s, runs(s, 0)["now"] + k["interval"], RANK_EVENT, L_AUTO, poller, int(k["life"]), 0)


@kernel
def _begin_at(s: State, reader: int) -> None:
    """Read on from the committed offset; from the end of the log, if that is beyond it (reset: latest)."""
    r = readers(s, reader)
    part = partitions(s, r["partition"])
    r["committed"] = min(r["committed"], part["end"])
    r["asked"] = r["committed"]
    part["requeues"] = part["requeues"] + max(int(r["polled"] - r["committed"]), 0)
    r["polled"] = r["committed"]
    r["have"] = r["committed"]
    r["done"] = r["committed"]
    r["at"] = -1
    refresh(s, int(r["partition"]))


@seldom
def cut_reader(s: State, reader: int, to: int) -> None:
    """A log was cut off below what its reader has: it forgets what is not there any more, and goes on at the end."""
    r = readers(s, reader)
    r["at"] = -1
    r["asked"] = min(r["asked"], to)
    r["committed"] = min(r["committed"], to)
    if r["have"] <= to:
        return
    k = pollers(s, r["poller"])
    if k["busy"] != IDLE and k["reader"] == reader and k["until"] > to:
        k["until"] = max(to, k["offset"])
        if k["offset"] >= to:
            k["work"] = k["work"] + 1
            _stop_work(s, int(r["poller"]))
            k["busy"] = COMMITTING  # with nothing left of its poll it goes on to the next
            push(s, runs(s, 0)["now"], RANK_EVENT, L_COMMITTED, int(r["poller"]), int(k["life"]), 0)
    r["have"] = to
    r["polled"] = min(r["polled"], to)
    r["done"] = min(r["done"], to)
    forget_fetch(s, reader)
    if r["fetching"] == 0:
        ask(s, reader)
