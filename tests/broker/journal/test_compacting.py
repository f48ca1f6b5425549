"""What is settled leaves the disk; what is not stays, where it was in its queue."""

import random

import pytest

from mqlab.broker import Broker, DeadLetter
from mqlab.broker.journal import FragileDisk
from tests.broker.journal.conftest import KEPT, bodies

SEGMENT = 2000


def test_segments_go_when_all_in_them_is_settled(machine):
    channel = machine.start(segment_bytes=SEGMENT)
    channel.declare_queue("q", durable=True)
    consumer = channel.consume("q")
    for number in range(300):
        channel.publish(b"%d" % number * 20, "q", properties=KEPT)
        consumer.receive().ack()
        if number % 10 == 0:
            machine.broker.wait_until_safe()
    machine.broker.wait_until_safe()
    channel.declare_queue("renamed", durable=True)
    assert machine.broker.journal.segments()[0] > 5
    assert machine.broker.journal.size_bytes() < 4 * SEGMENT
    assert len(machine.disk.names()) <= 4


def test_what_is_left_of_sparse_segments_moves_and_keeps_its_place(machine):
    channel = machine.start(segment_bytes=SEGMENT)
    channel.declare_queue("q", durable=True, delivery_limit=5)
    for number in range(400):
        channel.publish(number, "q", properties=KEPT)
        if number % 20 == 0:
            machine.broker.wait_until_safe()
    first = channel.get("q")
    first.nack()
    first = channel.get("q")
    other = machine.broker.connect().channel()
    for number in range(1, 400):
        delivery = other.get("q")
        if number % 50:
            delivery.ack()
        if number % 20 == 0:
            machine.broker.wait_until_safe()
    for _ in range(20):  # each group lets one segment go at most
        channel.publish("transient", "q")
        channel.declare_queue("d", durable=True)
        channel.delete_queue("d")
        machine.broker.wait_until_safe()
    left = [0, *range(50, 400, 50)]
    assert machine.broker.journal.size_bytes() < 3 * SEGMENT
    channel = machine.kill_and_start()
    found = [channel.get("q") for _ in left]
    assert [each.body for each in found] == left
    assert [each.returns for each in found] == [2] + [1] * 7


def test_a_backlog_that_nobody_reads_does_not_keep_the_garbage_behind_it(machine):
    channel = machine.start(segment_bytes=SEGMENT)
    channel.declare_queue("old", durable=True)
    channel.declare_queue("busy", durable=True)
    backlog = [b"%03d" % number + bytes(100) for number in range(50)]
    channel.publish_many(backlog, "old", properties=KEPT)
    consumer = channel.consume("busy")
    for number in range(1500):
        channel.publish(b"x" * 100, "busy", properties=KEPT)
        consumer.receive().ack()
        if number % 5 == 0:
            machine.broker.wait_until_safe()
    assert machine.broker.journal.size_bytes() < 3 * 50 * 160 + 4 * SEGMENT
    channel = machine.kill_and_start()
    assert bodies(channel, "old") == backlog
    assert bodies(channel, "busy") == []


@pytest.mark.parametrize("seed", range(12))
def test_killed_at_any_moment_among_segments_that_come_and_go_nothing_is_lost_or_settled_twice(seed):
    """A model of two queues beside the broker; the disk is looked at after each step, as a kill would leave it."""
    luck = random.Random(seed)
    disk = FragileDisk()
    broker = Broker(data=disk, segment_bytes=luck.choice((600, 2000, 10**6)))
    channel = broker.connect().channel()
    channel.declare_queue("a", durable=True, dead_letter=DeadLetter("", "b"))
    channel.declare_queue("b", durable=True)
    model = {"a": [], "b": []}
    held = []
    for number in range(250):
        chance = luck.random()
        if chance < 0.35:
            many = [f"{number}.{i}" for i in range(luck.choice((1, 1, 5)))]
            channel.publish_many(many, "a", properties=KEPT)
            model["a"] += many
        elif chance < 0.6:
            delivery = channel.get(luck.choice("ab"))
            held += [delivery] if delivery else []
        elif held:
            delivery = held.pop(luck.randrange(len(held)))
            how = luck.choice(("ack", "ack", "ack", "nack", "reject"))
            if how != "nack":
                model[delivery.queue].remove(delivery.body)
            if how == "reject" and delivery.queue == "a":
                model["b"].append(delivery.body)
            getattr(delivery, how)()
        broker.wait_until_safe()
        if luck.random() < 0.1:
            with Broker(data=FragileDisk(disk.files())) as after:
                reader = after.connect().channel()
                assert bodies(reader, "a") == model["a"]
                assert sorted(bodies(reader, "b")) == sorted(model["b"])
        if luck.random() < 0.03:
            disk = FragileDisk(disk.files())
            broker.close(drain=False)
            broker = Broker(data=disk, segment_bytes=luck.choice((600, 2000, 10**6)))
            channel, held = broker.connect().channel(), []
    broker.close(drain=False)
