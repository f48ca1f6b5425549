"""Scenario → model: defaults filled in from the system, names looked up, contradictions refused."""

from __future__ import annotations

from typing import Literal

from mqlab.model import ConsumerGroup, Disk, Memory, Model, Node, Queue
from mqlab.routing import HOST
from mqlab.scenario import lower
from mqlab.scenario import resolve_routing as routing
from mqlab.scenario.defaults import Book, Path, flag, word
from mqlab.scenario.estimate import mean_ns
from mqlab.scenario.faults import resolve_faults
from mqlab.scenario.requests import refuse_stealing
from mqlab.scenario.resolve_consumers import check_memories
from mqlab.scenario.resolve_groups import at_node, consumer, producer
from mqlab.scenario.resolve_ledgers import resolve_ledger
from mqlab.scenario.resolve_logs import refuse_log_words, resolve_log
from mqlab.scenario.resolve_policies import check_policies, queue_policies
from mqlab.scenario.resolve_replicas import clustered, refuse_pauses
from mqlab.scenario.spec import (
    ConnectionsSpec,
    CpuSpec,
    DiskSpec,
    MemorySpec,
    NodeSpec,
    QueueSpec,
    ScenarioSpec,
)
from mqlab.units import parse_bandwidth, parse_count, parse_duration

__all__ = ["resolve"]

GROUPS_MAX = 1000


def resolve(spec: ScenarioSpec, book: Book, name: str) -> Model:
    """Make a model of a scenario; ScenarioError where its parts do not fit each other."""
    if book.system.bookies:
        return resolve_ledger(spec, book, name)
    if book.system.log:
        return resolve_log(spec, book, name)
    refuse_log_words(book, spec)
    _check_mechanisms(spec, book)
    if not spec.producers or not spec.queues:
        section = "queues" if not spec.queues else "producers"
        example = "orders: {}" if not spec.queues else "buyers: {arrivals: {poisson: 100/s}}"
        raise book.error((section,), f"the scenario has no {section}", f"add for instance `{section}: {{{example}}}`")
    for section in ("nodes", "links", "exchanges", "queues", "producers", "consumers"):
        if len(getattr(spec, section)) > GROUPS_MAX:
            raise book.error((section,), f"more than {GROUPS_MAX} entries", "use `count` for members that are alike")
    written = spec.nodes or dict.fromkeys(book.system.nodes, NodeSpec())
    nodes = tuple(_node(book, spec, n, s) for n, s in written.items())
    exchanges = tuple(routing.exchange(book, n, spec) for n in spec.exchanges)
    bindings = routing.bindings(book, spec, exchanges)
    for queue_name, queue in spec.queues.items():
        routing.check_life(book, spec, queue_name, queue)
    if spec.warmup is not None and spec.warmup >= spec.duration:
        raise book.error(("warmup",), "`warmup` is not shorter than `duration`", "shorten it")
    model = Model(
        name=spec.name or name,
        system=book.system.name,
        seed=book.pick(spec.seed, ("seed",), parse_count),
        duration_ns=spec.duration,
        drain_ns=book.pick(spec.drain, ("drain",), parse_duration),
        warmup_ns=book.pick(spec.warmup, ("warmup",), parse_duration),
        nodes=nodes,
        exchanges=exchanges,
        queues=tuple(_queue(book, spec, n, s, nodes) for n, s in spec.queues.items()),
        bindings=bindings,
        producers=tuple(
            producer(book, spec, nodes, n, s, (exchanges, bindings)) for n, s in spec.producers.items()
        ),
        consumers=tuple(consumer(book, spec, n, s) for n, s in spec.consumers.items()),
    )
    model = clustered(book, spec, model)
    for group in model.consumers:
        _refuse_endless(book, model, group)
        refuse_stealing(book, model, group)
    check_memories(book, model)
    check_policies(book, model)
    return refuse_pauses(book, resolve_faults(spec, book, model))


def _refuse_endless(book: Book, model: Model, group: ConsumerGroup) -> None:
    """Refuse redelivery that takes no time: a message that always fails would go round for ever at one moment."""
    failing = group.exceptions
    looks = group.expects_record is not None and group.expects_record.otherwise == "requeue"
    fails = failing is not None and failing.probability > 0 and not failing.times
    fails = fails and failing is not None and failing.then in ("requeue", "crash")
    if not fails and not looks:
        return
    home = next(queue.node for queue in model.queues if queue.name == group.queue)
    takes: float = next(node.deliver_ns for node in model.nodes if node.name == home)
    takes += mean_ns(group.link.up.latency) + mean_ns(group.link.down.latency)
    if looks and takes < 1:
        what = "a task without a state would come back in no time, for ever"
        raise book.error(("consumers", group.name, "expects_record"), what, "give its `link` a latency")
    takes += mean_ns(group.service)
    if failing is None or not fails:
        return
    if failing.then == "crash":
        takes += group.restart_ns
    if takes < 1 and group.service is not None:
        what = "a message that fails would come back in no time, for ever"
        raise book.error(("consumers", group.name, "exceptions"), what, "write for instance `service: 1 ms`")


