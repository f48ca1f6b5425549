"""Little's law on traces whose figures are known."""

import pytest

from mqlab.errors import BadInput
from mqlab.measure import little
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import QueueStats
from tests.support.traces import AUDIT, ORDERS, S, event, processed, trace


def stay(message, begin, end, queue=ORDERS, leaves=Kind.ACKED, **fields):
    rows = [event(begin * S, Kind.ENQUEUED, message, queue=queue, **fields)]
    return rows + ([event(end * S, leaves, message, queue=queue, **fields)] if end is not None else [])


def stats(depth_mean, unacked_mean=0.0):
    return QueueStats(depth_mean, 0, unacked_mean, 0, 0, 0, 0, 0)


def run(*stays, orders=0.0, audit=0.0):
    rows = sorted((row for rows in stays for row in rows), key=lambda row: int(row["time_ns"]))
    queues = {"orders": stats(orders / 2, orders / 2), "audit": stats(audit)}
    return trace([processed(0)], rows, queues=queues)


def test_mean_number_is_rate_times_time():
    """Ten seconds; copies stay 2, 3 and 4 (till the end) seconds in orders, 5 in audit."""
    found = little(
        run(
            stay(0, 1, 3),
            stay(1, 2, 5),
            stay(2, 6, None),
            stay(3, 0, 5, AUDIT, Kind.VANISHED),
            orders=0.9,
            audit=0.5,
        )
    )
    assert [(queue.name, queue.rate_per_s, queue.time_s) for queue in found] == [
        ("orders", 0.3, 3.0), ("audit", 0.1, 5.0), ("system", 0.4, 3.5),
    ]  # fmt: skip
    assert [queue.residual for queue in found] == pytest.approx([0, 0, 0], abs=1e-12)


def test_a_mistake_in_the_means_shows():
    assert little(run(stay(0, 0, 5), orders=0.4))[0].residual == pytest.approx(-0.2)


def test_a_copy_may_come_again_after_a_crash():
    found = little(run(stay(0, 0, 2, leaves=Kind.VANISHED), stay(0, 4, 5), orders=0.3))
    assert found[0].residual == pytest.approx(0, abs=1e-12)


def test_what_is_dropped_on_arrival_was_never_there():
    dropped = [event(S, Kind.EVICTED, 9, queue=ORDERS), event(2 * S, Kind.VANISHED, 8, queue=-1)]
    assert little(run(stay(0, 0, 5), dropped, orders=0.5))[0].residual == pytest.approx(0, abs=1e-12)


def test_an_empty_queue_leaves_nothing_over():
    assert {queue.residual for queue in little(run())} == {0.0}


def test_it_needs_events():
    with pytest.raises(BadInput, match="needs events"):
        little(trace([processed(0)], level="fates"))
