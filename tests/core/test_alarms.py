"""Memory and disk alarms: who is blocked, from which publish on, what waits where, and in which order it goes on."""

from __future__ import annotations

from typing import Any

from mqlab.model import Confirm, Disk, Fault, Memory, Model, Node
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    S,
    consumer,
    endings,
    every,
    fate_rows,
    kinds,
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

FULL = Fault(10 * MS + 1, "disk_full", "broker", 20 * MS)
"""From just after 10 ms to just after 30 ms."""


def broker(limit: int | None = None, check_ns: int = 5 * MS, *, publish_ns: int = 0) -> Node:
    memory = Memory(limit, check_ns) if limit is not None else None
    return Node("broker", publish_ns, 0, Disk(takes(0), 0.0, 0), memory)


def shop(**fields: Any) -> Model:
    """Twenty messages of 100 bytes, one a millisecond; whoever consumes takes 100 us each."""
    settings: dict[str, Any] = {
        "nodes": [broker()], "duration_ns": 20 * MS, "drain_ns": 980 * MS, "producers": [producer(link=wire(2 * MS))],
        "faults": [FULL],
    } | fields  # fmt: skip
    return tiny(**settings)


def test_the_first_publish_during_an_alarm_is_taken_and_the_next_ones_wait_in_the_socket() -> None:
    """Message 9 arrives at 11 ms; `connection.blocked` reaches the shop at 13 ms; 10 to 12 (and 13) are under way."""
    trace = play(shop())
    assert timeline(trace, Kind.ALARM_RAISED, Kind.ALARM_CLEARED) == [
        (10 * MS + 1, Kind.ALARM_RAISED), (30 * MS + 1, Kind.ALARM_CLEARED),
    ]  # fmt: skip
    assert times(trace, Kind.CONNECTION_BLOCKED) == [13 * MS]
    waited = of_kind(trace, Kind.HELD_BACK)
    assert waited["message"].tolist() == [10, 11, 12]
    assert waited["time_ns"].tolist() == [12 * MS, 13 * MS, 14 * MS]
    assert of_kind(trace, Kind.BUFFERED)["message"].tolist() == [13, 14, 15, 16, 17, 18, 19]
    assert [t for t in times(trace, Kind.ARRIVED) if 11 * MS < t < 30 * MS] == []


def test_what_waited_is_read_in_order_when_the_alarm_is_over_and_then_the_client_sends_on() -> None:
    trace = play(shop())
    after = 30 * MS + 1
    arrived = of_kind(trace, Kind.ARRIVED)
    assert arrived["message"].tolist() == list(range(20))
    assert arrived["time_ns"][10:13].tolist() == [after] * 3
    assert times(trace, Kind.CONNECTION_UNBLOCKED) == [after + 2 * MS]
    assert set(arrived["time_ns"][13:].tolist()) == {after + 4 * MS}
    assert endings(trace) == {"processed": 20}
    assert trace.counters.gauges["broker.alarms"] == 1
    assert trace.counters.gauges["broker.alarm_ns"] == 20 * MS
    assert trace.counters.gauges["p.blocked_ns"] == after + 2 * MS - 13 * MS


def test_a_socket_is_read_as_fast_as_the_processor_takes_what_is_in_it() -> None:
    trace = play(shop(nodes=[broker(publish_ns=MS)], producers=[producer(arrivals=every(MS, 20), link=wire(2 * MS))]))
    after = 30 * MS + 1
    assert [t for t in times(trace, Kind.ARRIVED) if t >= after][:3] == [after, after + MS, after + 2 * MS]
    assert of_kind(trace, Kind.ENQUEUED)["message"].tolist() == list(range(20))


def test_consumers_go_on_during_an_alarm() -> None:
    trace = play(shop(consumers=[consumer(service=takes(3 * MS))]))
    assert [t for t in times(trace, Kind.PROCESSED) if 14 * MS < t < 30 * MS]
    assert [t for t in times(trace, Kind.ACKED) if 14 * MS < t < 30 * MS]


def test_a_client_that_does_not_publish_is_never_blocked() -> None:
    trace = play(shop(producers=[producer(arrivals=every(MS, 5)), producer("q", arrivals=every(MS))]))
    assert {trace.entities[int(row["actor"])].name for row in of_kind(trace, Kind.CONNECTION_BLOCKED)} == {"q"}


def test_memory_above_the_limit_blocks_until_consumers_have_made_room() -> None:
    """A message of 100 bytes each millisecond, looked at each 5 ms: 600 bytes at 5 ms (the sixth has just come)."""
    trace = play(tiny(nodes=[broker(450)], duration_ns=40 * MS, consumers=[consumer(service=takes(4 * MS))]))
    raised, cleared = of_kind(trace, Kind.ALARM_RAISED), of_kind(trace, Kind.ALARM_CLEARED)
    assert raised["time_ns"][0] % (5 * MS) == 0
    assert (raised["first"] > 450).all()
    assert (cleared["first"] <= 450).all()
    assert len(raised) > 2
    assert endings(trace) == {"processed": 40}
    gauges = trace.counters.gauges
    assert gauges["broker.alarms"] == len(raised)
    assert gauges["broker.alarm_ns"] == int(cleared["time_ns"].sum() - raised["time_ns"].sum())


