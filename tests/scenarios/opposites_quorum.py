"""Replicated queues: changes that break what their scenarios expect."""

from tests.scenarios.shipped import Row

ALL_DONE, NOBODY_ELSE = "fates.processed == messages.owed", "150 ms < stages.created_confirmed.max < 1.5 s"
SHUT_FOR_LONG = "3.5 s < stages.sent_confirmed.max < 6 s"
THREE_STOPPED = ("fates.in_flight > 1000", "messages.confirmed < 0.5 * messages.created")
TYPICAL = "3 ms < stages.sent_confirmed.p50 < 6 ms"
IN_HAND = ("consumers.stock.ack=auto",)
FIVE = "nodes={broker-1: {}, broker-2: {}, broker-3: {}, broker-4: {}, broker-5: {}}"

ROWS = [
    Row("quorum-leader-crash", ("system=rabbitmq",), (NOBODY_ELSE,)),
    Row("quorum-leader-crash", ("faults=[{at: 3 s, crash: broker-1, for: end}]",)),
    Row("quorum-leader-crash", ("faults=[{at: 3 s, power_loss: broker-1, for: 4 s}]",), (NOBODY_ELSE,)),
    Row("quorum-leader-crash", ("system=rabbitmq", "faults=[{at: 3 s, crash: broker-1, for: end}]"),
        (ALL_DONE, "redelivered > 0"), (), ("redelivered",)),
    Row("quorum-leader-crash", ("queues.orders.replicas=1",), (NOBODY_ELSE,)),
    Row("quorum-node-loss-classic", ("system=rabbitmq-quorum",), THREE_STOPPED),
    Row("quorum-node-loss-classic", ("faults=[{at: 3 s, crash: broker-1, for: 1 s}]",), THREE_STOPPED),
    Row("quorum-minority", ("faults=[{at: 3 s, crash: broker-1, for: 4 s}]",), (SHUT_FOR_LONG,)),
    Row("quorum-minority", (FIVE, "queues.orders.replicas=5"), (SHUT_FOR_LONG,)),
    Row("quorum-minority",
        ("faults=[{at: 3 s, crash: broker-1, for: end}, {at: 3.5 s, crash: broker-2, for: end}]",), (ALL_DONE,)),
    Row("quorum-cost", ("system=rabbitmq",), (TYPICAL,)),
    Row("quorum-cost", ("nodes.broker-3.disk.fsync=50 ms",)),
    Row("quorum-cost", ("nodes.broker-2.disk.fsync=50 ms", "nodes.broker-3.disk.fsync=50 ms"), (TYPICAL,)),
    Row("quorum-cost", ("consumers.stock.prefetch=1",), ("latency.p50 < 10 ms",)),
    Row("quorum-leader-crash", IN_HAND, ("lost == 0",), ("lost",), ("redelivered",)),
    Row("quorum-node-loss-classic", IN_HAND, ("lost == 0",), ("lost",)),
    Row("quorum-minority", (*IN_HAND, "consumers.stock.service=9 ms"), ("lost == 0",), ("lost",)),
    Row("quorum-cost", (*IN_HAND, "consumers.stock.service=6 ms", "faults=[{at: 5 s, crash: stock, for: 1 s}]"),
        ("lost == 0",), ("lost",)),
    Row("quorum-cost", ("consumers.stock.service=100 ms",), (ALL_DONE,)),
]  # fmt: skip
