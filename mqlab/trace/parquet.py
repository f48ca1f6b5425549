"""Rows in Parquet files: written in row groups as a run goes on, read back by column and only as needed.

The column ``message`` holds null where a row has -1: world events stand everywhere in a trace, and a -1 in
each row group would spoil the minimum by which :meth:`ParquetRows.of_message` skips row groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mqlab.errors import RunFolderError
from mqlab.trace.schema import ADDED, EVENT, FATE, Level, RowSource

if TYPE_CHECKING:
    import pyarrow.parquet as pq

__all__ = [
    "EVENTS_FILE",
    "FATES_FILE",
    "GROUP_ROWS",
    "NO_ROOM",
    "ParquetRows",
    "ParquetSink",
    "saying",
    "stored",
]

EVENTS_FILE = "trace.parquet"
FATES_FILE = "fates.parquet"
GROUP_ROWS = 65_536
"""Rows in a row group: what :meth:`ParquetRows.of_message` reads at least."""
NO_ROOM = "make room there or choose another folder"


class ParquetSink:
    """Writes the rows of a level to ``trace.parquet`` and ``fates.parquet`` in an existing folder.

    Parameters
    ----------
    folder
        Where the files go; usually the unfinished folder of :class:`mqlab.trace.folder.RunWriter`.
    level
        What to keep; blocks of other kinds are ignored.

    Raises
    ------
    RunFolderError
        The files cannot be written (no space, no permission).
    """

    def __init__(self, folder: Path, level: Level = "events") -> None:
        self.level: Level = level
        self._fates = _TableWriter(folder / FATES_FILE, FATE) if level != "counts" else None
        self._events = _TableWriter(folder / EVENTS_FILE, EVENT) if level == "events" else None

    def events(self, block: NDArray[np.void]) -> None:
        """Write the block if the level keeps events."""
        if self._events is not None:
            self._events.add(block)

    def fates(self, block: NDArray[np.void]) -> None:
        """Write the block if the level keeps fates."""
        if self._fates is not None:
            self._fates.add(block)

    def close(self) -> tuple[RowSource | None, RowSource | None]:
        """Finish both files and open them for reading; they stay readable if the folder is renamed."""
        return (
            self._fates.finish() if self._fates else None,
            self._events.finish() if self._events else None,
        )

    def abandon(self) -> None:
        """Let go of both files without caring for what they hold."""
        for writer in (self._fates, self._events):
            if writer is not None:
                writer.abandon()


class _TableWriter:
    """One Parquet file, filled row group by row group through a buffer of fixed size."""

    def __init__(self, path: Path, dtype: np.dtype[np.void]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path, self.dtype = path, dtype
        self.buffer = np.zeros(GROUP_ROWS, dtype)
        self.used = 0
        wide = [name for name in stored(dtype) if dtype[name].itemsize == 8]
        narrow = [name for name in stored(dtype) if dtype[name].itemsize < 8]
        self.schema = pa.schema([(name, pa.from_numpy_dtype(dtype[name])) for name in stored(dtype)])
        with saying(path, "cannot be written", NO_ROOM):
            # Delta coding suits times and running numbers; with it snappy writes as fast as no compression.
            self.writer = pq.ParquetWriter(
                str(path), self.schema, compression="snappy", use_dictionary=narrow,
                column_encoding=dict.fromkeys(wide, "DELTA_BINARY_PACKED"), write_page_checksum=True,
            )  # fmt: skip

    def add(self, block: NDArray[np.void]) -> None:
        taken = 0
        while taken < len(block):
            some = min(GROUP_ROWS - self.used, len(block) - taken)
            self.buffer[self.used : self.used + some] = block[taken : taken + some]
            self.used += some
            taken += some
            if self.used == GROUP_ROWS:
                self._write_group()

    def _write_group(self) -> None:
        import pyarrow as pa

        rows = self.buffer[: self.used]
        columns = [_to_arrow(rows[name], nulls=name == "message") for name in self.schema.names]
        with saying(self.path, "cannot be written", NO_ROOM):
            self.writer.write_batch(pa.record_batch(columns, schema=self.schema), row_group_size=GROUP_ROWS)
        self.used = 0

    def finish(self) -> ParquetRows:
        if self.used:
            self._write_group()
        with saying(self.path, "cannot be written", NO_ROOM):
            self.writer.close()
        return ParquetRows(self.path, self.dtype)

    def abandon(self) -> None:
        with suppress(RunFolderError), saying(self.path, "cannot be written"):
            self.writer.close()


class ParquetRows:
    """Rows in a Parquet file: read by column, and by row group where that can hold what is sought.

    Nothing is cached, so a caller who needs a column twice keeps it.

    Parameters
    ----------
    path
        A file that :class:`ParquetSink` wrote.
    dtype
        :data:`~mqlab.trace.schema.EVENT` or :data:`~mqlab.trace.schema.FATE`.

    Raises
    ------
    RunFolderError
        The file is missing, damaged, or has other columns; also raised later, when damaged pages are read.
    """

    def __init__(self, path: Path, dtype: np.dtype[np.void]) -> None:
        import pyarrow.parquet as pq

        self.path, self.dtype = path, dtype
        with saying(path, "cannot be read"):
            self._file: pq.ParquetFile = pq.ParquetFile(path, page_checksum_verification=True)
        names = self._file.schema_arrow.names
        self._missing = [name for name in ADDED if name in stored(dtype) and name not in names]
        if names != [name for name in stored(dtype) if name not in self._missing]:
            raise RunFolderError(
                f"{path} has other columns than this version of mqlab writes", mend="run the scenario again"
            )

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    def column(self, name: str) -> NDArray[Any]:
        """One column as a numpy array, in row order."""
        if name not in stored(self.dtype):
            return np.zeros(len(self), self.dtype[name])
        if name in self._missing:
            return np.full(len(self), -1, self.dtype[name])
        with saying(self.path, "is damaged"):
            return _to_numpy(self._file.read(columns=[name]).column(0), self.dtype[name])

    def of_message(self, message: int) -> NDArray[np.void]:
        """All rows of one message, in order: reads the row groups whose range of messages covers it."""
        return self._matching(
            "message", self._groups("message", message, message), lambda values: values == message
        )

    def between(self, start_ns: int, stop_ns: int) -> NDArray[np.void]:
        """All event rows with start_ns ≤ time_ns < stop_ns, in order."""
        return self._matching(
            "time_ns",
            self._groups("time_ns", start_ns, stop_ns - 1),
            lambda values: (values >= start_ns) & (values < stop_ns),
        )

    def _groups(self, name: str, low: int, high: int) -> list[int]:
        """Row groups that may hold a value of ``name`` from low to high (both included)."""
        metadata, column = self._file.metadata, stored(self.dtype).index(name)
        found = []
        for group in range(metadata.num_row_groups):
            statistics = metadata.row_group(group).column(column).statistics
            nulls = low < 0 and statistics.null_count
            if nulls or (statistics.has_min_max and statistics.min <= high and statistics.max >= low):
                found.append(group)
        return found

    def _matching(self, name: str, groups: Iterable[int], wanted: Any) -> NDArray[np.void]:
        """Rows of those groups that match; the other columns are read only of groups where some do."""
        parts = []
        with saying(self.path, "is damaged"):
            for group in groups:
                column = self._file.read_row_group(group, columns=[name]).column(0)
                mask = wanted(_to_numpy(column, self.dtype[name]))
                if mask.any():
                    parts.append(self._rows(group, np.flatnonzero(mask)))
        return np.concatenate(parts) if parts else np.zeros(0, self.dtype)

    def _rows(self, group: int, index: NDArray[np.intp]) -> NDArray[np.void]:
        table = self._file.read_row_group(group)
        rows = np.zeros(len(index), self.dtype)
        for name in stored(self.dtype):
            if name in self._missing:
                rows[name] = -1
            else:
                rows[name] = _to_numpy(table.column(name), self.dtype[name])[index]
        return rows


# pyarrow's own conversions import pandas, which costs more than half a second: hence the two functions below.


def _to_arrow(column: NDArray[Any], *, nulls: bool) -> Any:
    """Make an Arrow array of a column; ``nulls`` turns -1 into null."""
    import pyarrow as pa

    values = np.ascontiguousarray(column)
    there = pa.py_buffer(np.packbits(values != -1, bitorder="little")) if nulls else None
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(values.dtype), len(values), [there, pa.py_buffer(values)]
    )


def _to_numpy(column: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Undo :func:`_to_arrow` for a column of one or more chunks."""
    parts = []
    for chunk in column.chunks:
        there, data = chunk.buffers()
        window = slice(chunk.offset, chunk.offset + len(chunk))
        values = np.frombuffer(data, dtype)[window] if len(chunk) else np.zeros(0, dtype)
        if chunk.null_count:
            bits = np.unpackbits(np.frombuffer(there, np.uint8), bitorder="little")[window]
            values = np.where(bits, values, -1).astype(dtype)
        parts.append(values)
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.zeros(0, dtype)


def stored(dtype: np.dtype[np.void]) -> list[str]:
    """Names of the columns that go to a file: all but ``reserved``, which is 0 in every row.

    Examples
    --------
    >>> "reserved" in stored(EVENT)
    False
    """
    return [name for name in dtype.names or () if name != "reserved"]


@contextmanager
def saying(path: Path, what: str, mend: str = "run the scenario again") -> Iterator[None]:
    """Turn what pyarrow and the system raise about a file into a :class:`RunFolderError` that names it.

    Parameters
    ----------
    path
        The file.
    what
        The rest of the sentence, such as "cannot be read".
    mend
        What to do about it.

    Raises
    ------
    RunFolderError
        Whenever the block raised an error of the file system or of the file format.
    """
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError as error:
        raise RunFolderError(f"{path} is missing", mend=mend) from error
    except (OSError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0].rstrip(". ")
        raise RunFolderError(f"{path} {what}: {reason}", mend=mend) from error
