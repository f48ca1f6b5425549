"""RabbitMQ, wall clock and monotonic clock: what a broker whose clock is wrong does, and what it does not do.

``rabbit_amqqueue_process`` stamps and tests expiry with ``os:system_time``, ``rabbit_channel`` measures how long a
consumer has held a delivery with ``erlang:monotonic_time``.
"""

SHOP = """
    name: clocks
    system: rabbitmq
    duration: 1 s
    drain: 20 s
    producers: {shop: {arrivals: {constant: {rate: 100/s, messages: 50}}}}
    queues: {orders: {ttl: 3 s}}
    consumers: {stock: {prefetch: 1, service: 20 ms}}
"""


def expired(run):
    return run.summary["fates"]["expired"]


def test_a_clock_that_is_right_lets_nothing_expire_here(play):
    assert expired(play(SHOP)) == 0


def test_a_clock_that_is_set_ahead_lets_messages_expire_early(play):
    run = play(SHOP, "faults=[{at: 500 ms, clock: broker, by: 5 min, for: end}]")
    assert 20 <= expired(run) <= 30, "those that waited when the clock was set"


def test_messages_that_come_under_the_wrong_clock_live_as_long_as_ever(play):
    run = play(SHOP, "faults=[{at: 0 s, clock: broker, by: 5 min, for: end}]")
    assert expired(run) == 0


def test_a_clock_that_is_set_back_keeps_messages_that_are_too_old(play):
    slow = "consumers.stock.service=200 ms"
    assert expired(play(SHOP, slow)) > 20
    assert expired(play(SHOP, slow, "faults=[{at: 600 ms, clock: broker, behind: 5 min, for: end}]")) == 0


def test_consumer_time_outs_and_heartbeats_do_not_look_at_the_wall_clock(play):
    beats = "consumers.stock.connection={heartbeat: 5 s}"
    held = ("consumers.stock.timeout=10 s", "consumers.stock.service=2 s", beats)
    run = play(SHOP, *held, "faults=[{at: 100 ms, clock: broker, by: 5 min, for: end}]")
    kinds = set(run.events["kind"])
    assert "connection_closed" not in kinds
    assert "requeued" not in kinds
