"""Apache Pulsar: brokers that keep nothing, bookies that keep entries, subscriptions that share or order them."""

from __future__ import annotations

from typing import Final

from mqlab.systems.base import OURS, Default, System
from mqlab.systems.common import COMMON
from mqlab.systems.ledger_promises import ledger_contract

__all__ = ["SYSTEM"]

_BROKER = "apache/pulsar, conf/broker.conf, "
_BOOKIE = "apache/pulsar, conf/bookkeeper.conf, "
_PRODUCER = "Pulsar's Java client, ProducerConfigurationData, "
_CONSUMER = "Pulsar's Java client, ConsumerConfigurationData, "
_SHARED: Final = (
    "seed", "drain", "warmup", "producers.*.count", "producers.*.each", "producers.*.message.size",
    "producers.*.message.key", "producers.*.link.latency", "producers.*.link.loss", "producers.*.link.bandwidth",
    "producers.*.link.duplicate", "producers.*.link.ordered", "consumers.*.count", "consumers.*.service",
    "consumers.*.exceptions.probability", "consumers.*.exceptions.per",
    "consumers.*.link.loss", "consumers.*.link.bandwidth", "consumers.*.link.duplicate", "consumers.*.link.ordered",
)  # fmt: skip

DEFAULTS: Final = (
    *(default for default in COMMON if default.path in _SHARED),
    Default("producers.*.message.persistent", "true", "topics are persistent:// unless their name says otherwise"),
    Default("producers.*.linger", "1 ms", f"{_PRODUCER}batchingMaxPublishDelayMicros: 1000"),
    Default("producers.*.batch_size", "128 KiB", f"{_PRODUCER}batchingMaxBytes: 131072"),
    Default("producers.*.batch_records", "1000", f"{_PRODUCER}batchingMaxMessages: 1000"),
    Default("producers.*.send_timeout", "30 s", f"{_PRODUCER}sendTimeoutMs: 30000"),
    Default("producers.*.retry_backoff", "100 ms", "Pulsar's Java client, initialBackoffIntervalNanos: 100 ms"),
    Default("topics.*.partitions", "1", "a topic that is not partitioned behaves as one with a single partition"),
    Default("topics.*.ensemble", "2", f"{_BROKER}managedLedgerDefaultEnsembleSize=2"),
    Default("topics.*.write_quorum", "2", f"{_BROKER}managedLedgerDefaultWriteQuorum=2"),
    Default("topics.*.ack_quorum", "2", f"{_BROKER}managedLedgerDefaultAckQuorum=2"),
    Default("topics.*.deduplication", "false", f"{_BROKER}brokerDeduplicationEnabled=false"),
    Default("cluster.session", "30 s", f"{_BROKER}metadataStoreSessionTimeoutMillis=30000"),
    Default("cluster.journal_sync", "true", f"{_BOOKIE}journalSyncData=true"),
    Default("cluster.group_commit", "1 ms", f"{_BOOKIE}journalMaxGroupWaitMSec=1"),
    Default("cluster.writeback", "1 s", f"{_BOOKIE}journalPageCacheFlushIntervalMSec=1000 (journal_sync: false)"),
    Default("cluster.bookie_timeout", "30 s", f"{_BROKER}bookkeeperClientTimeoutInSeconds=30"),
    Default("cluster.failover_delay", "1 s", f"{_BROKER}activeConsumerFailoverDelayTimeMillis=1000"),
    Default("cluster.cursor_flush", "1 s", f"{_BROKER}managedLedgerDefaultMarkDeleteRateLimit=1.0 (a second)"),
    Default("cluster.cache", "1 s", f"{_BROKER}managedLedgerCacheEvictionTimeThresholdMillis=1000"),
    Default("consumers.*.subscription", "exclusive", f"{_CONSUMER}subscriptionType: Exclusive"),
    Default("consumers.*.subscription.max_unacked", "200000", f"{_BROKER}maxUnackedMessagesPerSubscription=200000"),
    Default("consumers.*.ack_type", "individual", "Consumer.acknowledge; acknowledgeCumulative has to be asked for"),
    Default("consumers.*.receiver_queue", "1000", f"{_CONSUMER}receiverQueueSize: 1000"),
    Default("consumers.*.nack_delay", "60 s", f"{_CONSUMER}negativeAckRedeliveryDelayMicros: 1 min"),
    Default("consumers.*.ack_timeout", "0 s", f"{_CONSUMER}ackTimeoutMillis: 0 (off)"),
    Default("consumers.*.max_unacked", "50000", f"{_BROKER}maxUnackedMessagesPerConsumer=50000"),
    Default("consumers.*.acks.after", "100 ms", f"{_CONSUMER}acknowledgementsGroupTimeMicros: 100 ms"),
    Default("consumers.*.exceptions.then", "nack", OURS + "what Consumer.negativeAcknowledge is for"),
    Default("consumers.*.retry_after", "10 s", OURS + "reconsumeLater takes a delay, and has no default"),
    Default("consumers.*.link.latency", "250 us", OURS + "half of a round trip of 0.5 ms in a data centre"),
    Default("nodes.*.cpu.publish", "20 us", OURS + "some 50,000 batches a second"),
    Default("nodes.*.cpu.deliver", "20 us", OURS + "some 50,000 entries a second to consumers"),
    Default("nodes.*.disk.fsync", "1 ms", OURS + "a solid-state disk without a battery behind its cache"),
    Default("nodes.*.network.latency", "250 us", OURS + "half of a round trip of 0.5 ms within a data centre"),
)  # fmt: skip

SYSTEM: Final = System(
    name="pulsar",
    title="Apache Pulsar",
    summary="Topics whose brokers keep nothing: bookies journal entries by quorum, and consumers share subscriptions.",
    mechanisms={
        "topics": "partitions owned by brokers; ensemble, write quorum, ack quorum; deduplication by sequence",
        "cluster": "sessions of brokers, journals with or without sync, how bookies are replaced, cursors written down",
        "producers": "batches by delay, size and number; partition by key or the one that sticks for a batch",
        "consumers": "subscriptions: exclusive, failover, shared, key_shared; individual and cumulative "
        "acknowledgement, negative acknowledgement, time-out, permits, retry and dead letter topics",
        "nodes": "brokers, and bookies (whose names begin with `bookie`) with a journal; process crash and power loss",
        "links": "latency",
    },
    defaults=DEFAULTS,
    contract=ledger_contract,
    nodes=("broker-1", "broker-2", "bookie-1", "bookie-2", "bookie-3"),
    replicated=True,
    log=True,
    bookies=True,
)
