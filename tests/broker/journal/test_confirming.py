"""What a confirm waits for, and who shares a sync."""

import errno
import threading

import pytest

from mqlab.broker import Broker, DeadLetter, JournalError, JournalFailed
from mqlab.broker.journal import FragileDisk
from tests.broker.journal.conftest import KEPT, bodies


class SlowDisk(FragileDisk):
    """A disk that syncs when the test lets it."""

    def __init__(self):
        super().__init__()
        self.may_sync = threading.Event()
        self.may_sync.set()
        self.asked = threading.Semaphore(0)

    def open(self, name):
        file = super().open(name)
        sync = file.sync

        def wait():
            self.asked.release()
            self.may_sync.wait()
            sync()

        file.sync = wait
        return file


@pytest.fixture
def slow():
    disk = SlowDisk()
    yield disk
    disk.may_sync.set()


def stop_syncs(disk):
    """From now on syncs are asked for and do not end."""
    while disk.asked.acquire(blocking=False):
        pass
    disk.may_sync.clear()


def test_a_persistent_message_for_a_durable_queue_is_confirmed_once_it_is_synced(slow):
    with Broker(data=slow) as broker:
        channel = broker.connect().channel()
        channel.declare_queue("q", durable=True)
        channel.declare_queue("transient")
        told = []
        channel.confirms(told.append)
        stop_syncs(slow)
        channel.publish("on its way", "q", properties=KEPT)
        assert slow.asked.acquire(timeout=60)
        assert told == []
        channel.publish("not persistent", "q")
        channel.publish("not durable", "transient", properties=KEPT)
        assert told == [(2, 2, True), (3, 3, True)]
        assert channel.get("q").body == "on its way", "delivery does not wait for the disk"
        slow.may_sync.set()
        assert channel.wait_for_confirms() == ()
        assert told[2:] == [(1, 1, True)]


def test_who_publishes_while_a_sync_is_under_way_shares_the_next(slow):
    with Broker(data=slow) as broker:
        channels = [broker.connect().channel() for _ in range(20)]
        channels[0].declare_queue("q", durable=True)
        for channel in channels:
            channel.confirms()
        stop_syncs(slow)
        before = slow.syncs
        for channel in channels:
            channel.publish("x", "q", properties=KEPT)
        slow.may_sync.set()
        for channel in channels:
            assert channel.wait_for_confirms() == ()
        assert slow.syncs - before <= 2
        assert channels[0].stats("q").ready == 20


@pytest.mark.parametrize("sync", ["never", "1 h"])
def test_otherwise_a_confirm_waits_until_it_is_written_and_no_longer(slow, sync):
    with Broker(data=slow, sync=sync) as broker:
        channel = broker.connect().channel()
        channel.declare_queue("q", durable=True)
        channel.confirms()
        stop_syncs(slow)
        channel.publish_many("abc", "q", properties=KEPT)
        assert channel.wait_for_confirms() == ()
        assert not slow.asked.acquire(blocking=False)
        exposure = broker.journal.exposure()
        assert (exposure.written, exposure.synced) == (3, 0)
        with Broker(data=FragileDisk(slow.files())) as after:  # killed now
            assert bodies(after.connect().channel(), "q") == ["a", "b", "c"]
        slow.may_sync.set()


def test_every_so_often_it_syncs_although_nothing_more_comes(slow):
    with Broker(data=slow, sync="1 ms") as broker:
        channel = broker.connect().channel()
        channel.declare_queue("q", durable=True)
        channel.publish("x", "q", properties=KEPT)
        for _ in range(1000):
            if broker.journal.exposure().synced:
                break
            assert slow.asked.acquire(timeout=60)
        assert broker.journal.exposure().synced == 1


class FullDisk(FragileDisk):
    """A disk that takes no more when it is told so."""

    full = False

    def open(self, name):
        file = super().open(name)
        write = file.write

        def write_or_not(data):
            if self.full:
                raise OSError(errno.ENOSPC, "No space left on device")
            write(data)

        file.write = write_or_not
        return file


def test_what_the_disk_does_not_take_is_refused_and_the_next_publish_told_why():
    disk = FullDisk()
    broker = Broker(data=disk)
    channel = broker.connect().channel()
    channel.declare_queue("q", durable=True)
    channel.confirms()
    channel.publish("safe", "q", properties=KEPT)
    assert channel.wait_for_confirms() == ()
    disk.full = True
    channel.publish_many(["lost", "lost"], "q", properties=KEPT)
    assert channel.wait_for_confirms() == (2, 3)
    with pytest.raises(JournalFailed, match="No space left on device; what was confirmed is safe"):
        channel.publish("more", "q", properties=KEPT)
    with pytest.raises(JournalFailed):
        channel.declare_queue("another", durable=True)
    channel.publish("not persistent", "q")
    broker.close(drain=False)
    disk.full = False
    with Broker(data=disk) as after:
        assert bodies(after.connect().channel(), "q") == ["safe"]
        assert not after.recovery.clean


