"""Broken scenarios, each one step away from a good one: what is wrong, where, and how to mend it.

A row is (name, what is replaced in GOOD, by what, line, column, part of what is said, part of the mend).
"""


from __future__ import annotations

from typing import NamedTuple

GOOD = """\
name: shop
system: rabbitmq
duration: 10 s
producers:
  shop: {arrivals: {poisson: 100/s}, to: orders}
queues:
  orders: {durable: true}
  audit: {}
consumers:
  stock: {queue: orders, service: 4 ms}
exchanges:
  events: {type: fanout}
bindings:
  - {exchange: events, queue: audit}
faults:
  - {at: 5 s, crash: broker, for: 1 s}
expect:
  - lost == 0
"""


class Broken(NamedTuple):
    name: str
    old: str
    new: str
    line: int
    column: int
    what: str
    mend: str

    @property
    def text(self) -> str:
        assert GOOD.count(self.old) == 1, f"{self.old!r} must stand exactly once in GOOD"
        return GOOD.replace(self.old, self.new)


RATE, LENGTH, WORK, FAULT = "poisson: 100/s", "durable: true", "service: 4 ms", "crash: broker, for: 1 s"
EXPECT, KIND, SPAN = "lost == 0", "type: fanout", "duration: 10 s"

TABLE = [
    # names of fields
    Broken("typo at the top", "duration:", "duraton:", 3, 1, "unknown field `duraton`", "`duration`"),
    Broken("typo in a producer", "to: orders", "too: orders", 5, 38, "unknown field `too`", "`to`"),
    Broken("typo in arrivals", "poisson:", "poison:", 5, 21, "unknown field `poison`", "`poisson`"),
    Broken("typo in a queue", "durable:", "durabel:", 7, 12, "unknown field `durabel`", "`durable`"),
    Broken("typo in a fault", "crash:", "crahs:", 16, 15, "unknown field `crahs`", "`crash`"),
    Broken("typo in a binding", "{exchange: events,", "{exchnge: events,", 14, 6, "`exchnge`", "`exchange`"),
    Broken("case matters", "system:", "System:", 2, 1, "unknown field `System`", "`system`"),
    Broken("nothing like it", LENGTH, "colour: red", 7, 12, "unknown field `colour`", "fields here: durable"),
    Broken("missing duration", "duration: 10 s\n", "", 1, 1, "`duration` is missing", "duration: 60 s"),
    Broken("missing system", "system: rabbitmq\n", "", 1, 1, "`system` is missing", "rabbitmq"),
    Broken("missing arrivals", "arrivals: {poisson: 100/s}, ", "", 5, 9, "`arrivals` is missing", "poisson"),
    Broken("missing parameter", WORK, "service: {lognormal: {mean: 1 ms}}", 10, 47, "`cv` is missing", "cv: 1"),
    # places kept for later
    Broken("topics", "exchanges:\n  events", "topics:\n  events", 11, 1, "need a log system", "`queues`"),
    Broken("groups", "exchanges:\n  events", "groups:\n  events", 11, 1, "`groups` need a log", "`queues`"),
    Broken("stop", SPAN, "duration: 10 s\nstop: {messages: 5}", 4, 1, "stop conditions are not", "`duration`"),
    Broken("later distribution", WORK, "service: {pareto: 3}", 10, 36, "`pareto` is not", "lognormal"),
    # units
    Broken("duration without unit", SPAN, "duration: 10", 3, 11, "has no unit", "`10 s`"),
    Broken("unknown unit", SPAN, "duration: 10 secs", 3, 11, "`secs` is not a unit", "ms, s, min"),
    Broken("ambiguous unit", SPAN, "duration: 10 m", 3, 11, "minutes or milliseconds", "`min` or `ms`"),
    Broken("zero duration", SPAN, "duration: 0 s", 3, 11, "more than 0", "write"),
    Broken("negative duration", SPAN, "duration: -10 s", 3, 11, "negative", "write"),
    Broken("too long", SPAN, "duration: 31 d", 3, 11, "at most 30 d", "write"),
    Broken("absurdly long", SPAN, "duration: 1e40 s", 3, 11, "absurdly large", "write"),
    Broken("too fine", WORK, "service: 0.1 ns", 10, 35, "less than 1 ns", "1 ns"),
    Broken("a rate for a duration", SPAN, "duration: 10/s", 3, 11, "`/s` is not a unit of time", "ms, s"),
    Broken("a size for a duration", SPAN, "duration: 10 KiB", 3, 11, "`KiB` is not a unit of time", "ms, s"),
    Broken("rate without per", RATE, "poisson: 100", 5, 30, "does not say per what", "`100/s`"),
    Broken("negative rate", RATE, "poisson: -5/s", 5, 30, "negative", "`200/s`"),
    Broken("infinite rate", RATE, "poisson: inf/s", 5, 30, "not a finite number", "`200/s`"),
    Broken("YAML infinity", RATE, "poisson: .inf", 5, 30, "not a finite number", "finite value"),
    Broken("YAML not a number", RATE, "poisson: .nan", 5, 30, "not a finite number", "finite value"),
    Broken("zero rate", RATE, "poisson: 0/s", 5, 30, "a rate of 0", "`200/s`"),
    Broken("rate too high", RATE, "poisson: 2000 M/s", 5, 30, "beyond 1e9/s", "`200/s`"),
    Broken("a duration for a rate", RATE, "poisson: 10 ms", 5, 30, "is a duration, not a rate", "`200/s`"),
    Broken("a word for a rate", RATE, "poisson: often", 5, 30, "`often` is not a rate", "`200/s`"),
    Broken("a list for a rate", RATE, "poisson: [100/s]", 5, 30, "a list stands", "some of: "),
    Broken("negative length", LENGTH, "max_length: -1", 7, 24, "negative", "`10_000`"),
    Broken("half a message", LENGTH, "max_length: 1.5", 7, 24, "not a whole number", "`10_000`"),
    Broken("length with a unit", LENGTH, "max_length: 10 KiB", 7, 24, "not a whole number", "no unit"),
    Broken("no consumer", WORK, "count: 0", 10, 33, "not between 1 and 1_000_000", "`10`"),
    Broken("two million", WORK, "count: 2_000_000", 10, 33, "not between 1 and 1_000_000", "`10`"),
    Broken("probability 5", WORK, "link: {loss: 5}", 10, 39, "more than 1", "`5 %`"),
    Broken("probability 150 %", WORK, "link: {loss: 150 %}", 10, 39, "more than 1", "`0.01` or `1 %`"),
    Broken("size without unit", "to: orders", "message: {size: 10}", 5, 54, "has no unit", "`10 B`"),
    # words and flags
    Broken("yes", LENGTH, "durable: yes", 7, 21, "neither true nor false", "`true`"),
    Broken("off", LENGTH, "durable: off", 7, 21, "neither true nor false", "`false`"),
    Broken("ack: on is text", WORK, "ack: on", 10, 31, "`on` is not one of manual, auto", "manual"),
    Broken("typo in a word", LENGTH, "overflow: drop-haed", 7, 22, "not one of", "`drop-head`"),
    Broken("unknown system", "rabbitmq", "rabitmq", 2, 9, "there is no system `rabitmq`", "`rabbitmq`"),
    Broken("system is a list", "rabbitmq", "[rabbitmq]", 2, 9, "a list stands", "plain text"),
    # names of things
    Broken("unknown queue to send to", "to: orders", "to: ordrs", 5, 42, "no queue `ordrs`", "`orders`"),
    Broken("exchange as a queue", "to: orders", "to: events", 5, 42, "is an exchange", "{exchange: events}"),
    Broken("unknown exchange", "to: orders", "to: {exchange: evnts}", 5, 53, "no exchange `evnts`", "`events`"),
    Broken("unclear queue", ", to: orders", "", 5, 3, "not clear which queue", "add `to: QUEUE`"),
    Broken("unknown queue to consume", "queue: orders", "queue: order", 10, 18, "no queue `order`", "`orders`"),
    Broken("unclear consumer", "queue: orders, ", "", 10, 3, "not clear which queue", "add `queue: QUEUE`"),
    Broken("unknown link", WORK, "link: wan", 10, 32, "there is no link `wan`", "links: none"),
    Broken("unknown node", LENGTH, "node: brocker", 7, 18, "there is no node `brocker`", "`broker`"),
    Broken("binding to no exchange", "{exchange: events,", "{exchange: evens,", 14, 16, "`evens`", "`events`"),
    Broken("binding to no queue", "queue: audit", "queue: audits", 14, 31, "`audits`", "`audit`"),
    Broken("binding without key", KIND, "type: direct", 14, 5, "needs a `key`", "add `key: audit`"),
    Broken("bad name", "stock:", "2stock:", 10, 3, "`2stock` cannot be a name", "letters, digits"),
    Broken("name with a space", "  audit:", "  my audit:", 8, 3, "cannot be a name", "letters, digits"),
    Broken("name with a slash", "name: shop", "name: ../shop", 1, 7, "cannot be a name", "letters, digits"),
    Broken("long name", "name: shop", f"name: {'x' * 65}", 1, 7, "is too long", "64 characters"),
    Broken("duplicate queue", "  audit: {}", "  orders: {}", 8, 3, "given twice (first in line 7)", "keep one"),
    Broken("duplicate field", LENGTH, "durable: true, durable: true", 7, 27, "given twice", "keep one"),
    # contradictions
    Broken("two kinds", RATE, "poisson: 1/s, constant: 1/s", 5, 35, "exclude each other", "keep one"),
    Broken("no kind", RATE, "", 5, 20, "the kind is missing", "poisson, constant, ramp"),
    Broken("stop before start", RATE, "poisson: {rate: 1/s, start: 5 s, stop: 4 s}", 5, 49, "no time", "earlier"),
    Broken("stop after the end", RATE, "poisson: {rate: 1/s, stop: 11 s}", 5, 48, "after the end", "lower"),
    Broken("low above high", WORK, "service: {uniform: {low: 2 s, high: 1 s}}", 10, 51, "`low` is more", "swap"),
    Broken("endless loop", RATE, "closed: {think: 0}", 5, 37, "never end", "think: 10 ms"),
    Broken("warm-up too long", SPAN, "duration: 10 s\nwarmup: 10 s", 4, 9, "not shorter", "shorten"),
    Broken(
        "deep distribution",
        WORK,
        "service: {serial: [{serial: [{serial: [{serial: [{serial: [1 s]}]}]}]}]}",
        10, 75, "deeper than 4 levels", "flatten",
    ),
    Broken("many parts", WORK, f"service: {{serial: [{'1 s, ' * 17}]}}", 10, 44, "17 entries", "at most 16"),
    Broken("shrinking pauses", "to: orders",
           "retry: {attempts: 2, backoff: {exponential: {first: 1 s, factor: 0.5}}}, to: orders",
           5, 103, "less than 1", "factor: 2"),
    Broken("max below first", "to: orders",
           "retry: {attempts: 2, backoff: {exponential: {first: 1 s, max: 1 ms}}}, to: orders",
           5, 100, "less than `first`", "raise it"),
    # faults
    Broken("unknown target", FAULT, "crash: brokr, for: 1 s", 16, 22, "`brokr`", "`broker`"),
    Broken("a queue as target", FAULT, "crash: audit, for: 1 s", 16, 22, "is a queue", "its node"),
    Broken("no such member", FAULT, "crash: 'stock[4]', for: 1 s", 16, 22, "members 0 to 0", "another member"),
    Broken("not a target", FAULT, "crash: 'stock[', for: 1 s", 16, 22, "is not a target", "`stock[2]`"),
    Broken("a client loses power", FAULT, "power_loss: stock, for: 1 s", 16, 27, "only nodes", "`crash`"),
    Broken("how long", FAULT, "crash: broker", 16, 5, "how long it lasts", "`for: 3 s`"),
    Broken("no time at all", FAULT, "crash: broker, for: 0 s", 16, 35, "more than 0", "write"),
    Broken("a long reset", FAULT, "reset: stock, for: 1 s", 16, 29, "over at once", "`silence`"),
    Broken("two faults in one", FAULT, "crash: broker, reset: stock", 16, 30, "exclude each", "two faults"),
    Broken("no fault", "crash: broker, ", "", 16, 5, "what goes wrong", "`crash: NAME`"),
    Broken("after the end", "at: 5 s", "at: 50 s", 16, 10, "after the end of the run (40 s)", "earlier"),
    Broken("one of several times", "at: 5 s", "at: [5 s, 6]", 16, 16, "has no unit", "`6 s`"),
    Broken("faults are a list", "  - {at: 5 s,", "  {at: 5 s,", 16, 3, "a list belongs", "`- `"),
    # expectations
    Broken("one equals sign", EXPECT, "lost = 0", 18, 10, "`=` makes no sense", "`==`"),
    Broken("unknown anomaly", EXPECT, "losst == 0", 18, 5, "`losst` is not known", "`lost`"),
    Broken("unknown fate", EXPECT, "fates.reject == 0", 18, 5, "`fates.reject`", "`fates.rejected`"),
    Broken("unknown stage", EXPECT, "1 s > stages.sent_confirmd.p50", 18, 11, "not known", "sent_confirmed.p50"),
    Broken("unknown queue figure", EXPECT, "queues.order.depth_max < 1", 18, 5, "not known", "queues.orders"),
    Broken("incomplete name", EXPECT, "latency < 5 ms", 18, 5, "`latency` is not known", "latency.p99"),
    Broken("time against number", EXPECT, "latency.p99 < 200", 18, 19, "a time is compared", "`200 ms`"),
    Broken("rate against time", EXPECT, "throughput.processed > 1 s", 18, 28, "a rate is", "`900/s`"),
    Broken("no comparison", EXPECT, "lost", 18, 5, "a value, not an expectation", "`lost == 0`"),
    Broken("half a comparison", EXPECT, "lost ==", 18, 12, "missing before the end", "a number"),
    Broken("open parenthesis", EXPECT, "(lost == 0", 18, 5, "is not closed", "add `)`"),
    Broken("code", EXPECT, "exec('x') == 0", 18, 10, "`'` makes no sense", "use names"),
    Broken("a mapping", EXPECT, "lost: 0", 18, 5, "not a mapping", "`- lost == 0`"),
    Broken("a number", EXPECT, "42", 18, 5, "not an expectation", "`lost == 0`"),
    Broken("bad unit", EXPECT, "latency.p99 < 2 parsecs", 18, 19, "`parsecs` is not a unit", "ms, s"),
    Broken("column within quotes", EXPECT, "'lost = 0'", 18, 11, "`=` makes no sense", "`==`"),
    Broken("minus without spaces", EXPECT, "lost-1 == 0", 18, 5, "not known", "spaces around the minus"),
    # what YAML makes of things
    Broken("octal", LENGTH, "max_length: 017", 7, 24, "octal to some", "`17`"),
    Broken("hexadecimal", LENGTH, "max_length: 0x10", 7, 24, "octal to some", "`16`"),
    Broken("date", "name: shop", "name: 2020-01-01", 1, 7, "is a date", "quotes"),
    Broken("base 60", SPAN, "duration: 1:30", 3, 11, "base 60", "`90 s`"),
    Broken("tab", "  stock:", "\tstock:", 10, 1, "a tab stands", "spaces"),
    Broken("tab further in", "  audit: {}", "  audit:\n\t  durable: true", 9, 1, "a tab stands", "spaces"),
    Broken("open bracket", "{durable: true}", "{durable: true", 7, 11, "never closed", "close it"),
    Broken("bracket too many", "{durable: true}", "{durable: true}}", 7, 26, "a `}` too many", "remove it"),
    Broken("open quote", "name: shop", "name: 'shop", 1, 7, "never closed", "close the quote"),
    Broken("two colons", "name: shop", "name: a: b", 1, 8, "a `:` makes no sense", "in quotes"),
    Broken("indentation", "  audit: {}", " audit: {}", 8, 2, "does not fit", "indentation"),
    Broken("at sign", "name: shop", "name: @shop", 1, 7, "cannot begin with `@`", "in quotes"),
    Broken("anchor", "{durable: true}", "&a {durable: true}", 7, 11, "the anchor `&a`", "write the value out"),
    Broken("alias", "  audit: {}", "  audit: *a", 8, 10, "the alias `*a`", "write the value out"),
    Broken("merge key", "{durable: true}", "{<<: {durable: true}}", 7, 12, "merge key", "write the fields out"),
    Broken("tag", "name: shop", "name: !!str shop", 1, 7, "tags such as", "remove the tag"),
    Broken("python tag", "name: shop", "name: !!python/object:os.system shop", 1, 7, "tags such as", "remove"),
    Broken("local tag", "name: shop", "name: !e!x shop", 1, 7, "tags such as", "remove the tag"),
    Broken("second document", "name: shop", "name: shop\n---", 2, 1, "a second document", "one scenario"),
    Broken("directive", "name: shop", "%YAML 1.1\n---\nname: shop", 2, 1, "directives", "remove the line"),
    Broken("key is a list", "  audit:", "  [a, b]:", 8, 3, "a key must be a name", "`name: value`"),
    Broken("no key", "  audit:", "  :", 8, 3, "a key is missing", "`name: value`"),
    Broken("escape", "name: shop", 'name: "\\q"', 1, 9, "escape sequence is unknown", "single quotes"),
    Broken("control by escape", "name: shop", 'name: "a\\0b"', 1, 7, "control character", "escape"),
    Broken("value in place of fields", "{durable: true}", "durable", 7, 11, "where fields belong", "durable"),
    Broken("list in place of names", "queues:\n  orders: {durable: true}\n  audit: {}", "queues: [orders, audit]",
           6, 9, "a list stands where named queues belong", "NAME"),
]  # fmt: skip

