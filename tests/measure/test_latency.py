"""Buckets cover every duration, and quantiles are off by less than 0.4 %."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.measure.latency import BUCKETS, QUANTILES, bucket_bounds, bucket_of, buckets_of, describe, quantile
from mqlab.trace.schema import STAGES
from tests.support.traces import counters, fate_row, fates, processed

durations = st.one_of(
    st.integers(0, 2**63 - 1),
    st.integers(0, 62).flatmap(lambda e: st.integers(-2, 2).map(lambda d: max(0, 2**e + d))),
)


def rule(value):
    """The rule of the trace format, letter by letter."""
    if value < 256:
        return value
    e = value.bit_length() - 1
    return 256 + (e - 8) * 128 + ((value >> (e - 7)) - 128)


@given(durations)
def test_a_duration_lies_within_its_bucket(value):
    bucket = bucket_of(value)
    assert bucket == rule(value)
    low, high = bucket_bounds(bucket)
    assert low <= value < high
    assert 0 <= bucket < BUCKETS


@given(st.lists(durations, max_size=50))
def test_many_at_once_are_the_same(values):
    assert buckets_of(np.array(values, np.int64)).tolist() == [bucket_of(value) for value in values]


def test_buckets_follow_each_other_without_gaps_to_the_end_of_int64():
    bounds = [bucket_bounds(bucket) for bucket in range(BUCKETS)]
    assert bounds[0][0] == 0
    assert bounds[-1][1] == 2**63
    assert all(one[1] == next_one[0] for one, next_one in pairwise(bounds))


@pytest.mark.parametrize("value", [-1, 2**63])
def test_what_is_no_duration_has_no_bucket(value):
    with pytest.raises(ValueError, match="has no bucket"):
        bucket_of(value)


@pytest.mark.parametrize("bucket", [-1, BUCKETS])
def test_there_are_no_other_buckets(bucket):
    with pytest.raises(ValueError, match="no bucket"):
        bucket_bounds(bucket)


@given(
    st.lists(st.integers(0, 2**62), min_size=1, max_size=200),
    st.one_of(st.sampled_from([0.0, 1.0, *QUANTILES.values()]), st.integers(0, 1000).map(lambda n: n / 1000)),
)
def test_a_quantile_is_off_by_less_than_four_per_mille(values, q):
    exact = sorted(values)[max(0, -(-round(q * 1000) * len(values) // 1000) - 1)]
    counts = np.bincount(buckets_of(np.array(values)), minlength=BUCKETS)
    found = quantile(counts, q, least=min(values), most=max(values))
    assert abs(found - exact) <= 0.004 * exact
    assert min(values) <= found <= max(values)
    assert quantile(counts, q) == pytest.approx(exact, rel=0.004)


def test_small_values_are_exact():
    counts = np.bincount(np.arange(256), minlength=BUCKETS)
    assert [quantile(counts, (n + 1) / 256) for n in range(256)] == list(range(256))


def test_nothing_counted_has_no_quantile():
    assert quantile(np.zeros(BUCKETS, np.int64), 0.5) is None
    assert describe(counters(fates([fate_row(0)])), "latency") == {
        "count": 0, "mean": None, "p50": None, "p90": None, "p99": None, "p999": None, "max": None,
    }  # fmt: skip


def test_a_quantile_lies_between_0_and_1():
    with pytest.raises(ValueError, match="not between"):
        quantile(np.ones(3, np.int64), 1.5)


def test_a_stage_is_described():
    rows = [processed(n, created_ns=0, processed_ns=(n + 1) * 100) for n in range(1000)]
    found = describe(counters(fates(rows)), "latency")
    assert (found["count"], found["mean"], found["max"]) == (1000, 50_050.0, 100_000)
    assert found["p50"] == pytest.approx(50_000, rel=0.004)
    assert found["p999"] == pytest.approx(99_900, rel=0.004)
    assert all(isinstance(found[name], int) for name in ("count", "max", *QUANTILES))


def test_every_stage_can_be_described():
    counted = counters(fates([processed(0)]))
    counts = {stage: describe(counted, stage)["count"] for stage in STAGES}
    assert counts == dict.fromkeys(STAGES, 1) | {"request_reply": 0}, "nobody asked for a reply"
