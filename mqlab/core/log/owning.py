"""The partitions that a member reads: it takes them, gives them up, goes to another offset, and polls them in turn.

What it has in hand of a partition that it loses it works on to the end, as a zombie; as long as there is one, nothing
of that partition is let go of.
"""

from __future__ import annotations

from mqlab.core.codes import RANK_EVENT
from mqlab.core.heap import push
from mqlab.core.lanes import touch_group
from mqlab.core.log.codes import (
    A_SEEK,
    IDLE,
    K_ASSIGNED,
    K_OFFSET_RESET,
    K_REVOKED,
    K_SOUGHT,
    L_POLL,
    RESET_LATEST,
    WORKING,
)
from mqlab.core.log.committing import commit
from mqlab.core.log.fetching import ask, drop_fetch
from mqlab.core.log.records import coordinators, partitions, pollers, readers, seeks
from mqlab.core.log.releasing import release_head
from mqlab.core.log.standing import count_unread, refresh_reader
from mqlab.core.recorder import tell
from mqlab.core.records import clients, groups, runs
from mqlab.jit import State, kernel, seldom

__all__ = [
    "commit_all", "end_window", "give_all_up", "give_up", "go_where_sought", "let_go", "line_up", "seek",
    "stand_in_line", "stop_work", "take", "wake",
]  # fmt: skip

_END = -2


@kernel
def take(s: State, reader: int, poller: int) -> None:
    """A member begins to read a partition: where its group committed last, or where ``reset`` says."""
    k = pollers(s, poller)
    r = readers(s, reader)
    r["poller"] = poller
    count_unread(s, int(k["group"]), -1)
    part = partitions(s, r["partition"])
    entity = clients(s, k["client"])["entity"]
    if r["has"] == 1:
        r["committed"] = min(r["committed"], part["end"])
        begin = int(r["committed"])
        r["asked"] = begin
    else:
        begin = reset(s, reader, poller)
        r["asked"] = -1  # where it begins is committed with the next commit of all
    r["requeues"] = r["requeues"] + max(int(r["polled"] - begin), 0)
    r["polled"] = begin
    r["have"] = begin
    r["done"] = begin
    r["at"] = -1
    tell(s, K_ASSIGNED, -1, 0, entity, part["entity"], int(k["generation"]), begin, 0, 1)
    refresh_reader(s, reader)
    if k["alive"] == 1:
        ask(s, reader)


@seldom
def reset(s: State, reader: int, poller: int) -> int:
    """There is no committed offset: begin at the end, at the beginning, or not at all."""
    r = readers(s, reader)
    k = pollers(s, poller)
    part = partitions(s, r["partition"])
    how = int(coordinators(s, k["group"])["reset"])
    begin = int(part["mark"])
    if how != RESET_LATEST:
        begin = 0
    r["passed"] = begin
    tell(s, K_OFFSET_RESET, -1, 0, clients(s, k["client"])["entity"], part["entity"], 0, begin, how, 1)
    return begin


@kernel
def give_up(s: State, reader: int, lost: int) -> None:
    """A member reads a partition no longer; what it has of it in hand it works on as a zombie."""
    r = readers(s, reader)
    poller = int(r["poller"])
    k = pollers(s, poller)
    part = partitions(s, r["partition"])
    tell(s, K_REVOKED, -1, 0, clients(s, k["client"])["entity"], part["entity"], int(k["generation"]), r["polled"],
         lost, 1)  # fmt: skip
    if k["busy"] != IDLE and k["reader"] == reader and k["zombie"] == 0:
        k["zombie"] = 1
        r["zombies"] = r["zombies"] + 1
    let_go(s, reader)


@kernel
def let_go(s: State, reader: int) -> None:
    """Nobody reads a partition any more."""
    r = readers(s, reader)
    r["poller"] = -1
    r["seek"] = -1
    r["queued"] = 0
    r["after"] = -1
    drop_fetch(s, reader)
    count_unread(s, int(r["group"]), 1)


