"""The object that --json prints."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from mqlab.checks import ANOMALIES, Finding, judge
from mqlab.measure.summary import summarise, verdict
from mqlab.trace.fates import Cause, Fate
from mqlab.trace.schema import STAGES, QueueStats
from tests.support.traces import fate_row, processed, trace

ROWS = [processed(0), processed(1), fate_row(2), fate_row(3, fate=Fate.LOST, cause=Cause.WIRE)]
KEYS = [
    "scenario", "system", "engine", "seed", "trace_digest", "duration_s", "wall_s", "events", "messages",
    "fates", "anomalies", "latency_ns", "throughput_per_s", "queues", "utilisation",
    "expectations", "verdict",
]  # fmt: skip


def outcome(holds, value=1):
    return SimpleNamespace(text="lost == 0", holds=holds, value=value)


def finding(count, permitted):
    return Finding("lost", count, permitted, "because")


def test_it_has_everything_and_nothing_that_json_lacks():
    run = trace(ROWS)
    found = summarise(run, judge(run, {}), [outcome(True, np.int64(0))])
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert set(KEYS) <= set(found)
    assert found["messages"] == {"created": 4, "sent": 2, "confirmed": 2, "owed": 4, "processed": 2}
    assert found["duration_s"] == 10.0
    assert found["seed"] == 42
    assert found["expectations"] == [{"text": "lost == 0", "holds": True, "value": 0}]
    assert (found["verdict"], found["violations"]) == ("holds", [])


def test_every_fate_and_every_cause_is_there():
    fates = summarise(trace(ROWS), [])["fates"]
    assert list(fates) == [fate.name.lower() for fate in Fate]
    assert list(fates["lost"]) == [cause.name.lower() for cause in Cause if cause != Cause.NONE]
    assert (fates["processed"], fates["in_flight"], fates["expired"]) == (2, 1, 0)
    assert (fates["lost"]["wire"], sum(fates["lost"].values())) == (1, 1)


def test_every_anomaly_is_there_and_null_where_it_was_not_judged():
    run = trace(ROWS)
    anomalies = summarise(run, judge(run, {}))["anomalies"]
    assert tuple(anomalies) == ANOMALIES
    assert anomalies["redelivered"] == 0
    assert anomalies["log_duplicate"] is None
    counts = trace(ROWS, level="counts")
    assert set(summarise(counts, judge(counts, {}))["anomalies"].values()) == {None}


def test_every_stage_has_the_shape_of_the_latency():
    found = summarise(trace(ROWS), [])
    assert tuple(found["stages"]) == STAGES
    assert found["stages"]["latency"] == found["latency_ns"]
    assert {tuple(stage) for stage in found["stages"].values()} == {tuple(found["latency_ns"])}


def test_throughput_is_totals_over_time():
    assert summarise(trace(ROWS), [])["throughput_per_s"] == {"created": 4 / 6, "processed": 2 / 10}


def test_what_is_not_a_number_is_null():
    queues = {"orders": QueueStats(float("nan"), 0, float("inf"), 0, 0, 0, 0, 0)}
    found = summarise(trace(ROWS, queues=queues, changed={"utilisation": {"stock": np.float64("nan")}}), [])
    assert found["queues"]["orders"]["depth_mean"] is None
    assert found["queues"]["orders"]["unacked_mean"] is None
    assert found["utilisation"] == {"stock": None}


def test_integers_stay_integers():
    found = summarise(trace(ROWS, changed={"gauges": {"broker.memory_max_bytes": np.int64(2**60 + 1)}}), [])
    assert found["gauges"] == {"broker.memory_max_bytes": 2**60 + 1}
    for number in (
        found["events"],
        found["messages"]["owed"],
        found["latency_ns"]["p99"],
        found["latency_ns"]["max"],
    ):
        assert type(number) is int


@pytest.mark.parametrize(
    ("findings", "outcomes", "expected"),
    [
        ([], [], "none"),
        ([finding(0, False)], [], "none"),
        ([finding(3, True)], [], "none"),
        ([finding(None, False)], [], "none"),
        ([], [outcome(True), outcome(True)], "holds"),
        ([finding(3, True)], [outcome(True)], "holds"),
        ([], [outcome(True), outcome(False)], "fails"),
        ([], [outcome(True), outcome(None)], "fails"),
        ([finding(1, False)], [], "fails"),
        ([finding(1, False)], [outcome(True)], "fails"),
    ],
)
def test_the_verdict(findings, outcomes, expected):
    assert verdict(findings, outcomes) == expected


def test_violations_are_named():
    assert summarise(trace(ROWS), [finding(1, False)])["violations"] == ["lost"]
