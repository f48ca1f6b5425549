"""Ledgers give the same digest compiled, interpreted and with bounds checks."""

from __future__ import annotations

import pytest

from mqlab.model import Exceptions, Fault, Keys, Message, Model
from tests.engines.test_determinism import digests, elsewhere
from tests.support.ledgers import ledger, reader, sender, topic
from tests.support.models import MS, US, Distribution, every, play


def model() -> Model:
    """Two partitions, two producers, two subscriptions that fail in different ways, and everybody goes down."""
    keyed = Message(100, Keys("zipf", 9), True)
    producers = [sender("p", count=2, linger_ns=MS, batch_bytes=400, message=keyed, arrivals=every(300 * US, 200))]
    slow = Distribution("exponential", (400.0 * US,))
    again = reader("r", kind="key_shared", count=3, service=slow, exceptions=Exceptions(0.1, "delivery", "nack", (), 0),
                   nack_ns=5 * MS, max_redeliver=1, dead_letter="dead")  # fmt: skip
    orderly = reader("u", kind="failover", count=2, service=slow, ack_type="cumulative")
    faults = [Fault(20 * MS, "crash", "a", 60 * MS), Fault(60 * MS, "power_loss", "x", 50 * MS),
              Fault(30 * MS, "crash", "y", 30 * MS), Fault(41 * MS, "crash", "r[1]", 20 * MS)]  # fmt: skip
    return ledger(topics=[topic(partitions=2, quorum=(2, 2, 2)), topic("dead")], producers=producers,
                  consumers=[again, orderly], faults=faults, duration_ns=100 * MS, fsync_ns=300 * US)  # fmt: skip


def test_the_model_is_worth_it() -> None:
    happened = play(model()).counters.events_by_kind
    wanted = ("owned", "ensemble_changed", "letter_sent", "requeued", "activated", "client_crashed")
    assert all(happened[kind] for kind in wanted), happened


@pytest.mark.parametrize("setting", ["MQLAB_JIT", "MQLAB_BOUNDS_CHECK"])
def test_the_same_digest_however_it_is_computed(setting: str) -> None:
    value = "0" if setting == "MQLAB_JIT" else "1"
    assert elsewhere([model()], **{setting: value}) == digests([model()])
