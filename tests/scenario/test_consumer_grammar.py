"""What a scenario says of consumers that are not plain, and the model it becomes."""

from __future__ import annotations

import textwrap

import pytest

from mqlab.errors import ScenarioError
from mqlab.model import Acks, ConsumerGroup, Exceptions, Inventory, Recall, Scale
from mqlab.scenario import loads

MS, S = 1_000_000, 1_000_000_000
SHOP = """
    name: shop
    system: rabbitmq
    duration: 10 s
    producers: {shop: {arrivals: {poisson: 100/s}}}
    queues: {orders: {}}
    consumers: {stock: {}}
"""


def stock(words: str) -> ConsumerGroup:
    """The group of consumers that some words make."""
    return loads(textwrap.dedent(SHOP).replace("stock: {}", f"stock: {{{words}}}")).model.consumers[0]


def defaults(words: str) -> dict[str, str]:
    loaded = loads(textwrap.dedent(SHOP).replace("stock: {}", f"stock: {{{words}}}"))
    return {path.removeprefix("consumers.stock."): value for path, value, _ in loaded.defaults_used}


def test_who_says_nothing_is_plain():
    plain = stock("")
    assert (plain.pull_ns, plain.channel, plain.acks, plain.timeout_ns, plain.concurrency) == (0, -1, None, 0, 1)
    assert (plain.scale, plain.inventory, plain.deduplicate, plain.recall) == ((), None, False, Recall())
    assert defaults("")["timeout.after"] == "0 s"


@pytest.mark.parametrize(("words", "field", "value"), [
    ("pull: 5 ms", "pull_ns", 5 * MS),
    ("pull: {every: 5 ms}", "pull_ns", 5 * MS),
    ("pull: {}", "pull_ns", 100 * MS),
    ("prefetch: {consumer: 10, channel: 30}", "channel", 30),
    ("prefetch: {consumer: 10, channel: 30}", "prefetch", 10),
    ("prefetch: {channel: 30}", "prefetch", 0),
    ("prefetch: {channel: 0}", "channel", 0),
    ("prefetch: 65_535", "prefetch", 65_535),
    ("acks: {batch: 10}", "acks", Acks(10, 100 * MS)),
    ("acks: {batch: 10, after: 2 s}", "acks", Acks(10, 2 * S)),
    ("timeout: 30 min", "timeout_ns", 1800 * S),
    ("timeout: 30 min", "timeout_check_ns", 60 * S),
    ("timeout: {after: 1 s, check: 100 ms}", "timeout_check_ns", 100 * MS),
    ("concurrency: 4", "concurrency", 4),
    ("deduplicate: true", "recall", Recall()),
    ("deduplicate: {}", "deduplicate", True),
    ("deduplicate: {window: 1000}", "recall", Recall(count=1000)),
    ("deduplicate: {window: 5 min}", "recall", Recall(for_ns=300 * S)),
    ("deduplicate: {how: check-then-act, lookup: 1 ms}", "recall", Recall(how="check-then-act", lookup_ns=MS)),
    ("inventory: 1000", "inventory", Inventory(1000)),
    ("inventory: {items: 5, how: check-then-act}", "inventory", Inventory(5, "check-then-act")),
    ("scale: [{at: 1 s, count: 8}, {at: 2 s, count: 2, how: kill}]", "scale",
     (Scale(0, 1), Scale(S, 8), Scale(2 * S, 2, "kill"))),
    ("scale: [{at: 1 s, count: 8}, {at: 2 s, count: 2}]", "count", 8),
    ("count: 9, scale: [{at: 1 s, count: 2}]", "count", 9),
    ("exceptions: {only: 3}", "exceptions", Exceptions(1.0, "delivery", "crash", (3,))),
    ("exceptions: {only: [7, 3, 3], times: 2, then: reject}", "exceptions",
     Exceptions(1.0, "delivery", "reject", (3, 7), 2)),
    ("exceptions: {times: 1, then: requeue}", "exceptions", Exceptions(1.0, "delivery", "requeue", (), 1)),
])  # fmt: skip
def test_words_become_the_model(words, field, value):
    assert getattr(stock(words), field) == value


def test_members_that_share_a_channel_fail_together():
    fault = "\nfaults:\n  - {at: 1 s, crash: 'stock[1]', for: 1 s}\n"
    text = textwrap.dedent(SHOP).replace("stock: {}", "stock: {count: 3, prefetch: {channel: 5}}")
    with pytest.raises(ScenarioError, match="share a channel"):
        loads(text + fault)
    assert loads(text + fault.replace("'stock[1]'", "stock")).model.faults[0].target == "stock"
    apart = text.replace("{channel: 5}", "5")
    assert loads(apart + fault).model.faults[0].target == "stock[1]"


def test_direct_calls_have_the_words_too():
    text = textwrap.dedent(SHOP).replace("rabbitmq", "direct")
    group = loads(text.replace("stock: {}", "stock: {inventory: 5, concurrency: 3}")).model.consumers[0]
    assert (group.inventory, group.concurrency) == (Inventory(5), 3)


def test_gauges_of_a_stock_may_be_expected():
    text = textwrap.dedent(SHOP).replace("stock: {}", "stock: {inventory: 5}")
    assert loads(text + "\nexpect:\n  - gauges.stock.oversold == 0\n").expectations
