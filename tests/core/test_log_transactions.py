"""Transactions of a log, to the nanosecond: markers, what can be read, who is fenced."""

from __future__ import annotations

import pytest

from mqlab.model import Fault, LogTransactions, Model
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Trace
from tests.support.logs import log, lossy, reader, sender, topic
from tests.support.models import (
    MS,
    US,
    S,
    endings,
    every,
    fate_rows,
    kinds,
    of_kind,
    play,
    times,
)


def working(name: str = "p", size: int = 5, **fields: object) -> object:
    """A producer that commits after so many records, one a millisecond."""
    own = {key: fields.pop(key) for key in ("after_ns", "rollback", "timeout_ns", "ident") if key in fields}
    return sender(name, transactions=LogTransactions(size, **own), **fields)  # type: ignore[arg-type]


_OF_PRODUCERS = ("size", "after_ns", "rollback", "timeout_ns", "arrivals", "link")


def transactional(isolation: str = "read_committed", **fields: object) -> Model:
    """Ten records in two transactions, and one reader."""
    own = {key: fields.pop(key) for key in _OF_PRODUCERS if key in fields}
    producers = fields.pop("producers", [working(**own)])  # type: ignore[arg-type]
    return log(producers=producers, consumers=[reader(isolation=isolation)], **fields)  # type: ignore[arg-type]


def marks(trace: Trace) -> list[tuple[int, int, int]]:
    """Offset, records and cause of each marker."""
    return [(int(r["first"]), int(r["count"]), int(r["cause"])) for r in of_kind(trace, Kind.TRANSACTION_MARKED)]


def test_a_marker_takes_an_offset() -> None:
    trace = play(transactional())
    assert marks(trace) == [(5, 5, 0), (11, 5, 0)]
    assert endings(trace) == {"processed": 10}
    assert [int(r["first"]) for r in of_kind(trace, Kind.DELIVERED)] == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10]


def test_read_committed_waits_for_the_marker() -> None:
    committed, dirty = play(transactional()), play(transactional("read_uncommitted"))
    assert times(dirty, Kind.DELIVERED)[0] < times(dirty, Kind.TRANSACTION_MARKED)[0]
    assert times(committed, Kind.DELIVERED)[0] > times(committed, Kind.TRANSACTION_MARKED)[0] + 400 * US


@pytest.mark.parametrize("isolation", ["read_committed", "read_uncommitted"])
def test_what_is_aborted_is_read_only_by_who_does_not_care(isolation: str) -> None:
    trace = play(transactional(isolation, rollback=1.0))
    assert [cause for _, _, cause in marks(trace)] == [1, 1]
    rows = fate_rows(trace)
    assert rows["aborted"].all()
    assert endings(trace) == ({"aborted": 10} if isolation == "read_committed" else {"processed": 10})


def test_records_wait_in_the_buffer_until_the_transaction_before_is_over() -> None:
    trace = play(transactional(arrivals=every(10 * US, 10)))
    ends = times(trace, Kind.COMMIT_SENT)
    assert len(ends) == 2
    second = [t for t in times(trace, Kind.SENT) if t > ends[0]]
    assert min(second) - ends[0] > 400 * US  # answered, a marker everywhere, the partition added again


def test_a_transaction_that_is_not_full_ends_after_a_while() -> None:
    trace = play(transactional(size=100, after_ns=4 * MS))
    assert [records for _, records, _ in marks(trace)] == [4, 4, 2]
    assert endings(trace) == {"processed": 10}


def test_one_that_takes_too_long_is_aborted_and_its_producer_fenced() -> None:
    trace = play(transactional(size=100, timeout_ns=5 * MS))
    assert [cause for _, _, cause in marks(trace)] == [2]
    assert actors_of(trace, Kind.FENCED) == ["p"]
    ended = endings(trace)
    assert ended["aborted"] >= 5
    assert ended["aborted"] + ended["rejected"] == 10


def actors_of(trace: Trace, kind: Kind) -> list[str]:
    return [trace.entities[int(row["actor"])].name for row in of_kind(trace, kind)]


def zombie(ident: str = "shop") -> Trace:
    """An old incarnation that is taken for dead and goes on, and the one in its place."""
    old = working("old", size=100, ident="shop")
    new = working("new", size=2, ident=ident, arrivals=every(MS, 4, start_ns=5 * MS))
    return play(transactional(producers=[old, new]))


def test_a_new_incarnation_fences_the_old_one() -> None:
    trace = zombie()
    assert actors_of(trace, Kind.FENCED) == ["old"]
    assert [cause for _, _, cause in marks(trace)] == [3, 0, 0]
    assert actors_of(trace, Kind.TRANSACTION_MARKED) == ["old", "new", "new"]
    rows = fate_rows(trace)
    names = [trace.entities[int(p)].name for p in rows["producer"]]
    assert {name for name, row in zip(names, rows, strict=True) if row["fate"] == 0} == {"new"}
    assert endings(trace)["rejected"] > 0


def test_another_id_fences_nobody() -> None:
    assert Kind.FENCED not in kinds(zombie("other"))


def test_an_open_transaction_holds_back_readers_of_others() -> None:
    old = working("old", size=100, arrivals=every(MS, 1))
    trace = play(transactional(producers=[old, sender(arrivals=every(MS, 5, start_ns=2 * MS))]))
    assert endings(trace) == {"in_flight": 6}


def test_a_crash_aborts_what_was_open_when_its_producer_is_back() -> None:
    trace = play(transactional(size=100, after_ns=20 * MS, arrivals=every(MS, 40), duration_ns=60 * MS,
                               faults=[Fault(7500 * US, "crash", "p", 5 * MS)]))  # fmt: skip
    assert [cause for _, _, cause in marks(trace)] == [3, 0, 0]
    ended = endings(trace)
    assert ended["aborted"] >= 7
    assert ended["processed"] == 40 - ended["aborted"] - 5  # five were due while it was dead


@pytest.mark.parametrize("at", range(3000, 3800, 100))
def test_a_marker_that_is_cut_off_is_written_again(at: int) -> None:
    faults = [Fault(at * US, "crash", "a", 200 * MS)]
    trace = play(transactional(size=3, arrivals=every(MS, 3), faults=faults, topics=[topic(min_insync=2)]))
    assert endings(trace) == {"processed": 3}


def test_a_lossy_link_is_asked_again() -> None:
    trace = play(transactional(link=lossy(0.3), arrivals=every(MS, 40), duration_ns=60 * MS, drain_ns=4 * S))
    assert kinds(trace, Kind.PACKET_LOST)
    rows = fate_rows(trace)
    assert (rows["copy"] == 0).all()
    assert endings(trace) == {"processed": 40}
