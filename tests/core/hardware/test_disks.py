"""A disk behind a page cache, against figures worked out by hand."""

from __future__ import annotations

import pytest

from mqlab.core.hardware.disks import cut_power, must_wait, read, sync, wait, write
from mqlab.core.hardware.processors import work
from mqlab.model import Disks, Processor
from tests.support.plants import DONE, MB, MS, US, Bench, S, plant

PAGE = 4096
SLOW = Disks(1, 100 * MB, 10 * MS, 2 * MS)


def storage(files: int, disks: Disks = SLOW, **fields: int) -> Bench:
    made = plant(disks=disks, **fields)
    for _ in range(files):
        made.file(0)
    return Bench(made)


def test_an_fsync_costs_a_seek_its_pages_and_the_barrier() -> None:
    bench = storage(1)
    write(bench.at(0), 0, 5000)  # two pages
    sync(bench.s, 0, DONE, 1, 0, 0)
    assert bench.play() == [(10 * MS + 2 * MS + 2 * PAGE * 10, 1)]


def test_the_same_file_again_needs_no_seek() -> None:
    bench = storage(1)
    write(bench.at(0), 0, PAGE)
    sync(bench.s, 0, DONE, 1, 0, 0)
    write(bench.at(1 * S), 0, PAGE)
    sync(bench.s, 0, DONE, 2, 0, 0)
    assert bench.play()[1] == (1 * S + 2 * MS + PAGE * 10, 2)


def test_those_who_come_during_an_fsync_share_the_next() -> None:
    bench = storage(1)
    write(bench.at(0), 0, PAGE)
    sync(bench.s, 0, DONE, 1, 0, 0)
    for number in (2, 3):
        write(bench.at(number * MS), 0, 100)
        sync(bench.s, 0, DONE, number, 0, 0)
    first = 12 * MS + PAGE * 10
    second = first + 2 * MS + PAGE * 10
    assert bench.play() == [(first, 1), (second, 2), (second, 3)]


@pytest.mark.parametrize("count", [1, 4, 16])
def test_writing_back_k_files_costs_k_seeks(count: int) -> None:
    """The same bytes in k files: the transfer is the same, and there are k seeks. It follows; nothing says it."""
    total = 16 * 100 * PAGE
    bench = storage(count)
    for file in range(count):
        write(bench.at(0), file, total // count)
        sync(bench.s, file, DONE, file, 0, 0)
    fsyncs = count * 2 * MS
    assert bench.play()[-1][0] == count * 10 * MS + fsyncs + total * 10
    assert bench.named["disks"][0]["seeks"] == count


def test_a_page_counts_whole() -> None:
    bench = storage(2)
    write(bench.at(0), 0, 1)
    sync(bench.s, 0, DONE, 0, 0, 0)
    bench.play()
    assert bench.named["disks"][0]["bytes"] == PAGE


def test_two_disks_work_at_once() -> None:
    bench = storage(2, Disks(2, 100 * MB, 10 * MS))
    for file in (0, 1):
        write(bench.at(0), file, PAGE)
        sync(bench.s, file, DONE, file, 0, 0)
    assert [time for time, _ in bench.play()] == [10 * MS + PAGE * 10] * 2


def test_an_append_waits_while_the_files_last_page_is_under_way() -> None:
    bench = storage(2)
    write(bench.at(0), 0, PAGE)
    sync(bench.s, 0, DONE, 1, 0, 0)
    s = bench.at(1 * MS)
    assert must_wait(s, 0)
    assert not must_wait(s, 1)
    wait(s, 0, DONE, 2, 0, 0)
    end = 12 * MS + PAGE * 10
    assert bench.play() == [(end, 1), (end, 2)]
    assert not must_wait(bench.s, 0)


def test_write_back_comes_round_and_takes_only_what_is_dirty() -> None:
    bench = storage(3, writeback=1 * S)
    write(bench.at(0), 0, 10 * PAGE)
    write(bench.s, 2, 10 * PAGE)
    s = bench.s
    from mqlab.core.hardware.disks import pass_over

    pass_over(s, 0, 1, 0)
    bench.play(until=900 * MS)
    assert int(bench.named["machines"][0]["dirty"]) == 0
    assert int(bench.named["disks"][0]["seeks"]) == 2


def test_above_the_dirty_limit_every_append_waits() -> None:
    bench = storage(2, dirty=10 * PAGE)
    write(bench.at(0), 0, 10 * PAGE)
    assert must_wait(bench.s, 1)
    wait(bench.s, 1, DONE, 1, 0, 0)
    sync(bench.s, 0, DONE, 2, 0, 0)
    assert sorted(a for _, a in bench.play()) == [1, 2]
    assert not must_wait(bench.s, 1)


def test_much_that_is_dirty_is_written_back_at_once() -> None:
    bench = storage(2, background=10 * PAGE)
    write(bench.at(0), 0, 9 * PAGE)
    bench.play(until=1 * S)
    assert int(bench.named["disks"][0]["seeks"]) == 0
    write(bench.at(1 * S), 1, PAGE)
    bench.play()
    assert int(bench.named["machines"][0]["dirty"]) == 0


def test_an_fsync_goes_before_what_nobody_waits_for() -> None:
    bench = storage(5, background=4 * PAGE)
    for file in range(4):
        write(bench.at(0), file, PAGE)
    write(bench.at(1 * MS), 4, PAGE)
    sync(bench.s, 4, DONE, 1, 0, 0)
    a_run = 10 * MS + PAGE * 10
    assert bench.play() == [(a_run + 2 * MS + a_run, 1)]  # behind the one at work, before the three others


def test_a_read_costs_a_seek_and_its_bytes() -> None:
    bench = storage(1)
    read(bench.at(0), 0, 1 * MB, DONE, 1, 0, 0)
    assert bench.play() == [(20 * MS, 1)]


def test_power_takes_what_is_dirty_and_lets_nobody_wait() -> None:
    bench = storage(2)
    write(bench.at(0), 0, PAGE)
    sync(bench.s, 0, DONE, 1, 0, 0)
    wait(bench.at(1 * MS), 0, DONE, 2, 0, 0)
    write(bench.s, 1, PAGE)
    cut_power(bench.s, 0)
    assert sorted(bench.play()) == [(1 * MS, 1), (1 * MS, 2)]
    assert int(bench.named["machines"][0]["dirty"]) == 0
    assert not must_wait(bench.s, 0)


def test_cores_work_side_by_side() -> None:
    bench = Bench(plant(processor=Processor(2)))
    assert [work(bench.at(0), 0, 10 * US) for _ in range(5)] == [10 * US, 10 * US, 20 * US, 20 * US, 30 * US]
    assert int(bench.named["machines"][0]["busy"]) == 50 * US
