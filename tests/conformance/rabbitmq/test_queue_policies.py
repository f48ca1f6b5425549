"""RabbitMQ, what a queue decides: https://www.rabbitmq.com/docs/ttl, /dlx, /priority, /maxlength, /consumers."""

import pytest

TTL = """
    name: ttl
    system: rabbitmq
    duration: 1 s
    producers: {shop: {arrivals: {constant: {rate: 1000/s, messages: 4}}, link: {latency: 0 s}}}
    nodes: {broker: {cpu: {publish: 0 s, deliver: 0 s}}}
    queues: {orders: {ttl: 10 ms}}
"""
SLOW = "consumers={stock: {prefetch: 1, service: 6 ms, link: {latency: 0 s}}}"
TWO = """
    name: two
    system: rabbitmq
    duration: 1 s
    nodes: {broker: {cpu: {publish: 0 s, deliver: 0 s}}}
    producers:
      early: {arrivals: {constant: {rate: 1/s, messages: 1}}, to: orders, link: {latency: 0 s}}
      late: {arrivals: {constant: {rate: 1/s, messages: 1, start: 1 ms}}, message: {ttl: 10 ms}, to: orders,
             link: {latency: 0 s}}
    queues: {orders: {}}
"""
DEAD = """
    name: dead
    system: rabbitmq
    duration: 1 s
    producers: {shop: {arrivals: {constant: {rate: 1000/s, messages: 3}}, to: {exchange: shop, routing_key: red}}}
    exchanges: {shop: {type: direct}, late: {type: direct}}
    queues: {orders: {ttl: 10 ms, dead_letter: {exchange: late}}, red: {}, blue: {}}
    bindings: [{exchange: shop, queue: orders, key: red}, {exchange: late, queue: red, key: red},
               {exchange: late, queue: blue, key: blue}]
"""
CYCLE = """
    name: cycle
    system: rabbitmq
    duration: 1 s
    producers: {shop: {arrivals: {constant: {rate: 10/s, messages: 1}}, to: a}}
    queues:
      a: {ttl: 10 ms, dead_letter: {routing_key: b}}
      b: {ttl: 10 ms, dead_letter: {routing_key: a}}
"""
RANKS = """
    name: ranks
    system: rabbitmq
    duration: 1 s
    producers:
      low: {arrivals: {constant: {rate: 1000/s, messages: 3}}, to: jobs}
      high: {arrivals: {constant: {rate: 1000/s, messages: 2, start: 5 ms}}, message: {priority: 9}, to: jobs}
    queues: {jobs: {max_priority: 5}}
    consumers: {workers: {prefetch: 1, service: 10 ms}}
"""


def messages(run, kind, queue=None):
    """Messages to which something happened, in order."""
    rows = run.events[run.events["kind"] == kind]
    return (rows if queue is None else rows[rows["queue"] == queue])["message"].tolist()


def fates(run):
    """Fates that occurred, and how often."""
    return {name: n for name, n in run.summary["fates"].items() if n and name != "lost"}


def test_a_message_is_never_delivered_after_its_time_to_live(play):
    run = play(TTL, SLOW)
    assert messages(run, "dispatched") == [0, 1, 3], "2 would have left at 12 ms, when its time was over"
    assert messages(run, "expired") == [2]


def test_the_smaller_of_both_times_to_live_counts(play):
    for own, first in (("5 ms", 5_000_000), ("50 ms", 10_000_000)):
        run = play(TTL, f"producers.shop.message.ttl={own}")
        assert run.events.query("kind == 'expired'")["time_ns"].iloc[0] == first


def test_a_message_with_its_own_time_to_live_is_removed_only_at_the_head(play):
    """It is past its time behind one that has all the time in the world, and still counts as ready."""
    run = play(TWO)
    assert messages(run, "expired") == []
    assert run.summary["fates"]["in_flight"] == 2
    served = play(TWO, "consumers={stock: {prefetch: 1, service: 1 ms, link: {latency: 0 s}}}",
                  "producers.late.arrivals.constant.start=0 s")  # fmt: skip
    assert messages(served, "expired") == []
    slow = play(TWO, "consumers={stock: {prefetch: 1, service: 100 ms, link: {latency: 0 s}}}")
    assert messages(slow, "expired") == [1], "at the head it goes"


