"""Time series and the end of warm-up; records are counted, not batches."""

from __future__ import annotations

from mqlab.core.lanes import touch_group
from mqlab.core.log.records import lags, logs, readers
from mqlab.core.log.standing import refresh_reader
from mqlab.core.records import groups, runs, series
from mqlab.jit import State, kernel, seldom

__all__ = ["close_bins", "warm"]


@kernel
def close_bins(s: State, time: int) -> None:
    """Write down the time series at the end of each bin that ends at or before ``time``."""
    run = runs(s, 0)
    log = logs(s, 0)
    while run["next_bin"] <= time and run["bin"] < run["bins"]:
        row = series(s, run["bin"])
        row["created"] = run["created"]
        row["sent"] = run["sent"]
        row["confirmed"] = run["confirmed"]
        row["refused"] = log["refused"]
        row["enqueued"] = log["enqueued"]
        row["delivered"] = log["delivered"]
        row["processed"] = log["processed"]
        row["acked"] = log["acked"]
        row["evicted"] = 0
        row["vanished"] = log["vanished"]
        row["redelivered"] = run["redelivered"]
        row["ready"] = run["ready"]
        row["unacked"] = run["unacked"]
        if log["lags"] == 1:
            _note_lags(s)
        run["bin"] = run["bin"] + 1
        run["next_bin"] = run["next_bin"] + run["bin_ns"]


@seldom
def _note_lags(s: State) -> None:
    """How far each group's offset is behind the end of each partition."""
    count = logs(s, 0)["readers"]
    for i in range(count):
        r = readers(s, i)
        lags(s, runs(s, 0)["bin"] * count + i)["n"] = r["ready"] + r["unacked"]


@seldom
def warm(s: State) -> None:
    """Warm-up is over: time-weighted figures start here."""
    run = runs(s, 0)
    for i in range(logs(s, 0)["readers"]):
        refresh_reader(s, i)
        p = readers(s, i)
        p["lag_max"] = p["ready"] + p["unacked"]
        p["ready_time"] = 0.0
        p["unacked_time"] = 0.0
        p["ready_max"] = p["ready"]
        p["unacked_max"] = p["unacked"]
        p["enqueued"] = 0
        p["delivered"] = 0
        p["acked"] = 0
        p["requeues"] = 0
    for i in range(run["groups"]):
        touch_group(s, i)
        groups(s, i)["busy_time"] = 0.0