OVERRIDES = [
    # (override, part of what is said, part of the mend)
    ("producers.shop.cuont=3", "unknown field `cuont`", "`count`"),
    ("producers.shp.count=3", "there is no producer `shp`", "`shop`"),
    ("producers.shop.count=many", "`many` is not a whole number", "`10`"),
    ("prodcers.shop.count=3", "unknown field `prodcers`", "`producers`"),
    ("queues.order.durable=true", "there is no queue `order`", "`orders`"),
    ("faults.1.at=3 s", "`faults` has no entry `1`", "entries 0 to 0"),
    ("faults.first.at=3 s", "`faults` has no entry `first`", "entries 0 to 0"),
    ("faults.0.at=3", "the duration `3` has no unit", "`3 s`"),
    ("count", "a path, `=` and a value", "producers.buyers.count=10"),
    ("=3", "a path, `=` and a value", "producers.buyers.count=10"),
    ("a..b=3", "a path, `=` and a value", "producers.buyers.count=10"),
    ("duration.x=3", "`duration` is a single value", "duration={...}"),
    ("duration=[1", "is opened here and never closed", "close it"),
    ("duration=1", "has no unit", "`1 s`"),
    ("system=kafkaa", "there is no system `kafkaa`", "did you mean `kafka`"),
    ("links.wan.latency=3 ms", "there is no link `wan`", "links: none"),
    ("expect.0=lost = 0", "`=` makes no sense", "`==`"),
]
