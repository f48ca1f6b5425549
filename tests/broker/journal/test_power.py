"""The power goes at random moments: what was synced is there, and of the rest it is known how much is not."""

import random
import re
import threading

import pytest

from mqlab.broker import Broker, BrokerError, JournalFailed
from mqlab.broker.journal import FragileDisk, explain_loss
from tests.broker.journal.conftest import KEPT

PUBLISHERS = 3
SYNC_S = 0.0005
BACKLOG = 1000


class Life:
    """One broker on a disk until its power is cut, and what its clients know then."""

    def __init__(self, disk, sync, luck, consume):
        self.seed = luck.random()
        self.sent, self.confirmed, self.received, self.settled = set(), set(), [], set()
        self.broker = Broker(data=disk, sync=sync, segment_bytes=luck.choice((1500, 20_000)))
        channel = self.broker.connect().channel()
        channel.declare_queue("q", durable=True)
        self.stop = threading.Event()
        workers = [threading.Thread(target=self.publish, args=(number,), daemon=True) for number in range(PUBLISHERS)]
        workers += [threading.Thread(target=self.consume, daemon=True)] if consume else []
        self.steps = threading.Semaphore(0)
        for worker in workers:
            worker.start()
        for _ in range(luck.randint(3, 120)):
            self.steps.acquire()
        self.after = disk.power_cut(luck)
        for worker in workers:
            worker.join(60)
            assert not worker.is_alive()
        self.exposure = self.broker.journal.exposure()
        self.broker.close(drain=False)

    def publish(self, number):
        luck = random.Random(number)
        channel = self.broker.connect().channel()
        sent, mine = [], []

        def told(confirmation):
            if confirmation.taken:
                mine.extend(sent[confirmation.first - 1 : confirmation.last])

        channel.confirms(told)
        try:
            while True:
                many = [f"{number}.{len(sent) + i}.{id(self)}" for i in range(luck.choice((1, 3, 10)))]
                sent += many
                channel.publish_many(many, "q", properties=KEPT)
                if luck.random() < 0.3:
                    channel.wait_for_confirms()
                self.steps.release()
        except JournalFailed:
            self.stop.set()
        channel.wait_for_confirms()
        self.sent.update(sent)
        self.confirmed.update(mine)

    def consume(self):
        luck, channel = random.Random(self.seed), self.broker.connect().channel()
        consumer = channel.consume("q", prefetch=5)
        while not self.stop.is_set():
            try:
                batch = consumer.receive_many(5, timeout_s=0.01)
            except BrokerError:
                continue
            self.received += [each.body for each in batch]
            if luck.random() < 0.8:
                self.settled.update(self.received)
                batch[-1].ack(multiple=True)


def left_on(disk):
    """What a new broker finds."""
    with Broker(data=disk) as broker:
        channel = broker.connect().channel()
        channel.declare_queue("q", durable=True)  # where a declaration is no safer than a message, it may be gone too
        found = []
        while (delivery := channel.get("q")) is not None:
            found.append((delivery.body, delivery.redelivered))
        assert broker.stats()["q"].is_conserved
        return found, broker.recovery


def power_cuts(times, seed, sync):
    """Cut the power again and again, on the same disk; say how many copies were lost in all."""
    luck = random.Random(seed)
    lost, cut = 0, 0
    for _ in range(times):
        life = Life(FragileDisk(sync_s=SYNC_S), sync, luck, consume=False)
        found, recovery = left_on(life.after)
        bodies = [body for body, _ in found]
        assert len(set(bodies)) == len(bodies), "somebody was put twice"
        assert set(bodies) <= life.sent, "nobody sent that"
        missing = life.confirmed - set(bodies)
        sentence = explain_loss(life.exposure, recovery.copies)
        if sync == "always":
            assert not missing
            assert "took nothing that could be confirmed" in sentence
        else:
            told = int(re.search(r"took ([\d,]+) cop", sentence)[1].replace(",", ""))
            assert len(missing) == told
            lost += told
        cut += recovery.cut is not None
    assert cut, "no end was torn"
    return lost


def cuts_under_work(times, seed):
    """With consumers: all that was confirmed and not settled is there, and what is there again is marked."""
    luck = random.Random(seed)
    disk = FragileDisk(sync_s=SYNC_S)
    owed, settled = set(), set()
    for _ in range(times):
        life = Life(disk, "always", luck, consume=True)
        owed |= life.confirmed
        settled |= life.settled
        found, _ = left_on(FragileDisk(life.after.files()))
        bodies = [body for body, _ in found]
        assert len(set(bodies)) == len(bodies)
        assert owed - settled <= set(bodies), "confirmed, not acknowledged, and gone"
        assert all(redelivered for _, redelivered in found)
        disk = life.after
        if len(found) > BACKLOG:  # it would be read again and again
            disk, owed, settled = FragileDisk(sync_s=SYNC_S), set(), set()


@pytest.mark.parametrize("seed", range(2))
def test_with_always_nothing_confirmed_is_lost(seed):
    power_cuts(10, seed, "always")
    cuts_under_work(5, seed)


@pytest.mark.parametrize("sync", ["never", "2 ms"])
def test_otherwise_the_loss_is_what_is_told(sync):
    power_cuts(15, 7, sync)


def test_with_never_something_is_lost():
    assert power_cuts(5, 3, "never") > 0


@pytest.mark.soak
@pytest.mark.parametrize("sync", ["always", "never", "2 ms"])
def test_a_thousand_power_cuts(sync):
    lost = power_cuts(1000, 11, sync)
    assert (lost > 0) == (sync != "always")
    if sync == "always":
        cuts_under_work(1000, 13)
