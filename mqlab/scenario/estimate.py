"""How big a run will be, before it is run: messages, events, bytes; and the refusal of what cannot fit."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from mqlab.errors import BadInput
from mqlab.model import Arrivals, Distribution, Model, ProducerGroup, time_shares
from mqlab.routing import router_of
from mqlab.units import format_count, format_size

__all__ = [
    "DISK_MAX_BYTES", "EVENTS_BY_DEFAULT", "MESSAGES_MAX", "Estimate", "estimate",
    "guard", "level_for", "mean_ns",
]  # fmt: skip

EVENTS_PER_MESSAGE: Final = 14
"""A message on its way through one queue: created, sent, arrived, enqueued, written, synced, confirm sent,
confirmed, dispatched, delivered, started, processed, acknowledgement sent, acknowledged."""
_EVENTS_PER_REFUSAL: Final = 7
"""Refused, told so, backed off, buffered, sent again, arrived, and refused once more."""
_EVENTS_PER_REPLICA: Final = 6
"""A flush begins, ends, and a replica has it: for the message, and for its acknowledgement."""
_COUNTS_BYTES: Final = 2 * 2**20
"""Counters, histograms and time series have a fixed size."""

EVENTS_BY_DEFAULT: Final = 20_000_000
"""Up to so many events a run keeps them all unless told otherwise; above, fates only."""
DISK_MAX_BYTES: Final = 16 * 2**30
"""Largest trace that is written: 16 GiB before compression."""
MESSAGES_MAX: Final = 2_000_000_000
"""Most messages in one run: at a million a second, half an hour."""

Level = Literal["counts", "fates", "events"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """How big a run will be, roughly and rather too large than too small."""

    messages: int
    events: int
    bytes_by_level: Mapping[str, int]
    """Size of the trace at each level, before compression."""


def estimate(model: Model) -> Estimate:
    """Estimate a run from its model: arrivals integrated over time, events and rows per message.

    Examples
    --------
    >>> from mqlab.scenario import load
    >>> estimate(load("flash-sale").model).messages > 10_000
    True
    """
    from mqlab.trace.schema import EVENT, FATE

    messages, copies, again = 0.0, 0.0, 0.0
    letters = 2.0 if any(queue.dead_letter for queue in model.queues) else 1.0
    for producer in model.producers:
        sent = _created(model, producer)
        messages += sent
        copies += sent * max(1.0, _queues_reached(model, producer)) * letters
        if producer.request is not None:  # and as many replies
            messages += sent
            copies += sent
        again += sent * _tries_more(model, producer)
    replicas = max((len(queue.replicas) for queue in model.queues), default=0)
    events = int(copies * (EVENTS_PER_MESSAGE + replicas * _EVENTS_PER_REPLICA) + again * _EVENTS_PER_REFUSAL)
    rows = int(copies * 1.1) * FATE.itemsize
    by_level = {
        "counts": _COUNTS_BYTES,
        "fates": _COUNTS_BYTES + rows,
        "events": _COUNTS_BYTES + rows + events * EVENT.itemsize,
    }
    return Estimate(int(messages), events, by_level)


def mean_ns(shape: Distribution | None) -> float:
    """Mean of a distribution in ns; of parallel parts an upper bound, their sum.

    Examples
    --------
    >>> fixed, spread = Distribution("constant", (5.0,)), Distribution("uniform", (1.0, 3.0))
    >>> mean_ns(Distribution("serial", (), (fixed, spread)))
    7.0
    """
    if shape is None:
        return 0.0
    p = shape.params
    match shape.kind:
        case "serial" | "parallel":
            return sum(mean_ns(part) for part in shape.parts)
        case "uniform":
            return (p[0] + p[1]) / 2
        case "erlang":
            return p[1]
        case "hyperexponential":
            return p[0] * p[1] + (1 - p[0]) * p[2]
    return p[0]


def _created(model: Model, producer: ProducerGroup) -> float:
    """Integrate a group's arrivals."""
    arrivals = producer.arrivals
    span_s = max(0, arrivals.stop_ns - arrivals.start_ns) / 1e9
    expected = 0.0
    match arrivals.kind:
        case "poisson" | "constant":
            expected = arrivals.rate_per_s * span_s
        case "ramp":
            rising_s = min(span_s, arrivals.over_ns / 1e9)
            reached = arrivals.rate_per_s + (arrivals.to_rate_per_s - arrivals.rate_per_s) * (
                rising_s / (arrivals.over_ns / 1e9)
            )
            expected = (arrivals.rate_per_s + reached) / 2 * rising_s
            expected += arrivals.to_rate_per_s * (span_s - rising_s)
        case "piecewise":
            ends = [step.from_ns / 1e9 for step in arrivals.steps[1:]] + [span_s]
            for step, end_s in zip(arrivals.steps, ends, strict=True):
                expected += step.rate_per_s * max(0.0, min(end_s, span_s) - step.from_ns / 1e9)
        case "burst":
            whole, rest_ns = divmod(arrivals.stop_ns - arrivals.start_ns, arrivals.every_ns)
            expected = arrivals.of * (whole + min(1.0, rest_ns / max(arrivals.over_ns, 1)))
        case "mmpp":
            shares = time_shares(arrivals.phases)
            expected = span_s * sum(s * phase.rate_per_s for s, phase in zip(shares, arrivals.phases, strict=True))
        case "hawkes":
            expected = _excited(arrivals, span_s)
        case "trace":
            recorded = arrivals.recording.times_ns if arrivals.recording else ()
            expected = bisect_left(recorded, arrivals.stop_ns - arrivals.start_ns)
        case "closed":
            expected = producer.count * span_s * 1e9 / _cycle_ns(model, producer)
        case "by_hand":
            return 0.0
    return expected if arrivals.messages_max < 0 else min(expected, float(arrivals.messages_max))


