"""Transactions: what a queue sees and when, what a commit costs, and what becomes of one that is cut short."""

from __future__ import annotations

from typing import Any

import pytest

from mqlab.model import (
    Binding,
    Confirm,
    Connection,
    Destination,
    Disk,
    Exchange,
    Fault,
    Keys,
    LinkSide,
    Message,
    Model,
    Node,
    Transactions,
)
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    US,
    S,
    actors,
    consumer,
    endings,
    every,
    fate_rows,
    kinds,
    of_kind,
    one_way,
    play,
    producer,
    queue,
    retries,
    takes,
    timeline,
    times,
    tiny,
    wire,
)

SAFE = Message(100, Keys(), True)


def tx(size: int = 1, *, rollback: float = 0.0, after_ns: int = S, name: str = "p", **fields: Any) -> Any:
    settings: dict[str, Any] = {
        "transactions": Transactions(size, after_ns, rollback), "message": SAFE, "link": wire(MS),
        "arrivals": every(MS),
    } | fields  # fmt: skip
    return producer(name, **settings)


def shop(*producers: Any, fsync_ns: int = 5 * MS, group_commit_ns: int = 0, **fields: Any) -> Model:
    """A message a millisecond, a millisecond to the broker and back, five for an fsync."""
    settings: dict[str, Any] = {
        "nodes": [Node("broker", 0, 0, Disk(takes(fsync_ns), 0.0, group_commit_ns))],
        "queues": [queue(durable=True)],
        "producers": list(producers) or [tx()],
    } | fields  # fmt: skip
    return tiny(**settings)


def test_a_message_is_routed_at_its_commit_and_the_next_waits_for_the_answer() -> None:
    """Publish and commit arrive at 1 ms, the fsync ends at 6 ms, commit-ok comes at 7 ms, when the next one leaves."""
    trace = play(shop(tx(arrivals=every(MS, 3))))
    assert timeline(trace, Kind.SENT, Kind.COMMIT_SENT, Kind.HELD_BACK, Kind.ENQUEUED, Kind.CONFIRMED)[:7] == [
        (0, Kind.SENT), (0, Kind.COMMIT_SENT), (MS, Kind.HELD_BACK), (MS, Kind.ENQUEUED),
        (7 * MS, Kind.CONFIRMED), (7 * MS, Kind.SENT), (7 * MS, Kind.COMMIT_SENT),
    ]  # fmt: skip
    assert times(trace, Kind.SENT) == [0, 7 * MS, 14 * MS]
    assert kinds(trace, Kind.CONFIRM_SENT) == []
    assert endings(trace) == {"processed": 3}
    assert trace.counters.messages["confirmed"] == 3


@pytest.mark.parametrize("there_ns", [0, MS])
@pytest.mark.parametrize("size", [1, 3, 80])
def test_a_full_buffer_leaves_one_transaction_at_a_time(size: int, there_ns: int) -> None:
    """Whatever has gathered while there was no connection, a publish never follows the commit of its transaction."""
    trace = play(shop(tx(size, arrivals=every(20 * US, 300), after_ns=3 * MS, link=wire(there_ns)),
                      faults=[Fault(1, "reset", "p", 0)]))  # fmt: skip
    assert len(of_kind(trace, Kind.BUFFERED)) > 200
    waits, sent = False, 0
    for kind in kinds(trace, Kind.SENT, Kind.COMMIT_SENT, Kind.CONFIRMED, Kind.CONNECTION_LOST):
        if kind == Kind.SENT:
            assert not waits
            sent += 1
            assert sent <= size
        else:
            waits, sent = kind == Kind.COMMIT_SENT, 0
    assert (of_kind(trace, Kind.COMMIT_SENT)["first"] <= size).all()
    assert endings(trace)["processed"] > 100


def test_publishes_of_an_open_transaction_are_kept_from_queues() -> None:
    """Three publishes at 0, 1 and 2 ms; the commit follows the third."""
    trace = play(shop(tx(3, arrivals=every(MS, 3))))
    assert times(trace, Kind.HELD_BACK) == [MS, 2 * MS, 3 * MS]
    assert times(trace, Kind.ENQUEUED) == [3 * MS] * 3
    assert times(trace, Kind.CONFIRMED) == [9 * MS] * 3
    assert of_kind(trace, Kind.FLUSH_BEGAN)["count"].tolist() == [3]


def test_a_transaction_that_stays_short_is_committed_after_a_while() -> None:
    trace = play(shop(tx(3, arrivals=every(MS, 4), after_ns=50 * MS)))
    assert times(trace, Kind.COMMIT_SENT) == [2 * MS, 9 * MS + 50 * MS]
    assert of_kind(trace, Kind.COMMIT_SENT)["first"].tolist() == [3, 1]
    assert endings(trace) == {"processed": 4}


