"""Sequence arithmetic, stepped by hand: who may write where, who may read what. No threads."""

import numpy as np
import pytest

from mqlab.ring import (
    AlreadyStarted,
    BadRing,
    NotClaimed,
    NotStarted,
    PastBarrier,
    RingBuffer,
    RingHalted,
    SecondProducer,
)
from mqlab.ring.cells import LINE, aligned, new_cells

VALUE = [("value", "i8")]


def ring_of(size=4, readers=1, **options):
    ring = RingBuffer(VALUE, size, **options)
    return ring, *[ring.reader(name=f"r{n}") for n in range(readers)]


def values(reader, limit=None):
    return [int(record["value"]) for record in reader.batch(limit)]


BOTH = pytest.mark.parametrize("producers", ["one", "many"])


@BOTH
def test_what_is_published_is_read_in_order(producers):
    ring, reader = ring_of(producers=producers)
    with ring:
        for value in range(3):
            ring.publish(value=value)
        assert (reader.sequence, reader.barrier()) == (-1, 2)
        assert values(reader) == [0, 1, 2]
        assert (reader.sequence, values(reader)) == (2, [])


@BOTH
def test_a_producer_stops_a_lap_before_the_slowest_reader(producers):
    ring, quick, slow = ring_of(readers=2, producers=producers)
    with ring:
        for value in range(4):
            ring.publish(value=value)
        assert ring.try_claim() is None
        assert values(quick) == [0, 1, 2, 3]
        assert ring.try_claim() is None
        slow.done(1)
        claim = ring.try_claim(2)
        assert (claim.first, claim.last) == (4, 5)
        assert ring.try_claim() is None
        claim["value"] = 9
        claim.publish()
        assert values(quick) == [9, 9]
        assert values(slow) == [2, 3, 9, 9]


@BOTH
def test_a_claim_is_invisible_until_it_is_published(producers):
    ring, reader = ring_of(producers=producers)
    with ring:
        claim = ring.claim(2)
        claim["value"] = [5, 6]
        assert (reader.barrier(), ring.published()) == (-1, -1)
        claim.publish()
        assert (reader.barrier(), ring.published()) == (1, 1)


def test_with_many_producers_readers_stop_at_the_first_hole():
    ring, reader = ring_of(size=8, producers="many")
    with ring:
        first, second, third = ring.claim(), ring.claim(2), ring.claim()
        for claim in (first, second, third):
            claim["value"] = claim.first
        third.publish()
        assert (reader.barrier(), ring.published()) == (-1, -1)
        first.publish()
        assert (reader.barrier(), ring.published()) == (0, 0)
        second.publish()
        assert (reader.barrier(), ring.published()) == (3, 3)
        assert values(reader) == [0, 1, 1, 3]


def test_marks_of_the_lap_before_are_no_marks():
    ring, reader = ring_of(producers="many")
    with ring:
        for lap in range(3):
            late, early = ring.claim(), ring.claim(3)
            early["value"] = late["value"] = lap
            early.publish()
            assert values(reader) == []
            late.publish()
            assert values(reader) == [lap] * 4


@BOTH
def test_a_claim_across_the_end_of_the_memory_is_filled_in_order(producers):
    ring, reader = ring_of(producers=producers)
    with ring:
        ring.publish_many({"value": [0, 1, 2]})
        assert values(reader) == [0, 1, 2]
        with ring.claim(4) as claim:
            claim["value"] = [3, 4, 5, 6]
            assert [int(record["value"]) for record in claim] == [3, 4, 5, 6]
        assert [start for start, _ in ring.parts(3, 6)] == [3, 4]
        assert ring.records["value"].tolist() == [4, 5, 6, 3]
        assert values(reader) == [3, 4, 5, 6]


def test_a_batch_left_early_gives_back_what_it_has_come_past():
    ring, reader = ring_of()
    with ring:
        ring.publish_many({"value": [0, 1, 2, 3]})
        batch = reader.batch()
        assert [int(next(batch)["value"]) for _ in range(3)] == [0, 1, 2]
        batch.close()
        assert reader.sequence == 1
        assert values(reader, limit=1) == [2]


