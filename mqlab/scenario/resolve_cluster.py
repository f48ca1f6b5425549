"""Scenario → model for the cluster of a log system: its controller, and where replicas stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from mqlab.model import Cluster, Node
from mqlab.scenario.defaults import Book, Path, word
from mqlab.scenario.hardware import resolve_hardware
from mqlab.scenario.logs import ClusterSpec
from mqlab.units import parse_duration

__all__ = ["cluster_of", "spread_over_racks"]

_OF_ZOOKEEPER: Final = {"session": "18 s", "election": "5 ms", "failover": "2 ms"}
"""zookeeper.session.timeout.ms: 18000; J. Rao, "How to choose the number of topics/partitions in a Kafka cluster?"
(Confluent, 2015): an election takes 5 ms a partition, and loading a partition 2 ms."""


def cluster_of(book: Book, spec: ClusterSpec, nodes: Sequence[str]) -> Cluster:
    """Resolve what holds for all nodes.

    Raises
    ------
    ScenarioError
        A controller is no node, or ZooKeeper is asked to vote among nodes.
    """
    path: Path = ("cluster",)
    kind: Literal["quorum", "zookeeper"] = book.pick(spec.controller, (*path, "controller"), word)
    voters = dict.fromkeys(spec.controllers or ())
    for i, voter in enumerate(voters):
        if voter not in nodes:
            raise book.unknown((*path, "controllers", i), "node", voter, nodes)
    if voters and kind == "zookeeper":
        what = "with ZooKeeper one broker after another is the controller; nobody votes"
        mend = "leave `controllers` out, or write `controller: quorum`"
        raise book.error((*path, "controllers"), what, mend, key=True)

    def span(field: str) -> int:
        given = getattr(spec, field)
        if given is None and kind == "zookeeper" and field in _OF_ZOOKEEPER:
            used = ".".join((*map(str, path), field))
            book.used[used] = (used, _OF_ZOOKEEPER[field], "as ZooKeeper's controller has it")
            return parse_duration(_OF_ZOOKEEPER[field])
        return int(book.pick(given, (*path, field), parse_duration))

    return Cluster(
        session_ns=span("session"),
        lag_max_ns=span("replica_lag_max"),
        writeback_ns=span("writeback"),
        hardware=None if spec.hardware is None else resolve_hardware(book, spec.hardware),
        rebalance_delay_ns=book.pick(spec.rebalance_delay, (*path, "rebalance_delay"), parse_duration),
        controller=kind,
        controllers=tuple(voters),
        failover_ns=span("failover"),
        election_ns=span("election"),
        preferred_leader_ns=span("preferred_leader"),
        truncation=book.pick(spec.truncation, (*path, "truncation"), word),
    )


def spread_over_racks(nodes: Sequence[Node]) -> list[str]:
    """Order nodes so that neighbours stand in different racks, as far as there are any (KIP-36: one of each in turn).

    Examples
    --------
    >>> from mqlab.model import Disk, Distribution
    >>> disk = Disk(Distribution("constant", (0.0,)), 0.0, 0)
    >>> spread_over_racks([Node(f"n{i}", 0, 0, disk, rack="ab"[i // 2]) for i in range(4)])
    ['n0', 'n2', 'n1', 'n3']
    """
    racks: dict[str, list[str]] = {}
    for node in nodes:
        racks.setdefault(node.rack or node.name, []).append(node.name)
    most = max(map(len, racks.values()))
    return [names[turn] for turn in range(most) for names in racks.values() if turn < len(names)]
