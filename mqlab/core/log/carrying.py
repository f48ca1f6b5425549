"""What a log puts on the network when there is hardware: produce requests, followers' fetches, consumers' fetches.

- **A producer's connection to a broker** carries its requests one after the other, and the broker handles one of them
  at a time: what comes meanwhile waits in the socket until the answer has left (Kafka's protocol guide, on ordering: a
  broker has a single request of a connection in work). Under acks=all that is the time which the followers need.
- **A follower's fetcher**: one for each broker that it follows (``num.replica.fetchers``: 1). It asks, gets what a
  partition has (at most ``replica.fetch.max.bytes``), stores it, and asks again; partitions take turns. While it
  stores, its connection is idle, and so producers win over followers that lag.
- **A consumer's connection to a broker** carries what its fetches bring.
- Questions, answers to producers and commits are small and take their latency only.

A producer is one thread of its machine: making a record and sending a request take it so long each, and it stands still
while its buffer is full (``buffer.memory``). So it makes its records later than they were meant to be; ``created`` is
when they were made.

Simplified: a request carries one partition's batch and a fetch one partition's records, where Kafka bundles them; so
requests are smaller and more, and each costs the processor what a request costs.
"""

from __future__ import annotations

from mqlab.core.codes import RANK_EVENT
from mqlab.core.hardware.jobs import drop, new_job, perform
from mqlab.core.hardware.network import transfer
from mqlab.core.hardware.processors import cost_of, work
from mqlab.core.hardware.records import flows, jobs, machines
from mqlab.core.heap import push
from mqlab.core.log.codes import L_BATCH_IN, L_BATCH_ON, L_FETCH_ON, L_FETCHED, L_TURN
from mqlab.core.log.records import batches, collectors, logs, partitions, replicas, senders
from mqlab.core.records import nodes, runs
from mqlab.jit import State, kernel

__all__ = [
    "admit", "fetch_came", "next_fetch", "next_request", "pace", "produce_cost", "queue_fetch", "reset_requests",
    "send_batch", "turn", "unbuffer",
]  # fmt: skip


@kernel
def _size(s: State, slot: int) -> int:
    b = batches(s, slot)
    return int(b["count"] * collectors(s, senders(s, b["sender"])["producer"])["record_bytes"])


@kernel
def send_batch(s: State, slot: int, attempt: int, where: int, delay: int) -> None:
    """A produce request leaves its machine; it arrives ``delay`` after its last byte has left."""
    col = collectors(s, senders(s, batches(s, slot)["sender"])["producer"])
    flow = int(col["first_flow"] + where % 256)
    transfer(s, flow, _size(s, slot), delay, L_BATCH_IN, slot, attempt, where)
    col["thread_free"] = max(col["thread_free"], runs(s, 0)["now"]) + col["request_ns"]


@kernel
def admit(s: State, slot: int, attempt: int, where: int) -> bool:
    """Say whether a request that has come is handled now, or has to wait for the one before on its connection."""
    col = collectors(s, senders(s, batches(s, slot)["sender"])["producer"])
    f = flows(s, col["first_flow"] + where % 256)
    if f["busy"] == 0:
        f["busy"] = 1
        f["serving"] = slot
        return True
    job = new_job(s, 0, 0, L_BATCH_ON, slot, attempt, where)
    if f["line_head"] < 0:
        f["line_head"] = job
    else:
        jobs(s, f["line_tail"])["next"] = job
    f["line_tail"] = job
    return False


@kernel
def produce_cost(s: State, slot: int, node: int) -> int:
    """What a produce request costs its broker's processor."""
    part = partitions(s, senders(s, batches(s, slot)["sender"])["partition"])
    watched = int((part["replicas"] - 1) * machines(s, node)["follower"])
    return watched + cost_of(s, node, int(batches(s, slot)["count"]), _size(s, slot))


@kernel
def next_request(s: State, slot: int, node: int) -> None:
    """A request is done with: its broker takes the next one of the same connection."""
    col = collectors(s, senders(s, batches(s, slot)["sender"])["producer"])
    f = flows(s, col["first_flow"] + node)
    if f["busy"] == 0 or f["serving"] != slot:
        return
    f["busy"] = 0
    f["serving"] = -1
    if f["line_head"] >= 0:
        f["busy"] = 1
        f["serving"] = int(jobs(s, f["line_head"])["a"])
        f["line_head"] = perform(s, int(f["line_head"]))


