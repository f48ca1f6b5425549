"""What an expectation is made of: values and conditions, held against the summary of a run."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from mqlab.scenario.vocabulary import NUMBER, RATE, Dimension

__all__ = ["COMPARE", "Arithmetic", "Chain", "Condition", "Logic", "Named", "Number", "Value", "plain"]

COMPARE: Final[dict[str, Callable[[Fraction, Fraction], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def plain(value: Fraction | None, dimension: Dimension) -> float | int | None:
    """Turn a value into what people and JSON have: times in ns, rates per second."""
    if value is None:
        return None
    if dimension == RATE:
        value *= 10**9
    return value.numerator if value.denominator == 1 else float(value)


class Value:
    """Something with a number."""

    dimension: Dimension = NUMBER
    has_name = False

    def worth(self, summary: Mapping[str, Any]) -> Fraction | None:
        """Work it out; None if the summary does not tell."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Number(Value):
    """A number as written."""

    value: Fraction
    dimension: Dimension
    has_name: bool = False

    def worth(self, summary: Mapping[str, Any]) -> Fraction | None:
        """Work it out."""
        return self.value


@dataclass(frozen=True, slots=True)
class Named(Value):
    """A figure of the run."""

    keys: tuple[str, ...]
    dimension: Dimension
    has_name: bool = True

    def worth(self, summary: Mapping[str, Any]) -> Fraction | None:
        """Work it out."""
        found: Any = summary
        for key in self.keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping):  # fates.lost: all causes together
            parts = [_number(part) for part in found.values()]
            found = None if None in parts else sum(part for part in parts if part is not None)
        number = _number(found)
        return number / 10**9 if number is not None and self.dimension == RATE else number


def _number(found: Any) -> Fraction | None:
    if isinstance(found, bool) or not isinstance(found, int | float | Fraction) or not math.isfinite(found):
        return None
    return Fraction(found)


@dataclass(frozen=True, slots=True)
class Arithmetic(Value):
    """Two values joined by + - * or /."""

    sign: str
    left: Value
    right: Value
    dimension: Dimension
    has_name: bool = False

    def worth(self, summary: Mapping[str, Any]) -> Fraction | None:
        """Work it out."""
        left, right = self.left.worth(summary), self.right.worth(summary)
        if left is None or right is None or (self.sign == "/" and right == 0):
            return None
        match self.sign:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
        return left / right


class Condition:
    """Something that holds or not."""

    def holds(self, summary: Mapping[str, Any]) -> bool | None:
        """Decide; None if the summary does not tell."""
        raise NotImplementedError

    def shown(self) -> Value:
        """Choose the value that people want to see."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Chain(Condition):
    """Values compared one with the next."""

    values: tuple[Value, ...]
    signs: tuple[str, ...]

    def holds(self, summary: Mapping[str, Any]) -> bool | None:
        """Decide."""
        worth = [value.worth(summary) for value in self.values]
        unknown = False
        for sign, left, right in zip(self.signs, worth, worth[1:], strict=False):
            if left is None or right is None:
                unknown = True
            elif not COMPARE[sign](left, right):
                return False
        return None if unknown else True

    def shown(self) -> Value:
        """Choose what to show."""
        return next((value for value in self.values if value.has_name), self.values[0])


@dataclass(frozen=True, slots=True)
class Logic(Condition):
    """Conditions joined by and, or, not."""

    word: str
    parts: tuple[Condition, ...]

    def holds(self, summary: Mapping[str, Any]) -> bool | None:
        """Decide."""
        found = [part.holds(summary) for part in self.parts]
        if self.word == "not":
            return None if found[0] is None else not found[0]
        decided = self.word == "or"
        if decided in found:
            return decided
        return None if None in found else not decided

    def shown(self) -> Value:
        """Choose what to show."""
        return self.parts[0].shown()
