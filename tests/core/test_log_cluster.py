"""The cluster of a log, to the nanosecond: splits, pauses, controllers, preferred leaders, racks, epochs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mqlab.model import Fault, Model
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Trace
from tests.support.logs import log, nodes, sender, topic
from tests.support.models import MS, US, S, actors, endings, every, fate_rows, kinds, of_kind, play, times

STEADY = every(MS, 400)
SPLIT = Fault(20 * MS, "split", "a, p", 200 * MS)
"""The leader and its producer on one side, the other nodes and the controller on the other."""


def with_cluster(model: Model, **fields: object) -> Model:
    assert model.cluster is not None
    return replace(model, cluster=replace(model.cluster, **fields))  # type: ignore[arg-type]


def apart(acks: str, *faults: Fault, **fields: object) -> Trace:
    clerk = sender(acks=acks, idempotent=acks == "all", arrivals=STEADY, request_timeout_ns=40 * MS)
    return play(log(producers=[clerk], faults=faults or [SPLIT], duration_ns=400 * MS, **fields))  # type: ignore[arg-type]


def test_a_leader_that_is_cut_off_goes_on_under_acks_1_and_what_it_took_is_cut_off_later() -> None:
    trace = apart("1")
    assert actors(trace, Kind.LEADER_ELECTED) == ["b"]
    assert times(trace, Kind.LEADER_ELECTED) == [SPLIT.at_ns + 30 * MS]
    gone = [row for row in fate_rows(trace) if row["fate"] == 16]
    assert endings(trace)["lost:truncated"] == len(gone) > 190
    assert all(row["confirmed_ns"] >= 0 for row in gone)
    cut = of_kind(trace, Kind.LOG_TRUNCATED)
    assert [(int(row["count"]), trace.entities[row["actor"]].name) for row in cut] == [(len(gone), "a")]
    assert times(trace, Kind.STOOD_DOWN) == [220 * MS + 400 * US]


def test_under_acks_all_it_confirms_nothing_because_it_cannot_exclude_those_on_the_other_side() -> None:
    trace = apart("all")
    told = [t for t in times(trace, Kind.CONFIRM_SENT) if SPLIT.at_ns + MS < t < 220 * MS]
    assert not told
    assert endings(trace) == {"processed": 400}
    assert trace.counters.messages["confirmed"] == 400


def test_a_follower_that_is_cut_off_falls_out_of_sync_and_comes_back() -> None:
    trace = apart("all", Fault(20 * MS, "split", "c", 200 * MS))
    assert Kind.LEADER_ELECTED not in kinds(trace)
    assert [(int(row["first"]), int(row["cause"])) for row in of_kind(trace, Kind.IN_SYNC)] == [(2, 1), (3, 0)]
    assert endings(trace) == {"processed": 400}


def test_a_split_shorter_than_the_session_elects_nobody() -> None:
    trace = apart("1", replace(SPLIT, for_ns=20 * MS))
    assert Kind.LEADER_ELECTED not in kinds(trace)
    assert endings(trace) == {"processed": 400}


def test_a_leader_that_stood_still_answers_what_waited_before_it_learns_that_it_leads_no_longer() -> None:
    trace = apart("1", Fault(20 * MS, "pause", "a", 35 * MS))
    assert actors(trace, Kind.LEADER_ELECTED) == ["b"]
    assert endings(trace)["lost:truncated"] == 5 + 31  # those in flight, and what had collected
    assert times(trace, Kind.STOOD_DOWN) == [55 * MS + 400 * US]


def test_a_pause_under_acks_all_loses_nothing() -> None:
    assert endings(apart("all", Fault(20 * MS, "pause", "a", 100 * MS))) == {"processed": 400}


VOTERS = ("a", "b", "c")


def voting(*faults: Fault, **fields: object) -> Trace:
    clerk = sender(arrivals=STEADY)
    model = log(producers=[clerk], faults=faults, duration_ns=400 * MS, drain_ns=2 * S)
    return play(with_cluster(model, **{"controllers": VOTERS, "failover_ns": 10 * MS, **fields}))


def test_when_the_controller_dies_the_next_takes_over_and_gives_everybody_a_new_session() -> None:
    trace = voting(Fault(20 * MS, "crash", "a", -1))
    assert times(trace, Kind.CONTROLLER_ELECTED) == [30 * MS]
    assert times(trace, Kind.LEADER_ELECTED) == [60 * MS]
    assert endings(trace) == {"processed": 400}


def test_without_a_majority_of_controllers_nobody_is_elected() -> None:
    trace = voting(Fault(20 * MS, "crash", "a", 200 * MS), Fault(21 * MS, "crash", "b", 150 * MS))
    assert times(trace, Kind.CONTROLLER_ELECTED) == [181 * MS]
    assert min(times(trace, Kind.LEADER_ELECTED)) > 180 * MS
    assert endings(trace) == {"processed": 400}


def test_a_minority_of_controllers_elects_nobody_and_the_majority_does() -> None:
    trace = voting(Fault(20 * MS, "split", "a, p", 200 * MS))
    assert actors(trace, Kind.CONTROLLER_ELECTED) == ["b"]
    assert actors(trace, Kind.LEADER_ELECTED) == ["b"]


def test_zookeepers_controller_elects_one_partition_after_another() -> None:
    topics = [topic(partitions=9)]
    model = log(topics=topics, producers=[sender(arrivals=STEADY)], faults=[Fault(20 * MS, "crash", "b", -1)],
                duration_ns=400 * MS, drain_ns=2 * S)  # fmt: skip
    trace = play(with_cluster(model, controller="zookeeper", election_ns=5 * MS, failover_ns=2 * MS))
    assert times(trace, Kind.LEADER_ELECTED) == [55 * MS, 60 * MS, 65 * MS]
    assert endings(trace) == {"processed": 400}


def test_if_zookeepers_controller_dies_the_next_loads_every_partition_first() -> None:
    topics = [topic(partitions=9)]
    model = log(topics=topics, producers=[sender(arrivals=STEADY)], faults=[Fault(20 * MS, "crash", "a", -1)],
                duration_ns=400 * MS, drain_ns=2 * S)  # fmt: skip
    trace = play(with_cluster(model, controller="zookeeper", election_ns=5 * MS, failover_ns=2 * MS))
    assert times(trace, Kind.CONTROLLER_ELECTED) == [50 * MS + 9 * 2 * MS]
    assert times(trace, Kind.LEADER_ELECTED)[0] == 68 * MS + 5 * MS
    assert endings(trace) == {"processed": 400}


def test_the_preferred_replica_leads_again_when_it_is_in_sync() -> None:
    model = log(producers=[sender(arrivals=STEADY)], faults=[Fault(20 * MS, "crash", "a", 100 * MS)],
                duration_ns=400 * MS)  # fmt: skip
    trace = play(with_cluster(model, preferred_leader_ns=50 * MS))
    assert actors(trace, Kind.LEADER_ELECTED) == ["b", "a"]
    assert times(trace, Kind.LEADER_ELECTED)[1] == 150 * MS
    assert endings(trace) == {"processed": 400}


BOTH = [Fault(20 * MS, "crash", "a", -1), Fault(50 * MS + 500 * US, "crash", "b", -1)]
"""The leader dies, and its successor half a millisecond after its election."""


@pytest.mark.parametrize("truncation", ["epoch", "high_watermark"])
def test_epochs_keep_what_cutting_at_the_high_watermark_throws_away(truncation: str) -> None:
    far = nodes(network_ns=5 * MS)
    clerk = sender(arrivals=every(MS, 30))
    model = replace(log(producers=[clerk], consumers=[], faults=BOTH, duration_ns=400 * MS), nodes=far)
    trace = play(with_cluster(model, truncation=truncation))
    gone = [row for row in fate_rows(trace) if row["fate"] == 16 and row["confirmed_ns"] >= 0]
    assert bool(gone) == (truncation == "high_watermark")


def test_the_last_replica_in_sync_leads_again_whoever_comes_back_first() -> None:
    faults = [Fault(20 * MS, "crash", "a", 100 * MS), Fault(60 * MS, "crash", "b", 200 * MS),
              Fault(100 * MS, "crash", "c", 250 * MS)]  # fmt: skip
    trace = apart("all", *faults)
    assert endings(trace) == {"processed": 400}
    assert trace.counters.messages["confirmed"] == 400


def test_loss_between_nodes_makes_them_late_and_loses_nothing() -> None:
    model = log(producers=[sender(arrivals=STEADY)], duration_ns=400 * MS, drain_ns=5 * S, lag_max_ns=S)
    lossy = replace(model, nodes=tuple(replace(node, network_loss=0.1) for node in model.nodes))
    trace = play(lossy)
    assert endings(trace) == {"processed": 400}
    rows = fate_rows(trace)
    assert (rows["confirmed_ns"] - rows["sent_ns"]).max() >= 200 * MS


def test_a_follower_that_meets_the_others_again_while_nobody_leads_waits_for_an_election() -> None:
    faults = [Fault(20 * MS, "split", "c", 40 * MS), Fault(21 * MS, "crash", "b", 200 * MS),
              Fault(22 * MS, "crash", "a", 180 * MS)]  # fmt: skip
    trace = apart("all", *faults)
    assert endings(trace) == {"processed": 400}
    assert min(times(trace, Kind.LEADER_ELECTED)) >= 60 * MS
