"""Broken scenarios about consumers that pull, collect, remember, sell, share, time out, grow and shrink."""

from __future__ import annotations

from tests.bad_input.corpus import Broken

WORK, QUEUES = "service: 4 ms", "stock: {queue: orders, service: 4 ms}"


def _consumer(name: str, words: str, column: int, what: str, mend: str) -> Broken:
    """A consumer with a few words more; the culprit stands at a column of its line."""
    return Broken(name, WORK, f"{WORK}, {words}", 10, column, what, mend)


TABLE = [
    _consumer("pull with prefetch", "pull: 10 ms, prefetch: 5", 54, "does not concern a consumer that pulls", "leave"),
    _consumer("pull in no time", "pull: 0 s", 47, "more than 0", "20 ms"),
    _consumer("pull with a typo", "pull: {evry: 1 s}", 48, "unknown field `evry`", "`every`"),
    Broken("pull by hand", WORK, "service: by_hand, pull: 10 ms", 10, 44, "done by hand", "leave it out"),
    _consumer("prefetch beyond AMQP", "prefetch: 65_536", 51, "AMQP's 16 bits", "65_535"),
    _consumer("channel beyond AMQP", "prefetch: {channel: 70_000}", 61, "AMQP's 16 bits", "65_535"),
    _consumer("channel left out", "prefetch: {consumer: 5}", 51, "`channel` is missing", "channel: 30"),
    _consumer("channel and automatic", "ack: auto, prefetch: {channel: 5}", 52, "`ack: auto`", "ack: manual"),
    _consumer("channel of a crowd", "count: 300, prefetch: {channel: 5}", 73, "too many for one channel", "256"),
    _consumer("channel and scale", "prefetch: {channel: 5}, scale: [{at: 1 s, count: 2}]", 65, "process", "10"),
    _consumer("batch and automatic", "ack: auto, acks: {batch: 5}", 52, "no acknowledgements", "ack: manual"),
    _consumer("batch of nothing", "acks: {batch: 0}", 55, "not between 1", "10"),
    _consumer("batch beyond reason", "acks: {batch: 1001}", 55, "is too large", "at most 1000"),
    _consumer("batch left out", "acks: {after: 1 s}", 47, "`batch` is missing", "batch: 10"),
    _consumer("timeout and automatic", "ack: auto, timeout: 1 min", 52, "nothing is ever too late", "ack: manual"),
    _consumer("timeout in words", "timeout: long", 50, "is not a duration", "20 ms"),
    _consumer("timeout never looked at", "timeout: {after: 1 s, check: 0 s}", 70, "more than 0", "20 ms"),
    _consumer("no lanes", "concurrency: 0", 54, "not between 1", "10"),
    _consumer("too many lanes", "concurrency: 1000", 54, "too many", "at most 256"),
    Broken("lanes by hand", WORK, "service: by_hand, concurrency: 2", 10, 44, "done by hand", "leave it out"),
    _consumer("scale in disorder", "scale: [{at: 2 s, count: 3}, {at: 1 s, count: 2}]", 75, "not in order", "later"),
    _consumer("scale at once", "scale: [{at: 0 s, count: 3}]", 54, "begins with `count`", "later"),
    _consumer("scale too late", "scale: [{at: 41 s, count: 3}]", 54, "after the end of the run", "earlier"),
    _consumer("scale without a size", "scale: [{at: 1 s}]", 49, "`count` is missing", "count: 8"),
    _consumer("scale to less than none", "scale: [{at: 1 s, count: -1}]", 66, "is negative", "8"),
    _consumer("scale by magic", "scale: [{at: 1 s, count: 2, how: magic}]", 74, "`magic` is not one of", "graceful"),
    _consumer("scale is no list", "scale: 8", 48, "where a list belongs", "at: 10 s"),
    _consumer("window of nothing", "deduplicate: {window: 0}", 63, "not between 1", "1000"),
    _consumer("window of no time", "deduplicate: {window: 0 s}", 63, "remembers nothing", "5 min"),
    _consumer("window in words", "deduplicate: {window: some}", 63, "some", "5 min"),
    _consumer("memory by magic", "deduplicate: {how: magic}", 60, "not one of atomic", "atomic"),
    Broken("look-up by hand", WORK, "service: by_hand, deduplicate: {how: check-then-act}", 10, 44, "by hand", "leave"),
    Broken(
        "a window for two groups", QUEUES, f"{QUEUES[:-1]}, deduplicate: {{window: 5}}}}\n  more: {{queue: orders}}",
        10, 63, "is kept for one group on a queue", "deduplicate: true",
    ),
    _consumer("stock of less than nothing", "inventory: -1", 52, "is negative", "10"),
    _consumer("stock of nothing named", "inventory: {how: atomic}", 52, "`items` is missing", "items: 1000"),
    _consumer("exceptions for nobody", "exceptions: {then: requeue}", 53, "which messages fail", "only: [3]"),
    _consumer("exceptions for a name", "exceptions: {only: [x]}", 60, "is not a whole number", "[3, 7]"),
    _consumer("exceptions never", "exceptions: {only: [3], times: 0}", 72, "not between 1", "10"),
    _consumer("exceptions for none", "exceptions: {only: []}", 60, "names no message", "only: [3]"),
]  # fmt: skip
