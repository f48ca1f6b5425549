"""Requests and replies: who answers whom, over which way, and what becomes of answers nobody waits for."""

from __future__ import annotations

import pytest

from mqlab import systems
from mqlab.checks import judge
from mqlab.model import Arrivals, Connection, Destination, Exceptions, Fault, Link, LinkSide, Reply, Request
from mqlab.trace.fates import Fate
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Trace
from tests.support.models import (
    MS,
    US,
    S,
    actors,
    consumer,
    endings,
    every,
    fate_rows,
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

WAYS = ["own", "direct", "queue"]


def request(reply_to: str = "own", timeout_ns: int = 0, *, correlate: bool = True) -> Request:
    return Request(reply_to, timeout_ns, correlate, "r" if reply_to == "queue" else "")  # type: ignore[arg-type]


def call(reply_to: str = "own", timeout_ns: int = 0, *, correlate: bool = True, times: int = 1, faults=(), server=None,
         count: int = 1, **fields) -> Trace:  # fmt: skip
    """``times`` requests, one a millisecond; everything is 1 ms apart, and the work takes a tenth of that."""
    asks = {"request": request(reply_to, timeout_ns, correlate=correlate), "link": wire(MS)} | fields
    answers = {"reply": Reply(50), "link": wire(MS)} | (server or {})
    arrivals = asks.pop("arrivals", every(MS, times))
    return play(tiny(producers=[producer(arrivals=arrivals, count=count, **asks)], faults=faults,
                     consumers=[consumer(**answers)], queues=[queue(), queue("r")]))  # fmt: skip


def replies(trace: Trace):
    rows = fate_rows(trace)
    return rows[rows["in_reply_to"] >= 0]


@pytest.mark.parametrize("way", WAYS)
def test_a_reply_comes_back_after_four_trips_and_the_work(way: str) -> None:
    trace = call(way)
    assert times(trace, Kind.REPLIED) == [2100 * US]
    assert times(trace, Kind.ANSWERED) == [4100 * US]
    assert trace.counters.moments["request_reply"] == (1, 4100.0 * US, 4100 * US, 4100 * US)
    row = replies(trace)[0]
    assert (row["in_reply_to"], row["taken_for"], row["size_bytes"], row["fate"]) == (0, 0, 50, Fate.PROCESSED)
    assert trace.entities[row["producer"]].name == "c"
    assert trace.entities[row["consumer"]].name == "p"


def test_where_a_reply_stands_on_its_way() -> None:
    names = {way: call(way) for way in WAYS}
    queues = {way: trace.entities[q].name if (q := replies(trace)[0]["queue"]) >= 0 else ""
              for way, trace in names.items()}  # fmt: skip
    assert queues == {"own": "amq.gen-p", "direct": "", "queue": "r"}
    assert names["own"].counters.queues["amq.gen-p"].delivered == 1
    assert len(of_kind(names["direct"], Kind.ENQUEUED)) == 1, "the request; its reply passes through"


def test_each_member_has_a_queue_of_its_own() -> None:
    trace = call("own", count=3, times=6)
    assert {trace.entities[row["queue"]].name for row in replies(trace)} == {f"amq.gen-p[{i}]" for i in range(3)}
    assert (replies(trace)["taken_for"] == replies(trace)["in_reply_to"]).all()


@pytest.mark.parametrize(("before", "first"), [(True, Kind.REPLIED), (False, Kind.ACK_SENT)])
def test_a_server_answers_before_or_after_it_acknowledges(before: bool, first: Kind) -> None:
    trace = call(server={"reply": Reply(50, before)})
    assert timeline(trace, Kind.REPLIED, Kind.ACK_SENT)[0][1] == first
    assert endings(trace) == {"processed": 2}


@pytest.mark.parametrize("ack", ["auto", "manual"])
def test_a_server_with_automatic_acknowledgement_answers_too(ack: str) -> None:
    assert endings(call(server={"ack": ack})) == {"processed": 2}


def test_only_requests_are_answered() -> None:
    trace = play(tiny(consumers=[consumer(reply=Reply(50))]))
    assert endings(trace) == {"processed": 10}
    assert of_kind(trace, Kind.REPLIED).size == 0


def test_work_that_fails_is_not_answered() -> None:
    refuses = Exceptions(1.0, "message", "reject")
    trace = call(timeout_ns=10 * MS, server={"exceptions": refuses})
    assert times(trace, Kind.REQUEST_TIMED_OUT) == [10 * MS]
    assert len(replies(trace)) == 0


def test_a_late_reply_is_dropped() -> None:
    trace = call(timeout_ns=4 * MS)
    assert timeline(trace, Kind.REQUEST_TIMED_OUT, Kind.REPLY_LATE, Kind.ANSWERED) == [
        (4 * MS, Kind.REQUEST_TIMED_OUT), (4100 * US, Kind.REPLY_LATE)]  # fmt: skip
    assert (replies(trace)[0]["fate"], replies(trace)[0]["taken_for"]) == (Fate.DISCARDED, -1)


def test_a_reply_to_the_first_try_in_the_pause_spares_the_second() -> None:
    trace = call(timeout_ns=4 * MS, retry=retries(2, 3 * MS))
    assert times(trace, Kind.SENT, 0) == [0]
    assert times(trace, Kind.ANSWERED) == [4100 * US]


def test_a_reply_to_the_first_try_after_the_second_was_sent_is_the_answer_and_the_next_is_late() -> None:
    trace = call(timeout_ns=4 * MS, retry=retries(2, 1 * MS), server={"service": takes(2 * MS)})
    assert times(trace, Kind.SENT, 0) == [0, 5 * MS]
    assert times(trace, Kind.ANSWERED) == [6 * MS]
    assert times(trace, Kind.REPLY_LATE) == [11 * MS]
    assert of_kind(trace, Kind.ANSWERED)["first"].tolist() == [1]


def test_the_closed_loop_goes_on_when_the_reply_is_there() -> None:
    trace = call(arrivals=Arrivals("closed", think=takes(MS), messages_max=2))
    requests = [i for i in range(4) if i not in replies(trace)["message"]]
    assert [times(trace, Kind.CREATED, i) for i in requests] == [[MS], [MS + 4100 * US + MS]]


def test_without_a_correlation_id_the_next_reply_is_the_answer() -> None:
    """The first request times out just before its reply comes; the second, asked at 5 ms, takes it."""
    trace = call(timeout_ns=7 * MS, correlate=False, arrivals=every(6 * MS, 2), server={"service": takes(4 * MS)})
    assert times(trace, Kind.REQUEST_TIMED_OUT)[0] == 7 * MS
    first = replies(trace)[0]
    assert (first["in_reply_to"], first["taken_for"]) == (0, 1)
    found = {f.name: f for f in judge(trace, systems.get("rabbitmq").contract(_model(False)), model=_model(False))}
    assert (found["reply_mismatch"].count, found["reply_mismatch"].permitted) == (1, True)


def _model(correlate: bool):
    return tiny(producers=[producer(request=request("own", 7 * MS, correlate=correlate))])


def test_with_correlation_ids_a_mismatch_would_be_a_violation() -> None:
    promise = systems.get("rabbitmq").contract(_model(True))["reply_mismatch"]
    assert not promise.permitted
    assert "correlation id" in promise.because


@pytest.mark.parametrize(("correlate", "permitted"), [(True, False), (False, True)])
def test_what_is_sent_twice_into_a_queue_of_replies_may_be_taken_twice(correlate: bool, permitted: bool) -> None:
    """A producer that sends again into the queue from which replies are read, with nothing to tell them by."""
    doubles = Link(LinkSide(takes(0), 0.0, 0.5), LinkSide(takes(0)))
    asks = request("queue", 7 * MS, correlate=correlate)
    asker = producer(destination=Destination("", (("r", 1.0),)), link=doubles, request=asks)
    model = tiny(producers=[asker], queues=[queue(), queue("r")])
    promise = systems.get("rabbitmq").contract(model)["duplicate_effect"]
    assert promise.permitted == permitted
    assert not permitted or "doubles packets, and `p` takes the next reply" in promise.because


def test_two_clients_on_one_reply_queue_get_each_others_replies() -> None:
    """Replies are dealt out in turn; the first to read is p[0], and it gets its own."""
    trace = call("queue", timeout_ns=20 * MS, count=2, times=2, arrivals=every(50 * MS, 4), server={"prefetch": 1})
    own = call("own", timeout_ns=20 * MS, count=2, arrivals=every(50 * MS, 4))
    assert len(of_kind(own, Kind.ANSWERED)) == len(of_kind(own, Kind.REPLIED))
    strange = of_kind(trace, Kind.REPLY_LATE)
    assert set(strange["cause"].tolist()) <= {1}


@pytest.mark.parametrize(("way", "fate"), [("own", "unroutable"), ("direct", "no_subscriber")])
def test_a_reply_finds_nothing_once_the_connection_is_gone(way: str, fate: str) -> None:
    trace = call(way, faults=[Fault(1500 * US, "reset", "p", 0)])
    assert endings(trace) == {"processed": 1, fate: 1}
    assert of_kind(trace, Kind.UNROUTABLE)["cause"].tolist() == [{"own": 1, "direct": 2}[way]]


def test_a_named_queue_keeps_the_reply_until_the_client_is_back() -> None:
    trace = call("queue", faults=[Fault(1500 * US, "reset", "p", 0)], retry=retries(2, 10 * MS))
    assert times(trace, Kind.DISPATCHED)[-1] >= 6500 * US, "when it has connected again"
    assert "unroutable" not in endings(trace)


def test_a_reply_to_the_new_connection_comes_through() -> None:
    again = {"retry": retries(3, 8 * MS), "connection": Connection(0, 5 * MS)}
    trace = call("own", faults=[Fault(1500 * US, "reset", "p", 0)], **again)
    assert endings(trace) == {"processed": 3, "unroutable": 1}
    assert len(of_kind(trace, Kind.ANSWERED)) == 1


def test_a_silent_client_loses_what_is_sent_to_it() -> None:
    trace = call("direct", faults=[Fault(1500 * US, "silence", "p", 10 * MS)])
    assert endings(trace) == {"processed": 1, "lost:auto_ack": 1}


def test_a_broker_that_crashes_takes_transient_replies_along() -> None:
    trace = call("queue", faults=[Fault(1 * MS, "silence", "p", -1), Fault(5 * MS, "crash", "broker", MS)],
                 link=one_way(LinkSide(takes(0)), LinkSide(takes(0))))  # fmt: skip
    assert len(replies(trace)) == 1
    assert replies(trace)[0]["fate"] == Fate.LOST


def test_a_server_without_a_connection_cannot_answer() -> None:
    slow = {"service": takes(5 * MS), "connection": Connection(0, S)}
    trace = call(server=slow, faults=[Fault(3 * MS, "reset", "c", 0)])
    assert replies(trace)[0]["fate"] == Fate.GAVE_UP


def test_a_server_that_dies_in_its_work_answers_nobody_and_the_other_does() -> None:
    two = {"count": 2, "service": takes(5 * MS)}
    trace = call(server=two, faults=[Fault(3 * MS, "crash", "c[0]", -1)])
    assert actors(trace, Kind.REPLIED) == ["c[1]"]
    assert len(of_kind(trace, Kind.ANSWERED)) == 1


def test_a_reply_keeps_its_luck_whoever_answers() -> None:
    """Chance on the wire is drawn from the request and the delivery, so a second server changes no draw."""
    noisy = one_way(LinkSide(takes(MS), loss=0.4), LinkSide(takes(MS)))
    one, two = (
        {int(row["in_reply_to"]) for row in replies(call(times=10, server={"count": n, "link": noisy, "prefetch": 0}))
         if row["fate"] == Fate.LOST}
        for n in (1, 2)
    )  # fmt: skip
    assert len(one) > 1
    assert one == two
