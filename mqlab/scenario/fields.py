"""The leaves of the grammar: durations, rates, names and so on as pydantic field types.

Every refusal is raised here in our own words (:class:`mqlab.units.UnitError` or :class:`SpecError`); pydantic
carries it, with the path of the field, to where it gets its line and column.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import Discriminator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from mqlab.errors import did_you_mean
from mqlab.units import (
    UnitError,
    parse_bandwidth,
    parse_count,
    parse_duration,
    parse_number,
    parse_probability,
    parse_rate,
    parse_size,
)

__all__ = [
    "COUNT_MAX", "WRITTEN", "Bandwidth", "Chosen", "Count", "Duration", "Durations", "Expressions", "Flag", "Flow",
    "Leaf", "Length", "Levels", "Lies", "Name", "Natural", "Number", "Positive", "PositiveDuration", "Priority",
    "Probability", "Rank", "Rate",
    "Seed", "Size", "SpecError", "Switch", "Text", "Until", "choice", "parse_name", "short",
]  # fmt: skip

COUNT_MAX: Final = 1_000_000
"""Most members of a group."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_NAME_MAX: Final = 64
_NOTHING = re.compile(r"0+(?:\.0*)?(?:\s*/\s*(?:s|min|h|d))?")
_TEXT_MAX: Final = 4000
_LIST_MAX: Final = 1000


class SpecError(UnitError):
    """A structure is wrong. ``at`` leads from where it was raised to the culprit; ``key``: it is the key."""

    def __init__(self, what: str, mend: str = "", *, at: tuple[str | int, ...] = (), key: bool = False) -> None:
        self.at, self.key = at, key
        super().__init__(what, mend)


@dataclass(frozen=True, eq=False)
class Leaf:
    """A field type: how its text is read, and what an editor should know of it."""

    parse: Callable[[Any], Any]
    schema: JsonSchemaValue
    many: bool = False
    """It reads lists, too."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let ``check`` do all the work."""
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Answer for the JSON Schema."""
        return dict(self.schema)

    def check(self, value: Any) -> Any:
        """Read one value; refuse a mapping or a list with the parser's own hint at what would be right."""
        if isinstance(value, dict) or (isinstance(value, list) and not self.many):
            kind = "mapping" if isinstance(value, dict) else "list"
            try:
                self.parse("\0")
            except UnitError as error:
                raise SpecError(f"a {kind} stands where a single value belongs", error.mend) from None
            raise SpecError(f"a {kind} stands where text belongs", "write plain text")
        return self.parse(value)


def short(value: Any) -> str:
    """Quote a value in an error, cut to a sane length."""
    text = "null" if value is None else " ".join(str(value).split()).replace("\0", " ")
    if isinstance(value, bool):
        text = text.lower()
    return text if len(text) <= 60 else text[:57] + "..."


def parse_name(value: Any) -> str:
    """Read the name of an entity."""
    mend = "a name has letters, digits, `-`, `_` and `.`, and begins with a letter"
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise UnitError(f"`{short(value)}` cannot be a name", mend)
    if len(value) > _NAME_MAX:
        raise UnitError(f"the name `{short(value)}` is too long", f"use at most {_NAME_MAX} characters")
    return value


def choice(*words: str, later: tuple[str, ...] = ()) -> Leaf:
    """Make a field type of the given words; the ``later`` ones are known but not simulated yet."""
    listed = ", ".join(words)

    def check(value: Any) -> str:
        if isinstance(value, str) and value in words:
            return value
        if isinstance(value, str) and value in later:
            raise UnitError(f"`{value}` is not simulated by this version", f"use one of {listed}")
        hint = did_you_mean(str(value), words)
        raise UnitError(f"`{short(value)}` is not one of {listed}", hint if "?" in hint else f"write `{words[0]}`")

    return Leaf(check, {"enum": list(words)})


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
    known = words.get(str(value).lower())
    raise UnitError(
        f"`{short(value)}` is neither true nor false",
        f"write `{known}`" if known else "write `true` or `false`",
    )


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value == "none":
        return False
    raise UnitError(f"`{short(value)}` is not understood here", "write a mapping of fields, or `none`")


def _chosen(value: Any) -> bool:
    if value is not True:
        raise UnitError(f"`{short(value)}` is not understood here", "write the word alone, or leave it out")
    return True


def _text(value: Any) -> str:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise UnitError(f"`{short(value)}` is not text", "put it in quotes")
    if len(value) > _TEXT_MAX:
        raise UnitError("the text is too long", f"use at most {_TEXT_MAX} characters")
    return value


def _positive_duration(value: Any) -> int:
    ns = parse_duration(value)
    if ns == 0:
        raise UnitError("the duration must be more than 0", "write for instance `20 ms`, `1.5 s` or `2 min`")
    return ns


def _flow(value: Any) -> float:
    return 0.0 if _NOTHING.fullmatch(str(value)) else parse_rate(value)


def _until(value: Any) -> int:
    if value == "end":
        return -1
    return parse_duration(value, "`3 s` or `end`") or _positive_duration(value)


