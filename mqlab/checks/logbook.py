"""What the events of a run say about its logs: which record stood at which offset, who was told so, who polled it.

Everything is an array with one entry for each record at an offset, or for each poll of a record. Offsets are only
compared, never counted through, so a log whose offsets have holes (markers, compaction) takes no longer to judge.

    APPENDED (first, count) + COLLECTED  →  places: record m stood at offset o of partition q from t until it was gone
    CONFIRMED with the APPENDED or APPEND_SKIPPED of its try  →  its producer was told of that offset
    DELIVERED (first)                    →  polls: consumer c got record m at offset o of partition q
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mqlab.trace.kinds import Kind
from mqlab.trace.schema import EVENT, Entity, RowSource

__all__ = ["NEVER", "LogBook", "Places", "Polls", "ranges"]

NEVER = np.iinfo(np.int64).max
"""When a place was gone that is still there."""

_BEGIN_ANEW = (
    Kind.CLIENT_CRASHED, Kind.CLIENT_RESTARTED, Kind.MEMBER_JOINED, Kind.MEMBER_LEFT, Kind.ASSIGNED, Kind.REVOKED,
    Kind.OFFSET_RESET, Kind.SOUGHT,
)  # fmt: skip
"""After these of a consumer its next poll begins where its group committed, or wherever it is told to."""

_READ = (
    Kind.COLLECTED, Kind.APPENDED, Kind.APPEND_SKIPPED, Kind.CONFIRMED, Kind.VANISHED, Kind.DELIVERED,
    Kind.TRANSACTION_MARKED, *_BEGIN_ANEW,
)  # fmt: skip

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Places:
    """Records at offsets, in the order in which they were appended."""

    queue: Ints
    offset: Ints
    message: Ints
    begins_ns: Ints
    gone_ns: Ints
    """When it was cut off; :data:`NEVER` if it is still there."""
    told: NDArray[np.bool_]
    """Whether its producer was told of it."""
    aborted: NDArray[np.bool_]
    """Whether its transaction was aborted: who reads only what is committed does not get it."""


@dataclass(frozen=True)
class Polls:
    """Records in consumers' hands, in the order in which they were handed out."""

    queue: Ints
    offset: Ints
    message: Ints
    time_ns: Ints
    consumer: Ints
    group: Ints
    alone: NDArray[np.bool_]
    """Whether its consumer reads the partition for its group alone, and so all of it."""
    turn: Ints
    """Number of the stretch in which its consumer reads on without a new beginning; unlike for any two consumers."""


