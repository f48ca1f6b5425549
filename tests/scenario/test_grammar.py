"""What may be written, and what it becomes in the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mqlab.errors import ScenarioError
from mqlab.model import (
    Arrivals,
    Backoff,
    Binding,
    Confirm,
    Contention,
    Destination,
    Distribution,
    Exceptions,
    Exchange,
    Fault,
    Keys,
    LinkSide,
    Retry,
)
from mqlab.scenario import Scenario, load, loads

MS, S = 10**6, 10**9


def scenario(
    producer: str = "",
    consumer: str = "",
    queue: str = "",
    more: str = "",
    arrivals: str = "{poisson: 100/s}",
    overrides: tuple[str, ...] = (),
) -> Scenario:
    """One producer, one queue, one consumer, and what is to be tried."""
    text = f"""\
system: rabbitmq
duration: 10 s
producers:
  shop: {{arrivals: {arrivals}{producer and ", "}{producer}}}
queues:
  orders: {{{queue}}}
consumers:
  stock: {{{consumer}}}
{more}
"""
    return loads(text, overrides=overrides)


def constant(ns: float) -> Distribution:
    return Distribution("constant", (float(ns),))


FLASH_SALE = """\
name: flash-sale
system: rabbitmq
duration: 60 s            # producers stop; then
drain: 30 s               # consumers finish what is owed; a check on loss needs it
producers:
  buyers:                 # a group; rates are for the whole group unless `each: true`
    count: 200
    arrivals: {ramp: {from: 200/s, to: 1500/s, over: 10 s}}
    message: {size: 1 KiB, key: {zipf: {s: 1.1, keys: 500}}, persistent: true}
    confirm: {max_in_flight: 100, timeout: 1 s}
    retry: {attempts: 8, backoff: {exponential: {first: 200 ms, factor: 2, max: 2 s, jitter: full}}}
queues:
  orders: {durable: true, max_length: 10_000, overflow: reject-publish}
consumers:
  stock: {queue: orders, count: 4, prefetch: 20, ack: manual, service: {lognormal: {mean: 4 ms, cv: 1}}}
faults:
  - {at: 20 s, crash: broker, for: 3 s}
expect:
  - lost == 0
  - fates.rejected > 0
