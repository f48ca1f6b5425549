"""Broken scenarios: links, nodes and faults."""

from __future__ import annotations

from tests.bad_input.corpus import FAULT, WORK, Broken

QUEUES = "queues:\n"
LONG = "{at: 5 s, crash: broker, for: 1 s}"

TABLE = [
    # links
    Broken("bandwidth without per", WORK, "link: {bandwidth: 10 MB}", 10, 44, "is not a bandwidth", "`200 MB/s`"),
    Broken("no bandwidth at all", WORK, "link: {bandwidth: 0 B/s}", 10, 44, "0", "unlimited"),
    Broken("bursts of less than one", WORK, "link: {loss: {bursts: {rate: 5 %, length: 0.5}}}",
           10, 68, "at least one packet long", "length: 5"),
    Broken("bursts that cannot be so many", WORK, "link: {loss: {bursts: {rate: 90 %, length: 2}}}",
           10, 55, "cannot make up so much", "0.667"),
    Broken("a state that never changes", WORK, "link: {loss: {gilbert_elliott: {p: 0, r: 0}}}",
           10, 61, "never changes", "one number"),
    Broken("half of a Markov chain", WORK, "link: {loss: {gilbert_elliott: {p: 1 %}}}",
           10, 57, "`r` is missing", "r: 25 %"),
    Broken("two ways to lose", WORK, "link: {loss: {independent: 1 %, bursts: {rate: 1 %, length: 3}}}",
           10, 58, "exclude each other", "keep one"),
    # connections
    Broken("shrinking pauses to connect", WORK,
           "connection: {reconnect: {exponential: {first: 1 s, factor: 0.5}}}", 10, 85, "less than 1", "factor: 2"),
    Broken("no pause to connect", WORK, "connection: {reconnect: 0 s}", 10, 50, "more than 0", "write"),
    Broken("endless handshakes", WORK, "connection: {round_trips: 101}", 10, 52, "more than 100", "needs 7"),
    Broken("room for nobody", QUEUES, "nodes: {broker: {connections: {max: 0}}}\nqueues:\n",
           6, 37, "not between 1", "`10`"),
    Broken("a negative cost", QUEUES, "nodes: {broker: {cpu: {connect: -1 ms}}}\nqueues:\n",
           6, 33, "negative", "write"),
    # faults
    Broken("slow, but how", FAULT, "slow: broker, for: 1 s", 16, 5, "how slow", "factor: 10"),
    Broken("a factor for a crash", FAULT, "crash: broker, factor: 10, for: 1 s",
           16, 30, "goes with `slow`", "leave it out"),
    Broken("a factor of nothing", FAULT, "slow: broker, factor: 0, for: 1 s", 16, 37, "is not between", "`1.5`"),
    Broken("quick work made slow", FAULT, "slow: shop, factor: 10, for: 1 s", 16, 21, "takes no time", "prepare: 1 ms"),
    Broken("a slow queue", FAULT, "slow: orders, factor: 10, for: 1 s", 16, 21, "is a queue", "its node"),
    Broken("a pause without end", FAULT, "pause: stock", 16, 5, "how long it lasts", "`for: 3 s`"),
    Broken("a clock, but by how much", FAULT, "clock: broker, for: 1 s", 16, 5, "by how much", "behind: 5 min"),
    Broken("negative skew", FAULT, "clock: broker, by: -5 min, for: 1 s", 16, 34, "is behind", "`behind: 5 min`"),
    Broken("skew both ways", FAULT, "clock: broker, by: 1 s, behind: 1 s, for: 1 s",
           16, 39, "exclude each other", "keep one"),
    Broken("the clock of a client", FAULT, "clock: stock, by: 1 s, for: 1 s",
           16, 22, "clock of a client", "name the node"),
    Broken("half a partition", FAULT, "partition: {from: stock}, for: 1 s", 16, 26, "`to` is missing", "broker"),
    Broken("a partition between clients", FAULT, "partition: {from: stock, to: shop}, for: 1 s",
           16, 44, "no link to each other", "{from: stock, to: broker}"),
    Broken("a partition with a stranger", FAULT, "partition: {from: stok, to: broker}, for: 1 s",
           16, 33, "`stok`", "`stock`"),
    Broken("partitioned from itself", FAULT, "partition: {from: broker, to: broker}, for: 1 s",
           16, 45, "between two nodes", "{from: stock, to: broker}"),
    # faults that come by themselves
    Broken("random, but how often", LONG, "{random: {crash: stock, for: 1 s}}", 16, 14, "`every` is missing", "30 s"),
    Broken("random, but how long", LONG, "{random: {crash: stock, every: 1 s}}",
           16, 14, "how long it lasts", "for: 3 s"),
    Broken("random and at a time", LONG, "{at: 1 s, random: {reset: stock, every: 1 s}}",
           16, 6, "exclude each other", "inside `random`"),
    Broken("random without end", LONG, "{random: {crash: stock, every: 1 s, for: end}}",
           16, 46, "last to the end", "3 s"),
    Broken("random all the time", LONG, "{random: {reset: stock, every: 1 us}}",
           16, 36, "more than 10,000 faults", "30 s"),
    Broken("random, but nothing", LONG, "{random: {every: 1 s}}", 16, 14, "what goes wrong", "`crash: NAME`"),
    Broken("no time for chance", LONG, "{random: {reset: stock, every: 1 s, start: 8 s, stop: 4 s}}",
           16, 48, "no time between", "earlier"),
]  # fmt: skip
