"""Queue policies: changes that break what their scenarios expect."""

from __future__ import annotations

from tests.scenarios.shipped import Row

OVERTAKEN = ("out_of_order > 100", "queues.jobs.depth_max > 10", "queues.jobs.unacked_max == 1")
ROUND = ("queues.pause.enqueued > 250", "queues.jobs.enqueued > 750")
IDLE = ("queues.right.enqueued == 500", "queues.left.enqueued == 500", "fates.expired == 500")

ROWS = [
    Row("ttl-dead-letters", ("queues.quotes={durable: true, ttl: 500 ms}",),
        ("fates.dead_lettered > 100", "queues.apologies.enqueued > 100", "fates.expired == 0",
         "fates.processed + fates.dead_lettered == messages.owed")),
    Row("ttl-dead-letters", ("queues.quotes={durable: true, dead_letter: {exchange: late}}",),
        ("fates.dead_lettered > 100", "stages.enqueued_delivered.max < 505 ms")),
    Row("ttl-dead-letters",
        ("consumers.writer.ack=auto", "consumers.writer.service=40 ms", "faults=[{at: 6 s, crash: writer, for: 1 s}]"),
        ("lost == 0",), ("lost",)),
    Row("dead-letter-cycle", ("consumers.worker.exceptions.per=message",),
        ("fates.in_flight == 0", "fates.processed == 500")),
    Row("dead-letter-cycle", ("consumers.worker.exceptions.probability=0",), ROUND, (), ("out_of_order",)),
    Row("dead-letter-cycle", ("producers.idle.arrivals={constant: 40/s}",), IDLE),
    Row("delayed-retry", ("consumers.bank.exceptions.then=requeue",),
        ("fates.dead_lettered > 200", "latency.max > 4 s"), ("redelivered",)),
    Row("delayed-retry", ("queues.later={durable: true, ttl: 2 s}",),
        ("fates.expired == 0", "fates.processed == messages.created", "latency.max > 4 s")),
    Row("delayed-retry", ("consumers.bank.service={exponential: 60 ms}",), ("latency.p50 < 100 ms",)),
    Row("delayed-retry", ("consumers.bank.ack=auto",), ("lost == 0",), ("lost",)),
    Row("priorities-big-prefetch", ("consumers.workers.prefetch=1",),
        ("out_of_order == 0", "queues.jobs.depth_max < 5", "queues.jobs.unacked_max > 10"), ("out_of_order",)),
    Row("priorities-big-prefetch", ("drain=0 s",), ("fates.processed == messages.owed",)),
    Row("priorities-prefetch-1", ("consumers.workers.prefetch=200",), OVERTAKEN, (), ("out_of_order",)),
    Row("priorities-prefetch-1", ("producers.shop.message.priority=9",), OVERTAKEN[:1], (), ("out_of_order",)),
    Row("priorities-prefetch-1", ("drain=0 s",), ("fates.processed == messages.owed",)),
    Row("poison-message-without-limit", ("queues.jobs.delivery_limit=20",),
        ("fates.discarded == 0", "fates.in_flight > 100", "redelivered > 1000")),
    Row("poison-message-without-limit", ("consumers.worker.ack=auto",), ("lost == 0",), ("lost",), ("redelivered",)),
    Row("poison-message-with-delivery-limit", ("queues.jobs.delivery_limit=1_000_000",),
        ("fates.dead_lettered > 0", "fates.in_flight == fates.dead_lettered",
         "redelivered == fates.dead_lettered * 20")),
    Row("poison-message-with-delivery-limit", ("queues.jobs={}",),
        ("fates.dead_lettered > 0", "fates.discarded == 0", "queues.morgue.depth_max > 0",
         "fates.processed + fates.dead_lettered + fates.in_flight == messages.owed")),
    Row("single-active-consumer", ("queues.changes={durable: true}",), ("out_of_order == 0",), ("out_of_order",)),
    Row("single-active-consumer", ("consumers.applier.ack=auto",),
        ("lost == 0", "fates.processed == messages.owed"), ("lost",)),
    Row("single-active-consumer", ("faults=[{at: 3 s, crash: applier, for: 2 s}]",),
        ("stages.enqueued_delivered.max < 1 s",)),
    Row("single-active-consumer", ("consumers.applier.prefetch=100",), ("queues.changes.unacked_max <= 10",)),
]  # fmt: skip
