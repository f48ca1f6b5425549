"""``mqlab run``: what it prints, what it writes, and how it ends."""

import json
import math
import sys

import pytest

from mqlab.checks import ANOMALIES
from mqlab.cli import console
from mqlab.trace.fates import Cause, Fate

KEYS = [
    "scenario", "system", "engine", "seed", "trace_digest", "duration_s", "wall_s", "events", "messages",
    "fates", "anomalies", "latency_ns", "throughput_per_s", "queues", "utilisation", "expectations",
    "verdict",
]  # fmt: skip
BESIDES = {"trace_level", "stages", "gauges", "violations", "consumers"}
LOST = "lost"


def leaves(value):
    if isinstance(value, dict):
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def test_json_is_one_object_of_the_settled_shape(call, tiny):
    ending = call("run", tiny, "--seed", 7, "--json")
    assert (ending.code, ending.err) == (0, "")
    found = ending.object
    assert [key for key in found if key not in BESIDES] == KEYS
    assert (found["scenario"], found["system"], found["engine"], found["seed"]) == (
        "tiny",
        "rabbitmq",
        "sim",
        7,
    )
    assert set(found["messages"]) == {"created", "sent", "confirmed", "owed", "processed"}
    assert set(found["fates"]) == {fate.name.lower() for fate in Fate}
    assert set(found["fates"][LOST]) == {cause.name.lower() for cause in Cause} - {"none"}
    assert list(found["anomalies"]) == list(ANOMALIES)
    assert set(found["latency_ns"]) >= {"count", "mean", "p50", "p90", "p99", "p999", "max"}
    assert set(found["throughput_per_s"]) == {"created", "processed"}
    assert set(found["queues"]) == {"orders"}
    assert {"depth_mean", "depth_max"} <= set(found["queues"]["orders"])
    assert found["expectations"] == [
        {"text": "fates.processed > 0", "holds": True, "value": found["fates"]["processed"]}
    ]
    assert found["verdict"] == "holds"
    assert found["duration_s"] == 4.0
    assert all(math.isfinite(leaf) for leaf in leaves(found) if isinstance(leaf, float))


def test_fates_add_up_to_what_was_owed(call, tiny):
    found = call("run", tiny, "--json").object
    fates = dict(found["fates"])
    assert sum(fates.pop(LOST).values()) + sum(fates.values()) == found["messages"]["owed"] > 0


@pytest.mark.parametrize("level", ["counts", "fates", "events"])
def test_the_digest_does_not_depend_on_the_level(call, tiny, level):
    expected = call("run", tiny, "--json").object["trace_digest"]
    found = call("run", tiny, "--json", "--trace", level).object
    assert found["trace_digest"] == expected
    assert (found["anomalies"]["redelivered"] is None) == (level == "counts")


def test_another_seed_is_another_run(call, tiny):
    digests = {call("run", tiny, "--json", "--seed", seed).object["trace_digest"] for seed in (0, 1, 2**63 - 1)}
    assert len(digests) == 3


def test_a_run_goes_to_its_folder(call, tiny, empty_folder):
    ending = call("run", tiny, "--seed", 3)
    assert ending.code == 0
    folder = empty_folder / "runs" / "tiny-3"
    names = {path.name for path in folder.iterdir()}
    assert {
        "scenario.yaml",
        "run.json",
        "trace.parquet",
        "fates.parquet",
        "summary.json",
        "report.html",
    } <= names
    assert (folder / "scenario.yaml").read_text() == tiny.read_text()
    assert "runs/tiny-3/report.html" in ending.out
    assert [path.name for path in folder.parent.iterdir()] == ["tiny-3"], "nothing half-written beside it"


def test_the_folder_holds_what_json_prints(call, tiny, empty_folder):
    printed = call("run", tiny, "--json", "--out", "there").object
    assert json.loads((empty_folder / "there" / "summary.json").read_text()) == printed


def test_a_run_replaces_a_run(call, tiny, empty_folder):
    call("run", tiny, "--out", "here", "--seed", 1)
    assert call("run", tiny, "--out", "here", "--seed", 2).code == 0
    assert json.loads((empty_folder / "here" / "run.json").read_text())["seed"] == 2


def test_without_a_report(call, tiny, empty_folder):
    ending = call("run", tiny, "--no-report", "--out", "here")
    assert not (empty_folder / "here" / "report.html").exists()
    assert "report" not in ending.out


def test_quiet_prints_nothing(call, tiny):
    ending = call("run", tiny, "--quiet", "--no-report")
    assert (ending.code, ending.out, ending.err) == (0, "", "")


def test_an_expectation_that_fails_is_exit_code_1(call, tiny):
    tiny.write_text(tiny.read_text() + "  - fates.processed == 1\n")
    ending = call("run", tiny, "--no-report")
    assert ending.code == 1
    assert "✗ fails" in ending.out
    assert call("run", tiny, "--json", "--no-report").object["verdict"] == "fails"


def test_nothing_expected_is_no_failure(call, tiny):
    tiny.write_text(tiny.read_text().partition("expect:")[0])
    ending = call("run", tiny, "--json", "--no-report")
    assert (ending.code, ending.object["verdict"]) == (0, "none")


def test_set_changes_a_field(call, tiny):
    found = call("run", tiny, "--json", "--no-report", "--set", "duration=1 s", "--set", "drain=1 s").object
    assert found["duration_s"] == 2.0


def test_the_account_for_people(call, tiny):
    ending = call("run", tiny, "--seed", 3)
    found = call("run", tiny, "--seed", 3, "--json").object
    assert "✓ holds" in ending.out
    assert found["trace_digest"] in ending.out
    assert f"{found['messages']['owed']:,}" in ending.out
    assert "fates.processed > 0" in ending.out
    assert "p99.9" in ending.out
    if any(found["anomalies"].values()):
        assert "mqlab explain runs/tiny-3 --message" in ending.out


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(call, tiny, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    ending = call("run", tiny)
    lines = [line for line in ending.out.splitlines() if "mqlab explain" not in line and "report:" not in line]
    assert max(map(len, lines)) <= min(columns, console.WIDTH_MAX)


def test_no_colours_where_nobody_wants_them(call, tiny, monkeypatch):
    assert "\x1b" not in call("run", tiny).out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" not in call("run", tiny).out.replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\x1b[2m", "")


def test_a_report_that_cannot_be_rendered_does_not_cost_the_run(call, tiny, empty_folder, monkeypatch):
    def fail(*_):
        raise RuntimeError("no ink")

    monkeypatch.setattr("mqlab.face.rendering._start", lambda: (_ for _ in ()).throw(OSError("no room")))
    monkeypatch.setattr("mqlab.face.rendering.render", fail)
    ending = call("run", tiny, "--out", "here")
    assert ending.code == 0
    assert "no ink" in ending.complaint
    assert (empty_folder / "here" / "summary.json").exists()
    assert "report:" not in ending.out


def test_a_run_that_fails_leaves_nothing(call, tiny, empty_folder, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("the measures broke")

    monkeypatch.setattr("mqlab.face.performing.judged", fail)
    assert call("run", tiny).code == 3
    assert [path.name for path in empty_folder.iterdir()] == ["tiny.yaml"]


def test_a_large_run_says_that_it_keeps_less(call, tiny, monkeypatch):
    monkeypatch.setattr(sys.modules["mqlab.scenario.estimate"], "EVENTS_BY_DEFAULT", 10)
    ending = call("run", tiny, "--json", "--no-report")
    assert "--trace fates is used" in ending.complaint
    assert ending.object["trace_level"] == "fates"
