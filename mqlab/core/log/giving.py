"""The leader answers fetches of consumers, from its page cache or its disk; its processor does one after the other."""

from __future__ import annotations

from mqlab.core.codes import (
    RANK_EVENT,
)
from mqlab.core.hardware.disks import read
from mqlab.core.hardware.network import transfer
from mqlab.core.hardware.processors import cost_of, work
from mqlab.core.hardware.records import hards
from mqlab.core.heap import push
from mqlab.core.link import DOWN, cross
from mqlab.core.log.codes import (
    L_GIVE,
    L_GIVE_OUT,
    L_GOT,
)
from mqlab.core.log.records import partitions, pollers, readers, replicas
from mqlab.core.log.releasing import readable_end
from mqlab.core.log.storing import is_cold
from mqlab.core.records import clients, nodes, runs
from mqlab.jit import State, kernel
from mqlab.sampling import DELIVERY, identity

__all__ = ["give", "give_on", "give_out", "serve"]


@kernel
def serve(s: State, node: int, takes: int) -> int:
    """Occupy a node's processor; return when it is done."""
    n = nodes(s, node)
    run = runs(s, 0)
    begins = max(run["now"], n["cpu_free"])
    n["cpu_free"] = begins + takes
    counted = min(begins + takes, run["end"]) - max(begins, run["warmup"])
    if counted > 0:
        n["cpu_busy"] = n["cpu_busy"] + counted
    return begins + takes


@kernel
def give(s: State, reader: int) -> None:
    """The leader answers a consumer's fetch with all that it may read."""
    r = readers(s, reader)
    part = partitions(s, r["partition"])
    from_here = int(pollers(s, r["poller"])["client"])
    node = int(replicas(s, part["leader"])["node"])
    r["parked"] = 0
    r["upto"] = min(readable_end(s, reader), r["have"] + r["most"])
    if hards(s, 0)["on"] == 1:
        _read(s, reader, node)
        return
    leaves = serve(s, node, nodes(s, node)["deliver_ns"])
    what = identity(clients(s, from_here)["self"], r["upto"])
    arrives = cross(s, from_here, DOWN, DELIVERY, what, 0, leaves)
    push(s, arrives, RANK_EVENT, L_GOT, reader, int(r["stamp"]), int(nodes(s, node)["epoch"]))


@kernel
def _read(s: State, reader: int, node: int) -> None:
    """With hardware: what a consumer asked for comes from memory, or from the disk."""
    r = readers(s, reader)
    part = partitions(s, r["partition"])
    leader = int(part["leader"])
    if is_cold(s, leader, int(r["have"])):
        size = int((r["upto"] - r["have"]) * part["record_bytes"])
        read(s, int(replicas(s, leader)["file"]), size, L_GIVE, reader, int(r["stamp"]), node)
    else:
        give_on(s, reader, int(r["stamp"]), node)


@kernel
def give_on(s: State, reader: int, stamp: int, node: int) -> None:
    """With hardware: the answer to a consumer's fetch is in memory, and goes to the processor."""
    ready = work(s, node, int(nodes(s, node)["deliver_ns"]) + cost_of(s, node, 0, 0))
    push(s, ready, RANK_EVENT, L_GIVE_OUT, reader, stamp, node)


@kernel
def give_out(s: State, reader: int, stamp: int, node: int) -> None:
    """With hardware: the answer to a consumer's fetch leaves."""
    r = readers(s, reader)
    if r["stamp"] != stamp:
        return
    client = int(pollers(s, r["poller"])["client"])
    now = runs(s, 0)["now"]
    what = identity(clients(s, client)["self"], r["upto"])
    delay = cross(s, client, DOWN, DELIVERY, what, 0, now) - now
    if delay < 0:
        return  # nothing passes
    size = int((r["upto"] - r["have"]) * partitions(s, r["partition"])["record_bytes"])
    flow = int(pollers(s, r["poller"])["first_flow"] + node)
    transfer(s, flow, size, delay, L_GOT, reader, stamp, int(nodes(s, node)["epoch"]))
