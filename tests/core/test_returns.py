"""Mandatory messages that find no queue come back to their producer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mqlab.model import Binding, Confirm, Destination, Exchange, Fault, LinkSide, Model
from mqlab.trace.kinds import Direction, Kind
from tests.support.models import (
    AT_ONCE,
    MS,
    endings,
    every,
    kinds,
    node,
    of_kind,
    one_way,
    play,
    producer,
    times,
    tiny,
    wire,
)


def lonely(*, mandatory: bool = True, **fields: object) -> Model:
    """One message to a key that nobody has bound."""
    settings: dict[str, object] = {
        "arrivals": every(MS, 1),
        "destination": Destination("x", (("cat", 1.0),), mandatory=mandatory),
        "confirm": Confirm(0, 0),
        "link": wire(2 * MS),
    }
    return tiny(
        producers=[producer(**(settings | fields))],
        exchanges=[Exchange("x", "direct")],
        bindings=[Binding("x", "q", "dog")],
    )


def test_the_return_comes_before_the_confirm() -> None:
    trace = play(lonely())
    assert kinds(trace) == [
        Kind.CREATED, Kind.SENT, Kind.ARRIVED, Kind.UNROUTABLE, Kind.RETURN_SENT, Kind.CONFIRM_SENT, Kind.RETURNED,
        Kind.CONFIRMED,
    ]  # fmt: skip
    assert times(trace, Kind.RETURNED) == times(trace, Kind.CONFIRMED) == [4 * MS]
    assert endings(trace) == {"unroutable": 1}
    assert trace.counters.gauges["p.returned"] == 1


def test_what_is_not_mandatory_is_dropped_in_silence() -> None:
    trace = play(lonely(mandatory=False))
    assert not times(trace, Kind.RETURN_SENT)
    assert times(trace, Kind.CONFIRMED) == [4 * MS]
    assert "p.returned" not in trace.counters.gauges


def test_without_confirms_the_return_is_all_the_producer_hears() -> None:
    trace = play(lonely(confirm=None))
    assert kinds(trace)[-2:] == [Kind.RETURN_SENT, Kind.RETURNED]
    assert endings(trace) == {"unroutable": 1}


def test_what_finds_a_queue_does_not_come_back() -> None:
    model = lonely()
    there = Destination("x", (("dog", 1.0),), mandatory=True)
    trace = play(replace(model, producers=(replace(model.producers[0], destination=there),)))
    assert endings(trace) == {"processed": 1}
    assert trace.counters.gauges["p.returned"] == 0


def test_an_alternate_that_finds_a_queue_leaves_nothing_to_return() -> None:
    model = replace(
        lonely(),
        exchanges=(Exchange("x", "direct", alternate="rest"), Exchange("rest", "fanout")),
        bindings=(Binding("rest", "q", ""),),
    )
    assert endings(play(model)) == {"processed": 1}


@pytest.mark.parametrize(("loss", "heard"), [(0.0, 1), (1.0, 0)])
def test_a_return_may_get_lost_on_its_way(loss: float, heard: int) -> None:
    trace = play(lonely(link=one_way(down=LinkSide(AT_ONCE, loss)), confirm=None))
    assert len(times(trace, Kind.RETURNED)) == heard
    assert of_kind(trace, Kind.PACKET_LOST)["first"].tolist() == [Direction.RETURN] * (1 - heard)


def test_a_return_of_a_connection_that_ended_arrives_nowhere() -> None:
    trace = play(replace(lonely(), faults=(Fault(3 * MS, "reset", "p", 0),)))
    assert of_kind(trace, Kind.STALE_PACKET)["first"].tolist() == [Direction.RETURN, Direction.CONFIRM]
    assert trace.counters.gauges["p.returned"] == 0


def test_a_publish_on_a_connection_that_has_ended_meanwhile_is_not_returned() -> None:
    """The broker's processor comes to it when its connection is gone."""
    model = replace(lonely(), nodes=(node(publish_ns=2 * MS),), faults=(Fault(3 * MS, "reset", "p", 0),))
    trace = play(model)
    assert not times(trace, Kind.RETURN_SENT)
    assert endings(trace) == {"gave_up": 1}


def test_the_members_of_a_group_are_counted_together() -> None:
    trace = play(lonely(count=3, arrivals=every(MS, 6)))
    assert trace.counters.gauges["p.returned"] == 6
