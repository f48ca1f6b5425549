"""Distributions of latency of several runs in one picture: who is slower, and from which message on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from mqlab.errors import BadInput
from mqlab.measure.latency import describe
from mqlab.plots.look import BLUE, GREEN, ORANGE, PURPLE, RED, Sheet, duration_axis, heading, note, sheet, span, styled
from mqlab.plots.tail import STAGE_WORDS, tail
from mqlab.trace.schema import STAGES, Trace

__all__ = ["latency_tails", "latency_tails_caption"]

_LOOKS = ((BLUE, "-", "o"), (RED, (0, (4, 1.5)), "^"), (GREEN, (0, (1, 1)), "s"), (ORANGE, "-.", "D"),
          (PURPLE, (0, (3, 1, 1, 1)), "v"))  # fmt: skip
RUNS_MAX = len(_LOOKS)
TITLE = "How long messages took, side by side"


@styled
def latency_tails(traces: Mapping[str, Trace], *, stage: str = "latency") -> Sheet:
    """Draw the share that took longer for each run, its p99 marked; both axes are logarithmic.

    Raises
    ------
    BadInput
        There are more runs than lines that can be told apart, or there is no such stage.
    """
    if len(traces) > RUNS_MAX:
        raise BadInput(f"{len(traces)} lines are too many for one picture", mend=f"compare at most {RUNS_MAX} runs")
    if stage not in STAGES:
        raise BadInput(f"there is no stage `{stage}`", mend=f"there is {', '.join(STAGES)}")
    known = {name: trace for name, trace in traces.items() if trace.counters.moments[stage][0]}
    if not known:
        return note(TITLE, f"No message went from {STAGE_WORDS[stage]}, so there is nothing to show.", "")
    figure = sheet(8, 4.6)
    heading(figure, TITLE, "the mark on each line is its p99")
    axes = figure.add_axes((0.165, 0.135, 0.805, 0.70))
    floor = min(0.5 / trace.counters.moments[stage][0] for trace in known.values())
    for (name, trace), (colour, dash, mark) in zip(known.items(), _LOOKS, strict=False):
        found = describe(trace.counters, stage)
        durations, longer = tail(trace.counters.histograms[stage])
        shares = np.concatenate([[1.0, 1.0], np.repeat(np.maximum(longer[:-1], floor), 2), [floor * 0.8]])
        x = np.concatenate([[0.1], np.repeat(durations, 2)])
        label = f"{name}: mean {span(found['mean'] or 0)}, p99 {span(found['p99'] or 0)}"
        axes.plot(x, shares, color=colour, ls=dash, lw=2.0, label=label)
        axes.plot([max(found["p99"] or 0, 1)], [0.01], mark, color=colour, ms=8, zorder=5)
    _axes(axes, list(known.values()), stage, floor)
    return figure


def _axes(axes: Axes, traces: list[Trace], stage: str, floor: float) -> None:
    axes.set_yscale("log")
    axes.set_ylim(floor * 0.8, 1.6)
    powers = [power for power in range(16) if 10.0**-power >= floor]
    axes.yaxis.set_major_locator(FixedLocator([10.0**-power for power in powers]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: "all" if value > 0.9 else f"1 in {1 / value:,.0f}")
    axes.set_ylabel("share that took longer")
    longest = max(float(trace.counters.moments[stage][3]) for trace in traces)
    shortest = min(float(describe(trace.counters, stage)["p50"] or 0) for trace in traces)
    low = max(shortest / 10, longest / 1e7, 1.0)
    duration_axis(axes, "x", low, longest * 1.6, log=True)
    axes.set_xlabel(f"{STAGE_WORDS[stage]}, logarithmic")
    axes.legend(loc="best")


def latency_tails_caption(traces: Mapping[str, Trace], *, stage: str = "latency") -> str:
    """Say in words what the picture shows."""
    told = []
    for name, trace in traces.items():
        found = describe(trace.counters, stage)
        if found["count"]:
            told.append(f"{name}: half took at most {span(found['p50'] or 0)}, one in a hundred more than "
                        f"{span(found['p99'] or 0)}")  # fmt: skip
    return "; ".join(told) + "." if told else "No message was processed, so there is no latency to show."
