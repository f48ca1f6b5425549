"""What passes between a client and the broker, over a socket of the loopback interface.

    frame     length u32, then so many bytes: header length u32, header, messages
    header    a JSON object; ``do`` says what to do
    message   kind u8, envelope length u32, body length u32, envelope, body     (as in the journal)

A message without an envelope has that of the one before. A client begins with ``hello`` and the token. It may send on
without waiting (pipelining); a frame with a ``number`` is answered by one with the same, in order, the others are not.
Whatever the broker has to tell besides (deliveries, confirms, returns, the end) comes when it happens. A frame that is
too long, or makes no sense, ends the connection.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final, NamedTuple

from mqlab.broker import errors
from mqlab.broker.errors import BrokerError
from mqlab.broker.journal.storing import Envelopes, body_of, stored_body
from mqlab.broker.messages import Envelope
from mqlab.model import DeadLetter

__all__ = [
    "FIRST_BYTES_MAX", "FRAME_BYTES_MAX", "PORT_FILE", "TOKEN_FILE", "VERSION", "BadFrame", "Frame", "Wire", "error_of",
    "options_from", "options_to", "said_of",
]  # fmt: skip

VERSION: Final = 1
TOKEN_FILE: Final = "token"
PORT_FILE: Final = "port"
FRAME_BYTES_MAX: Final = 1 << 28
FIRST_BYTES_MAX: Final = 1 << 12
"""Nobody who has not said the token may make the broker take more."""

_LENGTH: Final = struct.Struct("<I")
_MESSAGE: Final = struct.Struct("<BII")


class BadFrame(BrokerError):  # noqa: N818
    """What came over the wire is no frame of this protocol."""


class Frame(NamedTuple):
    """A header, and messages as (body, envelope)."""

    header: dict[str, Any]
    messages: list[tuple[Any, Envelope]]


class Wire:
    """One end of a connection. Any thread may send; one receives."""

    def __init__(self, socket_: socket.socket) -> None:
        socket_.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = socket_
        self._reader = socket_.makefile("rb", buffering=1 << 16)
        self._lock = threading.Lock()
        self._sent, self._read = Envelopes(), Envelopes()

    def send(self, header: dict[str, Any], messages: Iterable[tuple[Any, Envelope]] = ()) -> None:
        """Send a frame.

        Raises
        ------
        NotStorable
            A body cannot pass; nothing was sent.
        OSError
            The other end is gone.
        """
        head = json.dumps(header, separators=(",", ":")).encode()
        with self._lock:
            parts = [_LENGTH.pack(len(head)), head]
            before: Envelope | None = None
            for body, envelope in messages:
                kind, data = stored_body(body)
                stored = b"" if envelope is before else self._sent.stored(envelope)
                before = envelope
                parts += (_MESSAGE.pack(kind, len(stored), len(data)), stored, data)
            length = sum(map(len, parts))
            if length > FRAME_BYTES_MAX:
                raise BadFrame(f"a frame of {length:,} bytes is too long", "send fewer messages at once")
            self._socket.sendall(b"".join((_LENGTH.pack(length), *parts)))

    def receive(self, bytes_max: int = FRAME_BYTES_MAX) -> Frame | None:
        """Wait for the next frame; None if the other end is gone."""
        begin = self._take(_LENGTH.size)
        if len(begin) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack(begin)
        if length > bytes_max:
            raise BadFrame(f"a frame of {length:,} bytes is too long", f"at most {bytes_max:,} are taken here")
        data = self._take(length)
        if len(data) < length:
            return None
        try:
            return self._frame(data)
        except (struct.error, ValueError, TypeError, IndexError) as error:
            raise BadFrame(f"a frame makes no sense ({error})", "is it mqlab's protocol?") from None

    def _take(self, size_bytes: int) -> bytes:
        try:
            return bytes(self._reader.read(size_bytes))
        except ValueError:  # closed here
            return b""

    def _frame(self, data: bytes) -> Frame:
        (length,) = _LENGTH.unpack_from(data)
        at = _LENGTH.size + length
        header = json.loads(data[_LENGTH.size : at])
        if not isinstance(header, dict) or not isinstance(header.get("do"), str):
            raise ValueError("its header does not say what to do")
        messages: list[tuple[Any, Envelope]] = []
        envelope = Envelope("", "")
        while at < len(data):
            kind, envelope_size, size = _MESSAGE.unpack_from(data, at)
            at += _MESSAGE.size
            if envelope_size:
                envelope = self._read.found(data[at : at + envelope_size])
                at += envelope_size
            if at + size > len(data):
                raise ValueError("a body ends behind it")
            messages.append((body_of(kind, data[at : at + size]), envelope))
            at += size
        return Frame(header, messages)

    def close(self) -> None:
        """Hang up, also on whoever waits for a frame here."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._reader.close()


def said_of(error: Exception) -> dict[str, Any]:
    """Say an error so that the other end can raise it."""
    if isinstance(error, BrokerError):
        return {"kind": type(error).__name__, "what": error.what, "mend": error.mend}
    if isinstance(error, ValueError):
        return {"kind": "ValueError", "what": str(error), "mend": ""}
    return {"kind": "BrokerError", "what": f"the broker could not do it: {type(error).__name__}: {error}", "mend": ""}


def error_of(said: dict[str, Any]) -> Exception:
    """Make the error that the other end has said."""
    what, mend = str(said["what"]), str(said["mend"])
    if said["kind"] == "ValueError":
        return ValueError(what)
    kind = getattr(errors, str(said["kind"]), BrokerError)
    if not (isinstance(kind, type) and issubclass(kind, BrokerError)) or kind is errors.CorruptJournal:
        kind = BrokerError
    return kind(what, mend)


def options_to(words: dict[str, Any]) -> dict[str, Any]:
    """Write the words of a declaration so that they can pass."""
    letter = words.get("dead_letter")
    return words | {"dead_letter": asdict(letter)} if isinstance(letter, DeadLetter) else words


def options_from(words: dict[str, Any]) -> dict[str, Any]:
    """Read the words of a declaration."""
    letter = words.get("dead_letter")
    return words | {"dead_letter": DeadLetter(**letter)} if isinstance(letter, dict) else words


