"""Systems: the registry, the defaults with their sources, and what each promises when."""

from __future__ import annotations

import re

import pytest

from mqlab import checks, systems
from mqlab.errors import BadInput
from mqlab.scenario import loads
from mqlab.scenario.groups import ConsumerSpec, ProducerSpec
from mqlab.scenario.logs import ClusterSpec, TopicSpec
from mqlab.scenario.mapping import Spec
from mqlab.scenario.spec import LOG_SYSTEMS, BindingSpec, ExchangeSpec, NodeSpec, QueueSpec, ScenarioSpec
from mqlab.systems import ANOMALIES, OURS, Promise
from tests.scenario.test_grammar import scenario


def test_unknown_systems_are_refused_with_a_hint() -> None:
    with pytest.raises(BadInput, match="did you mean `rabbitmq`"):
        systems.get("rabitmq")
    with pytest.raises(BadInput, match="systems: rabbitmq, rabbitmq-quorum, direct, kafka, pulsar"):
        systems.get("x")


def test_contracts_speak_of_the_anomalies_that_checks_find() -> None:
    assert checks.ANOMALIES == ANOMALIES


@pytest.mark.parametrize("name", systems.names())
def test_every_default_has_a_source_and_a_field(name: str) -> None:
    tops: dict[str, type[Spec]] = {
        "producers": ProducerSpec,
        "consumers": ConsumerSpec,
        "queues": QueueSpec,
        "exchanges": ExchangeSpec,
        "bindings": BindingSpec,
        "nodes": NodeSpec,
        "topics": TopicSpec,
    }
    system = systems.get(name)
    assert system.name == name
    paths = [default.path for default in system.defaults]
    assert len(set(paths)) == len(paths)
    for default in system.defaults:
        assert default.value
        assert len(default.source.removeprefix(OURS)) > 10
        first, *rest = default.path.split(".")
        spec = tops.get(first, ScenarioSpec)
        if first == "cluster":
            assert rest[0] in ClusterSpec.written(), default.path
            continue
        assert (rest[1] if rest else first) in spec.written(), default.path


@pytest.mark.parametrize("retry", ["{attempts: 2}", "{attempts: 2, backoff: {exponential: {first: 1 s}}}"])
@pytest.mark.parametrize("name", systems.names())
def test_every_default_may_be_written_where_it_holds(name: str, retry: str) -> None:
    """A table must speak the grammar: what it says is what a person could have written."""
    text = (
        f"system: {name}\nduration: 1 s\nproducers: {{p: {{arrivals: {{constant: 1/s}}, retry: {retry}}}}}\n"
        "queues: {q: {}}\nconsumers: {c: {}}\nnodes: {n: {}}\n"
    )
    if systems.get(name).log:
        text = text.replace(f", retry: {retry}", "").replace("queues", "topics")
    if systems.get(name).bookies:
        text = text.replace("nodes: {n: {}}", "nodes: {n: {}, bookie-1: {}, bookie-2: {}}")
    bare = loads(text)
    for path, value, _ in bare.defaults_used:
        if value == "unbounded" or ("backoff.exponential" in path and "first" not in retry):
            continue  # one is no value to write, the others need the `first` of the system's pause
        same = loads(text, overrides=[f"{path}={value}"])
        assert same.model == bare.model, path
        assert path not in {used for used, _, _ in same.defaults_used}


@pytest.mark.parametrize("name", systems.names())
def test_a_contract_speaks_of_every_anomaly_and_says_why(name: str) -> None:
    section = "topics" if systems.get(name).log else "queues"
    model = loads(
        f"system: {name}\nduration: 1 s\n{section}: {{q: {{}}}}\nproducers: {{p: {{arrivals: {{constant: 1/s}}}}}}\n"
    ).model
    promises = systems.get(name).contract(model)
    assert tuple(promises) == ANOMALIES
    for promise in promises.values():
        assert promise.because
        assert not promise.because.endswith(".")
    assert not promises["phantom"].permitted


