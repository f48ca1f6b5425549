"""What a model makes possible: pure questions that contracts ask, each answered by reasons in words.

Every function errs on one side: where it cannot rule a thing out, the thing is possible. A contract that
promises too much would call right behaviour wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from mqlab.model import ConsumerGroup, Fault, Link, Model, ProducerGroup, Queue
from mqlab.routing import router_of

__all__ = [
    "acknowledges_unread",
    "breaks_consumer",
    "breaks_producer",
    "consumers_of",
    "copies_possible",
    "deleted_with_messages",
    "feeders_of",
    "lies",
    "loses_memory",
    "queues_of",
    "redelivery_possible",
    "remembers_all",
    "reorders_link",
    "resends",
    "works_at_once",
]  # fmt: skip

_VERBS = {
    "crash": "crashes", "power_loss": "loses power", "reset": "is cut off", "silence": "falls silent",
    "disk_full": "has a full disk", "partition": "is cut off in one direction", "pause": "stands still",
    "slow": "is slow", "clock": "has a wrong clock",
}  # fmt: skip
_BREAKS_NOTHING = {"disk_full", "slow", "clock"}
"""Faults that end no connection and take nothing away."""
_BREAKING = ("crash", "power_loss", "reset", "silence", "partition", "pause")
"""Faults that may end a connection: a pause does so where somebody waits for heartbeats."""


def queues_of(model: Model, producer: ProducerGroup) -> tuple[Queue, ...]:
    """Queues that messages of a group may reach; a hand-written producer may reach them all."""
    if producer.arrivals.kind == "by_hand":
        return model.queues
    where, router = producer.destination, router_of(model)
    reached: set[str] = set()
    for key, headers, weight in where.ways:
        if weight > 0:
            reached.update(router.reach(where.exchange, key, headers, vhost=producer.vhost))
    return tuple(queue for queue in model.queues if queue.name in reached)


def feeders_of(model: Model, queue: Queue) -> tuple[ProducerGroup, ...]:
    """Find the groups whose messages may reach a queue."""
    return tuple(p for p in model.producers if queue in queues_of(model, p))


def consumers_of(model: Model, queue: Queue) -> tuple[ConsumerGroup, ...]:
    """Find the groups that consume from a queue."""
    return tuple(c for c in model.consumers if c.queue == queue.name)


def _faults_on(model: Model, section: str, name: str, *kinds: str) -> Iterator[Fault]:
    for fault in (*model.faults, *(random.fault for random in model.random_faults)):
        base = fault.target.partition("[")[0]
        wanted = fault.kind in kinds if kinds else fault.kind not in _BREAKS_NOTHING
        if wanted and base in (name, f"{section}.{name}"):
            yield fault


def _faults_on_nodes(model: Model, nodes: tuple[str, ...], *kinds: str) -> Iterator[Fault]:
    for node in nodes:
        yield from _faults_on(model, "nodes", node, *kinds)


def _told(fault: Fault) -> str:
    return f"`{fault.target}` {_VERBS[fault.kind]}"


def loses_memory(model: Model, node: str) -> str:
    """Say what takes a node's memory away, or nothing."""
    return next((_told(fault) for fault in _faults_on(model, "nodes", node, "crash", "power_loss")), "")


def lies(model: Model, name: str) -> str:
    """Say what a node's lying disk makes a power cut take, or nothing."""
    node = next(node for node in model.nodes if node.name == name)
    cut = next((_told(fault) for fault in _faults_on(model, "nodes", name, "power_loss")), "")
    return f"{cut}, whose disk says \"synced\" while data are in the drive's cache" if cut and node.disk.lies_ns else ""


def deleted_with_messages(model: Model, queue: Queue) -> str:
    """Say what may delete a queue with what stands in it, or nothing."""
    name, users = queue.name, consumers_of(model, queue)
    broken = next(filter(None, (breaks_consumer(model, consumer, queue) for consumer in users)), "")
    if (queue.exclusive or queue.auto_delete) and broken:
        how = "exclusive" if queue.exclusive else "auto_delete"
        return f"queue `{name}` is deleted with its last consumer ({how}), and {broken}"
    if queue.expires_ns > 0 and not users:
        return f"queue `{name}` expires, and nobody consumes from it"
    if queue.expires_ns > 0 and broken:
        return f"queue `{name}` expires when it has no consumer, and {broken}"
    return ""


def breaks_producer(model: Model, producer: ProducerGroup) -> str:
    """Say what may end or silence a producer's connection, or nothing."""
    for fault in _faults_on(model, "producers", producer.name, *_BREAKING):
        if fault.kind != "pause" or producer.connection.heartbeat_ns > 0:
            return _told(fault)
    homes = producer.connection.nodes or (producer.node,)
    for fault in _faults_on_nodes(model, homes, *_BREAKING):
        if fault.kind != "pause" or producer.connection.heartbeat_ns > 0:
            return _told(fault)
    crowded = next(filter(None, (_crowded(model, node) for node in homes)), "")
    if crowded:
        return crowded
    return f"the link of `{producer.name}` loses packets" if _loss(producer.link) else ""


