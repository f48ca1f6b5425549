"""What is appended to a journal: copies that come, go, return and move, and things that have a name."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mqlab.broker.journal import format as form

__all__ = ["STREAMS", "Records", "Segment"]

STREAMS: Final = ("streams",)
"""Name of the highest number that a stream was ever given."""


@dataclass(slots=True)
class Segment:
    """One file: its size, and the copies in it that are not settled."""

    size_bytes: int = 0
    live: int = 0
    live_bytes: int = 0


class Records:
    """The part of a journal that makes records and counts which segments they leave alive."""

    _lock: threading.Lock
    _segments: dict[int, Segment]
    _names: dict[str, bytes]
    _number: int
    _copies: int
    _streams: int

    @abstractmethod
    def _append(self, record: bytes) -> None:
        """Append a record. The lock is held."""

    def new_stream(self) -> int:
        """Give a number to a queue, or to a partition of a topic."""
        with self._lock:
            self._streams += 1
            record = form.set_record(STREAMS, self._streams)  # an empty stream shows in nothing else
            self._names[form.key_of(STREAMS)] = record
            self._append(record)
            return self._streams

    def put(
        self, stream: int, first: int, bodies: Sequence[tuple[int, bytes]], envelope: bytes, expires_ns: int = -1,
        returns: int = 0, *, again: bool = False,
    ) -> tuple[int, int]:  # fmt: skip
        """Append copies of messages; say in which segment they will stand, and what each takes there.

        ``again``: they are in the journal already, and move.
        """
        record = form.put_record(stream, first, bodies, envelope, expires_ns, returns)
        how_many = len(bodies)
        size_bytes = len(record) // how_many
        with self._lock:
            number = self._number
            segment = self._segments[number]
            segment.live += how_many
            segment.live_bytes += how_many * size_bytes
            if not again:
                self._copies += how_many
            self._append(record)
        return number, size_bytes

    def gone(self, stream: int, positions: Sequence[int], where: Sequence[tuple[int, int]]) -> None:
        """Append that copies have left; ``where`` has their segments and sizes, as :meth:`put` told them."""
        record = form.gone_record(stream, positions)
        with self._lock:
            self._release(where)
            self._append(record)

    def returned(self, stream: int, position: int, returns: int) -> None:
        """Append that a delivery came back, and how often that makes."""
        with self._lock:
            self._append(form.RETURNED_ALL.pack(form.RETURNED, stream, position, returns))

    def handed(self, stream: int, position: int) -> None:
        """Append that a copy was delivered."""
        with self._lock:
            self._append(form.HANDED_ALL.pack(form.HANDED, stream, position))

    def drop(self, stream: int, where: Sequence[tuple[int, int]]) -> None:
        """Append that all of a stream is gone."""
        with self._lock:
            self._release(where)
            self._append(form.NAMED_HEAD.pack(form.DROP, stream))

    def cut(self, stream: int, before: int, where: Sequence[tuple[int, int]]) -> None:
        """Append that what stands before a position is gone."""
        with self._lock:
            self._release(where)
            self._append(form.HANDED_ALL.pack(form.CUT, stream, before))

    def set(self, key: Sequence[Any], value: Any) -> None:
        """Append that something with a name is so; each segment will begin with it until it is deleted."""
        record = form.set_record(key, value)
        with self._lock:
            self._names[form.key_of(key)] = record
            self._append(record)

    def delete(self, key: Sequence[Any]) -> None:
        """Append that something with a name is no more."""
        record = form.delete_record(key)
        with self._lock:
            if self._names.pop(form.key_of(key), None) is not None:
                self._append(record)

    def adopt(self, where: Iterable[tuple[int, int]]) -> None:
        """Count copies that were recovered, by segment and size."""
        with self._lock:
            for place, how_many in Counter(where).items():
                segment = self._segments[place[0]]
                segment.live += how_many
                segment.live_bytes += how_many * place[1]

    def release(self, where: Sequence[tuple[int, int]]) -> None:
        """Count copies as no longer standing where they stood: they are about to be put again."""
        with self._lock:
            self._release(where)

    def _release(self, where: Sequence[tuple[int, int]]) -> None:
        for number, size_bytes in where:
            segment = self._segments[number]
            segment.live -= 1
            segment.live_bytes -= size_bytes
