"""Where a journal lies: a folder of a real disk. Its stand-in for power cuts is :mod:`mqlab.broker.journal.fragile`.

A journal needs little of a disk: append, have what was appended made safe, cut a file, remove one, and know that
nobody else writes. What a name in a folder is worth is a matter of its own: a file that was made or removed is sure to
be so after a power cut only once its folder was synced.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Protocol

from mqlab.broker.errors import JournalError, JournalLocked

__all__ = ["Disk", "File", "RealDisk"]

LOCK_FILE = "lock"


class File(Protocol):
    """A file that is appended to."""

    def write(self, data: bytes) -> None:
        """Append all of ``data``: from then on it survives the death of the process."""

    def sync(self) -> None:
        """Have everything written survive a power cut."""

    def cut(self, size_bytes: int) -> None:
        """Keep the first ``size_bytes``."""

    def close(self) -> None:
        """Be done with it."""


class Disk(Protocol):
    """A folder that holds a journal."""

    @property
    def folder(self) -> str:
        """Its name, for messages."""

    def lock(self) -> None:
        """Have it for oneself, or raise :class:`JournalLocked`."""

    def unlock(self) -> None:
        """Leave it to others."""

    def names(self) -> list[str]:
        """List the files."""

    def read(self, name: str) -> bytes:
        """Read a whole file."""

    def open(self, name: str) -> File:
        """Open a file to append to; it is made if there is none."""

    def remove(self, name: str) -> None:
        """Remove a file."""

    def sync_folder(self) -> None:
        """Have files made and removed be so after a power cut."""


def _sync_data(fd: int) -> None:
    if sys.platform == "darwin":  # fsync there leaves data in the drive's cache
        import fcntl

        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    else:
        os.fdatasync(fd)


class _RealFile:
    """A file of the operating system."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def write(self, data: bytes) -> None:
        """Append."""
        done = os.write(self._fd, data)
        while done < len(data):
            done += os.write(self._fd, memoryview(data)[done:])

    def sync(self) -> None:
        """Make safe."""
        _sync_data(self._fd)

    def cut(self, size_bytes: int) -> None:
        """Truncate."""
        os.ftruncate(self._fd, size_bytes)

    def close(self) -> None:
        """Close."""
        os.close(self._fd)


class RealDisk:
    """A folder of the file system; it is made if there is none, readable by its owner only."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._path = Path(folder)
        self._lock_fd = -1

    @property
    def folder(self) -> str:
        """Its name, for messages."""
        return str(self._path)

    def lock(self) -> None:
        """Have it for oneself."""
        import fcntl

        try:
            self._path.mkdir(parents=True, exist_ok=True, mode=0o700)
            fd = os.open(self._path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalError(
                f"there can be no journal in {self.folder}: {error.strerror}", "give a folder that you may write to"
            ) from None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(fd, 20).decode(errors="replace").strip()
            os.close(fd)
            raise JournalLocked(
                f"another broker has the journal in {self.folder}" + (f" (process {holder})" if holder else ""),
                "connect to that one, end it first, or give another folder",
            ) from None
        os.ftruncate(fd, 0)
        os.write(fd, str(os.getpid()).encode())
        self._lock_fd = fd

    def unlock(self) -> None:
        """Leave it to others."""
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1

    def names(self) -> list[str]:
        """List the files."""
        return os.listdir(self._path)

    def read(self, name: str) -> bytes:
        """Read a whole file."""
        return (self._path / name).read_bytes()

    def open(self, name: str) -> File:
        """Open a file to append to."""
        return _RealFile(self._path / name)

    def remove(self, name: str) -> None:
        """Remove a file."""
        os.unlink(self._path / name)

    def sync_folder(self) -> None:
        """Make names safe."""
        fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