"""


def test_a_whole_scenario_becomes_what_it_says() -> None:
    loaded = loads(FLASH_SALE)
    model = loaded.model
    assert [expectation.text for expectation in loaded.expectations] == ["lost == 0", "fates.rejected > 0"]
    buyers, stock = model.producers[0], model.consumers[0]
    assert (model.duration_ns, model.drain_ns, model.end_ns) == (60 * S, 30 * S, 90 * S)
    assert buyers.count == 200
    assert buyers.arrivals == Arrivals("ramp", 200.0, 1500.0, 10 * S, stop_ns=60 * S)
    assert buyers.message.keys == Keys("zipf", 500, 1.1)
    assert buyers.message.persistent
    assert buyers.confirm == Confirm(100, S)
    assert buyers.retry == Retry(8, Backoff(200 * MS, 2.0, 2 * S, "full"))
    assert buyers.destination == Destination("", (("orders", 1.0),))
    assert (stock.count, stock.prefetch, stock.ack) == (4, 20, "manual")
    assert stock.service == Distribution("lognormal", (4.0 * MS, 1.0))
    assert model.queues[0].overflow == "reject-publish"
    assert model.faults == (Fault(20 * S, "crash", "broker", 3 * S),)


def test_what_a_scenario_leaves_open_is_as_the_system_has_it() -> None:
    model = scenario().model
    shop, orders, stock = model.producers[0], model.queues[0], model.consumers[0]
    assert (shop.count, shop.confirm, shop.message.persistent) == (1, None, False)
    assert shop.retry.attempts == 1
    assert shop.message.size_bytes == 1024
    assert shop.connection.heartbeat_ns == 60 * S
    assert (orders.durable, orders.max_length, orders.overflow) == (False, -1, "drop-head")
    assert (stock.ack, stock.prefetch, stock.exceptions, stock.deduplicate) == ("manual", 0, None, False)
    assert [node.name for node in model.nodes] == ["broker"]
    assert model.name == "scenario"


def test_defaults_that_were_used_are_named_with_their_source() -> None:
    used = {path: (value, source) for path, value, source in scenario().defaults_used}
    assert used["producers.shop.message.persistent"][0] == "false"
    assert "AMQP" in used["producers.shop.message.persistent"][1]
    assert used["consumers.stock.ack"][0] == "manual"
    given = {path for path, _, _ in scenario(consumer="ack: auto").defaults_used}
    assert "consumers.stock.ack" not in given


@pytest.mark.parametrize(
    ("written", "arrivals"),
    [
        ("{poisson: 100/s}", Arrivals("poisson", 100.0, stop_ns=10 * S)),
        ("{poisson: {rate: 100/s}}", Arrivals("poisson", 100.0, stop_ns=10 * S)),
        ("{constant: 6/min}", Arrivals("constant", 0.1, stop_ns=10 * S)),
        (
            "{constant: {rate: 5/s, start: 1 s, stop: 2 s, messages: 3}}",
            Arrivals("constant", 5.0, start_ns=S, stop_ns=2 * S, messages_max=3),
        ),
        ("{ramp: {from: 1/s, to: 2/s, over: 5 s}}", Arrivals("ramp", 1.0, 2.0, 5 * S, stop_ns=10 * S)),
        ("{closed: {think: 10 ms}}", Arrivals("closed", think=constant(10 * MS), stop_ns=10 * S)),
        (
            "{closed: {think: {exponential: 1 s}, messages: 9}}",
            Arrivals("closed", think=Distribution("exponential", (float(S),)), stop_ns=10 * S, messages_max=9),
        ),
        ("by_hand", Arrivals("by_hand", stop_ns=10 * S)),
    ],
)
def test_arrivals(written: str, arrivals: Arrivals) -> None:
    assert scenario(arrivals=written).model.producers[0].arrivals == arrivals


def test_with_each_rates_and_numbers_are_those_of_one_member() -> None:
    written = "{constant: {rate: 5/s, messages: 3}}"
    group = scenario("count: 4", arrivals=written).model.producers[0].arrivals
    each = scenario("count: 4, each: true", arrivals=written).model.producers[0].arrivals
    assert (group.rate_per_s, group.messages_max) == (5.0, 3)
    assert (each.rate_per_s, each.messages_max) == (20.0, 12)


@pytest.mark.parametrize(
    ("written", "shape"),
    [
        ("4 ms", constant(4 * MS)),
        ("0", constant(0)),
        ("{constant: 4 ms}", constant(4 * MS)),
        ("{uniform: {low: 1 ms, high: 3 ms}}", Distribution("uniform", (1e6, 3e6))),
        ("{exponential: {mean: 4 ms}}", Distribution("exponential", (4e6,))),
        ("{exponential: 4 ms}", Distribution("exponential", (4e6,))),
        ("{erlang: {k: 3, mean: 4 ms}}", Distribution("erlang", (3.0, 4e6))),
        ("{lognormal: {mean: 4 ms, cv: 0.5}}", Distribution("lognormal", (4e6, 0.5))),
        (
            "{hyperexponential: {p: 90 %, mean1: 1 ms, mean2: 9 ms}}",
            Distribution("hyperexponential", (0.9, 1e6, 9e6)),
        ),
        (
            "{serial: [1 ms, {exponential: 2 ms}]}",
            Distribution("serial", (), (constant(1e6), Distribution("exponential", (2e6,)))),
        ),
        (
            "{parallel: [1 ms, {serial: [1 ms, 1 ms]}]}",
            Distribution("parallel", (), (constant(1e6), Distribution("serial", (), (constant(1e6), constant(1e6))))),
        ),
        ("by_hand", None),
    ],
)
def test_service(written: str, shape: Distribution | None) -> None:
    assert scenario(consumer=f"service: {written}").model.consumers[0].service == shape


@pytest.mark.parametrize(
    ("written", "keys"),
    [
        ("none", Keys()),
        ("{sequence: {keys: 7}}", Keys("sequence", 7)),
        ("{sequence: 7}", Keys("sequence", 7)),
        ("{uniform: {keys: 7}}", Keys("uniform", 7)),
        ("{zipf: {s: 1.1, keys: 7}}", Keys("zipf", 7, 1.1)),
    ],
)
def test_keys(written: str, keys: Keys) -> None:
    assert scenario(f"message: {{key: {written}}}").model.producers[0].message.keys == keys


@pytest.mark.parametrize(
    ("written", "confirm"),
    [
        ("none", None),
        ("false", None),
        ("true", Confirm(0, 0)),
        ("{}", Confirm(0, 0)),
        ("{timeout: 1 s}", Confirm(0, S)),
        ("{max_in_flight: 1}", Confirm(1, 0)),
    ],
)
def test_confirms(written: str, confirm: Confirm | None) -> None:
    assert scenario(f"confirm: {written}").model.producers[0].confirm == confirm


@pytest.mark.parametrize(
    ("written", "retry"),
    [
        ("none", Retry(1, Backoff(0, 1.0, 0, "none"))),
        ("{attempts: 1}", Retry(1, Backoff(0, 1.0, 0, "none"))),
        ("{attempts: 3, backoff: none}", Retry(3, Backoff(0, 1.0, 0, "none"))),
        ("{attempts: 3, backoff: {constant: 100 ms}}", Retry(3, Backoff(100 * MS, 1.0, 100 * MS, "none"))),
        (
            "{attempts: 3, backoff: {exponential: {first: 1 s, factor: 3, max: 5 s, jitter: none}}}",
            Retry(3, Backoff(S, 3.0, 5 * S, "none")),
        ),
        ("{attempts: 3}", Retry(3, Backoff(100 * MS, 2.0, 10 * S, "full"))),
        (
            "{attempts: 3, backoff: {exponential: {first: 20 s}}}",
            Retry(3, Backoff(20 * S, 2.0, 20 * S, "full")),
        ),
    ],
)
def test_retries(written: str, retry: Retry) -> None:
    assert scenario(f"retry: {written}").model.producers[0].retry == retry


EVENTS = """\
exchanges: {events: {type: fanout}, keyed: {}}
bindings:
  - {exchange: events, queue: orders}
  - {exchange: keyed, queue: orders, key: red}
  - {exchange: keyed, queue: orders, key: red}
