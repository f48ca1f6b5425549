"""Expectations: what may be written, what it means, and what it says when a run could not tell."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.errors import Place, ScenarioError
from mqlab.scenario import load
from mqlab.scenario.expect import names_of, parse

SUMMARY: dict[str, Any] = {
    "events": 1000,
    "messages": {"created": 100, "sent": 100, "confirmed": 90, "owed": 100, "processed": 99},
    "fates": {"processed": 99, "rejected": 1, "lost": {"wire": 2, "auto_ack": 3}},
    "anomalies": {"lost": 0, "duplicate_effect": 4, "out_of_order": None},
    "latency_ns": {"count": 99, "mean": 1.5e8, "p50": 100_000_000, "p99": 200_000_000, "max": None},
    "stages": {"created_confirmed": {"p50": 5_000_000}},
    "throughput_per_s": {"created": 100.0, "processed": 99.5},
    "queues": {"orders": {"depth_max": 7, "depth_mean": 0.25}, "eu.west-1": {"depth_max": 3}},
    "utilisation": {"stock": 0.75, "broker.cpu": 0.1},
    "gauges": {"broker.memory_max_bytes": 2048},
}


@pytest.mark.parametrize(
    ("text", "holds", "value"),
    [
        ("lost == 0", True, 0),
        ("lost != 0", False, 0),
        ("duplicate_effect > 0", True, 4),
        ("fates.rejected >= 1", True, 1),
        ("fates.lost == 5", True, 5),
        ("fates.lost.wire < 3", True, 2),
        ("messages.owed == 100", True, 100),
        ("events <= 999", False, 1000),
        ("latency.p99 <= 200 ms", True, 200_000_000),
        ("latency.p99 < 0.2 s", False, 200_000_000),
        ("latency.mean == 150 ms", True, 150_000_000),
        ("latency.count == 99", True, 99),
        ("stages.created_confirmed.p50 < 10 ms", True, 5_000_000),
        ("throughput.processed > 99/s", True, 99.5),
        ("throughput.processed > 6 k/min", False, 99.5),
        ("queues.orders.depth_max < 10", True, 7),
        ("queues.eu.west-1.depth_max == 3", True, 3),
        ("utilisation.stock > 70 %", True, 0.75),
        ("utilisation.broker.cpu < 20 %", True, 0.1),
        ("gauges.broker.memory_max_bytes <= 2 KiB", True, 2048),
        ("gauges.nothing > 0", None, None),
        ("fates.processed / messages.owed >= 99 %", True, 0.99),
        ("fates.processed / messages.owed == 99 %", True, 0.99),
        ("messages.owed - fates.processed == 1", True, 1),
        ("messages.owed -1 == 99", True, 99),
        ("1 + 2 * 3 == 7", True, 7),
        ("(1 + 2) * 3 == 9", True, 9),
        ("-lost == 0", True, 0),
        ("2 - -3 == 5", True, 5),
        ("0 < fates.rejected <= 1", True, 1),
        ("0 < fates.rejected < 1", False, 1),
        ("10 ms < latency.p50 < 1 s", True, 100_000_000),
        ("latency.p99 / latency.p50 == 2", True, 2),
        ("latency.p50 * 2 == latency.p99", True, 200_000_000),
        ("throughput.created * 1 s == 100", True, 100),
        ("messages.created / 1 s == throughput.created", True, 100),
        ("lost == 0 and fates.rejected > 0", True, 0),
        ("lost > 0 or fates.rejected > 0", True, 0),
        ("not lost > 0", True, 0),
        ("not not lost > 0", False, 0),
        ("not (lost > 0 or events < 1)", True, 0),
        ("lost > 0 or events > 1 and events < 5", False, 0),
        ("10_000 > events", True, 1000),
        ("1e3 == events", True, 1000),
        # what is not known
        ("out_of_order == 0", None, None),
        ("latency.max < 1 s", None, None),
        ("out_of_order == 0 and lost == 0", None, None),
        ("out_of_order == 0 and lost > 0", False, None),
        ("out_of_order == 0 or lost == 0", True, None),
        ("not out_of_order == 0", None, None),
        ("events < out_of_order < 5", None, 1000),
        ("5 < lost < out_of_order", False, 0),
        ("events / lost > 1", None, None),
        ("redelivered == 0", None, None),
    ],
)  # fmt: skip
def test_holds(text: str, holds: bool | None, value: float | None) -> None:
    outcome = parse(text).evaluate(SUMMARY)
    assert (outcome.text, outcome.holds, outcome.value) == (text, holds, value)


def test_what_it_needs_is_known_before_the_run() -> None:
    assert parse("lost == 0 and fates.lost.wire > 0 or not latency.p99 > 1 s").needs == {
        "lost",
        "fates",
        "latency",
    }
    assert parse("queues.orders.depth_max < 5").needs == {"queues"}


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_shares_are_exact(part: int, whole: int) -> None:
    summary = {"fates": {"processed": part}, "messages": {"owed": whole}}
    for percent in (1, 33, 99):
        found = parse(f"fates.processed / messages.owed >= {percent} %").evaluate(summary)
        assert found.holds == (Fraction(part, whole) >= Fraction(percent, 100))


def test_names_are_those_of_the_scenario() -> None:
    names = names_of(load("flash-sale").model)
    assert {"queues.orders.depth_max", "utilisation.stock", "utilisation.broker.disk"} <= set(names)
    with pytest.raises(ScenarioError, match=r"did you mean `utilisation\.stock`"):
        parse("utilisation.stok < 1", names=names)
    with pytest.raises(ScenarioError, match=r"did you mean `queues\.orders\.depth_max`"):
        parse("queues.orders.depthmax < 1", names=names)


def test_every_name_leads_somewhere_in_a_summary() -> None:
    assert all(entry.keys for entry in names_of(load("flash-sale").model).values())


def test_the_column_is_where_it_goes_wrong() -> None:
    with pytest.raises(ScenarioError) as caught:
        parse("lost == 0 and losst == 0", Place("f.yaml", 7, 5))
    assert caught.value.place == Place("f.yaml", 7, 19)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("latency.p99 + 1 > 0", "a time is compared or added with a plain number"),
        ("latency.p99 > throughput.created", "a time is compared or added with a rate"),
        ("(lost == 0) + 1 > 0", "a comparison stands where a value belongs"),
        ("lost and events > 0", "a value stands where a comparison belongs"),
        ("lost == 0 events", "`events` is not a unit"),
        ("lost == events events", "is not expected here"),
        ("lost ==", "a value is missing before the end"),
        ("== 0", "a value is missing before `==`"),
        ("lost == 0)", "`)` is not expected here"),
        ("", "is empty"),
        ("lost ** 2 > 1", "a value is missing before `*`"),
        ("lost.__class__ == 0", "`lost.__class__` is not known"),
        ("lost{0} == 0", "`{` makes no sense"),
        ("lambda: 0", "`:` makes no sense"),
        ("events > 0 s", "a plain number is compared or added with a time"),
        ("lost ≤ 3", "`≤` makes no sense"),
        ("x" * 2000, "too long"),
        ("(" * 30 + "lost" + ")" * 30 + " == 0", "too deep"),
    ],
)
def test_what_is_refused(text: str, what: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse(text)
    assert what in caught.value.what
    assert caught.value.mend
