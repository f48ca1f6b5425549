"""The router against naive definitions: what a pattern matches, and what a network of exchanges reaches."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.model import Binding, Exchange
from mqlab.routing import Router, TopicTree, headers_match, words_of

WORDS = st.sampled_from(["a", "b", "", "aa"])
KEYS = st.lists(WORDS, max_size=5).map(".".join)
PATTERNS = st.lists(st.one_of(WORDS, st.sampled_from(["*", "#", "#"])), max_size=5).map(".".join)


def matches(pattern: list[str], words: list[str]) -> bool:
    """The definition: `*` is one word, `#` any number of words, everything else itself."""
    if not pattern:
        return not words
    if pattern[0] == "#":
        return any(matches(pattern[1:], words[i:]) for i in range(len(words) + 1))
    return bool(words) and pattern[0] in ("*", words[0]) and matches(pattern[1:], words[1:])


@given(st.lists(PATTERNS, max_size=6), KEYS)
def test_a_tree_of_words_finds_what_the_definition_finds(patterns: list[str], key: str) -> None:
    tree = TopicTree()
    for i, pattern in enumerate(patterns):
        tree.add(pattern, ("queue", str(i)))
    found = {int(name) for _, name in tree.match(key)}
    assert found == {i for i, pattern in enumerate(patterns) if matches(words_of(pattern), words_of(key))}


@given(st.lists(st.sampled_from(["a", "b", "*"]), min_size=1, max_size=4), st.lists(st.sampled_from("ab"), min_size=1))
def test_without_a_hash_a_pattern_is_a_regular_expression(pattern: list[str], words: list[str]) -> None:
    tree = TopicTree()
    tree.add(".".join(pattern), ("queue", "q"))
    expression = r"\.".join("[^.]*" if word == "*" else word for word in pattern)
    assert bool(tree.match(".".join(words))) == bool(re.fullmatch(expression, ".".join(words)))


@pytest.mark.parametrize(
    ("pattern", "key", "hit"),
    [
        ("*.orange.*", "quick.orange.rabbit", True),
        ("*.orange.*", "quick.orange", False),
        ("lazy.#", "lazy", True),
        ("lazy.#", "lazy.pink.rabbit", True),
        ("#", "", True),
        ("*", "", False),
        ("", "", True),
        ("a.*.b", "a..b", True),
        ("#.#.#", "x", True),
        ("a.#.z", "a.z", True),
        ("a.#.z", "a.b.c.z", True),
        ("a.#.z", "a.b.c", False),
        ("a.*", "a.*", True),
        ("a.b", "a.*", False),
    ],
)
def test_topics_as_the_documentation_has_them(pattern: str, key: str, hit: bool) -> None:
    router = Router([Exchange("x", "topic")], [Binding("x", "q", pattern)], ["q"])
    assert bool(router.route("x", key)) is hit


def test_many_hashes_cost_no_search() -> None:
    tree = TopicTree()
    tree.add(".".join(["#", "a"] * 40), ("queue", "q"))
    assert tree.match(".".join(["a"] * 400 + ["b"])) == []


@pytest.mark.parametrize(
    ("match", "wanted", "given_headers", "hit"),
    [
        ("all", {"f": "pdf", "t": "log"}, {"f": "pdf", "t": "log", "more": "1"}, True),
        ("all", {"f": "pdf", "t": "log"}, {"f": "pdf"}, False),
        ("any", {"f": "pdf", "t": "log"}, {"f": "pdf"}, True),
        ("any", {"f": "pdf"}, {"f": "doc"}, False),
        ("all", {"f": None}, {"f": "whatever"}, True),
        ("all", {"f": None}, {}, False),
        ("all", {}, {}, True),
        ("any", {}, {"f": "pdf"}, False),
        ("all", {"x-a": "1"}, {}, True),
        ("any", {"x-a": "1"}, {"x-a": "1"}, False),
        ("all-with-x", {"x-a": "1"}, {}, False),
        ("any-with-x", {"x-a": "1"}, {"x-a": "1"}, True),
    ],
)
def test_headers_as_the_documentation_has_them(
    match: str, wanted: dict[str, str | None], given_headers: dict[str, str], hit: bool
) -> None:
    assert headers_match(wanted.items(), match, given_headers) is hit


EXCHANGE_NAMES = ["w", "x", "y", "z"]
QUEUE_NAMES = ["p", "q", "r"]
EXCHANGES = st.tuples(
    *(
        st.builds(
            Exchange, st.just(name), st.sampled_from(["direct", "fanout", "topic", "headers"]),
            alternate=st.sampled_from(["", *EXCHANGE_NAMES]),
        )
        for name in EXCHANGE_NAMES
    )
)  # fmt: skip
PAIRS = st.lists(
    st.tuples(st.sampled_from(["h", "i"]), st.sampled_from(["1", "2"])), max_size=2, unique_by=lambda p: p[0]
)
BINDINGS = st.lists(
    st.builds(
        lambda exchange, to, key, headers, match: Binding(
            exchange, to if to in QUEUE_NAMES else "", key, "" if to in QUEUE_NAMES else to, tuple(headers), match
        ),
        st.sampled_from(EXCHANGE_NAMES), st.sampled_from(QUEUE_NAMES + EXCHANGE_NAMES), PATTERNS, PAIRS,
        st.sampled_from(["all", "any"]),
    ),
    max_size=12,
)  # fmt: skip


def naive(
    exchanges: dict[str, Exchange],
    bindings: list[Binding],
    absent: set[str],
    start: str,
    key: str,
    headers: dict[str, str],
) -> set[str]:
    """Everything that can be reached: repeat until nothing is added."""

    def hit(binding: Binding) -> bool:
        match exchanges[binding.exchange].kind:
            case "direct":
                return binding.key == key
            case "fanout":
                return True
            case "topic":
                return matches(words_of(binding.key), words_of(key))
        wanted = [headers.get(name) == value for name, value in binding.headers]
        return all(wanted) if binding.match == "all" else any(wanted)

    visited = {start}
    while True:
        found = [b for b in bindings if b.exchange in visited and b.queue not in absent and hit(b)]
        after = visited | {b.to_exchange for b in found if b.to_exchange}
        matched = {b.exchange for b in found}
        after |= {exchanges[name].alternate for name in visited - matched if exchanges[name].alternate}
        if after == visited:
            return {b.queue for b in found if b.queue}
        visited = after


@given(EXCHANGES, BINDINGS, st.sets(st.sampled_from(QUEUE_NAMES)), st.sampled_from(EXCHANGE_NAMES), KEYS, PAIRS)
def test_a_network_of_exchanges_reaches_what_the_definition_reaches(
    exchanges: tuple[Exchange, ...], bindings: list[Binding], absent: set[str], start: str, key: str,
    headers: list[tuple[str, str]],
) -> None:  # fmt: skip
    router = Router(exchanges, bindings, QUEUE_NAMES)
    reached = router.route(start, key, headers, absent=absent)
    by_name = {exchange.name: exchange for exchange in exchanges}
    assert set(reached) == naive(by_name, bindings, absent, start, key, dict(headers))
    assert list(reached) == [name for name in QUEUE_NAMES if name in reached]


def test_rings_of_exchanges_and_of_alternates_end() -> None:
    ring = [Exchange("x", "fanout", alternate="x"), Exchange("y", "fanout"), Exchange("z", "direct", alternate="x")]
    bindings = [Binding("x", "", "", "y"), Binding("y", "", "", "x"), Binding("y", "q", "")]
    assert Router(ring, bindings, ["q"]).route("z", "nobody") == ("q",)
    assert Router(ring, bindings[:2], ["q"]).route("z", "nobody") == ()


def test_an_exchange_that_leads_to_an_empty_one_has_routed() -> None:
    """Its alternate stays out of it: a binding matched, though it led to nothing."""
    exchanges = [Exchange("x", "fanout", alternate="rest"), Exchange("empty", "fanout"), Exchange("rest", "fanout")]
    bindings = [Binding("x", "", "", "empty"), Binding("rest", "q", "")]
    assert Router(exchanges, bindings, ["q"]).route("x", "") == ()
    assert Router(exchanges, bindings[1:], ["q"]).route("x", "") == ("q",)


def test_the_default_exchange_knows_the_queues_of_its_virtual_host() -> None:
    router = Router([], [], {"orders": "/", "audit": "shop"})
    assert router.route("", "orders") == ("orders",)
    assert router.route("", "orders", vhost="shop") == ()
    assert router.route("", "audit", vhost="shop") == ("audit",)


def test_a_queue_that_is_not_there_has_no_bindings() -> None:
    exchanges = [Exchange("x", "fanout", alternate="rest"), Exchange("rest", "fanout")]
    bindings = [Binding("x", "p", ""), Binding("x", "q", ""), Binding("rest", "r", "")]
    router = Router(exchanges, bindings, QUEUE_NAMES)
    assert router.route("x", "") == ("p", "q")
    assert router.route("x", "", absent={"p"}) == ("q",)
    assert router.route("x", "", absent={"p", "q"}) == ("r",)
    assert router.route("", "p", absent={"p"}) == ()
