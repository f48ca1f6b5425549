"""The loops around a person's compiled functions: one compiled whole of waiting, handling and passing on.

A loop runs without the GIL as long as there is something to do. It comes back to Python when there is nothing for
longer than it may spin, when somebody sleeps who must be woken, and when the ring is halted; Python rests, wakes or
ends, and calls it again.

What each one works on stands in ``own``, a few words that no other thread looks at:

    reader     [0] the record being handled (read when a handler raised)
    worker     [0] likewise   [1] the sequence it has claimed
    producer   [0] published so far   [1] last of the claim under way   [2] its length (0: none)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from mqlab.ring.atomics import fetch_add, load_acquire, store_release
from mqlab.ring.cells import CLAIMED, CURSOR, HALT, ROOM
from mqlab.ring.compiling import kernel, together
from mqlab.ring.kernels import await_least, await_marks, is_awaited, room

__all__ = [
    "compile_for", "fill_loop_of", "handler_loop_of", "take_turn",
]  # fmt: skip

Loop = Callable[..., Any]


def _with_state(function: Loop, *, three: bool, takes_state: bool) -> Loop:
    """Give a person's function the arguments it takes: two or three, and its state if it has one."""
    if takes_state:
        return function
    if three:

        def plain(record: Any, number: int, end: bool, state: Any) -> None:
            function(record, number, end)

    else:

        def plain(record: Any, number: int, state: Any) -> None:  # type: ignore[misc]
            function(record, number)

    return together(plain)


def handle_each(function: Loop, *, takes_state: bool) -> Loop:
    """Call a handler for each record from ``first`` to ``last``: ``(record, sequence, end[, state])``."""
    handler = _with_state(function, three=True, takes_state=takes_state)

    def call(records: Any, first: int, last: int, own: Any, state: Any) -> None:
        mask = len(records) - 1
        for sequence in range(first, last + 1):
            own[0] = sequence
            handler(records[sequence & mask], sequence, sequence == last, state)

    return together(call)


def handle_batches(function: Loop, *, takes_state: bool) -> Loop:
    """Call a handler for many records at once: ``(batch, first[, state])``.

    It is called twice where the end of the memory lies between.
    """
    handler = _with_state(function, three=False, takes_state=takes_state)

    def call(records: Any, first: int, last: int, own: Any, state: Any) -> None:
        size = len(records)
        start = first & (size - 1)
        stop = start + last - first + 1
        own[0] = first
        handler(records[start : min(stop, size)], first, state)
        if stop > size:
            own[0] = first + size - start
            handler(records[: stop - size], own[0], state)

    return together(call)


def fill_each(function: Loop, *, takes_state: bool) -> Loop:
    """Call a fill function for each record claimed: ``(record, number[, state])``."""
    fill = _with_state(function, three=False, takes_state=takes_state)

    def call(records: Any, first: int, last: int, number: int, state: Any) -> None:
        mask = len(records) - 1
        for sequence in range(first, last + 1):
            fill(records[sequence & mask], number + sequence - first, state)

    return together(call)


def fill_batches(function: Loop, *, takes_state: bool) -> Loop:
    """Call a fill function for many records at once: ``(batch, number[, state])``."""
    fill = _with_state(function, three=False, takes_state=takes_state)

    def call(records: Any, first: int, last: int, number: int, state: Any) -> None:
        size = len(records)
        start = first & (size - 1)
        stop = start + last - first + 1
        fill(records[start : min(stop, size)], number, state)
        if stop > size:
            fill(records[: stop - size], number + size - start, state)

    return together(call)


def reader_loop(call: Loop) -> Loop:
    """Make the loop of a compiled handler that sees every record."""

    def loop(
        cells: Any, marks: Any, records: Any, gates: Any, mine: int, by_marks: bool, limit: int, spins: int,
        yields: int, wakes: bool, own: Any, state: Any,
    ) -> None:  # fmt: skip
        first = load_acquire(cells, mine) + 1
        while load_acquire(cells, HALT) == 0:
            if by_marks:
                last = await_marks(cells, marks, first, limit, spins, yields)
            else:
                last = min(await_least(cells, gates, first, spins, yields), first + limit - 1)
            if last < first:
                return
            call(records, first, last, own, state)
            store_release(cells, mine, last)
            first = last + 1
            if wakes and is_awaited(cells):
                return

    return together(loop)


