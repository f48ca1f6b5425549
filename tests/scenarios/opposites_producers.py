"""Opposites of the scenarios about producers."""

from __future__ import annotations

from tests.scenarios.shipped import Row

ALL_DONE = "fates.processed == messages.owed"
BUFFER = "producers.sensors.buffer.when_full"

ROWS = [
    Row("flash-crowd-excites-itself", ("producers.buyers.arrivals={poisson: 60/s}",),
        ("queues.orders.depth_max > 40",)),
    Row("flash-crowd-excites-itself", ("producers.buyers.arrivals.hawkes.branching=0.95",),
        ("throughput.created < 75/s",)),
    Row("flash-crowd-excites-itself", ("consumers.stock.service=100 ms",), (ALL_DONE,)),
    Row("buffer-drops-while-broker-is-down", (f"{BUFFER}=block",), ("fates.lost.client_buffer > 200",)),
    Row("buffer-drops-while-broker-is-down", ("producers.sensors.buffer.max=1000",),
        ("fates.lost.client_buffer > 200",)),
    Row("buffer-drops-while-broker-is-down",
        ("consumers.archive.ack=auto", "consumers.archive.service=20 ms",
         "faults=[{at: 8 s, crash: broker, for: 5 s}, {at: 15 s, crash: archive, for: 1 s}]"),
        ("lost == 0", "fates.lost.client_buffer == fates.lost"), ("lost",)),
    Row("buffer-blocks-while-broker-is-down", (f"{BUFFER}=drop-newest",), ("fates.lost == 0",)),
    Row("buffer-blocks-while-broker-is-down", (f"{BUFFER}=fail", "producers.sensors.retry=none"),
        ("fates.gave_up == 0",)),
    Row("buffer-blocks-while-broker-is-down", ("faults=[]",), ("latency.max > 4 s",)),
    Row("recorded-day", ("producers.customers.arrivals={constant: 40/s}",), ("queues.orders.depth_max > 100",)),
    Row("recorded-day", ("consumers.cashiers.count=2",), ()),
    Row("recorded-day", ("consumers.cashiers.service=40 ms",), (ALL_DONE, "utilisation.cashiers < 60 %")),
    Row("order-kept-queue-per-key", ("producers.tables.to=rows_0", "consumers.first.count=4"),
        ("out_of_order == 0",), ("out_of_order",)),
    Row("order-kept-queue-per-key", ("consumers.second.count=2",), ("out_of_order == 0",), ("out_of_order",)),
    Row("order-kept-queue-per-key", ("consumers.fourth.service=200 ms",), (ALL_DONE,)),
]  # fmt: skip
