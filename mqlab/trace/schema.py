"""The trace: one schema for every engine.

Three levels, each a superset of the one before: ``counts`` (totals, histograms, time series: fixed size),
``fates`` (one :data:`FATE` row per obligation), ``events`` (one :data:`EVENT` row per event).
Everything downstream (checks, measures, plots, report, explain) reads a :class:`Trace` and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from mqlab.trace.fates import Fate, fate_label

__all__ = [
    "ADDED",
    "EVENT",
    "FATE",
    "FORMATS_READ",
    "FORMAT_VERSION",
    "HISTOGRAM_BITS",
    "LEVELS",
    "SERIES",
    "STAGES",
    "Counters",
    "Entity",
    "Level",
    "QueueStats",
    "RowSource",
    "Rows",
    "Trace",
]

FORMAT_VERSION = 3
"""Version 2 added what rows of replies need, version 3 what those of a log's transactions need; rows of earlier
versions are read as rows without them."""
FORMATS_READ = (1, 2, 3)
ADDED = ("in_reply_to", "taken_for", "aborted")
"""Columns that rows of an earlier version lack; they hold -1 then."""

Level = Literal["counts", "fates", "events"]
LEVELS: tuple[Level, ...] = ("counts", "fates", "events")

EVENT = np.dtype(
    [
        ("time_ns", "i8"),
        ("message", "i8"),  # number of the message in the run, from 0; -1: the event concerns none
        ("first", "i8"),  # first offset, position or detail: see Kind
        ("count", "i4"),  # how many the event covers; 1 unless it is a batch
        ("copy", "i4"),  # number of the obligation within its message, from 0
        ("actor", "i4"),  # index into Trace.entities; -1: nobody
        ("queue", "i4"),  # index into Trace.entities; -1: none
        ("attempt", "i4"),  # publish attempt or delivery number, from 1; 0: neither
        ("kind", "u1"),  # Kind
        ("cause", "u1"),  # see Kind
        ("reserved", "u2"),
    ],
    align=True,
)

FATE = np.dtype(
    [
        ("message", "i8"),
        ("sequence", "i8"),  # number of the message within its producer, from 0
        ("created_ns", "i8"),  # the *intended* creation time; all times -1 where it never happened
        ("sent_ns", "i8"),  # first try
        ("confirmed_ns", "i8"),  # the producer learnt of success
        ("enqueued_ns", "i8"),  # first time in this queue
        ("delivered_ns", "i8"),  # first time in a consumer's hands
        ("processed_ns", "i8"),  # first processing
        ("processed_order", "i8"),  # running number of the first processing within the run; -1: never
        ("ended_ns", "i8"),  # when the row was finished
        ("size_bytes", "i8"),
        ("in_reply_to", "i8"),  # a reply: the number of the request; made of a record: that record's number; else -1
        ("taken_for", "i8"),  # a reply: the number of the request it was taken as the answer to; else -1
        ("copy", "i4"),  # number of the obligation within its message, from 0
        ("copy_of", "i4"),  # an extra stored copy of a re-sent message: the copy number it repeats; else -1
        ("producer", "i4"),  # entity index
        ("queue", "i4"),  # entity index; -1: it never reached a queue
        ("consumer", "i4"),  # entity index of the first processor; -1: none
        ("key", "i4"),
        ("attempts", "i4"),  # publish attempts of the message
        ("deliveries", "i4"),  # times this copy reached a consumer's hands
        ("processings", "i4"),  # times work on it was finished (effect or not)
        ("effects", "i4"),  # times its business effect happened
        ("fate", "u1"),
        ("cause", "u1"),
        ("aborted", "i1"),  # 1: its transaction was aborted (a log; also where it was processed all the same)
        ("reserved", "u1"),
    ],
    align=True,
)
"""Rows of one message stand next to each other, copy 0 first; messages in the order in which they ended."""

STAGES = (
    "latency",
    "created_sent",
    "sent_confirmed",
    "created_confirmed",
    "created_enqueued",
    "enqueued_delivered",
    "delivered_processed",
    "request_reply",
)
"""Stages with a histogram each; ``latency`` is created → first processing of a copy, ``request_reply`` a request's
creation → the requester has taken a reply as its answer."""

HISTOGRAM_BITS = 8
"""Values below 2**HISTOGRAM_BITS are counted exactly; above, each octave has 2**(HISTOGRAM_BITS-1) buckets of equal
width, so a quantile is off by less than 0.4 %. See :func:`mqlab.measure.latency.bucket_bounds`."""

SERIES = (
    "created",
    "sent",
    "confirmed",
    "refused",
    "enqueued",
    "delivered",
    "processed",
    "acked",
    "evicted",
    "vanished",
    "redelivered",
    "ready",
    "unacked",
)
"""Time series over ``Counters.bin_ns`` wide bins, over all queues: counts per bin, except the last two, which are
the number of ready and unacknowledged copies at the end of the bin."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Somebody or something in the run. ``group`` is the name in the scenario, ``name`` that of the member."""

    name: str
    kind: Literal["node", "queue", "producer", "consumer"]
    group: str


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Time-weighted figures of one queue from warm-up to the end."""

    depth_mean: float
    """Ready messages."""
    depth_max: int
    unacked_mean: float
    unacked_max: int
    enqueued: int
    delivered: int
    acked: int
    requeued: int


@dataclass(frozen=True)
class Counters:
    """The fixed-size part of a trace, the same at every level."""

    events_by_kind: Mapping[str, int]
    """Trace events by lower-case name of their kind, zeros included."""
    messages: Mapping[str, int]
    """created, sent (at least once), confirmed, owed, processed (obligations)."""
    fates: Mapping[str, int]
    """Every label of :func:`mqlab.trace.fates.fate_label`, zeros included: 16 fates and ``lost:<cause>``."""
    histograms: Mapping[str, NDArray[np.int64]]
    """Per stage of STAGES: counts per bucket."""
    moments: Mapping[str, tuple[int, float, int, int]]
    """Per stage: (count, sum_ns, min_ns, max_ns); min and max are -1 when the count is 0."""
    bin_ns: int
    series: Mapping[str, NDArray[np.int64]]
    """Per name of SERIES: one value a bin, from time 0 to the end."""
    queues: Mapping[str, QueueStats]
    utilisation: Mapping[str, float]
    """Busy fraction from warm-up to the end: NODE.cpu, NODE.disk, each consumer group (mean of its members)."""
    gauges: Mapping[str, int] = field(default_factory=dict)
    """Other figures by name, such as ``broker.memory_max_bytes``."""


class RowSource(Protocol):
    """Where the rows of a trace come from: memory or a Parquet file, read by column and only as needed."""

    def __len__(self) -> int: ...

    def column(self, name: str) -> NDArray[Any]:
        """One column as a numpy array, in row order."""
        ...

    def of_message(self, message: int) -> NDArray[np.void]:
        """All rows of one message, in order, as a structured array (reads little)."""
        ...

    def between(self, start_ns: int, stop_ns: int) -> NDArray[np.void]:
        """All rows with start_ns ≤ time_ns < stop_ns (event rows only), in order."""
        ...


class Rows:
    """A row source in memory, around one structured array.

    Examples
    --------
    >>> rows = Rows(np.zeros(3, EVENT))
    >>> len(rows), rows.column("message").tolist()
    (3, [0, 0, 0])
    """

    def __init__(self, array: NDArray[np.void]) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    def column(self, name: str) -> NDArray[Any]:
        """One column as a numpy array, in row order."""
        return self.array[name]

    def of_message(self, message: int) -> NDArray[np.void]:
        """All rows of one message, in order."""
        rows: NDArray[np.void] = self.array[self.array["message"] == message]
        return rows

    def between(self, start_ns: int, stop_ns: int) -> NDArray[np.void]:
        """All event rows with start_ns ≤ time_ns < stop_ns, in order."""
        low, high = np.searchsorted(self.array["time_ns"], [start_ns, stop_ns])
        rows: NDArray[np.void] = self.array[low:high]
        return rows


@dataclass(frozen=True)
class Trace:
    """The record of a run. ``fates`` and ``events`` are None where the level does not keep them."""

    scenario: str
    system: str
    engine: str
    seed: int
    level: Level
    duration_ns: int
    """When the run ended, drain included."""
    producing_ns: int
    """When producers stopped."""
    warmup_ns: int
    entities: Sequence[Entity]
    digest: str
    """16 hexadecimal digits, folded event by event inside the engine: independent of the level."""
    event_count: int
    counters: Counters
    fates: RowSource | None = None
    events: RowSource | None = None
    wall_s: float = 0.0

    @property
    def owed(self) -> int:
        """How many obligations count at the end."""
        return int(self.counters.messages["owed"])

    def fate_total(self, fate: Fate) -> int:
        """How many obligations ended so (all causes of LOST together)."""
        if fate == Fate.LOST:
            return sum(n for label, n in self.counters.fates.items() if label.startswith("lost:"))
        return int(self.counters.fates.get(fate_label(fate), 0))
