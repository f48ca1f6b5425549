"""RabbitMQ, topic and headers exchanges, bindings between exchanges, alternates and virtual hosts."""

import pytest

from mqlab.errors import ScenarioError
from mqlab.scenario import loads

TOPICS = """
    name: topics
    system: rabbitmq
    duration: 1 s
    producers:
      zoo: {arrivals: {constant: {rate: 100/s, messages: 4}}, to: {exchange: x, routing_key: quick.orange.rabbit}}
    exchanges: {x: {type: topic}}
    queues: {q: {}}
    bindings:
      - {exchange: x, queue: q, key: "*.orange.*"}
"""
HEADERS = """
    name: headers
    system: rabbitmq
    duration: 1 s
    producers:
      office:
        arrivals: {constant: {rate: 100/s, messages: 4}}
        to: {exchange: x, headers: {format: pdf, type: report}}
    exchanges: {x: {type: headers}}
    queues: {q: {}}
    bindings:
      - {exchange: x, queue: q, headers: {format: pdf, type: report}}
"""
NETWORK = """
    name: network
    system: rabbitmq
    duration: 1 s
    producers:
      shop: {arrivals: {constant: {rate: 100/s, messages: 4}}, confirm: true, to: {exchange: x, routing_key: red}}
    exchanges: {x: {}, y: {type: fanout}}
    queues: {q: {}, r: {}}
    bindings:
      - {exchange: x, queue: q, key: red}
      - {exchange: y, queue: r}
"""


def reached(run):
    """How many messages each queue took."""
    events = run.events
    return events[events["kind"] == "enqueued"].groupby("queue", observed=True).size().to_dict()


@pytest.mark.parametrize(
    ("pattern", "hit"),
    [
        ("*.orange.*", True), ("quick.*.rabbit", True), ("*.orange", False), ("*.*.*", True), ("*", False),
        ("quick.orange.rabbit", True), ("orange", False),
    ],
)  # fmt: skip
def test_a_star_stands_for_exactly_one_word(play, pattern, hit):
    assert reached(play(TOPICS, f"bindings.0.key='{pattern}'")) == ({"q": 4} if hit else {})


@pytest.mark.parametrize(
    ("pattern", "hit"),
    [("#", True), ("quick.#", True), ("#.rabbit", True), ("quick.#.orange.#.rabbit", True), ("#.fox", False)],
)
def test_a_hash_stands_for_zero_or_more_words(play, pattern, hit):
    assert reached(play(TOPICS, f"bindings.0.key='{pattern}'")) == ({"q": 4} if hit else {})


def test_a_topic_exchange_without_wildcards_is_a_direct_one(play):
    key = "producers.zoo.to.routing_key=dog"
    for pattern, hit in (("dog", True), ("dog.puppy", False), ("dog.#", True), ("dog.*", False)):
        assert bool(reached(play(TOPICS, key, f"bindings.0.key='{pattern}'"))) is hit


@pytest.mark.parametrize("key", ["dog.puppy", "dog.guard"])
def test_the_direct_key_dog_matches_neither_puppies_nor_guard_dogs(play, key):
    run = play(NETWORK, "bindings.0.key=dog", f"producers.shop.to.routing_key={key}")
    assert set(run.fates["fate"]) == {"unroutable"}


@pytest.mark.parametrize(
    ("match", "headers", "hit"),
    [
        ("all", "{format: pdf, type: report}", True),
        ("all", "{format: pdf, type: log}", False),
        ("all", "{format: pdf, type: report, pages: 3}", False),
        ("any", "{format: pdf, type: log}", True),
        ("any", "{format: doc, type: log}", False),
        ("all", "{format: , type: }", True),
    ],
)
def test_a_headers_exchange_wants_all_or_any(play, match, headers, hit):
    run = play(HEADERS, f"bindings.0.match={match}", f"bindings.0.headers={headers}")
    assert reached(run) == ({"q": 4} if hit else {})


def test_all_is_what_a_headers_binding_wants_unless_it_says_any(play):
    assert reached(play(HEADERS, "producers.office.to.headers={format: pdf}")) == {}


@pytest.mark.parametrize(("match", "hit"), [("all", True), ("all-with-x", False)])
def test_headers_that_begin_with_x_do_not_take_part_unless_asked_to(play, match, hit):
    run = play(HEADERS, "bindings.0.headers={format: pdf, x-colour: red}", f"bindings.0.match={match}")
    assert bool(reached(run)) is hit


def test_an_exchange_bound_to_another_passes_messages_on(play):
    assert reached(play(NETWORK, "bindings.0={exchange: x, to_exchange: y, key: red}")) == {"r": 4}


def test_a_ring_of_exchanges_ends_and_a_queue_takes_a_message_once(play):
    ring = (
        "bindings=[{exchange: x, to_exchange: y, key: red}, {exchange: y, to_exchange: x}, {exchange: x, queue: q, "
        "key: red}, {exchange: y, queue: q}]"
    )
    assert reached(play(NETWORK, ring)) == {"q": 4}


def test_what_no_binding_matches_goes_to_the_alternate_exchange(play):
    run = play(NETWORK, "exchanges.x.alternate=y", "producers.shop.to.routing_key=blue")
    assert reached(run) == {"r": 4}
    assert reached(play(NETWORK, "exchanges.x.alternate=y")) == {"q": 4}


def test_alternates_are_tried_in_a_chain_and_a_ring_of_them_ends(play):
    chain = (
        "exchanges={x: {alternate: z}, z: {alternate: y}, y: {type: fanout, alternate: x}}",
        "producers.shop.to.routing_key=blue",
    )
    assert reached(play(NETWORK, *chain)) == {"r": 4}
    run = play(NETWORK, *chain, "bindings=[{exchange: x, queue: q, key: red}]")
    assert set(run.fates["fate"]) == {"unroutable"}


def test_names_of_one_virtual_host_mean_nothing_in_another():
    text = NETWORK.replace("queues: {q: {}", "queues: {q: {vhost: shop}")
    with pytest.raises(ScenarioError, match="do not see each other"):
        loads("\n".join(line[4:] for line in text.splitlines()))
