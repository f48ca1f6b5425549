"""Scenarios with bookies that are wrong, each one step away from a good one: what is said, and where."""

from __future__ import annotations

import pytest

from mqlab.errors import ScenarioError
from mqlab.scenario import loads

GOOD = """\
name: ledger
system: pulsar
duration: 10 s
nodes: {broker-1: {}, bookie-1: {}, bookie-2: {}}
topics:
  orders: {ensemble: 2, write_quorum: 2, ack_quorum: 2}
producers:
  shop: {arrivals: {poisson: 100/s}}
consumers:
  stock: {topic: orders, subscription: shared, count: 2}
faults:
  - {at: 3 s, crash: broker-1, for: 1 s}
"""


def test_the_good_one_is_good() -> None:
    assert loads(GOOD).model.ledgers is not None


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("write_quorum: 2", "write_quorum: 3", 6, "Ensemble (2) >= WriteQuorum (3) >= AckQuorum (2)"),
        ("ack_quorum: 2", "ack_quorum: 3", 6, "Ensemble (2) >= WriteQuorum (2) >= AckQuorum (3)"),
        ("ensemble: 2", "ensemble: 3", 6, "Not enough non-faulty bookies available"),
        ("ensemble: 2", "replicas: 2", 6, "`replicas` means nothing to system 'pulsar'"),
        ("bookie-1: {}, bookie-2: {}", "broker-2: {}", 4, "no bookie among the nodes"),
        ("subscription: shared", "subscription: exclusive", 10, "Exclusive consumer is already connected"),
        ("subscription: shared", "subscription: shared, ack_type: cumulative", 10, "Cannot use cumulative acks"),
        ("subscription: shared", "subscription: key_shared, ack_type: cumulative", 10, "Cannot use cumulative acks"),
        ("subscription: shared", "subscription: failover, dead_letter: 3", 10, "shared and key_shared"),
        ("subscription: shared", "subscription: broadcast", 10, "`broadcast` is not one of"),
        ("subscription: shared", "ack_timeout: 10 ms, subscription: shared", 10, "greater than 1000 ms"),
        ("subscription: shared", "commit: after", 10, "`commit` means nothing to system 'pulsar'"),
        ("count: 2", "exceptions: {probability: 1, then: crash}", 10, "`crash` is not"),
        ("faults:\n", "  more: {topic: orders, subscription: {type: failover, name: stock}}\nfaults:\n", 11,
         "Subscription is of different type"),
        ("{poisson: 100/s}", "{poisson: 100/s}, acks: 1", 8, "`acks` means nothing to system 'pulsar'"),
        ("system: pulsar", "system: kafka", 6, "`ensemble` means nothing to system 'kafka'"),
    ],
)  # fmt: skip
def test_broken_ledgers_are_refused_where_they_are_broken(old: str, new: str, line: int, what: str) -> None:
    assert GOOD.count(old) >= 1
    with pytest.raises(ScenarioError) as error:
        loads(GOOD.replace(old, new, 1))
    assert what in f"{error.value.what} {error.value.mend}"
    assert error.value.place is not None
    assert error.value.place.line == line


def test_negative_acknowledgements_need_a_subscription() -> None:
    with pytest.raises(ScenarioError, match="`nack` needs a subscription"):
        loads(
            "system: rabbitmq\nduration: 1 s\nqueues: {q: {}}\nproducers: {p: {arrivals: {poisson: 1/s}}}\n"
            "consumers: {c: {exceptions: {probability: 1, then: nack}}}\n"
        )
