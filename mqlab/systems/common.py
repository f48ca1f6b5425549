"""Defaults that no messaging system fixes: hardware, networks, the length of a run. Each gives its reason."""

from __future__ import annotations

from typing import Final

from mqlab.systems.base import OURS, Default

__all__ = ["COMMON", "with_common"]

COMMON: Final = (
    Default("seed", "1", OURS + "any number does; the same seed gives the same run"),
    Default("drain", "30 s", OURS + "time for what is owed to be finished; a check on loss needs it"),
    Default("warmup", "0 s", OURS + "a run is looked at from its start"),
    Default("producers.*.count", "1", OURS + "one producer"),
    Default("producers.*.each", "false", OURS + "rates are those of the whole group"),
    Default("producers.*.message.size", "1 KiB", OURS + "the size most published comparisons use"),
    Default("producers.*.message.key", "none", OURS + "keys only matter where order or popularity is studied"),
    Default("producers.*.buffer.when_full", "block", "Python, queue.Queue(maxsize): put() waits for a free slot"),
    Default("producers.*.link.latency", "250 us", OURS + "half of a round trip of 0.5 ms within a data centre"),
    Default("producers.*.link.loss", "0", OURS + "TCP hides loss until the connection breaks"),
    Default("producers.*.link.bandwidth", "unlimited", OURS + "messages are small beside what a data centre carries"),
    Default("producers.*.connection.round_trips", "0", OURS + "a connection opens in no time; AMQP over TLS takes 7"),
    Default("producers.*.connection.reconnect.exponential.factor", "2", OURS + "doubling, as for a retry"),
    Default("producers.*.connection.reconnect.exponential.max", "10 s", OURS + "as for a retry"),
    Default("producers.*.connection.reconnect.exponential.jitter", "full", OURS + "spreads a crowd of clients best"),
    Default("producers.*.link.duplicate", "0", OURS + "TCP delivers a segment once"),
    Default("producers.*.link.ordered", "true", OURS + "TCP keeps the order of a connection"),
    Default("producers.*.retry.backoff.exponential.factor", "2", OURS + "doubling, as most retry libraries do"),
    Default("producers.*.retry.backoff.exponential.max", "10 s", OURS + "long enough for a broker to restart"),
    Default("producers.*.retry.backoff.exponential.jitter", "full", OURS + "spreads a crowd of clients best"),
    Default("consumers.*.count", "1", OURS + "one consumer"),
    Default("consumers.*.service", "1 ms", OURS + "quick work: a thousand messages a second"),
    Default("consumers.*.deduplicate", "false", OURS + "a handler acts on every delivery unless it is told not to"),
    Default("consumers.*.deduplicate.how", "atomic", OURS + "look-up, effect and note are one transaction"),
    Default("consumers.*.deduplicate.lookup", "0 s", OURS + "the look-up is part of the work"),
    Default("consumers.*.inventory.how", "atomic", OURS + "the database counts down where there is something left"),
    Default("consumers.*.concurrency", "1", OURS + "a handler that does one thing after the other"),
    Default("consumers.*.scale.how", "graceful", OURS + "a process that is asked to stop ends what it has begun"),
    Default("consumers.*.pull.every", "100 ms", OURS + "ten questions a second while there is nothing"),
    Default("consumers.*.acks.after", "100 ms", OURS + "what few messages are acknowledged waits no longer"),
    Default("consumers.*.timeout.after", "0 s", OURS + "a consumer may take as long as it likes"),
    Default("consumers.*.timeout.check", "60 s", OURS + "now and then"),
    Default("consumers.*.exceptions.probability", "1", OURS + "messages that are named fail for certain"),
    Default("consumers.*.exceptions.per", "delivery", OURS + "a fault that a second try may not meet again"),
    Default("consumers.*.exceptions.then", "crash", "Python: an exception nobody catches ends the process"),
    Default("consumers.*.expects_record.otherwise", "discard", OURS + "a task that nobody submitted is not worked on"),
    Default("consumers.*.expects_record.every", "10 ms", OURS + "a pause that spares the store of states"),
    Default("consumers.*.contention.alpha", "0", OURS + "consumers do not wait for each other"),
    Default("consumers.*.contention.beta", "0", OURS + "consumers do not wait for each other"),
    Default("consumers.*.restart", "1 s", OURS + "a supervisor notices and starts the process anew"),
    Default("consumers.*.link.loss", "0", OURS + "TCP hides loss until the connection breaks"),
    Default("consumers.*.link.bandwidth", "unlimited", OURS + "messages are small beside what a data centre carries"),
    Default("consumers.*.connection.round_trips", "0", OURS + "a connection opens in no time; AMQP over TLS takes 7"),
    Default("consumers.*.connection.reconnect.exponential.factor", "2", OURS + "doubling, as for a retry"),
    Default("consumers.*.connection.reconnect.exponential.max", "10 s", OURS + "as for a retry"),
    Default("consumers.*.connection.reconnect.exponential.jitter", "full", OURS + "spreads a crowd of clients best"),
    Default("consumers.*.link.duplicate", "0", OURS + "TCP delivers a segment once"),
    Default("consumers.*.link.ordered", "true", OURS + "TCP keeps the order of a connection"),
    Default("nodes.*.cpu.ack", "0 s", OURS + "what an acknowledgement costs is part of what a delivery costs"),
    Default("nodes.*.cpu.connect", "0 s", OURS + "connections are long-lived; a crowd that comes at once is looked at"),
    Default("nodes.*.connections.max", "unbounded", OURS + "as many as come"),
    Default("nodes.*.connections.handshake", "10 s", OURS + "as RabbitMQ's handshake_timeout"),
    Default("queues.*.delivery_limit", "unbounded", OURS + "a message may come back as often as it must"),
    Default("nodes.*.disk.bandwidth", "200 MB/s", OURS + "a modest solid-state disk"),
)


def with_common(*own: Default) -> tuple[Default, ...]:
    """Put a system's own defaults before the common ones, which they replace where both name a path."""
    paths = {default.path for default in own}
    return own + tuple(default for default in COMMON if default.path not in paths)
