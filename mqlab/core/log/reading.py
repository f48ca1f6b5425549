"""Consumers: poll, process one record after the other, commit offsets.

A poll takes records of one partition, each partition in its turn. Offsets are committed as the group says:

    auto      inside a poll, when the interval is over: all that earlier polls handed out (it has been processed)
    before    after the poll, and the work begins when the commit is answered
    after     when all of the poll is processed, and the next poll waits for the answer

What comes before a poll, such as joining the group anew, stands in :mod:`mqlab.core.log.joining`, fetching in
:mod:`mqlab.core.log.fetching`.
"""

from __future__ import annotations

from mqlab.core.codes import K_DELIVERED, K_DROPPED, K_PROCESSED, K_STARTED, RANK_EVENT
from mqlab.core.distributions import fixed, is_fixed, sample
from mqlab.core.heap import push
from mqlab.core.lanes import touch_group
from mqlab.core.log.codes import (
    A_DUE,
    A_SEEK,
    ABORTED,
    COMMIT_AFTER,
    COMMIT_BEFORE,
    COMMIT_TRANSACTION,
    COMMITTING,
    FLUSHING,
    IDLE,
    L_AUTO,
    L_COMMITTED,
    L_DONE,
    P_MEMBER,
    WORKING,
)
from mqlab.core.log.committing import commit, note_offset, reject
from mqlab.core.log.fetching import ask, forget_fetch
from mqlab.core.log.joining import attend, lose_all
from mqlab.core.log.owning import end_window, stand_in_line, stop_work
from mqlab.core.log.records import batches, cells, collectors, coordinators, logs, partitions, pollers, readers, senders
from mqlab.core.log.releasing import release_head
from mqlab.core.log.standing import refresh_reader
from mqlab.core.log.transforming import flush, make, must_go_back
from mqlab.core.recorder import tell
from mqlab.core.records import clients, groups, producers, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import SERVICE, identity

__all__ = ["auto_commit", "committed", "cut_reader", "done", "flushed", "got", "poll_now", "take_offsets"]


@kernel
def got(s: State, reader: int, stamp: int) -> None:
    """Records reach the consumer's buffer."""
    r = readers(s, reader)
    if r["stamp"] != stamp:
        return
    r["fetching"] = 0
    r["have"] = max(r["have"], r["upto"])
    stand_in_line(s, reader)
    _poll(s, int(r["poller"]))


@seldom
def poll_now(s: State, poller: int, life: int) -> None:
    """Who has nothing to do polls all the time, and sees what has changed."""
    if pollers(s, poller)["life"] == life:
        _poll(s, poller)


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
        if b["control"] == 0 and (b["outcome"] != ABORTED or r["committed_only"] == 0):
            return offset
        offset = int(b["offset"] + b["count"])
    return until


@kernel
def _cell(s: State, reader: int, slot: int, offset: int) -> int:
    """Find what a group knows of the record at an offset of a batch."""
    log = logs(s, 0)
    return slot * log["room"] + readers(s, reader)["view"] * log["cap"] + offset - batches(s, slot)["offset"]


@kernel
def _copy(s: State, reader: int, slot: int) -> int:
    """Number the obligation to a group: those of one place in the log follow each other."""
    r = readers(s, reader)
    return int(batches(s, slot)["index"] * partitions(s, r["partition"])["views"] + r["view"])


@kernel
def _poll(s: State, poller: int) -> None:
    """Take the next records from the buffer, if nothing is in work."""
    k = pollers(s, poller)
    if k["busy"] != IDLE or k["alive"] == 0:
        return
    k["polled_at"] = runs(s, 0)["now"]
    if k["attend"] != 0 and not attend(s, poller):
        return
    reader = _next_in_line(s, poller)
    if reader < 0:
        return
    r = readers(s, reader)
    begin = int(r["polled"])
    until = int(min(r["have"], begin + k["most"]))
    k["reader"] = reader
    k["offset"] = begin
    k["until"] = until
    r["polled"] = until
    _hand_over(s, poller, begin, until)
    refresh_reader(s, reader)
    if r["have"] == until:
        ask(s, reader)
    else:
        stand_in_line(s, reader)
    k["offset"] = _skip(s, reader, begin, until)
    if k["offset"] == until:  # nothing but markers and aborted records
        r["done"] = max(r["done"], until)
        push(s, runs(s, 0)["now"], RANK_EVENT, L_COMMITTED, poller, int(k["life"]), 0)
        k["busy"] = COMMITTING
    elif k["commit"] == COMMIT_BEFORE and commit(s, reader):
        k["busy"] = COMMITTING
    else:
        _start(s, poller)


