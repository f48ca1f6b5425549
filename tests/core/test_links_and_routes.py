"""Links (latency, loss, duplicates, order) and routes (default, direct, fanout)."""

from __future__ import annotations

import numpy as np
import pytest

from mqlab.model import Arrivals, Binding, Destination, Distribution, Exchange, LinkSide
from mqlab.trace.kinds import Direction, Kind
from tests.support.models import (
    MS,
    S,
    consumer,
    endings,
    every,
    fate_rows,
    of_kind,
    one_way,
    play,
    producer,
    queue,
    takes,
    times,
    tiny,
    wire,
)

MANY = Arrivals("constant", rate_per_s=1e5, messages_max=4000)


def test_packets_travel_in_parallel() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(MS, 3), link=wire(50 * MS))]))
    assert times(trace, Kind.ARRIVED) == [50 * MS, 51 * MS, 52 * MS]


def test_every_leg_takes_its_latency() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(MS, 1), link=one_way(LinkSide(takes(3 * MS))))],
                      consumers=[consumer(link=one_way(LinkSide(takes(2 * MS)), LinkSide(takes(5 * MS))),
                                          service=takes(7 * MS))]))  # fmt: skip
    row = fate_rows(trace)[0]
    assert [int(row[f]) for f in ("enqueued_ns", "delivered_ns", "processed_ns")] == [3 * MS, 8 * MS, 15 * MS]
    assert times(trace, Kind.ACKED) == [17 * MS]


@pytest.mark.parametrize("loss", [0.0, 0.1, 0.7, 1.0])
def test_the_share_of_packets_lost_is_the_probability(loss: float) -> None:
    trace = play(tiny(producers=[producer(arrivals=MANY, link=one_way(LinkSide(takes(MS), loss)))], duration_ns=S))
    gone = of_kind(trace, Kind.PACKET_LOST)
    assert abs(len(gone) - 4000 * loss) <= 5 * np.sqrt(4000 * loss * (1 - loss))
    assert set(gone["first"].tolist()) <= {Direction.PUBLISH}
    assert endings(trace).get("lost:wire", 0) == len(gone)


@pytest.mark.parametrize("chance", [0.2, 1.0])
def test_the_share_of_packets_doubled_is_the_probability(chance: float) -> None:
    trace = play(tiny(producers=[producer(arrivals=MANY, link=one_way(LinkSide(takes(MS), 0.0, chance)))],
                      consumers=[], duration_ns=S))  # fmt: skip
    doubled = len(of_kind(trace, Kind.PACKET_DUPLICATED))
    assert abs(doubled - 4000 * chance) <= 5 * np.sqrt(4000 * chance * (1 - chance))
    assert trace.counters.messages["owed"] == 4000 + doubled


def test_loss_does_not_care_for_the_rest_of_the_world() -> None:
    """The same packets are lost, whatever the latency and whoever consumes."""

    def lost(latency_ns: int, consumers: int) -> list[int]:
        trace = play(tiny(producers=[producer(arrivals=MANY, link=wire(latency_ns, loss=0.1))],
                          consumers=[consumer(count=consumers)], duration_ns=S))  # fmt: skip
        return of_kind(trace, Kind.PACKET_LOST)["message"].tolist()

    assert lost(0, 1) == lost(20 * MS, 5)


JITTER = LinkSide(Distribution("exponential", (5.0 * MS,)))


def test_on_an_ordered_link_nothing_overtakes() -> None:
    trace = play(tiny(producers=[producer(link=one_way(JITTER))]))
    assert of_kind(trace, Kind.ARRIVED)["message"].tolist() == list(range(10))


def test_on_an_unordered_link_jitter_reorders() -> None:
    trace = play(tiny(producers=[producer(link=one_way(JITTER, ordered=False))]))
    assert of_kind(trace, Kind.ARRIVED)["message"].tolist() != list(range(10))


def test_each_connection_has_an_order_of_its_own() -> None:
    trace = play(tiny(producers=[producer(count=5, link=one_way(JITTER), arrivals=every(100_000, 100))]))
    rows = of_kind(trace, Kind.ARRIVED)
    assert not (np.diff(rows["message"]) > 0).all()
    for member in range(5):
        assert (np.diff([m for m in rows["message"] if m % 5 == member]) > 0).all()


def reached(destination: Destination, *bindings: Binding) -> list[str]:
    trace = play(tiny(exchanges=[Exchange("news", "fanout"), Exchange("desk", "direct")], bindings=bindings,
                      queues=[queue("a"), queue("b"), queue("c")], consumers=[],
                      producers=[producer(arrivals=every(MS, 1), destination=destination)]))  # fmt: skip
    return [trace.entities[int(row["queue"])].name for row in of_kind(trace, Kind.ENQUEUED)]


def test_the_default_exchange_knows_queues_by_name() -> None:
    assert reached(Destination("", (("b", 1.0),))) == ["b"]
    assert reached(Destination("", (("z", 1.0),))) == []


def test_a_direct_exchange_compares_keys_and_gives_each_queue_one_copy() -> None:
    bound = Binding("desk", "a", "x"), Binding("desk", "c", "x"), Binding("desk", "c", "y"), Binding("desk", "c", "x")
    assert reached(Destination("desk", (("x", 1.0),)), *bound) == ["a", "c"]
    assert reached(Destination("desk", (("y", 1.0),)), *bound) == ["c"]
    assert reached(Destination("desk", (("", 1.0),)), *bound) == []


def test_a_fanout_exchange_ignores_keys() -> None:
    bound = Binding("news", "b", "x"), Binding("news", "a", "")
    assert reached(Destination("news", (("whatever", 1.0),)), *bound) == ["a", "b"]


def test_routing_keys_are_drawn_by_weight() -> None:
    weights = (("a", 0.5), ("b", 0.3), ("c", 0.2), ("never", 0.0))
    trace = play(tiny(queues=[queue("a"), queue("b"), queue("c")], consumers=[], duration_ns=S,
                      producers=[producer(arrivals=MANY, destination=Destination("", weights))]))  # fmt: skip
    got = [trace.counters.queues[name].enqueued for name in "abc"]
    assert sum(got) == 4000
    assert ((np.array(got) - [2000, 1200, 800]) ** 2 / [2000, 1200, 800]).sum() < 20
