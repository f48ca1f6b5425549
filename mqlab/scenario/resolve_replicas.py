"""Replicated queues of a scenario → the model's; and one clear word where a system or a queue cannot have them."""

from __future__ import annotations

from dataclasses import replace

from mqlab.model import Connection, ConsumerGroup, Model, Node, ProducerGroup, Queue
from mqlab.scenario import lower
from mqlab.scenario.defaults import Book, Path
from mqlab.scenario.groups import ConnectionSpec, ConsumerSpec, ProducerSpec
from mqlab.scenario.reader import read
from mqlab.scenario.shapes import DistributionSpec
from mqlab.scenario.spec import NodeSpec, QueueSpec, ScenarioSpec
from mqlab.units import parse_count, parse_duration

__all__ = ["clustered", "refuse_pauses"]

_CHOOSE = "leave it out, or choose `system: rabbitmq-quorum`"


def clustered(book: Book, spec: ScenarioSpec, model: Model) -> Model:
    """Give queues their replicas and clients their nodes, if the system replicates; else refuse those words."""
    model = replace(
        model,
        nodes=tuple(_node(book, node, spec.nodes.get(node.name, NodeSpec())) for node in model.nodes),
        queues=tuple(_queue(book, queue, spec.queues[queue.name], model.nodes) for queue in model.queues),
    )
    return replace(
        model,
        producers=tuple(_producer(book, model, group, spec.producers[group.name]) for group in model.producers),
        consumers=tuple(_consumer(book, model, group, spec.consumers[group.name]) for group in model.consumers),
    )


def refuse_pauses(book: Book, model: Model) -> Model:
    """Refuse to let a node stand still that holds replicas: its peers would elect another leader behind its back."""
    names = {node.name for node in model.nodes}
    for fault in model.faults if book.system.replicated else ():
        if fault.kind == "pause" and fault.target.removeprefix("nodes.") in names:
            what = f"a node with replicas (`{fault.target}`) that stands still is not simulated by this version"
            raise book.error(("faults",), what, "let it crash, or choose `system: rabbitmq`")
    return model


def _node(book: Book, node: Node, spec: NodeSpec) -> Node:
    path: Path = ("nodes", node.name)
    if not book.system.replicated:
        if spec.network is not None:
            what = f"nodes of system '{book.system.name}' have nothing to say to each other"
            raise book.error((*path, "network"), what, _CHOOSE, key=True)
        return node
    if node.disk.lies_ns:
        what = "a disk that lies under a replica is not simulated by this version"
        raise book.error((*path, "disk", "lies"), what, "leave it out, or choose `system: rabbitmq`", key=True)
    given = None if spec.network is None else spec.network.latency
    return replace(node, network_ns=book.pick(given, (*path, "network", "latency"), parse_duration))


def _queue(book: Book, queue: Queue, spec: QueueSpec, nodes: tuple[Node, ...]) -> Queue:
    path: Path = ("queues", queue.name)
    if not book.system.replicated:
        for word in ("replicas", "election", "suspect"):
            if getattr(spec, word) is not None:
                what = f"a queue of system '{book.system.name}' lives on one node, so `{word}` means nothing"
                raise book.error((*path, word), what, _CHOOSE, key=True)
        return queue
    _refuse_what_is_not_replicated(book, path, spec)
    names = [node.name for node in nodes]
    wanted = spec.replicas
    if wanted is None:
        wanted = min(parse_count(book.text((*path, "replicas"))), len(names))
        used = ".".join(map(str, (*path, "replicas")))
        book.used[used] = (used, str(wanted), book.used[used][2])
    elif wanted > len(names):
        raise book.error(
            (*path, "replicas"),
            f"{wanted} replicas need {wanted} nodes, and there {'is' if len(names) == 1 else 'are'} {len(names)}",
            "lower `replicas`, or name more in `nodes`",
        )
    first = names.index(queue.node)
    election = spec.election
    if election is None:
        election = DistributionSpec.model_validate(read(book.text((*path, "election")), "default").data())
    return replace(
        queue,
        replicas=tuple(names[(first + i) % len(names)] for i in range(wanted)),
        election=lower.distribution(book, (*path, "election"), election),
        suspect_ns=book.pick(spec.suspect, (*path, "suspect"), parse_duration),
    )


