"""Times to live, dead letters, levels, bytes, limits and turns: exact times on tiny models."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mqlab import systems
from mqlab.model import Confirm, DeadLetter, Exceptions, Fault, Keys, Message, Model
from mqlab.trace.kinds import Death, Dropped, Kind
from tests.support.models import (
    MS,
    S,
    actors,
    consumer,
    endings,
    every,
    fate_rows,
    node,
    of_kind,
    play,
    producer,
    queue,
    takes,
    times,
    tiny,
)

REFUSES = Exceptions(1.0, "message", "reject")
COMES_BACK = Exceptions(1.0, "message", "requeue")


def sending(times: int, *, ttl_ns: int = -1, priority: int | None = None, **fields: object) -> object:
    """A producer whose messages carry something."""
    ranks = () if priority is None else ((priority, 1.0),)
    message = Message(100, Keys(), False, ttl_ns=ttl_ns, priorities=ranks)
    return producer(message=message, arrivals=every(MS, times), **fields)


def test_the_head_expires_by_one_timer_to_the_nanosecond() -> None:
    trace = play(tiny(producers=[sending(3)], queues=[queue(ttl_ns=5 * MS)], consumers=[]))
    assert times(trace, Kind.EXPIRED) == [5 * MS, 6 * MS, 7 * MS]
    assert endings(trace) == {"expired": 3}


def test_what_came_back_expires_when_it_would_have() -> None:
    trace = play(tiny(producers=[sending(1)], queues=[queue(ttl_ns=5 * MS)],
                      consumers=[consumer(service=takes(3 * MS), exceptions=COMES_BACK)]))  # fmt: skip
    assert times(trace, Kind.DISPATCHED) == [0, 3 * MS]
    assert times(trace, Kind.EXPIRED) == [6 * MS], "it was in hands at 5 ms"


def test_survivors_of_a_crash_expire_when_the_broker_is_back() -> None:
    trace = play(tiny(producers=[producer(message=Message(100, Keys(), True), arrivals=every(MS, 2))], consumers=[],
                      queues=[queue(durable=True, ttl_ns=5 * MS)], faults=[Fault(3 * MS, "crash", "broker", 20 * MS)],
                      nodes=[node(fsync_ns=1000)]))  # fmt: skip
    assert times(trace, Kind.RECOVERED) == [23 * MS, 23 * MS]
    assert times(trace, Kind.EXPIRED) == [23 * MS, 23 * MS]


def test_a_dead_letter_is_owed_anew_and_repeats_nothing() -> None:
    trace = play(tiny(producers=[sending(1)], queues=[queue(dead_letter=DeadLetter("", "d")), queue("d")],
                      consumers=[consumer(exceptions=REFUSES), consumer("late", queue="d")]))  # fmt: skip
    rows = fate_rows(trace)
    assert rows["copy_of"].tolist() == [-1, -1]
    assert endings(trace) == {"dead_lettered": 1, "processed": 1}
    assert of_kind(trace, Kind.DEAD_LETTERED)["cause"].tolist() == [Death.REJECTED]


def test_a_cycle_that_goes_round_for_long_ends_and_adds_up() -> None:
    """A message that is refused each time goes round until the lab stops counting."""
    trace = play(tiny(producers=[sending(1)], queues=[queue(dead_letter=DeadLetter("", "q"))], drain_ns=S,
                      consumers=[consumer(service=takes(MS // 10), exceptions=REFUSES)]))  # fmt: skip
    assert of_kind(trace, Kind.LETTER_DROPPED)["cause"].tolist() == [Dropped.TOO_OFTEN]
    assert endings(trace) == {"dead_lettered": 1999, "discarded": 1}


@pytest.mark.parametrize("crash", [False, True])
def test_levels_keep_their_order_through_a_crash(crash: bool) -> None:
    ranked = [replace(sending(2, priority=p), name=f"p{p}") for p in (1, 0, 2)]
    durable = [replace(p, message=replace(p.message, persistent=True)) for p in ranked]
    faults = [Fault(5 * MS, "crash", "broker", MS)] if crash else []
    trace = play(tiny(producers=durable, queues=[queue(durable=True, max_priority=9)], faults=faults,
                      nodes=[node(fsync_ns=1000)],
                      consumers=[consumer(service=takes(20 * MS), prefetch=1)]))  # fmt: skip
    order = list(dict.fromkeys(of_kind(trace, Kind.PROCESSED)["message"].tolist()))
    assert sorted(order) == list(range(6))
    rank = {row["message"]: trace.entities[row["actor"]].name for row in of_kind(trace, Kind.CREATED)}
    after = [rank[message] for message in order[1:]]
    assert after == sorted(after, reverse=True)


def test_a_heavy_message_drops_as_many_as_it_takes() -> None:
    light = sending(4)
    heavy = producer("h", message=Message(350, Keys(), False), arrivals=every(MS, 1, start_ns=9 * MS))
    trace = play(tiny(producers=[light, heavy], queues=[queue(max_bytes=450)], consumers=[]))
    assert of_kind(trace, Kind.EVICTED)["message"].tolist() == [0, 1, 2]


def test_a_lost_connection_counts_against_the_delivery_limit() -> None:
    trace = play(tiny(producers=[sending(1)], queues=[queue(delivery_limit=0)],
                      consumers=[consumer(service=takes(50 * MS))],
                      faults=[Fault(5 * MS, "reset", "c", 0)]))  # fmt: skip
    assert endings(trace) == {"processed": 1}, "its consumer goes on with what it has in its hands"
    assert of_kind(trace, Kind.DISCARDED)["cause"].tolist() == [2]


def single(faults: list[Fault]) -> Model:
    return tiny(producers=[sending(10)], queues=[queue(single_active_consumer=True)], faults=faults,
                consumers=[consumer(count=3, prefetch=3, service=takes(5 * MS))])  # fmt: skip


def test_one_consumer_is_active_and_the_next_follows_when_everything_is_back() -> None:
    trace = play(single([Fault(12 * MS, "crash", "c[0]", -1)]))
    assert actors(trace, Kind.ACTIVATED) == ["c[0]", "c[1]"]
    assert of_kind(trace, Kind.PROCESSED)["message"].tolist() == list(range(10))
    returned, followed = of_kind(trace, Kind.REQUEUED), of_kind(trace, Kind.DISPATCHED)
    assert set(returned["time_ns"]) == {12 * MS}
    assert followed[followed["attempt"] == 2]["message"].tolist() == sorted(returned["message"].tolist())


@pytest.mark.parametrize(("expires_ns", "because"), [(0, "stored safely"), (5 * MS, "`d` expires, and nobody")])
def test_a_dead_letter_may_find_its_queue_deleted(expires_ns: int, because: str) -> None:
    """A full queue drops its oldest into a queue that may have been deleted unused."""
    asks = producer(message=Message(100, Keys(), True), arrivals=every(10 * MS, 3), confirm=Confirm(0, 0))
    first = queue(durable=True, max_length=1, dead_letter=DeadLetter("", "d"))
    model = tiny(producers=[asks], consumers=[], queues=[first, queue("d", durable=True, expires_ns=expires_ns)])
    promise = systems.get("rabbitmq").contract(model)["lost"]
    assert because in promise.because
    assert promise.permitted == (expires_ns > 0)
