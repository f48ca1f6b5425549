"""The bench ``broker``: messages between two threads, published, delivered and acknowledged, beside queues of Python.

Rates are messages per second from the first publish to the last acknowledgement. ``queue.Queue`` does put, get and
task_done; kombu's memory transport put, get and ack (fewer messages, because it needs longer; a rate does not mind).
The bodies are ints. In batches the consumer takes each body in hand and acknowledges the batch; no delivery is made of
a message that nobody asks anything else. Batches are judged with a prefetch limit, as one would use them.

On disk, persistent messages of 100 bytes go into a durable queue until all are confirmed, and a journal of a million
that were published one at a time is opened again. A folder in memory (tmpfs) is refused: a sync costs nothing there.
"""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path

from mqlab.bench import Group, Row, Scale, run_script, with_version

HERE = Path(__file__).parent


def rate(side: str, messages: int, scale: Scale) -> float | None:
    """Messages per second of one side."""
    if side == "kombu" and find_spec("kombu") is None:
        return None
    figures = run_script(HERE / "_broker.py", side, str(round(scale.of(messages, least=1000))))
    return float(figures["messages"]) / float(figures["wall_s"])


def seconds(side: str, messages: int, scale: Scale) -> float:
    """Seconds that one side takes for so many messages."""
    return float(run_script(HERE / "_broker.py", side, str(round(scale.of(messages, least=1000))))["wall_s"])


KOMBU = with_version("kombu", "kombu {} memory transport")
QUEUE = "queue.Queue put, get, task_done"
UNIT = "messages/s"
EACH = "mqlab, a sync for each message"

GROUPS = (
    Group(
        "between two threads",
        measures={
            "queue": partial(rate, "queue", 300_000),
            "one": partial(rate, "mqlab", 300_000),
            "kombu": partial(rate, "kombu", 5_000),
            "batches": partial(rate, "mqlab-batches", 1_000_000),
            "simple": partial(rate, "simple-queue", 1_000_000),
            "prefetch": partial(rate, "mqlab-prefetch", 200_000),
            "batches prefetch": partial(rate, "mqlab-batches-prefetch", 1_000_000),
        },
        rows=[
            Row("one message at a time", UNIT, "one", "queue", QUEUE, 0.7, "ratio >= target"),
            Row("in batches of 100, prefetch 1000", UNIT, "batches prefetch", "queue", QUEUE, 5, "ratio >= target"),
            Row("one message at a time, beside kombu", UNIT, "one", "kombu", KOMBU, 10, "ratio >= target"),
            Row("one message at a time, prefetch 1000", UNIT, "prefetch", "queue", QUEUE),
            Row("in batches of 100, prefetch unlimited", UNIT, "batches", "queue", QUEUE),
            Row("one message at a time, beside C", UNIT, "one", "simple", "queue.SimpleQueue put, get"),
        ],
    ),
    Group(
        "journalled on disk",
        measures={
            "each": partial(rate, "journal-each", 3_000),
            "pipelined": partial(rate, "journal-pipelined", 100_000),
            "in batches": partial(rate, "journal-batches", 300_000),
            "recover": partial(seconds, "journal-recover", 1_000_000),
        },
        rows=[
            Row("journalled, group commit, batches of 100", UNIT, "in batches", "each", EACH, 20, "ratio >= target"),
            Row("journalled, group commit, one at a time", UNIT, "pipelined", "each", EACH),
            Row("open and recover 1 million journalled messages", "s", "recover", None, None, 5, "ours <= target"),
        ],
    ),
)
