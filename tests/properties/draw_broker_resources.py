"""What the broker's resources do, in random models: disks that lie."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from mqlab.model import Model

MS = 1_000_000


def enrich(draw: st.DrawFn, model: Model) -> Model:
    """Let some disks lie."""
    nodes = tuple(
        replace(node, disk=replace(node.disk, lies_ns=draw(st.sampled_from([0, 5 * MS, 40 * MS, -1]))))
        for node in model.nodes
    )
    return replace(model, nodes=nodes)
