"""Rows that go through a sink come back as they were."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.errors import RunFolderError
from mqlab.trace import parquet
from mqlab.trace.parquet import EVENTS_FILE, FATES_FILE, ParquetRows, stored
from mqlab.trace.schema import EVENT, FATE, LEVELS
from mqlab.trace.sinks import MemorySink, NullSink, ParquetSink

SMALL_GROUP = 16


def random_rows(dtype, count, seed, *, messages=50):
    random = np.random.default_rng(seed)
    rows = np.zeros(count, dtype)
    for name in stored(dtype):
        limits = np.iinfo(dtype[name])
        rows[name] = random.integers(limits.min, limits.max, count, dtype=dtype[name], endpoint=True)
    rows["message"] = random.integers(-1, messages, count)
    if "time_ns" in dtype.names:
        rows["time_ns"] = np.sort(random.integers(0, 10**9, count))
    return rows


@pytest.fixture(autouse=True)
def small_groups(monkeypatch):
    monkeypatch.setattr(parquet, "GROUP_ROWS", SMALL_GROUP)


@pytest.mark.parametrize("dtype", [EVENT, FATE], ids=["events", "fates"])
@given(sizes=st.lists(st.integers(0, 40), max_size=6), seed=st.integers(0, 2**32 - 1))
def test_any_blocks_round_trip_through_parquet(tmp_path_factory, dtype, sizes, seed):
    folder = tmp_path_factory.mktemp("rows")
    rows = random_rows(dtype, sum(sizes), seed)
    sink = ParquetSink(folder)
    start = 0
    for size in sizes:
        block = rows[start : start + size].copy()
        (sink.events if dtype is EVENT else sink.fates)(block)
        block[:] = np.zeros((), dtype)  # an engine may reuse its block
        start += size
    fates, events = sink.close()
    source = events if dtype is EVENT else fates
    assert len(source) == len(rows)
    for name in dtype.names:
        column = source.column(name)
        assert column.dtype == dtype[name]
        assert np.array_equal(column, rows[name])
    for message in {-1, 0, 7, *rows["message"][:3].tolist()}:
        assert np.array_equal(source.of_message(message), rows[rows["message"] == message])


@given(seed=st.integers(0, 1000), bounds=st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)))
def test_between_takes_the_start_and_leaves_the_end(tmp_path_factory, seed, bounds):
    rows = random_rows(EVENT, 70, seed)
    start, stop = min(bounds), int(rows["time_ns"][40])
    sink = ParquetSink(tmp_path_factory.mktemp("rows"))
    sink.events(rows)
    expected = rows[(rows["time_ns"] >= start) & (rows["time_ns"] < stop)]
    assert np.array_equal(sink.close()[1].between(start, stop), expected)


def test_one_message_is_read_from_few_row_groups(tmp_path, monkeypatch):
    rows = np.zeros(100 * SMALL_GROUP, EVENT)
    rows["message"] = np.arange(len(rows)) // 4
    rows["message"][::5] = -1  # world events everywhere
    sink = ParquetSink(tmp_path)
    sink.events(rows)
    source = sink.close()[1]
    read = []
    monkeypatch.setattr(source, "_file", Spy(source._file, read), raising=True)
    assert np.array_equal(source.of_message(200), rows[rows["message"] == 200])
    assert set(read) == {200 * 4 // SMALL_GROUP}


class Spy:
    """A ParquetFile that writes down which row groups are read."""

    def __init__(self, file, read):
        self._file, self._read = file, read

    def __getattr__(self, name):
        return getattr(self._file, name)

    def read_row_group(self, group, **options):
        self._read.append(group)
        return self._file.read_row_group(group, **options)


@pytest.mark.parametrize("level", LEVELS)
def test_a_sink_keeps_what_the_level_says(tmp_path, level):
    fate_rows, event_rows = random_rows(FATE, 40, 1), random_rows(EVENT, 40, 2)
    for sink in (MemorySink(level), ParquetSink(tmp_path, level)):
        sink.fates(fate_rows)
        sink.events(event_rows)
        fates, events = sink.close()
        assert (fates is not None) == (level in ("fates", "events"))
        assert (events is not None) == (level == "events")
        for source, rows in ((fates, fate_rows), (events, event_rows)):
            assert source is None or np.array_equal(source.column("message"), rows["message"])
    assert sorted(path.name for path in tmp_path.iterdir()) == {
        "counts": [], "fates": [FATES_FILE], "events": [FATES_FILE, EVENTS_FILE],
    }[level]  # fmt: skip


def test_the_memory_sink_copies_its_blocks():
    sink, block = MemorySink(), random_rows(EVENT, 3, 5)
    kept = block.copy()
    sink.events(block)
    block["message"] = 99
    assert np.array_equal(sink.close()[1].column("message"), kept["message"])


def test_the_null_sink_gives_nothing_back():
    sink = NullSink()
    sink.events(np.zeros(3, EVENT))
    sink.fates(np.zeros(3, FATE))
    assert sink.close() == (None, None)


def test_rows_stay_readable_when_their_folder_is_renamed(tmp_path):
    (tmp_path / "before").mkdir()
    sink = ParquetSink(tmp_path / "before")
    rows = random_rows(EVENT, 50, 3)
    sink.events(rows)
    events = sink.close()[1]
    (tmp_path / "before").rename(tmp_path / "after")
    assert np.array_equal(events.column("time_ns"), rows["time_ns"])


def test_a_damaged_page_is_noticed(tmp_path):
    sink = ParquetSink(tmp_path)
    sink.events(random_rows(EVENT, 200, 4))
    sink.close()
    path = tmp_path / EVENTS_FILE
    times = pq.ParquetFile(path).metadata.row_group(3).column(0)
    damaged = bytearray(path.read_bytes())
    damaged[times.data_page_offset + times.total_compressed_size - 2] ^= 0xFF
    path.write_bytes(damaged)
    with pytest.raises(RunFolderError, match=r"trace\.parquet is damaged"):
        ParquetRows(path, EVENT).column("time_ns")


def test_other_columns_are_refused(tmp_path):
    sink = ParquetSink(tmp_path)
    sink.close()
    with pytest.raises(RunFolderError, match="other columns"):
        ParquetRows(tmp_path / EVENTS_FILE, FATE)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(RunFolderError, match=r"nowhere.*fates\.parquet"):
        ParquetSink(tmp_path / "nowhere")
