"""Ordered dispatcher: hands messages to several workers, so that no key overtakes itself and none idles.

    shop ──► queue `changes` of the simulated broker ──► dispatcher (the answer) ──► worker 0 … n-1
                                                              ◄── finished(worker, message, ok)

A line for each key is the cure: the first of a line may be at work, those behind it wait, and other lines go on. One
line for all keeps the order and lets workers idle; a fixed worker for each key lets some wait behind a hot key.
"""

from __future__ import annotations

__all__ = ["EXERCISE", "Played", "Shift", "play_calm", "play_failing", "play_hot_key", "play_many_keys"]

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from mqlab.grading import plain
from mqlab.grading.counterexample import Counterexample, Step
from mqlab.grading.exercise import Case, Exercise, Part
from mqlab.grading.student import Babbled, Student, StudentError, Tool
from mqlab.grading.worlds.chance import luck, some
from mqlab.grading.worlds.showing import blame
from mqlab.grading.worlds.workers import Story

if TYPE_CHECKING:
    from mqlab.engines.world import Delivery, World
    from mqlab.model import Model

LANE: Final = "your dispatcher"
_MS: Final = 1_000_000
_SCENARIO: Final = """
name: dispatching
system: rabbitmq
duration: 60 s
drain: 0 s
queues:
  changes: {}
producers:
  shop: {arrivals: by_hand, link: {latency: 100 us}}
consumers:
  dispatcher: {queue: changes, prefetch: 0, service: by_hand, link: {latency: 100 us}}
"""


@dataclass(frozen=True)
class Shift:
    """What comes, and how long it takes."""

    workers: int
    keys: Sequence[int]
    """The key of each message, in the order in which the shop sends them."""
    work_ms: Sequence[int]
    """How long each message takes."""
    failing: frozenset[int] = frozenset()
    """Messages whose first try fails."""
    gap_ms: int = 0
    """Between two messages of the shop."""


@dataclass
class Played:
    """What the workers have done."""

    shift: Shift
    steps: tuple[Step, ...] = ()
    done: list[tuple[int, int]] = field(default_factory=list)
    """(time in ns, message), in the order of time."""


def _play(student: Student, case: Case, shift: Shift) -> Played:
    """Let the answer dispatch a shift in a real run; an error of the student's ends the play, not the simulation."""
    from mqlab.engines.simulation import SimulationEngine

    office = _Office(student, shift)
    office.start()
    SimulationEngine().run(_model(), level="counts", processes=[office.shop, office.dispatch])
    if office.error is not None:
        office.error.steps = office.error.steps or office.story.steps
        raise office.error
    office.played.steps = office.story.steps
    return office.played


