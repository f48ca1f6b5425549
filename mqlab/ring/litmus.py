"""Two litmus tests: what the order of memory accesses does on this machine, with and without what the ring puts there.

``message-passing`` is the ring itself in small: one thread writes a value and then raises a flag, the other sees the
flag and then reads the value. A stale value is a violation. Ordered: the flag is stored with release and loaded with
acquire. Bare: every access is atomic, but in no order with the others.

``store-buffering`` is going to sleep in small: each of two threads stores into its own cell and then looks at the
other's. That neither sees the other is a violation (a lost wake-up). Ordered: a full fence between the two accesses.

Where a bare test shows no violation the machine cannot show the need for the order, not that there is none. x86-64
keeps stores in order and loads in order, and lets only a load overtake an earlier store of the same core: it can show
the second test's violation and not the first's. arm64 can show both.

Examples
--------
>>> run("message-passing", ordered=True, rounds=1000).violations
0
"""

from __future__ import annotations

import platform
import sys
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from mqlab.errors import did_you_mean
from mqlab.ring.atomics import (
    acquire_fence,
    fence,
    fetch_add,
    give_way,
    load_acquire,
    load_relaxed,
    release_fence,
    store_relaxed,
)
from mqlab.ring.cells import LINE, aligned
from mqlab.ring.compiling import announced, kernel
from mqlab.ring.errors import BadRing

__all__ = ["LITMUS", "Outcome", "main", "run"]

_X, _Y, _STEP = 0, LINE, 2 * LINE


@kernel
def meet(cells: Any, step: int) -> None:
    """Wait until both threads have come to this step."""
    fetch_add(cells, _STEP, 1)
    tries = 0
    while load_acquire(cells, _STEP) < 2 * step:
        tries += 1
        if tries & 1023 == 0:
            give_way()


@kernel
def pass_message(cells: Any, side: int, ordered: bool, rounds: int) -> int:
    """Side 0 writes the value, then the flag; side 1 looks at the flag, then at the value, as long as it takes."""
    violations = 0
    if side == 0:
        for i in range(1, rounds + 1):
            store_relaxed(cells, _X, i)
            if ordered:
                release_fence()
            store_relaxed(cells, _Y, i)
        return 0
    tries, flag = 0, 0
    while flag < rounds:
        flag = load_relaxed(cells, _Y)
        if ordered:
            acquire_fence()
        if load_relaxed(cells, _X) < flag:
            violations += 1
        tries += 1
        if tries & 1023 == 0:
            give_way()
    return violations


@kernel
def go_to_sleep(cells: Any, side: int, ordered: bool, rounds: int, seen: Any) -> int:
    """Store into the own cell, look at the other's, and keep what was seen; in step with the other side."""
    mine, other = (_X, _Y) if side == 0 else (_Y, _X)
    for i in range(1, rounds + 1):
        meet(cells, i)
        # The two come out of their meeting a cache miss apart: let every pair of small delays have its turn.
        for _ in range((i >> 6 * side) & 63):
            load_relaxed(cells, mine)
        store_relaxed(cells, mine, i)
        if ordered:
            fence()
        seen[i - 1] = load_relaxed(cells, other) >= i
    return 0


LITMUS = ("message-passing", "store-buffering")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a litmus test; ``violations`` of so many ``rounds``."""

    name: str
    ordered: bool
    rounds: int
    violations: int


def run(name: str, *, ordered: bool, rounds: int = 200_000) -> Outcome:
    """Run a litmus test with two threads.

    Raises
    ------
    BadRing
        There is none of this name.
    """
    if name not in LITMUS:
        raise BadRing(f"there is no litmus test {name!r}", mend=did_you_mean(name, LITMUS, "there are"))
    cells = aligned(3 * LINE, np.dtype(np.int64))
    seen = np.zeros((2, rounds), np.bool_)
    violations = [0, 0]

    def one(side: int) -> None:
        if name == "message-passing":
            violations[side] = int(pass_message(cells, side, ordered, rounds))
        else:
            go_to_sleep(cells, side, ordered, rounds, seen[side])

    with announced("the litmus tests"):
        pass_message(cells, 0, ordered, 0)
        go_to_sleep(cells, 0, ordered, 0, seen[0])
    threads = [threading.Thread(target=one, args=(side,)) for side in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lost = int((~seen[0] & ~seen[1]).sum()) if name == "store-buffering" else 0
    return Outcome(name, ordered, rounds, sum(violations) + lost)


def main() -> None:
    """Print what both tests give on this machine, ordered and bare."""
    sys.stdout.write(f"{platform.machine()}\n")
    for name in LITMUS:
        for ordered in (True, False):
            outcome = run(name, ordered=ordered, rounds=1_000_000)
            how = "ordered" if ordered else "bare"
            sys.stdout.write(f"{name:16} {how:8} {outcome.violations:8,} violations in {outcome.rounds:,} rounds\n")


if __name__ == "__main__":
    main()