def test_a_reader_after_others_waits_for_the_slowest_of_them():
    ring = RingBuffer(VALUE, 8)
    a, b = ring.reader(name="a"), ring.reader(name="b")
    end = ring.reader(name="end", after=[a, b])
    with ring:
        ring.publish_many({"value": [0, 1, 2, 3]})
        a.done(3)
        assert end.barrier() == -1
        b.done(1)
        assert (end.barrier(), values(end)) == (1, [0, 1])
        assert ring.gates.tolist() == [end.places[0]]


def test_publish_many_takes_records_and_columns():
    ring, reader = ring_of(size=8)
    with ring:
        ring.publish_many(np.array([(1,), (2,)], ring.dtype))
        ring.publish_many({"value": np.arange(3, 6)})
        assert values(reader) == [1, 2, 3, 4, 5]
        with pytest.raises(BadRing, match="this ring holds"):
            ring.publish_many(np.arange(3))


def test_fields_that_are_not_named_are_zero_even_in_a_used_slot():
    ring = RingBuffer([("a", "i4"), ("b", "f8")], 1)
    reader = ring.reader()
    with ring:
        ring.publish(a=1, b=2.5)
        assert [record.tolist() for record in reader.batch()] == [(1, 2.5)]
        ring.publish(a=3)
        assert [record.tolist() for record in reader.batch()] == [(3, 0.0)]


def test_a_single_producer_has_its_slots_back_when_its_block_raises():
    ring, reader = ring_of()
    with ring:
        with pytest.raises(ZeroDivisionError), ring.claim(2) as claim:
            claim["value"] = 1 // 0
        ring.publish(value=7)
        assert values(reader) == [7]


def test_with_many_producers_a_block_that_raises_halts_the_ring():
    ring, _ = ring_of(producers="many")
    ring.start()
    with pytest.raises(ZeroDivisionError), ring.claim(2) as claim:
        claim["value"] = 1 // 0
    with pytest.raises(RingHalted, match="0 to 1 were claimed and never published"):
        ring.publish(value=7)
    with pytest.raises(RingHalted):
        ring.close()


# --- bad use -----


@pytest.mark.parametrize("size", [0, -4, 3, 1000, 2.0, "8"])
def test_the_size_is_a_power_of_two(size):
    with pytest.raises(BadRing, match="must be a power of two, such as"):
        RingBuffer(VALUE, size)


@pytest.mark.parametrize(
    ("dtype", "says"),
    [("i8", "no named fields"), ([("a", "O")], "may not hold Python objects"), ("nonsense", "is no dtype"),
     ([], "no named")],
)
def test_records_have_named_fields_and_no_objects(dtype, says):
    with pytest.raises(BadRing, match=says):
        RingBuffer(dtype, 4)


def test_options_are_known_words():
    with pytest.raises(BadRing, match='say "one" or "many"'):
        RingBuffer(VALUE, 4, producers=3)
    with pytest.raises(BadRing, match="did you mean `yielding`"):
        RingBuffer(VALUE, 4, wait="yeilding")


@BOTH
def test_what_was_published_cannot_be_published_again(producers):
    ring, _ = ring_of(producers=producers)
    with ring:
        claim = ring.claim(2)
        claim.publish()
        with pytest.raises(NotClaimed, match="0 to 1 are published or given up already; claim"):
            claim.publish()
        with pytest.raises(NotClaimed):
            claim["value"] = 1


def test_one_producer_publishes_its_claims_in_their_order():
    ring, reader = ring_of()
    with ring:
        first, second = ring.claim(), ring.claim()
        with pytest.raises(NotClaimed, match="cannot be published after -1"):
            second.publish()
        first.publish()
        second.publish()
        assert reader.barrier() == 1


def test_a_record_is_not_published_around_an_open_claim():
    ring, reader = ring_of()
    with ring:
        claim = ring.claim()
        with pytest.raises(NotClaimed, match="comes after a claim that is still open"):
            ring.publish(value=2)
        with pytest.raises(NotClaimed, match="still open"):
            ring.produce(print, 3)
        claim["value"] = 1
        claim.publish()
        ring.publish(value=2)
        assert values(reader) == [1, 2]


