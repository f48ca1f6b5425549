"""Time series and the end of warm-up: figures that are written down at fixed times."""

from __future__ import annotations

from mqlab.core.codes import (
    K_ACKED,
    K_CONFIRMED,
    K_DEDUPLICATED,
    K_DELIVERED,
    K_ENQUEUED,
    K_EVICTED,
    K_PROCESSED,
    K_REFUSED,
    K_VANISHED,
)
from mqlab.core.hands import touch_group
from mqlab.core.queue import set_ready, set_unacked
from mqlab.core.records import counts, groups, queues, runs, series
from mqlab.jit import State, kernel, seldom

__all__ = ["close_bins", "warm"]


@kernel
def close_bins(s: State, time: int) -> None:
    """Write down the time series at the end of each bin that ends at or before ``time``."""
    run = runs(s, 0)
    while run["next_bin"] <= time and run["bin"] < run["bins"]:
        row = series(s, run["bin"])
        row["created"] = run["created"]
        row["sent"] = run["sent"]
        row["confirmed"] = counts(s, K_CONFIRMED)["n"]
        row["refused"] = counts(s, K_REFUSED)["n"]
        row["enqueued"] = counts(s, K_ENQUEUED)["n"]
        row["delivered"] = counts(s, K_DELIVERED)["n"]
        row["processed"] = counts(s, K_PROCESSED)["n"] + counts(s, K_DEDUPLICATED)["n"]
        row["acked"] = counts(s, K_ACKED)["n"]
        row["evicted"] = counts(s, K_EVICTED)["n"]
        row["vanished"] = counts(s, K_VANISHED)["n"]
        row["redelivered"] = run["redelivered"]
        row["ready"] = run["ready"]
        row["unacked"] = run["unacked"]
        run["bin"] = run["bin"] + 1
        run["next_bin"] = run["next_bin"] + run["bin_ns"]


@seldom
def warm(s: State) -> None:
    """Warm-up is over: time-weighted figures start here."""
    run = runs(s, 0)
    for i in range(run["queues"]):
        set_ready(s, i, 0)
        set_unacked(s, i, 0)
        q = queues(s, i)
        q["since"] = run["now"]
        q["ready_time"] = 0.0
        q["unacked_time"] = 0.0
        q["ready_max"] = q["ready"]
        q["unacked_max"] = q["unacked"]
        q["enqueued"] = 0
        q["delivered"] = 0
        q["acked"] = 0
        q["requeues"] = 0
    for i in range(run["groups"]):
        touch_group(s, i)
        g = groups(s, i)
        g["busy_time"] = 0.0
        g["exists_time"] = 0.0
        g["exists_since"] = run["now"]
