"""A disk that lies, and what was written but not synced when the process crashed: what a power cut takes of them."""

from __future__ import annotations

import pytest

from mqlab.model import Confirm, Disk, Fault, Keys, Message, Model, Node
from mqlab.trace.kinds import Kind
from tests.support.models import MS, endings, every, fate_rows, kinds, of_kind, play, producer, queue, takes, tiny


def power_cut(lies_ns: int, *, at: int = 9 * MS, messages: int = 8, faults: tuple[Fault, ...] = ()) -> Model:
    """Messages each millisecond, each synced a millisecond after it came; the power fails."""
    return tiny(
        nodes=[Node("broker", 0, 0, Disk(takes(MS), 0.0, 0, lies_ns=lies_ns))],
        queues=[queue(durable=True)],
        producers=[producer(arrivals=every(2 * MS, messages), confirm=Confirm(0, 0), message=Message(1, Keys(), True))],
        consumers=[],
        duration_ns=100 * MS,
        faults=[*faults, Fault(at, "power_loss", "broker", MS)],
    )


def test_an_honest_disk_keeps_what_it_called_safe() -> None:
    """Messages 0 to 4 came at 0, 2, 4, 6 and 8 ms; the last one's fsync would have returned at 9 ms."""
    trace = play(power_cut(0))
    assert of_kind(trace, Kind.VANISHED)["message"].tolist() == [4]
    assert of_kind(trace, Kind.RECOVERED)["message"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("lies_ns", "taken"), [(MS, [4]), (3 * MS, [3, 4]), (5 * MS, [2, 3, 4]), (-1, [0, 1, 2, 3, 4])]
)
def test_a_power_cut_takes_what_is_still_in_the_drives_cache(lies_ns: int, taken: list[int]) -> None:
    """Synced at 1, 3, 5 and 7 ms; at 9 ms what was called safe less than so long ago is gone."""
    trace = play(power_cut(lies_ns))
    assert of_kind(trace, Kind.VANISHED)["message"].tolist() == taken
    rows = fate_rows(trace)[taken[:-1]]
    assert (rows["confirmed_ns"] >= 0).all()
    assert endings(trace)["lost:unsynced_disk"] == len(taken)


def test_a_lying_disk_does_not_matter_to_a_process_crash() -> None:
    model = power_cut(-1, at=99 * MS, faults=(Fault(9 * MS, "crash", "broker", MS),))
    trace = play(model)
    assert [t for t in of_kind(trace, Kind.VANISHED)["time_ns"].tolist() if t < 50 * MS] == []


def test_what_was_only_written_at_a_crash_is_not_safe_from_a_power_cut_soon_after() -> None:
    """The fsync of message 0 is under way when the process dies; nothing syncs the disk afterwards."""
    model = power_cut(0, at=5 * MS, messages=1, faults=(Fault(MS // 2, "crash", "broker", MS),))
    trace = play(model)
    assert kinds(trace, Kind.RECOVERED, Kind.VANISHED) == [Kind.RECOVERED, Kind.VANISHED]
    assert endings(trace) == {"lost:unsynced_disk": 1}


def test_the_next_flush_makes_safe_what_was_only_written_at_a_crash() -> None:
    """Message 1 comes at 10 ms, when the producer is connected again, and is flushed; the power fails afterwards."""
    crash = Fault(MS // 2, "crash", "broker", MS)
    model = power_cut(0, at=50 * MS, messages=2, faults=(crash,))
    later = producer(arrivals=every(10 * MS, 2), confirm=Confirm(0, 0), message=Message(1, Keys(), True))
    trace = play(tiny(nodes=model.nodes, queues=model.queues, producers=[later], consumers=[], duration_ns=100 * MS,
                      faults=model.faults))  # fmt: skip
    assert of_kind(trace, Kind.VANISHED)["message"].tolist() == []
    assert of_kind(trace, Kind.RECOVERED)["message"].tolist() == [0, 0, 1]


def test_a_flush_that_a_crash_broke_off_makes_nothing_safe() -> None:
    """Two crashes, each in the middle of a flush, and then a power cut: nothing was ever synced."""
    faults = (Fault(MS // 2, "crash", "broker", MS), Fault(10 * MS + MS // 2, "crash", "broker", MS))
    model = power_cut(0, at=20 * MS, messages=2, faults=faults)
    later = producer(arrivals=every(10 * MS, 2), confirm=Confirm(0, 0), message=Message(1, Keys(), True))
    trace = play(tiny(nodes=model.nodes, queues=model.queues, producers=[later], consumers=[], duration_ns=100 * MS,
                      faults=model.faults))  # fmt: skip
    assert of_kind(trace, Kind.VANISHED)["message"].tolist() == [0, 1]
