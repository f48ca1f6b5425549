"""The lapping ring: what is read is whole and in order, and what is lost is counted to the record."""

import threading

import numpy as np
import pytest

from mqlab.jit import JIT
from mqlab.ring import BadRing, LappingRing, SecondProducer
from mqlab.ring.cells import LINE

PAIR = [("value", "i8"), ("twice", "i8")]


def pairs(first, last):
    made = np.zeros(last - first, PAIR)
    made["value"] = np.arange(first, last)
    made["twice"] = 2 * made["value"]
    return made


def test_a_reader_that_keeps_up_loses_nothing():
    ring = LappingRing(PAIR, 4)
    reader = ring.reader()
    for start in range(0, 30, 3):
        ring.write_many(pairs(start, start + 3))
        read = reader.read()
        assert (read.first, read.lost, read.records["value"].tolist()) == (start, 0, [start, start + 1, start + 2])
    assert (len(reader.read()), reader.lost, reader.next) == (0, 0, 30)


@pytest.mark.parametrize("ahead", [0, 3, 4, 5, 8, 9, 1000])
@pytest.mark.parametrize("before", [0, 2])
def test_a_slow_reader_learns_exactly_how_many_it_lost(ahead, before):
    ring = LappingRing(PAIR, 4)
    reader = ring.reader(from_start=True)
    ring.write_many(pairs(0, before))
    assert len(reader.read()) == before
    ring.write_many(pairs(before, before + ahead))
    read = reader.read()
    lost = max(0, ahead - 4)
    assert (read.lost, read.first) == (lost, before + lost)
    assert read.records["value"].tolist() == list(range(before + lost, before + ahead))
    assert reader.lost == lost
    assert read.lost + len(read) == ahead


def test_what_is_read_is_a_copy():
    ring = LappingRing(PAIR, 2)
    reader = ring.reader()
    ring.write(value=1, twice=2)
    read = reader.read()
    ring.write_many(pairs(7, 11))
    assert read.records.tolist() == [(1, 2)]


def test_a_limit_is_kept_and_nothing_is_lost_by_it():
    ring = LappingRing(PAIR, 8)
    reader = ring.reader()
    ring.write_many(pairs(0, 8))
    assert [reader.read(3).records["value"].tolist() for _ in range(4)] == [[0, 1, 2], [3, 4, 5], [6, 7], []]
    assert reader.lost == 0


def test_who_joins_late_begins_with_what_comes_next():
    ring = LappingRing(PAIR, 4)
    ring.write_many(pairs(0, 3))
    late, historian = ring.reader(), ring.reader(from_start=True)
    ring.write(value=3)
    assert late.read().records["value"].tolist() == [3]
    assert historian.read().records["value"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("intent", "whole"), [(7, [4, 5, 6, 7]), (8, [5, 6, 7]), (10, [7]), (11, []), (15, [])])
def test_what_the_writer_may_have_begun_to_overwrite_is_thrown_away(intent, whole):
    ring = LappingRing(PAIR, 4)
    reader = ring.reader(from_start=True)
    ring.write_many(pairs(0, 8))
    ring.cells[LINE] = intent  # the writer has announced a stretch, and not yet finished it
    read = reader.read()
    assert read.records["value"].tolist() == whole
    assert read.lost == 8 - len(whole) if whole else read.lost >= 8
    ring.cells[LINE] = ring.cells[0] = intent  # now it has
    again = reader.read()
    assert read.lost + len(read) + again.lost + len(again) == intent + 1


def test_records_are_whole_and_accounts_add_up_while_the_writer_runs():
    ring = LappingRing(PAIR, 256)
    count = 60_000 if JIT else 600
    wrong, accounts = [], []
    ready = threading.Barrier(3)

    def write():
        ready.wait(60)
        for start in range(0, count, 50):
            ring.write_many(pairs(start, start + 50))

    def read(limit):
        reader = ring.reader(from_start=True)
        ready.wait(60)
        got = 0
        while reader.next < count:
            part = reader.read(limit)
            numbers = np.arange(part.first, part.first + len(part))
            same = [np.array_equal(part.records["value"], numbers), np.array_equal(part.records["twice"], 2 * numbers)]
            if not all(same):
                wrong.append(part)
            got += len(part)
        accounts.append(got + reader.lost)

    threads = [threading.Thread(target=write), *[threading.Thread(target=read, args=(limit,)) for limit in (None, 20)]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not wrong
    assert accounts == [count, count]


def test_bad_use_is_named(in_thread):
    with pytest.raises(BadRing, match="power of two"):
        LappingRing(PAIR, 6)
    ring = LappingRing(PAIR, 4)
    ring.write(value=1)
    with pytest.raises(BadRing, match="no field 'vaule'"):
        ring.write(vaule=1)
    with pytest.raises(BadRing, match="give an array of records"):
        ring.write_many(np.arange(3))
    with pytest.raises(BadRing, match="1 or more"):
        ring.reader().read(0)
    assert isinstance(in_thread(lambda: ring.write(value=2)), SecondProducer)
    assert ring.cursor == 0


def test_the_kernels_copy_bytes_of_any_dtype():
    ring = LappingRing([("name", "S5"), ("grid", "f4", (2, 2)), ("flag", "?")], 2)
    reader = ring.reader()
    ring.write(name=b"abc", grid=[[1, 2], [3, 4]], flag=True)
    (record,) = reader.read().records
    assert (record["name"], record["grid"].tolist(), bool(record["flag"])) == (b"abc", [[1, 2], [3, 4]], True)