@kernel
def _next_in_line(s: State, poller: int) -> int:
    """Take the partition whose turn it is out of a member's line; -1 if there is nothing to poll."""
    k = pollers(s, poller)
    while k["line_head"] >= 0:
        reader = int(k["line_head"])
        r = readers(s, reader)
        k["line_head"] = r["after"]
        if r["after"] < 0:
            k["line_tail"] = -1
        r["queued"] = 0
        if r["have"] > r["polled"]:
            return reader
    return -1


@kernel
def _hand_over(s: State, poller: int, begin: int, until: int) -> None:
    """Note for each record of a poll that the consumer has it in its hands."""
    k = pollers(s, poller)
    reader = int(k["reader"])
    r = readers(s, reader)
    part = partitions(s, r["partition"])
    run = runs(s, 0)
    entity = clients(s, k["client"])["entity"]
    offset = _skip(s, reader, begin, until)
    given = 0
    while offset < until:
        slot = _find(s, reader, offset)
        c = cells(s, _cell(s, reader, slot, offset))
        c["deliveries"] = c["deliveries"] + 1
        if c["delivered"] < 0:
            c["delivered"] = run["now"]
        if c["deliveries"] > 1:
            run["redelivered"] = run["redelivered"] + 1
        tell(s, K_DELIVERED, c["number"], _copy(s, reader, slot), entity, part["entity"], c["deliveries"], offset, 0, 1)
        given += 1
        offset = _skip(s, reader, offset + 1, until)
    log = logs(s, 0)
    log["delivered"] = log["delivered"] + given
    r["delivered"] = r["delivered"] + given


@kernel
def _start(s: State, poller: int) -> None:
    """Begin to work on the next record of the poll."""
    k = pollers(s, poller)
    run = runs(s, 0)
    reader = int(k["reader"])
    r = readers(s, reader)
    slot = _find(s, reader, int(k["offset"]))
    c = cells(s, _cell(s, reader, slot, int(k["offset"])))
    p = producers(s, senders(s, batches(s, slot)["sender"])["producer"])
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
    tell(s, K_STARTED, c["number"], _copy(s, reader, slot), clients(s, k["client"])["entity"],
         partitions(s, r["partition"])["entity"], c["deliveries"], takes, 0, 1)  # fmt: skip
    push(s, run["now"] + takes, RANK_EVENT, L_DONE, poller, int(k["work"]), 0)


@kernel
def done(s: State, poller: int, work: int) -> None:
    """A record is processed: its effect has happened."""
    k = pollers(s, poller)
    if k["work"] != work or k["alive"] == 0:
        return
    reader = int(k["reader"])
    r = readers(s, reader)
    slot = _find(s, reader, int(k["offset"]))
    c = cells(s, _cell(s, reader, slot, int(k["offset"])))
    if k["maker"] >= 0:
        make(s, poller, c["number"], c["key"])
    if k["commit"] != COMMIT_TRANSACTION:
        _take_effect(s, poller, reader, int(k["offset"]))
    k["offset"] = _skip(s, reader, int(k["offset"] + 1), int(k["until"]))
    if k["zombie"] == 0 and k["commit"] != COMMIT_TRANSACTION:
        r["done"] = max(r["done"], k["offset"])
    if k["offset"] < k["until"]:
        _start(s, poller)
        return
    stop_work(s, poller)
    if k["maker"] >= 0 and flush(s, poller):
        k["busy"] = FLUSHING
        return
    _finish(s, poller)


@kernel
def _finish(s: State, poller: int) -> None:
    """All of a poll is processed: commit if that comes now, and poll again."""
    k = pollers(s, poller)
    reader = int(k["reader"])
    if k["zombie"] == 1:
        if k["commit"] != COMMIT_BEFORE:
            reject(s, poller, reader, int(k["until"]), 1)
        end_window(s, poller)
        _poll(s, poller)
    elif k["commit"] == COMMIT_AFTER and commit(s, reader):
        k["busy"] = COMMITTING
    else:
        if k["commit"] == COMMIT_BEFORE:
            release_head(s, int(readers(s, reader)["partition"]))
        _poll(s, poller)


@kernel
def _take_effect(s: State, poller: int, reader: int, offset: int) -> None:
    """Note that the work on a record has had its effect."""
    k = pollers(s, poller)
    run = runs(s, 0)
    slot = _find(s, reader, offset)
    c = cells(s, _cell(s, reader, slot, offset))
    entity = clients(s, k["client"])["entity"]
    if c["processings"] == 0:
        c["processed"] = run["now"]
        c["consumer"] = entity
        c["order"] = run["order"]
        run["order"] = run["order"] + 1
    c["processings"] = c["processings"] + 1
    log = logs(s, 0)
    log["processed"] = log["processed"] + 1
    part = partitions(s, readers(s, reader)["partition"])["entity"]
    tell(s, K_PROCESSED, c["number"], _copy(s, reader, slot), entity, part, c["deliveries"], offset, 0, 1)


