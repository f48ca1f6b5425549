"""Who subscribes to a topic."""

from __future__ import annotations

from collections.abc import Iterable

from mqlab.model.clients import ConsumerGroup

__all__ = ["subscriptions_of"]


def subscriptions_of(groups: Iterable[ConsumerGroup], topic: str) -> dict[str, tuple[ConsumerGroup, ...]]:
    """Find the subscriptions of a topic and their groups, in the order of their first groups.

    A retry topic belongs to the subscription that sends its letters there.
    """
    found: dict[str, tuple[ConsumerGroup, ...]] = {}
    for group in groups:
        how = group.subscribing
        if how is not None and topic in (group.queue, how.retry):
            found[how.subscription] = (*found.get(how.subscription, ()), group)
    return found
