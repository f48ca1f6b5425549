"""RabbitMQ, connections: heartbeats, limits, and what is and is not lost when they end."""

import pytest

SHOP = """
    name: connections
    system: rabbitmq
    duration: 1 s
    drain: 5 s
    producers:
      shop:
        arrivals: {constant: {rate: 1000/s, messages: 50}}
        message: {persistent: true}
        confirm: {timeout: 200 ms}
        retry: {attempts: 20, backoff: {constant: 20 ms}}
        connection: {heartbeat: 100 ms, reconnect: 30 ms}
    queues: {orders: {durable: true}}
    consumers: {stock: {prefetch: 5, service: 4 ms, connection: {heartbeat: 100 ms, reconnect: 30 ms}}}
"""


def rows(run, kind):
    """Events of one kind, in order."""
    return run.events[run.events["kind"] == kind]


def done(run):
    """Whether every confirmed message was worked on."""
    summary = run.summary
    return summary["anomalies"]["lost"] == 0 and summary["fates"]["processed"] == summary["messages"]["owed"]


def test_a_client_that_is_not_heard_for_the_heartbeat_time_out_is_closed(play):
    run = play(SHOP, "faults=[{at: 20 ms, partition: {from: stock, to: broker}, for: 1 s}]")
    assert rows(run, "connection_closed")["time_ns"].tolist() == [120_000_000]
    assert set(rows(run, "requeued")["time_ns"]) == {120_000_000}
    assert done(run)


def test_a_client_that_hears_nothing_for_the_heartbeat_time_out_gives_its_connection_up(play):
    run = play(SHOP, "faults=[{at: 20 ms, partition: {from: broker, to: shop}, for: 1 s}]")
    assert rows(run, "connection_closed").empty
    assert rows(run, "connection_lost")["time_ns"].tolist()[0] == 120_000_000
    assert done(run)


def test_heartbeats_find_a_process_that_stands_still_although_its_connection_lives(play):
    run = play(SHOP, "faults=[{at: 20 ms, pause: stock, for: 1 s}]")
    assert rows(run, "connection_closed")["time_ns"].tolist() == [120_000_000]
    assert done(run)


def test_without_heartbeats_nobody_notices(play):
    run = play(SHOP, "consumers.stock.connection.heartbeat=0 s", "faults=[{at: 20 ms, silence: stock, for: 4 s}]")
    assert rows(run, "connection_closed").empty
    assert rows(run, "requeued").empty
    assert run.summary["fates"]["in_flight"] > 0


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "fault",
    [
        "{at: [10 ms, 30 ms, 50 ms], reset: stock}",
        "{at: [10 ms, 30 ms, 50 ms], reset: shop}",
        "{at: 20 ms, partition: {from: clients, to: broker}, for: 300 ms}",
        "{at: 20 ms, partition: {from: broker, to: clients}, for: 300 ms}",
        "{at: 20 ms, pause: broker, for: 300 ms}",
        "{at: 20 ms, slow: broker, factor: 100, for: 300 ms}",
        "{random: {crash: stock, every: {exponential: 20 ms}, for: {exponential: 20 ms}}}",
    ],
)
def test_nothing_confirmed_is_lost_whatever_befalls_connections(play, fault, seed):
    assert done(play(SHOP, f"faults=[{fault}]", seed=seed))


def test_what_comes_back_when_a_connection_is_lost_is_marked_redelivered(play):
    run = play(SHOP, "faults=[{at: 20 ms, partition: {from: stock, to: broker}, for: 1 s}]")
    back = rows(run, "requeued")["message"].tolist()
    dispatched = rows(run, "dispatched").groupby("message")["attempt"].max()
    assert back
    assert (dispatched[back] >= 2).all()


def test_beyond_the_limit_connections_are_refused_and_tried_again_later(play):
    run = play(
        SHOP, "nodes={broker: {connections: {max: 2}}}", "consumers.stock.count=2",
        "faults=[{at: 500 ms, crash: 'stock[0]', for: end}]",
    )  # fmt: skip
    refused = rows(run, "connection_refused")
    assert set(refused["actor"]) == {"stock[1]"}
    assert refused["time_ns"].max() < 600_000_000
    assert rows(run, "connected")["actor"].tolist() == ["stock[1]"]
    assert done(run)


def test_a_handshake_that_takes_too_long_is_given_up(play):
    run = play(
        SHOP, "nodes={broker: {cpu: {connect: 50 ms}, connections: {handshake: 20 ms}}}",
        "faults=[{at: 20 ms, reset: stock}]", "drain=0 s",
    )  # fmt: skip
    assert set(rows(run, "connection_refused")["cause"]) == {1}
    assert rows(run, "connected").empty