def test_time_to_live_0_expires_unless_it_can_be_delivered_at_once(play):
    alone = play(TTL, "queues.orders.ttl=0 s")
    assert messages(alone, "expired") == [0, 1, 2, 3]
    served = play(TTL, "queues.orders.ttl=0 s", SLOW)
    assert messages(served, "dispatched") == [0]
    assert messages(served, "expired") == [1, 2, 3]


def test_a_requeued_message_keeps_its_expiry(play):
    run = play(TTL, "consumers={stock: {prefetch: 1, service: 6 ms, link: {latency: 0 s}, "
               "exceptions: {probability: 1, then: requeue}}}")  # fmt: skip
    dispatched = run.events.query("kind == 'dispatched' and message == 0")["time_ns"].tolist()
    assert dispatched == [0, 6_000_000], "12 ms would be too late"


def test_a_dead_letter_keeps_its_routing_key_unless_overridden(play):
    assert messages(play(DEAD), "enqueued", "red") == [0, 1, 2]
    other = play(DEAD, "queues.orders.dead_letter.routing_key=blue")
    assert messages(other, "enqueued", "blue") == [0, 1, 2]
    assert fates(other) == {"dead_lettered": 3, "in_flight": 3}


def test_a_dead_letter_that_nothing_takes_is_dropped(play):
    run = play(DEAD, "queues.orders.dead_letter.routing_key=green")
    assert fates(run) == {"expired": 3}
    assert messages(run, "letter_dropped") == [0, 1, 2]


def test_a_message_loses_its_own_time_to_live_when_it_is_dead_lettered(play):
    run = play(DEAD, "producers.shop.message.ttl=2 ms")
    assert fates(run) == {"dead_lettered": 3, "in_flight": 3}


def test_a_cycle_without_a_rejection_is_dropped(play):
    run = play(CYCLE)
    assert fates(run) == {"dead_lettered": 1, "expired": 1}
    assert run.summary["queues"]["a"]["enqueued"] == 1


def test_a_cycle_with_a_rejection_goes_round(play):
    run = play(CYCLE, "consumers={c: {queue: a, service: 1 ms, exceptions: {probability: 1, then: reject}}}")
    assert run.summary["queues"]["a"]["enqueued"] > 50


def test_dead_letters_are_republished_without_confirms(play):
    """The message is confirmed and safe, and lost all the same: its dead letter was in memory only."""
    run = play(
        DEAD, "queues.orders.durable=true", "queues.red.durable=true", "producers.shop.message.persistent=true",
        "producers.shop.confirm=true", "nodes={broker: {disk: {group_commit: 5 ms, fsync: 1 ms}}}",
        "exchanges={shop: {durable: true}, late: {durable: true}}",
        "faults=[{at: 14 ms, crash: broker, for: 100 ms}]",
    )  # fmt: skip
    assert run.summary["anomalies"]["lost"] > 0


@pytest.mark.parametrize("reason", ["rejected", "maxlen", "delivery_limit"])
def test_what_dies_is_dead_lettered_and_the_reason_is_told(play, reason):
    fails = "consumers={{c: {{queue: orders, service: 1 ms, exceptions: {{probability: 1, then: {}}}}}}}"
    how = {
        "rejected": (fails.format("reject"), "queues.orders.ttl=1 h"),
        "maxlen": ("queues.orders.max_length=0", "queues.orders.ttl=1 h"),
        "delivery_limit": (fails.format("requeue"), "queues.orders.ttl=1 h", "queues.orders.delivery_limit=2"),
    }[reason]
    run = play(DEAD, *how)
    assert messages(run, "dead_lettered") == [0, 1, 2]
    assert messages(run, "enqueued", "red") == [0, 1, 2]
    cause = {"rejected": 3, "maxlen": 2, "delivery_limit": 4}[reason]
    assert set(run.events.query("kind == 'dead_lettered'")["cause"]) == {cause}


def test_a_delivery_limit_counts_returns(play):
    run = play(DEAD, "queues.orders={delivery_limit: 2}",
               "consumers={c: {queue: orders, service: 1 ms, "
               "exceptions: {probability: 1, then: requeue}}}")  # fmt: skip
    assert messages(run, "dispatched").count(0) == 3, "the first time, and twice again"
    assert fates(run) == {"discarded": 3}


