"""The way between a client and the broker: latency, loss and duplication, drawn for each packet.

Packets travel in parallel: a link's throughput is not capped at 1/latency. Where a bandwidth is given, a packet leaves
when the one before it has left, byte for byte, and travels in parallel from then on. On an ordered link (TCP) a packet
never overtakes an earlier one of the same connection and direction.

A packet that carries a message has the message's size; every other packet (a confirm, an acknowledgement) is one AMQP
frame with one method: 7 bytes of frame header, 4 of class and method, 8 of delivery tag, 1 of flags, 1 of frame end
(AMQP 0-9-1 specification, 4.2.3 General Frame Format, and Basic.Ack). The headers of TCP and IP, and those that
come with a message, are left out.

Bursts of loss follow Gilbert ("Capacity of a burst-noise channel", Bell System Technical Journal 1960) and Elliott
(1963): a connection's direction is good or bad, and each packet may turn it over, first, before it is lost with the
probability of the state. ``p`` leads from good to bad and ``r`` back, so that bad runs are 1/r packets long on average
and p/(p+r) of all packets find it bad. (As ``tc-netem``'s ``loss gemodel p r 1-h 1-k``.)
"""

from __future__ import annotations

from mqlab.core.codes import SIDE_BANDWIDTH, SIDE_BURSTS, SIDE_LOSS
from mqlab.core.distributions import sample
from mqlab.core.records import clients, copies, runs, sides
from mqlab.jit import U64, State, kernel, seldom
from mqlab.sampling import unit

__all__ = ["DOWN", "FRAME_BYTES", "LOST", "TWIN", "UP", "carry", "cross", "doubled", "is_instant"]

UP, DOWN = 0, 1
LOST = -1
TWIN = 1 << 20
"""Added to the attempt in the draws of a packet's duplicate."""
FRAME_BYTES = 21
"""Size of a packet that carries no message."""


@kernel
def _side_of(s: State, client: int, direction: int) -> int:
    c = clients(s, client)
    if direction == DOWN:
        return c["down_side"]
    return c["up_side"]


@kernel
def is_instant(s: State, client: int, direction: int) -> bool:
    """Say whether packets arrive at the very moment they leave, so that the next handler may be called directly.

    While any process stands still, what reaches it must be able to wait: then everything goes over the heap.
    """
    side = sides(s, _side_of(s, client, direction))
    return side["constant"] == 1 and side["fixed_ns"] == 0 and runs(s, 0)["paused"] == 0


@kernel
def cross(s: State, client: int, direction: int, purpose: U64, what: U64, attempt: int, departs: int) -> int:
    """Send a packet without a message that leaves at ``departs``; return when it arrives, or LOST."""
    return carry(s, client, direction, purpose, what, attempt, departs, -1)


@kernel
def carry(
    s: State, client: int, direction: int, purpose: U64, what: U64, attempt: int, departs: int, copy: int
) -> int:
    """Send a packet with a message (one of its copies; -1: none) that leaves at ``departs``, as :func:`cross`."""
    c = clients(s, client)
    if ((c["silent"] >> direction) & 1) == 1:
        return LOST
    side = sides(s, _side_of(s, client, direction))
    special = side["special"]
    if special == SIDE_LOSS:  # the usual one needs no call
        if unit(purpose, c["ident"], what, attempt, 0) <= side["loss"]:
            return LOST
    elif special != 0:
        departs = _leave(s, client, direction, purpose, what, attempt, departs, copy)
        if departs == LOST:
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


@seldom
def _leave(
    s: State, client: int, direction: int, purpose: U64, what: U64, attempt: int, departs: int, copy: int
) -> int:
    """Put a packet on a wire that loses some, or takes one after the other; return when its last byte leaves."""
    c = clients(s, client)
    side = sides(s, _side_of(s, client, direction))
    special = side["special"]
    if (special & SIDE_BANDWIDTH) != 0:
        size = FRAME_BYTES
        if copy >= 0:
            size = int(copies(s, copies(s, copy)["root"])["size"])
        takes = int(min(float(size) / side["bandwidth"] * 1.0e9 + 0.5, 4.0e18))
        if direction == DOWN:
            departs = max(departs, c["down_free"]) + takes
            c["down_free"] = departs
        else:
            departs = max(departs, c["up_free"]) + takes
            c["up_free"] = departs
    if (special & SIDE_BURSTS) != 0 and _bursts(s, client, direction, purpose, what, attempt):
        return LOST
    if (special & SIDE_LOSS) != 0 and unit(purpose, c["ident"], what, attempt, 0) <= side["loss"]:
        return LOST
    return departs


@kernel
def _bursts(s: State, client: int, direction: int, purpose: U64, what: U64, attempt: int) -> bool:
    """Take one step between good and bad, and say whether the packet is lost there."""
    c = clients(s, client)
    side = sides(s, _side_of(s, client, direction))
    bad = c["up_bad"]
    if direction == DOWN:
        bad = c["down_bad"]
    turn = side["p"]
    if bad == 1:
        turn = side["r"]
    if unit(purpose, c["ident"], what, attempt, 2) <= turn:
        bad = 1 - bad
        if direction == DOWN:
            c["down_bad"] = bad
        else:
            c["up_bad"] = bad
    chance = side["good"]
    if bad == 1:
        chance = side["bad"]
    return unit(purpose, c["ident"], what, attempt, 3) <= chance


@kernel
def doubled(s: State, client: int, direction: int, purpose: U64, what: U64, attempt: int) -> bool:
    """Say whether the link delivers this packet twice."""
    side = sides(s, _side_of(s, client, direction))
    chance = side["duplicate"]
    return chance > 0.0 and unit(purpose, clients(s, client)["ident"], what, attempt, 1) <= chance
