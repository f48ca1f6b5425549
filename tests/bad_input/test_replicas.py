"""What a quorum queue cannot be told, and what does not fit on its nodes: one clear line each, with its place."""

from __future__ import annotations

import pytest

from mqlab.errors import ScenarioError
from mqlab.scenario import loads

GOOD = """\
system: rabbitmq-quorum
duration: 10 s
nodes: {a: {}, b: {}, c: {}}
producers:
  shop: {arrivals: {poisson: 100/s}}
queues:
  orders: {replicas: 3}
consumers:
  stock: {service: 4 ms}
"""

BROKEN = [
    ("replicas: 3", "replicas: 4", 7, "4 replicas need 4 nodes, and there are 3", "lower `replicas`"),
    ("{a: {}, b: {}, c: {}}", "{a: {}}", 7, "3 replicas need 3 nodes, and there is 1", "name more"),
    ("replicas: 3", "durable: false", 7, "always durable", "rabbitmq"),
    ("replicas: 3", "overflow: drop-newest", 7, "drops its oldest or refuses its newest", "rabbitmq"),
    ("replicas: 3", "exclusive: true", 7, "cannot be exclusive", "rabbitmq"),
    ("replicas: 3", "auto_delete: true", 7, "not meant to be temporary", "rabbitmq"),
    ("replicas: 3", "overflow: reject-publish-dlx, dead_letter: {routing_key: orders}", 7, "nothing else", "rabbitmq"),
    ("replicas: 3", "mode: lazy", 7, "no lazy mode", "rabbitmq"),
    ("replicas: 3", "max_priority: 5", 7, "no `max_priority`", "a queue for each priority"),
    ("replicas: 3", "expires: 5 s", 7, "a quorum queue that expires", "leave it out"),
    ("100/s}}", "100/s}, transactions: {size: 10}}", 5, "not simulated with replicas", "use `confirm`"),
    ("service: 4 ms", "exclusive: true", 9, "no exclusive consumers", "single_active_consumer"),
    ("replicas: 3", "node: d", 7, "there is no node `d`", "a"),
    ("replicas: 3", "election: {uniform: {low: 3 s, high: 1 s}}", 7, "`low` is more than `high`", "swap"),
    ("100/s}}", "100/s}, message: {persistent: false}}", 5, "so none is transient", "leave it out"),
    ("100/s}}", "100/s}, connection: {nodes: [a, d]}}", 5, "there is no node `d`", "a"),
    ("100/s}}", "100/s}, connection: {nodes: [a, a]}}", 5, "`a` stands there twice", "once"),
    ("100/s}}", "100/s}, connection: {nodes: []}}", 5, "no node to connect to", "at least one"),
    ("100/s}}", "100/s}, connection: {nodes: some}}", 5, "`some`", "`all`"),
    ("100/s}}", "100/s}, node: b, connection: {nodes: [a, b]}}", 5, "contradict each other", "leave `node` out"),
    ("service: 4 ms", "prefetch: {channel: 20}", 9, "global QoS", "prefetch: 20"),
    ("service: 4 ms", "acks: {batch: 10}", 9, "not simulated with replicas", "leave it out"),
    ("consumers:", "faults: [{at: 1 s, pause: b, for: 1 s}]\nconsumers:", 8, "that stands still", "let it crash"),
    ("{a: {}, b: {}", "{a: {disk: {lies: true}}, b: {}", 3, "a disk that lies under a replica", "leave it out"),
    ("{a: {}, b: {}", "{a: {network: {latency: -1 ms}}, b: {}", 3, "negative", "`20 ms`"),
    ("{a: {}, b: {}", "{a: {network: 5 ms}, b: {}", 3, "`5 ms` stands where fields belong", "latency"),
]  # fmt: skip


def test_the_good_one_is_good() -> None:
    model = loads(GOOD).model
    assert model.queues[0].replicas == ("a", "b", "c")
    assert model.producers[0].connection.nodes == model.consumers[0].connection.nodes == ("a", "b", "c")


@pytest.mark.parametrize(("old", "new", "line", "what", "mend"), BROKEN, ids=[row[1] for row in BROKEN])
def test_one_clear_line(old: str, new: str, line: int, what: str, mend: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(ScenarioError) as caught:
        loads(GOOD.replace(old, new))
    error = caught.value
    assert error.place is not None
    assert error.place.line == line
    assert what in error.what
    assert mend in error.mend
    assert "\n" not in str(error)


@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_an_even_number_of_replicas_is_allowed_as_it_is_in_rabbitmq(replicas: int) -> None:
    model = loads(GOOD.replace("replicas: 3", f"replicas: {replicas}, node: b")).model
    assert model.queues[0].replicas == ("b", "c", "a")[:replicas]


@pytest.mark.parametrize(("nodes", "replicas"), [(1, 1), (2, 2), (3, 3), (5, 3)])
def test_without_a_word_there_are_up_to_three(nodes: int, replicas: int) -> None:
    named = ", ".join(f"n{i}: {{}}" for i in range(nodes))
    model = loads(GOOD.replace("a: {}, b: {}, c: {}", named).replace("replicas: 3", "")).model
    assert len(model.queues[0].replicas) == replicas
