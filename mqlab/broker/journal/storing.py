"""Bodies and envelopes as bytes, for the journal and the wire alike; nothing is ever unpickled.

A body is stored as it is if it is bytes or a text, and as JSON if it is made of what JSON gives back unchanged: None,
booleans, integers, finite floats, texts, and lists and dictionaries (with texts as keys) of these. Anything else is
refused, because what comes back must equal what was given.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import MISSING, fields
from typing import Any

from mqlab.broker.errors import NotStorable
from mqlab.broker.messages import PLAIN, Death, Envelope, Properties

__all__ = ["BYTES", "Envelopes", "body_of", "check_bodies", "stored_body"]

BYTES, TEXT, JSON = 0, 1, 2
CACHED_MAX = 1000

_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_load = json.loads


def stored_body(body: Any) -> tuple[int, bytes]:
    """Say how a body is stored: the kind and its bytes.

    Examples
    --------
    >>> stored_body(b"raw"), stored_body("text"), stored_body({"order": 7})
    ((0, b'raw'), (1, b'text'), (2, b'{"order":7}'))
    """
    kind = type(body)
    if kind is bytes:
        return BYTES, body
    if kind is str:
        return TEXT, body.encode("utf-8", "surrogatepass")
    why = _why_not(body)
    if why:
        raise NotStorable(
            f"a persistent message is stored on disk, and {why} would not come back as it is",
            "send bytes, a text, or what JSON knows (lists, dictionaries with texts as keys, numbers, None)",
        )
    return JSON, _dump(body).encode("utf-8", "surrogatepass")


def body_of(kind: int, data: bytes) -> Any:
    """Give a stored body back."""
    if kind == BYTES:
        return data
    text = data.decode("utf-8", "surrogatepass")
    return text if kind == TEXT else _load(text)


def check_bodies(bodies: Iterable[Any]) -> None:
    """Raise :class:`NotStorable` for a body that could not be stored."""
    for body in bodies:
        if type(body) is not bytes:
            stored_body(body)


def _why_not(body: Any) -> str:
    """Name what JSON would not give back unchanged; "" if there is nothing."""
    kind = type(body)
    if kind in (bool, int, str) or body is None:
        return ""
    if kind is float:
        return "" if math.isfinite(body) else f"the number {body}"
    if kind is list:
        return next(filter(None, map(_why_not, body)), "")
    if kind is dict:
        if not all(type(key) is str for key in body):
            return "a dictionary with other keys than texts"
        return next(filter(None, map(_why_not, body.values())), "")
    return f"a {kind.__name__}"


_PLAIN_VALUES = {
    each.name: each.default for each in fields(Properties) if each.default is not MISSING
}  # all but headers, which are made


class Envelopes:
    """Envelopes to bytes and back; those that come often are worked out once.

    Publishers tend to use the same properties, exchange and key again and again. Not thread-safe: one for each user.
    """

    def __init__(self) -> None:
        self._stored: dict[tuple[str, str, int], tuple[Properties, bytes]] = {}
        self._found: dict[bytes, Envelope] = {}

    def stored(self, envelope: Envelope) -> bytes:
        """Say how an envelope is stored."""
        properties = envelope.properties
        way = (envelope.exchange, envelope.routing_key, id(properties))
        known = self._stored.get(way)
        if known is not None and known[0] is properties and not envelope.deaths:
            return known[1]
        said: dict[str, Any] = {
            name: value for name, plain in _PLAIN_VALUES.items() if (value := getattr(properties, name)) != plain
        }
        if properties.headers:
            said["headers"] = dict(properties.headers)
        data = _dump([envelope.exchange, envelope.routing_key, said, envelope.deaths]).encode("utf-8", "surrogatepass")
        if not envelope.deaths:
            if len(self._stored) >= CACHED_MAX:
                self._stored.clear()
            self._stored[way] = properties, data
        return data

    def found(self, data: bytes) -> Envelope:
        """Give a stored envelope back."""
        envelope = self._found.get(data)
        if envelope is None:
            exchange, key, said, deaths = _load(data.decode("utf-8", "surrogatepass"))
            properties = Properties(**said) if said else PLAIN
            envelope = Envelope(exchange, key, properties, tuple(Death(*death) for death in deaths))
            if len(self._found) >= CACHED_MAX:
                self._found.clear()
            self._found[data] = envelope
        return envelope
