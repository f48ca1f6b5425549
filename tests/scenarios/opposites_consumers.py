"""What consumers do: changes that break what their scenarios expect."""

from __future__ import annotations

from tests.scenarios.shipped import Row

ALL_DONE = "fates.processed == messages.owed"
OVERSOLD, COUNTED = "0 < gauges.stock.oversold < 8", "gauges.stock.sold + gauges.stock.sold_out == messages.created"
LONG, SLOW = "600 < queues.orders.depth_max < 1200", "latency.max < 4 s"
TWICE = "10 < duplicate_effect <= 100"
DOUBLED = "30 < duplicate_effect < enqueued_twice / 2"
POISONED = ("fates.in_flight == 1", "queues.orders.requeued > 1000", "latency.mean > 25 ms")
ACTED_TWICE = ("duplicate_effect",)
LATE = "30 min < latency.max < 32 min"

ROWS = [
    # a limited database
    Row("consumers-database-limit", ("consumers.stock.count=1",), (ALL_DONE, "latency.max < 6.6 s")),
    Row("consumers-database-limit", ("consumers.stock.count=8",), ("latency.max < 6.6 s",)),
    Row("consumers-database-limit", ("consumers.stock.count=64",), ("latency.max < 6.6 s",)),
    Row("consumers-database-limit", ("consumers.stock.contention={alpha: 0, beta: 0}",)),
    Row("consumers-database-limit", ("faults=[]",), ("queues.orders.depth_max > 3900",)),
    # scaling
    Row("consumers-scale-out", ("consumers.stock.scale=[]",), (LONG, SLOW)),
    Row("consumers-scale-out", ("consumers.stock.scale.1.how=kill",), ("duplicate_effect == 0",), ACTED_TWICE),
    Row("consumers-scale-out", ("consumers.stock.scale.1.how=kill", "consumers.stock.ack=auto"),
        ("lost == 0", ALL_DONE), ("lost",)),
    # time-out
    Row("consumers-timeout", ("consumers.stock.timeout=0 s",), (ALL_DONE, "redelivered == 3", LATE), (),
        ("redelivered",)),
    Row("consumers-timeout",
        ("consumers.stock.timeout={after: 10 s, check: 10 s}", "consumers.stock.service={exponential: 8 s}"),
        ("redelivered == 3", "duplicate_effect == 0", LATE), ACTED_TWICE),
    # pull
    Row("consumers-pull", ("consumers.mailer={service: 1 ms, prefetch: 20}",),
        ("80 ms < latency.mean < 120 ms", "500 < gauges.mailer.empty_gets < 2000", "queues.mails.unacked_max == 1")),
    Row("consumers-pull", ("consumers.mailer.pull=5 ms",),
        ("80 ms < latency.mean < 120 ms", "500 < gauges.mailer.empty_gets < 2000")),
    Row("consumers-pull", ("consumers.mailer.service=1 s",), (ALL_DONE, "latency.p99 < 220 ms")),
    # collected acknowledgements
    Row("consumers-batched-acks", ("consumers.stock.acks.batch=1",), ("latency.p50 < 100 ms",)),
    Row("consumers-batched-acks",
        ("consumers.stock.acks={batch: 1000, after: 1 min}", "consumers.stock.prefetch=2000"),
        ("0 < duplicate_effect <= 50",)),
    Row("consumers-batched-acks", ("consumers.stock.deduplicate=true",), ("0 < duplicate_effect <= 50",), (),
        ACTED_TWICE),
    Row("consumers-batched-acks", ("consumers.stock.service=2 ms",), (ALL_DONE,)),
    # deduplication
    Row("duplicate-check-then-act", ("consumers.stock.deduplicate.how=atomic",), (DOUBLED,), (), ACTED_TWICE),
    Row("duplicate-check-then-act", ("consumers.stock.deduplicate=true",), (DOUBLED,), (), ACTED_TWICE),
    Row("duplicate-check-then-act", ("consumers.stock.count=1", "consumers.stock.service=1 ms"), (DOUBLED,), (),
        ACTED_TWICE),
    Row("duplicate-check-then-act", ("consumers.stock.deduplicate=false",), (DOUBLED,)),
    Row("duplicate-check-then-act", ("producers.shop.link={latency: 1 ms}",), ("enqueued_twice > 400", DOUBLED), (),
        ("enqueued_twice",)),
    Row("duplicate-check-then-act", ("consumers.stock.service=200 ms",), (ALL_DONE,)),
    Row("duplicate-window-too-short", ("consumers.stock.deduplicate.window=1 min",), (TWICE,), (), ACTED_TWICE),
    Row("duplicate-window-too-short", ("consumers.stock.deduplicate.window=1000",), (TWICE,), (), ACTED_TWICE),
    Row("duplicate-window-too-short", ("consumers.stock.deduplicate.window=5",)),
    Row("duplicate-window-too-short", ("faults=[]",), (TWICE, "redelivered > 0"), (), ("redelivered",)),
    Row("duplicate-window-too-short", ("consumers.stock.service=100 ms",), (ALL_DONE,)),
    # an inventory
    Row("flash-sale-oversell", ("consumers.stock.inventory.how=atomic",), (OVERSOLD,)),
    Row("flash-sale-oversell", ("consumers.stock.count=1", "consumers.stock.service=1 ms"), (OVERSOLD,)),
    Row("flash-sale-oversell", ("consumers.stock.count=32",), (OVERSOLD,)),
    Row("flash-sale-oversell", ("consumers.stock.exceptions={probability: 10 %, then: reject}",), (ALL_DONE, COUNTED)),
    Row("flash-sale-oversell-cured", ("consumers.stock.inventory.how=check-then-act",),
        ("gauges.stock.oversold == 0", "gauges.stock.sold == 1000")),
    Row("flash-sale-oversell-cured", ("consumers.stock.deduplicate=false",), ("duplicate_effect == 0",),
        ACTED_TWICE),
    Row("flash-sale-oversell-cured", ("consumers.stock.ack=auto",), (ALL_DONE,), ("lost",)),
    # poison
    Row("poison-message", ("consumers.stock.exceptions.then=reject",), POISONED, (), ("redelivered",)),
    Row("poison-message", ("queues.orders.delivery_limit=5",), POISONED),
    Row("poison-message", ("consumers.stock.exceptions.times=3",), POISONED),
    Row("poison-message", ("consumers.stock.exceptions.then=hold",), ("queues.orders.requeued > 1000",)),
    Row("poison-message", ("consumers.stock.exceptions.then=crash",), ("queues.orders.requeued > 1000",)),
]  # fmt: skip
