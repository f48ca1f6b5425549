"""The face: what Python gets from ``mqlab.run`` and ``mqlab.load``."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import mqlab
from mqlab.errors import BadInput, ConservationError, RunFolderError
from mqlab.face import rendering
from mqlab.face.frames import events_frame, fates_frame
from mqlab.trace.fates import Cause, Fate
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import EVENT, FATE, Entity, Rows
from tests.cli.conftest import TINY

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tiny(empty_folder):
    """A small scenario in the current folder."""
    (empty_folder / "tiny.yaml").write_text(TINY, encoding="utf-8")
    return Path("tiny.yaml")


def test_the_version_is_that_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert mqlab.__version__ == project["version"]


def test_the_face_lists_and_loads_its_names():
    assert {"run", "load", "Run"} <= set(dir(mqlab))
    assert callable(mqlab.run)
    with pytest.raises(AttributeError, match="no attribute 'rnu'"):
        mqlab.rnu  # noqa: B018


def test_running_gives_everything(tiny):
    run = mqlab.run(tiny, seed=4)
    assert run.verdict == "holds"
    assert run.trace.seed == run.model.seed == run.summary["seed"] == 4
    assert run.scenario.name == run.model.name == "tiny"
    assert run.folder is None
    assert len(run.outcomes) == 1
    assert "tiny seed=4: holds" in repr(run)
    assert len(run.fates) == run.summary["messages"]["owed"]
    assert len(run.events) == run.summary["events"]


def test_finding_messages_by_what_became_of_them(tiny):
    small = ["queues.orders.max_length=1", "consumers.stock.prefetch=1", "consumers.stock.service={constant: 50 ms}"]
    run = mqlab.run(tiny, overrides=small)
    evicted = run.which("evicted")
    assert evicted
    assert run.fates.set_index("message").loc[evicted, "fate"].eq("evicted").all()
    assert run.which("lost:wire") == run.which("phantom") == []
    assert run.which("lost") == list(next(f.examples for f in run.findings if f.name == "lost"))
    with pytest.raises(BadInput, match="lost:wier") as caught:
        run.which("lost:wier")
    assert "lost:wire" in caught.value.mend


def test_the_same_seed_is_the_same_run(tiny):
    first, second = (mqlab.run(tiny, seed=9) for _ in range(2))
    assert first.trace.digest == second.trace.digest
    assert first.fates.equals(second.fates)
    assert first.events.equals(second.events)


def test_a_run_comes_back_from_its_folder(tiny):
    run = mqlab.run(tiny, seed=4, out="here", overrides=["consumers.stock.count=1"])
    assert run.folder is not None
    back = mqlab.load("here")
    assert back.summary == run.summary
    assert back.trace.digest == run.trace.digest
    assert back.model == run.model
    assert back.findings == run.findings
    assert back.outcomes == run.outcomes
    assert back.overrides == ("consumers.stock.count=1",)
    assert back.fates.equals(run.fates)
    assert back.events.equals(run.events)
    assert str(back.explain(3)) == str(run.explain(3))
    assert (run.folder / "report.html").read_text(encoding="utf-8").startswith("<!")


def test_loading_what_is_no_run_says_so(tmp_path):
    with pytest.raises(RunFolderError, match=r"run\.json"):
        mqlab.load(tmp_path)


def test_the_levels_keep_what_they_say(tiny):
    counts, fates = mqlab.run(tiny, trace="counts"), mqlab.run(tiny, trace="fates")
    assert counts.trace.digest == fates.trace.digest
    with pytest.raises(BadInput, match="kept no fates"):
        counts.fates  # noqa: B018
    with pytest.raises(BadInput, match="kept no events"):
        fates.events  # noqa: B018
    assert str(counts.explain(5)) == str(fates.explain(5)) == str(mqlab.run(tiny).explain(5))


def test_pictures_by_name_and_all_together(tiny):
    run = mqlab.run(tiny)
    all_of_them = run.plot()
    assert {"timeline", "latency_distribution", "space_time"} <= set(all_of_them)
    assert all_of_them._repr_html_().count("<svg") >= 5
    assert type(run.plot("fates_bar")) is type(all_of_them["fates_bar"])
    with pytest.raises(BadInput, match="did you mean"):
        run.plot("timline")
    assert set(mqlab.run(tiny, trace="counts").plot()) == set(all_of_them), "what is missing is said in words"


def test_the_report_is_a_page(tiny, empty_folder):
    run = mqlab.run(tiny)
    html = run.report("page.html")
    assert "</html>" in html
    assert (empty_folder / "page.html").read_text(encoding="utf-8") == html


def test_a_notebook_shows_a_card(tiny):
    card = mqlab.run(tiny)._repr_html_()
    assert "✓ holds" in card
    assert "= owed" in card
    assert card.count("<div") == card.count("</div>")


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, True, "1"])
def test_a_seed_that_is_none_is_refused(tiny, seed):
    with pytest.raises(BadInput, match="seed"):
        mqlab.run(tiny, seed=seed)


def test_fates_that_do_not_add_up_never_get_out(tiny, empty_folder, monkeypatch):
    from dataclasses import replace

    from mqlab import engines

    honest = engines.get("sim")

    class Cheat:
        def run(self, *arguments, **options):
            trace = honest.run(*arguments, **options)
            messages = {**trace.counters.messages, "owed": trace.owed + 1}
            return replace(trace, counters=replace(trace.counters, messages=messages))

    monkeypatch.setattr(engines, "get", lambda _: Cheat())
    with pytest.raises(ConservationError):
        mqlab.run(tiny, out="here")
    assert [path.name for path in empty_folder.iterdir()] == ["tiny.yaml"]


def test_a_place_that_is_taken_is_refused_before_anything_runs(tiny, empty_folder, monkeypatch):
    monkeypatch.setattr("mqlab.face.performing.simulate", lambda *_, **__: pytest.fail("it ran"))
    (empty_folder / "mine").mkdir()
    (empty_folder / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(RunFolderError, match="mine"):
        mqlab.run(tiny, out="mine")


ENTITIES = (Entity("orders", "queue", "orders"), Entity("stock[0]", "consumer", "stock"))


def test_fates_as_a_frame():
    rows = np.zeros(2, FATE)
    rows["queue"], rows["consumer"] = [0, 0], [1, -1]
    rows["processed_ns"] = [5, -1]
    rows["fate"], rows["cause"] = [Fate.PROCESSED, Fate.LOST], [0, Cause.WIRE]
    frame = fates_frame(Rows(rows), ENTITIES)
    assert frame["fate"].tolist() == ["processed", "lost:wire"]
    assert frame["queue"].tolist() == ["orders", "orders"]
    assert frame["consumer"][0] == "stock[0]"
    assert frame["consumer"].isna().tolist() == [False, True]
    assert frame["processed_ns"][0] == 5
    assert frame["processed_ns"].isna().tolist() == [False, True]
    assert "reserved" not in frame
    assert "cause" not in frame


def test_events_as_a_frame():
    rows = np.zeros(len(Kind), EVENT)
    rows["kind"] = [kind.value for kind in Kind]
    rows["message"] = -1
    rows["actor"], rows["queue"] = 1, -1
    frame = events_frame(Rows(rows), ENTITIES)
    assert frame["kind"].tolist() == [kind.name.lower() for kind in Kind]
    assert frame["actor"].unique().tolist() == ["stock[0]"]
    assert frame["message"].isna().all()
    assert list(frame.columns[:2]) == ["time_ns", "kind"]


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_helper_renders_what_this_process_would(tiny):
    run = mqlab.run(tiny, out="here")
    with rendering.Helper() as helper:
        helper.begin(run)
        assert helper.finish() == rendering.render(run)
    assert helper.failure == ""


def test_a_helper_never_outlives_its_owner():
    seen = []

    def interrupted():
        with rendering.Helper() as helper:
            seen.append(helper._process.pid)
            assert alive(seen[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not alive(seen[0])


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_helper_that_dies_is_stood_in_for(tiny, when):
    run = mqlab.run(tiny, out="here")
    with rendering.Helper() as helper:
        if when == "before":
            helper._process.kill()
            helper._process.wait()
        helper.begin(run)
        if when == "after" and helper._process is not None:
            helper._process.kill()
        assert "</html>" in helper.finish()
    assert helper.failure == ""


def test_a_helper_that_is_not_wanted_does_nothing(tiny):
    with rendering.Helper(enabled=False) as helper:
        helper.begin(mqlab.run(tiny))
        assert helper.finish() is None
    assert helper.failure == ""


def test_a_file_called_like_a_module_does_not_disturb_the_helper(empty_folder):
    (empty_folder / "matplotlib.py").write_text("raise SystemExit('not I')")
    command = [sys.executable, "-P", "-m", "mqlab.face.rendering"]
    done = subprocess.run(command, input=b"", capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"")


def meddle(world):
    """A hand-written process: it kills a consumer once."""
    yield world.timeout(500_000_000)
    world.kill("stock[0]")


def test_a_run_with_hand_written_processes_says_whom_it_misses(tiny, empty_folder):
    run = mqlab.run(tiny, processes=[meddle], out="meddled", trace="counts")
    loaded = mqlab.load("meddled")
    assert loaded.process_names == run.process_names == (f"{__name__}.meddle",)
    with pytest.raises(RunFolderError, match=rf"took part in this run \({__name__}\.meddle\).*bring them along"):
        loaded.explain(3)
    assert str(mqlab.load("meddled", processes=[meddle]).explain(3)) == str(run.explain(3))
