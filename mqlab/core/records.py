"""The records: the whole state of a simulation in a handful of structured arrays.

A *copy* is one obligation: one message owed to one queue. The first copy of a message shares its record with the
message itself (the *root*), so the ordinary message needs one record; a fanout or a re-send that is stored twice adds
records of its own, chained from the root through ``next_copy``. The root counts everybody who still holds the
message in ``refs`` (its producer, packets on the wire, the broker's storage, deliveries, the disk); when nobody
does, the rows of all its copies are written and the records are free again. So memory follows what is alive, not
what has been.

Integers that take part in arithmetic are int64: with the JIT off they are numpy scalars, which keep their width.
"""

from __future__ import annotations

import numpy as np

from mqlab.core.dtypes import (
    CLIENT,
    CONSUMER,
    COPY,
    DELIVERY,
    DIST,
    EXTRA,
    GROUP,
    HEAP,
    INBOX,
    LANE,
    LEVEL,
    MEMBER,
    NODE,
    OUTBOX,
    PARCEL,
    PHASE,
    PRODUCER,
    QUEUE,
    REAL,
    RECORDED,
    ROUTE,
    RUN,
    SERIES_RECORD,
    SIDE,
    SOURCE,
    STAGE,
    STEP,
    WAY,
    WORD,
)
from mqlab.jit import accessor
from mqlab.trace.schema import EVENT, FATE

__all__ = [
    "ARRAYS",
    "clients",
    "consumers",
    "copies",
    "counts",
    "deliveries",
    "dists",
    "event_rows",
    "extras",
    "fate_rows",
    "groups",
    "heap",
    "histograms",
    "inbox",
    "lanes",
    "levels",
    "members",
    "nodes",
    "outbox",
    "parcels",
    "phases",
    "producers",
    "queues",
    "recorded",
    "routes",
    "runs",
    "series",
    "sides",
    "sources",
    "stages",
    "steps",
    "table",
    "tallies",
    "targets",
    "ways",
]

ARRAYS: tuple[tuple[str, np.dtype[np.void]], ...] = (
    ("runs", RUN),
    ("copies", COPY),
    ("extras", EXTRA),
    ("deliveries", DELIVERY),
    ("heap", HEAP),
    ("inbox", INBOX),
    ("outbox", OUTBOX),
    ("nodes", NODE),
    ("queues", QUEUE),
    ("levels", LEVEL),
    ("clients", CLIENT),
    ("sides", SIDE),
    ("producers", PRODUCER),
    ("consumers", CONSUMER),
    ("groups", GROUP),
    ("dists", DIST),
    ("routes", ROUTE),
    ("ways", WAY),
    ("targets", WORD),
    ("table", REAL),
    ("counts", WORD),
    ("tallies", WORD),
    ("stages", STAGE),
    ("histograms", WORD),
    ("series", SERIES_RECORD),
    ("event_rows", EVENT),
    ("fate_rows", FATE),
    ("lanes", LANE),
    ("steps", STEP),
    ("members", MEMBER),
    ("parcels", PARCEL),
    ("sources", SOURCE),
    ("phases", PHASE),
    ("recorded", RECORDED),
)
"""Name and dtype of every array of the state, in the order of the directory."""

(
    runs, copies, extras, deliveries, heap, inbox, outbox, nodes, queues, levels, clients, sides, producers,
    consumers, groups, dists, routes, ways, targets, table, counts, tallies, stages, histograms, series, event_rows,
    fate_rows, lanes, steps, members, parcels,
    sources, phases, recorded,
) = (accessor(_index, _dtype) for _index, (_, _dtype) in enumerate(ARRAYS))  # fmt: skip
