"""The contract of a replicated log under search: random faults within what is promised, and nothing is lost.

``make soak`` tries 10,000 schedules of each configuration, ``make test`` a few of each.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

import mqlab
from mqlab import systems
from mqlab.model import Model
from mqlab.scenario import load
from tests.properties.schedules import CONFIGURATIONS, broken, schedule, search

PROMISE_NOTHING = [
    ("kafka-acks-0", (), "lost:wire", "producers.shop.acks: 0"),
    ("kafka-acks-1", (), "lost", "producers.shop.acks: 1"),
    ("kafka-split-acks-1", (), "lost", "producers.shop.acks: 1"),
    ("kafka-unclean-election", (), "lost", "topics.orders.unclean_election: true"),
    ("kafka-isr-shrunk", (), "lost", "topics.orders.min_insync: 1"),
    ("kafka-truncation", (), "lost", "cluster.truncation: high_watermark"),
    ("kafka-power-cut", (), "lost", "cluster.writeback"),
    ("kafka-crash-before-commit", ("consumers.stock.commit=before", "consumers.stock.service=1.9 ms"), "lost",
     "consumers.stock.commit: before"),
]  # fmt: skip
"""A configuration, changes to it, what of it is lost, and the setting that ``explain`` must name."""


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_few_random_fault_schedules_lose_nothing(name: str) -> None:
    search(name, range(25))


def weaker(model: Model, change: str) -> Model:
    """Take away what a promise rests on."""
    if change == "acks: 1":
        sends = [replace(p.batching, acks="1", idempotent=False) for p in model.producers if p.batching]
        return replace(model, producers=tuple(
            replace(p, batching=b) for p, b in zip(model.producers, sends, strict=True)))  # fmt: skip
    return replace(model, topics=tuple(replace(topic, unclean_election=True) for topic in model.topics))


@pytest.mark.parametrize("change", ["acks: 1", "unclean_election"])
def test_the_search_finds_what_a_weaker_configuration_loses(change: str) -> None:
    for number in range(200):
        model = schedule("any processes, one in sync is enough", number)
        if "lost" in broken(weaker(model, change), model):
            return
    raise AssertionError("200 schedules, and nothing was lost: the search is blind")


@pytest.mark.soak
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_ten_thousand_random_fault_schedules_lose_nothing(name: str) -> None:
    search(name, range(10_000))


@pytest.mark.parametrize(("name", "changes", "which", "setting"), PROMISE_NOTHING)
def test_a_configuration_that_promises_nothing_shows_the_loss_and_why(
    name: str, changes: tuple[str, ...], which: str, setting: str
) -> None:
    model = load(name, overrides=changes).model
    assert systems.get(model.system).contract(model)["lost"].permitted
    run = mqlab.run(name, overrides=changes)
    victims = run.which(which)
    assert victims
    assert all(setting in run.explain(victim) for victim in victims[:3])
