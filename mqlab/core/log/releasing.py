"""What can be read of a partition; and what every group has read and committed is let go of, a few batches at a time.

Nothing goes while a group may still come back to it (a seek that is to come), while a zombie has it in hand, or while
a transaction that it belongs to is open.
"""

from __future__ import annotations

from mqlab.core.codes import (
    RANK_CONTINUE,
)
from mqlab.core.heap import push
from mqlab.core.log.batches import release
from mqlab.core.log.codes import (
    L_RELEASE,
)
from mqlab.core.log.coordinator import stable_end
from mqlab.core.log.records import batches, partitions, readers
from mqlab.core.records import runs
from mqlab.jit import State, kernel

__all__ = ["has_news", "readable_end", "release_head"]

_AT_ONCE = 16


@kernel
def _forget_place(s: State, partition: int, slot: int) -> None:
    """Nobody who reads a partition looks for its next record from a batch that goes."""
    reader = int(partitions(s, partition)["reader"])
    while reader >= 0:
        r = readers(s, reader)
        if r["at"] == slot:
            r["at"] = -1
        reader = int(r["next"])


@kernel
def release_head(s: State, partition: int) -> None:
    """Let go of batches that all groups have read and committed, a few at a time."""
    part = partitions(s, partition)
    if part["kept"] > 0:
        return
    upto = stable_end(s, partition)
    reader = int(part["reader"])
    while reader >= 0:
        r = readers(s, reader)
        upto = min(upto, min(r["committed"], r["done"]))
        if r["zombies"] > 0 or r["seek"] >= 0:
            return
        reader = int(r["next"])
    for _ in range(_AT_ONCE):
        slot = int(part["head"])
        if slot < 0:
            return
        e = batches(s, slot)
        if e["offset"] + e["count"] > upto:
            return
        part["head"] = e["after"]
        if part["head"] < 0:
            part["tail"] = -1
        _forget_place(s, partition, slot)
        e["in_log"] = 0
        release(s, int(e["root"]))
    if part["releasing"] == 0:
        part["releasing"] = 1
        push(s, runs(s, 0)["now"], RANK_CONTINUE, L_RELEASE, partition, 0, 0)


@kernel
def readable_end(s: State, reader: int) -> int:
    """Say up to which offset a partition can be read: the high watermark, or the last stable offset."""
    r = readers(s, reader)
    if r["committed_only"] == 1:
        return stable_end(s, int(r["partition"]))
    return partitions(s, r["partition"])["mark"]


@kernel
def has_news(s: State, reader: int) -> bool:
    """Say whether there is as much to read as a reader wants at least, and has not fetched."""
    return readable_end(s, reader) >= readers(s, reader)["have"] + readers(s, reader)["least"]
