"""Order against a definition that is slow and obvious."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.checks import REGISTRY
from mqlab.checks.ordering import count_inversions
from tests.support.traces import AUDIT, MS, ORDERS, evidence, fate_row, processed


def slow_inversions(numbers):
    return sum(a > b for a, b in combinations(numbers, 2))


def slow_figures(groups):
    """Late-comers, inversions and largest displacement of lists of ranks in order of processing."""
    late = sum(rank < max(group[:i], default=rank) for group in groups for i, rank in enumerate(group))
    far = [abs(i - sorted(group).index(rank)) for group in groups for i, rank in enumerate(group)]
    return {
        "late": late,
        "inversions": sum(map(slow_inversions, groups)),
        "largest_displacement": max(far, default=0),
    }


@given(st.permutations(range(37)))
def test_inversions_of_any_permutation(numbers):
    assert count_inversions(np.array(numbers, np.int64)) == slow_inversions(numbers)


@given(st.lists(st.integers(1, 9), max_size=8), st.randoms(use_true_random=False))
def test_inversions_of_permutations_that_fall_into_pieces(sizes, random):
    numbers = []
    for size in sizes:
        piece = list(range(len(numbers), len(numbers) + size))
        random.shuffle(piece)
        numbers += piece
    assert count_inversions(np.array(numbers, np.int64)) == slow_inversions(numbers)


def test_inversions_of_many():
    n = 300_000
    assert count_inversions(np.arange(n)[::-1].copy()) == n * (n - 1) // 2
    assert count_inversions(np.roll(np.arange(n), 1)) == n - 1


messages = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([ORDERS, AUDIT]), st.booleans(), st.integers(0, 20)),
    max_size=40,
)


@given(messages, st.randoms(use_true_random=False))
def test_out_of_order_against_its_definition(drawn, random):
    order = list(range(len(drawn)))
    random.shuffle(order)
    rows, by_key, by_queue = [], {}, {}
    for number, (key, queue, alive, created) in enumerate(drawn):
        fields = {"key": key, "queue": queue, "created_ns": created * MS}
        rows.append(processed(number, order[number], **fields) if alive else fate_row(number, **fields))
        if alive:
            entry = (order[number], (created, number))
            by_key.setdefault((queue, key), []).append(entry)
            by_queue.setdefault(queue, []).append(entry)
    random.shuffle(rows)  # rows come in the order in which messages ended
    seen = REGISTRY["out_of_order"](evidence(*rows))
    expected = [
        slow_figures([[rank for _, rank in sorted(group)] for group in groups.values()])
        for groups in (by_key, by_queue)
    ]
    assert seen.detail == {"per_key": expected[0], "global_": expected[1]}
    assert seen.count == expected[0]["late"]
    assert len(seen.examples) == min(10, seen.count)


def test_loss_is_not_disorder():
    rows = [processed(0), fate_row(1), processed(2, order=1)]
    assert REGISTRY["out_of_order"](evidence(*rows)).detail["global_"] == slow_figures([])


@pytest.mark.parametrize(("first", "second", "late"), [(0, 2, 0), (2, 0, 0), (2, 3, 1)])
def test_the_first_processing_of_any_copy_counts(first, second, late):
    """Message 0 has two copies; message 1 is processed between places 0 and 2."""
    rows = [
        processed(0, first, processed_ns=50 * MS),
        processed(0, second, copy=1, copy_of=0, processed_ns=60 * MS),
        processed(1, 1),
    ]
    assert REGISTRY["out_of_order"](evidence(*rows)).count == late


def test_queues_have_nothing_to_do_with_each_other():
    rows = [processed(0, 1, queue=ORDERS), processed(1, 0, queue=AUDIT)]
    assert REGISTRY["out_of_order"](evidence(*rows)).detail["global_"]["inversions"] == 0
