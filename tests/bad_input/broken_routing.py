"""Broken scenarios, routing and the life of queues."""

from tests.bad_input.corpus import Broken

TO, KIND, BOUND = "to: orders", "type: fanout", "{exchange: events, queue: audit}"
LENGTH = "durable: true"
TOPIC = "exchanges:\n  events: {type: topic}\nbindings:\n  - {exchange: events, queue: audit, key: a}"
HEADERS = "exchanges:\n  events: {type: headers}\nbindings:\n  - {exchange: events, queue: audit, headers: {f: pdf}}"
ALL = "exchanges:\n  events: {type: fanout}\nbindings:\n  - {exchange: events, queue: audit}"
SHARED = "{durable: true}\n  audit: {}\nconsumers:\n  stock: {queue: orders"
LONG = "k" * 256

TABLE = [
    Broken("a typo in a type", KIND, "type: topics", 12, 18, "`topics` is not one of", "`topic`"),
    Broken("binding to nowhere", BOUND, "{exchange: events}", 14, 5, "the binding leads nowhere", "to_exchange: NAME"),
    Broken("binding to two ends", BOUND, "{exchange: events, queue: audit, to_exchange: events}", 14, 38,
           "exclude each other", "two bindings"),
    Broken("binding to an unknown exchange", BOUND, "{exchange: events, to_exchange: evnts}", 14, 37,
           "no exchange `evnts`", "`events`"),
    Broken("topic binding without a key", KIND, "type: topic", 14, 5, "a topic exchange needs a `key`", "key: audit"),
    Broken("headers binding without headers", KIND, "type: headers", 14, 5, "needs `headers`", "{format: pdf}"),
    Broken("headers for a fanout exchange", BOUND, "{exchange: events, queue: audit, headers: {f: pdf}}", 14, 38,
           "is a fanout exchange and does not look at headers", "type: headers"),
    Broken("match for a topic exchange", ALL,
           TOPIC.replace("key: a", "key: a, match: any"), 14, 46, "does not look at headers", "leave it out"),
    Broken("match with a typo", ALL, HEADERS.replace("headers: {f: pdf}", "headers: {f: pdf}, match: every"), 14, 64,
           "`every` is not one of all, any", "all"),
    Broken("headers that are a word", ALL, HEADERS.replace("{f: pdf}", "pdf"), 14, 47, "`pdf` stands where headers",
           "{format: pdf}"),
    Broken("a header that is a list", ALL, HEADERS.replace("pdf", "[pdf]"), 14, 51, "is not text", "quotes"),
    Broken("headers nobody looks at", TO, "to: {exchange: events, headers: {f: pdf}}", 5, 61, "nobody looks at these",
           "headers exchange"),
    Broken("no headers in a list", TO, "to: {exchange: events, headers: []}", 5, 70, "there are no headers",
           "weight: 3"),
    Broken("a header of a message without a value", TO, "to: {exchange: events, headers: {f: }}", 5, 73,
           "the header `f` has no value", "`f: 1`"),
    Broken("headers without values", TO, "to: {exchange: events, headers: [{weight: 2}]}", 5, 71,
           "`values` is missing", "format: pdf"),
    Broken("headers of the message", TO, "to: orders, message: {headers: {f: pdf}}", 5, 60,
           "headers stand where it is sent to", "`to: {headers"),
    Broken("key too long", BOUND, f"{{exchange: events, queue: audit, key: {LONG}}}", 14, 43, "longer than 255 bytes",
           "shorten"),
    Broken("published key too long", TO, f"to: {{exchange: events, routing_key: {LONG}}}", 5, 74, "longer than 255",
           "shorten"),
    Broken("drawn key too long", TO, f"to: {{exchange: events, routing_key: {{{LONG}: 2}}}}", 5, 75, "longer than 255",
           "shorten"),
    Broken("alternate nobody knows", KIND, "type: fanout, alternate: rest", 12, 37, "no exchange `rest`", "events"),
    Broken("consumer from another virtual host", LENGTH, "vhost: shop", 5, 42, "lives in the virtual host `shop`",
           "`vhost: shop` here"),
    Broken("binding across virtual hosts", KIND, "type: fanout, vhost: shop", 14, 31,
           "`audit` lives in the virtual host `/`", "`vhost: shop` there"),
    Broken("nameless virtual host", LENGTH, 'vhost: ""', 7, 19, "a virtual host has a name", "`vhost: shop`"),
    Broken("mandatory with a typo", TO, "to: {exchange: events, mandatory: yes}", 5, 72, "neither true nor false",
           "true"),
    Broken("exclusive queue of nobody", "audit: {}", "audit: {exclusive: true}", 8, 22,
           "nobody consumes from it", "exactly one consumer"),
    Broken("exclusive queue of two", SHARED,
           SHARED.replace("durable", "exclusive").replace("queue:", "count: 2, queue:"), 7, 23,
           "several consumers share it", "auto_delete"),
    Broken("expires without a unit", LENGTH, "expires: 30", 7, 21, "no unit", "`30 s`"),
    Broken("expires at once", LENGTH, "expires: 0 s", 7, 21, "more than 0", "20 ms"),
]  # fmt: skip
