"""The base of all mappings of the grammar: unknown, missing and contradicting fields, told in our words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue

from mqlab.errors import did_you_mean
from mqlab.scenario.fields import SpecError, parse_name, short
from mqlab.units import UnitError

__all__ = ["OneOf", "Spec", "check_entities", "check_list", "later"]


class Spec(BaseModel):
    """Base of all mappings; it looks at the keys before pydantic does."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    shorthand: ClassVar[str | None] = None
    """The field that a bare value stands for."""
    listed: ClassVar[str | None] = None
    """The field that a bare list stands for."""
    words: ClassVar[dict[str, str]] = {}
    """Bare words, and the field that each of them sets."""
    reserved: ClassVar[dict[str, tuple[str, str]]] = {}
    """Names that will mean something later: what to say of each, and the mend."""

    @model_validator(mode="before")
    @classmethod
    def _check_shape(cls, value: Any) -> Any:
        if value is None:
            value = {}
        if isinstance(value, str) and value in cls.words:
            value = {cls.words[value]: True}
        if not isinstance(value, dict | list) and cls.shorthand is not None:
            value = {cls.shorthand: value}
        if isinstance(value, list) and cls.listed is not None:
            value = {cls.listed: value}
        known = cls.written()
        if not isinstance(value, dict):
            raise SpecError(f"{_noun(value)} stands where fields belong", f"write some of: {', '.join(known)}")
        reserved = cls.reserve(value)
        for key in value:
            if key in reserved:
                raise SpecError(*reserved[key], at=(key,), key=True)
            if key not in known:
                mend = did_you_mean(key, known, "fields here")
                raise SpecError(f"unknown field `{short(key)}`", mend, at=(key,), key=True)
        cls.check_fields(value)
        return value

    @classmethod
    def written(cls) -> dict[str, FieldInfo]:
        """Fields by the name that a person writes."""
        return {info.alias or name: info for name, info in cls.model_fields.items()}

    @classmethod
    def reserve(cls, value: dict[str, Any]) -> dict[str, tuple[str, str]]:
        """Names that will mean something later, given the rest of the mapping."""
        return cls.reserved

    @classmethod
    def check_fields(cls, value: dict[str, Any]) -> None:
        """Raise SpecError where fields are missing or do not go together."""
        for name, info in cls.written().items():
            if info.is_required() and value.get(name) is None:
                example = info.examples[0] if info.examples else "..."
                raise SpecError(f"the field `{name}` is missing", f"add for instance `{name}: {example}`")

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add the short forms to the schema of the mapping."""
        schema = handler(core_schema)
        forms: list[JsonSchemaValue] = []
        if cls.words:
            forms.append({"enum": list(cls.words)})
        if cls.shorthand is not None:
            forms.append({"type": ["string", "number"], "description": f"short for {cls.shorthand}"})
        if cls.listed is not None:
            forms.append({"type": "array", "items": {}, "description": f"a list, short for {cls.listed}"})
        return {"anyOf": [*forms, schema]} if forms else schema


class OneOf(Spec):
    """A mapping of which exactly one field is given: its name is the kind."""

    @classmethod
    def check_fields(cls, value: dict[str, Any]) -> None:
        """Demand exactly one field."""
        given = [name for name in value if value[name] is not None]
        if not given:
            raise SpecError("the kind is missing", f"give exactly one of {', '.join(cls.written())}")
        if len(given) > 1:
            raise SpecError(
                f"`{given[0]}` and `{given[1]}` exclude each other",
                "keep one of them",
                at=(given[1],),
                key=True,
            )

    @property
    def kind(self) -> str:
        """The name of the one field given."""
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)


def check_entities(noun: str) -> Callable[[Any], Any]:
    """Check the names of a section such as ``queues``; ``noun`` is one of its entries."""

    def check(value: Any) -> Any:
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise SpecError(f"{_noun(value)} stands where named {noun}s belong", "write `NAME: {...}` for each")
        for name in value:
            try:
                parse_name(name)
            except UnitError as error:
                raise SpecError(error.what, error.mend, at=(name,), key=True) from None
        return value

    return check


def check_list(example: str, limit: int) -> Callable[[Any], Any]:
    """Check that a section is a list, and not too long a one."""

    def check(value: Any) -> Any:
        if value is None:
            return []
        if not isinstance(value, list):
            raise SpecError(f"{_noun(value)} stands where a list belongs", f"begin each entry with `- `: {example}")
        if len(value) > limit:
            raise SpecError(f"the list has {len(value)} entries", f"use at most {limit}")
        return value

    return check


def _noun(value: Any) -> str:
    if isinstance(value, list):
        return "a list"
    return "a mapping" if isinstance(value, dict) else f"`{short(value)}`"


def later(*names: str) -> dict[str, tuple[str, str]]:
    """Reserve names of mechanisms that this version does not simulate."""
    return {name: (f"`{name}` is not simulated by this version", "leave it out") for name in names}