@kernel
def reset_requests(s: State, node: int) -> None:
    """All connections to a broker are broken: what waits on them will find that out."""
    for producer in range(runs(s, 0)["producers"]):
        f = flows(s, collectors(s, producer)["first_flow"] + node)
        f["busy"] = 0
        f["serving"] = -1
        while f["line_head"] >= 0:
            f["line_head"] = perform(s, int(f["line_head"]))


@kernel
def queue_fetch(s: State, replica: int) -> None:
    """There is something for a follower: its partition waits for its turn on the connection of its fetcher."""
    r = replicas(s, replica)
    leader = int(replicas(s, partitions(s, r["partition"])["leader"])["node"])
    flow = int(logs(s, 0)["first_fetch"] + leader * runs(s, 0)["nodes"] + r["node"])
    f = flows(s, flow)
    job = new_job(s, 0, 0, L_TURN, replica, int(r["stamp"]), 0)
    if f["line_head"] < 0:
        f["line_head"] = job
    else:
        jobs(s, f["line_tail"])["next"] = job
    f["line_tail"] = job
    if f["busy"] == 0:
        turn(s, flow)


@kernel
def turn(s: State, flow: int) -> None:
    """The next partition of a fetcher gets what there is for it."""
    f = flows(s, flow)
    f["busy"] = 0
    run = runs(s, 0)
    while f["line_head"] >= 0:
        j = jobs(s, f["line_head"])
        replica = int(j["a"])
        stamp = int(j["b"])
        f["line_head"] = drop(s, int(f["line_head"]))
        r = replicas(s, replica)
        if r["stamp"] != stamp:
            continue
        part = partitions(s, r["partition"])
        most = max(logs(s, 0)["fetch_bytes"] // part["record_bytes"], 1)
        r["upto"] = min(part["end"], r["end"] + most)
        r["asked_end"] = part["end"]
        r["asked_at"] = run["now"]
        f["busy"] = 1
        f["serving"] = replica
        size = int((r["upto"] - r["end"]) * part["record_bytes"])
        leader = int(f["source"])
        transfer(s, flow, size, int(nodes(s, leader)["network"]), L_FETCHED, replica, stamp, flow + 1)
        return


@kernel
def fetch_came(s: State, replica: int, stamp: int, flow: int) -> None:
    """What a follower's fetcher asked for has come; its processor looks at it before it is stored."""
    r = replicas(s, replica)
    if r["stamp"] != stamp:
        turn(s, flow)
        return
    count = int(r["upto"] - r["end"])
    size = int(count * partitions(s, r["partition"])["record_bytes"])
    ready = work(s, int(r["node"]), cost_of(s, int(r["node"]), count, size))
    push(s, ready, RANK_EVENT, L_FETCH_ON, replica, stamp, flow + 1)


@kernel
def next_fetch(s: State, flow: int) -> None:
    """A fetcher has stored what it got, and asks for the next partition."""
    takes = int(nodes(s, flows(s, flow)["target"])["network"])
    push(s, runs(s, 0)["now"] + takes, RANK_EVENT, L_TURN, flow, 0, 0)


@kernel
def pace(s: State, producer: int) -> int:
    """A producer has made a record; return when its thread can make the next one, or -1 if its buffer is full."""
    col = collectors(s, producer)
    col["buffered"] = col["buffered"] + col["record_bytes"]
    free = max(col["thread_free"], runs(s, 0)["now"]) + col["record_ns"]
    col["thread_free"] = free
    if col["buffer"] > 0 and col["buffered"] >= col["buffer"]:
        col["blocked"] = 1
        return -1
    return int(free)


@kernel
def unbuffer(s: State, producer: int, slot: int) -> bool:
    """A batch leaves its producer's buffer; say whether the producer stood still for want of room, and goes on."""
    col = collectors(s, producer)
    col["buffered"] = col["buffered"] - batches(s, slot)["count"] * col["record_bytes"]
    if col["blocked"] == 0 or col["buffered"] >= col["buffer"]:
        return False
    col["blocked"] = 0
    return True
