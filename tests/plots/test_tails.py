"""Several runs in one picture."""

from types import SimpleNamespace

import pytest

import mqlab
from mqlab.errors import BadInput
from mqlab.plots import COMPARISONS, draw_side_by_side, to_png
from tests.support.synthetic import empty_run, flash_sale


@pytest.fixture(scope="module")
def runs():
    quick = mqlab.run("dispatch-prefetch-1", overrides=["duration=5 s"])
    return {"one": quick, "two": mqlab.run("dispatch-round-robin", overrides=["duration=5 s"])}


def test_each_run_has_a_line_and_its_figures(runs):
    axes = mqlab.compare(runs).plot().axes[0]
    told = [text.get_text() for text in axes.get_legend().get_texts()]
    assert [text.partition(":")[0] for text in told] == ["one", "two"]
    assert all("mean" in text and "p99" in text and "s" in text for text in told)
    assert len({line.get_linestyle() for line in axes.get_lines() if len(line.get_xdata()) > 1}) == 2
    assert "logarithmic" in axes.get_xlabel()


def test_the_caption_has_the_median_and_the_tail(runs):
    told = COMPARISONS["latency_tails"][1]({name: run.trace for name, run in runs.items()})
    assert told.startswith("one: half took at most ")
    assert "; two: " in told


def test_runs_in_which_nothing_happened():
    empty, _ = empty_run("counts")
    assert to_png(draw_side_by_side("latency_tails", {"nothing": empty}))[:4] == b"\x89PNG"
    busy, _ = flash_sale()
    assert len(draw_side_by_side("latency_tails", {"nothing": empty, "busy": busy}).axes) == 1
    assert COMPARISONS["latency_tails"][1]({"nothing": empty}).startswith("No message")


def test_what_cannot_be_drawn(runs):
    with pytest.raises(BadInput, match="no picture `tails` of several runs"):
        mqlab.compare(runs).plot("tails")
    with pytest.raises(BadInput, match="no stage `latensy`"):
        mqlab.compare(runs).plot(stage="latensy")
    trace = SimpleNamespace()
    with pytest.raises(BadInput, match="6 lines are too many"):
        draw_side_by_side("latency_tails", {str(i): trace for i in range(6)})