def test_the_grammar_knows_which_systems_have_topics() -> None:
    assert tuple(name for name in systems.names() if systems.get(name).log) == LOG_SYSTEMS


SAFE = "message: {persistent: true}, confirm: true"
DURABLE = "durable: true"
ONCE = "at: 5 s, for: 1 s"
CRASH, POWER = f"faults: [{{{ONCE}, crash: broker}}]", f"faults: [{{{ONCE}, power_loss: broker}}]"


def promises(producer: str = "", consumer: str = "", queue: str = "", more: str = "") -> dict[str, Promise]:
    loaded = scenario(producer, consumer, queue, more)
    return systems.get("rabbitmq").contract(loaded.model)


def test_nothing_goes_wrong_where_nothing_can() -> None:
    permitted = {name for name, promise in promises(SAFE, "", DURABLE).items() if promise.permitted}
    assert permitted == {"recovered"}


@pytest.mark.parametrize(
    ("producer", "consumer", "queue", "more", "permitted", "because"),
    [
        # the broker: durable queue AND persistent message AND confirms
        (SAFE, "", DURABLE, CRASH, False, "stored safely"),
        (SAFE, "", DURABLE, POWER, False, "stored safely"),
        (SAFE, "", "", CRASH, True, "queue `orders` is not durable and `broker` crashes"),
        (SAFE, "", "", POWER, True, "queue `orders` is not durable and `broker` loses power"),
        ("confirm: true", "", DURABLE, CRASH, True, "`shop` sends transient messages and `broker` crashes"),
        ("confirm: true", "", "", "", False, "stored safely"),
        ("message: {persistent: true}", "", DURABLE, "", True, "no producer asks for confirms"),
        (SAFE, "", "", f"faults: [{{{ONCE}, silence: broker}}]", False, "stored safely"),
        (SAFE, "", "", "faults: [{at: 5 s, reset: broker}]", False, "stored safely"),
        # overflow
        (
            SAFE,
            "",
            "durable: true, max_length: 9",
            "",
            True,
            "throws messages away when it is full (drop-head)",
        ),
        (SAFE, "", "durable: true, max_length: 9, overflow: drop-newest", "", True, "(drop-newest)"),
        (SAFE, "", "durable: true, max_length: 9, overflow: reject-publish", CRASH, False, "stored safely"),
        # automatic acknowledgement
        (SAFE, "ack: auto", DURABLE, "", False, "stored safely"),
        (SAFE, "ack: auto", DURABLE, CRASH, True, "acknowledges automatically and `broker` crashes"),
        (SAFE, "ack: auto", DURABLE, f"faults: [{{{ONCE}, crash: stock}}]", True, "and `stock` crashes"),
        (SAFE, "ack: auto", DURABLE, "faults: [{at: 5 s, reset: stock}]", True, "and `stock` is cut off"),
        (SAFE, "ack: auto, link: {loss: 1 %}", DURABLE, "", True, "loses packets"),
        (SAFE, "ack: auto, exceptions: {probability: 1 %}", DURABLE, "", True, "dies of its exceptions"),
        (SAFE, "ack: auto, exceptions: {probability: 1 %, then: hold}", DURABLE, "", True, "before it fails"),
        (SAFE, "ack: auto, exceptions: {probability: 0}", DURABLE, "", False, "stored safely"),
        (
            SAFE,
            "exceptions: {probability: 1 %}",
            DURABLE,
            f"faults: [{{{ONCE}, crash: stock}}]",
            False,
            "stored",
        ),
        (SAFE, "ack: auto", DURABLE, f"faults: [{{{ONCE}, crash: shop}}]", False, "stored safely"),
    ],
)
def test_lost(producer: str, consumer: str, queue: str, more: str, permitted: bool, because: str) -> None:
    promise = promises(producer, consumer, queue, more)["lost"]
    assert promise.permitted == permitted, promise.because
    assert because in promise.because


