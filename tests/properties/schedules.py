"""Random fault schedules for replicated logs, each within what a configuration tolerates, and the search through them.

A schedule is a pure function of the configuration's name and a number, so that whoever reads of a violation can repeat
it: ``schedule("one broker at a time", 4711)``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mqlab import systems
from mqlab.checks import conservation, judge
from mqlab.engines.simulation import SimulationEngine
from mqlab.model import Fault, Model
from mqlab.trace.schema import Trace
from tests.support.logs import NODES, log, reader, sender, topic
from tests.support.models import MS, US, S, every

__all__ = ["CONFIGURATIONS", "Configuration", "broken", "schedule", "search", "shrunk"]

SESSION = 8 * MS
APART = 450 * MS
"""From the end of one fault to the beginning of the next, where all must be in sync between them."""


@dataclass(frozen=True)
class Configuration:
    """What a model is like, which faults it tolerates, and whether they may overlap."""

    kinds: Sequence[str]
    overlap: bool
    most: int = 4
    replicas: int = 3
    min_insync: int = 2
    controllers: Sequence[str] = ()
    controller: str = "quorum"
    preferred_leader_ns: int = 0
    loss: float = 0.0


CONFIGURATIONS = {
    "one broker at a time": Configuration(("crash", "power_loss", "pause", "split"), overlap=False),
    "any processes": Configuration(("crash",), overlap=True, most=7),
    "any processes, one in sync is enough": Configuration(("crash", "pause"), overlap=True, most=7, min_insync=1),
    "splits and pauses": Configuration(("crash", "pause", "split"), overlap=True, most=6),
    "two replicas": Configuration(("crash", "pause", "split"), overlap=True, most=5, replicas=2, min_insync=1),
    "voters": Configuration(("crash", "pause", "split"), overlap=True, most=5, controllers=NODES),
    "zookeeper": Configuration(("crash", "pause", "split"), overlap=True, most=5, controller="zookeeper"),
    "preferred leaders": Configuration(("crash", "pause", "split"), overlap=True, most=5, preferred_leader_ns=60 * MS),
    "links that lose": Configuration(("crash", "pause", "split"), overlap=True, most=5, loss=0.05),
}


def schedule(name: str, number: int) -> Model:
    """Make schedule ``number`` of a configuration."""
    what = CONFIGURATIONS[name]
    draw = random.Random(f"{name} {number}")
    faults = tuple(_one_after_another(draw, what) if not what.overlap else _any(draw, what))
    last = max(fault.at_ns for fault in faults) + 60 * MS
    gap = draw.choice([MS, 3 * MS, 7 * MS])
    until = max(150 * MS, last) if what.overlap else last
    clerks = [
        sender(who, arrivals=every(max(gap, until // 150), 150), linger_ns=draw.choice([0, 2 * MS]),
               max_in_flight=draw.randint(1, 5), request_timeout_ns=draw.choice([10 * MS, 60 * MS]),
               idempotent=draw.random() < 0.8, delivery_ns=draw.choice([100 * MS, 5 * S]))
        for who in ("p", "q")[: draw.randint(1, 2)]
    ]  # fmt: skip
    model = log(
        topics=[topic(partitions=draw.randint(1, 2), replicas=what.replicas, min_insync=what.min_insync)],
        producers=clerks, consumers=[reader(commit=draw.choice(["after", "auto", "before"]))], faults=faults,
        session_ns=draw.choice([SESSION, 3 * MS]), lag_max_ns=draw.choice([15 * MS, 60 * MS]),
        writeback_ns=draw.choice([0, 20 * MS]), duration_ns=until + 10 * MS, drain_ns=8 * S, seed=number,
    )  # fmt: skip
    assert model.cluster is not None
    cluster = replace(
        model.cluster, controllers=tuple(what.controllers), controller=what.controller,  # type: ignore[arg-type]
        failover_ns=2 * MS, election_ns=MS if what.controller == "zookeeper" else 0,
        preferred_leader_ns=what.preferred_leader_ns,
    )  # fmt: skip
    hop = draw.choice([50 * US, 200 * US, 700 * US])
    nodes = tuple(replace(node, network_ns=hop, network_loss=what.loss) for node in model.nodes)
    return replace(model, cluster=cluster, nodes=nodes)


def _one_after_another(draw: random.Random, what: Configuration) -> list[Fault]:
    """Faults of one node each; the next comes when everybody must be in sync again."""
    faults, at = [], draw.randrange(2 * MS, 40 * MS)
    for _ in range(draw.randint(1, what.most)):
        fault = _fault(draw, what, at, draw.choice(NODES))
        faults.append(fault)
        at += fault.for_ns + APART + draw.randrange(20 * MS)
    return faults


def _any(draw: random.Random, what: Configuration) -> list[Fault]:
    """Faults at any time, of anybody; a split may put several on one side, producers and the consumer among them."""
    return [
        _fault(draw, what, draw.randrange(2 * MS, 150 * MS), draw.choice(NODES))
        for _ in range(draw.randint(1, what.most))
    ]


def _fault(draw: random.Random, what: Configuration, at: int, node: str) -> Fault:
    kind = draw.choice(what.kinds)
    lasts = draw.choice([MS, 5 * MS, 12 * MS, 40 * MS, 120 * MS]) + draw.randrange(MS)
    if kind != "split":
        return Fault(at, kind, node, lasts)  # type: ignore[arg-type]
    others = [who for who in ("p", "r") if draw.random() < 0.4]
    if what.overlap and draw.random() < 0.3:
        others += [other for other in NODES if other != node and draw.random() < 0.5]
    return Fault(at, "split", ", ".join([node, *others]), lasts)


def broken(model: Model, promised: Model | None = None) -> str:
    """Run a model and say what of its contract, or of that of another model, did not hold; or nothing."""
    promises = systems.get("kafka").contract(promised or model)
    if promises["lost"].permitted:
        return f"the contract permits loss: {promises['lost'].because}"
    trace = SimulationEngine().run(model, level="events")
    conservation(trace)
    wrong = [f"{finding.name}: {finding.count} {finding.examples}" for finding in judge(trace, promises, model=model)
             if finding.violated]  # fmt: skip
    below = {name: value for name, value in trace.counters.gauges.items() if name.endswith("lost_below") and value}
    if below:
        wrong.append(f"lost below the high watermark: {below}")
    if _owed(trace):
        wrong.append(f"{_owed(trace)} records are confirmed and not processed, after everything has healed")
    return "; ".join(wrong)


def _owed(trace: Trace) -> int:
    """Count what was confirmed and is processed in no place, though every fault is over for long."""
    assert trace.fates is not None
    message = trace.fates.column("message")
    done = message[trace.fates.column("processings") > 0]
    told = np.unique(message[trace.fates.column("confirmed_ns") >= 0])
    return int(np.count_nonzero(~np.isin(told, done)))


def shrunk(model: Model, wrong: Callable[[Model], str] = broken) -> Model:
    """Leave out faults, as long as something is still wrong."""
    for i in range(len(model.faults)):
        fewer = replace(model, faults=model.faults[:i] + model.faults[i + 1 :])
        if fewer.faults and wrong(fewer):
            return shrunk(fewer, wrong)
    return model


def search(name: str, numbers: range) -> None:
    """Try schedules; the first that breaks the contract is told in its shortest form."""
    for number in numbers:
        model = schedule(name, number)
        why = broken(model)
        if why:
            least = shrunk(model)
            raise AssertionError(f"schedule({name!r}, {number}): {why}; shortest: {broken(least)}: {least.faults}")
