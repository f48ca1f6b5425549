"""The grammar of links, connections and faults: every field reaches the model."""

from __future__ import annotations

import pytest

from mqlab.model import Backoff, Bursts, Connection, Distribution, Fault, Model, RandomFaults
from mqlab.scenario import loads

MS, S = 1_000_000, 1_000_000_000


def model(node: str = "{}", *faults: str) -> Model:
    lines = "".join(f"\n  - {{{fault}}}" for fault in faults) or " []"
    text = f"""\
system: rabbitmq
duration: 10 s
nodes: {{broker: {node}}}
producers:
  shop: {{count: 2, prepare: 1 ms, arrivals: {{poisson: 100/s}}}}
queues: {{orders: {{}}}}
consumers: {{stock: {{count: 3}}}}
faults:{lines}
"""
    return loads(text).model


def sides(link: str) -> tuple[object, object]:
    text = f"""\
system: rabbitmq
duration: 10 s
producers: {{shop: {{arrivals: {{poisson: 100/s}}, link: {link}}}}}
queues: {{orders: {{}}}}
"""
    wire = loads(text).model.producers[0].link
    return wire.up, wire.down


@pytest.mark.parametrize(
    ("written", "bursts"),
    [
        ("{loss: {gilbert_elliott: {p: 1 %, r: 25 %}}}", Bursts(0.01, 0.25, 0.0, 1.0)),
        ("{loss: {gilbert_elliott: {p: 0.1, r: 0.2, good: 0.01, bad: 0.5}}}", Bursts(0.1, 0.2, 0.01, 0.5)),
        ("{loss: {bursts: {rate: 50 %, length: 4}}}", Bursts(0.25, 0.25)),
    ],
)
def test_losses_that_come_in_bursts(written: str, bursts: Bursts) -> None:
    up, down = sides(written)
    assert up.bursts == down.bursts == bursts  # type: ignore[attr-defined]
    assert (up.loss, up.loses) == (0.0, True)  # type: ignore[attr-defined]


def test_the_rate_of_bursts_is_what_was_asked_for() -> None:
    up, _ = sides("{loss: {bursts: {rate: 3 %, length: 7}}}")
    assert up.bursts.rate == pytest.approx(0.03)  # type: ignore[attr-defined]
    assert 1 / up.bursts.r == pytest.approx(7)  # type: ignore[attr-defined]


def test_independent_loss_is_written_as_ever() -> None:
    for written in ("{loss: 2 %}", "{loss: {independent: 2 %}}"):
        up, _ = sides(written)
        assert (up.loss, up.bursts) == (0.02, None)  # type: ignore[attr-defined]


def test_bandwidth_of_one_direction() -> None:
    up, down = sides("{bandwidth: 1 MB/s, down: {bandwidth: 10 MB/s}}")
    assert (up.bandwidth_bytes_per_s, down.bandwidth_bytes_per_s) == (1e6, 1e7)  # type: ignore[attr-defined]
    assert sides("{}")[0].bandwidth_bytes_per_s == 0.0  # type: ignore[attr-defined]


def test_connections_of_a_client() -> None:
    text = """\
system: rabbitmq
duration: 10 s
producers:
  shop: {arrivals: {poisson: 100/s}, connection: {reconnect: {exponential: {first: 1 s, max: 8 s}}, round_trips: 7}}
queues: {orders: {}}
consumers: {stock: {connection: {reconnect: 2 s}}}
"""
    found = loads(text).model
    assert found.producers[0].connection == Connection(60 * S, S, Backoff(S, 2.0, 8 * S, "full"), 7)
    assert found.consumers[0].connection == Connection(60 * S, 2 * S)


def test_what_a_node_lets_in() -> None:
    node = model(node="{cpu: {connect: 2 ms}, connections: {max: 100, handshake: 5 s}}").nodes[0]
    assert (node.connect_ns, node.connections_max, node.handshake_timeout_ns) == (2 * MS, 100, 5 * S)
    usual = model().nodes[0]
    assert (usual.connect_ns, usual.connections_max, usual.handshake_timeout_ns) == (0, -1, 10 * S)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("slow: broker, factor: 10, for: 1 s", [Fault(S, "slow", "broker", S, factor=10.0)]),
        ("slow: 'stock[1]', factor: 2.5, for: end", [Fault(S, "slow", "stock[1]", -1, factor=2.5)]),
        ("pause: shop, for: 2 s", [Fault(S, "pause", "shop", 2 * S)]),
        ("clock: broker, by: 5 min, for: 1 s", [Fault(S, "clock", "broker", S, by_ns=300 * S)]),
        ("clock: broker, behind: 5 min, for: 1 s", [Fault(S, "clock", "broker", S, by_ns=-300 * S)]),
        ("partition: {from: stock, to: broker}, for: 1 s", [Fault(S, "partition", "stock", S, direction="up")]),
        ("partition: {from: broker, to: 'shop[0]'}, for: 1 s", [Fault(S, "partition", "shop[0]", S, direction="down")]),
        (
            "partition: {from: clients, to: broker}, for: 1 s",
            [Fault(S, "partition", name, S, direction="up") for name in ("shop", "stock")],
        ),
    ],
)
def test_faults(written: str, expected: list[Fault]) -> None:
    assert list(model("{}", f"at: 1 s, {written}").faults) == expected


def test_random_faults() -> None:
    second = Distribution("constant", (float(S),))
    assert model("{}", "random: {crash: stock, every: {exponential: 30 s}, for: 1 s}").random_faults == (
        RandomFaults("0 crash stock", Fault(0, "crash", "stock", 0), Distribution("exponential", (30.0 * S,)),
                     second, 0, 10 * S),
    )  # fmt: skip
    own = model("{}", "random: {reset: stock, each: true, every: 1 s, start: 2 s, stop: 4 s}").random_faults
    assert [one.fault.target for one in own] == ["stock[0]", "stock[1]", "stock[2]"]
    assert len({one.name for one in own}) == 3, "each has its own times"
    assert {(one.start_ns, one.stop_ns, one.lasts) for one in own} == {(2 * S, 4 * S, None)}


def test_who_is_hit_through_a_node_is_hit_at_the_same_times() -> None:
    shared = model("{}", "random: {silence: broker, every: 1 s, for: 1 s}").random_faults
    assert [one.fault.target for one in shared] == ["shop", "stock"]
    assert len({one.name for one in shared}) == 1
