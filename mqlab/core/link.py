"""The way between a client and the broker: latency, loss and duplication, drawn for each packet.

Packets travel in parallel: a link's throughput is not capped at 1/latency. On an ordered link (TCP) a packet never
overtakes an earlier one of the same connection and direction.
"""

from __future__ import annotations

from mqlab.core.distributions import sample
from mqlab.core.records import clients, sides
from mqlab.jit import U64, State, kernel
from mqlab.sampling import unit

__all__ = ["DOWN", "LOST", "TWIN", "UP", "cross", "doubled", "is_instant"]

UP, DOWN = 0, 1
LOST = -1
TWIN = 1 << 20
"""Added to the attempt in the draws of a packet's duplicate."""


@kernel
def _side_of(s: State, client: int, direction: int) -> int:
    c = clients(s, client)
    if direction == DOWN:
        return c["down_side"]
    return c["up_side"]


@kernel
def is_instant(s: State, client: int, direction: int) -> bool:
    """Say whether packets arrive at the very moment they leave, so that the next handler may be called directly."""
    side = sides(s, _side_of(s, client, direction))
    return side["constant"] == 1 and side["fixed_ns"] == 0


@kernel
def cross(s: State, client: int, direction: int, purpose: U64, what: U64, attempt: int, departs: int) -> int:
    """Send a packet that leaves at ``departs``; return when it arrives, or LOST."""
    c = clients(s, client)
    if c["silent"] > 0:
        return LOST
    side = sides(s, _side_of(s, client, direction))
    if side["loss"] > 0.0 and unit(purpose, c["ident"], what, attempt, 0) <= side["loss"]:
        return LOST
    if side["constant"] == 1:
        arrives = departs + side["fixed_ns"]
    else:
        arrives = departs + sample(s, side["latency"], purpose, c["ident"], what, attempt, 16)
    if c["ordered"] == 1:
        if direction == DOWN:
            arrives = max(arrives, c["down_last"])
            c["down_last"] = arrives
        else:
            arrives = max(arrives, c["up_last"])
            c["up_last"] = arrives
    return arrives


@kernel
def doubled(s: State, client: int, direction: int, purpose: U64, what: U64, attempt: int) -> bool:
    """Say whether the link delivers this packet twice."""
    side = sides(s, _side_of(s, client, direction))
    chance = side["duplicate"]
    return chance > 0.0 and unit(purpose, clients(s, client)["ident"], what, attempt, 1) <= chance
