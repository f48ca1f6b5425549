"""The timeline: what came in, what was served, what waited and what went wrong, under one time axis."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from mqlab.model import Model
from mqlab.plots.logs import has_logs
from mqlab.plots.look import (
    BLUE,
    GREEN,
    INK,
    LEFT,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    Sheet,
    blocks,
    heading,
    many,
    sheet,
    span,
    steps,
    styled,
    thousands,
)
from mqlab.plots.spells import lane, shade, spells, time_axis
from mqlab.trace.schema import Trace

__all__ = ["timeline", "timeline_caption"]

BINS_MAX = 150
"""More than this cannot be told apart on a page; neighbouring bins are put together."""

TROUBLE = (
    ("refused", "refused", ORANGE, ""),
    ("evicted", "dropped", PURPLE, "..."),
    ("vanished", "crash took", RED, "///"),
    ("redelivered", "redelivered", SKY, ""),
)
"""(series, label, colour, hatch)."""

OF_QUEUES = ("ready", "unacknowledged", "copies in queues")
OF_LOGS = ("to be polled", "polled, not committed", "records in logs")


def binned(trace: Trace) -> tuple[NDArray[np.int64], int, dict[str, NDArray[np.int64]]]:
    """Edges in ns, width in ns and the series, with neighbouring bins put together where there are too many.

    Counts are added up; of ready and unacked the highest value stays, so that no peak is lost.
    """
    series, width = trace.counters.series, trace.counters.bin_ns
    bins = max((len(values) for values in series.values()), default=0)
    step = max(1, -(-bins // BINS_MAX))
    starts = np.arange(0, bins, step)
    put_together: dict[str, NDArray[np.int64]] = {}
    for name, values in series.items():
        how = np.maximum if name in ("ready", "unacked") else np.add
        put_together[name] = how.reduceat(values, starts) if len(values) else values
    return starts * width, step * width, put_together


@styled
def timeline(trace: Trace, model: Model | None = None) -> Sheet:
    """Draw arrivals, services, backlog and trouble over time; available at every level.

    Parameters
    ----------
    trace
        The run.
    model
        Names the faults; without it, crashes and silences are taken from the events, if those were kept.

    Examples
    --------
    >>> figure = timeline(trace, model)  # doctest: +SKIP
    >>> figure.savefig("timeline.svg")  # doctest: +SKIP
    """
    starts, width, series = binned(trace)
    faults = spells(trace, model)
    figure = sheet(8, 6.4)
    heading(figure, "What came in, what was served, what waited", f"{trace.scenario} on {trace.system}")
    rates, backlog, trouble = (
        figure.add_axes((LEFT, y, 0.985 - LEFT, h)) for y, h in ((0.6, 0.245), (0.335, 0.205), (0.08, 0.185))
    )
    panels = (rates, backlog, trouble)
    shade(panels, trace, faults)
    lane(figure, (LEFT, 0.846, 0.985 - LEFT, 0.075), trace, faults)
    _rates(rates, starts, width, series)
    _backlog(backlog, starts, width, series, OF_LOGS if has_logs(trace) else OF_QUEUES)
    _trouble(trouble, starts, width, series, has_logs(trace))
    for axes in panels:
        time_axis(axes, trace.duration_ns, label=axes is trouble)
        axes.yaxis.set_label_coords(-0.1, 0.5)
    for axes in (rates, backlog):
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.yaxis.set_major_formatter(lambda value, _: thousands(value))
    return figure


def _rates(axes: Axes, starts: NDArray[np.int64], width: int, series: dict[str, NDArray[np.int64]]) -> None:
    """Draw messages in and out, per second."""
    per_s, edges = 1e9 / width, np.append(starts, starts[-1] + width)
    steps(axes, edges, series["created"] * per_s, color=BLUE, label="created")
    steps(axes, edges, series["processed"] * per_s, color=GREEN, ls=(0, (5, 1.5)), label="processed")
    top = max(1.0, float(series["created"].max() * per_s), float(series["processed"].max() * per_s))
    axes.set_ylim(0, top * 1.22)
    axes.set_ylabel("messages per s")
    axes.legend(loc="upper right", ncols=2, borderaxespad=0.1, handlelength=2.4)


def _backlog(
    axes: Axes, starts: NDArray[np.int64], width: int, series: dict[str, NDArray[np.int64]], words: tuple[str, str, str]
) -> None:
    """Draw what stands in the queues, or what of logs is still to be read and to be committed."""
    ready, unacked, what = words
    edges = np.append(starts, starts[-1] + width)
    blocks(axes, edges, series["ready"], color=SKY, alpha=0.55, label=ready)
    steps(axes, edges, series["unacked"], color=INK, lw=1.2, label=unacked)
    axes.set_ylim(0, max(1, int(series["ready"].max()), int(series["unacked"].max())) * 1.25)
    axes.set_ylabel(what)
    axes.legend(loc="upper right", ncols=2, borderaxespad=0.1, handlelength=1.6)


def _trouble(
    axes: Axes, starts: NDArray[np.int64], width: int, series: dict[str, NDArray[np.int64]], of_logs: bool
) -> None:
    """Draw what was refused, dropped, taken by a crash or redelivered, each on a line and a scale of its own.

    One scale would hide the few that were lost behind the many that were refused.
    """
    seen = [row for row in TROUBLE if series[row[0]].sum()][::-1]
    edges, names = np.append(starts, starts[-1] + width), []
    for line, (name, label, colour, hatch) in enumerate(seen):
        rate = series[name] * (1e9 / width)
        height = line + 0.72 * rate / rate.max()
        blocks(axes, edges, height, line, facecolor=colour, hatch=hatch, edgecolor="white")
        steps(axes, edges, height, color=colour, lw=1.0)
        total = f"{series[name].sum():,} in all, at most {thousands(float(f'{rate.max():.3g}'))} per s"
        axes.text(
            0.995,
            line + 0.74,
            total,
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="center",
            size=9.5,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0},
        )
        names.append(_label(name, label, of_logs))
    axes.set_ylim(0, max(1, len(seen)) + 0.05)
    axes.set_yticks(range(len(seen)), names, va="bottom")
    axes.tick_params(axis="y", length=0, labelsize=9.5)
    if not seen:
        axes.set_yticks([])
        axes.text(
            0.5,
            0.5,
            "nothing was refused, dropped, taken by a crash or redelivered",
            transform=axes.transAxes,
            ha="center",
            bbox={"facecolor": "white", "edgecolor": "none"},
        )


def _label(name: str, label: str, of_logs: bool) -> str:
    """Name a kind of trouble in the words of logs, where there are other ones."""
    return {"vanished": "cut off", "redelivered": "polled again"}.get(name, label) if of_logs else label


def timeline_caption(trace: Trace, model: Model | None = None) -> str:
    """Say in words what the timeline shows."""
    starts, width, series = binned(trace)
    created, processed = int(series["created"].sum()), int(series["processed"].sum())
    if created == 0:
        return "Nobody created a message in this run, so all lines stay at zero."
    peak = int(np.argmax(series["ready"]))
    words = [
        f"{many(created, 'message')} came in; consumers finished work {many(processed, 'time')}.",
        "Where blue runs above green, more comes in than is served, and the backlog below it grows.",
    ]
    waiting = "records to be polled" if has_logs(trace) else "ready"
    if (highest := int(series["ready"][peak])) > 0:
        high = f"The backlog was highest around {span(float(starts[peak]) + width / 2)}, at {highest:,} {waiting}"
        words.append(f"{high}{_drained(starts, series['ready'])}.")
    parts = [
        f"{_label(name, label, has_logs(trace))} {int(series[name].sum()):,}"
        for name, label, _, _ in TROUBLE
        if series[name].sum()
    ]
    if parts:
        words.append(
            f"Bottom, each on its own scale: {', '.join(parts)}; a message tried again counts each time."
        )
    if names := [f"{spell.name} at {span(spell.start_ns)}" for spell in spells(trace, model)[:4]]:
        words.append(f"Shaded: {', '.join(names)}.")
    return " ".join(words)


def _drained(starts: NDArray[np.int64], ready: NDArray[np.int64]) -> str:
    """When the backlog was gone for good."""
    last = int(np.flatnonzero(ready)[-1])
    if last + 1 >= len(ready):
        return ", and it was not worked off by the end"
    return f", and gone for good by {span(float(starts[last + 1]))}"
