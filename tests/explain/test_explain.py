"""Whole lives, word for word."""

import pytest

from mqlab.errors import BadInput
from mqlab.explain import explain, interesting, tell
from mqlab.trace.fates import Cause, Fate
from mqlab.trace.folder import read_run, write_run
from mqlab.trace.kinds import Direction, Kind
from tests.support.shop import shop
from tests.support.traces import (
    AUDIT,
    BROKER,
    BUYER_0,
    BUYER_1,
    MS,
    ORDERS,
    STOCK_0,
    STOCK_1,
    S,
    event,
    fate_row,
    processed,
    trace,
)  # fmt: skip


def ordinary(message=0, at=S):
    """From creation to acknowledgement in 30 ms."""
    here = {"message": message, "queue": ORDERS}
    return [
        event(at, Kind.CREATED, message, actor=BUYER_0),
        event(at, Kind.SENT, message, actor=BUYER_0, attempt=1),
        event(at + MS, Kind.ARRIVED, message, actor=BROKER, attempt=1),
        event(at + MS, Kind.ENQUEUED, actor=BROKER, attempt=1, **here),
        event(at + 2 * MS, Kind.WRITTEN, actor=BROKER, **here),
        event(at + 4 * MS, Kind.SYNCED, actor=BROKER, **here),
        event(at + 4 * MS, Kind.CONFIRM_SENT, message, actor=BUYER_0, attempt=1),
        event(at + 5 * MS, Kind.CONFIRMED, message, actor=BUYER_0, attempt=1),
        event(at + 13 * MS, Kind.DISPATCHED, actor=STOCK_0, attempt=1, **here),
        event(at + 14 * MS, Kind.DELIVERED, actor=STOCK_0, attempt=1, **here),
        event(at + 20 * MS, Kind.STARTED, actor=STOCK_0, attempt=1, first=8 * MS, **here),
        event(at + 28 * MS, Kind.PROCESSED, actor=STOCK_0, attempt=1, **here),
        event(at + 28 * MS, Kind.ACK_SENT, actor=STOCK_0, attempt=1, **here),
        event(at + 30 * MS, Kind.ACKED, actor=STOCK_0, attempt=1, **here),
    ]


def ordinary_row(message=0, **fields):
    times = {
        "created_ns": S, "sent_ns": S, "enqueued_ns": S + MS, "confirmed_ns": S + 5 * MS,
        "delivered_ns": S + 14 * MS, "processed_ns": S + 28 * MS, "size_bytes": 1024,
    }  # fmt: skip
    return processed(message, **(times | fields))


def test_an_ordinary_life():
    account = explain(trace([ordinary_row()], ordinary()), shop(), 0)
    assert [sentence.time_ns for sentence in account.sentences] == [int(row["time_ns"]) for row in ordinary()]
    assert (
        str(account)
        == """\
At 1.000 s buyers[0] created message 0 (1 KiB).
At 1.000 s buyers[0] sent it.
At 1.001 s it arrived at the broker.
At 1.001 s it took its place in orders.
At 1.002 s the copy in orders was handed to the operating system.
At 1.004 s the copy in orders was safe on disk.
At 1.004 s the broker sent buyers[0] a confirm.
At 1.005 s buyers[0] learnt that the broker had it.
At 1.013 s the copy in orders left for stock[0]; it had waited 12 ms in orders.
At 1.014 s stock[0] received the copy in orders.
At 1.020 s stock[0] began to work on it after 6 ms in its hands; the work takes 8 ms.
At 1.028 s stock[0] finished the work, and its effect happened.
At 1.028 s stock[0] sent an acknowledgement.
At 1.030 s the broker took the copy in orders for done.

Fate of the copy in orders: processed. It was processed by stock[0] at 1.028 s.
From creation to processing the copy in orders took 28 ms, of which 14 ms in the hands of consumers. \
Decided by `consumers.stock.service` and `consumers.stock.prefetch`."""
    )
    assert tell(trace([ordinary_row()], ordinary()), shop(), 0) == str(account)


def crash_story():
    """Confirmed at once, because not persistent; then the broker crashes. Another message lives on."""
    lost = fate_row(
        0, created_ns=19 * S, sent_ns=19 * S, enqueued_ns=19 * S + MS, confirmed_ns=19 * S + 2 * MS,
        fate=Fate.LOST, cause=Cause.BROKER_MEMORY,
    )  # fmt: skip
    events = [
        event(19 * S, Kind.CREATED, actor=BUYER_0),
        event(19 * S + MS, Kind.ENQUEUED, actor=BROKER, queue=ORDERS, attempt=1),
        event(19 * S + 2 * MS, Kind.CONFIRMED, actor=BUYER_0, attempt=1),
        event(20_003 * MS, Kind.NODE_CRASHED, -1, actor=BROKER),
        event(20_003 * MS, Kind.CONNECTION_LOST, -1, actor=BUYER_0),
        event(20_003 * MS, Kind.CONNECTION_LOST, -1, actor=BUYER_1),
        event(20_003 * MS, Kind.VANISHED, actor=BROKER, queue=ORDERS, cause=Cause.BROKER_MEMORY),
        event(23 * S, Kind.NODE_RESTARTED, -1, actor=BROKER),
    ]
    return trace([lost], events), shop("producers.buyers.message.persistent=false")


