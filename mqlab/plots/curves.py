"""Curves of a sweep: figures against what was varied, with the band in which 95 % of such estimates hold the truth.

- ``load``: throughput and latency against the offered load; the knee is marked
- ``utilisation``: latency percentiles against how busy the consumers are
- ``backlog``: how long queues grew
- ``figure``: any one figure
- ``map``: one figure over two settings
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from mqlab.errors import BadInput, did_you_mean
from mqlab.plots.look import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, RED, heading, sheet, span, styled, thousands

__all__ = ["CURVES", "Curve", "caption", "draw", "fitting", "knee"]


class Estimate(Protocol):
    """A figure and its interval (NaN where unknown)."""

    @property
    def value(self) -> float:
        """The figure."""
        ...

    @property
    def low(self) -> float:
        """The lower end of its interval."""
        ...

    @property
    def high(self) -> float:
        """The upper end."""
        ...


@dataclass(frozen=True)
class Curve:
    """What is drawn: the axes of a sweep and a way to ask for figures at all its points.

    ``axes`` has (path, kind, log, texts, values) for each setting; points run with the last axis fastest.
    """

    name: str
    axes: Sequence[tuple[str, str, bool, Sequence[str], Sequence[float]]]
    estimates: Callable[[str], Sequence[Estimate]]
    figures: Sequence[str]
    reps: int
    theory: Sequence[float | None] = field(default_factory=list)
    """Mean latency in ns by theory at each point, where there is a theory."""
    theory_name: str = ""
    groups: Sequence[str] = ()
    queues: Sequence[str] = ()

    @property
    def subtitle(self) -> str:
        """What was run."""
        runs = f"{self.reps} runs a point" if self.reps > 1 else "one run a point, so no bands"
        return f"{self.name}, {runs}"


Row = tuple[str, str, str]
"""Figure, label, colour."""

_LATENCIES: Sequence[Row] = (("latency.p50", "p50", GREEN), ("latency.mean", "mean", BLUE), ("latency.p99", "p99", RED))
_DASHES = {GREEN: (0, (1, 1)), BLUE: "-", RED: (0, (4, 1.5)), ORANGE: "-.", PURPLE: (0, (3, 1, 1, 1))}
_MARKS = {GREEN: "s", BLUE: "o", RED: "^", ORANGE: "D", PURPLE: "v"}


def _numbers(curve: Curve, figure: str) -> NDArray[np.float64]:
    """Give value, low and high of a figure at every point: shape (points, 3)."""
    found = [(e.value, e.low, e.high) for e in curve.estimates(figure)]
    return np.array(found, np.float64).reshape(-1, 3)


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


def _series(axes: Axes, x: NDArray[np.float64], found: NDArray[np.float64], label: str, colour: str) -> None:
    """Draw a line with its band."""
    axes.plot(x, found[:, 0], ls=_DASHES[colour], marker=_MARKS[colour], ms=4.5, color=colour, label=label)
    if np.isfinite(found[:, 1:]).any():
        axes.fill_between(x, found[:, 1], found[:, 2], color=colour, alpha=0.22, lw=0)


def _only_axis(curve: Curve, what: str) -> tuple[str, str, bool, Sequence[str], NDArray[np.float64]]:
    if len(curve.axes) != 1:
        raise BadInput(f"{what} has room for one setting, and {len(curve.axes)} are varied", mend="draw `map`")
    path, kind, log, texts, values = curve.axes[0]
    return path, kind, log, texts, np.array(values, np.float64)


_FORMATS: dict[str, Callable[[float], str]] = {
    "rate": lambda value: f"{thousands(float(f'{value:.3g}'))}/s",
    "duration": span,
    "size": lambda value: f"{thousands(float(f'{value:.3g}'))} B",
    "number": lambda value: thousands(float(f"{value:.3g}")),
    "share": lambda value: f"{value * 100:.3g} %",
}


def _x_axis(axes: Axes, path: str, kind: str, log: bool, texts: Sequence[str], values: NDArray[np.float64]) -> None:
    axes.set_xlabel(path + (", logarithmic" if log else ""))
    first, last = values.min(), values.max()
    if log:
        axes.set_xscale("log")
    if log and first < last:
        pad = (last / first) ** 0.03
        axes.set_xlim(first / pad, last * pad)
    elif first < last:
        axes.set_xlim(first - 0.03 * (last - first), last + 0.03 * (last - first))
    if kind == "word":
        axes.set_xticks(values, texts)
        return
    if len(values) <= 8:
        axes.set_xticks(values)
        axes.set_xticks([], minor=True)
    spell = _FORMATS[kind]
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: spell(value)))
    if not log or len(values) > 8:
        axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))


def _durations(axes: Axes, *, log: bool) -> None:
    if log:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: span(value)))
    axes.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))


@styled
def load(curve: Curve) -> Figure:
    """Draw throughput and latency against what was varied, theory dotted over them, the knee marked."""
    path, kind, log, texts, x = _only_axis(curve, "a load curve")
    figure = sheet(8, 6.4)
    heading(figure, "Throughput and latency", curve.subtitle)
    upper, lower = figure.add_axes((0.13, 0.545, 0.84, 0.34)), figure.add_axes((0.13, 0.095, 0.84, 0.40))
    processed, offered = _numbers(curve, "throughput.sustained"), _numbers(curve, "throughput.created")
    upper.plot(x, offered[:, 0], color=GREY, lw=1.2, ls=":", label="offered")
    _series(upper, x, processed, "processed", BLUE)
    upper.set_ylabel("messages per second")
    upper.set_ylim(bottom=0)
    upper.yaxis.set_major_formatter(FuncFormatter(lambda value, _: thousands(value)))
    for name, label, colour in _LATENCIES:
        _series(lower, x, _numbers(curve, name), label, colour)
    theory = np.array([math.nan if t is None else t for t in curve.theory], np.float64)
    if np.isfinite(theory).any():
        lower.plot(x, theory, color=INK, lw=1.4, ls=(0, (1, 2)), label=f"mean, {curve.theory_name} theory", zorder=6)
    latency = _numbers(curve, "latency.mean")[:, 0]
    _durations(lower, log=_spans_much(curve))
    lower.set_ylabel("created → processed")
    at = knee(processed[:, 0], latency)
    for axes in (upper, lower):
        _x_axis(axes, path, kind, log, texts, x)
        if at is not None:
            axes.axvline(x[at], color=ORANGE, lw=1.2, ls="--", label="knee")
        axes.legend(loc="best")
    upper.set_xlabel("")
    upper.tick_params(labelbottom=False)
    return figure


@styled
def utilisation(curve: Curve, group: str | None = None) -> Figure:
    """Draw latency percentiles against the utilisation of a consumer group: the hockey stick."""
    name = group or curve.groups[0]
    busy = _numbers(curve, f"utilisation.{name}")[:, 0]
    order = np.argsort(busy, kind="stable")
    figure = sheet(8, 4.6)
    heading(figure, "Latency against utilisation", curve.subtitle)
    axes = figure.add_axes((0.13, 0.13, 0.84, 0.70))
    for figure_name, label, colour in _LATENCIES:
        _series(axes, busy[order], _numbers(curve, figure_name)[order], label, colour)
    axes.set_xlim(0, 1.02)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:.0f} %"))
    axes.set_xlabel(f"share of time in which {name} works")
    axes.set_ylabel("created → processed, logarithmic")
    _durations(axes, log=True)
    axes.legend(loc="best")
    return figure


@styled
def backlog(curve: Curve) -> Figure:
    """Draw how long queues grew, and how long they took to drain once producers had stopped."""
    path, kind, log, texts, x = _only_axis(curve, "a backlog curve")
    figure = sheet(8, 6.4)
    heading(figure, "Backlog and drain", curve.subtitle)
    axes, lower = figure.add_axes((0.13, 0.5, 0.84, 0.385)), figure.add_axes((0.13, 0.095, 0.84, 0.35))
    colours = (BLUE, RED, GREEN, ORANGE, PURPLE)
    for i, queue in enumerate(curve.queues[:2]):
        _series(axes, x, _numbers(curve, f"queues.{queue}.depth_max"), f"{queue}, longest", colours[2 * i])
        _series(axes, x, _numbers(curve, f"queues.{queue}.depth_mean"), f"{queue}, mean", colours[2 * i + 1])
    axes.set_ylabel("ready messages")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: thousands(value)))
    drained = _numbers(curve, "backlog.drain")
    _series(lower, x, drained, "until nothing was left", PURPLE)
    _durations(lower, log=False)
    lower.set_ylabel("drain, after producers stopped")
    for each in (axes, lower):
        _x_axis(each, path, kind, log, texts, x)
        each.legend(loc="best")
    axes.set_xlabel("")
    axes.tick_params(labelbottom=False)
    return figure


def _spans_much(curve: Curve) -> bool:
    """Say whether latencies differ so much that only a logarithmic axis shows all of them."""
    least, most = (np.nanmin(_numbers(curve, "latency.p50")[:, 0]), np.nanmax(_numbers(curve, "latency.p99")[:, 0]))
    return bool(most > 30 * max(least, 1.0))


def _is_duration(name: str) -> bool:
    if name == "backlog.drain":
        return True
    front, _, last = name.rpartition(".")
    return (front == "latency" or front.startswith("stages.")) and last != "count"


@styled
def figure(curve: Curve, figure: str = "latency.p99") -> Figure:
    """Draw one figure."""
    path, kind, log, texts, x = _only_axis(curve, "a curve")
    _check(curve, figure)
    drawn = sheet(8, 4.6)
    heading(drawn, figure, curve.subtitle)
    axes = drawn.add_axes((0.13, 0.14, 0.84, 0.69))
    found = _numbers(curve, figure)
    _series(axes, x, found, figure, BLUE)
    _x_axis(axes, path, kind, log, texts, x)
    if _is_duration(figure):
        _durations(axes, log=bool(np.nanmax(found[:, 0]) > 30 * max(np.nanmin(found[:, 0]), 1.0)))
    axes.set_ylabel(figure)
    axes.legend(loc="best")
    return drawn


@styled
def map_of_two(curve: Curve, figure: str = "latency.p99") -> Figure:
    """Draw one figure as colours over two settings, with the number in each cell."""
    if len(curve.axes) != 2:
        raise BadInput(f"a map wants two settings, and {len(curve.axes)} are varied", mend="use --vary twice")
    _check(curve, figure)
    (rows, row_kind, _, row_texts, row_values), (columns, column_kind, _, column_texts, column_values) = curve.axes
    values = _numbers(curve, figure)[:, 0].reshape(len(row_texts), len(column_texts))
    drawn = sheet(8, max(3.0, 1.9 + 0.42 * len(row_texts)))
    height = drawn.get_figheight()
    heading(drawn, figure, curve.subtitle)
    axes = drawn.add_axes((0.20, 0.75 / height, 0.66, (height - 1.5) / height))
    finite = values[np.isfinite(values)]
    wide = len(finite) > 0 and finite.min() > 0 and finite.max() > 30 * finite.min()
    shown = np.log10(np.maximum(values, 1e-300)) if wide else values
    axes.pcolormesh(shown, cmap="cividis", edgecolors="white", linewidth=1.0)
    spell = span if _is_duration(figure) else (lambda value: thousands(float(f"{value:.3g}")))
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
    labels = list(texts) if kind == "word" else [_FORMATS[kind](value) for value in values]
    places = np.arange(len(texts)) + 0.5
    if which == "x":
        axes.set_xticks(places, labels)
        axes.set_xlabel(path)
    else:
        axes.set_yticks(places, labels)
        axes.set_ylabel(path)


def _check(curve: Curve, figure: str) -> None:
    if figure not in curve.figures:
        mend = did_you_mean(figure, curve.figures, "figures")
        raise BadInput(f"there is no figure `{figure}` in this sweep", mend=mend)


CURVES: dict[str, Callable[..., Figure]] = {
    "load": load, "utilisation": utilisation, "backlog": backlog, "figure": figure, "map": map_of_two,
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
    throughput, latency = _numbers(curve, "throughput.sustained")[:, 0], _numbers(curve, "latency.mean")[:, 0]
    at = knee(throughput, latency)
    shown = texts if kind == "word" else [_FORMATS[kind](value) for value in values]
    words = [f"From {path} = {shown[0]} to {shown[-1]}, {thousands(throughput[0])} to {thousands(throughput[-1])}"
             f" messages a second are processed."]  # fmt: skip
    if at is not None:
        words.append(
            f"The knee is at {shown[at]}: up to there throughput grows faster than latency, beyond it more load buys "
            f"more waiting than work."
        )
    if np.isfinite(latency).all() and len(latency) > 1:
        words.append(f"Mean latency goes from {span(latency[0])} to {span(latency[-1])}.")
    return " ".join(words)
