"""A sweep past the point of collapse: pictures that still show something, and words that say where it is."""

import math

import pytest

from mqlab.plots.curve_parts import Curve
from mqlab.plots.curves import caption, draw
from mqlab.plots.look import to_png
from mqlab.sweeps.estimates import Estimate

X = (1_000.0, 2_000.0, 10_000.0, 200_000.0)
FIGURES = {
    "throughput.created": X,
    "throughput.sustained": (820.0, 830.0, 700.0, 170.0),
    "latency.p50": (3e8, 8e9, 1e10, 3e10),
    "latency.mean": (2e9, 9e9, 1.2e10, 2.5e10),
    "latency.p99": (9e9, 1.7e10, 2.5e10, 5e10),
    "utilisation.stock": (0.6, 0.7, 0.68, 0.2),
    "queues.orders.depth_max": (5e3, 1e4, 1e4, 1e4),
    "queues.orders.depth_mean": (1e3, 4e3, 8e3, 1e4),
    "backlog.drain": (5e9, 1.1e10, 1.7e10, math.nan),
}


@pytest.fixture
def collapse():
    texts = [f"{x:g}/s" for x in X]
    return Curve(
        name="flash-sale", axes=[("rate", "rate", True, texts, X)],
        estimates=lambda figure: [Estimate(v, 0.9 * v, 1.2 * v) for v in FIGURES[figure]],
        figures=list(FIGURES), reps=3, groups=["stock"], queues=["orders"],
    )  # fmt: skip


def test_what_is_processed_can_be_seen_beside_what_is_offered(collapse):
    upper = draw("load", collapse).axes[0]
    assert upper.get_yscale() == "log"
    assert upper.get_ylabel().endswith("logarithmic")


def test_points_are_joined_in_the_order_of_the_sweep_where_utilisation_turns(collapse):
    figure = draw("utilisation", collapse)
    axes = figure.axes[0]
    assert list(axes.lines[0].get_xdata()) == list(FIGURES["utilisation.stock"])
    assert any(text.get_text() == "first point" for text in axes.texts)
    assert to_png(figure)[:4] == b"\x89PNG"


def test_a_drain_that_did_not_end_is_said_to_be_missing(collapse):
    lower = draw("backlog", collapse).axes[1]
    assert "no point: the run ended before" in lower.get_legend().get_texts()[0].get_text()


def test_the_caption_says_where_most_is_processed(collapse):
    assert "The most is 830, at 2,000/s; beyond it throughput falls." in caption(collapse)