"""


@pytest.mark.parametrize(
    ("written", "destination"),
    [
        ("orders", Destination("", (("orders", 1.0),))),
        ("{}", Destination("", (("orders", 1.0),))),
        ("{exchange: events}", Destination("events", (("", 1.0),))),
        ("{exchange: keyed, routing_key: red}", Destination("keyed", (("red", 1.0),))),
        ("{exchange: keyed, routing_key: 7}", Destination("keyed", (("7", 1.0),))),
        (
            "{exchange: keyed, routing_key: {red: 3, blue: 1}}",
            Destination("keyed", (("red", 0.75), ("blue", 0.25))),
        ),
    ],
)
def test_destinations(written: str, destination: Destination) -> None:
    model = scenario(f"to: {written}", more=EVENTS).model
    assert model.producers[0].destination == destination


def test_exchanges_and_bindings() -> None:
    model = scenario(more=EVENTS).model
    assert model.exchanges == (Exchange("events", "fanout", False), Exchange("keyed", "direct", False))
    assert model.bindings == (Binding("events", "orders", ""), Binding("keyed", "orders", "red"))


def test_a_link_by_name_in_line_and_with_two_sides() -> None:
    wan = "links: {wan: {latency: 20 ms, loss: 1 %, ordered: false, down: {latency: 5 ms, duplicate: 0.5}}}"
    link = scenario("link: wan", more=wan).model.producers[0].link
    assert link.up == LinkSide(constant(20 * MS), 0.01, 0.0)
    assert link.down == LinkSide(constant(5 * MS), 0.01, 0.5)
    assert not link.ordered
    same = "{latency: 20 ms, loss: 1 %, ordered: false, down: {latency: 5 ms, duplicate: 0.5}}"
    assert scenario(f"link: {same}").model.producers[0].link == link


def test_what_a_consumer_may_do_wrong() -> None:
    failing = scenario(consumer="exceptions: {probability: 5 %, per: message, then: requeue}").model.consumers[0]
    assert failing.exceptions == Exceptions(0.05, "message", "requeue")
    plain = scenario(consumer="exceptions: {probability: 5 %}, contention: {alpha: 0.1}").model.consumers[0]
    assert plain.exceptions == Exceptions(0.05, "delivery", "crash")
    assert plain.contention == Contention(0.1, 0.0)


def test_nodes() -> None:
    more = """\
nodes:
  one: {}
  two:
    cpu: {publish: 1 us, deliver: 2 us}
    disk: {fsync: {exponential: 3 ms}, bandwidth: unlimited, group_commit: 0}
