"""RabbitMQ, publisher confirms: https://www.rabbitmq.com/docs/confirms#when-publishes-are-confirmed."""

import pytest

MS = 1_000_000

SHOP = """
    name: confirms
    system: rabbitmq
    duration: 1 s
    producers:
      shop:
        arrivals: {constant: {rate: 100/s, messages: 3}}
        confirm: true
        link: {latency: 1 ms}
    queues: {orders: {}}
    nodes: {broker: {cpu: {publish: 0 s, deliver: 0 s}, disk: {fsync: 4 ms, group_commit: 20 ms, bandwidth: 1 GB/s}}}
"""
ROUND_TRIP_NS = 2 * MS
ON_DISK = ("queues.orders.durable=true", "producers.shop.message={persistent: true, size: 1 B}")


def waits(run):
    """How long each message waited for its confirm, in ns."""
    return (run.fates["confirmed_ns"] - run.fates["sent_ns"]).tolist()


def moments(run, kind, message=0):
    """When something happened to a message."""
    events = run.events
    return events[(events["kind"] == kind) & (events["message"] == message)]["time_ns"].tolist()


def test_unroutable_is_confirmed_as_soon_as_no_queue_is_found(play):
    run = play(SHOP, "exchanges={events: {type: direct}}", "producers.shop.to={exchange: events, routing_key: nowhere}")
    assert waits(run) == [ROUND_TRIP_NS] * 3
    assert set(run.fates["fate"]) == {"unroutable"}
    assert moments(run, "confirm_sent") == moments(run, "unroutable")


def test_a_transient_message_is_confirmed_once_its_queue_took_it(play):
    run = play(SHOP)
    assert waits(run) == [ROUND_TRIP_NS] * 3
    assert moments(run, "confirm_sent") == moments(run, "enqueued")


def test_routable_is_confirmed_once_all_queues_took_it(play):
    """One of the two queues writes to a disk, and the confirm waits for it."""
    run = play(
        SHOP, "exchanges={events: {type: fanout}}", "producers.shop.to={exchange: events}",
        "queues={orders: {durable: true}, log: {}}",
        "bindings=[{exchange: events, queue: orders}, {exchange: events, queue: log}]",
        "producers.shop.message={persistent: true, size: 1 B}",
    )  # fmt: skip
    enqueued, synced, sent = (moments(run, kind) for kind in ("enqueued", "synced", "confirm_sent"))
    assert len(enqueued) == 2
    assert enqueued[0] == enqueued[1] < synced[0]
    assert sent == synced


def test_persistent_on_durable_is_confirmed_once_on_disk(play):
    run = play(SHOP, *ON_DISK)
    for message in range(3):
        assert moments(run, "confirm_sent", message) == moments(run, "synced", message)


@pytest.mark.parametrize("half", ON_DISK)
def test_only_persistent_and_durable_together_wait_for_the_disk(play, half):
    assert waits(play(SHOP, half)) == [ROUND_TRIP_NS] * 3


def test_writes_are_batched_so_a_confirm_may_take_as_long_as_the_batch(play):
    """Messages reach the queue at 1, 6 and 11 ms. The first starts a batch of 20 ms and waits for the whole of it."""
    run = play(SHOP, *ON_DISK, "producers.shop.arrivals.constant.rate=200/s")
    batch, fsync = 20 * MS, 4 * MS
    assert moments(run, "synced", 0) == moments(run, "synced", 1) == moments(run, "synced", 2)
    assert waits(run) == pytest.approx([ROUND_TRIP_NS + batch + fsync - later * MS for later in (0, 5, 10)], abs=10)


def test_a_nack_comes_only_from_a_queue_that_refuses(play):
    """No limit, a limit that drops and one that refuses: only the last says no."""
    limits = {"{}": 0, "{max_length: 1}": 0, "{max_length: 1, overflow: reject-publish}": 2}
    for queue, refused in limits.items():
        events = play(SHOP, f"queues.orders={queue}").events
        assert (events["kind"] == "refused").sum() == refused, queue
        assert (events["kind"] == "confirmed").sum() == 3 - refused, queue


def test_a_broker_that_dies_says_nothing_so_the_outcome_is_unknown_not_no(play):
    run = play(SHOP, *ON_DISK, "faults=[{at: 5 ms, crash: broker, for: 100 ms}]")
    kinds = run.events[run.events["message"] == 0]["kind"].tolist()
    assert "unknown" in kinds
    assert "refused" not in kinds
