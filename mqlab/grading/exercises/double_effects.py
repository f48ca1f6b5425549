"""double-effects: write a checker that finds the orders of which something was done twice, and accuses no others.

The events come from simulated runs of one shop with two services: each order is packed (``stock``) and each is mailed
(``mail``), which is no duplicate. In some runs the services remember what they did, in others they forget, race, or
remember for too short a time. A checker that counts deliveries or acknowledgements is caught on the correct ones.
"""

from __future__ import annotations

__all__ = ["EXERCISE", "Reported", "events_of"]

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from mqlab.grading import plain
from mqlab.grading.counterexample import Counterexample, Step
from mqlab.grading.exercise import Case, Exercise, Part
from mqlab.grading.student import Student
from mqlab.grading.worlds.chance import luck

if TYPE_CHECKING:
    import pandas as pd

    from mqlab.scenario import Scenario

_TRIES: Final = 200
"""How many runs are looked at for one in which the fault shows itself."""
_SCENARIO: Final = """
name: two-services
system: rabbitmq
drain: 5 s
exchanges:
  sold: {type: fanout, durable: true}
queues:
  packing: {durable: true}
  mailing: {durable: true}
bindings:
  - {exchange: sold, queue: packing}
  - {exchange: sold, queue: mailing}
producers:
  shop:
    to: {exchange: sold}
    message: {persistent: true}
    confirm: {timeout: 40 ms}
    retry: {attempts: 50, backoff: {constant: 5 ms}}
    link: {latency: 2 ms}
consumers:
  stock:
    queue: packing
    count: 2
    prefetch: 2
    service: {exponential: 12 ms}
    link: {latency: 8 ms}
    connection: {reconnect: 10 ms}
  mail:
    queue: mailing
    prefetch: 2
    service: {exponential: 6 ms}
    link: {latency: 8 ms}
    connection: {reconnect: 10 ms}
"""
_SENT_TWICE: Final = "producers.shop.link.down={loss: 40 %}"
_DIES: Final = (
    "faults=[{random: {crash: stock, each: true, every: {exponential: 80 ms}, for: 20 ms}},"
    " {random: {reset: mail, every: {exponential: 80 ms}}}]"
)
_REMEMBER: Final = ("consumers.stock.deduplicate=true", "consumers.mail.deduplicate=true")
_RACE: Final = (
    "consumers.stock.deduplicate={how: check-then-act}",
    "consumers.mail.deduplicate=true",
    "producers.shop.confirm={timeout: 5 ms}",
    "producers.shop.retry.backoff={constant: 1 ms}",
)
_SHORT: Final = ("consumers.stock.deduplicate={window: 1}", "consumers.mail.deduplicate={window: 1}")
_WHAT: Final = {
    "delivered": "delivered", "processed": "done", "effect": "done", "deduplicated": "skipped",
    "acked": "acknowledged", "requeued": "returned",
}  # fmt: skip
_SERVICE: Final = {"packing": "stock", "mailing": "mail"}

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reported:
    """What happened, which orders were done twice, and which the answer reported."""

    events: list[Event]
    truth: frozenset[int]
    reported: frozenset[int]
    size: int


@cache
def events_of(size: int, seed: int, settings: tuple[str, ...]) -> list[Event]:
    """Simulate, and tell what happened as plain values, in the order of time.

    Examples
    --------
    >>> events_of(1, 1, ())[0]
    {'at_ms': 79.338, 'what': 'delivered', 'order': 0, 'service': 'stock', 'worker': 'stock[0]'}
    """
    from mqlab.face.performing import run

    return _told(run(_scenario(size, settings), seed=seed, trace="events").events)


@cache
def _scenario(size: int, settings: tuple[str, ...]) -> Scenario:
    from mqlab.scenario import loads

    arrivals = f"producers.shop.arrivals={{poisson: {{rate: 60/s, messages: {size}}}}}"
    return loads(_SCENARIO, overrides=[arrivals, f"duration={200 + size * 60} ms", *settings])


def _told(events: pd.DataFrame) -> list[Event]:
    told: list[Event] = []
    for row in events[events["kind"].isin([*_WHAT, "client_crashed"])].to_dict("records"):
        at_ms = round(row["time_ns"] / 1e6, 3)
        if row["kind"] == "client_crashed":
            told.append({"at_ms": at_ms, "what": "crashed", "worker": str(row["actor"])})
        else:
            told.append(
                {"at_ms": at_ms, "what": _WHAT[row["kind"]], "order": int(row["message"]),
                 "service": _SERVICE[row["queue"]], "worker": str(row["actor"])}
            )  # fmt: skip
    return told


