"""The answer publishes: a real run in which customers order, the student's code is the till, and the broker answers.

    customer ──► student ──► channel.publish() ──► simulated broker ──► confirm, refusal, or nothing ──► student

Packets are lost in both directions, the broker crashes, and its queue is small and says no when it is full. The
simulated broker decides all of that; the till learns what a real one would: an answer, or none.
"""

from __future__ import annotations

__all__ = ["TICK_NS", "Call", "Published", "Wish", "publish"]

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from mqlab.grading import plain
from mqlab.grading.counterexample import Step
from mqlab.grading.student import Babbled, Student, StudentError, Tool

if TYPE_CHECKING:
    from mqlab.engines.world import World
    from mqlab.scenario import Scenario

MS: Final = 1_000_000
TICK_NS: Final = 25 * MS
"""The till is asked so often whether there is something to do."""
_PUBLISHES_MAX: Final = 2_000
TILL: Final = "your till"

_SCENARIO: Final = """
name: at-the-till
system: rabbitmq
duration: 1 min
drain: 10 s
queues:
  orders: {durable: true, max_length: 4, overflow: reject-publish}
producers:
  till:
    arrivals: by_hand
    message: {persistent: true}
    confirm: true
    retry: {attempts: 1}
    link: {latency: 10 ms}
    connection: {reconnect: 100 ms}
consumers:
  stock: {queue: orders, prefetch: 1, service: 20 ms, connection: {reconnect: 100 ms}}
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to happen while the till is open."""

    order_ns: tuple[int, ...]
    """When each order comes in; the order's number is its place."""
    lost_up: float
    """Share of publishes that never arrive."""
    lost_down: float
    """Share of answers that never arrive."""
    crash_ns: int = -1
    """When the broker's process crashes; below 0: never."""
    down_ns: int = 0
    stop_ns: int = 30_000 * MS
    """When the till is closed."""


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that was said, as the till saw it."""

    time_ns: int
    kind: Literal["order", "publish", "confirmed", "refused"]
    order: int
    tag: int
    """Number of the publish; -1 for an order that comes in."""


@dataclass
class Published:
    """What happened while the till was open."""

    size: int
    most: int
    timeout_ns: int
    calls: list[Call] = field(default_factory=list)
    faults: list[Step] = field(default_factory=list)
    arrived: frozenset[int] = frozenset()
    """Orders that the stock got."""

    def steps(self, order: int | None = None, until_ns: int | None = None, bad: Call | None = None) -> tuple[Step, ...]:
        """Tell what was said about one order (or all), up to a moment; ``bad`` is the step that broke the rule."""
        told = list(self.faults)
        for call in self.calls:
            if order is None or call.order == order:
                told.append(_step(call, call is bad))
        return tuple(
            sorted((step for step in told if until_ns is None or step.time_ns <= until_ns), key=lambda s: s.time_ns)
        )


class _Events(Protocol):
    callbacks: list[Any]
    value: Any


def _step(call: Call, bad: bool) -> Step:
    kind: Literal["plain", "bad"] = "bad" if bad else "plain"
    if call.kind == "order":
        return Step(call.time_ns, "customer", TILL, f"order {call.order}", kind)
    if call.kind == "publish":
        return Step(call.time_ns, TILL, "broker", f"publishes order {call.order}, tag {call.tag}", kind)
    return Step(call.time_ns, "broker", TILL, f"{call.kind} tag {call.tag} (order {call.order})", kind)


@cache
def _scenario(lost_up: float, lost_down: float) -> Scenario:
    from mqlab.scenario import loads

    link = f"producers.till.link={{latency: 10 ms, up: {{loss: {lost_up}}}, down: {{loss: {lost_down}}}}}"
    return loads(_SCENARIO, overrides=[link])


def publish(student: Student, seed: int, wish: Wish, *, most: int, timeout_ns: int) -> Published:
    """Let a student's class ``Till(channel, most, timeout_ms)`` publish, and record what was said.

    Raises
    ------
    StudentError
        It did not answer as it should; what happened until then goes along.
    """
    from mqlab.face.performing import run

    record = Published(len(wish.order_ns), most, timeout_ns)
    till = _Till(student, record, wish)
    done = run(_scenario(wish.lost_up, wish.lost_down), seed=seed, trace="fates", processes=[till.work])
    if till.error is not None:
        raise till.error
    served = done.fates[done.fates["processings"] > 0]
    record.arrived = frozenset(int(key) for key in served["key"])
    return record


class _Till:
    """The process of the world that asks the student's code at each event.

    An error of the student's is kept and raised after the run: simpy raises a copy of what a process raises, and a copy
    has neither its steps nor the name of the exception.
    """

    def __init__(self, student: Student, record: Published, wish: Wish) -> None:
        self._student, self._record, self._wish = student, record, wish
        self._world: World | None = None
        self._known: set[int] = set()
        self.error: StudentError | None = None

    def work(self, world: World) -> Generator[Any, Any, None]:
        """Bring orders in, let the clock tick, and stop when everything is quiet."""
        self._world = world
        channel = Tool("channel", publish=self._publish)
        self._ask(lambda: self._student.make("Till", channel, self._record.most, self._record.timeout_ns // MS))
        happenings = sorted([(at, 0, n) for n, at in enumerate(self._wish.order_ns)] + self._broker())
        while world.now < self._wish.stop_ns:
            tick_ns = (world.now // TICK_NS + 1) * TICK_NS
            while happenings and happenings[0][0] <= tick_ns:
                at, what, number = happenings.pop(0)
                if at > world.now:
                    yield world.timeout(at - world.now)
                self._happen(what, number)
            if tick_ns > world.now:
                yield world.timeout(tick_ns - world.now)
            self._call(".tick")
            if self.error is not None or (not happenings and self._quiet()):
                return

    def _broker(self) -> list[tuple[int, int, int]]:
        if self._wish.crash_ns < 0:
            return []
        return [(self._wish.crash_ns, 1, 0), (self._wish.crash_ns + self._wish.down_ns, 2, 0)]

    def _happen(self, what: int, number: int) -> None:
        assert self._world is not None
        if what == 0:
            self._known.add(number)
            self._say("order", number, -1)
            self._call(".order", number)
        elif what == 1:
            self._record.faults.append(Step(self._world.now, "broker", "broker", "crashes", "fault"))
            self._world.kill("broker")
        else:
            self._record.faults.append(Step(self._world.now, "broker", "broker", "is back", "fault"))
            self._world.restart("broker")

    def _quiet(self) -> bool:
        """Say whether all is confirmed, and nothing has been said for three time-outs."""
        assert self._world is not None
        calls = self._record.calls
        confirmed = {call.order for call in calls if call.kind == "confirmed"}
        last_ns = calls[-1].time_ns if calls else 0
        finished = len(confirmed) == self._record.size
        patience = 3 if finished else 12
        return self._world.now - last_ns > patience * self._record.timeout_ns

    def _publish(self, *given: Any) -> int:
        assert self._world is not None
        if len(given) != 1:
            raise Babbled(f"channel.publish(order) was called with {len(given)} values instead of 1.")
        order = plain.whole(given[0], "the order in channel.publish(order)")
        if order not in self._known:
            raise Babbled(f"channel.publish({order}): nobody has ordered {order}.")
        if sum(call.kind == "publish" for call in self._record.calls) >= _PUBLISHES_MAX:
            raise Babbled(f"It published more than {_PUBLISHES_MAX:,} times for {self._record.size} orders.")
        receipt = self._world.publish("till", key=order)
        tag = receipt.message + 1
        self._say("publish", order, tag)
        receipt.settled.callbacks.append(lambda event: self._hear(event, order, tag))
        return tag

    def _hear(self, event: _Events, order: int, tag: int) -> None:
        """Pass an answer on; that there is none, nobody says."""
        if event.value in ("confirmed", "refused"):
            self._say(event.value, order, tag)
            self._call(f".{event.value}", tag)

    def _say(self, kind: Any, order: int, tag: int) -> None:
        assert self._world is not None
        self._record.calls.append(Call(self._world.now, kind, order, tag))

    def _call(self, name: str, *args: Any) -> None:
        assert self._world is not None
        now_ms = self._world.now // MS
        self._ask(lambda: self._student.call(name, *args, now_ms))

    def _ask(self, question: Callable[[], object]) -> None:
        if self.error is not None:
            return
        try:
            question()
        except StudentError as error:
            error.steps = error.steps or self._record.steps()
            self.error = error
