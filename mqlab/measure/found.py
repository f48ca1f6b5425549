"""What an expectation found, as people read it: a time as a time, a rate as a rate."""

from __future__ import annotations

import re
from typing import Final

from mqlab.units import format_count, format_duration, format_rate

__all__ = ["format_found"]

_CUTS: Final = re.compile(r"==|!=|<=|>=|<|>|\b(?:and|or|not)\b|[()]")
_NAME: Final = re.compile(r"[A-Za-z_]\w*(?:\.[\w-]+)*")
_QUANTITY: Final = re.compile(r"(?<![\w.])\d[\d_.]*\s*(?:%|[A-Za-zµ]+)?(?:/\w+)?")
_TIMED: Final = ("latency.", "stages.")


def format_found(text: str, value: float | int | None) -> str:
    """Spell the value of an expectation.

    The value belongs to the first side of a comparison that names something. If that side is one name alone, the
    name tells whether the value is a time in nanoseconds or a rate per second; what is computed is a plain number.

    Examples
    --------
    >>> format_found("145 ms < stages.created_confirmed.mean < 155 ms", 150_163_269.2), format_found("lost == 0", 1234)
    ('150 ms', '1,234')
    >>> format_found("throughput.created > 340/s", 363.15), format_found("latency.p99 / latency.p50 < 9", 2.5)
    ('363/s', '2.5')
    """
    if value is None:
        return "–"
    name = next(filter(None, map(_name_alone, _CUTS.split(text))), "")
    if name.startswith(_TIMED) and not name.endswith(".count") and value >= 0:
        return format_duration(value)
    if name.startswith("throughput.") and value >= 0:
        return format_rate(value)
    if float(value).is_integer() or abs(value) >= 1000:
        return format_count(round(value))
    return f"{value:.3g}"


def _name_alone(side: str) -> str:
    """Return the name that a side is, a dash if it is computed with names, nothing if it has none."""
    side = side.strip()
    if _NAME.fullmatch(side):
        return side
    return "-" if re.search("[A-Za-z]", _QUANTITY.sub("", side)) else ""
