"""The distribution of latency: what share of messages took longer than each duration, and where time went."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import NDArray

from mqlab.measure.latency import bucket_bounds, quantile
from mqlab.model import Model
from mqlab.plots.look import (
    BLUE,
    GREY,
    INK,
    RED,
    SKY,
    Sheet,
    duration_axis,
    heading,
    many,
    note,
    sheet,
    span,
    styled,
)
from mqlab.trace.schema import STAGES, Counters, Trace

__all__ = ["latency_distribution", "latency_distribution_caption"]

TITLE = "How long messages took"
MARKS = ((0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9"))
STAGE_WORDS = {
    "latency": "created → processed",
    "created_sent": "created → sent",
    "sent_confirmed": "sent → confirmed",
    "created_confirmed": "created → confirmed",
    "created_enqueued": "created → in queue",
    "enqueued_delivered": "in queue → delivered",
    "delivered_processed": "delivered → processed",
    "request_reply": "request → reply",
}
_SHOWN = tuple(stage for stage in STAGES if stage != "created_confirmed")
_BOX = (0.215, 0.765)


def _upper(buckets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Where buckets end, in ns."""
    return np.array([bucket_bounds(bucket)[1] for bucket in buckets.tolist()], np.float64)


def _quantiles(counters: Counters, stage: str, shares: Sequence[float]) -> list[float]:
    """Quantiles of a stage in ns, the same as the summary gives; 0 where nothing was counted."""
    _, _, least, most = counters.moments[stage]
    found = [quantile(counters.histograms[stage], share, least=least, most=most) for share in shares]
    return [float(value or 0) for value in found]


