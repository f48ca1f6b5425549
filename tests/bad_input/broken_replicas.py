"""Words about replicated queues where there are none; where there can be none, see ``test_replicas.py``."""

from __future__ import annotations

from tests.bad_input.corpus import Broken

_TOP = "system: rabbitmq\n"
_QUORUM = "system: rabbitmq-quorum\n"
_CHOOSE = "rabbitmq-quorum"


def _queue(name: str, words: str, column: int, what: str, mend: str) -> Broken:
    """A word of a queue where queues live on one node."""
    return Broken(name, "durable: true", words, 7, column, what, mend)


TABLE = [
    _queue("replicas of a classic queue", "replicas: 3", 12, "on one node, so `replicas` means", _CHOOSE),
    _queue("an election of nobody", "election: 200 ms", 12, "on one node, so `election` means", _CHOOSE),
    _queue("nobody to suspect", "suspect: 5 s", 12, "on one node, so `suspect` means", _CHOOSE),
    _queue("no replica", "replicas: 0", 22, "0", "1"),
    _queue("half a replica", "replicas: 2.5", 22, "`2.5` is not a whole number", "`10`"),
    Broken("nodes that do not talk", "queues:\n", "nodes: {broker: {network: {latency: 1 ms}}}\nqueues:\n", 6, 18,
           "nodes of system 'rabbitmq' have nothing to say", _CHOOSE),
    Broken("a list of nodes for a client of one", "to: orders", "connection: {nodes: [broker]}, to: orders", 5, 51,
           "has one node to connect to", _CHOOSE),
    Broken("the node of the other system", _TOP, _QUORUM, 16, 22, "no node, producer or consumer `broker`", "broker-3"),
]  # fmt: skip
