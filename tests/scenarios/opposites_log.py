"""Logs: changes that break what their scenarios expect."""

from tests.scenarios.shipped import Row

ALL_DONE = "fates.processed == messages.owed"
FAR = tuple(f"nodes.broker-{number}.network.latency=50 ms" for number in (1, 2, 3))
GONE = "fates.lost.unreplicated > 0"

ROWS = [
    Row("kafka-acks-all", ("producers.shop.acks=1", *FAR), ("lost == 0", ALL_DONE), ("lost",)),
    Row("kafka-acks-all", ("producers.shop.idempotence=false", *FAR), ("out_of_order == 0",)),
    Row("kafka-acks-all", ("cluster.session=100 ms",), ("1.9 s < stages.created_confirmed.max < 3 s",)),
    Row("kafka-acks-1", ("producers.shop.acks=all",), ("lost > 0", GONE)),
    Row("kafka-acks-0", ("producers.shop.acks=all",),
        ("messages.confirmed == 0", "fates.lost.wire > 0", "fates.processed < messages.owed")),
    Row("kafka-acks-0", ("producers.shop.acks=1", *FAR), ("lost == 0",), ("lost",)),
    Row("kafka-unclean-election", ("topics.orders.unclean_election=false",),
        ("lost > 500", "fates.lost.unreplicated > 500")),
    Row("kafka-crash-before-commit", ("consumers.stock.commit=after", "consumers.stock.max_poll=1"),
        ("duplicate_effect > 300", "redelivered > 300")),
    Row("kafka-crash-before-commit", ("consumers.stock.commit=before", "consumers.stock.service=1.9 ms"),
        ("lost == 0", ALL_DONE), ("lost",)),
]  # fmt: skip
