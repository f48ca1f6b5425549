"""Consumers that are not plain give the same run interpreted, compiled, bounds-checked and in cramped records."""

from __future__ import annotations

import pytest

from mqlab.model import Acks, Exceptions, Fault, Inventory, LinkSide, Model, Recall, Scale
from tests.engines.sameness import (  # noqa: F401  (collected here, over these models)
    expected,
    test_every_index_is_within_bounds,
    test_interpreted_kernels_give_the_same_digest,
    test_pauses_and_growing_records_change_nothing,
)
from tests.support.models import MS, US, consumer, every, one_way, producer, takes, tiny, wire


def all_models() -> list[Model]:
    """One for each mechanism, with what makes it work hard."""
    work = [producer(arrivals=every(200 * US), link=one_way(up=LinkSide(takes(MS), duplicate=0.3)))]
    trouble = (
        Fault(11 * MS, "crash", "c", 5 * MS), Fault(30 * MS, "reset", "c", 0), Fault(41 * MS, "silence", "c", 9 * MS),
    )  # fmt: skip
    sizes = ((0, 1), (7, 5), (25, 2), (33, 4), (45, 0), (48, 3))
    steps = tuple(Scale(at * MS, count, "kill" if at > 30 else "graceful") for at, count in sizes)
    raises = Exceptions(0.2, "delivery", "requeue", times=2)
    groups = [
        consumer(pull_ns=3 * MS, prefetch=0, link=wire(300 * US), concurrency=2),
        consumer(count=4, prefetch=3, channel=7, service=takes(2 * MS), link=wire(300 * US), exceptions=raises),
        consumer(count=2, prefetch=50, acks=Acks(7, 3 * MS), link=wire(300 * US), exceptions=raises),
        consumer(prefetch=5, timeout_ns=4 * MS, timeout_check_ns=MS, service=takes(2 * MS), link=wire(300 * US)),
        consumer(count=5, prefetch=4, service=takes(3 * MS), link=wire(300 * US), scale=steps),
        consumer(count=3, prefetch=4, service=takes(MS), deduplicate=True, inventory=Inventory(40, "check-then-act"),
                 recall=Recall(count=5, how="check-then-act", lookup_ns=50 * US)),
        consumer(count=3, ack="auto", service=takes(MS), deduplicate=True, recall=Recall(for_ns=4 * MS)),
    ]  # fmt: skip
    times = {"duration_ns": 60 * MS, "drain_ns": 100 * MS}
    return [tiny(producers=work, consumers=[group], faults=trouble, **times) for group in groups]


@pytest.fixture(scope="module")
def models() -> list[Model]:
    return all_models()
