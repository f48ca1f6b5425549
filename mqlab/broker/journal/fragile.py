"""A disk in memory whose power can be cut: what was synced stays, of the rest a part, and behind it garbage.

The journal's own code runs on it, so a power cut is tested without one. A kill needs no stand-in: what a process has
written outlives it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from random import Random

from mqlab.broker.errors import JournalLocked

__all__ = ["FragileDisk", "PowerLost"]

GARBAGE_BYTES_MAX = 300


class PowerLost(OSError):  # noqa: N818 - it is what happened
    """The power is off."""


class _Data:
    """Contents of a file, and how much of it is safe."""

    __slots__ = ("content", "synced")

    def __init__(self, content: bytes = b"") -> None:
        self.content, self.synced = bytearray(content), len(content)


class _FragileFile:
    """A file on a disk whose power can be cut."""

    def __init__(self, disk: FragileDisk, data: _Data) -> None:
        self._disk, self._data = disk, data

    def write(self, data: bytes) -> None:
        """Append."""
        with self._disk.powered():
            self._data.content += data

    def sync(self) -> None:
        """Make safe."""
        size_bytes = len(self._data.content)
        if self._disk.sync_s:
            time.sleep(self._disk.sync_s)
        with self._disk.powered():
            self._data.synced = max(self._data.synced, size_bytes)
            self._disk.syncs += 1

    def cut(self, size_bytes: int) -> None:
        """Truncate."""
        with self._disk.powered():
            del self._data.content[size_bytes:]
            self._data.synced = min(self._data.synced, size_bytes)

    def close(self) -> None:
        """Close."""


class _Powered:
    """Whoever works holds the power; nobody can once it is off."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.off = False

    def __enter__(self) -> None:
        self._lock.acquire()
        if self.off:
            self._lock.release()
            raise PowerLost(5, "the power was cut")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class FragileDisk:
    """A folder in memory.

    Parameters
    ----------
    files
        What is in it, safely.
    sync_s
        How long a sync takes; the power may go meanwhile.

    Examples
    --------
    >>> from random import Random
    >>> disk = FragileDisk()
    >>> file = disk.open("log")
    >>> file.write(b"safe ")
    >>> file.sync()
    >>> disk.sync_folder()
    >>> file.write(b"perhaps")
    >>> after = disk.power_cut(Random(1))
    >>> after.read("log").startswith(b"safe ")
    True
    >>> file.write(b"never")
    Traceback (most recent call last):
    ...
    mqlab.broker.journal.fragile.PowerLost: [Errno 5] the power was cut
    """

    folder = "a disk in memory"

    def __init__(self, files: Mapping[str, bytes] | None = None, sync_s: float = 0.0) -> None:
        self.sync_s = sync_s
        self._power = _Powered()
        self._files = {name: _Data(content) for name, content in (files or {}).items()}
        self._safe_names = dict(self._files)
        self._locked = False
        self.syncs = 0

    def powered(self) -> _Powered:
        """Hold the power while working, or raise :class:`PowerLost`."""
        return self._power

    def power_cut(self, luck: Random) -> FragileDisk:
        """Cut the power; return the disk as it is found when power is back."""
        with self._power:
            self._power.off = True
        found: dict[str, bytes] = {}
        for name in sorted({*self._files, *self._safe_names}):
            now, safe = self._files.get(name), self._safe_names.get(name)
            if now is not safe and luck.random() < 0.5:  # made or removed, and its folder not synced since
                now = safe
            if now is not None:
                found[name] = _torn(now, luck)
        return FragileDisk(found, self.sync_s)

    def files(self) -> dict[str, bytes]:
        """Copy what is in it, as a process that comes after a kill would find it."""
        return {name: bytes(data.content) for name, data in self._files.items()}

    def lock(self) -> None:
        """Have it for oneself."""
        if self._locked:
            raise JournalLocked(f"another broker has the journal in {self.folder}", "close that one first")
        self._locked = True

    def unlock(self) -> None:
        """Leave it to others."""
        self._locked = False

    def names(self) -> list[str]:
        """List the files."""
        return list(self._files)

    def read(self, name: str) -> bytes:
        """Read a whole file."""
        return bytes(self._files[name].content)

    def open(self, name: str) -> _FragileFile:
        """Open a file to append to."""
        with self._power:
            return _FragileFile(self, self._files.setdefault(name, _Data()))

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._power:
            del self._files[name]

    def sync_folder(self) -> None:
        """Make names safe."""
        with self._power:
            self._safe_names = dict(self._files)


def _torn(data: _Data, luck: Random) -> bytes:
    """Say what is left of a file: all that was synced, of the rest a prefix, then what the disk happened to hold."""
    rest = bytes(data.content[data.synced :])
    if not rest:
        return bytes(data.content)
    kept = luck.randint(0, len(rest))
    room = len(rest) - kept
    garbage = luck.randbytes(luck.randint(0, min(room, GARBAGE_BYTES_MAX)))
    if luck.random() < 0.3:
        garbage = bytes(len(garbage))
    return bytes(data.content[: data.synced]) + rest[:kept] + garbage