def done_twice(events: list[Event]) -> frozenset[int]:
    """Give the orders that the same service did more than once.

    Examples
    --------
    >>> packed = {"what": "done", "order": 7, "service": "stock"}
    >>> sorted(done_twice([packed, {**packed, "service": "mail"}])), sorted(done_twice([packed, packed]))
    ([], [7])
    """
    done = Counter((event["order"], event["service"]) for event in events if event["what"] == "done")
    return frozenset(order for (order, _), times in done.items() if times > 1)


def _ask(student: Student, case: Case, what: str, settings: tuple[str, ...], *, guilty: bool) -> Reported:
    """Ask about the first run that fits: one with a double effect, or one without."""
    draw = luck(case, what)
    for _ in range(_TRIES):
        events = events_of(case.size, draw.getrandbits(60), settings)
        truth = done_twice(events)
        if bool(truth) == guilty:
            break
    else:
        raise AssertionError(f"no run of {_TRIES} is {'guilty' if guilty else 'innocent'}: {what}")
    given = plain.listing(student.call("done_twice", events), "done_twice(events)", plain.whole)
    return Reported(events, truth, frozenset(given), case.size)


def play_correct(student: Student, case: Case) -> Reported:
    """Let everything go wrong that can; the services remember what they did."""
    return _ask(student, case, "correct", (_SENT_TWICE, _DIES, *_REMEMBER), guilty=False)


def play_sent_twice(student: Student, case: Case) -> Reported:
    """Let orders be stored twice; the services forget."""
    return _ask(student, case, "sent twice", (_SENT_TWICE,), guilty=True)


def play_died(student: Student, case: Case) -> Reported:
    """Let services die between the work and the acknowledgement; they forget."""
    return _ask(student, case, "died", (_DIES,), guilty=True)


def play_half_cured(student: Student, case: Case) -> Reported:
    """Let the services remember, but not well enough."""
    if case.size > 1 and luck(case, "which").random() < 0.5:
        return _ask(student, case, "short", (_SENT_TWICE, _DIES, *_SHORT), guilty=True)
    return _ask(student, case, "race", (_SENT_TWICE, *_RACE), guilty=True)


def is_exact(record: Reported) -> Counterexample | None:
    """Compare what was reported with what happened."""
    missed, accused = sorted(record.truth - record.reported), sorted(record.reported - record.truth)
    if missed:
        order = missed[0]
        done = Counter(event["service"] for event in _about(record, order) if event["what"] == "done")
        service = next(name for name, times in done.items() if times > 1)
        times = "twice" if done[service] == 2 else f"{done[service]} times"
        sentence = f"Order {order} was done {times} by {service}, and you did not report it."
        return Counterexample(sentence, _steps(record, order, service), record.size)
    if accused:
        order = accused[0]
        if not _about(record, order):
            return Counterexample(f"You reported order {order}, and there is no such order.", (), record.size)
        sentence = f"You reported order {order}, but no service did it more than once."
        return Counterexample(sentence, _steps(record, order, None), record.size)
    return None


def _about(record: Reported, order: int) -> list[Event]:
    return [event for event in record.events if event.get("order") == order]


def _steps(record: Reported, order: int, guilty: str | None) -> tuple[Step, ...]:
    steps, done = [], 0
    for event in _about(record, order):
        done += event["what"] == "done" and event["service"] == guilty
        bad = event["what"] == "done" and event["service"] == guilty and done == 2
        text, at_ns = f"{event['what']}: order {order}", round(event["at_ms"] * 1e6)
        ends = {"delivered": ("broker", event["worker"]), "acknowledged": (event["worker"], "broker")}
        source, to = ends.get(event["what"], (event["worker"], event["worker"]))
        steps.append(Step(at_ns, source, to, text, "bad" if bad else "plain"))
    return tuple(steps)


_SENT: Final = "finds what was sent twice and done twice"
EXERCISE = Exercise(
    name="double-effects",
    lesson="05-duplication",
    title="A checker that finds double effects",
    entry="done_twice",
    sizes=(1, 2, 5, 20),
    parts=(
        Part(
            _SENT, 1, play_sent_twice, is_exact,
            hint="Every order is packed once and mailed once: these are two different things.",
        ),
        Part(
            "accuses nobody in a correct run", 2, play_correct, is_exact, needs=(_SENT,),
            hint="Delivered twice is not done twice, and an acknowledgement may also say: I knew it already.",
        ),
        Part(
            "finds what was done before a crash", 2, play_died, is_exact, needs=(_SENT,),
            hint="Who dies after the work does not acknowledge it. The work was done all the same.",
        ),
        Part(
            "finds what a half cure lets through", 1, play_half_cured, is_exact, needs=(_SENT,),
            hint="Two workers of one service may do the same order at almost the same time.",
        ),
    ),
)  # fmt: skip
