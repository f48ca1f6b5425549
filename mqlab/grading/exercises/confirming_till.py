"""confirming-till: publish orders over a bad line so that each arrives, without flooding the broker.

Four rules, each a part. In every world some publishes and some answers are lost; in larger ones the broker crashes for
longer than several time-outs, and its queue is full now and then. A till that gives up, forgets or hurries is caught.
"""

from __future__ import annotations

__all__ = ["EXERCISE"]

from typing import Final

from mqlab.grading.counterexample import Counterexample
from mqlab.grading.exercise import Case, Exercise, Part
from mqlab.grading.student import Student
from mqlab.grading.worlds.chance import luck
from mqlab.grading.worlds.publishing import MS, Call, Published, Wish, publish

_SLACK_NS: Final = MS
"""The till's clock is cut to whole milliseconds."""


def play(student: Student, case: Case) -> Published:
    """Open the till for as many orders as the case is large."""
    draw = luck(case, "the line")
    at_ns, times = 20 * MS, []
    for _ in range(case.size):
        times.append(at_ns)
        at_ns += draw.choice((0, 5, 10, 40)) * MS
    crashes = case.size >= 3
    wish = Wish(
        order_ns=tuple(times),
        lost_up=draw.choice((0.1, 0.3)),
        lost_down=draw.choice((0.3, 0.5)),
        crash_ns=draw.randint(20, max(30, at_ns // MS)) * MS if crashes else -1,
        down_ns=draw.choice((300, 1_000, 1_800)) * MS,
    )
    return publish(student, case.seed, wish, most=draw.choice((2, 3, 5)), timeout_ns=draw.choice((150, 200, 250)) * MS)


def every_order_arrives(record: Published) -> Counterexample | None:
    """Find an order that the stock never got."""
    for order in range(record.size):
        if order not in record.arrived:
            last_ns = max((call.time_ns for call in record.calls if call.order == order), default=0)
            sent = sum(call.kind == "publish" and call.order == order for call in record.calls)
            times = "once" if sent == 1 else f"{sent} times"
            told = "never sent it" if not sent else f"sent it {times}, and then no more"
            sentence = f"Order {order} never reached the stock. The till {told}."
            return Counterexample(sentence, record.steps(order, until_ns=last_ns + record.timeout_ns), record.size)
    return None


def confirmed_is_done(record: Published) -> Counterexample | None:
    """Find an order that is sent again although a confirm for it has come."""
    confirmed: set[int] = set()
    for call in record.calls:
        if call.kind == "confirmed":
            confirmed.add(call.order)
        elif call.kind == "publish" and call.order in confirmed:
            sentence = f"Order {call.order} was sent again although the broker had confirmed it before."
            return _broken(record, call, sentence)
    return None


def never_too_many(record: Published) -> Counterexample | None:
    """Find a moment at which more publishes were open than allowed."""
    sent: dict[int, int] = {}
    for call in record.calls:
        if call.kind in ("confirmed", "refused"):
            sent.pop(call.tag, None)
        elif call.kind == "publish":
            young = [at for at in sent.values() if call.time_ns - at < record.timeout_ns - _SLACK_NS]
            if len(young) >= record.most:
                sentence = f"{len(young) + 1} publishes were open at the same time; the till may have {record.most}."
                steps = record.steps(until_ns=call.time_ns, bad=call)
                return Counterexample(sentence, steps, record.size)
            sent[call.tag] = call.time_ns
    return None


def nobody_is_hurried(record: Published) -> Counterexample | None:
    """Find an order that is sent again sooner than its time-out."""
    sent: dict[int, int] = {}
    for call in record.calls:
        if call.kind != "publish":
            continue
        waited = call.time_ns - sent.get(call.order, -record.timeout_ns)
        if waited < record.timeout_ns - _SLACK_NS:
            sentence = (
                f"Order {call.order} was sent again after {waited // MS} ms; "
                f"the time-out is {record.timeout_ns // MS} ms."
            )
            return _broken(record, call, sentence)
        sent[call.order] = call.time_ns
    return None


def _broken(record: Published, call: Call, sentence: str) -> Counterexample:
    return Counterexample(sentence, record.steps(call.order, call.time_ns, bad=call), record.size)


_ARRIVES: Final = "every order reaches the stock"
EXERCISE = Exercise(
    name="confirming-till",
    lesson="04-loss",
    title="A till that keeps what is not confirmed",
    entry="Till",
    parts=(
        Part(
            _ARRIVES, 3, play, every_order_arrives,
            hint="No answer can mean three things: the order is lost, its confirm is lost, or both are only late. "
            "Keep every order until a confirm has come, however often that takes.",
        ),
        Part(
            "what is confirmed is never sent again", 2, play, confirmed_is_done, needs=(_ARRIVES,),
            hint="A confirm may come for an older tag of the same order. Remember which order each tag was.",
        ),
        Part(
            "never more than the allowed number is open", 2, play, never_too_many, needs=(_ARRIVES,),
            hint="A publish is open until its answer comes or its time-out has passed. "
            "What does not fit has to wait for its turn.",
        ),
        Part(
            "nobody is hurried", 1, play, nobody_is_hurried, needs=(_ARRIVES,),
            hint="Also after a refusal: the queue is full, and asking at once makes it no emptier.",
        ),
    ),
)  # fmt: skip
