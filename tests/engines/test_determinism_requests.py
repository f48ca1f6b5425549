"""Runs with requests, replies and tasks are the same run, however they are computed."""

from __future__ import annotations

import pytest

from mqlab.model import (
    Arrivals,
    Connection,
    Distribution,
    ExpectsRecord,
    Fault,
    LinkSide,
    Model,
    Record,
    Reply,
    Request,
)
from tests.engines.sameness import (  # noqa: F401  (collected here, over these models)
    expected,
    test_every_index_is_within_bounds,
    test_interpreted_kernels_give_the_same_digest,
    test_pauses_and_growing_records_change_nothing,
)
from tests.support.models import MS, S, consumer, one_way, producer, queue, retries, takes, tiny


def busy(reply_to: str, *, correlate: bool) -> Model:
    """Requests that time out and are asked again, clients and servers that fail, and tasks with late states."""
    noisy = one_way(LinkSide(takes(MS), loss=0.02, duplicate=0.02), LinkSide(takes(MS), duplicate=0.02))
    asks = Request(reply_to, 12 * MS, correlate, "r" if reply_to == "queue" else "")  # type: ignore[arg-type]
    record = Record(Distribution("exponential", (2.0 * MS,)), "enqueue-first")
    return tiny(
        producers=[
            producer("clients", count=3, request=asks, arrivals=Arrivals("poisson", 400.0), retry=retries(3, 2 * MS),
                     link=noisy, connection=Connection(0, 4 * MS)),
            producer("web", record=record, arrivals=Arrivals("poisson", 200.0)),
        ],
        queues=[queue(), queue("r")],
        consumers=[
            consumer("servers", count=2, reply=Reply(50), service=Distribution("exponential", (3.0 * MS,)), link=noisy,
                     expects_record=ExpectsRecord("wait", MS), connection=Connection(0, 4 * MS)),
        ],
        faults=[Fault(60 * MS, "reset", "clients", 0), Fault(90 * MS, "crash", "servers[0]", 5 * MS),
                Fault(120 * MS, "crash", "broker", 10 * MS)],
        duration_ns=200 * MS, drain_ns=S,
    )  # fmt: skip


@pytest.fixture(scope="module")
def models() -> list[Model]:
    return [busy("own", correlate=True), busy("direct", correlate=False), busy("queue", correlate=True)]
