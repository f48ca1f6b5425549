"""For every expectation of a shipped scenario there is a change that breaks it: none is one that cannot fail.

Every ``mqlab run NAME --set …`` of a head comment is a row here, so what readers are told to try has been tried.
"""

from __future__ import annotations

import pytest

from mqlab.scenario import load
from tests.scenarios.shipped import NAMES, Row, commands, failing, summary
from tests.support.gather import gathered

ALL_DONE = "fates.processed == messages.owed"
IMPATIENT = ("producers.shop.confirm={timeout: 1 ms}", "producers.shop.retry.attempts=3")
"""A shop that sends again before a confirm can have come."""
FORGETFUL = ("consumers.stock.ack=auto", "consumers.stock.service=5 ms", "faults=[{at: 3 s, crash: stock, for: 1 s}]")
"""A slow stock that dies with what it acknowledged in its hands."""
LOST_IN_MEMORY = "fates.lost.broker_memory == fates.lost"

ROWS = [
    # flash sales
    Row("flash-sale", ("queues.orders.durable=false",),
        ("lost == 0", "fates.lost == 0", "fates.processed + fates.rejected == messages.owed"), ("lost",)),
    Row("flash-sale", ("producers.buyers.message.persistent=false",), ("lost == 0",), ("lost",)),
    Row("flash-sale", ("producers.buyers.confirm=none",), ("fates.lost == 0", "fates.rejected > 1000")),
    Row("flash-sale", ("consumers.stock.ack=auto",), ("lost == 0",), ("lost",), ("redelivered",)),
    Row("flash-sale", ("consumers.stock.deduplicate=true",), (), (), ("duplicate_effect",)),
    Row("flash-sale", ("queues.orders.max_length=1_000_000",),
        ("fates.rejected > 1000", "queues.orders.depth_max == 10_000")),
    Row("flash-sale-direct", ("consumers.database.count=12",),
        ("fates.rejected / messages.owed > 40 %", "latency.p50 > 100 ms", "throughput.processed < 500/s")),
    Row("flash-sale-direct", ("consumers.database.contention={alpha: 0, beta: 0}",),
        ("fates.rejected / messages.owed > 40 %",)),
    # registration
    Row("registration-serial", ("consumers.site.service={lognormal: {mean: 50 ms, cv: 0.3}}",),
        ("145 ms < stages.created_confirmed.mean < 155 ms", "125/s < throughput.created < 140/s")),
    Row("registration-serial", ("drain=0 s",), (ALL_DONE,)),
    Row("registration-parallel",
        ("consumers.site.service.serial.1.parallel.1={lognormal: {mean: 500 ms, cv: 0.3}}",),
        ("105 ms < stages.created_confirmed.mean < 115 ms", "175/s < throughput.created < 190/s")),
    Row("registration-parallel", ("drain=0 s",), (ALL_DONE,)),
    Row("registration-queued", ("consumers.mailers.count=1",), (ALL_DONE, "latency.p99 < 300 ms")),
    Row("registration-queued", ("producers.site.prepare={lognormal: {mean: 150 ms, cv: 0.3}}",),
        ("50 ms < stages.created_confirmed.mean < 65 ms", "throughput.created > 340/s")),
    # the stock is down
    Row("stock-down-queued", ("consumers.stock.service={exponential: 100 ms}",), (ALL_DONE,)),
    Row("stock-down-queued", ("consumers.stock.ack=auto",), ("lost == 0",), ("lost",)),
    Row("stock-down-queued", ("faults=[]",), ("queues.orders.depth_max > 850", "latency.max > 9 s")),
    Row("stock-down-queued", ("producers.shop.link={latency: 100 ms}",), ("stages.created_confirmed.max < 100 ms",)),
    Row("stock-down-direct", ("faults=[]",), ("850 < fates.rejected < 1150",)),
    Row("stock-down-direct", ("consumers.stock.service={exponential: 200 ms}",), ("latency.p50 < 50 ms",)),
    # all three places of loss at once
    Row("bad-day", ("producers.shop.confirm={timeout: 1 s}",), ("fates.lost.wire > 30", "lost == 0"),
        ("lost", "enqueued_twice", "duplicate_effect")),
    Row("bad-day", ("queues.orders.durable=true", "producers.shop.message.persistent=true"),
        ("fates.lost.broker_memory > 200",)),
    Row("bad-day", ("consumers.stock.ack=manual",), ("fates.lost.auto_ack > 100",)),
    # producer to broker
    Row("loss-producer-without-confirms", ("producers.shop.confirm={timeout: 1 s}",),
        ("fates.lost.wire > 50", "messages.confirmed == 0"), ("enqueued_twice", "duplicate_effect")),
    Row("loss-producer-without-confirms", ("producers.shop.retry.attempts=1",), ("fates.gave_up == 0",)),
    Row("loss-producer-without-confirms", ("producers.shop.confirm=true", *FORGETFUL), ("lost == 0",), ("lost",)),
    Row("loss-producer-with-confirms", ("producers.shop.confirm=none",),
        ("fates.lost == 0", ALL_DONE, "messages.confirmed == messages.created", "enqueued_twice > 50"), (),
        ("enqueued_twice", "duplicate_effect")),
    Row("loss-producer-with-confirms", ("consumers.stock.deduplicate=true",),
        ("duplicate_effect == enqueued_twice",), (), ("duplicate_effect",)),
    Row("loss-producer-with-confirms", FORGETFUL, ("lost == 0",), ("lost",)),
    # in the broker
    Row("loss-broker-durable-persistent", ("queues.orders.durable=false",),
        ("lost == 0", "fates.lost == 0", ALL_DONE, "redelivered > 0"), ("lost",)),
    Row("loss-broker-durable-persistent", ("producers.shop.message.persistent=false",), ("lost == 0",), ("lost",)),
    Row("loss-broker-durable-transient", ("producers.shop.message.persistent=true",), ("lost > 200",), (), ("lost",)),
    Row("loss-broker-durable-transient", ("consumers.stock.ack=auto",), (LOST_IN_MEMORY,)),
    Row("loss-broker-nondurable-persistent", ("queues.orders.durable=true",), ("lost > 200",), (), ("lost",)),
    Row("loss-broker-nondurable-persistent", ("consumers.stock.ack=auto",), (LOST_IN_MEMORY,)),
    Row("loss-broker-nondurable-transient",
        ("queues.orders.durable=true", "producers.shop.message.persistent=true"), ("lost > 200",), (), ("lost",)),
    Row("loss-broker-nondurable-transient", ("consumers.stock.ack=auto",), (LOST_IN_MEMORY,)),
    Row("loss-broker-power-unconfirmed", ("producers.shop.confirm={timeout: 2 s}",),
        ("fates.lost.unsynced_disk > 5",)),
    Row("loss-broker-power-unconfirmed", ("faults=[{at: 3 s, crash: broker, for: 1 s}]",),
        ("fates.lost.unsynced_disk > 5",)),
    Row("loss-broker-power-unconfirmed", ("nodes.broker.disk={fsync: 1 ms, group_commit: 0 s}",),
        ("fates.lost.unsynced_disk > 5",)),
    Row("loss-broker-power-unconfirmed", ("producers.shop.message.persistent=false",),
        ("fates.lost.broker_memory + fates.lost.unsynced_disk < 100",)),
    Row("loss-broker-power-unconfirmed",
        ("producers.shop.message.persistent=false", "producers.shop.confirm={timeout: 2 s}"), ("lost == 0",),
        ("lost",)),
    Row("loss-broker-power-confirmed", ("producers.shop.message.persistent=false",),
        ("lost == 0", "fates.lost == 0", ALL_DONE, "stages.sent_confirmed.p50 > 50 ms"), ("lost",)),
    # broker to consumer
    Row("loss-consumer-crash-unacked", ("consumers.stock.ack=auto",),
        ("lost == 0", ALL_DONE, "40 <= redelivered <= 50"), ("lost",), ("redelivered",)),
    Row("loss-consumer-crash-unacked", ("faults=[]",), ("40 <= redelivered <= 50",), (), ("redelivered",)),
    Row("loss-consumer-crash-unacked", IMPATIENT, ("duplicate_effect <= 2",), ("enqueued_twice",)),
    Row("loss-consumer-uncaught-exception", ("consumers.stock.exceptions.then=reject",),
        ("redelivered > 500", "fates.in_flight / messages.owed > 25 %"), (), ("redelivered",)),
    Row("loss-consumer-uncaught-exception", ("consumers.stock.exceptions.per=delivery",),
        ("redelivered > 500", "fates.in_flight / messages.owed > 25 %")),
    Row("loss-consumer-uncaught-exception", ("consumers.stock.ack=auto",), ("lost == 0",), ("lost",)),
    Row("loss-consumer-never-acked", ("consumers.stock.exceptions.then=requeue",),
        ("fates.in_flight > 0", "latency.max > 5 s", "utilisation.stock < 40 %")),
    Row("loss-consumer-never-acked", ("consumers.stock.exceptions.then=reject",),
        ("redelivered >= 50", "fates.in_flight > 0")),
    Row("loss-consumer-never-acked", ("consumers.stock.prefetch=200",), ("queues.orders.unacked_max == 50",)),
    Row("loss-consumer-never-acked", ("consumers.stock.ack=auto",), ("lost == 0",), ("lost",)),
    Row("loss-consumer-auto-ack", ("consumers.stock.ack=manual",),
        ("lost > 20", "redelivered == 0"), ("redelivered",), ("lost",)),
    Row("loss-consumer-auto-ack",
        ("consumers.stock.ack=manual", "producers.shop.message.persistent=false",
         "faults=[{at: 3 s, crash: broker, for: 1 s}]"), ("fates.lost.auto_ack == lost",)),
    Row("loss-consumer-auto-ack", ("consumers.stock.service=10 ms",), ("fates.in_flight == 0",)),
    # duplicates
    Row("duplicate-confirm-lost", ("producers.shop.retry.attempts=1",), ("enqueued_twice > 20",), (),
        ("enqueued_twice", "duplicate_effect")),
    Row("duplicate-confirm-lost", ("consumers.stock.deduplicate=true",), ("duplicate_effect == enqueued_twice",), (),
        ("duplicate_effect",)),
    Row("duplicate-confirm-lost", ("faults=[{at: 3 s, reset: stock}]", "consumers.stock.service=5 ms"),
        ("redelivered == 0",), ("redelivered",)),
    Row("duplicate-confirm-lost", FORGETFUL, ("lost == 0",), ("lost",)),
    Row("duplicate-confirm-lost-cured", ("consumers.stock.deduplicate=false",), ("duplicate_effect == 0",),
        ("duplicate_effect",)),
    Row("duplicate-confirm-lost-cured", ("faults=[]",), ("enqueued_twice > 20",), (), ("enqueued_twice",)),
    Row("duplicate-confirm-lost-cured", FORGETFUL, ("lost == 0",), ("lost",)),
    Row("duplicate-ack-lost", ("consumers.bank.ack=auto",),
        ("lost == 0", "duplicate_effect > 5", "redelivered > duplicate_effect"), ("lost",),
        ("redelivered", "duplicate_effect")),
    Row("duplicate-ack-lost", IMPATIENT, ("enqueued_twice == 0",), ("enqueued_twice",)),
    Row("duplicate-ack-lost-cured", ("consumers.bank.deduplicate=false",), ("duplicate_effect == 0",),
        ("duplicate_effect",)),
    Row("duplicate-ack-lost-cured", ("consumers.bank.ack=auto",), ("lost == 0", "redelivered > 10", ALL_DONE),
        ("lost",), ("redelivered",)),
    # order
    Row("order-lost-several-consumers", ("consumers.applier.count=1", "consumers.applier.service=1 ms"),
        ("out_of_order > 50",), (), ("out_of_order",)),
    Row("order-lost-several-consumers", ("consumers.applier.service=100 ms",), (ALL_DONE,)),
    Row("order-lost-several-consumers", ("consumers.applier.exceptions={probability: 1 %, then: requeue}",),
        ("redelivered == 0",), ("redelivered",)),
    Row("order-kept-one-consumer", ("consumers.applier.count=2",), ("out_of_order == 0",), ("out_of_order",)),
    Row("order-kept-one-consumer", ("consumers.applier.service=20 ms",), (ALL_DONE,)),
    Row("order-kept-one-consumer", ("consumers.applier.exceptions={probability: 1 %, then: requeue}",),
        ("out_of_order == 0", "redelivered == 0"), ("out_of_order", "redelivered")),
    Row("order-lost-one-nack", ("consumers.applier.prefetch=1",), ("out_of_order > 0",), (), ("out_of_order",)),
    Row("order-lost-one-nack", ("consumers.applier.exceptions.probability=0",),
        ("out_of_order > 0", "redelivered > 10"), (), ("out_of_order", "redelivered")),
    Row("order-lost-one-nack", ("consumers.applier.ack=auto",), ("lost == 0", ALL_DONE), ("lost",)),
    Row("order-lost-one-nack", ("faults=[{at: [1 s, 2 s, 3 s, 4 s, 5 s], reset: applier}]",),
        ("duplicate_effect == 0",), ("duplicate_effect",)),
    # dispatch
    Row("dispatch-round-robin", ("consumers.workers.prefetch=1",),
        ("latency.mean > 300 ms", "queues.tasks.depth_max <= 1", "queues.tasks.unacked_max > 20")),
    Row("dispatch-round-robin", ("consumers.workers.service=1 s",), (ALL_DONE,)),
    Row("dispatch-prefetch-1", ("consumers.workers.prefetch=0",),
        ("latency.mean < 300 ms", "queues.tasks.unacked_max == 4", "queues.tasks.depth_max > 5")),
    Row("dispatch-prefetch-1", ("consumers.workers.service=1 ms", "consumers.workers.link={latency: 60 ms}"),
        ("latency.mean < 300 ms",)),
    Row("dispatch-prefetch-1", ("consumers.workers.service=1 s",), (ALL_DONE,)),
]  # fmt: skip
ROWS += [row for rows in gathered("scenarios", "opposites_", "ROWS") for row in rows]
OF_THE_NOTEBOOK = {"first-run"}
"""Its expectations are those of the first notebook, which breaks them one by one."""


def _spelt(row: Row) -> str:
    return f"{row.name} {' '.join(row.sets)}"


@pytest.mark.parametrize("row", ROWS, ids=_spelt)
def test_a_change_shows_the_opposite(row: Row) -> None:
    before, after = summary(row.name), summary(row.name, None, row.sets)
    assert set(row.fails) <= failing(after)
    assert after["violations"] == []
    for anomaly in row.appears:
        assert before["anomalies"][anomaly] == 0 < after["anomalies"][anomaly]
    for anomaly in row.vanishes:
        assert before["anomalies"][anomaly] > 0 == after["anomalies"][anomaly]


@pytest.mark.parametrize("name", sorted(set(NAMES) - OF_THE_NOTEBOOK))
def test_no_expectation_is_one_that_cannot_fail(name: str) -> None:
    broken = {text for row in ROWS if row.name == name for text in row.fails}
    assert broken == {expectation.text for expectation in load(name).expectations}


@pytest.mark.parametrize("name", NAMES)
def test_what_readers_are_told_to_try_is_a_row_here(name: str) -> None:
    rows = {(row.name, row.sets) for row in ROWS}
    for command in commands(name):
        if command.verb == "run" and command.sets:
            assert (command.names[0], command.sets) in rows
