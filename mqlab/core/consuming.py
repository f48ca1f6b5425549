"""Consumers that are not plain, as records: flags, and what their groups need to know (a part of ``build``)."""

from __future__ import annotations

from typing import Any

from mqlab.core import codes
from mqlab.core.tables import Tables
from mqlab.model import ConsumerGroup, Model

__all__ = ["group_fields", "members_at_first", "needs_extras", "special_of"]


def special_of(group: ConsumerGroup) -> int:
    """Flags of a group's members; 0: they are plain."""
    flags = {
        codes.CONSUMER_PULL: group.pull_ns > 0,
        codes.CONSUMER_LANES: group.concurrency > 1,
        codes.CONSUMER_LOOKS: _memory(group) != 0,
        codes.CONSUMER_BATCH: group.acks is not None,
        codes.CONSUMER_SHARED: group.channel >= 0,
        codes.CONSUMER_TIMEOUT: group.timeout_ns > 0,
        codes.CONSUMER_SCALED: bool(group.scale),
        codes.CONSUMER_SERVER: group.reply is not None,
        codes.CONSUMER_EXPECTS: group.expects_record is not None,
    }
    return sum(flag for flag, holds in flags.items() if holds)


def members_at_first(group: ConsumerGroup) -> int:
    """How many members there are at the start."""
    return group.scale[0].count if group.scale else group.count


def _memory(group: ConsumerGroup) -> int:
    """What is special about a group's memory (0: it has none, or an exact one)."""
    memory, stock, flags = group.recall, group.inventory, 0
    if group.deduplicate:
        flags |= codes.MEMORY_LATE * (memory.how == "check-then-act")
        flags |= codes.MEMORY_COUNT * (memory.count > 0) | codes.MEMORY_TIME * (memory.for_ns > 0)
    if stock is not None:
        flags |= codes.MEMORY_STOCK | codes.MEMORY_STOCK_LATE * (stock.how == "check-then-act")
    if group.deduplicate and (flags or memory.lookup_ns > 0):
        flags |= codes.MEMORY_IDS
    return flags


def _shares_queue(model: Model, group: ConsumerGroup) -> bool:
    """Whether other groups work on the same queue, so that the group's memory is not the queue's."""
    return sum(other.queue == group.queue for other in model.consumers) > 1


def needs_extras(model: Model, group: ConsumerGroup) -> bool:
    """Say whether a group keeps something beside the records of copies: what it remembers of them."""
    return group.deduplicate and (_shares_queue(model, group) or _memory(group) != 0)


def group_fields(model: Model, group: ConsumerGroup, tables: Tables) -> dict[str, Any]:
    """Fill in the fields of a group's record that are about these mechanisms."""
    fails, acks, stock = group.exceptions, group.acks, group.inventory
    flags = _memory(group)
    if group.deduplicate and _shares_queue(model, group):
        flags |= codes.MEMORY_IDS
    together = [other.name for other in model.consumers if other.queue == group.queue]
    only = fails.only if fails else ()
    first = len(tables.targets)
    tables.targets.extend(only)
    return {
        "lanes": group.concurrency, "deduplicate": 2 if flags else int(group.deduplicate),
        "memory": flags, "bit": 1 << (together.index(group.name) % 62),
        "lookup": group.recall.lookup_ns, "window": group.recall.count or group.recall.for_ns,
        "items": stock.items if stock else 0,
        "picky": int(fails is not None and bool(fails.only or fails.times)), "times": fails.times if fails else 0,
        "only": first, "only_n": len(only),
        "pull": group.pull_ns, "batch": acks.batch if acks else 0, "batch_after": acks.after_ns if acks else 0,
        "channel": max(group.channel, 0), "timeout": group.timeout_ns, "check": group.timeout_check_ns,
        "exists": members_at_first(group),
    }  # fmt: skip
