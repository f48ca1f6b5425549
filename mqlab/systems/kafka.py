"""Apache Kafka: a replicated log. What is simulated, and what is left out, stands in decision 0015."""

from __future__ import annotations

from typing import Final

from mqlab.systems.base import OURS, Default, System
from mqlab.systems.common import COMMON
from mqlab.systems.log_promises import log_contract

__all__ = ["SYSTEM"]

_PRODUCER = "https://kafka.apache.org/documentation/#producerconfigs_"
_CONSUMER = "https://kafka.apache.org/documentation/#consumerconfigs_"
_BROKER = "https://kafka.apache.org/documentation/#brokerconfigs_"
_SHARED: Final = (
    "seed", "drain", "warmup", "producers.*.count", "producers.*.each", "producers.*.message.size",
    "producers.*.message.key", "producers.*.link.latency", "producers.*.link.loss", "producers.*.link.bandwidth",
    "producers.*.link.duplicate", "producers.*.link.ordered", "consumers.*.count", "consumers.*.service",
    "consumers.*.scale.how", "consumers.*.link.loss", "consumers.*.link.bandwidth", "consumers.*.link.duplicate",
    "consumers.*.link.ordered",
)  # fmt: skip

DEFAULTS: Final = (
    *(default for default in COMMON if default.path in _SHARED),
    Default("producers.*.message.persistent", "true", OURS + "every record is written to the log"),
    Default("producers.*.acks", "all", f"{_PRODUCER}acks: all (since 3.0)"),
    Default("producers.*.linger", "0 s", f"{_PRODUCER}linger.ms: 0 (5 since 4.0)"),
    Default("producers.*.batch_size", "16 KiB", f"{_PRODUCER}batch.size: 16384"),
    Default("producers.*.idempotence", "true", f"{_PRODUCER}enable.idempotence: true, if nothing forbids it"),
    Default("producers.*.max_in_flight", "5", f"{_PRODUCER}max.in.flight.requests.per.connection: 5"),
    Default("producers.*.request_timeout", "30 s", f"{_PRODUCER}request.timeout.ms: 30000"),
    Default("producers.*.delivery_timeout", "120 s", f"{_PRODUCER}delivery.timeout.ms: 120000"),
    Default("producers.*.retry_backoff", "100 ms", f"{_PRODUCER}retry.backoff.ms: 100"),
    Default("producers.*.buffer_memory", "32 MiB", f"{_PRODUCER}buffer.memory: 33554432"),
    Default("producers.*.compression", "1", f"{_PRODUCER}compression.type: none"),
    Default("producers.*.partitioner", "sticky", f"{_PRODUCER}partitioner.class: sticky for records without a key"),
    Default("producers.*.max_request", "1 MiB", f"{_PRODUCER}max.request.size: 1048576"),
    Default("producers.*.transactions.after", "100 ms", OURS + "as Kafka Streams under exactly-once"),
    Default("producers.*.transactions.rollback", "0 %", OURS + "the application never aborts"),
    Default("producers.*.transactions.timeout", "60 s", f"{_PRODUCER}transaction.timeout.ms: 60000"),
    Default("topics.*.partitions", "1", f"{_BROKER}num.partitions: 1"),
    Default("topics.*.replicas", "1", f"{_BROKER}default.replication.factor: 1"),
    Default("topics.*.min_insync", "1", f"{_BROKER}min.insync.replicas: 1"),
    Default("topics.*.unclean_election", "false", f"{_BROKER}unclean.leader.election.enable: false"),
    Default("cluster.controller", "quorum", "KIP-833: quorum is production ready since 3.3"),
    Default("cluster.failover", "2 s", f"{_BROKER}controller.quorum.fetch.timeout.ms: 2000"),
    Default("cluster.election", "0 s", "KIP-500: leaders are elected in one step, all together"),
    Default("cluster.preferred_leader", "300 s", f"{_BROKER}leader.imbalance.check.interval.seconds: 300"),
    Default("cluster.truncation", "epoch", "KIP-101 (since 0.11; high_watermark before)"),
    Default("cluster.session", "9 s", f"{_BROKER}broker.session.timeout.ms: 9000"),
    Default("cluster.replica_lag_max", "30 s", f"{_BROKER}replica.lag.time.max.ms: 30000"),
    Default("cluster.writeback", "30 s", "Linux, vm.dirty_expire_centisecs: 3000; brokers ask for no fsync"),
    Default("consumers.*.commit", "auto", f"{_CONSUMER}enable.auto.commit: true"),
    Default("consumers.*.commit_interval", "5 s", f"{_CONSUMER}auto.commit.interval.ms: 5000"),
    Default("consumers.*.max_poll", "500", f"{_CONSUMER}max.poll.records: 500"),
    Default("consumers.*.isolation", "read_uncommitted", f"{_CONSUMER}isolation.level: read_uncommitted"),
    Default("consumers.*.fetch_max", "1 MiB", f"{_CONSUMER}max.partition.fetch.bytes: 1048576"),
    Default("consumers.*.fetch_min", "1 B", f"{_CONSUMER}fetch.min.bytes: 1"),
    Default("consumers.*.fetch_wait", "500 ms", f"{_CONSUMER}fetch.max.wait.ms: 500"),
    Default("consumers.*.session", "45 s", f"{_CONSUMER}session.timeout.ms: 45000"),
    Default("consumers.*.heartbeat", "3 s", f"{_CONSUMER}heartbeat.interval.ms: 3000"),
    Default("consumers.*.poll_limit", "5 min", f"{_CONSUMER}max.poll.interval.ms: 300000"),
    Default("consumers.*.assignor", "range", f"{_CONSUMER}partition.assignment.strategy: range, then the next"),
    Default("consumers.*.reset", "latest", f"{_CONSUMER}auto.offset.reset: latest"),
    Default("consumers.*.static", "false", f"{_CONSUMER}group.instance.id: none"),
    Default("cluster.rebalance_delay", "3 s", f"{_BROKER}group.initial.rebalance.delay.ms: 3000"),
    Default("cluster.group_session_min", "6 s", f"{_BROKER}group.min.session.timeout.ms: 6000"),
    Default("cluster.group_session_max", "30 min", f"{_BROKER}group.max.session.timeout.ms: 1800000"),
    Default("consumers.*.link.latency", "250 us", OURS + "half of a round trip of 0.5 ms in a data centre"),
    Default("nodes.*.cpu.publish", "20 us", OURS + "a produce request: some 50,000 batches a second"),
    Default("nodes.*.cpu.deliver", "20 us", OURS + "a consumer's fetch: some 50,000 a second"),
    Default("nodes.*.network.loss", "0 %", OURS + "a network that loses nothing"),
    Default("nodes.*.network.latency", "250 us", OURS + "half of a round trip of 0.5 ms within a data centre"),
)  # fmt: skip

