"""From the queue into hands: prefetch, turns, automatic acknowledgement, and what comes back to its old place."""

from __future__ import annotations

from collections import Counter

import pytest

from mqlab.model import Connection, Contention, Distribution, Exceptions, Fault, LinkSide
from mqlab.trace.fates import Fate
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    S,
    actors,
    consumer,
    endings,
    every,
    fate_rows,
    kinds,
    of_kind,
    one_way,
    play,
    producer,
    takes,
    timeline,
    times,
    tiny,
    wire,
)

SLOW = takes(100 * MS)


@pytest.mark.parametrize("prefetch", [1, 3])
def test_prefetch_bounds_what_is_not_acknowledged(prefetch: int) -> None:
    trace = play(tiny(consumers=[consumer(prefetch=prefetch, service=SLOW)]))
    assert len([t for t in times(trace, Kind.DISPATCHED) if t < 100 * MS]) == prefetch
    assert trace.counters.queues["q"].unacked_max == prefetch


def test_no_prefetch_limit_hands_over_everything() -> None:
    trace = play(tiny(consumers=[consumer(prefetch=0, service=SLOW)]))
    assert times(trace, Kind.DISPATCHED) == times(trace, Kind.ENQUEUED)
    assert trace.counters.queues["q"].depth_mean == 0


def test_round_robin_gives_each_consumer_every_third() -> None:
    trace = play(tiny(consumers=[consumer(count=3, prefetch=0, service=SLOW)]))
    assert actors(trace, Kind.DISPATCHED) == [f"c[{i % 3}]" for i in range(10)]


def test_round_robin_ignores_who_is_slow_and_prefetch_one_does_not() -> None:
    """Every other message takes 40 ms, the others nearly nothing; producers and slow work are in step."""
    uneven = Distribution("hyperexponential", (0.5, 10_000.0, 40.0 * MS))

    def waiting(prefetch: int) -> float:
        trace = play(tiny(producers=[producer(arrivals=every(11 * MS))], duration_ns=2 * S, drain_ns=S,
                          consumers=[consumer(count=3, prefetch=prefetch, service=uneven)]))  # fmt: skip
        rows = fate_rows(trace)
        return float((rows["processed_ns"] - rows["created_ns"]).mean())

    assert waiting(1) < waiting(0)


def test_with_prefetch_one_the_free_consumer_gets_the_message() -> None:
    quick = consumer("quick", service=takes(100_000))
    slow = consumer("slow", service=takes(50 * MS))
    trace = play(tiny(consumers=[slow, quick]))
    assert Counter(actors(trace, Kind.DISPATCHED)) == {"slow": 1, "quick": 9}


def test_automatic_acknowledgement_settles_at_dispatch_and_knows_no_prefetch() -> None:
    trace = play(tiny(consumers=[consumer(ack="auto", prefetch=1, service=SLOW)]))
    assert times(trace, Kind.ACKED) == times(trace, Kind.DISPATCHED) == times(trace, Kind.ENQUEUED)
    assert kinds(trace, Kind.ACK_SENT) == []
    assert trace.counters.queues["q"].unacked_max == 0


def test_automatic_acknowledgement_loses_what_a_dead_consumer_had_in_its_hands() -> None:
    trace = play(tiny(consumers=[consumer(ack="auto", service=SLOW)], faults=[Fault(50 * MS, "crash", "c", -1)]))
    assert endings(trace).get("lost:auto_ack", 0) >= 9
    assert kinds(trace, Kind.REQUEUED) == []


def test_a_delivery_that_the_wire_loses_is_gone_with_automatic_acknowledgement() -> None:
    deaf = one_way(down=LinkSide(takes(0), loss=1.0))
    assert endings(play(tiny(consumers=[consumer(ack="auto", link=deaf)]))) == {"lost:auto_ack": 10}
    assert endings(play(tiny(consumers=[consumer(ack="manual", prefetch=0, link=deaf)]))) == {"in_flight": 10}


def test_a_nack_puts_a_message_back_where_it_stood() -> None:
    """Message 0 fails once and comes back in front of 1, 2 and 3, which wait."""
    fails_once = Exceptions(0.5, "delivery", "requeue")
    for seed in range(1, 50):
        trace = play(tiny(producers=[producer(arrivals=every(10_000, 4))],
                          consumers=[consumer(service=takes(MS), exceptions=fails_once)]), seed=seed)  # fmt: skip
        requeued = of_kind(trace, Kind.REQUEUED)["message"].tolist()
        order = of_kind(trace, Kind.DISPATCHED)["message"].tolist()
        assert order == sorted(order), "with one consumer and prefetch 1 a nack changes nothing in the order"
        if requeued and 0 in requeued:
            return
    raise AssertionError("no seed in which message 0 fails")