@pytest.mark.parametrize(
    ("consumer", "more", "permitted"),
    [
        ("", "", False),
        ("exceptions: {probability: 1 %, then: crash}", "", True),
        ("exceptions: {probability: 1 %, then: requeue}", "", True),
        ("exceptions: {probability: 1 %, then: reject}", "", False),
        ("exceptions: {probability: 1 %, then: hold}", "", False),
        ("exceptions: {probability: 1 %, then: hold}", "faults: [{at: 5 s, reset: stock}]", True),
        ("", CRASH, True),
        ("", "faults: [{at: 5 s, reset: 'stock[1]'}]", True),
        ("", "faults: [{at: 5 s, reset: shop}]", False),
        ("link: {duplicate: 1 %}", "", True),
        ("service: by_hand", "", True),
    ],
)
def test_redelivered(consumer: str, more: str, permitted: bool) -> None:
    consumer = f"count: 2{consumer and ', '}{consumer}"
    assert promises(SAFE, consumer, DURABLE, more)["redelivered"].permitted == permitted


AGAIN = "retry: {attempts: 3}"
REFUSING = "max_length: 5, overflow: reject-publish"


@pytest.mark.parametrize(
    ("producer", "queue", "more", "permitted"),
    [
        (AGAIN, "", "", False),
        (f"confirm: true, {AGAIN}", "", "", False),
        (f"confirm: {{timeout: 1 s}}, {AGAIN}", "", "", True),
        ("confirm: {timeout: 1 s}", "", "", False),
        (f"confirm: true, {AGAIN}", "", CRASH, True),
        (f"confirm: true, {AGAIN}", "", "faults: [{at: 5 s, reset: shop}]", True),
        (f"confirm: true, {AGAIN}", "", "faults: [{at: 5 s, reset: stock}]", False),
        (AGAIN, "", "faults: [{at: 5 s, reset: shop}]", False),
        ("confirm: true", "", CRASH, False),
        (f"confirm: true, {AGAIN}", REFUSING, "", False),
        ("link: {up: {duplicate: 1 %}}", "", "", True),
        ("link: {down: {duplicate: 1 %}}", "", "", False),
    ],
)
def test_enqueued_twice(producer: str, queue: str, more: str, permitted: bool) -> None:
    assert promises(producer, "", queue, more)["enqueued_twice"].permitted == permitted


def test_a_refusal_by_one_of_two_queues_doubles_in_the_other() -> None:
    text = f"""\
system: rabbitmq
duration: 10 s
producers: {{shop: {{arrivals: {{poisson: 1/s}}, to: {{exchange: all}}, confirm: true, {AGAIN}}}}}
exchanges: {{all: {{type: fanout}}}}
queues: {{orders: {{}}, log: {{{REFUSING}}}}}
bindings: [{{exchange: all, queue: orders}}, {{exchange: all, queue: log}}]
"""
    contract = systems.get("rabbitmq").contract
    assert "sends again to all queues when `log` refuses" in contract(loads(text).model)["enqueued_twice"].because
    assert not contract(loads(text.replace(REFUSING, "")).model)["enqueued_twice"].permitted


@pytest.mark.parametrize(
    ("producer", "consumer", "more", "permitted"),
    [
        (f"confirm: {{timeout: 1 s}}, {AGAIN}", "", "", True),
        (f"confirm: {{timeout: 1 s}}, {AGAIN}", "deduplicate: true", "", False),
        ("", "exceptions: {probability: 1 %}", "", True),
        ("", "exceptions: {probability: 1 %}, deduplicate: true", "", False),
        ("", "deduplicate: true", CRASH, False),
        ("", "deduplicate: true, service: by_hand", CRASH, True),
        ("", "", CRASH, True),
        ("", "", "", False),
    ],
)
def test_duplicate_effect(producer: str, consumer: str, more: str, permitted: bool) -> None:
    assert promises(producer, consumer, "", more)["duplicate_effect"].permitted == permitted


