"""Reading a journal back: what is in it, where it ends, and whether it may be trusted.

The end of the newest segment may be torn, and is cut. Anything else that is not as it was written is refused by file
and offset; nothing is skipped (decision 0016).
"""

from __future__ import annotations

import gc
import json
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mqlab.broker.errors import CorruptJournal
from mqlab.broker.journal import format as form
from mqlab.broker.journal.disks import Disk

__all__ = ["Cut", "Recovered", "Recovery", "Stored", "Stream", "collector_off", "read_journal"]


MANY = 100_000
"""Objects from which on it matters."""


class Stored(NamedTuple):
    """A copy of a message as it stands in the journal."""

    kind: int
    body: bytes
    envelope: bytes
    expires_ns: int
    returns: int
    segment: int
    size_bytes: int
    """What it takes in its segment."""


@dataclass(slots=True)
class Stream:
    """The copies in one queue, or in one partition of a topic, by their positions."""

    copies: dict[int, Stored] = field(default_factory=dict)
    returns: dict[int, int] = field(default_factory=dict)
    handed: set[int] = field(default_factory=set)
    """Positions that were delivered and neither settled nor returned; told only of queues that count deliveries."""
    next: int = 0
    """The position after the last that was ever taken."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What was cut off: bytes behind ``offset`` of a file."""

    file: str
    offset: int
    size_bytes: int


