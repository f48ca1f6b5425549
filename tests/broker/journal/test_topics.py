"""Durable topics: records, offsets and what groups have committed survive kills, restarts, retention and compaction."""

import asyncio
import random
import threading

import pytest

from mqlab.broker import Broker, BrokerError, NotStorable
from mqlab.broker.journal import FragileDisk
from mqlab.broker.log.durable import PartitionLog
from tests.broker.journal.conftest import KEPT

S = 1_000_000_000


def read(topic):
    return [(r.partition, r.offset, r.key, r.body) for r in topic.read(start="earliest").poll(100_000)]


def test_records_and_offsets_survive_a_kill(machine):
    machine.start()
    topic = machine.broker.topic("orders", partitions=3, durable=True)
    topic.publish({"total": 1}, key="customer-7", headers={"from": "shop"})
    topic.publish_many(["a", b"b", 3, None], key=b"\x00\xff")
    topic.publish_many(range(4), keys=["x", 5, 5, None], partition=2)
    before = read(topic)
    machine.kill_and_start()
    again = machine.broker.topic("orders")
    assert read(again) == before
    assert len(before) == 9
    first = next(r for r in again.read(start="earliest").poll() if r.key == "customer-7")
    assert (first.headers, first.time_ns) == ({"from": "shop"}, 0)
    ends = [partition.end for partition in again.partitions]
    assert again.publish("next", partition=2).offset == ends[2]
    assert again.options.durable


def test_what_groups_have_committed_survives_too(machine):
    machine.start()
    topic = machine.broker.topic("orders", partitions=2, durable=True)
    passing = machine.broker.topic("passing")
    topic.publish_many(range(10), partition=1)
    passing.publish("x")
    member = machine.broker.connect().join("billing", "orders", "passing", reset="earliest", auto_commit=False)
    while member.poll(2):
        pass
    member.commit({("orders", 1): 6, ("passing", 0): 1})
    machine.kill_and_start()
    again = machine.broker.topic("orders").join("billing", reset="earliest", auto_commit=False)
    assert [record.body for record in again.poll()] == [6, 7, 8, 9]
    assert "passing" not in machine.broker.topic_stats()
    assert machine.broker.topic_stats()["orders"].groups["billing"].lag == {0: 0, 1: 4}


def test_offsets_go_on_after_retention_has_taken_everything(machine):
    machine.start()
    topic = machine.broker.topic("t", durable=True, retention_ns=10 * S, segment_records=2)
    topic.publish_many(range(5))
    machine.clock.advance(10 * S)
    assert (topic.partitions[0].start, topic.partitions[0].end) == (5, 5)
    machine.kill_and_start()
    again = machine.broker.topic("t")
    assert again.publish("six").offset == 5
    machine.kill_and_start()
    assert read(machine.broker.topic("t")) == [(0, 5, None, "six")]
    machine.clock.advance(10 * S)  # retention goes on
    assert machine.broker.topic_stats()["t"].kept == 0


def test_only_durable_topics_of_a_broker_with_a_journal_are_kept(machine):
    machine.start()
    machine.broker.topic("t").publish(object())
    durable = machine.broker.topic("d", durable=True)
    with pytest.raises(NotStorable):
        durable.publish(object())
    with pytest.raises(NotStorable):
        durable.publish_many(["fine", object()])
    assert durable.stats().published == 0
    with Broker() as broker:
        assert broker.topic("d", durable=True).publish(object()).offset == 0
    machine.kill_and_start()
    assert set(machine.broker.topic_stats()) == {"d"}


def test_a_torn_end_takes_whole_batches(machine):
    machine.start()
    topic = machine.broker.topic("t", durable=True)
    topic.publish_many(range(10))
    topic.publish_many(range(10, 20))
    machine.kill()
    files = machine.disk.files()
    name = max(files)
    machine.disk = type(machine.disk)({**files, name: files[name][:-3]})
    machine.start()
    assert [each[3] for each in read(machine.broker.topic("t"))] == list(range(10))


def test_tasks_send_without_keeping_the_loop(machine):
    machine.start()
    topic = machine.broker.topic("t", durable=True)

    async def play():
        return await asyncio.gather(*(topic.send(n) for n in range(20)))

    assert sorted(place.offset for place in asyncio.run(play())) == list(range(20))
    machine.kill_and_start()
    assert sorted(each[3] for each in read(machine.broker.topic("t"))) == list(range(20))


