"""Replicated queues: when an entry is committed, who leads, what survives which crash, and what is undone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mqlab.model import Confirm, Connection, Distribution, Exceptions, Fault, Keys, Message, Model, Node, Queue
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Trace
from tests.properties.laws import check_everything
from tests.support.models import (
    MS,
    US,
    actors,
    consumer,
    endings,
    event_rows,
    every,
    fate_rows,
    kinds,
    node,
    of_kind,
    play,
    producer,
    queue,
    retries,
    takes,
    times,
    tiny,
)

ABC = ("a", "b", "c")
PERSISTENT = Message(100, Keys(), True)
ELECTION_NS = 20 * MS


def disks(*fsync_ns: float, network_ns: int = MS) -> list[Node]:
    """Nodes a, b, c …, each with its own disk."""
    return [replace(node(name, fsync_ns=takes_ns), network_ns=network_ns)
            for name, takes_ns in zip("abcde", fsync_ns, strict=False)]  # fmt: skip


def replicated(replicas: tuple[str, ...] = ABC, **fields: Any) -> Queue:
    settings: dict[str, Any] = {"durable": True, "election": takes(ELECTION_NS), "suspect_ns": 100 * MS} | fields
    return queue(node=replicas[0], replicas=replicas, **settings)


def clients(*homes: str, reconnect_ns: int = 2 * MS, heartbeat_ns: int = 0) -> Connection:
    return Connection(heartbeat_ns, reconnect_ns, nodes=homes)


def cluster(*, nodes: list[Node] | None = None, at: str = "a", homes: str = "abc", reader: str = "abc",
            messages: int = 1, reads: bool = False, **fields: Any) -> Model:  # fmt: skip
    """One producer at node ``at`` that asks for confirms; one consumer, if it ``reads``."""
    order = tuple(homes[homes.index(at):] + homes[: homes.index(at)])
    more = fields.pop("producer", {})
    work = {"prefetch": 1, "connection": clients(*reader)} | fields.pop("consumer", {})
    settings: dict[str, Any] = {
        "nodes": disks(2 * MS, 2 * MS, 2 * MS) if nodes is None else nodes,
        "queues": [replicated()],
        "producers": [producer(**({
            "arrivals": every(MS, messages), "message": PERSISTENT, "confirm": Confirm(0, 0), "node": at,
            "connection": clients(*order),
        } | more))],
        "consumers": [consumer(**work)] if reads else [],
    } | fields  # fmt: skip
    return replace(tiny(**settings), system="rabbitmq-quorum")


FOLLOWERS_THEN_LEADER = [
    Fault(0, "crash", "b", 10 * MS), Fault(0, "crash", "c", 10 * MS), Fault(5 * MS, "crash", "a", -1),
]  # fmt: skip
"""Nobody else hears of what the leader has, and then it goes down for good."""


def leaders(trace: Trace) -> list[str]:
    return actors(trace, Kind.LEADER_ELECTED)


@pytest.mark.parametrize(
    ("fsync_ms", "committed_ms"),
    [
        ((2, 2, 2), 4),      # 1 there, 2 to write, 1 back
        ((9, 2, 3), 5),      # the leader's own disk is the slowest: the two others are the majority
        ((1, 9, 2), 4),      # the second fastest decides, not the slowest
        ((9, 1, 9), 9),      # the leader's disk is the second of two
        ((3, 50, 60), 52),   # … and no majority without one of the others
    ],
)  # fmt: skip
def test_a_message_is_committed_when_the_second_of_three_disks_has_it(fsync_ms: Any, committed_ms: int) -> None:
    trace = play(cluster(nodes=disks(*(n * MS for n in fsync_ms))))
    assert times(trace, Kind.ENQUEUED) == times(trace, Kind.CONFIRM_SENT) == [committed_ms * MS]
    assert kinds(trace, Kind.APPENDED, Kind.ENQUEUED, Kind.CONFIRMED) == [
        Kind.APPENDED, Kind.ENQUEUED, Kind.CONFIRMED,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("replicas", "committed_ms"), [("a", 1), ("ab", 22), ("abc", 22), ("abcd", 32), ("abcde", 32)]
)
def test_how_many_disks_are_a_majority(replicas: str, committed_ms: int) -> None:
    """Disks take 1, 20, 30, 40 and 50 ms: of two, three, four and five both, two, three and three must have it."""
    model = cluster(nodes=disks(1 * MS, 20 * MS, 30 * MS, 40 * MS, 50 * MS), queues=[replicated(tuple(replicas))])
    assert times(play(model), Kind.ENQUEUED) == [committed_ms * MS]


def test_an_acknowledgement_is_a_log_entry_and_gives_credit_when_committed() -> None:
    """Two messages stand there at 4 and 5 ms; the second leaves 4 ms after the first was acknowledged."""
    trace = play(cluster(messages=2, reads=True))
    first, second = times(trace, Kind.DISPATCHED)
    assert first == 4 * MS
    assert times(trace, Kind.ACK_APPENDED, 0) == times(trace, Kind.ACK_SENT, 0) == [first + 100 * US]
    assert times(trace, Kind.ACKED, 0) == [second]
    assert second >= first + 100 * US + 3 * MS


def test_through_another_node_it_takes_two_hops_more() -> None:
    """From b to the leader, then four milliseconds as ever, then back to b, which confirms; the consumer likewise."""
    trace = play(cluster(at="b", homes="bca", reader="bca", reads=True))
    assert times(trace, Kind.APPENDED) == [MS]
    assert times(trace, Kind.ENQUEUED) == times(trace, Kind.DISPATCHED) == [5 * MS]
    assert times(trace, Kind.CONFIRM_SENT) == times(trace, Kind.DELIVERED) == [6 * MS]
    assert times(trace, Kind.ACK_APPENDED) == [7 * MS + 100 * US]


def test_one_flush_of_a_node_covers_all_its_queues() -> None:
    """The write-ahead log is shared: two entries of two queues, one fsync on each node."""
    both = [replicated(name="q"), replicated(name="r")]
    twice = [producer(name, arrivals=every(MS, 1), message=PERSISTENT, confirm=Confirm(0, 0), node="a",
                      destination=replace(producer().destination, routing_keys=((to, 1.0),)))
             for name, to in (("p", "q"), ("s", "r"))]  # fmt: skip
    nodes = [replace(n, disk=replace(n.disk, group_commit_ns=100 * US)) for n in disks(2 * MS, 2 * MS, 2 * MS)]
    trace = play(cluster(queues=both, producers=twice, nodes=nodes))
    assert of_kind(trace, Kind.FLUSH_BEGAN)["count"].tolist() == [2, 2, 2]
    assert times(trace, Kind.ENQUEUED) == [4 * MS + 100 * US] * 2


def test_many_at_once_are_committed_by_few_flushes() -> None:
    trace = play(cluster(messages=1000, producer={"arrivals": every(1000, 1000)}))
    assert trace.counters.messages["confirmed"] == 1000
    assert len(of_kind(trace, Kind.FLUSH_BEGAN)) < 12
    assert (of_kind(trace, Kind.ENQUEUED)["message"] == range(1000)).all()


# --- elections -----------------------------------------------------------------------------------------------------


def test_a_follower_leads_after_the_time_out_and_nothing_confirmed_is_lost() -> None:
    """The leader dies at 20 ms: a connection breaks (1), the time-out (20), a round trip of votes (2)."""
    trace = play(cluster(messages=5, faults=[Fault(20 * MS, "crash", "a", -1)]))
    assert times(trace, Kind.LEADER_LOST) == [20 * MS]
    assert times(trace, Kind.LEADER_ELECTED) == [43 * MS]
    assert leaders(trace) == ["b"]
    assert trace.counters.messages["confirmed"] == 5
    assert endings(trace) == {"in_flight": 5}
    assert not len(of_kind(trace, Kind.VANISHED))


def test_a_machine_without_power_is_suspected_first() -> None:
    trace = play(cluster(faults=[Fault(20 * MS, "power_loss", "a", -1)]))
    assert times(trace, Kind.LEADER_ELECTED) == [143 * MS]


def test_a_leader_that_is_back_before_it_is_suspected_ends_the_suspicion() -> None:
    trace = play(cluster(faults=[Fault(20 * MS, "power_loss", "a", 30 * MS)]))
    assert times(trace, Kind.LEADER_ELECTED) == [50 * MS + 23 * MS]


def test_the_most_advanced_follower_leads() -> None:
    """Follower b is far away from its disk; c has the entry, b may not have received it yet: c leads."""
    slow = disks(1 * MS, 1 * MS, 1 * MS)
    model = cluster(nodes=slow, messages=3, faults=[Fault(0, "crash", "b", 6 * MS), Fault(7 * MS, "crash", "a", -1)])
    trace = play(model)
    assert leaders(trace) == ["b"], "b has caught up: of equals the first leads"
    late = play(replace(model, faults=(Fault(0, "crash", "b", 8 * MS), Fault(7 * MS, "crash", "a", -1))))
    assert leaders(late) == ["c"]
    assert endings(late) == {"in_flight": 3}


def test_what_only_the_leader_had_vanishes_with_it() -> None:
    """The message reaches the followers a millisecond after the leader; the leader dies in between."""
    trace = play(cluster(faults=[Fault(500 * US, "crash", "a", -1)], nodes=disks(MS, MS, MS, network_ns=5 * MS),
                         queues=[replicated(election=takes(0))]))  # fmt: skip
    # packets that had left arrive all the same: at 5 ms, before the votes are counted at 15.5 ms
    assert endings(trace) == {"in_flight": 1}
    down = play(cluster(nodes=disks(MS, MS, MS), faults=FOLLOWERS_THEN_LEADER))
    assert endings(down) == {"lost:unreplicated": 1}
    assert kinds(down, Kind.VANISHED, Kind.UNKNOWN) == [Kind.UNKNOWN, Kind.VANISHED]
    assert trace.counters.messages["confirmed"] == 0


def test_what_vanished_is_sent_again_by_who_was_not_told() -> None:
    trace = play(cluster(producer={"retry": retries(5, 10 * MS)}, faults=FOLLOWERS_THEN_LEADER))
    assert trace.counters.messages["confirmed"] == 1
    assert [(int(row["copy"]), int(row["fate"])) for row in fate_rows(trace)][-1][1] == 1, "in flight: nobody reads"


def test_a_node_sends_again_for_a_client_that_is_still_connected_to_it() -> None:
    """The same, but the producer is connected to b: its node keeps the message and sends it to the next leader."""
    trace = play(cluster(at="b", homes="bca", messages=3, nodes=disks(50 * MS, 50 * MS, 50 * MS),
                         faults=[Fault(10 * MS, "crash", "a", -1)]))  # fmt: skip
    assert trace.counters.messages["confirmed"] == 3
    assert len(of_kind(trace, Kind.VANISHED)) == 0
    assert kinds(trace, Kind.UNKNOWN, Kind.TIMED_OUT) == []


def test_without_a_leader_nodes_keep_what_comes() -> None:
    trace = play(cluster(at="b", homes="bca", producer={"arrivals": every(MS, 3, start_ns=4 * MS)},
                         faults=[Fault(3 * MS, "crash", "a", -1)]))  # fmt: skip
    assert times(trace, Kind.AWAITS_LEADER) == [4 * MS, 5 * MS, 6 * MS]
    assert times(trace, Kind.APPENDED) == [28 * MS] * 3, "elected at 26 ms, heard of at 27, sent at 28"
    assert of_kind(trace, Kind.ENQUEUED)["message"].tolist() == [0, 1, 2]


# --- majorities ----------------------------------------------------------------------------------------------------


def test_a_minority_confirms_nothing_and_hands_out_nothing_until_it_is_a_majority() -> None:
    trace = play(cluster(messages=3, reads=True, consumer={"prefetch": 10}, faults=[
        Fault(0, "crash", "b", 100 * MS), Fault(0, "crash", "c", 150 * MS)]))  # fmt: skip
    assert times(trace, Kind.QUORUM_LOST) == [0]
    assert times(trace, Kind.QUORUM_REGAINED) == [100 * MS]
    assert min(times(trace, Kind.CONFIRMED)) == min(times(trace, Kind.DISPATCHED)) >= 100 * MS
    assert endings(trace) == {"processed": 3}


def test_a_majority_that_never_comes_back_stops_the_queue_and_loses_nothing_confirmed() -> None:
    trace = play(cluster(messages=6, faults=[Fault(8 * MS, "crash", "b", -1), Fault(8 * MS, "crash", "c", -1)]))
    confirmed = trace.counters.messages["confirmed"]
    assert 0 < confirmed < 6
    assert endings(trace) == {"in_flight": 6}


def test_power_loss_of_all_nodes_spares_what_was_confirmed() -> None:
    for at in (1, 3, 4, 5, 6, 7, 9):
        trace = play(cluster(messages=4, reads=False, faults=[Fault(at * MS, "power_loss", n, 50 * MS) for n in ABC]))
        assert not [row for row in fate_rows(trace) if row["confirmed_ns"] >= 0 and row["fate"] != 1], at
        assert len(leaders(trace)) == 1, at


def test_one_replica_is_a_durable_queue() -> None:
    crash = Fault(30 * MS, "crash", "a", MS)
    trace = play(cluster(queues=[replicated(("a",))], messages=3, reads=True, faults=[crash]))
    assert times(trace, Kind.ENQUEUED)[0] == 2 * MS
    assert endings(trace) == {"processed": 3}


# --- consumers -----------------------------------------------------------------------------------------------------


def test_what_was_unacknowledged_by_way_of_the_dead_node_is_delivered_again() -> None:
    trace = play(cluster(messages=2, reads=True, consumer={"service": takes(30 * MS), "prefetch": 5},
                         faults=[Fault(10 * MS, "crash", "a", -1)]))  # fmt: skip
    assert of_kind(trace, Kind.REQUEUED)["message"].tolist() == [0, 1]
    assert of_kind(trace, Kind.DISPATCHED)["attempt"].tolist() == [1, 1, 2, 2]
    assert endings(trace) == {"processed": 2}


def test_by_way_of_another_node_it_stays_with_its_consumer() -> None:
    trace = play(cluster(messages=2, reads=True, reader="cb", faults=[Fault(10 * MS, "crash", "a", -1)],
                         consumer={"service": takes(30 * MS), "prefetch": 5}))  # fmt: skip
    assert len(of_kind(trace, Kind.REQUEUED)) == 0
    assert of_kind(trace, Kind.DISPATCHED)["attempt"].tolist() == [1, 1]
    assert endings(trace) == {"processed": 2}


def test_an_acknowledgement_that_no_majority_had_is_undone() -> None:
    """The work is done and acknowledged; only the leader, which is cut down, had the acknowledgement."""
    model = cluster(reads=True, faults=[
        Fault(4 * MS, "crash", "b", 10 * MS), Fault(4 * MS, "crash", "c", 10 * MS),
        Fault(6 * MS, "crash", "a", -1),
    ], nodes=disks(MS, MS, MS))  # fmt: skip
    trace = play(model)
    assert kinds(trace, Kind.PROCESSED, Kind.ACK_APPENDED, Kind.ACK_UNDONE, Kind.REQUEUED, Kind.ACKED) == [
        Kind.PROCESSED, Kind.ACK_APPENDED, Kind.ACK_UNDONE, Kind.REQUEUED, Kind.PROCESSED, Kind.ACK_APPENDED,
        Kind.ACKED,
    ]  # fmt: skip
    assert fate_rows(trace)["processings"].tolist() == [2]


@pytest.mark.parametrize("lanes", [1, 2])
def test_an_acknowledgement_on_its_way_to_a_majority_outlives_its_consumer(lanes: int) -> None:
    """The handler raises at the second message while the first one's acknowledgement is not committed yet."""
    once = Exceptions(1.0, "message", "crash", only=(1,), times=1)
    run = check_everything(cluster(messages=8, reads=True, consumer={
        "prefetch": 2, "concurrency": lanes, "exceptions": once, "service": takes(MS), "restart_ns": 0,
    }))  # fmt: skip
    crashed, = times(run.trace, Kind.CLIENT_CRASHED)
    assert times(run.trace, Kind.ACK_APPENDED, 0) < [crashed] < times(run.trace, Kind.ACKED, 0)
    assert fate_rows(run.trace)["deliveries"].tolist()[:2] == [1, 2]
    assert endings(run.trace) == {"processed": 8}


