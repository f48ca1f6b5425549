"""Sweeps end to end: the same figures however they are computed, interrupted and gone on with, refused and drawn."""

import json
from pathlib import Path

import numpy as np
import pytest

import mqlab
from mqlab.errors import BadInput
from mqlab.measure.theory import mm1
from mqlab.plots.curves import CURVES, caption, fitting, knee
from mqlab.plots.look import to_png
from mqlab.scenario import loads
from mqlab.sweeps.theory import station_of
from tests.cli.conftest import TINY, call  # noqa: F401

MM1 = """\
name: mm1
system: rabbitmq
duration: 20 s
warmup: 1 s
drain: 5 s
nodes:
  broker: {cpu: {publish: 0 s, deliver: 0 s}}
producers:
  users: {arrivals: {poisson: 500/s}, link: {latency: 0 s}}
queues:
  work: {}
consumers:
  server: {service: {exponential: 1 ms}, prefetch: 1, link: {latency: 0 s}}
"""
COUNT, RATE = "consumers.stock.count", "producers.users.arrivals.poisson.rate"


@pytest.fixture
def tiny(empty_folder):
    (empty_folder / "tiny.yaml").write_text(TINY, encoding="utf-8")
    return "tiny.yaml"


@pytest.fixture
def station(empty_folder):
    (empty_folder / "mm1.yaml").write_text(MM1, encoding="utf-8")
    return "mm1.yaml"


def test_two_workers_find_what_one_finds(tiny):
    one = mqlab.sweep(tiny, {COUNT: [1, 2, 3]}, reps=3, jobs=1)
    two = mqlab.sweep(tiny, {COUNT: [1, 2, 3]}, reps=3, jobs=2)
    assert json.dumps(one.outcomes) == json.dumps(two.outcomes)
    assert one.frame.equals(two.frame)


def test_a_point_is_the_run_that_one_would_get(tiny):
    found = mqlab.sweep(tiny, {COUNT: [1, 3]}, reps=2, jobs=1, seed=7)
    run = mqlab.run(tiny, seed=8, overrides=[f"{COUNT}=3"], trace="counts")
    row = found.runs.query("point == 1 and rep == 1").iloc[0]
    assert (row["digest"], row["seed"]) == (run.trace.digest, 8)
    assert row["latency.mean"] == run.summary["latency_ns"]["mean"]
    assert row[COUNT] == 3


def test_points_share_their_luck(tiny):
    """The same seeds at each point: what producers do does not depend on the consumers."""
    found = mqlab.sweep(tiny, {COUNT: [1, 2]}, reps=3, jobs=1)
    created = found.runs.pivot_table(index="rep", columns=COUNT, values="messages.created")
    assert (created[1] == created[2]).all()


def test_the_frame_is_tidy(tiny):
    found = mqlab.sweep(tiny, {COUNT: [1, 2], "consumers.stock.prefetch": [1, 5]}, reps=2, jobs=1)
    frame = found.frame
    assert {COUNT, "consumers.stock.prefetch", "figure", "value", "low", "high", "runs", "point"} == set(frame.columns)
    assert len(frame) == 4 * len(found.figures)
    known = frame.dropna()
    assert (known["low"] <= known["value"]).all()
    assert (known["value"] <= known["high"]).all()


def test_anomalies_are_judged_if_fates_are_kept(tiny):
    assert "lost" not in mqlab.sweep(tiny, {COUNT: [1]}, reps=1, jobs=1).figures
    assert "lost" in mqlab.sweep(tiny, {COUNT: [1]}, reps=1, jobs=1, trace="fates").figures


def test_what_is_done_is_not_done_again(tiny, monkeypatch):
    from mqlab.sweeps import working

    first = mqlab.sweep(tiny, {COUNT: [1, 2]}, reps=2, jobs=1, out="kept")
    journal = Path("kept/runs.jsonl")
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(lines) == 4
    journal.write_text("".join(lines[:2]) + lines[2][:40], encoding="utf-8")  # as an interrupt leaves it
    ran = []
    work = working._work
    monkeypatch.setattr(working, "_work", lambda *given: ran.append(given[-1]) or work(*given))
    again = mqlab.sweep(tiny, {COUNT: [1, 2]}, reps=2, jobs=1, out="kept")
    assert len(ran) == 2
    assert again.frame.equals(first.frame)


