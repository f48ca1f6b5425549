"""A log, to the nanosecond: a batch's way, leaders that die, replicas that fall behind, offsets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mqlab.explain import explain
from mqlab.model import Fault, Keys, Message, Model
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Trace
from tests.support.logs import log, reader, sender, topic
from tests.support.models import (
    MS,
    US,
    S,
    actors,
    endings,
    every,
    fate_rows,
    kinds,
    of_kind,
    play,
    takes,
    times,
)


def one(**fields: object) -> Model:
    """One record at the start, and nobody who reads it unless a test says so."""
    return log(**{"producers": [sender(arrivals=every(MS, 1))], "consumers": [], **fields})  # type: ignore[arg-type]


def test_acks_all_waits_for_every_replica_in_sync() -> None:
    trace = play(one())
    assert times(trace, Kind.APPENDED) == [100 * US]
    assert times(trace, Kind.REPLICATED) == [400 * US] * 2  # parked questions arrive at 200 us and are answered then
    assert times(trace, Kind.CONFIRM_SENT) == [600 * US]  # the followers' next questions tell the leader
    assert times(trace, Kind.CONFIRMED) == [700 * US]


def test_acks_1_waits_for_the_leader_alone() -> None:
    trace = play(one(producers=[sender(arrivals=every(MS, 1), acks="1", idempotent=False)]))
    assert times(trace, Kind.CONFIRMED) == [200 * US]


def test_acks_0_hears_nothing() -> None:
    trace = play(one(producers=[sender(arrivals=every(MS, 1), acks="0", idempotent=False)]))
    assert Kind.CONFIRM_SENT not in kinds(trace)
    assert endings(trace) == {"in_flight": 1}


def test_consumers_see_only_what_is_below_the_high_watermark() -> None:
    trace = play(one(consumers=[reader()]))
    assert times(trace, Kind.DELIVERED) == [700 * US]
    assert times(trace, Kind.PROCESSED) == [800 * US]
    assert times(trace, Kind.OFFSET_COMMITTED) == [900 * US]


def test_a_batch_is_one_event_on_link_and_log() -> None:
    trace = play(log(producers=[sender(linger_ns=5 * MS)], consumers=[]))
    assert [(int(r["message"]), int(r["count"])) for r in of_kind(trace, Kind.APPENDED)] == [(0, 5), (5, 5)]
    assert times(trace, Kind.SENT) == [5 * MS, 10 * MS]


def test_a_full_batch_does_not_linger() -> None:
    trace = play(log(producers=[sender(linger_ns=S, batch_bytes=400)], consumers=[]))
    assert times(trace, Kind.SENT)[:2] == [3 * MS, 7 * MS]


def test_no_more_batches_are_in_flight_than_allowed() -> None:
    trace = play(log(producers=[sender(max_in_flight=1, arrivals=every(200 * US, 10))], consumers=[]))
    first, second = of_kind(trace, Kind.SENT)[:2]
    assert (int(second["time_ns"]) - int(first["time_ns"]), int(second["count"])) == (700 * US, 3)


CRASH = Fault(3150 * US, "crash", "a", -1)  # record 3 is in the leader's page cache, and on its way to the others


def leaderless(acks: str, **fields: object) -> Trace:
    faults = fields.pop("faults", [CRASH])
    return play(log(producers=[sender(acks=acks, idempotent=acks == "all", **fields)], faults=faults))  # type: ignore[arg-type]


def test_an_acknowledged_record_is_lost_with_its_leader_under_acks_1() -> None:
    trace = leaderless("1")
    assert actors(trace, Kind.LEADER_ELECTED) == ["b"]
    assert times(trace, Kind.LEADER_ELECTED) == [CRASH.at_ns + 30 * MS]
    lost = [row for row in fate_rows(trace) if row["fate"] == 16]
    assert endings(trace)["lost:unreplicated"] == len(lost) == 1


def test_acks_all_sends_again_what_it_does_not_know() -> None:
    trace = leaderless("all")
    assert endings(trace) == {"processed": 10}
    assert trace.counters.messages["confirmed"] == 10


def test_a_returning_leader_cuts_what_the_new_one_does_not_have() -> None:
    trace = leaderless("1", faults=[replace(CRASH, for_ns=60 * MS)])
    cut = of_kind(trace, Kind.LOG_TRUNCATED)
    assert [(int(row["first"]), int(row["count"])) for row in cut] == [(3, 1)]


def test_too_few_in_sync_refuse_acks_all_until_one_is_back() -> None:
    faults = [Fault(0, "crash", "b", 100 * MS), Fault(0, "crash", "c", -1)]
    late = sender(arrivals=every(MS, 1, start_ns=50 * MS))
    trace = play(one(producers=[late], topics=[topic(min_insync=2)], faults=faults, duration_ns=60 * MS))
    assert kinds(trace, Kind.REFUSED)
    assert times(trace, Kind.CONFIRMED)[0] > 100 * MS


UNCLEAN = [Fault(1500 * US, "crash", "b", 60 * MS), Fault(50 * MS, "crash", "a", 60 * MS)]


@pytest.mark.parametrize("unclean", [True, False])
def test_an_unclean_election_throws_away_what_was_acknowledged(unclean: bool) -> None:
    where = topic(replicas=2, unclean_election=unclean)
    trace = play(log(topics=[where], faults=UNCLEAN, producers=[sender(arrivals=every(MS, 60))],
                     consumers=[], duration_ns=60 * MS))  # fmt: skip
    rows = fate_rows(trace)
    gone = rows[(rows["fate"] == 16) & (rows["confirmed_ns"] >= 0)]
    assert bool(len(gone)) == unclean


def test_a_power_cut_takes_what_was_not_written_back() -> None:
    trace = play(one(topics=[topic(replicas=1)], faults=[Fault(5 * MS, "power_loss", "a", 5 * MS)]))
    assert endings(trace) == {"lost:unsynced_disk": 1}
    safe = play(one(topics=[topic(replicas=1)], faults=[Fault(5 * MS, "power_loss", "a", 5 * MS)], writeback_ns=MS))
    assert endings(safe) == {"in_flight": 1}


def dying(commit: str) -> Trace:
    busy = reader(commit=commit, max_records=4, service=takes(MS))
    quick = sender(arrivals=every(100 * US, 10))
    return play(log(producers=[quick], consumers=[busy], faults=[Fault(4600 * US, "crash", "r", 5 * MS)]))


def test_a_consumer_that_commits_before_it_works_loses() -> None:
    assert endings(dying("before"))["lost:early_commit"] >= 1


@pytest.mark.parametrize("commit", ["auto", "after"])
def test_a_consumer_that_commits_afterwards_repeats(commit: str) -> None:
    trace = dying(commit)
    assert endings(trace) == {"processed": 10}
    assert fate_rows(trace)["effects"].max() == 2


def test_keys_choose_their_partition() -> None:
    keyed = sender(message=Message(100, Keys("uniform", 3), True), arrivals=every(100 * US, 60))
    rows = fate_rows(play(log(producers=[keyed], topics=[topic(partitions=3)], consumers=[])))
    for key in range(3):
        assert len(set(rows["queue"][rows["key"] == key].tolist())) == 1


def test_a_life_names_the_batch_the_replicas_and_the_setting() -> None:
    model = log(producers=[sender(acks="1", idempotent=False)], faults=[CRASH])
    trace = play(model)
    message = int(next(row["message"] for row in fate_rows(trace) if row["fate"] == 16))
    told = str(explain(trace, model, message))
    assert "put it into its page cache (offset 3)" in told
    assert "b, the new leader, did not have it" in told
    assert "`producers.p.acks: 1`" in told