@kernel
def take_turn(cells: Any, work: int, mine: int, own: Any) -> int:
    """Let a worker of a pool claim the next record, unless it holds one; give its sequence.

    Until then the worker's own sequence stands below the record it had before, so nothing unhandled is ever passed.
    """
    if own[1] < 0:
        own[1] = fetch_add(cells, work, 1) + 1
        store_release(cells, mine, own[1] - 1)
    return own[1]


def worker_loop(call: Loop) -> Loop:
    """Make the loop of a compiled handler that shares the records with the others of its pool."""

    def loop(
        cells: Any, marks: Any, records: Any, gates: Any, mine: int, work: int, by_marks: bool, spins: int,
        yields: int, wakes: bool, own: Any, state: Any,
    ) -> None:  # fmt: skip
        while load_acquire(cells, HALT) == 0:
            fresh = own[1] < 0
            turn = take_turn(cells, work, mine, own)
            if fresh and wakes and is_awaited(cells):
                return
            if by_marks:
                last = await_marks(cells, marks, turn, 1, spins, yields)
            else:
                last = await_least(cells, gates, turn, spins, yields)
            if last < turn:
                return
            call(records, turn, turn, own, state)
            own[1] = -1

    return together(loop)


def fill_loop(call: Loop) -> Loop:
    """Make the loop of a compiled function that fills records, for one producer and for many."""

    def loop(
        cells: Any, marks: Any, records: Any, gates: Any, many: bool, count: int, batch: int, spins: int, yields: int,
        wakes: bool, own: Any, state: Any,
    ) -> None:  # fmt: skip
        size = len(records)
        claimed, gate = cells[CLAIMED], load_acquire(cells, ROOM)
        done, last, n = own[0], own[1], own[2]
        while done < count:
            if n == 0:
                n = min(batch, count - done)
                if many:
                    last = fetch_add(cells, CURSOR, n) + n
                    own[1], own[2] = last, n  # should the fill function raise, this is what stays open
                else:
                    last = claimed + n
            # Whether the ring is halted is asked only here: its readers have stopped then, so it is full within a lap.
            if last - size > gate:
                if not room(cells, gates, size, last, spins, yields) or load_acquire(cells, HALT) != 0:
                    break
                gate = load_acquire(cells, ROOM)
            call(records, last - n + 1, last, done, state)
            if many:
                for sequence in range(last - n + 1, last + 1):
                    store_release(marks, sequence & (size - 1), sequence)
            else:
                claimed = last
                store_release(cells, CURSOR, last)
            done += n
            n = 0
            if wakes and is_awaited(cells):
                break
        own[0], own[1], own[2] = done, last, n

    return together(loop)


@lru_cache(maxsize=64)
def fill_loop_of(fill: Loop, *, batches: bool, takes_state: bool) -> Loop:
    """Make the whole loop of a producer; compiled once for each function."""
    return fill_loop((fill_batches if batches else fill_each)(fill, takes_state=takes_state))


@lru_cache(maxsize=64)
def handler_loop_of(handler: Loop, *, batches: bool, takes_state: bool, pool: bool) -> Loop:
    """Make the whole loop of a consumer; compiled once for each handler."""
    call = (handle_batches if batches else handle_each)(handler, takes_state=takes_state)
    return worker_loop(call) if pool else reader_loop(call)


def compile_for(loop: Loop, arguments: tuple[Any, ...]) -> None:
    """Compile a loop for these arguments now, not in the thread that calls it first."""
    import numba

    loop.compile(tuple(numba.typeof(argument) for argument in arguments))  # type: ignore[attr-defined]
