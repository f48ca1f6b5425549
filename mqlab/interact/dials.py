"""Dials: what can be turned, which positions it has, and where it stands at first.

A dial of numbers has round positions between its ends; the value that the scenario itself has is always among them.
"""

from __future__ import annotations

__all__ = ["Dial", "dials_of"]

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mqlab.errors import BadInput, did_you_mean
from mqlab.sweeps.varying import axis_of
from mqlab.units import format_duration, format_rate, format_size

STEPS: Final = 50
"""About as many positions a dial of numbers has: more than a hand can set."""
_FORM: Final = 'write for instance {"consumers.stock.count": (1, 16)} or {"faults.0.at": ("1 s", "9 s")}'
_LABELS: Final[Mapping[str, Callable[[float], str]]] = {
    "rate": lambda x: format_rate(x, 6),
    "duration": lambda x: format_duration(round(x), 6) if x else "0 s",
    "size": lambda x: format_size(x, 6),
    "share": lambda x: f"{100 * x:.6g} %",
    "number": lambda x: f"{x:.10g}",
}
_TEXTS: Final[Mapping[str, Callable[[float], str]]] = {
    "rate": lambda x: f"{x:.12f}".rstrip("0").rstrip(".") + "/s",
    "duration": lambda x: f"{round(x)} ns",
    "size": lambda x: f"{round(x)} B",
    "share": lambda x: f"{x:.12g}",
    "number": lambda x: f"{x:.10g}",
}


@dataclass(frozen=True)
class Dial:
    """One setting that can be turned.

    ``labels`` are what a person reads, ``values`` what settings hold (numbers, or the labels where a unit belongs to
    them), ``texts`` what an override of the scenario says; position ``start`` is the first.
    """

    path: str
    name: str
    labels: tuple[str, ...]
    values: tuple[Any, ...]
    texts: tuple[str, ...]
    start: int
    ordered: bool
    """Whether its positions go from less to more."""

    def position(self, value: Any) -> int:
        """Find the position of a value, or of what is written the same.

        Raises
        ------
        BadInput
            There is no such position.
        """
        for each in (self.values, self.labels, self.texts):
            for number, known in enumerate(each):
                if known == value or str(known) == str(value):
                    return number
        mend = did_you_mean(str(value), self.labels, "it can be")
        raise BadInput(f"`{self.path}` has no position `{value}`", mend=mend)


def dials_of(
    vary: Mapping[str, Any], written: Callable[[str], Any], names: Mapping[str, str] | None = None
) -> tuple[Dial, ...]:
    """Read what is to be turned.

    Parameters
    ----------
    vary
        See :func:`mqlab.explore`.
    written
        What the scenario has at a path; None where it says nothing.
    names
        What dials are called, by path; the others are called as their paths.

    Raises
    ------
    BadInput
        There is nothing to turn, or a range is none.

    Examples
    --------
    >>> dials_of({"faults.0.at": ("1 s", "9 s")}, {"faults.0.at": "5 s"}.get)[0].labels[:3]
    ('1 s', '1.2 s', '1.4 s')
    >>> dials_of({"consumers.stock.count": (1, 4)}, {"consumers.stock.count": 2}.get)[0].start
    1
    """
    if not isinstance(vary, Mapping) or not vary:
        raise BadInput("there is nothing to turn", mend=_FORM)
    strange = next((path for path in vary if not isinstance(path, str)), None)
    if strange is not None:
        raise BadInput(f"{strange!r} is no path in a scenario", mend=_FORM)
    called = names or {}
    for path in called:
        if path not in vary:
            raise BadInput(f"`{path}` has a name but is not turned", mend=did_you_mean(path, vary, "turned is"))
    return tuple(_dial(path, span, written(path), called.get(path, path)) for path, span in vary.items())


