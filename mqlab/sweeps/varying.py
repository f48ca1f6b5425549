"""What is varied: ``PATH=1k/s..200k/s:20:log`` or ``PATH=1,2,4``, spelt out as settings of a scenario."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mqlab.errors import BadInput
from mqlab.units import UnitError, parse_duration, parse_number, parse_probability, parse_rate, parse_size

__all__ = ["POINTS_MAX", "Axis", "axes_of", "axis_of"]

POINTS_MAX: Final = 1000
"""Most values of one setting."""
_DEFAULT_POINTS: Final = 10
_FORM: Final = "write for instance `consumers.stock.count=1,2,4` or `…rate=1k/s..200k/s:20:log`"


def _per_s(x: float) -> str:
    return f"{_plain(x)}/s"


def _plain(x: float) -> str:
    """Spell a number with six digits and no exponent, which every parser of units reads."""
    text = f"{x:.{max(0, 6 - math.ceil(math.log10(max(abs(x), 1e-12))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_READERS: Final[tuple[tuple[str, Callable[[str], float], Callable[[float], str]], ...]] = (
    ("rate", parse_rate, _per_s),
    ("duration", parse_duration, lambda x: f"{round(x)} ns"),
    ("size", parse_size, lambda x: f"{round(x)} B"),
    ("number", parse_number, _plain),
    ("share", parse_probability, _plain),
)
"""Kind, how it is read, how it is spelt again: the first that reads all values wins."""


@dataclass(frozen=True)
class Axis:
    """A setting and the values it takes, in order.

    ``texts`` are as a scenario has them; ``values`` are numbers in base units (per second, ns, bytes), or places
    0, 1, 2 … where the texts are no numbers (``kind`` is then ``"word"``).
    """

    path: str
    texts: tuple[str, ...]
    values: tuple[float, ...]
    kind: str
    log: bool = False


def axes_of(vary: Mapping[str, str | Sequence[Any]] | Sequence[str]) -> tuple[Axis, ...]:
    """Read all that is varied: a mapping from paths to values, or texts ``PATH=VALUES``.

    Raises
    ------
    BadInput
        Something is not understood, nothing is varied, or a setting is varied twice.

    Examples
    --------
    >>> [axis.texts for axis in axes_of({"consumers.stock.count": [1, 2]})]
    [('1', '2')]
    """
    axes = [axis_of(path, values) for path, values in _pairs(vary)]
    if not axes:
        raise BadInput("nothing is varied", mend=_FORM)
    paths = [axis.path for axis in axes]
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice:
        raise BadInput(f"`{twice}` is varied twice", mend="keep one of them")
    return tuple(axes)


def _pairs(vary: Mapping[str, str | Sequence[Any]] | Sequence[str]) -> list[tuple[str, str | Sequence[Any]]]:
    if isinstance(vary, Mapping):
        return list(vary.items())
    pairs: list[tuple[str, str | Sequence[Any]]] = []
    for text in [vary] if isinstance(vary, str) else vary:
        path, equals, values = text.partition("=")
        if not equals or not path.strip() or not values.strip():
            raise BadInput(f"`{text}` does not say what is varied how", mend=_FORM)
        pairs.append((path.strip(), values.strip()))
    return pairs


def axis_of(path: str, values: str | Sequence[Any]) -> Axis:
    """Read the values of one setting.

    Examples
    --------
    >>> axis_of("load", "1k/s..4k/s:3:log").texts
    ('1000/s', '2000/s', '4000/s')
    >>> axis_of("count", "1..4:4").values
    (1.0, 2.0, 3.0, 4.0)
    """
    if not isinstance(path, str):
        raise BadInput(f"{path!r} is no path in a scenario", mend=_FORM)
    if path == "seed":
        raise BadInput("the seed is not varied", mend="repeat each point with --reps, from --seed on")
    if not isinstance(values, str):
        return _listed(path, [str(value).lower() if isinstance(value, bool) else str(value) for value in values])
    if ".." in values:
        return _between(path, values)
    return _listed(path, _split(values))


def _split(text: str) -> list[str]:
    """Cut at commas that stand outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "{[") - (letter in "}]")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _listed(path: str, texts: list[str]) -> Axis:
    if not texts or "" in texts:
        raise BadInput(f"a value of `{path}` is missing", mend=_FORM)
    if len(texts) > POINTS_MAX:
        raise BadInput(f"`{path}` takes {len(texts)} values", mend=f"use at most {POINTS_MAX}")
    if len(set(texts)) < len(texts):
        raise BadInput(f"`{path}` takes a value twice", mend="keep one of them; --reps repeats runs")
    for kind, read, _ in _READERS:
        numbers = _numbers(read, texts)
        if numbers is not None:
            return Axis(path, tuple(texts), tuple(numbers), kind, _crowded(numbers))
    return Axis(path, tuple(texts), tuple(map(float, range(len(texts)))), "word")


def _crowded(numbers: Sequence[float]) -> bool:
    """Say whether values such as 1, 2, 5, 100 would stand on each other if the axis were linear."""
    ordered = sorted(numbers)
    gaps = [after - before for before, after in itertools.pairwise(ordered)]
    return len(ordered) > 2 and ordered[0] > 0 and min(gaps) < 0.02 * (ordered[-1] - ordered[0])


def _numbers(read: Callable[[str], float], texts: Sequence[str]) -> list[float] | None:
    try:
        return [float(read(text)) for text in texts]
    except UnitError:
        return None


def _between(path: str, text: str) -> Axis:
    span, *more = text.split(":")
    low, _, high = (part.strip() for part in span.partition(".."))
    scale = more.pop().strip() if more and more[-1].strip() in ("lin", "log") else "lin"
    points = _points(path, more)
    kind, read, spell, first, last = _ends(path, low, high)
    if first >= last:
        raise BadInput(f"`{path}` begins at {low}, which is not less than {high}", mend="swap them")
    if scale == "log" and first <= 0:
        raise BadInput(f"`{path}` begins at 0, and 0 has no logarithm", mend="begin above 0, or leave `:log` out")
    numbers = [_at(first, last, i / (points - 1), scale) for i in range(points)]
    if low.replace("_", "").isdecimal() and high.replace("_", "").isdecimal():
        numbers = list(dict.fromkeys(float(round(x)) for x in numbers))
    texts = tuple(dict.fromkeys(spell(x) for x in numbers))
    return Axis(path, texts, tuple(float(read(each)) for each in texts), kind, scale == "log")


def _ends(
    path: str, low: str, high: str
) -> tuple[str, Callable[[str], float], Callable[[float], str], float, float]:
    """Read both ends of a span, of the first kind that fits both."""
    for kind, read, spell in _READERS:
        ends = _numbers(read, [low, high])
        if ends is not None:
            return kind, read, spell, ends[0], ends[1]
    raise BadInput(f"`{low}` and `{high}` of `{path}` are no two values of one kind", mend=_FORM)


def _points(path: str, more: list[str]) -> int:
    if not more:
        return _DEFAULT_POINTS
    if len(more) > 1 or not more[0].strip().isdecimal():
        raise BadInput(f"`:{':'.join(more)}` of `{path}` is not understood", mend=_FORM)
    points = int(more[0])
    if not 2 <= points <= POINTS_MAX:
        raise BadInput(f"`{path}` takes {points} values", mend=f"use 2 to {POINTS_MAX}")
    return points


def _at(first: float, last: float, share: float, scale: str) -> float:
    if share in (0.0, 1.0):
        return last if share else first
    if scale == "log":
        return float(first * (last / first) ** share)
    return first + (last - first) * share