def test_an_interrupt_keeps_what_is_done(tiny):
    def impatient(fraction):
        if fraction > 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mqlab.sweep(tiny, {COUNT: [1, 2]}, reps=4, jobs=2, out="kept", progress=impatient)
    done = len(Path("kept/runs.jsonl").read_text(encoding="utf-8").splitlines())
    assert 1 <= done < 8
    found = mqlab.sweep(tiny, {COUNT: [1, 2]}, reps=4, jobs=2, out="kept")
    assert found.frame.equals(mqlab.sweep(tiny, {COUNT: [1, 2]}, reps=4, jobs=1).frame)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"vary": {"consumers.stok.count": [1]}}, "no consumer `stok`"),
        ({"vary": {"consumers.stock.cuont": [1]}}, "--vary consumers.stock.cuont=1: unknown field `cuont`"),
        ({"vary": {COUNT: ["many"]}}, "`many` is not a whole number"),
        ({"reps": 0}, "reps is 0"),
        ({"jobs": 10_000}, "jobs is 10000"),
        ({"trace": "all"}, "no trace level 'all'"),
        (
            {"vary": {"producers.buyers.arrivals.poisson": ["9/s", "900M/s"]}, "overrides": ["duration=3 s"]},
            "at producers.buyers.arrivals.poisson=900M/s: the run would have about 2,700,000,000 messages",
        ),
        ({"reps": 10_000, "vary": {COUNT: list(range(1, 20))}}, "the sweep has 190,000 runs"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_is_written(tiny, empty_folder, given, what):
    options = {"vary": {COUNT: [1]}, "reps": 1, "jobs": 1, "out": "nothing", **given}
    with pytest.raises(BadInput, match=what):
        mqlab.sweep(tiny, options.pop("vary"), **options)
    assert not (empty_folder / "nothing").exists()


def test_a_folder_of_something_else_is_left_alone(tiny, empty_folder):
    (empty_folder / "mine").mkdir()
    (empty_folder / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(BadInput, match="is no sweep"):
        mqlab.sweep(tiny, {COUNT: [1]}, reps=1, jobs=1, out="mine")
    mqlab.sweep(tiny, {COUNT: [1]}, reps=1, jobs=1, out="other")
    with pytest.raises(BadInput, match=r"holds another sweep \(reps differ\)"):
        mqlab.sweep(tiny, {COUNT: [1]}, reps=2, jobs=1, out="other")
    assert [path.name for path in (empty_folder / "mine").iterdir()] == ["thesis.txt"]


def test_theory_is_drawn_where_it_applies(station):
    found = mqlab.sweep(station, {RATE: "400/s..800/s:3"}, reps=4, jobs=1)
    theory = found.curve().theory
    assert theory == [pytest.approx(mm1(rate, 1e-3).W_s * 1e9) for rate in (400, 600, 800)]
    for truth, row in zip(theory, found.table("latency.mean").itertuples(), strict=True):
        assert truth == pytest.approx(row.value, rel=0.15)
    uneven = "consumers.server.service={hyperexponential: {p: 90 %, mean1: 500 us, mean2: 5500 us}}"
    station = station_of(loads(MM1, overrides=[uneven]).model)
    assert station is not None
    half_of_squares = 0.9 * 0.5e-3**2 + 0.1 * 5.5e-3**2  # Pollaczek and Khinchine: λ E[S²] / 2 / (1 - ρ)
    assert station.Wq_s == pytest.approx(500 * half_of_squares / (1 - 0.5))
    assert station_of(loads(TINY).model) is None
    for change in ("queues.work.max_length=5", "consumers.server.service={uniform: {low: 1 ms, high: 2 ms}}",
                   "consumers.server.exceptions={probability: 1 %, then: requeue}", f"{RATE}=1100/s",
                   "producers.users.link.latency=1 ms", "faults=[{at: 1 s, reset: server}]"):  # fmt: skip
        model = loads(MM1, overrides=[change]).model
        assert station_of(model) is None, change


def test_every_picture_can_be_drawn(tiny):
    line = mqlab.sweep(tiny, {COUNT: [1, 2, 3]}, reps=2, jobs=1)
    table = mqlab.sweep(tiny, {COUNT: [1, 2], "consumers.stock.ack": ["manual", "auto"]}, reps=1, jobs=1)
    for name in CURVES:
        found = table if name in ("lines", "map") else line
        assert to_png(found.plot(name))[:4] == b"\x89PNG"
        texts = [axes.get_xlabel() for axes in found.plot(name).axes]
        assert any(texts), "an axis says what it is"
    assert fitting(line.curve()) == ["load", "utilisation", "backlog"]
    assert fitting(table.curve()) == ["map"]
    assert "consumers.stock.count = 1 to 3" in caption(line.curve())
    with pytest.raises(BadInput, match="a map wants two settings"):
        line.plot("map")
    with pytest.raises(BadInput, match=r"no figure `latency\.p98`"):
        line.plot("figure", figure="latency.p98")
    with pytest.raises(BadInput, match="no picture `lood`"):
        line.plot("lood")


def test_a_line_for_each_value_of_a_second_setting(empty_folder):
    (empty_folder / "mm1.yaml").write_text(MM1, encoding="utf-8")
    work = ["1 ms", "{exponential: 1 ms}", "{hyperexponential: {p: 90 %, mean1: 500 us, mean2: 5.5 ms}}"]
    vary = {RATE: ["300/s", "600/s"], "consumers.server.service": work}
    found = mqlab.sweep("mm1.yaml", vary, reps=2, jobs=1, overrides=["duration=3 s", "warmup=500 ms"])
    axes = found.plot("lines", labels=["even", "exponential", "uneven"]).axes[0]
    told = [text.get_text() for text in axes.get_legend().get_texts()]
    assert sorted(told) == ["even", "exponential", "theory", "uneven"]
    assert len(axes.get_lines()) == 6, "theory is drawn over each"
    assert len(found.plot("lines", figure="latency.p99").axes[0].get_lines()) == 3, "it speaks of means alone"
    with pytest.raises(BadInput, match="lines want two settings, and 1 are varied"):
        mqlab.sweep("mm1.yaml", {RATE: ["300/s"]}, reps=1, jobs=1, overrides=["duration=2 s"]).plot("lines")
    many = mqlab.sweep("mm1.yaml", {RATE: ["300/s"], "consumers.server.prefetch": [1, 2, 3, 4, 5, 6]}, reps=1, jobs=1)
    with pytest.raises(BadInput, match="6 lines are too many"):
        many.plot("lines")


def test_the_knee_is_where_power_is_greatest():
    assert knee(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0])) is None
    assert knee(np.array([1.0, 2.0, 2.1]), np.array([1.0, 1.2, 9.0])) == 1