def test_two_groups_do_not_share_what_they_have_seen() -> None:
    text = f"""\
system: rabbitmq
duration: 10 s
producers: {{shop: {{arrivals: {{poisson: 1/s}}, confirm: {{timeout: 1 s}}, {AGAIN}}}}}
queues: {{orders: {{}}}}
consumers: {{a: {{deduplicate: true}}, b: {{deduplicate: true}}}}
"""
    promise = systems.get("rabbitmq").contract(loads(text).model)["duplicate_effect"]
    assert "several groups" in promise.because


@pytest.mark.parametrize(
    ("producer", "consumer", "queue", "more", "permitted", "because"),
    [
        ("", "", "", "", False, "one producer and one consumer"),
        ("", "prefetch: 50, exceptions: {probability: 1 %, then: reject}", "", "", False, "one producer"),
        ("", "", "max_length: 5", "", False, "one producer"),
        ("", "count: 2", "", "", True, "several consumers"),
        ("count: 2", "", "", "", True, "several producers"),
        ("", "exceptions: {probability: 1 %, then: requeue}", "", "", True, "puts back"),
        ("", "exceptions: {probability: 1 %, then: hold}", "", "", True, "holds back"),
        ("", "", "", CRASH, True, "`broker` crashes"),
        ("link: {ordered: false}", "", "", "", True, "packets overtake each other"),
        ("", "link: {ordered: false}", "", "", True, "packets overtake each other"),
        (f"confirm: {{timeout: 1 s}}, {AGAIN}", "", "", "", True, "when a confirm is late"),
        (f"confirm: true, {AGAIN}", "", REFUSING, "", True, "tries again later when `orders` refuses"),
        ("confirm: true", "", REFUSING, "", False, "one producer"),
        (AGAIN, "", "", "faults: [{at: 5 s, reset: shop}]", True, "tries again later when `shop` is cut off"),
        ("", "", "", "faults: [{at: 5 s, reset: shop}]", False, "one producer"),
    ],
)
def test_out_of_order(producer: str, consumer: str, queue: str, more: str, permitted: bool, because: str) -> None:
    promise = promises(producer, consumer, queue, more)["out_of_order"]
    assert promise.permitted == permitted, promise.because
    assert because in promise.because


def test_an_answer_means_that_the_work_is_done() -> None:
    text = f"""\
system: direct
duration: 10 s
producers: {{users: {{arrivals: {{poisson: 1/s}}, confirm: {{timeout: 1 s}}, {AGAIN}}}}}
queues: {{database: {{}}}}
consumers: {{connections: {{}}}}
{CRASH}
"""
    contract = systems.get("direct").contract(loads(text).model)
    assert contract["lost"] == Promise(False, "the answer comes after the work, so what is answered is done")
    assert contract["recovered"].permitted
    assert contract["duplicate_effect"].permitted


def test_a_call_that_fails_is_made_again_after_it_was_taken() -> None:
    text = f"""\
system: direct
duration: 10 s
producers: {{users: {{arrivals: {{poisson: 1/s}}, {AGAIN}}}}}
queues: {{database: {{}}}}
consumers: {{connections: {{exceptions: {{probability: 1 %, then: reject}}}}}}
"""
    contract = systems.get("direct").contract
    assert "`users` calls again when `connections` fails" in contract(loads(text).model)["enqueued_twice"].because
    assert not contract(loads(text.replace("probability: 1 %", "probability: 0")).model)["enqueued_twice"].permitted
    once = text.replace(AGAIN, "confirm: true")
    assert not contract(loads(once).model)["enqueued_twice"].permitted


def test_reasons_name_the_setting_in_the_words_of_the_scenario() -> None:
    because = promises(SAFE, "", "", CRASH)["lost"].because
    assert re.findall(r"`(\w+)`", because) == ["orders", "broker"]
