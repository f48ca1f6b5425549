"""One figure of a sweep against one setting, a line for each value of a second: how much that matters, and where."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from mqlab.errors import BadInput
from mqlab.plots.curve_parts import (
    FORMATS,
    Curve,
    axis_label,
    check_figure,
    counts,
    durations,
    is_duration,
    numbers,
    series,
    told,
    x_axis,
)
from mqlab.plots.look import BLUE, GREEN, INK, ORANGE, PURPLE, RED, heading, sheet, styled

__all__ = ["LINES_MAX", "lines"]

_COLOURS = (BLUE, RED, GREEN, ORANGE, PURPLE)
LINES_MAX = len(_COLOURS)
"""More lines than colours that everybody can tell apart would not be a picture."""


@styled
def lines(curve: Curve, figure: str = "latency.mean", labels: Sequence[str] = ()) -> Figure:
    """Draw one figure against the first setting, one line for each value of the second, theory dotted over them.

    ``labels`` are names for the lines, where the values of the second setting are no names to show.
    """
    if len(curve.axes) != 2:
        raise BadInput(f"lines want two settings, and {len(curve.axes)} are varied", mend="draw `figure` or `map`")
    check_figure(curve, figure)
    (path, kind, log, texts, values), (second, second_kind, _, second_texts, second_values) = curve.axes
    if len(second_texts) > LINES_MAX:
        raise BadInput(f"{len(second_texts)} lines are too many", mend=f"give `{second}` at most {LINES_MAX} values")
    spell = second_texts if second_kind == "word" else [FORMATS[second_kind](value) for value in second_values]
    found = numbers(curve, figure).reshape(len(texts), len(second_texts), 3)
    theory = _theory(curve, figure).reshape(found.shape[:2])
    drawn = sheet(8, 4.8)
    heading(drawn, told(figure), f"{curve.subtitle}; a line for each {second}")
    axes = drawn.add_axes((0.13, 0.135, 0.82, 0.69))
    x = np.array(values, np.float64)
    for i, colour in zip(range(len(second_texts)), _COLOURS, strict=False):
        series(axes, x, found[:, i], labels[i] if labels else spell[i], colour)
    known = [row for row in theory.T if np.isfinite(row).any()]
    for i, row in enumerate(known):
        axes.plot(x, row, color=INK, lw=1.4, ls=(0, (1, 2)), label="" if i else "theory", zorder=6)
    x_axis(axes, path, kind, log, texts, x)
    if is_duration(figure):
        durations(axes, log=bool(np.nanmax(found[..., 0]) > 30 * max(np.nanmin(found[..., 0]), 1.0)))
    else:
        counts(axes)
    axes.set_ylabel(axis_label(figure))
    axes.legend(loc="best")
    return drawn


def _theory(curve: Curve, figure: str) -> np.ndarray:
    """Theory speaks of mean latency alone."""
    points = math.prod(len(axis[3]) for axis in curve.axes)
    if figure != "latency.mean" or not curve.theory:
        return np.full(points, math.nan)
    return np.array([math.nan if value is None else value for value in curve.theory], np.float64)
