"""Policies of queues and what goes with them: limits, times to live, dead letters, priorities, turns of consumers."""

from __future__ import annotations

from typing import Any

from mqlab.model import ConsumerGroup, DeadLetter, Model, ProducerGroup
from mqlab.routing import dead_letter_way, router_of
from mqlab.scenario.defaults import Book, Path
from mqlab.scenario.groups import MessageSpec
from mqlab.scenario.spec import QueueSpec, ScenarioSpec
from mqlab.units import parse_count

__all__ = ["check_policies", "message_policies", "queue_policies"]


def queue_policies(book: Book, scenario: ScenarioSpec, name: str, spec: QueueSpec) -> dict[str, Any]:
    """Resolve the policies of a queue: fields of the model's."""
    path: Path = ("queues", name)

    def limit(text: str) -> int:
        return -1 if text == "unbounded" else parse_count(text)

    return {
        "max_bytes": -1 if spec.max_bytes is None else spec.max_bytes,
        "ttl_ns": -1 if spec.ttl is None else spec.ttl,
        "max_priority": spec.max_priority or 0,
        "dead_letter": _dead_letter(book, scenario, name, spec),
        "single_active_consumer": bool(spec.single_active_consumer),
        "delivery_limit": book.pick(spec.delivery_limit, (*path, "delivery_limit"), limit),
    }


def _dead_letter(book: Book, scenario: ScenarioSpec, name: str, spec: QueueSpec) -> DeadLetter | None:
    path = ("queues", name)
    if spec.dead_letter is None:
        if spec.overflow == "reject-publish-dlx":
            what = f"`{name}` has no `dead_letter` for what it refuses"
            raise book.error((*path, "overflow"), what, "add `dead_letter: {...}`, or write `overflow: reject-publish`")
        return None
    exchange, key = spec.dead_letter.exchange or "", spec.dead_letter.routing_key
    here = (*path, "dead_letter")
    if exchange and exchange not in scenario.exchanges:
        raise book.unknown((*here, "exchange"), "exchange", exchange, scenario.exchanges)
    if exchange and (scenario.exchanges[exchange].vhost or "/") != (spec.vhost or "/"):
        what = f"the exchange `{exchange}` is in another virtual host than `{name}`"
        raise book.error((*here, "exchange"), what, "give both the same `vhost`, or name another exchange")
    if not exchange and key is not None and key not in scenario.queues:
        raise book.unknown((*here, "routing_key"), "queue", key, scenario.queues)
    return DeadLetter(exchange, key)


def message_policies(spec: MessageSpec) -> dict[str, Any]:
    """Resolve what messages carry for the queues they will stand in: fields of the model's."""
    written = spec.priority
    weights = written if isinstance(written, dict) else {} if written is None else {written: 1.0}
    total = sum(weights.values())
    return {
        "ttl_ns": -1 if spec.ttl is None else spec.ttl,
        "priorities": tuple((int(value), weight / total) for value, weight in weights.items()),
    }


def check_policies(book: Book, model: Model) -> None:
    """Refuse what contradicts itself, or can have no effect."""
    for producer in model.producers:
        if producer.message.priorities:
            _check_priorities(book, model, producer)
    for consumer in model.consumers:
        if consumer.exclusive:
            _check_exclusive(book, model, consumer)


def _check_priorities(book: Book, model: Model, producer: ProducerGroup) -> None:
    """Refuse a priority that no queue knows of: the broker would ignore it in silence."""
    reached = _reached(model, producer)
    if not any(queue.max_priority for queue in model.queues if queue.name in reached or not reached):
        names = sorted(reached) or ["orders"]
        raise book.error(
            ("producers", producer.name, "message", "priority"),
            "no queue that these messages reach has priorities, so they would have no effect",
            f"add `max_priority: 10` to `queues.{names[0]}`",
        )


def _reached(model: Model, producer: ProducerGroup) -> set[str]:
    """Find every queue that a group's messages may come to, also as dead letters."""
    where, router = producer.destination, router_of(model)
    seen: set[tuple[str, tuple[str, tuple[tuple[str, str], ...]]]] = set()
    waiting = []
    for key, headers, _ in where.ways:
        names = router.route(where.exchange, key, headers, vhost=producer.vhost)
        waiting += [(name, (key, tuple(headers))) for name in names]
    by_name = {queue.name: queue for queue in model.queues}
    while waiting:
        name, way = waiting.pop()
        if (name, way) not in seen:
            seen.add((name, way))
            following, names = dead_letter_way(model, by_name[name], way)
            waiting += [(each, following) for each in names]
    return {name for name, _ in seen}


def _check_exclusive(book: Book, model: Model, consumer: ConsumerGroup) -> None:
    """Refuse other consumers where one is exclusive, as the broker does."""
    path = ("consumers", consumer.name, "exclusive")
    others = [each.name for each in model.consumers if each.queue == consumer.queue and each.name != consumer.name]
    if others or consumer.count > 1:
        who = f"`{others[0]}` consumes" if others else f"`{consumer.name}` has {consumer.count} members that consume"
        what = f"{who} from `{consumer.queue}` too, and the broker refuses that (403 ACCESS_REFUSED)"
        raise book.error(path, what, "keep one consumer, or use `single_active_consumer: true` on the queue")
    queue = next(queue for queue in model.queues if queue.name == consumer.queue)
    if queue.single_active_consumer:
        what = f"`{queue.name}` has a single active consumer, and the broker refuses exclusive ones there"
        raise book.error(path, what, "keep one of the two")
