"""Figures with intervals: means by Student's t, quantiles from pooled histograms, and how often both hold the truth."""

import math

import numpy as np
import pytest

from mqlab.measure.latency import bucket_of, buckets_of
from mqlab.sweeps.estimates import mean_of, quantile_of


def histogram(values):
    filled, counts = np.unique(buckets_of(np.asarray(values, np.int64)), return_counts=True)
    return filled.tolist(), counts.tolist()


def test_quantiles_are_pooled_and_not_averaged():
    """Nine quiet runs and a wild one: the mean of their p99 would be 109, the p99 of all messages is 1000."""
    quiet, wild = histogram([10] * 100), histogram([10] * 50 + [250] * 50)
    assert quantile_of([quiet] * 9 + [wild], 0.99).value == 250
    assert quantile_of([quiet] * 99 + [wild], 0.99).value == 10


def test_a_run_without_values_does_not_count():
    assert quantile_of([([], []), histogram([7])], 0.5).value == 7
    assert math.isnan(quantile_of([([], [])], 0.5).value)
    assert math.isnan(mean_of([]).value)
    assert math.isnan(mean_of([math.nan]).value)


def test_one_run_has_no_interval():
    found = quantile_of([histogram([1, 2, 3])], 0.5)
    assert found.value == 2
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_equal_runs_have_an_interval_of_one_bucket():
    found = quantile_of([histogram([100, 200, 250])] * 4, 0.5)
    assert (found.low, found.value, found.high) == (200, 200, 200)


def test_intervals_lean_to_the_side_of_the_tail():
    """One run in four has a burst: beyond p95 there could well be more, and can hardly be less than nothing."""
    quiet, burst = histogram([*range(1, 101)] * 9 + [1000] * 2), histogram([*range(1, 101)] * 9 + [1000] * 40)
    found = quantile_of([quiet, quiet, quiet, burst], 0.95)
    assert found.value - found.low < found.high - found.value
    assert found.low > 80


@pytest.mark.parametrize(("q", "truth"), [(0.5, 1e6 * math.log(2)), (0.99, 1e6 * math.log(100))])
def test_intervals_of_quantiles_hold_the_truth_as_often_as_they_say(q, truth):
    """1,000 times eight runs of 400 exponential values: a true coverage of 95 % leaves 93 … 97 % once in 270 times."""
    random = np.random.default_rng(20_261_121)
    held = 0
    for _ in range(1000):
        runs = [histogram(random.exponential(1e6, 400)) for _ in range(8)]
        found = quantile_of(runs, q)
        held += bucket_of(round(found.low)) <= bucket_of(round(truth)) <= bucket_of(round(found.high))
    assert 930 <= held <= 970
