"""What the broker's resources do, in random models: disks that lie, memory that runs short, disks that run full."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from mqlab.model import Fault, Memory, Model

MS = 1_000_000


def enrich(draw: st.DrawFn, model: Model) -> Model:
    """Let some disks lie and some run full, and give some nodes little memory."""
    nodes = tuple(
        replace(
            node,
            disk=replace(node.disk, lies_ns=draw(st.sampled_from([0, 0, 5 * MS, 40 * MS, -1]))),
            memory=draw(st.sampled_from([None, None, Memory(300, 4 * MS), Memory(20_000, 3 * MS)])),
        )
        for node in model.nodes
    )
    faults = tuple(
        Fault(draw(st.integers(0, model.duration_ns - 1)), "disk_full", node.name, draw(st.sampled_from([-1, 30 * MS])))
        for node in nodes
        if draw(st.sampled_from([False, False, True]))
    )
    return replace(model, nodes=nodes, faults=(*model.faults, *faults))
