"""Latency over time: how long messages created at each moment had to wait for their work to be done."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mqlab.model import Model
from mqlab.plots.look import (
    BLUE,
    LEFT,
    RED,
    SKY,
    Sheet,
    blocks,
    duration_axis,
    heading,
    many,
    note,
    sheet,
    span,
    styled,
)
from mqlab.plots.spells import lane, shade, spells, time_axis
from mqlab.trace.schema import RowSource, Trace

__all__ = ["latency_over_time", "latency_over_time_caption", "percentiles_over_time"]

BINS = 120
SHARES = (0.5, 0.9, 0.99)
TITLE = "How long a message took, by when it was created"


def percentiles_over_time(
    fates: RowSource, end_ns: int, *, bins: int = BINS
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Latency percentiles of the obligations created in each of ``bins`` equal intervals; linear in rows.

    Returns
    -------
    edges
        ``bins + 1`` times in ns.
    percentiles
        Shape (3, bins): p50, p90, p99 of created → processed in ns; NaN where nothing was processed.
    counts
        Shape (2, bins): obligations owed, and those of them that were never processed. Extra copies of
        re-sent messages are not counted here.
    """
    created, processed = fates.column("created_ns"), fates.column("processed_ns")
    first_copy = fates.column("copy_of") < 0
    edges = np.linspace(0, max(end_ns, 1), bins + 1)
    which = np.clip(created * bins // max(end_ns, 1), 0, bins - 1).astype(np.int16)
    done = first_copy & (processed >= 0)
    owed = np.bincount(which[first_copy], minlength=bins)
    never = owed - np.bincount(which[done], minlength=bins)
    order = np.argsort(which[done], kind="stable")  # a radix sort for int16
    spans, stops = (processed - created)[done][order], np.cumsum(np.bincount(which[done], minlength=bins))
    values = np.full((len(SHARES), bins), np.nan)
    for number, (start, stop) in enumerate(zip(np.append(0, stops[:-1]), stops, strict=True)):
        if stop > start:
            ranks = [min(int(share * (stop - start)), stop - start - 1) for share in SHARES]
            values[:, number] = np.partition(spans[start:stop], ranks)[ranks]
    return edges, values, np.vstack([owed, never]).astype(np.int64)


@styled
def latency_over_time(trace: Trace, model: Model | None = None) -> Sheet:
    """Draw p50, p90 and p99 of created → processed by creation time, and the share that was never processed.

    Needs fates: at level ``counts`` the figure says so instead.
    """
    subtitle = f"{trace.scenario} on {trace.system}"
    if trace.fates is None:
        return note(
            TITLE,
            "This run kept counts only. To see this, run it with\n--trace fates or --trace events",
            subtitle,
        )
    if len(trace.fates) == 0:
        return note(TITLE, "No message was created, so there is no latency to show.", subtitle)
    edges, values, counts = percentiles_over_time(trace.fates, trace.duration_ns)
    faults = spells(trace, model)
    figure = sheet(8, 4.6)
    heading(figure, TITLE, subtitle)
    upper, lower = (
        figure.add_axes((LEFT, 0.335, 0.985 - LEFT, 0.455)),
        figure.add_axes((LEFT, 0.115, 0.985 - LEFT, 0.15)),
    )
    shade((upper, lower), trace, faults)
    lane(figure, (LEFT, 0.795, 0.985 - LEFT, 0.1), trace, faults)
    _bands(upper, edges, values)
    _missing(lower, edges, counts)
    time_axis(upper, trace.duration_ns, label=False)
    time_axis(lower, trace.duration_ns, label=True)
    lower.set_xlabel("virtual time of creation, " + lower.get_xlabel().split(", ")[1])
    return figure


def _bands(axes: Axes, edges: NDArray[np.float64], values: NDArray[np.float64]) -> None:
    """Draw the percentiles as steps with a band between median and p99."""
    low, high = _limits(values)
    duration_axis(axes, "y", low, high, log=True)
    starts, both = np.repeat(edges, 2)[1:-1], np.repeat(values, 2, axis=1)
    axes.fill_between(starts, both[0], both[2], color=SKY, alpha=0.25, lw=0)
    for row, label, colour, dash in (
        (2, "p99", RED, "-"),
        (1, "p90", BLUE, (0, (5, 1.5))),
        (0, "p50 (median)", "#1a1a1a", "-"),
    ):
        axes.plot(starts, both[row], color=colour, ls=dash, lw=1.6, label=label)
    axes.set_ylabel("created → processed")
    axes.yaxis.set_label_coords(-0.095, 0.5)
    axes.legend(loc="lower right", ncols=3, borderaxespad=0.2)


def _limits(values: NDArray[np.float64]) -> tuple[float, float]:
    """Whole decades or thirds of them around all that is drawn."""
    seen = values[np.isfinite(values) & (values > 0)]
    if len(seen) == 0:
        return 1e6, 1e9
    return float(seen.min()) / 2.5, float(seen.max()) * 1.6


def _missing(axes: Axes, edges: NDArray[np.float64], counts: NDArray[np.int64]) -> None:
    """Draw the share of obligations that were never processed."""
    share = np.divide(100.0 * counts[1], counts[0], out=np.zeros(counts.shape[1]), where=counts[0] > 0)
    blocks(axes, edges, share, facecolor=RED, alpha=0.75, hatch="///", edgecolor="white")
    axes.set_ylim(0, max(5.0, min(100.0, float(share.max()) * 1.15)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    axes.set_ylabel("never\nprocessed")
    axes.yaxis.set_label_coords(-0.095, 0.5)


def latency_over_time_caption(trace: Trace, model: Model | None = None) -> str:
    """Say in words what latency over time shows."""
    if trace.fates is None:
        return "Latency over time needs one row per message; this run kept counts only."
    if len(trace.fates) == 0:
        return "No message was created."
    edges, values, counts = percentiles_over_time(trace.fates, trace.duration_ns)
    if not np.isfinite(values).any():
        return "No message was ever processed, so no latency can be shown."
    worst, best = int(np.nanargmax(values[2])), int(np.nanargmin(values[2]))
    words = [
        f"Of the messages created around {span((edges[worst] + edges[worst + 1]) / 2)}, one in a hundred "
        f"took longer than {span(values[2, worst])}; in the calmest interval it was {span(values[2, best])}.",
        "The scale is logarithmic: each line up is ten times longer.",
    ]
    if (never := int(counts[1].sum())) > 0:
        share = 100 * never / int(counts[0].sum())
        words.append(
            f"{many(never, 'message')} ({share:.2g} %) were never processed: they have no latency, so only "
            "the lower strip shows when they were created."
        )
    return " ".join(words)
