"""A log gives the same digest compiled, interpreted and with bounds checks."""

from __future__ import annotations

import pytest

from mqlab.model import Fault, Keys, Message, Model
from tests.engines.test_determinism import digests, elsewhere
from tests.support.logs import log, reader, sender, topic
from tests.support.models import MS, US, Distribution, every, play


def model() -> Model:
    """Three partitions, two groups of producers, two consumers, crashes and a power loss."""
    keyed = Message(100, Keys("zipf", 9), True)
    producers = [
        sender("p", count=2, linger_ns=MS, message=keyed, arrivals=every(300 * US, 200)),
        sender("s", acks="1", idempotent=False, batch_bytes=400, arrivals=every(500 * US, 100)),
    ]
    faults = [Fault(20 * MS, "crash", "a", 60 * MS), Fault(60 * MS, "power_loss", "b", 50 * MS),
              Fault(41 * MS, "crash", "r[1]", 20 * MS)]  # fmt: skip
    readers = [reader(count=2, commit="auto", service=Distribution("exponential", (400.0 * US,)))]
    return log(topics=[topic(partitions=3, min_insync=2, unclean_election=True)], producers=producers,
               consumers=readers, faults=faults, duration_ns=100 * MS, writeback_ns=25 * MS)  # fmt: skip


def test_the_model_is_worth_it() -> None:
    happened = play(model()).counters.events_by_kind
    wanted = ("leader_elected", "leader_lost", "in_sync", "refused", "timed_out", "client_crashed")
    assert all(happened[kind] for kind in wanted), happened


@pytest.mark.parametrize("setting", ["MQLAB_JIT", "MQLAB_BOUNDS_CHECK"])
def test_the_same_digest_however_it_is_computed(setting: str) -> None:
    value = "0" if setting == "MQLAB_JIT" else "1"
    assert elsewhere([model()], **{setting: value}) == digests([model()])