def tail(histogram: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Durations in ns and the share of values that are longer; only where the share changes."""
    full = np.flatnonzero(histogram)
    total = int(histogram.sum())
    longer = 1.0 - np.cumsum(histogram[full]) / max(total, 1)
    return np.maximum(_upper(full), 1.0), longer


@styled
def latency_distribution(trace: Trace, model: Model | None = None, *, stages: bool = True) -> Sheet:
    """Draw the complementary distribution of created → processed on log axes, percentiles marked.

    ``stages`` adds one line per stage with its median, middle half and p99 on the same axis of durations.
    Comes from the counters, so it is available at every level; warm-up is left out.
    """
    subtitle = f"{trace.scenario} on {trace.system}"
    if trace.counters.moments["latency"][0] == 0:
        return note(TITLE, "No message was processed, so there is no latency to show.", subtitle)
    height = 6.2 if stages else 4.0
    figure = sheet(8, height)
    heading(figure, TITLE, subtitle)
    low, high = _limits(trace.counters, _known(trace.counters) if stages else ("latency",))
    bottom = 2.75 if stages else 0.6
    upper = figure.add_axes((_BOX[0], bottom / height, _BOX[1], (height - 0.75 - bottom) / height))
    _curve(upper, trace.counters)
    duration_axis(upper, "x", low, high, log=True)
    if stages:
        lower = figure.add_axes((_BOX[0], 0.6 / height, _BOX[1], 1.8 / height))
        _stages(lower, trace.counters, low)
        duration_axis(lower, "x", low, high, log=True)
        lower.set_xlabel("duration, logarithmic")
        upper.tick_params(labelbottom=False)
    else:
        upper.set_xlabel("created → processed, logarithmic")
    return figure


def _known(counters: Counters) -> tuple[str, ...]:
    """Name the stages that a run has; older ones have fewer."""
    return tuple(stage for stage in _SHOWN if stage in counters.moments)


def _limits(counters: Counters, stages: Sequence[str]) -> tuple[float, float]:
    """From the shortest p1 that is not 0 to the longest value, and room for labels at the right."""
    longest = max(float(counters.moments[stage][3]) for stage in stages)
    shortest = [_quantiles(counters, stage, (0.01,))[0] for stage in stages]
    low = max(min((value for value in shortest if value > longest / 1e7), default=longest / 100) / 2.5, 1.0)
    return low, longest * (longest / low) ** 0.3


def _curve(axes: Axes, counters: Counters) -> None:
    """Draw the share that took longer, and mark the percentiles."""
    histogram = counters.histograms["latency"]
    durations, longer = tail(histogram)
    total = int(histogram.sum())
    floor = 0.5 / total
    axes.set_yscale("log")
    axes.set_ylim(floor * 0.8, 1.6)
    label = f"{many(total, 'copy')} processed"
    shares = np.concatenate([[1.0, 1.0], np.repeat(np.maximum(longer[:-1], floor), 2), [floor * 0.8]])
    axes.plot(np.concatenate([[0.1], np.repeat(durations, 2)]), shares, color=BLUE, lw=2.0, label=label)
    marks = [(share, name) for share, name in MARKS if total * (1 - share) >= 1]
    for (share, name), value in zip(
        marks, _quantiles(counters, "latency", [share for share, _ in marks]), strict=True
    ):
        axes.plot([max(value, 1)], [1 - share], "o", color=RED, ms=6, zorder=5)
        axes.annotate(
            f"{name}  {span(value)}",
            (max(value, 1), 1 - share),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            weight="bold",
        )
    powers = [power for power in range(16) if 10.0**-power >= floor]
    axes.yaxis.set_major_locator(FixedLocator([10.0**-power for power in powers]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: "all" if value > 0.9 else f"1 in {1 / value:,.0f}")
    axes.set_ylabel("share that took longer")
    axes.yaxis.set_label_coords(-0.17, 0.5)
    axes.legend(loc="lower left")


def _stages(axes: Axes, counters: Counters, low: float) -> None:
    """Draw one line a stage: thin to p99, thick for the middle half, a point at the median."""
    shown = [stage for stage in _known(counters) if counters.moments[stage][0]]
    values = np.array([_quantiles(counters, stage, (0.01, 0.25, 0.5, 0.75, 0.99)) for stage in shown])
    lines = np.arange(len(shown))[::-1]
    clipped = np.maximum(values, low)
    for first, last, width, colour, label in ((0, 4, 2.0, SKY, "p1 to p99"), (1, 3, 7.0, SKY, "middle half")):
        segments = np.stack([clipped[:, [first, last]], np.repeat(lines[:, None], 2, axis=1)], axis=2)
        axes.add_collection(LineCollection(list(segments), linewidths=width, colors=colour, label=label))
    axes.plot(clipped[:, 2], lines, "o", color=INK, ms=5, label="median", clip_on=False, ls="none")
    for line, row in zip(lines, values, strict=True):
        axes.text(
            0.995,
            line,
            f"{span(row[2])}, p99 {span(row[4])}",
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="center",
            size=9.5,
            color=INK,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
        )
    axes.set_yticks(lines, [STAGE_WORDS[stage] for stage in shown])
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, borderaxespad=0.1, labelcolor=GREY)


def latency_distribution_caption(trace: Trace, model: Model | None = None) -> str:
    """Say in words what the distribution shows."""
    counters = trace.counters
    total = counters.moments["latency"][0]
    if total == 0:
        return "No message was processed, so there is no latency to show."
    median, high = _quantiles(counters, "latency", (0.5, 0.99))
    words = [
        f"Half of all {many(total, 'copy')} took at most {span(median)} from creation to the end of work; "
        f"one in a hundred took more than {span(high)}, {high / max(median, 1):.2g} times the median.",
    ]
    parts = ("created_enqueued", "enqueued_delivered", "delivered_processed")
    inner = {stage: _quantiles(counters, stage, (0.5,))[0] for stage in parts}
    longest = max(inner, key=lambda stage: inner[stage])
    words.append(
        f"Below: the stage with the longest median is “{STAGE_WORDS[longest]}”, {span(inner[longest])}."
    )
    return " ".join(words)
