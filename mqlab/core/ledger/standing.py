"""How many records a subscription has still to send and to see acknowledged, over time."""

from __future__ import annotations

from mqlab.core.lanes import touch_group
from mqlab.core.ledger.records import cursors, ledgers
from mqlab.core.records import groups, runs
from mqlab.jit import State, kernel, seldom

__all__ = ["shift", "warm_up"]


@kernel
def shift(s: State, cursor: int, ready: int, unacked: int) -> None:
    """So many records more are ready, and so many more unacknowledged, from now on."""
    run = runs(s, 0)
    q = cursors(s, cursor)
    span = float(run["now"] - q["since"])
    q["ready_time"] = q["ready_time"] + float(q["ready"]) * span
    q["unacked_time"] = q["unacked_time"] + float(q["unacked"]) * span
    q["since"] = run["now"]
    run["ready"] = run["ready"] + ready
    run["unacked"] = run["unacked"] + unacked
    q["ready"] = q["ready"] + ready
    q["unacked"] = q["unacked"] + unacked
    q["ready_max"] = max(q["ready_max"], q["ready"])
    q["unacked_max"] = max(q["unacked_max"], q["unacked"])


@seldom
def warm_up(s: State) -> None:
    """Warm-up is over: time-weighted figures start here."""
    for i in range(ledgers(s, 0)["cursors"]):
        shift(s, i, 0, 0)
        q = cursors(s, i)
        q["ready_time"] = 0.0
        q["unacked_time"] = 0.0
        q["ready_max"] = q["ready"]
        q["unacked_max"] = q["unacked"]
        q["enqueued"] = 0
        q["delivered"] = 0
        q["acked"] = 0
        q["requeues"] = 0
    for i in range(runs(s, 0)["groups"]):
        touch_group(s, i)
        groups(s, i)["busy_time"] = 0.0