def _check_mechanisms(spec: ScenarioSpec, book: Book) -> None:
    routing.check_words(spec, book)
    has = book.system.mechanisms
    for section in ("exchanges", "bindings"):
        if getattr(spec, section) and section not in has:
            what = f"`{section}` mean nothing to system '{book.system.name}'"
            raise book.error((section,), what, "remove them, or choose a system with exchanges", key=True)


def _node(book: Book, scenario: ScenarioSpec, name: str, spec: NodeSpec) -> Node:
    cpu, disk, path = spec.cpu or CpuSpec(), spec.disk or DiskSpec(), ("nodes", name)
    crowd = spec.connections or ConnectionsSpec()
    fsync = disk.fsync
    lazy = any(queue.mode == "lazy" for queue in scenario.queues.values())
    return Node(
        name,
        book.pick(cpu.publish, (*path, "cpu", "publish"), parse_duration),
        book.pick(cpu.deliver, (*path, "cpu", "deliver"), parse_duration),
        Disk(
            lower.constant(book.text((*path, "disk", "fsync")))
            if fsync is None
            else lower.distribution(book, (*path, "disk", "fsync"), fsync),
            book.pick(disk.bandwidth, (*path, "disk", "bandwidth"), parse_bandwidth),
            book.pick(disk.group_commit, (*path, "disk", "group_commit"), parse_duration),
            lies_ns=disk.lies or 0,
            seek_ns=book.pick(disk.seek, (*path, "disk", "seek"), parse_duration) if lazy else disk.seek or 0,
        ),
        memory=_memory(book, (*path, "memory"), spec.memory),
        ack_ns=book.pick(cpu.ack, (*path, "cpu", "ack"), parse_duration),
        connect_ns=book.pick(cpu.connect, (*path, "cpu", "connect"), parse_duration),
        connections_max=book.pick(crowd.max, (*path, "connections", "max"), _bound),
        handshake_timeout_ns=book.pick(crowd.handshake, (*path, "connections", "handshake"), parse_duration),
    )


def _bound(text: str) -> int:
    """Read a limit in a system's table; -1: there is none."""
    return -1 if text == "unbounded" else parse_count(text)


def _mode(book: Book, path: Path, spec: QueueSpec) -> Literal["default", "lazy"]:
    if spec.mode != "lazy":
        return "default"
    if "alarms" not in book.system.mechanisms:
        what = f"a lazy queue means nothing to system '{book.system.name}'"
        raise book.error((*path, "mode"), what, "leave `mode` out, or choose a system with a broker", key=True)
    if spec.replicas:
        what = "`mode: lazy` and `replicas` exclude each other: a replicated queue stands on the disk anyway"
        raise book.error((*path, "mode"), what, "remove one of them", key=True)
    return "lazy"


def _memory(book: Book, path: Path, spec: MemorySpec | None) -> Memory | None:
    if spec is None:
        return None
    if "alarms" not in book.system.mechanisms:
        what = f"`memory` means nothing to system '{book.system.name}'"
        raise book.error(path, what, "leave it out, or choose a system with a broker", key=True)
    if spec.limit == 0:
        raise book.error((*path, "limit"), "a limit of 0 would block every publisher", "write for instance `400 MB`")
    return Memory(spec.limit, book.pick(spec.check, (*path, "check"), parse_duration))


def _queue(book: Book, scenario: ScenarioSpec, name: str, spec: QueueSpec, nodes: tuple[Node, ...]) -> Queue:
    path: Path = ("queues", name)

    def length(text: str) -> int:
        return -1 if text == "unbounded" else parse_count(text)

    return Queue(
        name,
        at_node(book, path, spec.node, nodes),
        book.pick(spec.durable, (*path, "durable"), flag),
        book.pick(spec.max_length, (*path, "max_length"), length),
        book.pick(spec.overflow, (*path, "overflow"), word),
        vhost=spec.vhost or HOST,
        exclusive=bool(spec.exclusive),
        auto_delete=bool(spec.auto_delete),
        expires_ns=spec.expires or 0,
        mode=_mode(book, path, spec),
        **queue_policies(book, scenario, name, spec),
    )
