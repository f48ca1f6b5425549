"""Expectations, cut into tokens: names, quantities with their units, and operators."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from mqlab.errors import ScenarioError
from mqlab.scenario.vocabulary import NUMBER, RATE, SIZE, TIME, ZERO, Dimension
from mqlab.units import UnitError, parse_duration, parse_rate, parse_size

__all__ = ["Token", "tokenize"]

_NUMBER = r"(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]{1,3}(?![0-9]))?"
_QUANTITY = re.compile(
    rf"(?P<number>{_NUMBER})"
    r"(?:(?P<rate>\s*[kKM]?\s*/\s*(?:s|min|h)\b)"
    r"|(?P<share>\s*%)"
    r"|\s*(?P<unit>[A-Za-zµμ]+)\b)?"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[.-]?[A-Za-z0-9_]+|\[[0-9]+\])*")
_OPERATOR = re.compile(r"==|!=|<=|>=|<|>|\+|-|\*|/|\(|\)")
_WORDS: Final = ("and", "or", "not")
_NEAR: Final = {
    "=": "write `==`",
    "&": "write `and`",
    "|": "write `or`",
    "!": "write `not`, or `!=` between two values",
    "≤": "write `<=`",
    "≥": "write `>=`",
    "≠": "write `!=`",
    "%": "write a percentage with its number, as in `5 %`",
}

Fail = Callable[[int, str, str], ScenarioError]
"""Makes an error from an offset within the text, what, and mend."""


@dataclass(frozen=True, slots=True)
class Token:
    """``kind``: number, name, word (and, or, not), operator, or end."""

    kind: str
    text: str
    at: int
    value: Fraction = Fraction(0)
    dimension: Dimension = NUMBER


def tokenize(text: str, fail: Fail) -> list[Token]:
    """Cut a text into tokens, the last of which is the end."""
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif found := _QUANTITY.match(text, at):
            token = _quantity(found, fail)
            tokens.append(token)
            at += len(token.text)
        elif found := _NAME.match(text, at):
            tokens.append(Token("word" if found[0] in _WORDS else "name", found[0], at))
            at = found.end()
        elif found := _OPERATOR.match(text, at):
            tokens.append(Token("operator", found[0], at))
            at = found.end()
        else:
            mend = _NEAR.get(text[at], "use names, numbers with units, comparisons, + - * / and parentheses")
            raise fail(at, f"`{text[at]}` makes no sense in an expectation", mend)
    return [*tokens, Token("end", "the end", len(text))]


def _quantity(found: re.Match[str], fail: Fail) -> Token:
    """Read a number with its unit; a word that is no unit belongs to what follows."""
    number, rate, share, unit = found["number"], found["rate"], found["share"], found["unit"]
    at = found.start()
    if unit in _WORDS:
        unit = None
    try:
        if rate:
            return Token("number", found[0], at, Fraction(parse_rate(found[0])) / 10**9, RATE)
        if share:
            return Token("number", found[0], at, _exact(number) / 100, NUMBER)
        if unit:
            size = unit[-1:] == "B"
            value = parse_size(f"{number} {unit}") if size else parse_duration(f"{number} {unit}")
            return Token("number", found[0], at, Fraction(value), SIZE if size else TIME)
    except UnitError as error:
        raise fail(at, error.what, error.mend) from None
    value_ = _exact(number)
    return Token("number", number, at, value_, NUMBER if value_ else ZERO)


def _exact(number: str) -> Fraction:
    return Fraction(number.replace("_", "").rstrip(".") if "e" not in number.lower() else number.replace("_", ""))
