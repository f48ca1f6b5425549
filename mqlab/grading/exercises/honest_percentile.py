"""The 99th percentile of what a client notes, counted from the moment when each request was due.

The client is a closed loop: it sends the next request after the last was answered. While the broker, or the client
itself, stands still, requests become due and are not sent (coordinated omission). The records are of real runs.
"""

from __future__ import annotations

__all__ = ["EXERCISE"]

from dataclasses import dataclass
from functools import cache

from mqlab.grading import plain
from mqlab.grading.counterexample import Counterexample
from mqlab.grading.exercise import Case, Exercise, Part
from mqlab.grading.student import Plain, Student
from mqlab.grading.worlds.chance import luck

EVERY_MS = 10
SCENARIO = "dispatch-prefetch-1"
Row = list[float]
"""When a request was due, sent and answered, in ms."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the client noted, and what the answer made of it."""

    rows: list[Row]
    given: Plain

    @property
    def size(self) -> int:
        """How many requests."""
        return len(self.rows)

    def p99_since(self, column: int) -> float | None:
        """Give the percentile from a column on (0: due, 1: sent): the value of rank ⌈0.99·n⌉."""
        times = sorted(row[2] - row[column] for row in self.rows)
        return times[-(-99 * len(times) // 100) - 1] if times else None


@cache
def rows_of(case: Case, *, stall: bool) -> list[Row]:
    """Run the client: a request is due every 10 ms, and one is under way at a time.

    What it notes does not depend on the answer, so it is run once for all answers that are graded.
    """
    import mqlab

    chance = luck(case, "stall")
    begin_ms = EVERY_MS * chance.randrange(case.size // 4, max(case.size * 3 // 4, 1)) + 5
    who = chance.choice(["broker", "office"]) if case.size > 100 else "office"
    faults = f"[{{at: {begin_ms} ms, pause: {who}, for: {chance.randrange(100, 400)} ms}}]" if stall else "[]"
    run = mqlab.run(
        SCENARIO,
        seed=case.seed % 2**31,
        overrides=[
            f"producers.office.arrivals={{constant: {{rate: {1000 // EVERY_MS}/s, messages: {case.size}}}}}",
            "producers.office.confirm={max_in_flight: 1}",
            "producers.office.link={latency: {uniform: {low: 100 us, high: 3 ms}}}",
            "consumers.workers.service=1 ms",
            f"duration={EVERY_MS * case.size + 1000} ms",
            "drain=1 s",
            f"faults={faults}",
            "expect=[]",
        ],
    )
    times = run.fates.sort_values("created_ns")[["created_ns", "sent_ns", "confirmed_ns"]].to_numpy("float64")
    return [[round(ns / 1e6, 3) for ns in row] for row in times.tolist()]


def _measured(student: Student, rows: list[Row]) -> Measured:
    return Measured(rows, student.call("honest_p99", [list(row) for row in rows]))


def on_time(student: Student, case: Case) -> Measured:
    """Nothing stands still."""
    return _measured(student, rows_of(case, stall=False))


def stalled(student: Student, case: Case) -> Measured:
    """Broker or client stands still for a while."""
    return _measured(student, rows_of(case, stall=True))


def little(student: Student, case: Case) -> list[Measured]:
    """No request at all, and a single one, which was sent late."""
    chance = luck(case, "single")
    due, late, took = chance.randrange(100), chance.randrange(1, 100), chance.randrange(1, 50)
    return [_measured(student, []), _measured(student, [[float(due), float(due + late), float(due + late + took)]])]


def right(measured: Measured) -> Counterexample | None:
    """Compare with the percentile counted from due times."""
    told = f"honest_p99({measured.rows})" if measured.size <= 2 else f"honest_p99(…) of {measured.size} requests"
    true = measured.p99_since(0)
    if true is None:
        if measured.given is None:
            return None
        return Counterexample(f"{told} should be None: no request, no percentile. It is {plain.show(measured.given)}.")
    given = plain.number(measured.given, told)
    if abs(given - true) <= 1e-6 * max(1.0, abs(true)):
        return None
    sentence = f"{told} is {true:,.3f} ms since they were due. Your answer: {given:,.3f} ms"
    from_sent = measured.p99_since(1)
    if from_sent is not None and abs(given - from_sent) <= 1e-6 * max(1.0, abs(from_sent)):
        return Counterexample(f"{sentence}, which is counted since they were sent.", size=measured.size)
    return Counterexample(f"{sentence}.", size=measured.size)


def all_right(several: list[Measured]) -> Counterexample | None:
    """Give the first that is not right."""
    return next((found for found in map(right, several) if found is not None), None)


EXERCISE = Exercise(
    name="honest-percentile",
    lesson="08-latency-and-throughput",
    title="An honest 99th percentile",
    entry="honest_p99",
    sizes=(2, 20, 150, 350),
    parts=(
        Part(
            "with all requests on time the percentile is right", 1, on_time, right,
            hint="Sort the times; the 99th percentile is the value of rank ⌈0.99·n⌉, counted from 1.",
        ),
        Part(
            "a stall counts for every request that was due in it", 3, stalled, right,
            hint="From which moment on does a customer wait: when the request was sent, or when it was due?",
        ),
        Part(
            "no request gives None, and one request its own time", 1, little, all_right,
            hint="What is the rank of the 99th percentile of one value? And of none?",
        ),
    ),
)  # fmt: skip
