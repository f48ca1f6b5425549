"""The heap of events and the heap of what came back to a queue, against the simplest references there are."""

from __future__ import annotations

import heapq
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mqlab.core import queue as line
from mqlab.core.codes import C_UNACKED
from mqlab.core.heap import close_hole, push, take_top
from mqlab.core.records import ARRAYS

NAMES = [name for name, _ in ARRAYS]

times = st.integers(0, 6) | st.integers(0, 2**62)
steps = st.lists(st.tuples(times, st.integers(0, 2)) | st.none(), max_size=80)


def state(**sizes: int) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
    arrays = [np.zeros(sizes.get(name, 1), dtype) for name, dtype in ARRAYS]
    return arrays, dict(zip(NAMES, arrays, strict=True))


@given(steps, st.lists(st.integers(0, 3), max_size=80))
def test_events_leave_in_order_of_time_rank_and_scheduling(script: list, follow_ups: list[int]) -> None:
    """Push and take at random; what a handler schedules meanwhile may fill the place of what it handles."""
    s, named = state(heap=400)
    reference: list[tuple[int, int, int]] = []
    follow = iter(follow_ups)
    number = 0

    def schedule(time: int, rank: int) -> None:
        nonlocal number
        push(s, time, rank, number % 50, number, 7 * number, -number)
        heapq.heappush(reference, (time, rank, number))
        number += 1

    def take() -> None:
        top = named["heap"][0]
        time, rank, n = heapq.heappop(reference)
        assert (top["time"], top["order"] >> 56, top["order"] & ((1 << 56) - 1)) == (time, rank, n)
        assert (top["kind"], top["a"], top["b"], top["c"]) == (n % 50, n, 7 * n, -n)
        take_top(s)
        for k in range(next(follow, 0)):
            schedule(time + k, 2)
        close_hole(s)

    for step in script:
        if step is not None:
            schedule(*step)
        elif reference:
            take()
        assert named["runs"][0]["heap_n"] == len(reference)
    while reference:
        follow = iter(())
        take()


def test_many_events_of_one_instant_leave_as_they_were_scheduled() -> None:
    s, named = state(heap=2000)
    for n in range(1000):
        push(s, 5, 2, 0, n, 0, 0)
    taken = []
    for _ in range(1000):
        taken.append(int(named["heap"][0]["a"]))
        take_top(s)
        close_hole(s)
    assert taken == list(range(1000))


@given(st.lists(st.sampled_from(["append", "take", "return"]), max_size=120), st.randoms(use_true_random=False))
def test_what_comes_back_stands_where_it_stood(script: list[str], random: Random) -> None:
    """Append, take from the head, put back in any order: always as a list sorted by position would do it."""
    s, named = state(copies=200)
    for end in ("head", "tail", "requeued"):
        named["queues"][0][end] = -1
    reference: list[int] = []
    away: list[int] = []
    fresh = 0
    for step in script:
        if step == "append":
            line.append(s, 0, fresh)
            reference.append(fresh)
            fresh += 1
        elif step == "take":
            got = line.take_first(s, 0)
            assert got == (min(reference) if reference else -1)
            if reference:
                reference.remove(got)
                away.append(got)
                named["copies"][got]["state"] = C_UNACKED
        elif away:
            back = away.pop(random.randrange(len(away)))
            line.put_back(s, 0, back)
            reference.append(back)
        assert named["queues"][0]["ready"] == len(reference)
    rest = [int(line.take_first(s, 0)) for _ in range(len(reference))]
    assert rest == sorted(reference)
