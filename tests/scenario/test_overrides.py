"""``--set``: paths that reach every field, and what they change."""

from __future__ import annotations

import pytest

from mqlab.errors import ScenarioError
from mqlab.model import Confirm, Distribution
from mqlab.scenario import load, loads
from tests.scenario.test_grammar import MS, S, scenario


def test_values_are_read_as_yaml() -> None:
    changed = load(
        "flash-sale",
        overrides=[
            "producers.buyers.count=10",
            "producers.buyers.arrivals.ramp.to=2k/s",
            "producers.buyers.confirm={timeout: 5 s}",
            "queues.orders.durable=false",
            "consumers.stock.service.lognormal.cv=2",
            "faults.0.at=[1 s, 2 s]",
            "expect.0=lost >= 0",
            "seed=42",
        ],
    )
    model = changed.model
    assert model.producers[0].count == 10
    assert model.producers[0].arrivals.to_rate_per_s == 2000.0
    assert model.producers[0].confirm == Confirm(0, 5 * S)
    assert not model.queues[0].durable
    assert model.consumers[0].service == Distribution("lognormal", (4.0 * MS, 2.0))
    assert [fault.at_ns for fault in model.faults] == [S, 2 * S]
    assert changed.expectations[0].text == "lost >= 0"
    assert model.seed == 42
    assert changed.overrides[0] == "producers.buyers.count=10"


def test_what_the_file_does_not_say_can_be_set() -> None:
    model = load("flash-sale", overrides=["nodes.broker.disk.fsync=9 ms", "warmup=1 s", "name=other"]).model
    assert model.nodes[0].disk.fsync == Distribution("constant", (9.0 * MS,))
    assert (model.warmup_ns, model.name) == (S, "other")


def test_short_forms_open_up() -> None:
    changed = scenario(
        "confirm: none",
        "service: 4 ms",
        overrides=(
            "producers.shop.arrivals.poisson.stop=5 s",
            "producers.shop.confirm.timeout=2 s",
            "producers.shop.link.latency=3 ms",
        ),
    ).model.producers[0]
    assert (changed.arrivals.rate_per_s, changed.arrivals.stop_ns) == (100.0, 5 * S)
    assert changed.confirm == Confirm(0, 2 * S)
    assert changed.link.up.latency == Distribution("constant", (3.0 * MS,))


def test_the_last_override_wins() -> None:
    assert load("flash-sale", overrides=["seed=1", "seed=2"]).model.seed == 2


def test_names_with_dots_are_found_whole() -> None:
    text = "system: rabbitmq\nduration: 1 s\nproducers: {eu.shop: {arrivals: {poisson: 1/s}}}\nqueues: {q: {}}\n"
    assert loads(text, overrides=["producers.eu.shop.count=3"]).model.producers[0].count == 3


def test_an_override_may_contradict_the_file() -> None:
    with pytest.raises(ScenarioError, match=r"--set producers\.shop\.arrivals\.constant=5/s: .* exclude each other"):
        scenario(overrides=("producers.shop.arrivals.constant=5/s",))


def test_what_is_wrong_in_the_file_keeps_its_line() -> None:
    with pytest.raises(ScenarioError, match=r"scenario\.yaml:6:12: "):
        scenario(queue="durabel: true", overrides=("seed=3",))
