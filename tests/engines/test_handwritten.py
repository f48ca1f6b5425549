"""The worked examples: a producer, a consumer and a chaos monkey, each alone and all together."""

from __future__ import annotations

from mqlab.engines.handwritten import careful_consumer, chaos_monkey, steady_producer
from mqlab.model import Arrivals, Confirm, Connection, Keys, Message
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Trace
from tests.support.models import (
    MS,
    S,
    consumer,
    endings,
    event_rows,
    fate_rows,
    kinds,
    node,
    of_kind,
    play,
    producer,
    queue,
    retries,
    takes,
    times,
    tiny,
    wire,
)

BY_HAND = Arrivals("by_hand")
CLERK = producer("clerk", arrivals=BY_HAND, confirm=Confirm(1, 200 * MS), retry=retries(5, 20 * MS), link=wire(MS),
                 message=Message(100, Keys(), True), connection=Connection(50 * MS, 5 * MS))  # fmt: skip


def test_the_producer_sends_one_message_after_the_other() -> None:
    trace = play(tiny(producers=[CLERK], duration_ns=S), processes=[steady_producer("clerk", 10 * MS, messages=4)])
    assert times(trace, Kind.CREATED) == [0, 10 * MS, 20 * MS, 30 * MS]
    assert fate_rows(trace)["key"].tolist() == [0, 1, 2, 3]


def test_the_producer_waits_for_slow_answers_and_tries_again_after_a_no() -> None:
    slow = producer("clerk", arrivals=BY_HAND, confirm=Confirm(1, 0), link=wire(20 * MS))
    trace = play(tiny(producers=[slow]), processes=[steady_producer("clerk", 10 * MS, messages=3)])
    assert times(trace, Kind.CREATED) == [0, 40 * MS, 80 * MS]
    refusing = queue(max_length=0, overflow="reject-publish")
    trace = play(tiny(producers=[slow], queues=[refusing], consumers=[]),
                 processes=[steady_producer("clerk", 10 * MS, messages=1, tries=3)])  # fmt: skip
    assert kinds(trace, Kind.REFUSED) == [Kind.REFUSED] * 3
    assert fate_rows(trace)["key"].tolist() == [0, 0, 0]


def test_the_consumer_does_nothing_twice() -> None:
    """Half of its work goes wrong and comes back; in the end everything is done, once."""
    model = tiny(consumers=[consumer("desk", service=None, prefetch=2)])
    trace = play(model, processes=[careful_consumer("desk", MS, fails=0.5)])
    assert endings(trace) == {"processed": 10}
    assert len(of_kind(trace, Kind.REQUEUED)) > 3
    assert fate_rows(trace)["effects"].tolist() == [1] * 10


def test_the_monkey_kills_and_restarts() -> None:
    trace = play(tiny(), processes=[chaos_monkey("broker", 100 * MS, 30 * MS)])
    down, up = times(trace, Kind.NODE_CRASHED), times(trace, Kind.NODE_RESTARTED)
    assert len(down) > 2
    assert [b - a for a, b in zip(down, up, strict=False)] == [30 * MS] * len(up)


def together(seed: int, **options: object) -> Trace:
    model = tiny(
        nodes=[node(fsync_ns=MS)],
        queues=[queue(durable=True)],
        producers=[CLERK, producer("crowd", count=3)],
        consumers=[
            consumer("desk", service=None, prefetch=5, connection=Connection(30 * MS, MS)),
            consumer(service=takes(MS)),
        ],
        duration_ns=S,
        drain_ns=3 * S,
    )
    actors = [
        steady_producer("clerk", 5 * MS, messages=100),
        careful_consumer("desk", 2 * MS, fails=0.1),
        chaos_monkey("broker", 300 * MS, 20 * MS, power=True),
        chaos_monkey("desk", 200 * MS, 5 * MS),
    ]
    return play(model, seed=seed, processes=actors, **options)


def test_a_run_with_people_in_it_repeats_to_the_last_bit() -> None:
    first, again, other = together(1), together(1), together(2)
    assert first.digest == again.digest != other.digest
    assert (event_rows(first) == event_rows(again)).all()
    assert together(1, level="counts").digest == first.digest


def test_nothing_that_the_producer_was_promised_is_lost() -> None:
    for seed in range(1, 6):
        trace = together(seed)
        rows = fate_rows(trace)
        clerk = next(i for i, entity in enumerate(trace.entities) if entity.name == "clerk")
        promised = set(rows["message"][(rows["producer"] == clerk) & (rows["confirmed_ns"] >= 0)].tolist())
        done = set(rows["message"][rows["processings"] > 0].tolist())
        assert len(promised) > 50
        assert promised <= done
