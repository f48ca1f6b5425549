"""Networks and faults in random models: bandwidth, bursts, partitions, pauses, slow nodes, clocks, crowds."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from mqlab.model import Backoff, Bursts, Connection, Distribution, Fault, Link, LinkSide, Model, Node, RandomFaults

US, MS = 1_000, 1_000_000


def enrich(draw: st.DrawFn, model: Model) -> Model:
    """Add what this topic knows to a model."""
    model = replace(
        model,
        nodes=tuple(_node(draw, node) for node in model.nodes),
        producers=tuple(replace(p, link=_link(draw, p.link), connection=_connection(draw, p.connection))
                        for p in model.producers),
        consumers=tuple(replace(c, link=_link(draw, c.link), connection=_connection(draw, c.connection))
                        for c in model.consumers),
    )  # fmt: skip
    faults = tuple(_fault(draw, model) for _ in range(draw(st.integers(0, 4))))
    random = tuple(_random(draw, model, n) for n in range(draw(st.sampled_from([0, 0, 1]))))
    return replace(model, faults=(*model.faults, *faults), random_faults=random)


def _link(draw: st.DrawFn, link: Link) -> Link:
    def side(old: LinkSide) -> LinkSide:
        bursts = draw(st.sampled_from([None, None, Bursts(0.05, 0.3), Bursts(0.2, 0.5, 0.01, 0.7)]))
        return replace(old, bandwidth_bytes_per_s=draw(st.sampled_from([0.0, 0.0, 1e5, 1e7])), bursts=bursts)

    return Link(side(link.up), side(link.down), link.ordered)


def _connection(draw: st.DrawFn, connection: Connection) -> Connection:
    pauses = [None, None, Backoff(MS, 2.0, 30 * MS, "full"), Backoff(5 * MS, 1.0, 5 * MS, "none")]
    backoff = draw(st.sampled_from(pauses))
    return replace(connection, backoff=backoff, round_trips=draw(st.sampled_from([0, 0, 1, 5])))


def _node(draw: st.DrawFn, node: Node) -> Node:
    return replace(
        node,
        connect_ns=draw(st.sampled_from([0, 0, 50 * US, 4 * MS])),
        connections_max=draw(st.sampled_from([-1, -1, -1, 2])),
        handshake_timeout_ns=draw(st.sampled_from([0, 3 * MS])),
    )


def _fault(draw: st.DrawFn, model: Model) -> Fault:
    kind = draw(st.sampled_from(["partition", "pause", "pause", "slow", "clock"]))
    clients = [group.name for group in (*model.producers, *model.consumers)]
    nodes = [node.name for node in model.nodes]
    whom = {"partition": clients, "clock": nodes}.get(kind, [*nodes, *clients])
    at = draw(st.integers(0, model.end_ns - 1))
    lasts = draw(st.sampled_from([-1, MS, 12 * MS, 40 * MS, 90 * MS]))
    factor = draw(st.sampled_from([1.5, 10.0])) if kind == "slow" else 1.0
    by = draw(st.sampled_from([-3 * MS, 5 * MS])) if kind == "clock" else 0
    way = draw(st.sampled_from(["up", "down"])) if kind == "partition" else "both"
    return Fault(at, kind, draw(st.sampled_from(whom)), lasts, factor, by, way)


def _random(draw: st.DrawFn, model: Model, number: int) -> RandomFaults:
    kind = draw(st.sampled_from(["crash", "reset", "pause", "silence"]))
    target = draw(st.sampled_from([group.name for group in (*model.producers, *model.consumers)]))
    lasts = None if kind == "reset" else Distribution("uniform", (float(MS), 20.0 * MS))
    every = Distribution("exponential", (float(model.end_ns) / 5,))
    return RandomFaults(f"{number} {kind} {target}", Fault(0, kind, target, 0), every, lasts, 0, model.end_ns)
