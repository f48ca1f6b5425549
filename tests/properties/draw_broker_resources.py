"""What the broker's resources do, in random models: disks that lie, memory that runs short, disks that run full,
transactions, lazy queues."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from mqlab.model import Fault, Memory, Model, ProducerGroup, Transactions

MS = 1_000_000


def enrich(draw: st.DrawFn, model: Model) -> Model:
    """Let some disks lie and some run full, and give some nodes little memory."""
    nodes = tuple(
        replace(
            node,
            disk=replace(
                node.disk,
                lies_ns=draw(st.sampled_from([0, 0, 5 * MS, 40 * MS, -1])),
                seek_ns=draw(st.sampled_from([0, MS // 5])),
            ),
            memory=draw(st.sampled_from([None, None, Memory(300, 4 * MS), Memory(20_000, 3 * MS)])),
        )
        for node in model.nodes
    )
    faults = tuple(
        Fault(draw(st.integers(0, model.duration_ns - 1)), "disk_full", node.name, draw(st.sampled_from([-1, 30 * MS])))
        for node in nodes
        if draw(st.sampled_from([False, False, True]))
    )
    queues = tuple(
        queue if queue.replicas else replace(queue, mode=draw(st.sampled_from(["default", "lazy"])))
        for queue in model.queues
    )
    producers = tuple(_transactional(draw, group) for group in model.producers)
    return replace(model, nodes=nodes, faults=(*model.faults, *faults), producers=producers, queues=queues)


def _transactional(draw: st.DrawFn, group: ProducerGroup) -> ProducerGroup:
    """Now and then a producer works in transactions."""
    if group.request is not None or draw(st.sampled_from([False, True])):
        return group
    size, after = draw(st.sampled_from([1, 2, 7, 40])), draw(st.sampled_from([3 * MS, 50 * MS]))
    rollback = draw(st.sampled_from([0.0, 0.0, 0.3]))
    return replace(group, confirm=None, transactions=Transactions(size, after, rollback))
