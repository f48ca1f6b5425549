"""RabbitMQ with classic queues, spoken to by AMQP 0-9-1: what it does where nobody says anything else."""

from __future__ import annotations

from typing import Final

from mqlab.systems.base import OURS, Default, System
from mqlab.systems.common import with_common
from mqlab.systems.promises import queue_contract

__all__ = ["SYSTEM"]

_AMQP = "AMQP 0-9-1 specification"
_PIKA = "pika 1.3, BlockingChannel"
_DOCS = "https://www.rabbitmq.com/docs/"
_TUTORIAL_6 = "https://www.rabbitmq.com/tutorials/tutorial-six-python"
_HEARTBEATS = f"{_DOCS}heartbeats: the server suggests 60 s since 3.5.5"
_TIMEOUT = f"{_DOCS}consumers#acknowledgement-timeout"
_RECOVERY = "https://www.rabbitmq.com/client-libraries/java-api-guide: connection recovery interval"

DEFAULTS: Final = with_common(
    Default("producers.*.message.persistent", "false", f"{_AMQP}, basic properties: no delivery-mode"),
    Default("producers.*.confirm", "none", f"{_DOCS}confirms: a channel must ask for them (confirm.select)"),
    Default("producers.*.confirm.max_in_flight", "0", f"{_DOCS}confirms: the protocol bounds nothing (0)"),
    Default("producers.*.confirm.timeout", "0 s", f"{_DOCS}confirms: a publisher waits for ever (0)"),
    Default("producers.*.transactions.after", "1 s", OURS + "nobody leaves a transaction open for longer"),
    Default("producers.*.transactions.rollback", "0", OURS + "an application commits what it has published"),
    Default("producers.*.retry.attempts", "1", f"{_PIKA}.basic_publish: nothing is sent again by itself"),
    Default(
        "producers.*.retry.backoff", "{exponential: {first: 100 ms}}",
        OURS + "the usual pause of retry libraries: short at first, then doubling",
    ),
    Default("producers.*.request.reply_to", "own", f"{_TUTORIAL_6}: an exclusive queue named by the server"),
    Default("producers.*.request.timeout", "0 s", f"{_TUTORIAL_6}: the client waits for ever (0)"),
    Default("producers.*.request.correlate", "true", f"{_TUTORIAL_6}: replies are matched by correlation_id"),
    Default("producers.*.connection.heartbeat", "60 s", _HEARTBEATS),
    Default("producers.*.connection.reconnect", "5 s", _RECOVERY),
    Default("exchanges.*.type", "direct", f"{_PIKA}.exchange_declare: exchange_type='direct'"),
    Default("exchanges.*.durable", "false", f"{_PIKA}.exchange_declare: durable=False"),
    Default("bindings.*.match", "all", f"{_DOCS}exchanges#headers: x-match is all unless it says any"),
    Default("producers.*.to.mandatory", "false", f"{_PIKA}.basic_publish: mandatory=False"),
    Default("queues.*.durable", "false", f"{_PIKA}.queue_declare: durable=False"),
    Default("queues.*.max_length", "unbounded", f"{_DOCS}maxlength: no limit unless one is set"),
    Default("queues.*.overflow", "drop-head", f"{_DOCS}maxlength: the oldest are dropped by default"),
    Default(
        "queues.*.delivery_limit", "unbounded",
        f"{_DOCS}quorum-queues#poison-message-handling: classic queues count nothing (quorum queues: 20 since 4.0)",
    ),
    Default("consumers.*.prefetch", "0", f"{_DOCS}consumer-prefetch: 0 is no limit, and nothing else is set"),
    Default("consumers.*.ack", "manual", f"{_PIKA}.basic_consume: auto_ack=False"),
    Default(
        "consumers.*.timeout.after", "0 s",
        f"{_TIMEOUT}: 30 min in newer versions; 3.7, and classic queues from 4.3 on, have none",
    ),
    Default("consumers.*.timeout.check", "60 s", f"{_TIMEOUT}: evaluated at one minute intervals"),
    Default("consumers.*.reply.size", "1 KiB", OURS + "as large as a request"),
    Default("consumers.*.reply.before_ack", "true", f"{_TUTORIAL_6}: the server publishes, then acknowledges"),
    Default("consumers.*.link.latency", "250 us", OURS + "half of a round trip of 0.5 ms in a data centre"),
    Default("consumers.*.connection.heartbeat", "60 s", _HEARTBEATS),
    Default("consumers.*.connection.reconnect", "5 s", _RECOVERY),
    Default("nodes.*.cpu.publish", "20 us", OURS + "one queue takes in some 50,000 messages a second"),
    Default("nodes.*.cpu.deliver", "20 us", OURS + "one queue hands out some 50,000 messages a second"),
    Default("nodes.*.connections.max", "unbounded", f"{_DOCS}connections: connection_max has no limit by default"),
    Default("nodes.*.connections.handshake", "10 s", f"{_DOCS}configure: handshake_timeout = 10000"),
    Default("nodes.*.disk.fsync", "2 ms", OURS + "a solid-state disk without power-loss protection"),
    Default(
        "nodes.*.disk.group_commit", "5 ms",
        OURS + f"between at once (idle) and a few hundred ms (busy), see {_DOCS}confirms on batched writes",
    ),
    Default("nodes.*.disk.seek", "100 us", OURS + "a random read from a solid-state disk"),
    Default(
        "nodes.*.memory.check", "1 s",
        "https://github.com/rabbitmq/rabbitmq-server, vm_memory_monitor: DEFAULT_MEMORY_CHECK_INTERVAL",
    ),
)  # fmt: skip

SYSTEM: Final = System(
    name="rabbitmq",
    title="RabbitMQ",
    summary="A broker with exchanges and queues: it pushes messages out and forgets them once acknowledged.",
    mechanisms={
        "exchanges": "direct, fanout, topic, headers, with alternates; the default one knows queues by their names; "
        "virtual hosts keep names apart",
        "bindings": "which keys or headers of an exchange go to which queue, or to which other exchange",
        "producers": "persistent or transient messages, publisher confirms, time-outs and re-sends, "
        "mandatory messages, a bounded buffer; requests that wait for a reply",
        "consumers": "push with prefetch (of a consumer or a channel), or pull; automatic, manual or collected "
        "acknowledgement, redelivery, time-out; deduplication, inventory, scaling; replies",
        "nodes": "processor, disk with group commit (it may lie), memory, connections; crash, power loss, slowness, "
        "pause, wrong clock",
        "queues": "durable or not, lazy or not, bounded in messages or bytes, with an overflow policy, times to live, "
        "dead letters, priorities, delivery limits, a single active consumer; exclusive, auto-deleted or expiring",
        "transactions": "tx.select: publishes are routed at the commit, which waits for an fsync of its own",
        "alarms": "memory limit and full disk: connections that publish are blocked, consumers go on",
        "links": "latency, bandwidth, loss (also in bursts), duplication, order; reset, silence, partition",
    },
    defaults=DEFAULTS,
    contract=queue_contract,
)