@seldom
def flushed(s: State, poller: int, life: int) -> None:
    """All that was made of a poll is answered: commit, or poll it again where something could not be written."""
    k = pollers(s, poller)
    if k["life"] != life or k["alive"] == 0 or k["busy"] != FLUSHING:
        return
    k["busy"] = IDLE
    reader = int(k["reader"])
    if k["zombie"] == 0 and must_go_back(s, poller):
        r = readers(s, reader)
        r["seek"] = max(int(r["committed"]), int(r["passed"]))
        k["attend"] = k["attend"] | A_SEEK
        _poll(s, poller)
        return
    _finish(s, poller)


@seldom
def take_offsets(s: State, producer: int) -> None:
    """A transaction is committed, and with it the offset of the poll that it was made of."""
    col = collectors(s, producer)
    poller, reader = int(col["poller"]), int(col["reader"])
    r = readers(s, reader)
    until = int(min(col["until"], partitions(s, r["partition"])["end"]))
    offset = _skip(s, reader, int(col["offset"]), until)
    while offset < until:
        _take_effect(s, poller, reader, offset)
        offset = _skip(s, reader, offset + 1, until)
    r["done"] = max(r["done"], until)
    r["asked"] = max(r["asked"], until)
    note_offset(s, reader, until, int(clients(s, pollers(s, poller)["client"])["entity"]))
    release_head(s, int(r["partition"]))


@kernel
def committed(s: State, poller: int, life: int, rejected: int) -> None:
    """The answer to a commit reaches the consumer; who is rejected learns that it is no member."""
    k = pollers(s, poller)
    if k["life"] != life or k["alive"] == 0:
        return
    if rejected == 1 and k["phase"] == P_MEMBER:
        lose_all(s, poller)
    if k["busy"] != COMMITTING:
        if rejected == 1:
            _poll(s, poller)
        return
    k["busy"] = IDLE
    if k["commit"] == COMMIT_BEFORE and k["offset"] < k["until"] and rejected == 0:
        _start(s, poller)
        return
    if k["zombie"] == 1:
        _abandon(s, poller)
        end_window(s, poller)
    _poll(s, poller)


@seldom
def _abandon(s: State, poller: int) -> None:
    """What was to be committed before the work could not be, and is not worked on."""
    k = pollers(s, poller)
    if k["commit"] == COMMIT_BEFORE and k["offset"] < k["until"]:
        part = partitions(s, readers(s, k["reader"])["partition"])["entity"]
        tell(s, K_DROPPED, -1, 0, clients(s, k["client"])["entity"], part, 0, k["offset"], 0,
             int(k["until"] - k["offset"]))  # fmt: skip


@kernel
def auto_commit(s: State, poller: int, life: int) -> None:
    """The interval is over: the next poll commits, and an idle consumer polls all the time."""
    k = pollers(s, poller)
    if k["life"] != life or k["alive"] == 0:
        return
    k["attend"] = k["attend"] | A_DUE
    _poll(s, poller)
    push(s, runs(s, 0)["now"] + k["interval"], RANK_EVENT, L_AUTO, poller, life, 0)


@seldom
def cut_reader(s: State, reader: int, to: int) -> None:
    """A log was cut off below what its reader has: it forgets what is not there any more, and goes on at the end."""
    r = readers(s, reader)
    r["at"] = -1
    r["asked"] = min(r["asked"], to)
    r["committed"] = min(r["committed"], to)
    r["passed"] = min(r["passed"], to)
    r["seek"] = min(r["seek"], to)
    if r["group"] >= 0:
        c = coordinators(s, r["group"])
        for i in range(c["pollers"]):
            _cut_window(s, int(c["first_poller"] + i), reader, to)
    r["done"] = min(r["done"], to)
    r["polled"] = min(r["polled"], to)
    if r["have"] <= to:
        return
    r["have"] = to
    if r["poller"] >= 0:
        forget_fetch(s, reader)
        ask(s, reader)


@kernel
def _cut_window(s: State, poller: int, reader: int, to: int) -> None:
    """What a member has in hand is not there any more."""
    k = pollers(s, poller)
    if k["busy"] == IDLE or k["reader"] != reader or k["until"] <= to:
        return
    k["until"] = max(to, k["offset"])
    if k["offset"] >= to:
        k["work"] = k["work"] + 1
        stop_work(s, poller)
        k["busy"] = COMMITTING  # with nothing left of its poll it goes on to the next
        push(s, runs(s, 0)["now"], RANK_EVENT, L_COMMITTED, poller, int(k["life"]), 0)
