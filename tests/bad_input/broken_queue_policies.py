"""Broken scenarios of queue policies."""

from __future__ import annotations

from tests.bad_input.corpus import LENGTH, Broken

MESSAGE = "to: orders"
TABLE = [
    Broken("priority beyond 255", MESSAGE, "to: orders, message: {priority: 256}", 5, 70, "not between 0 and 255",
           "`5`"),
    Broken("priority of a weight beyond 255", MESSAGE, "to: orders, message: {priority: {999: 1}}", 5, 71,
           "not between 0 and 255", "`5`"),
    Broken("max_priority 0", LENGTH, "max_priority: 0", 7, 26, "not between 1 and 255", "`5`"),
    Broken("max_priority 256", LENGTH, "max_priority: 256", 7, 26, "not between 1 and 255", "`5`"),
    Broken("negative time-to-live", LENGTH, "ttl: -1 s", 7, 17, "negative", "`20 ms`"),
    Broken("time-to-live by its other name", LENGTH, "message_ttl: 5 s", 7, 12, "is called `ttl`", "`ttl: 5 s`"),
    Broken("dead letters to nowhere", LENGTH, "dead_letter: {exchange: gone}", 7, 36, "no exchange `gone`", ""),
    Broken("dead letters to no queue", LENGTH, "dead_letter: {routing_key: lat}", 7, 39, "no queue `lat`", ""),
    Broken("dead letters without a word", LENGTH, "dead_letter: {}", 7, 25, "does not say where to", "routing_key"),
    Broken("refused to nowhere", LENGTH, "overflow: reject-publish-dlx", 7, 22, "has no `dead_letter`", "dead_letter"),
    Broken("priority that no queue knows", MESSAGE, "to: orders, message: {priority: 5}", 5, 70,
           "no queue that these messages reach has priorities", "max_priority"),
    Broken("negative delivery limit", LENGTH, "delivery_limit: -1", 7, 28, "negative", "`10`"),
    Broken("bytes without a unit", LENGTH, "max_bytes: 10", 7, 23, "has no unit", "`10 B`"),
]  # fmt: skip
