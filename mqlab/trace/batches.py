"""A record of a log and its batch: what happened to the batch happened to each of its records.

A batch's rows stand under the number of its first record (decision 0015). A record's own rows say, when it was
collected, which batch that is and at which place it stands there; so its whole life is two look-ups.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mqlab.trace.kinds import Kind
from mqlab.trace.schema import RowSource

__all__ = ["BATCH_KINDS", "under_batches", "with_batch"]

BATCH_KINDS = (
    Kind.SENT, Kind.ARRIVED, Kind.APPENDED, Kind.APPEND_SKIPPED, Kind.CONFIRM_SENT, Kind.CONFIRMED, Kind.REFUSED,
    Kind.TIMED_OUT, Kind.UNKNOWN, Kind.BACKED_OFF, Kind.GAVE_UP, Kind.VANISHED, Kind.STALE_PACKET, Kind.PACKET_LOST,
    Kind.FORGOTTEN,
    Kind.WRITTEN, Kind.SYNCED, Kind.DISPATCHED, Kind.ACK_SENT, Kind.ACKED, Kind.ACK_IGNORED, Kind.REQUEUED,
    Kind.LETTER_SENT,
)  # fmt: skip
"""What happens to a batch as a whole; everything else happens to one record."""

_FOREVER = np.iinfo(np.int64).max


def with_batch(events: RowSource, own: NDArray[np.void]) -> NDArray[np.void]:
    """Add to a record's rows those of its batch, of the replicas that got it, and of the commits that covered it.

    A commit is that of a group's offset; where the producer works in transactions, also the marker that ended its own.

    Parameters
    ----------
    events
        Of the run.
    own
        The rows of one record, in order. A message that is no record of a log comes back as it is.

    Returns
    -------
    ndarray
        EVENT rows in order of time, all under the record's number.
    """
    joined = own[own["kind"] == Kind.COLLECTED]
    if not len(joined):
        return own
    message, name, place = (int(joined[0][field]) for field in ("message", "first", "attempt"))
    found = [own]
    if name != message:
        batch = events.of_message(name)
        batch = batch[np.isin(batch["kind"], BATCH_KINDS)].astype(own.dtype)
        batch["message"] = message
        found.append(batch)
    rows = np.concatenate(found)
    world = events.of_message(-1)
    for entry in rows[rows["kind"] == Kind.APPENDED]:
        marks = world[(world["kind"] == Kind.TRANSACTION_MARKED) & (world["actor"] == joined[0]["actor"])]
        marks = marks[(marks["queue"] == entry["queue"]) & (marks["time_ns"] >= entry["time_ns"])]
        for covered in (*_covering(world, rows, entry, int(entry["first"]) + place - 1), marks[:1]):
            mine = covered.astype(own.dtype)
            mine["message"], mine["copy"] = message, entry["copy"]
            found.append(mine)
    merged = np.concatenate(found)
    return merged[np.argsort(merged["time_ns"], kind="stable")]


def _covering(
    world: NDArray[np.void], rows: NDArray[np.void], entry: np.void, offset: int
) -> list[NDArray[np.void]]:
    """Find, for each replica and consumer, the first fetch and the first commit that went past an offset."""
    gone = rows["time_ns"][(rows["kind"] == Kind.VANISHED) & (rows["copy"] == entry["copy"])]
    gone = gone[gone >= entry["time_ns"]]
    until = gone.min() if len(gone) else _FOREVER  # then its offset is another record's
    time = world["time_ns"]
    after = world[(world["queue"] == entry["queue"]) & (entry["time_ns"] <= time) & (time < until)]
    past = after[(after["first"] > offset) & (after["first"] - after["count"] <= offset)]
    found = []
    for kind in (Kind.REPLICATED, Kind.OFFSET_COMMITTED):
        mine = past[past["kind"] == kind]
        found.append(mine[np.sort(np.unique(mine["actor"], return_index=True)[1])])  # later ones are of another log
    return found


def under_batches(events: RowSource, rows: NDArray[np.void]) -> NDArray[np.void]:
    """Put rows of records under the numbers of their batches, where a picture has no room for every record.

    Parameters
    ----------
    events
        Of the whole run: a record may have joined its batch long before.
    rows
        Rows of any messages; those that joined no batch stay as they are.
    """
    joined = np.flatnonzero(events.column("kind") == Kind.COLLECTED)
    message, name = (events.column(column)[joined].astype(np.int64) for column in ("message", "first"))
    order = np.argsort(message, kind="stable")
    at = np.searchsorted(message[order], rows["message"])
    at = np.minimum(at, max(len(order) - 1, 0))
    put = rows.copy()
    if len(order):
        mine = message[order][at] == rows["message"]
        put["message"][mine] = name[order][at[mine]]
    return put
