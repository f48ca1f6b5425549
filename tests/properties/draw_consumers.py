"""Consumers that are not plain: pull, shared channels, collected acknowledgements, time-outs, memories, sizes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from mqlab.model import Acks, ConsumerGroup, Inventory, Model, Recall, Scale

US, MS = 1_000, 1_000_000
HOWS = ("atomic", "check-then-act")


def enrich(draw: st.DrawFn, model: Model) -> Model:
    """Give each group of consumers a few of these mechanisms."""
    consumers = tuple(_enriched(draw, model, group) for group in model.consumers)
    alone = {queue.name for queue in model.queues if sum(c.queue == queue.name for c in consumers) == 1}
    return replace(model, consumers=tuple(c if c.queue in alone else _without_window(c) for c in consumers))


def _enriched(draw: st.DrawFn, model: Model, group: ConsumerGroup) -> ConsumerGroup:
    changed: dict[str, Any] = {}
    wanted = draw(st.sets(st.sampled_from(MECHANISMS), min_size=1, max_size=4))
    for mechanism in sorted(wanted, key=MECHANISMS.index):
        changed |= mechanism(draw, model, replace(group, **changed))
    return replace(group, **changed)


def _without_window(group: ConsumerGroup) -> ConsumerGroup:
    return replace(group, recall=replace(group.recall, count=0, for_ns=0))


def _pull(draw: st.DrawFn, model: Model, group: ConsumerGroup) -> dict[str, Any]:
    return {"pull_ns": draw(st.sampled_from([200 * US, MS, 20 * MS])), "prefetch": 0}


def _channel(draw: st.DrawFn, model: Model, group: ConsumerGroup) -> dict[str, Any]:
    if group.ack == "auto" or group.pull_ns:
        return {}
    return {"channel": draw(st.sampled_from([0, 1, 3, 10])), "count": group.count + draw(st.sampled_from([0, 2]))}


def _acks(draw: st.DrawFn, model: Model, group: ConsumerGroup) -> dict[str, Any]:
    if group.ack == "auto":
        return {}
    return {"acks": Acks(draw(st.sampled_from([1, 3, 20])), draw(st.sampled_from([100 * US, 5 * MS, 50 * MS])))}


def _timeout(draw: st.DrawFn, model: Model, group: ConsumerGroup) -> dict[str, Any]:
    after, check = draw(st.sampled_from([MS, 10 * MS])), draw(st.sampled_from([MS, 7 * MS]))
    return {"timeout_ns": after, "timeout_check_ns": check}


def _concurrency(draw: st.DrawFn, model: Model, group: ConsumerGroup) -> dict[str, Any]:
    return {"concurrency": draw(st.sampled_from([2, 4]))}


def _scale(draw: st.DrawFn, model: Model, group: ConsumerGroup) -> dict[str, Any]:
    if group.channel >= 0:
        return {}
    times = sorted(draw(st.sets(st.integers(1, model.end_ns - 1), min_size=1, max_size=4)))
    size = st.sampled_from([0, 1, 2, 6])
    later = tuple(Scale(at, draw(size), draw(st.sampled_from(["graceful", "kill"]))) for at in times)
    steps = (Scale(0, group.count), *later)
    return {"scale": steps, "count": max(step.count for step in steps)}


def _memory(draw: st.DrawFn, model: Model, group: ConsumerGroup) -> dict[str, Any]:
    how, lookup = draw(st.sampled_from(HOWS)), draw(st.sampled_from([0, 100 * US]))
    count, for_ns = draw(st.sampled_from([(0, 0), (1, 0), (20, 0), (0, MS), (0, 50 * MS)]))
    return {"deduplicate": True, "recall": Recall(count, for_ns, how, lookup)}


def _inventory(draw: st.DrawFn, model: Model, group: ConsumerGroup) -> dict[str, Any]:
    return {"inventory": Inventory(draw(st.sampled_from([0, 1, 10, 1000])), draw(st.sampled_from(HOWS)))}


def _aimed(draw: st.DrawFn, model: Model, group: ConsumerGroup) -> dict[str, Any]:
    if group.exceptions is None:
        return {}
    only = tuple(sorted(draw(st.sets(st.integers(0, 30), max_size=5))))
    return {"exceptions": replace(group.exceptions, only=only, times=draw(st.sampled_from([0, 1, 2])))}


MECHANISMS = (_pull, _channel, _acks, _timeout, _concurrency, _scale, _memory, _inventory, _aimed)