def test_commits_do_not_share_an_fsync_and_confirms_do() -> None:
    """Three producers at once: three flushes one after the other, or one."""
    three = [tx(name=f"p{i}", arrivals=every(MS, 1)) for i in range(3)]
    trace = play(shop(*three))
    assert of_kind(trace, Kind.FLUSH_BEGAN)["time_ns"].tolist() == [MS, 6 * MS, 11 * MS]
    assert times(trace, Kind.CONFIRMED) == [7 * MS, 12 * MS, 17 * MS]
    settings = {"arrivals": every(MS, 1), "confirm": Confirm(0, 0), "message": SAFE, "link": wire(MS)}
    shared = play(shop(*[producer(f"p{i}", **settings) for i in range(3)], group_commit_ns=MS))
    assert of_kind(shared, Kind.FLUSH_BEGAN)["count"].tolist() == [3]


def test_commits_and_confirms_take_turns_at_the_disk() -> None:
    asking = producer("asking", arrivals=every(MS, 8), confirm=Confirm(0, 0), message=SAFE, link=wire(MS))
    trace = play(shop(tx(name="a"), tx(name="b"), asking, duration_ns=8 * MS))
    flushes = of_kind(trace, Kind.FLUSH_BEGAN)
    first = {int(row["time_ns"]): int(row["count"]) for row in flushes}
    assert first[MS] == 1
    assert set(flushes["time_ns"][:4].tolist()) == {MS, 6 * MS, 11 * MS, 16 * MS}
    assert flushes["count"][1:3].tolist() == [5, 1] or flushes["count"][1:3].tolist() == [6, 1]
    assert endings(trace) == {"processed": 24}


