"""Consume, transform, produce: what is written twice after a crash, and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mqlab.model import Arrivals, Fault, LogTransactions, Model
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Trace
from tests.support.logs import log, reader, sender, topic
from tests.support.models import MS, US, endings, every, fate_rows, of_kind, play, takes


def chain(commit: str = "after", transactions: LogTransactions | None = None, **fields: object) -> Model:
    """Orders come in, `w` makes an invoice of each, and `m` reads the invoices that are committed."""
    producers = [
        sender("p", to="orders", arrivals=every(MS, 30)),
        sender("made", to="invoices", arrivals=Arrivals("by_hand", stop_ns=30 * MS), made_by="w",
               transactions=transactions),
    ]  # fmt: skip
    consumers = [
        reader("w", of="orders", commit=commit, service=takes(900 * US), max_records=10),
        reader("m", of="invoices", isolation="read_committed"),
    ]
    return log(topics=[topic("orders"), topic("invoices")], producers=producers, consumers=consumers,
               duration_ns=30 * MS, **fields)  # type: ignore[arg-type] # fmt: skip


EXACTLY = LogTransactions(0, 0)
CRASH = Fault(18_350 * US, "crash", "w", 20 * MS)


def made_of(trace: Trace, *, read: bool = True) -> list[int]:
    """Of which records something was made, in order; with ``read`` only what its reader has processed."""
    rows = fate_rows(trace)
    rows = rows[(rows["in_reply_to"] >= 0) & ((rows["processings"] > 0) | (not read))]
    return sorted(rows["in_reply_to"].tolist())


@pytest.mark.parametrize(("commit", "works"), [("after", None), ("after", EXACTLY), ("transaction", EXACTLY)])
def test_one_is_made_of_each(commit: str, works: LogTransactions | None) -> None:
    trace = play(chain(commit, works))
    assert len(made_of(trace)) == len(set(made_of(trace))) == 30
    assert endings(trace) == {"processed": 60}


def test_a_crash_before_the_commit_writes_twice() -> None:
    trace = play(chain(faults=[CRASH]))
    made = made_of(trace)
    assert len(set(made)) == 30
    assert len(made) > 30


def test_offsets_apart_from_the_transaction_are_lost_as_well() -> None:
    twice = [play(chain("after", EXACTLY, faults=[replace(CRASH, at_ns=at * US)])) for at in range(12_000, 20_000, 150)]
    assert any(len(made_of(trace)) > 30 for trace in twice)


@pytest.mark.parametrize("at", range(16_000, 19_500, 230))
@pytest.mark.parametrize("whom", ["w", "made"])
def test_offsets_in_the_transaction_take_effect_with_it(at: int, whom: str) -> None:
    trace = play(chain("transaction", EXACTLY, faults=[Fault(at * US, "crash", whom, 20 * MS)]))
    made = made_of(trace)
    assert len(made) == len(set(made)) == 30
    assert fate_rows(trace)["effects"].max() == 1


def test_an_order_is_processed_when_its_transaction_is_committed() -> None:
    trace = play(chain("transaction", EXACTLY))

    def of_w(kind: Kind) -> set[int]:
        return {int(row["time_ns"]) for row in of_kind(trace, kind) if trace.entities[row["actor"]].name == "w"}

    ends, done = of_w(Kind.OFFSET_COMMITTED), of_w(Kind.PROCESSED)
    assert done
    assert done <= ends
