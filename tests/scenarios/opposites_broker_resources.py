"""What the broker's resources do: changes that break what their scenarios expect."""

from __future__ import annotations

from tests.scenarios.shipped import Row

ALARMS = ("gauges.broker.alarms >= 2", "gauges.shop.blocked_ns > 2 s", "8 MB < gauges.broker.memory_max_bytes < 30 MB")
SOME_LOST = "100 < lost < 400"

ROWS = [
    Row("memory-alarm-blocks-publishers", ("nodes.broker.memory.limit=400MB",), ALARMS),
    Row("memory-alarm-blocks-publishers", ("consumers.stock.count=8",), ALARMS),
    Row("memory-alarm-blocks-publishers",
        ("nodes.broker.memory.limit=400MB", "faults=[{at: 2 s, disk_full: broker, for: 4 s}]"),
        ("gauges.broker.alarms >= 2", "8 MB < gauges.broker.memory_max_bytes < 30 MB")),
    Row("memory-alarm-blocks-publishers", ("consumers.stock.count=1",), ("fates.processed == messages.owed",)),
    Row("memory-alarm-blocks-publishers",
        ("consumers.stock.ack=auto", "faults=[{at: 5 s, crash: stock, for: 1 s}]"), ("lost == 0",), ("lost",)),
    Row("lying-disk", ("nodes.broker.disk.lies=false",), (SOME_LOST,), (), ("lost",)),
    Row("lying-disk", ("faults=[{at: 3 s, crash: broker, for: 1 s}]",), (SOME_LOST,), (), ("lost",)),
    Row("lying-disk", ("nodes.broker.disk.lies=true",), (SOME_LOST,)),
    Row("lying-disk", ("nodes.broker.disk={fsync: 25 ms, group_commit: 5 ms}",),
        (SOME_LOST, "stages.sent_confirmed.p50 < 10 ms"), (), ("lost",)),
    Row("lying-disk", ("nodes.broker.disk.lies=false", "producers.shop.message.persistent=false"),
        (SOME_LOST, "fates.lost.unsynced_disk >= lost")),
]  # fmt: skip
