"""Collected acknowledgements: one packet for several deliveries, and everything up to its tag is settled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mqlab.model import Acks, Exceptions, Fault, LinkSide
from mqlab.trace.fates import Fate
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    US,
    S,
    consumer,
    endings,
    every,
    fate_rows,
    node,
    of_kind,
    one_way,
    play,
    producer,
    takes,
    times,
    tiny,
    wire,
)


def collecting(batch: int, after_ns: int = 50 * MS, **fields: object):
    """A consumer a millisecond away that collects acknowledgements."""
    settings = {"acks": Acks(batch, after_ns), "prefetch": 0, "link": wire(MS), "service": takes(MS)}
    return consumer(**settings | fields)


def test_one_acknowledgement_covers_a_batch() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(10 * US, 6))], consumers=[collecting(3)]))
    assert times(trace, Kind.PROCESSED) == [(2 + i) * MS for i in range(6)]
    assert times(trace, Kind.ACK_SENT) == [4 * MS] * 3 + [7 * MS] * 3
    assert times(trace, Kind.ACKED) == [5 * MS] * 3 + [8 * MS] * 3
    assert of_kind(trace, Kind.ACKED)["message"].tolist() == [0, 1, 2, 3, 4, 5]


def test_what_is_less_than_a_batch_waits_no_longer_than_it_may() -> None:
    """The clock runs from the first of them: 2 ms and 20 ms more."""
    trace = play(tiny(producers=[producer(arrivals=every(10 * US, 2))], consumers=[collecting(10, 20 * MS)]))
    assert times(trace, Kind.ACK_SENT) == [22 * MS] * 2


def test_a_full_batch_stops_the_clock() -> None:
    """Two go at once when there are two; the third starts a clock of its own."""
    trace = play(tiny(producers=[producer(arrivals=every(10 * US, 3))], consumers=[collecting(2, 20 * MS)]))
    assert times(trace, Kind.ACK_SENT) == [3 * MS, 3 * MS, 24 * MS]


def test_a_consumer_that_dies_before_the_batch_is_sent_gets_all_of_it_again() -> None:
    crash = Fault(7500 * US, "crash", "c", 10 * MS)
    work = [producer(arrivals=every(10 * US, 8))]
    one_by_one = play(tiny(producers=work, consumers=[collecting(1)], faults=[crash]))
    batched = play(tiny(producers=work, consumers=[collecting(8)], faults=[crash]))
    assert of_kind(batched, Kind.REQUEUED)["message"].tolist() == list(range(8))
    assert (fate_rows(batched)["effects"] == 2).sum() >= 6, "what was done and not acknowledged is done again"
    assert len(of_kind(one_by_one, Kind.REQUEUED)) < 4
    assert endings(batched) == endings(one_by_one) == {"processed": 8}


def test_a_batch_that_the_network_loses_is_covered_by_the_next() -> None:
    for seed in range(1, 40):
        deaf = one_way(up=LinkSide(takes(0), loss=0.5))
        trace = play(tiny(producers=[producer(arrivals=every(10 * US, 8))], consumers=[collecting(2, link=deaf)]),
                     seed=seed)  # fmt: skip
        lost, acked = of_kind(trace, Kind.PACKET_LOST), of_kind(trace, Kind.ACKED)
        if len(lost) and len(acked) == 8:
            assert lost["message"].tolist()[-1] < 6, "the last batch came through, and covered what was lost"
            return
    raise AssertionError("no seed in which a batch is lost and a later one arrives")


def test_a_delivery_still_in_work_is_never_covered() -> None:
    """Two lanes: message 0 takes long; 1, 2, 3 are done meanwhile, and their batch waits for it."""
    slow_first = Exceptions(1.0, "delivery", "requeue", only=(0,), times=1)
    trace = play(tiny(producers=[producer(arrivals=every(10 * US, 4))],
                      consumers=[collecting(3, concurrency=2, exceptions=slow_first)]))  # fmt: skip
    sent = of_kind(trace, Kind.ACK_SENT)
    answered = set()
    for row in sent:
        assert all(m in answered or m == row["message"] or m > row["message"] for m in range(4) if m != 0)
        answered.add(int(row["message"]))
    assert endings(trace) == {"processed": 4}


def test_a_refusal_goes_by_itself_and_the_batch_passes_over_it() -> None:
    refuses = Exceptions(1.0, "delivery", "reject", only=(1,))
    trace = play(tiny(producers=[producer(arrivals=every(10 * US, 3))], consumers=[collecting(2, exceptions=refuses)]))
    assert times(trace, Kind.NACK_SENT) == [3 * MS], "at once"
    assert times(trace, Kind.ACK_SENT) == [4 * MS] * 2
    assert endings(trace) == {"processed": 2, "discarded": 1}


def test_an_acknowledgement_of_several_covers_what_the_handler_kept_silent_about() -> None:
    """The broker cannot know: message 1 is gone, and nobody has ever processed it."""
    silent = Exceptions(1.0, "delivery", "hold", only=(1,))
    work = [producer(arrivals=every(10 * US, 3))]
    batched = play(tiny(producers=work, consumers=[collecting(2, exceptions=silent)]))
    assert endings(batched) == {"processed": 2, "lost:early_commit": 1}
    alone = play(tiny(producers=work, consumers=[consumer(prefetch=0, exceptions=silent)]))
    assert endings(alone) == {"processed": 2, "in_flight": 1}


@pytest.mark.parametrize("messages", [1500, 3000])
def test_a_huge_batch_is_worked_off_in_pieces(messages: int) -> None:
    trace = play(tiny(producers=[producer(arrivals=every(US, messages))], duration_ns=10 * MS, drain_ns=S,
                      consumers=[collecting(1000, service=takes(0), link=wire())]))  # fmt: skip
    assert endings(trace) == {"processed": messages}
    assert trace.counters.queues["q"].acked == messages
    assert int(fate_rows(trace)["fate"].max()) == Fate.PROCESSED


def test_an_acknowledgement_costs_the_broker_once_for_all_that_it_covers() -> None:
    """2 ms each: eight packets take 16 ms of a second, two packets 4."""
    work = [producer(arrivals=every(10 * US, 8))]
    broker = [replace(node(), ack_ns=2 * MS)]
    alone = play(tiny(producers=work, nodes=broker, consumers=[consumer(prefetch=0, service=takes(MS))]))
    batched = play(tiny(producers=work, nodes=broker, consumers=[collecting(4)]))
    assert alone.counters.utilisation["broker.cpu"] == pytest.approx(0.016)
    assert batched.counters.utilisation["broker.cpu"] == pytest.approx(0.004)


def test_what_an_acknowledgement_costs_keeps_the_next_delivery_waiting() -> None:
    broker = [replace(node(deliver_ns=MS), ack_ns=2 * MS)]
    trace = play(tiny(producers=[producer(arrivals=every(10 * US, 2))], nodes=broker, consumers=[consumer()]))
    assert times(trace, Kind.DELIVERED) == [MS, 1100 * US + 3 * MS]
