"""The answer consumes: in a real run a shop publishes, the broker delivers, and the student's code is the consumer.

    shop ──► queue `orders` of the simulated broker ──► delivery ──► student ──► verbs of tools, line.ack()

Crashes of the student's process and breaks of its line are faults of the run; what comes back is redelivered by the
simulated broker, under its own rules. Prefetch is 1: without an acknowledgement nothing more is delivered.
"""

from __future__ import annotations

__all__ = ["Consumed", "Delivered", "at_each_moment", "consume", "consume_in_pairs"]

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mqlab.grading.counterexample import Step
from mqlab.grading.student import Babbled, Killed, Student, StudentError, Tool
from mqlab.grading.worlds.workers import Story, Worker, crash

if TYPE_CHECKING:
    from mqlab.engines.world import Delivery, World
    from mqlab.model import Model

T = TypeVar("T")
Running = Generator[Any, Any, None]
Create = Callable[[Worker], tuple[Any, ...]]
"""Gives the class and what to make it with: ``lambda worker: ("Desk", bank.line_of(worker))``."""
Args = Callable[[int, bool], tuple[Any, ...]]
"""Gives what a delivery is called with, before the line: from the order's number and whether it comes again."""

_PAUSE_NS: Final = 2_000_000
"""From the end of a process to its new beginning."""
_GAP_NS: Final = 1_000_000
_MOMENTS_MAX: Final = 40
_SCENARIO: Final = """
name: at-the-desk
system: rabbitmq
duration: 20 s
drain: 0 s
queues:
  orders: {durable: true}
producers:
  shop: {arrivals: by_hand, message: {persistent: true}, confirm: true, link: {latency: 100 us}}
consumers:
  desk: {queue: orders, prefetch: 1, service: by_hand, link: {latency: 100 us}, connection: {reconnect: 1 ms}}
"""
_OTHER: Final = """
  other: {queue: orders, prefetch: 1, service: by_hand, link: {latency: 100 us}, connection: {reconnect: 1 ms}}
"""


@dataclass(frozen=True, slots=True)
class Delivered:
    """One delivery to the answer, and what became of it."""

    time_ns: int
    order: int
    again: bool
    """Whether the broker had delivered this copy before."""
    life: int
    """Which life of the process got it, from 1 on."""
    acked: bool


@dataclass
class Consumed:
    """What happened while the answer consumed."""

    orders: int
    steps: tuple[Step, ...] = ()
    deliveries: list[Delivered] = field(default_factory=list)
    unfinished: int = 0
    """How many copies the broker still has at the end, or waits to hear of."""
    moments: int = 0
    """How many moments the (first) worker has passed."""

    def acked(self, order: int) -> bool:
        """Whether a delivery of the order was acknowledged, as far as the answer is concerned."""
        return any(one.acked for one in self.deliveries if one.order == order)


def consume(
    student: Student,
    orders: int,
    *,
    entry: str,
    create: Create | None,
    args: Args,
    crashes: Collection[int] = (),
    breaks: Collection[int] = (),
    lane: str = "your desk",
) -> Consumed:
    """Play the answer as the only consumer of a queue.

    Parameters
    ----------
    student
        The answer.
    orders
        How many the shop sends, numbered from 1.
    entry
        What is called for each delivery, ``.deliver`` for a method: with ``args``, and a tool ``line`` whose verb
        is ``ack()``.
    create, args
        See :data:`Create`, :data:`Args`; without ``create`` functions are called.
    crashes
        Moments at which its process dies (see :mod:`mqlab.grading.worlds.workers`).
    breaks
        Deliveries, counted from 0, after which its line breaks before the broker hears of the acknowledgement.

    Raises
    ------
    StudentError
        It did not answer as it should.
    """
    story, record = Story(), Consumed(orders)
    worker = Worker(student, story, lane, create, dict.fromkeys(crashes, crash))
    desk = _Desk(worker, "desk", entry, args, record, frozenset(breaks))
    student.kill()
    _run(_model(pair=False), [_shop(orders, 1), desk.work], record, [desk])
    record.steps, record.moments = story.steps, worker.moment + 1
    return record


def consume_in_pairs(
    student: Student,
    orders: int,
    *,
    entry: str,
    create: Create | None,
    args: Args,
    turns: Collection[int],
    lanes: tuple[str, str] = ("your desk", "your other desk"),
) -> Consumed:
    """Play two processes of the answer at one queue; every order is in it twice, and both get it at once.

    Parameters
    ----------
    turns
        Moments of the first process at which the second does its whole work; if there is none, it works after it.

    Raises
    ------
    StudentError
        It did not answer as it should.
    """
    story, record = Story(), Consumed(orders)
    other = _Desk(Worker(student.another(), story, lanes[1], create), "other", entry, args, record)
    first = _Desk(
        Worker(student, story, lanes[0], create, dict.fromkeys(turns, other.take_turn)), "desk", entry, args, record
    )

    def both(world: World) -> Running:
        while True:
            mine = yield world.receive("desk")
            yours = yield world.receive("other")
            first.receive(mine, world.now)
            other.receive(yours, world.now)
            if not (first.handle() and (other.handled or other.handle())):
                return
            yield from first.settle(world)
            yield from other.settle(world)

    student.kill()
    _run(_model(pair=True), [_shop(orders, 2), both], record, [first, other])
    record.steps, record.moments = story.steps, first.worker.moment + 1
    return record


