"""A broker whose time stands still, and short ways to talk to it."""

import pytest

from mqlab.broker import Broker, ManualClock

MS = 1_000_000


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def broker(clock):
    with Broker(clock=clock) as made:
        yield made
        for stats in made.stats().values():
            assert stats.is_conserved, stats


@pytest.fixture
def channel(broker):
    return broker.connect().channel()


@pytest.fixture
def drain():
    """Fetch and acknowledge everything ready in a queue; return the bodies."""

    def take(channel, queue):
        found = []
        while (delivery := channel.get(queue, auto_ack=True)) is not None:
            found.append(delivery.body)
        return found

    return take
