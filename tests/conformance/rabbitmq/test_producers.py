"""Producers of RabbitMQ: order by routing (https://www.rabbitmq.com/docs/queues), and what a client does meanwhile."""

from __future__ import annotations

PER_KEY = """
    system: rabbitmq
    duration: 1 s
    producers: {p: {arrivals: {burst: {every: 1 s, of: 40}}, message: {key: {sequence: 2}},
                    to: {routing_key: {by_key: "q_{key}"}}}}
    queues: {q_0: {}, q_1: {}}
    consumers: {fast: {queue: q_0, service: {exponential: 1 ms}}, slow: {queue: q_1, service: {exponential: 9 ms}}}
"""
DOWN = """
    system: rabbitmq
    duration: 1 s
    producers: {p: {arrivals: {constant: 50/s}, confirm: true, buffer: {max: 5}, connection: {reconnect: 100 ms}}}
    queues: {q: {}}
    consumers: {c: {connection: {reconnect: 100 ms}}}
    faults: [{at: 200 ms, crash: broker, for: 500 ms}]
"""


def test_one_queue_per_key_with_one_consumer_each_keeps_the_order_of_every_key(play):
    run = play(PER_KEY)
    assert run.summary["anomalies"]["out_of_order"] == 0
    assert run.summary["fates"]["processed"] == 40
    mixed = play(PER_KEY, "producers.p.to=q_0", "consumers.fast.count=3")
    assert mixed.summary["anomalies"]["out_of_order"] > 0


def test_a_client_that_blocks_loses_nothing_and_one_that_drops_tells_nobody(play):
    blocked = play(DOWN)
    assert sum(blocked.summary["fates"]["lost"].values()) == 0
    dropped = play(DOWN, "producers.p.buffer.when_full=drop-newest")
    assert dropped.summary["fates"]["lost"]["client_buffer"] > 5
    number = dropped.which("lost:client_buffer")[0]
    told = str(dropped.explain(number))
    assert "`producers.p.buffer.max: 5`" in told
    assert "`producers.p.buffer.when_full: drop-newest`" in told
