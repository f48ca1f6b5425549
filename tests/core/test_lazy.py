"""Lazy queues: what is ready stands on the disk; it costs no memory, and time to be read back."""

from __future__ import annotations

from typing import Any

from mqlab.model import Disk, Fault, Keys, Message, Model, Node
from mqlab.trace.kinds import Kind
from tests.support.models import MS, consumer, endings, every, of_kind, play, producer, queue, takes, times, tiny


def shop(*, mode: str = "lazy", persistent: bool = False, **fields: Any) -> Model:
    """Ten messages of 1000 bytes at once; a flush takes 2 ms (and 10 for the bytes), a read 3 ms (and 1)."""
    settings: dict[str, Any] = {
        "nodes": [Node("broker", 0, 0, Disk(takes(2 * MS), 1e6, 0, seek_ns=3 * MS))],
        "queues": [queue(durable=True, mode=mode)],
        "producers": [producer(arrivals=every(1, 10), message=Message(1000, Keys(), persistent))],
        "consumers": [],
    } | fields  # fmt: skip
    return tiny(**settings)


def test_a_backlog_of_a_lazy_queue_costs_no_memory_once_it_is_written() -> None:
    from mqlab.core.build import build
    from mqlab.core.machine import Machine

    held = {}
    for mode in ("lazy", "default"):
        machine = Machine(build(shop(mode=mode), 1, "counts"), lambda rows: None, lambda rows: None)
        machine.advance(500 * MS)
        held[mode] = int(machine.array("nodes")[0]["memory"])
    assert held == {"lazy": 0, "default": 10_000}


def test_a_delivery_waits_until_its_message_has_been_read_back() -> None:
    """The consumer comes back at 100 ms, when all is on disk: a read each 4 ms, one after the other."""
    back = Fault(0, "crash", "c", 100 * MS)
    trace = play(shop(consumers=[consumer(prefetch=3, service=takes(0))], faults=[back]))
    assert [t - 100 * MS for t in times(trace, Kind.DELIVERED)] == [4 * MS * i for i in range(1, 11)]
    assert play(shop(mode="default", consumers=[consumer(prefetch=3, service=takes(0))], faults=[back])).counters.fates[
        "processed"
    ] == 10
    assert endings(trace) == {"processed": 10}


def test_what_has_not_been_written_yet_needs_no_reading() -> None:
    trace = play(shop(consumers=[consumer(prefetch=20, service=takes(0))]))
    assert times(trace, Kind.DELIVERED) == times(trace, Kind.ENQUEUED)


def test_transient_messages_are_paged_out_and_do_not_survive_for_that() -> None:
    trace = play(shop(faults=[Fault(50 * MS, "crash", "broker", MS)]))
    assert len(of_kind(trace, Kind.SYNCED)) == 10
    assert endings(trace) == {"lost:broker_memory": 10}
    safe = play(shop(persistent=True, faults=[Fault(50 * MS, "crash", "broker", MS)]))
    assert endings(safe) == {"in_flight": 10}


def test_reads_and_flushes_take_turns_at_the_disk() -> None:
    """A message that comes while three are read back is flushed after them."""
    late = producer("late", arrivals=every(MS, 1, start_ns=101 * MS), message=Message(1000, Keys(), True))
    model = shop(consumers=[consumer(prefetch=3, service=takes(200 * MS))], faults=[Fault(0, "crash", "c", 100 * MS)])
    trace = play(tiny(nodes=model.nodes, queues=model.queues, producers=[*model.producers, late],
                      consumers=model.consumers, faults=model.faults, duration_ns=200 * MS))  # fmt: skip
    assert times(trace, Kind.FLUSH_ENDED)[-1] == 100 * MS + 3 * 4 * MS + 3 * MS


def test_what_comes_back_is_on_disk_still() -> None:
    """Three were read back for a consumer that dies: they stand in their places again, and are read again."""
    faults = [Fault(0, "crash", "c", 100 * MS), Fault(150 * MS, "crash", "c", 100 * MS)]
    trace = play(shop(consumers=[consumer(prefetch=3, service=takes(200 * MS))], faults=faults))
    again = [t for t in times(trace, Kind.DELIVERED) if t > 200 * MS]
    assert again[:3] == [250 * MS + 4 * MS, 250 * MS + 8 * MS, 250 * MS + 12 * MS]