@pytest.mark.parametrize("seed", range(5))
def test_compaction_moves_records_and_loses_none(machine, seed, monkeypatch):
    """Small segments of the journal, a queue that leaves holes in them, retention, and kills at random moments."""
    luck = random.Random(seed)
    moved = []
    put = PartitionLog._put

    def noted(log, first, bodies, key, stamp, *, again):
        moved.extend([first] if again else [])
        return put(log, first, bodies, key, stamp, again=again)

    monkeypatch.setattr(PartitionLog, "_put", noted)
    channel = machine.start(segment_bytes=4096)
    options = {"partitions": 2, "durable": True, "retention_bytes": 3000, "segment_records": 7}
    topic = machine.broker.topic("t", **options)
    channel.declare_queue("q", durable=True)
    model = {0: [], 1: []}
    for n in range(300):
        act = luck.random()
        if act < 0.55:
            partition, some = luck.randrange(2), luck.randint(1, 5)
            bodies = [f"{n}-{i}-" + "x" * luck.randint(0, 60) for i in range(some)]
            placed = topic.publish_many(bodies, partition=partition, key=luck.choice((None, "a", 7)))
            assert placed[partition].start == len(model[partition])
            model[partition] += bodies
        elif act < 0.9:
            channel.publish("y" * 200, "q", properties=KEPT)
            if luck.random() < 0.8:
                channel.get("q", auto_ack=True)
        elif act < 0.97:
            member = topic.join("g", reset="earliest", auto_commit=False)
            member.poll(20)
            member.commit()
            member.close()
        else:
            before = [(p.start, p.end) for p in topic.partitions]
            committed = topic.stats().groups["g"].committed if "g" in topic.stats().groups else None
            channel = machine.kill_and_start()
            topic = machine.broker.topic("t", **options)
            assert [(p.start, p.end) for p in topic.partitions] == before
            if committed is not None:
                assert topic.stats().groups["g"].committed == committed
    for partition, _, offset, body in [(r[0], None, r[1], r[3]) for r in read(topic)]:
        assert model[partition][offset] == body
    assert all(p.end == len(model[p.number]) for p in topic.partitions)
    assert any(p.start > 0 for p in topic.partitions)
    assert moved
    assert len(machine.disk.files()) < 20


@pytest.mark.parametrize("seed", range(6))
def test_what_publish_has_returned_survives_power_cuts_and_offsets_are_never_ahead_of_records(seed):
    luck = random.Random(seed)
    disk, returned = FragileDisk(sync_s=0.0002), {}
    for life in range(4):
        broker = Broker(data=disk, segment_bytes=luck.choice((1500, 20_000)))
        topic = broker.topic("t", partitions=2, durable=True)
        steps = threading.Semaphore(0)

        def publish(number, life=life, topic=topic, steps=steps):
            for n in range(10**6):
                bodies = [f"{life}.{number}.{n}.{i}" for i in range(1 + n % 3)]
                try:
                    placed = topic.publish_many(bodies, key=number)
                except BrokerError:
                    return
                for partition, offsets in placed.items():
                    returned.update(((partition, offset), body) for offset, body in zip(offsets, bodies, strict=True))
                steps.release()

        def follow(topic=topic):
            try:
                with topic.join("g", reset="earliest", auto_commit=False) as member:
                    while True:
                        if member.poll(7, timeout_s=None):
                            member.commit()
            except BrokerError:
                return

        threads = [threading.Thread(target=publish, args=(n,), daemon=True) for n in range(3)]
        threads.append(threading.Thread(target=follow, daemon=True))
        for thread in threads:
            thread.start()
        for _ in range(luck.randint(1, 60)):
            steps.acquire()
        after = disk.power_cut(luck)
        for thread in threads[:-1]:
            thread.join(60)
            assert not thread.is_alive()
        broker.close(drain=False)
        threads[-1].join(60)
        assert not threads[-1].is_alive()
        disk = after
        with Broker(data=disk) as again:
            found = again.topic("t")
            there = {(each[0], each[1]): each[3] for each in read(found)}
            assert {place: there.get(place) for place in returned} == returned
            group = found.stats().groups.get("g")
            for number, at in (group.committed if group else {}).items():
                assert at <= found.partitions[number].end
            again.close(drain=False)
