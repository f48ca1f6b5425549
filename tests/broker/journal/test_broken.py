"""A torn end is cut; anything else that is not as it was written is refused by its place."""

import random
import re
from pathlib import Path

import pytest

from mqlab.broker import Broker, CorruptJournal, JournalError, JournalLocked, PreconditionFailed, UnknownFormat
from mqlab.broker.journal import FragileDisk
from mqlab.broker.journal import format as form
from tests.broker.journal.conftest import KEPT, bodies

FIRST = form.segment_name(1)


def written(rounds=5, clean=True, **options):
    """The files of a journal with one message a frame, and the ends of its frames."""
    disk = FragileDisk()
    broker = Broker(data=disk, **options)
    channel = broker.connect().channel()
    channel.declare_queue("q", durable=True)
    ends = []
    for number in range(rounds):
        channel.publish(number, "q", properties=KEPT)
        broker.wait_until_safe()
        ends.append(len(disk.files()[disk.names()[-1]]))
    files = disk.files()
    broker.close(drain=False)
    return disk.files() if clean else files, ends


def found(files):
    with Broker(data=FragileDisk(files)) as broker:
        return bodies(broker.connect().channel(), "q"), broker.recovery


def test_whatever_is_cut_from_the_end_the_rest_is_found():
    files, ends = written(clean=False)
    for size in range(ends[0], ends[-1] + 1):
        left, recovery = found({FIRST: files[FIRST][:size]})
        assert left == list(range(sum(end <= size for end in ends)))
        whole = size in ends
        assert (recovery.cut is None) == whole
        if not whole:
            assert (recovery.cut.offset, recovery.cut.offset + recovery.cut.size_bytes) == (
                max(end for end in ends if end <= size), size
            )  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_garbage_behind_the_end_is_cut(seed):
    files, _ = written(clean=False)
    luck = random.Random(seed)
    garbage = luck.choice((luck.randbytes(200), bytes(200), files[FIRST][-40:-3]))
    left, recovery = found({FIRST: files[FIRST] + garbage})
    assert left == [0, 1, 2, 3, 4]
    assert recovery.cut.size_bytes == len(garbage)
    assert re.search(r"torn bytes were cut from the end of .*00000001.journal", str(recovery))


def test_after_the_cut_the_journal_goes_on_and_is_whole_again():
    files, _ = written(clean=False)
    disk = FragileDisk({FIRST: files[FIRST][:-7]})
    with Broker(data=disk) as broker:
        broker.connect().channel().publish("more", "q", properties=KEPT)
    with Broker(data=disk) as broker:
        assert broker.recovery.cut is None
        assert bodies(broker.connect().channel(), "q") == [0, 1, 2, 3, "more"]


@pytest.mark.parametrize("clean", [True, False])
def test_what_was_synced_and_is_broken_now_is_refused_by_file_and_offset(clean):
    files, ends = written(clean=clean)
    last = ends[-1] if clean else ends[-2]
    for place in range(last):
        broken = bytearray(files[FIRST])
        broken[place] ^= 0x40
        with pytest.raises(CorruptJournal) as caught:
            found({FIRST: bytes(broken)})
        error = caught.value
        assert error.file.endswith(FIRST)
        assert error.offset <= place
        assert f"{FIRST}, byte {error.offset:,}: " in str(error)
        assert "bring the folder back from a copy" in str(error)


def test_a_journal_that_is_refused_is_left_as_it_is_and_not_locked():
    files, ends = written()
    broken = bytearray(files[FIRST])
    broken[ends[1] + 30] ^= 1
    disk = FragileDisk({FIRST: bytes(broken)})
    for _ in range(2):
        with pytest.raises(CorruptJournal):
            Broker(data=disk)
    assert disk.files() == {FIRST: bytes(broken)}


def test_an_older_segment_may_not_even_be_torn():
    files, _ = written(60, segment_bytes=500)
    names = sorted(files)
    assert len(names) > 3
    files[names[1]] = files[names[1]][:-3]
    with pytest.raises(CorruptJournal, match=rf"{names[1]}, byte .*newer segments follow"):
        found(files)


def test_a_segment_that_is_missing_or_another_one_is_refused():
    files, _ = written(60, segment_bytes=500)
    names = sorted(files)
    lacking = {name: data for name, data in files.items() if name != names[2]}
    with pytest.raises(CorruptJournal, match=f"{names[2]}, byte 0: this segment is missing"):
        found(lacking)
    with pytest.raises(CorruptJournal, match=f"{names[2]}, byte 0: its head says that it is segment 2"):
        found({**files, names[2]: files[names[1]]})


def test_a_segment_that_was_never_finished_being_begun_is_begun_again():
    files, _ = written(60, clean=False, segment_bytes=500)
    names = sorted(files)
    following = form.segment_name(form.segment_number(names[-1]) + 1)
    for torn in (b"", form.head_of(form.segment_number(following))[:9], b"\x00" * 40, b"mqlabjnl" + b"\xee" * 50):
        left, recovery = found({**files, following: torn})
        assert left == list(range(60))
        assert (recovery.cut.offset, recovery.cut.size_bytes) == (0, len(torn))


def test_another_format_is_refused_by_its_number():
    files, _ = written()
    head = form.HEAD.pack(form.MAGIC, 2, 0, 1)
    checked = head + form.zlib.crc32(head).to_bytes(4, "little")
    with pytest.raises(UnknownFormat, match="has format 2 and this mqlab knows 1; open it with the version"):
        found({FIRST: checked + files[FIRST][form.HEAD_BYTES :]})


def test_other_files_in_the_folder_are_left_alone():
    files, _ = written()
    left, _ = found({**files, "token": b"secret", "notes.txt": b"", "x.journal": b"mine"})
    assert left == [0, 1, 2, 3, 4]


def test_a_second_broker_on_the_same_folder_is_refused_while_the_first_lives(tmp_path: Path):
    first = Broker(data=tmp_path / "journal")
    with pytest.raises(JournalLocked, match=r"another broker has the journal in .*journal \(process \d+\); connect to"):
        Broker(data=tmp_path / "journal")
    first.close()
    Broker(data=str(tmp_path / "journal")).close()
    assert {path.name for path in (tmp_path / "journal").iterdir()} == {"lock", FIRST}
    assert (tmp_path / "journal" / FIRST).stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_one_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(JournalError, match=r"there can be no journal in .*file: .*; give a folder"):
        Broker(data=tmp_path / "file")


def test_a_policy_that_is_none_is_refused(tmp_path: Path):
    with pytest.raises(PreconditionFailed, match=r"cannot sync `sometimes`.*say always, never, or how often"):
        Broker(data=tmp_path, sync="sometimes")
