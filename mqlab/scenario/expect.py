"""What a scenario expects of its run: comparisons that are parsed, never evaluated as code.

    condition   = and-part  { "or" and-part }
    and-part    = not-part  { "and" not-part }
    not-part    = "not" not-part  |  comparison
    comparison  = sum  { ( == | != | < | <= | > | >= ) sum }        a chain a < b < c means a < b and b < c
    sum         = product { (+ | -) product }
    product     = factor  { (* | /) factor }
    factor      = - factor  |  number [unit]  |  name  |  ( condition )

Values are exact fractions, times in nanoseconds, rates per nanosecond, so `fates.processed / messages.owed
>= 99 %` has no rounding in it. What a level of the trace cannot tell is None, and so is what depends on it,
unless the rest decides already (Kleene's logic): `lost == 0 or events > 0` may hold without rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from mqlab.errors import Place, ScenarioError, did_you_mean
from mqlab.scenario.conditions import (
    COMPARE,
    Arithmetic,
    Chain,
    Condition,
    Logic,
    Named,
    Number,
    Value,
    plain,
)
from mqlab.scenario.tokens import Token, tokenize
from mqlab.scenario.vocabulary import GAUGES, NUMBER, RATE, TIME, Dimension, Name, names_of

__all__ = ["Expectation", "Outcome", "names_of", "parse"]

_LENGTH_MAX: Final = 1000
_DEPTH_MAX: Final = 20
_SPELT: Final = {NUMBER: "a plain number", TIME: "a time", RATE: "a rate"}
_EXAMPLE: Final = {TIME: "`200 ms`", RATE: "`900/s`", NUMBER: "`10`"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an expectation: ``holds`` is None if the run could not tell.

    ``value`` is what its first name (or what is computed with it) came to: times in ns, rates per second.
    """

    text: str
    holds: bool | None
    value: float | int | None


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation, parsed."""

    text: str
    place: Place | None
    condition: Condition
    needs: frozenset[str]
    """First parts of the names used: ``lost``, ``fates``, ``latency``."""

    def evaluate(self, summary: Mapping[str, Any]) -> Outcome:
        """Hold the summary of a run against it.

        Examples
        --------
        >>> parse("latency.p99 < 200 ms").evaluate({"latency_ns": {"p99": 150_000_000}})
        Outcome(text='latency.p99 < 200 ms', holds=True, value=150000000)
        """
        value = self.condition.shown().worth(summary)
        return Outcome(self.text, self.condition.holds(summary), plain(value, self.condition.shown().dimension))


def parse(text: str, place: Place | None = None, *, names: Mapping[str, Name] | None = None) -> Expectation:
    """Parse an expectation.

    Parameters
    ----------
    text
        Such as ``lost == 0``, ``latency.p99 < 200 ms``, ``fates.processed / messages.owed >= 99 %``.
    place
        Where it begins, for errors.
    names
        What may be named, from :func:`names_of`; without it queues and entities go unchecked.

    Raises
    ------
    ScenarioError
        With the column of what is wrong.

    Examples
    --------
    >>> sorted(parse("lost == 0 and latency.p99 < 2 s").needs)
    ['latency', 'lost']
    """
    return _Parser(text, place, names).parse()


@dataclass
class _Parser:
    text: str
    place: Place | None
    names: Mapping[str, Name] | None
    tokens: list[Token] = field(default_factory=list)
    next: int = 0
    depth: int = 0
    needs: set[str] = field(default_factory=set)

    def parse(self) -> Expectation:
        if len(self.text) > _LENGTH_MAX:
            raise self.fail(0, "the expectation is too long", f"use at most {_LENGTH_MAX} characters")
        if not self.text.strip():
            raise self.fail(0, "the expectation is empty", "write a comparison such as `lost == 0`")
        self.tokens = tokenize(self.text, self.fail)
        condition = self.either()
        if self.peek.kind != "end":
            raise self.fail(self.peek.at, f"`{self.peek.text}` is not expected here", self.after_mend())
        if isinstance(condition, Value):
            raise self.fail(0, "this is a value, not an expectation", "compare it, as in `lost == 0`")
        return Expectation(self.text, self.place, condition, frozenset(self.needs))

    def after_mend(self) -> str:
        if self.peek.kind in ("name", "number"):
            return "join values with an operator, and comparisons with `and` or `or`"
        return "remove it"

    @property
    def peek(self) -> Token:
        return self.tokens[self.next]

    def take(self, *texts: str) -> Token | None:
        token = self.peek
        if token.kind in ("operator", "word") and token.text in texts:
            self.next += 1
            return token
        return None

    def fail(self, at: int, what: str, mend: str) -> ScenarioError:
        place = self.place
        if place is not None and place.line:
            place = Place(place.file, place.line, place.column + at)
        return ScenarioError(f"in `{self.text.strip()[:80]}`: {what}", mend=mend, place=place)

    def either(self) -> Condition | Value:
        return self.joined("or", self.both)

    def both(self) -> Condition | Value:
        return self.joined("and", self.negated)

    def joined(self, word: str, part: Callable[[], Condition | Value]) -> Condition | Value:
        start = self.peek.at
        parts = [part()]
        while token := self.take(word):
            self.condition(parts[-1], start)
            start = self.peek.at
            parts.append(part())
            self.condition(parts[-1], token.at)
        if len(parts) == 1:
            return parts[0]
        return Logic(word, tuple(p for p in parts if isinstance(p, Condition)))

    def condition(self, part: Condition | Value, at: int) -> Condition:
        if isinstance(part, Value):
            raise self.fail(at, "a value stands where a comparison belongs", "compare it, as in `lost == 0`")
        return part

    def negated(self) -> Condition | Value:
        flips, at = 0, self.peek.at
        while self.take("not"):
            flips += 1
        part = self.comparison()
        if flips == 0:
            return part
        inner = self.condition(part, at)
        return Logic("not", (inner,)) if flips % 2 else inner

    def comparison(self) -> Condition | Value:
        at = self.peek.at
        first = self.sum()
        values, signs = [first], []
        while sign := self.take(*COMPARE):
            after = self.peek
            values.append(self.sum())
            signs.append(sign.text)
            left, right = self.value(values[-2], at), self.value(values[-1], after.at)
            self.same(left, right, after.at)
        if not signs:
            return first
        return Chain(tuple(v for v in values if isinstance(v, Value)), tuple(signs))

    def sum(self) -> Condition | Value:
        return self.arithmetic(("+", "-"), self.product)

    def product(self) -> Condition | Value:
        return self.arithmetic(("*", "/"), self.factor)

    def arithmetic(self, signs: tuple[str, str], part: Callable[[], Condition | Value]) -> Condition | Value:
        at = self.peek.at
        left = part()
        while sign := self.take(*signs):
            after = self.peek.at
            a, b = self.value(left, at), self.value(part(), after)
            if sign.text in "+-":
                self.same(a, b, after)
                dimension = b.dimension if a.dimension is None else a.dimension
            else:
                dimension = _combine(a.dimension, b.dimension, 1 if sign.text == "*" else -1)
            left = Arithmetic(sign.text, a, b, dimension, a.has_name or b.has_name)
        return left

    def value(self, part: Condition | Value, at: int) -> Value:
        if isinstance(part, Condition):
            raise self.fail(at, "a comparison stands where a value belongs", "join comparisons with `and` or `or`")
        return part

    def same(self, a: Value, b: Value, at: int) -> None:
        if a.dimension is None or b.dimension is None or a.dimension == b.dimension:
            return
        left, right = _SPELT.get(a.dimension, "a quantity"), _SPELT.get(b.dimension, "a quantity")
        wanted = a.dimension if a.has_name else b.dimension
        mend = f"write for instance {_EXAMPLE[wanted]}" if wanted in _EXAMPLE else "use the same unit on both sides"
        raise self.fail(at, f"{left} is compared or added with {right}", mend)

    def factor(self) -> Condition | Value:
        token = self.peek
        self.depth += 1
        if self.depth > _DEPTH_MAX:
            raise self.fail(token.at, "the parentheses are too deep", "write it as two expectations")
        found = self.atom(token)
        self.depth -= 1
        return found

    def atom(self, token: Token) -> Condition | Value:
        if self.take("-"):
            inner = self.value(self.factor(), token.at)
            return Arithmetic("*", Number(Fraction(-1), NUMBER), inner, inner.dimension, inner.has_name)
        if self.take("("):
            inside = self.either()
            if not self.take(")"):
                raise self.fail(token.at, "this parenthesis is not closed", "add `)`")
            return inside
        if token.kind == "number":
            self.next += 1
            return Number(token.value, token.dimension)
        if token.kind == "name":
            self.next += 1
            return self.named(token)
        raise self.fail(token.at, f"a value is missing before {_told(token)}", "write a name or a number there")

    def named(self, token: Token) -> Value:
        self.needs.add(token.text.partition(".")[0])
        if token.text.startswith(GAUGES) and len(token.text) > len(GAUGES):
            return Named(("gauges", token.text.removeprefix(GAUGES)), None)
        names = names_of() if self.names is None else self.names
        if token.text in names:
            return Named(*names[token.text])
        if self.names is None and token.text.startswith(("queues.", "utilisation.")):
            first, _, rest = token.text.partition(".")
            return Named((first, *(rest.rsplit(".", 1) if first == "queues" else [rest])), NUMBER)
        raise self.fail(token.at, f"`{token.text[:60]}` is not known", self.near(token.text, names))

    def near(self, text: str, names: Mapping[str, Name]) -> str:
        below = [name for name in names if name.startswith(f"{text}.")]
        if below:
            return f"say which: {', '.join(below[:8])}"
        if "-" in text and text.partition("-")[0] in names:
            return "put spaces around the minus sign"
        head = text.partition(".")[0] + "."
        beside = [name for name in names if name.startswith(head)]
        return did_you_mean(text, beside or names, "names")


def _combine(a: Dimension, b: Dimension, sign: int) -> Dimension:
    return None if a is None or b is None else (a[0] + sign * b[0], a[1] + sign * b[1])


def _told(token: Token) -> str:
    return token.text if token.kind == "end" else f"`{token.text}`"
