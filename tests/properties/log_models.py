"""Random log models: topics, replicas, acks, batches, commits, and nodes and consumers that crash."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from mqlab.model import (
    ConsumerGroup,
    Disks,
    Fault,
    Hardware,
    Keys,
    LogTransactions,
    Machine,
    Message,
    Model,
    Processor,
    Scale,
    Seek,
)
from mqlab.policies.assignors import ASSIGNORS
from tests.support.logs import NODES, log, lossy, reader, sender, topic
from tests.support.models import MS, US, Distribution, every, takes, wire

__all__ = ["log_models", "unsteady_models"]


def faults(*, consumers: bool) -> st.SearchStrategy[Fault]:
    """Nodes, producers (and consumers, if there are any) that go down or lose touch, most of them for a while."""
    lasts = st.sampled_from([5 * MS, 40 * MS, 150 * MS, -1])
    at = st.integers(1, 120).map(lambda ms: ms * MS + 130 * US)
    on_node = st.builds(
        lambda at, kind, node, lasts: Fault(at, kind, node, lasts),
        at, st.sampled_from(["crash", "power_loss"]), st.sampled_from(NODES), lasts,
    )  # fmt: skip
    on_producer = st.builds(
        lambda at, kind, lasts: Fault(at, kind, "p", 0 if kind == "reset" else lasts),
        at, st.sampled_from(["crash", "reset", "silence"]), lasts,
    )  # fmt: skip
    if not consumers:
        return on_node | on_producer
    return on_node | on_producer | st.builds(lambda at, lasts: Fault(at, "crash", "r", lasts), at, lasts)


@st.composite
def machines(draw: st.DrawFn) -> Hardware:
    """Slow machines: cards that are full, disks that cannot keep up, caches too small for what is asked for."""
    disks = draw(st.none() | st.builds(Disks, st.integers(1, 2), st.sampled_from([0, 10**6]),
                                       st.sampled_from([0, 3 * MS]), st.sampled_from([0, MS]),
                                       st.sampled_from([1, 128])))  # fmt: skip
    cards = st.sampled_from([0, 50_000, 10**6])
    broker = Machine(
        draw(cards), Processor(draw(st.integers(1, 2)), draw(st.sampled_from([0, 100 * US])), 10 * US, 5 * US, 10**6),
        disks, *([draw(st.sampled_from([0, 2000])) for _ in range(3)] if disks else []),
    )  # fmt: skip
    flush = draw(st.sampled_from(["none", "every", "records", "sync"])) if disks else "none"
    layout = draw(st.sampled_from(["partition", "commit_log", "journal"]))
    client = Machine(draw(cards), Processor(1, 20 * US, 10 * US))
    return Hardware(broker, client, draw(st.sampled_from([0, 26])), layout, flush, 7 * MS, 3,
                    draw(st.sampled_from([100, 2**20])))  # fmt: skip


def transactions(idempotent: bool) -> st.SearchStrategy[LogTransactions | None]:
    """None, or transactions that some applications abort, some of which take too long, or share their id."""
    if not idempotent:
        return st.none()
    return st.none() | st.builds(
        LogTransactions, st.sampled_from([1, 4, 30]), st.sampled_from([0, 5 * MS]), st.sampled_from([0.0, 0.3]),
        st.sampled_from([20 * MS, 60_000 * MS]), st.sampled_from(["", "", "shop"]),
    )  # fmt: skip


@st.composite
def unsteady_models(draw: st.DrawFn) -> Model:
    """One idempotent producer of each partition with acks=all, over links that lose packets and connections."""
    batching = {
        "linger_ns": draw(st.sampled_from([0, MS, 7 * MS])), "batch_bytes": draw(st.sampled_from([100, 400, 2000])),
        "max_in_flight": draw(st.integers(1, 5)), "request_timeout_ns": draw(st.sampled_from([10 * MS, 45 * MS])),
        "retry_ns": draw(st.sampled_from([MS, 10 * MS])),
        "partitioner": draw(st.sampled_from(["sticky", "round-robin"])),
    }  # fmt: skip
    trouble = st.builds(lambda at, kind, lasts: Fault(at * MS + 130 * US, kind, "p", 0 if kind == "reset" else lasts),
                        st.integers(1, 120), st.sampled_from(["reset", "silence"]),
                        st.sampled_from([5 * MS, 40 * MS]))  # fmt: skip
    producer = sender(arrivals=every(draw(st.sampled_from([400 * US, MS])), 80), link=lossy(draw(st.floats(0.0, 0.3))),
                      message=Message(100, draw(st.sampled_from([Keys(), Keys("uniform", 5)])), True), **batching)
    return log(producers=[producer], topics=[topic(partitions=draw(st.integers(1, 3)))],
               faults=draw(st.lists(trouble, max_size=4)), seed=draw(st.integers(1, 99)), duration_ns=100 * MS,
               drain_ns=2900 * MS)  # fmt: skip


@st.composite
def groups(draw: st.DrawFn, name: str, topics: list[str]) -> ConsumerGroup:
    """A consumer group: how it commits, polls, times out, shares out, grows, shrinks and seeks."""
    spread = Distribution("exponential", (300.0 * US,))
    sizes = draw(st.lists(st.integers(0, 3), max_size=3))
    how = st.sampled_from(["graceful", "kill"])
    steps = [Scale((15 + 30 * i) * MS, size, draw(how)) for i, size in enumerate(sizes)]
    begins = draw(st.integers(0, 3))
    count = max([begins, 1, *(step.count for step in steps)])
    seeks = draw(st.lists(st.tuples(st.integers(5, 120), st.sampled_from([-1, -2, 0, 20])), max_size=1))
    return reader(
        name, of=topics[0], topics=tuple(topics[: draw(st.integers(1, 2))]), count=count,
        scale=(Scale(0, begins), *steps) if steps or begins < count else (),
        commit=draw(st.sampled_from(["auto", "before", "after"])),
        isolation=draw(st.sampled_from(["read_uncommitted", "read_committed"])), max_records=draw(st.integers(1, 20)),
        fetch_bytes=draw(st.sampled_from([100, 1000, 100_000])), fetch_min_bytes=draw(st.sampled_from([1, 1, 700])),
        fetch_wait_ns=12 * MS, service=draw(st.sampled_from([takes(0), takes(500 * US), spread])),
        link=wire(draw(st.integers(0, 500)) * US), assignor=draw(st.sampled_from(list(ASSIGNORS))),
        session_ns=draw(st.sampled_from([12 * MS, 40 * MS])), heartbeat_ns=draw(st.sampled_from([2 * MS, 5 * MS])),
        poll_limit_ns=draw(st.sampled_from([4 * MS, 60 * MS, 5000 * MS])), static=draw(st.booleans()),
        reset=draw(st.sampled_from(["latest", "earliest", "none"])),
        seeks=tuple(Seek(at * MS, to) for at, to in seeks),
    )  # fmt: skip


@st.composite
def log_models(draw: st.DrawFn) -> Model:
    """One topic, one or two groups of producers, perhaps a consumer group, and a few faults."""
    acks = draw(st.sampled_from(["0", "1", "all"]))
    batching = {
        "acks": acks, "idempotent": acks == "all" and draw(st.booleans()),
        "linger_ns": draw(st.sampled_from([0, MS, 7 * MS])), "batch_bytes": draw(st.sampled_from([100, 400, 2000])),
        "max_in_flight": draw(st.integers(1, 5)), "delivery_ns": draw(st.sampled_from([60 * MS, 400 * MS])),
        "request_timeout_ns": draw(st.sampled_from([10 * MS, 45 * MS])),
        "partitioner": draw(st.sampled_from(["sticky", "round-robin"])),
    }  # fmt: skip
    works = draw(transactions(bool(batching["idempotent"])))
    link = draw(st.sampled_from([wire(100 * US), wire(100 * US), lossy(0.1)]))
    keys = draw(st.sampled_from([Keys(), Keys("uniform", 5)]))
    partitions = draw(st.integers(1, 3))
    second = draw(st.booleans())
    gaps = st.sampled_from([400 * US, MS, 3 * MS])
    producers = [
        sender(name, to="u" if second and name == "s" else "t",
               count=1 if works and works.ident else draw(st.integers(1, 2)), transactions=works, link=link,
               arrivals=every(draw(gaps), 60),
               message=Message(100, keys, True), **batching)
        for name in ("p", "s")[: draw(st.integers(1, 2))]
    ]  # fmt: skip
    consumers = [
        draw(groups(name, ["t", "u"] if second else ["t"])) for name in ("r", "q")[: draw(st.integers(0, 2))]
    ]
    model = log(
        topics=[topic(partitions=partitions, replicas=draw(st.integers(1, 3)), min_insync=draw(st.integers(1, 2)),
                      unclean_election=draw(st.booleans())), *([topic("u", partitions=2)] * second)],
        producers=producers, consumers=consumers, faults=draw(st.lists(faults(consumers=bool(consumers)), max_size=5)),
        session_ns=draw(st.sampled_from([8 * MS, 30 * MS])), lag_max_ns=draw(st.sampled_from([20 * MS, 100 * MS])),
        writeback_ns=draw(st.sampled_from([0, 15 * MS])), seed=draw(st.integers(1, 99)), duration_ns=100 * MS,
        drain_ns=draw(st.sampled_from([10 * MS, 900 * MS])), warmup_ns=draw(st.sampled_from([0, 5 * MS])),
    )  # fmt: skip
    assert model.cluster is not None
    return replace(model, cluster=replace(model.cluster, hardware=draw(st.none() | machines())))
