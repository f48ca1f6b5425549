"""Order: which messages of a key overtook which, and how far each message of the run stood off its place.

The order of a key is that in which its messages were created; what counts is when each was first processed, and
messages that never were are left out: loss is not disorder (:mod:`mqlab.checks.ordering`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from mqlab.checks.observation import Evidence
from mqlab.checks.ordering import first_processings
from mqlab.model import Model
from mqlab.plots.look import BLUE, GREY, RED, SKY, Sheet, heading, many, note, sheet, styled
from mqlab.plots.spells import time_axis
from mqlab.trace.schema import Trace

__all__ = ["order", "order_caption"]

TITLE = "Created in one order, processed in another"
SHOWN = 14
"""How many messages of one key have lines of their own."""


@dataclass(frozen=True, slots=True)
class _Places:
    """The messages processed, in order of processing; what belongs to one queue and key has one group."""

    message: NDArray[np.int64]
    created_ns: NDArray[np.int64]
    key: NDArray[np.int64]
    group: NDArray[np.intp]
    off: NDArray[np.int64]
    """How many places later than its turn within its group each was processed; negative: earlier."""
    late: NDArray[np.bool_]
    """Processed after a later-created message of its group."""


@styled
def order(trace: Trace, model: Model | None = None, *, key: int | None = None) -> Sheet:
    """Draw the order of one key as lines that cross where messages overtook, and all messages' places over time.

    Parameters
    ----------
    trace
        Needs fates; at level ``counts`` the figure says so.
    model
        Not needed.
    key
        The key to draw; by default that of the message which stood farthest off its place.

    Examples
    --------
    >>> order(trace, model, key=3).savefig("order.svg")  # doctest: +SKIP
    """
    subtitle = f"{trace.scenario} on {trace.system}"
    evidence = Evidence.of(trace, model)
    if evidence is None:
        return note(
            TITLE,
            "This run kept counts only. To see this, run it with\n--trace fates or --trace events",
            subtitle,
        )
    places = _places(evidence)
    if key is not None and not (places.key == key).any():
        return note(TITLE, f"No message with key {key} was processed.", subtitle)
    if len(places.message) == 0:
        return note(TITLE, "No message was processed, so there is no order to show.", subtitle)
    figure = sheet(8, 4.6)
    heading(figure, TITLE, subtitle)
    left = figure.add_axes((0.085, 0.13, 0.25, 0.63))
    right = figure.add_axes((0.505, 0.13, 0.48, 0.63))
    _lines(left, places, _stretch(places, key))
    _cloud(right, places, trace.producing_ns)
    handles = [
        right.plot([], [], "o-", color=BLUE, ms=4, label="not late")[0],
        right.plot([], [], "D--", color=RED, ms=5, label="late: a later one was processed before it")[0],
    ]
    figure.legend(handles=handles, loc="upper right", bbox_to_anchor=(0.985, 0.905), ncols=2, borderaxespad=0.0)
    return figure


def _places(evidence: Evidence) -> _Places:
    rows = first_processings(evidence)
    message, created = evidence["message"][rows].astype(np.int64), evidence["created_ns"][rows].astype(np.int64)
    key, queue = evidence["key"][rows].astype(np.int64), evidence["queue"][rows].astype(np.int64)
    group = np.unique(np.column_stack([queue, key]), axis=0, return_inverse=True)[1].reshape(-1)
    here = np.arange(len(rows))
    processed = np.argsort(group, kind="stable")
    target = np.lexsort((message, created, group))
    place = np.empty(len(rows), np.int64)
    place[target] = here
    turn = place[processed]
    off, late = np.empty(len(rows), np.int64), np.empty(len(rows), bool)
    off[processed] = here - turn
    late[processed] = turn < np.maximum.accumulate(turn) if len(rows) else False
    return _Places(message, created, key, group, off, late)


def _stretch(places: _Places, key: int | None) -> NDArray[np.intp]:
    """Choose messages of one key that stand next to each other: around the one that is farthest off, if any is."""
    chosen = np.flatnonzero(places.key == key) if key is not None else np.arange(len(places.key))
    worst = chosen[np.argmax(np.abs(places.off[chosen]))]
    chosen = np.flatnonzero(places.group == places.group[worst])
    if len(chosen) <= SHOWN or not places.late[chosen].any():
        return chosen[:SHOWN]
    by_creation = chosen[np.lexsort((places.message[chosen], places.created_ns[chosen]))]
    crossing = np.abs(places.off[by_creation]) > 0
    sums = np.convolve(crossing, np.ones(SHOWN, int), "valid")
    middle = int(np.flatnonzero(by_creation == worst)[0])
    starts = np.arange(max(0, middle - SHOWN + 1), min(middle, len(by_creation) - SHOWN) + 1)
    best = starts[sums[starts] == sums[starts].max()]
    start = int(best[np.argmin(np.abs(best + SHOWN // 2 - middle))])
    return np.sort(by_creation[start : start + SHOWN])


def _lines(axes: Axes, places: _Places, chosen: NDArray[np.intp]) -> None:
    """Draw one line a message from its place when created to its place when processed."""
    message = places.message[chosen]
    created = np.empty(len(chosen), int)
    created[np.lexsort((message, places.created_ns[chosen]))] = np.arange(len(chosen))
    late = created < np.maximum.accumulate(created)
    for number, (turn, is_late) in enumerate(zip(created, late, strict=True)):
        look: dict[str, Any] = (
            {"color": RED, "lw": 2.0, "ls": "--", "marker": "D", "ms": 5, "zorder": 3}
            if is_late
            else {"color": BLUE, "lw": 1.4, "ls": "-", "marker": "o", "ms": 4, "zorder": 2}
        )
        axes.plot([0, 1], [turn, number], clip_on=False, **look)
        for x, y, side in ((-0.07, turn, "right"), (1.07, number, "left")):
            axes.text(x, y, str(message[number]), ha=side, va="center", size=9.5, color=look["color"])
    axes.set_xlim(0, 1)
    axes.set_ylim(len(chosen) - 0.5, -0.5)
    axes.set_xticks([0, 1], ["created", "processed"])
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(length=0)
    axes.set_title(f"{len(chosen)} of {many(int((places.group == places.group[chosen[0]]).sum()), 'message')} of key"
                   f" {places.key[chosen[0]]}", size=10.5, color=GREY, loc="left")  # fmt: skip


def _cloud(axes: Axes, places: _Places, end_ns: int) -> None:
    """Draw how many places off each message was, over when it was created."""
    late = places.late
    axes.axhspan(0, 1e9, color=SKY, alpha=0.08, lw=0)
    axes.plot(places.created_ns[~late], places.off[~late], "o", color=BLUE, ms=2.5, alpha=0.5)
    axes.plot(places.created_ns[late], places.off[late], "D", color=RED, ms=3, alpha=0.7)
    high, low = max(3, int(places.off.max())), min(-3, int(places.off.min()))
    axes.set_ylim(low - 0.08 * (high - low), high + 0.08 * (high - low))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.axhline(0, color=GREY, lw=0.8)
    time_axis(axes, end_ns, label=True)
    axes.set_xlabel("virtual time of creation, " + axes.get_xlabel().split(", ")[1])
    axes.set_ylabel("places off:  early −   late +")
    axes.set_title(f"all {many(len(late), 'message')}: {int(late.sum()):,} late", size=10.5, color=GREY, loc="left")


def order_caption(trace: Trace, model: Model | None = None, *, key: int | None = None) -> str:
    """Say in words what the picture shows."""
    evidence = Evidence.of(trace, model)
    if evidence is None:
        return "The order of messages needs one row per message; this run kept counts only."
    places = _places(evidence)
    if len(places.message) == 0:
        return "No message was processed, so there is no order to show."
    if not places.late.any():
        return "No line crosses another: every message was processed after all earlier ones of its key."
    of_key = "" if key is None else f" of key {key}"
    return (
        f"Left: each line is a message{of_key}; where two lines cross, one overtook the other. Right: "
        f"{many(int(places.late.sum()), 'message')} of {len(places.message):,} came late, the worst "
        f"{int(np.abs(places.off).max())} places off its turn."
    )
