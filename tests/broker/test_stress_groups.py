"""Members of groups in many threads that poll, commit, close and crash at random points: every record is read."""

import random
import sys
import threading
import time
from collections import Counter
from contextlib import suppress

import pytest

from mqlab.broker import Broker, IllegalGeneration, NotAssigned, RebalanceInProgress, UnknownMember

PATIENCE_S = 120
S = 1_000_000_000


@pytest.fixture(params=[1e-6, 1e-4], autouse=True)
def switching(request):
    """Have the interpreter switch threads at nearly every step, or now and then."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(request.param)
    yield
    sys.setswitchinterval(before)


def start(functions):
    failures = []

    def guarded(function):
        try:
            function()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(each,), daemon=True) for each in functions]
    for thread in threads:
        thread.start()
    return threads, failures


def finish(threads, failures):
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not any(thread.is_alive() for thread in threads), "somebody hangs"
    if failures:
        raise failures[0]


@pytest.mark.parametrize("assignor", ["range", "cooperative-sticky"])
def test_members_that_come_go_and_crash_leave_nothing_unread(assignor):
    broker = Broker()
    topic = broker.topic("t", partitions=5, segment_records=50)
    how = {"assignor": assignor, "reset": "earliest", "auto_commit": False, "session_timeout_ns": S // 100}
    read, lock, stop = Counter(), threading.Lock(), threading.Event()

    def live(seed):
        luck = random.Random(seed)
        while not stop.is_set():
            connection = broker.connect()
            member = connection.join("g", "t", **how)
            for _ in range(luck.randint(1, 40)):
                records = member.poll(luck.randint(1, 30), timeout_s=luck.choice((0, 0.005)))
                with lock:
                    read.update((record.partition, record.offset) for record in records)
                with suppress(IllegalGeneration, NotAssigned, RebalanceInProgress, UnknownMember):
                    member.commit()
                if stop.is_set():
                    break
            luck.choice((member.close, member.drop, connection.close, connection.drop))()

    def publish(number):
        for n in range(250):
            topic.publish_many([(number, n, i) for i in range(5)], key=n)

    members = start([lambda n=n: live(n) for n in range(6)])
    finish(*start([lambda n=n: publish(n) for n in range(4)]))
    time.sleep(0.05)  # some life without publishers: waits, time-outs
    stop.set()
    finish(*members)
    last = topic.join("g", **how)
    deadline = time.monotonic() + PATIENCE_S
    while len(last.group.members) > 1 or not last.is_done:  # those that crashed are still missed for a while
        assert time.monotonic() < deadline, (topic.stats(), "somebody is still waited for")
        read.update((record.partition, record.offset) for record in last.poll(timeout_s=0.01))
        if not last.group.standing(last):
            last.commit()
    stats = topic.stats()
    assert stats.published == 4 * 250 * 5
    assert set(read) == {(each.partition, offset) for each in stats.partitions for offset in range(each.end)}
    assert stats.groups["g"].backlog == 0


def test_a_group_with_stable_members_reads_each_record_once_and_in_order():
    broker = Broker()
    topic = broker.topic("t", partitions=4)
    members = [topic.join("g", reset="earliest") for _ in range(4)]
    for _ in range(3):
        for member in members:
            member.poll()
    found = [[] for _ in members]

    def read(mine, member):
        for record in member:
            mine.append(record)

    readers = start([lambda m=m, f=f: read(f, m) for m, f in zip(members, found, strict=True)])
    finish(*start([lambda n=n: [topic.publish((n, i), key=n) for i in range(200)] for n in range(8)]))
    assert broker.close(timeout_s=PATIENCE_S)
    finish(*readers)
    every = [record for some in found for record in some]
    assert len(every) == len({(r.partition, r.offset) for r in every}) == 1600
    for n in range(8):
        assert [r.body[1] for r in every if r.key == n] == list(range(200))


def test_readers_that_wait_miss_no_wake_up():
    broker = Broker()
    topic = broker.topic("t", partitions=3)
    readers = [topic.read() for _ in range(8)]
    counts = [0] * 8

    def read(n):
        while counts[n] < 300:
            counts[n] += len(readers[n].poll(7, timeout_s=None))

    waiting = start([lambda n=n: read(n) for n in range(8)])
    finish(*start([lambda: [topic.publish(i) for i in range(100)] for _ in range(3)]))
    finish(*waiting)
    assert counts == [300] * 8
    assert not any(partition._waiters for partition in topic.partitions)
