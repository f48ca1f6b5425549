"""Finer points of the delivery checks."""

import pytest

from mqlab.checks import REGISTRY
from mqlab.checks.observation import EXAMPLES_MAX
from mqlab.trace.fates import Cause, Fate
from tests.support.traces import AUDIT, BUYER_0, MS, evidence, fate_row, processed

CONFIRMED = {"sent_ns": 1, "confirmed_ns": 20 * MS}
LOST = {"fate": Fate.LOST, "cause": Cause.UNSYNCED_DISK}


def seen(name, *rows, **facts):
    return REGISTRY[name](evidence(*rows, **facts))


@pytest.mark.parametrize("fate", [Fate.LOST, Fate.EVICTED, Fate.DELETED])
def test_lost_is_what_nobody_may_throw_away(fate):
    assert seen("lost", fate_row(0, fate=fate, **CONFIRMED)).count == 1


@pytest.mark.parametrize("fate", sorted(set(Fate) - {Fate.LOST, Fate.EVICTED, Fate.DELETED}))
def test_other_fates_are_no_loss(fate):
    assert seen("lost", fate_row(0, fate=fate, **CONFIRMED)).count == 0


@pytest.mark.parametrize(
    ("twin", "count"),
    [
        (Fate.PROCESSED, 0), (Fate.IN_FLIGHT, 0), (Fate.DEAD_LETTERED, 0), (Fate.DISCARDED, 0),
        (Fate.EXPIRED, 0),
        (Fate.LOST, 1), (Fate.EVICTED, 1), (Fate.DEDUPLICATED, 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("lost_first", [True, False])
def test_a_message_is_lost_from_a_queue_only_with_all_its_copies(twin, count, lost_first):
    fates = [LOST, {"fate": twin}][:: 1 if lost_first else -1]
    rows = [fate_row(3, copy=i, copy_of=i - 1, **CONFIRMED, **fate) for i, fate in enumerate(fates)]
    assert seen("lost", fate_row(1), *rows, fate_row(2)).count == count


def test_a_message_lost_from_one_of_two_queues_counts_once():
    rows = [processed(0), fate_row(0, copy=1, queue=AUDIT, **CONFIRMED, **LOST)]
    assert seen("lost", *rows).count == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"created_ns": -1},
        {"message": -5},
        {"created_ns": 50 * MS, "delivered_ns": 40 * MS},
        {"created_ns": 50 * MS, "enqueued_ns": 40 * MS},
        {"created_ns": 50 * MS, "sent_ns": 40 * MS},
    ],
)
def test_a_phantom_comes_from_nowhere(wrong):
    row = {"delivered_ns": 60 * MS, "deliveries": 1, **wrong}
    assert seen("phantom", fate_row(row.pop("message", 0), **row)).count == 1


def test_what_reached_nobody_is_no_phantom():
    assert seen("phantom", fate_row(99, created_ns=-1), created=10).count == 0


def test_recovered_counts_messages_not_copies():
    rows = [processed(4, confirmed_ns=-1), processed(4, order=9, copy=1, queue=AUDIT, confirmed_ns=-1)]
    observation = seen("recovered", *rows, confirming=frozenset({BUYER_0}))
    assert (observation.count, observation.examples) == (1, (4,))


def test_recovered_needs_to_know_who_asks():
    observation = seen("recovered", processed(0, confirmed_ns=-1))
    assert observation.count is None
    assert "confirms" in observation.not_judged


def test_redelivered_adds_up_over_copies():
    observation = seen("redelivered", processed(0, deliveries=4), processed(1), processed(2, deliveries=2))
    assert observation.count == 4
    assert observation.detail == {"copies": 2, "most_deliveries": 4}


def test_duplicate_effect_adds_up_over_the_copies_of_a_queue():
    rows = [
        processed(0, effects=2),
        processed(0, order=1, copy=1, queue=AUDIT),
        processed(0, order=2, copy=2, copy_of=0, effects=1),
        processed(1, order=3, effects=2),
    ]
    observation = seen("duplicate_effect", *rows)
    assert (observation.count, observation.examples) == (3, (0, 1))
    assert observation.detail == {"messages_and_queues": 2, "most_effects": 3}


def test_an_extra_copy_that_was_never_stored_does_not_count():
    assert seen("enqueued_twice", processed(0), fate_row(0, copy=1, copy_of=0)).count == 0


def test_examples_are_few_and_name_a_message_once():
    rows = [processed(i // 2, order=i, copy=i % 2, queue=1 + i % 2, deliveries=3) for i in range(60)]
    assert seen("redelivered", *rows).examples == tuple(range(EXAMPLES_MAX))


def test_without_a_time_to_live_nothing_is_judged_stale():
    assert seen("stale", processed(0)).count is None