class _Office:
    """The dispatcher's process and its workers."""

    def __init__(self, student: Student, shift: Shift) -> None:
        self.student, self.shift = student, shift
        self.story, self.played = Story(), Played(shift)
        self.at_work: dict[int, int] = {}
        self.hands: dict[int, Delivery] = {}
        self.tried: set[int] = set()
        self.error: StudentError | None = None
        self.world: World | None = None

    def start(self) -> None:
        """Start the dispatcher's process, before the shop opens."""
        self.student.make("Dispatcher", self.shift.workers, Tool("post", give=self.give))

    def shop(self, world: World) -> Generator[Any, Any, None]:
        """Send what comes; what comes all at once is told in one step."""
        if not self.shift.gap_ms:
            self.story.tell(world.now, "broker", LANE, _crowd(self.shift.keys))
        for key in self.shift.keys:
            world.publish("shop", key=key)
            yield world.timeout(self.shift.gap_ms * _MS)

    def dispatch(self, world: World) -> Generator[Any, Any, None]:
        """Hand every delivery to the answer."""
        self.world = world
        while True:
            delivery = yield world.receive("dispatcher")
            self.hands[delivery.message] = delivery
            if self.shift.gap_ms:
                self.story.tell(world.now, "broker", LANE, f"message {delivery.message}, key {delivery.key}")
            self._ask(".arrived", delivery.message, delivery.key)

    def give(self, worker: Any, message: Any) -> None:
        """Take what the answer gives: the verb ``post.give(worker, message)``."""
        who = plain.whole(worker, "the worker", at_least=0, at_most=self.shift.workers - 1)
        what = plain.whole(message, "the message")
        if who in self.at_work:
            raise Babbled(f"Worker {who} got message {what} while it was still at work on message {self.at_work[who]}.")
        if what not in self.hands:
            gone = "was done already" if what in {done for _, done in self.played.done} else "has not arrived"
            raise Babbled(f"Worker {who} got message {what}, which {gone}.")
        if what in self.at_work.values():
            raise Babbled(f"Message {what} was given to two workers at once.")
        assert self.world is not None  # else nothing would have arrived
        self.at_work[who] = what
        self.story.tell(self.world.now, LANE, _lane(who), f"give message {what}")
        ended = self.world.timeout(self.shift.work_ms[what] * _MS)
        ended.callbacks.append(lambda _: self.finish(who, what))

    def finish(self, worker: int, message: int) -> None:
        """Let a worker come to an end of its work."""
        assert self.world is not None
        if self.error is not None:
            return
        del self.at_work[worker]
        ok = message not in self.shift.failing or message in self.tried
        self.tried.add(message)
        now = self.world.now
        if ok:
            self.played.done.append((now, message))
            self.story.tell(now, _lane(worker), LANE, f"message {message} is done")
            self.hands.pop(message).ack()
        else:
            self.story.tell(now, _lane(worker), LANE, f"message {message} failed", "fault")
        self._ask(".finished", worker, message, ok)

    def _ask(self, name: str, *args: Any) -> None:
        if self.error is None:
            try:
                self.student.call(name, *args)
            except StudentError as error:
                self.error = error


def _crowd(keys: Sequence[int]) -> str:
    """Spell messages that come all at once.

    Examples
    --------
    >>> _crowd([0, 0, 1]), _crowd([0, 1, 0, 1])
    ('message 0, 1: key 0; message 2: key 1', 'message 0, 2: key 0; message 1, 3: key 1')
    """
    of_key: dict[int, list[str]] = {}
    for message, key in enumerate(keys):
        of_key.setdefault(key, []).append(str(message))
    return "; ".join(f"message {', '.join(messages)}: key {key}" for key, messages in of_key.items())


def _lane(worker: int) -> str:
    return f"worker {worker}"


@cache
def _model() -> Model:
    """Resolve the scenario of these plays, once."""
    from mqlab.scenario import loads

    return loads(_SCENARIO).model


def play_calm(student: Student, case: Case) -> Played:
    """Few keys, work of very different length, messages that come one by one; nothing fails."""
    return _play(student, case, _mixed(case))


def play_failing(student: Student, case: Case) -> Played:
    """Play the same, but the first try of some messages fails: the first one's always."""
    shift = _mixed(case)
    failing = some(case, "failing", case.size, 0.3, case.size) | {0}
    return _play(student, case, Shift(shift.workers, shift.keys, shift.work_ms, failing, shift.gap_ms))


def play_many_keys(student: Student, case: Case) -> Played:
    """As many keys as workers, in turn, all there at once: every worker could be busy all the time."""
    workers = luck(case, "workers").randint(2, 4)
    keys = [message % workers for message in range(case.size * workers)]
    return _play(student, case, Shift(workers, keys, [10] * len(keys)))


def play_hot_key(student: Student, case: Case) -> Played:
    """Half of all messages have one key and come first; all others have keys of their own."""
    workers = luck(case, "workers").randint(2, 4) if case.size > 1 else 2
    hot, others = 4 + 2 * case.size, 1 + case.size
    keys = [0] * hot + list(range(1, others + 1))
    return _play(student, case, Shift(workers, keys, [10] * len(keys)))


def _mixed(case: Case) -> Shift:
    chance = luck(case, "shift")
    keys = [chance.randrange(2) if case.size > 2 else 0 for _ in range(case.size)]
    work_ms = [chance.choice((1, 3, 10, 30)) for _ in keys]
    return Shift(chance.randint(2, 4), keys, work_ms, gap_ms=1)


