"""lost-in-the-window: predict how many durable, persistent, unconfirmed orders a crash takes.

The truth is the mean number of orders that stand in the broker's memory (and, for a loss of power, also of those that
are written and not synced) over all moments of a simulated run. An order that was there for a while is there at a
random moment with just that share (Little's law), so one run tells it more sharply than a hundred crashes would.
"""

from __future__ import annotations

__all__ = ["EXERCISE"]

from dataclasses import dataclass
from functools import cache
from typing import Final

from mqlab.grading import plain
from mqlab.grading.counterexample import Counterexample
from mqlab.grading.exercise import Case, Exercise, Part
from mqlab.grading.student import Student
from mqlab.grading.worlds.chance import luck

TOLERANCE: Final = 0.15
_SECONDS: Final = 8
_SCENARIO: Final = """
name: window
system: rabbitmq
drain: 2 s
queues:
  orders: {durable: true}
producers:
  shop: {message: {persistent: true, size: 100 B}}
consumers:
  stock: {queue: orders, service: 100 us}
"""


@dataclass(frozen=True, slots=True)
class Disk:
    """What the answer is asked about."""

    rate_per_s: int
    collect_ms: float
    fsync_ms: float
    power: bool

    @property
    def words(self) -> str:
        """Spell it in a sentence."""
        fault = "a loss of power" if self.power else "a crash of the process"
        return f"{self.rate_per_s} orders/s, collect {self.collect_ms:g} ms, fsync {self.fsync_ms:g} ms, {fault}"


@dataclass(frozen=True, slots=True)
class Said:
    """What was asked, what is true, and what the answer said."""

    disk: Disk
    truth: float
    said: float


@cache
def lost_on_average(disk: Disk, seed: int) -> float:
    """Give the mean number of orders that a crash at a random moment takes.

    Examples
    --------
    >>> 11 < lost_on_average(Disk(500, 50, 0.1, power=False), seed=1) < 14
    True
    """
    from mqlab.face.performing import run
    from mqlab.scenario import loads

    settings = [
        f"duration={_SECONDS} s",
        f"producers.shop.arrivals={{poisson: {disk.rate_per_s}/s}}",
        f"nodes.broker.disk={{fsync: {disk.fsync_ms} ms, group_commit: {disk.collect_ms} ms}}",
    ]
    events = run(loads(_SCENARIO, overrides=settings), seed=seed, trace="events").events
    total_ns = {kind: float(events.loc[events["kind"] == kind, "time_ns"].sum()) for kind in _UNTIL.values()}
    stored_ns = float(events.loc[events["kind"] == "enqueued", "time_ns"].sum())
    return (total_ns[_UNTIL[disk.power]] - stored_ns) / (_SECONDS * 1e9)


_UNTIL: Final = {False: "written", True: "synced"}
"""Until when the fault takes an order."""


def _ask(student: Student, case: Case, *disks: Disk) -> list[Said]:
    said = []
    for disk in disks:
        given = student.call("lost_orders", disk.rate_per_s, disk.collect_ms, disk.fsync_ms, disk.power)
        what = f"lost_orders({disk.rate_per_s}, {disk.collect_ms}, {disk.fsync_ms}, {disk.power})"
        said.append(Said(disk, lost_on_average(disk, case.seed), plain.number(given, what)))
    return said


def play_quick_disk(student: Student, case: Case) -> list[Said]:
    """Ask about a disk that is never busy when an order comes."""
    draw = luck(case, "quick disk")
    rate, short, long = draw.randrange(400, 900), draw.randrange(50, 70), draw.randrange(100, 140)
    return _ask(student, case, *(Disk(rate, float(collect), 0.05, power=False) for collect in (short, long)))


def _slow(case: Case, power: bool) -> list[Disk]:
    """Draw disks that are always busy, some that collect for a shorter time than they write, some for a longer."""
    draw = luck(case, "slow disk")
    rate, fsync = draw.randrange(400, 900), draw.randrange(20, 80)
    return [Disk(rate, fsync * share, float(fsync), power) for share in (0.25, 2.0)]


def play_slow_disk(student: Student, case: Case) -> list[Said]:
    """Ask about a disk that is always busy when an order comes."""
    return _ask(student, case, *_slow(case, power=False))


def play_power_loss(student: Student, case: Case) -> list[Said]:
    """Ask about the slow disk, and a loss of power."""
    return _ask(student, case, *_slow(case, power=True))


def is_near(record: list[Said]) -> Counterexample | None:
    """Compare with the simulation."""
    for each in record:
        if abs(each.said - each.truth) > TOLERANCE * each.truth:
            sentence = (
                f"{each.disk.words}: it takes {each.truth:.1f} orders in the mean. "
                f"You said {plain.show(round(each.said, 2))}; {TOLERANCE:.0%} more or less would do."
            )
            return Counterexample(sentence, size=1)
    return None


EXERCISE = Exercise(
    name="lost-in-the-window",
    lesson="04-loss",
    title="How many orders are in the window?",
    entry="lost_orders",
    sizes=(1,),
    seeds=3,
    parts=(
        Part(
            "a crash of the process, a quick disk", 2, play_quick_disk, is_near,
            hint="Right after a write the window is empty, right before the next one it is full. "
            "How much is in it at a random moment?",
        ),
        Part(
            "a crash of the process, a slow disk", 2, play_slow_disk, is_near,
            hint="While the disk writes, new orders come in. When it is done, it takes them at once: "
            "does collecting matter then?",
        ),
        Part(
            "a loss of power", 2, play_power_loss, is_near,
            hint="What was handed to the operating system is not safe before the end of its own fsync. "
            "How long does that take, and how many orders come in that time?",
        ),
    ),
)  # fmt: skip
