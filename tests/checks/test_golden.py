"""Each check rejects its smallest violating trace, and accepts a twin that is in order."""

import re
from dataclasses import dataclass

import pytest

from mqlab.checks import ANOMALIES, REGISTRY
from mqlab.trace.fates import Cause, Fate
from tests.support.traces import AUDIT, BUYER_1, MS, ORDERS, evidence, fate_row, processed

LOST = {"fate": Fate.LOST, "cause": Cause.BROKER_MEMORY}
CONFIRMED = {"sent_ns": 5 * MS, "confirmed_ns": 20 * MS}


@dataclass(frozen=True)
class Golden:
    """A trace that violates, how often, and one that does not."""

    bad: tuple
    count: int
    examples: tuple
    good: tuple
    facts: dict


def golden(bad, good, *, count=1, examples=(0,), **facts):
    return Golden(tuple(bad), count, examples, tuple(good), facts)


GOLDEN = {
    "lost": golden(
        bad=[fate_row(0, enqueued_ns=10 * MS, **CONFIRMED, **LOST)],
        good=[
            fate_row(0, enqueued_ns=10 * MS, **LOST)
        ],  # never confirmed: its producer knows that it does not know
    ),
    "phantom": golden(
        bad=[fate_row(12, created_ns=5 * MS, delivered_ns=9 * MS, deliveries=1)],
        good=[fate_row(9, created_ns=5 * MS, delivered_ns=9 * MS, deliveries=1)],
        examples=(12,),
        created=10,
    ),
    "recovered": golden(
        bad=[processed(0, confirmed_ns=-1, processed_ns=30 * MS)],
        good=[processed(0), processed(1, confirmed_ns=-1, producer=BUYER_1)],  # buyers[1] did not ask
        confirming=frozenset({processed(0)["producer"].item()}),
    ),
    "redelivered": golden(bad=[processed(0, deliveries=2)], good=[processed(0), fate_row(1)]),
    "enqueued_twice": golden(
        bad=[processed(0), fate_row(0, copy=1, copy_of=0, enqueued_ns=900 * MS)],
        good=[processed(0), fate_row(0, copy=1, queue=AUDIT, enqueued_ns=900 * MS)],
    ),
    "aborted_read": golden(
        bad=[processed(0, aborted=1)],
        good=[fate_row(0, aborted=1, fate=Fate.ABORTED), processed(1)],
        has_logs=True,
    ),
    "duplicate_effect": golden(
        bad=[processed(0), processed(0, order=1, copy=1, copy_of=0)],
        good=[
            processed(0, processings=2, deliveries=2),
            processed(0, order=1, copy=1, copy_of=0, effects=0),
            processed(0, order=2, copy=2, queue=AUDIT),
        ],
    ),
    "out_of_order": golden(
        bad=[processed(0, order=1, key=7), processed(1, order=0, key=7)],
        good=[processed(0, order=1, key=7), processed(1, order=0, key=8)],
    ),
    "stale": golden(
        bad=[processed(0, enqueued_ns=5 * MS, delivered_ns=16 * MS, processed_ns=17 * MS)],
        good=[processed(0, enqueued_ns=5 * MS, delivered_ns=15 * MS, processed_ns=17 * MS)],
        ttl_ns={ORDERS: 10 * MS},
    ),
    "reply_mismatch": golden(
        bad=[processed(0), processed(1), processed(2, in_reply_to=0, taken_for=1)],
        good=[processed(0), processed(1, in_reply_to=0, taken_for=0), fate_row(2, in_reply_to=0, fate=Fate.DISCARDED)],
        examples=(2,),
        requesting=True,
    ),
}


def test_every_check_has_its_golden_trace():
    """Those of logs stand in ``test_golden_logs``."""
    here = {name for name, check in REGISTRY.items() if callable(check) and check.__module__ != "mqlab.checks.log"}
    assert set(GOLDEN) == here


@pytest.mark.parametrize("name", GOLDEN)
def test_the_bad_trace_is_rejected(name):
    case = GOLDEN[name]
    seen = REGISTRY[name](evidence(*case.bad, **case.facts))
    assert (seen.count, seen.examples) == (case.count, case.examples)


@pytest.mark.parametrize("name", GOLDEN)
def test_the_good_twin_is_accepted(name):
    case = GOLDEN[name]
    seen = REGISTRY[name](evidence(*case.good, **case.facts))
    assert (seen.count, seen.examples) == (0, ())


@pytest.mark.parametrize("name", GOLDEN)
def test_a_run_without_messages_is_in_order(name):
    assert REGISTRY[name](evidence(**GOLDEN[name].facts)).count == 0


@pytest.mark.parametrize("name", GOLDEN)
def test_a_check_defines_its_anomaly(name):
    words = REGISTRY[name].__doc__
    assert re.search(r"^ {8}message ", words, re.MULTILINE), (
        "a smallest violating trace stands in the docstring"
    )


def test_names_are_those_of_the_contracts():
    from mqlab.systems.base import ANOMALIES as PROMISED

    assert ANOMALIES == PROMISED
