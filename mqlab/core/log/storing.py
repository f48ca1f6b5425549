"""Where a log's records lie on disks, when there is hardware: three layouts, flush policies, what is safe.

    partition     a log and an index for each partition (Kafka: 8 bytes of index for every 4 KiB,
                  ``index.interval.bytes``)
    commit_log    one commit log for all partitions of a broker, and a consume queue of 20 bytes a record for each
                  (RocketMQ); the queue is written behind, so no producer waits for it
    journal       one journal for all, and one entry log for all (Pulsar's bookies); on disks of their own where there
                  are two

What the number of partitions does follows from the files that are appended to: see :mod:`mqlab.core.hardware.disks`.

A broker asks for an fsync never, at regular intervals, when so many records have been stored since the last, or before
it answers (``sync``: then a record is in the log, for anyone to see, once it is on the disk). A process crash takes
nothing that was stored; a power cut takes what is not on the disk.

What a consumer or follower asks for comes from memory if no more than the page cache holds has been stored on the
machine since; else it is read: one seek and its bytes. Bytes are taken to have come evenly over the partitions.
"""

from __future__ import annotations

from typing import Any

from mqlab.core.hardware import disks
from mqlab.core.hardware.build import Plant
from mqlab.core.hardware.records import files, machines
from mqlab.core.log.records import logs, partitions, replicas
from mqlab.jit import State, kernel, seldom
from mqlab.model import Hardware

__all__ = ["FLUSH", "LAYOUTS", "blocked", "is_cold", "lay_out", "mark_submitted", "put", "safe", "wait_for_disk"]

LAYOUTS = {"partition": 0, "commit_log": 1, "journal": 2}
PARTITION, COMMIT_LOG = 0, 1
FLUSH = {"none": 0, "every": 1, "records": 2, "sync": 3}
FLUSH_RECORDS, FLUSH_SYNC = 2, 3
_INDEX_BYTES, _INDEX_INTERVAL = 8, 4096
_QUEUE_BYTES = 20
ALL_OF_NODE = -2
"""Owner of a file that several replicas share; -1: nobody's records are in it, only where they are."""


def lay_out(plant: Plant, hardware: Hardware, replicas: list[dict[str, Any]]) -> None:
    """Make the files of all replicas, node by node; without disks there are none."""
    every = hardware.flush_ns if hardware.flush == "every" else 0
    for replica in replicas:
        replica["file"] = replica["index"] = -1
    if hardware.broker.disks is None:
        return
    for node in range(plant.nodes):
        mine = [(number, replica) for number, replica in enumerate(replicas) if replica["node"] == node]
        shared = -1
        if hardware.layout != "partition":
            shared = plant.file(node, ALL_OF_NODE, every, 0)
        entries = plant.file(node) if hardware.layout == "journal" else -1
        for number, replica in mine:
            if hardware.layout == "partition":
                replica["file"] = plant.file(node, number, every)
                replica["index"] = plant.file(node, disk=plant.disk_of(replica["file"]))
            else:
                replica["file"] = shared
                replica["index"] = entries if hardware.layout == "journal" else plant.file(node)


@kernel
def blocked(s: State, replica: int) -> bool:
    """Say whether an append has to wait for the disk."""
    r = replicas(s, replica)
    if r["file"] < 0:
        return False
    if disks.must_wait(s, int(r["file"])):
        return True
    return logs(s, 0)["layout"] == PARTITION and disks.must_wait(s, int(r["index"]))


@kernel
def wait_for_disk(s: State, replica: int, kind: int, a: int, b: int, c: int) -> None:
    """Let the event happen when an append may be tried again."""
    r = replicas(s, replica)
    if disks.must_wait(s, int(r["file"])):
        disks.wait(s, int(r["file"]), kind, a, b, c)
    else:
        disks.wait(s, int(r["index"]), kind, a, b, c)


@kernel
def put(s: State, replica: int, records: int, size: int) -> None:
    """Store records in a replica's files, in memory."""
    r = replicas(s, replica)
    if r["file"] < 0:
        return
    log = logs(s, 0)
    r["stored"] = r["stored"] + size
    disks.write(s, int(r["file"]), size)
    if log["layout"] == PARTITION:
        disks.write(s, int(r["index"]), max(size * _INDEX_BYTES // _INDEX_INTERVAL, 1))
    elif log["layout"] == COMMIT_LOG:
        disks.write(s, int(r["index"]), records * _QUEUE_BYTES)
    else:
        disks.write(s, int(r["index"]), size)
    if log["flush"] == FLUSH_RECORDS:
        r["unflushed"] = r["unflushed"] + records
        if r["unflushed"] >= log["flush_records"]:
            r["unflushed"] = 0
            disks.hurry(s, int(r["file"]))


@kernel
def is_cold(s: State, replica: int, offset: int) -> bool:
    """Say whether what a replica has from an offset on is not in memory any more."""
    r = replicas(s, replica)
    if r["file"] < 0 or r["stored"] == 0:
        return False
    m = machines(s, r["node"])
    if m["cache"] == 0:
        return False
    behind = float((r["end"] - offset) * partitions(s, r["partition"])["record_bytes"])
    return behind * (float(m["written"]) / float(r["stored"])) > float(m["cache"])


@seldom
def mark_submitted(s: State, file: int) -> None:
    """What is in a file goes to its disk: note how far that is for each replica in it."""
    f = files(s, file)
    if f["owner"] >= 0:
        r = replicas(s, f["owner"])
        r["writing"] = r["end"]
    elif f["owner"] == ALL_OF_NODE:
        for replica in range(logs(s, 0)["replicas"]):
            r = replicas(s, replica)
            if r["node"] == f["machine"]:
                r["writing"] = r["end"]


@seldom
def safe(s: State, file: int) -> None:
    """What was submitted is on the disk."""
    f = files(s, file)
    if f["owner"] >= 0:
        _safe(s, int(f["owner"]))
    elif f["owner"] == ALL_OF_NODE:
        for replica in range(logs(s, 0)["replicas"]):
            if replicas(s, replica)["node"] == f["machine"]:
                _safe(s, replica)


@kernel
def _safe(s: State, replica: int) -> None:
    r = replicas(s, replica)
    r["synced"] = max(r["synced"], min(r["writing"], r["end"]))
