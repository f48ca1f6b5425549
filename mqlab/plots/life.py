"""The life of one message as a space-time diagram: time runs downwards, one line an event.

So nothing is too close to be read; where much time passes between two lines, the gap says how much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from mqlab.model import Model
from mqlab.plots.canvas import Canvas
from mqlab.plots.endings import fate_words
from mqlab.plots.journey import Journey, extract, world_rows
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
    sheet,
    span,
)
from mqlab.plots.phrases import TROUBLE, phrase
from mqlab.plots.spells import time_unit
from mqlab.trace.fates import fate_label
from mqlab.trace.kinds import Direction, Kind
from mqlab.trace.schema import Trace

__all__ = ["ROWS_MAX", "draw_life", "merged"]

ROWS_MAX = 32
"""A life with more events than this is shown without its middle."""
SPARED = 4
"""So few rows too many are shown after all."""
WAYS = {
    Direction.PUBLISH: BLUE,
    Direction.CONFIRM: GREEN,
    Direction.DELIVERY: PURPLE,
    Direction.ACK: GREEN,
    Direction.RETURN: ORANGE,
}


@dataclass(frozen=True, slots=True)
class Gap:
    """Where the middle of a life is left out: ``before`` which row, and how many events."""

    before: int
    events: int


def draw_life(trace: Trace, model: Model | None, message: int, rows: NDArray[np.void]) -> Sheet:
    """Draw one message: a sequence diagram with a sentence a row."""
    journey, gap = _life_rows(trace, model, rows)
    times = journey.rows["time_ns"]
    places = _places(times, gap)
    handles = _legend(journey)
    below = 0.15 + 0.24 * -(-len(handles) // 4)
    height = 1.4 + below + 0.25 * float(places[-1])
    figure = sheet(8, height)
    heading(
        figure,
        f"The life of message {message}",
        f"{trace.scenario} on {trace.system}; {_fate_words(trace, message)}",
    )
    axes = figure.add_axes((0.0, below / height, 1.0, (height - 1.05 - below) / height))
    axes.set_axis_off()
    axes.set_xlim(0, 8)
    axes.set_ylim(float(places[-1]) + 0.6, -0.6)
    spots = np.linspace(1.3, 4.2, len(journey.lanes)) if len(journey.lanes) > 1 else np.array([2.5])
    canvas = Canvas(axes, journey, dict(zip(journey.lanes, spots, strict=True)), places, down=True)
    canvas.lanes(trace.entities)
    canvas.stretches({"ready": (SKY, 0.75, ""), "unacked": (SKY, 0.3, ""), "work": ("#444444", 0.9, "")})
    canvas.arrows(lambda arrow: ORANGE if _refusal(journey, arrow.end) else WAYS[arrow.direction])
    _sentences(canvas, trace, gap)
    if handles:
        figure.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(0.01, 0.0),
            ncols=4,
            columnspacing=1.6,
            handlelength=1.8,
            handletextpad=0.6,
            fontsize=9.5,
            labelspacing=0.3,
            borderaxespad=0.2,
        )
    return figure


def _life_rows(trace: Trace, model: Model | None, rows: NDArray[np.void]) -> tuple[Journey, Gap | None]:
    """Put what happened to its actors among the message's rows; a long life loses its middle."""
    world = _meanwhile(trace, rows, extract(trace, model, rows).lanes)
    if len(rows) <= ROWS_MAX + SPARED:
        return extract(trace, model, merged(rows, world[:ROWS_MAX])), None
    half = ROWS_MAX // 2
    begin, end = rows["time_ns"][half - 1], rows["time_ns"][-half]
    world = world[(world["time_ns"] <= begin) | (world["time_ns"] >= end)][:half]
    before = half + int(np.count_nonzero(world["time_ns"] <= begin))
    kept = np.concatenate([rows[:half], rows[-half:]])
    return extract(trace, model, merged(kept, world)), Gap(before, len(rows) - len(kept))


def _meanwhile(trace: Trace, rows: NDArray[np.void], lanes: tuple[int, ...]) -> NDArray[np.void]:
    """Find what happened to nodes during this life, and to clients while they had to do with it."""
    world = world_rows(trace)
    times, wanted = rows["time_ns"], np.zeros(len(world), bool)
    for lane in lanes:
        mine = times[rows["actor"] == lane] if trace.entities[lane].kind != "node" else times
        if len(mine):
            during = (world["time_ns"] >= mine.min()) & (world["time_ns"] <= mine.max())
            wanted |= during & (world["actor"] == lane)
    found: NDArray[np.void] = world[wanted]
    return found


def merged(rows: NDArray[np.void], world: NDArray[np.void]) -> NDArray[np.void]:
    """Event rows with those of the world among them, in order of time; the world's first on a tie."""
    both = np.concatenate([world, rows])
    return both[np.argsort(both["time_ns"], kind="stable")]