def _lies(value: Any) -> int:
    if isinstance(value, bool):
        return -1 if value else 0
    return parse_duration(value, "`500 ms`, `true` or `false`")


def _each(parse: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    def check(value: Any) -> list[Any]:
        if not isinstance(value, list):
            return [] if value is None else [parse(value)]
        if len(value) > _LIST_MAX:
            raise UnitError(f"the list has {len(value)} entries", f"use at most {_LIST_MAX}")
        read = []
        for index, entry in enumerate(value):
            try:
                read.append(parse(entry))
            except UnitError as error:
                raise SpecError(error.what, error.mend, at=(index,)) from None
        return read

    return check


def _expression(value: Any) -> str:
    if isinstance(value, dict):
        raise SpecError("an expectation is a comparison, not a mapping", "write for instance `- lost == 0`")
    if not isinstance(value, str):
        raise UnitError(f"`{short(value)}` is not an expectation", "write a comparison such as `lost == 0`")
    return value


def _written(description: str, *more: str) -> JsonSchemaValue:
    return {"type": ["string", *more] if more else "string", "description": description}


_DURATION: Final = _written("a duration such as 20 ms, 1.5 s, 2 min")

Duration = Annotated[int, Leaf(parse_duration, {**_DURATION, "type": ["string", "integer"]})]
PositiveDuration = Annotated[int, Leaf(_positive_duration, _DURATION)]
Durations = Annotated[
    list[int],
    Leaf(_each(parse_duration), {"anyOf": [_DURATION, {"type": "array", "items": _DURATION}]}, many=True),
]
"""One duration, or a list of them."""
Until = Annotated[int, Leaf(_until, _written("a duration, or end"))]
"""A duration above 0, or ``end`` (-1)."""
Lies = Annotated[int, Leaf(_lies, {"type": ["boolean", "string", "integer"], "description": "true, false or how long"})]
"""How long a disk lies: a duration, ``true`` (-1) or ``false`` (0)."""
Rate = Annotated[float, Leaf(parse_rate, _written("a rate such as 200/s, 10k/s, 30/min"))]
Flow = Annotated[float, Leaf(_flow, _written("a rate such as 200/s, or 0/s"))]
Size = Annotated[int, Leaf(parse_size, _written("a size such as 1 KiB or 100 B", "integer"))]
Bandwidth = Annotated[float, Leaf(parse_bandwidth, _written("such as 200 MB/s, or unlimited"))]
Probability = Annotated[float, Leaf(parse_probability, _written("0 to 1, or a percentage such as 1 %", "number"))]
Count = Annotated[int, Leaf(lambda v: parse_count(v, 1, COUNT_MAX, "`10`"), _written("how many, from 1", "integer"))]
Natural = Annotated[int, Leaf(lambda v: parse_count(v, 0, 10**9, "`10`"), _written("a whole number from 0", "integer"))]
Levels = Annotated[int, Leaf(lambda v: parse_count(v, 1, 255, "`5`"), _written("a number from 1 to 255", "integer"))]
Priority = Annotated[int, Leaf(lambda v: parse_count(v, 0, 255, "`5`"), _written("a number from 0 to 255", "integer"))]
Rank = Annotated[int, Leaf(lambda v: parse_count(v, 0, 1000, "`10`"), _written("a number from 0 to 1000", "integer"))]
Length = Annotated[int, Leaf(lambda v: parse_count(v, 0, 10**9, "`10_000`"), _written("such as 10_000", "integer"))]
Seed = Annotated[int, Leaf(lambda v: parse_count(v, 0, 2**63 - 1, "`1`"), {"type": "integer", "minimum": 0})]
Number = Annotated[float, Leaf(lambda v: parse_number(v, 0.0, 1e6), _written("a number from 0", "number"))]
Positive = Annotated[float, Leaf(lambda v: parse_number(v, 1e-6, 1e6), _written("a number above 0", "number"))]
Flag = Annotated[bool, Leaf(_flag, {"type": "boolean"})]
Switch = Annotated[bool, Leaf(_switch, {"enum": ["none", True, False]})]
"""``none`` or false, or true: all fields at their defaults."""
Chosen = Annotated[bool, Leaf(_chosen, {"const": True})]
Name = Annotated[str, Leaf(parse_name, {"type": "string", "pattern": f"^{_NAME.pattern}$"})]
Text = Annotated[str, Leaf(_text, {"type": ["string", "number"]})]
Texts = Annotated[
    list[str],
    Leaf(_each(_text), {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}, many=True),
]
"""One name, or a list of them."""
Expressions = Annotated[
    list[str],
    Leaf(_each(_expression), {"type": ["array", "string"], "items": {"type": "string"}}, many=True),
]


def _form(value: Any) -> str:
    return "<scalar>" if isinstance(value, str | bool | int | Decimal) else "<mapping>"


WRITTEN: Final = Discriminator(_form)
"""Tells a mapping from a short form; the tags cannot be keys of a scenario, so they never meet its paths."""