class LogBook:
    """The events of a run that concern its logs, each array made once."""

    def __init__(self, rows: RowSource, entities: Sequence[Entity], sharing: frozenset[str] = frozenset()) -> None:
        self._sharing = sharing
        kind = rows.column("kind")
        keep = np.flatnonzero(np.isin(kind, _READ))
        self._entities = entities
        self._columns: dict[str, NDArray[Any]] = {
            name: rows.column(name)[keep].astype(np.int64, copy=False)
            for name in EVENT.names or () if name != "reserved"
        }  # fmt: skip

    def _of(self, *kinds: Kind) -> dict[str, NDArray[Any]]:
        mask = np.isin(self._columns["kind"], kinds)
        return {name: column[mask] for name, column in self._columns.items()}

    @cached_property
    def places(self) -> Places:
        """Every place that a record ever had."""
        joined, entries = self._of(Kind.COLLECTED), self._of(Kind.APPENDED)
        by_batch = np.argsort(joined["first"], kind="stable")
        members, batch = joined["message"][by_batch], joined["first"][by_batch]
        begin = np.searchsorted(batch, entries["message"])
        entry, within = ranges(entries["count"])
        message = entries["message"][entry] + within  # a batch that nobody collected is one record, and its own name
        if len(batch):
            at = np.minimum(begin[entry] + within, len(batch) - 1)
            collected = batch[at] == entries["message"][entry]
            message[collected] = members[at[collected]]
        return Places(
            entries["queue"][entry], entries["first"][entry] + within, message, entries["time_ns"][entry],
            self._gone(entries)[entry], self._told(entries)[entry], self._aborted(entries)[entry],
        )  # fmt: skip

    def _aborted(self, entries: dict[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Tell which appends were aborted: the next marker of their producer in their partition says so."""
        marks, joined = self._of(Kind.TRANSACTION_MARKED), self._of(Kind.COLLECTED)
        if not len(marks["actor"]) or not len(joined["actor"]):
            return np.zeros(len(entries["message"]), bool)
        by_message = np.argsort(joined["message"])
        at = np.searchsorted(joined["message"][by_message], entries["message"])
        producer = joined["actor"][by_message[np.minimum(at, len(by_message) - 1)]]
        actor, queue, time = (
            np.r_[producer if name == "actor" else entries[name], marks[name]] for name in ("actor", "queue", "time_ns")
        )
        ends = np.r_[np.zeros(len(producer), bool), np.ones(len(marks["actor"]), bool)]
        aborts = np.r_[np.zeros(len(producer), bool), marks["cause"] > 0]
        order = np.lexsort((ends, time, queue, actor))
        place = np.where(ends[order], np.arange(len(order)), len(order))
        ahead = np.minimum.accumulate(place[::-1])[::-1]
        marker = order[np.minimum(ahead, len(order) - 1)]
        mine = (ahead < len(order)) & (actor[marker] == actor[order]) & (queue[marker] == queue[order])
        found = np.zeros(len(order), bool)
        found[order] = mine & aborts[marker]
        return found[: len(producer)]

    def _gone(self, entries: dict[str, NDArray[Any]]) -> Ints:
        """Tell when each append was cut off: at the first VANISHED of its batch and copy after it."""
        cut = self._of(Kind.VANISHED)
        gone = np.full(len(entries["message"]), NEVER)
        if not len(cut["message"]):
            return gone
        # Appends and cuts of one copy of a batch take turns, so the next one in its line is what ended it.
        both = {name: np.r_[entries[name], cut[name]] for name in ("message", "copy", "queue", "time_ns", "first")}
        is_cut = np.r_[np.zeros(len(gone), bool), np.ones(len(cut["message"]), bool)]
        order = np.lexsort((is_cut, both["time_ns"], both["copy"], both["message"], both["queue"]))
        here, after = order[:-1], order[1:]
        same = ~is_cut[here] & is_cut[after] & (both["first"][here] == both["first"][after])
        for name in ("message", "copy", "queue"):
            same &= both[name][here] == both[name][after]
        gone[here[same]] = both["time_ns"][after[same]]
        return gone

    @cached_property
    def cut_below_watermark(self) -> Ints:
        """Records that were cut off a log although a consumer had got what stood there, or beyond."""
        places, polls = self.places, self.polls
        cut = np.flatnonzero(places.gone_ns < NEVER)
        found = [np.zeros(0, np.int64)]
        for queue, gone_ns in sorted(set(zip(places.queue[cut].tolist(), places.gone_ns[cut].tolist(), strict=True))):
            mine = cut[(places.queue[cut] == queue) & (places.gone_ns[cut] == gone_ns)]
            before = (polls.queue == queue) & (polls.time_ns < gone_ns)
            time, offset = polls.time_ns[before], polls.offset[before]
            if len(time):
                highest_later = np.maximum.accumulate(offset[::-1])[::-1]
                at = np.searchsorted(time, places.begins_ns[mine], side="right")
                read = (at < len(time)) & (highest_later[np.minimum(at, len(time) - 1)] >= places.offset[mine])
                found.append(places.message[mine[read]])
        return np.unique(np.concatenate(found))

    def _told(self, entries: dict[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Tell whose append its producer learnt of: the try that was confirmed found it there."""
        confirmed, skipped = self._of(Kind.CONFIRMED), self._of(Kind.APPEND_SKIPPED)
        span = 1 + int(max(rows["attempt"].max(initial=0) for rows in (entries, confirmed, skipped)))
        answered = _pair(confirmed["message"], confirmed["attempt"], span)
        told = np.isin(_pair(entries["message"], entries["attempt"], span), answered)
        again = np.isin(_pair(skipped["message"], skipped["attempt"], span), answered)
        if again.any():
            span = 1 + int(max(entries["first"].max(initial=0), skipped["first"].max(initial=0)))
            found = _pair(skipped["message"][again], skipped["first"][again], span)
            told |= np.isin(_pair(entries["message"], entries["first"], span), found)
        return told

    @cached_property
    def polls(self) -> Polls:
        """Every record that a consumer got."""
        rows = self._of(Kind.DELIVERED, *_BEGIN_ANEW)
        got = rows["kind"] == Kind.DELIVERED
        by_actor = np.argsort(rows["actor"], kind="stable")
        other = np.r_[True, np.diff(rows["actor"][by_actor]) != 0] if len(by_actor) else np.zeros(0, bool)
        turn = np.empty(len(got), np.int64)
        turn[by_actor] = np.cumsum(other | ~got[by_actor])
        names = {name: number for number, name in enumerate(dict.fromkeys(e.group for e in self._entities))}
        group_of = np.array([names[entity.group] for entity in self._entities], np.int64)
        alone = np.array([entity.group not in self._sharing for entity in self._entities], bool)
        actor = rows["actor"][got]
        return Polls(
            rows["queue"][got], rows["first"][got], rows["message"][got], rows["time_ns"][got], actor,
            group_of[actor] if len(actor) else actor, alone[actor] if len(actor) else np.zeros(0, bool), turn[got],
        )  # fmt: skip


def _pair(one: Ints, other: Ints, span: int) -> Ints:
    """Two columns as one that can be looked up; the second stays below ``span``."""
    both: Ints = one * span + other
    return both


def ranges(counts: Ints) -> tuple[Ints, Ints]:
    """Spell out ranges: for each of their members the number of its range, and its place within.

    Examples
    --------
    >>> which, within = ranges(np.array([2, 0, 1]))
    >>> which.tolist(), within.tolist()
    ([0, 0, 2], [0, 1, 0])
    """
    counts = np.asarray(counts, np.int64)
    which = np.repeat(np.arange(len(counts)), counts)
    return which, np.arange(len(which)) - (np.cumsum(counts) - counts)[which]
