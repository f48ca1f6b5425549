"""What transactions cost: a commit for each of 10,000 persistent messages against confirms, on the same disk.

Published: "a bit more than 4 minutes" against about 2 seconds
(https://www.rabbitmq.com/blog/2011/02/10/introducing-publisher-confirms), and "a factor of 250"
(https://www.rabbitmq.com/docs/confirms). The closed form of the first: n · (fsync + size/bandwidth
+ round trip + the broker's processor), nothing overlaps.
"""

from __future__ import annotations

from typing import Any

import mqlab
from mqlab.model import Model
from mqlab.scenario import load

MESSAGES = 10_000


def until_all_is_safe_ns(name: str) -> int:
    stages: Any = mqlab.run(name, trace="fates").summary["stages"]
    return int(stages["created_confirmed"]["max"])


def one_commit_ns(model: Model) -> float:
    node, shop = model.nodes[0], model.producers[0]
    disk, size = node.disk, shop.message.size_bytes
    round_trip = shop.link.up.latency.params[0] + shop.link.down.latency.params[0]
    return disk.fsync.params[0] + size / disk.bandwidth_bytes_per_s * 1e9 + round_trip + node.publish_ns


def test_transactions_and_confirms_differ_by_the_published_order() -> None:
    assert load("tx-per-message").model.nodes == load("tx-confirms").model.nodes
    commits, confirms = until_all_is_safe_ns("tx-per-message"), until_all_is_safe_ns("tx-confirms")
    assert commits > 240e9
    assert 0.5e9 < confirms < 2.5e9
    assert 120 < commits / confirms < 300


def test_a_commit_for_each_message_takes_as_long_as_its_parts_one_after_the_other() -> None:
    expected = MESSAGES * one_commit_ns(load("tx-per-message").model)
    prepare = 100_000
    assert abs(until_all_is_safe_ns("tx-per-message") - expected) <= prepare + 10_000 * 1_000 + MESSAGES
