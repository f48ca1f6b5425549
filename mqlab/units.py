"""What people write ("20 ms", "10k/s", "1 KiB", "10_000", "1 %") ↔ integer nanoseconds, rates, bytes, counts.

All arithmetic is decimal and exact; only the finished value is rounded, to the nearest nanosecond or byte.
A value without its unit is refused, because a bare 20 may mean seconds to one reader and milliseconds to the
next; 0 needs none. Every refusal is a :class:`UnitError` that says what is wrong and what to write instead.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Final

__all__ = [
    "DURATION_MAX_NS", "RATE_MAX_PER_S", "SIZE_MAX_BYTES", "UnitError", "format_count", "format_duration",
    "format_rate", "format_size", "parse_bandwidth", "parse_count", "parse_duration", "parse_number",
    "parse_probability", "parse_rate", "parse_size",
]  # fmt: skip

_TIME: Final = {
    "ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": 1_000_000_000,
    "min": 60_000_000_000, "h": 3_600_000_000_000, "d": 86_400_000_000_000,
}  # fmt: skip
_SIZE: Final = {
    "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
_PREFIX: Final = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9}

DURATION_MAX_NS: Final = 30 * _TIME["d"]
"""Longest duration anybody may write: 30 days."""
RATE_MAX_PER_S: Final = 1e9
"""Highest rate of messages: one every nanosecond."""
SIZE_MAX_BYTES: Final = 2**40
"""Largest size anybody may write: 1 TiB."""
_COUNT_MAX: Final = 10**15

_NUMBER = r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]{1,4})?"
_QUANTITY = re.compile(rf"\s*({_NUMBER})\s*(.*?)\s*", re.DOTALL)
_TEXT_MAX = 60
"""Nobody writes a longer number; it also keeps the arithmetic cheap."""


class UnitError(ValueError):
    """A value cannot be read; ``what`` says why and ``mend`` what to write instead."""

    def __init__(self, what: str, mend: str = "") -> None:
        self.what, self.mend = what, mend
        super().__init__(f"{what}; {mend}" if mend else what)


def _shown(value: object) -> str:
    text = " ".join(str(value).split())
    return f"`{text}`" if len(text) <= _TEXT_MAX else f"`{text[: _TEXT_MAX - 3]}...`"


def _split(value: object, noun: str, example: str) -> tuple[Decimal, str]:
    """Cut a value into number and unit; refuse what is not a finite number of sane length, or negative."""
    mend = f"write {example}"
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise UnitError(f"{_shown(value)} is not {noun}", mend)
    text = str(value)
    found = _QUANTITY.fullmatch(text) if len(text) <= _TEXT_MAX else None
    if found is None:
        bare = text.strip().lower().lstrip("+-").lstrip(".")
        if bare.startswith(("inf", "nan")):
            raise UnitError(f"{_shown(value)} is not a finite number", mend)
        raise UnitError(f"{_shown(value)} is not {noun}", mend)
    try:
        number = Decimal(found[1].replace("_", ""))
    except InvalidOperation:  # pragma: no cover - the pattern admits decimal numbers only
        raise UnitError(f"{_shown(value)} is not {noun}", mend) from None
    if number < 0:
        raise UnitError(f"{_shown(value)} is negative", mend)
    if number.adjusted() > 30:
        raise UnitError(f"{_shown(value)} is absurdly large", mend)
    return number, found[2]


def _scaled(number: Decimal, unit: int, value: object, limit: int, noun: str, example: str) -> int:
    exact = number * unit
    if exact > limit:
        top = format_duration(limit) if noun == "a duration" else format_size(limit)
        raise UnitError(f"{_shown(value)} is too large: {noun} is at most {top}", f"write {example}")
    whole = int(exact.to_integral_value(ROUND_HALF_EVEN))
    if whole == 0 and number > 0:
        least = "1 ns" if noun == "a duration" else "1 B"
        raise UnitError(f"{_shown(value)} is less than {least}", f"write 0 or at least {least}")
    return whole


def parse_duration(value: object, example: str = "`20 ms`, `1.5 s` or `2 min`") -> int:
    """Read a duration: a number and one of ns, us (µs), ms, s, min, h, d; a bare 0 is welcome.

    Parameters
    ----------
    value
        What stands in the scenario: text or a number.
    example
        What an error tells the reader to write.

    Returns
    -------
    int
        Nanoseconds, rounded half to even.

    Raises
    ------
    UnitError
        For anything else, for negative and infinite values, and beyond 30 days.

    Examples
    --------
    >>> parse_duration("20 ms"), parse_duration("0.1 s"), parse_duration(0)
    (20000000, 100000000, 0)
    """
    noun = "a duration"
    number, unit = _split(value, noun, example)
    if unit in _TIME:
        return _scaled(number, _TIME[unit], value, DURATION_MAX_NS, noun, example)
    if unit == "" and number == 0:
        return 0
    if unit == "":
        shown = f"{number:f}" if abs(number.adjusted()) < 12 else str(number)
        raise UnitError(f"the duration {_shown(value)} has no unit", f"write `{shown} ms` or `{shown} s`")
    if unit == "m":
        raise UnitError("`m` may mean minutes or milliseconds", "write `min` or `ms`")
    if ":" in unit:
        raise UnitError(f"{_shown(value)} is not a duration", f"write {example}; 1:30 is `90 s` or `90 min`")
    raise UnitError(f"{_shown(unit)} is not a unit of time", "use one of ns, us, ms, s, min, h, d")


def parse_rate(value: object, example: str = "`200/s`, `10k/s` or `30/min`") -> float:
    """Read a rate of messages: a number, perhaps k or M, and ``/s``, ``/min`` or ``/h``.

    Returns
    -------
    float
        Messages per second, above 0 and at most 1e9.

    Raises
    ------
    UnitError
        For anything else, including a rate of 0.

    Examples
    --------
    >>> parse_rate("10k/s"), parse_rate("30/min"), parse_rate("1_500 /s")
    (10000.0, 0.5, 1500.0)
    """
    number, unit = _split(value, "a rate", example)
    found = re.fullmatch(r"([kKM]?)\s*/\s*(s|min|h|d|ms|us|µs)", unit)
    if found is None:
        shown = str(value).strip()
        if unit in ("", "k", "K", "M"):
            raise UnitError(f"the rate {_shown(value)} does not say per what", f"write `{shown}/s`")
        if unit in _TIME:
            raise UnitError(f"{_shown(value)} is a duration, not a rate", f"write {example}")
        raise UnitError(f"{_shown(value)} is not a rate", f"write {example}")
    per_s = number * _PREFIX[found[1]] * _TIME["s"] / _TIME[found[2]]
    if per_s == 0:
        raise UnitError("a rate of 0 sends nothing", f"write {example}")
    if per_s > Decimal(RATE_MAX_PER_S):
        raise UnitError(f"the rate {_shown(value)} is beyond 1e9/s", f"write {example}")
    rate = float(per_s)
    if rate * 3e7 < 1:
        raise UnitError(f"the rate {_shown(value)} is less than one message a year", f"write {example}")
    return rate


def parse_size(value: object, example: str = "`1 KiB`, `100 B` or `2 MB`") -> int:
    """Read a size: a number and one of B, kB, MB, GB, TB (powers of ten), KiB, MiB, GiB, TiB (powers of two).

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    UnitError
        For anything else, and beyond 1 TiB.

    Examples
    --------
    >>> parse_size("1 KiB"), parse_size("1.5 MB")
    (1024, 1500000)
    """
    noun = "a size"
    number, unit = _split(value, noun, example)
    if unit in _SIZE:
        return _scaled(number, _SIZE[unit], value, SIZE_MAX_BYTES, noun, example)
    if unit == "" and number == 0:
        return 0
    if unit == "":
        raise UnitError(f"the size {_shown(value)} has no unit", f"write `{str(value).strip()} B`")
    raise UnitError(f"{_shown(unit)} is not a unit of size", "use one of B, kB, MB, GB, KiB, MiB, GiB")


def parse_bandwidth(value: object, example: str = "`200 MB/s`, `1 GiB/s` or `unlimited`") -> float:
    """Read a bandwidth such as ``200 MB/s``; ``unlimited`` is 0.

    Returns
    -------
    float
        Bytes per second; 0 means unlimited.

    Raises
    ------
    UnitError
        For anything else.

    Examples
    --------
    >>> parse_bandwidth("200 MB/s"), parse_bandwidth("unlimited")
    (200000000.0, 0.0)
    """
    if value == "unlimited":
        return 0.0
    number, unit = _split(value, "a bandwidth", example)
    size, slash, per = unit.partition("/")
    if slash == "" or size.strip() not in _SIZE or per.strip() != "s":
        raise UnitError(f"{_shown(value)} is not a bandwidth", f"write {example}")
    amount = number * _SIZE[size.strip()]
    if not 1 <= amount <= SIZE_MAX_BYTES:
        raise UnitError(f"{_shown(value)} is not between 1 B/s and 1 TiB/s", f"write {example}")
    return float(amount)


def parse_count(value: object, low: int = 0, high: int = _COUNT_MAX, example: str = "`10_000`") -> int:
    """Read a whole number from ``low`` to ``high``; underscores may group its digits.

    Raises
    ------
    UnitError
        For anything else.

    Examples
    --------
    >>> parse_count("10_000")
    10000
    """
    number, unit = _split(value, "a whole number", example)
    if unit:
        raise UnitError(f"{_shown(value)} is not a whole number", f"write no unit, as in {example}")
    if number != number.to_integral_value():
        raise UnitError(f"{_shown(value)} is not a whole number", f"write {example}")
    if not low <= number <= high:
        raise UnitError(f"{_shown(value)} is not between {low:_} and {high:_}", f"write {example}")
    return int(number)


def parse_number(value: object, low: float = 0.0, high: float = 1e6, example: str = "`1.5`") -> float:
    """Read a plain number from ``low`` to ``high``.

    Raises
    ------
    UnitError
        For anything else.

    Examples
    --------
    >>> parse_number("1.1")
    1.1
    """
    number, unit = _split(value, "a number", example)
    if unit:
        raise UnitError(f"{_shown(value)} is not a plain number", f"write no unit, as in {example}")
    if not low <= float(number) <= high:
        raise UnitError(f"{_shown(value)} is not between {low:g} and {high:g}", f"write {example}")
    return float(number)


def parse_probability(value: object, example: str = "`0.01` or `1 %`") -> float:
    """Read a probability: 0 to 1, or a percentage.

    Raises
    ------
    UnitError
        For anything else.

    Examples
    --------
    >>> parse_probability("1 %"), parse_probability(0.25)
    (0.01, 0.25)
    """
    number, unit = _split(value, "a probability", example)
    if unit not in ("", "%"):
        raise UnitError(f"{_shown(value)} is not a probability", f"write {example}")
    share = number / 100 if unit == "%" else number
    if share > 1:
        hint = f"write `{str(value).strip()} %`" if unit == "" and number <= 100 else f"write {example}"
        raise UnitError(f"the probability {_shown(value)} is more than 1", hint)
    return float(share)


def _rounded(number: Decimal, digits: int | None) -> str:
    if digits is not None and number:
        number = round(number, max(0, digits - 1 - number.adjusted()))  # the digits before the point all stay
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_duration(ns: float, digits: int | None = 3) -> str:
    """Write nanoseconds for people, with ``digits`` significant digits (None: exactly).

    The exact form reads back as the same number with :func:`parse_duration`.

    Examples
    --------
    >>> format_duration(1_500_000_000), format_duration(12_345_678), format_duration(90_000_000_000)
    ('1.5 s', '12.3 ms', '90 s')
    >>> format_duration(12_345_678, digits=None)
    '12.345678 ms'
    """
    exact = Decimal(ns)
    if exact < 0:
        return "-" + format_duration(-ns, digits)
    for unit in ("d", "h", "min"):
        number = exact / _TIME[unit]
        if number >= 2 and number == round(number, 2):  # 137.3 s says more than 2.28833 min
            return f"{_rounded(number, digits)} {unit}"
    for unit in ("s", "ms", "us"):
        text = _rounded(exact / _TIME[unit], digits)
        if Decimal(text) >= 1:  # looked at after rounding, so that 999,999 ns is 1 ms
            return f"{text} {unit}"
    return f"{_rounded(exact, digits)} ns"


def format_rate(per_s: float, digits: int | None = 3) -> str:
    """Write a rate for people.

    Examples
    --------
    >>> format_rate(10_000.0), format_rate(1234.5), format_rate(0.5), format_rate(2.5e6)
    ('10 k/s', '1.23 k/s', '0.5/s', '2.5 M/s')
    """
    exact = Decimal(repr(float(per_s)))
    for prefix in ("M", "k"):
        if abs(exact) >= _PREFIX[prefix]:
            return f"{_rounded(exact / _PREFIX[prefix], digits)} {prefix}/s"
    return f"{_rounded(exact, digits)}/s"


def format_size(size_bytes: float, digits: int | None = 3) -> str:
    """Write a size for people, in powers of two.

    Examples
    --------
    >>> format_size(1024), format_size(1_500_000), format_size(100)
    ('1 KiB', '1.43 MiB', '100 B')
    """
    exact = Decimal(size_bytes)
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if abs(exact) >= _SIZE[unit]:
            return f"{_rounded(exact / _SIZE[unit], digits)} {unit}"
    return f"{_rounded(exact, digits)} B"


def format_count(count: int) -> str:
    """Write a whole number for people, in groups of three digits.

    Examples
    --------
    >>> format_count(10_000)
    '10,000'
    """
    return f"{count:,}"
