"""Ledgers: changes that break what their scenarios expect."""

from tests.scenarios.shipped import Row

ALL_DONE = "fates.processed == messages.owed"

ROWS = [
    Row("pulsar-key-shared", ("consumers.stock.subscription=shared",), ("out_of_order == 0",), ("out_of_order",)),
    Row("pulsar-key-shared", ("producers.shop.batch_records=1000", "producers.shop.linger=20 ms"),
        ("out_of_order == 0",), ("out_of_order",)),
    Row("pulsar-key-shared", ("consumers.stock.service=40 ms",), (ALL_DONE,)),
    Row("pulsar-key-shared", ("consumers.stock.exceptions={probability: 1 %}", "consumers.stock.nack_delay=1 s"),
        ("redelivered == 0", "out_of_order == 0"), ("redelivered", "out_of_order")),
    Row("pulsar-shared-disorder", ("consumers.stock.subscription=key_shared",), ("out_of_order > 50",), (),
        ("out_of_order",)),
    Row("pulsar-shared-disorder", ("consumers.stock.service=40 ms",), (ALL_DONE,)),
    Row("pulsar-bookie-lost", ("topics.orders.ensemble=3",), (ALL_DONE,)),
    Row("pulsar-bookie-lost",
        ("topics.orders.ack_quorum=1",
         "faults=[{at: 3 s, power_loss: bookie-1, for: end}, {at: 9 s, crash: bookie-2, for: end}]"),
        ("lost == 0", ALL_DONE), ("lost",)),
    Row("pulsar-ack-quorum-1", ("topics.orders.ack_quorum=2",), ("lost > 500", "fates.lost.unreplicated > 500"), (),
        ("lost",)),
    Row("pulsar-nack-delay", ("consumers.stock.nack_delay=0 s",), ("60 s < latency.max < 61 s",)),
    Row("pulsar-nack-delay", ("consumers.stock.exceptions.then=hold",), (ALL_DONE, "redelivered > 5"), (),
        ("redelivered",)),
    Row("pulsar-ack-timeout", ("consumers.stock.ack_timeout=0 s",),
        (ALL_DONE, "redelivered > 5", "10 s < latency.max < 11 s"), (), ("redelivered",)),
    Row("pulsar-dead-letter", ("consumers.stock.dead_letter.max_redeliver=1000",),
        ("fates.dead_lettered == 2", "redelivered == 6", "consumers.desk.processed == 2")),
    Row("pulsar-cumulative-ack", ("consumers.stock.acks.batch=1",), ("duplicate_effect > 100",)),
    Row("pulsar-cumulative-ack", ("consumers.stock.service=5 ms",), (ALL_DONE,)),
    Row("pulsar-failover", ("cluster.failover_delay=0 s",), ("1 s < latency.max < 2 s",)),
    Row("pulsar-failover", ("consumers.stock.subscription=shared", "consumers.stock.service={exponential: 4 ms}"),
        ("out_of_order == 0",), ("out_of_order",)),
    Row("pulsar-failover", ("consumers.stock.service=20 ms",), (ALL_DONE,)),
    Row("pulsar-dedup", ("topics.orders.deduplication=false",), ("enqueued_twice == 0",), ("enqueued_twice",)),
    Row("pulsar-dedup", ("consumers.stock.service=5 ms",), (ALL_DONE,)),
]  # fmt: skip
