"""What consumer groups of a log may do to what is promised: members that are thrown out, offsets that are not there."""

from __future__ import annotations

from typing import Final

from mqlab.model import ConsumerGroup, Distribution, Model

__all__ = ["longest_ns", "why_passed_over", "why_thrown_out"]

_MEANS: Final = 60.0
"""An exponential time is longer than so many of its means once in 10^26 draws: never, for a lab."""
_UNBOUNDED: Final = 4.0e18
_SESSIONS: Final = 10


def longest_ns(shape: Distribution | None) -> float:
    """Bound how long a time may be that is drawn so; very large if nothing bounds it.

    Examples
    --------
    >>> longest_ns(Distribution("constant", (5.0,))), longest_ns(Distribution("uniform", (1.0, 9.0)))
    (5.0, 9.0)
    """
    if shape is None:
        return _UNBOUNDED
    if shape.parts:
        bounds = [longest_ns(part) for part in shape.parts]
        return sum(bounds) if shape.kind == "serial" else max(bounds)
    match shape.kind:
        case "constant":
            return shape.params[0]
        case "uniform":
            return shape.params[1]
        case "exponential":
            return shape.params[0] * _MEANS
        case "erlang":
            return shape.params[1] * _MEANS
        case "hyperexponential":
            return max(shape.params[1], shape.params[2]) * _MEANS
    return _UNBOUNDED


def why_thrown_out(model: Model, group: ConsumerGroup) -> str:
    """Say why a member that lives may be taken for gone: it polls too seldom, or its heartbeats come too late."""
    polling = group.polling
    if polling is None:
        return ""
    if polling.session_ns < 2 * polling.heartbeat_ns + 2 * longest_ns(group.link.up.latency):
        return f"a heartbeat of `{group.name}` that is late ends its session"
    busy = longest_ns(group.service) * polling.max_records + 4 * longest_ns(group.link.up.latency)
    busy += 4 * longest_ns(group.link.down.latency) + polling.heartbeat_ns
    nodes = {node.name for node in model.nodes}
    faults = [*model.faults, *(each.fault for each in model.random_faults for _ in nodes)]
    down = [fault for fault in faults if fault.target.removeprefix("nodes.") in nodes]
    if down and model.cluster is not None:
        busy += _SESSIONS * model.cluster.session_ns if len(down) < len(nodes) else _UNBOUNDED
    if busy >= polling.poll_limit_ns:
        return f"`{group.name}` may work longer on what it polls than its group waits (poll_limit)"
    return ""


def why_passed_over(group: ConsumerGroup) -> str:
    """Say why a group may begin beyond records that are there for it."""
    polling = group.polling
    if polling is None:
        return ""
    if polling.seeks:
        return f"`{group.name}` goes to another offset (seek)"
    begins_later = bool(group.scale) and group.scale[0].count == 0
    if begins_later and polling.reset == "latest":
        return f"`{group.name}` has no offset when it begins, and begins at the end (reset: latest)"
    return ""