def test_an_acknowledgement_that_waits_for_a_majority_is_not_late() -> None:
    """The channel has it, and that is all a consumer's time-out asks for; what it never got is late."""
    alone = [Fault(7 * MS, "crash", name, -1) for name in "bc"]
    late = {"timeout_ns": 10 * MS, "timeout_check_ns": MS, "prefetch": 0}
    trace = play(cluster(messages=1, reads=True, faults=alone, consumer=late))
    assert kinds(trace, Kind.ACK_APPENDED, Kind.ACKED, Kind.CHANNEL_CLOSED) == [Kind.ACK_APPENDED]
    slow = late | {"exceptions": Exceptions(1.0, "message", "hold", only=(1,))}
    trace = play(cluster(messages=2, reads=True, faults=alone, consumer=slow))
    assert kinds(trace, Kind.ACK_APPENDED, Kind.ACKED, Kind.CHANNEL_CLOSED) == [
        Kind.ACK_APPENDED, Kind.CHANNEL_CLOSED,
    ]  # fmt: skip


def test_a_full_queue_drops_its_oldest_and_refuses_its_newest() -> None:
    drops = play(cluster(messages=6, queues=[replicated(max_length=2)]))
    assert of_kind(drops, Kind.EVICTED)["message"].tolist() == [0, 1, 2, 3]
    refuses = play(cluster(messages=10, queues=[replicated(max_length=2, overflow="reject-publish")]))
    taken = of_kind(refuses, Kind.ENQUEUED)["message"].tolist()
    assert taken[:2] == [0, 1]
    assert 2 < len(taken) < 10, "what was in the log already is taken: the limit is overshot"
    assert len(of_kind(refuses, Kind.EVICTED)) == 0
    assert len(of_kind(refuses, Kind.REFUSED)) == 10 - len(taken)


