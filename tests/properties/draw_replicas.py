"""Replicated queues in random models: one to five nodes, any of which may crash or lose power, alone or together."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from mqlab.model import Connection, Distribution, Fault, Model

US, MS = 1_000, 1_000_000
NAMES = ("n1", "n2", "n3", "n4", "n5")


def enrich(draw: st.DrawFn, model: Model) -> Model:
    """Put every queue on several nodes, let clients change nodes, and let nodes go down."""
    names = NAMES[: draw(st.sampled_from([1, 2, 3, 3, 3, 4, 5]))]
    disk = replace(model.nodes[0].disk, lies_ns=0)
    nodes = tuple(
        replace(
            model.nodes[0], name=name, network_ns=draw(st.sampled_from([0, 200 * US, 3 * MS])),
            disk=replace(disk, group_commit_ns=draw(st.sampled_from([0, 0, 2 * MS]))),
        )
        for name in names
    )  # fmt: skip
    queues = []
    for queue in model.queues:
        first, most = draw(st.sampled_from(range(len(names)))), draw(st.sampled_from(range(1, len(names) + 1)))
        members = tuple(names[(first + i) % len(names)] for i in range(most))
        overflow = "reject-publish" if queue.overflow == "reject-publish" else "drop-head"
        queues.append(replace(
            queue, node=members[0], durable=True, overflow=overflow, replicas=members, max_priority=0,
            exclusive=False, auto_delete=False, expires_ns=0,
            election=Distribution("uniform", (5.0 * MS, 20.0 * MS)), suspect_ns=draw(st.sampled_from([0, 30 * MS])),
        ))  # fmt: skip

    def homes(connection: Connection) -> Connection:
        start, count = draw(st.sampled_from(range(len(names)))), draw(st.sampled_from(range(1, len(names) + 1)))
        return replace(connection, nodes=tuple(names[(start + i) % len(names)] for i in range(count)))

    producers = []
    for producer in model.producers:
        connection = homes(producer.connection)
        confirm = None if producer.confirm is None else replace(producer.confirm, when="stored")
        producers.append(replace(
            producer, message=replace(producer.message, persistent=True), connection=connection,
            node=connection.nodes[0], confirm=confirm, transactions=None,
        ))  # fmt: skip
    was = {node.name for node in model.nodes}
    known = ("crash", "reset", "silence")
    faults = [f for f in model.faults if f.kind in known and f.target.removeprefix("nodes.") not in was]
    for _ in range(draw(st.integers(0, 4))):
        faults.append(Fault(
            draw(st.integers(0, model.end_ns - 1)), draw(st.sampled_from(["crash", "power_loss"])),
            draw(st.sampled_from(names)), draw(st.sampled_from([5 * MS, 40 * MS, 150 * MS, -1])),
        ))  # fmt: skip
    return replace(
        model, system="rabbitmq-quorum", nodes=nodes, queues=tuple(queues), producers=tuple(producers),
        consumers=tuple(
            replace(group, connection=homes(group.connection), channel=-1, acks=None) for group in model.consumers
        ),
        faults=tuple(faults),
    )  # fmt: skip
