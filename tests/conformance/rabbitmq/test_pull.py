"""RabbitMQ, fetching single messages: https://www.rabbitmq.com/docs/consumers#fetching."""

SHOP = """
    name: pull
    system: rabbitmq
    duration: 1 s
    producers: {shop: {arrivals: {constant: {rate: 1000/s, messages: 6}}}}
    queues: {orders: {}}
    consumers: {stock: {pull: 20 ms, service: 1 ms}}
"""


def rows(run, kind):
    return run.events[run.events["kind"] == kind]


def test_basic_get_fetches_one_message_at_a_time(play):
    run = play(SHOP, "consumers.stock.service=20 ms")
    assert run.summary["queues"]["orders"]["unacked_max"] == 1
    assert (run.fates["fate"] == "processed").all()


def test_prefetch_does_not_concern_basic_get(play):
    """Six lanes, each message kept unacknowledged for long: nothing bounds what the consumer has fetched."""
    run = play(SHOP, "consumers.stock.concurrency=6", "consumers.stock.service=500 ms")
    assert run.summary["queues"]["orders"]["unacked_max"] == 6


def test_an_empty_queue_answers_that_it_is_empty(play):
    run = play(SHOP)
    assert len(rows(run, "got_nothing")) == run.summary["gauges"]["stock.empty_gets"] > 20


def test_a_message_waits_for_the_next_question_where_push_brings_it_at_once(play):
    late = "producers.shop.arrivals={constant: {rate: 7/s, messages: 6}}"
    pulled = play(SHOP, late).summary["stages"]["enqueued_delivered"]
    pushed = play(SHOP.replace("pull: 20 ms, ", ""), late).summary["stages"]["enqueued_delivered"]
    assert pushed["max"] < 1_000_000 < 3_000_000 < pulled["max"] <= 22_000_000


def test_a_fetched_message_comes_back_when_its_channel_ends_before_the_acknowledgement(play):
    run = play(SHOP, "consumers.stock.service=100 ms", "consumers.stock.connection={reconnect: 50 ms}",
               "faults=[{at: 50 ms, reset: stock}]")  # fmt: skip
    assert rows(run, "requeued")["message"].tolist() == [0]
    assert run.summary["anomalies"]["redelivered"] == 1