_NEVER: dict[str, tuple[tuple[object, ...], str]] = {
    # field of a queue: (values that are refused, why)
    "durable": ((False,), "a quorum queue is always durable"),
    "overflow": (
        ("reject-publish-dlx", "drop-newest"),
        "a quorum queue drops its oldest or refuses its newest, and does nothing else when it is full",
    ),
    "exclusive": ((True,), "a quorum queue cannot be exclusive: it outlives every connection"),
    "auto_delete": ((True,), "a quorum queue is not meant to be temporary"),
    "mode": (("lazy",), "a quorum queue has no lazy mode: its messages are on disk and nowhere else"),
}


def _refuse_what_is_not_replicated(book: Book, path: Path, spec: QueueSpec) -> None:
    for word, (refused, why) in _NEVER.items():
        if getattr(spec, word, None) in refused:
            raise book.error((*path, word), why, "leave it out, or choose `system: rabbitmq`")
    if getattr(spec, "max_priority", None) is not None:
        what, mend = "a quorum queue has no `max_priority`", "use a queue for each priority, or `system: rabbitmq`"
        raise book.error((*path, "max_priority"), what, mend, key=True)


def _producer(book: Book, model: Model, group: ProducerGroup, spec: ProducerSpec) -> ProducerGroup:
    path: Path = ("producers", group.name)
    if book.system.replicated and not group.message.persistent:
        what = "a quorum queue keeps every message on disk, so none is transient"
        raise book.error((*path, "message", "persistent"), what, "leave it out, or choose `system: rabbitmq`")
    if book.system.replicated and group.transactions is not None:
        what = "transactions are not simulated with replicas by this version"
        raise book.error((*path, "transactions"), what, "use `confirm`, or choose `system: rabbitmq`", key=True)
    connection = _homes(book, path, group.connection, spec.connection, model, group.node)
    first = next(iter(connection.nodes), group.node)
    if spec.node is not None and spec.node != first:
        what = f"`node: {spec.node}` and the first of `connection.nodes`, `{first}`, contradict each other"
        raise book.error((*path, "node"), what, "leave `node` out: the first of the list is tried first")
    return replace(group, connection=connection, node=first)


def _consumer(book: Book, model: Model, group: ConsumerGroup, spec: ConsumerSpec) -> ConsumerGroup:
    leader = next(queue.node for queue in model.queues if queue.name == group.queue)
    path: Path = ("consumers", group.name)
    if book.system.replicated and group.channel >= 0:
        what = "a quorum queue knows no prefetch that consumers share (global QoS)"
        raise book.error((*path, "prefetch"), what, "write for instance `prefetch: 20`, for each consumer")
    if book.system.replicated and group.exclusive:
        what = "a quorum queue has no exclusive consumers"
        raise book.error((*path, "exclusive"), what, "use `single_active_consumer: true` on the queue")
    if book.system.replicated and group.acks is not None:
        what = "acknowledgements of several deliveries are not simulated with replicas by this version"
        raise book.error((*path, "acks"), what, "leave it out, or choose `system: rabbitmq`", key=True)
    return replace(group, connection=_homes(book, path, group.connection, spec.connection, model, leader))


def _homes(
    book: Book, owner: Path, connection: Connection, spec: ConnectionSpec | None, model: Model, first: str
) -> Connection:
    """Say which nodes a client may connect to, in the order in which it tries them."""
    path: Path = (*owner, "connection", "nodes")
    written = None if spec is None else spec.nodes
    known = [node.name for node in model.nodes]
    if not book.system.replicated:
        if written is not None:
            what = f"a client of system '{book.system.name}' has one node to connect to"
            raise book.error(path, what, _CHOOSE, key=True)
        return connection
    if written is None or written == "all":
        if written is None:
            book.text(path)
        at = known.index(first)
        return replace(connection, nodes=tuple(known[at:] + known[:at]))
    if not written:
        raise book.error(path, "there is no node to connect to", "name at least one")
    for i, name in enumerate(written):
        if name not in known:
            raise book.unknown((*path, i), "node", name, known)
        if name in written[:i]:
            raise book.error((*path, i), f"`{name}` stands there twice", "name each node once")
    return replace(connection, nodes=tuple(written))