def test_who_is_told_of_a_confirm_may_publish_but_not_wait_there(machine):
    channel = machine.start()
    channel.declare_queue("q", durable=True)
    found, done = [], threading.Event()

    def told(confirmation):
        if confirmation.first > 1:
            done.set()
            return
        channel.publish("second", "q", properties=KEPT)
        try:
            channel.wait_for_confirms()
        except JournalError as error:
            found.append(str(error))

    channel.confirms(told)
    channel.publish("first", "q", properties=KEPT)
    assert done.wait(60)
    assert found == ["whoever is told of a confirm cannot wait for others there; wait in another thread"]


def test_a_callback_that_fails_stops_nobody(machine, monkeypatch):
    failures = []
    monkeypatch.setattr(threading, "excepthook", lambda told: failures.append(told.exc_type))
    channel = machine.start()
    channel.declare_queue("q", durable=True)
    channel.confirms(lambda _told: 1 // 0)
    channel.publish("x", "q", properties=KEPT)
    assert channel.wait_for_confirms() == ()
    assert failures == [ZeroDivisionError]


def test_a_message_and_its_dead_letter_are_one_in_the_journal(machine):
    """Killed after any byte that was written, a message is in exactly one of both queues."""
    channel = machine.start()
    channel.declare_queue("q", durable=True, dead_letter=DeadLetter("amq.fanout"))
    for name in ("dead", "also dead"):
        channel.declare_queue(name, durable=True)
        channel.bind(name, "amq.fanout")
    channel.publish_many(range(3), "q", properties=KEPT)
    machine.broker.wait_until_safe()
    (name,) = machine.disk.names()
    before = len(machine.disk.files()[name])
    for _ in range(3):
        channel.get("q").reject()
    machine.broker.wait_until_safe()
    after = machine.disk.files()[name]
    seen = set()
    for end in range(before, len(after) + 1):
        with Broker(data=FragileDisk({name: after[:end]})) as broker:
            stats = broker.stats()
            assert stats["dead"].ready == stats["also dead"].ready == 3 - stats["q"].ready
            seen.add(stats["q"].ready)
    assert {0, 3} <= seen


def test_one_acknowledgement_of_many_is_one_in_the_journal(machine):
    channel = machine.start()
    queues = ("q", "r")
    for name in queues:
        channel.declare_queue(name, durable=True)
        channel.publish_many(range(5), name, properties=KEPT)
    held = [channel.get(name) for _ in range(5) for name in queues]
    machine.broker.wait_until_safe()
    (name,) = machine.disk.names()
    before = len(machine.disk.files()[name])
    held[-1].ack(multiple=True)
    machine.broker.wait_until_safe()
    after = machine.disk.files()[name]
    seen = set()
    for end in range(before, len(after) + 1):
        with Broker(data=FragileDisk({name: after[:end]})) as broker:
            seen.add(tuple(broker.stats()[each].ready for each in queues))
    assert seen == {(5, 5), (0, 0)}


def test_each_commit_waits_for_a_sync_of_its_own(machine):
    channel = machine.start()
    channel.declare_queue("q", durable=True)
    channel.select()
    before = machine.disk.syncs
    for number in range(10):
        channel.publish_many([number, "x"], "q", properties=KEPT)
        channel.commit()
        exposure = machine.broker.journal.exposure()
        assert exposure.synced == exposure.written == 2 * (number + 1)
    assert machine.disk.syncs - before == 10


def test_a_transaction_is_one_in_the_journal(machine):
    """Killed after any byte, all of it has happened or nothing: publishes, acknowledgements, returns and rejections."""
    channel = machine.start()
    channel.declare_queue("in", durable=True, dead_letter=DeadLetter("", "dead"))
    for name in ("out", "also out", "dead"):
        channel.declare_queue(name, durable=True)
    channel.publish_many("abc", "in", properties=KEPT)
    channel.select()
    held = [channel.get("in") for _ in "abc"]
    machine.broker.wait_until_safe()
    (name,) = machine.disk.names()
    before = len(machine.disk.files()[name])
    channel.publish("A", "out", properties=KEPT)
    channel.publish_many("AA", "also out", properties=KEPT)
    held[0].ack()
    held[1].reject()
    held[2].nack()
    channel.commit()
    after = machine.disk.files()[name]
    seen = set()
    for end in range(before, len(after) + 1):
        with Broker(data=FragileDisk({name: after[:end]})) as broker:
            stats = broker.stats()
            seen.add(tuple(stats[each].ready for each in ("in", "out", "also out", "dead")))
    assert seen == {(3, 0, 0, 0), (1, 1, 2, 1)}