def _undone(played: Played) -> Counterexample | None:
    done = [message for _, message in played.done]
    for message in range(len(played.shift.keys)):
        if message not in done:
            failed = " after its first try had failed" if message in played.shift.failing else ""
            return blame(f"Message {message} was never done{failed}.", played.steps, len(played.shift.keys))
    return None


def _overtaken(played: Played) -> Counterexample | None:
    open_of_key: dict[int, list[int]] = {}
    for message, key in enumerate(played.shift.keys):
        open_of_key.setdefault(key, []).append(message)
    for time_ns, message in played.done:
        key = played.shift.keys[message]
        line = open_of_key[key]
        if line[0] != message:
            said = f"Message {message} was done before message {line[0]}, and both have key {key}."
            return blame(said, _marked(played, time_ns, message), len(played.shift.keys), at_ns=time_ns, lane=LANE)
        line.pop(0)
    return None


def _marked(played: Played, time_ns: int, message: int) -> list[Step]:
    """Leave out what else the dispatcher heard at that very moment."""
    told = f"message {message} is done"
    return [step for step in played.steps if step.time_ns != time_ns or step.to != LANE or step.text == told]


def _failed_is_cured(played: Played) -> Counterexample | None:
    return _undone(played) or _overtaken(played)


def _idle(played: Played) -> Counterexample | None:
    """Allow the shift to last as long as the work of one key: all keys have equally much to do."""
    shift = played.shift
    one_key_ms = sum(ms for ms, key in zip(shift.work_ms, shift.keys, strict=True) if key == 0)
    allowed_ms = 1.25 * one_key_ms + 5
    needed_ms = (played.done[-1][0] if played.done else 0) / _MS
    if _undone(played) is None and needed_ms <= allowed_ms:
        return None
    said = (
        f"{shift.workers} workers and {shift.workers} keys: all could be done after {one_key_ms} ms, "
        f"and it took {needed_ms:.0f} ms. Somebody was idle although there was work for them."
    )
    return _undone(played) or blame(said, played.steps, len(shift.keys))


def _blocked(played: Played) -> Counterexample | None:
    """Give the other keys all workers but one: more than one the hot key cannot keep."""
    shift = played.shift
    others = [message for message, key in enumerate(shift.keys) if key != 0]
    work_ms = sum(shift.work_ms[message] for message in others)
    allowed_ms = work_ms / (shift.workers - 1) + 2 * max(shift.work_ms) + 5
    last_ns = max((time_ns for time_ns, message in played.done if message in others), default=0)
    if _undone(played) is None and last_ns / _MS <= allowed_ms:
        return None
    said = (
        f"Key 0 is hot: {shift.keys.count(0)} of {len(shift.keys)} messages. It can keep one worker of {shift.workers} "
        f"busy; all other keys could be done after {allowed_ms:.1f} ms, but waited until {last_ns / _MS:.1f} ms."
    )
    return _undone(played) or blame(said, played.steps, len(shift.keys))


DONE = "every message is done"
EXERCISE = Exercise(
    name="ordered-dispatcher",
    lesson="06-ordering",
    title="Ordered dispatcher",
    entry="Dispatcher",
    sizes=(1, 2, 3, 5, 12),
    parts=(
        Part(DONE, 1, play_calm, _undone, hint="When a worker is free again, is there something that may go now?"),
        Part(
            "no message overtakes another of its key", 2, play_calm, _overtaken, (DONE,),
            "Two messages of one key are at work at the same time. Which of them ends first?",
        ),
        Part(
            "what has failed is done before what follows it", 2, play_failing, _failed_is_cured, (DONE,),
            "Where does a message stand that has failed: behind its key's others, or still before them?",
        ),
        Part(
            "different keys are done at the same time", 1, play_many_keys, _idle, (DONE,),
            "A worker is free and the oldest message has to wait. Is there another one that need not?",
        ),
        Part(
            "a hot key holds up nobody else", 2, play_hot_key, _blocked, (DONE,),
            "Do not bind a key to a worker. Any free worker may take the next message of any key.",
        ),
    ),
)  # fmt: skip
