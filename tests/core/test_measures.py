"""What is counted while it happens equals what the rows say afterwards: histograms, series, depth, utilisation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.core import recorder
from mqlab.measure import latency
from mqlab.model import Arrivals, Confirm, Distribution, Fault, Keys, Message, Model
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import STAGES
from tests.support.models import (
    MS,
    S,
    consumer,
    event_rows,
    every,
    fate_rows,
    node,
    of_kind,
    play,
    producer,
    queue,
    retries,
    takes,
    tiny,
    wire,
)
from tests.support.traces import STAGE_ENDS


@given(
    st.integers(0, 2**63 - 1) | st.integers(0, 62).flatmap(lambda e: st.integers(-2, 2).map(lambda d: max(0, 2**e + d)))
)
def test_the_engine_and_the_measures_agree_on_buckets(value: int) -> None:
    bucket = recorder.bucket_of(value)
    assert bucket == latency.bucket_of(value)
    low, high = latency.bucket_bounds(bucket)
    assert low <= value < high
    assert 0 <= bucket < recorder.BUCKETS == latency.BUCKETS


def busy(warmup_ns: int = 0) -> Model:
    """A day in the life: everything is uneven, the queue overflows, the broker crashes once."""
    uneven = Distribution("exponential", (MS * 1.0,))
    return tiny(
        nodes=[node(publish_ns=20_000, deliver_ns=30_000, fsync_ns=2 * MS)],
        queues=[queue(durable=True, max_length=60, overflow="reject-publish")],
        producers=[
            producer(
                arrivals=Arrivals("poisson", 1500.0),
                count=3,
                message=Message(500, Keys(), True),
                confirm=Confirm(20, 30 * MS),
                retry=retries(4, 5 * MS, jitter="full"),
                link=wire(200_000),
            )
        ],
        consumers=[
            consumer(count=4, prefetch=3, service=Distribution("lognormal", (2.5 * MS, 1.0)), link=wire(100_000)),
            consumer("second", service=uneven),
        ],
        faults=[Fault(150 * MS, "crash", "broker", 20 * MS), Fault(60 * MS, "crash", "c[1]", 30 * MS)],
        duration_ns=300 * MS,
        drain_ns=100 * MS,
        warmup_ns=warmup_ns,
    )


@pytest.mark.parametrize("warmup_ns", [0, 100 * MS])
def test_histograms_and_moments_are_those_of_the_fates(warmup_ns: int) -> None:
    trace = play(busy(warmup_ns))
    rows = fate_rows(trace)
    rows = rows[rows["created_ns"] >= warmup_ns]
    for stage in set(STAGES) - {"request_reply"}:  # nobody asks for a reply here
        begin, end = STAGE_ENDS[stage]
        mine = rows[(rows[begin] >= 0) & (rows[end] >= 0)]
        if end in ("sent_ns", "confirmed_ns"):
            mine = mine[mine["copy"] == 0]  # the message's own durations count once
        spans = mine[end] - mine[begin]
        assert len(spans) > 100
        expected = np.bincount(latency.buckets_of(spans), minlength=latency.BUCKETS)
        assert (trace.counters.histograms[stage] == expected).all(), stage
        assert trace.counters.moments[stage] == (len(spans), spans.sum(), spans.min(), spans.max())


def test_series_are_the_events_by_time() -> None:
    trace = play(busy())
    bins = trace.counters.bin_ns
    rows = event_rows(trace)
    for name in ("created", "confirmed", "refused", "enqueued", "delivered", "acked", "evicted", "vanished"):
        at = rows["time_ns"][rows["kind"] == Kind[name.upper()]]
        counted = np.bincount(at // bins, minlength=len(trace.counters.series[name]))
        assert (trace.counters.series[name] == counted).all(), name
    assert trace.counters.series["ready"].max() > 20


def depth_integral(model: Model) -> tuple[float, float]:
    """Ready × time and unacknowledged × time between warm-up and the end, added up over events (no crash in them)."""
    trace = play(model)
    ready = {Kind.ENQUEUED: 1, Kind.REQUEUED: 1, Kind.DISPATCHED: -1, Kind.EVICTED: -1}
    unacked = {Kind.DISPATCHED: 1, Kind.ACKED: -1, Kind.REQUEUED: -1, Kind.DISCARDED: -1}
    areas = []
    for changes in (ready, unacked):
        area, depth, since = 0.0, 0, model.warmup_ns
        for row in event_rows(trace):
            if row["queue"] >= 0 and row["kind"] in changes:
                now = max(int(row["time_ns"]), model.warmup_ns)
                area += depth * (now - since)
                depth, since = depth + changes[Kind(int(row["kind"]))], now
        areas.append(area + depth * (model.end_ns - since))
    return areas[0], areas[1]


@pytest.mark.parametrize("warmup_ns", [0, 70 * MS])
def test_mean_depth_is_the_integral_over_events(warmup_ns: int) -> None:
    model = tiny(producers=[producer(arrivals=Arrivals("poisson", 900.0))], duration_ns=200 * MS, drain_ns=S,
                 consumers=[consumer(prefetch=3, service=Distribution("exponential", (1.2 * MS,)))],
                 faults=[Fault(40 * MS, "reset", "c", 0)], warmup_ns=warmup_ns)  # fmt: skip
    stats, span = play(model).counters.queues["q"], model.end_ns - warmup_ns
    ready, unacked = depth_integral(model)
    assert stats.depth_mean * span == pytest.approx(ready, rel=1e-9)
    assert stats.unacked_mean * span == pytest.approx(unacked, rel=1e-9)


def test_figures_start_at_the_end_of_warm_up() -> None:
    """One a millisecond; of 10 ms the last 4 count."""
    trace = play(tiny(warmup_ns=6 * MS, drain_ns=0))
    stats = trace.counters.queues["q"]
    assert (stats.enqueued, stats.delivered, stats.acked) == (4, 4, 4)
    assert trace.counters.moments["latency"][0] == 4
    assert trace.counters.utilisation["c"] == pytest.approx(0.1)


def test_utilisation_of_consumers_is_the_time_they_worked() -> None:
    model = busy()
    trace = play(model)
    group = [i for i, entity in enumerate(trace.entities) if entity.group == "c" and entity.kind == "consumer"]
    began: dict[int, int] = {}
    worked = 0
    for row in event_rows(trace):
        who = int(row["actor"])
        if who not in group:
            continue
        if row["kind"] == Kind.STARTED:
            began[who] = int(row["time_ns"])
        elif who in began and (row["kind"] in (Kind.PROCESSED, Kind.DEDUPLICATED)
                               or (row["kind"] == Kind.DROPPED and row["cause"] == 1)):  # fmt: skip
            worked += int(row["time_ns"]) - began.pop(who)
    worked += sum(model.end_ns - start for start in began.values())
    assert trace.counters.utilisation["c"] * 4 * model.end_ns == pytest.approx(worked, rel=1e-9)


def test_utilisation_of_broker_and_disk_is_the_time_they_worked() -> None:
    trace = play(tiny(nodes=[node(publish_ns=200_000, deliver_ns=100_000, fsync_ns=MS)], queues=[queue(durable=True)],
                      producers=[producer(message=Message(1, Keys(), True))], drain_ns=10 * MS))  # fmt: skip
    assert trace.counters.utilisation["broker.cpu"] == pytest.approx(10 * 300_000 / (20 * MS))
    assert trace.counters.utilisation["broker.disk"] == pytest.approx(len(of_kind(trace, Kind.FLUSH_BEGAN)) / 20)


def test_memory_is_what_the_broker_stores_at_most() -> None:
    trace = play(tiny(producers=[producer(arrivals=every(MS, 6))], consumers=[consumer(service=takes(2 * MS))]))
    assert trace.counters.gauges["broker.memory_max_bytes"] == 400, "three wait and one is at work"
