"""Recorded arrivals: a CSV file beside the scenario, read once and checked line by line.

    # where this comes from
    time_s,key,size_bytes
    0.25,17,1024
    0.25,3,512

The first line that is no comment names the columns: ``time_s`` (or ``time_ms``, ``time_us``, ``time_ns``), counted
from the start of the arrivals and never falling; and, if known, ``key`` and ``size_bytes``. The file lies beside the
scenario or below, so the two travel together: a run folder has a copy of both.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from pathlib import Path as File
from pathlib import PurePosixPath
from typing import Final

from mqlab.errors import Place, ScenarioError, did_you_mean
from mqlab.model import Recording
from mqlab.scenario.defaults import Book, Path
from mqlab.units import DURATION_MAX_NS

__all__ = ["BYTES_MAX", "MESSAGES_MAX", "read_recording"]

BYTES_MAX: Final = 32 * 2**20
MESSAGES_MAX: Final = 1_000_000
_UNITS: Final = {"time_s": 10**9, "time_ms": 10**6, "time_us": 10**3, "time_ns": 1}
_COLUMNS: Final = ("time_s", "time_ms", "time_us", "time_ns", "key", "size_bytes")
_KEY_MAX: Final = 2**31 - 1
_SIZE_MAX: Final = 2**30
_WHOLE = re.compile(r"[0-9]{1,18}")
_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{0,18})?(?:[eE][-+]?[0-9]{1,2})?")


def read_recording(book: Book, path: Path, file: str, speed: float) -> Recording:
    """Read the file that the field at ``path`` names; time runs ``speed`` times as quickly as it did.

    Raises
    ------
    ScenarioError
        At the field, where there is no such file; in the file, with its line, where it cannot be used.
    """
    text = _text(book, path, file)
    book.attached[file] = text
    return _Reader(str(_folder(book) / file), speed).read(text, file)


def _folder(book: Book) -> File:
    return File(book.root.place.file).parent


def _text(book: Book, path: Path, file: str) -> str:
    parts = PurePosixPath(file)
    if parts.is_absolute() or ".." in parts.parts or "\\" in file or parts.suffix != ".csv" or str(parts) != file:
        what = f"`{file[:60]}` does not name a CSV file beside the scenario"
        raise book.error(path, what, "write a path such as `traces/day.csv`")
    place = _folder(book) / file
    try:
        size = place.stat().st_size
        if size > BYTES_MAX:
            raise book.error(path, f"`{file}` has {size:,} bytes, a recording at most {BYTES_MAX:,}", "cut it")
        return place.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise book.error(path, f"there is no file `{place}`", "put it beside the scenario, or below") from None
    except UnicodeDecodeError:
        raise book.error(path, f"`{file}` is not UTF-8 text", "save it as comma-separated text") from None
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        raise book.error(path, f"`{file}` cannot be read: {reason}", "check the file and its permissions") from None


class _Reader:
    """Reads the lines of one file."""

    def __init__(self, place: str, speed: float) -> None:
        self.place, self.line = place, 0
        self.speed = Decimal(repr(speed))

    def read(self, text: str, source: str) -> Recording:
        """Read all of it."""
        times: list[int] = []
        keys: list[int] = []
        sizes: list[int] = []
        names: list[str] = []
        for line in text.splitlines():
            self.line += 1
            if not line.strip() or line.startswith("#"):
                continue
            cells = [cell.strip() for cell in line.split(",")]
            if not names:
                names = self.header(cells)
                continue
            if len(cells) != len(names):
                raise self.error(f"the line has {len(cells)} values for {len(names)} columns", "mend the line")
            if len(times) == MESSAGES_MAX:
                raise self.error(f"there are more than {MESSAGES_MAX:,} messages", "cut the file")
            for name, cell in zip(names, cells, strict=True):
                if name == "key":
                    keys.append(self.whole(cell, "a key", _KEY_MAX))
                elif name == "size_bytes":
                    sizes.append(self.whole(cell, "a size in bytes", _SIZE_MAX))
                else:
                    times.append(self.time(cell, _UNITS[name]))
            if len(times) > 1 and times[-1] < times[-2]:
                raise self.error("the time is before that of the line above", "sort the lines by time")
        if not times:
            raise self.error("there is no message in it", "add a line such as `0.25` below `time_s`")
        return Recording(tuple(times), tuple(keys), tuple(sizes), source)

    def header(self, names: list[str]) -> list[str]:
        """Check the names of the columns."""
        for name in names:
            if name not in _COLUMNS:
                raise self.error(f"unknown column `{name[:60]}`", did_you_mean(name, _COLUMNS, "columns"))
        if len(set(names)) < len(names):
            raise self.error("a column is there twice", "leave one out")
        if sum(name in _UNITS for name in names) != 1:
            raise self.error("there must be one column of times", "begin with a line such as `time_s,key`")
        return names

    def time(self, cell: str, unit_ns: int) -> int:
        """Read a time; no floats, so that what is written is what is meant."""
        if not _NUMBER.fullmatch(cell):
            raise self.error(f"`{cell[:60]}` is not a time", "write a number from 0, such as `0.25`")
        try:
            ns = int((Decimal(cell) * unit_ns / self.speed).to_integral_value())
        except (InvalidOperation, OverflowError):
            ns = DURATION_MAX_NS + 1
        if ns > DURATION_MAX_NS:
            raise self.error(f"the time `{cell[:60]}` is beyond 30 days", "cut the file, or raise `speed`")
        return ns

    def whole(self, cell: str, noun: str, most: int) -> int:
        """Read a whole number."""
        if not _WHOLE.fullmatch(cell) or int(cell) > most:
            raise self.error(f"`{cell[:60]}` is not {noun}", f"write a whole number from 0 to {most}")
        return int(cell)

    def error(self, what: str, mend: str) -> ScenarioError:
        """Make an error that stands on the present line."""
        return ScenarioError(what, mend=mend, place=Place(self.place, max(self.line, 1), 1))