def test_clients_of_a_dead_node_connect_to_the_next() -> None:
    trace = play(cluster(messages=1, reads=True, faults=[Fault(10 * MS, "crash", "a", 50 * MS)]))
    assert times(trace, Kind.CONNECTED) == [12 * MS, 12 * MS]
    alone = play(cluster(messages=1, reads=True, reader="a", faults=[Fault(10 * MS, "crash", "a", 50 * MS)]))
    assert max(times(alone, Kind.CONNECTED)) >= 60 * MS


def test_the_election_time_out_is_drawn_anew_for_each_term_and_queue() -> None:
    drawn = Distribution("uniform", (10.0 * MS, 300.0 * MS))
    faults = [Fault(10 * MS, "crash", "a", 400 * MS), Fault(450 * MS, "crash", "b", 400 * MS)]
    both = [replicated(name="q", election=drawn), replicated(name="r", election=drawn)]
    trace = play(cluster(queues=both, faults=faults))
    waits = [int(row["time_ns"]) - (10 if row["time_ns"] < 450 * MS else 450) * MS
             for row in of_kind(trace, Kind.LEADER_ELECTED)]  # fmt: skip
    assert len(set(waits)) == 4
    assert (event_rows(play(cluster(queues=both, faults=faults))) == event_rows(trace)).all()
