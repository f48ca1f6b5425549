"""Topics: where records go, what is kept, how they are read without a group."""

import asyncio
import threading

import pytest

from mqlab.broker import Broker, BrokerClosed, ConcurrentUse, ManualClock, NotAssigned, NotFound, PreconditionFailed
from mqlab.broker.errors import ConsumerCancelled, OffsetOutOfRange, PublishersBlocked
from mqlab.policies.keys import murmur2_of, partition_for
from mqlab.policies.partitioners import murmur2, partition_of_key

S = 1_000_000_000
PATIENCE_S = 30


def bodies(records):
    return [record.body for record in records]


@pytest.mark.parametrize(
    ("data", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_keys_hash_as_in_kafkas_own_tests(data, hashed):
    assert murmur2_of(data) == hashed % 2**32


def test_whole_keys_go_where_the_simulation_sends_them():
    for key in [0, 1, 7, 255, 65_536, 2**31 - 1, 2**32 - 1]:
        assert murmur2_of(key.to_bytes(4, "big")) == murmur2(key)
        assert partition_for(key, 7) == partition_of_key(key, 7)
    assert partition_for("köln", 97) == partition_for("köln".encode(), 97)


def test_one_key_is_one_partition_in_order_and_none_takes_turns(broker):
    topic = broker.topic("orders", partitions=4)
    places = [topic.publish(n, key=f"k{n % 3}") for n in range(30)]
    by_key = {n % 3: {place.partition for n2, place in enumerate(places) if n2 % 3 == n % 3} for n in range(3)}
    assert all(len(partitions) == 1 for partitions in by_key.values())
    assert [topic.publish("x").partition for _ in range(8)] == [0, 1, 2, 3, 0, 1, 2, 3]
    assert [topic.publish_many("abc") for _ in range(2)][1].keys() == {1}
    assert topic.publish("here", partition=2, key="k0").partition == 2
    with pytest.raises(PreconditionFailed, match="topic `orders` has no partition 4; it has 0 to 3"):
        topic.publish("x", partition=4)


def test_a_batch_with_keys_of_its_own_is_shared_out(broker):
    topic = broker.topic("orders", partitions=3)
    keys = [f"k{n}" for n in range(10)]
    placed = topic.publish_many(range(10), keys=keys)
    assert sum(map(len, placed.values())) == 10
    found = topic.read(start="earliest").poll()
    assert {record.body: record.partition for record in found} == {n: partition_for(k, 3) for n, k in enumerate(keys)}
    assert [record.key for record in sorted(found, key=lambda record: record.body)] == keys
    with pytest.raises(ValueError, match="shorter"):
        topic.publish_many(range(3), keys=["a"])


def test_a_topic_is_there_once_and_as_it_was_made(broker):
    topic = broker.topic("t", partitions=3)
    assert broker.topic("t") is topic
    assert broker.topic("t", partitions=3) is topic
    with pytest.raises(PreconditionFailed, match="topic `t` is there with partitions 3, not 4; ask for it with"):
        broker.topic("t", partitions=4)
    with pytest.raises(PreconditionFailed, match="a topic has no option `partition`; did you mean `partitions`"):
        broker.topic("t", partition=4)
    with pytest.raises(PreconditionFailed, match="partitions is 0; give 1 or more"):
        broker.topic("u", partitions=0)
    with pytest.raises(PreconditionFailed, match="retention_ns is -2"):
        broker.topic("u", retention_ns=-2)
    with pytest.raises(NotFound, match="there is no virtual host `x`"):
        broker.topic("u", virtual_host="x")
    broker.add_virtual_host("x")
    assert broker.topic("t", virtual_host="x") is not topic


def test_a_reader_alone_begins_where_it_is_told_and_misses_what_comes_while_it_is_away(broker):
    topic = broker.topic("t", partitions=2)
    topic.publish_many(range(3), partition=0)
    late, early, one = topic.read(), topic.read(start="earliest"), topic.read([1], start="earliest")
    topic.publish_many(range(3, 5), partition=1)
    assert bodies(late.poll()) == [3, 4]
    assert bodies(early.poll()) == [0, 1, 2, 3, 4]
    assert one.assignment == [("t", 1)]
    assert bodies(one.poll()) == [3, 4]
    late.close()
    topic.publish("nobody", partition=0)
    with pytest.raises(ConsumerCancelled, match="this reader was closed"):
        late.poll()
    assert topic.read().poll() == []
    with pytest.raises(PreconditionFailed, match="cannot start at `erliest`; did you mean `earliest`"):
        topic.read(start="erliest")


def test_a_poll_takes_at_most_what_it_is_told_and_serves_all_partitions(broker):
    topic = broker.topic("t", partitions=3)
    for partition in range(3):
        topic.publish_many([(partition, n) for n in range(10)], partition=partition)
    reader = topic.read(start="earliest")
    polls = [reader.poll(5) for _ in range(6)]
    assert [len(poll) for poll in polls] == [5] * 6
    assert len({poll[0].partition for poll in polls[:3]}) == 3
    for partition in range(3):
        assert [r.offset for poll in polls for r in poll if r.partition == partition] == list(range(10))
    assert reader.poll() == []
    assert reader.lag() == {("t", n): 0 for n in range(3)}
    with pytest.raises(ValueError, match="maximum is 0"):
        reader.poll(0)


def test_readers_seek(broker, clock):
    topic = broker.topic("t", segment_records=2)
    for n in range(6):
        topic.publish(n)
        clock.advance(S)
    reader = topic.read(start="earliest")
    reader.seek(0, 4)
    assert (reader.position(0), bodies(reader.poll())) == (4, [4, 5])
    reader.seek_to_beginning()
    assert bodies(reader.poll(2)) == [0, 1]
    reader.seek_to_end()
    assert reader.poll() == []
    reader.seek_to_time(3 * S)
    assert bodies(reader.poll()) == [3, 4, 5]
    reader.seek_to_time(100 * S)
    assert reader.poll() == []
    with pytest.raises(OffsetOutOfRange, match="offset 7 of t/0 is out of range; it has 0 to 6"):
        reader.seek(0, 7)
    with pytest.raises(NotAssigned, match="this reader has no partition 1; it has t/0"):
        reader.seek(1, 0)


def test_retention_by_time_drops_whole_segments_also_when_nobody_publishes(broker, clock):
    topic = broker.topic("t", retention_ns=10 * S, segment_records=2)
    for n in range(5):
        topic.publish(n)
        clock.advance(S)
    # segments: 0 1 | 2 3 | 4, appended at 0 … 4 s
    clock.advance(5 * S)
    assert topic.partitions[0].start == 0
    clock.advance(S)  # at 11 s the record of 1 s is too old
    assert topic.partitions[0].start == 2
    clock.advance(3 * S)
    stats = topic.stats()
    assert (stats.published, stats.kept, stats.dropped, stats.is_conserved) == (5, 0, 5, True)
    assert topic.publish("next").offset == 5


def test_retention_by_size_keeps_at_least_what_it_says_and_tells_who_was_too_slow(broker):
    topic = broker.topic("t", retention_bytes=40, segment_records=1)
    slow = topic.read(start="earliest")
    for n in range(10):
        topic.publish(bytes([n]) * 10)
    assert (topic.partitions[0].start, topic.partitions[0].size_bytes) == (6, 40)
    assert [record.offset for record in slow.poll()] == [6, 7, 8, 9]
    assert slow.skipped == 6


def test_a_thread_that_polls_is_woken_and_time_is_up_by_the_clock(broker, clock):
    topic = broker.topic("t", partitions=3)
    reader = topic.read()
    found = []
    thread = threading.Thread(target=lambda: found.append(bodies(reader.poll(timeout_s=None))), daemon=True)
    thread.start()
    while reader._waiter is None:
        pass
    with pytest.raises(ConcurrentUse, match="somebody else polls this reader now; give each"):
        reader.poll()
    topic.publish("x", partition=2)
    thread.join(PATIENCE_S)
    assert found == [["x"]]
    thread = threading.Thread(target=lambda: found.append(reader.poll(timeout_s=2)), daemon=True)
    thread.start()
    while not any(at == 2 * S for at, *_ in clock._due):
        pass
    clock.advance(2 * S)
    thread.join(PATIENCE_S)
    assert found[1] == []
    assert not any(partition._waiters for partition in topic.partitions)


def test_who_polls_learns_of_the_end(broker):
    reader = broker.topic("t").read()
    failures = []

    def poll():
        try:
            reader.poll(timeout_s=None)
        except ConsumerCancelled as failure:
            failures.append(str(failure))

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    while reader._waiter is None:
        pass
    reader.close()
    thread.join(PATIENCE_S)
    assert failures == ["this reader was closed; make another with topic.read() or topic.join()"]
    assert list(reader) == []


def test_tasks_read_too_and_time_is_up_by_the_clock(broker, clock):
    topic = broker.topic("t")

    async def play():
        reader = topic.read()
        waiting = asyncio.create_task(reader.fetch())
        await asyncio.sleep(0)
        topic.publish_many("ab")
        first = bodies(await waiting)
        idle = asyncio.create_task(reader.fetch(timeout_s=3))
        while not clock._due:
            await asyncio.sleep(0)
        clock.advance(3 * S)
        nothing = await idle
        gone = asyncio.create_task(reader.fetch())
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        topic.publish("after")
        found = []
        async for record in reader:
            found.append(record.body)
            reader.close()
        return first, nothing, found

    assert asyncio.run(asyncio.wait_for(play(), PATIENCE_S)) == (["a", "b"], [], ["after"])


def test_records_count_for_the_memory_limit_until_retention_takes_them():
    with Broker(clock=ManualClock(), memory_limit_bytes=50, block_timeout_s=0) as broker:
        topic = broker.topic("t", segment_records=1, retention_ns=S)
        for _ in range(6):
            topic.publish(b"x" * 10)
        with pytest.raises(PublishersBlocked, match="holds 60 bytes, more than its limit of 50"):
            topic.publish(b"x")
        broker.clock.advance(S)
        assert broker.memory.used_bytes == 0
        topic.publish(b"x")


def test_a_closed_broker_takes_nothing_and_ends_readers():
    broker = Broker()
    topic = broker.topic("t")
    reader = topic.read()
    assert broker.close()
    with pytest.raises(BrokerClosed, match="publish before close"):
        topic.publish("x")
    with pytest.raises(BrokerClosed, match="join before close"):
        topic.read()
    with pytest.raises(BrokerClosed):
        reader.poll()
    assert list(reader) == []