def test_without_consumers_an_alarm_lasts_to_the_end() -> None:
    trace = play(tiny(nodes=[broker(450)], duration_ns=100 * MS, drain_ns=900 * MS, consumers=[]))
    assert kinds(trace, Kind.ALARM_RAISED, Kind.ALARM_CLEARED) == [Kind.ALARM_RAISED]
    first = times(trace, Kind.ALARM_RAISED)[0]
    assert trace.counters.gauges["broker.alarm_ns"] == S - first
    assert trace.counters.gauges["p.blocked_ns"] == S - times(trace, Kind.CONNECTION_BLOCKED)[0]
    assert endings(trace) == {"in_flight": 100}


def test_an_unconfirmed_message_in_the_socket_times_out_and_is_stored_twice() -> None:
    patient = producer(arrivals=every(MS, 20), confirm=Confirm(0, 5 * MS), retry=retries(5), link=wire(2 * MS))
    trace = play(shop(producers=[patient]))
    rows = fate_rows(trace)
    assert set(rows[rows["copy_of"] >= 0]["message"].tolist()) == {10, 11, 12}
    assert endings(trace) == {"processed": 23}


def test_what_waits_in_the_socket_goes_down_with_its_connection() -> None:
    for fault in (Fault(20 * MS, "reset", "p", 0), Fault(20 * MS, "crash", "broker", MS)):
        trace = play(shop(faults=[FULL, fault], producers=[producer(link=wire(2 * MS), arrivals=every(MS, 19))]))
        assert of_kind(trace, Kind.STALE_PACKET)["message"].tolist() == [10, 11, 12]
        assert set(times(trace, Kind.STALE_PACKET)) == {20 * MS}
        assert endings(trace)["lost:wire"] == 3


def test_a_new_connection_is_blocked_by_its_first_publish_while_the_alarm_lasts() -> None:
    """The connection is reset at 20 ms and back at 25 ms, when what was kept is sent: one is taken, five wait."""
    trace = play(shop(faults=[FULL, Fault(20 * MS, "reset", "p", 0)],
                      producers=[producer(link=wire(2 * MS), arrivals=every(MS, 19))]))  # fmt: skip
    again = [row for row in of_kind(trace, Kind.HELD_BACK) if row["time_ns"] > 20 * MS]
    assert [int(row["message"]) for row in again] == [14, 15, 16, 17, 18]
    assert times(trace, Kind.CONNECTION_BLOCKED) == [13 * MS, 29 * MS]


def test_a_disk_is_full_until_the_last_of_several_faults_is_over_and_across_a_crash() -> None:
    faults = [FULL, Fault(20 * MS, "disk_full", "broker", 60 * MS), Fault(40 * MS, "crash", "broker", 10 * MS)]
    trace = play(shop(faults=faults))
    assert timeline(trace, Kind.ALARM_RAISED, Kind.ALARM_CLEARED) == [
        (10 * MS + 1, Kind.ALARM_RAISED), (40 * MS, Kind.ALARM_CLEARED),
        (50 * MS, Kind.ALARM_RAISED), (80 * MS, Kind.ALARM_CLEARED),
    ]  # fmt: skip


def test_alarms_are_of_the_whole_cluster() -> None:
    """The other node's disk is full; the broker's publishers are blocked."""
    nodes = [broker(), Node("other", 0, 0, Disk(takes(0), 0.0, 0))]
    trace = play(shop(nodes=nodes, faults=[Fault(10 * MS + 1, "disk_full", "other", 20 * MS)]))
    assert times(trace, Kind.CONNECTION_BLOCKED) == [13 * MS]


def test_a_client_cut_off_hears_of_the_end_of_the_alarm_when_tcp_reaches_it_again() -> None:
    trace = play(shop(faults=[FULL, Fault(25 * MS, "silence", "p", 100 * MS)]))
    assert times(trace, Kind.CONNECTION_UNBLOCKED) == [30 * MS + 1 + 200 * MS + 2 * MS]
    assert endings(trace) == {"processed": 20}


def test_a_thousand_waiting_publishes_are_read_at_one_instant() -> None:
    swift = producer(arrivals=every(1000, 3000), link=wire(2 * MS))
    trace = play(shop(producers=[swift], faults=[Fault(MS, "disk_full", "broker", 9 * MS)], queues=[queue()]))
    assert endings(trace) == {"processed": 3000}
    assert of_kind(trace, Kind.ENQUEUED)["message"].tolist() == list(range(3000))
    assert len(of_kind(trace, Kind.HELD_BACK)) > 1000
