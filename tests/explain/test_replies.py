"""A request is told with its reply, a reply names its request, and an early worker is told with both times."""

from __future__ import annotations

import pytest

from mqlab.explain import explain
from mqlab.model import ExpectsRecord, Fault, LinkSide, Model, Record, Reply
from mqlab.trace.kinds import Kind
from tests.core.test_requests import request
from tests.support.models import (
    MS,
    US,
    consumer,
    every,
    of_kind,
    one_way,
    play,
    producer,
    queue,
    retries,
    takes,
    tiny,
    wire,
)


def calls(reply_to: str = "own", timeout_ns: int = 0, *, correlate: bool = True, faults=(), times: int = 1, server=None,
          **fields) -> Model:  # fmt: skip
    asks = {"request": request(reply_to, timeout_ns, correlate=correlate), "link": wire(MS),
            "arrivals": every(6 * MS, times)} | fields  # fmt: skip
    return tiny(producers=[producer(**asks)], queues=[queue(), queue("r")], faults=faults,
                consumers=[consumer(**({"reply": Reply(50), "link": wire(MS)} | (server or {})))])  # fmt: skip


def told(model: Model, message: int) -> str:
    return str(explain(play(model), model, message))


def test_a_request_is_told_with_its_reply_and_both_know_each_others_number() -> None:
    account = told(calls(), 0)
    assert "c answered with message 1." in account
    assert "of the reply 1: c created the reply to message 0: message 1." in account
    assert "p took message 1 as the answer." in account
    assert "Message 1 answered it, 4.1 ms after it was created." in account
    answer = told(calls(), 1)
    assert "It is the reply to message 0" in answer
    assert "p took it as the answer to message 0 at 0.0041 s" in answer


def test_a_late_reply_names_the_time_out() -> None:
    late = calls(timeout_ns=4 * MS)
    assert "p had waited too long for a reply; whether the work was done was unknown" in told(late, 0)
    assert "gave up after 1 try, not knowing whether the work was done" in told(late, 0)
    assert "p never took an answer, although message 1 answered it" in told(late, 0)
    account = told(late, 1)
    assert "p dropped it: nobody waited for the answer to message 0 any more" in account
    assert "`producers.p.request.timeout`" in account


def test_asking_again_is_told_with_its_price() -> None:
    account = told(calls(timeout_ns=4 * MS, retry=retries(2, MS), server={"service": takes(2 * MS)}), 0)
    assert "A try was not answered in time once" in account
    assert "because no reply had come in time and its producer sent it again" in account
    assert "It was answered twice (messages 1, 2)" in account
    assert "must be repeatable (idempotent)" in account


def test_the_wrong_answer_names_the_correlation_id() -> None:
    mixed = calls(timeout_ns=7 * MS, correlate=False, times=2, server={"service": takes(4 * MS)})
    reply = int(of_kind(play(mixed), Kind.REPLIED)["first"][0])
    account = told(mixed, reply)
    assert "took it as the answer to message 1, which is the wrong one" in account
    assert "`producers.p.request.correlate: false`" in account
    assert f"took message {reply} for the answer" in told(mixed, 1)


@pytest.mark.parametrize(
    ("way", "faults", "says", "setting"),
    [
        ("own", [Fault(1500 * US, "reset", "p", 0)], "the reply queue was gone with the connection", "reply_to: own"),
        ("direct", [Fault(1500 * US, "reset", "p", 0)], "the channel that had asked was gone", "reply_to: direct"),
        ("direct", [Fault(1500 * US, "silence", "p", 9 * MS)], "consumed without acknowledgement", "request"),
    ],
)
def test_a_reply_that_finds_nobody_says_why(way: str, faults: list[Fault], says: str, setting: str) -> None:
    account = told(calls(way, faults=faults), 1)
    assert says in account
    assert f"`producers.p.request.{setting}" in account or setting == "request"


def test_a_reply_lost_in_the_broker_says_so() -> None:
    crash = [Fault(MS, "silence", "p", -1), Fault(5 * MS, "crash", "broker", MS)]
    account = told(calls("queue", faults=crash, link=one_way(LinkSide(takes(0)), LinkSide(takes(0)))), 1)
    assert "message 1" in account


def test_somebody_elses_reply_is_told_as_such() -> None:
    shared = calls("queue", timeout_ns=20 * MS, count=2, times=4)
    strange = of_kind(play(shared), Kind.REPLY_LATE)
    for row in strange[:1]:
        account = told(shared, int(row["message"]))
        assert "somebody else had asked" in account or "nobody waited" in account


def test_an_abandoned_task_is_told_with_both_times() -> None:
    model = tiny(producers=[producer(record=Record(takes(2 * MS), "enqueue-first"), arrivals=every(MS, 1))],
                 consumers=[consumer(expects_record=ExpectsRecord("discard", MS), link=wire(500 * US))])  # fmt: skip
    account = told(model, 0)
    assert "c looked for the task's state 500 us after its creation, found none, and abandoned the task" in account
    assert "p had written down the task's state: submitted" in account
    assert "found none, so it abandoned the task; the state was written at 0.002 s, 1.5 ms later" in account
    assert "`producers.p.record.order: enqueue-first`" in account
