"""RabbitMQ, queues that come and go: https://www.rabbitmq.com/docs/queues, https://www.rabbitmq.com/docs/ttl."""

import pytest

ROOM = """
    name: room
    system: rabbitmq
    duration: 2 s
    drain: 1 s
    producers:
      shop: {arrivals: {constant: 100/s}, confirm: true, to: {exchange: news}, connection: {reconnect: 10 ms}}
    exchanges: {news: {type: fanout, durable: true}}
    queues: {q: {}}
    bindings: [{exchange: news, queue: q}]
    consumers: {reader: {queue: q, connection: {reconnect: 300 ms}}}
    faults: [{at: 505 ms, reset: reader}]
"""
BROKER_DOWN = "faults=[{at: 505 ms, crash: broker, for: 100 ms}]"


def told(run, kind):
    """When something happened to a queue, in ms."""
    events = run.events
    return (events[events["kind"] == kind]["time_ns"] // 1_000_000).tolist()


def lost_sight_of(run):
    """How many found nobody subscribed."""
    return int((run.fates["fate"] == "no_subscriber").sum())


def test_an_exclusive_queue_is_deleted_with_its_connection(play):
    run = play(ROOM, "queues.q.exclusive=true")
    assert (told(run, "queue_deleted"), told(run, "queue_declared")) == ([505], [805])
    assert lost_sight_of(run) == 30


def test_an_auto_delete_queue_is_deleted_with_its_last_consumer(play):
    run = play(ROOM, "queues.q.auto_delete=true")
    assert (told(run, "queue_deleted"), told(run, "queue_declared")) == ([505], [805])
    shared = play(ROOM, "queues.q.auto_delete=true", "consumers.reader.count=2", "faults.0.reset=reader[0]")
    assert told(shared, "queue_deleted") == []


def test_an_auto_delete_queue_that_never_had_a_consumer_stays(play):
    run = play(ROOM, "queues.q.auto_delete=true", "consumers={}", "faults=[]")
    assert told(run, "queue_deleted") == []


@pytest.mark.parametrize(("expires", "deleted"), [("200 ms", [705]), ("400 ms", [])])
def test_a_queue_expires_when_it_was_unused_for_so_long(play, expires, deleted):
    run = play(ROOM, f"queues.q.expires={expires}")
    assert told(run, "queue_deleted") == deleted
    assert lost_sight_of(run) == (10 if deleted else 0)


def test_what_stood_in_a_deleted_queue_goes_with_it(play):
    run = play(ROOM, "queues.q.auto_delete=true", "consumers.reader={queue: q, service: 100 ms, prefetch: 1}")
    assert (run.fates["fate"] == "deleted").sum() > 30


def test_a_queue_that_is_not_durable_is_gone_after_a_restart_until_somebody_declares_it(play):
    run = play(ROOM, BROKER_DOWN)
    assert (told(run, "queue_deleted"), told(run, "queue_declared")) == ([505], [805])
    assert lost_sight_of(run) > 15


def test_a_binding_survives_a_restart_only_if_both_its_ends_are_durable(play):
    assert told(play(ROOM, BROKER_DOWN, "queues.q.durable=true"), "queue_deleted") == []
    loose = play(ROOM, BROKER_DOWN, "queues.q.durable=true", "exchanges.news.durable=false")
    assert told(loose, "queue_deleted") == [505]
    assert lost_sight_of(loose) > 15


def test_an_exclusive_queue_does_not_outlive_the_broker_even_if_durable(play):
    assert told(play(ROOM, BROKER_DOWN, "queues.q={durable: true, exclusive: true}"), "queue_deleted") == [505]
