"""Gilbert–Elliott loss against its closed forms: loss rate, length of bursts, and how losses follow each other."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mqlab import engines
from mqlab.model import (
    Arrivals,
    Backoff,
    Bursts,
    Connection,
    Destination,
    Disk,
    Distribution,
    Keys,
    Link,
    LinkSide,
    Message,
    Model,
    Node,
    ProducerGroup,
    Queue,
    Retry,
)
from mqlab.trace.kinds import Kind

PACKETS = 100_000
AT_ONCE = Distribution("constant", (0.0,))


def lost(bursts: Bursts, seed: int) -> NDArray[np.bool_]:
    """Which of many packets over one link were lost."""
    producer = ProducerGroup(
        "radio", 1, Arrivals("constant", rate_per_s=1e6, messages_max=PACKETS), Message(1, Keys(), False),
        Destination("", (("q", 1.0),)), None, Retry(1, Backoff(0, 1.0, 0, "none")),
        Link(LinkSide(AT_ONCE, bursts=bursts), LinkSide(AT_ONCE)), Connection(0, 1), "broker",
    )  # fmt: skip
    span = PACKETS * 1000
    model = Model("bursts", "rabbitmq", seed, span, 0, 0, (Node("broker", 0, 0, Disk(AT_ONCE, 0.0, 0)),), (),
                  (Queue("q", "broker", False),), (), (producer,), ())  # fmt: skip
    trace = engines.get("sim").run(model, level="events")
    assert trace.events is not None
    kinds, messages = trace.events.column("kind"), trace.events.column("message")
    found = np.zeros(PACKETS, bool)
    found[messages[kinds == Kind.PACKET_LOST]] = True
    return found


def runs_of(found: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Lengths of the runs of losses."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], found.astype(np.int64), [0]))))
    return edges[1::2] - edges[::2]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    "bursts", [Bursts(0.01, 0.2), Bursts(0.1, 0.5), Bursts(0.02, 0.05), Bursts(0.05, 0.2, 0.01, 0.6)]
)
def test_the_loss_rate_is_that_of_the_stationary_chain(bursts: Bursts, seed: int) -> None:
    """Losses follow each other, so the rate varies more than a binomial's: by (1+m)/(1-m), m = 1-p-r."""
    memory = 1 - bursts.p - bursts.r
    sigma = (bursts.rate * (1 - bursts.rate) * (1 + memory) / (1 - memory) / PACKETS) ** 0.5
    assert abs(lost(bursts, seed).mean() - bursts.rate) < 4.5 * sigma


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("bursts", [Bursts(0.01, 0.2), Bursts(0.1, 0.5), Bursts(0.02, 0.05)])
def test_bursts_are_geometric_with_mean_1_by_r(bursts: Bursts, seed: int) -> None:
    lengths = runs_of(lost(bursts, seed))
    n, r = len(lengths), bursts.r
    assert abs(lengths.mean() - 1 / r) < 4.5 * ((1 - r) / r**2 / n) ** 0.5
    for length in (1, 2, 3):
        share, expected = (lengths == length).mean(), r * (1 - r) ** (length - 1)
        assert abs(share - expected) < 4.5 * (expected * (1 - expected) / n) ** 0.5


def test_after_a_loss_the_next_is_lost_with_1_minus_r() -> None:
    found = lost(Bursts(0.02, 0.1), 1)
    after = found[1:][found[:-1]]
    assert abs(after.mean() - 0.9) < 4.5 * (0.09 / len(after)) ** 0.5


def test_with_the_same_chances_in_both_states_it_is_independent_loss() -> None:
    found = lost(Bursts(0.3, 0.3, 0.1, 0.1), 1)
    assert abs(found.mean() - 0.1) < 4.5 * (0.09 / PACKETS) ** 0.5
    after = found[1:][found[:-1]]
    assert abs(after.mean() - 0.1) < 4.5 * (0.09 / len(after)) ** 0.5
