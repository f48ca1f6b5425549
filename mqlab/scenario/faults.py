"""Faults of a scenario: who is hit, and when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal, NamedTuple, cast

from mqlab.errors import did_you_mean
from mqlab.model import Fault, FaultKind, Model, RandomFaults
from mqlab.scenario import lower
from mqlab.scenario.defaults import Book, Path
from mqlab.scenario.estimate import mean_ns
from mqlab.scenario.fault_specs import FaultSpec, PartitionSpec, RandomSpec, TroubleSpec
from mqlab.scenario.spec import ScenarioSpec
from mqlab.units import format_duration

__all__ = ["resolve_faults"]

_TARGET = re.compile(r"(?P<name>[^\[\]]*)(?:\[(?P<member>[0-9]{1,9})\])?")
FAULTS_MAX = 100_000
RANDOM_MAX = 10_000
"""Most random faults that one entry may be expected to bring about."""
EVERYBODY = "clients"
"""All clients of a node, as one end of a partition."""

_Way = Literal["both", "up", "down"]


class _Hit(NamedTuple):
    """Who is hit, and in which direction."""

    target: str
    direction: _Way = "both"


def resolve_faults(spec: ScenarioSpec, book: Book, model: Model) -> Model:
    """Look up every target and return the model with its faults."""
    faults: list[Fault] = []
    random: list[RandomFaults] = []
    for i, written in enumerate(spec.faults):
        path: Path = ("faults", i)
        if written.random is not None:
            random.extend(_random(book, (*path, "random"), model, written.random, random))
            continue
        for hit in _hit(book, path, model, written):
            faults.extend(_times(book, path, model, written, _fault(written, hit)))
        if len(faults) > FAULTS_MAX:
            raise book.error(path, f"there are more than {FAULTS_MAX:,} faults", "remove some")
    return replace(model, faults=tuple(faults), random_faults=tuple(random))


def _fault(written: TroubleSpec, hit: _Hit) -> Fault:
    """Make a fault without its time."""
    by = (written.by or 0) - (written.behind or 0)
    return Fault(0, cast(FaultKind, written.kind), hit.target, 0, written.factor or 1.0, by, hit.direction)


def _hit(book: Book, path: Path, model: Model, written: TroubleSpec) -> tuple[_Hit, ...]:
    """Say who is hit: a node that is cut off or falls silent does so to each of its clients."""
    kind = written.kind
    if written.partition is not None:
        return _partition(book, (*path, "partition"), model, written.partition)
    if written.split is not None:
        return (_split(book, (*path, "split"), model, written.split),)
    rack = _rack(model, str(getattr(written, kind)))
    if rack:
        return tuple(_Hit(_target(book, (*path, kind), model, f"nodes.{node}", kind)) for node in rack)
    target = _target(book, (*path, kind), model, str(getattr(written, kind)), kind)
    if kind not in ("reset", "silence") or not _is_node(model, target):
        return (_Hit(target),)
    return tuple(_Hit(name) for name in _clients(model, target.removeprefix("nodes.")))


def _rack(model: Model, name: str) -> tuple[str, ...]:
    """List the nodes of a rack; a node, producer or consumer of that name comes first."""
    if any(entity == name for _, entity in _counts(model)):
        return ()
    return tuple(node.name for node in model.nodes if node.rack and node.rack == name)


def _split(book: Book, path: Path, model: Model, written: list[str]) -> _Hit:
    """Find all who stand on the one side of a split, those of a rack one by one."""
    side: dict[str, None] = {}
    for i, name in enumerate(written):
        for each in _rack(model, name) or (name,):
            side[_target(book, (*path, i), model, each, "split")] = None
    if not side:
        raise book.error(path, "nobody is cut off", f"name a node, such as `split: {model.nodes[0].name}`")
    return _Hit(", ".join(side))


def _is_node(model: Model, target: str) -> bool:
    return any(target.removeprefix("nodes.") == node.name for node in model.nodes)


def _clients(model: Model, node: str) -> list[str]:
    """List the groups that are connected to a node."""
    home = {queue.name: queue.node for queue in model.queues}
    groups = [("producers", p.name) for p in model.producers if p.node == node]
    groups += [("consumers", c.name) for c in model.consumers if home[c.queue] == node]
    return [_spelt(_counts(model), section, entity) for section, entity in groups]


def _partition(book: Book, path: Path, model: Model, written: PartitionSpec) -> tuple[_Hit, ...]:
    """Find the clients whose packets vanish, and in which direction."""
    ends = {}
    for word, text in (("from", written.from_), ("to", written.to)):
        everybody = text == EVERYBODY and all(name != EVERYBODY for _, name in _counts(model))
        ends[word] = EVERYBODY if everybody else _target(book, (*path, word), model, text, "partition")
    nodes = [word for word, name in ends.items() if name != EVERYBODY and _is_node(model, name)]
    if len(nodes) != 1:
        what = "packets between two nodes are not simulated" if nodes else "clients have no link to each other"
        example = model.nodes[0].name
        raise book.error((*path, "to"), what, f"write a node and a client, such as `{{from: stock, to: {example}}}`")
    client = next(name for word, name in ends.items() if word != nodes[0])
    node = ends[nodes[0]].removeprefix("nodes.")
    theirs = _clients(model, node)
    direction: _Way = "up" if nodes[0] == "to" else "down"
    if client == EVERYBODY:
        return tuple(_Hit(name, direction) for name in theirs)
    if client.partition("[")[0] not in theirs:
        word = "from" if nodes[0] == "to" else "to"
        raise book.error((*path, word), f"`{client}` is not connected to `{node}`", did_you_mean(client, theirs))
    return (_Hit(client, direction),)


def _times(book: Book, path: Path, model: Model, written: FaultSpec, fault: Fault) -> Iterator[Fault]:
    if not written.at:
        raise book.error((*path, "at"), "`at` names no time", "write for instance `at: 20 s`")
    for j, at in enumerate(written.at):
        if at >= model.end_ns:
            end = format_duration(model.end_ns, digits=None)
            raise book.error(
                (*path, "at", j), f"the fault comes after the end of the run ({end})", "let it come earlier"
            )
        yield replace(fault, at_ns=at, for_ns=written.for_ or 0)


def _random(
    book: Book, path: Path, model: Model, written: RandomSpec, others: list[RandomFaults]
) -> Iterator[RandomFaults]:
    """Resolve faults that come by themselves; with ``each`` every member of a group has its own."""
    every = lower.distribution(book, (*path, "every"), written.every)
    lasts = None if written.for_ is None else lower.distribution(book, (*path, "for"), written.for_)
    start, stop = written.start or 0, written.stop or model.duration_ns
    if start >= min(stop, model.end_ns):
        where = "start" if written.start else "stop"
        raise book.error((*path, where), "there is no time between `start` and `stop`", "start earlier")
    mean = mean_ns(every)
    if mean < 1 or (min(stop, model.end_ns) - start) / mean > RANDOM_MAX:
        what = f"more than {RANDOM_MAX:,} faults are to be expected"
        raise book.error((*path, "every"), what, "write for instance `every: {exponential: 30 s}`")
    count = len({other.name.partition(" ")[0] for other in others})
    for hit in _hit(book, path, model, written):
        for target in _members(model, hit.target) if written.each else (hit.target,):
            own = target if written.each else str(getattr(written, written.kind))
            name = f"{count} {written.kind} {own}"
            yield RandomFaults(name, _fault(written, hit._replace(target=target)), every, lasts, start, stop)


def _members(model: Model, target: str) -> tuple[str, ...]:
    """List the members of a group, or whoever it is."""
    counts = _counts(model)
    count = next((n for (section, name), n in counts.items() if target in (name, f"{section}.{name}")), 1)
    return (target,) if count == 1 else tuple(f"{target}[{member}]" for member in range(count))


def _target(book: Book, path: Path, model: Model, text: str, kind: str) -> str:
    """Find the one entity that a target names; return it in the shortest form that is not ambiguous."""
    found = _TARGET.fullmatch(text)
    counts = _counts(model)
    if found is None:
        raise book.error(path, f"`{text[:60]}` is not a target", "write a name, such as `broker` or `stock[2]`")
    name, member = found["name"], found["member"]
    hits = [(s, n) for s, n in counts if name in (n, f"{s}.{n}")]
    if not hits:
        if any(name in (q.name, f"queues.{q.name}") for q in model.queues):
            raise book.error(path, f"`{name}` is a queue, and queues have no faults of their own", "name its node")
        raise book.error(
            path,
            f"there is no node, producer or consumer `{name[:60]}`",
            did_you_mean(name, [n for _, n in counts]),
        )
    if len(hits) > 1:
        forms = " or ".join(f"`{s}.{n}`" for s, n in hits)
        raise book.error(path, f"`{name}` is ambiguous", f"write {forms}")
    section, entity = hits[0]
    _check_kind(book, path, model, kind, section, entity)
    if member is not None and (section == "nodes" or int(member) >= counts[hits[0]]):
        has = "is a node" if section == "nodes" else f"has members 0 to {counts[hits[0]] - 1}"
        raise book.error(path, f"there is no `{text}`: `{entity}` {has}", "choose another member or the whole group")
    sharing = member is not None and section == "consumers" and next(c for c in model.consumers if c.name == entity)
    if sharing and sharing.channel >= 0:
        what = f"the members of `{entity}` share a channel, so they have one connection and fail together"
        raise book.error(path, what, f"write `{kind}: {entity}`")
    return _spelt(counts, section, entity) + (f"[{member}]" if member is not None else "")


def _check_kind(book: Book, path: Path, model: Model, kind: str, section: str, entity: str) -> None:
    """Refuse what cannot befall somebody."""
    if kind == "power_loss" and section != "nodes":
        raise book.error(path, "only nodes lose power", "write `crash` for a process that dies")
    if kind == "disk_full" and section != "nodes":
        raise book.error(path, "only nodes have a disk", "name a node, such as `broker`")
    if kind == "disk_full" and "alarms" not in book.system.mechanisms:
        raise book.error(path, f"system '{book.system.name}' stores nothing", "leave the fault out", key=True)
    if kind == "clock" and section != "nodes":
        raise book.error(path, "nothing depends on the clock of a client", "name the node whose clock is wrong")
    if kind != "slow":
        return
    idle = [p for p in model.producers if (section, entity) == ("producers", p.name) and p.prepare is None]
    if idle:
        mend = f"give it time to take: `prepare: 1 ms`, or slow down `{idle[0].node}`"
        raise book.error(path, f"`{entity}` takes no time, so it cannot be slow", mend)


def _counts(model: Model) -> dict[tuple[str, str], int]:
    """Count the members of everybody who may be hit."""
    counts = {("nodes", node.name): 1 for node in model.nodes}
    counts |= {("producers", group.name): group.count for group in model.producers}
    return counts | {("consumers", group.name): group.count for group in model.consumers}


def _spelt(counts: Iterable[tuple[str, str]], section: str, entity: str) -> str:
    """Write a name, with its section only where it is not alone."""
    alone = sum(name == entity for _, name in counts) == 1
    return entity if alone else f"{section}.{entity}"
