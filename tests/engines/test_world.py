"""The world around the data plane: registry, whole nanoseconds, the tie rule, and what a process by hand can do."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from mqlab import engines
from mqlab.engines.simulation import IntegerEnvironment
from mqlab.errors import BadInput
from mqlab.model import Arrivals, Confirm, Connection, Fault, Model
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    actors,
    consumer,
    endings,
    every,
    fate_rows,
    kinds,
    of_kind,
    play,
    producer,
    queue,
    takes,
    timeline,
    times,
    tiny,
    wire,
)

BY_HAND = Arrivals("by_hand")
Running = Generator[Any, Any, None]


def test_engines_have_names() -> None:
    assert "sim" in engines.names()
    assert engines.get("sim").name == "sim"
    with pytest.raises(BadInput, match="there is no engine 'sin'") as caught:
        engines.get("sin")
    assert "sim" in str(caught.value)


@pytest.mark.parametrize("delay", [0.5, 1.0, True, 1e9])
def test_the_clock_refuses_everything_but_whole_nanoseconds(delay: object) -> None:
    with pytest.raises(BadInput, match="whole number of nanoseconds"):
        IntegerEnvironment().timeout(delay)


def test_the_clock_is_an_integer() -> None:
    clock = IntegerEnvironment()
    clock.run(clock.timeout(7))
    assert clock.now == 7
    assert type(clock.now) is int


def test_a_process_that_waits_for_a_float_is_told_where_it_went_wrong() -> None:
    def sleepy(world: Any) -> Running:
        yield world.timeout(0.5)

    with pytest.raises(BadInput, match=r"write timeout\(500_000_000\) for half a second"):
        play(tiny(), processes=[sleepy])


def test_a_process_must_be_a_generator_function() -> None:
    with pytest.raises(BadInput, match="is not a generator function"):
        play(tiny(), processes=[lambda world: None])


def test_people_who_are_not_there_are_not_simulated() -> None:
    with pytest.raises(BadInput, match=r"producers\.p publishes by hand"):
        play(tiny(producers=[producer(arrivals=BY_HAND)]))
    with pytest.raises(BadInput, match=r"consumers\.c is served by hand"):
        play(tiny(consumers=[consumer(service=None)]))


def test_at_equal_times_the_world_goes_first() -> None:
    """The connection breaks at 3 ms, and so does the message due at 3 ms find none."""
    trace = play(tiny(faults=[Fault(3 * MS, "reset", "p", 0)]))
    assert timeline(trace, Kind.CONNECTION_LOST, Kind.CREATED)[3:5] == [
        (3 * MS, Kind.CONNECTION_LOST), (3 * MS, Kind.CREATED),
    ]  # fmt: skip


def publishing(*outcomes: list[str], model: Model) -> tuple[Any, list[tuple[int, str]]]:
    heard: list[tuple[int, str]] = []

    def clerk(world: Any) -> Running:
        for number in range(2):
            receipt = world.publish("p", key=10 + number, size_bytes=77)
            assert receipt.message == number
            heard.append((world.now, (yield receipt.settled)))
            heard.append((world.now, "knows"))
            yield world.timeout(MS)

    return play(model, processes=[clerk]), heard


def test_a_producer_by_hand_hears_of_its_confirm() -> None:
    model = tiny(producers=[producer(arrivals=BY_HAND, confirm=Confirm(0, 0), link=wire(2 * MS))])
    trace, heard = publishing(model=model)
    assert heard == [(0, "confirmed"), (4 * MS, "knows"), (5 * MS, "confirmed"), (9 * MS, "knows")]
    assert fate_rows(trace)[["key", "size_bytes"]].tolist() == [(10, 77), (11, 77)]


def test_a_producer_by_hand_hears_of_a_refusal() -> None:
    model = tiny(producers=[producer(arrivals=BY_HAND, confirm=Confirm(0, 0))], consumers=[],
                 queues=[queue(max_length=1, overflow="reject-publish")])  # fmt: skip
    _, heard = publishing(model=model)
    assert [word for _, word in heard if word != "knows"] == ["confirmed", "refused"]


def test_without_confirms_a_producer_by_hand_goes_on_as_soon_as_it_has_sent() -> None:
    _, heard = publishing(model=tiny(producers=[producer(arrivals=BY_HAND, link=wire(50 * MS))]))
    assert heard == [(0, "unknown"), (0, "knows"), (MS, "unknown"), (MS, "knows")]


def test_several_publishes_at_one_instant_have_numbers_of_their_own() -> None:
    seen = []

    def clerk(world: Any) -> Running:
        seen.extend(world.publish("p").message for _ in range(5))
        yield world.timeout(0)

    trace = play(tiny(producers=[producer(arrivals=BY_HAND), producer("other", arrivals=every(MS))]), processes=[clerk])
    assert seen == [0, 1, 2, 3, 4]
    assert actors(trace, Kind.CREATED)[:6] == ["p"] * 5 + ["other"]


def test_a_consumer_by_hand_works_acknowledges_and_gives_back() -> None:
    def clerk(world: Any) -> Running:
        while True:
            delivery = yield world.receive("c")
            assert delivery.redelivered == (delivery.number > 1)
            yield world.timeout(2 * MS)
            if delivery.message == 1 and not delivery.redelivered:
                delivery.nack()
            elif delivery.message == 2:
                delivery.nack(requeue=False)
            else:
                delivery.ack()

    trace = play(
        tiny(producers=[producer(arrivals=every(MS, 4))], consumers=[consumer(service=None)]), processes=[clerk]
    )
    assert endings(trace) == {"processed": 3, "discarded": 1}
    assert kinds(trace, Kind.STARTED, Kind.NACK_SENT, Kind.REQUEUED, Kind.PROCESSED, message=1) == [
        Kind.STARTED, Kind.NACK_SENT, Kind.REQUEUED, Kind.STARTED, Kind.PROCESSED,
    ]  # fmt: skip
    assert trace.counters.utilisation["c"] == pytest.approx(5 * 2 / 1000)


def test_members_of_a_group_by_hand_share_their_deliveries() -> None:
    def clerk(name: str) -> Any:
        def work(world: Any) -> Running:
            while True:
                delivery = yield world.receive(name)
                yield world.timeout(3 * MS)
                delivery.ack()

        return work

    model = tiny(producers=[producer(arrivals=every(MS, 6))], consumers=[consumer(count=2, service=None, prefetch=3)])
    trace = play(model, processes=[clerk("c"), clerk("c[1]")])
    assert endings(trace) == {"processed": 6}
    assert times(trace, Kind.PROCESSED) == [3 * MS, 4 * MS, 6 * MS, 7 * MS, 9 * MS, 10 * MS]


def test_a_delivery_is_settled_once() -> None:
    def hasty(world: Any) -> Running:
        delivery = yield world.receive("c")
        delivery.ack()
        delivery.ack()

    with pytest.raises(BadInput, match="settled twice"):
        play(tiny(consumers=[consumer(service=None)]), processes=[hasty])


def test_an_acknowledgement_after_the_connection_ended_goes_nowhere() -> None:
    def slow(world: Any) -> Running:
        while True:
            delivery = yield world.receive("c")
            yield world.timeout(20 * MS)
            delivery.ack()

    trace = play(tiny(producers=[producer(arrivals=every(MS, 1))], faults=[Fault(5 * MS, "reset", "c", 0)],
                      consumers=[consumer(service=None)]), processes=[slow])  # fmt: skip
    assert fate_rows(trace)["effects"].tolist() == [2]
    assert times(trace, Kind.ACKED) == [40 * MS]


def test_killing_and_restarting() -> None:
    def villain(world: Any) -> Running:
        yield world.timeout(2 * MS)
        world.kill("broker")
        yield world.timeout(3 * MS)
        world.restart("broker")
        yield world.timeout(MS)
        world.kill("broker", power=True)
        world.kill("c")
        world.restart("c")

    trace = play(tiny(), processes=[villain])
    assert timeline(trace, Kind.NODE_CRASHED, Kind.NODE_RESTARTED, Kind.CLIENT_CRASHED, Kind.CLIENT_RESTARTED) == [
        (2 * MS, Kind.NODE_CRASHED), (5 * MS, Kind.NODE_RESTARTED), (6 * MS, Kind.NODE_CRASHED),
        (6 * MS, Kind.CLIENT_CRASHED), (6 * MS, Kind.CLIENT_RESTARTED),
    ]  # fmt: skip
    assert of_kind(trace, Kind.NODE_CRASHED)["cause"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda w: w.publish("q"), "there is no producer 'q'"),
        (lambda w: w.publish("p"), "creates its own messages"),
        (lambda w: w.receive("nobody"), "there is no consumer 'nobody'"),
        (lambda w: w.receive("c"), "works by itself"),
        (lambda w: w.kill("brocker"), "there is no client 'brocker'"),
        (lambda w: w.kill("c", power=True), "power_loss cannot befall 'c'"),
        (lambda w: w.fail("reset", "broker"), "reset cannot befall 'broker'"),
        (lambda w: w.fail("explode", "broker"), "there is no fault 'explode'"),
        (lambda w: w.queue_length("z"), "there is no queue 'z'"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_mend(call: Any, complaint: str) -> None:
    def confused(world: Any) -> Running:
        yield world.timeout(MS)
        call(world)

    with pytest.raises(BadInput, match=complaint.replace("(", r"\(")):
        play(tiny(), processes=[confused])


def test_looking_at_a_queue() -> None:
    lengths = []

    def observer(world: Any) -> Running:
        for _ in range(4):
            lengths.append(world.queue_length("q"))
            yield world.timeout(2 * MS)

    play(tiny(consumers=[consumer(service=takes(5 * MS))]), processes=[observer])
    assert lengths == [0, 1, 3, 4]


def test_draws_of_the_world_are_pure() -> None:
    drawn: list[list[float]] = [[], []]

    def gambler(sheet: list[float]) -> Any:
        def play_(world: Any) -> Running:
            sheet.extend(world.draw("dice", n) for n in (3, 1, 2, 3))
            yield world.timeout(1)

        return play_

    play(tiny(), seed=5, processes=[gambler(drawn[0])])
    play(tiny(producers=[]), seed=5, processes=[gambler(drawn[1])])
    assert drawn[0] == drawn[1]
    assert drawn[0][0] == drawn[0][3]
    assert len(set(drawn[0])) == 3
    assert all(0 < u <= 1 for u in drawn[0])


def test_a_run_in_which_time_stands_still_is_stopped() -> None:
    """A poison message that goes round without taking any time would go round for ever."""
    from mqlab.model import Exceptions

    endless = tiny(
        producers=[producer(arrivals=every(MS, 1))],
        consumers=[
            consumer(service=takes(0), exceptions=Exceptions(1.0, "message", "requeue"), connection=Connection(0, MS))
        ],
    )
    with pytest.raises(BadInput, match="time stands still at 0 ns"):
        play(endless, level="counts")