def _dial(path: str, span: Any, here: Any, name: str) -> Dial:
    if isinstance(span, Mapping):
        labels = list(map(str, span))
        return _choices(path, name, labels, list(labels), [_text(value) for value in span.values()], here, named=True)
    if isinstance(span, tuple) and len(span) in (2, 3) and not any(isinstance(end, bool) for end in span):
        return _range(path, name, span, here)
    if isinstance(span, str):
        axis = axis_of(path, span)
        if axis.kind == "word":
            return _choices(path, name, list(axis.texts), list(axis.texts), list(axis.texts), here)
        return _numbers(path, name, axis.kind, list(axis.values), whole=axis.kind == "number", here=here)
    if isinstance(span, Sequence) and len(span) >= 2:
        texts = [_text(value) for value in span]
        return _choices(path, name, [str(value) for value in span], list(span), texts, here)
    raise BadInput(f"`{path}` has no two ends and no choices", mend=_FORM)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _choices(
    path: str, name: str, labels: list[str], values: list[Any], texts: list[str], here: Any, *, named: bool = False
) -> Dial:
    if len(set(labels)) < len(labels) or len(labels) < 2:
        raise BadInput(f"`{path}` has no choices that differ", mend=_FORM)
    axis = None if named else axis_of(path, texts)
    ordered = axis is not None and axis.kind != "word" and list(axis.values) == sorted(axis.values)
    start = texts.index(_text(here)) if here is not None and _text(here) in texts else 0
    return Dial(path, name, tuple(labels), tuple(values), tuple(texts), start, ordered)


def _range(path: str, name: str, span: tuple[Any, ...], here: Any) -> Dial:
    """Give round positions from the low end to the high one."""
    low, high = span[:2]
    axis = axis_of(path, [low, high]) if str(low) != str(high) else None
    if axis is None or axis.kind == "word" or axis.values[0] >= axis.values[1]:
        raise BadInput(f"`{path}` goes from `{low}` to `{high}`, which is no range", mend=_FORM)
    first, last = axis.values
    whole = isinstance(low, int) and isinstance(high, int)
    if len(span) == 3:
        values = _by_step(path, first, last, _step_size(path, axis.kind, span[2]))
    elif first > 0 and last / first >= 100:
        values = _log_grid(first, last, whole=whole)
    else:
        values = _by_step(path, first, last, max(_round_step((last - first) / STEPS), 1.0 if whole else 0.0))
    return _numbers(path, name, axis.kind, values, whole=whole, here=here)


def _step_size(path: str, kind: str, step: Any) -> float:
    axis = axis_of(path, [step])
    if axis.kind != kind or axis.values[0] <= 0:
        raise BadInput(f"`{path}` cannot go in steps of `{step}`", mend="give a step of the kind of both ends")
    return axis.values[0]


def _by_step(path: str, first: float, last: float, step: float) -> list[float]:
    count = math.floor((last - first) / step + 1e-9) + 1
    if count > 1000:
        raise BadInput(f"`{path}` would have {count:,} positions", mend="make the step larger")
    values = [round(first + number * step, 12) for number in range(count)]
    return values if math.isclose(values[-1], last) else [*values, last]


def _round_step(step: float) -> float:
    """Find the next larger one of 0.1, 0.2, 0.5, 1, 2, 5, 10 and so on, both ways."""
    power: float = 10.0 ** math.floor(math.log10(step))
    return next(size * power for size in (1.0, 2.0, 5.0, 10.0) if size * power >= step * 0.999)


def _log_grid(first: float, last: float, *, whole: bool) -> list[float]:
    """Both ends, and between them 1 1.5 2 3 5 7 in every decade."""
    powers = range(math.floor(math.log10(first)), math.ceil(math.log10(last)) + 1)
    grid = [float(f"{size * 10.0**power:.6g}") for power in powers for size in (1, 1.5, 2, 3, 5, 7)]
    inner = [value for value in grid if first < value < last and not (whole and value % 1)]
    return [first, *inner, last]


def _numbers(path: str, name: str, kind: str, values: list[float], *, whole: bool, here: Any) -> Dial:
    """Put the scenario's own value among the positions, and spell all."""
    own = _same_kind(path, kind, here)
    if own is not None and values[0] <= own <= values[-1] and not any(math.isclose(own, value) for value in values):
        values = sorted([*values, own])
    spelt = [_LABELS[kind](value) for value in values]
    exact = [_TEXTS[kind](value) for value in values]
    labels = spelt if len(set(spelt)) == len(spelt) else exact
    held: list[Any] = list(labels)
    if kind == "number":
        held = [int(value) if whole and value.is_integer() else value for value in map(float, values)]
    start = 0 if own is None else min(range(len(values)), key=lambda number: abs(values[number] - own))
    return Dial(path, name, tuple(labels), tuple(held), tuple(exact), start, True)


def _same_kind(path: str, kind: str, here: Any) -> float | None:
    """Read the scenario's own value as one of this kind; None where it is not."""
    if here is None or isinstance(here, bool):
        return None
    axis = axis_of(path, [str(here)])
    return axis.values[0] if axis.kind == kind else None
