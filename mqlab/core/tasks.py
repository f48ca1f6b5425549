"""Tasks whose state is written down: by whoever submits them, and looked up by the workers.

enqueue-first   created ─► sent ───────────────────► a quick worker looks, and finds nothing
└────── writing ──► submitted
write-first     created ── writing ──► submitted ─► sent
"""

from __future__ import annotations

from mqlab.core.codes import E_RECORDED, E_SERVICE_DONE, PRODUCER_RECORD, RANK_EVENT, UNRECORDED_WAIT
from mqlab.core.distributions import sample
from mqlab.core.heap import push
from mqlab.core.records import clients, consumers, copies, deliveries, extras, lanes, producers, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import RECORD

__all__ = ["is_idle", "look_again", "look_up", "write_down"]


@seldom
def write_down(s: State, copy: int) -> bool:
    """Begin to write the state of a task that was just created; True if its message waits for that."""
    c = copies(s, copy)
    p = producers(s, c["producer"])
    takes = sample(s, p["record"], RECORD, p["ident"], c["ident"], 0, 0)
    first = p["record_first"] == 1
    if not first:
        c["refs"] = c["refs"] + 1
    push(s, runs(s, 0)["now"] + takes, RANK_EVENT, E_RECORDED, copy, 0, clients(s, p["client"])["life"])
    return first


@seldom
def _is_unrecorded(s: State, delivery: int) -> bool:
    """Say whether a task has a state to be looked up, and it is not there."""
    root = copies(s, deliveries(s, delivery)["copy"])["root"]
    kept = (producers(s, copies(s, root)["producer"])["special"] & PRODUCER_RECORD) != 0
    return kept and extras(s, root)["recorded"] < 0


@seldom
def look_up(s: State, delivery: int, lane: int, service: int) -> int:
    """Look up the state of a task; return how long the lane is busy: with the work, or until it looks again."""
    work = lanes(s, lane)
    work["idle"] = 0
    if not _is_unrecorded(s, delivery):
        return service
    work["idle"] = 1
    work["work"] = service
    k = consumers(s, deliveries(s, delivery)["consumer"])
    if k["unrecorded"] == UNRECORDED_WAIT:
        return k["look_again"]
    return 0


@kernel
def _lane_of(s: State, consumer: int, delivery: int) -> int:
    k = consumers(s, consumer)
    lane = int(k["lane"])
    while lanes(s, lane)["delivery"] != delivery:
        lane += 1
    return lane


@seldom
def is_idle(s: State, consumer: int, delivery: int) -> bool:
    """Say whether there was no state of the task that a consumer has in a lane."""
    return lanes(s, _lane_of(s, consumer, delivery))["idle"] == 1


@seldom
def look_again(s: State, consumer: int, delivery: int) -> bool:
    """Look again for the state of a task, where the consumer waits for it, and begin when it is there."""
    k = consumers(s, consumer)
    if k["unrecorded"] != UNRECORDED_WAIT:
        return False
    work = lanes(s, _lane_of(s, consumer, delivery))
    busy = k["look_again"]
    if not _is_unrecorded(s, delivery):
        work["idle"] = 0
        busy = work["work"]
    now = runs(s, 0)["now"]
    work["started"] = now
    work["ends"] = now + busy
    push(s, work["ends"], RANK_EVENT, E_SERVICE_DONE, consumer, delivery, k["life"])
    return True
