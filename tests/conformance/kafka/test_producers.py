"""Kafka, producers: https://kafka.apache.org/documentation/#producerconfigs."""

import pytest

from mqlab.errors import BadInput

SHOP = """
    name: producers
    system: kafka
    duration: 200 ms
    drain: 5 s
    nodes: {a: {}, b: {}, c: {}}
    cluster: {session: 300 ms}
    topics: {orders: {replicas: 3, min_insync: 2}}
    producers:
      shop: {arrivals: {constant: 1000/s}, message: {size: 1 KiB}, retry_backoff: 20 ms, request_timeout: 200 ms}
    consumers: {stock: {topic: orders, service: 10 us, commit: after}}
"""
DOWN = "faults=[{at: 50400 us, crash: a, for: 1 s}]"


def rows(run, kind):
    """Events of one kind, in order."""
    return run.events[run.events["kind"] == kind]


def test_acks_all_waits_for_every_replica_in_sync(play):
    run = play(SHOP)
    copied = rows(run, "replicated").groupby("actor")["time_ns"].min()
    first = rows(run, "confirm_sent")["time_ns"].min()
    assert len(copied) == 2
    assert (copied < first).all()


def test_acks_1_waits_for_the_leader_alone(play):
    run = play(SHOP, "producers.shop.acks=1")
    assert rows(run, "confirm_sent")["time_ns"].min() == rows(run, "appended")["time_ns"].min()


def test_acks_0_hears_nothing_and_sends_nothing_again(play):
    run = play(SHOP, "producers.shop.acks=0", "faults=[{at: 50100 us, crash: a, for: 1 s}]")
    assert not len(rows(run, "confirm_sent"))
    assert rows(run, "sent")["attempt"].max() == 1
    assert run.summary["fates"]["lost"]["wire"] == 1


def test_an_idempotent_producer_that_sends_again_is_appended_once(play):
    run = play(SHOP, DOWN)
    assert rows(run, "sent")["attempt"].max() > 1
    assert run.summary["anomalies"]["log_duplicate"] == 0
    assert run.summary["anomalies"]["out_of_order"] == 0
    assert run.summary["fates"]["processed"] == run.summary["messages"]["owed"]


def test_without_idempotence_what_is_sent_again_may_be_appended_twice(play):
    """The answers are slower than the producer's patience: each batch is sent once more, and appended once more."""
    run = play(SHOP, "producers.shop.idempotence=false", "producers.shop.request_timeout=1 ms",
               "producers.shop.max_in_flight=1", "producers.shop.link.latency=400 us")  # fmt: skip
    assert run.summary["anomalies"]["log_duplicate"] > 0


def test_idempotence_allows_five_requests_in_flight_and_no_more(play):
    assert play(SHOP, "producers.shop.max_in_flight=5").summary["anomalies"]["lost"] == 0
    with pytest.raises(BadInput, match="5"):
        play(SHOP, "producers.shop.max_in_flight=6", "producers.shop.idempotence=true")


def test_idempotence_asks_for_acks_all(play):
    with pytest.raises(BadInput, match="all"):
        play(SHOP, "producers.shop.acks=1", "producers.shop.idempotence=true")


def test_a_batch_leaves_when_it_is_full_or_has_lingered(play):
    run = play(SHOP, "producers.shop.linger=3500 us", "producers.shop.batch_size=8 KiB")
    created = rows(run, "created").set_index("message")["time_ns"]
    sent = rows(run, "sent").set_index("message")
    assert set((sent["time_ns"] - created[sent.index]).tolist()) == {3_500_000}
    assert set(sent["count"].tolist()[:-1]) == {4}
    full = play(SHOP, "producers.shop.linger=3500 us", "producers.shop.batch_size=2 KiB")
    assert set(rows(full, "sent")["count"].tolist()) == {2}


def test_the_time_for_delivery_ends_in_an_error(play):
    """Nobody leads for longer than the producer may try."""
    run = play(SHOP, "producers.shop.delivery_timeout=250 ms", "producers.shop.request_timeout=200 ms",
               "cluster.session=900 ms", DOWN)  # fmt: skip
    gave_up = rows(run, "gave_up")
    assert len(gave_up)
    created = rows(run, "created").set_index("message")["time_ns"]
    tried_ns = gave_up["time_ns"].to_numpy() - created[gave_up["message"]].to_numpy()
    assert tried_ns.min() >= 250_000_000
    assert tried_ns.max() <= 270_000_000  # it looks again after each pause


def test_records_with_the_same_key_stand_in_the_same_partition(play):
    run = play(SHOP, "topics.orders.partitions=4", "producers.shop.message.key={uniform: {keys: 12}}")
    of_key = run.fates.groupby("key")["queue"].nunique()
    assert (of_key == 1).all()
    assert run.fates["queue"].nunique() > 1
