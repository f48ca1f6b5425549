"""Brokers on a disk in memory that outlives them."""

import pytest

from mqlab.broker import Broker, ManualClock, Properties
from mqlab.broker.journal import FragileDisk

KEPT = Properties(persistent=True)


class Machine:
    """A disk and the broker on it, which may end in order or be killed."""

    def __init__(self):
        self.disk, self.clock = FragileDisk(), ManualClock()
        self.broker = None
        self.options = {}
        self.old = []

    def start(self, **options):
        self.options = options or self.options
        self.broker = Broker(data=self.disk, clock=self.clock, **self.options)
        return self.broker.connect().channel()

    def kill(self):
        """Leave the disk as a process that is killed now would, with everything it has written."""
        self.broker.wait_until_safe()
        self.old.append(self.broker)
        self.disk = FragileDisk(self.disk.files())

    def restart(self):
        self.broker.close(drain=False)
        return self.start()

    def kill_and_start(self):
        self.kill()
        return self.start()


@pytest.fixture
def machine():
    made = Machine()
    yield made
    for broker in [*made.old, made.broker]:
        if broker is not None:
            broker.close(drain=False)
            for stats in broker.stats().values():
                assert stats.is_conserved, stats


def bodies(channel, queue):
    """Fetch and acknowledge all that is ready."""
    found = []
    while (delivery := channel.get(queue, auto_ack=True)) is not None:
        found.append(delivery.body)
    return found
