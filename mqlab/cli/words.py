"""Numbers and names as people read them; a dash stands where there is nothing to tell."""

from __future__ import annotations

__all__ = ["counted", "duration", "factor", "number", "rate", "size", "value", "whole"]

from typing import Any

from mqlab.errors import BadInput
from mqlab.units import format_count, format_duration, format_rate, format_size

NOTHING = "–"


def number(amount: float | None) -> str:
    """Group thousands; fractions get three figures.

    Examples
    --------
    >>> number(1234567), number(0.12345), number(1234.5), number(None)
    ('1,234,567', '0.123', '1,234', '–')
    """
    if amount is None:
        return NOTHING
    if float(amount).is_integer() or abs(amount) >= 1000:
        return format_count(round(amount))
    return f"{amount:.3g}"


def counted(amount: int, singular: str, plural: str = "") -> str:
    """Put a number before its noun.

    Examples
    --------
    >>> counted(1, "message"), counted(2000, "match", "matches")
    ('1 message', '2,000 matches')
    """
    return f"{format_count(amount)} {singular if amount == 1 else plural or singular + 's'}"


def duration(time_ns: float | None) -> str:
    """Write a time in the unit that suits it."""
    return NOTHING if time_ns is None else format_duration(time_ns)


def size(size_bytes: float | None) -> str:
    """Write a number of bytes in the unit that suits it."""
    return NOTHING if size_bytes is None else format_size(size_bytes)


def rate(per_s: float | None) -> str:
    """Write a rate per second."""
    return NOTHING if per_s is None else format_rate(per_s)


def factor(before: float | None, after: float | None) -> str:
    """Tell how the second figure stands to the first.

    Examples
    --------
    >>> factor(2, 3), factor(8, 2), factor(5, 5), factor(10_000, 10_001), factor(0, 3)
    ('× 1.5', '÷ 4', '=', '≈', '')
    """
    if before is None or after is None:
        return ""
    if before == after:
        return "="
    if before <= 0 or after <= 0:
        return ""
    up = after / before
    told = f"× {up:.3g}" if up >= 1 else f"÷ {1 / up:.3g}"
    return "≈" if told[2:] == "1" else told


def value(amount: Any) -> str:
    """Write whatever an expectation was measured at, or a benchmark's figure."""
    if amount is None:
        return NOTHING
    return number(amount) if isinstance(amount, int | float) and not isinstance(amount, bool) else str(amount)


def whole(text: str | None, option: str, most: int) -> int | None:
    """Read a whole number that an option was given; None if it was not given.

    Raises
    ------
    BadInput
        It is none, or not from 0 to ``most``.

    Examples
    --------
    >>> whole("42", "--seed", 100), whole(None, "--seed", 100)
    (42, None)
    """
    if text is None:
        return None
    plain = text.replace("_", "")
    if not (plain.isascii() and plain.isdigit()) or len(plain) > len(str(most)) or int(plain) > most:
        raise BadInput(f"{option} takes a whole number from 0 to {most}, not {text[:40]!r}")
    return int(plain)