def test_reject_publish_dlx_refuses_the_newest_and_dead_letters_it(play):
    run = play(DEAD, "queues.orders={max_length: 1, overflow: reject-publish-dlx, dead_letter: {exchange: late}}",
               "producers.shop.confirm=true")  # fmt: skip
    assert messages(run, "refused") == [1, 2]
    assert messages(run, "enqueued", "red") == [1, 2]
    assert fates(run) == {"dead_lettered": 2, "in_flight": 3}


def test_max_bytes_counts_ready_bytes_and_drops_from_the_head(play):
    run = play(TTL, "queues.orders={max_bytes: 2 KiB}")
    assert messages(run, "evicted") == [0, 1]


def test_a_higher_priority_goes_first_and_beyond_the_maximum_counts_as_the_maximum(play):
    run = play(RANKS)
    assert messages(run, "dispatched") == [0, 3, 4, 1, 2]


def test_a_message_without_priority_has_0(play):
    run = play(RANKS, "producers.high.message.priority=0")
    assert messages(run, "dispatched") == [0, 1, 2, 3, 4]


def test_prefetched_messages_cannot_be_overtaken(play):
    run = play(RANKS, "consumers.workers.prefetch=10")
    assert messages(run, "started") == [0, 1, 2, 3, 4]


def test_a_full_priority_queue_drops_its_head_which_is_of_the_highest_priority(play):
    run = play(RANKS, "queues.jobs={max_priority: 5, max_length: 4}", "consumers={}")
    assert messages(run, "evicted") == [3]


def test_an_expired_message_waits_behind_a_higher_priority(play):
    run = play(RANKS, "producers.low.message.ttl=6 ms", "consumers={}")
    assert messages(run, "expired") == []
    assert run.summary["queues"]["jobs"]["depth_max"] == 5


SINGLE = """
    name: single
    system: rabbitmq
    duration: 1 s
    producers: {shop: {arrivals: {constant: {rate: 100/s, messages: 30}}}}
    queues: {orders: {single_active_consumer: true}}
    consumers: {stock: {count: 3, prefetch: 5, service: 5 ms, connection: {reconnect: 10 ms}}}
    faults: [{at: 100 ms, crash: "stock[0]", for: 50 ms}, {at: 200 ms, crash: "stock[1]", for: end}]
"""


def test_a_single_active_consumer_is_followed_in_order_of_registration(play):
    run = play(SINGLE)
    assert run.events.query("kind == 'activated'")["actor"].tolist() == ["stock[0]", "stock[1]", "stock[2]"]
    assert run.summary["anomalies"]["out_of_order"] == 0
    assert messages(run, "processed") == list(range(30))


def test_a_consumer_that_comes_back_stands_at_the_end(play):
    faults = ", ".join(f'{{at: {100 + 60 * i} ms, crash: "stock[{i}]", for: 20 ms}}' for i in range(3))
    run = play(SINGLE, f"faults=[{faults}]")
    assert run.events.query("kind == 'activated'")["actor"].tolist() == ["stock[0]", "stock[1]", "stock[2]", "stock[0]"]


def test_higher_consumer_priorities_are_served_until_they_block(play):
    run = play(SINGLE, "queues.orders={}", "faults=[]",
               "consumers={first: {queue: orders, priority: 10, prefetch: 2, service: 1 s}, "
               "second: {queue: orders, prefetch: 3, service: 1 s}}")  # fmt: skip
    assert run.events.query("kind == 'dispatched'")["actor"].tolist()[:5] == ["first"] * 2 + ["second"] * 3


def test_requeued_among_several_consumers_goes_to_its_original_position_in_its_priority(play):
    run = play(RANKS, "consumers={a: {prefetch: 2, service: 1 s, connection: {reconnect: 1 h}}, "
               "b: {prefetch: 1, service: 20 ms}}", "faults=[{at: 30 ms, reset: a}]")  # fmt: skip
    again = run.events.query("kind == 'dispatched' and attempt == 2")["message"].tolist()
    assert again == sorted(again)
