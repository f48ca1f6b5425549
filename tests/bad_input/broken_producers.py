"""Broken arrivals, sizes, keys and buffers."""

from __future__ import annotations

from tests.bad_input.corpus import Broken

ARRIVALS, TO = "{poisson: 100/s}", "to: orders"


def arrivals(name: str, new: str, column: int, what: str, mend: str, *, line: int = 5) -> Broken:
    """Something is wrong in the arrivals, which begin in column 20."""
    return Broken(name, ARRIVALS, new, line, column, what, mend)


def producer(name: str, more: str, column: int, what: str, mend: str) -> Broken:
    """Something is wrong in another field of the producer, which stands from column 38 on."""
    return Broken(name, TO, more, 5, column, what, mend)


KEYED = "message: {key: {sequence: 2}}, to: {routing_key: {by_key: %s}}"
TABLE = [
    # in pieces
    arrivals("pieces out of order", "{piecewise: [{from: 2 s, rate: 1/s}, {from: 2 s, rate: 3/s}]}", 64,
             "no later than the one before", "in order"),
    arrivals("a piece after the end", "{piecewise: [{from: 10 s, rate: 1/s}]}", 40, "when arrivals are over", "leave"),
    arrivals("pieces without a rate", "{piecewise: [{from: 0 s, rate: 0/s}]}", 32, "no step has a rate above 0", "add"),
    arrivals("no pieces", "{piecewise: []}", 32, "no step has a rate above 0", "rate: 100/s"),
    arrivals("a piece is no mapping", "{piecewise: [100/s]}", 33, "where fields belong", "from, rate"),
    arrivals("a negative rate", "{piecewise: [{from: 0 s, rate: -1/s}]}", 51, "`-1/s`", "write"),
    arrivals("at for from", "{piecewise: [{at: 0 s, rate: 1/s}]}", 34, "unknown field `at`", "`rate`"),
    # in bursts
    arrivals("burst without a number", "{burst: {every: 1 s}}", 28, "the field `of` is missing", "of: 500"),
    arrivals("burst of nothing", "{burst: {every: 1 s, of: 0}}", 45, "0", "`10`"),
    arrivals("bursts overlap", "{burst: {every: 1 s, of: 5, over: 2 s}}", 54, "longer than the time to", "lower it"),
    # with states
    arrivals("one state", "{mmpp: [{rate: 1/s, stay: 1 s}]}", 27, "fewer than two states", "`poisson`"),
    arrivals("states that send nothing", "{mmpp: [{rate: 0, stay: 1 s}, {rate: 0, stay: 1 s}]}", 27,
             "no state has a rate", "100/s"),
    arrivals("too few weights", "{mmpp: [{rate: 1/s, stay: 1 s, next: [0]}, {rate: 2/s, stay: 1 s}]}", 57,
             "2 states and 1 weights", "one for each"),
    arrivals("a state follows itself", "{mmpp: [{rate: 1/s, stay: 1 s, next: [1, 1]}, {rate: 2/s, stay: 1 s}]}", 58,
             "does not follow itself", "longer `stay`"),
    arrivals("a state leads nowhere", "{mmpp: [{rate: 1/s, stay: 1 s, next: [0, 0]}, {rate: 2/s, stay: 1 s}]}", 57,
             "nothing can follow", "above 0"),
    arrivals("a state never comes",
             "{mmpp: [{rate: 1/s, stay: 1 s}, {rate: 2/s, stay: 1 s, next: [1, 0, 0]}, {rate: 3/s, stay: 1 s}]}", 28,
             "state 1 never leads to state 3", "every other"),
    arrivals("a state of no length", "{mmpp: [{rate: 1/s, stay: 1 ns}, {rate: 2/s, stay: 1 s}]}", 46,
             "more than ten million times", "`stay: 1 s`"),
    # self-exciting
    arrivals("an endless cascade", "{hawkes: {base: 1/s, branching: 1, decay: 1 s}}", 52, "no end to them", "below 1"),
    arrivals("a base of nothing", "{hawkes: {base: 0/s, branching: 0.5, decay: 1 s}}", 36, "sends nothing", "200/s"),
    arrivals("too much excitement", "{hawkes: {base: 1M/s, branching: 0.9999, decay: 1 s}}", 53, "more than 1e9",
             "lower the rate"),
    # as recorded
    arrivals("no such recording", "{trace: traces/nowhere.csv}", 28, "there is no file", "beside the scenario"),
    arrivals("a recording elsewhere", "{trace: ../day.csv}", 28, "does not name a CSV file", "traces/day.csv"),
    arrivals("an absolute recording", "{trace: /etc/day.csv}", 28, "does not name a CSV file", "traces/day.csv"),
    arrivals("a recording of another kind", "{trace: day.txt}", 28, "does not name a CSV file", "traces/day.csv"),
    # sizes
    producer("sizes upside down", "to: orders, message: {size: {uniform: {low: 2 KiB, high: 1 KiB}}}", 82,
             "`low` is more than `high`", "swap"),
    producer("a size that is a duration", "to: orders, message: {size: {exponential: 5 ms}}", 80, "not a unit of size",
             "KiB"),
    producer("two distributions", "to: orders, message: {size: {constant: 1 B, exponential: 1 B}}", 82,
             "exclude each other", "keep one"),
    producer("sizes beyond measure", "to: orders, message: {size: {lognormal: {mean: 2 GiB, cv: 1}}}", 78,
             "larger than 1 GiB", "1 KiB"),
    # by key
    producer("no place for the key", KEYED % "orders", 96, "no place for the key", "orders_{key}"),
    producer("two places for the key", KEYED % '"{key}{key}"', 96, "or more than one", "orders_{key}"),
    producer("no queue for a key", KEYED % '"orders_{key}"', 96, "no queue `orders_0`", "orders"),
    producer("no keys to follow", 'to: {routing_key: {by_key: "q{key}"}}', 65, "messages have none", "uniform: 8"),
    producer("too many keys", 'message: {key: {uniform: 20_000}}, to: {routing_key: {by_key: "q{key}"}}', 100,
             "20,000 business keys", "fewer keys"),
    producer("by key and a weight", 'to: {routing_key: {by_key: "q{key}", red: 3}}', 75, "unknown field `red`",
             "by_key"),
    # buffers
    producer("a buffer without a size", "to: orders, buffer: {when_full: block}", 58, "`max` is missing", "max: 1000"),
    producer("an unknown way out", "to: orders, buffer: {max: 1, when_full: drop-head}", 78, "`drop-head` is not one",
             "`drop-oldest`"),
    producer("a buffer below nothing", "to: orders, buffer: -1", 58, "-1", "write"),
]  # fmt: skip
