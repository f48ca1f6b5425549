"""The words of routing in the grammar: routing keys, headers, virtual hosts."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Discriminator, Field, Tag

from mqlab.scenario.fields import Leaf, Positive, SpecError, short
from mqlab.scenario.mapping import Spec
from mqlab.units import UnitError

__all__ = ["CarriedSpec", "HeadersSpec", "Host", "PublishedHeaders", "RoutingKey", "WeighedHeadersSpec", "routing_key"]

_BYTES_MAX: Final = 255
"""AMQP 0-9-1 keeps names and routing keys in short strings, whose length is one byte."""
_HEADERS_MAX: Final = 64


def _fits(text: str, what: str) -> str:
    if len(text.encode("utf-8", "surrogatepass")) > _BYTES_MAX:
        raise UnitError(f"{what} is longer than {_BYTES_MAX} bytes", "AMQP has no room for more: shorten it")
    return text


def _plain(value: Any) -> str:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise UnitError(f"`{short(value)}` is not text", "put it in quotes")
    return value


def routing_key(value: Any) -> str:
    """Read a routing key, or the key of a binding.

    Examples
    --------
    >>> routing_key("stock.eu.#"), routing_key(7)
    ('stock.eu.#', '7')
    """
    return _fits(_plain(value), "the routing key")


def _host(value: Any) -> str:
    host = _fits(_plain(value), "the name of the virtual host")
    if not host:
        raise UnitError("a virtual host has a name", "write for instance `vhost: shop`, or `/` for the usual one")
    return host


RoutingKey = Annotated[str, Leaf(routing_key, {"type": ["string", "number"]})]
Host = Annotated[str, Leaf(_host, {"type": "string", "description": "a virtual host such as / or shop"})]


def _header(value: Any) -> str | None:
    """Read the value of one header as text; true and 5 are what they look like."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return _plain(value)


def _headers(value: Any) -> dict[str, str | None]:
    if not isinstance(value, dict):
        raise SpecError(f"`{short(value)}` stands where headers belong", "write for instance `{format: pdf}`")
    if len(value) > _HEADERS_MAX:
        raise SpecError(f"there are {len(value)} headers", f"use at most {_HEADERS_MAX}")
    read = {}
    for name, text in value.items():
        try:
            read[_fits(name, "the name of the header")] = _header(text)
        except UnitError as error:
            raise SpecError(error.what, error.mend, at=(name,)) from None
    return read


HeadersSpec = Annotated[dict[str, str | None], BeforeValidator(_headers)]
"""Headers by name; a value of null, in a binding, asks for presence only."""


def _carried(value: Any) -> dict[str, str | None]:
    read = _headers(value)
    for name, text in read.items():
        if text is None:
            raise SpecError(
                f"the header `{short(name)}` has no value", f"write for instance `{short(name)}: 1`", at=(name,)
            )
    return read


CarriedSpec = Annotated[dict[str, str], BeforeValidator(_carried)]
"""Headers of a message."""


class WeighedHeadersSpec(Spec):
    """One of several sets of headers that a group's messages carry, and how often."""

    weight: Positive | None = None
    values: CarriedSpec = Field(examples=["{format: pdf}"])


def _several(value: Any) -> Any:
    if not value:
        raise SpecError("there are no headers", "write `{format: pdf}`, or a list of `{weight: 3, values: {...}}`")
    return value


def _form(value: Any) -> str:
    return "<list>" if isinstance(value, list) else "<mapping>"


PublishedHeaders = Annotated[
    Annotated[list[WeighedHeadersSpec], BeforeValidator(_several), Tag("<list>")]
    | Annotated[CarriedSpec, Tag("<mapping>")],
    Discriminator(_form),
]
"""Headers of all messages, or a list of alternatives with weights."""
