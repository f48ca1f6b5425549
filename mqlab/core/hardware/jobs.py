"""Jobs: an event that waits for its turn, with what it needs to know; slots are used again."""

from __future__ import annotations

from mqlab.core.codes import RANK_EVENT
from mqlab.core.hardware.records import hards, jobs
from mqlab.core.heap import push
from mqlab.core.records import runs
from mqlab.jit import State, kernel

__all__ = ["drop", "new_job", "perform"]


@kernel
def new_job(s: State, size: int, delay: int, kind: int, a: int, b: int, c: int) -> int:
    """Take a free slot for the event (kind, a, b, c), which happens ``delay`` ns after its turn."""
    h = hards(s, 0)
    slot = h["job_free"]
    if slot >= 0:
        h["job_free"] = int(jobs(s, slot)["next"])
    else:
        run = runs(s, 0)
        slot = run["jobs_fresh"]
        run["jobs_fresh"] = slot + 1
    j = jobs(s, slot)
    j["size"] = size
    j["delay"] = delay
    j["kind"] = kind
    j["a"] = a
    j["b"] = b
    j["c"] = c
    j["next"] = -1
    j["file"] = -1
    return slot


@kernel
def perform(s: State, slot: int) -> int:
    """Let a job's event happen after its delay, free its slot, and return the job that stood behind it."""
    j = jobs(s, slot)
    push(s, runs(s, 0)["now"] + j["delay"], RANK_EVENT, int(j["kind"]), int(j["a"]), int(j["b"]), int(j["c"]))
    return drop(s, slot)


@kernel
def drop(s: State, slot: int) -> int:
    """Free the slot of a job that will not happen (or has), and return the job that stood behind it."""
    j = jobs(s, slot)
    h = hards(s, 0)
    following = int(j["next"])
    j["next"] = h["job_free"]
    h["job_free"] = slot
    return following
