"""Frames between the parent and a student's process: one line of JSON each, plain values, everything capped.

What comes from the other side is never trusted: any bytes at all may stand in a line. :func:`decode` returns values
made of nothing but None, bool, int, float, str, list and dict, all of bounded size, or raises :class:`Garbled`.
"""

from __future__ import annotations

__all__ = ["DEPTH_MAX", "FRAME_BYTES_MAX", "INTEGER_MAX", "Garbled", "Lines", "decode", "encode", "printable"]

import json
import math
from typing import Any, NoReturn

from mqlab.grading.student import Plain

FRAME_BYTES_MAX = 64 * 1024
"""One line that the student's process sends, with its end."""
DEPTH_MAX = 20
"""How deep lists and dictionaries may be nested."""
INTEGER_MAX = 2**63 - 1
"""Whole numbers are those of 64 bits, so that every library can take them."""
_DIGITS_MAX = 40


class Garbled(ValueError):  # noqa: N818 - it says what the line is
    """A line that is no frame: the text says why, in words that continue "it sent …"."""


def encode(value: Any) -> bytes:
    r"""Write a plain value as one line.

    Raises
    ------
    TypeError, ValueError
        The value is not plain: a mistake of the parent's own.

    Examples
    --------
    >>> encode({"call": 1, "name": "handle"})
    b'{"call":1,"name":"handle"}\n'
    """
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def decode(line: bytes) -> Plain:
    """Read one line, whatever stands in it.

    Raises
    ------
    Garbled
        It is too long, not UTF-8, not JSON, or holds something that is not plain or too large.

    Examples
    --------
    >>> decode(b'{"answer": [1, 2.5, null]}')
    {'answer': [1, 2.5, None]}
    >>> decode(b"[" * 5000)
    Traceback (most recent call last):
    mqlab.grading.protocol.Garbled: lists nested deeper than 20
    """
    if len(line) > FRAME_BYTES_MAX:
        raise Garbled(f"more than {FRAME_BYTES_MAX // 1024} KiB at once")
    try:
        value = json.loads(line.decode(), parse_int=_integer, parse_float=_number, parse_constant=_constant)
        _measure(value, 1)
    except Garbled:
        raise
    except RecursionError:
        raise Garbled(f"lists nested deeper than {DEPTH_MAX}") from None
    except UnicodeError:
        raise Garbled("text that is not Unicode") from None
    except ValueError:
        raise Garbled("something that is not JSON") from None
    return value  # type: ignore[no-any-return]


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS_MAX or abs(number := int(digits)) > INTEGER_MAX:
        raise Garbled("a whole number of more than 64 bits")
    return number


def _number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Garbled("a number too large to be one")
    return number


def _constant(name: str) -> NoReturn:
    raise Garbled(f"{name}, which is not a number")


def _measure(value: object, depth: int) -> None:
    """Refuse what is nested too deeply, and text that cannot be written again (half of a surrogate pair)."""
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, list | dict):
        if depth > DEPTH_MAX:
            raise Garbled(f"lists nested deeper than {DEPTH_MAX}")
        for part in value:
            _measure(part, depth + 1)
        if isinstance(value, dict):
            for part in value.values():
                _measure(part, depth + 1)


class Lines:
    r"""Bytes that arrive in pieces, cut into lines; holds no more than one frame and what was read with it.

    Examples
    --------
    >>> lines = Lines()
    >>> lines.add(b'{"answer": 1}\n{"ans')
    >>> lines.next(), lines.next()
    (b'{"answer": 1}', None)
    """

    def __init__(self) -> None:
        self._held = bytearray()

    def add(self, piece: bytes) -> None:
        """Take what was read."""
        self._held += piece

    def next(self) -> bytes | None:
        """Return the next whole line without its end, or None.

        Raises
        ------
        Garbled
            What has arrived is longer than a frame and still has no end.
        """
        end = self._held.find(b"\n")
        if end < 0:
            if len(self._held) >= FRAME_BYTES_MAX:
                raise Garbled(f"more than {FRAME_BYTES_MAX // 1024} KiB at once")
            return None
        line = bytes(self._held[:end])
        del self._held[: end + 1]
        return line

    @property
    def empty(self) -> bool:
        """Whether nothing is held back, not even half a line."""
        return not self._held


def printable(text: object, chars_max: int = 200) -> str:
    r"""Make a text of the student's fit for a sentence: one line, no control characters, not too long.

    Examples
    --------
    >>> printable("two\nlines \x1b[31m")
    'two lines ?[31m'
    """
    whole = text if isinstance(text, str) else ""
    short = " ".join(whole[: 4 * chars_max].split())
    short = "".join(char if char.isprintable() else "?" for char in short)
    return short if len(short) <= chars_max else short[: chars_max - 1] + "…"
