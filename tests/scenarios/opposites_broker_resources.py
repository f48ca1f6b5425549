"""What the broker's resources do: changes that break what their scenarios expect."""

from __future__ import annotations

from tests.scenarios.shipped import Row

WINDOW = "1 <= fates.lost.broker_memory <= 40"
ALARMS = ("gauges.broker.alarms >= 2", "gauges.shop.blocked_ns > 2 s", "8 MB < gauges.broker.memory_max_bytes < 30 MB")
MINUTES = "4 min < stages.created_confirmed.max < 5 min"
ALL_CONFIRMED = "messages.confirmed == 10_000"


def dead_stock(at: str) -> tuple[str, str, str]:
    """A slow stock that dies with what it acknowledged in its hands."""
    return "consumers.stock.ack=auto", "consumers.stock.service=30 ms", f"faults=[{{at: {at}, crash: stock, for: 1 s}}]"


SOME_LOST = "100 < lost < 400"

ROWS = [
    # transactions and confirms
    Row("tx-per-message", ("producers.shop.transactions.size=1000",), (MINUTES, "utilisation.broker.disk > 80 %")),
    Row("tx-per-message", ("nodes.broker.disk.fsync=2.45ms",), (MINUTES, "utilisation.broker.disk > 80 %")),
    Row("tx-per-message", ("drain=100 s",), (ALL_CONFIRMED,)),
    Row("tx-per-message", dead_stock("100 s"), ("lost == 0",), ("lost",)),
    Row("tx-batches", ("producers.shop.transactions.size=1",),
        ("stages.created_confirmed.max < 4 s", ALL_CONFIRMED, "enqueued_twice == 100")),
    Row("tx-batches", ("producers.shop.retry.attempts=1",), (ALL_CONFIRMED, "enqueued_twice == 100"), (),
        ("enqueued_twice", "duplicate_effect")),
    Row("tx-batches", ("producers.shop.transactions.rollback=0.2",), (ALL_CONFIRMED, "fates.aborted == 0")),
    Row("tx-batches", dead_stock("1 s"), ("lost == 0",), ("lost",)),
    Row("tx-confirms", ("producers.shop.confirm.max_in_flight=1", "drain=400s"),
        ("stages.created_confirmed.max < 2 s",)),
    Row("tx-confirms", ("producers.shop.link={loss: 1 %}",), (ALL_CONFIRMED,)),
    Row("tx-confirms", dead_stock("500 ms"), ("lost == 0",), ("lost",)),
    # the window between memory and disk
    Row("window-memory-disk", ("producers.shop.confirm=true", "producers.shop.retry.attempts=20"), (WINDOW,)),
    Row("window-memory-disk", ("nodes.broker.disk.group_commit=500ms",), (WINDOW, "fates.lost <= 42")),
    Row("window-memory-disk", ("consumers.stock.ack=auto",), ("redelivered > 0",), (), ("redelivered",)),
    Row("window-memory-disk-closed", ("producers.shop.retry.attempts=1",), ("fates.processed == messages.owed",)),
    Row("window-memory-disk-closed", ("producers.shop.message.persistent=false",),
        ("lost == 0", "fates.processed == messages.owed", "20 ms < stages.sent_confirmed.p50 < 60 ms"), ("lost",)),
    # alarms
    Row("memory-alarm-blocks-publishers", ("nodes.broker.memory.limit=400MB",), ALARMS),
    Row("memory-alarm-blocks-publishers", ("consumers.stock.count=8",), ALARMS),
    Row("memory-alarm-blocks-publishers", ("queues.orders.mode=lazy",), ALARMS),
    Row("memory-alarm-blocks-publishers",
        ("nodes.broker.memory.limit=400MB", "faults=[{at: 2 s, disk_full: broker, for: 4 s}]"),
        ("gauges.broker.alarms >= 2", "8 MB < gauges.broker.memory_max_bytes < 30 MB")),
    Row("memory-alarm-blocks-publishers", ("consumers.stock.count=1",), ("fates.processed == messages.owed",)),
    Row("memory-alarm-blocks-publishers",
        ("consumers.stock.ack=auto", "faults=[{at: 5 s, crash: stock, for: 1 s}]"), ("lost == 0",), ("lost",)),
    # lazy queues
    Row("lazy-queue-long-backlog", ("queues.orders.mode=default",),
        ("gauges.broker.alarms == 0", "gauges.broker.memory_max_bytes < 4 MB")),
    Row("lazy-queue-long-backlog", ("nodes.broker.disk.seek=10ms",), ("fates.processed == messages.owed",)),
    Row("lazy-queue-long-backlog", ("consumers.stock.count=12",), ("queues.orders.depth_max > 2000",)),
    # disks that lie
    Row("lying-disk", ("nodes.broker.disk.lies=false",), (SOME_LOST,), (), ("lost",)),
    Row("lying-disk", ("faults=[{at: 3 s, crash: broker, for: 1 s}]",), (SOME_LOST,), (), ("lost",)),
    Row("lying-disk", ("nodes.broker.disk.lies=true",), (SOME_LOST,)),
    Row("lying-disk", ("nodes.broker.disk={fsync: 25 ms, group_commit: 5 ms}",),
        (SOME_LOST, "stages.sent_confirmed.p50 < 10 ms"), (), ("lost",)),
    Row("lying-disk", ("nodes.broker.disk.lies=false", "producers.shop.message.persistent=false"),
        (SOME_LOST, "fates.lost.unsynced_disk >= lost")),
]  # fmt: skip
