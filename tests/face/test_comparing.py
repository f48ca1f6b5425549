"""Runs side by side, from Python."""

import re
from types import SimpleNamespace

import pytest

import mqlab
from mqlab.errors import BadInput
from mqlab.face.comparing import SECTIONS


def summarised(**changes):
    """What a comparison reads of a run: its summary."""
    summary = {
        "messages": {"created": 1000, "owed": 1000},
        "fates": {"processed": 990, "gave_up": 0, "lost": {"wire": 10, "broker_memory": 0}},
        "anomalies": {"lost": 0, "stale": None},
        "latency_ns": {"count": 990, "p50": 20_000_000, "max": None},
        "stages": {"latency": {"mean": 9_000_000}, "created_sent": {"mean": 1_000_000, "p50": 900_000}},
        "throughput_per_s": {"created": 100.0},
    }
    return SimpleNamespace(summary=summary | changes)


CURED = {"processed": 1002, "gave_up": 0, "lost": {"wire": 0, "broker_memory": 0}}


def test_a_table_of_what_occurs():
    both = mqlab.compare(
        {"as it was": summarised(), "cured": summarised(fates=CURED)}, sections=["fates", "latency_ns"]
    )
    assert str(both) == repr(both) == (
        "           as it was  cured\n"
        "\n"
        "fates\n"
        "processed        990  1,002\n"
        "lost:wire         10      0\n"
        "\n"
        "latency\n"
        "count            990    990\n"
        "p50            20 ms  20 ms"
    )  # fmt: skip


def test_figures_keep_what_does_not_occur_and_what_nobody_can_tell():
    figures = mqlab.compare({"a": summarised(), "b": summarised(fates=CURED)}).figures
    assert list(dict.fromkeys(figure.section for figure in figures)) == list(SECTIONS)
    by_name = {(figure.section, figure.name): figure for figure in figures}
    assert by_name["fates", "lost:broker_memory"].values == (0, 0)
    assert by_name["anomalies", "stale"].words == ("–", "–")
    assert [figure.name for figure in figures if figure.section == "stages"] == ["created_sent.mean"]
    assert by_name["stages", "created_sent.mean"].words == ("1 ms", "1 ms")
    assert by_name["throughput_per_s", "created"].words == ("100/s", "100/s")
    assert [figure.name for figure in figures if figure.differs] == ["processed", "lost:wire"]


def test_runs_may_differ_in_what_they_have():
    bare = summarised(fates={"processed": 990})
    figure = next(f for f in mqlab.compare({"a": bare, "b": summarised()}).figures if f.name == "lost:wire")
    assert (figure.values, figure.words) == ((None, 10), ("–", "10"))


def test_a_notebook_shows_as_much_and_escapes_names():
    both = mqlab.compare({"a<b": summarised(), "cured": summarised(fates=CURED)}, sections=["fates"])
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", both._repr_html_())
    assert cells == ["", "a&lt;b", "cured", "fates", "processed", "990", "1,002", "lost:wire", "10", "0"]


@pytest.mark.parametrize(
    ("runs", "sections", "mend"),
    [({}, ["fates"], "before"), ({"a": summarised()}, ["fate"], "did you mean `?fates")],
)
def test_what_cannot_be_compared(runs, sections, mend):
    with pytest.raises(BadInput) as caught:
        mqlab.compare(runs, sections=sections)
    assert re.search(mend, caught.value.mend)
