"""Faults of a scenario: who is hit, and when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal, cast

from mqlab.errors import did_you_mean
from mqlab.model import Fault, Model
from mqlab.scenario.defaults import Book, Path
from mqlab.scenario.spec import FaultSpec, ScenarioSpec
from mqlab.units import format_duration

__all__ = ["resolve_faults"]

_TARGET = re.compile(r"(?P<name>[^\[\]]*)(?:\[(?P<member>[0-9]{1,9})\])?")
FAULTS_MAX = 100_000

_Kind = Literal["crash", "power_loss", "reset", "silence", "disk_full"]


def resolve_faults(spec: ScenarioSpec, book: Book, model: Model) -> Model:
    """Look up every target and return the model with its faults."""
    faults: list[Fault] = []
    for i, written in enumerate(spec.faults):
        path: Path = ("faults", i)
        kind = written.kind
        target = _target(book, (*path, kind), model, str(getattr(written, kind)), kind)
        for one in _befallen(model, target, kind):
            faults.extend(_times(book, path, model, written, cast(_Kind, kind), one))
        if len(faults) > FAULTS_MAX:
            raise book.error(path, f"there are more than {FAULTS_MAX:,} faults", "remove some")
    return replace(model, faults=tuple(faults))


def _befallen(model: Model, target: str, kind: str) -> tuple[str, ...]:
    """Say who is hit: a node that is cut off or falls silent does so to each of its clients."""
    name = target.removeprefix("nodes.")
    if kind not in ("reset", "silence") or all(name != node.name for node in model.nodes):
        return (target,)
    home = {queue.name: queue.node for queue in model.queues}
    clients = [("producers", p.name) for p in model.producers if p.node == name]
    clients += [("consumers", c.name) for c in model.consumers if home[c.queue] == name]
    return tuple(_spelt(_counts(model), section, entity) for section, entity in clients)


def _times(book: Book, path: Path, model: Model, written: FaultSpec, kind: _Kind, target: str) -> Iterator[Fault]:
    if not written.at:
        raise book.error((*path, "at"), "`at` names no time", "write for instance `at: 20 s`")
    for j, at in enumerate(written.at):
        if at >= model.end_ns:
            end = format_duration(model.end_ns, digits=None)
            raise book.error(
                (*path, "at", j), f"the fault comes after the end of the run ({end})", "let it come earlier"
            )
        yield Fault(at, kind, target, written.for_ or 0)


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
    if kind == "power_loss" and section != "nodes":
        raise book.error(path, "only nodes lose power", "write `crash` for a process that dies")
    if kind == "disk_full" and section != "nodes":
        raise book.error(path, "only nodes have a disk", "name a node, such as `broker`")
    if kind == "disk_full" and "alarms" not in book.system.mechanisms:
        raise book.error(path, f"system '{book.system.name}' stores nothing", "leave the fault out", key=True)
    if member is not None and (section == "nodes" or int(member) >= counts[hits[0]]):
        has = "is a node" if section == "nodes" else f"has members 0 to {counts[hits[0]] - 1}"
        raise book.error(path, f"there is no `{text}`: `{entity}` {has}", "choose another member or the whole group")
    sharing = member is not None and section == "consumers" and next(c for c in model.consumers if c.name == entity)
    if sharing and sharing.channel >= 0:
        what = f"the members of `{entity}` share a channel, so they have one connection and fail together"
        raise book.error(path, what, f"write `{kind}: {entity}`")
    return _spelt(counts, section, entity) + (f"[{member}]" if member is not None else "")


def _counts(model: Model) -> dict[tuple[str, str], int]:
    """Count the members of everybody who may be hit."""
    counts = {("nodes", node.name): 1 for node in model.nodes}
    counts |= {("producers", group.name): group.count for group in model.producers}
    return counts | {("consumers", group.name): group.count for group in model.consumers}


def _spelt(counts: Iterable[tuple[str, str]], section: str, entity: str) -> str:
    """Write a name, with its section only where it is not alone."""
    alone = sum(name == entity for _, name in counts) == 1
    return entity if alone else f"{section}.{entity}"