def test_what_came_back_goes_first_in_order_of_its_place() -> None:
    """A consumer with 0, 1 and 2 in hand is cut off while 3 and 4 wait: 0, 1, 2, 3, 4."""
    trace = play(tiny(
        producers=[producer(arrivals=every(MS, 5))],
        consumers=[consumer("first", prefetch=3, service=SLOW), consumer("late", link=wire(300 * MS), prefetch=0)][:1],
        faults=[Fault(20 * MS, "reset", "first", 0)]))  # fmt: skip
    again = of_kind(trace, Kind.DISPATCHED)[3:]
    assert again["message"].tolist()[:5] == [0, 1, 2, 3, 4]
    assert again["attempt"].tolist()[:5] == [2, 2, 2, 1, 1]
    assert of_kind(trace, Kind.REQUEUED)["first"].tolist() == [0, 1, 2], "the positions they had"


def test_rejected_messages_are_discarded() -> None:
    trace = play(tiny(consumers=[consumer(exceptions=Exceptions(1.0, "message", "reject"))]))
    assert endings(trace) == {"discarded": 10}
    assert kinds(trace, Kind.FAILED, Kind.NACK_SENT, Kind.DISCARDED, message=3) == [
        Kind.FAILED, Kind.NACK_SENT, Kind.DISCARDED,
    ]  # fmt: skip


def test_poison_fails_each_time_and_bad_luck_does_not() -> None:
    for per, stuck in (("message", True), ("delivery", False)):
        trace = play(tiny(consumers=[consumer(service=takes(MS), exceptions=Exceptions(0.4, per, "requeue"))]))
        assert ("in_flight" in endings(trace)) == stuck


def test_what_is_held_stays_unacknowledged_and_blocks_a_prefetch_of_one() -> None:
    trace = play(tiny(consumers=[consumer(exceptions=Exceptions(1.0, "message", "hold"))]))
    assert kinds(trace, Kind.HELD) == [Kind.HELD]
    assert endings(trace) == {"in_flight": 10}
    assert trace.counters.queues["q"].unacked_max == 1


def test_what_is_held_comes_back_when_the_connection_ends() -> None:
    trace = play(tiny(consumers=[consumer(exceptions=Exceptions(1.0, "message", "hold"))],
                      faults=[Fault(50 * MS, "reset", "c", 0)]))  # fmt: skip
    assert times(trace, Kind.REQUEUED) == [50 * MS]
    assert kinds(trace, Kind.HELD) == [Kind.HELD, Kind.HELD]


def test_an_exception_that_is_not_caught_kills_the_consumer_and_a_restart_brings_it_back() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1))], drain_ns=20 * MS, consumers=[
        consumer(service=takes(MS), restart_ns=10 * MS, exceptions=Exceptions(1.0, "message", "crash"))]))  # fmt: skip
    assert timeline(trace, Kind.FAILED, Kind.CLIENT_CRASHED, Kind.REQUEUED, Kind.CLIENT_RESTARTED, Kind.DISPATCHED) == [
        (0, Kind.DISPATCHED), (MS, Kind.FAILED), (MS, Kind.CLIENT_CRASHED), (MS, Kind.REQUEUED),
        (11 * MS, Kind.CLIENT_RESTARTED), (11 * MS, Kind.DISPATCHED),
        (12 * MS, Kind.FAILED), (12 * MS, Kind.CLIENT_CRASHED), (12 * MS, Kind.REQUEUED),
        (22 * MS, Kind.CLIENT_RESTARTED), (22 * MS, Kind.DISPATCHED),
        (23 * MS, Kind.FAILED), (23 * MS, Kind.CLIENT_CRASHED), (23 * MS, Kind.REQUEUED),
    ]  # fmt: skip


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_crash_in_mid_service_finds_the_effect_done_in_its_share_of_cases(share: float) -> None:
    """The effect happens at a moment drawn uniformly within the service: killed after a tenth, one in ten is done."""
    crashed = done = 0
    for seed in range(1, 101):
        trace = play(tiny(
            producers=[producer(arrivals=every(MS, 1))], consumers=[consumer(service=takes(100 * MS))],
            faults=[Fault(int(share * 100 * MS), "crash", "c", MS)]), seed=seed)  # fmt: skip
        crashed += 1
        done += len(of_kind(trace, Kind.EFFECT))
        row = fate_rows(trace)[0]
        assert row["fate"] == Fate.PROCESSED
        assert row["effects"] == 1 + len(of_kind(trace, Kind.EFFECT)), "it was delivered again and done again"
    assert abs(done - crashed * share) <= 4 * (crashed * share * (1 - share)) ** 0.5


