"""A stretch of time as a space-time diagram: time runs to the right, to scale, a colour a message."""

from __future__ import annotations

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from mqlab.model import Model
from mqlab.plots.canvas import Canvas
from mqlab.plots.journey import Journey, extract, world_rows
from mqlab.plots.life import merged
from mqlab.plots.look import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    Sheet,
    heading,
    many,
    note,
    sheet,
    span,
)
from mqlab.plots.phrases import TROUBLE
from mqlab.plots.spells import time_axis
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Trace

__all__ = ["COLOURS", "choose", "crash_window", "draw_close_up"]

COLOURS = (BLUE, ORANGE, GREEN, PURPLE, RED, SKY, "#7a5c00", "#444444")
TITLE = "Space and time"


def crash_window(trace: Trace, rows: int = 260) -> tuple[int, int]:
    """Find a stretch of about ``rows`` events around the first crash, or else at a third of the run."""
    if trace.events is None or len(trace.events) == 0:
        return 0, max(trace.duration_ns, 1)
    times = trace.events.column("time_ns")
    crashes = np.flatnonzero(trace.events.column("kind") == Kind.NODE_CRASHED)
    middle = int(crashes[0]) if len(crashes) else len(times) // 3
    before = int(times[middle] - times[max(0, middle - rows // 2)])
    after = int(times[min(len(times) - 1, middle + rows // 2)] - times[middle])
    after = int(0.7 * before) if before else after
    return int(times[middle]) - before, int(times[middle]) + max(after, 1)


def draw_close_up(trace: Trace, model: Model | None, start: int, stop: int, limit: int) -> Sheet:
    """Draw a few messages between two times, to scale."""
    assert trace.events is not None
    pad = (stop - start) // 2
    rows = trace.events.between(max(0, start - pad), stop + pad)
    shown, of = choose(rows, start, stop, limit)
    which = f"{len(shown)} of {many(of, 'message')} between {span(start, 6)} and {span(stop, 6)}"
    subtitle = f"{trace.scenario} on {trace.system}; {which}"
    world = world_rows(trace)
    world = world[(world["time_ns"] < stop) & np.isin(world["kind"], (60, 61, 62, 63, 67, 68))]
    mine = rows[np.isin(rows["message"], shown)]
    if len(mine) == 0:
        return note(TITLE, "No message did anything in this stretch of time.", subtitle)
    lanes = extract(trace, model, mine).lanes
    journey = extract(trace, model, merged(mine, world[np.isin(world["actor"], lanes)]))
    spots, rails = _spots(trace, journey, shown)
    bottom = max(spots.values()) + 0.55
    height = 1.75 + 0.34 * bottom
    figure = sheet(8, height)
    heading(figure, f"{TITLE}: {span(stop - start)} in close-up", subtitle)
    axes = figure.add_axes((0.115, 0.92 / height, 0.855, (height - 1.6) / height))
    axes.set_ylim(bottom, -0.55)
    time_axis(axes, stop, start_ns=start, label=True)
    canvas = Canvas(axes, journey, spots, journey.rows["time_ns"].astype(np.float64), down=False, rails=rails)
    colours = {int(number): COLOURS[i] for i, number in enumerate(shown)}
    canvas.lanes(trace.entities)
    canvas.stretches({}, by_message=colours)
    canvas.arrows(lambda arrow: colours.get(int(journey.rows["message"][arrow.start]), GREY))
    canvas.signs(TROUBLE, colours)
    _stretch_legend(figure, journey, colours)
    return figure


def _spots(
    trace: Trace, journey: Journey, shown: NDArray[np.int64]
) -> tuple[dict[int, float], dict[tuple[int, int], float]]:
    """Place lanes, and messages within a queue's lane, which is wide enough for one line each."""
    spots: dict[int, float] = {}
    rails: dict[tuple[int, int], float] = {}
    line = -1.0
    for lane in journey.lanes:
        wide = 0.18 * len(shown) / 2 if trace.entities[lane].kind == "queue" else 0.0
        spots[lane] = line + 1 + wide
        line = spots[lane] + wide
        if wide:
            rails |= {
                (lane, int(number)): 0.18 * (i - (len(shown) - 1) / 2) for i, number in enumerate(shown)
            }
    return spots, rails


def choose(rows: NDArray[np.void], start: int, stop: int, limit: int) -> tuple[NDArray[np.int64], int]:
    """Pick at most ``limit`` messages of the window, those in trouble first; and count all."""
    inside = rows[(rows["time_ns"] >= start) & (rows["time_ns"] < stop) & (rows["message"] >= 0)]
    numbers, events = np.unique(inside["message"], return_counts=True)
    trouble = np.isin(numbers, np.unique(inside["message"][np.isin(inside["kind"], [*TROUBLE])]))
    order = np.lexsort((numbers, -events, ~trouble))
    half = order[: max(1, limit // 2)] if trouble.any() else order[:0]
    calm = [number for number in np.lexsort((numbers, -events)) if number not in set(half.tolist())]
    picked = numbers[np.concatenate([half, np.array(calm[: limit - len(half)], np.int64)]).astype(np.int64)]
    return np.sort(picked), len(numbers)


def _stretch_legend(figure: Sheet, journey: Journey, colours: dict[int, str]) -> None:
    """Messages by colour, then signs."""
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=colour, lw=2.5, label=f"message {number}") for number, colour in colours.items()
    ]
    if any(arrow.how in ("lost", "stale") for arrow in journey.arrows):
        handles.append(Line2D([], [], color=INK, marker="x", ls="none", mew=2, label="never arrives"))
    if np.isin(journey.rows["kind"][journey.rows["message"] >= 0], [*TROUBLE]).any():
        handles.append(Line2D([], [], color=INK, marker="D", mfc="white", ls="none", ms=5, label="trouble"))
    if any(stretch.what == "down" for stretch in journey.stretches):
        handles.append(Patch(facecolor="#f7d9c9", hatch="///", edgecolor=RED, lw=0, label="down"))
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.01, 0.0),
        ncols=6,
        columnspacing=1.2,
        handlelength=1.6,
        handletextpad=0.5,
        fontsize=9.5,
        borderaxespad=0.2,
        labelspacing=0.3,
    )
