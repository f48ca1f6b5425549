"""Networks and faults give the same run interpreted, compiled, bounds-checked and in cramped records."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mqlab.model import Backoff, Bursts, Confirm, Connection, Distribution, Fault, LinkSide, Model, RandomFaults
from tests.engines.sameness import (  # noqa: F401  (collected here, over these models)
    expected,
    test_every_index_is_within_bounds,
    test_interpreted_kernels_give_the_same_digest,
    test_pauses_and_growing_records_change_nothing,
)
from tests.support.models import (
    MS,
    US,
    consumer,
    every,
    node,
    one_way,
    producer,
    queue,
    retries,
    takes,
    tiny,
)

BEATS = Connection(8 * MS, 2 * MS, Backoff(MS, 2.0, 6 * MS, "full"), 3)


def all_models() -> list[Model]:
    """One for each mechanism, with what makes it work hard."""
    wire = LinkSide(Distribution("exponential", (200.0 * US,)), 0.05, 0.05, 1e6, Bursts(0.05, 0.3, 0.01, 0.8))
    shops = producer(
        count=3, arrivals=every(400 * US), confirm=Confirm(5, 6 * MS), retry=retries(6, MS), prepare=takes(100 * US),
        link=one_way(wire, wire), connection=BEATS,
    )  # fmt: skip
    workers = consumer(count=3, prefetch=6, service=takes(MS), link=one_way(wire, wire), connection=BEATS)
    door = replace(node(publish_ns=20 * US, deliver_ns=30 * US, fsync_ns=300 * US), connect_ns=300 * US)
    crowd = replace(door, connections_max=4, handshake_timeout_ns=MS)
    base = tiny(producers=[shops], consumers=[workers], queues=[queue(durable=True)], nodes=[door],
                duration_ns=50 * MS, drain_ns=60 * MS)  # fmt: skip
    pauses = (Fault(5 * MS, "pause", "broker", 3 * MS), Fault(12 * MS, "pause", "c", 12 * MS),
              Fault(20 * MS, "pause", "p", 4 * MS), Fault(30 * MS, "pause", "broker", 20 * MS),
              Fault(35 * MS, "crash", "broker", 4 * MS))  # fmt: skip
    cuts = (Fault(5 * MS, "partition", "c", 12 * MS, direction="up"), Fault(9 * MS, "silence", "c[0]", 14 * MS),
            Fault(25 * MS, "partition", "p", 12 * MS, direction="down"))  # fmt: skip
    wrong = (Fault(5 * MS, "slow", "broker", 9 * MS, factor=30.0), Fault(8 * MS, "slow", "c", 9 * MS, factor=3.0),
             Fault(9 * MS, "slow", "p", 9 * MS, factor=1.7),
             Fault(20 * MS, "clock", "broker", 9 * MS, by_ns=-5))  # fmt: skip
    storm = (Fault(8 * MS, "crash", "broker", 2 * MS), Fault(25 * MS, "power_loss", "broker", 4 * MS))
    random = RandomFaults("0 crash c", Fault(0, "crash", "c", 0), Distribution("exponential", (9.0 * MS,)),
                          Distribution("uniform", (0.0, 5.0 * MS)), 0, 50 * MS)  # fmt: skip
    return [
        base, replace(base, faults=pauses), replace(base, faults=cuts), replace(base, faults=wrong),
        replace(base, faults=storm, nodes=(crowd,)), replace(base, random_faults=(random,)),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def models() -> list[Model]:
    return all_models()
