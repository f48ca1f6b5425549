"""RabbitMQ, alarms: https://www.rabbitmq.com/docs/alarms, /docs/memory and /docs/connection-blocked."""

import pytest

SHOP = """
    name: alarms
    system: rabbitmq
    duration: 2 s
    producers:
      shop: {arrivals: {constant: 200/s}, message: {size: 1 KiB}}
      early: {arrivals: {constant: {rate: 100/s, messages: 3}}}
    queues: {orders: {}}
    consumers: {stock: {prefetch: 10, service: 10 ms}}
    nodes: {broker: {memory: {limit: 50 KiB, check: 100 ms}}}
"""
FULL = ("nodes.broker.memory.limit=1GB", "faults=[{at: 500 ms, disk_full: broker, for: 1 s}]")


def times(run, kind):
    """When something happened, in ns."""
    events = run.events
    return events[events["kind"] == kind]["time_ns"].tolist()


@pytest.mark.parametrize("sets", [(), FULL], ids=["memory", "disk"])
def test_an_alarm_blocks_publishers_only(play, sets):
    """Between an alarm and its end at most one publish is read, and consumers go on receiving and acknowledging."""
    run = play(SHOP, *sets)
    begin, end = times(run, "alarm_raised")[0], times(run, "alarm_cleared")[0]

    def within(kind):
        return len([time for time in times(run, kind) if begin < time < end])

    assert within("arrived") == 1
    assert within("delivered") > 5
    assert within("acked") > 5
    assert run.summary["fates"]["processed"] == run.summary["messages"]["owed"]


def test_memory_above_the_limit_raises_an_alarm_and_below_it_clears_it(play):
    """The limit is where publishers are stopped, not a bound: the broker may hold more for a while."""
    events = play(SHOP).events
    raised, cleared = events[events["kind"] == "alarm_raised"], events[events["kind"] == "alarm_cleared"]
    assert (raised["first"] > 50 * 1024).all()
    assert (cleared["first"] <= 50 * 1024).all()
    assert len(raised) >= 2


def test_a_connection_that_does_not_publish_is_not_blocked(play):
    """The early producer has sent all it has before the alarm comes, so nobody blocks it."""
    run = play(SHOP, *FULL)
    assert run.summary["gauges"]["shop.blocked_ns"] > 0
    assert run.summary["gauges"]["early.blocked_ns"] == 0


def test_a_blocked_client_is_told_once_until_all_alarms_have_cleared(play):
    """Memory and disk run short together: one `connection.blocked`, and one `connection.unblocked` after both."""
    run = play(SHOP, "faults=[{at: 0 s, disk_full: broker, for: 1900 ms}]")
    assert len(times(run, "alarm_raised")) >= 1
    events = run.events[run.events["actor"] == "shop"]
    blocked = events[events["kind"] == "connection_blocked"]["time_ns"]
    assert (blocked < 1_900_000_000).sum() == 1
    assert events[events["kind"] == "connection_unblocked"]["time_ns"].min() > 1_900_000_000
