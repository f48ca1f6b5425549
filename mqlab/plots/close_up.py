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
from mqlab.plots.logs import has_logs
from mqlab.plots.look import (
    BLUE,
    DOWN,
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
from mqlab.trace.batches import under_batches
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Trace

__all__ = ["COLOURS", "choose", "crash_window", "draw_close_up"]

COLOURS = (BLUE, ORANGE, GREEN, PURPLE, RED, SKY, "#7a5c00", "#444444")
TITLE = "Space and time"
_DOWN_AND_UP = (
    Kind.NODE_CRASHED, Kind.NODE_RESTARTED, Kind.CLIENT_CRASHED, Kind.CLIENT_RESTARTED, Kind.SILENCE_BEGAN,
    Kind.SILENCE_ENDED,
)  # fmt: skip


_WORTH_A_LOOK = (
    (Kind.NODE_CRASHED,), (Kind.CLIENT_CRASHED,),
    (Kind.VANISHED, Kind.DROPPED, Kind.PACKET_LOST, Kind.FORGOTTEN),
)  # fmt: skip
"""The first of the first of these that occurred: a broker's crash, a client's, a loss."""


def crash_window(trace: Trace, rows: int = 260) -> tuple[int, int]:
    """Find a stretch of about ``rows`` events around the first crash or loss, or else at a third of the run."""
    if trace.events is None or len(trace.events) == 0:
        return 0, max(trace.duration_ns, 1)
    times = trace.events.column("time_ns")
    kinds = trace.events.column("kind")
    found = (np.flatnonzero(np.isin(kinds, wanted)) for wanted in _WORTH_A_LOOK)
    middle = next((int(rows_of_it[0]) for rows_of_it in found if len(rows_of_it)), len(times) // 3)
    before = int(times[middle] - times[max(0, middle - rows // 2)])
    after = int(times[min(len(times) - 1, middle + rows // 2)] - times[middle])
    after = int(0.7 * before) if before else after
    return int(times[middle]) - before, int(times[middle]) + max(after, 1)


def draw_close_up(trace: Trace, model: Model | None, start: int, stop: int, limit: int) -> Sheet:
    """Draw a few messages between two times, to scale."""
    assert trace.events is not None
    pad = (stop - start) // 2
    rows = trace.events.between(max(0, start - pad), stop + pad)
    batched = has_logs(trace)
    if batched:
        rows = under_batches(trace.events, rows)
    shown, of = choose(rows, start, stop, limit)
    which = f"{len(shown)} of {_told(of, batched)} between {span(start, 6)} and {span(stop, 6)}"
    subtitle = f"{trace.scenario} on {trace.system}; {which}"
    world = world_rows(trace)
    world = world[(world["time_ns"] < stop) & np.isin(world["kind"], _DOWN_AND_UP)]
    mine = rows[np.isin(rows["message"], shown)]
    if len(mine) == 0:
        return note(TITLE, "No message did anything in this stretch of time.", subtitle)
    lanes = extract(trace, model, mine).lanes
    journey = extract(trace, model, merged(mine, world[np.isin(world["actor"], lanes)]))
    spots, rails = _spots(trace, journey, shown)
    bottom = max(spots.values()) + 0.55
    colours = {int(number): COLOURS[i] for i, number in enumerate(shown)}
    handles = _legend(journey, colours, "batch of" if batched else "message")
    below = 0.6 + 0.22 * -(-len(handles) // 5)
    height = 0.85 + below + 0.34 * bottom
    figure = sheet(8, height)
    heading(figure, f"{TITLE}: {span(stop - start)} in close-up", subtitle)
    left = 0.02 + 0.0115 * max(8, *(len(trace.entities[lane].name) for lane in journey.lanes))
    axes = figure.add_axes((left, below / height, 0.97 - left, (height - 0.7 - below) / height))
    axes.set_ylim(bottom, -0.55)
    time_axis(axes, stop, start_ns=start, label=True)
    canvas = Canvas(axes, journey, spots, journey.rows["time_ns"].astype(np.float64), down=False, rails=rails)
    canvas.lanes(trace.entities)
    canvas.stretches({}, by_message=colours)
    canvas.arrows(lambda arrow: colours.get(int(journey.rows["message"][arrow.start]), GREY))
    canvas.signs(TROUBLE, colours)
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 0.0),
        ncols=5,
        columnspacing=1.2,
        handlelength=1.6,
        handletextpad=0.5,
        fontsize=9.5,
        borderaxespad=0.2,
        labelspacing=0.3,
    )
    return figure


def _told(count: int, batched: bool) -> str:
    return f"{count:,} batch{'' if count == 1 else 'es'}" if batched else many(count, "message")


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
    """Pick at most ``limit`` messages of a window, troubled and unlike each other first; count all."""
    inside = rows[(rows["time_ns"] >= start) & (rows["time_ns"] < stop) & (rows["message"] >= 0)]
    if len(inside) == 0:
        return np.zeros(0, np.int64), 0
    inside = inside[np.argsort(inside["message"], kind="stable")]
    numbers, first, events = np.unique(inside["message"], return_index=True, return_counts=True)
    kinds = inside["kind"].astype(np.int64)
    bits = np.where(kinds[:, None] // 60 == np.arange(5), np.int64(1) << kinds[:, None] % 60, 0)  # 60 kinds a column
    stories = np.bitwise_or.reduceat(bits, first, axis=0)
    trouble = np.isin(numbers, inside["message"][np.isin(inside["kind"], [*TROUBLE])])
    order = np.lexsort((numbers, -events, ~trouble))
    _, unlike = np.unique(stories[order], axis=0, return_index=True)  # one of each story, then more of the first ones
    rest = np.setdiff1d(np.arange(len(order)), unlike)
    picked = order[np.concatenate([np.sort(unlike), rest])[:limit]]
    return np.sort(numbers[picked]), len(numbers)


def _legend(journey: Journey, colours: dict[int, str], what: str) -> list[Line2D | Patch]:
    """Messages by colour, then signs."""
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=colour, lw=2.5, label=f"{what} {number}") for number, colour in colours.items()
    ]
    if any(arrow.how in ("lost", "stale") for arrow in journey.arrows):
        handles.append(Line2D([], [], color=INK, marker="x", ls="none", mew=2, label="never arrives"))
    if np.isin(journey.rows["kind"][journey.rows["message"] >= 0], [*TROUBLE]).any():
        handles.append(Line2D([], [], color=INK, marker="D", mfc="white", ls="none", ms=5, label="trouble"))
    if any(stretch.what == "down" for stretch in journey.stretches):
        handles.append(Patch(facecolor=DOWN, hatch="///", edgecolor=RED, lw=0, label="down"))
    return handles
