"""Drain time: predict how long a backlog lasts after a burst; judged against simulated runs.

Backlog divided by the difference between what goes and what comes. It is 0 where no backlog arose, and there is none
where more comes than goes: the answer is None then.
"""

from __future__ import annotations

__all__ = ["EXERCISE", "TOLERANCE", "Burst", "Said", "drained_s"]

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from mqlab.grading import plain
from mqlab.grading.counterexample import Counterexample
from mqlab.grading.exercise import Case, Exercise, Part
from mqlab.grading.student import Plain, Student
from mqlab.grading.worlds.chance import luck

TOLERANCE: Final = 0.15
_NEAR_S: Final = 0.25
"""How far off is near enough in any case: a few orders stand in a queue by chance alone."""
_SCENARIO: Final = """
name: draining
system: rabbitmq
drain: 0 s
producers:
  crowd: {arrivals: {constant: {rate: RATE/s, stop: BURST ms}}}
  others: {arrivals: {constant: {rate: AFTER/s, start: BURST ms}}}
queues: {orders: {}}
consumers:
  desks:
    {queue: orders, count: DESKS, prefetch: 2, link: {latency: 10 us}, service: {lognormal: {mean: WORK us, cv: 0.3}}}
"""


@dataclass(frozen=True, slots=True)
class Burst:
    """What the answer is asked about."""

    rate_per_s: int
    burst_s: float
    desks: int
    work_s: float
    after_per_s: int

    @property
    def words(self) -> str:
        """Spell it in a sentence."""
        return (
            f"{self.rate_per_s} orders/s for {self.burst_s:g} s, then {self.after_per_s}/s; "
            f"{self.desks} desks, {self.work_s * 1000:g} ms an order"
        )


@dataclass(frozen=True, slots=True)
class Said:
    """What was asked, what is true (None: it never drains), and what the answer said."""

    burst: Burst
    truth: float | None
    said: Plain


@lru_cache(maxsize=256)
def drained_s(burst: Burst, seed: int) -> float | None:
    """Simulate; give the seconds from the end of the burst until nothing waits, None if that never happens.

    Examples
    --------
    >>> 1.8 < drained_s(Burst(400, 1.0, 2, 0.01, 100), seed=1) < 2.2
    True
    >>> drained_s(Burst(400, 1.0, 2, 0.01, 300), seed=1) is None
    True
    """
    from dataclasses import replace

    from mqlab.engines.simulation import SimulationEngine
    from mqlab.scenario import loads

    text, words = _SCENARIO, {
        "RATE": burst.rate_per_s, "BURST": round(burst.burst_s * 1000), "AFTER": burst.after_per_s,
        "DESKS": burst.desks, "WORK": round(burst.work_s * 1e6),
    }  # fmt: skip
    if burst.after_per_s == 0:
        text = "\n".join(line for line in text.splitlines() if "others:" not in line)
    for word, value in words.items():
        text = text.replace(word, str(value))
    scenario = loads(text, overrides=[f"duration={_longest_s(burst):.3f} s"])
    trace = SimulationEngine().run(replace(scenario.model, seed=seed), level="counts")
    waiting, bin_ns = trace.counters.series["ready"], trace.counters.bin_ns
    first = int(burst.burst_s * 1e9) // bin_ns
    empty = np.flatnonzero(waiting[first:] == 0)
    return None if not len(empty) else max(0.0, ((first + int(empty[0]) + 0.5) * bin_ns) / 1e9 - burst.burst_s)


def _longest_s(burst: Burst) -> float:
    """Say how long to simulate: well beyond the burst and, if it drains at all, its drain time."""
    capacity = burst.desks / burst.work_s
    spare = capacity - burst.after_per_s
    backlog = max(0.0, burst.rate_per_s - capacity) * burst.burst_s
    return burst.burst_s + (1.0 + 1.5 * backlog / spare if spare > 0 else burst.burst_s)


def _asked(student: Student, case: Case, burst: Burst) -> Said:
    given = student.call("drain_seconds", burst.rate_per_s, burst.burst_s, burst.desks, burst.work_s, burst.after_per_s)
    return Said(burst, drained_s(burst, case.seed), given)


def _burst(case: Case, crowd: float, after: float) -> Burst:
    """Draw desks; ``crowd`` and ``after`` are shares of what they can do."""
    draw = luck(case, "burst")
    desks, work_s = draw.randint(2, 6), draw.choice((0.008, 0.01, 0.02))
    capacity = desks / work_s
    return Burst(round(crowd * capacity), draw.choice((1.5, 2.0, 3.0)), desks, work_s, round(after * capacity))


def play_nobody(student: Student, case: Case) -> Said:
    """Let nobody come after the burst."""
    return _asked(student, case, _burst(case, luck(case, "crowd").uniform(1.5, 2.5), 0.0))


def play_some(student: Student, case: Case) -> Said:
    """Let some go on coming."""
    crowd, after = luck(case, "crowd"), luck(case, "after")
    return _asked(student, case, _burst(case, crowd.uniform(1.5, 2.0), after.uniform(0.4, 0.65)))


def play_small(student: Student, case: Case) -> Said:
    """Let a burst come that the desks can bear."""
    return _asked(student, case, _burst(case, luck(case, "crowd").uniform(0.4, 0.8), 0.3))


def play_too_many(student: Student, case: Case) -> Said:
    """Let more go on coming than the desks can do."""
    return _asked(student, case, _burst(case, 2.0, luck(case, "after").uniform(1.2, 1.6)))


def is_near(record: Said) -> Counterexample | None:
    """Compare with the simulation."""
    if record.truth is None:
        if record.said is None:
            return None
        said = f"{record.burst.words}: that never drains, so the answer is None. You said {plain.show(record.said)}."
        return Counterexample(said, size=1)
    said_s = plain.number(record.said, "what drain_seconds(…) returns")
    if abs(said_s - record.truth) <= max(_NEAR_S, TOLERANCE * record.truth):
        return None
    sentence = (
        f"{record.burst.words}: it takes {record.truth:.2f} s. You said {plain.show(round(said_s, 2))} s; "
        f"{TOLERANCE:.0%} more or less would do."
    )
    return Counterexample(sentence, size=1)


NOBODY = "nobody comes afterwards"
EXERCISE = Exercise(
    name="drain-time",
    lesson="07-flash-sale",
    title="How long until the backlog is gone?",
    entry="drain_seconds",
    sizes=(1,),
    seeds=4,
    parts=(
        Part(
            NOBODY, 2, play_nobody, is_near,
            hint="How many come during the burst, and how many are done meanwhile? The rest waits when it ends.",
        ),
        Part(
            "some go on coming", 2, play_some, is_near,
            hint="Of what the desks do in a second, a part is for those who just come. What is left for the backlog?",
        ),
        Part(
            "a burst that the desks can bear", 1, play_small, is_near, (NOBODY,),
            "How much waits if the desks keep up? It cannot be less than nothing.",
        ),
        Part(
            "more go on coming than the desks can do", 1, play_too_many, is_near, (NOBODY,),
            "Does the backlog ever become shorter? Return None if it does not.",
        ),
    ),
)  # fmt: skip
