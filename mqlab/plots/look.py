"""How every picture looks: colours, sheets, axes in good units, and the two ways of writing a figure.

Figures are made without pyplot, so nothing global changes, no window opens and importing stays cheap.
Colours are Okabe and Ito's (2008), which people with any colour vision can tell apart; where colour carries
meaning, a hatch, a dash or a label carries it too.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

__all__ = [
    "BLUE",
    "DOWN",
    "GREEN",
    "GREY",
    "INK",
    "LEFT",
    "ORANGE",
    "PALE",
    "PURPLE",
    "RED",
    "SKY",
    "YELLOW",
    "Sheet",
    "blocks",
    "duration_axis",
    "heading",
    "many",
    "note",
    "sheet",
    "span",
    "span_range",
    "steps",
    "styled",
    "thousands",
    "to_png",
    "to_svg",
]

INK, GREY, PALE = "#1a1a1a", "#6b6b6b", "#e9e9e9"
ORANGE, SKY, GREEN, YELLOW = "#e69f00", "#56b4e9", "#009e73", "#f0e442"
BLUE, RED, PURPLE = "#0072b2", "#d55e00", "#cc79a7"
DOWN = "#f7d9c9"
"""The face of what is down; with a hatch in RED."""

LEFT = 0.125
"""Where panels begin, as a share of the width: the same in all pictures, so that their time axes agree."""

STYLE: dict[Any, Any] = {
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": 11.0,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.use_mathtext": False,
    "grid.color": PALE,
    "grid.linewidth": 0.8,
    "hatch.linewidth": 1.0,
    "legend.frameon": True,
    "legend.facecolor": "white",
    "legend.edgecolor": "none",
    "legend.framealpha": 0.85,
    "legend.borderpad": 0.25,
    "legend.fontsize": 10.0,
    "lines.linewidth": 1.6,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 10.0,
    "ytick.labelsize": 10.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "mqlab",
    "path.simplify": True,
}

P = ParamSpec("P")
R = TypeVar("R")


class Sheet(Figure):
    """A figure that a notebook shows by itself, with or without pyplot: sharp, and never wider than its page."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return to_png(self), {"width": round(100 * self.get_figwidth())}


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Run ``function`` with our settings, and leave the caller's alone."""

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with matplotlib.rc_context(STYLE):
            return function(*args, **kwargs)

    return inside


def sheet(width: float, height: float) -> Sheet:
    """Give an empty figure, ``width`` × ``height`` inches (8 inches fill a report's column)."""
    figure = Sheet(figsize=(width, height), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


@styled
def to_svg(figure: Figure) -> str:
    """Write as one SVG element: text stays text, the same figure gives the same characters.

    Names of parts begin with a digest of the picture, so that several may stand in one page.
    """
    written = _written(
        FigureCanvasSVG, figure, "svg", metadata={"Date": None, "Creator": None}, dpi=72
    ).decode("utf-8")
    svg = _METADATA.sub("", written[written.index("<svg") :]).strip()
    mark = f"p{zlib.crc32(svg.encode()):08x}"
    return _NAMES.sub(rf"\g<1>{mark}-", svg)


_METADATA = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)
_NAMES = re.compile(r"""(\bid="|url\(#|href="#)""")


@styled
def to_png(figure: Figure, scale: float = 2.0) -> bytes:
    """Write as PNG, ``scale`` × 100 pixels an inch."""
    return _written(FigureCanvasAgg, figure, "png", metadata={"Software": None}, dpi=100 * scale)


def _written(canvas: type[Any], figure: Figure, kind: str, **options: Any) -> bytes:
    """Print ``figure`` on a canvas of its own and put its former canvas back."""
    before, target = figure.canvas, io.BytesIO()
    try:
        canvas(figure).print_figure(target, format=kind, facecolor="white", **options)
    finally:
        figure.set_canvas(before)
    return target.getvalue()