def test_after_a_lost_connection_the_work_goes_on_and_its_acknowledgement_does_not() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1))], consumers=[consumer(service=takes(20 * MS))],
                      faults=[Fault(5 * MS, "reset", "c", 0)]))  # fmt: skip
    assert timeline(trace, Kind.REQUEUED, Kind.DISPATCHED, Kind.PROCESSED, Kind.ACK_SENT) == [
        (0, Kind.DISPATCHED), (5 * MS, Kind.REQUEUED), (10 * MS, Kind.DISPATCHED),
        (20 * MS, Kind.PROCESSED), (40 * MS, Kind.PROCESSED), (40 * MS, Kind.ACK_SENT),
    ]  # fmt: skip
    assert fate_rows(trace)["effects"].tolist() == [2]


def test_deduplication_keeps_the_second_delivery_from_having_an_effect() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1))],
                      consumers=[consumer(service=takes(20 * MS), deduplicate=True)],
                      faults=[Fault(5 * MS, "reset", "c", 0)]))  # fmt: skip
    assert kinds(trace, Kind.PROCESSED, Kind.DEDUPLICATED) == [Kind.PROCESSED, Kind.DEDUPLICATED]
    row = fate_rows(trace)[0]
    assert (row["processings"], row["effects"]) == (2, 1)


def test_deduplication_is_shared_by_the_group_and_covers_second_copies() -> None:
    twice = one_way(LinkSide(takes(0), duplicate=1.0))
    trace = play(tiny(producers=[producer(link=twice)], consumers=[consumer(count=3, deduplicate=True)]))
    rows = fate_rows(trace)
    assert len(rows) == 20
    assert rows["effects"][rows["copy"] == 0].sum() + rows["effects"][rows["copy"] == 1].sum() == 10
    assert trace.counters.events_by_kind["deduplicated"] == 10


def test_contention_slows_work_by_the_number_of_the_busy() -> None:
    """Three at work at once: the first takes 10 ms, the second 10·(1+0.5·1+0.25·2), the third 10·(1+0.5·2+0.25·6)."""
    trace = play(tiny(producers=[producer(arrivals=every(MS, 3))], consumers=[
        consumer(count=3, service=takes(10 * MS), contention=Contention(0.5, 0.25))]))  # fmt: skip
    assert of_kind(trace, Kind.STARTED)["first"].tolist() == [10 * MS, 20 * MS, 35 * MS]


def test_the_processor_of_the_broker_serves_one_thing_at_a_time() -> None:
    from tests.support.models import node

    trace = play(tiny(nodes=[node(publish_ns=3 * MS, deliver_ns=2 * MS)], producers=[producer(arrivals=every(MS, 2))],
                      consumers=[consumer(prefetch=0)]))  # fmt: skip
    assert times(trace, Kind.ENQUEUED) == [3 * MS, 6 * MS]
    assert times(trace, Kind.DELIVERED) == [8 * MS, 10 * MS], "the first waits for the publish of the second"


def test_a_delivery_that_arrives_twice_is_worked_on_twice_and_acknowledged_once() -> None:
    twice = one_way(down=LinkSide(takes(MS), duplicate=1.0))
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1))], consumers=[consumer(link=twice)]))
    assert kinds(trace, Kind.DELIVERED, Kind.PROCESSED, Kind.ACKED, Kind.ACK_IGNORED) == [
        Kind.DELIVERED, Kind.DELIVERED, Kind.PROCESSED, Kind.ACK_IGNORED, Kind.PROCESSED, Kind.ACKED,
    ]  # fmt: skip
    assert fate_rows(trace)["effects"].tolist() == [2]


def test_redelivered_messages_are_counted_as_such() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1))],
                      consumers=[consumer(service=SLOW, connection=Connection(0, MS))],
                      faults=[Fault(at * MS, "reset", "c", 0) for at in (5, 10, 15)]))  # fmt: skip
    assert of_kind(trace, Kind.DISPATCHED)["attempt"].tolist() == [1, 2, 3, 4]
    assert trace.counters.series["redelivered"].sum() == 3
