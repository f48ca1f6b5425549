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


def test_what_is_wrong_in_the_file_keeps_its_line() -> None:
    with pytest.raises(ScenarioError, match=r"scenario\.yaml:6:12: "):
        scenario(queue="durabel: true", overrides=("seed=3",))


def test_a_text_that_was_read_before_is_read_as_it_stands() -> None:
    """Trees are remembered, and overrides change them: each load has to have one of its own."""
    text = scenario().text
    changed = [loads(text, overrides=["seed=7", "nodes.broker.cpu.publish=3 ms"]).model for _ in range(2)]
    assert changed[0] == changed[1]
    assert loads(text).model.seed != 7
    assert loads(text).model.nodes[0].publish_ns != 3 * MS


@pytest.mark.parametrize(
    ("override", "kind", "rate"),
    [
        ("producers.buyers.arrivals.poisson.rate=1k/s", "poisson", 1000.0),
        ("producers.buyers.arrivals.poisson=2k/s", "poisson", 2000.0),
        ("producers.buyers.arrivals.constant=50/s", "constant", 50.0),
        ("producers.buyers.arrivals.ramp.from=5/s", "ramp", 5.0),
    ],
)
def test_another_kind_takes_the_place_of_the_one_there_is(override: str, kind: str, rate: float) -> None:
    arrivals = load("flash-sale", overrides=[override]).model.producers[0].arrivals
    assert (arrivals.kind, arrivals.rate_per_s) == (kind, rate)


def test_kinds_are_told_apart_wherever_one_is_chosen() -> None:
    changed = [
        "consumers.stock.service.exponential.mean=2 ms",
        "consumers.stock.service.constant=3 ms",
        "producers.buyers.link.latency.uniform={low: 1 ms, high: 2 ms}",
        "producers.buyers.link.up.latency.exponential.mean=5 ms",
        "producers.buyers.message.key.uniform=10",
        "producers.buyers.retry.backoff.constant=1 s",
    ]
    model = load("flash-sale", overrides=changed).model
    assert model.consumers[0].service == Distribution("constant", (3 * MS,))
    assert model.producers[0].link.down.latency.kind == "uniform"
    assert model.producers[0].link.up.latency.kind == "exponential"
    assert model.producers[0].message.keys.kind == "uniform"
    assert model.producers[0].retry.backoff.factor == 1


def test_fields_that_may_stand_together_stay() -> None:
    model = load("flash-sale", overrides=["queues.orders.max_bytes=1 MiB", "consumers.stock.count=2"]).model
    assert (model.queues[0].max_length, model.queues[0].max_bytes) == (10_000, 2**20)


def test_two_kinds_in_one_file_are_refused_as_before() -> None:
    with pytest.raises(ScenarioError, match="`ramp` and `poisson` exclude each other"):
        scenario(arrivals="{ramp: {from: 1/s, to: 2/s, over: 1 s}, poisson: 5/s}")
    with pytest.raises(ScenarioError, match="exclude each other"):
        load("flash-sale", overrides=["producers.buyers.arrivals={poisson: 5/s, constant: 5/s}"])
