"""RabbitMQ, negative acknowledgement: https://www.rabbitmq.com/docs/confirms#consumer-nacks-requeue."""

SHOP = """
    name: rejection
    system: rabbitmq
    duration: 1 s
    drain: 1 s
    producers: {shop: {arrivals: {constant: {rate: 1000/s, messages: 5}}}}
    queues: {orders: {}}
    consumers: {stock: {prefetch: 1, service: 1 ms, exceptions: {only: [2], then: reject}}}
"""


def rows(run, kind):
    return run.events[run.events["kind"] == kind]


def test_rejected_without_requeue_is_discarded_where_there_is_no_dead_letter_exchange(play):
    run = play(SHOP)
    assert rows(run, "discarded")["message"].tolist() == [2]
    assert run.fates.set_index("message")["fate"].to_dict() == {
        0: "processed", 1: "processed", 2: "discarded", 3: "processed", 4: "processed",
    }  # fmt: skip


def test_rejected_with_requeue_comes_again_at_its_place_marked_redelivered(play):
    run = play(SHOP, "consumers.stock.exceptions={only: [2], times: 1, then: requeue}")
    assert rows(run, "dispatched")["message"].tolist() == [0, 1, 2, 2, 3, 4]
    assert rows(run, "dispatched")["attempt"].tolist() == [1, 1, 1, 2, 1, 1]
    assert run.summary["anomalies"]["redelivered"] == 1


def test_a_consumer_that_always_requeues_makes_a_loop(play):
    run = play(SHOP, "consumers.stock.exceptions={only: [2], then: requeue}")
    assert rows(run, "requeued")["message"].unique().tolist() == [2]
    assert len(rows(run, "requeued")) > 500
    assert run.fates.set_index("message")["fate"][4] == "in_flight", "behind it nobody gets through"
