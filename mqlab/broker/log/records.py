"""What stands in a log, and what a reader gets of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["Key", "Place", "Record", "Stamp"]

Key = str | bytes | int | None


class Place(NamedTuple):
    """Where a record stands for good."""

    partition: int
    offset: int


class Stamp(NamedTuple):
    """What records that were published in one call have in common."""

    time_ns: int
    headers: Mapping[str, str]


class Record(NamedTuple):
    """A record as a reader gets it; the log keeps its own."""

    topic: str
    partition: int
    offset: int
    key: Key
    body: Any
    stamp: Stamp

    @property
    def time_ns(self) -> int:
        """When it was appended, by the broker's clock."""
        return self.stamp.time_ns

    @property
    def headers(self) -> Mapping[str, str]:
        """What its publisher said besides."""
        return self.stamp.headers
