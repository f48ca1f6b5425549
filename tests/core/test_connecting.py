"""What opening a connection costs, how many a node lets in, and when those who were not let in try again."""

from __future__ import annotations

from dataclasses import replace

from mqlab.model import Backoff, Confirm, Connection, Fault, Node
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    actors,
    consumer,
    endings,
    every,
    node,
    of_kind,
    play,
    producer,
    timeline,
    times,
    tiny,
    wire,
)


def door(connect_ns: int = 0, most: int = -1, patience_ns: int = 0, **figures: int) -> Node:
    return replace(
        node(**figures), connect_ns=connect_ns, connections_max=most, handshake_timeout_ns=patience_ns
    )


def test_opening_a_connection_costs_the_processor_and_the_round_trips() -> None:
    """Two latencies of 1 ms a round trip, three round trips, and 4 ms of work."""
    model = tiny(
        nodes=[door(connect_ns=4 * MS)], producers=[],
        consumers=[consumer(link=wire(MS), connection=Connection(0, 5 * MS, None, 3))],
        faults=[Fault(MS, "reset", "c", 0)],
    )  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.CONNECTED) == [MS + 5 * MS + 6 * MS + 4 * MS]
    assert trace.counters.utilisation["broker.cpu"] == 4 / 1000


def test_a_crowd_stands_in_line_at_the_processor_and_messages_behind_it() -> None:
    model = tiny(
        nodes=[door(connect_ns=10 * MS, publish_ns=MS)],
        producers=[producer(arrivals=every(MS, 1, start_ns=8 * MS)), producer("crowd", count=3, arrivals=every(MS, 0))],
        consumers=[], faults=[Fault(MS, "reset", "crowd", 0)],
    )  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.CONNECTED) == [16 * MS, 26 * MS, 36 * MS]
    assert times(trace, Kind.ENQUEUED) == [37 * MS], "it came 2 ms after the crowd"


def test_a_crowd_keeps_itself_out() -> None:
    """A handshake costs 10 ms and the broker waits 15: of three at once one gets in.

    The other two try again 5 ms after they were sent away, while the processor still works on what it has given up:
    so they are late again, for ever.
    """
    model = tiny(
        nodes=[door(connect_ns=10 * MS, patience_ns=15 * MS)], producers=[],
        consumers=[consumer(count=3)], faults=[Fault(0, "reset", "c", 0)],
    )  # fmt: skip
    trace = play(model)
    refused = of_kind(trace, Kind.CONNECTION_REFUSED)
    assert set(refused["cause"].tolist()) == {1}
    assert refused["time_ns"].tolist()[:4] == [20 * MS, 20 * MS, 40 * MS, 40 * MS]
    assert times(trace, Kind.CONNECTED) == [15 * MS]
    assert trace.counters.utilisation["broker.cpu"] > 0.98


def test_patience_or_a_spread_crowd_lets_everybody_in() -> None:
    def let_in(patience_ns: int, backoff: Backoff | None) -> int:
        model = tiny(
            nodes=[door(connect_ns=10 * MS, patience_ns=patience_ns)], producers=[],
            consumers=[consumer(count=3, connection=Connection(0, 5 * MS, backoff))],
            faults=[Fault(0, "reset", "c", 0)],
        )  # fmt: skip
        return len(times(play(model), Kind.CONNECTED))

    assert let_in(0, None) == let_in(40 * MS, None) == 3
    assert let_in(15 * MS, Backoff(5 * MS, 2.0, 500 * MS, "full")) == 3


def test_no_more_are_let_in_than_the_limit_says() -> None:
    """Two of three consumers; when one dies, the third gets its place at its next try."""
    model = tiny(
        nodes=[door(most=2)], producers=[], consumers=[consumer(count=3)],
        faults=[Fault(12 * MS, "crash", "c[0]", -1)], duration_ns=10 * MS, drain_ns=10 * MS,
    )  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.CONNECTION_REFUSED) == [0, 5 * MS, 10 * MS]
    assert set(actors(trace, Kind.CONNECTION_REFUSED)) == {"c[2]"}
    assert timeline(trace, Kind.CONNECTED) == [(15 * MS, Kind.CONNECTED)]


def test_a_producer_that_is_not_let_in_keeps_what_it_has() -> None:
    model = tiny(
        nodes=[door(most=1)], consumers=[],
        producers=[producer(name, arrivals=every(MS, 3), confirm=Confirm(0, 0)) for name in ("p", "late")],
        faults=[Fault(12 * MS, "crash", "p", -1)],
    )  # fmt: skip
    trace = play(model)
    assert endings(trace) == {"in_flight": 6}
    assert len(of_kind(trace, Kind.ENQUEUED)) == 6


def test_pauses_between_tries_grow_and_begin_anew_after_a_connection() -> None:
    backoff = Backoff(MS, 2.0, 8 * MS, "none")
    model = tiny(
        producers=[], consumers=[consumer(connection=Connection(0, MS, backoff))],
        faults=[Fault(0, "crash", "broker", 20 * MS), Fault(50 * MS, "reset", "c", 0)],
    )  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.CONNECTED) == [23 * MS, 51 * MS], "tries at 1, 3, 7, 15 and 23 ms"


def test_jitter_is_each_members_own() -> None:
    """Full jitter: members of one group come back at different times, the same in each run."""
    crowd = consumer(count=20, connection=Connection(0, 20 * MS, Backoff(20 * MS, 2.0, 80 * MS, "full")))
    model = tiny(producers=[], consumers=[crowd], faults=[Fault(MS, "crash", "broker", MS)])
    moments = times(play(model), Kind.CONNECTED)
    assert len(set(moments)) == 20
    assert moments == times(play(model), Kind.CONNECTED)
    assert max(moments) - min(moments) > 5 * MS


def test_a_crash_in_mid_handshake_begins_it_anew() -> None:
    model = tiny(
        nodes=[door(connect_ns=10 * MS)], producers=[], consumers=[consumer(connection=Connection(0, 3 * MS))],
        faults=[Fault(0, "reset", "c", 0), Fault(5 * MS, "crash", "broker", 10 * MS)],
    )  # fmt: skip
    trace = play(model)
    assert times(trace, Kind.CONNECTED) == [26 * MS], "the first ends in nothing at 13 ms, the next try is at 16"


def test_the_ordinary_way_of_connecting_costs_nothing() -> None:
    trace = play(tiny(producers=[], consumers=[consumer(link=wire(MS))], faults=[Fault(MS, "reset", "c", 0)]))
    assert times(trace, Kind.CONNECTED) == [6 * MS]