def test_a_crash_stands_before_what_it_took_and_names_the_setting():
    account = explain(*crash_story(), 0)
    assert [str(sentence) for sentence in account.sentences[3:]] == [
        "At 20.003 s the broker's process crashed.",
        "At 20.003 s the crash of the broker took the copy in orders: it stood only in memory and was gone.",
    ]
    assert account.closing == (
        "Fate of the copy in orders: lost:broker_memory. The broker crashed while the copy stood only in "
        "memory; it had been confirmed, because a copy that is not meant for the disk is confirmed at once. "
        "Decided by "
        "`producers.buyers.message.persistent: false`. To prevent it: `queues.orders.durable: true` and "
        "`producers.buyers.message.persistent: true`.",
    )


def test_only_those_who_had_to_do_with_it_are_heard_of():
    text = tell(*crash_story(), 0)
    assert "buyers[1]" not in text
    assert "was up again" not in text


def test_an_exception_comes_before_the_crash_it_brought_about():
    rows = [
        event(S, Kind.DELIVERED, actor=STOCK_0, queue=ORDERS, attempt=1),
        event(2 * S, Kind.CLIENT_CRASHED, -1, actor=STOCK_0),
        event(2 * S, Kind.FAILED, actor=STOCK_0, queue=ORDERS, attempt=1),
        event(2 * S, Kind.DROPPED, actor=STOCK_0, queue=ORDERS, attempt=1, cause=1),
    ]
    text = [str(sentence) for sentence in explain(trace([fate_row(0)], rows), shop(), 0).sentences]
    assert text[1:] == [
        "At 2.000 s stock[0]'s handler raised an exception.",
        "At 2.000 s stock[0] crashed.",
        "At 2.000 s stock[0] lost what it had in its hands: it had died.",
    ]


def test_copies_are_told_apart():
    rows = [ordinary_row(), ordinary_row(copy=1, copy_of=0), ordinary_row(copy=2, queue=AUDIT)]
    events = [event(S, Kind.ENQUEUED, queue=row["queue"], copy=row["copy"], actor=BROKER) for row in rows]
    text = [str(sentence) for sentence in explain(trace(rows, events), shop(), 0).sentences]
    assert text == [
        "At 1.000 s a first copy took its place in orders.",
        "At 1.000 s a second copy took its place in orders.",
        "At 1.000 s it took its place in audit.",
    ]


def test_why_it_was_kept_back():
    def buffered(*rows):
        told = explain(trace([fate_row(0)], [*rows, event(3 * S, Kind.BUFFERED, actor=BUYER_0)]), shop(), 0)
        return str(told.sentences[-1])

    lost = event(2 * S, Kind.CONNECTION_LOST, -1, actor=BUYER_0)
    other = event(2 * S, Kind.CONNECTION_LOST, -1, actor=BUYER_1)
    back = event(2 * S + 1, Kind.CONNECTED, -1, actor=BUYER_0)
    assert buffered(lost).endswith("had no connection and kept it.")
    for rows in [(), (lost, back), (other,)]:
        assert buffered(*rows).endswith("already had 5 unconfirmed messages and kept it.")


def test_the_same_from_a_run_folder(tmp_path):
    run, model = crash_story()
    folder = write_run(tmp_path / "run", run, scenario_text="", summary={})
    assert tell(read_run(folder).trace, model, 0) == tell(run, model, 0)


@pytest.mark.parametrize("message", [-1, 1, 10**12])
def test_an_unknown_message_is_refused_with_the_valid_range(message):
    with pytest.raises(BadInput, match=rf"no message {message}; this run has messages 0 to 0"):
        explain(trace([ordinary_row()], ordinary()), shop(), message)


def test_a_run_without_messages_has_none_to_explain():
    with pytest.raises(BadInput, match="created no messages"):
        explain(trace([]), shop(), 0)


def test_a_run_without_events_is_refused():
    with pytest.raises(BadInput, match="kept no events"):
        explain(trace([ordinary_row()], level="fates"), shop(), 0)


def test_messages_worth_explaining():
    rows = [
        processed(0), processed(1, order=4, deliveries=2), processed(2, confirmed_ns=-1),
        processed(3, order=3),
        fate_row(4, fate=Fate.LOST, cause=Cause.WIRE), fate_row(5, fate=Fate.EVICTED),
        processed(6, order=9),
    ]  # fmt: skip
    assert interesting(trace(rows), model=shop()) == {
        "recovered": (2,), "redelivered": (1,), "out_of_order": (1,),
        "processed": (0, 1, 2), "evicted": (5,), "lost:wire": (4,),
    }  # fmt: skip
    assert interesting(trace(rows), most=1)["processed"] == (0,)
    assert interesting(trace(rows, level="counts")) == {}
    assert interesting(trace([])) == {}


def test_every_crash_and_reset_of_a_consumer_is_told_while_it_had_the_message():
    rows = [
        event(S, Kind.DELIVERED, actor=STOCK_1, queue=ORDERS, attempt=1),
        event(2 * S, Kind.SILENCE_BEGAN, -1, actor=STOCK_1),
        event(3 * S, Kind.CONNECTION_CLOSED, -1, actor=STOCK_1),
        event(3 * S, Kind.REQUEUED, actor=STOCK_1, queue=ORDERS, attempt=1, cause=1),
        event(4 * S, Kind.PACKET_LOST, actor=STOCK_1, queue=ORDERS, attempt=1, first=Direction.ACK),
        event(9 * S, Kind.SILENCE_ENDED, -1, actor=STOCK_1),
    ]
    text = [str(sentence) for sentence in explain(trace([fate_row(0)], rows), shop(), 0).sentences]
    assert text[1:4] == [
        "At 2.000 s stock[1] was cut off, and nobody was told.",
        "At 3.000 s the broker took the connection of stock[1] for dead and closed it.",
        "At 3.000 s the copy in orders went back to its place, because the connection of stock[1] had ended.",
    ]
    assert len(text) == 5
