"""Real threads: every record seen once by everyone who should, whatever the graph, the waiting and the handlers."""

import threading

import numpy as np
import pytest

from mqlab.jit import JIT
from mqlab.ring import WAITING, BadRing, HandlerFailed, RingBuffer, RingHalted, compiled

VALUE = [("value", "i8"), ("seen", "i8")]
MANY, SOME = (200_000, 2_000) if JIT else (600, 200)


@compiled
def number_it(record, number, state):
    record["value"] = state[0] + number
    record["seen"] = 0


@compiled
def number_them(batch, number, state):
    for i in range(len(batch)):
        batch[i]["value"] = state[0] + number + i
        batch[i]["seen"] = 0


@compiled
def add(record, sequence, end, state):
    state[0] += record["value"]
    state[1] += 1


@compiled
def add_batch(batch, first, state):
    for i in range(len(batch)):
        state[0] += batch[i]["value"]
    state[1] += len(batch)


@compiled
def follow(record, sequence, end, state):
    """Count records that are not the next number."""
    state[0] += record["value"]
    state[1] += 1
    state[2] += record["value"] != sequence


@compiled
def stamp(record, sequence, end):
    record["seen"] += 1


@compiled
def add_seen(record, sequence, end, state):
    state[0] += record["seen"]
    state[1] += 1


def total(count, start=0):
    return sum(range(start, start + count))


def memory():
    return np.zeros(16, np.int64)


@pytest.mark.parametrize("wait", sorted(set(WAITING) - {"busy-spin"}))
@pytest.mark.parametrize("batch", [1, 7])
def test_one_producer_one_consumer(wait, batch):
    state = memory()
    ring = RingBuffer(VALUE, 1024, wait=wait)
    ring.handle(follow, state=state)
    with ring:
        ring.produce(number_it, MANY, batch=batch, state=memory())
    assert state[:3].tolist() == [total(MANY), MANY, 0]


def test_spinning_without_end():
    state = memory()
    ring = RingBuffer(VALUE, 1024, wait="busy-spin")
    ring.handle(follow, state=state)
    with ring:
        ring.produce(number_it, SOME, batch=100, state=memory())
    assert state[:3].tolist() == [total(SOME), SOME, 0]


@pytest.mark.parametrize("wait", ["blocking", "yielding"])
def test_batches_filled_and_handled_as_arrays(wait):
    state = memory()
    ring = RingBuffer(VALUE, 256, wait=wait)
    ring.handle(add_batch, state=state, batches=True)
    with ring:
        ring.produce(number_them, MANY, batch=100, state=memory(), batches=True)
    assert state[:2].tolist() == [total(MANY), MANY]


def each_in_a_thread(*functions):
    raised = []

    def guarded(function):
        try:
            function()
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    return raised


@pytest.mark.parametrize("wait", ["blocking", "yielding"])
@pytest.mark.parametrize("batch", [1, 10])
def test_three_producers_one_consumer(wait, batch):
    state = memory()
    ring = RingBuffer(VALUE, 256, producers="many", wait=wait)
    ring.handle(add, state=state)

    def producer(number):
        start = memory()
        start[0] = number * SOME
        return lambda: ring.produce(number_it, SOME, batch=batch, state=start)

    with ring:
        assert each_in_a_thread(*[producer(number) for number in range(3)]) == []
    assert state[:2].tolist() == [total(3 * SOME), 3 * SOME]


def test_producers_in_python_keep_their_own_order():
    seen = []
    ring = RingBuffer([("who", "i4"), ("number", "i4")], 16, producers="many")
    ring.handle(lambda record, sequence, end: seen.append((int(record["who"]), int(record["number"]))))

    def producer(who):
        return lambda: [ring.publish(who=who, number=number) for number in range(200)]

    with ring:
        assert each_in_a_thread(*[producer(who) for who in range(3)]) == []
    for who in range(3):
        assert [number for other, number in seen if other == who] == list(range(200))


