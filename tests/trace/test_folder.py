"""A run folder is whole or not there."""

import json
import os
import re
from dataclasses import asdict

import numpy as np
import pyarrow.parquet as pq
import pytest

from mqlab.errors import RunFolderError
from mqlab.trace import places
from mqlab.trace.counters import counters_from_json, counters_to_json
from mqlab.trace.folder import RunWriter, read_run, write_run
from mqlab.trace.kinds import Kind
from tests.support.traces import counters, event, fate_row, fates, processed, trace

TEXT = "# émile's scenario\nname: by-hand\r\n"
FILES = [
    "counters.json",
    "fates.parquet",
    "report.html",
    "run.json",
    "scenario.yaml",
    "summary.json",
    "trace.parquet",
]


def a_trace(**options):
    rows = [processed(0), processed(1), fate_row(2)]
    return trace(rows, [event(i, Kind.CREATED, i) for i in range(3)], series={"ready": [0, 3, 1]}, **options)


def write(folder, run=None, **options):
    return write_run(
        folder, run or a_trace(), scenario_text=TEXT, summary={"verdict": "holds", "none": None},
        overrides=["a.b=1"], files={"report.html": "<p>é</p>"}, **options,
    )  # fmt: skip


def assert_same_counters(one, other):
    assert (one.events_by_kind, one.messages, one.fates, one.moments) == (
        other.events_by_kind, other.messages, other.fates, other.moments,
    )  # fmt: skip
    assert (one.bin_ns, one.utilisation, one.gauges) == (other.bin_ns, other.utilisation, other.gauges)
    assert {name: asdict(stats) for name, stats in one.queues.items()} == {
        name: asdict(stats) for name, stats in other.queues.items()
    }
    for mine, theirs in ((one.histograms, other.histograms), (one.series, other.series)):
        assert mine.keys() == theirs.keys()
        for name in mine:
            assert mine[name].dtype == theirs[name].dtype == np.int64
            assert np.array_equal(mine[name], theirs[name])


def test_everything_comes_back(tmp_path):
    run = a_trace()
    folder = write(tmp_path / "deep" / "run", run)
    stored = read_run(folder)
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert stored.scenario_text == TEXT
    assert stored.summary == {"verdict": "holds", "none": None}
    assert stored.info["overrides"] == ["a.b=1"]
    assert stored.info["files"] == FILES
    back = stored.trace
    for name in ("scenario", "system", "engine", "seed", "level", "duration_ns", "producing_ns", "warmup_ns",
                 "entities", "digest", "event_count", "wall_s"):  # fmt: skip
        assert getattr(back, name) == getattr(run, name)
    assert_same_counters(back.counters, run.counters)
    assert np.array_equal(back.fates.of_message(1), run.fates.of_message(1))
    assert np.array_equal(back.events.between(0, 2), run.events.between(0, 2))


def test_counters_come_back_to_the_last_bit():
    rare = counters(fates([processed(0)]))
    rare.moments["latency"] = (3, 0.1 + 0.2, 2**62 + 1, 2**63 - 1)
    rare.histograms["latency"][7295] = 2**53 + 1
    assert_same_counters(counters_from_json(json.loads(json.dumps(counters_to_json(rare)))), rare)


@pytest.mark.parametrize("level", ["counts", "fates"])
def test_lower_levels_have_fewer_files(tmp_path, level):
    folder = write(tmp_path / "run", a_trace(level=level))
    stored = read_run(folder)
    assert (stored.trace.fates is None) == (level == "counts")
    assert stored.trace.events is None
    assert not (folder / "trace.parquet").exists()


def test_files_are_parquet_or_text(tmp_path):
    for path in write(tmp_path / "run").iterdir():
        assert path.read_bytes()[:4] == b"PAR1" or path.read_text(encoding="utf-8")


# --- atomic -----------------------------------------------------------------------------------------------


class BrokenError(Exception):
    pass