SYSTEM: Final = System(
    name="kafka",
    title="Apache Kafka",
    summary="A replicated log: producers append batches, consumers read at their own offset and commit it.",
    mechanisms={
        "topics": "partitions with replicas; a leader, those in sync, the high watermark; clean and unclean elections",
        "cluster": "the controller (a quorum or ZooKeeper), session time-outs of nodes, preferred leaders, how far a "
        "follower may lag, when page caches are written back",
        "producers": "batches by linger and size, acks 0, 1 or all, batches in flight, retries, idempotence; "
        "partition by key (murmur2), in turn, or the one that sticks for a batch; crashes; lossy links; "
        "what a consumer makes of each record (processed_by), with its offset in a transaction or not",
        "transactions": "a coordinator, epochs that fence whoever had a transactional id, markers, aborts",
        "consumers": "groups that share out partitions, join, rebalance (eager, cooperative), time out; static "
        "members; polls, automatic or own commits, where to begin without an offset, seeks, fetch sizes; lag; "
        "read_committed",
        "nodes": "processor, rack and network to the other nodes; process crash, power loss, pause, splits",
        "links": "latency",
    },
    defaults=DEFAULTS,
    contract=log_contract,
    nodes=("broker-1", "broker-2", "broker-3"),
    replicated=True,
    log=True,
)