@pytest.mark.parametrize("wait", ["blocking", "yielding"])
def test_multicast_everybody_sees_everything(wait):
    states = [memory() for _ in range(3)]
    ring = RingBuffer(VALUE, 256, wait=wait)
    for state in states:
        ring.handle(follow, state=state)
    with ring:
        ring.produce(number_it, SOME, batch=5, state=memory())
    assert [state[:3].tolist() for state in states] == [[total(SOME), SOME, 0]] * 3


@pytest.mark.parametrize("wait", ["blocking", "yielding"])
def test_a_pipeline_hands_on_what_was_written(wait):
    state = memory()
    ring = RingBuffer(VALUE, 64, wait=wait)
    second = ring.handle(stamp, after=ring.handle(stamp))
    ring.handle(add_seen, after=second, state=state)
    with ring:
        ring.produce(number_it, SOME, state=memory())
    assert state[:2].tolist() == [2 * SOME, SOME]


@pytest.mark.parametrize("kind", ["compiled", "python"])
def test_a_diamond_joins_after_both_sides(kind):
    ring = RingBuffer([("value", "i8"), ("left", "i8"), ("right", "i8")], 64)
    wrong = memory()

    def left(record, sequence, end):
        record["left"] = record["value"] + 1

    def right(record, sequence, end):
        record["right"] = record["value"] + 2

    def join(record, sequence, end, state):
        state[0] += record["left"] != record["value"] + 1 or record["right"] != record["value"] + 2
        state[1] += 1

    def fill(record, number):
        record["value"] = number
        record["left"] = record["right"] = 0

    dress = compiled if kind == "compiled" else lambda function: function
    ring.handle(dress(join), after=[ring.handle(dress(left)), ring.handle(dress(right))], state=wrong)
    with ring:
        ring.produce(dress(fill), SOME)
    assert wrong[:2].tolist() == [0, SOME]


@pytest.mark.parametrize("producers", ["one", "many"])
@pytest.mark.parametrize("wait", ["blocking", "yielding"])
def test_a_pool_shares_the_records(producers, wait):
    states = [memory() for _ in range(3)]
    after = memory()
    ring = RingBuffer(VALUE, 64, producers=producers, wait=wait)
    pool = ring.workers([add] * 3, states=states)
    ring.handle(add, after=pool, state=after)
    with ring:
        ring.produce(number_it, SOME, batch=3, state=memory())
    assert [sum(int(state[i]) for state in states) for i in range(2)] == [total(SOME), SOME]
    assert after[:2].tolist() == [total(SOME), SOME]


def test_a_pool_of_python_workers_sees_each_record_once():
    seen = []
    ring = RingBuffer(VALUE, 8)
    ring.workers([lambda record, sequence, end: seen.append(sequence) for _ in range(4)], name="desk")
    with ring:
        for value in range(300):
            ring.publish(value=value)
    assert sorted(seen) == list(range(300))


def test_python_handlers_get_the_end_of_batches_and_arrays():
    ends, parts = [], []
    ring = RingBuffer(VALUE, 8)
    ring.handle(lambda record, sequence, end: ends.append((sequence, end)), limit=4)
    ring.handle(lambda batch, first, state: parts.append((first, len(batch))), batches=True, state="anything")
    with ring:
        ring.publish_many({"value": range(20)})
    assert [sequence for sequence, _ in ends] == list(range(20))
    assert ends[-1] == (19, True)
    assert sum(length for _, length in parts) == 20
    assert all(first % 8 + length <= 8 for first, length in parts)


def test_drain_waits_for_every_stage():
    ring = RingBuffer(VALUE, 8)
    last = ring.handle(stamp, after=ring.handle(stamp))
    with ring:
        for value in range(100):
            ring.publish(value=value)
        ring.drain()
        assert last.sequence == 99


def test_a_handler_behind_a_reader_is_drained_as_far_as_the_reader_came():
    ring = RingBuffer(VALUE, 8)
    reader = ring.reader()
    behind = ring.handle(stamp, after=reader)
    with ring:
        ring.publish_many({"value": [1, 2, 3]})
        reader.done(1)
    assert behind.sequence == 1


