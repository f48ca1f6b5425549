"""Checks on order: who was processed after somebody who came later.

Order is judged among messages that were processed, per queue: what is missing is for other checks to
find, so loss is not disorder. A message is in order of creation (intended creation time, then number),
and its place is that of its first processing, whichever copy it was.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mqlab.checks.observation import Evidence, Observation, pairs

__all__ = ["count_inversions", "first_processings", "out_of_order"]


def out_of_order(evidence: Evidence) -> Observation:
    """Find late-comers: first processed after a later-created message of the same key in the same queue.

    Messages without keys all have key 0, so for them it is the whole queue. ``detail`` has two groups,
    ``per_key`` and ``global_`` (the same over all keys of a queue), each with ``late``, ``inversions``
    (pairs of messages processed in the wrong order) and ``largest_displacement`` (how many places a
    message stood off its right one).

        message  queue   key  created  processed_order
              0  orders    7     1 ms                1
              1  orders    7     2 ms                0
    """
    rows = first_processings(evidence)
    if not len(rows):
        nothing = {"late": 0, "inversions": 0, "largest_displacement": 0}
        return Observation(0, (), {"per_key": nothing, "global_": dict(nothing)})
    queue, key = evidence["queue"][rows], evidence["key"][rows]
    created = np.lexsort((evidence["message"][rows], evidence["created_ns"][rows]))
    late_of_key, per_key = _disorder(created, _group_numbers(queue, key))
    _, everywhere = _disorder(created, _group_numbers(queue))
    mask = np.zeros(len(evidence["message"]), bool)
    mask[rows[late_of_key]] = True
    return Observation(per_key["late"], evidence.examples(mask), {"per_key": per_key, "global_": everywhere})


def first_processings(evidence: Evidence) -> NDArray[np.intp]:
    """Pick one row for each (message, queue) processed, its first; in order of processing."""
    order = evidence["processed_order"]
    rows: NDArray[np.intp] = np.flatnonzero((order >= 0) & (evidence["queue"] >= 0))  # else there was no queue
    rows = rows[np.argsort(order[rows], kind="stable")]
    if (evidence["copy"][rows] == 0).all():
        return rows  # no pair can have two of them
    pair, first = pairs(evidence)
    place = np.full(len(first), len(rows))
    np.minimum.at(place, pair[rows], np.arange(len(rows)))
    firsts: NDArray[np.intp] = rows[np.sort(place[place < len(rows)])]
    return firsts


def _group_numbers(*columns: NDArray[np.int64]) -> NDArray[np.integer[Any]]:
    """Give each combination of columns a number; small ones where there are few, which sort by radix."""
    numbers, spans = np.zeros(len(columns[0]), np.int64), 1
    for column in columns:
        low, high = int(column.min()), int(column.max())
        span = high - low + 1
        numbers = numbers * span + (column.astype(np.int64) - low)
        spans *= span
    return numbers.astype(np.uint16) if spans <= 1 << 16 else numbers


def _disorder(
    created: NDArray[np.intp], group: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.intp], dict[str, int]]:
    """Find late-comers (indices) and measure disorder within groups.

    Everything is indexed in order of processing; ``created`` lists the same indices in order of creation.
    """
    processed = np.argsort(group, kind="stable")  # by group, in order of processing
    target = created[np.argsort(group[created], kind="stable")]  # by group, in order of creation
    here = np.arange(len(group))
    place = np.empty(len(group), np.int64)
    place[target] = here
    place = place[processed]
    # Groups occupy the same places in both orders, so nothing below ever compares across groups.
    late = place < np.maximum.accumulate(place)
    figures = {
        "late": int(np.count_nonzero(late)),
        "inversions": count_inversions(place),
        "largest_displacement": int(np.abs(place - here).max()),
    }
    return np.sort(processed[late]), figures


def count_inversions(permutation: NDArray[np.int64]) -> int:
    """Count the pairs that stand in the wrong order: exactly, in O(n log n), without a loop over elements.

    The permutation is first cut wherever everything before is smaller than everything after; no pair
    crosses a cut. Then bit by bit from the highest: within a block of equal higher bits, a pair is in the
    wrong order by this bit if a one stands before a zero; the block is split stably into its zeros and
    its ones, and the next bit follows.

    Parameters
    ----------
    permutation
        The numbers 0 … n-1 in any order, int64.

    Examples
    --------
    >>> count_inversions(np.array([1, 0, 2, 4, 3])), count_inversions(np.arange(5)[::-1])
    (2, 10)
    """
    n = len(permutation)
    here = np.arange(n)
    ends = np.flatnonzero(np.maximum.accumulate(permutation) == here)
    starts = np.r_[0, ends[:-1] + 1] if n else ends
    sizes = ends - starts + 1
    size = np.repeat(sizes, sizes)
    mixed = size > 1
    if not mixed.any():
        return 0
    sizes = sizes[sizes > 1]
    base = np.repeat(np.cumsum(sizes) - sizes, sizes)
    value = permutation[mixed] - np.repeat(starts, ends - starts + 1)[mixed]
    here, total = np.arange(len(value)), 0
    for bit in reversed(range(int(sizes.max() - 1).bit_length())):
        one = (value >> bit) & 1
        block = base + (value >> (bit + 1) << (bit + 1))
        ones = np.r_[0, np.cumsum(one)]
        ones_before = ones[here] - ones[block]
        total += int(ones_before[one == 0].sum())
        moved = np.empty_like(value)
        moved[np.where(one == 1, block + (1 << bit) + ones_before, here - ones_before)] = value
        value = moved
    return total
