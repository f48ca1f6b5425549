"""Which scenarios are a textbook queue, so that theory can be drawn over what was simulated."""

from __future__ import annotations

from mqlab.errors import BadInput
from mqlab.measure.theory import Station, md1, mg1, mmc
from mqlab.model import ConsumerGroup, Distribution, LinkSide, Message, Model, ProducerGroup, Queue
from mqlab.scenario.estimate import mean_ns

__all__ = ["station_of"]

_OVERHEAD_MAX = 0.05
"""A way through network and broker longer than this share of the service time is no longer a detail."""


def station_of(model: Model) -> Station | None:
    """Find the textbook queue that a scenario is: Poisson arrivals, one queue, servers that take one at a time.

    None if it is none: limits, faults, exceptions, contention, a prefetch that lets messages wait at a consumer, a
    network that is not short beside the work, a service without a closed form, or more arrivals than servers manage.

    Examples
    --------
    >>> from mqlab.scenario import load
    >>> station_of(load("flash-sale").model) is None
    True
    """
    if len(model.producers) != 1 or len(model.consumers) != 1 or len(model.queues) != 1 or model.faults:
        return None
    producer, consumer = model.producers[0], model.consumers[0]
    if not _is_plain(model, producer, consumer):
        return None
    service = consumer.service
    assert service is not None
    rate, mean_s = producer.arrivals.rate_per_s, mean_ns(service) / 1e9
    try:
        if service.kind == "exponential":
            return mmc(rate, mean_s, consumer.count)
        if consumer.count > 1:
            return None
        return _one_server(rate, service, mean_s)
    except BadInput:  # overloaded: there is no steady state
        return None


def _one_server(rate: float, service: Distribution, mean_s: float) -> Station | None:
    if service.kind == "constant":
        return md1(rate, mean_s)
    if service.kind == "lognormal":
        return mg1(rate, mean_s, service.params[1])
    if service.kind == "erlang":
        return mg1(rate, mean_s, service.params[0] ** -0.5)
    if service.kind == "hyperexponential":
        p, first, second = service.params
        squares = 2 * (p * first**2 + (1 - p) * second**2) / 1e18
        return mg1(rate, mean_s, max(0.0, squares / mean_s**2 - 1) ** 0.5)
    return None


def _is_plain(model: Model, producer: ProducerGroup, consumer: ConsumerGroup) -> bool:
    """Say whether nothing but arrivals, waiting and service happens to a message."""
    queue, node = model.queues[0], model.nodes[0]
    again = producer.confirm is not None and producer.confirm.timeout_ns > 0 and producer.retry.attempts > 1
    if producer.arrivals.kind != "poisson" or consumer.service is None or again:
        return False
    if consumer.prefetch != 1 and consumer.count > 1:  # messages would wait at a busy consumer beside an idle one
        return False
    if not _only_basic(queue, producer, consumer):
        return False
    links = (producer.link.up, consumer.link.up, consumer.link.down)
    overhead = sum(mean_ns(side.latency) for side in links) + node.publish_ns + node.deliver_ns
    return overhead <= _OVERHEAD_MAX * mean_ns(consumer.service)


def _only_basic(queue: Queue, producer: ProducerGroup, consumer: ConsumerGroup) -> bool:
    """Say whether every setting beyond the basic ones has its default, whatever settings there are."""
    message, links = producer.message, (producer.link.up, producer.link.down, consumer.link.up, consumer.link.down)
    return (
        queue == Queue(queue.name, queue.node, queue.durable)
        and message == Message(message.size_bytes, message.keys, message.persistent)
        and producer
        == ProducerGroup(
            producer.name, producer.count, producer.arrivals, message, producer.destination, producer.confirm,
            producer.retry, producer.link, producer.connection, producer.node,
        )
        and consumer
        == ConsumerGroup(
            consumer.name, consumer.queue, consumer.count, consumer.prefetch, consumer.ack, consumer.service,
            consumer.link, consumer.connection, consumer.restart_ns, deduplicate=consumer.deduplicate,
        )
        and all(side == LinkSide(side.latency) for side in links)
    )  # fmt: skip
