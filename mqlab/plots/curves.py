"""Curves of a sweep: figures against what was varied, with the band in which 95 % of such estimates hold the truth.

- ``load``: throughput and latency against the offered load; the knee is marked
- ``utilisation``: latency percentiles against how busy the consumers are
- ``backlog``: how long queues grew
- ``figure``: any one figure
- ``lines``: one figure against one setting, a line for each value of a second
- ``map``: one figure over two settings
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from mqlab.errors import BadInput, did_you_mean
from mqlab.plots.curve_parts import (
    FORMATS,
    LATENCIES,
    Curve,
    axis_label,
    barred,
    check_figure,
    counts,
    durations,
    is_duration,
    numbers,
    only_axis,
    series,
    told,
    x_axis,
)
from mqlab.plots.families import lines
from mqlab.plots.look import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, RED, heading, sheet, span, styled, thousands

__all__ = ["CURVES", "Curve", "caption", "draw", "fitting", "knee"]


def knee(throughput: NDArray[np.float64], latency: NDArray[np.float64]) -> int | None:
    """Find the point with the greatest power, throughput / latency; None if it is the first or the last.

    Beyond it more load buys more waiting than work. Source: L. Kleinrock, Power and deterministic rules of thumb for
    probabilistic problems in computer communications, ICC 1979.

    Examples
    --------
    >>> knee(np.array([10.0, 20.0, 30.0, 31.0]), np.array([1.0, 1.1, 1.5, 9.0]))
    2
    """
    power = np.where((latency > 0) & np.isfinite(latency), throughput / np.maximum(latency, 1e-300), -np.inf)
    best = int(np.argmax(power))
    return best if 0 < best < len(power) - 1 else None


@styled
def load(curve: Curve) -> Figure:
    """Draw throughput and latency against what was varied, theory dotted over them, the knee marked."""
    path, kind, log, texts, x = only_axis(curve, "a load curve")
    figure = sheet(8, 6.4)
    heading(figure, "Throughput and latency", curve.subtitle)
    upper, lower = figure.add_axes((0.13, 0.545, 0.82, 0.34)), figure.add_axes((0.13, 0.095, 0.82, 0.40))
    processed, offered = numbers(curve, "throughput.sustained"), numbers(curve, "throughput.created")
    upper.plot(x, offered[:, 0], color=GREY, lw=1.2, ls=":", label="offered")
    series(upper, x, processed, "processed", BLUE)
    wide = processed[:, 0].min() > 0 and offered[:, 0].max() > 30 * processed[:, 0].min()
    upper.set_ylabel("messages/s, logarithmic" if wide else "messages per second")
    if wide:
        upper.set_yscale("log")
    else:
        upper.set_ylim(bottom=0)
    upper.yaxis.set_major_formatter(FuncFormatter(lambda value, _: thousands(value)))
    for name, label, colour in LATENCIES:
        series(lower, x, numbers(curve, name), label, colour)
    theory = np.array([math.nan if t is None else t for t in curve.theory], np.float64)
    if np.isfinite(theory).any():
        lower.plot(x, theory, color=INK, lw=1.4, ls=(0, (1, 2)), label=f"mean, {curve.theory_name} theory", zorder=6)
    latency = numbers(curve, "latency.mean")[:, 0]
    durations(lower, log=_spans_much(curve))
    lower.set_ylabel("created → processed")
    at = knee(processed[:, 0], latency)
    for axes in (upper, lower):
        x_axis(axes, path, kind, log, texts, x)
        if at is not None:
            axes.axvline(x[at], color=ORANGE, lw=1.2, ls="--", label="knee")
        axes.legend(loc="best")
    upper.set_xlabel("")
    upper.tick_params(labelbottom=False)
    return figure


@styled
def utilisation(curve: Curve, group: str | None = None) -> Figure:
    """Draw latency percentiles against the utilisation of a consumer group: the hockey stick.

    Where consumers have less to do at higher points (a broker that only refuses), points are joined in the order of
    the sweep, with bars for bands.
    """
    name = group or curve.groups[0]
    busy = numbers(curve, f"utilisation.{name}")[:, 0]
    steps = np.diff(busy)
    turns = bool((steps < -0.01).any() and (steps > 0.01).any())
    order = np.arange(len(busy)) if turns else np.argsort(busy, kind="stable")
    figure = sheet(8, 4.6)
    heading(figure, "Latency against utilisation", curve.subtitle)
    axes = figure.add_axes((0.13, 0.13, 0.82, 0.70))
    for figure_name, label, colour in LATENCIES:
        draw_points = barred if turns else series
        draw_points(axes, busy[order], numbers(curve, figure_name)[order], label, colour)
    if turns:
        axes.annotate("first point", (busy[0], np.nanmin(numbers(curve, "latency.p50")[0, 0])), xytext=(8, -4),
                      textcoords="offset points", color=GREY, size=9)  # fmt: skip
    axes.set_xlim(0, 1.02)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:.0f} %"))
    axes.set_xlabel(f"utilisation of {name}: share of time at work, drain included")
    axes.set_ylabel("created → processed, logarithmic")
    durations(axes, log=True)
    axes.legend(loc="best")
    return figure


@styled
def backlog(curve: Curve) -> Figure:
    """Draw how long queues grew, and how long they took to drain once producers had stopped."""
    path, kind, log, texts, x = only_axis(curve, "a backlog curve")
    figure = sheet(8, 6.4)
    heading(figure, "Backlog and drain", curve.subtitle)
    axes, lower = figure.add_axes((0.13, 0.5, 0.82, 0.385)), figure.add_axes((0.13, 0.095, 0.82, 0.35))
    colours = (BLUE, RED, GREEN, ORANGE, PURPLE)
    for i, queue in enumerate(curve.queues[:2]):
        series(axes, x, numbers(curve, f"queues.{queue}.depth_max"), f"{queue}, longest", colours[2 * i])
        series(axes, x, numbers(curve, f"queues.{queue}.depth_mean"), f"{queue}, mean", colours[2 * i + 1])
    axes.set_ylabel("waiting: ready, or to be polled")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: thousands(value)))
    drained = numbers(curve, "backlog.drain")
    missing = "; no point: the run ended before" if np.isnan(drained[:, 0]).any() else ""
    series(lower, x, drained, f"until nothing was left{missing}", PURPLE)
    durations(lower, log=False)
    lower.set_ylabel("drain, after producers stopped")
    for each in (axes, lower):
        x_axis(each, path, kind, log, texts, x)
        each.legend(loc="best")
    axes.set_xlabel("")
    axes.tick_params(labelbottom=False)
    return figure


def _spans_much(curve: Curve) -> bool:
    """Say whether latencies differ so much that only a logarithmic axis shows all of them."""
    least, most = (np.nanmin(numbers(curve, "latency.p50")[:, 0]), np.nanmax(numbers(curve, "latency.p99")[:, 0]))
    return bool(most > 30 * max(least, 1.0))


@styled
def figure(curve: Curve, figure: str = "latency.p99") -> Figure:
    """Draw one figure."""
    path, kind, log, texts, x = only_axis(curve, "a curve")
    check_figure(curve, figure)
    drawn = sheet(8, 4.6)
    heading(drawn, told(figure), curve.subtitle)
    axes = drawn.add_axes((0.13, 0.14, 0.82, 0.69))
    found = numbers(curve, figure)
    series(axes, x, found, f"{told(figure)}, with its 95 % band" if curve.reps > 1 else told(figure), BLUE)
    x_axis(axes, path, kind, log, texts, x)
    if is_duration(figure):
        durations(axes, log=bool(np.nanmax(found[:, 0]) > 30 * max(np.nanmin(found[:, 0]), 1.0)))
    else:
        counts(axes)
    axes.set_ylabel(axis_label(figure))
    axes.legend(loc="best")
    return drawn


@styled
def map_of_two(curve: Curve, figure: str = "latency.p99") -> Figure:
    """Draw one figure as colours over two settings, with the number in each cell."""
    if len(curve.axes) != 2:
        raise BadInput(f"a map wants two settings, and {len(curve.axes)} are varied", mend="use --vary twice")
    check_figure(curve, figure)
    (rows, row_kind, _, row_texts, row_values), (columns, column_kind, _, column_texts, column_values) = curve.axes
    values = numbers(curve, figure)[:, 0].reshape(len(row_texts), len(column_texts))
    drawn = sheet(8, max(4.0, 1.9 + 0.42 * len(row_texts)))  # room for the name of the setting beside the rows
    height = drawn.get_figheight()
    heading(drawn, axis_label(figure), curve.subtitle)
    axes = drawn.add_axes((0.20, 0.75 / height, 0.66, (height - 1.5) / height))
    finite = values[np.isfinite(values)]
    wide = len(finite) > 0 and finite.min() > 0 and finite.max() > 30 * finite.min()
    shown = np.log10(np.maximum(values, 1e-300)) if wide else values
    axes.pcolormesh(shown, cmap="cividis", edgecolors="white", linewidth=1.0)
    spell = span if is_duration(figure) else (lambda value: thousands(float(f"{value:.3g}")))
    middle = np.nanmean([np.nanmin(shown), np.nanmax(shown)]) if len(finite) else 0.0
    size = 9 if len(column_texts) <= 10 else 7
    for i in range(len(row_texts)):
        for j in range(len(column_texts)):
            text = spell(values[i, j]) if math.isfinite(values[i, j]) else "–"
            dark = not shown[i, j] > middle
            axes.text(j + 0.5, i + 0.5, text, ha="center", va="center", size=size, color="white" if dark else INK)
    _cells(axes, "x", columns, column_kind, column_texts, column_values)
    _cells(axes, "y", rows, row_kind, row_texts, row_values)
    axes.grid(False)
    return drawn


def _cells(axes: Axes, which: str, path: str, kind: str, texts: Sequence[str], values: Sequence[float]) -> None:
    labels = list(texts) if kind == "word" else [FORMATS[kind](value) for value in values]
    places = np.arange(len(texts)) + 0.5
    if which == "x":
        axes.set_xticks(places, labels)
        axes.set_xlabel(path)
    else:
        axes.set_yticks(places, labels)
        axes.set_ylabel(path)


CURVES: dict[str, Callable[..., Figure]] = {
    "load": load, "utilisation": utilisation, "backlog": backlog, "figure": figure, "lines": lines, "map": map_of_two,
}  # fmt: skip
"""Pictures of a sweep by name."""


def draw(name: str, curve: Curve, **options: Any) -> Figure:
    """Draw a picture of a sweep.

    Raises
    ------
    BadInput
        There is no such picture, or it does not fit this sweep.
    """
    if name not in CURVES:
        raise BadInput(f"there is no picture `{name}` of a sweep", mend=did_you_mean(name, CURVES, "pictures"))
    return CURVES[name](curve, **options)


def fitting(curve: Curve) -> list[str]:
    """Name the pictures that fit a sweep: curves for one setting, a map for two."""
    if len(curve.axes) == 1:
        return ["load", "utilisation", "backlog"] if curve.groups else ["load", "backlog"]
    return ["map"] if len(curve.axes) == 2 else []


def caption(curve: Curve) -> str:
    """Say in words what the load curve shows."""
    if len(curve.axes) != 1:
        return f"{len(curve.axes)} settings are varied; the map shows one figure over two of them."
    path, kind, _, texts, values = curve.axes[0]
    throughput, latency = numbers(curve, "throughput.sustained")[:, 0], numbers(curve, "latency.mean")[:, 0]
    at = knee(throughput, latency)
    shown = texts if kind == "word" else [FORMATS[kind](value) for value in values]
    words = [f"From {path} = {shown[0]} to {shown[-1]}, {thousands(throughput[0])} to {thousands(throughput[-1])}"
             f" messages a second are processed."]  # fmt: skip
    most = int(np.nanargmax(throughput)) if np.isfinite(throughput).any() else 0
    if throughput[most] > 1.05 * throughput[-1]:
        words.append(f"The most is {thousands(throughput[most])}, at {shown[most]}; beyond it throughput falls.")
    if at is not None:
        words.append(
            f"The knee is at {shown[at]}: up to there throughput grows faster than latency, beyond it more load buys "
            f"more waiting than work."
        )
    if np.isfinite(latency).all() and len(latency) > 1:
        words.append(f"Mean latency goes from {span(latency[0])} to {span(latency[-1])}.")
    return " ".join(words)
