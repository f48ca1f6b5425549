"""How the partitions of a consumer group are shared out: pure functions, used by the simulation and the real broker.

A new one is a function and a line in :data:`ASSIGNORS`. Names are those of Kafka's ``partition.assignment.strategy``.
"""

from __future__ import annotations

from typing import Final

from mqlab.policies.assignors.base import Assignor, Owned, Partition, Shares, Sizes, Subscriptions
from mqlab.policies.assignors.by_range import by_range
from mqlab.policies.assignors.by_turns import by_turns
from mqlab.policies.assignors.sticky import cooperatively, sticking

__all__ = ["ASSIGNORS", "Assignor", "Owned", "Partition", "Shares", "Sizes", "Subscriptions"]

ASSIGNORS: Final = {
    assignor.name: assignor
    for assignor in (
        Assignor("range", by_range, summary="each topic by itself, in ranges"),
        Assignor("roundrobin", by_turns, summary="all partitions of all topics in a circle"),
        Assignor("sticky", sticking, summary="even, and as little as can be changes hands"),
        Assignor("cooperative-sticky", cooperatively, True, "as sticky, and only what moves is given up"),
    )
}