def _excited(arrivals: Arrivals, span_s: float) -> float:
    """Mean number of self-exciting arrivals that begin without a past: the rate climbs to base / (1 - branching)."""
    final, calm = arrivals.rate_per_s / (1 - arrivals.branching), 1 - arrivals.branching
    climb_s = arrivals.decay_ns / 1e9 / calm
    return final * (span_s - arrivals.branching * climb_s * (1 - math.exp(-span_s / climb_s)))


def _cycle_ns(model: Model, producer: ProducerGroup) -> float:
    """Mean time one turn of a closed loop takes at least."""
    cycle = mean_ns(producer.arrivals.think) + mean_ns(producer.prepare)
    if producer.record is not None and producer.record.order == "write-first":
        cycle += mean_ns(producer.record.takes)
    if producer.request is not None:
        cycle += mean_ns(producer.link.up.latency) + mean_ns(producer.link.down.latency)
        cycle += min((mean_ns(consumer.service) for consumer in model.consumers), default=0.0)
    if producer.confirm is not None:
        cycle += mean_ns(producer.link.up.latency) + mean_ns(producer.link.down.latency)
        cycle += next(node.publish_ns for node in model.nodes if node.name == producer.node)
        if producer.confirm.when == "processed" and model.consumers:
            cycle += min(mean_ns(consumer.service) for consumer in model.consumers)
    return max(cycle, 1.0)


def _tries_more(model: Model, producer: ProducerGroup) -> float:
    """Guess how often a message is sent again: where a full queue refuses, half of the tries allowed."""
    if producer.buffer is not None and producer.buffer.when_full == "fail":
        return (producer.retry.attempts - 1) / 2
    bounded = [queue for queue in model.queues if queue.max_length >= 0 or queue.max_bytes >= 0]
    refusing = any(queue.overflow.startswith("reject-publish") for queue in bounded)
    return (producer.retry.attempts - 1) / 2 if refusing and producer.confirm is not None else 0.0


def _queues_reached(model: Model, producer: ProducerGroup) -> float:
    """Mean number of queues that a message reaches."""
    where, router = producer.destination, router_of(model)
    return sum(
        weight * len(router.route(where.exchange, key, headers, vhost=producer.vhost))
        for key, headers, weight in where.ways
    )


def level_for(expected: Estimate) -> Level:
    """Choose the trace level of a run that does not say: the fullest that is not too large.

    Examples
    --------
    >>> level_for(Estimate(10, 120, {})), level_for(Estimate(10**7, 12 * 10**7, {"fates": 10**9}))
    ('events', 'fates')
    """
    if expected.events <= EVENTS_BY_DEFAULT:
        return "events"
    return "fates" if expected.bytes_by_level["fates"] <= DISK_MAX_BYTES else "counts"


def guard(expected: Estimate, level: Level) -> None:
    """Refuse a run that cannot fit.

    Raises ------ BadInput If it has more than MESSAGES_MAX messages, or its trace more than DISK_MAX_BYTES;
    the mend says what would fit.

    Examples
    --------
    >>> guard(Estimate(10, 120, {"events": 10_000}), "events")
    """
    if expected.messages > MESSAGES_MAX:
        raise BadInput(
            f"the run would have about {format_count(expected.messages)} messages, at most "
            f"{format_count(MESSAGES_MAX)} fit",
            mend=f"divide `duration` or the rates by {-(-expected.messages // MESSAGES_MAX)}",
        )
    size = expected.bytes_by_level[level]
    if size > DISK_MAX_BYTES:
        lower = next(
            (name for name in ("fates", "counts") if expected.bytes_by_level[name] <= DISK_MAX_BYTES),
            "counts",
        )
        raise BadInput(
            f"the trace would need about {format_size(size)}, at most {format_size(DISK_MAX_BYTES)} fit",
            mend=f"use --trace {lower}, a shorter `duration`, or lower rates",
        )
