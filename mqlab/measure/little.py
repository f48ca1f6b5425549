"""Little's law, L = λ·W, on a single run: an identity, so what is left over is a mistake in the books.

Over any window the time-weighted mean number of copies in a queue times the length of the window equals
the sum of the times that copies spent there within the window. The left side is what the engine kept up
while it ran, the right side is added up here from the events. Source: J. D. C. Little, A Proof for the
Queuing Formula L = λW, 1961.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mqlab.errors import BadInput
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Trace

__all__ = ["Residual", "little"]

ENTERS = (Kind.ENQUEUED,)
LEAVES = (Kind.ACKED, Kind.DISCARDED, Kind.EVICTED, Kind.EXPIRED, Kind.VANISHED, Kind.DELETED)


@dataclass(frozen=True, slots=True)
class Residual:
    """One queue, or "system" for all of them, between warm-up and the end."""

    name: str
    number: float
    """L: ready and unacknowledged copies, as the engine's time-weighted means say."""
    rate_per_s: float
    """λ: copies that entered in the window."""
    time_s: float
    """W: time that copies spent there within the window, for each that entered (0 if none did)."""
    residual: float
    """(L - total time / window) / max(L, total time / window); 0 if both are 0."""


def little(trace: Trace) -> tuple[Residual, ...]:
    """Check Little's law for every queue and for all of them together.

    Raises
    ------
    BadInput
        The trace kept no events.

    Examples
    --------
    >>> max(abs(queue.residual) for queue in little(trace)) < 1e-9                      # doctest: +SKIP
    True
    """
    if trace.events is None:
        raise BadInput("Little's law needs events", mend="run with --trace events")
    window_ns = trace.duration_ns - trace.warmup_ns
    if window_ns <= 0:
        return ()
    entered, left = _stays(trace)
    begin = np.maximum(entered["time_ns"], trace.warmup_ns)
    spent = np.maximum(np.where(left >= 0, left, trace.duration_ns) - begin, 0)
    fresh = entered["time_ns"] >= trace.warmup_ns
    found = []
    for index, entity in enumerate(trace.entities):
        if entity.kind == "queue":
            mine = entered["queue"] == index
            stats = trace.counters.queues[entity.name]
            number = stats.depth_mean + stats.unacked_mean
            found.append(
                _residual(entity.name, number, int((fresh & mine).sum()), int(spent[mine].sum()), window_ns)
            )
    number = sum(queue.number for queue in found)
    return (*found, _residual("system", number, int(fresh.sum()), int(spent.sum()), window_ns))


def _stays(trace: Trace) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """Pair each entering of a copy into its queue with its next leaving; -1: it never left.

    Returns
    -------
    entered, left
        Rows of (time_ns, queue), and the times of leaving.
    """
    assert trace.events is not None
    kind = trace.events.column("kind")
    chosen = np.flatnonzero(np.isin(kind, ENTERS + LEAVES) & (trace.events.column("queue") >= 0))
    rows = np.zeros(
        len(chosen), [("message", "i8"), ("copy", "i4"), ("time_ns", "i8"), ("queue", "i4"), ("kind", "u1")]
    )
    for name in rows.dtype.names or ():
        rows[name] = trace.events.column(name)[chosen]
    rows = rows[np.lexsort((np.arange(len(rows)), rows["copy"], rows["message"]))]
    enters = np.isin(rows["kind"], ENTERS)
    # What follows an entering of the same copy is its leaving; dropped on arrival, it leaves without one.
    left = np.full(len(rows), -1, np.int64)
    follows = enters[:-1] & ~enters[1:]
    follows &= (rows["message"][1:] == rows["message"][:-1]) & (rows["copy"][1:] == rows["copy"][:-1])
    left[:-1][follows] = rows["time_ns"][1:][follows]
    return rows[enters], left[enters]


def _residual(name: str, number: float, entered: int, spent_ns: int, window_ns: int) -> Residual:
    other = spent_ns / window_ns
    scale = max(number, other)
    return Residual(
        name,
        number,
        entered / (window_ns / 1e9),
        spent_ns / 1e9 / entered if entered else 0.0,
        (number - other) / scale if scale > 0 else 0.0,
    )
