"""What a student's code gave, looked at before it is used: each check raises one sentence for the student.

Values that come out of a worker are plain JSON, and may be anything of that: a list where a number is meant, a million
where ten is meant. Whoever plays a world looks at them here first, so that no such value can trip the judge.

    minutes = plain.number(student.call("drain_time", 500.0), "drain_time(500.0)", at_least=0)
"""

from __future__ import annotations

__all__ = ["choice", "listing", "mapping", "nothing", "number", "show", "text", "truth", "whole"]

import json
import math
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from mqlab.errors import did_you_mean
from mqlab.grading.student import Babbled

T = TypeVar("T")
WHOLE_MAX: Final = 2**53
"""Beyond this, JSON's numbers are not whole on every machine."""
_SHOWN_MAX: Final = 60


def show(value: Any) -> str:
    """Spell a value in a sentence, short enough for it.

    Examples
    --------
    >>> show([1, 2]), show(None), show("x" * 200)[-8:]
    ('[1, 2]', 'None', 'xxxxxxx…')
    """
    told = repr(value) if value is None or isinstance(value, bool | int | float) else json.dumps(value, default=repr)
    return told if len(told) <= _SHOWN_MAX else told[: _SHOWN_MAX - 1] + "…"


def number(value: Any, what: str, *, at_least: float = -math.inf, at_most: float = math.inf) -> float:
    """Take a finite number.

    Raises
    ------
    Babbled
        It is something else, or out of range.

    Examples
    --------
    >>> number(3, "the drain time")
    3.0
    >>> number("3", "the drain time")
    Traceback (most recent call last):
        ...
    mqlab.grading.student.Babbled: the drain time must be a number, but it is "3".
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Babbled(f"{what} must be a number, but it is {show(value)}.")
    if (isinstance(value, int) and abs(value) > WHOLE_MAX) or not math.isfinite(value):
        raise Babbled(f"{what} must be a finite number, but it is {show(value)}.")
    _in_range(value, what, at_least, at_most)
    return float(value)


def whole(value: Any, what: str, *, at_least: int = -WHOLE_MAX, at_most: int = WHOLE_MAX) -> int:
    """Take a whole number; ``3.0`` is one.

    Raises
    ------
    Babbled
        It is something else, or out of range.

    Examples
    --------
    >>> whole(3.0, "the order")
    3
    """
    found = number(value, what)
    if found != int(found):
        raise Babbled(f"{what} must be a whole number, but it is {show(value)}.")
    _in_range(found, what, at_least, at_most)
    return int(found)


def truth(value: Any, what: str) -> bool:
    """Take True or False.

    Raises
    ------
    Babbled
        It is something else.
    """
    if not isinstance(value, bool):
        raise Babbled(f"{what} must be True or False, but it is {show(value)}.")
    return value


def text(value: Any, what: str, *, most: int = 200) -> str:
    """Take a text of at most ``most`` characters.

    Raises
    ------
    Babbled
        It is something else, or longer.
    """
    if not isinstance(value, str):
        raise Babbled(f"{what} must be a text, but it is {show(value)}.")
    if len(value) > most:
        raise Babbled(f"{what} must be a text of at most {most} characters, but it has {len(value):,}.")
    return value


def choice(value: Any, what: str, among: Iterable[Any]) -> Any:
    """Take one of several plain values.

    Raises
    ------
    Babbled
        It is something else.

    Examples
    --------
    >>> choice("send", "the answer", ["send", "wait"])
    'send'
    >>> choice("sent", "the answer", ["send", "wait"])
    Traceback (most recent call last):
        ...
    mqlab.grading.student.Babbled: the answer must be one of "send", "wait", but it is "sent"; did you mean `send`?
    """
    known = list(among)
    for one in known:
        if type(one) is type(value) and one == value:
            return one
    mend = did_you_mean(value, [one for one in known if isinstance(one, str)]) if isinstance(value, str) else ""
    near = f"; {mend}" if mend.startswith("did you") else "."
    raise Babbled(f"{what} must be one of {', '.join(map(show, known))}, but it is {show(value)}{near}")


def listing(value: Any, what: str, each: Callable[[Any, str], T] | None = None, *, most: int = 1_000) -> list[T]:
    """Take a list, each entry looked at by ``each``.

    Raises
    ------
    Babbled
        It is no list, it is too long, or an entry is wrong.

    Examples
    --------
    >>> listing([1, 2.0], "the orders", whole)
    [1, 2]
    """
    if not isinstance(value, list):
        raise Babbled(f"{what} must be a list, but it is {show(value)}.")
    if len(value) > most:
        raise Babbled(f"{what} must have at most {most:,} entries, but it has {len(value):,}.")
    return [entry if each is None else each(entry, f"entry {at} of {what}") for at, entry in enumerate(value)]


def mapping(value: Any, what: str, *, most: int = 100) -> dict[str, Any]:
    """Take a dictionary.

    Raises
    ------
    Babbled
        It is something else, or too large.
    """
    if not isinstance(value, dict):
        raise Babbled(f"{what} must be a dictionary, but it is {show(value)}.")
    if len(value) > most:
        raise Babbled(f"{what} must have at most {most:,} entries, but it has {len(value):,}.")
    return value


def nothing(value: Any, what: str) -> None:
    """Take None: what a function gives that returns nothing.

    Raises
    ------
    Babbled
        It is something else.
    """
    if value is not None:
        raise Babbled(f"{what} should return nothing, but it returns {show(value)}.")


def _in_range(value: float, what: str, at_least: float, at_most: float) -> None:
    if value < at_least:
        raise Babbled(f"{what} must be at least {at_least:,}, but it is {show(value)}.")
    if value > at_most:
        raise Babbled(f"{what} must be at most {at_most:,}, but it is {show(value)}.")
