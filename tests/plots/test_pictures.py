"""Every picture of the registry: at every level, for a busy run and an empty one."""

from __future__ import annotations

from functools import cache

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

import mqlab
from mqlab import plots
from mqlab.errors import BadInput
from mqlab.measure.lag import lags
from mqlab.model import Model
from mqlab.plots import PICTURES, caption, draw, to_png, to_svg
from mqlab.plots.logs import bands
from mqlab.trace.fates import Fate
from mqlab.trace.schema import LEVELS, Level, Trace
from tests.support.synthetic import at_level, empty_run, flash_sale


def texts(figure: Figure) -> list[str]:
    """All that is written on a figure."""
    figure.canvas.draw()
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_text()]


@cache
def unclean_election() -> tuple[Trace, Model]:
    run = mqlab.run("kafka-unclean-election", trace="events", overrides=["duration=6500 ms", "drain=4 s"])
    return run.trace, run.model


def run_for(name: str) -> tuple[Trace, Model]:
    """A run that has what a picture shows."""
    return unclean_election() if name == "logs" else flash_sale()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", PICTURES)
def test_draws_at_every_level(name: str, level: Level) -> None:
    trace, model = run_for(name)
    trace = at_level(trace, level)
    figure = draw(name, trace, model)
    words = texts(figure)
    can = LEVELS.index(level) >= LEVELS.index(PICTURES[name].needs)
    assert bool(figure.axes) == can
    assert can or any("--trace" in text for text in words), (
        "a picture that cannot be drawn says what it takes"
    )
    assert len(caption(name, trace, model)) > 30


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", PICTURES)
def test_draws_a_run_in_which_nothing_happened(name: str, level: Level) -> None:
    trace, model = empty_run(level)
    assert to_svg(draw(name, trace, model)).startswith("<svg")
    assert "nan" not in caption(name, trace, model).lower()


@pytest.mark.parametrize("name", PICTURES)
def test_has_title_legend_and_labels_with_units(name: str) -> None:
    trace, model = run_for(name)
    figure = draw(name, trace, model)
    title = figure.texts[0]
    assert title.get_text()
    assert title.get_weight() == "bold"
    legends = figure.legends + [axes.get_legend() for axes in figure.axes if axes.get_legend()]
    assert legends
    assert all(text.get_text() for legend in legends for text in legend.get_texts())
    words = " ".join(texts(figure))
    assert any(unit in words for unit in (" s", " ms", "%")), "no units"


@pytest.mark.parametrize("name", PICTURES)
def test_works_without_a_model(name: str) -> None:
    trace, _ = run_for(name)
    assert draw(name, trace).axes
    assert caption(name, trace)


@pytest.mark.parametrize("name", PICTURES)
def test_same_run_same_bytes_and_settings_stay_as_they_were(name: str) -> None:
    trace, model = run_for(name)
    before = dict(matplotlib.rcParams)
    assert to_svg(draw(name, trace, model)) == to_svg(draw(name, trace, model))
    assert dict(matplotlib.rcParams) == before


def test_unknown_names_get_a_hint() -> None:
    trace, model = flash_sale()
    with pytest.raises(BadInput, match="did you mean timeline"):
        draw("time_line", trace, model)
    with pytest.raises(BadInput, match="fates_bar"):
        caption("xyz", trace, model)


def test_figures_show_themselves_in_notebooks() -> None:
    trace, model = flash_sale()
    figure = draw("fates_bar", trace, model)
    png, how = figure._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert how == {"width": 800}, "twice as many pixels as it is wide: sharp on any screen"
    assert to_png(figure).startswith(b"\x89PNG")


def test_parts_of_two_pictures_never_share_a_name() -> None:
    trace, model = flash_sale()
    names = [set(_names(to_svg(draw(name, trace, model)))) for name in ("timeline", "fates_bar")]
    assert names[0]
    assert not names[0] & names[1]


def _names(svg: str) -> list[str]:
    import re

    return re.findall(r'\bid="([^"]+)"', svg)


def test_every_reference_in_an_svg_points_into_it() -> None:
    import re

    for name in PICTURES:
        trace, model = run_for(name)
        svg = to_svg(draw(name, trace, model))
        used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', svg))
        assert used <= set(_names(svg))


def test_pictures_do_not_import_pyplot() -> None:
    import subprocess
    import sys

    code = "import sys, mqlab.plots; print('matplotlib.pyplot' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_nothing_drawn_lies_outside_the_page() -> None:
    for name in PICTURES:
        trace, model = run_for(name)
        figure = draw(name, trace, model)
        figure.canvas.draw()
        page = figure.bbox
        for text in figure.findobj(matplotlib.text.Text):
            if not text.get_text() or not text.get_visible() or text.get_clip_on():
                continue
            box = text.get_window_extent()
            inside = (
                box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 8 and box.y0 >= -1 and box.y1 <= page.y1 + 1
            )
            assert inside or not np.isfinite(box.x0), f"{name}: {text.get_text()!r} is cut off"


def test_a_run_of_queues_has_no_picture_of_logs() -> None:
    trace, model = flash_sale()
    assert "logs" not in plots.pictures_of(trace)
    assert "logs" in plots.pictures_of(unclean_election()[0])
    assert "no log" in " ".join(texts(draw("logs", trace, model)))
    assert "no log" in caption("logs", trace, model)


def test_bands_say_who_led_and_who_was_not_in_sync() -> None:
    trace, model = unclean_election()
    second = 1_000_000_000
    told = [
        (trace.entities[band.node].name, band.what, band.start_ns // second, band.stop_ns // second, band.clean)
        for band in bands(trace)
        if band.what in ("leads", "down")
    ]
    assert sorted(told) == [
        ("broker-1", "down", 5, 9, True), ("broker-1", "leads", 0, 5, True), ("broker-2", "down", 2, 6, True),
        ("broker-2", "leads", 6, 10, False),
    ]  # fmt: skip
    said = caption("logs", trace, model)
    assert "1 time, first at 6 s, 1 of them unclean" in said
    assert "stock" in said


def test_the_lag_is_what_was_appended_less_what_was_polled() -> None:
    trace, _ = unclean_election()
    (lag,) = lags(trace)
    assert lag.group == "stock"
    assert lag.records.min() >= 0
    stats = trace.counters.queues["orders"]
    assert lag.records.max() == stats.depth_max


def test_a_record_is_drawn_with_what_happened_to_its_batch() -> None:
    trace, model = unclean_election()
    lost = int(trace.fates.column("message")[np.flatnonzero(trace.fates.column("fate") == Fate.LOST)[7]])
    words = texts(draw("space_time", trace, model, message=lost))
    for word in ("joins a batch", "sent", "in the leader's log, not committed", "cut off the log: unreplicated"):
        assert word in words


def test_the_close_up_of_a_log_shows_batches() -> None:
    trace, model = unclean_election()
    words = " ".join(texts(draw("space_time", trace, model)))
    assert "batch of " in words
    assert "message" not in words


def test_the_timeline_of_a_log_speaks_of_polls() -> None:
    trace, model = unclean_election()
    words = texts(draw("timeline", trace, model))
    for word in ("to be polled", "polled, not committed", "records in logs", "cut off"):
        assert word in words
    assert "records to be polled" in caption("timeline", trace, model)
