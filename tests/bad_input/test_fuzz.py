"""Nothing that can be written makes the reader stumble: it is a scenario, or one error says why not."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mqlab.errors import ScenarioError
from mqlab.scenario import Scenario, loads, starter
from mqlab.scenario.catalogue import shipped
from mqlab.scenario.expect import parse
from mqlab.scenario.reader import decode
from tests.bad_input.corpus import GOOD

SEEDS = [GOOD, starter("fuzz"), *(path.read_text(encoding="utf-8") for _, path, _, _ in shipped()[:5])]
SNIPPETS = [
    *"{}[]:'\">#%@~\t\r\n\x85\ufeff\u2028\U0001f600",
    *(": ", "- ", "? ", "&a ", "*a", "!!int ", "<<: ", "|\n", "---\n", "...\n", "\n  ", "\n    "),
    *(
        "null",
        "true",
        "yes",
        "1e9",
        ".inf",
        ".nan",
        "-1",
        "0",
        "017",
        "1:30",
        "0x1f",
        "2020-01-01",
        "[]",
        "{}",
    ),
    *("1 s", "-1 s", "1e30 s", "100/s", "5 %", "none", "by_hand", "broker", "orders", "x" * 70, "==", "lost"),
    *("\\x", "\\uD800", "\\U00110000"),
]


def attempt(text: str, overrides: tuple[str, ...]) -> Scenario | ScenarioError:
    try:
        return loads(text, file="f.yaml", overrides=overrides)
    except ScenarioError as error:
        return error


def refused_or_read(text: str, *overrides: str) -> None:
    found = attempt(text, overrides)
    if isinstance(found, Scenario):
        hash(found.model)
        return
    assert found.what
    assert found.mend
    assert found.place is not None
    assert found.place.line >= 0
    assert "\n" not in str(found)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A good scenario with a few cuts, doublings and insertions."""
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        to = min(len(text), at + draw(st.integers(0, 30)))
        match draw(st.sampled_from(["cut", "double", "insert", "replace", "move"])):
            case "cut":
                text = text[:at] + text[to:]
            case "double":
                text = text[:to] + text[at:]
            case "insert":
                text = text[:at] + draw(st.sampled_from(SNIPPETS)) + text[at:]
            case "replace":
                text = text[:at] + draw(st.sampled_from(SNIPPETS)) + text[to:]
            case "move":
                there = draw(st.integers(0, len(text)))
                text = text[:there] + text[at:to] + text[there:]
    return text


@given(mutated())
@settings(max_examples=400)
@example(GOOD.replace("shop", '"\\U00110000"', 1))
@example(GOOD.replace("shop", '"\\uD800"', 1))
@example("a: !<tag:yaml.org,2002:int> 1")
@example("? \n: \n")
@example("!")
@example("a: >9\n")
def test_mutated_scenarios(text: str) -> None:
    refused_or_read(text)


@given(st.text(max_size=200) | st.lists(st.sampled_from(SNIPPETS), max_size=20).map("".join))
@settings(max_examples=300)
def test_any_text(text: str) -> None:
    refused_or_read(text)


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_any_bytes(raw: bytes) -> None:
    try:
        text = decode(raw, "f.yaml")
    except ScenarioError:
        return
    refused_or_read(text)


WORDS = st.sampled_from(
    [
        "producers",
        "shop",
        "arrivals",
        "poisson",
        "rate",
        "faults",
        "0",
        "at",
        "queues",
        "orders",
        "service",
        "x",
        "",
    ]
)


@given(st.lists(WORDS, max_size=6).map(".".join), st.sampled_from(SNIPPETS) | st.text(max_size=20))
@settings(max_examples=200)
@example("faults.0", "1")
@example("expect", "{}")
@example("producers", "1")
@example("producers.shop", "1")
@example("queues.orders.durable.x", "1")
def test_any_override(path: str, value: str) -> None:
    refused_or_read(GOOD, f"{path}={value}")


TOKENS = [
    *("lost", "fates.lost", "latency.p99", "queues.orders.depth_max", "gauges.x", "a.b-c", "_"),
    *("1", "0", "5 %", "200 ms", "900/s", "1 KiB", "1e5", "9" * 50),
    *("==", "<", ">=", "+", "-", "*", "/", "(", ")", "and", "or", "not", "=", "!"),
]


@given(st.lists(st.sampled_from(TOKENS), max_size=14).map(" ".join) | st.text(max_size=60))
@settings(max_examples=400)
@example("(" * 500)
@example("-" * 900 + "1")
@example("not " * 200 + "lost == 0")
@example("1" + " + 1" * 200 + " < lost")
def test_any_expectation(text: str) -> None:
    try:
        expectation = parse(text)
    except ScenarioError:
        return
    summary = {"anomalies": {"lost": 0}, "fates": {"lost": {"wire": 1}}, "gauges": {"x": 0}}
    assert expectation.evaluate(summary).holds in (True, False, None)