def at_each_moment(play: Callable[[frozenset[int]], T], passed: Callable[[T], int]) -> list[T]:
    """Play once for each moment there is: with it alone, from the first to the last.

    Parameters
    ----------
    play
        Plays with something happening at the moments given.
    passed
        How many moments a play had.
    """
    played: list[T] = []
    for moment in range(_MOMENTS_MAX):
        played.append(play(frozenset([moment])))
        if passed(played[-1]) <= moment:  # it was over before
            break
    return played


class _Desk:
    """A worker at its place in the world, with a delivery in its hands."""

    def __init__(
        self, worker: Worker, consumer: str, entry: str, args: Args, record: Consumed, breaks: Collection[int] = ()
    ) -> None:
        self.worker, self.consumer, self.entry, self.args = worker, consumer, entry, args
        self.record, self.breaks = record, breaks
        self.error: StudentError | None = None
        self.delivery: Delivery | None = None
        self.count = 0
        self.line = Tool("line", ack=worker.verb("broker", "line.ack", self._ack))
        self._came_ns = self._acked_ns = -1
        self.handled = self._died = False

    def work(self, world: World) -> Running:
        """Take one delivery after the other: a process of the world."""
        while True:
            self.receive((yield world.receive(self.consumer)), world.now)
            if not self.handle():
                return
            yield from self.settle(world)

    def receive(self, delivery: Delivery, now_ns: int) -> None:
        """Take a delivery into its hands."""
        self.delivery, self._came_ns, self._acked_ns = delivery, now_ns, -1
        self.handled = self._died = False
        again = " again" if delivery.redelivered else ""
        self.worker.story.tell(now_ns, "broker", self.worker.lane, f"delivers order {delivery.key + 1}{again}")

    def handle(self) -> bool:
        """Let the student's code handle the delivery; tell whether it answered."""
        assert self.delivery is not None
        order, again = self.delivery.key + 1, self.delivery.redelivered
        self.handled = True
        try:
            self.worker.call(self.entry, *self.args(order, again), self.line, now_ns=self._came_ns)
        except Killed:
            self._died = True
        except StudentError as error:
            self.error = error
            return False
        told = Delivered(self._came_ns, order, again, self.worker.lives, self._acked_ns >= 0)
        self.record.deliveries.append(told)
        return True

    def take_turn(self, first: Worker) -> None:
        """Do the whole work now, if it is not done yet: what may happen in the midst of another worker's work."""
        if not self.handled:
            self._came_ns = first.now_ns
            if not self.handle():
                assert self.error is not None
                raise self.error
            first.now_ns = max(first.now_ns, self.worker.now_ns)

    def settle(self, world: World) -> Running:
        """Let the world catch up with what the worker has done, and let happen what was to happen to it."""
        assert self.delivery is not None
        if self._acked_ns >= 0:
            yield world.timeout(max(0, self._acked_ns - world.now))
            self.delivery.ack()
        yield world.timeout(max(0, self.worker.now_ns - world.now))
        if self._died:
            world.kill(self.consumer)
            yield world.timeout(_PAUSE_NS)
            world.restart(self.consumer)
        elif self.count in self.breaks:
            lost = "the line breaks: " + ("the acknowledgement is lost" if self._acked_ns >= 0 else "nothing is acked")
            self.worker.story.tell(world.now, self.worker.lane, "broker", lost, "fault")
            world.fail("reset", self.consumer)
        self.delivery = None
        self.count += 1

    def _ack(self) -> None:
        if self._acked_ns >= 0:
            raise Babbled("It acknowledged the same delivery twice; the broker closes the line on that.")
        self._acked_ns = self.worker.now_ns


def _shop(orders: int, copies: int) -> Callable[[World], Running]:
    def sell(world: World) -> Running:
        for order in range(orders):
            for _ in range(copies):
                world.publish("shop", key=order)
            yield world.timeout(_GAP_NS)

    return sell


def _run(
    model: Model, processes: list[Callable[[World], Running]], record: Consumed, desks: list[_Desk]
) -> None:
    """Simulate, and see what is left; an error of the student's ends the play, not the simulation."""
    from mqlab.engines.simulation import SimulationEngine

    trace = SimulationEngine().run(model, level="counts", processes=processes)
    for desk in desks:
        if desk.error is not None:
            raise desk.error
    record.unfinished = trace.counters.fates["in_flight"]


@cache
def _model(*, pair: bool) -> Model:
    """Resolve the scenario of these plays, once."""
    from mqlab.scenario import loads

    return loads(_SCENARIO + (_OTHER if pair else "")).model
