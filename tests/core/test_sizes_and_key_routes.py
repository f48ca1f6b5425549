"""Sizes drawn for each message, and routing keys that follow the business key."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mqlab.errors import BadInput
from mqlab.model import Arrivals, Binding, Destination, Distribution, Exchange, Keys, Message, Recording
from tests.support.models import MS, S, consumer, fate_rows, play, producer, queue, tiny

MEAN = 2000.0


def sizes(shape: Distribution, n: int = 4000, seed: int = 1) -> np.ndarray:
    """Sizes of so many messages."""
    message = Message(round(MEAN), Keys(), False, shape)
    arrivals = Arrivals("constant", rate_per_s=1e6, messages_max=n)
    model = tiny(producers=[producer(arrivals=arrivals, message=message)], consumers=[])
    return fate_rows(play(model, level="fates", seed=seed))["size_bytes"]


@pytest.mark.parametrize(
    ("shape", "deviation"),
    [
        (Distribution("uniform", (1000.0, 3000.0)), 2000 / math.sqrt(12)),
        (Distribution("exponential", (MEAN,)), MEAN),
        (Distribution("lognormal", (MEAN, 0.5)), MEAN * 0.5),
        (Distribution("hyperexponential", (0.5, 1000.0, 3000.0)), math.sqrt(2 * 0.5 * (1e6 + 9e6) - MEAN**2)),
    ],
    ids=lambda value: value.kind if isinstance(value, Distribution) else "",
)
def test_sizes_follow_their_distribution(shape: Distribution, deviation: float) -> None:
    seen = sizes(shape)
    assert seen.mean() == pytest.approx(MEAN, abs=5 * deviation / math.sqrt(len(seen)))
    assert seen.std() == pytest.approx(deviation, rel=0.15)
    assert seen.min() >= 0


def test_a_size_belongs_to_its_message_and_another_seed_gives_others() -> None:
    shape = Distribution("exponential", (MEAN,))
    assert sizes(shape, 50).tolist() == sizes(shape, 100)[:50].tolist()
    assert sizes(shape, 50).tolist() != sizes(shape, 50, seed=2).tolist()


def test_no_message_is_larger_than_a_gibibyte() -> None:
    assert sizes(Distribution("lognormal", (2.0**30, 100.0)), 400).max() == 2**30


def test_sizes_are_as_recorded_unless_the_message_has_a_distribution() -> None:
    recording = Recording((0, MS), sizes_bytes=(5, 6))
    message = Message(1, Keys(), False, Distribution("exponential", (MEAN,)))
    for shape, expected in ((message, False), (Message(1, Keys(), False), True)):
        model = tiny(producers=[producer(arrivals=Arrivals("trace", recording=recording), message=shape)])
        assert (fate_rows(play(model))["size_bytes"].tolist() == [5, 6]) is expected


# --- routing keys that follow the business key ---

BY_KEY = Destination("", (("q_0", 0.5), ("q_1", 0.25), ("q_2", 0.25)), by_key=True)


def test_each_key_has_its_queue() -> None:
    message = Message(1, Keys("uniform", 3), False)
    model = tiny(producers=[producer(message=message, destination=BY_KEY, count=2)],
                 queues=[queue(f"q_{k}") for k in range(3)],
                 consumers=[consumer(f"c{k}", queue=f"q_{k}") for k in range(3)], duration_ns=60 * MS)  # fmt: skip
    trace = play(model)
    rows = fate_rows(trace)
    assert {trace.entities[int(row["queue"])].name for row in rows if row["key"] == 1} == {"q_1"}
    assert all(trace.entities[int(row["queue"])].name == f"q_{row['key']}" for row in rows)
    assert set(rows["key"].tolist()) == {0, 1, 2}


def test_a_key_may_lead_to_several_queues_or_to_none() -> None:
    exchange, bound = Exchange("x", "direct"), [Binding("x", "a", "k1"), Binding("x", "b", "k1")]
    to = Destination("x", (("k0", 0.5), ("k1", 0.5)), by_key=True)
    message = Message(1, Keys("sequence", 2), False)
    model = tiny(producers=[producer(message=message, destination=to)], queues=[queue("a"), queue("b")],
                 exchanges=[exchange], bindings=bound, consumers=[], duration_ns=4 * MS)  # fmt: skip
    counters = play(model).counters
    assert counters.fates["unroutable"] == 2
    assert counters.fates["in_flight"] == 4


def test_by_hand_a_key_without_a_route_is_refused() -> None:
    model = tiny(producers=[producer(arrivals=Arrivals("by_hand"), destination=BY_KEY,
                                     message=Message(1, Keys("uniform", 3), False))],
                 queues=[queue(f"q_{k}") for k in range(3)], consumers=[])  # fmt: skip
    asked: list[int] = []

    def clerk(world):  # type: ignore[no-untyped-def]
        world.publish("p", key=2)
        world.publish("p")
        yield world.timeout(MS)
        asked.append(world.queue_length("q_2"))
        with pytest.raises(BadInput, match="no routing key for key 3"):
            world.publish("p", key=3)

    trace = play(model, processes=[clerk])
    assert asked in ([1], [2])
    assert trace.counters.messages["created"] == 2
    assert trace.duration_ns == S
