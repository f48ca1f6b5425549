"""A log on machines: what cards, processors and disks do to batches, exactly, and what survives which fault."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mqlab.model import Disks, Fault, Hardware, Machine, Model, Processor
from mqlab.trace.kinds import Kind
from tests.support.logs import log, reader, sender, topic
from tests.support.models import MS, US, S, endings, every, play, times

SLOW = Machine(10**8, Processor(2, 10 * US, 1 * US), Disks(1, 10**8, 10 * MS, 2 * MS))
FAST = Machine(10**8)


def on(model: Model, broker: Machine = SLOW, client: Machine = FAST, writeback_ns: int = 0, **fields: Any) -> Model:
    """The same log on machines."""
    cluster = model.cluster
    assert cluster is not None
    hardware = Hardware(broker, client, **fields)
    return replace(model, cluster=replace(cluster, hardware=hardware, writeback_ns=writeback_ns))


def one(**fields: Any) -> Model:
    """One record of 100 bytes at the start, one replica unless a test says otherwise."""
    given = {"producers": [sender(arrivals=every(MS, 1))], "consumers": [], "topics": [topic(replicas=1)]}
    return log(**(given | fields))


def test_a_request_takes_its_bytes_its_way_and_its_processor() -> None:
    trace = play(on(one()))
    arrived = 100 * 10 + 100 * US  # 10 ns a byte, then the wire
    assert times(trace, Kind.ARRIVED) == [arrived]
    assert times(trace, Kind.APPENDED) == [arrived + 10 * US + 1 * US]
    assert times(trace, Kind.CONFIRMED) == [arrived + 111 * US]


def test_a_broker_has_one_request_of_a_connection_in_work() -> None:
    """Two partitions of one node: the second batch waits until the first is answered, which takes the followers."""
    fast = on(log(producers=[sender(arrivals=every(10 * US, 2), acks="all", partitioner="round-robin")], consumers=[],
                  topics=[replace(topic(), partitions=(("a", "b"), ("a", "b")))]))  # fmt: skip
    first, second = times(play(fast), Kind.APPENDED)
    answered = times(play(fast), Kind.CONFIRM_SENT)[0]
    assert first < answered <= second - 11 * US


def test_sync_answers_when_the_record_is_on_the_disk() -> None:
    trace = play(on(one(), flush="sync"))
    appended = 101 * US + 11 * US + 12 * MS + 4096 * 10  # a seek, the barrier, a page
    assert times(trace, Kind.APPENDED) == [appended]
    assert times(trace, Kind.CONFIRMED) == [appended + 100 * US]


POWER = Fault(500 * MS, "power_loss", "a", 100 * MS)
CRASH = Fault(500 * MS, "crash", "a", 100 * MS)


@pytest.mark.parametrize(
    ("fault", "fields", "kept"),
    [
        (POWER, {}, False),
        (CRASH, {}, True),
        (POWER, {"flush": "every", "flush_ns": 50 * MS}, True),
        (POWER, {"flush": "records", "flush_records": 1}, True),
        (POWER, {"flush": "sync"}, True),
        (POWER, {"writeback_ns": 100 * MS}, True),
        (POWER, {"layout": "commit_log", "flush": "every", "flush_ns": 50 * MS}, True),
        (POWER, {"layout": "commit_log"}, False),
        (POWER, {"layout": "journal", "flush": "sync"}, True),
        (POWER, {"layout": "journal"}, False),
    ],
)
def test_what_a_power_cut_takes_is_what_was_not_flushed(fault: Fault, fields: dict[str, Any], kept: bool) -> None:
    """The page cache survives a process, not a machine; with one replica nobody else has it."""
    model = replace(one(faults=[fault]), duration_ns=10 * MS, drain_ns=1 * S)
    ends = endings(play(on(model, **fields)))
    assert ends == ({"in_flight": 1} if kept else {"lost:unsynced_disk": 1})


@pytest.mark.parametrize("layout", ["partition", "commit_log", "journal"])
@pytest.mark.parametrize("flush", ["none", "every", "sync"])
def test_everything_arrives_whatever_the_layout(layout: str, flush: str) -> None:
    model = log(producers=[sender(arrivals=every(100 * US, 60))], consumers=[reader()], topics=[topic(partitions=3)])
    trace = play(on(model, layout=layout, flush=flush, flush_ns=20 * MS, writeback_ns=30 * MS))
    assert endings(trace) == {"processed": 60}


def test_a_consumer_far_behind_reads_from_the_disk() -> None:
    """Nothing of 100 bytes stays in a cache of 150 when ten records come after it."""
    model = log(
        producers=[sender(arrivals=every(100 * US, 20), acks="1", idempotent=False)], consumers=[reader()],
        topics=[topic(replicas=1)], faults=[Fault(0, "crash", "r", 50 * MS)],
    )  # fmt: skip
    warm = times(play(on(model)), Kind.DELIVERED)[0]
    cold = times(play(on(model, broker=replace(SLOW, cache_bytes=150))), Kind.DELIVERED)[0]
    assert cold - warm >= 10 * MS


def test_a_full_buffer_makes_its_producer_wait() -> None:
    slow = Machine(10**5)  # 100 bytes take a millisecond
    given = sender(arrivals=every(10 * US, 30), buffer_bytes=500, acks="1", idempotent=False)
    model = on(log(producers=[given], consumers=[], topics=[topic(replicas=1)]), client=slow)
    created = times(play(replace(model, duration_ns=100 * MS)), Kind.CREATED)
    assert created[4] == 40 * US
    assert created[-1] > 20 * MS


def test_machines_shared_are_cards_shared() -> None:
    """Two producers on one machine of 100 kB/s take twice as long as on machines of their own."""
    slow = Machine(10**5)

    def ends(**fields: Any) -> int:
        pair = [sender("p", **fields, arrivals=every(MS, 1)), sender("q", **fields, arrivals=every(MS, 1))]
        return max(times(play(on(log(producers=pair, consumers=[], topics=[topic(replicas=1)]), client=slow)),
                         Kind.ARRIVED))  # fmt: skip

    assert ends() == 1 * MS + 100 * US
    assert ends(machine="both") == 2 * MS + 100 * US
