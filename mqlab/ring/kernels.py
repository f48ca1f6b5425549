"""What every thread of a ring does with the sequences: look, wait, claim, publish.

A record moves from one thread to another by one pair of accesses: whoever has written stores its own sequence
(release), whoever wants to read loads that sequence (acquire). The other way round a slot becomes free by the same
pair: a reader stores its sequence (release) after its last look, a producer loads it (acquire) before it overwrites.

With many producers the cursor only says what is claimed. What is published stands in ``marks``, one for each slot: the
sequence that was published there last. Who reads goes from mark to mark and stops at the first hole.
"""

from __future__ import annotations

from typing import Any

from mqlab.ring.atomics import (
    compare_swap,
    fence,
    fetch_add,
    give_way,
    load_acquire,
    load_relaxed,
    pause,
    store_release,
)
from mqlab.ring.cells import CURSOR, HALT, ROOM, SLEEPERS
from mqlab.ring.compiling import kernel

__all__ = [
    "advance", "advance_and_look", "await_least", "await_marks", "claim", "halted", "is_awaited", "least",
    "publish_marks", "raise_halt", "room", "sleepers_add", "try_claim",
]  # fmt: skip


@kernel
def least(cells: Any, gates: Any) -> int:
    """Give the lowest of the sequences at ``gates``."""
    low = load_acquire(cells, gates[0])
    for i in range(1, len(gates)):
        low = min(low, load_acquire(cells, gates[i]))
    return low


_PAUSES = 8


@kernel
def pause_a_while() -> None:
    """Leave the line that others write to alone for a moment.

    Each look at a sequence takes its line away from the core that writes it. Who looks after every single record makes
    both sides wait for the other's cache; a few pauses later there are several records to take at once.
    """
    for _ in range(_PAUSES):
        pause()


@kernel
def await_least(cells: Any, gates: Any, wanted: int, spins: int, yields: int) -> int:
    """Wait until all sequences at ``gates`` have reached ``wanted``; give the lowest of them.

    It is still below ``wanted`` if patience came to its end or the ring was halted; who called decides what then.
    """
    tries = 0
    while True:
        low = least(cells, gates)
        if low >= wanted or tries >= spins + yields or load_acquire(cells, HALT) != 0:
            return low
        if tries < spins:
            pause_a_while()
        else:
            give_way()
        tries += 1


@kernel
def await_marks(cells: Any, marks: Any, wanted: int, limit: int, spins: int, yields: int) -> int:
    """Wait until ``wanted`` is published; give the last one published without a hole, at most ``limit`` in all.

    It is ``wanted - 1`` if patience came to its end or the ring was halted.
    """
    mask = len(marks) - 1
    tries = 0
    while load_acquire(marks, wanted & mask) != wanted:
        if tries >= spins + yields or load_acquire(cells, HALT) != 0:
            return wanted - 1
        if tries < spins:
            pause_a_while()
        else:
            give_way()
        tries += 1
    last = wanted
    while last - wanted + 1 < limit and load_acquire(marks, (last + 1) & mask) == last + 1:
        last += 1
    return last


@kernel
def is_awaited(cells: Any) -> bool:
    """Tell whether somebody sleeps who might wait for what was just stored.

    The fence stands between that store and this look, and another one between a sleeper's count and its own last look
    at the sequences: so at least one of the two sees the other, and no wake-up is lost.
    """
    fence()
    return load_relaxed(cells, SLEEPERS) != 0


@kernel
def advance(cells: Any, place: int, sequence: int) -> None:
    """Let everybody see what this thread wrote and read up to ``sequence``."""
    store_release(cells, place, sequence)


@kernel
def advance_and_look(cells: Any, place: int, sequence: int, wakes: bool) -> bool:
    """Do what ``advance`` does; tell whether somebody sleeps who must be woken."""
    store_release(cells, place, sequence)
    return wakes and is_awaited(cells)


@kernel
def claim(cells: Any, n: int) -> int:
    """Many producers: take the next ``n`` sequences, whether there is room or not; give the last of them."""
    return fetch_add(cells, CURSOR, n) + n


@kernel
def try_claim(cells: Any, gates: Any, size: int, n: int) -> int:
    """Many producers: take the next ``n`` sequences if there is room; give the last of them, or -1."""
    while True:
        before = load_acquire(cells, CURSOR)
        if before + n - size > least(cells, gates):
            return -1
        if compare_swap(cells, CURSOR, before, before + n):
            return before + n


@kernel
def room(cells: Any, gates: Any, size: int, last: int, spins: int, yields: int) -> bool:
    """Wait until the slot of ``last`` is free; tell whether it is."""
    if last - size <= load_acquire(cells, ROOM):
        return True
    low = await_least(cells, gates, last - size, spins, yields)
    store_release(cells, ROOM, low)  # may go back when two producers look: a lower hint only means looking again
    return last - size <= low


@kernel
def publish_marks(marks: Any, first: int, last: int) -> None:
    """Many producers: mark every record from ``first`` to ``last`` as published."""
    mask = len(marks) - 1
    for sequence in range(first, last + 1):
        store_release(marks, sequence & mask, sequence)


@kernel
def sleepers_add(cells: Any, amount: int) -> None:
    """Count a thread that goes to sleep, or has woken up."""
    fetch_add(cells, SLEEPERS, amount)
    fence()


@kernel
def raise_halt(cells: Any) -> None:
    """Tell every thread to stop at its next look."""
    store_release(cells, HALT, 1)


@kernel
def halted(cells: Any) -> bool:
    """Tell whether the ring was halted."""
    return load_acquire(cells, HALT) != 0