def heading(figure: Figure, title: str, subtitle: str = "") -> None:
    """Title at the top left, and what was run in grey below it."""
    height = figure.get_figheight()
    figure.text(0.002, 1 - 0.1 / height, title, size=14, weight="bold", va="top")
    if subtitle:
        figure.text(0.002, 1 - 0.38 / height, subtitle, size=10, color=GREY, va="top")


@styled
def note(title: str, text: str, subtitle: str = "") -> Sheet:
    """Give a picture that says in words why there is none.

    Examples
    --------
    >>> note("Latency over time", "This run kept no fates.").texts[-1].get_text()
    'This run kept no fates.'
    """
    figure = sheet(8, 1.7)
    heading(figure, title, subtitle)
    figure.text(0.5, 0.36, text, ha="center", va="center", color=INK, size=11, linespacing=1.5)
    return figure


# numbers and units

_UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns"))


def span(ns: float, digits: int = 3) -> str:
    """Spell a duration in the unit in which it reads best.

    Examples
    --------
    >>> span(4_213_000), span(60e9), span(0), span(999_999), span(7_391_000_000)
    ('4.21 ms', '60 s', '0 s', '1 ms', '7.39 s')
    """
    if ns <= 0:
        return "0 s"
    ns = float(f"{ns:.{digits}g}")
    size, unit = next(((size, unit) for size, unit in _UNITS if ns >= size), _UNITS[-1])
    value = ns / size
    return f"{thousands(value) if value >= 1000 else f'{value:.{digits}g}'} {unit}"


def span_range(start_ns: float, stop_ns: float) -> str:
    """Spell a stretch of time.

    Examples
    --------
    >>> span_range(20e9, 23e9), span_range(5e9, 5e9)
    ('20–23 s', '5 s')
    """
    if stop_ns <= start_ns:
        return span(start_ns)
    start, stop = span(start_ns, 4), span(stop_ns, 4)
    if start.split()[-1] == stop.split()[-1]:
        start = start.split()[0]
    return f"{start}–{stop}"


def thousands(value: float) -> str:
    """Spell a number with commas, and decimals only where it is small.

    Examples
    --------
    >>> thousands(82345), thousands(0.25), thousands(12.5)
    ('82,345', '0.25', '12.5')
    """
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:,.3g}"


def many(count: int, noun: str) -> str:
    """Spell a number of things.

    Examples
    --------
    >>> many(1, "message"), many(2_000, "copy")
    ('1 message', '2,000 copies')
    """
    if count != 1:
        noun = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{count:,} {noun}"


def steps(axes: Axes, edges: NDArray[Any], values: NDArray[Any], **look: Any) -> None:
    """Draw one level between each two edges, as a line (several times as quick as ``stairs``)."""
    axes.plot(np.repeat(edges, 2)[1:-1], np.repeat(values, 2), **look)


def blocks(axes: Axes, edges: NDArray[Any], values: NDArray[Any], base: float = 0.0, **look: Any) -> None:
    """Fill from ``base`` to one level between each two edges."""
    axes.fill_between(np.repeat(edges, 2)[1:-1], base, np.repeat(values, 2), lw=0, **look)


def duration_axis(axes: Axes, which: str, low_ns: float, high_ns: float, *, log: bool) -> None:
    """Make axis ``which`` ("x" or "y") of durations: limits, ticks and labels in good units."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    if log:
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
        ticks = _decades(low_ns, high_ns)
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_minor_locator(NullLocator())
    (axes.set_xlim if which == "x" else axes.set_ylim)(low_ns, high_ns)
    axis.set_major_formatter(FuncFormatter(lambda value, _: span(value)))


def _decades(low: float, high: float) -> Sequence[float]:
    """1, 10, 100 … within the limits; with 2 and 5 between where there are few."""
    for steps in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0)):
        ticks = [step * 10.0**power for power in range(19) for step in steps]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) >= 4:
            break
    return ticks