def test_the_command_prints_a_table_and_leaves_everything(call, tiny, empty_folder):  # noqa: F811
    ending = call("sweep", tiny, "--vary", f"{COUNT}=1,2", "--reps", 2, "--jobs", 1, "--out", "swept")
    assert (ending.code, ending.err) == (0, "")
    assert "stock.count" in ending.out
    names = {path.name for path in (empty_folder / "swept").iterdir()}
    assert names == {"sweep.json", "runs.jsonl", "runs.parquet", "figures.parquet", "load.png", "utilisation.png",
                     "backlog.png"}  # fmt: skip
    found = call("sweep", tiny, "--vary", f"{COUNT}=1,2", "--reps", 2, "--jobs", 1, "--out", "swept", "--json").object
    assert found["vary"] == {COUNT: ["1", "2"]}
    assert len(found["digests"]) == 2
    assert {row["figure"] for row in found["figures"]} >= {"latency.p99", "throughput.sustained"}


def test_the_command_says_what_is_missing(call, tiny):  # noqa: F811
    assert "nothing is varied" in call("sweep", tiny).complaint
    assert call("sweep", tiny, "--vary", f"{COUNT}=1,2", "--reps", "no").code == 2
    assert "did you mean" in call("sweep", tiny, "--vary", "consumers.stock.cont=1,2").complaint


def test_a_log_has_curves_of_its_partitions():
    found = mqlab.sweep("kafka-acks-1", {"topics.orders.replicas": [2, 3]}, reps=1, overrides=["duration=200 ms"],
                        jobs=1)  # fmt: skip
    assert found.curve().queues == ["orders"]
    assert "orders, longest" in [line.get_label() for line in found.plot("backlog").axes[0].get_lines()]
