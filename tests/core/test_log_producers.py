"""A log's producers when things go wrong: sequence numbers, retries that reorder, crashes; and where records go."""

from __future__ import annotations

import pytest

from mqlab.model import Fault, Model
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Trace
from tests.support.logs import log, lossy, sender, topic
from tests.support.models import MS, US, S, endings, every, fate_rows, kinds, of_kind, play, times


def unsteady(**fields: object) -> Model:
    """Two hundred batches over a link that loses one packet in ten."""
    producer = sender(link=lossy(0.1), arrivals=every(500 * US, 200), **fields)  # type: ignore[arg-type]
    return log(producers=[producer], duration_ns=100 * MS, drain_ns=3 * S)


def appended(trace: Trace) -> list[int]:
    return [int(row["message"]) for row in of_kind(trace, Kind.APPENDED)]


def test_what_is_sent_again_comes_after_what_was_sent_later() -> None:
    trace = play(unsteady(idempotent=False))
    assert appended(trace) != sorted(appended(trace))
    assert (fate_rows(trace)["copy_of"] >= 0).any()


@pytest.mark.parametrize("flying", [1, 2, 5])
def test_sequence_numbers_keep_the_order_and_append_once(flying: int) -> None:
    trace = play(unsteady(max_in_flight=flying))
    assert appended(trace) == sorted(set(appended(trace)))
    assert kinds(trace, Kind.APPEND_SKIPPED)
    if flying > 1:
        assert any(row["cause"] == 3 for row in of_kind(trace, Kind.REFUSED))  # out of order: a gap
    assert endings(trace) == {"processed": 200}


def test_one_in_flight_keeps_the_order_without_numbers() -> None:
    trace = play(unsteady(idempotent=False, max_in_flight=1))
    assert appended(trace) == sorted(appended(trace))
    assert len(appended(trace)) > 200 - len(of_kind(trace, Kind.COLLECTED))


def crashing(at_ns: int, for_ns: int = 5 * MS, **fields: object) -> Trace:
    producer = sender(linger_ns=4 * MS, arrivals=every(MS, 20), **fields)  # type: ignore[arg-type]
    return play(log(producers=[producer], faults=[Fault(at_ns, "crash", "p", for_ns)], duration_ns=30 * MS))


def test_what_a_producer_had_collected_dies_with_it() -> None:
    trace = crashing(6500 * US)  # one batch has left; records 4, 5 and 6 wait for theirs
    assert endings(trace) == {"processed": 12, "lost:client_buffer": 3}
    assert times(trace, Kind.FORGOTTEN) == [6500 * US]


def test_what_has_left_is_appended_all_the_same() -> None:
    trace = crashing(4050 * US)  # its request is on the wire
    rows = fate_rows(trace)
    gone = rows[rows["message"] < 4]
    assert (gone["confirmed_ns"] < 0).all()
    assert (gone["enqueued_ns"] >= 0).all()
    assert endings(trace) == {"processed": 14, "lost:client_buffer": 1}


def test_who_begins_anew_has_a_new_number() -> None:
    trace = crashing(6500 * US, 1500 * US)
    assert not [row for row in of_kind(trace, Kind.REFUSED) if row["cause"] == 3]
    assert endings(trace)["lost:client_buffer"] == 3


def test_a_crash_with_many_batches_waiting_is_cut_into_pieces() -> None:
    faults = [Fault(MS, "crash", "a", -1), Fault(60 * MS, "crash", "p", -1)]
    busy = sender(batch_bytes=100, arrivals=every(100 * US, 500))
    trace = play(log(producers=[busy], consumers=[], topics=[topic(replicas=1)], faults=faults, duration_ns=70 * MS))
    assert endings(trace)["lost:client_buffer"] > 400


@pytest.mark.parametrize("kind", ["reset", "silence"])
def test_a_connection_that_breaks_or_falls_silent_is_got_over(kind: str) -> None:
    fault = Fault(5150 * US, kind, "p", 0 if kind == "reset" else 20 * MS)  # type: ignore[arg-type]
    trace = play(log(faults=[fault]))
    assert kinds(trace, Kind.UNKNOWN if kind == "reset" else Kind.PACKET_LOST)
    assert endings(trace) == {"processed": 10}
    assert appended(trace) == sorted(set(appended(trace)))


def test_records_without_a_key_go_round() -> None:
    turns = sender(partitioner="round-robin", arrivals=every(MS, 9))
    rows = fate_rows(play(log(producers=[turns], topics=[topic(partitions=3)], consumers=[])))
    rows = rows[rows["message"].argsort()]
    assert rows["queue"].tolist() == rows["queue"][:3].tolist() * 3


def test_compressed_records_fill_a_batch_later() -> None:
    def sizes(ratio: float) -> list[int]:
        small = sender(linger_ns=S, batch_bytes=400, compression=ratio, arrivals=every(MS, 16))
        return [int(row["count"]) for row in of_kind(play(log(producers=[small])), Kind.SENT)]

    assert sizes(1.0)[0] == 4
    assert sizes(0.5)[0] == 8
