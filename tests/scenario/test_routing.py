"""Routing: the rules of AMQP, and that contracts see the same queues."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.errors import BadInput
from mqlab.model import Binding, Destination, Exchange
from mqlab.routing import route
from mqlab.systems.facts import queues_of
from tests.scenario.test_grammar import scenario

QUEUES = ("log", "mail", "audit")
EXCHANGES = [Exchange("all", "fanout"), Exchange("keyed", "direct")]
BINDINGS = [
    Binding("all", "mail", ""),
    Binding("all", "log", "ignored"),
    Binding("all", "mail", "again"),
    Binding("keyed", "audit", "dog"),
    Binding("keyed", "log", "dog"),
    Binding("keyed", "log", "cat"),
]


@pytest.mark.parametrize(
    ("exchange", "key", "queues"),
    [
        ("", "mail", ("mail",)),
        ("", "nobody", ()),
        ("all", "", ("log", "mail")),
        ("all", "anything", ("log", "mail")),
        ("keyed", "dog", ("log", "audit")),
        ("keyed", "cat", ("log",)),
        ("keyed", "dog.puppy", ()),
        ("keyed", "", ()),
    ],
)
def test_a_message_reaches_each_queue_once_in_order(exchange: str, key: str, queues: tuple[str, ...]) -> None:
    assert route(EXCHANGES, BINDINGS, QUEUES, exchange, key) == queues


def test_an_unknown_exchange_is_refused() -> None:
    with pytest.raises(BadInput, match="did you mean `keyed`"):
        route(EXCHANGES, BINDINGS, QUEUES, "keyd", "dog")


@given(
    st.lists(st.builds(Binding, st.sampled_from(["all", "keyed"]), st.sampled_from(QUEUES), st.sampled_from("ab"))),
    st.sampled_from(["", "all", "keyed"]),
    st.sampled_from(["a", "b", "log"]),
)
def test_contracts_see_the_queues_that_messages_reach(bindings: list[Binding], exchange: str, key: str) -> None:
    model = scenario().model
    queues = tuple(replace(model.queues[0], name=name) for name in QUEUES)
    model = replace(model, queues=queues, exchanges=tuple(EXCHANGES), bindings=tuple(bindings))
    producer = replace(model.producers[0], destination=Destination(exchange, ((key, 1.0),)))
    reached = tuple(queue.name for queue in queues_of(model, producer))
    assert reached == route(EXCHANGES, bindings, QUEUES, exchange, key)