def breaks_consumer(model: Model, consumer: ConsumerGroup, queue: Queue) -> str:
    """Say what may end a consumer's connection, its life, or what is on the way to it; or nothing."""
    for fault in _faults_on(model, "consumers", consumer.name, *_BREAKING):
        if fault.kind != "pause" or consumer.connection.heartbeat_ns > 0:
            return _told(fault)
    for fault in _faults_on_nodes(model, consumer.connection.nodes or (queue.node,), *_BREAKING):
        if fault.kind != "pause" or consumer.connection.heartbeat_ns > 0:
            return _told(fault)
    if _loss(consumer.link):
        return f"the link of `{consumer.name}` loses packets"
    if consumer.service is None:
        return f"`{consumer.name}` is served by hand"
    failing = consumer.exceptions
    if failing and failing.probability > 0 and failing.then == "crash":
        return f"`{consumer.name}` dies of its exceptions"
    if any(step.how == "kill" for step in consumer.scale):
        return f"members of `{consumer.name}` are killed when it shrinks"
    return ""


def remembers_all(consumer: ConsumerGroup) -> bool:
    """Whether a group's handler recognises whatever it has acted on, however late and however many work at once."""
    memory = consumer.recall
    return consumer.deduplicate and memory.how == "atomic" and not memory.count and not memory.for_ns


def works_at_once(consumer: ConsumerGroup) -> int:
    """How many deliveries a group works on at the same time."""
    return consumer.count * consumer.concurrency


def acknowledges_unread(model: Model, consumer: ConsumerGroup) -> str:
    """Say why a group may acknowledge what it has not processed; or nothing."""
    failing = consumer.exceptions
    if consumer.acks and failing and failing.probability > 0 and failing.then == "hold":
        return f"`{consumer.name}` keeps silent about what it fails on, and acknowledges several at once"
    return ""


def _crowded(model: Model, name: str) -> str:
    """Say that a node does not let everybody in; or nothing."""
    node = next((node for node in model.nodes if node.name == name), None)
    if node is None or node.connections_max < 0:
        return ""
    home = {queue.name: queue.node for queue in model.queues}
    clients = sum(p.count for p in model.producers if p.node == name)
    clients += sum(c.count for c in model.consumers if home.get(c.queue) == name)
    most = node.connections_max
    return f"`{name}` lets only {most} of {clients} clients in" if clients > most else ""


def _loss(link: Link) -> bool:
    return link.up.loses or link.down.loses


def resends(model: Model, producer: ProducerGroup) -> str:
    """Say why a producer may send a message again although the broker may have it; or nothing."""
    if producer.link.up.duplicate > 0:
        return f"the link of `{producer.name}` doubles packets"
    if producer.retry.attempts == 1:
        return ""
    if producer.request is not None:
        return _asks_again(model, producer)
    if producer.confirm is not None:
        if producer.confirm.timeout_ns > 0:
            return f"`{producer.name}` sends again when a confirm is late"
        refusing = [q for q in queues_of(model, producer) if q.max_length >= 0 and q.overflow == "reject-publish"]
        if refusing and len(queues_of(model, producer)) > 1:
            return f"`{producer.name}` sends again to all queues when `{refusing[0].name}` refuses"
        failing = _answers_no(model, producer)
        if failing:
            return f"`{producer.name}` calls again when `{failing}` fails"
        broken = breaks_producer(model, producer)
        if broken:
            return f"`{producer.name}` sends again what was unconfirmed when {broken}"
    return ""


def _asks_again(model: Model, producer: ProducerGroup) -> str:
    """Say why a request may be sent again although the broker may have it; or nothing."""
    if producer.request is not None and producer.request.timeout_ns > 0:
        return f"`{producer.name}` asks again when a reply is late"
    broken = breaks_producer(model, producer)
    return f"`{producer.name}` asks again what was not answered when {broken}" if broken else ""


def _answers_no(model: Model, producer: ProducerGroup) -> str:
    """Name who may refuse a stored message whose confirm waits for the work; or nothing."""
    if producer.confirm is None or producer.confirm.when != "processed":
        return ""
    for queue in queues_of(model, producer):
        for consumer in consumers_of(model, queue):
            failing = consumer.exceptions
            if consumer.service is None or (failing and failing.probability > 0 and failing.then == "reject"):
                return consumer.name
            if breaks_consumer(model, consumer, queue):
                return consumer.name
    return ""


def copies_possible(model: Model, queue: Queue) -> str:
    """Say why a queue may hold one message twice; or nothing."""
    return next(filter(None, (resends(model, producer) for producer in feeders_of(model, queue))), "")


def redelivery_possible(model: Model, queue: Queue) -> str:
    """Say why a copy may be delivered again; or nothing."""
    for consumer in consumers_of(model, queue):
        if consumer.link.up.duplicate > 0 or consumer.link.down.duplicate > 0:
            return f"the link of `{consumer.name}` doubles packets"
        failing = consumer.exceptions
        if failing and failing.probability > 0 and failing.then == "requeue":
            return f"`{consumer.name}` puts back what it fails on"
        broken = breaks_consumer(model, consumer, queue)
        if broken:
            return broken
        if consumer.timeout_ns and consumer.ack == "manual":
            return f"the broker closes the channel of `{consumer.name}` when an acknowledgement is late"
        if consumer.scale and consumer.ack == "manual":
            return f"members of `{consumer.name}` that leave give back what they have not begun"
        if consumer.expects_record is not None and consumer.expects_record.otherwise == "requeue":
            return f"`{consumer.name}` puts back tasks that have no state yet"
    return ""


def reorders_link(link: Link) -> bool:
    """Whether packets may overtake each other."""
    return not link.ordered
