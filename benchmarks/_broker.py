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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqlab.broker import Channel, Properties

BATCH = 100
BODY = b"x" * 100


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


# on disk


def memory_disks() -> list[str]:
    """List where disks are that are none (Linux)."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return []
    return [fields[1] for fields in mounts if fields[2] in ("tmpfs", "ramfs")]


@contextmanager
def folder_on_disk() -> Iterator[Path]:
    """Make a folder here, and refuse if here is no disk: memory syncs at once."""
    here = Path.cwd().resolve()
    places = sorted([*memory_disks(), "/"], key=len)
    nearest = [place for place in places if here.is_relative_to(place)][-1]
    if nearest in memory_disks():
        sys.exit(f"{here} is in memory (tmpfs), where a sync costs nothing; run this in a folder on a disk")
    with TemporaryDirectory(prefix=".mqlab-bench-", dir=here) as folder:
        yield Path(folder)


def journalled(messages: int, publish: Callable[[Channel, int], None]) -> float:
    """Time persistent messages of 100 bytes into a durable queue, until all are confirmed (sync always)."""
    from mqlab import Broker

    with folder_on_disk() as folder, Broker(data=folder) as broker:
        channel = broker.connect().channel()
        channel.declare_queue("q", durable=True)
        channel.confirms()
        start = perf_counter()
        publish(channel, messages)
        channel.wait_for_confirms()
        return perf_counter() - start


def each_synced(channel: Channel, messages: int) -> None:
    """Wait for each confirm: a sync a message."""
    kept = persistent()
    for _ in range(messages):
        channel.publish(BODY, "q", properties=kept)
        channel.wait_for_confirms()


def pipelined(channel: Channel, messages: int) -> None:
    """Publish one at a time; confirms come when they come."""
    kept = persistent()
    for _ in range(messages):
        channel.publish(BODY, "q", properties=kept)


def pipelined_batches(channel: Channel, messages: int) -> None:
    """Publish in batches; confirms come when they come."""
    kept, batch = persistent(), [BODY] * BATCH
    for _ in range(0, messages, BATCH):
        channel.publish_many(batch, "q", properties=kept)


def persistent() -> Properties:
    """Make what a message says that is to be kept."""
    from mqlab.broker import Properties

    return Properties(persistent=True)


def recover(messages: int) -> float:
    """Time opening a journal of messages that were published one at a time, until a consumer could have them."""
    from mqlab import Broker

    with folder_on_disk() as folder:
        with Broker(data=folder, sync="never") as broker:
            channel = broker.connect().channel()
            channel.declare_queue("q", durable=True)
            pipelined(channel, messages)
        del broker, channel
        start = perf_counter()
        with Broker(data=folder) as again:
            wall_s = perf_counter() - start
            assert again.stats()["q"].ready == messages
        return wall_s


SIDES: dict[str, Callable[[int], float]] = {
    "journal-each": lambda messages: journalled(messages, each_synced),
    "journal-pipelined": lambda messages: journalled(messages, pipelined),
    "journal-batches": lambda messages: journalled(messages, pipelined_batches),
    "journal-recover": recover,
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
