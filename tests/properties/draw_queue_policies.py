"""Queue policies for random models: times to live, dead letters and their cycles, bytes, priorities, limits, turns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from mqlab.model import DeadLetter, Model, ProducerGroup, Queue

MS = 1_000_000
TIMES = [0, 2 * MS, 10 * MS, 40 * MS]
WEIGHTS = [((7, 1.0),), ((0, 0.5), (9, 0.5)), ((1, 0.2), (2, 0.3), (200, 0.5))]


def enrich(draw: Any, model: Model) -> Model:
    """Give some queues policies, and some messages times to live and priorities."""

    def now_and_then(values: list[Any], nothing: Any) -> Any:
        return draw(st.sampled_from([nothing, nothing, *values]))

    names = [queue.name for queue in model.queues]
    exchanges = [exchange.name for exchange in model.exchanges]

    def letter() -> DeadLetter:
        if draw(st.booleans()):
            return DeadLetter("", draw(st.sampled_from([None, *names])))
        return DeadLetter(draw(st.sampled_from(exchanges)), draw(st.sampled_from([None, "k", "l"])))

    def policies(queue: Queue) -> Queue:
        to = letter() if draw(st.sampled_from([True, True, False])) else None
        overflow = queue.overflow
        if to is not None and draw(st.sampled_from([False, False, True])):
            overflow = "reject-publish-dlx"
        return replace(
            queue,
            dead_letter=to,
            overflow=overflow,
            ttl_ns=now_and_then(TIMES, -1),
            max_bytes=now_and_then([0, 150, 12_000], -1),
            max_priority=now_and_then([1, 9, 255], 0),
            single_active_consumer=draw(st.sampled_from([False, False, True])),
            delivery_limit=now_and_then([0, 1, 3], -1),
        )

    def carried(group: ProducerGroup) -> ProducerGroup:
        message = replace(
            group.message, ttl_ns=now_and_then(TIMES, -1), priorities=now_and_then(WEIGHTS, ())
        )
        return replace(group, message=message)

    return replace(
        model,
        queues=tuple(policies(queue) for queue in model.queues),
        producers=tuple(carried(group) for group in model.producers),
        consumers=tuple(replace(group, priority=now_and_then([1, 5], 0)) for group in model.consumers),
    )
