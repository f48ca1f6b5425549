"""Ledgers, to the nanosecond: an entry's way to its bookies and back, owners, subscriptions, letters."""

from __future__ import annotations

import numpy as np
import pytest

from mqlab.explain import explain
from mqlab.model import Acks, Distribution, Exceptions, Fault, Keys, Message, Model
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Trace
from tests.support.ledgers import ledger, reader, sender, topic
from tests.support.models import MS, US, S, actors, endings, every, fate_rows, kinds, of_kind, play, takes, times


def one(**fields: object) -> Model:
    """One message at the start, and one consumer."""
    return ledger(**{"producers": [sender(arrivals=every(MS, 1))], **fields})  # type: ignore[arg-type]


def failing(then: str, *, times: int = 1, only: tuple[int, ...] = (0,)) -> Exceptions:
    """A handler that fails on one message."""
    return Exceptions(1.0, "delivery", then, only, times)  # type: ignore[arg-type]


def test_an_entry_is_safe_when_the_ack_quorum_has_it() -> None:
    trace = play(one())
    assert times(trace, Kind.APPENDED) == [100 * US]
    assert times(trace, Kind.SYNCED) == [300 * US] * 2
    assert times(trace, Kind.CONFIRM_SENT) == times(trace, Kind.DISPATCHED) == [500 * US]
    assert times(trace, Kind.CONFIRMED) == times(trace, Kind.DELIVERED) == [600 * US]
    assert times(trace, Kind.ACKED) == [800 * US]


def test_a_journal_flushes_for_several_entries_together() -> None:
    four = sender(arrivals=every(100 * US, 4))
    model = ledger(topics=[topic(quorum=(2, 2, 2))], producers=[four], group_commit_ns=MS, fsync_ns=MS)
    assert times(play(model), Kind.SYNCED) == [2300 * US] * 8


def test_entries_go_round_the_ensemble() -> None:
    trace = play(ledger(producers=[sender(arrivals=every(MS, 3))]))
    assert actors(trace, Kind.SYNCED) == ["x", "y", "y", "z", "z", "x"]


def test_without_sync_an_entry_is_acknowledged_from_the_page_cache() -> None:
    trace = play(one(journal_sync=False, fsync_ns=S))
    assert times(trace, Kind.WRITTEN) == [300 * US] * 2
    assert Kind.SYNCED not in kinds(trace)
    assert endings(trace) == {"processed": 1}


LATE = {"consumers": [reader(service=takes(3 * MS), receiver_queue=1)], "cache_ns": 0}


@pytest.mark.parametrize("kind", ["power_loss", "crash"])
def test_a_power_cut_takes_what_a_crash_leaves(kind: str) -> None:
    """All bookies go down, and come back: kill -9 leaves what the operating system has."""
    faults = [Fault(8 * MS, kind, name, 5 * MS) for name in ("x", "y", "z")]  # type: ignore[arg-type]
    trace = play(ledger(faults=faults, journal_sync=False, writeback_ns=S, **LATE))  # type: ignore[arg-type]
    assert ("lost:unsynced_disk" in endings(trace)) == (kind == "power_loss")


def test_a_bookie_that_is_gone_is_replaced() -> None:
    model = ledger(topics=[topic(quorum=(2, 2, 2))], faults=[Fault(3150 * US, "crash", "x", -1)], **LATE)  # type: ignore[arg-type]
    trace = play(model)
    assert actors(trace, Kind.ENSEMBLE_CHANGED) == ["z"]
    assert endings(trace) == {"processed": 10}


def test_another_broker_owns_the_topic_and_knows_what_was_sent_again() -> None:
    for deduplicate, copies in ((True, 10), (False, 11)):
        crash = Fault(4250 * US, "crash", "a", -1)  # message 4 is at the bookies, and not acknowledged
        trace = play(ledger(topics=[topic(deduplicate=deduplicate)], faults=[crash]))
        assert actors(trace, Kind.OWNED) == ["b"]
        assert endings(trace) == {"processed": copies}
        assert bool(kinds(trace, Kind.APPEND_SKIPPED)) == deduplicate


def test_a_topic_without_subscribers_keeps_nothing() -> None:
    assert endings(play(one(consumers=[]))) == {"no_subscriber": 1}


def test_two_subscriptions_are_owed_every_message() -> None:
    trace = play(ledger(consumers=[reader("r"), reader("u")]))
    assert endings(trace) == {"processed": 20}
    assert {trace.entities[row["queue"]].name for row in fate_rows(trace)} == {"t/r", "t/u"}


def keyed(kind: str, count: int = 3) -> Trace:
    """A sender of five keys, and consumers whose work takes longer the later they are asked."""
    slow = Distribution("exponential", (2.0 * MS,))
    quick = sender(arrivals=every(200 * US, 50), message=Message(100, Keys("uniform", 5), True))
    return play(ledger(producers=[quick], consumers=[reader(kind=kind, count=count, service=slow)]))


