"""The bytes of a journal (decision 0016).

    folder          00000007.journal  00000008.journal  …        segments, oldest first, numbers without a gap
    segment         head, frame, frame, …
    head            "mqlabjnl", version u16, 0 u16, segment number u64, crc32 of these u32
    frame           length u32, crc32 u32, copies u64, synced u64, then ``length`` bytes of records
    record          a byte that says what it is, then as below

All numbers are little-endian. A frame is what was written at once: it counts as a whole or not at all, so records that
belong together stand in one. Its checksum covers the rest of its head, the segment's number and the records. ``copies``
counts the copies of messages put into the journal up to the end of the frame, ``synced`` is how far this segment was
known to be synced when the frame was written. So a broken frame can be judged: if a sound one behind it says that its
place had been synced, the disk has changed what was safe, and the journal is refused; otherwise the power or the
process went in mid-write, and the end is cut there.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from typing import Any, Final

from mqlab.broker.errors import CorruptJournal, UnknownFormat

__all__ = [
    "CLOSED", "CUT", "DELETE", "DROP", "FRAME", "GONE", "HANDED", "HEAD_BYTES", "OPENED", "PUT", "RETURNED", "SET",
    "VERSION", "check_head", "delete_record", "frame_at", "frame_of", "gone_record", "head_of", "is_head", "key_of",
    "put_record", "segment_name", "segment_number", "set_record",
]  # fmt: skip

VERSION: Final = 1
MAGIC: Final = b"mqlabjnl"
SUFFIX: Final = ".journal"

HEAD: Final = struct.Struct("<8sHHQ")
HEAD_BYTES: Final = HEAD.size + 4
FRAME: Final = struct.Struct("<IIQQ")
_COVERED: Final = struct.Struct("<IQQQ")

PUT, GONE, RETURNED, HANDED, SET, DELETE, DROP, CUT, OPENED, CLOSED = range(1, 11)

PUT_HEAD: Final = struct.Struct("<BIQIqII")
"""PUT, stream, first position, how many, expiry (wall clock, ns; -1: none), returns, length of the envelope. Then a
byte for each body's kind, a u32 for each body's length, the envelope, and the bodies."""
GONE_HEAD: Final = struct.Struct("<BII")
"""GONE, stream, how many. Then a u64 for each position."""
RETURNED_ALL: Final = struct.Struct("<BIQI")
"""RETURNED, stream, position, returns: a delivery came back."""
HANDED_ALL: Final = struct.Struct("<BIQ")
"""HANDED, stream, position: it was delivered. CUT, stream, position: what stands before is gone."""
NAMED_HEAD: Final = struct.Struct("<BI")
"""SET or DELETE, length. Then JSON: [key, value], or the key. DROP, stream: all of it is gone."""
MARK_ALL: Final = struct.Struct("<BQ")
"""OPENED or CLOSED, wall clock in ns: a broker began, or ended in order."""


def segment_name(number: int) -> str:
    """Name the file of a segment."""
    return f"{number:08}{SUFFIX}"


def segment_number(name: str) -> int | None:
    """Say which segment a file is; None if it is none.

    Examples
    --------
    >>> segment_number("00000012.journal"), segment_number("lock")
    (12, None)
    """
    stem = name.removesuffix(SUFFIX)
    return int(stem) if stem != name and stem.isascii() and stem.isdigit() else None


def head_of(number: int) -> bytes:
    """Write the head of a segment."""
    head = HEAD.pack(MAGIC, VERSION, 0, number)
    return head + zlib.crc32(head).to_bytes(4, "little")


def is_head(data: bytes) -> bool:
    """Say whether this begins with the head of a segment, of whatever version and number."""
    sum_ = int.from_bytes(data[HEAD.size : HEAD_BYTES], "little")
    return len(data) >= HEAD_BYTES and data.startswith(MAGIC) and zlib.crc32(data[: HEAD.size]) == sum_


def check_head(file: str, data: bytes, number: int) -> None:
    """Raise if a segment does not begin as it should."""
    if not is_head(data):
        raise CorruptJournal(file, 0, "it does not begin as a segment does")
    _, version, _, said = HEAD.unpack_from(data)
    if version != VERSION:
        raise UnknownFormat(
            f"{file} has format {version} and this mqlab knows {VERSION}", "open it with the version that wrote it"
        )
    if said != number:
        raise CorruptJournal(file, 0, f"its head says that it is segment {said}")


def frame_of(records: bytes, number: int, copies: int, synced: int) -> bytes:
    """Put records into a frame of segment ``number``."""
    covered = zlib.crc32(_COVERED.pack(len(records), copies, synced, number))
    return FRAME.pack(len(records), zlib.crc32(records, covered), copies, synced) + records


def frame_at(data: memoryview, offset: int, number: int) -> tuple[memoryview, int, int] | None:
    """Read the frame at an offset: its records, copies and synced; None if there is no sound one."""
    begin = offset + FRAME.size
    if begin > len(data):
        return None
    length, crc, copies, synced = FRAME.unpack_from(data, offset)
    if length > len(data) - begin:
        return None
    records = data[begin : begin + length]
    if zlib.crc32(records, zlib.crc32(_COVERED.pack(length, copies, synced, number))) != crc:
        return None
    return records, copies, synced


# records


def put_record(
    stream: int, first: int, bodies: Sequence[tuple[int, bytes]], envelope: bytes, expires_ns: int, returns: int
) -> bytes:
    """Write of copies at positions from ``first`` on, that were published the same way."""
    how_many = len(bodies)
    head = PUT_HEAD.pack(PUT, stream, first, how_many, expires_ns, returns, len(envelope))
    if how_many == 1:
        kind, body = bodies[0]
        return b"".join((head, kind.to_bytes(1, "little"), len(body).to_bytes(4, "little"), envelope, body))
    kinds = bytes([kind for kind, _ in bodies])
    lengths = struct.pack(f"<{how_many}I", *[len(body) for _, body in bodies])
    return b"".join((head, kinds, lengths, envelope, *[body for _, body in bodies]))


def gone_record(stream: int, positions: Sequence[int]) -> bytes:
    """Write of copies that have left."""
    return GONE_HEAD.pack(GONE, stream, len(positions)) + struct.pack(f"<{len(positions)}Q", *positions)


def key_of(key: Sequence[Any]) -> str:
    """Write a key as one text."""
    return json.dumps(key, separators=(",", ":"))


def set_record(key: Sequence[Any], value: Any) -> bytes:
    """Write of something with a name: a queue, an exchange, a binding, an offset."""
    text = key_of([key, value]).encode()
    return NAMED_HEAD.pack(SET, len(text)) + text


def delete_record(key: Sequence[Any]) -> bytes:
    """Write that what had that name is gone."""
    text = key_of(key).encode()
    return NAMED_HEAD.pack(DELETE, len(text)) + text
