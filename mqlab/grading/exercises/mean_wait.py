"""Predict the mean time that a task waits, from rate, work, unevenness and number of workers.

The truth is exact: Pollaczek and Khinchine for one worker, Erlang for several with exponential work. The lab's own
tests hold both against simulated runs.
"""

from __future__ import annotations

__all__ = ["EXERCISE"]

from dataclasses import dataclass

from mqlab.grading import plain
from mqlab.grading.counterexample import Counterexample
from mqlab.grading.exercise import Case, Exercise, Part
from mqlab.grading.student import Plain, Student
from mqlab.grading.worlds.chance import luck
from mqlab.measure.theory import mg1, mmc

TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class Asked:
    """A station, and what the answer says of it."""

    rate_per_s: float
    service_s: float
    cv: float
    servers: int
    given: Plain

    @property
    def load(self) -> float:
        """Share of time in which a worker works; beyond 1 the queue grows for ever."""
        return self.rate_per_s * self.service_s / self.servers

    @property
    def true_s(self) -> float | None:
        """The mean wait, None if it grows without end."""
        if self.load >= 1:
            return None
        if self.servers > 1:
            return mmc(self.rate_per_s, self.service_s, self.servers).Wq_s
        return mg1(self.rate_per_s, self.service_s, self.cv).Wq_s


def _ask(student: Student, case: Case, what: str, cv: float, servers: int, load: tuple[float, float]) -> Asked:
    chance = luck(case, what)
    service_s = round(chance.uniform(0.005, 0.5), 4)
    rate = round(chance.uniform(*load) * servers / service_s, 3)
    return Asked(rate, service_s, cv, servers, student.call("mean_wait", rate, service_s, cv, servers))


def one_worker(student: Student, case: Case) -> Asked:
    """Exponential work."""
    return _ask(student, case, "one", 1.0, 1, (0.1, 0.97))


def uneven(student: Student, case: Case) -> Asked:
    """Any unevenness, none at all included."""
    cv = 0.0 if case.size == 1 else round(luck(case, "cv").uniform(0.1, 4.0), 2)
    return _ask(student, case, "uneven", cv, 1, (0.1, 0.97))


def several(student: Student, case: Case) -> Asked:
    """Several workers at one queue, up to dozens."""
    return _ask(student, case, "several", 1.0, case.size + 1, (0.3, 0.97))


def too_much(student: Student, case: Case) -> Asked:
    """More work than workers can do."""
    return _ask(student, case, "too much", 1.0, case.size, (1.01, 3.0))


def right(asked: Asked) -> Counterexample | None:
    """Compare with theory: within 2 %."""
    call = f"mean_wait({asked.rate_per_s:g}, {asked.service_s:g}, {asked.cv:g}, {asked.servers})"
    busy = f"each worker has work for {asked.load:.0%} of its time"
    true = asked.true_s
    if true is None:
        if asked.given is None:
            return None
        return Counterexample(
            f"{call} should be None: {busy}, so the queue grows without end. It is {plain.show(asked.given)}.",
            size=asked.servers,
        )
    given = plain.number(asked.given, call)
    if abs(given - true) <= TOLERANCE * true:
        return None
    return Counterexample(f"{call} should be {true:.4g} s ({busy}). It is {given:.4g} s.", size=asked.servers)


EXERCISE = Exercise(
    name="mean-wait",
    lesson="08-latency-and-throughput",
    title="How long will it wait?",
    entry="mean_wait",
    parts=(
        Part(
            "one worker, exponential work", 1, one_worker, right,
            hint="With a load of ρ = rate · work, the mean wait is ρ / (1 - ρ) · work.",
        ),
        Part(
            "one worker, work as uneven as it likes", 2, uneven, right,
            hint="The wait for exponential work times (1 + cv²) / 2.",
        ),
        Part(
            "several workers at one queue", 2, several, right,
            hint="Erlang C: the chance that all are busy, times work / (servers · (1 - ρ)).",
        ),
        Part(
            "more work than workers can do", 1, too_much, right, ("one worker, exponential work",),
            hint="What does the formula say for a load of 1.2, and what does a queue do?",
        ),
    ),
)  # fmt: skip