@pytest.mark.parametrize(("kind", "ordered"), [("key_shared", True), ("shared", False)])
def test_key_shared_keeps_the_order_of_a_key(kind: str, ordered: bool) -> None:
    rows = fate_rows(keyed(kind))
    assert len(set(rows["consumer"].tolist())) == 3
    sorts = [np.sort(rows[rows["key"] == key], order="message")["processed_order"].tolist() for key in range(5)]
    assert all(orders == sorted(orders) for orders in sorts) == ordered


def test_permits_are_what_the_receiver_queue_holds() -> None:
    busy = reader(receiver_queue=3, service=takes(50 * MS))
    trace = play(ledger(producers=[sender(arrivals=every(100 * US, 9))], consumers=[busy], duration_ns=20 * MS))
    first = [int(row["time_ns"]) for row in of_kind(trace, Kind.DISPATCHED)]
    assert sum(t < 20 * MS for t in first) == 4  # half of the queue was taken once, so one permit came back


def test_what_is_acknowledged_negatively_comes_back_after_the_delay() -> None:
    trace = play(one(consumers=[reader(kind="shared", exceptions=failing("nack"), nack_ns=20 * MS)]))
    first, second = times(trace, Kind.DELIVERED)
    assert second - first == 100 * US + 20 * MS + 200 * US  # work, delay, and a round trip
    assert endings(trace) == {"processed": 1}


def test_who_reads_alone_gets_everything_again_in_order() -> None:
    again = reader(exceptions=failing("nack", only=(2,)), nack_ns=MS, acks=Acks(100, 50 * MS))
    trace = play(ledger(consumers=[again]))
    rows = fate_rows(trace)
    assert endings(trace) == {"processed": 10}
    assert rows["deliveries"][rows["message"] == 3].item() > 1


def test_an_acknowledgement_time_out_asks_for_what_was_forgotten() -> None:
    trace = play(one(consumers=[reader(kind="shared", exceptions=failing("hold"), ack_timeout_ns=30 * MS)]))
    first, second = times(trace, Kind.DELIVERED)
    assert second - first == 30 * MS + 200 * US


def test_a_message_that_fails_too_often_goes_to_the_dead_letter_topic() -> None:
    fails = failing("nack", times=0)
    letters = reader(kind="shared", exceptions=fails, nack_ns=MS, max_redeliver=2, dead_letter="dead")
    trace = play(one(topics=[topic(), topic("dead")], consumers=[letters, reader("desk", of="dead")]))
    rows = fate_rows(trace)
    assert endings(trace) == {"dead_lettered": 1, "processed": 1}
    assert rows["deliveries"].tolist() == [3, 1]
    assert rows["copy_of"].tolist() == [-1, -1]


def test_what_is_to_be_tried_later_waits_in_the_retry_topic() -> None:
    later = reader(kind="shared", exceptions=failing("reconsume_later"), retry="again", retry_ns=40 * MS,
                   dead_letter="dead", max_redeliver=1)  # fmt: skip
    trace = play(one(topics=[topic(), topic("again"), topic("dead")], consumers=[later]))
    first, second = times(trace, Kind.DELIVERED)
    assert 40 * MS < second - first < 42 * MS
    assert endings(trace) == {"dead_lettered": 2, "no_subscriber": 1}


def test_a_cumulative_acknowledgement_covers_what_failed() -> None:
    one_by_one = reader(ack_type="cumulative", exceptions=failing("hold", only=(3,)))
    trace = play(ledger(consumers=[one_by_one]))
    assert endings(trace) == {"processed": 9, "lost:early_commit": 1}
    told = str(explain(trace, ledger(consumers=[one_by_one]), 3))
    assert "`consumers.r.ack_type: cumulative`" in told


def test_the_next_consumer_takes_over_after_a_pause() -> None:
    two = reader(kind="failover", count=2)
    model = ledger(consumers=[two], faults=[Fault(3050 * US, "crash", "r[0]", -1)], failover_ns=10 * MS)
    trace = play(model)
    assert actors(trace, Kind.ACTIVATED) == ["r[1]"]
    assert times(trace, Kind.ACTIVATED) == [3050 * US + 10 * MS]
    assert endings(trace) == {"processed": 10}


def test_what_a_crash_of_the_broker_had_not_written_down_is_done_twice() -> None:
    trace = play(ledger(faults=[Fault(9500 * US, "crash", "a", -1)], cursor_ns=S))
    assert endings(trace) == {"processed": 11} or endings(trace) == {"processed": 10}
    assert fate_rows(trace)["effects"].max() == 2


def test_a_life_names_the_quorum_that_was_too_small() -> None:
    faults = [Fault(2050 * US, "power_loss", "x", -1), Fault(20 * MS, "crash", "y", -1)]
    slow = reader(service=takes(5 * MS), receiver_queue=1)
    model = ledger(topics=[topic(quorum=(2, 2, 1))], consumers=[slow], faults=faults, cache_ns=MS)
    trace = play(model)
    lost = [int(row["message"]) for row in fate_rows(trace) if row["fate"] == 16]
    told = str(explain(trace, model, lost[0]))
    assert "`topics.t.ack_quorum: 1`" in told
