"""Gray failure: everything a node, a consumer or a producer does takes longer; and a node's clock that is wrong.

While a node is slow, its figures are other figures: nothing asks, so nobody pays. Factors of faults that overlap
multiply, and when the last is over the figures are what they were, to the bit.

RabbitMQ reads two clocks. When a message expires depends on the wall clock (``os:system_time`` in
``rabbit_amqqueue_process``, ``calculate_msg_expiry``), so a clock that is set ahead lets messages expire early and
one that is set back keeps them. How long a consumer has held a delivery is measured with the monotonic clock
(``erlang:monotonic_time`` in ``rabbit_channel``), and so are heartbeats and timers: no skew moves them. Whoever
stamps or tests an expiry adds ``nodes[i]["clock_ns"]``.
"""

from __future__ import annotations

from mqlab.core.codes import K_CLOCK_CHANGED, K_SLOW_ENDED, K_SLOWED
from mqlab.core.recorder import tell
from mqlab.core.records import clients, nodes
from mqlab.jit import State, kernel, seldom

__all__ = ["set_clock", "slow_client", "slow_node"]

_MILLIONTHS = 1.0e6


@kernel
def _times(usual: int, factor: float) -> int:
    return int(min(float(usual) * factor + 0.5, 4.0e18))


@kernel
def _say(s: State, entity: int, slowed: int, factor: float) -> None:
    if slowed == 0:
        tell(s, K_SLOW_ENDED, -1, 0, entity, -1, 0, 0, 0, 1)
    else:
        tell(s, K_SLOWED, -1, 0, entity, -1, 0, int(min(factor * 1000.0 + 0.5, 4.0e12)), 0, 1)


@seldom
def slow_node(s: State, node: int, millionths: int, begins: int) -> None:
    """A node's processor and disk take so many millionths of their time from now on, or no longer."""
    n = nodes(s, node)
    by = float(millionths) / _MILLIONTHS
    if begins == 1:
        if n["slowed"] == 0:
            n["slow"] = 1.0
            n["publish_usual"] = n["publish_ns"]
            n["deliver_usual"] = n["deliver_ns"]
            n["connect_usual"] = n["connect_ns"]
            n["ack_usual"] = n["ack_ns"]
        n["slowed"] = n["slowed"] + 1
        n["slow"] = n["slow"] * by
    else:
        if n["slowed"] == 0:
            return
        n["slowed"] = n["slowed"] - 1
        n["slow"] = n["slow"] / by
    factor = n["slow"]
    if n["slowed"] == 0:
        factor = 1.0
        n["slow"] = 0.0
    n["publish_ns"] = _times(n["publish_usual"], factor)
    n["deliver_ns"] = _times(n["deliver_usual"], factor)
    n["connect_ns"] = _times(n["connect_usual"], factor)
    n["ack_ns"] = _times(n["ack_usual"], factor)
    _say(s, n["entity"], n["slowed"], factor)


@seldom
def slow_client(s: State, client: int, millionths: int, begins: int) -> None:
    """Work that a client begins takes so many millionths of its time from now on, or no longer."""
    c = clients(s, client)
    by = float(millionths) / _MILLIONTHS
    if begins == 1:
        if c["slowed"] == 0:
            c["slow"] = 1.0
        c["slowed"] = c["slowed"] + 1
        c["slow"] = c["slow"] * by
    else:
        if c["slowed"] == 0:
            return
        c["slowed"] = c["slowed"] - 1
        c["slow"] = c["slow"] / by
    factor = c["slow"]
    if c["slowed"] == 0:
        c["slow"] = 0.0
    _say(s, c["entity"], c["slowed"], factor)


@seldom
def set_clock(s: State, node: int, by: int) -> None:
    """Move a node's wall clock by so many ns."""
    n = nodes(s, node)
    n["clock_ns"] = n["clock_ns"] + by
    ahead = int(n["clock_ns"])
    behind = int(ahead < 0)
    tell(s, K_CLOCK_CHANGED, -1, 0, n["entity"], -1, 0, abs(ahead), behind, 1)
