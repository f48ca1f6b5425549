"""Lives with consumers that are not plain: the decision is named, and the setting that made it."""

from __future__ import annotations

import textwrap

import pytest

import mqlab
from mqlab.explain import tell
from mqlab.scenario import loads

SHOP = """
    name: shop
    system: rabbitmq
    duration: 1 s
    drain: 10 s
    producers: {shop: {arrivals: {constant: {rate: 1000/s, messages: 6}}}}
    queues: {orders: {}}
    consumers: {stock: {STOCK}}
"""


def life(stock: str, message: int, *sets: str) -> str:
    """What is told of a message's life."""
    scenario = loads(textwrap.dedent(SHOP).replace("STOCK", stock), overrides=sets)
    run = mqlab.run(scenario, trace="events")
    return tell(run.trace, scenario.model, message)


CRASH = "faults=[{at: 5 ms, crash: stock, for: 100 ms}]"
DOUBLED = "producers.shop.link={up: {duplicate: 100 %}}"


@pytest.mark.parametrize(("stock", "message", "sets", "says"), [
    ("exceptions: {only: [1], times: 1, then: hold}, timeout: {after: 1 s, check: 1 s}", 1, (), (
        "the broker closed the channel of stock, which had not acknowledged a delivery after 2 s",
        "the broker closed a consumer's channel: too long without an acknowledgement",
        "`consumers.stock.timeout`",
    )),
    ("prefetch: 6, service: 1 ms, acks: {batch: 3}, exceptions: {only: [1], then: hold}", 1, (), (
        "Fate of the copy in orders: lost:early_commit. The handler kept silent about it",
        "`consumers.stock.acks.batch` and `consumers.stock.exceptions.then: hold`",
    )),
    ("prefetch: 6, service: 1 ms, acks: {batch: 6, after: 1 s}", 0, (CRASH,), (
        "a consumer's connection ended before it had acknowledged", "`consumers.stock.acks.batch`",
    )),
    ("prefetch: 4, service: 10 ms, scale: [{at: 12 ms, count: 0}, {at: 1 s, count: 1}]", 2, (), (
        "stock had ended its work and left its group", "stock joined its group",
        "a consumer left its group before it had acknowledged", "`consumers.stock.scale`",
    )),
    ("prefetch: 4, service: 10 ms, scale: [{at: 12 ms, count: 0, how: kill}, {at: 1 s, count: 1}]", 2, (), (
        "stock was killed and left its group",
    )),
    ("count: 2, prefetch: 1, service: 10 ms, deduplicate: {how: check-then-act}", 0, (DOUBLED,), (
        "Its effect happened twice", "`consumers.stock.deduplicate.how: check-then-act`",
        "consumers.stock.deduplicate.how: atomic",
    )),
    ("service: 10 ms, deduplicate: {window: 1 ms}", 0, (DOUBLED,), (
        "Its effect happened twice", "`consumers.stock.deduplicate.window`", "a window that outlasts every way",
    )),
    ("service: 1 ms, inventory: 3", 5, (), ("stock found nothing left to sell",)),
    ("service: 1 ms, pull: 20 ms", 0, (), ("it had waited", "stock received the copy in orders")),
])  # fmt: skip
def test_a_life_names_the_decision_and_the_setting(stock, message, sets, says):
    told = life(stock, message, *sets)
    for words in says:
        assert words in told, told


def test_questions_in_vain_are_no_part_of_a_life():
    assert "there was none" not in life("pull: 1 ms, service: 200 ms", 3)
