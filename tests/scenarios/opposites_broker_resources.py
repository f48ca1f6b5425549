"""What the broker's resources do: changes that break what their scenarios expect."""

from __future__ import annotations

from tests.scenarios.shipped import Row

SOME_LOST = "100 < lost < 400"

ROWS = [
    Row("lying-disk", ("nodes.broker.disk.lies=false",), (SOME_LOST,), (), ("lost",)),
    Row("lying-disk", ("faults=[{at: 3 s, crash: broker, for: 1 s}]",), (SOME_LOST,), (), ("lost",)),
    Row("lying-disk", ("nodes.broker.disk.lies=true",), (SOME_LOST,)),
    Row("lying-disk", ("nodes.broker.disk={fsync: 25 ms, group_commit: 5 ms}",),
        (SOME_LOST, "stages.sent_confirmed.p50 < 10 ms"), (), ("lost",)),
    Row("lying-disk", ("nodes.broker.disk.lies=false", "producers.shop.message.persistent=false"),
        (SOME_LOST, "fates.lost.unsynced_disk >= lost")),
]  # fmt: skip
