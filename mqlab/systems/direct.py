"""A synchronous call with no queue between, to a web server or a database: the answer follows the work.

In the model the workers of the called service are consumers, and the place where a call waits for a free
worker is a queue of length 0: a call that finds no worker free is refused ("too many connections").
"""

from __future__ import annotations

from typing import Final

from mqlab.systems.base import OURS, Default, System
from mqlab.systems.common import with_common
from mqlab.systems.promises import call_contract

__all__ = ["SYSTEM"]

_NOTHING_BETWEEN = OURS + "there is no broker between caller and worker, so it costs nothing"
_NO_DISK = OURS + "a call is not written down anywhere"

DEFAULTS: Final = with_common(
    Default("producers.*.message.persistent", "false", _NO_DISK),
    Default("producers.*.confirm", "true", OURS + "the answer to a call is its confirmation"),
    Default("producers.*.confirm.max_in_flight", "0", OURS + "every caller has a thread of its own"),
    Default(
        "producers.*.confirm.timeout",
        "0 s",
        "Python requests, Advanced usage, Timeouts: without one it waits on",
    ),
    Default("producers.*.retry.attempts", "1", "Python requests, HTTPAdapter: max_retries=0"),
    Default("producers.*.retry.backoff", "{exponential: {first: 100 ms}}", OURS + "short at first, then doubling"),
    Default("producers.*.connection.heartbeat", "0 s", "RFC 9112: HTTP has no heartbeat"),
    Default("producers.*.connection.reconnect", "100 ms", OURS + "the next call opens a new connection"),
    Default("queues.*.durable", "false", _NO_DISK),
    Default("queues.*.max_length", "0", OURS + "a call is refused when every worker is busy"),
    Default("queues.*.overflow", "reject-publish", OURS + "the caller is told: too many connections"),
    Default("consumers.*.prefetch", "1", OURS + "a worker serves one call at a time"),
    Default("consumers.*.ack", "manual", OURS + "a call is over when its work is"),
    Default("consumers.*.link.latency", "0 s", OURS + "the workers are where the calls arrive"),
    Default("consumers.*.connection.heartbeat", "0 s", OURS + "a worker is part of its server"),
    Default("consumers.*.connection.reconnect", "100 ms", OURS + "a worker is part of its server"),
    Default("nodes.*.cpu.publish", "0 s", _NOTHING_BETWEEN),
    Default("nodes.*.cpu.deliver", "0 s", _NOTHING_BETWEEN),
    Default("nodes.*.disk.fsync", "0 s", _NO_DISK),
    Default("nodes.*.disk.group_commit", "0 s", _NO_DISK),
)

SYSTEM: Final = System(
    name="direct",
    title="Direct call",
    summary="A synchronous call with nothing between: the caller waits until a worker has done the work.",
    mechanisms={
        "queues": "one name for the service called; its max_length is how many calls may wait for a worker",
        "producers": "callers: an answer is the confirm, a refused call may be tried again",
        "consumers": "workers of the service, or connections of the database",
        "nodes": "the server that takes the calls; it may crash, stand still or be slow",
        "links": "latency, bandwidth, loss (also in bursts), duplication, order; reset, silence, partition",
    },
    defaults=DEFAULTS,
    contract=call_contract,
    confirm_when="processed",
)
