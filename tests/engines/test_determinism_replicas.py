"""Replicated queues give the same digest compiled, interpreted and with bounds checks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mqlab.model import Confirm, Connection, Distribution, Fault, Keys, Message, Model
from tests.engines.test_determinism import digests, elsewhere
from tests.support.models import MS, consumer, every, node, play, producer, queue, retries, takes, tiny, wire


def model() -> Model:
    """Five nodes, two queues, clients everywhere, two crashes and a power loss."""
    names = ("a", "b", "c", "d", "e")
    election = Distribution("uniform", (5.0 * MS, 15.0 * MS))
    nodes = [replace(node(name, fsync_ns=(i + 1) * MS), network_ns=200_000) for i, name in enumerate(names)]
    queues = [queue("q", node="a", replicas=names[:3], durable=True, election=election, suspect_ns=10 * MS),
              queue("r", node="c", replicas=names[2:], durable=True, election=election, suspect_ns=10 * MS,
                    max_length=6)]  # fmt: skip
    sending = {"message": Message(100, Keys(), True), "confirm": Confirm(0, 40 * MS), "retry": retries(5, 10 * MS)}
    producers = [producer(name, arrivals=every(2 * MS, 40), node=home, link=wire(100_000),
                          destination=replace(producer().destination, routing_keys=((to, 1.0),)),
                          connection=Connection(20 * MS, 3 * MS, nodes=(home, "b", "e")), **sending)
                 for name, home, to in (("p", "a", "q"), ("s", "d", "q"), ("t", "c", "r"))]  # fmt: skip
    readers = [consumer(name, queue=to, count=2, prefetch=3, service=takes(3 * MS), link=wire(100_000),
                        connection=Connection(20 * MS, 3 * MS, nodes=(home, "d")))
               for name, home, to in (("x", "b", "q"), ("y", "c", "r"))]  # fmt: skip
    faults = [Fault(20 * MS, "crash", "a", 60 * MS), Fault(35 * MS, "power_loss", "c", 50 * MS),
              Fault(120 * MS, "crash", "b", -1)]  # fmt: skip
    return replace(tiny(nodes=nodes, queues=queues, producers=producers, consumers=readers, faults=faults,
                        duration_ns=100 * MS, drain_ns=400 * MS), system="rabbitmq-quorum")  # fmt: skip


def test_the_model_is_worth_it() -> None:
    happened = play(model()).counters.events_by_kind
    wanted = ("leader_elected", "leader_lost", "quorum_lost", "quorum_regained", "evicted")
    assert all(happened[kind] for kind in wanted), happened


@pytest.mark.parametrize("setting", ["MQLAB_JIT", "MQLAB_BOUNDS_CHECK"])
def test_the_same_digest_however_it_is_computed(setting: str) -> None:
    value = "0" if setting == "MQLAB_JIT" else "1"
    assert elsewhere([model()], **{setting: value}) == digests([model()])
