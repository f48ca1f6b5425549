"""What curves of a sweep have in common: what is drawn, how numbers are read, lines with bands, axes in good units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from mqlab.errors import BadInput, did_you_mean
from mqlab.plots.look import BLUE, GREEN, ORANGE, PURPLE, RED, span, thousands
from mqlab.plots.tail import STAGE_WORDS

__all__ = [
    "FORMATS", "LATENCIES", "Curve", "Estimate", "axis_label", "barred", "check_figure", "counts", "durations",
    "is_duration", "numbers", "only_axis", "series", "told", "x_axis",
]  # fmt: skip


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

LATENCIES: Sequence[Row] = (("latency.p50", "p50", GREEN), ("latency.mean", "mean", BLUE), ("latency.p99", "p99", RED))
DASHES = {GREEN: (0, (1, 1)), BLUE: "-", RED: (0, (4, 1.5)), ORANGE: "-.", PURPLE: (0, (3, 1, 1, 1))}
MARKS = {GREEN: "s", BLUE: "o", RED: "^", ORANGE: "D", PURPLE: "v"}


def numbers(curve: Curve, figure: str) -> NDArray[np.float64]:
    """Give value, low and high of a figure at every point: shape (points, 3)."""
    found = [(e.value, e.low, e.high) for e in curve.estimates(figure)]
    return np.array(found, np.float64).reshape(-1, 3)


def series(axes: Axes, x: NDArray[np.float64], found: NDArray[np.float64], label: str, colour: str) -> None:
    """Draw a line with its band."""
    axes.plot(x, found[:, 0], ls=DASHES[colour], marker=MARKS[colour], ms=4.5, color=colour, label=label)
    if np.isfinite(found[:, 1:]).any():
        axes.fill_between(x, found[:, 1], found[:, 2], color=colour, alpha=0.22, lw=0)


def barred(axes: Axes, x: NDArray[np.float64], found: NDArray[np.float64], label: str, colour: str) -> None:
    """Draw points with bars, joined in their order: for an x that goes to and fro, where a band would fold."""
    reach = np.nan_to_num(np.abs(found[:, 1:] - found[:, :1])).T
    axes.errorbar(x, found[:, 0], yerr=reach, ls=DASHES[colour], marker=MARKS[colour], ms=4.5, lw=1, color=colour,
                  capsize=2, label=label)  # fmt: skip


def only_axis(curve: Curve, what: str) -> tuple[str, str, bool, Sequence[str], NDArray[np.float64]]:
    """Give the one setting that is varied; a curve has no room for more."""
    if len(curve.axes) != 1:
        raise BadInput(f"{what} has room for one setting, and {len(curve.axes)} are varied", mend="draw `map`")
    path, kind, log, texts, values = curve.axes[0]
    return path, kind, log, texts, np.array(values, np.float64)


FORMATS: dict[str, Callable[[float], str]] = {
    "rate": lambda value: f"{thousands(float(f'{value:.3g}'))}/s",
    "duration": span,
    "size": lambda value: f"{thousands(float(f'{value:.3g}'))} B",
    "number": lambda value: thousands(float(f"{value:.3g}")),
    "share": lambda value: f"{value * 100:.3g} %",
}


def x_axis(axes: Axes, path: str, kind: str, log: bool, texts: Sequence[str], values: NDArray[np.float64]) -> None:
    """Label the axis of a setting in its own units."""
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
        axes.set_xticks(_apart(np.log(values) if log else values, values))
        axes.set_xticks([], minor=True)
    spell = FORMATS[kind]
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: spell(value)))
    if not log or len(values) > 8:
        axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))


def _apart(places: NDArray[np.float64], values: NDArray[np.float64]) -> list[float]:
    """Leave out labels that would touch their neighbours; the first and the last stay."""
    order = np.argsort(places)
    least = 0.07 * (places.max() - places.min())
    kept = [order[0]]
    for i in order[1:-1]:
        if places[i] - places[kept[-1]] >= least and places[order[-1]] - places[i] >= least:
            kept.append(i)
    return [float(values[i]) for i in dict.fromkeys([*kept, order[-1]])]


_TOLD = {
    "latency.mean": "Mean latency", "latency.p50": "Median latency", "throughput.sustained": "Throughput",
    "backlog.drain": "Time to drain the backlog", "backlog.peak": "Largest backlog", "lost": "Confirmed, and lost",
    "fates.rejected": "Refused for good",
}  # fmt: skip
_STATISTICS = {"mean": "Mean", "p50": "Median", "max": "Longest"}


def told(figure: str) -> str:
    """Name a figure in words, as far as there are any.

    Examples
    --------
    >>> told("latency.mean"), told("stages.sent_confirmed.max"), told("fates.lost.auto_ack"), told("out_of_order")
    ('Mean latency', 'Longest, sent → confirmed', 'Lost: auto ack', 'Out of order')
    >>> told("queues.orders.depth_max")
    'queues.orders.depth_max'
    """
    first, *more = figure.split(".")
    if figure in _TOLD:
        return _TOLD[figure]
    if first == "latency":
        return f"{more[-1]} of the latency"
    if first == "stages" and more[0] in STAGE_WORDS:
        return f"{_STATISTICS.get(more[-1], more[-1])}, {STAGE_WORDS[more[0]]}"
    if first == "fates":
        return ": ".join(more).replace("_", " ").capitalize()
    return figure if more else figure.replace("_", " ").capitalize()


def axis_label(figure: str) -> str:
    """Name a figure for its axis: with what is counted, where it is a count of messages."""
    of_messages = figure.startswith(("fates.", "messages.", "backlog.peak")) or "." not in figure
    return f"{told(figure)}, messages" if of_messages else told(figure)


def counts(axes: Axes) -> None:
    """Give the axis of figures that are no durations: from 0, with commas in thousands."""
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: thousands(float(f"{value:.3g}"))))


def durations(axes: Axes, *, log: bool) -> None:
    """Give the axis of durations good units."""
    if log:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: span(value)))
    axes.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))


def is_duration(name: str) -> bool:
    """Say whether a figure is a time in ns."""
    if name == "backlog.drain":
        return True
    front, _, last = name.rpartition(".")
    return (front == "latency" or front.startswith("stages.")) and last != "count"


def check_figure(curve: Curve, figure: str) -> None:
    """Refuse a figure that the sweep does not have."""
    if figure not in curve.figures:
        mend = did_you_mean(figure, curve.figures, "figures")
        raise BadInput(f"there is no figure `{figure}` in this sweep", mend=mend)
