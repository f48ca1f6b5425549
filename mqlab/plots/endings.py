"""The fates as one bar that adds up: how every obligation ended."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mqlab.model import Model
from mqlab.plots.look import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    YELLOW,
    Sheet,
    heading,
    many,
    note,
    sheet,
    styled,
)
from mqlab.trace.fates import LOST_PREFIX, Cause, Fate, fate_label
from mqlab.trace.schema import Trace

__all__ = ["FATE_WORDS", "Slice", "fate_words", "fates_bar", "fates_bar_caption", "slices"]

TITLE = "How everything that was owed ended"
ZOOM_SHARE = 0.05
"""When a fate takes less than this, all but the largest are shown a second time, enlarged."""

_LOOKS = {
    Fate.PROCESSED: (GREEN, ""),
    Fate.IN_FLIGHT: (SKY, ""),
    Fate.DEAD_LETTERED: (BLUE, ""),
    Fate.EXPIRED: (PURPLE, ".."),
    Fate.EVICTED: (PURPLE, ""),
    Fate.REJECTED: (ORANGE, ""),
    Fate.DISCARDED: (BLUE, "//"),
    Fate.DEDUPLICATED: (YELLOW, ""),
    Fate.UNROUTABLE: (GREY, ""),
    Fate.NO_SUBSCRIBER: (GREY, "//"),
    Fate.GAVE_UP: (ORANGE, "xx"),
    Fate.ABORTED: (GREY, ".."),
    Fate.DELETED: (GREY, "xx"),
    Fate.LAPPED: (YELLOW, "//"),
    Fate.RETENTION: (YELLOW, ".."),
    Fate.COMPACTED: (YELLOW, "xx"),
}
_LOST_HATCHES = ("///", "\\\\\\", "xxx", "...", "+++", "---", "|||", "ooo", "//..", "\\\\..", "OO")

FATE_WORDS = {
    "processed": "work on it was done at least once",
    "in_flight": "still owed when the run ended",
    "dead_lettered": "moved to a dead-letter queue",
    "expired": "its time to live ran out",
    "evicted": "a full queue dropped it",
    "rejected": "the producer was told no and stopped trying",
    "discarded": "a consumer refused it for good, or it came back too often",
    "deduplicated": "the broker knew it already",
    "unroutable": "no queue matched",
    "no_subscriber": "nobody was listening",
    "gave_up": "the producer ran out of tries, and nobody had told it that one had worked",
    "aborted": "its transaction was rolled back",
    "deleted": "its queue was removed",
    "lapped": "the ring overwrote it",
    "retention": "kept no longer than promised",
    "compacted": "a newer value of its key replaced it",
    "lost:client_buffer": "it stood in the memory of a producer that died",
    "lost:wire": "the network dropped it and nobody sent it again",
    "lost:broker_memory": "it stood only in the memory of a broker that crashed",
    "lost:unsynced_disk": "it was written but not yet on disk when the power went",
    "lost:unreplicated": "its only replica died",
    "lost:truncated": "a new leader cut it off the log",
    "lost:auto_ack": "the broker had settled it when its consumer died",
    "lost:early_commit": "its offset was committed before the work was done",
    "lost:offset_reset": "the group began again behind it",
    "lost:slow_joiner": "it was sent before the subscriber had joined",
    "lost:output_buffer": "a full output buffer dropped it",
}
"""What each fate means, in a few words."""


def fate_words(label: str) -> str:
    """Spell a fate's label as people read it.

    Examples
    --------
    >>> fate_words("in_flight"), fate_words("lost:auto_ack")
    ('in flight', 'lost: auto ack')
    """
    return label.replace(LOST_PREFIX, "lost: ").replace("_", " ")


@dataclass(frozen=True, slots=True)
class Slice:
    """One part of the bar."""

    label: str
    """As in the summary: ``processed``, ``lost:wire``, ..."""
    count: int
    share: float
    colour: str
    hatch: str

    @property
    def words(self) -> str:
        """The label as people read it."""
        return fate_words(self.label)


def slices(trace: Trace) -> tuple[Slice, ...]:
    """Every fate that occurred, in the order of the closed list; counts add up to ``trace.owed``.

    Examples
    --------
    >>> [(part.label, part.count) for part in slices(trace)]  # doctest: +SKIP
    [('processed', 812), ('lost:broker_memory', 3)]
    """
    looks = {fate_label(fate): look for fate, look in _LOOKS.items()}
    causes = [cause for cause in Cause if cause != Cause.NONE]
    looks |= {fate_label(Fate.LOST, c): (RED, h) for c, h in zip(causes, _LOST_HATCHES, strict=True)}
    counts = trace.counters.fates
    return tuple(
        Slice(label, int(counts[label]), counts[label] / max(trace.owed, 1), colour, hatch)
        for label, (colour, hatch) in looks.items()
        if counts.get(label, 0) > 0
    )


def percent(share: float) -> str:
    """Spell a share; what is little but there does not become 0.

    Examples
    --------
    >>> percent(0.5), percent(0.00021), percent(1.0), percent(0.99998), percent(0.0000001)
    ('50.0 %', '0.021 %', '100 %', '99.998 %', '0.00001 %')
    """
    value = 100 * share
    if value >= 100 or value == 0:
        return f"{value:.0f} %"
    if value >= 99.95:
        return f"{value:.3f} %"
    return f"{value:.1f} %" if value >= 0.95 else f"{float(f'{value:.2g}'):.9f}".rstrip("0") + " %"


@styled
def fates_bar(trace: Trace, model: Model | None = None) -> Sheet:
    """Draw one bar whose parts add up to what was owed; where one takes most, the rest again, enlarged."""
    subtitle = (
        f"{trace.scenario} on {trace.system}: {many(trace.owed, 'obligation')} (one per message and queue)"
    )
    parts = slices(trace)
    if not parts:
        return note(TITLE, "Nothing was owed: no message was created.", subtitle)
    most = max(parts, key=lambda part: part.count)
    rest = tuple(part for part in parts if part is not most)
    zoomed = most.share > 0.5 and any(part.share < ZOOM_SHARE for part in rest)
    lines = -(-len(parts) // 2)
    legend = 0.24 * lines + 0.25
    height = 0.95 + 0.6 + (0.85 if zoomed else 0) + legend
    figure = sheet(8, height)
    heading(figure, TITLE, subtitle)
    axes = figure.add_axes((0.02, legend / height, 0.96, (height - 0.95 - legend) / height))
    _bar(axes, parts, trace.owed, trace.owed, y=0.0, thick=0.9)
    if zoomed:
        start = sum(part.count for part in parts[: parts.index(most)])
        _bar(axes, rest, trace.owed - most.count, trace.owed, y=-1.35, thick=0.75)
        _rays(axes, trace.owed, start, most.count)
    axes.set_xlim(0, trace.owed)
    axes.set_ylim(-1.75 if zoomed else -0.47, 0.47)
    axes.grid(visible=False)
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)
    _ticks(axes, trace.owed)
    _legend(figure, parts, lines)
    return figure


def _bar(axes: Axes, parts: tuple[Slice, ...], total: int, width: float, *, y: float, thick: float) -> None:
    """Draw ``parts`` of ``total`` as one bar ``width`` wide."""
    left = 0.0
    for part in parts:
        wide = width * part.count / total
        axes.barh(y, wide, thick, left=left, color=part.colour, hatch=part.hatch, edgecolor="white", lw=0.6)
        text = f"{part.words}\n{part.count:,}"
        if wide / width > 0.0155 * max(len(line) for line in text.split("\n")):
            axes.text(
                left + wide / 2,
                y,
                text,
                ha="center",
                va="center",
                size=10,
                linespacing=1.3,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "boxstyle": "round,pad=0.25"},
            )
        left += wide


def _rays(axes: Axes, owed: int, start: int, most: int) -> None:
    """Join the enlarged bar with the parts of the bar above that it enlarges."""
    joins = [(start + most, 0), (owed, owed)] if start == 0 else [(0, 0), (owed, owed)]
    for top, bottom in joins:
        axes.add_line(Line2D([top, bottom], [-0.47, -0.95], color=GREY, lw=0.9, ls=(0, (3, 2))))
    axes.text(
        owed / 2,
        -0.71,
        f"the other {owed - most:,}, enlarged",
        ha="center",
        va="center",
        size=9.5,
        color=INK,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
    )


def _ticks(axes: Axes, owed: int) -> None:
    """Count along the top; the last tick is what was owed."""
    axes.xaxis.tick_top()
    axes.set_xticks([owed * quarter / 4 for quarter in range(5)], ["0", "25 %", "50 %", "75 %", f"{owed:,}"])
    axes.tick_params(axis="x", length=3, pad=1.5, labelsize=9.5)
    axes.get_xticklabels()[0].set_horizontalalignment("left")
    axes.get_xticklabels()[-1].set_horizontalalignment("right")


def _legend(figure: Sheet, parts: tuple[Slice, ...], lines: int) -> None:
    """List every part with its count and share."""
    handles = [Patch(facecolor=p.colour, hatch=p.hatch, edgecolor="white", lw=0.6) for p in parts]
    labels = [f"{p.words}: {p.count:,} ({percent(p.share)})" for p in parts]
    figure.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(0.01, 0.0),
        ncols=2 if lines > 1 else len(parts),
        handlelength=2.2,
        handleheight=1.1,
        labelspacing=0.35,
        columnspacing=2.5,
        borderaxespad=0.1,
    )


def fates_bar_caption(trace: Trace, model: Model | None = None) -> str:
    """Say in words how obligations ended."""
    parts = slices(trace)
    if not parts:
        return "Nothing was owed: no message was created."
    words = [
        f"The parts add up to the {many(trace.owed, 'obligation')} of this run; each ended in one way only."
    ]
    words += [f"{part.words}, {part.count:,}: {FATE_WORDS.get(part.label, '')}." for part in parts]
    return " ".join(word[0].upper() + word[1:] for word in words)