@dataclass(slots=True)
class Recovered:
    """What a journal says."""

    names: dict[str, Any] = field(default_factory=dict)
    """Values by key; a key is the JSON of a list."""
    streams: dict[int, Stream] = field(default_factory=dict)
    copies: int = 0
    """How many copies were ever put into it."""
    clean: bool = True
    """Whether the broker before ended in order, so that nothing was delivered that the journal does not know of."""
    cut: Cut | None = None
    segments: dict[int, int] = field(default_factory=dict)
    """Sizes by number, oldest first."""
    torn_segment: int | None = None
    """The newest one if it was torn within its head, and is as good as never begun."""

    def stream(self, number: int) -> Stream:
        """Find a stream, or begin it."""
        found = self.streams.get(number)
        if found is None:
            found = self.streams[number] = Stream()
        return found


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a broker found when it began."""

    messages: int
    """Copies of messages that were not settled."""
    copies: int
    """Copies that were ever put into the journal."""
    clean: bool
    """Whether the broker before ended in order; otherwise what is found may have been delivered before."""
    cut: Cut | None
    """The torn end that was cut off, if there was one."""

    def __str__(self) -> str:
        end = "ended in order" if self.clean else "was killed, or lost its power"
        told = f"found {self.messages:,} messages of a broker that {end}"
        if self.cut is not None:
            told += f"; {self.cut.size_bytes:,} torn bytes were cut from the end of {self.cut.file}"
        return told


def read_journal(disk: Disk) -> Recovered:
    """Read what is on a disk; nothing on it is changed.

    Raises
    ------
    CorruptJournal
        Somewhere before its end it is not as it was written; or a segment is missing.
    UnknownFormat
        Another version of mqlab has written it.
    """
    numbers = sorted(filter(None, map(form.segment_number, disk.names())))
    found = Recovered()
    for place, number in enumerate(numbers):
        file = _path(disk, number)
        if number != numbers[0] + place:
            raise CorruptJournal(_path(disk, numbers[0] + place), 0, "this segment is missing")
        newest = place == len(numbers) - 1
        data = disk.read(form.segment_name(number))
        if newest and _is_torn_head(data, number):
            found.torn_segment = number
            found.cut = Cut(file, 0, len(data))
            break
        form.check_head(file, data, number)
        end = _replay(found, data, number, file)
        if end < len(data):
            if not newest:
                raise CorruptJournal(file, end, "a frame does not match its checksum, and newer segments follow")
            _refuse_if_it_was_safe(file, memoryview(data), end, number)
            found.cut = Cut(file, end, len(data) - end)
        found.segments[number] = end
    return found


@contextmanager
def collector_off() -> Iterator[None]:
    """Many objects and no garbage: looking for some would take longer than reading.

    Very many count as old in the end; otherwise the collector would look at all of them at once.
    """
    was_on = gc.isenabled()
    before = sys.getallocatedblocks()
    gc.disable()
    try:
        yield
    finally:
        if sys.getallocatedblocks() - before > MANY and not gc.get_freeze_count():
            gc.freeze()  # there is no other way to make objects old
            gc.unfreeze()
        if was_on:
            gc.enable()


def _path(disk: Disk, number: int) -> str:
    return f"{disk.folder}/{form.segment_name(number)}"


def _is_torn_head(data: bytes, number: int) -> bool:
    """Whether a segment was never finished being begun: its head is broken, and nothing sound follows."""
    if form.is_head(data):
        return False  # perhaps of another version
    view = memoryview(data)
    return not any(form.frame_at(view, at, number) for at in range(len(data) - form.FRAME.size + 1))


def _refuse_if_it_was_safe(file: str, data: memoryview, end: int, number: int) -> None:
    """Look behind a broken frame for a sound one that says that this place was synced."""
    for at in range(end + 1, len(data) - form.FRAME.size + 1):
        length, _, _, synced = form.FRAME.unpack_from(data, at)
        if length <= len(data) - at and end < synced <= at and form.frame_at(data, at, number) is not None:
            raise CorruptJournal(file, end, "a frame that was synced does not match its checksum")


def _replay(found: Recovered, data: bytes, number: int, file: str) -> int:
    """Take in the records of a segment; say where its sound part ends."""
    view = memoryview(data)
    at = form.HEAD_BYTES
    while (frame := form.frame_at(view, at, number)) is not None:
        records, found.copies, _ = frame
        begin = at + form.FRAME.size
        at = begin + len(records)
        try:
            _take_in(found, data, begin, at, number)
        except (struct.error, ValueError, IndexError, KeyError, TypeError) as error:
            raise CorruptJournal(file, begin, f"its records make no sense ({error})") from error
    return at


def _take_in(found: Recovered, data: bytes, at: int, end: int, number: int) -> None:
    """Take in the records of one frame."""
    put_head, put_size = form.PUT_HEAD.unpack_from, form.PUT_HEAD.size
    new, stored = tuple.__new__, Stored
    found.clean = False
    while at < end:
        what = data[at]
        if what == form.PUT:
            _, stream_number, first, how_many, expires_ns, returns, envelope_size = put_head(data, at)
            stream = found.streams.get(stream_number) or found.stream(stream_number)
            kinds = at + put_size
            if how_many == 1:
                begin = kinds + 5
                last = begin + envelope_size
                end_of_it = last + int.from_bytes(data[kinds + 1 : begin], "little")
                stream.copies[first] = new(
                    stored,
                    (data[kinds], data[last:end_of_it], data[begin:last], expires_ns, returns, number, end_of_it - at),
                )
                if first >= stream.next:
                    stream.next = first + 1
                at = end_of_it
                continue
            begin = kinds + 5 * how_many
            lengths = struct.unpack_from(f"<{how_many}I", data, kinds + how_many)
            envelope = data[begin : begin + envelope_size]
            begin += envelope_size
            size = (begin + sum(lengths) - at) // how_many
            copies = stream.copies
            for place, length in enumerate(lengths):
                body = data[begin : begin + length]
                copies[first + place] = new(
                    stored, (data[kinds + place], body, envelope, expires_ns, returns, number, size)
                )
                begin += length
            if first + how_many > stream.next:
                stream.next = first + how_many
            at = begin
        elif what == form.GONE:
            _, stream_number, how_many = form.GONE_HEAD.unpack_from(data, at)
            at += form.GONE_HEAD.size
            stream = found.stream(stream_number)
            for position in struct.unpack_from(f"<{how_many}Q", data, at):
                stream.copies.pop(position, None)
                stream.returns.pop(position, None)
                stream.handed.discard(position)
                stream.next = max(stream.next, position + 1)
            at += 8 * how_many
        else:
            found.clean = False
            at = _take_in_rarer(found, data, at, what)
    if at != end:
        raise ValueError(f"the last record ends {at - end} bytes behind its frame")


def _take_in_rarer(found: Recovered, data: bytes, at: int, what: int) -> int:
    """Take in one record of the other kinds; say where the next begins."""
    if what == form.RETURNED:
        _, number, position, returns = form.RETURNED_ALL.unpack_from(data, at)
        stream = found.stream(number)
        stream.returns[position] = returns
        stream.handed.discard(position)
        return at + form.RETURNED_ALL.size
    if what in (form.HANDED, form.CUT):
        _, number, position = form.HANDED_ALL.unpack_from(data, at)
        stream = found.stream(number)
        if what == form.HANDED:
            stream.handed.add(position)
        else:
            stream.next = max(stream.next, position)
            for gone in [each for each in stream.copies if each < position]:
                del stream.copies[gone]
        return at + form.HANDED_ALL.size
    if what in (form.SET, form.DELETE, form.DROP):
        length: int = form.NAMED_HEAD.unpack_from(data, at)[1]
        at += form.NAMED_HEAD.size
        if what == form.DROP:
            found.streams.pop(length, None)
            return at
        said = json.loads(data[at : at + length])
        if what == form.SET:
            found.names[form.key_of(said[0])] = said[1]
        else:
            found.names.pop(form.key_of(said), None)
        return at + length
    if what in (form.OPENED, form.CLOSED):
        found.clean = what == form.CLOSED
        return at + form.MARK_ALL.size
    raise ValueError(f"there is no record {what}")
