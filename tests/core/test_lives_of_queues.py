"""The life of queues: deleted, declared anew, and what becomes of messages meanwhile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mqlab.model import Binding, Confirm, Connection, Destination, Exchange, Fault, Keys, Message, Model
from mqlab.trace.fates import Fate
from mqlab.trace.kinds import Ending, Kind
from tests.support.models import (
    MS,
    US,
    S,
    consumer,
    endings,
    every,
    fate_rows,
    node,
    of_kind,
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

LIFE = (Kind.QUEUE_DECLARED, Kind.QUEUE_DELETED)
PERSISTENT = Message(100, Keys(), True)


def to(exchange: str, key: str = "", **fields: object) -> Destination:
    return Destination(exchange, ((key, 1.0),), **fields)  # type: ignore[arg-type]


def subscribed(fault: Fault | None = None, **fields: object) -> Model:
    """One message a millisecond for 30 ms through a fanout exchange to queue q and its one consumer."""
    return tiny(
        producers=[producer(arrivals=every(MS, start_ns=MS // 2), destination=to("x"))],
        exchanges=[Exchange("x", "fanout", durable=True)],
        bindings=[Binding("x", "q", "")],
        queues=[queue(**fields)],
        consumers=[consumer(prefetch=0, connection=Connection(0, 5 * MS))],
        faults=[fault] if fault else [],
        duration_ns=30 * MS,
        drain_ns=70 * MS,
    )


@pytest.mark.parametrize("life", [{"exclusive": True}, {"auto_delete": True}])
def test_a_queue_goes_with_its_last_consumer_and_comes_with_the_next(life: dict[str, bool]) -> None:
    trace = play(subscribed(Fault(10 * MS, "reset", "c", 0), **life))
    assert timeline(trace, *LIFE) == [(10 * MS, Kind.QUEUE_DELETED), (15 * MS, Kind.QUEUE_DECLARED)]
    assert endings(trace) == {"processed": 25, "no_subscriber": 5}
    lost = fate_rows(trace)
    lost = lost[lost["fate"] == Fate.NO_SUBSCRIBER]
    assert (lost["created_ns"] // MS).tolist() == [10, 11, 12, 13, 14]


def test_a_plain_queue_keeps_what_comes_while_its_consumer_is_away() -> None:
    trace = play(subscribed(Fault(10 * MS, "reset", "c", 0)))
    assert not timeline(trace, *LIFE)
    assert endings(trace) == {"processed": 30}


def test_an_auto_delete_queue_stays_while_anybody_is_left() -> None:
    model = subscribed(Fault(10 * MS, "reset", "c[0]", 0), auto_delete=True)
    pair = consumer(prefetch=0, count=2, connection=Connection(0, 5 * MS))
    trace = play(replace(model, consumers=(pair,)))
    assert not timeline(trace, *LIFE)
    assert endings(trace) == {"processed": 30}


def test_what_stands_in_a_deleted_queue_goes_with_it() -> None:
    """At 10 ms the consumer works on the third message (which had its effect, it turns out) and holds the fourth."""
    model = tiny(
        queues=[queue(auto_delete=True)],
        producers=[producer(arrivals=every(MS, 8))],
        consumers=[consumer(prefetch=2, service=takes(4 * MS), connection=Connection(0, 5 * MS))],
        faults=[Fault(10 * MS, "crash", "c", 20 * MS)],
    )
    trace = play(model)
    assert times(trace, Kind.QUEUE_DELETED) == [10 * MS]
    gone = of_kind(trace, Kind.DELETED)
    assert gone["time_ns"].tolist() == [10 * MS] * len(gone)
    assert len(gone) == 6
    assert of_kind(trace, Kind.QUEUE_DELETED)["first"].tolist() == [6]
    assert endings(trace) == {"processed": 3, "deleted": 5}


def test_a_thousand_waiting_messages_go_at_one_moment() -> None:
    trace = play(
        tiny(
            queues=[queue(exclusive=True)],
            producers=[producer(arrivals=every(1000, 1000))],
            consumers=[consumer(prefetch=500, service=takes(S), connection=Connection(0, 5 * MS))],
            faults=[Fault(5 * MS, "reset", "c", 0)],
            duration_ns=10 * MS,
        )
    )
    assert set(of_kind(trace, Kind.DELETED)["time_ns"].tolist()) == {5 * MS}
    assert endings(trace) == {"deleted": 1000}


def test_a_queue_expires_after_it_had_no_consumer_for_so_long() -> None:
    trace = play(subscribed(Fault(10 * MS, "crash", "c", 50 * MS), expires_ns=8 * MS))
    assert timeline(trace, *LIFE) == [(18 * MS, Kind.QUEUE_DELETED), (60 * MS, Kind.QUEUE_DECLARED)]
    assert of_kind(trace, Kind.QUEUE_DELETED)["cause"].tolist() == [Ending.EXPIRED]
    assert endings(trace) == {"processed": 10, "deleted": 8, "no_subscriber": 12}


def test_a_consumer_that_is_back_in_time_renews_the_lease() -> None:
    faults = (Fault(10 * MS, "reset", "c", 0), Fault(16 * MS, "reset", "c", 0))
    trace = play(replace(subscribed(expires_ns=8 * MS), faults=faults))
    assert not timeline(trace, *LIFE)
    assert endings(trace) == {"processed": 30}


def test_a_queue_that_nobody_ever_used_expires() -> None:
    trace = play(tiny(queues=[queue(expires_ns=4 * MS)], consumers=[], producers=[producer(arrivals=every(MS, 8))]))
    assert times(trace, Kind.QUEUE_DELETED) == [4 * MS]
    assert endings(trace) == {"deleted": 4, "unroutable": 4}


def test_what_is_sent_by_name_to_a_deleted_queue_is_unroutable_and_confirmed() -> None:
    model = tiny(
        queues=[queue(auto_delete=True)],
        producers=[producer(arrivals=every(MS, 10), confirm=Confirm(0, 0))],
        consumers=[consumer(prefetch=0, connection=Connection(0, 5 * MS))],
        faults=[Fault(4 * MS + 1, "reset", "c", 0)],
    )
    trace = play(model)
    assert endings(trace) == {"processed": 5, "unroutable": 5}
    assert trace.counters.messages["confirmed"] == 10


def restarts(**fields: object) -> Model:
    """The broker is down from 10 to 20 ms; producer p is back at 21 ms, consumer c at 30 ms."""
    settings: dict[str, object] = {
        "producers": [
            producer(
                arrivals=every(MS, start_ns=MS // 2), destination=to("x"), message=PERSISTENT,
                connection=Connection(0, 11 * MS),
            )
        ],
        "exchanges": [Exchange("x", "fanout", durable=True)],
        "bindings": [Binding("x", "q", "")],
        "queues": [queue(durable=True)],
        "consumers": [consumer(prefetch=0, connection=Connection(0, 20 * MS))],
        "faults": [Fault(10 * MS, "crash", "broker", 10 * MS)],
        "duration_ns": 40 * MS,
        "drain_ns": 60 * MS,
    }  # fmt: skip
    return tiny(**(settings | fields))  # type: ignore[arg-type]


def test_a_durable_queue_keeps_its_durable_bindings_through_a_restart() -> None:
    trace = play(restarts())
    assert not timeline(trace, *LIFE)
    assert endings(trace) == {"processed": 29, "gave_up": 11}


def test_a_queue_that_is_not_durable_is_gone_until_its_consumer_is_back() -> None:
    trace = play(restarts(queues=[queue(durable=False)]))
    assert timeline(trace, *LIFE) == [(10 * MS, Kind.QUEUE_DELETED), (30 * MS, Kind.QUEUE_DECLARED)]
    assert of_kind(trace, Kind.QUEUE_DELETED)["cause"].tolist() == [Ending.RESTART]
    assert endings(trace) == {"processed": 20, "gave_up": 11, "no_subscriber": 9}


def test_bindings_of_an_exchange_that_is_not_durable_are_gone_until_the_consumer_is_back() -> None:
    """The queue is there, and what is sent to it by its name gets through; what goes through the exchange does not."""
    by_name = producer("n", arrivals=every(MS, start_ns=MS // 2), message=PERSISTENT, connection=Connection(0, 11 * MS))
    model = restarts(exchanges=[Exchange("x", "fanout", durable=False)])
    trace = play(replace(model, producers=(*model.producers, by_name)))
    assert timeline(trace, *LIFE) == [(10 * MS, Kind.QUEUE_DELETED), (30 * MS, Kind.QUEUE_DECLARED)]
    assert of_kind(trace, Kind.QUEUE_DELETED)["cause"].tolist() == [Ending.UNBOUND]
    assert endings(trace) == {"processed": 20 + 29, "gave_up": 22, "no_subscriber": 9}


def test_producers_declare_the_queues_they_name() -> None:
    """q is bound, so it lives and dies with its declarers; p names it and is back long before the consumer."""
    named = producer(arrivals=every(MS, start_ns=MS // 2), connection=Connection(0, 11 * MS))
    trace = play(restarts(producers=[named], queues=[queue(durable=False)]))
    assert timeline(trace, *LIFE) == [(10 * MS, Kind.QUEUE_DELETED), (21 * MS, Kind.QUEUE_DECLARED)]
    assert endings(trace) == {"processed": 29, "gave_up": 11}


def test_an_exclusive_queue_does_not_survive_a_restart_even_if_it_is_durable() -> None:
    model = restarts(
        queues=[queue(durable=True, exclusive=True)],
        consumers=[consumer(prefetch=1, service=takes(100 * MS), connection=Connection(0, 20 * MS))],
    )
    trace = play(model)
    assert timeline(trace, *LIFE) == [(10 * MS, Kind.QUEUE_DELETED), (30 * MS, Kind.QUEUE_DECLARED)]
    assert endings(trace) == {"in_flight": 10, "deleted": 10, "gave_up": 11, "no_subscriber": 9}


def test_one_crash_of_two_brokers_takes_no_bindings() -> None:
    model = restarts(nodes=[node("broker"), node("other")], exchanges=[Exchange("x", "fanout", durable=False)])
    assert not timeline(play(model), *LIFE)


def test_an_alternate_steps_in_while_subscribers_are_missing() -> None:
    """Both subscribers away: the alternate's queue gets what nobody else does."""
    model = tiny(
        producers=[producer(arrivals=every(MS, start_ns=MS // 2), destination=to("x"))],
        exchanges=[Exchange("x", "fanout", alternate="rest"), Exchange("rest", "fanout")],
        bindings=[Binding("x", "a", ""), Binding("x", "b", ""), Binding("rest", "r", "")],
        queues=[queue("a", exclusive=True), queue("b", exclusive=True), queue("r")],
        consumers=[
            consumer(name, queue=name, prefetch=0, connection=Connection(0, 5 * MS)) for name in ("a", "b", "r")
        ],
        faults=[Fault(5 * MS, "crash", "a", 10 * MS), Fault(10 * MS, "crash", "b", 10 * MS)],
        duration_ns=25 * MS,
    )
    trace = play(model)
    enqueued = of_kind(trace, Kind.ENQUEUED)
    names = np.array([trace.entities[i].name for i in enqueued["queue"]])
    at = enqueued["time_ns"] // MS
    assert at[names == "a"].tolist() == [*range(5), *range(15, 25)]
    assert at[names == "b"].tolist() == [*range(10), *range(20, 25)]
    assert at[names == "r"].tolist() == [*range(10, 15)]
    assert endings(trace) == {"processed": 15 + 15 + 5}


def test_a_message_that_a_crash_took_and_that_nobody_binds_for_any_more_is_not_lost_but_unheard() -> None:
    """It is sent again after the restart, before the consumer is back: nothing leads to a queue; it is confirmed."""
    sender = producer(
        arrivals=every(MS, 1, start_ns=9 * MS), destination=to("x"), confirm=Confirm(0, 0), retry=retries(5, 3 * MS),
        connection=Connection(0, 11 * MS), link=wire(MS // 2),
    )  # fmt: skip
    trace = play(
        restarts(
            producers=[sender], exchanges=[Exchange("x", "fanout", durable=False)],
            consumers=[consumer(link=wire(2 * MS), connection=Connection(0, 20 * MS))],
            faults=[Fault(9750 * US, "crash", "broker", 10 * MS)],
        )
    )  # fmt: skip
    assert endings(trace) == {"no_subscriber": 1}
    assert trace.counters.messages["confirmed"] == 1


def test_a_client_that_comes_back_before_the_broker_noticed_gets_a_new_queue() -> None:
    """It dies unheard and comes back: the broker deletes the old queue first, and nothing old is delivered."""
    model = tiny(
        queues=[queue(exclusive=True)],
        producers=[producer(arrivals=every(MS, 20))],
        consumers=[consumer(prefetch=1, service=takes(50 * MS), connection=Connection(0, 3 * MS))],
        faults=[Fault(5 * MS, "silence", "c", MS), Fault(5 * MS, "crash", "c", 4 * MS)],
        duration_ns=25 * MS,
    )
    trace = play(model)
    deleted, declared = times(trace, Kind.QUEUE_DELETED), times(trace, Kind.QUEUE_DECLARED)
    assert len(deleted) == len(declared) == 1
    assert deleted <= declared
    assert endings(trace)["deleted"] >= 4
