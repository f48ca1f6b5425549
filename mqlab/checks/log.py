"""Checks on logs: where a record stands, and how consumers read past it.

They judge the rows of events alone, as a client's history would be judged: what was appended and acknowledged, and
what each consumer got in which order. The words are those of Jepsen's checker for Kafka
(https://github.com/jepsen-io/kafka: `skip` is our skipped, `duplicate` our log_duplicate). A consumer that comes back,
or is given a partition, begins anew: what it reads again then is redelivered, and neither skipped nor nonmonotonic.

Tables show the rows that matter, in order; a dash means that it never happened.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mqlab.checks.logbook import NEVER, LogBook, Places, Polls, ranges
from mqlab.checks.observation import EXAMPLES_MAX, Evidence, Observation

__all__ = ["inconsistent_offsets", "log_duplicate", "nonmonotonic", "skipped", "unseen"]

NO_LOG = "it concerns logs with offsets; this run has queues"
NO_EVENTS = "the run kept no events; it needs --trace events"

Mask = NDArray[np.bool_]
Index = NDArray[np.intp]


def _judged(check: Callable[[LogBook], Observation]) -> Callable[[Evidence], Observation]:
    """Let a check of a log's events stand among those of fates."""

    def judge(evidence: Evidence) -> Observation:
        if not evidence.has_logs:
            return Observation(None, not_judged=NO_LOG)
        if evidence.logbook is None:
            return Observation(None, not_judged=NO_EVENTS)
        return check(evidence.logbook)

    judge.__doc__, judge.__name__, judge.__module__ = check.__doc__, check.__name__, check.__module__
    return judge


def _examples(messages: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(messages[: 100 * EXAMPLES_MAX].tolist()))[:EXAMPLES_MAX]


def _runs(*columns: NDArray[np.int64]) -> tuple[Index, Mask]:
    """Sort by columns, the first one first; give the order, and where one differs from what stands before it."""
    order: Index = np.lexsort(columns[::-1])
    fresh = np.ones(len(order), bool)
    if len(order):
        fresh[1:] = np.any([column[order][1:] != column[order][:-1] for column in columns], axis=0)
    return order, fresh