@pytest.mark.parametrize("group_commit_ns", [0, MS, 3 * MS, 10 * MS])
def test_one_flush_at_a_time_whoever_asked_for_it(group_commit_ns: int) -> None:
    """A message waits for its group's flush; a commit takes the disk meanwhile; when that is over, one flush is due."""
    asking = producer("asking", arrivals=every(2 * MS, 20), confirm=Confirm(0, 0), message=SAFE, link=wire(MS))
    late = tx(name="late", arrivals=every(7 * MS, 6), link=wire(2 * MS))
    trace = play(shop(late, asking, group_commit_ns=group_commit_ns, duration_ns=60 * MS))
    turns = kinds(trace, Kind.FLUSH_BEGAN, Kind.FLUSH_ENDED)
    assert len(turns) > 8
    assert turns == [Kind.FLUSH_BEGAN, Kind.FLUSH_ENDED] * (len(turns) // 2)
    assert endings(trace) == {"processed": 26}


def test_what_is_not_meant_for_the_disk_is_committed_at_once() -> None:
    trace = play(shop(tx(arrivals=every(MS, 1), message=Message(100, Keys(), False))))
    assert times(trace, Kind.CONFIRMED) == [2 * MS]
    assert kinds(trace, Kind.FLUSH_BEGAN) == []


def test_a_rollback_takes_all_of_its_transaction() -> None:
    trace = play(shop(tx(2, rollback=1.0, arrivals=every(MS, 4))))
    assert kinds(trace, Kind.ENQUEUED, Kind.CONFIRMED) == []
    assert of_kind(trace, Kind.ROLLED_BACK)["cause"].tolist() == [0, 0, 0, 0]
    assert endings(trace) == {"aborted": 4}
    assert trace.counters.gauges["broker.memory_max_bytes"] == 200


def test_rollbacks_are_drawn_for_each_transaction() -> None:
    trace = play(shop(tx(2, rollback=0.5, arrivals=every(MS, 400)), fsync_ns=0, duration_ns=400 * MS))
    aborted = endings(trace)["aborted"]
    assert 120 < aborted < 280
    assert aborted % 2 == 0


def test_a_connection_that_ends_before_the_commit_rolls_back_and_the_producer_publishes_again() -> None:
    """Two of three publishes are there at 2.5 ms, when the connection is reset."""
    reset = Fault(2 * MS + MS // 2, "reset", "p", 0)
    trace = play(shop(tx(3, arrivals=every(MS, 3), retry=retries(3)), faults=[reset]))
    back = of_kind(trace, Kind.ROLLED_BACK)
    assert back["message"].tolist() == [0, 1]
    assert back["cause"].tolist() == [1, 1]
    assert endings(trace) == {"processed": 3}
    assert (fate_rows(trace)["copy_of"] < 0).all()


def test_without_retries_what_was_rolled_back_is_aborted() -> None:
    trace = play(shop(tx(3, arrivals=every(MS, 3)), faults=[Fault(2 * MS + MS // 2, "reset", "p", 0)]))
    assert endings(trace) == {"aborted": 2, "gave_up": 1}


def test_a_producer_that_dies_takes_its_open_transaction_with_it() -> None:
    trace = play(shop(tx(3, arrivals=every(MS, 3)), faults=[Fault(2 * MS + MS // 2, "crash", "p", -1)]))
    assert endings(trace)["aborted"] == 2


def test_a_commit_whose_answer_is_lost_is_stored_and_then_stored_again() -> None:
    """The reset at 3 ms comes while the commit is being written."""
    trace = play(shop(tx(2, arrivals=every(MS, 2), retry=retries(3)), faults=[Fault(4 * MS, "reset", "p", 0)]))
    assert kinds(trace, Kind.ROLLED_BACK) == []
    rows = fate_rows(trace)
    assert len(rows) == 4
    assert (rows["copy_of"] >= 0).sum() == 2
    assert (rows["confirmed_ns"][rows["copy"] == 0] > 0).all()
    assert endings(trace) == {"processed": 4}


def test_a_crash_in_the_middle_of_a_commit_takes_what_was_not_written() -> None:
    cut = [Fault(4 * MS, "power_loss", "broker", MS)]
    again = tx(2, arrivals=every(MS, 2), retry=retries(5), connection=Connection(10 * MS, 5 * MS))
    trace = play(shop(again, faults=cut, consumers=[]))
    assert of_kind(trace, Kind.VANISHED)["message"].tolist() == [0, 1]
    assert endings(trace) == {"in_flight": 2}
    assert trace.counters.messages["confirmed"] == 2


def test_a_crash_with_an_open_transaction_rolls_it_back() -> None:
    crash = Fault(2 * MS + MS // 2, "crash", "broker", MS)
    trace = play(shop(tx(3, arrivals=every(MS, 3), retry=retries(3)), faults=[crash]))
    assert of_kind(trace, Kind.ROLLED_BACK)["message"].tolist() == [0, 1]
    assert endings(trace) == {"processed": 3}


def test_a_queue_that_refuses_makes_the_whole_commit_fail() -> None:
    """Room for one of two: the commit fails, both are published again, and fail again."""
    full = queue(durable=True, max_length=1, overflow="reject-publish")
    trace = play(shop(tx(2, arrivals=every(MS, 2), retry=retries(2, 20 * MS)), queues=[full], consumers=[]))
    assert of_kind(trace, Kind.REFUSED)["message"].tolist() == [0, 1, 0, 1]
    assert trace.counters.messages["confirmed"] == 0
    assert endings(trace) == {"in_flight": 1, "rejected": 2}


def test_a_frame_that_is_missing_breaks_the_stream() -> None:
    """A publish is lost while the client is cut off; the commit says that there were two."""
    trace = play(shop(tx(2, arrivals=every(2 * MS, 2), retry=retries(4)), faults=[Fault(0, "silence", "p", MS)]))
    assert kinds(trace, Kind.CONNECTION_LOST) == [Kind.CONNECTION_LOST]
    assert endings(trace) == {"processed": 2}


def test_a_commit_during_a_silence_is_sent_again() -> None:
    trace = play(shop(tx(2, arrivals=every(MS, 2)), faults=[Fault(3 * MS, "silence", "p", 50 * MS)]))
    assert times(trace, Kind.CONFIRMED)[0] > 200 * MS
    assert endings(trace) == {"processed": 2}


def test_a_transaction_may_reach_several_queues_and_nodes() -> None:
    nodes = [Node(name, 0, 0, Disk(takes(5 * MS), 0.0, 2 * MS)) for name in ("broker", "other")]
    both = [queue("q", durable=True), queue("r", durable=True, node="other")]
    trace = play(shop(
        tx(2, arrivals=every(MS, 2), destination=Destination("f", (("", 1.0),))), nodes=nodes, queues=both,
        exchanges=[Exchange("f", "fanout")], bindings=[Binding("f", "q", ""), Binding("f", "r", "")],
        consumers=[consumer("c"), consumer("d", queue="r")],
    ))  # fmt: skip
    assert endings(trace) == {"processed": 4}
    assert times(trace, Kind.CONFIRMED) == [2 * MS + 7 * MS + MS] * 2
    assert actors(trace, Kind.FLUSH_BEGAN) == ["broker", "other"]


def test_a_commit_waits_behind_its_publishes_in_the_socket_of_a_blocked_connection() -> None:
    full = Fault(0, "disk_full", "broker", 30 * MS)
    trace = play(shop(tx(2, arrivals=every(MS, 4)), faults=[full]))
    assert times(trace, Kind.ENQUEUED)[:2] == [30 * MS] * 2
    assert endings(trace) == {"processed": 4}


def test_a_large_transaction_is_committed_in_pieces_at_one_instant() -> None:
    trace = play(shop(tx(2000, arrivals=every(1000, 2000))))
    assert len(set(times(trace, Kind.ENQUEUED))) == 1
    assert of_kind(trace, Kind.FLUSH_BEGAN)["count"].tolist() == [2000]
    assert len(set(times(trace, Kind.CONFIRMED))) == 1
    assert endings(trace) == {"processed": 2000}


def test_a_lossy_link_delays_a_commit_and_loses_none() -> None:
    lossy = tx(1, arrivals=every(MS, 20), link=one_way(down=LinkSide(takes(MS), loss=0.5)))
    trace = play(shop(lossy, duration_ns=20 * MS, drain_ns=60 * S))
    assert endings(trace) == {"processed": 20}
    assert trace.counters.messages["confirmed"] == 20