@kernel
def give_all_up(s: State, poller: int, lost: int) -> None:
    """A member reads nothing any more."""
    k = pollers(s, poller)
    c = coordinators(s, k["group"])
    for i in range(c["readers"]):
        if readers(s, c["first_reader"] + i)["poller"] == poller:
            give_up(s, int(c["first_reader"] + i), lost)
    k["line_head"] = -1
    k["line_tail"] = -1


@kernel
def commit_all(s: State, poller: int) -> None:
    """A member commits what it has handed out of all its partitions."""
    c = coordinators(s, pollers(s, poller)["group"])
    for i in range(c["readers"]):
        if readers(s, c["first_reader"] + i)["poller"] == poller:
            commit(s, int(c["first_reader"] + i))


@kernel
def line_up(s: State, poller: int) -> None:
    """Make a member's line anew."""
    k = pollers(s, poller)
    c = coordinators(s, k["group"])
    k["line_head"] = -1
    k["line_tail"] = -1
    for i in range(c["readers"]):
        r = readers(s, c["first_reader"] + i)
        if r["poller"] == poller:
            r["queued"] = 0
            stand_in_line(s, int(c["first_reader"] + i))


@kernel
def stand_in_line(s: State, reader: int) -> None:
    """Let a partition wait for its turn to be polled, if there is something to poll."""
    r = readers(s, reader)
    if r["queued"] == 1 or r["have"] <= r["polled"]:
        return
    k = pollers(s, r["poller"])
    r["queued"] = 1
    r["after"] = -1
    if k["line_tail"] < 0:
        k["line_head"] = reader
    else:
        readers(s, k["line_tail"])["after"] = reader
    k["line_tail"] = reader


@kernel
def stop_work(s: State, poller: int) -> None:
    """A member works on nothing any more."""
    k = pollers(s, poller)
    if k["busy"] == WORKING:
        touch_group(s, int(k["group"]))
        g = groups(s, k["group"])
        g["busy"] = g["busy"] - 1
    k["busy"] = IDLE


@seldom
def end_window(s: State, poller: int) -> None:
    """A zombie is done with what it had in hand."""
    k = pollers(s, poller)
    r = readers(s, k["reader"])
    k["zombie"] = 0
    r["zombies"] = r["zombies"] - 1
    release_head(s, int(r["partition"]))


@seldom
def go_where_sought(s: State, poller: int) -> None:
    """Read on where a seek said."""
    k = pollers(s, poller)
    c = coordinators(s, k["group"])
    for i in range(c["readers"]):
        reader = int(c["first_reader"] + i)
        r = readers(s, reader)
        if r["poller"] == poller and r["seek"] >= 0:
            part = partitions(s, r["partition"])
            to = min(int(r["seek"]), int(part["end"]))
            tell(s, K_SOUGHT, -1, 0, clients(s, k["client"])["entity"], part["entity"], 0, to, 0, 1)
            r["seek"] = -1
            r["requeues"] = r["requeues"] + max(int(r["polled"] - to), 0)
            r["passed"] = to
            r["polled"] = to
            r["have"] = to
            r["done"] = to
            r["at"] = -1
            drop_fetch(s, reader)
            refresh_reader(s, reader)
            ask(s, reader)
    line_up(s, poller)


@seldom
def seek(s: State, number: int) -> None:
    """All members of a group go to an offset of each partition that they read, at their next poll."""
    goal = seeks(s, number)
    c = coordinators(s, goal["group"])
    for i in range(c["readers"]):
        r = readers(s, c["first_reader"] + i)
        part = partitions(s, r["partition"])
        part["kept"] = part["kept"] - 1
        if r["poller"] < 0:
            continue
        to = int(goal["to"])
        if to == _END:
            to = int(part["mark"])
        r["seek"] = min(max(to, 0), int(part["mark"]))
        k = pollers(s, r["poller"])
        if (k["attend"] & A_SEEK) == 0:
            k["attend"] = k["attend"] | A_SEEK
            wake(s, int(r["poller"]))


@kernel
def wake(s: State, poller: int) -> None:
    """Let a member poll, if it has nothing to do; else it will when it is done."""
    k = pollers(s, poller)
    if k["busy"] == IDLE and k["alive"] == 1:
        push(s, runs(s, 0)["now"], RANK_EVENT, L_POLL, poller, int(k["life"]), 0)
