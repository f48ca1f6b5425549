"""Log scenarios that are wrong, each one step away from a good one: what is said, and where."""

from __future__ import annotations

import pytest

from mqlab.errors import ScenarioError
from mqlab.scenario import loads

GOOD = """\
name: log
system: kafka
duration: 10 s
nodes: {broker-1: {}, broker-2: {}}
topics:
  orders: {replicas: 2, min_insync: 2}
producers:
  shop: {arrivals: {poisson: 100/s}, acks: all}
consumers:
  stock: {topic: orders, service: 1 ms}
faults:
  - {at: 3 s, crash: broker-1, for: 1 s}
"""


def test_the_good_one_is_good() -> None:
    assert loads(GOOD).model.topics[0].partitions == (("broker-1", "broker-2"),)


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("replicas: 2", "replicas: 3", 6, "3 replicas need 3 nodes, and there are 2"),
        ("min_insync: 2", "min_insync: 3", 6, "acks=all would always be refused"),
        ("min_insync: 2", "min_insync_replicas: 2", 6, "called `min_insync` here"),
        ("min_insync: 2", "retention: 7 d", 6, "not simulated by this version"),
        ("acks: all", "acks: 2", 8, "`2` is not one of 0, 1, all"),
        ("acks: all", "acks: 1, idempotence: true", 8, "Must set acks to all"),
        ("acks: all", "idempotence: true, max_in_flight: 6", 8, "Must set max.in.flight"),
        ("acks: all", "linger: 100 s", 8, "delivery.timeout.ms should be equal to or larger"),
        ("acks: all", "confirm: true", 8, "`confirm` means nothing to system 'kafka'"),
        ("acks: all", "to: order", 8, "there is no topic `order`"),
        ("acks: all", "link: {duplicate: 1 %}", 8, "doubles, reorders or bounds"),
        ("acks: all", "compression: 1.5", 8, "write a ratio"),
        ("acks: all", "message: {size: 2 MiB}", 8, "larger than 1048576, which is the value of the max.request"),
        ("acks: all", "batch_size: 2 MiB", 8, "the value of max.request.size"),
        ("acks: all", "partitioner: random", 8, "`random` is not one of sticky, round-robin"),
        ("acks: all", "idempotence: false, transactions: 5", 8, "without also enabling idempotence"),
        ("acks: all", "acks: 1, transactions: 5", 8, "without also enabling idempotence"),
        ("acks: all", "transactional_id: shop", 8, "transactions: {size: 10, id: ID}"),
        ("acks: all", "count: 2, transactions: {size: 5, id: shop}", 8, "fence each other"),
        ("acks: all", "transactions: {size: 5, timeout: 1 h}", 8, "transaction.max.timeout.ms"),
        ("acks: all", "transactions: {id: shop}", 8, "the field `size` is missing"),
        ("{poisson: 100/s}", "{processed_by: stok}", 8, "there is no consumer group `stok`"),
        ("{poisson: 100/s}", "{processed_by: stock}", 10, "comes back to it"),
        ("service: 1 ms", "service: 1 ms, commit: transaction", 10, "no producer makes records of those"),
        ("topic: orders", "isolation: read_commited", 10, "is not one of read_uncommitted, read_committed"),
        ("acks: all", "batch_size: 1 MiB, message: {size: 100 B}", 8, "more than"),
        ("poisson: 100/s", "closed: {think: 1 s}", 8, "`closed` arrivals are not simulated"),
        ("topic: orders", "prefetch: 3", 10, "`prefetch` means nothing to system 'kafka'"),
        ("topic: orders", "topic: [orders, payments]", 10, "there is no topic `payments`"),
        ("service: 1 ms", "session: 5 s", 10, "The session timeout is not within the range allowed by the broker"),
        ("service: 1 ms", "session: 31 min, poll_limit: 1 h", 10, "within the range allowed by the broker"),
        ("service: 1 ms", "heartbeat: 45 s", 10, "Heartbeat must be set lower than the session timeout"),
        ("service: 1 ms", "session: 10 s, heartbeat: 11 s", 10, "Heartbeat must be set lower than the session timeout"),
        ("service: 1 ms", "poll_limit: 40 s", 10, "`max.poll.interval.ms` must be >= `session.timeout.ms`"),
        ("service: 1 ms", "assignor: stiky", 10, "Invalid value stiky for configuration partition.assignment.strategy"),
        ("service: 1 ms", "reset: oldest", 10, "`oldest` is not one of latest, earliest, none"),
        ("service: 1 ms", "seek: [{at: 20 min, to: end}]", 10, "the seek comes after the end of the run"),
        ("service: 1 ms", "seek: [{at: 2 s, to: middle}]", 10, "`middle`"),
        ("service: 1 ms", "start: 15 min", 10, "the group starts after the end of the run"),
        ("service: 1 ms", "start: 3 s, scale: [{at: 2 s, count: 3}]", 10, "the group starts later"),
        ("service: 1 ms", "commit: never", 10, "`never` is not one of auto, before, after"),
        ("crash: broker-1", "pause: shop", 12, "`pause` of `shop` is not simulated"),
        ("crash: broker-1", "clock: broker-1, by: 1 s", 12, "`clock` of `broker-1` is not simulated"),
        ("crash: broker-1", "split: []", 12, "nobody is cut off"),
        ("crash: broker-1", "split: [broker-1, broker-4]", 12, "there is no node, producer or consumer `broker-4`"),
        ("topics:", "cluster: {controllers: [broker-7]}\ntopics:", 5, "broker-7"),
        ("topics:", "cluster: {controller: zookeeper, controllers: [broker-1]}\ntopics:", 5, "nobody votes"),
        ("topics:", "cluster: {controller: raft}\ntopics:", 5, "`raft` is not one of quorum, zookeeper"),
        ("topics:", "queues:", 5, "mean nothing to system 'kafka'"),
        ("system: kafka", "system: rabbitmq", 5, "`topics` need a log system"),
        ("{broker-1: {}, ", "{broker-1: {disk: {fsync: 1 ms}}, ", 4, "`disk` means nothing to system 'kafka'"),
    ],
)
def test_a_broken_log_is_refused_where_it_is_broken(old: str, new: str, line: int, what: str) -> None:
    assert GOOD.count(old) >= 1
    with pytest.raises(ScenarioError) as error:
        loads(GOOD.replace(old, new, 1))
    assert what in f"{error.value.what} {error.value.mend}"
    assert error.value.place is not None
    assert error.value.place.line == line


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("nodes: {broker: {rack: r1}}\n", "`rack` needs a log system"),
        ("nodes: {broker: {network: {loss: 1 %}}}\n", "`loss` needs a log system"),
        ("faults: [{at: 1 ms, split: p, for: 1 ms}]\n", "`split` needs a log system"),
    ],
)
def test_words_of_clusters_need_a_log(words: str, what: str) -> None:
    queues = "system: rabbitmq\nduration: 1 s\nqueues: {q: {}}\nproducers: {p: {arrivals: {poisson: 1/s}}}\n"
    with pytest.raises(ScenarioError, match=what):
        loads(queues + words)


def test_words_of_logs_need_a_log() -> None:
    with pytest.raises(ScenarioError, match="`acks` needs a log system"):
        loads("system: rabbitmq\nduration: 1 s\nqueues: {q: {}}\nproducers: {p: {arrivals: {poisson: 1/s}, acks: 1}}\n")
