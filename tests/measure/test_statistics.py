"""Intervals that cover what they promise to cover."""

import math

import numpy as np
import pytest
from scipy import stats

from mqlab.measure.statistics import batch_means, mean_interval, student_cdf, student_quantile


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 9, 10, 99, 100, 1999, 2000, 100_000])
@pytest.mark.parametrize("probability", [0.001, 0.05, 0.5, 0.9, 0.975, 0.995])
def test_student_agrees_with_scipy(degrees, probability):
    expected = stats.t.ppf(probability, degrees)
    assert student_quantile(probability, degrees) == pytest.approx(expected, rel=1e-8, abs=1e-12)
    if degrees < 2000:
        assert student_cdf(expected, degrees) == pytest.approx(probability, rel=1e-10)


@pytest.mark.parametrize(("probability", "degrees"), [(0, 5), (1, 5), (0.5, 0)])
def test_student_refuses_what_makes_no_sense(probability, degrees):
    with pytest.raises(ValueError, match="no quantile"):
        student_quantile(probability, degrees)


def test_the_interval_agrees_with_scipy():
    values = [3.1, 2.7, 4.4, 3.9, 3.3]
    interval = mean_interval(values, confidence=0.99)
    low, high = stats.t.interval(0.99, 4, loc=np.mean(values), scale=stats.sem(values))
    assert (interval.low, interval.high) == (pytest.approx(low), pytest.approx(high))
    assert interval.covers(interval.mean)
    assert not interval.covers(high + 0.01)


def test_intervals_cover_as_often_as_they_say():
    random = np.random.default_rng(20)
    covered = sum(mean_interval(random.exponential(5.0, 30), confidence=0.9).covers(5.0) for _ in range(1000))
    assert 850 <= covered <= 940


def test_one_value_has_no_width_and_none_has_no_mean():
    assert math.isnan(mean_interval([4.0]).half_width)
    with pytest.raises(ValueError, match="no values"):
        mean_interval([])


def autocorrelated(random, count):
    noise = random.normal(0.0, 1.0, count)
    values = np.empty(count)
    value = 0.0
    for i in range(count):
        value = 0.9 * value + noise[i]
        values[i] = value
    return values


def test_batches_cover_where_single_values_do_not():
    random = np.random.default_rng(7)
    runs = [autocorrelated(random, 4000) for _ in range(100)]
    by_batches = sum(batch_means(values, batches=10).covers(0.0) for values in runs)
    by_values = sum(mean_interval(values).covers(0.0) for values in runs)
    assert by_batches >= 85
    assert by_values <= 60


def test_what_fills_no_batch_is_left_out_at_the_beginning():
    assert batch_means([1e9, 1.0, 3.0, 1.0, 3.0], batches=2).mean == 2.0


@pytest.mark.parametrize(("count", "batches"), [(3, 2), (10, 1), (0, 20)])
def test_too_few_values_are_refused(count, batches):
    with pytest.raises(ValueError, match="too few"):
        batch_means([1.0] * count, batches=batches)
