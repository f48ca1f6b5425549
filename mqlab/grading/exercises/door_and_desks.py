"""Door and desks: settings for a flash sale that crashes in the middle, so that four wishes hold at once.

The door is the queue's limit, the desks are the consumers. A long queue lets people wait, a short one refuses them; few
desks are slow, and many are slower, for they share a database. Prefetched orders stand in hands, where no limit counts.
"""

from __future__ import annotations

__all__ = ["CONNECTIONS", "EXERCISE", "REFUSED_MAX", "SCENARIO", "SETTINGS", "play_sale"]

from typing import Final

from mqlab.grading.counterexample import Counterexample
from mqlab.grading.exercise import Case, Exercise, Part
from mqlab.grading.student import Student
from mqlab.grading.worlds.chance import luck
from mqlab.grading.worlds.configuration import Configured, between, configured, expects, one_of, switch

CONNECTIONS: Final = 24
"""How many the database allows; each desk has one."""
REFUSED_MAX: Final = 0.22
SCENARIO: Final = """
name: sale
system: rabbitmq
duration: 12 s
drain: 20 s
producers:
  buyers:
    count: 50
    arrivals: {ramp: {from: 100/s, to: 800/s, over: 4 s}}
    message: {persistent: true}
    confirm: {max_in_flight: 100, timeout: 1 s}
    retry: {attempts: 3, backoff: {constant: 300 ms}}
    connection: {reconnect: 100 ms}
queues:
  orders: {durable: false, max_length: 100_000, overflow: drop-head}
consumers:
  stock:
    queue: orders
    count: 2
    prefetch: 100
    ack: auto
    service: {lognormal: {mean: 8 ms, cv: 1}}
    contention: {alpha: 0.1, beta: 0.0052}
    connection: {reconnect: 100 ms}
faults:
  - {at: 6 s, crash: broker, for: 500 ms}
"""
SETTINGS: Final = {
    "queues.orders.durable": switch,
    "queues.orders.max_length": between(1, 1_000_000),
    "queues.orders.overflow": one_of("drop-head", "reject-publish"),
    "consumers.stock.count": between(1, 200),
    "consumers.stock.prefetch": between(1, 1_000),
    "consumers.stock.ack": one_of("auto", "manual"),
}


def play_sale(student: Student, case: Case) -> Configured:
    """Hold the sale; the broker crashes at some moment of it."""
    at_ms = luck(case, "crash").randint(3_000, 9_000)
    return configured(
        student, case, SCENARIO, SETTINGS, hidden=lambda _: [f"faults=[{{at: {at_ms} ms, crash: broker, for: 500 ms}}]"]
    )


def _connected(run: Configured) -> Counterexample | None:
    desks = run.settings.get("consumers.stock.count", 2)
    assert isinstance(desks, int)
    if desks <= CONNECTIONS:
        return None
    return Counterexample(f"{desks} desks need {desks} connections, and the database allows {CONNECTIONS}.", size=1)


def _refused(run: Configured) -> Counterexample | None:
    share = run.summary["fates"]["rejected"] / run.summary["messages"]["owed"]
    if share <= REFUSED_MAX:
        return None
    return Counterexample(f"With your settings, {100 * share:.0f} % of all orders are refused.", size=1)


KEPT = "no confirmed order is lost"
EXERCISE = Exercise(
    name="door-and-desks",
    lesson="07-flash-sale",
    title="The door and the desks",
    entry="configure",
    sizes=(1,),
    parts=(
        Part(
            KEPT, 2, play_sale, expects("lost == 0", "{} confirmed orders are lost."),
            hint="Where can a confirmed order vanish: from a full queue, in the crash, in the desks' hands?",
        ),
        Part(
            f"at most {100 * REFUSED_MAX:.0f} % are refused", 1, play_sale, _refused, (KEPT,),
            "How much stands in a longer queue? And do the desks work as fast as they could?",
        ),
        Part(
            "99 % of the orders are done within 3.3 s", 2, play_sale,
            expects("latency.p99 <= 3300 ms", "one order in a hundred takes longer than {}."), (KEPT,),
            "The wait is about what stands before you, divided by what the desks do in a second. Orders that the desks "
            "have fetched stand before you, too.",
        ),
        Part(
            f"the database has at most {CONNECTIONS} connections", 1, play_sale, _connected, (KEPT,),
            "Each desk has a connection of its own.",
        ),
    ),
)  # fmt: skip