"""
    model = scenario("node: two", queue="node: two", more=more).model
    two = model.nodes[1]
    assert (two.publish_ns, two.deliver_ns) == (1_000, 2_000)
    assert two.disk.fsync == Distribution("exponential", (3e6,))
    assert (two.disk.bandwidth_bytes_per_s, two.disk.group_commit_ns) == (0.0, 0)
    assert (model.producers[0].node, model.queues[0].node) == ("two", "two")
    assert scenario(more=more).model.queues[0].node == "one"


def faults(*written: str, **more: Any) -> tuple[Fault, ...]:
    lines = "\n".join(f"  - {{{one}}}" for one in written)
    return scenario(more=f"faults:\n{lines}\n", **more).model.faults


def test_faults() -> None:
    assert faults(
        "at: [1 s, 2 s], crash: broker, for: 1 s",
        "at: 3 s, reset: 'shop[1]'",
        "at: 4 s, silence: consumers.stock, for: end",
        "at: 5 s, power_loss: nodes.broker, for: 1 s",
        producer="count: 2",
    ) == (
        Fault(1 * S, "crash", "broker", S),
        Fault(2 * S, "crash", "broker", S),
        Fault(3 * S, "reset", "shop[1]", 0),
        Fault(4 * S, "silence", "stock", -1),
        Fault(5 * S, "power_loss", "broker", S),
    )


def test_a_node_that_is_cut_off_or_silent_is_so_to_each_of_its_clients() -> None:
    assert faults("at: 1 s, reset: broker", "at: 2 s, silence: broker, for: 1 s") == (
        Fault(1 * S, "reset", "shop", 0),
        Fault(1 * S, "reset", "stock", 0),
        Fault(2 * S, "silence", "shop", S),
        Fault(2 * S, "silence", "stock", S),
    )


def test_a_name_shared_by_two_is_said_in_full() -> None:
    text = """\
system: rabbitmq
duration: 10 s
producers: {twin: {arrivals: {poisson: 1/s}}}
queues: {twin: {}}
consumers: {twin: {}}
faults: [{at: 1 s, reset: consumers.twin}]
"""
    assert loads(text).model.faults == (Fault(S, "reset", "consumers.twin", 0),)
    with pytest.raises(ScenarioError, match=r"ambiguous; write `producers\.twin` or `consumers\.twin`"):
        loads(text.replace("consumers.twin}", "twin}"))


def test_a_direct_call_waits_for_its_answer_and_never_queues() -> None:
    model = loads(
        "system: direct\nduration: 1 s\nproducers: {users: {arrivals: {poisson: 1/s}}}\n"
        "queues: {database: {}}\nconsumers: {connections: {count: 3, service: 10 ms}}\n"
    ).model
    assert model.producers[0].confirm == Confirm(0, 0, "processed")
    assert (model.queues[0].max_length, model.queues[0].overflow) == (0, "reject-publish")
    assert (model.consumers[0].prefetch, model.consumers[0].ack) == (1, "manual")


def test_a_direct_call_has_no_exchanges() -> None:
    text = (
        "system: direct\nduration: 1 s\nproducers: {users: {arrivals: {poisson: 1/s}}}\n"
        "queues: {database: {}}\nexchanges: {events: {}}\n"
    )
    with pytest.raises(ScenarioError, match="`exchanges` mean nothing to system 'direct'"):
        loads(text)


@pytest.mark.parametrize(("then", "restart"), [("requeue", "1 s"), ("crash", "0")])
def test_redelivery_must_take_time(then: str, restart: str) -> None:
    text = (
        "system: direct\nduration: 1 s\nproducers: {users: {arrivals: {poisson: 1/s}}}\nqueues: {database: {}}\n"
        f"consumers: {{c: {{service: 0, restart: {restart}, exceptions: {{probability: 5 %, then: {then}}}}}}}\n"
    )
    with pytest.raises(ScenarioError, match="come back in no time"):
        loads(text)
    assert loads(text.replace("service: 0", "service: 1 us")).model.consumers[0].exceptions


def test_the_same_text_gives_an_equal_model() -> None:
    assert load("flash-sale").model == load("flash-sale").model
    assert hash(load("flash-sale").model) == hash(load("flash-sale").model)


def test_a_file_without_a_name_is_called_after_its_file(tmp_path: Path) -> None:
    path = tmp_path / "9 lives, 1 queue.yaml"
    path.write_text("system: rabbitmq\nduration: 1 s\nproducers: {a: {arrivals: {poisson: 1/s}}}\nqueues: {q: {}}\n")
    assert load(path).name == "scenario-9-lives-1-queue"
    assert load(str(path)).path == path
