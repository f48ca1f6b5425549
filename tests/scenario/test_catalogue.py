"""Shipped scenarios, the starter, the JSON Schema, and the size of a run."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mqlab.errors import BadInput
from mqlab.scenario import Estimate, estimate, guard, json_schema, level_for, load, loads, starter
from mqlab.scenario.catalogue import folder, shipped
from mqlab.scenario.estimate import DISK_MAX_BYTES, EVENTS_BY_DEFAULT, MESSAGES_MAX
from mqlab.scenario.reader import read
from tests.bad_input.corpus import GOOD
from tests.scenario.test_grammar import EVENTS, scenario

NAMES = [name for name, _, _, _ in shipped()]


def test_the_list_tells_what_each_is_about() -> None:
    entries = {name: (path, title, system) for name, path, title, system in shipped()}
    path, title, system = entries["flash-sale"]
    assert path == folder() / "flash-sale.yaml"
    assert title.startswith("A flash sale behind a queue")
    assert title.endswith(".")
    assert system == "rabbitmq"


@pytest.mark.parametrize("name", NAMES)
def test_each_shipped_scenario_loads_under_its_own_name_and_expects_something(name: str) -> None:
    loaded = load(name)
    assert loaded.name == name
    assert loaded.expectations
    assert len(loaded.defaults_used) > 5


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    written = json_schema()
    Draft202012Validator.check_schema(written)
    return Draft202012Validator(written)


def plain(text: str) -> Any:
    """What an editor's YAML reader would give the schema: decimals as floats."""

    def floats(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: floats(part) for key, part in value.items()}
        if isinstance(value, list):
            return [floats(part) for part in value]
        return float(value) if type(value).__name__ == "Decimal" else value

    return floats(read(text, "f.yaml").data())


@pytest.mark.parametrize("text", [GOOD, starter("a"), *(path.read_text("utf-8") for _, path, _, _ in shipped())])
def test_what_loads_pleases_the_schema(schema: Draft202012Validator, text: str) -> None:
    assert [error.message for error in schema.iter_errors(plain(text))] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("durable:", "durabel:"),
        ("type: fanout", "type: fan"),
        ("poisson: 100/s", "poison: 100/s"),
        ("{durable: true}", "3"),
    ],
)
def test_the_schema_sees_typos(schema: Draft202012Validator, old: str, new: str) -> None:
    assert not schema.is_valid(plain(GOOD.replace(old, new)))


def test_the_starter_is_a_scenario_with_comments_and_expectations() -> None:
    text = starter("my-shop")
    loaded = loads(text)
    assert loaded.name == "my-shop"
    assert len(loaded.expectations) == 3
    assert text.count("#") > 10
    with pytest.raises(BadInput, match="cannot be a name"):
        starter("no/slash")


@pytest.mark.parametrize(
    ("arrivals", "messages"),
    [
        ("{constant: 100/s}", 1000),
        ("{poisson: {rate: 100/s, start: 2 s, stop: 5 s}}", 300),
        ("{poisson: {rate: 100/s, messages: 7}}", 7),
        ("{ramp: {from: 100/s, to: 300/s, over: 4 s}}", 800 + 1800),
        ("{ramp: {from: 100/s, to: 300/s, over: 20 s}}", 1500),
        ("{closed: {think: 100 ms}}", 100),
        ("by_hand", 0),
    ],
)
def test_messages_are_the_arrivals_integrated(arrivals: str, messages: int) -> None:
    assert estimate(scenario(arrivals=arrivals).model).messages == messages


def test_a_closed_loop_waits_for_its_confirm_and_a_call_for_its_work() -> None:
    model = scenario("confirm: true, link: {latency: 20 ms}", arrivals="{closed: {think: 10 ms}}").model
    assert estimate(model).messages == pytest.approx(10 / 0.05, rel=0.01)


def test_a_message_for_many_queues_has_many_rows() -> None:
    one = estimate(scenario("to: orders", more=EVENTS).model)
    none = estimate(scenario("to: {exchange: keyed, routing_key: blue}", more=EVENTS).model)
    red = estimate(scenario("to: {exchange: keyed, routing_key: {red: 1, blue: 1}}", more=EVENTS).model)
    assert one.events == none.events == red.events
    more = "exchanges: {all: {type: fanout}}\nbindings: [{exchange: all, queue: a}, {exchange: all, queue: b}]\n"
    text = (
        "system: rabbitmq\nduration: 10 s\nproducers: "
        "{p: {arrivals: {constant: 100/s}, to: {exchange: all}}}\n"
        f"queues: {{a: {{}}, b: {{}}}}\n{more}"
    )
    both = estimate(loads(text).model)
    assert (both.messages, both.events) == (one.messages, 2 * one.events)


def test_refusals_count() -> None:
    refusing = {"producer": "confirm: true, retry: {attempts: 5}", "queue": "max_length: 9, overflow: reject-publish"}
    assert estimate(scenario(**refusing).model).events == 1000 * (14 + 2 * 7)
    assert estimate(scenario(producer=refusing["producer"]).model).events == 1000 * 14


def test_replicas_count() -> None:
    """Each replica flushes a message and its acknowledgement."""
    text = "system: rabbitmq-quorum\nduration: 1 s\nproducers: {p: {arrivals: {constant: 100/s}}}\nqueues: {q: {}}\n"
    assert estimate(loads(text).model).events == 100 * (14 + 3 * 6)


def test_levels_are_chosen_by_size() -> None:
    small = estimate(scenario().model)
    assert small.bytes_by_level["counts"] < small.bytes_by_level["fates"] < small.bytes_by_level["events"]
    assert level_for(small) == "events"
    assert level_for(Estimate(1, EVENTS_BY_DEFAULT + 1, {"fates": 1})) == "fates"
    assert level_for(Estimate(1, EVENTS_BY_DEFAULT + 1, {"fates": DISK_MAX_BYTES + 1})) == "counts"


def test_what_cannot_fit_is_refused_with_what_would() -> None:
    guard(estimate(scenario().model), "events")
    huge = estimate(scenario(arrivals="{poisson: 1000 M/s}").model)
    with pytest.raises(BadInput, match=r"messages.*divide `duration` or the rates by 5"):
        guard(huge, "counts")
    large = Estimate(MESSAGES_MAX, 10, {"counts": 1, "fates": DISK_MAX_BYTES, "events": DISK_MAX_BYTES + 1})
    guard(large, "fates")
    with pytest.raises(BadInput, match="use --trace fates"):
        guard(large, "events")