def test_a_claim_that_was_given_up_with_an_earlier_one_is_no_claim():
    ring, _ = ring_of()
    with ring:
        first, second = ring.claim(), ring.claim()
        first.give_up()
        with pytest.raises(NotClaimed):
            second.publish()
        ring.publish(value=1)
        with pytest.raises(NotClaimed, match="giving one up"):
            second.publish()


@BOTH
@pytest.mark.parametrize("n", [0, -1, 5])
def test_a_claim_fits_into_the_ring(producers, n):
    ring, _ = ring_of(producers=producers)
    with ring, pytest.raises(BadRing, match="between 1 and the ring's size, 4"):
        ring.claim(n)


def test_a_reader_stays_between_its_sequence_and_its_barrier():
    ring, reader = ring_of()
    with ring:
        ring.publish_many({"value": [5, 6]})
        assert int(reader[1]["value"]) == 6
        with pytest.raises(PastBarrier, match="may read up to sequence 1, not 2; wait"):
            reader[2]
        with pytest.raises(PastBarrier, match="it has come to -1 and may read up to 1"):
            reader.done(2)
        reader.done(0)
        with pytest.raises(PastBarrier, match="gave back sequence 0 already"):
            reader[0]
        with pytest.raises(PastBarrier):
            reader.done(-1)


def test_nothing_happens_before_the_start_and_no_consumer_joins_after_it():
    ring, reader = ring_of()
    for act in (ring.claim, ring.publish, lambda: reader[0], lambda: reader.done(0), lambda: list(reader.batch())):
        with pytest.raises(NotStarted, match="start\\(\\) it"):
            act()
    with ring:
        for act in (ring.reader, lambda: ring.handle(print), lambda: ring.workers([print])):
            with pytest.raises(AlreadyStarted, match="before start"):
                act()
        with pytest.raises(AlreadyStarted, match="build a new"):
            ring.start()


def test_the_graph_is_made_of_the_rings_own_consumers():
    ring, _ = ring_of()
    _, stranger = ring_of()
    with pytest.raises(BadRing, match="not of this ring"):
        ring.reader(after=stranger)
    with pytest.raises(BadRing, match="at least one"):
        ring.workers([])
    with pytest.raises(BadRing, match="between 1 and the ring's size"):
        ring.handle(print, limit=5)
    with pytest.raises(BadRing, match="room for 251"):
        ring.workers([print] * 251)


def test_a_ring_that_nobody_reads_does_not_start():
    with pytest.raises(BadRing, match="nobody reads"):
        RingBuffer(VALUE, 4).start()


def test_unknown_fields_are_refused():
    ring, reader = ring_of()
    with ring:
        with pytest.raises(BadRing, match="no field 'vaule'; the fields are value"):
            ring.publish(vaule=1)
        assert reader.barrier() == -1


def test_a_halted_ring_says_so():
    ring, reader = ring_of()
    with ring:
        ring.halt()
        with pytest.raises(RingHalted):
            ring.publish(value=1)
        with pytest.raises(RingHalted):
            reader.wait()


def test_a_wait_may_be_bounded():
    ring, reader = ring_of(wait="sleeping")
    with ring:
        assert not reader.wait(timeout_s=0)
        ring.publish(value=1)
        assert reader.wait(timeout_s=0)


def test_sequences_stand_on_cache_lines_of_their_own():
    cells = new_cells()
    assert LINE * cells.itemsize == 128
    assert cells.ctypes.data % 128 == 0
    assert aligned(3, np.dtype("i4")).ctypes.data % 128 == 0
    ring = RingBuffer(VALUE, 4)
    places = [*ring.workers([print, print]).places, *ring.reader().places]
    assert len({place // LINE for place in places}) == 3
    assert all(place % LINE == 0 for place in places)


def test_only_one_thread_publishes_where_one_was_said(in_thread):
    ring, _ = ring_of()
    with ring:
        ring.publish(value=1)
        assert isinstance(in_thread(lambda: ring.publish(value=2)), SecondProducer)
