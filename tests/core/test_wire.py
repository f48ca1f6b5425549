"""Links with a bandwidth, and links that lose packets in bursts."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from mqlab.core.link import FRAME_BYTES
from mqlab.model import Bursts, Confirm, Fault, Keys, LinkSide, Message
from mqlab.trace.kinds import Direction, Kind
from tests.support.models import (
    AT_ONCE,
    MS,
    US,
    consumer,
    every,
    node,
    of_kind,
    one_way,
    play,
    producer,
    takes,
    times,
    tiny,
)

MEGABYTE = 1e6
"""Bytes a second: a byte takes a microsecond."""


def narrow(latency_ns: float = 0.0) -> LinkSide:
    return LinkSide(takes(latency_ns), bandwidth_bytes_per_s=MEGABYTE)


def test_a_packet_leaves_when_the_one_before_has_left_and_travels_in_parallel() -> None:
    """Three messages of 100 B at once: each needs 100 µs on the wire, then 5 ms of latency beside the others."""
    shop = producer(arrivals=every(1, 3), link=one_way(narrow(5 * MS)))
    assert times(play(tiny(producers=[shop])), Kind.ARRIVED) == [5 * MS + n * 100 * US for n in (1, 2, 3)]


def test_a_wire_that_has_been_idle_sends_at_once() -> None:
    shop = producer(arrivals=every(MS, 2), link=one_way(narrow()))
    assert times(play(tiny(producers=[shop])), Kind.ARRIVED) == [100 * US, MS + 100 * US]


def test_every_connection_and_direction_has_its_own_bandwidth() -> None:
    shops = producer(count=2, arrivals=every(1, 2), link=one_way(narrow(), narrow()), confirm=Confirm(0, 0))
    trace = play(tiny(producers=[shops]))
    assert sorted(times(trace, Kind.ARRIVED)) == [100 * US, 100 * US + 1]
    confirmed = sorted(times(trace, Kind.CONFIRMED))
    assert confirmed == [100 * US + FRAME_BYTES * US, 100 * US + 1 + FRAME_BYTES * US], "a confirm is one small frame"


def test_deliveries_have_the_size_of_their_message_and_acks_of_one_frame() -> None:
    model = tiny(
        producers=[producer(arrivals=every(1, 1), message=Message(400, Keys(), False))],
        consumers=[consumer(link=one_way(narrow(), narrow()), service=takes(MS))],
    )
    trace = play(model)
    assert times(trace, Kind.DELIVERED) == [400 * US]
    assert times(trace, Kind.ACKED) == [400 * US + MS + FRAME_BYTES * US]


def test_a_new_connection_does_not_wait_for_what_the_old_one_had_to_send() -> None:
    shop = producer(arrivals=every(5 * MS, 2), message=Message(50_000, Keys(), False), link=one_way(narrow()))
    model = tiny(producers=[shop], faults=[Fault(MS, "reset", "p", 0)])
    model = replace(model, producers=(replace(shop, connection=replace(shop.connection, reconnect_ns=MS)),))
    assert times(play(model), Kind.ARRIVED, message=1) == [55 * MS]


def test_what_a_broker_without_power_had_still_to_send_is_not_sent() -> None:
    """Ten messages of 10 ms each; the power goes while the fourth is on its way out."""
    model = tiny(
        producers=[producer(arrivals=every(1, 10), message=Message(10_000, Keys(), False))],
        consumers=[consumer(prefetch=0, link=one_way(None, narrow()))],
        faults=[Fault(35 * MS, "power_loss", "broker", -1)],
    )
    assert len(of_kind(play(model), Kind.DELIVERED)) == 3


def test_a_silence_takes_what_the_processor_had_not_finished_when_it_began() -> None:
    """The delivery was decided at 0 and is ready at 5 ms; from 2 ms on nothing gets through."""
    model = tiny(
        nodes=[node(deliver_ns=5 * MS)], producers=[producer(arrivals=every(MS, 1))],
        faults=[Fault(2 * MS, "silence", "c", MS), Fault(4 * MS, "silence", "c", 2 * MS)],
    )  # fmt: skip
    trace = play(model)
    assert of_kind(trace, Kind.DELIVERED).size == 0
    assert of_kind(trace, Kind.PACKET_LOST)["first"].tolist() == [Direction.DELIVERY]


def runs_of(lost: list[bool]) -> list[int]:
    """Lengths of the runs of losses."""
    found, length = [], 0
    for one in [*lost, False]:
        if one:
            length += 1
        elif length:
            found.append(length)
            length = 0
    return found


def fallen(bursts: Bursts, messages: int, seed: int = 1) -> list[bool]:
    side = LinkSide(AT_ONCE, bursts=bursts)
    shop = producer(arrivals=every(10 * US, messages), link=one_way(side))
    model = tiny(producers=[shop], consumers=[], duration_ns=10 * US * messages, drain_ns=MS)
    lost = set(of_kind(play(model, seed=seed), Kind.PACKET_LOST)["message"].tolist())
    return [n in lost for n in range(messages)]


def test_a_bad_state_that_never_ends_loses_all_and_one_that_never_begins_nothing() -> None:
    assert all(fallen(Bursts(1.0, 0.0), 50)[1:])
    assert not any(fallen(Bursts(0.0, 1.0), 50)[1:])


def test_a_state_that_turns_over_each_time_loses_every_other_packet() -> None:
    lost = fallen(Bursts(1.0, 1.0), 60)
    assert sum(lost) == 30
    assert all(a != b for a, b in itertools.pairwise(lost))


@pytest.mark.parametrize("length", [2, 8])
def test_bursts_are_as_long_as_they_should_be(length: int) -> None:
    """A rough look at 600 packets; tests/oracle has the closed forms."""
    lost = fallen(Bursts(0.05, 1 / length), 600)
    runs = runs_of(lost)
    assert 0.4 * length < sum(runs) / len(runs) < 2 * length
