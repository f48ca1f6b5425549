"""One side of the bench ``ring`` in Python: our ring in each shape, or a queue of the standard library.

65,536 slots of one int64, which every consumer sums; sums are verified. All rounds but the last warm up (the first one
compiles); the last one's figures are printed as a JSON object.

    python benchmarks/_ring.py compiled 1p1c 10 20000000 2 yielding
    python benchmarks/_ring.py python 1p1c 1 100000 2 blocking
    python benchmarks/_ring.py SimpleQueue 1p1c 1 100000 2 -
"""

from __future__ import annotations

import json
import queue
import sys
import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

SLOTS = 65_536


def in_threads(work: Callable[[], object], count: int) -> None:
    """Run the same work in so many threads."""
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def check(totals: list[int], producers: int, each: int) -> None:
    """Compare every consumer's sum with what was sent."""
    expected = producers * (each * (each - 1) // 2)
    if any(total != expected for total in totals):
        raise SystemExit(f"sums {totals} instead of {expected}")


def graph(ring: Any, shape: str, handler: Any, states: list[Any], **options: Any) -> None:
    """Add the consumers of a shape."""
    first = ring.handle(handler, state=states[0], **options)
    if shape == "1p3c":
        for state in states[1:]:
            ring.handle(handler, state=state, **options)
    elif shape == "pipeline":
        second = ring.handle(handler, state=states[1], after=first, **options)
        ring.handle(handler, state=states[2], after=second, **options)
    elif shape == "diamond":
        second = ring.handle(handler, state=states[1], **options)
        ring.handle(handler, state=states[2], after=[first, second], **options)


def ring_s(kind: str, shape: str, batch: int, events: int, wait: str) -> float:
    """Seconds for one round of our ring."""
    from mqlab.ring import RingBuffer

    producers = 3 if shape == "3p1c" else 1
    consumers = 1 if shape.endswith("1c") else 3
    each = events // producers
    states = [np.zeros(16, np.int64) for _ in range(consumers)]
    ring = RingBuffer([("value", "i8")], SLOTS, producers="one" if producers == 1 else "many", wait=wait)
    numbers = np.arange(each)
    fill, handler = functions()
    if kind == "compiled":
        graph(ring, shape, handler, states)
        ring.start()
    else:
        graph(ring, shape, add_all if batch > 1 else add_one, states, batches=batch > 1)
        ring.start()

    def produce() -> None:
        if kind == "compiled":
            ring.produce(fill, each, batch=batch)
        elif batch == 1:
            for number in range(each):
                ring.publish(value=number)
        else:
            for start in range(0, each, batch):
                ring.publish_many({"value": numbers[start : start + batch]})

    start = perf_counter()
    in_threads(produce, producers)
    ring.drain()
    seconds = perf_counter() - start
    ring.close()
    check([int(state[0]) for state in states], producers, each)
    return seconds


def add_one(record: Any, sequence: int, end: bool, state: Any) -> None:
    """Sum in Python, a record at a time."""
    state[0] += record["value"]


def add_all(batch: Any, first: int, state: Any) -> None:
    """Sum in Python, as numpy does."""
    state[0] += batch["value"].sum()


_made: list[Any] = []


def functions() -> tuple[Any, Any]:
    """Make the compiled functions, once."""
    from mqlab.ring import compiled

    if not _made:

        @compiled
        def fill(record: Any, number: int) -> None:
            record["value"] = number

        @compiled
        def add(record: Any, sequence: int, end: bool, state: Any) -> None:
            state[0] += record["value"]

        _made[:] = [fill, add]
    return _made[0], _made[1]


def queue_s(kind: str, shape: str, events: int) -> float:
    """Seconds for one round of a queue of the standard library, an int at a time."""
    producers = 3 if shape == "3p1c" else 1
    each = events // producers
    line: Any = queue.Queue(SLOTS) if kind == "Queue" else queue.SimpleQueue()
    totals = [0]

    def produce() -> None:
        for number in range(each):
            line.put(number)

    def consume() -> None:
        total = 0
        for _ in range(each * producers):
            total += line.get()
        totals[0] = total

    start = perf_counter()
    consumer = threading.Thread(target=consume)
    consumer.start()
    in_threads(produce, producers)
    consumer.join()
    seconds = perf_counter() - start
    check(totals, producers, each)
    return seconds


def main() -> None:
    """Read the arguments, run the rounds, print the last one."""
    kind, shape, batch, events, rounds, wait = sys.argv[1:]
    seconds = 0.0
    for _ in range(int(rounds)):
        if kind in ("compiled", "python"):
            seconds = ring_s(kind, shape, int(batch), int(events), wait)
        else:
            seconds = queue_s(kind, shape, int(events))
    print(json.dumps({"events": int(events), "wall_s": seconds}))


if __name__ == "__main__":
    main()
