"""One side of the bench ``broker``: a producer and a consumer thread, and messages per second between them.

Each body is a small Python object (an int). What is timed is publish → deliver → acknowledge of all messages, threads
started and joined within. Prints one JSON object: messages and wall seconds.

    python benchmarks/_broker.py mqlab 200000
"""

from __future__ import annotations

import json
import queue
import sys
import threading
from collections.abc import Callable
from time import perf_counter

BATCH = 100


def between(consume: Callable[[], None], produce: Callable[[], None]) -> float:
    """Run a consumer in a thread beside a producer and return the seconds until both are done."""
    consumer = threading.Thread(target=consume)
    start = perf_counter()
    consumer.start()
    produce()
    consumer.join()
    return perf_counter() - start


def std_queue(messages: int) -> float:
    """Time queue.Queue: put, get and task_done."""
    line: queue.Queue[int] = queue.Queue()

    def consume() -> None:
        for _ in range(messages):
            line.get()
            line.task_done()

    def produce() -> None:
        for number in range(messages):
            line.put(number)

    return between(consume, produce)


def simple_queue(messages: int) -> float:
    """Time queue.SimpleQueue, which is written in C and knows nothing of work done: put and get."""
    line: queue.SimpleQueue[int] = queue.SimpleQueue()

    def consume() -> None:
        for _ in range(messages):
            line.get()

    def produce() -> None:
        for number in range(messages):
            line.put(number)

    return between(consume, produce)


def mqlab_single(messages: int, prefetch: int = 0) -> float:
    """Time our broker, a message at a time: publish, receive, ack."""
    from mqlab import Broker

    with Broker() as broker:
        channel = broker.connect().channel()
        channel.declare_queue("q")
        consumer = broker.connect().channel().consume("q", prefetch=prefetch)

        def consume() -> None:
            for _ in range(messages):
                consumer.receive().ack()

        def produce() -> None:
            for number in range(messages):
                channel.publish(number, "q")

        return between(consume, produce)


def mqlab_batches(messages: int, prefetch: int = 0) -> float:
    """Time our broker in batches: publish_many, receive_many, each body in hand, one ack for all."""
    from mqlab import Broker

    with Broker() as broker:
        channel = broker.connect().channel()
        channel.declare_queue("q")
        consumer = broker.connect().channel().consume("q", prefetch=prefetch)

        def consume() -> None:
            done = 0
            while done < messages:
                batch = consumer.receive_many(BATCH)
                for _body in batch.bodies:
                    done += 1
                batch.ack()

        def produce() -> None:
            for first in range(0, messages, BATCH):
                channel.publish_many(range(first, min(first + BATCH, messages)), "q")

        return between(consume, produce)


def kombu(messages: int) -> float:
    """Time kombu's memory transport: SimpleQueue put, get and ack."""
    from kombu import Connection

    name = "mqlab-bench"
    ends = [Connection("memory://").SimpleQueue(name) for _ in range(2)]

    def consume() -> None:
        for _ in range(messages):
            ends[1].get(timeout=60).ack()

    def produce() -> None:
        for number in range(messages):
            ends[0].put(number)

    return between(consume, produce)


SIDES: dict[str, Callable[[int], float]] = {
    "queue": std_queue,
    "simple-queue": simple_queue,
    "mqlab": mqlab_single,
    "mqlab-prefetch": lambda messages: mqlab_single(messages, 1000),
    "mqlab-batches": mqlab_batches,
    "mqlab-batches-prefetch": lambda messages: mqlab_batches(messages, 1000),
    "kombu": kombu,
}


def main() -> None:
    """Warm up, run the side that is asked for, print."""
    side, messages = SIDES[sys.argv[1]], int(sys.argv[2])
    side(min(messages, 1000))
    print(json.dumps({"messages": messages, "wall_s": side(messages)}))


if __name__ == "__main__":
    main()
