"""What a model makes possible: pure questions that contracts ask, each answered by reasons in words.

Every function errs on one side: where it cannot rule a thing out, the thing is possible. A contract that
promises too much would call right behaviour wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from mqlab.model import ConsumerGroup, Fault, Link, Model, ProducerGroup, Queue
from mqlab.routing import dead_letter_way, router_of, ways_of

__all__ = [
    "acknowledges_unread",
    "arrives_late",
    "breaks_consumer",
    "breaks_producer",
    "consumers_of",
    "copies_possible",
    "dead_letters_double",
    "dead_letters_into",
    "deleted_with_messages",
    "expires",
    "feeders_of",
    "is_bounded",
    "keeps_what_it_evicts",
    "lies",
    "loses_memory",
    "queues_of",
    "redelivery_possible",
    "refuses",
    "remembers_all",
    "reorders_link",
    "resends",
    "works_at_once",
]  # fmt: skip

_VERBS = {
    "crash": "crashes", "power_loss": "loses power", "reset": "is cut off", "silence": "falls silent",
    "disk_full": "has a full disk", "partition": "is cut off in one direction", "pause": "stands still",
    "slow": "is slow", "clock": "has a wrong clock",
    "split": "is cut off",
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


def is_bounded(queue: Queue) -> bool:
    """Whether a queue can be full."""
    return queue.max_length >= 0 or queue.max_bytes >= 0


def refuses(queue: Queue) -> bool:
    """Whether a queue tells producers no when it is full."""
    return is_bounded(queue) and queue.overflow.startswith("reject-publish")


def dead_letters_into(model: Model, queue: Queue) -> tuple[Queue, ...]:
    """Find the queues whose dead letters may reach this one."""
    ways = ways_of(model)
    return tuple(
        source
        for source in model.queues
        if source.dead_letter and any(queue.name in dead_letter_way(model, source, way)[1] for way in ways)
    )


def dead_letters_double(model: Model, queue: Queue) -> str:
    """Say why one message may reach a queue twice as a dead letter; or nothing."""
    known: list[Queue] = []
    waiting = [queue]
    while waiting:
        place = waiting.pop()
        sources = dead_letters_into(model, place)
        if len(sources) + bool(feeders_of(model, place)) > 1:
            names = [f"`{source.name}`" for source in sources]
            return f"queue `{place.name}` gets messages in more than one way, as dead letters of {' and '.join(names)}"
        for source in sources:
            again = copies_possible(model, source)
            if not again and source.overflow == "reject-publish-dlx":
                again = next((f"`{p.name}` tries again" for p in feeders_of(model, source) if p.retry.attempts > 1), "")
            if again:
                return f"queue `{source.name}` passes dead letters on, and {again}"
        waiting += [source for source in sources if source not in known]
        known += sources
    return ""


def keeps_what_it_evicts(model: Model, queue: Queue) -> bool:
    """Whether everything that a full queue drops reaches another queue: there is one for each way, and no way back."""
    if queue.dead_letter is None or queue.overflow != "drop-head":
        return False
    reached: set[str] = set()
    waiting, ways = [queue.name], ways_of(model)
    by_name = {each.name: each for each in model.queues}
    while waiting:
        found = [dead_letter_way(model, by_name[waiting[-1]], way)[1] for way in ways]
        if waiting.pop() == queue.name and not all(found):
            return False
        new = {name for names in found for name in names} - reached
        reached |= new
        waiting += new
    return queue.name not in reached


def expires(model: Model, queue: Queue) -> bool:
    """Whether what stands in a queue may expire there."""
    return queue.ttl_ns >= 0 or any(p.message.ttl_ns >= 0 for p in feeders_of(model, queue))


def arrives_late(model: Model, queue: Queue) -> str:
    """Say why a message may reach a consumer after its time in a queue is over; or nothing."""
    for fault in model.faults:
        if fault.kind not in ("crash", "power_loss", "reset", "silence"):
            return f"`{fault.target}` is hit by a {fault.kind} fault"
    if next(node for node in model.nodes if node.name == queue.node).deliver_ns > 0:
        return f"the broker takes time to send what it took out of queue `{queue.name}`"
    for consumer in consumers_of(model, queue):
        down = consumer.link.down.latency
        if down.kind != "constant" or down.params[0] > 0:
            return f"a message that was sent in time to `{consumer.name}` may expire on its way"
    again = copies_possible(model, queue) or loses_memory(model, queue.node)
    return f"{again}, and the time of a message that is sent again begins anew" if again else ""


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
    if producer.transactions is not None:
        return _commits_again(model, producer)
    if producer.confirm is not None:
        if producer.confirm.timeout_ns > 0:
            return f"`{producer.name}` sends again when a confirm is late"
        refusing = [q for q in queues_of(model, producer) if refuses(q)]
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


def _commits_again(model: Model, producer: ProducerGroup) -> str:
    """Say why a transaction may be sent again although the broker has it, or a part of it; or nothing."""
    for queue in queues_of(model, producer):
        if refuses(queue):
            return f"`{producer.name}` sends its whole transaction again when `{queue.name}` refuses a part of it"
        taken = loses_memory(model, queue.node)
        if taken:
            return f"`{producer.name}` sends again what may not have been committed when {taken}"
    broken = breaks_producer(model, producer)
    return f"`{producer.name}` sends again what may not have been committed when {broken}" if broken else ""


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
