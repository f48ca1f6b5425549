"""RabbitMQ with quorum queues: every queue has replicas on several nodes, and a majority decides (Raft).

What is simulated, and what is left out, stands in decision 0007 and at the heads of :mod:`mqlab.core.quorum` and
:mod:`mqlab.core.election`.
"""

from __future__ import annotations

from typing import Final

from mqlab.systems import rabbitmq
from mqlab.systems.base import OURS, Default, System
from mqlab.systems.promises import quorum_contract

__all__ = ["SYSTEM"]

_QUORUM = "https://www.rabbitmq.com/docs/quorum-queues"
_RAFT = "Ongaro, Ousterhout: In search of an understandable consensus algorithm (2014)"
_RA = "https://github.com/rabbitmq/ra/blob/main/docs/internals/INTERNALS.md"

_OWN: Final = (
    Default("producers.*.message.persistent", "true", f"{_QUORUM}#feature-matrix: per message persistence, always"),
    Default(
        "producers.*.connection.nodes", "all", OURS + "a client is given every node, and tries its own first",
    ),
    Default(
        "consumers.*.connection.nodes", "all", OURS + "a client is given every node, and tries the first leader first",
    ),
    Default("queues.*.durable", "true", f"{_QUORUM}#feature-matrix: non-durable queues, no"),
    Default("queues.*.replicas", "3", f"{_QUORUM}#replication-factor: up to three, one on each node"),
    Default(
        "queues.*.delivery_limit", "20",
        f"{_QUORUM}#poison-message-handling: 20 since 4.0; 3.x knew no limit unless one was set",
    ),
    Default(
        "queues.*.election", "{uniform: {low: 150 ms, high: 300 ms}}",
        f"{_RAFT}, section 9.3: 150 to 300 ms; {_RA}: a short, randomised time-out",
    ),
    Default(
        "queues.*.suspect", "5 s",
        OURS + f"Aten looks at its peers each second and must miss several signs of life, see {_RA}",
    ),
    Default("nodes.*.disk.group_commit", "0 s", f"{_RA}: the log is synced as soon as nothing more waits"),
    Default("nodes.*.network.latency", "250 us", OURS + "half of a round trip of 0.5 ms within a data centre"),
)  # fmt: skip

_REPLACED = {default.path for default in _OWN}

SYSTEM: Final = System(
    name="rabbitmq-quorum",
    title="RabbitMQ with quorum queues",
    summary="Every queue has replicas on several nodes; what a majority has on disk is safe, and only that counts.",
    mechanisms={
        **rabbitmq.SYSTEM.mechanisms,
        "queues": "always durable, replicated (Raft): a leader, an election when it goes down, a majority that "
        "decides; bounded, times to live, dead letters, a delivery limit, a single active consumer",
        "producers": "persistent messages only; confirms once a majority has them on disk, time-outs and re-sends; "
        "requests",
        "consumers": "push with prefetch, or pull; an acknowledgement counts, and gives credit, once a majority has it",
        "nodes": "processor, disk, network to the other nodes; process crash and power loss; clients change nodes",
        "transactions": "not with replicas: use confirms",
    },
    defaults=_OWN + tuple(default for default in rabbitmq.DEFAULTS if default.path not in _REPLACED),
    contract=quorum_contract,
    nodes=("broker-1", "broker-2", "broker-3"),
    replicated=True,
)