def test_a_failed_run_leaves_nothing_not_even_parents(tmp_path):
    folder = tmp_path / "a" / "b" / "run"

    def fail():
        with RunWriter(folder) as writer:
            writer.sink.fates(fates([processed(0)]))
            assert not folder.exists()
            raise BrokenError

    with pytest.raises(BrokenError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), RunWriter(tmp_path / "run"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_nobody_finishes_leaves_nothing(tmp_path):
    with RunWriter(tmp_path / "run"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["json", "rename"])
def test_a_failure_while_finishing_keeps_the_old_run(tmp_path, monkeypatch, step):
    folder = write(tmp_path / "run")
    before = (folder / "run.json").read_bytes()
    if step == "json":
        monkeypatch.setattr("mqlab.trace.folder.counters_to_json", lambda _: {"bad": object()})
        error = TypeError
    else:
        monkeypatch.setattr("mqlab.trace.folder.take_place", no_space)
        error = RunFolderError
    with pytest.raises(error):
        write(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert (folder / "run.json").read_bytes() == before
    read_run(folder)


def no_space(*_):
    raise OSError(28, "No space left on device")


def test_a_full_disk_is_told_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("mqlab.trace.folder.take_place", no_space)
    with pytest.raises(RunFolderError, match="No space left on device; make room"):
        write(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_run_replaces_a_run(tmp_path, monkeypatch, can_exchange):
    if not can_exchange:
        monkeypatch.setattr(places, "_exchange", lambda *_: False)
    folder = write(tmp_path / "run", a_trace(level="counts"))
    old = read_run(folder)
    new = write(folder)
    assert old.trace.level == "counts"
    assert read_run(new).trace.level == "events"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_without_an_exchange_a_failed_replacement_puts_the_old_run_back(tmp_path, monkeypatch):
    folder = write(tmp_path / "run", a_trace(level="counts"))
    monkeypatch.setattr(places, "_exchange", lambda *_: False)
    rename, calls = os.rename, []

    def fails_at_the_third(source, target):
        calls.append(target)
        if len(calls) == 3:
            no_space()
        rename(source, target)

    monkeypatch.setattr(places.os, "rename", fails_at_the_third)
    with pytest.raises(RunFolderError, match="No space"):
        write(folder)
    assert len(calls) == 4
    assert read_run(folder).trace.level == "counts"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_two_writers_do_not_meet(tmp_path):
    with RunWriter(tmp_path / "run") as one, RunWriter(tmp_path / "run") as other:
        one.sink.close()
        other.sink.close()
        for writer in (one, other):
            writer.finish(a_trace(), scenario_text=TEXT, summary={})
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "run").mkdir()
    write(tmp_path / "run")
    read_run(tmp_path / "run")


# --- what is refused --------------------------------------------------------------------------------------


def test_a_foreign_folder_is_never_replaced(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work")
    with pytest.raises(RunFolderError, match="is no run folder, so it is not replaced; choose another"):
        RunWriter(tmp_path / "thesis")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis"]


def test_a_run_folder_with_notes_in_it_is_not_replaced(tmp_path):
    folder = write(tmp_path / "run")
    (folder / "notes.md").write_text("keep me")
    with pytest.raises(RunFolderError, match=r"also holds notes\.md"):
        RunWriter(folder)
    assert (folder / "notes.md").exists()


def test_a_foreign_folder_that_appears_during_the_run_stays(tmp_path):
    with RunWriter(tmp_path / "run") as writer:
        writer.sink.close()
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "chapter.tex").write_text("years of work")
        with pytest.raises(RunFolderError, match="is no run folder"):
            writer.finish(a_trace(), scenario_text=TEXT, summary={})
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["chapter.tex"]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_file_is_never_replaced(tmp_path):
    (tmp_path / "run").write_text("precious")
    with pytest.raises(RunFolderError, match="is not a folder"):
        RunWriter(tmp_path / "run")
    assert (tmp_path / "run").read_text() == "precious"


def edit(name, change):
    def damage(folder):
        data = json.loads((folder / name).read_text())
        change(data)
        (folder / name).write_text(json.dumps(data))

    return damage


DAMAGES = {
    "no run.json": (lambda f: (f / "run.json").unlink(), "is no run folder: it has no run.json"),
    "half a run.json": (lambda f: (f / "run.json").write_text('{"format": "mq'), "run.json is damaged"),
    "no object": (lambda f: (f / "run.json").write_text("[1]"), "holds no object"),
    "endless nesting": (lambda f: (f / "run.json").write_text("[" * 200_000), "run.json is damaged"),
    "not ours": (lambda f: (f / "run.json").write_text('{"format": "zip"}'), "does not describe an mqlab"),
    "a newer trace": (edit("run.json", lambda d: d.update(trace_format=99)), "has trace format 99, this"),
    "an older scenario": (edit("run.json", lambda d: d.update(scenario_format=0)), "has scenario format 0"),
    "no version": (edit("run.json", lambda d: d.pop("trace_format")), "has trace format None"),
    "no seed": (edit("run.json", lambda d: d.pop("seed")), "garbles 'seed'"),
    "an odd level": (edit("run.json", lambda d: d.update(level="all")), "is damaged"),
    "a bad entity": (edit("run.json", lambda d: d["entities"].append({"who": 1})), "is damaged"),
    "no counters": (lambda f: (f / "counters.json").unlink(), "counters.json is missing"),
    "bad counters": (edit("counters.json", lambda d: d["moments"].update(latency=[1])), "is damaged"),
    "a bucket too far": (
        edit("counters.json", lambda d: d["histograms"]["latency"].update(filled=[10**6], counts=[1])),
        "is damaged",
    ),
    "no scenario": (lambda f: (f / "scenario.yaml").unlink(), "scenario.yaml is missing"),
    "binary scenario": (lambda f: (f / "scenario.yaml").write_bytes(b"\xff\xfe"), "it is not UTF-8"),
    "no summary": (lambda f: (f / "summary.json").unlink(), "summary.json is missing"),
    "no rows": (lambda f: (f / "trace.parquet").unlink(), "trace.parquet is missing"),
    "empty rows": (lambda f: (f / "fates.parquet").write_bytes(b""), "fates.parquet cannot be read"),
    "half the rows": (
        lambda f: (f / "trace.parquet").write_bytes((f / "trace.parquet").read_bytes()[:-20]),
        "trace.parquet cannot be read",
    ),
    "fewer rows": (edit("run.json", lambda d: d["rows"].update(fates=4)), "has 3 rows instead of 4"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_folder_is_told_and_never_a_traceback(tmp_path, damage):
    folder = write(tmp_path / "run")
    spoil, message = DAMAGES[damage]
    spoil(folder)
    with pytest.raises(RunFolderError, match=re.escape(message)) as caught:
        read_run(folder)
    assert str(folder) in str(caught.value)
    assert caught.value.mend


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(RunFolderError, match="there is no run folder"):
        read_run(tmp_path / "run")


def test_an_older_run_may_be_replaced(tmp_path):
    folder = write(tmp_path / "run")
    edit("run.json", lambda data: data.update(trace_format=0))(folder)
    write(folder)
    read_run(folder)


def test_a_run_of_the_first_trace_format_is_read_as_one_without_replies(tmp_path):
    """It has no columns for replies, and no stage of requests."""
    folder = write(tmp_path / "run")
    table = pq.read_table(folder / "fates.parquet")
    pq.write_table(table.drop_columns(["in_reply_to", "taken_for"]), folder / "fates.parquet")
    for name, change in (
        ("run.json", lambda info: info.update(trace_format=1)),
        ("counters.json", lambda counters: [counters[part].pop("request_reply") for part in ("histograms", "moments")]),
    ):
        data = json.loads((folder / name).read_text("utf-8"))
        change(data)
        (folder / name).write_text(json.dumps(data), "utf-8")
    trace = read_run(folder).trace
    assert set(trace.fates.column("in_reply_to").tolist()) == {-1}
    first = int(trace.fates.column("message")[0])
    assert trace.fates.of_message(first)["taken_for"].tolist()[0] == -1
    assert trace.counters.moments["request_reply"] == (0, 0.0, -1, -1)
    assert not trace.counters.histograms["request_reply"].any()