def _distinct(*columns: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """Drop rows that stand there twice, and sort the rest by columns."""
    order, fresh = _runs(*columns)
    return tuple(column[order[fresh]] for column in columns)


def _seen(book: LogBook, *, stored: bool) -> tuple[NDArray[np.int64], ...]:
    """List (partition, offset, record) that somebody was told of or got; ``stored``: and what still stands there."""
    places, polls = book.places, book.polls
    of_places = places.told | (places.gone_ns == NEVER) if stored else places.told
    return (
        np.r_[places.queue[of_places], polls.queue],
        np.r_[places.offset[of_places], polls.offset],
        np.r_[places.message[of_places], polls.message],
    )


@_judged
def log_duplicate(book: LogBook) -> Observation:
    """Count the extra offsets of records that stand at several offsets of one partition.

    What was cut off a log again counts only if its producer was told of it, or a consumer got it.

        message  partition  appended at
              0     orders            0
              0     orders            1
    """
    queue, offset, message = _seen(book, stored=True)
    queue, message, offset = _distinct(queue, message, offset)
    again = np.zeros(len(message), bool)
    again[1:] = (message[1:] == message[:-1]) & (queue[1:] == queue[:-1])
    return Observation(int(np.count_nonzero(again)), _examples(message[again]))


@_judged
def inconsistent_offsets(book: LogBook) -> Observation:
    """Count the offsets that hold one record for somebody and another one for somebody else.

    Somebody is a producer that was told of an offset, or a consumer that got what stands there. So a log that was cut
    and went on shows here, if anybody had seen what was cut off.

        message  partition  offset  seen by
              0     orders       7  its producer, acknowledged
              1     orders       7  a consumer
    """
    queue, offset, message = _distinct(*_seen(book, stored=False))
    again = np.zeros(len(message), bool)
    again[1:] = (offset[1:] == offset[:-1]) & (queue[1:] == queue[:-1])
    first = again & ~np.r_[False, again[:-1]]  # of three records at one offset the offset counts once
    before = np.r_[again[1:], False] & ~again
    return Observation(int(np.count_nonzero(first)), _examples(message[again | before]))


def _steps(polls: Polls) -> tuple[Index, Index]:
    """Pair each poll with the one before it, of the same consumer and partition, without a new beginning between.

    Members of a group that share partitions record by record each get what others leave: they make no steps.
    """
    order, fresh = _runs(polls.queue, polls.turn)
    onward = np.flatnonzero(~fresh & polls.alone[order])
    return order[onward - 1], order[onward]


def _span(polls: Polls, places: Places) -> int:
    """More than any offset, so that partition · span + offset tells places apart."""
    return 1 + int(max(polls.offset.max(initial=0), places.offset.max(initial=0)))


def _within(polls: Polls, before: Index, after: Index) -> dict[str, int]:
    """Tell how many steps lie within a poll; records of one poll are handed out at the same instant."""
    inside = int(np.count_nonzero(polls.time_ns[before] == polls.time_ns[after]))
    return {"within_polls": inside, "across_polls": len(before) - inside}


@_judged
def nonmonotonic(book: LogBook) -> Observation:
    """Count the steps back: a consumer gets an offset that is not above the one it got before in that partition.

    ``detail``: how many ``within_polls`` and ``across_polls``.

        message  partition  consumer  polled at
              5     orders     stock     offset 5
              4     orders     stock     offset 4
    """
    polls = book.polls
    before, after = _steps(polls)
    back = polls.offset[after] <= polls.offset[before]
    before, after = before[back], after[back]
    return Observation(len(after), _examples(polls.message[after]), _within(polls, before, after))


@_judged
def skipped(book: LogBook) -> Observation:
    """Count the records between two polls of a consumer that stood there and that it did not get.

    Offsets at which no record stands are no records: markers, and what compaction or retention has taken away before.
    What was cut off by then, or came later, does not count either, nor what was aborted.
    ``detail``: ``jumps``, and how many of them lie ``within_polls`` and ``across_polls``.

        message  partition  consumer  polled at
              4     orders     stock  offset 4
              5     orders     stock  –             (appended at offset 5)
              6     orders     stock  offset 6
    """
    polls, places = book.polls, book.places
    before, after = _steps(polls)
    wide = polls.offset[after] > polls.offset[before] + 1
    before, after = before[wide], after[wide]
    span = _span(polls, places)
    key = places.queue * span + places.offset
    order = np.argsort(key, kind="stable")
    low = np.searchsorted(key[order], polls.queue[after] * span + polls.offset[before], side="right")
    high = np.searchsorted(key[order], polls.queue[after] * span + polls.offset[after], side="left")
    jump, within = ranges(high - low)
    place = order[low[jump] + within]
    there = places.begins_ns[place] <= polls.time_ns[after[jump]]
    there &= (polls.time_ns[after[jump]] < places.gone_ns[place]) & ~places.aborted[place]
    missed = np.unique(jump[there])
    return Observation(
        int(np.count_nonzero(there)),
        _examples(places.message[place[there]]),
        {"jumps": len(missed), **_within(polls, before[missed], after[missed])},
    )


@_judged
def unseen(book: LogBook) -> Observation:
    """Count the acknowledged records that no member of a group ever got, although the group read past them.

    A record counts once for each such group. The group has read past it if it got a higher offset of that partition
    after the record had come; so it stood below the high watermark. What stands before the first offset that the group
    ever got there does not count, nor what was cut off the log (that is lost), nor what was aborted.

        message  partition  group  polled at
              0     orders  stock  offset 0
              1     orders  stock  –             (acknowledged at offset 1)
              2     orders  stock  offset 2      (by another member, or after a new beginning)
    """
    polls, places = book.polls, book.places
    candidates = np.flatnonzero(places.told & (places.gone_ns == NEVER) & ~places.aborted)
    found = []
    for group in np.unique(polls.group):
        mine = np.flatnonzero(polls.group == group)
        passed = candidates[_passed(polls, mine, places, candidates)]
        values = 1 + int(max(polls.message[mine].max(), places.message.max(initial=0)))
        got = polls.queue[mine] * values + polls.message[mine]
        found.append(passed[~np.isin(places.queue[passed] * values + places.message[passed], got)])
    missed = np.sort(np.concatenate(found)) if found else np.zeros(0, np.intp)
    return Observation(len(missed), _examples(places.message[missed]))


def _passed(polls: Polls, mine: Index, places: Places, candidates: Index) -> Mask:
    """Mark the places that a group read past: it began below, and got a higher offset after the record had come."""
    mine = mine[np.argsort(polls.queue[mine], kind="stable")]  # by partition, in order of time
    queue, offset = polls.queue[mine], polls.offset[mine]
    first = np.flatnonzero(np.r_[True, queue[1:] != queue[:-1]])
    begins = np.minimum.reduceat(offset, first)
    falling = (queue[-1] - queue) * (1 + offset.max())  # looking back from the end, no partition sees another's
    highest_later = np.maximum.accumulate((offset + falling)[::-1])[::-1] - falling
    age = 1 + int(max(polls.time_ns.max(), places.begins_ns.max(initial=0)))
    later = np.searchsorted(
        queue * age + polls.time_ns[mine], places.queue[candidates] * age + places.begins_ns[candidates], side="right"
    )
    at = np.minimum(later, len(mine) - 1)
    passed = (later < len(mine)) & (queue[at] == places.queue[candidates])
    passed &= highest_later[at] > places.offset[candidates]
    line = np.minimum(np.searchsorted(queue[first], places.queue[candidates]), len(first) - 1)
    marked: Mask = passed & (begins[line] <= places.offset[candidates])
    return marked
