"""RabbitMQ, channels: their prefetch, their time-out, and acknowledgements of several deliveries.

https://www.rabbitmq.com/docs/consumer-prefetch, https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout and
https://www.rabbitmq.com/docs/confirms#consumer-acks-multiple-parameter.
"""

import pytest

SHOP = """
    name: channels
    system: rabbitmq
    duration: 1 s
    drain: 4 min
    producers: {shop: {arrivals: {constant: {rate: 1000/s, messages: 12}}}}
    queues: {orders: {}}
    consumers: {stock: {count: 3, prefetch: {consumer: 2, channel: 3}, service: 20 ms}}
"""
STUCK = """
    name: stuck
    system: rabbitmq
    duration: 1 s
    drain: 4 min
    producers: {shop: {arrivals: {constant: {rate: 1000/s, messages: 4}}}}
    queues: {orders: {}}
    consumers:
      stock:
        prefetch: 2
        service: 1 ms
        timeout: 90 s
        exceptions: {only: [1], times: 1, then: hold}
        connection: {reconnect: 5 s}
"""


def rows(run, kind):
    return run.events[run.events["kind"] == kind]


@pytest.mark.parametrize(("consumer", "channel", "most"), [(2, 3, 3), (2, 0, 6), (0, 4, 4), (0, 0, 12)])
def test_a_channels_prefetch_is_shared_by_its_consumers_beside_their_own(play, consumer, channel, most):
    run = play(SHOP, f"consumers.stock.prefetch={{consumer: {consumer}, channel: {channel}}}")
    assert run.summary["queues"]["orders"]["unacked_max"] == most


def test_a_consumers_prefetch_is_its_own(play):
    assert play(SHOP, "consumers.stock.prefetch=2").summary["queues"]["orders"]["unacked_max"] == 6


def test_the_classic_broker_waits_for_an_acknowledgement_for_ever(play):
    run = play(STUCK, "consumers.stock.timeout=0 s", "drain=2 h")
    assert len(rows(run, "channel_closed")) == 0
    assert (run.fates["fate"] == "in_flight").sum() == 1


def test_a_delivery_not_acknowledged_in_time_closes_the_channel(play):
    """Kept from the first milliseconds on; 90 s allowed, looked at each 60 s: closed at 120 s."""
    run = play(STUCK)
    closed = rows(run, "channel_closed")
    assert closed["time_ns"].tolist() == [120_000_000_000]
    assert rows(run, "connection_lost")["time_ns"].tolist() == [120_000_250_000]
    assert rows(run, "connected")["time_ns"].tolist() == [125_000_250_000], "the client opens another after its pause"


def test_what_was_unacknowledged_on_it_is_requeued_and_marked_redelivered(play):
    run = play(STUCK)
    assert rows(run, "requeued")["message"].tolist() == [1]
    assert rows(run, "dispatched").groupby("message")["attempt"].max().to_dict() == {0: 1, 1: 2, 2: 1, 3: 1}
    assert (run.fates["fate"] == "processed").all()


def test_who_acknowledges_in_time_keeps_its_channel(play):
    assert len(rows(play(STUCK, "consumers.stock.exceptions.times=1", "consumers.stock.exceptions.then=requeue"),
                    "channel_closed")) == 0  # fmt: skip


def test_one_acknowledgement_settles_everything_up_to_its_tag(play):
    run = play(SHOP, "consumers.stock={prefetch: 6, service: 1 ms, acks: {batch: 4, after: 1 s}}")
    acked = rows(run, "acked")
    assert acked["message"].tolist() == list(range(12))
    assert acked.groupby("time_ns").size().tolist() == [4, 4, 4]


def test_so_does_it_with_what_the_client_never_answered(play):
    """Message 1 was held back silently: the acknowledgement of a later one covers it."""
    hold = "consumers.stock={prefetch: 6, service: 1 ms, acks: {batch: 4}, exceptions: {only: [1], then: hold}}"
    run = play(SHOP, hold)
    assert run.fates.set_index("message")["fate"][1] == "lost:early_commit"


def test_until_it_is_sent_all_of_a_batch_may_come_again(play):
    run = play(SHOP, "consumers.stock={prefetch: 8, service: 1 ms, acks: {batch: 8, after: 1 s}}",
               "faults=[{at: 8 ms, crash: stock, for: 1 s}]")  # fmt: skip
    assert rows(run, "requeued")["message"].tolist() == list(range(8))
    assert run.summary["anomalies"]["redelivered"] >= 5
