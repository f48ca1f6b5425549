"""Lag: how many records of a partition a consumer group has still to read, over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mqlab.trace.kinds import Kind
from mqlab.trace.schema import EVENT, Trace

__all__ = ["Lag", "lags"]


@dataclass(frozen=True)
class Lag:
    """How far one group is behind in one partition; a value holds from its time until the next."""

    partition: int
    """Entity index."""
    group: str
    """The name of the consumer group in the scenario."""
    times_ns: NDArray[np.int64]
    records: NDArray[np.int64]

    def at(self, times_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the lag at some moments; 0 before the first record."""
        found: NDArray[np.int64] = np.r_[0, self.records][np.searchsorted(self.times_ns, times_ns, side="right")]
        return found


def lags(trace: Trace) -> tuple[Lag, ...]:
    """Give the lag of each group in each partition that it ever read from: the log's end less what it has polled.

    Parameters
    ----------
    trace
        Needs events; without them, or without logs, there is nothing to give.

    Examples
    --------
    >>> [(lag.group, int(lag.records.max())) for lag in lags(trace)]                    # doctest: +SKIP
    [('stock', 3900)]
    """
    if trace.events is None:
        return ()
    kind = trace.events.column("kind")
    keep = np.flatnonzero(np.isin(kind, (Kind.APPENDED, Kind.VANISHED, Kind.DELIVERED)))
    rows = np.zeros(len(keep), EVENT)
    for name in ("time_ns", "kind", "first", "count", "queue", "actor"):
        rows[name] = trace.events.column(name)[keep]
    groups = np.array([entity.group for entity in trace.entities], object)
    found = []
    for partition in np.unique(rows["queue"][rows["kind"] == Kind.APPENDED]):
        mine = rows[rows["queue"] == partition]
        polled = mine["kind"] == Kind.DELIVERED
        whose = groups[mine["actor"]]
        for group in dict.fromkeys(whose[polled]):
            found.append(_lag(int(partition), str(group), mine[~polled | (whose == group)]))
    return tuple(found)


def _lag(partition: int, group: str, rows: NDArray[np.void]) -> Lag:
    polled = rows["kind"] == Kind.DELIVERED
    end = np.where(rows["kind"] == Kind.APPENDED, rows["first"] + rows["count"], rows["first"])
    behind = np.maximum(_held(end, ~polled) - _held(rows["first"] + 1, polled), 0)
    last = np.r_[rows["time_ns"][1:] != rows["time_ns"][:-1], True]  # of what happens at one instant the last counts
    return Lag(partition, group, rows["time_ns"][last].astype(np.int64), behind[last])


def _held(values: NDArray[np.int64], known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Keep each known value until the next one; 0 before the first."""
    at = np.maximum.accumulate(np.where(known, np.arange(1, len(values) + 1), 0))
    held: NDArray[np.int64] = np.r_[0, values][at].astype(np.int64)
    return held
