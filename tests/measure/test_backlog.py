"""Backlog from the time series."""

import pytest

from mqlab.measure.backlog import Peak, backlog, drain_ns, peak
from tests.support.traces import S, processed, trace


def run(ready, unacked=None):
    """Ten bins of a second; producers stop at 6 s."""
    return trace([processed(0)], series={"ready": ready, "unacked": unacked or [0] * len(ready)})


def test_backlog_is_what_is_ready_or_unacknowledged():
    times, copies = backlog(run([1, 2, 3], [10, 20, 30]))
    assert times.tolist() == [S, 2 * S, 3 * S]
    assert copies.tolist() == [11, 22, 33]


def test_the_peak_is_the_first_of_the_highest():
    assert peak(run([0, 5, 2, 5])) == Peak(5, 2 * S)
    assert peak(run([])) == Peak(0, 0)


@pytest.mark.parametrize(
    ("ready", "expected"),
    [
        ([1, 1, 1, 1, 1, 9, 4, 2, 0, 0], 3 * S),
        ([1, 1, 1, 1, 1, 9, 0, 2, 0, 0], 3 * S),
        ([1, 1, 1, 1, 9, 0, 0, 0, 0, 0], 0),
        ([0] * 10, 0),
        ([9] * 10, None),
        ([], 0),
    ],
)
def test_drain_time_counts_from_when_producers_stopped(ready, expected):
    assert drain_ns(run(ready)) == expected


def test_drain_time_from_another_moment():
    assert drain_ns(run([9, 9, 9, 9, 0, 0]), since_ns=2 * S) == 3 * S