def test_a_reader_wakes_when_something_comes():
    ring = RingBuffer(VALUE, 8)
    reader = ring.reader()
    got = []

    def read():
        while len(got) < 50:
            reader.wait(timeout_s=60)
            got.extend(int(record["value"]) for record in reader.batch())

    with ring:
        assert each_in_a_thread(read, lambda: [ring.publish(value=value) for value in range(50)]) == []
    assert got == list(range(50))


# --- what goes wrong -----


@compiled
def stumble(record, sequence, end):
    if record["value"] == 70:
        raise ValueError("seventy")


def stumble_in_python(record, sequence, end):
    if record["value"] == 70:
        raise ValueError("seventy")


@pytest.mark.parametrize("handler", [stumble, stumble_in_python])
@pytest.mark.parametrize("pool", [False, True])
def test_what_a_handler_raises_halts_the_ring_and_comes_out(handler, pool):
    ring = RingBuffer(VALUE, 16)
    stage = ring.workers([handler, handler], name="clerk") if pool else ring.handle(handler, name="clerk")
    failed = None
    try:
        with ring:
            for value in range(1000):
                ring.publish(value=value)
    except HandlerFailed as error:
        failed = error
    assert failed is not None
    assert (failed.stage.partition("[")[0], failed.sequence) == ("clerk", 70)
    assert isinstance(failed.__cause__, ValueError)
    assert "ValueError: seventy" in str(failed)
    assert stage.sequence <= 69
    with pytest.raises(HandlerFailed):
        ring.publish(value=1)


def test_a_failure_after_the_last_publish_comes_out_of_close():
    ring = RingBuffer(VALUE, 256)
    ring.handle(stumble_in_python)
    ring.start()
    ring.publish_many({"value": range(100)})
    with pytest.raises(HandlerFailed, match="at sequence 70"):
        ring.close()
    ring.close(drain=False)


@pytest.mark.parametrize("wait", ["blocking", "yielding"])
def test_halting_ends_a_producer_that_waits_for_room(wait):
    ring = RingBuffer(VALUE, 4, wait=wait)
    ring.reader()
    ring.start()
    ring.publish_many({"value": range(4)})
    halting = threading.Thread(target=ring.halt)
    halting.start()
    with pytest.raises(RingHalted):
        ring.publish(value=4)
    halting.join()
    ring.close(drain=False)


@pytest.mark.parametrize("many", ["one", "many"])
def test_halting_ends_a_compiled_producer_that_waits_for_room(many):
    ring = RingBuffer(VALUE, 4, producers=many)
    ring.reader()
    ring.start()
    halting = threading.Thread(target=ring.halt)
    halting.start()
    with pytest.raises(RingHalted):
        ring.produce(number_it, 100, batch=3, state=memory())
    halting.join()


def test_a_fill_function_that_raises_publishes_nothing_of_its_claim():
    @compiled
    def fill(record, number):
        if number == 5:
            raise ValueError("five")
        record["value"] = number

    ring = RingBuffer(VALUE, 16)
    reader = ring.reader()
    with ring:
        with pytest.raises(ValueError, match="five"):
            ring.produce(fill, 10, batch=2)
        assert [int(record["value"]) for record in reader.batch()] == [0, 1, 2, 3]
        ring.publish(value=9)
        assert [int(record["value"]) for record in reader.batch()] == [9]


def test_a_block_that_raises_is_told_not_the_halt():
    ring = RingBuffer(VALUE, 4)
    ring.handle(stamp)

    def leave():
        with ring:
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        leave()
    assert not any(thread.name.startswith("ring-") for thread in threading.enumerate())


def test_a_count_below_zero_is_refused():
    ring = RingBuffer(VALUE, 4)
    ring.handle(stamp)
    with ring, pytest.raises(BadRing, match="count is -1"):
        ring.produce(number_it, -1, state=memory())
