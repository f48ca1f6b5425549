"""Offsets: who commits them, who accepts them, and what is let go of then.

The coordinator of a group accepts an offset from its members alone, and only under the generation that it is in. Who
was thrown out without knowing finds out here. :func:`note_offset` is the one place where an offset is written down.
"""

from __future__ import annotations

from mqlab.core.codes import K_ACK_SENT, RANK_EVENT
from mqlab.core.heap import push
from mqlab.core.link import DOWN, UP, cross
from mqlab.core.log.codes import (
    K_COMMIT_REJECTED,
    K_OFFSET_COMMITTED,
    L_COMMIT_IN,
    L_COMMITTED,
    P_OUT,
)
from mqlab.core.log.records import coordinators, logs, partitions, pollers, readers
from mqlab.core.log.releasing import release_head
from mqlab.core.log.standing import refresh_reader
from mqlab.core.recorder import tell
from mqlab.core.records import clients, nodes, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import ACK, DELIVERY, identity

__all__ = ["commit", "commit_in", "is_home", "note_offset", "reject"]


@kernel
def is_home(s: State, group: int) -> bool:
    """Say whether the coordinator of a group can be reached."""
    return nodes(s, coordinators(s, group)["node"])["up"] == 1


@kernel
def commit(s: State, reader: int) -> bool:
    """Commit what has been handed out of a partition, if that is not what was committed before."""
    r = readers(s, reader)
    if r["polled"] == r["asked"]:
        return False
    r["asked"] = r["polled"]
    k = pollers(s, r["poller"])
    part = partitions(s, r["partition"])["entity"]
    client = clients(s, k["client"])
    tell(s, K_ACK_SENT, -1, 0, client["entity"], part, 0, r["asked"], 0, 1)
    what = identity(client["self"], r["asked"])
    arrives = cross(s, k["client"], UP, ACK, what, int(k["life"]), runs(s, 0)["now"])
    push(s, arrives, RANK_EVENT, L_COMMIT_IN, int(r["poller"]), reader, int(r["asked"]))
    return True


@seldom
def reject(s: State, poller: int, reader: int, offset: int, known: int) -> None:
    """An offset is not committed: its sender is no member, or of another generation (and may know it)."""
    k = pollers(s, poller)
    part = partitions(s, readers(s, reader)["partition"])["entity"]
    tell(s, K_COMMIT_REJECTED, -1, 0, clients(s, k["client"])["entity"], part, int(k["generation"]), offset, known, 1)


@kernel
def commit_in(s: State, poller: int, reader: int, offset: int) -> None:
    """A commit reaches the coordinator; while that is down, the consumer asks again and again."""
    k = pollers(s, poller)
    group = int(k["group"])
    now = runs(s, 0)["now"]
    if not is_home(s, group):
        if k["alive"] == 1:
            push(s, now + logs(s, 0)["backoff"], RANK_EVENT, L_COMMIT_IN, poller, reader, offset)
        return
    client = clients(s, k["client"])
    rejected = 0
    if _may_commit(s, poller):
        note_offset(s, reader, offset, int(client["entity"]))
    else:
        rejected = 1
        reject(s, poller, reader, offset, 0)
    what = identity(client["self"], offset)
    arrives = cross(s, k["client"], DOWN, DELIVERY, what, 1 + int(k["life"]), now)
    push(s, arrives, RANK_EVENT, L_COMMITTED, poller, int(k["life"]), rejected)
    if rejected == 0:
        release_head(s, int(readers(s, reader)["partition"]))


@kernel
def _may_commit(s: State, poller: int) -> bool:
    """Say whether a member speaks for the present generation, or is on its way into the next one."""
    k = pollers(s, poller)
    if k["known"] == 0:
        return False
    if k["generation"] == coordinators(s, k["group"])["generation"]:
        return True
    return k["phase"] != P_OUT and k["part"] == coordinators(s, k["group"])["generation"]


@kernel
def note_offset(s: State, reader: int, offset: int, actor: int) -> None:
    """Write the offset of a group in a partition down."""
    r = readers(s, reader)
    before = int(r["committed"])
    if r["has"] == 0:
        before = int(r["passed"])
    elif before == offset:
        return
    more = offset - before
    r["has"] = 1
    r["committed"] = offset
    counted = max(more, 0)
    log = logs(s, 0)
    log["acked"] = log["acked"] + counted
    r["acked"] = r["acked"] + counted
    part = partitions(s, r["partition"])
    tell(s, K_OFFSET_COMMITTED, -1, 0, actor, part["entity"], 0, offset, 0, counted)
    refresh_reader(s, reader)
