"""The answer configures: what may be set is run, what may not be set is refused in a sentence, and a run is judged."""

from __future__ import annotations

from typing import Any

import pytest

from mqlab.errors import BadInput
from mqlab.grading.exercise import Case
from mqlab.grading.student import Babbled
from mqlab.grading.worlds.configuration import (
    Configured,
    between,
    configured,
    duration,
    expects,
    one_of,
    switch,
)
from tests.grading.tame import TameStudent

SHOP = """
name: shop
system: rabbitmq
duration: 1 s
drain: 1 s
queues:
  orders: {durable: false, max_length: 1000}
producers:
  buyers: {arrivals: {constant: 100/s}, message: {persistent: true}, confirm: true, retry: {attempts: 9}}
consumers:
  desk: {queue: orders, service: 20 ms, prefetch: 1}
faults:
  - {at: 500 ms, crash: broker, for: 100 ms}
"""
SETTINGS = {
    "queues.orders.durable": switch,
    "queues.orders.max_length": between(1, 10_000),
    "consumers.desk.count": between(1, 8),
    "consumers.desk.service": duration("1 ms", "1 s"),
    "queues.orders.overflow": one_of("drop-head", "reject-publish"),
    "producers.buyers.arrivals.constant": one_of("100/s", "1000000000/s"),
}
NOTHING_LOST = expects("lost == 0", "{} confirmed orders were lost.")
IN_TIME = expects("latency.p99 < 100 ms", "one order in a hundred took more than {}.")


def run(settings: Any, seed: int = 1, **options: Any) -> Configured:
    student = TameStudent(f"def configure():\n    return {settings!r}\n")
    return configured(student, Case(seed, 1), SHOP, SETTINGS, **options)


def test_settings_change_the_run() -> None:
    plain = NOTHING_LOST(run({}))
    assert plain is not None
    assert plain.sentence.startswith("With your settings, ")
    assert plain.sentence.endswith(" confirmed orders were lost.")
    assert NOTHING_LOST(run({"queues.orders.durable": True})) is None


def test_what_is_found_is_spelt_for_people() -> None:
    slow = IN_TIME(run({"queues.orders.durable": True}))
    assert slow is not None
    assert slow.sentence.endswith(" ms.")
    quick = {"queues.orders.durable": True, "consumers.desk.count": 8, "consumers.desk.service": "1 ms"}
    assert IN_TIME(run(quick)) is None


def test_hidden_changes_come_last() -> None:
    """A crash that comes when everything is done loses nothing."""
    calm = run({"consumers.desk.count": 8}, hidden=lambda case: ["faults.0.at=1900 ms"])
    assert NOTHING_LOST(calm) is None
    assert calm.settings == {"consumers.desk.count": 8}


def test_the_seed_is_that_of_the_case() -> None:
    noisy = {"hidden": lambda case: ["producers.buyers.arrivals={poisson: 100/s}"]}
    digests = {run({}, seed, **noisy).trace.digest for seed in (1, 1, 2)}
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ([], "configure() must be a dictionary, but it is []"),
        ({"queues.order.durable": True}, "did you mean `queues.orders.durable`"),
        ({"seed": 7}, 'sets "seed", which is not to be set here; you may set: queues.orders.durable'),
        ({"faults.0.at": "1900 ms"}, "which is not to be set here"),
        ({"queues.orders.durable": "yes"}, "queues.orders.durable must be True or False"),
        ({"consumers.desk.count": 9}, "consumers.desk.count must be at most 8, but it is 9"),
        ({"consumers.desk.count": "8}\nfaults: []"}, "must be a number"),
        ({"consumers.desk.service": "20 parsecs"}, 'must be a time such as "200 ms"'),
        ({"consumers.desk.service": "2 s"}, "must be from 1 ms to 1 s, but it is 2 s"),
        ({"queues.orders.overflow": "drop-tail"}, "did you mean `drop-head`"),
        ({"producers.buyers.arrivals.constant": "1000000000/s"}, "the run would be far too large"),
    ],
)
def test_what_cannot_be_set_is_refused_in_a_sentence(settings: Any, sentence: str) -> None:
    with pytest.raises(Babbled) as caught:
        run(settings)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_the_lab_refuses_is_said_in_its_words() -> None:
    free = {"consumers.desk.prefetch": lambda value, what: value}
    student = TameStudent("def configure():\n    return {'consumers.desk.prefetch': 'lots'}")
    with pytest.raises(Babbled, match=r"there is no run: consumers\.desk\.prefetch: `lots` is not"):
        configured(student, Case(1, 1), SHOP, free)


def test_a_mistake_in_the_exercise_is_not_the_answers_fault() -> None:
    with pytest.raises(BadInput):
        run({}, hidden=lambda case: ["consumers.desks.count=1"])
