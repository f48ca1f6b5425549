"""Kill −9 at random moments: a broker in a process of its own, publishers that confirm, consumers that acknowledge."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mqlab.broker import BrokerError, Properties, ReceiveTimeout
from mqlab.broker.journal import RealDisk, read_journal
from mqlab.broker.server import RemoteBroker

ROOT = Path(__file__).parents[3]
PATIENCE_S = 60
KEPT = Properties(persistent=True)


class Nursery:
    """Servers that can be started quickly and killed for real."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.broker.server.nursery"], cwd=ROOT, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        self._child = 0

    def _say(self, line):
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def start(self, folder):
        (folder / "port").unlink(missing_ok=True)
        self._child = int(self._say(f"start {folder}"))
        until = time.monotonic() + PATIENCE_S
        while not (folder / "port").exists():
            assert time.monotonic() < until, "the server does not begin"
            time.sleep(0.002)

    def kill(self):
        os.kill(self._child, signal.SIGKILL)
        assert self._say(f"reap {self._child}") == "gone"
        self._child = 0

    def close(self):
        if self._child:
            self.kill()
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()


@pytest.fixture
def nursery():
    made = Nursery()
    yield made
    made.close()


class Memory:
    """What clients know of all lives of the broker."""

    def __init__(self):
        self.sent, self.confirmed, self.received, self.surely_settled = set(), set(), {}, set()
        self.problems = []

    def receive(self, delivery, life):
        """Note a delivery, and what it must not be."""
        body = delivery.body
        if body not in self.sent:
            self.problems.append(f"{body}: delivered, and never sent")
        if body in self.surely_settled:
            self.problems.append(f"{body}: its acknowledgement was on disk, and it came again in life {life}")
        if body in self.received and not delivery.redelivered:
            self.problems.append(f"{body}: came again unmarked in life {life}")
        self.received[body] = life


def publish(folder, memory, life, number, going):
    """Publish and have it confirmed until the broker is gone."""
    sent, luck = [], random.Random(f"{life}.{number}")
    try:
        channel = RemoteBroker(folder).connect().channel()

        def told(confirmation):
            if confirmation.taken:
                memory.confirmed.update(sent[confirmation.first - 1 : confirmation.last])
                going.set()

        channel.confirms(told)
        while True:
            many = [f"{life}.{number}.{len(sent) + i}" for i in range(luck.choice((1, 1, 8)))]
            sent += many
            memory.sent.update(many)
            channel.publish_many(many, "q", properties=KEPT)
            if luck.random() < 0.2:
                channel.wait_for_confirms()
    except BrokerError:
        pass


def consume(folder, memory, life, seed):
    """Consume and acknowledge, and now and then publish a mark behind it, which says when that is on disk."""
    luck, marks, sent = random.Random(f"{life}.{seed}"), {}, []
    settled = []
    try:
        connection = RemoteBroker(folder).connect()
        channel, marker = connection.channel(), connection.channel()

        def told(confirmation):
            for number in range(confirmation.first, confirmation.last + 1):
                memory.surely_settled.update(marks.get(number, ()))

        marker.confirms(told)
        consumer = channel.consume("q", prefetch=luck.choice((1, 20)))
        while True:
            batch = list(consumer.receive_many(20))
            for each in batch:
                memory.receive(each, life)
            chance = luck.random()
            if chance < 0.1:
                batch[-1].nack()
                batch.pop()
            for each in batch:
                if chance < 0.9:
                    each.ack()
                    settled.append(each.body)
            if luck.random() < 0.3 and settled:
                sent.append(None)
                marks[len(sent)], settled = settled, []
                marker.publish("mark", "marks", properties=KEPT)
    except BrokerError:
        pass


def tear(folder, luck):
    """Leave half a frame at the end, as a kill in mid-write does."""
    newest = sorted(folder.glob("*.journal"))[-1]
    begun = newest.read_bytes()[-luck.randint(30, 200) : -3]
    with newest.open("ab") as file:
        file.write(begun)


def kill_again_and_again(nursery, folder, times, seed):
    luck, memory = random.Random(seed), Memory()
    torn = 0
    for life in range(times):
        if life and luck.random() < 0.5:
            tear(folder, luck)
        torn += life > 0 and read_journal(RealDisk(folder)).cut is not None
        nursery.start(folder)
        channel = RemoteBroker(folder).connect().channel()
        for name in ("q", "marks"):
            channel.declare_queue(name, durable=True)
        channel.purge("marks")
        going = threading.Event()
        clients = [
            *(threading.Thread(target=publish, args=(folder, memory, life, n, going), daemon=True) for n in range(2)),
            *(threading.Thread(target=consume, args=(folder, memory, life, n), daemon=True) for n in range(2)),
        ]
        for client in clients:
            client.start()
        assert going.wait(PATIENCE_S)
        time.sleep(luck.random() * 0.05)
        nursery.kill()
        for client in clients:
            client.join(PATIENCE_S)
            assert not client.is_alive()
    nursery.start(folder)
    last = RemoteBroker(folder).connect().channel()
    consumer = last.consume("q", prefetch=100)
    while True:
        try:
            batch = consumer.receive_many(100, timeout_s=1)
        except ReceiveTimeout:
            if last.stats("q").ready == 0:
                break
            continue
        for delivery in batch:
            memory.receive(delivery, times)
        batch[-1].ack(multiple=True)
    assert memory.problems == []
    assert memory.confirmed - set(memory.received) == set(), "confirmed, and never delivered"
    assert torn, "no torn end was seen"
    assert memory.surely_settled
    return memory


def test_thirty_kills_lose_nothing_that_was_confirmed(nursery, tmp_path):
    memory = kill_again_and_again(nursery, tmp_path, 30, seed=1)
    assert len(memory.confirmed) >= 30


@pytest.mark.soak
def test_a_thousand_kills_lose_nothing_that_was_confirmed(nursery, tmp_path):
    memory = kill_again_and_again(nursery, tmp_path, 1000, seed=2)
    print(f"{len(memory.sent):,} sent, {len(memory.confirmed):,} confirmed, {len(memory.received):,} delivered")