def _places(times: NDArray[np.int64], gap: Gap | None) -> NDArray[np.float64]:
    """Give one line to a row, and more the more time passes in between."""
    between = np.diff(times).astype(np.float64)
    extra = np.clip(0.7 * np.log10(np.maximum(between, 1) / 2e7), 0, 1.4)
    if gap is not None:
        extra[gap.before - 1] = 1.2
    return np.concatenate([[0.0], np.cumsum(1 + extra)])


def _refusal(journey: Journey, row: int) -> bool:
    """Tell whether an arrow brings bad news."""
    return row >= 0 and journey.rows["kind"][row] in (Kind.REFUSED, Kind.REQUEUED, Kind.DISCARDED)


def _fate_words(trace: Trace, message: int) -> str:
    """Say how each of its copies ended."""
    if trace.fates is None:
        return ""
    rows = trace.fates.of_message(message)
    words = [fate_words(fate_label(int(row["fate"]), int(row["cause"]))) for row in rows]
    if len(words) == 1:
        return words[0]
    return ", ".join(f"copy {row['copy']} {word}" for row, word in zip(rows[:6], words, strict=False))


def _sentences(canvas: Canvas, trace: Trace, gap: Gap | None) -> None:
    """Write the time of each row at the left and what happened at the right."""
    rows, axes = canvas.journey.rows, canvas.axes
    size, unit = time_unit(2.0 * float(rows["time_ns"][-1]))
    positive = np.diff(np.unique(rows["time_ns"]))
    decimals = int(np.clip(np.ceil(-np.log10(max(1, positive.min()) / size)), 3, 6)) if len(positive) else 3
    axes.text(0.92, -0.75, f"time, {unit}", ha="right", va="bottom", size=9.5, color=GREY)
    guides, colours, before = [], [], -1
    for number, row in enumerate(rows):
        y, time, lane = float(canvas.places[number]), int(row["time_ns"]), canvas.journey.lane_of[number]
        if time != before:
            axes.text(0.92, y, f"{time / size:.{decimals}f}", ha="right", va="center", size=9.5, color=INK)
        if number and time - before >= 5e7:
            middle = (y + float(canvas.places[number - 1])) / 2
            axes.text(
                0.92,
                middle,
                f"… {span(time - before)}",
                ha="right",
                va="center",
                size=9,
                color=GREY,
                style="italic",
            )
        bad = Kind(int(row["kind"])) in TROUBLE
        axes.text(4.62, y, phrase(trace, row), va="center", size=10, color="#a33f00" if bad else INK)
        x = canvas.spots.get(lane, 1.0)
        guides.append([(x, y), (4.56, y)])
        colours.append(RED if bad else INK)
        before = time
    canvas.dots(colours)
    axes.add_collection(LineCollection(guides, colors="#dcdcdc", linewidths=0.7, zorder=0.6))
    if gap is not None:
        y = float(canvas.places[gap.before - 1] + canvas.places[gap.before]) / 2
        axes.text(
            4.62,
            y,
            f"⋮ {many(gap.events, 'event')} not shown",
            va="center",
            size=9.5,
            color=GREY,
            style="italic",
        )


def _legend(journey: Journey) -> list[Line2D | Patch]:
    """Explain only what there is."""
    handles: list[Line2D | Patch] = []
    good = {arrow.direction for arrow in journey.arrows if not _refusal(journey, arrow.end)}
    ways = (
        ({Direction.PUBLISH}, "publish", BLUE, "-"),
        ({Direction.CONFIRM, Direction.ACK}, "confirm, ack", GREEN, "--"),
        ({Direction.DELIVERY}, "delivery", PURPLE, "-"),
        ({Direction.RETURN}, "return", ORANGE, "--"),
    )
    handles += [
        Line2D([], [], color=colour, ls=dash, label=name) for way, name, colour, dash in ways if way & good
    ]
    if any(_refusal(journey, arrow.end) for arrow in journey.arrows):
        handles.append(Line2D([], [], color=ORANGE, ls="--", label="refusal"))
    if any(arrow.how in ("lost", "stale") for arrow in journey.arrows):
        handles.append(Line2D([], [], color=RED, marker="x", ls="none", mew=2, label="never arrives"))
    looks = {
        "ready": ("waits in queue", SKY, 0.75),
        "unacked": ("out, unacknowledged", SKY, 0.3),
        "work": ("work", "#444444", 0.9),
    }
    seen = {stretch.what for stretch in journey.stretches}
    handles += [
        Patch(facecolor=c, alpha=a, label=name) for what, (name, c, a) in looks.items() if what in seen
    ]
    if "down" in seen:
        handles.append(Patch(facecolor=DOWN, hatch="///", edgecolor=RED, lw=0, label="down"))
    return handles
